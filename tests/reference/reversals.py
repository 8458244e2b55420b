"""Head and shoulders and double bottoms from their definitions, tops by negating the prices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .indicators import atr
from .patterns import volumes
from .swings import swing_highs, swing_lows
from .volume import trend

NAN = math.nan
SAME = 1e-11  # of log prices: nearer than that is on the line


@dataclass
class Reversal:
    kind: str
    direction: int
    known_at: int
    stop: float
    target: float
    height: float
    anchors: dict[str, int]
    features: dict[str, float]
    begins: float
    ends: float


@dataclass(frozen=True)
class Turn:
    bar: int
    low: bool


class Chart:
    """Prices as bottoms have them: of tops (side -1) negated, highs and lows exchanged."""

    def __init__(self, bars: Any, side: int) -> None:
        high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
        self.side, self.n = side, len(close)
        self.atr = atr(high, low, close, 14)
        self.low = low if side > 0 else [-price for price in high]
        self.high = high if side > 0 else [-price for price in low]
        self.close = close if side > 0 else [-price for price in close]

    def log(self, price: float) -> float:
        """Of a price of this chart, as bottoms have it too."""
        return self.side * math.log(self.side * price)

    def price(self, log: float) -> float:
        return self.side * math.exp(self.side * log)


def turns(chart: Chart, width: int) -> list[tuple[int, list[Turn]]]:
    """Whenever a low is new: the bar at whose close it was known, the alternating swings up to it."""
    lows = [swing.bar for swing in swing_lows(chart.low, width, width)]
    highs = [swing.bar for swing in swing_highs(chart.high, width, width)]
    chain: list[Turn] = []
    states = []
    for bar in sorted({*lows, *highs}):
        here = [Turn(bar, True)] * (bar in lows) + [Turn(bar, False)] * (bar in highs)
        if len(here) == 2 and chain and chain[-1].low:
            here.reverse()
        for turn in here:
            if chain and chain[-1].low == turn.low:
                before = chain[-1].bar
                further = chart.low[bar] < chart.low[before] if turn.low else chart.high[bar] > chart.high[before]
                if not further:
                    continue
                chain = [*chain[:-1], turn]
            else:
                chain = [*chain, turn]
            if turn.low:
                states.append((bar + width, chain))
    return states


def confirmed(
    chart: Chart, known: int, right: int, neck: tuple[int, float, float], within: int
) -> tuple[int, int] | None:
    """The first close beyond a neckline (a bar, its log there, log a bar), the first of the closes in a row there."""
    first, level, slope = neck

    def beyond(t: int) -> bool:
        return chart.log(chart.close[t]) > level + slope * (t - first) + SAME

    for t in range(known, min(right + within + 1, chart.n)):
        if chart.low[t] < chart.low[right]:
            return None
        if beyond(t):
            inside = [bar for bar in range(right, t) if bar == right or not beyond(bar)]
            return t, inside[-1] + 1
    return None


def lowest(chart: Chart, first: int, last: int) -> int:
    return min(range(first, last + 1), key=lambda bar: chart.low[bar])


def head_and_shoulders(bars: Any, rule: Any) -> list[Reversal]:
    found = [*shoulders(Chart(bars, 1), bars, rule), *shoulders(Chart(bars, -1), bars, rule)]
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def alike(one: float, other: float, rule: Any, unit: float) -> bool:
    mean = (one + other) / 2
    reach = rule.tolerance * (unit if rule.unit == "atr" else abs(mean) / 100)
    return max(abs(one - mean), abs(other - mean)) <= reach


def shoulders(chart: Chart, bars: Any, rule: Any) -> list[Reversal]:
    trends, found, side = trend(bars, rule.width), [], chart.side
    for known, chain in turns(chart, rule.width):
        if len(chain) < 5:
            continue
        left, left_neck, head, right_neck, right = (turn.bar for turn in chain[-5:])
        unit, low, high = chart.atr[right], chart.low, chart.high
        if len({left, left_neck, head, right_neck, right}) < 5:
            continue
        if trends[left + rule.width] != -side or low[head] >= min(low[left], low[right]):
            continue
        if not alike(low[left], low[right], rule, unit):
            continue
        if not alike(high[left_neck], high[right_neck], rule, unit):
            continue
        level = chart.log(high[left_neck])
        slope = (chart.log(high[right_neck]) - level) / (right_neck - left_neck)
        done = confirmed(chart, known, right, (left_neck, level, slope), rule.within)
        if done is None:
            continue
        at, broke = done
        height = chart.price(level + slope * (head - left_neck)) - low[head]
        features = {
            "f_shoulders": abs(low[left] - low[right]) / 2 / unit,
            "f_necks": abs(high[left_neck] - high[right_neck]) / 2 / unit,
            "f_slope": side * (high[right_neck] - high[left_neck]) / unit,
            "f_height": height / unit,
            "f_span": float(right - left),
        } | volumes(bars, left, broke)
        extreme = lowest(chart, right, at)
        anchors = {"left_shoulder": left, "left_neck": left_neck, "head": head, "right_neck": right_neck}
        anchors |= {"right_shoulder": right, "break": broke, "setup_extreme": extreme}
        target = side * (chart.price(level + slope * (broke - left_neck)) + height)
        kind = "inverse_head_and_shoulders" if side > 0 else "head_and_shoulders"
        ends = side * chart.price(level + slope * (at - left_neck))
        stop = side * low[extreme]
        target = target if target > 0 else NAN
        line = (side * high[left_neck], ends)
        found.append(Reversal(kind, side, at, stop, target, height, anchors, features, *line))
    return found


def price_doubles(bars: Any, rule: Any) -> list[Reversal]:
    found = [*doubles(Chart(bars, 1), bars, rule), *doubles(Chart(bars, -1), bars, rule)]
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def doubles(chart: Chart, bars: Any, rule: Any) -> list[Reversal]:
    trends, found, side = trend(bars, rule.width), [], chart.side
    for known, chain in turns(chart, rule.width):
        if len(chain) < 3:
            continue
        left, right, low, high = chain[-3].bar, chain[-1].bar, chart.low, chart.high
        peak = max(range(left + 1, right), key=lambda bar: high[bar])
        mean = abs(low[left] + low[right]) / 2
        apart = abs(low[left] - low[right]) / mean * 100
        if apart > rule.apart or not high[peak] - max(low[left], low[right]) >= rule.between * chart.atr[right]:
            continue
        done = confirmed(chart, known, right, (peak, chart.log(high[peak]), 0.0), rule.within)
        if done is None:
            continue
        at, broke = done
        extreme = lowest(chart, left, at)
        height = high[peak] - low[extreme]
        target = side * (high[peak] + height)
        features = {
            "f_apart": apart,
            "f_height": (high[peak] - min(low[left], low[right])) / chart.atr[right],
            "f_span": float(right - left),
            "f_trend": trends[left + rule.width],
        } | volumes(bars, left, broke)
        anchors = {"left": left, "peak": peak, "right": right, "break": broke, "setup_extreme": extreme}
        kind, level = "double_bottom" if side > 0 else "double_top", side * high[peak]
        stop, target = side * low[extreme], target if target > 0 else NAN
        found.append(Reversal(kind, side, at, stop, target, height, anchors, features, level, level))
    return found
