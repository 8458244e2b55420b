"""Indicators: thin faces over TA-Lib. Same length as the input; NaN where a value is not defined."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import talib
from numpy.typing import NDArray

from .bars import Bars
from .compiled import kernel

Floats: TypeAlias = NDArray[np.float64]


def rsi(close: Floats, period: int = 14) -> Floats:
    """Wilder's relative strength index in points, 0 to 100; first value at index `period`.

    Smoothing is Wilder's with a simple average as seed (Wilder 1978). NaN in the warm-up and as long as no close has
    changed yet: without a move there is neither strength nor weakness, though TA-Lib answers 0. While the close stands
    still the value does too: its last digits, which TA-Lib moves, would make swings out of nothing.
    """
    values = talib.RSI(close, timeperiod=period)
    if len(close) <= period:
        return values
    _hold_still(values, np.ascontiguousarray(close), period)
    return values


@kernel(lean=True)
def _hold_still(values: Floats, close: Floats, period: int) -> None:
    """Where the close stands still the value does; NaN until it first moves."""
    moved = False
    for t in range(1, len(close)):
        stood = close[t] == close[t - 1]
        moved = moved or not stood
        if not moved:
            values[t] = np.nan
        elif stood and t > period:
            values[t] = values[t - 1]


def atr(high: Floats, low: Floats, close: Floats, period: int = 14) -> Floats:
    """Wilder's average true range in price units; first value at index `period - 1`.

    The first bar has no close before it, so its true range is high - low (Wilder 1978). TA-Lib leaves that bar
    out; a bar laid before it, closing inside it, makes it count.
    """
    if len(close) < period:
        return np.full(len(close), np.nan)
    before = close[:1]
    high, low, close = (np.concatenate([before, column]) for column in (high, low, close))
    return np.ascontiguousarray(talib.ATR(high, low, close, timeperiod=period)[1:])


def bar_atr(bars: Bars, period: int = 14) -> Floats:
    """`atr` of a symbol's bars, computed once."""
    return bars.remember(("atr", period), lambda: atr(bars.high, bars.low, bars.close, period))


def bar_rsi(bars: Bars, period: int = 14) -> Floats:
    """`rsi` of a symbol's closes, computed once."""
    return bars.remember(("rsi", period), lambda: rsi(bars.close, period))
