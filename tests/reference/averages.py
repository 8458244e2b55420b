"""Moving averages from their definitions: the bullish and the bearish side of every rule, each written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .indicators import atr
from .oscillators import ema, sma
from .swings import swing_highs, swing_lows

NAN = math.nan
SET = (5, 20, 60, 120)


@dataclass(frozen=True)
class Found:
    kind: str
    direction: int
    known_at: int
    stop: float
    anchors: dict[str, int]
    features: dict[str, float]


def side(above: float, below: float, close: float) -> float:
    """Which of two prices is higher; equal when they differ by no more than a ten-billionth of the close."""
    if math.isnan(above) or math.isnan(below):
        return NAN
    if abs(above - below) <= 1e-10 * close:
        return 0.0
    return 1.0 if above > below else -1.0


def in_atr(distance: float, close: float, reach: float) -> float:
    if math.isnan(distance) or math.isnan(reach) or reach <= 0.0:
        return NAN
    return 0.0 if abs(distance) <= 1e-10 * close else distance / reach


def line(bars: Any, period: int) -> list[float]:
    return ema(bars.close.tolist(), period) if period > 1 else bars.close.tolist()


def reach(bars: Any) -> list[float]:
    return atr(bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), 14)


def alignment(bars: Any, periods: tuple[int, ...] = SET) -> list[float]:
    close, lines, states = bars.close.tolist(), [line(bars, period) for period in periods], []
    for t in range(len(close)):
        now = [values[t] for values in lines]
        if any(math.isnan(value) for value in now):
            states.append(NAN)
            continue
        sides = [side(now[i], now[i + 1], close[t]) for i in range(len(now) - 1)]
        rising, falling = all(one == 1.0 for one in sides), all(one == -1.0 for one in sides)
        states.append(1.0 if rising else -1.0 if falling else 0.0)
    return states


def compression(bars: Any, periods: tuple[int, ...] = SET) -> list[float]:
    close, lines, ranges = bars.close.tolist(), [line(bars, period) for period in periods], reach(bars)
    states = []
    for t in range(len(close)):
        now = [values[t] for values in lines]
        unknown = any(math.isnan(value) for value in now)
        states.append(NAN if unknown else in_atr(max(now) - min(now), close[t], ranges[t]))
    return states


def flatness(bars: Any, period: int = 20, over: int = 5) -> list[float]:
    close, average, ranges = bars.close.tolist(), line(bars, period), reach(bars)
    states = [NAN] * len(close)
    for t in range(over, len(close)):
        states[t] = in_atr(abs(average[t] - average[t - over]), close[t], ranges[t]) / over
    return states


def flat(bars: Any) -> list[float]:
    return [NAN if math.isnan(value) else 1.0 if value < 0.05 else 0.0 for value in flatness(bars)]


def ranging(bars: Any) -> list[float]:
    states = []
    for tight, level in zip(compression(bars), flat(bars), strict=True):
        if math.isnan(tight) or math.isnan(level):
            states.append(NAN)
        else:
            states.append(1.0 if tight <= 1.0 or level == 1.0 else 0.0)
    return states


def spread(bars: Any, fast: int, slow: int) -> list[float]:
    close, above, below, ranges = bars.close.tolist(), line(bars, fast), line(bars, slow), reach(bars)
    return [in_atr(above[t] - below[t], close[t], ranges[t]) for t in range(len(close))]


def order(bars: Any, fast: int, slow: int) -> list[float]:
    close, above, below = bars.close.tolist(), line(bars, fast), line(bars, slow)
    return [side(above[t], below[t], close[t]) for t in range(len(close))]


def regime(bars: Any) -> list[float]:
    close = bars.close.tolist()
    average = sma(close, 200)
    return [side(close[t], average[t], close[t]) for t in range(len(close))]


def marks(bars: Any, fast: int, slow: int) -> dict[str, list[float]]:
    """What every setup carries, by bar."""
    return {
        "f_spread": spread(bars, fast, slow),
        "f_alignment": alignment(bars),
        "f_compression": compression(bars),
        "f_flat": flat(bars),
        "f_ranging": ranging(bars),
        "f_regime": regime(bars),
    }


def crosses(bars: Any, fast: int, slow: int, kinds: tuple[str, str] = ("golden", "death")) -> list[Found]:
    """Every change of the side on which the fast average stands, remembered over touches."""
    low, high, carried = bars.low.tolist(), bars.high.tolist(), marks(bars, fast, slow)
    found: list[Found] = []
    standing, since = 0.0, -1  # the side last stood on, and the bar from which on
    for t, now in enumerate(order(bars, fast, slow)):
        if math.isnan(now) or now in (0.0, standing):
            continue
        if standing != 0.0:
            first = max(since, t - 3 * slow)
            window = range(first, t + 1)
            extreme = min(window, key=lambda bar: low[bar]) if now > 0 else max(window, key=lambda bar: high[bar])
            price = low[extreme] if now > 0 else high[extreme]
            features = {name: values[t] for name, values in carried.items()}
            anchors = {"cross": t, "setup_extreme": extreme}
            found.append(Found(kinds[0] if now > 0 else kinds[1], int(now), t, price, anchors, features))
        standing, since = now, t
    return found


def doubles(bars: Any, rule: Any) -> list[Found]:
    """Double bottoms above the slow average and double tops below it, by (known_at, kind)."""
    fast, low, high = line(bars, rule.fast), bars.low.tolist(), bars.high.tolist()
    stands, states = order(bars, rule.fast, rule.slow), alignment(bars, rule.periods)
    carried = marks(bars, rule.fast, rule.slow)
    found = []
    troughs = [swing.bar for swing in swing_lows(fast, rule.width, rule.width)]
    peaks = [swing.bar for swing in swing_highs(fast, rule.width, rule.width)]
    for i in range(1, len(troughs)):
        left, right = troughs[i - 1], troughs[i]
        known = right + rule.width
        asked = states[left : known + 1] if rule.aligned == "throughout" else [states[known]]
        if right - left > rule.max_gap or fast[right] <= fast[left] or stands[left] != 1.0 or stands[right] != 1.0:
            continue
        if all(state == 1.0 for state in asked):
            extreme = min(range(max(left - 3, 0), known + 1), key=lambda bar: low[bar])
            anchors = {"left": left, "right": right, "setup_extreme": extreme}
            features = {name: values[known] for name, values in carried.items()}
            found.append(Found("double_bottom", 1, known, low[extreme], anchors, features))
    for i in range(1, len(peaks)):
        left, right = peaks[i - 1], peaks[i]
        known = right + rule.width
        asked = states[left : known + 1] if rule.aligned == "throughout" else [states[known]]
        if right - left > rule.max_gap or fast[right] >= fast[left] or stands[left] != -1.0 or stands[right] != -1.0:
            continue
        if all(state == -1.0 for state in asked):
            extreme = max(range(max(left - 3, 0), known + 1), key=lambda bar: high[bar])
            anchors = {"left": left, "right": right, "setup_extreme": extreme}
            features = {name: values[known] for name, values in carried.items()}
            found.append(Found("double_top", -1, known, high[extreme], anchors, features))
    return sorted(found, key=lambda one: (one.known_at, one.kind))
