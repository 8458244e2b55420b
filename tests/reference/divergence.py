"""RSI divergence from its definition: the bullish side and the bearish side, each written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .swings import Swing, swing_highs, swing_lows, zigzag

NAN = math.nan
Pair = tuple[int, int]  # a matched swing: the bar of its price, the bar of its oscillator


@dataclass(frozen=True)
class Divergence:
    kind: str
    direction: int
    known_at: int
    stop: float
    anchors: dict[str, int]
    features: dict[str, float]


def divergences(bars: Any, oscillator: Sequence[float], rule: Any) -> list[Divergence]:
    """Every divergence of both sides and both kinds, by (known_at, kind)."""
    values = [float(value) for value in oscillator]
    found = bullish(bars, values, rule) + bearish(bars, values, rule)
    found.sort(key=lambda one: (one.known_at, one.kind))
    return number(found, zigzag(bars, "atr", 3.0))


def bullish(bars: Any, osc: list[float], rule: Any) -> list[Divergence]:
    low = bars.low.tolist()
    troughs = [swing.bar for swing in swing_lows(osc, rule.left, rule.right, rule.ties)]
    if rule.pairing == "oscillator":
        matched = [(bar, bar) for bar in troughs]
    else:
        prices = [swing.bar for swing in swing_lows(low, rule.left, rule.right, rule.ties)]
        matched = match(prices, troughs, rule.match_within)
    found = []
    for (a1, b1), (a2, b2) in neighbours(matched, rule):
        if low[a2] < low[a1] and osc[b2] > osc[b1]:
            kind = "regular_bullish"
        elif low[a2] > low[a1] and osc[b2] < osc[b1]:
            kind = "hidden_bullish"
        else:
            continue
        known_at = max(a2, b2) + rule.right
        extreme = max(0, a2 - 3)
        for bar in range(extreme, known_at + 1):
            if low[bar] < low[extreme]:
                extreme = bar
        anchors = {"left_price": a1, "left_osc": b1, "right_price": a2, "right_osc": b2, "setup_extreme": extreme}
        features = bullish_features(bars, osc, rule, anchors, known_at)
        found.append(Divergence(kind, 1, known_at, low[extreme], anchors, features))
    return found


def bearish(bars: Any, osc: list[float], rule: Any) -> list[Divergence]:
    high = bars.high.tolist()
    peaks = [swing.bar for swing in swing_highs(osc, rule.left, rule.right, rule.ties)]
    if rule.pairing == "oscillator":
        matched = [(bar, bar) for bar in peaks]
    else:
        prices = [swing.bar for swing in swing_highs(high, rule.left, rule.right, rule.ties)]
        matched = match(prices, peaks, rule.match_within)
    found = []
    for (a1, b1), (a2, b2) in neighbours(matched, rule):
        if high[a2] > high[a1] and osc[b2] < osc[b1]:
            kind = "regular_bearish"
        elif high[a2] < high[a1] and osc[b2] > osc[b1]:
            kind = "hidden_bearish"
        else:
            continue
        known_at = max(a2, b2) + rule.right
        extreme = max(0, a2 - 3)
        for bar in range(extreme, known_at + 1):
            if high[bar] > high[extreme]:
                extreme = bar
        anchors = {"left_price": a1, "left_osc": b1, "right_price": a2, "right_osc": b2, "setup_extreme": extreme}
        features = bearish_features(bars, osc, rule, anchors, known_at)
        found.append(Divergence(kind, -1, known_at, high[extreme], anchors, features))
    return found


def match(prices: list[int], oscillators: list[int], within: int) -> list[Pair]:
    """Give every price swing its oscillator swing: the nearest unused one behind it, else the first one ahead."""
    matched: list[Pair] = []
    used: set[int] = set()
    for a in prices:
        free = [b for b in oscillators if b not in used]
        behind = [b for b in free if a - within <= b <= a]
        ahead = [b for b in free if a < b <= a + within]
        if behind:
            b = max(behind)
        elif ahead and not any(a < other <= min(ahead) for other in prices):
            b = min(ahead)
        else:
            continue
        used.add(b)
        matched.append((a, b))
    return matched


def neighbours(matched: list[Pair], rule: Any) -> list[tuple[Pair, Pair]]:
    """Each matched swing with the one immediately before it, where their gap is allowed."""
    pairs = []
    for left, right in pairwise(matched):
        if rule.min_gap <= right[0] - left[0] <= rule.max_gap:
            pairs.append((left, right))
    return pairs


RESET = {  # which confirmed zigzag extreme starts the count anew: +1 a high, -1 a low
    "regular_bullish": -1,
    "hidden_bullish": 1,
    "regular_bearish": 1,
    "hidden_bearish": -1,
}


def number(found: list[Divergence], turns: list[Swing]) -> list[Divergence]:
    """Write into each divergence which one of its kind it is since the last opposite turn."""
    count: dict[str, int] = {}
    last: dict[str, float] = {}
    for one in found:
        before = last.get(one.kind, -math.inf)
        turned = any(turn.kind == RESET[one.kind] and before < turn.known_at <= one.known_at for turn in turns)
        count[one.kind] = 1 if turned else count.get(one.kind, 0) + 1
        last[one.kind] = one.known_at
        one.features["f_succession"] = float(count[one.kind])
    return found


def bullish_features(
    bars: Any, osc: list[float], rule: Any, anchors: dict[str, int], known_at: int
) -> dict[str, float]:
    low = bars.low.tolist()
    left, right, price = anchors["left_osc"], anchors["right_osc"], anchors["right_price"]
    extreme = left
    if rule.left_extreme == "since_midline" and osc[left] < rule.midline:
        bar = left
        while bar >= 0 and osc[bar] < rule.midline:  # a NaN compares False and ends the walk
            if osc[bar] <= osc[extreme]:
                extreme = bar
            bar -= 1
    beyond = [value <= rule.oversold for value in osc]
    features = {
        "f_left_extreme": 1.0 if osc[extreme] <= rule.oversold else 0.0,
        "f_left_depth": rule.oversold - osc[extreme],
        "f_right_depth": rule.oversold - osc[right],
        "f_broken_before_known": 1.0 if min(low[price + 1 : known_at + 1]) < low[price] else 0.0,
    }
    return features | _common(bars, osc, rule, anchors, known_at, beyond, extreme)


def bearish_features(
    bars: Any, osc: list[float], rule: Any, anchors: dict[str, int], known_at: int
) -> dict[str, float]:
    high = bars.high.tolist()
    left, right, price = anchors["left_osc"], anchors["right_osc"], anchors["right_price"]
    extreme = left
    if rule.left_extreme == "since_midline" and osc[left] > rule.midline:
        bar = left
        while bar >= 0 and osc[bar] > rule.midline:
            if osc[bar] >= osc[extreme]:
                extreme = bar
            bar -= 1
    beyond = [value >= rule.overbought for value in osc]
    features = {
        "f_left_extreme": 1.0 if osc[extreme] >= rule.overbought else 0.0,
        "f_left_depth": osc[extreme] - rule.overbought,
        "f_right_depth": osc[right] - rule.overbought,
        "f_broken_before_known": 1.0 if max(high[price + 1 : known_at + 1]) > high[price] else 0.0,
    }
    return features | _common(bars, osc, rule, anchors, known_at, beyond, extreme)


def _common(
    bars: Any,
    osc: list[float],
    rule: Any,
    anchors: dict[str, int],
    known_at: int,
    beyond: list[bool],
    extreme: int,
) -> dict[str, float]:
    """What is the same for both sides once it is known which bars lie beyond the threshold."""
    left_width = width(beyond, extreme, known_at)
    right_width = width(beyond, anchors["right_osc"], known_at)
    return {
        "f_left_width": float(left_width),
        "f_right_width": float(right_width),
        "f_width_ratio": right_width / left_width if left_width else NAN,
        "f_left_osc": osc[anchors["left_osc"]],
        "f_right_osc": osc[anchors["right_osc"]],
        "f_volume_ratio": volume_ratio(bars.volume.tolist(), anchors["left_price"], anchors["right_price"]),
        "f_control": control(osc[known_at], rule.midline),
    }


def width(beyond: list[bool], bar: int, last: int) -> int:
    """The number of adjoining bars beyond the threshold around `bar`, none of them after `last`."""
    if not beyond[bar]:
        return 0
    first = bar
    while first > 0 and beyond[first - 1]:
        first -= 1
    final = bar
    while final < last and beyond[final + 1]:
        final += 1
    return final - first + 1


def volume_ratio(volume: list[float], left: int, right: int) -> float:
    """Mean volume of the three bars ending at `right` over that of the three ending at `left`."""
    if left < 2 or right < 2:
        return NAN
    before, after = sum(volume[left - 2 : left + 1]) / 3, sum(volume[right - 2 : right + 1]) / 3
    if before == 0.0 or math.isnan(before) or math.isnan(after):
        return NAN
    return after / before


def control(value: float, midline: float) -> float:
    if math.isnan(value):
        return NAN
    return 1.0 if value > midline else -1.0 if value < midline else 0.0
