"""Legs, their levels and pullbacks from their definitions, the rising and the falling side each written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .indicators import atr, rsi
from .swings import Swing, swing_highs, swing_lows, zigzag

FIBONACCI = (0.236, 0.382, 0.5, 0.618, 0.786)


@dataclass(frozen=True)
class Reaction:
    leg: int
    side: int
    start: int
    end: int
    ratio: float
    level: float
    length: float
    atr: float
    entered: int
    decided: int
    outcome: float


@dataclass(frozen=True)
class Pullback:
    kind: str
    direction: int
    known_at: int
    stop: float
    target: float
    height: float
    anchors: dict[str, int]
    features: dict[str, float]


def edges(bars: Any, prices: str) -> tuple[list[float], list[float]]:
    """The upper and the lower price of every bar that legs are measured by."""
    if prices == "wick":
        return bars.high.tolist(), bars.low.tolist()
    pairs = list(zip(bars.open.tolist(), bars.close.tolist(), strict=True))
    return [max(pair) for pair in pairs], [min(pair) for pair in pairs]


def reactions(bars: Any, rule: Any, ratios: tuple[float, ...]) -> list[Reaction]:
    """First entries into the zones, by bar, leg and ratio."""
    swings = zigzag(bars, "atr", rule.size)
    found = []
    for leg, swing in enumerate(swings):
        later = [other.known_at for other in swings[leg + 1 :] if other.kind == swing.kind]
        last = later[0] if later else len(bars.close) - 1
        found += (rising if swing.kind < 0 else falling)(bars, rule, ratios, leg, swing, last)
    return sorted(found, key=lambda one: (one.entered, one.leg, one.ratio))


def rising(bars: Any, rule: Any, ratios: tuple[float, ...], leg: int, swing: Swing, last: int) -> list[Reaction]:
    upper, lower = edges(bars, rule.prices)
    low, close = bars.low.tolist(), bars.close.tolist()
    units = atr(bars.high.tolist(), low, close, 14)
    found: list[Reaction] = []
    first = min(swing.bar + 1, swing.known_at)
    for t in range(swing.known_at + 1, last + 1):
        end = max(range(first, t), key=lambda bar: upper[bar])
        length, unit = upper[end] - lower[swing.bar], units[end]
        if not unit > 0 or length < rule.least * unit:
            continue
        for ratio in ratios:
            level = upper[end] - ratio * length
            edge = level + rule.zone * unit
            again = any(one.ratio == ratio for one in found) or any(price <= edge for price in low[end + 1 : t])
            if low[t] > edge or again:
                continue
            decided, outcome = -1, math.nan
            for s in range(t, len(close)):
                if close[s] >= level + rule.react * unit:
                    decided, outcome = s, 1.0
                    break
                if close[s] < level - rule.zone * unit:
                    decided, outcome = s, 0.0
                    break
            found.append(Reaction(leg, 1, swing.bar, end, ratio, level, length, unit, t, decided, outcome))
        if close[t] < upper[end] - rule.over * length - rule.zone * unit:
            break
    return found


def falling(bars: Any, rule: Any, ratios: tuple[float, ...], leg: int, swing: Swing, last: int) -> list[Reaction]:
    upper, lower = edges(bars, rule.prices)
    high, close = bars.high.tolist(), bars.close.tolist()
    units = atr(high, bars.low.tolist(), close, 14)
    found: list[Reaction] = []
    first = min(swing.bar + 1, swing.known_at)
    for t in range(swing.known_at + 1, last + 1):
        end = min(range(first, t), key=lambda bar: lower[bar])
        length, unit = upper[swing.bar] - lower[end], units[end]
        if not unit > 0 or length < rule.least * unit:
            continue
        for ratio in ratios:
            level = lower[end] + ratio * length
            edge = level - rule.zone * unit
            again = any(one.ratio == ratio for one in found) or any(price >= edge for price in high[end + 1 : t])
            if high[t] < edge or again:
                continue
            decided, outcome = -1, math.nan
            for s in range(t, len(close)):
                if close[s] <= level - rule.react * unit:
                    decided, outcome = s, 1.0
                    break
                if close[s] > level + rule.zone * unit:
                    decided, outcome = s, 0.0
                    break
            found.append(Reaction(leg, -1, swing.bar, end, ratio, level, length, unit, t, decided, outcome))
        if close[t] > lower[end] + rule.over * length + rule.zone * unit:
            break
    return found


def pullbacks(bars: Any, rule: Any) -> list[Pullback]:
    """Reactions at the deepest level entered, by (known_at, kind)."""
    upper, lower = edges(bars, rule.legs.prices)
    high, low = bars.high.tolist(), bars.low.tolist()
    all_of_them = reactions(bars, rule.legs, rule.ratios)
    bullish, bearish = turning(bars)
    strength = rsi(bars.close.tolist(), 14)
    swings = zigzag(bars, "atr", rule.legs.size)
    old = swing_lows(low, rule.width, rule.width) + swing_highs(high, rule.width, rule.width)
    units = atr(high, low, bars.close.tolist(), 14)
    found = []
    for one in all_of_them:
        known = one.decided
        deeper = [other for other in all_of_them if other.leg == one.leg and other.ratio > one.ratio]
        if one.outcome != 1.0 or any(other.entered <= known for other in deeper):
            continue
        span = range(one.entered, known + 1)
        recent = strength[max(known - rule.within, 0) : known + 1]
        if one.side > 0:
            kind, turn = "pullback_up", min(span, key=lambda bar: low[bar])
            stop = low[one.start]
            if rule.stop == "786":
                stop = upper[one.end] - 0.786 * one.length - rule.legs.zone * one.atr
            target = lower[one.start] + rule.extension * one.length
            depth = (upper[one.end] - low[turn]) / one.length
            candle = any(bullish[bar] for bar in span)
            extreme = any(value <= rule.oversold for value in recent)
        else:
            kind, turn = "pullback_down", max(span, key=lambda bar: high[bar])
            stop = high[one.start]
            if rule.stop == "786":
                stop = lower[one.end] + 0.786 * one.length + rule.legs.zone * one.atr
            target = upper[one.start] - rule.extension * one.length
            depth = (high[turn] - lower[one.end]) / one.length
            candle = any(bearish[bar] for bar in span)
            extreme = any(value >= 100 - rule.oversold for value in recent)
        features = {
            "f_level": one.ratio,
            "f_length": one.length / one.atr,
            "f_candle": float(candle),
            "f_cluster": float(cluster(swings, upper, lower, units, one, rule)),
            "f_horizontal": float(standing(old, one, rule)),
            "f_rsi_extreme": math.nan if math.isnan(strength[known]) else float(extreme),
            "f_depth": depth,
            "f_broken_before_known": float(low[turn] < stop if one.side > 0 else high[turn] > stop),
        }
        if not all(math.isnan(value) for value in bars.volume.tolist()):
            features["f_volume_ratio"] = busy(bars.volume.tolist(), one.entered, known)
        anchors = {"leg_start": one.start, "leg_end": one.end, "entered": one.entered, "setup_extreme": turn}
        found.append(Pullback(kind, one.side, known, stop, target, one.length, anchors, features))
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def standing(old: list[Swing], one: Reaction, rule: Any) -> bool:
    """Whether an old swing lies near the level."""
    usable = [swing for swing in old if swing.bar < one.start and swing.known_at <= one.decided]
    recent = [swing for swing in usable if swing.bar >= one.decided - rule.oldest]
    return any(abs(swing.price - one.level) <= rule.near * one.atr for swing in recent)


def cluster(
    swings: list[Swing], upper: list[float], lower: list[float], units: list[float], one: Reaction, rule: Any
) -> int:
    """Other legs, of the last few whose ends are both confirmed, that have a level near this one."""
    count, confirmed = 0, [number for number in range(len(swings) - 1) if swings[number + 1].known_at <= one.decided]
    for number in [number for number in confirmed if number != one.leg][-rule.others :]:
        start, end = swings[number], swings[number + 1]
        if end.kind > 0:
            length = upper[end.bar] - lower[start.bar]
            levels = [upper[end.bar] - ratio * length for ratio in FIBONACCI]
        else:
            length = upper[start.bar] - lower[end.bar]
            levels = [lower[end.bar] + ratio * length for ratio in FIBONACCI]
        if abs(length) >= rule.legs.least * units[end.bar]:
            count += any(abs(level - one.level) <= rule.near * one.atr for level in levels)
    return count


def pins(bars: Any) -> list[int]:
    """+1 a long lower wick, -1 a long upper one."""
    found = []
    for opened, high, low, close in zip(*candles(bars), strict=True):
        body, whole, tiny = abs(close - opened), high - low, 1e-10 * close
        upper, lower = high - max(opened, close), min(opened, close) - low
        tail = lower >= 2 * body - tiny and lower >= 0.6 * whole - tiny and upper <= 0.2 * whole + tiny
        head = upper >= 2 * body - tiny and upper >= 0.6 * whole - tiny and lower <= 0.2 * whole + tiny
        found.append(0 if whole == 0 else 1 if tail else -1 if head else 0)
    return found


def engulfing(bars: Any) -> list[int]:
    """+1 a white body around the black one before, -1 the other way round; one of the two ends may be the same."""
    opened, _, _, close = candles(bars)
    found = [0] * len(close)
    for t in range(2, len(close)):
        white, before_white = close[t] >= opened[t], close[t - 1] >= opened[t - 1]
        top, bottom = max(close[t], opened[t]), min(close[t], opened[t])
        top_before, bottom_before = max(close[t - 1], opened[t - 1]), min(close[t - 1], opened[t - 1])
        around = top >= top_before and bottom <= bottom_before and (top > top_before or bottom < bottom_before)
        if white != before_white and around:
            found[t] = 1 if white else -1
    return found


def hammers(bars: Any) -> tuple[list[bool], list[bool]]:
    """Hammers and shooting stars: a small body, one wick longer than it, next to no other one, in their place."""
    opened, high, low, close = candles(bars)
    bodies = [abs(close[t] - opened[t]) for t in range(len(close))]
    ranges = [high[t] - low[t] for t in range(len(close))]
    hammer, star = [False] * len(close), [False] * len(close)
    for t in range(11, len(close)):
        upper, lower = high[t] - max(opened[t], close[t]), min(opened[t], close[t]) - low[t]
        small = bodies[t] < sum(bodies[t - 10 : t]) / 10
        hardly = sum(ranges[t - 10 : t]) / 10 * 0.1
        near = sum(ranges[t - 6 : t - 1]) / 5 * 0.2
        hammer[t] = small and lower > bodies[t] and upper < hardly and min(opened[t], close[t]) <= low[t - 1] + near
        gap = min(opened[t], close[t]) > max(opened[t - 1], close[t - 1])
        star[t] = small and upper > bodies[t] and lower < hardly and gap
    return hammer, star


def busy(volume: list[float], first: int, last: int) -> float:
    """Mean volume from first to last over that of the twenty bars before."""
    if first < 20 or not sum(volume[first - 20 : first]) > 0:
        return math.nan
    inside = volume[first : last + 1]
    return sum(inside) / len(inside) / (sum(volume[first - 20 : first]) / 20)


def hanging(bars: Any) -> list[bool]:
    """A hammer upside down: as a shooting star, but at the high of the bar before and not above its body."""
    opened, high, low, close = candles(bars)
    found = [False] * len(close)
    for t in range(11, len(close)):
        upper, lower = high[t] - max(opened[t], close[t]), min(opened[t], close[t]) - low[t]
        small = abs(close[t] - opened[t]) < sum(abs(close[k] - opened[k]) for k in range(t - 10, t)) / 10
        hardly = sum(high[k] - low[k] for k in range(t - 10, t)) / 10 * 0.1
        near = sum(high[k] - low[k] for k in range(t - 6, t - 1)) / 5 * 0.2
        placed = max(opened[t], close[t]) >= high[t - 1] - near
        found[t] = small and upper > abs(close[t] - opened[t]) and lower < hardly and placed
    return found


def turning(bars: Any) -> tuple[list[bool], list[bool]]:
    """Candles that turn price up, and those that turn it down."""
    pin, around, (hammer, _), star = pins(bars), engulfing(bars), hammers(bars), hanging(bars)
    every = range(len(pin))
    up = [pin[t] == 1 or around[t] == 1 or hammer[t] for t in every]
    return up, [pin[t] == -1 or around[t] == -1 or star[t] for t in every]


def candles(bars: Any) -> tuple[list[float], list[float], list[float], list[float]]:
    return bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
