"""The slow stochastic, moving averages, momentum and MACD, one bar after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

NAN = math.nan


def sma(values: Sequence[float], period: int) -> list[float]:
    """The mean of the last `period` values; NaN while one of them is missing or undefined."""
    result = []
    for t in range(len(values)):
        window = [float(value) for value in values[max(t - period + 1, 0) : t + 1]]
        whole = len(window) == period and not any(math.isnan(value) for value in window)
        result.append(math.fsum(window) / period if whole else NAN)
    return result


def ema(values: Sequence[float], period: int) -> list[float]:
    """Seeded with the mean of the first `period` values that are defined."""
    numbers = [float(value) for value in values]
    result = [NAN] * len(numbers)
    first = next((t for t, value in enumerate(numbers) if not math.isnan(value)), len(numbers))
    seed = first + period - 1
    if seed >= len(numbers):
        return result
    result[seed] = sum(numbers[first : seed + 1]) / period
    weight = 2.0 / (period + 1)
    for t in range(seed + 1, len(numbers)):
        result[t] = result[t - 1] + weight * (numbers[t] - result[t - 1])
    return result


def momentum(close: Sequence[float], period: int) -> list[float]:
    return [float(close[t]) - float(close[t - period]) if t >= period else NAN for t in range(len(close))]


def macd(close: Sequence[float], fast: int, slow: int, signal: int) -> tuple[list[float], list[float], list[float]]:
    """Line, signal and histogram, all from the bar of the first signal on; both averages begin at the slow one's."""
    prices = [float(price) for price in close]
    late = [NAN] * (slow - fast) + prices[slow - fast :]
    line = [one - other for one, other in zip(ema(late, fast), ema(prices, slow), strict=False)]
    average = ema(line, signal)
    begun = [not math.isnan(value) for value in average]
    line = [value if there else NAN for value, there in zip(line, begun, strict=True)]
    return line, average, [one - other for one, other in zip(line, average, strict=True)]


def stochastic(
    high: Sequence[float], low: Sequence[float], close: Sequence[float], period: int, smooth: int, signal: int
) -> tuple[list[float], list[float]]:
    """%K and %D; an average that a window without a range would enter is undefined, and both begin together."""
    raw = []
    for t in range(len(close)):
        top = max(float(price) for price in high[max(t - period + 1, 0) : t + 1])
        bottom = min(float(price) for price in low[max(t - period + 1, 0) : t + 1])
        known = t >= period - 1 and top > bottom
        raw.append(100.0 * (float(close[t]) - bottom) / (top - bottom) if known else NAN)
    k = sma(raw, smooth)
    d = sma(k, signal)
    first = period + smooth + signal - 3
    return [value if t >= first else NAN for t, value in enumerate(k)], d
