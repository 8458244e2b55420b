"""What is measured of a pair of swings besides their prices: zones, volume, place in the leg, the price reached."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from .swings import zigzag

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

VOLUME = 3  # bars whose mean is a swing's volume


def volume_ratio(volume: Floats, left: Ints, right: Ints) -> Floats:
    """Mean volume of the bars ending at the right swing over that at the left; NaN unknown or nothing traded."""

    def mean(bar: Ints) -> Floats:
        total = np.zeros(len(bar))
        for back in range(VOLUME):
            total += np.where(bar >= VOLUME - 1, volume[np.maximum(bar - back, 0)], np.nan)
        return total / VOLUME

    before = mean(left)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(before > 0, mean(right) / before, np.nan)


def succession(bars: Bars, side: int, known: Ints, regular: Bools) -> Floats:
    """The how-manieth of its kind since the zigzag last turned against the leg it belongs to.

    A regular bullish divergence stands in a falling leg, which a confirmed low ends; a hidden one in a rising leg,
    which a confirmed high ends. Every divergence of the kind counts, whether it is traded or not.
    """
    turns = zigzag(bars)
    number = np.empty(len(known))
    for kind, ends in ((regular, -side), (~regular, side)):
        leg = np.searchsorted(turns.known_at[turns.kind == ends], known[kind], side="right")
        first = np.searchsorted(leg, leg, side="left")
        number[kind] = np.arange(len(leg)) - first + 1
    return number


def any_between(flags: Bools, first: Ints, last: Ints) -> Floats:
    """1 where one of the flags from first to last inclusive is True, else 0, a row each."""
    counted = np.concatenate([[0], np.cumsum(flags)])
    return (counted[last + 1] > counted[first]).astype(float)


def running(first: Ints, end: Ints, n: int) -> Bools:
    """True at those of n bars that lie from a `first` up to, not including, its `end`."""
    steps = np.bincount(first, minlength=n + 1) - np.bincount(np.minimum(end, n), minlength=n + 1)
    return np.asarray(np.cumsum(steps)[:-1] > 0)


@kernel
def deepest(x: Floats, bar: Ints, midline: float) -> Ints:
    """Bar of the lowest value of the run below the midline that ends at `bar`, the first of equals."""
    at = bar.copy()
    for i in range(len(bar)):
        j = bar[i]
        while j >= 0 and x[j] < midline:
            if x[j] <= x[at[i]]:
                at[i] = j
            j -= 1
    return at


@kernel
def width(x: Floats, bar: Ints, known: Ints, threshold: float) -> Floats:
    """Contiguous bars at or below the threshold around `bar`, none later than `known`; NaN without a threshold."""
    if np.isnan(threshold):
        return np.full(len(bar), np.nan)
    bars = np.zeros(len(bar))
    for i in range(len(bar)):
        if not x[bar[i]] <= threshold:
            continue
        first, last = bar[i], bar[i]
        while first > 0 and x[first - 1] <= threshold:
            first -= 1
        while last < known[i] and x[last + 1] <= threshold:
            last += 1
        bars[i] = last - first + 1
    return bars


@kernel
def lowest_between(price: Floats, first: Ints, last: Ints) -> Ints:
    """Bar of the lowest value from first to last inclusive, the first of equals, a row each."""
    at = np.empty(len(first), np.int64)
    for i in range(len(first)):
        best = first[i]
        for j in range(first[i] + 1, last[i] + 1):
            if price[j] < price[best]:
                best = j
        at[i] = best
    return at
