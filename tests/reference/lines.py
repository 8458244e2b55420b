"""Trendlines and their breaks from their definitions, bar by bar; resistances by negating the logs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from .indicators import atr
from .swings import swing_highs, swing_lows
from .volume import relative_volume

NAN = math.nan
SAME = 1e-11  # of log prices: nearer than that is on the line


@dataclass
class Line:
    """A line in logs, those of a resistance negated."""

    start: int
    slope: float
    level: float
    known_at: int = -1
    touches: list[int] = field(default_factory=list)
    ended: int = -1
    broken: bool = False

    def at(self, bar: int) -> float:
        return self.level + self.slope * (bar - self.start)


@dataclass
class Break:
    kind: str
    direction: int
    known_at: int
    stop: float
    anchors: dict[str, int]
    features: dict[str, float]
    first: int
    last: int
    begins: float
    ends: float
    veto: str = ""


class Chart:
    """Logs of a side: `touch` of the wick that touches its lines, `close`; `unit`, the ATR as a part of the close."""

    def __init__(self, bars: Any, side: int) -> None:
        high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
        self.ranges = atr(high, low, close, 14)
        self.unit = [value / price for value, price in zip(self.ranges, close, strict=True)]
        wick = low if side > 0 else high
        self.touch = [side * math.log(price) for price in wick]
        self.close = [side * math.log(price) for price in close]

    def touched(self, line: Line, bar: int, near: float) -> bool:
        off: float = abs(self.touch[bar] - line.at(bar))
        return off <= near * self.unit[bar] + SAME


def trendlines(bars: Any, side: int, rule: Any) -> list[Line]:
    chart = Chart(bars, side)
    if side > 0:
        swings = [swing.bar for swing in swing_lows(bars.low.tolist(), rule.width, rule.width)]
    else:
        swings = [swing.bar for swing in swing_highs(bars.high.tolist(), rule.width, rule.width)]
    known = {bar + rule.width: bar for bar in swings}
    lines: list[Line] = []
    for t in range(len(bars)):
        for line in lines:
            if line.ended >= 0:
                continue
            if chart.close[t] < line.at(t) - rule.margin * chart.unit[t]:
                line.ended, line.broken = t, True
            elif t > line.touches[-1] + rule.length:
                line.ended = t
        if t not in known:
            continue
        newest = known[t]
        for line in lines:
            if line.ended < 0 and newest - line.touches[-1] >= rule.apart and chart.touched(line, newest, rule.near):
                line.touches.append(newest)
        recent = [bar for bar in swings if bar <= newest][-rule.last :]
        for line in candidates(chart, recent, t, rule):
            if not any(other.ended < 0 and beside(chart, line, other, newest, rule) for other in lines):
                lines.append(line)
    return lines


def candidates(chart: Chart, recent: list[int], t: int, rule: Any) -> list[Line]:
    """The lines that the newest of the recent swings makes: of more touches first, then longer, then nearer."""
    newest, found = recent[-1], []
    for number, start in enumerate(recent):
        for other in recent[number + 1 :]:
            slope = (chart.touch[other] - chart.touch[start]) / (other - start)
            line = Line(start, slope, chart.touch[start], known_at=t)
            line.touches = [bar for bar in recent[number:] if chart.touched(line, bar, rule.near)]
            counted = apart(line.touches, rule.apart)
            if len(counted) < rule.touches or newest - start > rule.length:
                continue
            if counted[0] != start or counted[-1] != newest:  # no touch is known where no ATR is
                continue
            if any(chart.close[bar] < line.at(bar) - SAME for bar in range(start, t + 1)):
                continue
            off = sum(abs(chart.touch[bar] - line.at(bar)) / chart.unit[bar] for bar in counted)
            line.touches = counted
            found.append((-len(counted), start, round(off, 9), line))
    return [row[-1] for row in sorted(found, key=lambda row: row[:-1])]


def apart(touches: list[int], least: int) -> list[int]:
    """Those that are far enough from the one counted before them."""
    counted: list[int] = []
    for bar in touches:
        if not counted or bar >= counted[-1] + least:
            counted.append(bar)
    return counted


def beside(chart: Chart, line: Line, other: Line, newest: int, rule: Any) -> bool:
    both = max(line.start, other.start)
    return all(abs(line.at(bar) - other.at(bar)) <= 2 * rule.near * chart.unit[bar] + SAME for bar in (newest, both))


def fading_volume(volume: list[float], first: int, last: int) -> float:
    half = (last - first + 1) // 2
    if half == 0:
        return NAN
    early, late = sum(volume[first : first + half]), sum(volume[last - half + 1 : last + 1])
    return late / early if early > 0 else NAN


def line_breaks(bars: Any, rule: Any) -> list[Break]:
    """In the order of known_at and kind."""
    found = []
    for side in (-1, 1):
        lines = [line for line in trendlines(bars, side, rule.lines) if line.broken]
        found += [broken(bars, side, line, rule) for line in lines]
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def broken(bars: Any, side: int, line: Line, rule: Any) -> Break:
    """The break of a line that was a support (side +1) or a resistance."""
    chart, end, last = Chart(bars, side), line.ended, line.touches[-1]
    begins, ends = (math.exp(side * line.at(bar)) for bar in (line.start, end))
    rise = side * line.slope * (last - line.start) / chart.unit[last]
    if side > 0:
        kind = "uptrend_break" if rise > rule.level else "support_break"
        extreme = max(range(last, end + 1), key=lambda bar: bars.high[bar])
        stop = float(bars.high[extreme])
    else:
        kind = "downtrend_break" if rise < -rule.level else "resistance_break"
        extreme = min(range(last, end + 1), key=lambda bar: bars.low[bar])
        stop = float(bars.low[extreme])
    features = {
        "f_touches": float(len(line.touches)),
        "f_span": float(last - line.start),
        "f_age": float(end - last),
        "f_slope": rise,
        "f_beyond": abs(chart.close[end] - line.at(end)) / chart.unit[end],
    }
    volume = bars.volume.tolist()
    if not all(map(math.isnan, volume)):
        features["f_volume_ratio"] = relative_volume(bars, False)[end]
        features["f_volume_inside"] = fading_volume(volume, line.start, end - 1)
    made = line.known_at - rule.lines.width
    anchors = {"start": line.start, "made": made, "touch": last, "break": end, "setup_extreme": extreme}
    return Break(kind, -side, end, stop, anchors, features, line.start, end, begins, ends)


def aftermath(bars: Any, one: Break, wait: int, near: float) -> tuple[int, int]:
    """Bars of the first close back inside and of the first retest before it; -1 none."""
    chart, retest = Chart(bars, one.direction), -1
    level = one.direction * math.log(one.begins)
    slope = one.direction * math.log(one.ends / one.begins) / (one.last - one.first)
    line = Line(one.first, slope, level)
    for t in range(one.known_at + 1, min(one.known_at + wait + 1, len(bars))):
        if chart.close[t] < line.at(t) - SAME:
            return t, retest
        outside = chart.close[t] > line.at(t) + SAME
        if retest < 0 and outside and chart.touch[t] <= line.at(t) + near * chart.unit[t]:
            retest = t
    return -1, retest


def false_breaks(bars: Any, breaks: list[Break], back: int = 5) -> list[Break]:
    found = []
    for one in breaks:
        inside, _ = aftermath(bars, one, back, 0.25)
        if inside < 0:
            continue
        since = range(one.known_at, inside + 1)
        if one.direction > 0:
            extreme = max(since, key=lambda bar: bars.high[bar])
            stop = float(bars.high[extreme])
        else:
            extreme = min(since, key=lambda bar: bars.low[bar])
            stop = float(bars.low[extreme])
        anchors = one.anchors | {"back": inside, "setup_extreme": extreme}
        features = one.features | {"f_wait": float(inside - one.known_at)}
        line = (one.first, one.last, one.begins, one.ends)
        found.append(Break(f"false_{one.kind}", -one.direction, inside, stop, anchors, features, *line, one.veto))
    return sorted(found, key=lambda one: (one.known_at, one.kind))
