"""The mean and the spread of the last values of a series, window by window.

Running sums would carry a NaN on for ever and leave rounding behind where nothing moves. Each window is summed anew.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..indicators import TINY

Floats: TypeAlias = NDArray[np.float64]


def trailing(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and sample standard deviation of the `window` (2 or more) values that end at each bar.

    NaN where the window is not full or holds a NaN. The deviation of values that are equal but for rounding is 0.
    """
    return _trailing(np.ascontiguousarray(values), window)


def before(values: Floats) -> Floats:
    """The same values one bar later: what was known of them before each bar; NaN at the first."""
    return np.concatenate([[np.nan], values[:-1]]) if len(values) else values


@kernel
def _trailing(x: Floats, window: int) -> tuple[Floats, Floats]:
    mean, spread = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for t in range(window - 1, len(x)):
        total, largest = 0.0, 0.0
        for j in range(t - window + 1, t + 1):
            total += x[j]
            largest = max(largest, abs(x[j]))
        if np.isnan(total):
            continue
        mean[t] = total / window
        squares = 0.0
        for j in range(t - window + 1, t + 1):
            squares += (x[j] - mean[t]) ** 2
        deviation = np.sqrt(squares / (window - 1))
        spread[t] = deviation if deviation > TINY * largest else 0.0
    return mean, spread
