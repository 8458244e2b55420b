"""Wilder's RSI and ATR, one bar after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

NAN = math.nan


def rsi(close: Sequence[float], period: int) -> list[float]:
    """The relative strength index, 0 to 100. NaN in the first `period` bars and until a close has changed."""
    prices = [float(price) for price in close]
    values = [NAN] * len(prices)
    if len(prices) <= period:
        return values
    gain = loss = 0.0
    for t in range(1, period + 1):
        gain += max(prices[t] - prices[t - 1], 0.0) / period
        loss += max(prices[t - 1] - prices[t], 0.0) / period
    values[period] = _strength(gain, loss)
    for t in range(period + 1, len(prices)):
        gain = (gain * (period - 1) + max(prices[t] - prices[t - 1], 0.0)) / period
        loss = (loss * (period - 1) + max(prices[t - 1] - prices[t], 0.0)) / period
        # An unchanged close shrinks both averages by one factor: their ratio is what it was.
        values[t] = values[t - 1] if prices[t] == prices[t - 1] else _strength(gain, loss)
    return values


def _strength(gain: float, loss: float) -> float:
    if gain == 0.0 and loss == 0.0:
        return NAN
    return 100.0 * gain / (gain + loss)


def atr(high: Sequence[float], low: Sequence[float], close: Sequence[float], period: int) -> list[float]:
    """The average true range in price units. NaN in the first `period - 1` bars."""
    count = len(close)
    values = [NAN] * count
    if count < period:
        return values
    ranges = []
    for t in range(count):
        if t == 0:
            ranges.append(float(high[0]) - float(low[0]))
        else:
            top = max(float(high[t]), float(close[t - 1]))
            bottom = min(float(low[t]), float(close[t - 1]))
            ranges.append(top - bottom)
    average = sum(ranges[:period]) / period
    values[period - 1] = average
    for t in range(period, count):
        average = (average * (period - 1) + ranges[t]) / period
        values[t] = average
    return values
