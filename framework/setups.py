"""Setups: every occurrence of a rule, whether it is traded or not, with the bar at which it was known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

EXTREME = "setup_extreme"  # the anchor whose price is the stop: where a second bottom is looked for
BROKEN = "broken"  # the line whose break is the setup: where a retest is looked for


class Segment(NamedTuple):
    """A line a setup, straight on a log axis: the bars and prices of two points on it, between which it is drawn.

    No bar is later than the setup's known_at. NaN prices: that setup has no such line.
    """

    first: Ints
    last: Ints
    begins: Floats
    ends: Floats

    def take(self, rows: NDArray[Any]) -> Segment:
        """Those of the setups in `rows`."""
        return Segment(*(column[rows] for column in self))

    @property
    def slope(self) -> Floats:
        """Log price a bar; 0 of a line whose points share a bar."""
        return np.asarray(np.log(self.ends / self.begins) / np.maximum(self.last - self.first, 1))

    def price(self, bar: Ints) -> Floats:
        """Its prices at these bars, a setup each, however far on."""
        return np.asarray(self.begins * np.exp(self.slope * (bar - self.first)))


def level(first: Ints, last: Ints, price: Floats) -> Segment:
    """A line at one price: a level, a target."""
    return Segment(first, last, price, price)


DRAWN = ("setup", "line", "from_time", "from_price", "to_time", "to_price")


@dataclass(frozen=True, eq=False)
class Setups:
    """n setups of one symbol, ordered by `known_at`, then kind. time: opening stamps of all its bars, UTC.

    kind, veto: words; `veto` is empty where the setup may be traded, else why it is only recorded.
    direction: +1 long, -1 short. anchors: bars the setup is made of. known_at: the bar at whose close it could
    first be known. stop, target: prices, NaN none; the stop must not break. height: of the pattern, in price, NaN
    where it has none. lines: what is drawn of it by name, `broken` the one whose break it is. features: numbers by name
    (`f_...`), NaN where undefined. detection: the parameters that found it; with the anchors' times they make its
    identity.
    """

    symbol: str
    timeframe: str
    time: NDArray[np.datetime64] = field(repr=False)
    rule: str
    kind: NDArray[np.str_]
    direction: NDArray[np.int8]
    anchors: Mapping[str, Ints]
    known_at: Ints
    stop: Floats
    features: Mapping[str, Floats]
    veto: NDArray[np.str_]
    target: Floats = field(default_factory=lambda: np.zeros(0))
    detection: str = ""
    height: Floats = field(default_factory=lambda: np.zeros(0))
    lines: Mapping[str, Segment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("target", "height"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self), np.nan))

    def __len__(self) -> int:
        return len(self.known_at)

    @property
    def traded(self) -> NDArray[np.bool_]:
        """True where no veto keeps the setup from being traded."""
        return np.asarray(self.veto == "")

    @property
    def waits(self) -> Ints:
        """The bars from each setup's last anchor to the close at which it was known."""
        made_of = [bar for name, bar in self.anchors.items() if name != EXTREME] or [self.known_at]
        return np.asarray(self.known_at - np.max(made_of, axis=0), np.int64)

    @property
    def lag(self) -> int:
        """The longest wait, in bars."""
        return int(self.waits.max()) if len(self) else 0

    @cached_property
    def ids(self) -> list[str]:
        """A hash a setup: symbol, rule, kind, times of the anchors, detection parameters. Equal across slices."""
        stamps = [self.time[bar].astype(np.int64) for bar in self.anchors.values()]
        head = f"{self.symbol}|{self.timeframe}|{self.rule}|{self.detection}"
        rows = zip(self.kind.tolist(), *(stamp.tolist() for stamp in stamps), strict=True)
        return [hashlib.blake2b(f"{head}|{row}".encode(), digest_size=8).hexdigest() for row in rows]

    def take(self, rows: NDArray[Any]) -> Setups:
        """The setups in `rows` (a mask or positions), in that order."""
        return replace(
            self,
            kind=self.kind[rows],
            direction=self.direction[rows],
            anchors={name: bar[rows] for name, bar in self.anchors.items()},
            known_at=self.known_at[rows],
            stop=self.stop[rows],
            features={name: value[rows] for name, value in self.features.items()},
            veto=self.veto[rows],
            target=self.target[rows],
            height=self.height[rows],
            lines={name: line.take(rows) for name, line in self.lines.items()},
        )

    def refuse(self, mask: NDArray[np.bool_], why: str) -> Setups:
        """The same setups, those in `mask` recorded but not traded; an earlier veto stays."""
        return replace(self, veto=np.where(mask & (self.veto == ""), why, self.veto))

    def frame(self) -> pd.DataFrame:
        """One row a setup: id, symbol, rule, kind, direction, times of known_at and anchors, stop, veto, features."""
        index = pd.DatetimeIndex(self.time, tz="UTC")
        columns: dict[str, Any] = {
            "setup": np.array(self.ids, dtype=object),
            "symbol": self.symbol,
            "rule": self.rule,
            "kind": self.kind.astype(object),
            "direction": np.where(self.direction > 0, "long", "short").astype(object),
            "known_at": index[self.known_at],
        }
        columns |= {name: index[bar] for name, bar in self.anchors.items()}
        columns |= {"stop": self.stop, "target": self.target, "veto": self.veto.astype(object)}
        return pd.DataFrame(columns | dict(self.features), index=pd.RangeIndex(len(self)))

    def drawn(self) -> pd.DataFrame:
        """What is drawn, a line a row, setups in their order: setup, line, and time and price of its two points."""
        index, ids = pd.DatetimeIndex(self.time, tz="UTC"), np.array(self.ids, dtype=object)
        tables = [
            pd.DataFrame(
                {
                    "setup": ids,
                    "line": name,
                    "from_time": index[line.first],
                    "from_price": line.begins,
                    "to_time": index[line.last],
                    "to_price": line.ends,
                }
            )
            for name, line in self.lines.items()
        ]
        drawn = pd.concat(tables).sort_index(kind="stable") if tables else _undrawn()
        return drawn[drawn["from_price"].notna() & drawn["to_price"].notna()].reset_index(drop=True)


def ordered(parts: Iterable[Setups]) -> Setups:
    """Setups of one symbol and rule put together, ordered by known_at, then kind."""
    parts = list(parts)
    first = parts[0]
    joined = replace(
        first,
        kind=np.concatenate([p.kind for p in parts]),
        direction=np.concatenate([p.direction for p in parts]),
        anchors={name: np.concatenate([p.anchors[name] for p in parts]) for name in first.anchors},
        known_at=np.concatenate([p.known_at for p in parts]),
        stop=np.concatenate([p.stop for p in parts]),
        features={name: np.concatenate([p.features[name] for p in parts]) for name in first.features},
        veto=np.concatenate([p.veto for p in parts]),
        target=np.concatenate([p.target for p in parts]),
        height=np.concatenate([p.height for p in parts]),
        lines={name: _joined([p.lines[name] for p in parts]) for name in first.lines},
    )
    return joined.take(np.lexsort((joined.kind, joined.known_at)))


def _undrawn() -> pd.DataFrame:
    """No lines, in columns of their own types."""
    words, times, prices = np.array([], dtype=object), pd.DatetimeIndex([], dtype="datetime64[us, UTC]"), np.zeros(0)
    return pd.DataFrame(dict(zip(DRAWN, (words, words, times, prices, times, prices), strict=True)))


def _joined(lines: list[Segment]) -> Segment:
    return Segment(*map(np.concatenate, zip(*lines, strict=True)))
