"""Where an entry's stop and target stand, and where a trade's stop may move to."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from ..structure.swings import Swings, swing_highs, swing_lows
from .kernel import on_tick
from .rules import Exits

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Levels(NamedTuple):
    """Swings of one side as levels to stand on: the bar they were known at, their own bar, their price, each with the
    last one before it that lies further out (-1 none), so that a search need not try those between. All empty where
    no option asks for swings. Highs are negated: a level below is then a level beyond.
    """

    known: Ints
    bar: Ints
    price: Floats
    further: Ints


NOWHERE = Levels(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
for _array in NOWHERE:
    _array.setflags(write=False)  # as remembered ones are: to a compiled kernel that is another type


def levels(bars: Bars, width: int, side: int) -> Levels:
    """The lows (side +1) or the negated highs (-1) of a symbol with `width` bars on either side, found once."""

    def compute() -> Levels:
        found = _swings(bars, width, side)
        return Levels(found.known_at, found.bar, side * found.price, _further(side * found.price))

    return bars.remember(("levels", side, width), compute)


def _swings(bars: Bars, width: int, side: int) -> Swings:
    if side > 0:
        return bars.remember(("stop_lows", width), lambda: swing_lows(bars.low, width, width))
    return bars.remember(("stop_highs", width), lambda: swing_highs(bars.high, width, width))


def trailing(bars: Bars, exits: Exits, tick: float) -> Floats:
    """For every bar the stop that a swing confirmed at its close gives a long (row 0) and a short (row 1), NaN where
    none was.
    """
    level = np.full((2, len(bars)), np.nan)
    for row, side in enumerate((1, -1)):
        found = _swings(bars, exits.swing_width, side)
        level[row, found.known_at] = found.price
        if exits.stop_buffer_atr:
            level[row] -= side * exits.stop_buffer_atr * bar_atr(bars)
        level[row] = _ticked(level[row], -side, tick)
    return level


@kernel
def _ticked(price: Floats, up: int, tick: float) -> Floats:
    """Prices on ticks, rounded up where `up` is +1, down where it is -1; NaN stays."""
    rounded = np.empty_like(price)
    for i in range(len(price)):
        rounded[i] = on_tick(price[i], up, tick)
    return rounded


@kernel
def _further(price: Floats) -> Ints:
    """For each price the last one before it that is lower, -1 none."""
    found = np.empty(len(price), np.int64)
    for i in range(len(price)):
        j = i - 1
        while j >= 0 and price[j] >= price[i]:
            j = found[j]
        found[i] = j
    return found


@kernel(inline=True)
def beyond(at: Levels, last: int, price: float) -> float:
    """The latest of the levels 0 to `last` that lies below the price; NaN none."""
    j = last
    while j >= 0 and not at.price[j] < price:
        j = at.further[j]
    return at.price[j] if j >= 0 else np.nan


@kernel(inline=True)
def extension(leg: Levels, base: Levels, last: int, ratio: float) -> float:
    """The level `ratio` legs from the last base level before the latest leg level, in the direction of the leg.

    leg: levels on the target's side, base: on the stop's, the one of them negated against the other. NaN without both,
    or where the leg does not lead from the base to the target's side. The answer is in the sign of `base`.
    """
    if last < 0:
        return np.nan
    j = np.searchsorted(base.bar, leg.bar[last], side="left") - 1
    if j < 0:
        return np.nan
    length = -leg.price[last] - base.price[j]
    return base.price[j] + ratio * length if length > 0 else np.nan
