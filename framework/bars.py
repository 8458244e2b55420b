"""Bars: the open, high, low, close and volume of one symbol, checked once and never changed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import reprs, table
from .errors import MissingError, UserError
from .extras import EXTRAS, WORDS, columns, interest, summed
from .faults import inspect
from .faults import mend as mended
from .funding import Funding
from .memo import Memo, arrays_in
from .table import COLUMNS, ROW, Floats, moment, timeframe_step

__all__ = ["Bars", "timeframe_step"]
T = TypeVar("T")
YEAR = 365.25 * 86_400e6  # microseconds


@dataclass(frozen=True, eq=False, repr=False)
class Bars:
    """Read-only bars of one symbol, made by `from_frame`, which checks them (the constructor does not).

    `time` holds the UTC opens of the bars, strictly ascending, datetime64[us] [n]; the others are float64 [n],
    0 < low <= open, close <= high. `volume` is NaN where it is unknown, which is not zero.
    `mended` tells what was done to the table on request, `source` where it came from. What else is known: `funding`,
    the rates that longs pay; `finer`, bars of a smaller timeframe that order what one bar cannot; `open_interest` at
    each bar's close and `taker_buy`, the volume that takers bought in it, both in coins, NaN unknown, None of no bar;
    `own_volume`, that of the bars' own exchange where `volume` is a sum over several.
    A slice keeps its part of each, and in `knows` which of them some bar of the whole has.
    """

    symbol: str
    timeframe: str
    time: NDArray[np.datetime64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    mended: tuple[str, ...] = field(default=(), kw_only=True)
    funding: Funding | None = field(default=None, kw_only=True)
    finer: Bars | None = field(default=None, kw_only=True)
    open_interest: Floats | None = field(default=None, kw_only=True)
    taker_buy: Floats | None = field(default=None, kw_only=True)
    own_volume: Floats | None = field(default=None, kw_only=True)
    source: str = field(default="", kw_only=True)
    knows: frozenset[str] = field(default=frozenset(), kw_only=True)
    _memo: Memo = field(default_factory=Memo, init=False)

    def __post_init__(self) -> None:
        for array in (*self._arrays(), *self._extras().values()):
            array.setflags(write=False)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, symbol: str, timeframe: str | None = None, mend: Sequence[str] = ()
    ) -> Bars:
        """Bars of a table with a DatetimeIndex of UTC bar opens and columns open, high, low, close[, volume,
        open_interest, taker_buy].

        The latter may be absent or NaN, which means unknown, and are in coins; other columns are ignored. `timeframe`
        None takes the most common spacing. The table is not changed. Raises UserError, naming the first fault with its
        row, where the table has an error that `mend` names no remedy for.
        """
        wanted = [name for name in frame.columns if name in (*COLUMNS, *EXTRAS)]
        given = frame[list(dict.fromkeys(wanted))]
        changes: list[str] = []
        if mend:
            given, changes = mended(given.assign(**{ROW: np.arange(len(frame))}), mend)
        _refuse(given, symbol, timeframe)
        time = cast(NDArray[np.int64], table.stamps(given))
        name = timeframe or table.timeframe_name(table.common_step(time))
        if not name:
            raise UserError(symbol, "the timeframe cannot be told from the spacing of the bars", "give the timeframe")
        values = list(_values(given))
        extras: dict[str, Any] = columns(given, values[-1], symbol)
        return cls(symbol, name, time.astype("datetime64[us]"), *values, mended=tuple(changes), **extras)

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> Bars:
        """A run of bars, without copying. What was remembered does not come along. Raises UserError for a step."""
        if not isinstance(part, slice) or part.step not in (None, 1):
            raise UserError(f"Bars[{part!r}]", "is not a run of bars", "a slice without a step, as in bars[10:20]")
        kept: dict[str, Any] = {name: array[part] for name, array in self._extras().items()}
        kept |= {"mended": self.mended, "source": self.source, "knows": self.known}
        time, opens, high, low, close, volume = (array[part] for array in self._arrays())
        cut = Bars(self.symbol, self.timeframe, time, opens, high, low, close, volume, **kept)
        return self._attached_to(cut) if self.funding or self.finer else cut

    def __repr__(self) -> str:
        span = f", {moment(self._micros[0])} to {moment(self._micros[-1])}" if len(self) else ""
        return f"Bars({self.symbol} {self.timeframe}, {len(self)} bars{span})"

    def _repr_html_(self) -> str:
        return reprs.of_bars(self)

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.name != "_memo"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _memo=Memo())
        self.__post_init__()

    def with_funding(self, series: pd.Series[Any]) -> Bars:
        """These bars with funding rates on UTC stamps (SEMANTICS.md, 6). Raises UserError where they cannot be."""
        funding = Funding.from_series(series, self.symbol)
        if not len(self) or not ((funding.time > self.time[0]) & (funding.time <= self.end)).any():
            raise UserError(self.symbol, "no stamp of the funding lies inside the bars", "funding of their period")
        return dataclasses.replace(self, funding=funding)

    def with_open_interest(self, series: pd.Series[Any], usd: bool) -> Bars:
        """These bars with the open interest at their closes (`extras.interest`). usd: in dollars, not in coins."""
        return dataclasses.replace(self, open_interest=interest(self, series, usd))

    def with_volume_of(self, others: Sequence[Bars]) -> Bars:
        """These bars with their volume summed over other exchanges (`extras.summed`); prices stay. What takers bought
        is summed where all know it.
        """
        bought = None
        if self.taker_buy is not None and all(other.taker_buy is not None for other in others):
            bought = summed(self, others, "taker_buy")
        own = self.volume if self.own_volume is None else self.own_volume
        return dataclasses.replace(self, volume=summed(self, others, "volume"), own_volume=own, taker_buy=bought)

    def need(self, what: str, instead: str = "a rule that needs none") -> Floats:
        """`volume`, `open_interest` or `taker_buy`. Raises MissingError, naming the file, where none of it is known.
        instead: what would be right then.
        """
        values: Floats | None = getattr(self, what)
        if values is None or what not in self.known:
            right = instead + (", or data.open_interest" if what == "open_interest" else "")
            raise MissingError(self.source or self.symbol, f"the {WORDS[what]} of no bar is known", right)
        return values

    @cached_property
    def known(self) -> frozenset[str]:
        """What is known of some bar of these, or of those that they are a run of."""
        held = {"volume": self.volume, **self._extras()}
        return self.knows | {name for name, values in held.items() if not np.isnan(values).all()}

    def with_finer(self, finer: Bars) -> Bars:
        """These bars with those of a smaller timeframe (SEMANTICS.md, 3). Raises UserError where they are no help."""
        if not finer.step < self.step or self.step % finer.step:
            held = f"the finer bars are {finer.timeframe} for bars of {self.timeframe}"
            raise UserError(self.symbol, held, "a smaller timeframe that fits into it")
        if not (len(self) and len(finer) and finer.time[-1] >= self.time[0] and finer.time[0] < self.end):
            raise UserError(self.symbol, "the finer bars lie outside the bars", "finer bars of their period")
        return dataclasses.replace(self, finer=finer)

    def _attached_to(self, part: Bars) -> Bars:
        """A run of these bars with its part of funding and finer bars, nothing later."""
        if not len(part):
            return part
        funding = self.funding.until(part.end) if self.funding else None
        finer = self.finer
        if finer:
            first, last = np.searchsorted(finer.time, [part.time[0], part.end - finer.step + np.timedelta64(1, "us")])
            finer = finer[int(first) : int(last)]
        return dataclasses.replace(part, funding=funding, finer=finer)

    @property
    def end(self) -> np.datetime64:
        """When the last bar ends: one bar's length after its open."""
        return np.datetime64(self.time[-1] + self.step)

    @property
    def index(self) -> pd.DatetimeIndex:
        """The opens of the bars as a UTC index named time."""
        return pd.DatetimeIndex(self.time, tz="UTC", name="time")

    def frame(self) -> pd.DataFrame:
        """A new table of the bars: columns open, high, low, close, volume on `index`."""
        return pd.DataFrame({name: getattr(self, name).copy() for name in COLUMNS}, index=self.index)

    @property
    def has_volume(self) -> bool:
        """Whether the volume of any bar is known."""
        return not bool(np.isnan(self.volume).all())

    @property
    def step(self) -> np.timedelta64:
        """The length of a bar, in microseconds."""
        return timeframe_step(self.timeframe)

    @property
    def per_year(self) -> float:
        """Bars per year (365.25 days) on the symbol's own calendar; NaN for fewer than two bars."""
        if len(self) < 2:
            return float("nan")
        return (len(self) - 1) * YEAR / float((self.time[-1] - self.time[0]).astype(np.int64))

    @cached_property
    def digest(self) -> str:
        """A sha256 in hex of symbol, timeframe and arrays: equal bars, equal digest, on every machine."""
        text = hashlib.sha256(f"{self.symbol}\0{self.timeframe}\0{len(self)}\0".encode())
        text.update(self._micros.astype("<i8").tobytes())
        for array in self._arrays()[1:]:
            text.update(array.astype("<f8").tobytes())
        for name, array in self._extras().items():
            text.update(name.encode() + array.astype("<f8").tobytes())
        if self.funding:
            text.update(self.funding.time.astype("<i8").tobytes() + self.funding.rate.astype("<f8").tobytes())
        if self.finer:
            text.update(self.finer.digest.encode())
        return text.hexdigest()

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """`compute()`, done once for each `key` while there is room. The arrays in the value become read-only."""
        known = self._memo.get(key)
        if known is not None:
            return cast(T, known[0])
        value = compute()
        arrays = arrays_in(value)
        for array in arrays:
            array.setflags(write=False)
        self._memo.put(key, value, sum(array.nbytes for array in arrays))
        return value

    @property
    def _micros(self) -> NDArray[np.int64]:
        return self.time.astype(np.int64)

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.time, self.open, self.high, self.low, self.close, self.volume

    def _extras(self) -> dict[str, Floats]:
        names = (*EXTRAS, "own_volume")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def _refuse(frame: pd.DataFrame, symbol: str, timeframe: str | None) -> None:
    errors = [fault for fault in inspect(frame, timeframe) if fault.severity == "error"]
    if errors:
        others = len(errors) - 1
        more = f" ({others} more {'fault' if others == 1 else 'faults'} besides)" if others else ""
        raise UserError(symbol, errors[0].message + more, errors[0].right)


def _values(frame: pd.DataFrame) -> Iterator[Floats]:
    """Own copies of the columns; one NaN and one zero, so that equal bars have equal bytes."""
    for name in COLUMNS:
        if name in frame.columns:
            values = np.array(table.numbers(frame[name])[0], np.float64) + 0.0
            values[np.isnan(values)] = np.nan
            yield values
        else:
            yield np.full(len(frame), np.nan)
