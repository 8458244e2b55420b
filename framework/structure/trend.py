"""The trend as a chart reader names it: higher highs and higher lows, or lower highs and lower lows."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from .swings import Swings, swing_highs, swing_lows

Floats: TypeAlias = NDArray[np.float64]

WIDTH = 5  # bars on either side of the swings


def trend(bars: Bars, width: int = WIDTH) -> Floats:
    """+1 where the last two confirmed swing highs and the last two lows both rise, -1 where both fall, else 0.

    One value a bar, of the swings known at its close; NaN until two of each are. Equal prices are neither.
    """

    def compute() -> Floats:
        highs = _steps(swing_highs(bars.high, width, width), len(bars))
        moved = highs + _steps(swing_lows(bars.low, width, width), len(bars))
        return np.where(np.isnan(moved), np.nan, (moved == 2) * 1.0 - (moved == -2))

    return bars.remember(("trend", width), compute)


def _steps(swings: Swings, n: int) -> Floats:
    """At each bar +1 when the last swing known is above the one before it, -1 below, 0 level; NaN without two."""
    steps = np.concatenate([[np.nan, np.nan], np.sign(np.diff(swings.price))])
    known = np.searchsorted(swings.known_at, np.arange(n), side="right")
    return np.asarray(steps[known])
