"""Contracts: what is traded, each once, whatever names and timeframes its bars come under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..bars import Bars, timeframe_step
from ..errors import UserError
from ..structure.timeframes import coarse

SAME = 0.98  # correlation of daily returns from which two names are one contract
COMMON = 30  # days that two must share to be compared


@dataclass(frozen=True, eq=False)
class Contract:
    """One market. bars: by timeframe. dropped: files that hold the same contract again."""

    symbol: str
    bars: Mapping[str, Bars]
    dropped: tuple[str, ...] = ()

    def at(self, timeframe: str) -> Bars:
        """The bars of a timeframe: those there are, else made of finer ones, else the nearest coarser ones; `finest`
        for the finest there are.
        """
        finest = self.bars[min(self.bars, key=timeframe_step)]
        if timeframe == "finest":
            return finest
        if timeframe in self.bars:
            return self.bars[timeframe]
        wanted = timeframe_step(timeframe)
        finer = [bars for bars in self.bars.values() if bars.step < wanted and not wanted % bars.step]
        if finer:
            return coarse(max(finer, key=lambda bars: bars.step), timeframe).bars
        coarser = [bars for bars in self.bars.values() if bars.step > wanted]
        return min(coarser, key=lambda bars: bars.step) if coarser else finest

    def fresh(self) -> Contract:
        """The same with bars that remember nothing: what is computed of these is forgotten with them."""
        return Contract(self.symbol, {timeframe: bars[:] for timeframe, bars in self.bars.items()}, self.dropped)


def contracts(many: Sequence[Bars]) -> list[Contract]:
    """Bars put together by symbol; of those whose days move alike (a correlation of .98 of daily returns) the one with
    the longest history stays. Raises UserError for a symbol and timeframe that come twice.
    """
    by_symbol: dict[str, dict[str, Bars]] = {}
    for bars in many:
        held = by_symbol.setdefault(bars.symbol, {})
        if bars.timeframe in held:
            raise UserError(
                bars.source or bars.symbol, f"is {bars.symbol} {bars.timeframe} once more", "each file once"
            )
        held[bars.timeframe] = bars
    order = sorted(by_symbol, key=lambda name: -_days(by_symbol[name]))
    kept: list[tuple[str, dict[int, float], list[str]]] = []
    for name in order:
        closes = _daily(by_symbol[name])
        twin = next((one for one in kept if _same(one[1], closes)), None)
        if twin:
            twin[2].append(name)
        else:
            kept.append((name, closes, []))
    places = {name: place for place, name in enumerate(by_symbol)}
    kept.sort(key=lambda one: places[one[0]])
    return [Contract(name, by_symbol[name], tuple(dropped)) for name, _, dropped in kept]


def _days(each: Mapping[str, Bars]) -> int:
    return int(max((bars.time[-1] - bars.time[0]) // np.timedelta64(1, "D") for bars in each.values()))


def _daily(each: Mapping[str, Bars]) -> dict[int, float]:
    """The last close of each day, UTC."""
    bars = max(each.values(), key=lambda one: one.time[-1] - one.time[0])
    day = bars.time.astype("datetime64[D]").astype(np.int64)
    last = np.flatnonzero(np.diff(day, append=day[-1] + 1))
    return dict(zip(day[last].tolist(), bars.close[last].tolist(), strict=True))


def _same(one: Mapping[int, float], other: Mapping[int, float]) -> bool:
    days = sorted(one.keys() & other.keys())
    if len(days) < COMMON:
        return False
    first, second = (np.diff(np.log([closes[day] for day in days])) for closes in (one, other))
    return bool(min(first.std(), second.std()) > 0 and np.corrcoef(first, second)[0, 1] > SAME)
