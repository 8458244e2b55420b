"""Swings: the highs and lows a chart reader sees, each with the bar at which it could first be seen.

A k-bar swing is known `right` bars after its own bar, a zigzag swing at the first close that has turned back far
enough. Nothing here may be used before its `known_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Ties = Literal["strict", "pine"]

RUN = 2048  # bars whose nearest neighbours are compared at once
NEIGHBOURS = 5  # as many on either side


@dataclass(frozen=True, eq=False)
class Swings:
    """m swings of one side in time order: their bar, the bar at whose close they were known, their price."""

    bar: Ints
    known_at: Ints
    price: Floats


@dataclass(frozen=True, eq=False)
class ZigZag:
    """m alternating swings in the order of their confirmation; kind +1 a high, -1 a low."""

    bar: Ints
    known_at: Ints
    price: Floats
    kind: NDArray[np.int8]


def swing_lows(series: Floats, left: int = 5, right: int = 5, ties: Ties = "strict") -> Swings:
    """The k-bar swing lows of a series (Williams 1995 for 2/2): below `left` values before and `right` after.

    `strict` wants it below all of them, `pine` (TradingView's) at most equal to the earlier and below the later, so
    that the last bar of a plateau wins. A window that holds a NaN holds no swing.
    """
    bar = _lows(np.ascontiguousarray(series), left, right, ties == "pine")
    return Swings(bar, bar + right, series[bar])


def swing_highs(series: Floats, left: int = 5, right: int = 5, ties: Ties = "strict") -> Swings:
    """The k-bar swing highs: the swing lows of the mirrored series."""
    mirrored = swing_lows(-series, left, right, ties)
    return Swings(mirrored.bar, mirrored.known_at, -mirrored.price)


def zigzag(bars: Bars, unit: Literal["atr", "percent"] = "atr", size: float = 3.0) -> ZigZag:
    """Alternating swings, each confirmed by the first close that has retraced the threshold from the extreme.

    The threshold is `size` x ATR(14) or `size` percent, fixed at the bar of the extreme. Of a bar that is both the
    extreme and its confirmation the extreme came first; the next candidate starts after the extreme's bar.
    """

    def compute() -> ZigZag:
        extent = bar_atr(bars) * size if unit == "atr" else np.full(len(bars), np.nan)
        percent = size / 100 if unit == "percent" else np.nan
        return ZigZag(*_zigzag(bars.high, bars.low, bars.close, extent, percent))

    return bars.remember(("zigzag", unit, size), compute)


@kernel
def _lows(x: Floats, left: int, right: int, plateau: bool) -> Ints:
    """Bars of the lows. The nearest neighbours are compared many bars at a time; few bars are left to look at alone."""
    n = len(x)
    found, near, left_over = np.empty(n, np.int64), np.empty(RUN, np.uint8), np.empty(RUN, np.int64)
    count = 0
    for start in range(left, n - right, RUN):
        size = min(RUN, n - right - start)
        here = x[start : start + size]
        near[:size] = 1
        for j in range(1, min(right, NEIGHBOURS) + 1):
            other = x[start + j : start + j + size]
            for i in range(size):
                near[i] &= here[i] < other[i]
        for j in range(1, min(left, NEIGHBOURS) + 1):
            other = x[start - j : start - j + size]
            for i in range(size):
                near[i] &= (here[i] <= other[i]) if plateau else (here[i] < other[i])
        few = 0
        for i in range(size):  # without a branch, which would be guessed wrongly at every fifth bar
            left_over[few] = start + i
            few += near[i]
        for i in range(few):
            if _stands_out(x, left_over[i], left, right, plateau):
                found[count] = left_over[i]
                count += 1
    return found[:count].copy()


@kernel(inline=True)
def _stands_out(x: Floats, at: int, left: int, right: int, plateau: bool) -> bool:
    """Whether a bar lies below its neighbours further out than the nearest."""
    for j in range(at + NEIGHBOURS + 1, at + right + 1):
        if not x[at] < x[j]:
            return False
    for j in range(at - NEIGHBOURS - 1, at - left - 1, -1):
        if not (x[at] < x[j] or (plateau and x[at] == x[j])):
            return False
    return bool(left > 0 or right > 0 or not np.isnan(x[at]))


@kernel
def _zigzag(
    high: Floats, low: Floats, close: Floats, extent: Floats, percent: float
) -> tuple[Ints, Ints, Floats, NDArray[np.int8]]:
    n = len(close)
    bar, known = np.empty(n, np.int64), np.empty(n, np.int64)
    price, kind = np.empty(n), np.empty(n, np.int8)
    count, top, bottom, leg = 0, -1, -1, 0  # leg: +1 the candidate is a high, -1 a low, 0 not yet decided
    relative = not np.isnan(percent)
    for t in range(n):
        if top < 0 and bottom < 0:
            if not relative and np.isnan(extent[t]):
                continue
            top = bottom = t
        if leg >= 0 and high[t] > high[top]:
            top = t
        if leg <= 0 and low[t] < low[bottom]:
            bottom = t
        down = leg >= 0 and close[t] <= high[top] - (percent * high[top] if relative else extent[top])
        up = leg <= 0 and close[t] >= low[bottom] + (percent * low[bottom] if relative else extent[bottom])
        if down and up:
            down = top >= bottom
            up = not down
        if not (down or up):
            continue
        a = top if down else bottom
        bar[count], known[count] = a, t
        price[count], kind[count] = (high[a], 1) if down else (low[a], -1)
        count += 1
        leg = -1 if down else 1
        top = bottom = min(a + 1, t)
        for j in range(min(a + 1, t), t + 1):
            if down and low[j] < low[bottom]:
                bottom = j
            if up and high[j] > high[top]:
                top = j
    return bar[:count].copy(), known[:count].copy(), price[:count].copy(), kind[:count].copy()
