"""The rule that every library runs: RSI levels, long only, the stop at a swing low.

Enter at the open after the RSI has closed back above `oversold`, leave at the open after it has closed at or above
`overbought`, or at the latest swing low that was confirmed by the signal and lies below the open of the entry.
Everything is computed once per distinct parameter, by TA-Lib and compiled code: no peer pays for slow preparation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import talib
from numpy.typing import NDArray

from framework.bars import Bars
from framework.compiled import kernel
from framework.signals import Signals
from framework.structure.swings import Swings, swing_lows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

FEE = 0.001
CASH = 1e6
PERIODS, WIDTHS = (7, 9, 14, 21), (2, 3, 4, 5, 6, 7, 8, 10, 12, 15)
OVERSOLD, OVERBOUGHT = (10.0, 15.0, 20.0, 25.0, 30.0), (70.0, 75.0, 80.0, 85.0, 90.0)  # the usual ones and beyond
BUSY = (20.0, 25.0, 30.0, 35.0, 40.0), (60.0, 65.0, 70.0, 75.0, 80.0)  # an entry every 13 to 1,000 bars


@dataclass(frozen=True)
class Levels:
    """One parameter set. period, width: bars; oversold, overbought: RSI points."""

    period: int = 14
    oversold: float = 30.0
    overbought: float = 70.0
    width: int = 5


# Neighbours share their entries and stops, so that a chunk of five columns needs one array of each.
SPACE = tuple(Levels(p, low, high, w) for p, low, w, high in product(PERIODS, OVERSOLD, WIDTHS, OVERBOUGHT))
BUSY_SPACE = tuple(Levels(p, low, high, w) for p, low, w, high in product(PERIODS, BUSY[0], WIDTHS, BUSY[1]))


class Arrays(NamedTuple):
    """A row a bar, known at its close: enter, leave, and the stop of an entry at the next open (NaN none)."""

    enter: Bools
    leave: Bools
    stop: Floats


class Prepared:
    """The arrays of many parameter sets on one symbol's bars, each computed when it is first asked for."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self._known: dict[Any, Any] = {}

    def arrays(self, levels: Levels) -> Arrays:
        return Arrays(self.entries(levels), self.leave(levels.period, levels.overbought), self.stop(levels.width))

    def entries(self, levels: Levels) -> Bools:
        """The signals that have a stop to stand on."""
        key = (levels.period, levels.oversold)
        return self._once((*key, levels.width), lambda: self.enter(*key) & ~np.isnan(self.stop(levels.width)))

    def enter(self, period: int, oversold: float) -> Bools:
        return self._once(("enter", period, oversold), lambda: crossings(self.rsi(period), oversold))

    def leave(self, period: int, overbought: float) -> Bools:
        return self._once(("leave", period, overbought), lambda: self.rsi(period) >= overbought)

    def rsi(self, period: int) -> Floats:
        return self._once(("rsi", period), lambda: talib.RSI(self.bars.close, timeperiod=period))

    def stop(self, width: int) -> Floats:
        def compute() -> Floats:
            stop = np.full(len(self.bars), np.nan)
            signal = np.arange(len(self.bars) - 1)
            stop[:-1] = standing(*_known_lows(self.bars, width), signal, self.bars.open[1:])
            return stop

        return self._once(("stop", width), compute)

    def fraction(self, width: int) -> Floats:
        """The stop's distance as a fraction of the open it is entered at, from the second bar on."""
        return self._once(("fraction", width), lambda: 1 - self.stop(width)[:-1] / self.bars.open[1:])

    def everything(self, sets: Iterable[Levels]) -> None:
        """Compute all that `sets` need: what of a sweep does not grow with the number of sets."""
        for levels in sets:
            self.arrays(levels)
            self.fraction(levels.width)

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]


def crossings(rsi: Floats, oversold: float) -> Bools:
    """Closes at which the RSI is back above the level."""
    crossed = np.zeros(len(rsi), bool)
    above = rsi > oversold
    np.logical_and(above[1:], rsi[:-1] <= oversold, out=crossed[1:])
    return crossed


def arrays(bars: Bars, levels: Levels) -> Arrays:
    """The arrays of one set, the stop looked up only where there is an entry."""
    rsi = talib.RSI(bars.close, timeperiod=levels.period)
    enter = crossings(rsi, levels.oversold)
    enter[-1:] = False
    at = np.flatnonzero(enter)
    stop = np.full(len(bars), np.nan)
    stop[at] = standing(*_known_lows(bars, levels.width), at, bars.open[at + 1])
    enter[at] = ~np.isnan(stop[at])
    return Arrays(enter, rsi >= levels.overbought, stop)


def signals(bars: Bars, levels: Levels) -> Signals:
    """The rule as this project's simulator takes it: the stop is the simulator's to find."""
    rsi = talib.RSI(bars.close, timeperiod=levels.period)
    return Signals(long_entry=crossings(rsi, levels.oversold), long_exit=rsi >= levels.overbought)


def _known_lows(bars: Bars, width: int) -> tuple[Ints, Floats]:
    lows: Swings = swing_lows(bars.low, width, width)
    return lows.known_at, lows.price


@kernel
def standing(known: Ints, price: Floats, bar: Ints, ceiling: Floats) -> Floats:
    """For each bar, ascending, the latest price known by then that lies below the ceiling; NaN where none does.

    A low that a later one undercuts is never asked for again, so those kept rise with time: the latest below the
    ceiling is the highest below it.
    """
    found = np.full(len(bar), np.nan)
    kept = np.empty(len(price))
    count, following = 0, 0
    for i in range(len(bar)):
        while following < len(known) and known[following] <= bar[i]:
            while count > 0 and kept[count - 1] >= price[following]:
                count -= 1
            kept[count] = price[following]
            count += 1
            following += 1
        j = count - 1
        while j >= 0 and not kept[j] < ceiling[i]:
            j -= 1
        if j >= 0:
            found[i] = kept[j]
    return found
