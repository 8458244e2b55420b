"""Channels, wedges and triangles from their definitions, bar by bar, and their breaks; around resistances by negating
the logs. The trendlines are taken as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from .indicators import atr
from .lines import apart, fading_volume
from .swings import swing_highs, swing_lows
from .volume import relative_volume

NAN = math.nan
SAME = 1e-11  # of log prices: nearer than that is on the line
CHANNELS = ("rising_channel", "falling_channel", "flat_channel")
STATED = {"ascending_triangle": 1, "descending_triangle": -1, "rising_wedge": -1, "falling_wedge": 1}


@dataclass(frozen=True)
class Edge:
    """A line in logs that are not negated; last: its last touch when the pattern was known."""

    first: int
    level: float
    slope: float
    last: int

    def at(self, bar: int) -> float:
        return self.level + self.slope * (bar - self.first)


@dataclass
class Pattern:
    shape: str
    upper: Edge
    lower: Edge
    start: int
    known_at: int
    touches: int
    span: int
    begun: int  # the first bar of its trendline
    ended: int = -1
    fate: int = 0
    superseded: bool = False


@dataclass
class Break:
    kind: str
    direction: int
    known_at: int
    stop: float
    target: float
    height: float
    anchors: dict[str, int]
    features: dict[str, float]
    broken: Edge
    opposite: Edge


@dataclass
class Trendline:
    """One of the given lines. ended -1: not in these bars."""

    edge: Edge
    known_at: int
    ended: int
    broken: bool
    touches: list[int] = field(default_factory=list)


class Chart:
    """Logs of the bars, neither side negated, and the ATR as a part of the close."""

    def __init__(self, bars: Any, width: int) -> None:
        high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
        self.ranges = atr(high, low, close, 14)
        self.unit = [value / price for value, price in zip(self.ranges, close, strict=True)]
        self.high, self.low, self.close = ([math.log(price) for price in series] for series in (high, low, close))
        self.lows = [swing.bar for swing in swing_lows(low, width, width)]
        self.highs = [swing.bar for swing in swing_highs(high, width, width)]


def given(lines: Any) -> list[Trendline]:
    found = []
    for row in range(len(lines)):
        touches = [int(bar) for bar in lines.touch[lines.first[row] : lines.first[row + 1]]]
        edge = Edge(int(lines.start[row]), float(lines.level[row]), float(lines.slope[row]), -1)
        known_at, ended = int(lines.known_at[row]), int(lines.ended[row])
        found.append(Trendline(edge, known_at, ended, bool(lines.broken[row]), touches))
    return found


def patterns(bars: Any, rule: Any, supports: Any, resistances: Any) -> list[Pattern]:
    """By the bar at which they were known, most touches first, then the longest, then those around supports."""
    chart = Chart(bars, rule.lines.width)
    found = [one for line in given(supports) for one in around(chart, line, 1, rule)]
    found += [one for line in given(resistances) for one in around(chart, line, -1, rule)]
    kept: list[Pattern] = []
    for one in sorted(found, key=lambda one: (one.known_at, -one.touches, -one.span, one.begun)):
        living = [other for other in kept if other.ended < 0 or other.ended > one.known_at]
        if not any(one.shape == other.shape and beside(chart, one, other, rule.lines.near) for other in living):
            kept.append(one)
    return kept


def beside(chart: Chart, one: Pattern, other: Pattern, near: float) -> bool:
    """Whether both edges are as near as a touch, where the later one begins and where it is known."""
    reach = near * chart.unit[one.known_at]
    pairs = ((one.upper, other.upper), (one.lower, other.lower))
    places = (max(one.start, other.start), one.known_at)
    return all(abs(mine.at(bar) - theirs.at(bar)) <= reach for mine, theirs in pairs for bar in places)


def around(chart: Chart, line: Trendline, side: int, rule: Any) -> list[Pattern]:
    """The patterns of one trendline, one after the other; an opposite edge lies above a support (side +1)."""
    swings = chart.highs if side > 0 else chart.lows
    wick = chart.high if side > 0 else chart.low
    width, found = rule.lines.width, []
    current: Pattern | None = None
    end = line.ended if line.ended >= 0 else len(chart.close)
    for t in range(line.known_at, min(end + 1, len(chart.close))):
        if current is not None and closed(chart, line, side, current, t, rule):
            current = None
        free = t == line.known_at or (current is None and t - width in line.touches)
        if t == end or not (free or t - width in swings):
            continue
        recent = [bar for bar in swings if bar + width <= t]
        if len(recent) < rule.others:
            continue
        if current is not None:
            edge = current.upper if side > 0 else current.lower
            if abs(edge.at(recent[-1]) - wick[recent[-1]]) <= rule.lines.near * chart.unit[recent[-1]] + SAME:
                continue
        new = opposite(chart, line, side, recent[-rule.lines.last :], t, free, rule)
        if new is not None:
            if current is not None:
                current.ended, current.superseded = t, True
            current = new
            found.append(new)
    return found


def closed(chart: Chart, line: Trendline, side: int, one: Pattern, t: int, rule: Any) -> bool:
    """Whether the pattern ends at the close of t; it is told."""
    margin = rule.lines.margin * chart.unit[t]
    if one.upper.at(t) <= one.lower.at(t):
        one.fate = 0
    elif t == line.ended:
        one.fate = -side if line.broken else 0
    elif side > 0 and chart.close[t] > one.upper.at(t) + margin:
        one.fate = 1
    elif side < 0 and chart.close[t] < one.lower.at(t) - margin:
        one.fate = -1
    elif t - one.known_at <= rule.lines.length:
        return False
    one.ended = t
    return True


def opposite(
    chart: Chart, line: Trendline, side: int, recent: list[int], t: int, free: bool, rule: Any
) -> Pattern | None:
    """The pattern that the best opposite edge makes, which unless `free` touches the newest swing."""
    own = [bar for bar in line.touches if bar + rule.lines.width <= t]
    wick, best, best_rank = chart.high if side > 0 else chart.low, None, (0, 0, 0.0)
    for number, first in enumerate(recent):
        for other in recent[number + 1 :]:
            if math.isnan(chart.unit[first]):
                continue
            slope = (wick[other] - wick[first]) / (other - first)
            edge = Edge(first, wick[first], slope, -1)
            near = [
                bar
                for bar in recent[number:]
                if abs(wick[bar] - edge.at(bar)) <= rule.lines.near * chart.unit[bar] + SAME
            ]
            touches = apart(near, rule.lines.apart)
            if len(touches) < rule.others or touches[-1] - first > rule.lines.length:
                continue
            if not free and touches[-1] != recent[-1]:
                continue
            start = max(first, line.edge.first)
            if touches[-2] < start or own[-2] < start:
                continue
            if any(side * (chart.close[bar] - edge.at(bar)) > SAME for bar in range(first, t + 1)):
                continue
            opposing = Edge(first, wick[first], slope, touches[-1])
            main = Edge(line.edge.first, line.edge.level, line.edge.slope, own[-1])
            upper, lower = (opposing, main) if side > 0 else (main, opposing)
            span = max(upper.last, lower.last) - start
            shape = named(upper, lower, span, chart.unit[t], t, rule.level)
            if shape is None:
                continue
            off = sum(abs(wick[bar] - edge.at(bar)) / chart.unit[bar] for bar in touches)
            rank = (len(touches), touches[-1] - first, -off)
            if (
                best is None
                or rank[:2] > best_rank[:2]
                or (rank[:2] == best_rank[:2] and rank[2] > best_rank[2] + SAME)
            ):
                best = Pattern(shape, upper, lower, start, t, len(own) + len(touches), span, main.first)
                best_rank = rank
    return best


def named(upper: Edge, lower: Edge, span: int, unit: float, known_at: int, level: float) -> str | None:
    """The shape, None of edges that part or have met."""
    top, bottom = upper.slope * span / unit, lower.slope * span / unit
    if upper.at(known_at) <= lower.at(known_at):
        return None
    if abs(top - bottom) <= level:
        middle = (top + bottom) / 2
        if abs(middle) <= level:
            return "flat_channel"
        return "rising_channel" if middle > 0 else "falling_channel"
    if top > bottom:
        return None
    if abs(top) <= level < abs(bottom):
        return "ascending_triangle"
    if abs(bottom) <= level < abs(top):
        return "descending_triangle"
    if top > 0 and bottom > 0:
        return "rising_wedge"
    return "falling_wedge" if top < 0 and bottom < 0 else "symmetrical_triangle"


def inside(found: list[Pattern], bars: Any, shapes: tuple[str, ...]) -> list[bool]:
    marks = [False] * len(bars)
    for one in found:
        if one.shape in shapes:
            for t in range(one.known_at, one.ended if one.ended >= 0 else len(marks)):
                marks[t] = True
    return marks


def pattern_breaks(bars: Any, found: list[Pattern], width: int) -> list[Break]:
    """Of several that break the same way at one close the one with most touches, then the longest; of a kind that broke
    at most five bars before none.
    """
    ranges, made = Chart(bars, width).ranges, []
    latest: dict[str, int] = {}
    for t in sorted({one.ended for one in found}):
        for way in (1, -1):
            there = [one for one in found if one.ended == t and one.fate == way]
            if not there:
                continue
            one = broken(bars, max(there, key=lambda one: (one.touches, one.span)), way, ranges)
            if t - latest.get(one.kind, -6) > 5:
                made.append(one)
            latest[one.kind] = t
    return sorted(made, key=lambda one: (one.known_at, one.kind))


def broken(bars: Any, one: Pattern, way: int, ranges: list[float]) -> Break:
    t, stated = one.ended, STATED.get(one.shape, 0)
    height = max(math.exp(one.upper.at(bar)) - math.exp(one.lower.at(bar)) for bar in (one.start, t))
    if way > 0:
        kind, edge, other = f"{one.shape}_up", one.upper, one.lower
        extreme = min(range(other.last, t + 1), key=lambda bar: bars.low[bar])
        target = math.exp(edge.at(t)) + height
    else:
        kind, edge, other = f"{one.shape}_down", one.lower, one.upper
        extreme = max(range(other.last, t + 1), key=lambda bar: bars.high[bar])
        target = math.exp(edge.at(t)) - height
    meet = NAN
    if one.shape not in CHANNELS:
        meet = one.start + (one.upper.at(one.start) - one.lower.at(one.start)) / (one.lower.slope - one.upper.slope)
    features = {
        "f_stated": float(way * stated),
        "f_touches": float(one.touches),
        "f_span": float(one.span),
        "f_age": float(t - one.known_at),
        "f_height": height / ranges[t],
        "f_progress": (t - one.start) / (meet - one.start),
        "f_beyond": abs(math.log(bars.close[t]) - edge.at(t)) * float(bars.close[t]) / ranges[t],
    } | volumes(bars, one.start, t)
    anchors = {"start": one.start, "upper": one.upper.last, "lower": one.lower.last, "break": t}
    anchors["setup_extreme"] = extreme
    target = target if target > 0 else NAN
    return Break(kind, way, t, math.exp(other.at(t)), target, height, anchors, features, edge, other)


def volumes(bars: Any, start: int, broke: int) -> dict[str, float]:
    """What is recorded of the volume at a break, nothing where none is known."""
    volume = bars.volume.tolist()
    if all(map(math.isnan, volume)):
        return {}
    inside = fading_volume(volume, start, broke - 1)
    return {"f_volume_ratio": relative_volume(bars, False)[broke], "f_volume_inside": inside}
