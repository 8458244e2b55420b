"""Volume as a chart reader takes it: against what is usual, by the hour of the week, inside a level's zone.

Every rule on volume reads `volume_of`: what was traded, or that against what is usual in the same hour of the week,
since a market that never closes is loud in one session and quiet in another.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SURGE = 1.5  # times the usual volume: that of a breakout
USUAL = 20  # bars before whose mean is the usual volume
SESSIONS = 20  # weeks back: volumes of the same hour of the week whose median is the usual one of that hour
WEEK, HOUR = 168, 3_600_000_000  # hours, microseconds


def volume_of(bars: Bars, sessions: bool = False) -> Floats:
    """What the rules read: the volume, with `sessions` `session_volume`. Raises UserError where none is known."""
    return session_volume(bars) if sessions else bars.need("volume")


def session_volume(bars: Bars, window: int = SESSIONS) -> Floats:
    """The volume over the median of the last `window` known ones of the same hour of the week (UTC, of the open).

    Only bars before count. NaN until there are so many, where the volume is unknown or that median is nothing. Bars of
    a day are compared with the same weekday, bars of minutes with all those of the hour.
    """

    def compute() -> Floats:
        volume = bars.need("volume")
        hour = bars.time.astype(np.int64) // HOUR % WEEK
        return _over(volume, _medians(volume, hour, window))

    return bars.remember(("session_volume", window), compute)


def relative_volume(bars: Bars, sessions: bool = False, usual: int = USUAL) -> Floats:
    """The volume over the mean of the `usual` bars before it: 1.5 and more is a breakout's.

    NaN in the warm-up, where any of these volumes is unknown or nothing was traded before.
    """

    def compute() -> Floats:
        volume = volume_of(bars, sessions)
        return _over(volume, _means(volume, usual))

    return bars.remember(("relative_volume", sessions, usual), compute)


def level_volume(bars: Bars, first: Ints, last: Ints, sessions: bool = False) -> Floats:
    """Mean volume of the bars from first to last inclusive, those inside a zone, over that of the 20 before, a row
    each; NaN where any of these volumes is unknown, or nothing was traded before.
    """
    volume = volume_of(bars, sessions)
    before = bars.remember(("mean_volume", sessions), lambda: _means(volume, USUAL))
    return _over(mean_between(volume, first, last), before[first])


def fading_volume(bars: Bars, first: Ints, last: Ints) -> Floats:
    """Mean volume of the second half of the bars from first to last inclusive over that of the first, a row each: below
    1 where it falls. The bar in the middle of an odd number is in neither half. NaN of fewer than two bars, where any
    of these volumes is unknown, or nothing was traded in the first half.
    """
    volume, half = volume_of(bars), (last - first + 1) // 2
    early, late = mean_between(volume, first, first + half - 1), mean_between(volume, last - half + 1, last)
    return _over(late, early)


def _over(volume: Floats, usual: Floats) -> Floats:
    ratio = np.full(len(volume), np.nan)
    np.divide(volume, usual, out=ratio, where=usual > 0)
    return ratio


def _means(volume: Floats, usual: int) -> Floats:
    """The mean of the bars before each; an unknown volume makes NaN of those that it is in, and of no others."""
    means, n = np.full(len(volume), np.nan), len(volume) - usual
    if n > 0:
        total = np.zeros(n)
        for back in range(usual):
            total += volume[back : back + n]
        means[usual:] = total / usual
    return means


@kernel
def _medians(volume: Floats, hour: Ints, window: int) -> Floats:
    """The median of the last known volumes of the same hour, before each bar; NaN until there are enough."""
    medians = np.full(len(volume), np.nan)
    kept, count = np.empty((WEEK, window)), np.zeros(WEEK, np.int64)
    for t in range(len(volume)):
        h = hour[t]
        if count[h] >= window:
            medians[t] = np.median(kept[h])
        if not np.isnan(volume[t]):
            kept[h, count[h] % window] = volume[t]
            count[h] += 1
    return medians


@kernel
def mean_between(volume: Floats, first: Ints, last: Ints) -> Floats:
    mean = np.empty(len(first))
    for i in range(len(first)):
        total = 0.0
        for j in range(first[i], last[i] + 1):
            total += volume[j]
        mean[i] = total / (last[i] - first[i] + 1)
    return mean
