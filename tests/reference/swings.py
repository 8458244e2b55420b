"""Swing lows, swing highs and the zigzag, bar by bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .indicators import atr


@dataclass(frozen=True)
class Swing:
    bar: int
    known_at: int
    price: float
    kind: int  # +1 a high, -1 a low


def swing_lows(series: Sequence[float], left: int = 5, right: int = 5, ties: str = "strict") -> list[Swing]:
    values = [float(value) for value in series]
    found = []
    for i in range(left, len(values) - right):
        before, after = values[i - left : i], values[i + 1 : i + right + 1]
        if any(math.isnan(value) for value in [*before, values[i], *after]):
            continue
        if ties == "pine":
            lowest_so_far = all(values[i] <= value for value in before)
        else:
            lowest_so_far = all(values[i] < value for value in before)
        if lowest_so_far and all(values[i] < value for value in after):
            found.append(Swing(i, i + right, values[i], -1))
    return found


def swing_highs(series: Sequence[float], left: int = 5, right: int = 5, ties: str = "strict") -> list[Swing]:
    values = [float(value) for value in series]
    found = []
    for i in range(left, len(values) - right):
        before, after = values[i - left : i], values[i + 1 : i + right + 1]
        if any(math.isnan(value) for value in [*before, values[i], *after]):
            continue
        if ties == "pine":
            highest_so_far = all(values[i] >= value for value in before)
        else:
            highest_so_far = all(values[i] > value for value in before)
        if highest_so_far and all(values[i] > value for value in after):
            found.append(Swing(i, i + right, values[i], 1))
    return found


def zigzag(bars: Any, unit: str = "atr", size: float = 3.0) -> list[Swing]:
    """Alternating extremes, each confirmed by the first close that has retraced its threshold."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    ranges = atr(high, low, close, 14) if unit == "atr" else [0.0] * len(close)
    start = next((t for t, value in enumerate(ranges) if not math.isnan(value)), len(close))
    found: list[Swing] = []
    top: int | None = start  # the bar of the running high, None while only a low is looked for
    bottom: int | None = start
    for t in range(start, len(close)):
        if top is not None and high[t] > high[top]:
            top = t
        if bottom is not None and low[t] < low[bottom]:
            bottom = t
        high_done = top is not None and close[t] <= high[top] - _threshold(top, high[top], unit, size, ranges)
        low_done = bottom is not None and close[t] >= low[bottom] + _threshold(bottom, low[bottom], unit, size, ranges)
        if high_done and low_done:
            assert top is not None and bottom is not None
            high_done, low_done = top >= bottom, bottom > top
        if high_done and top is not None:
            found.append(Swing(top, t, high[top], 1))
            later = range(top + 1, t + 1) if top < t else range(t, t + 1)
            top, bottom = None, min(later, key=lambda bar: low[bar])
        elif low_done and bottom is not None:
            found.append(Swing(bottom, t, low[bottom], -1))
            later = range(bottom + 1, t + 1) if bottom < t else range(t, t + 1)
            top, bottom = max(later, key=lambda bar: high[bar]), None
    return found


def _threshold(bar: int, price: float, unit: str, size: float, ranges: list[float]) -> float:
    if unit == "atr":
        return size * ranges[bar]
    return size / 100 * price
