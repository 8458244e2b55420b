"""Where an entry's stop and target stand, and where a trade's stop may move to."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from ..signals import Entries
from ..structure.swings import Swings, swing_highs, swing_lows
from .kernel import on_tick
from .rules import Exits

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def stops(bars: Bars, entries: Entries, price: Floats, exits: Exits) -> Floats:
    """Each entry's stop, its buffer included, before rounding; NaN where it has none. price: that of the entry."""
    atr = bar_atr(bars)[entries.bar]
    if exits.stop == "atr":
        return np.asarray(price - entries.side * exits.stop_atr * atr)
    stop = entries.stop
    if exits.stop == "swing" and np.isnan(stop).any():
        low, high = _swings(bars, exits.swing_width)
        below = _latest_below(low.known_at, low.price, entries.bar, price)
        above = -_latest_below(high.known_at, -high.price, entries.bar, -price)
        stop = np.where(np.isnan(stop), np.where(entries.side > 0, below, above), stop)
    return stop - entries.side * exits.stop_buffer_atr * atr if exits.stop_buffer_atr else stop


def targets(bars: Bars, entries: Entries, price: Floats, fill: Floats, risk: Floats, exits: Exits) -> Floats:
    """Each entry's target before rounding: its own, else a swing beyond the price, else a multiple of its risk."""
    target = entries.target
    if exits.target_swing and np.isnan(target).any():
        low, high = _swings(bars, exits.swing_width)
        above = -_latest_below(high.known_at, -high.price, entries.bar, -price)
        below = _latest_below(low.known_at, low.price, entries.bar, price)
        target = np.where(np.isnan(target), np.where(entries.side > 0, above, below), target)
    if exits.target_r is not None:
        target = np.where(np.isnan(target), fill + entries.side * exits.target_r * risk, target)
    return target


def trailing(bars: Bars, exits: Exits, tick: float) -> tuple[Floats, Floats]:
    """For every bar the stop that a swing confirmed at its close gives a long and a short, NaN where none was."""
    if not exits.trail:
        return np.zeros(0), np.zeros(0)
    low, high = _swings(bars, exits.swing_width)
    levels = []
    for swings, side in ((low, 1), (high, -1)):
        level = np.full(len(bars), np.nan)
        level[swings.known_at] = swings.price
        if exits.stop_buffer_atr:
            level -= side * exits.stop_buffer_atr * bar_atr(bars)
        levels.append(ticked(level, np.full(len(bars), -side, np.int8), tick))
    return levels[0], levels[1]


@kernel
def ticked(price: Floats, up: NDArray[np.int8], tick: float) -> Floats:
    """Prices on ticks, rounded up where `up` is +1, down where it is -1; NaN stays."""
    rounded = price.copy()
    for i in range(len(price)):
        rounded[i] = on_tick(price[i], up[i], tick)
    return rounded


def _swings(bars: Bars, width: int) -> tuple[Swings, Swings]:
    low = bars.remember(("stop_lows", width), lambda: swing_lows(bars.low, width, width))
    high = bars.remember(("stop_highs", width), lambda: swing_highs(bars.high, width, width))
    return low, high


@kernel
def _latest_below(known: Ints, level: Floats, bar: Ints, price: Floats) -> Floats:
    """For each (bar, price) the last level known by then that lies below the price; NaN none."""
    found = np.full(len(bar), np.nan)
    for i in range(len(bar)):
        for j in range(np.searchsorted(known, bar[i], side="right") - 1, -1, -1):
            if level[j] < price[i]:
                found[i] = level[j]
                break
    return found
