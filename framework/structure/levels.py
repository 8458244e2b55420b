"""Levels: prices at which the market has turned before, each with the bar at which that was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from .swings import swing_highs, swing_lows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Levels:
    """m levels in the order in which they became known: their bar, the bar at whose close that was, their price."""

    bar: Ints
    known_at: Ints
    price: Floats


def swing_levels(bars: Bars, width: int = 5) -> Levels:
    """Every swing low and swing high of the price, `width` bars wide on either side, is a level for both sides."""

    def compute() -> Levels:
        found = swing_lows(bars.low, width, width), swing_highs(bars.high, width, width)
        bar = np.concatenate([one.bar for one in found])
        order = np.argsort(bar, kind="stable")
        price = np.concatenate([one.price for one in found])
        return Levels(bar[order], bar[order] + width, price[order])

    return bars.remember(("levels", width), compute)


def nearest(levels: Levels, price: Floats, at: Ints, oldest: int) -> tuple[Ints, Floats]:
    """For each price the row of the nearest level that was known at the bar `at` and made at most `oldest` bars before
    it, of equally near ones the newest, and how far it is. -1 and NaN where there is none.
    """
    return _nearest(levels.bar, levels.known_at, levels.price, price, at, oldest)


def near(levels: Levels, price: Floats, reach: Floats, first: Ints, begins: Ints, at: Ints) -> Floats:
    """1 where a level made from `first` on and before `begins`, and known at the bar `at`, lies within `reach` of the
    price, a row each; 0 where none does, NaN without a price or a reach.
    """
    return _near(levels.bar, levels.known_at, levels.price, price, reach, first, begins, at)


@kernel
def _near(
    bar: Ints, known: Ints, level: Floats, price: Floats, reach: Floats, first: Ints, begins: Ints, at: Ints
) -> Floats:
    found = np.full(len(at), np.nan)
    for i in range(len(at)):
        if np.isnan(price[i]) or np.isnan(reach[i]):
            continue
        found[i] = 0.0
        j = np.searchsorted(bar, begins[i]) - 1
        while j >= 0 and bar[j] >= first[i]:
            if known[j] <= at[i] and abs(level[j] - price[i]) <= reach[i]:
                found[i] = 1.0
                break
            j -= 1
    return found


@kernel
def _nearest(bar: Ints, known: Ints, level: Floats, price: Floats, at: Ints, oldest: int) -> tuple[Ints, Floats]:
    row, distance = np.full(len(at), -1), np.full(len(at), np.nan)
    for i in range(len(at)):
        j = np.searchsorted(known, at[i], side="right") - 1
        while j >= 0 and bar[j] >= at[i] - oldest:
            apart = abs(level[j] - price[i])
            if row[i] < 0 or apart < distance[i]:
                row[i], distance[i] = j, apart
            j -= 1
    return row, distance
