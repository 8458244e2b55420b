"""The trial ledger: every parameter set that a finished run of this workspace tried on some market and period.

A file a run, named by the run's identity, so that a run that is repeated or resumed counts once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..bars import Bars
from ..errors import UserError
from ..params import Value
from .config import Experiment
from .files import digest, plain, write_json
from .provenance import configuration

SHORT = 16  # digits of a trial's hash


@dataclass(frozen=True)
class Ever:
    """What has been tried on some of the same markets and days. trials: different ones, a set and a variant each, those
    of this run among them. runs: how many, this one among them.
    """

    trials: int
    runs: int


@dataclass(frozen=True)
class Ledger:
    """The ledger of a workspace. One that is damaged is an error: what it held would not be counted."""

    folder: Path

    @classmethod
    def of(cls, experiment: Experiment) -> Ledger:
        return cls(experiment.workspace / "reports" / "ledger")

    def record(self, identity: str, name: str, markets: Sequence[Bars], trials: Sequence[str]) -> None:
        """Write down a run: what it was of, and the hashes of what it tried (see `hashes`)."""
        content = {"run": name, "markets": _spans(markets), "trials": sorted(set(trials))}
        write_json(self.folder / f"{identity}.json", content)

    def ever(self, identity: str, markets: Sequence[Bars], trials: Sequence[str]) -> Ever:
        """What was tried on these markets and days, with this run and what it tried. Raises UserError where a file is
        damaged.
        """
        found, runs, spans = set(trials), 1, _spans(markets)
        for other, content in self._others(identity):
            if _overlap(content["markets"], spans, other):
                found.update(content["trials"])
                runs += 1
        return Ever(len(found), runs)

    def seen(self, identity: str, held: Sequence[Bars]) -> list[str]:
        """The names of other runs that have traded some of these bars, in their order."""
        spans = _spans(held)
        return sorted(
            content["run"] for other, content in self._others(identity) if _overlap(content["markets"], spans, other)
        )

    def _others(self, identity: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in sorted(self.folder.glob("*.json")):
            if path.stem == identity or not path.is_file():
                continue
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                wrong = not all(isinstance(one, str) for one in content["trials"])
                wrong |= not isinstance(content["trials"], list) or not isinstance(content["markets"], dict)
            except (ValueError, KeyError, TypeError):
                wrong = True
            if wrong or not isinstance(content.get("run"), str):
                raise UserError(str(path), "is damaged", "take it away; its trials are then counted no more")
            yield path, content


def hashes(experiment: Experiment, sets: Sequence[Mapping[str, Value]]) -> list[str]:
    """A hash for each parameter set and variant: of the rule's file, its values, and how it is entered and left. What
    costs, sizes, windows and seeds were does not make another trial of it.
    """
    whole = configuration(experiment)
    same = {name: whole[name] for name in ("exits", "conservative", "context")}
    same |= {"strategy": experiment.strategy.name, "source": experiment.strategy.source}
    same |= {"timeframes": whole["data"]["timeframes"], "timeframe": whole["data"]["timeframe"]}
    head = digest(plain(same))
    return [digest({"of": head, "values": dict(one), "entry": v})[:SHORT] for one in sets for v in experiment.variants]


def _spans(markets: Sequence[Bars]) -> dict[str, Any]:
    return {
        bars.symbol: {"from": str(bars.time[0]), "to": str(bars.time[-1]), "years": _years(bars)} for bars in markets
    }


def _years(bars: Bars) -> list[str]:
    """A hash for each calendar year of closes, by which bars are known under another name."""
    year = bars.time.astype("datetime64[Y]")
    ends = [*np.flatnonzero(year[1:] != year[:-1]) + 1, len(bars)]
    starts = [0, *ends[:-1]]
    parts = [(bars.time[a:b], np.ascontiguousarray(bars.close[a:b])) for a, b in zip(starts, ends, strict=True)]
    return [hashlib.sha256(time.tobytes() + close.tobytes()).hexdigest()[:SHORT] for time, close in parts]


def _overlap(some: Mapping[str, Any], others: Mapping[str, Any], path: Path) -> bool:
    """Whether any market of the one has days of a market of the other: of the same symbol, or a whole year of
    the same closes.
    """
    try:
        return any(
            bool(set(one["years"]) & set(two["years"]))
            or (symbol == other and one["from"] <= two["to"] and two["from"] <= one["to"])
            for symbol, one in some.items()
            for other, two in others.items()
        )
    except (KeyError, TypeError):
        raise UserError(str(path), "is damaged", "take it away; its trials are then counted no more") from None
