"""Indicators: thin faces over TA-Lib. Same length as the input; NaN where a value is not defined."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

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


class Stochastic(NamedTuple):
    """The slow lines in points, 0 to 100. k: the range position smoothed; d: k smoothed again."""

    k: Floats
    d: Floats


class Macd(NamedTuple):
    """In price units. line: fast less slow average; signal: its average; histogram: line less signal."""

    line: Floats
    signal: Floats
    histogram: Floats


SIMPLE: Any = 0  # TA-Lib's number for a simple average, which its types want to be a word
TINY = 1e-10  # of the close
WAVES = ((5, 3, 3), (10, 6, 6), (20, 12, 12))  # the short, the middle and the long wave


def stochastic(high: Floats, low: Floats, close: Floats, period: int, smooth: int, signal: int) -> Stochastic:
    """Lane's slow stochastic with simple averages; both lines begin at index period + smooth + signal - 3.

    Where the range of `period` bars is nothing the position in it is undefined, and so is every average that it would
    enter: NaN, though TA-Lib answers 0. Rounded at the tenth digit: what TA-Lib's running sums leave of equal lines
    would make crosses out of nothing.
    """
    n, first = len(close), period + smooth + signal - 3
    if n <= first:
        return Stochastic(np.full(n, np.nan), np.full(n, np.nan))
    found = talib.STOCH(high, low, close, period, smooth, SIMPLE, signal, SIMPLE)
    flat = talib.MAX(high, period) == talib.MIN(low, period)
    lines = []
    for line, reach in zip(found, (smooth, smooth + signal - 1), strict=True):
        values = np.round(line, 10)
        values[_within(flat, reach)] = np.nan
        lines.append(values)
    return Stochastic(*lines)


def _within(flags: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Whether one of the last `reach` is True."""
    counted = np.concatenate([[0], np.cumsum(flags)])
    first = np.maximum(np.arange(1, len(flags) + 1) - reach, 0)
    return np.asarray(counted[1:] > counted[first])


def sma(values: Floats, period: int) -> Floats:
    """Simple moving average; first value at index `period - 1`."""
    return talib.SMA(values, period) if period > 1 else values.copy()


def ema(values: Floats, period: int) -> Floats:
    """Exponential moving average, alpha 2 / (period + 1), seeded with the simple one at index `period - 1`."""
    return talib.EMA(values, period) if period > 1 else values.copy()


def momentum(close: Floats, period: int = 10) -> Floats:
    """The close less that of `period` bars before, in price units; first value at index `period`."""
    return talib.MOM(close, period)


def macd(close: Floats, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Appel's MACD; all three lines begin at index slow + signal - 2. Both averages are seeded at the slow one's."""
    if len(close) < slow + signal - 1:
        return Macd(*(np.full(len(close), np.nan) for _ in range(3)))
    return Macd(*(settled(line, close) for line in talib.MACD(close, fast, slow, signal)))


def settled(distance: Floats, close: Floats) -> Floats:
    """The distance of two prices, 0 where it is no more than rounding leaves: it would make crosses out of nothing."""
    return np.where(np.abs(distance) <= TINY * close, 0.0, distance)


def bar_stochastic(bars: Bars, wave: tuple[int, int, int]) -> Stochastic:
    """`stochastic` of a symbol's bars, computed once. wave: period, smoothing of k, smoothing of d."""
    return bars.remember(("stochastic", wave), lambda: stochastic(bars.high, bars.low, bars.close, *wave))


def bar_ema(bars: Bars, period: int) -> Floats:
    """`ema` of a symbol's closes, computed once."""
    return bars.remember(("ema", period), lambda: ema(bars.close, period))


def bar_sma(bars: Bars, period: int) -> Floats:
    """`sma` of a symbol's closes, computed once."""
    return bars.remember(("sma", period), lambda: sma(bars.close, period))


def bar_momentum(bars: Bars, period: int = 10) -> Floats:
    """`momentum` of a symbol's closes, computed once."""
    return bars.remember(("momentum", period), lambda: momentum(bars.close, period))


def bar_macd(bars: Bars, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """`macd` of a symbol's closes, computed once."""
    return bars.remember(("macd", fast, slow, signal), lambda: macd(bars.close, fast, slow, signal))


def obv(close: Floats, volume: Floats) -> Floats:
    """Granville's on-balance volume: that of rising bars less that of falling ones; only differences mean anything.

    A bar of unknown volume is NaN and adds nothing, so that the sum goes on after it, but for what that bar moved.
    """
    unknown = np.isnan(volume)
    return np.where(unknown, np.nan, talib.OBV(close, np.where(unknown, 0.0, volume)))
