"""What price does at a line: it comes back to it and holds or goes through, pokes through it with a wick or a close, or
leaves between two of them on one side. Prices are logs, of resistances mirrored; distances are in ATR.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...compiled import kernel
from ...structure.edges import PatternRule
from ...structure.levels import swing_levels
from ...structure.lines import LineRule, Lines, logs, trendlines
from ...structure.patterns import SHAPES, STATED, Edge, patterns
from ...structure.reversals import turns
from ...structure.shoulders import SHOULDERS
from ...structure.trend import trend

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

ZONE, BACK = 0.25, 0.5  # ATR: of a line's zone on either side, and that a close must come back to have held


class Returns(NamedTuple):
    """Returns of price into a line's zone, after a close that lay `BACK` beyond it on its side. row: of the line. held:
    1 where a close lies `BACK` beyond the line as it lay at `bar` before one goes through its zone, 0 where that is
    first, NaN where the data ends before either.
    """

    row: Ints
    bar: Ints
    held: Floats


def line_tests(bars: Bars, side: int, rule: LineRule) -> tuple[Lines, Returns]:
    """Tests of trendlines while they are alive, the close that breaks one included."""
    found = trendlines(bars, side, rule)
    ends = np.where(found.ended < 0, len(bars) - 1, np.where(found.broken, found.ended, found.ended - 1))
    tests = _tests(bars, side, found.known_at, ends, found.start, side * found.level, side * found.slope)
    return found, tests


def level_tests(bars: Bars, side: int, width: int, length: int) -> Returns:
    """Tests of the prices of single swings, high or low, for `length` bars after each or until it is broken."""
    found = swing_levels(bars, width)
    ends = np.minimum(found.bar + length, len(bars) - 1)
    return _tests(bars, side, found.known_at, ends, found.bar, side * np.log(found.price), np.zeros(len(ends)))


def pokes(bars: Bars, side: int, rule: LineRule) -> tuple[Ints, Floats]:
    """Bars that go beyond a trendline of a side as far as breaks it, and how: 1 by the wick alone, its close back on
    the line's own side and the bar before without such a wick, 0 by the close.
    """
    found = trendlines(bars, side, rule)
    low, _, close, unit = logs(bars, side)
    ends = np.where(found.ended < 0, len(bars) - 1, np.where(found.broken, found.ended, found.ended - 1))
    rows = _poked(
        low, close, unit, found.known_at, ends, found.start, side * found.level, side * found.slope, rule.margin
    )
    return rows[:, 0].astype(np.int64), rows[:, 1]


def touches_by(lines: Lines, tests: Returns, width: int) -> tuple[Ints, Ints]:
    """How many touches of its line were known before the bar of each test, and the bars from the first to the last."""
    most = int(lines.touch.max(initial=0)) + 1
    line = np.repeat(np.arange(len(lines)), np.diff(lines.first))
    place = np.searchsorted(line * most + lines.touch, tests.row * most + tests.bar - 1 - width, side="right")
    return place - lines.first[tests.row], lines.touch[place - 1] - lines.start[tests.row]


def _tests(bars: Bars, side: int, begins: Ints, ends: Ints, start: Ints, level: Floats, slope: Floats) -> Returns:
    low, _, close, unit = logs(bars, side)
    rows = _tested(low, close, unit, begins, ends, start, level, slope)
    return Returns(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2])


def edged(bars: Bars, words: tuple[str, ...], rule: PatternRule) -> tuple[NDArray[Any], ...]:
    """Bar, stated way, distances and slopes, as `left_between` wants them, of patterns that are said to break one."""
    found = patterns(bars, rule)
    names = SHAPES[found.shape]
    kept = (STATED[found.shape] != 0) & np.any([np.char.find(names, word) >= 0 for word in words], axis=0)
    found = found.take(np.flatnonzero(kept))
    _, first = np.unique(found.known_at * len(SHAPES) + found.shape, return_index=True)
    found = found.take(first)
    bar, way = found.known_at, STATED[found.shape]
    of = logs(bars, 1)

    def away(edge: Edge, side: int) -> tuple[Floats, Floats]:
        price = edge.level + edge.slope * (bar - edge.first)
        return side * (price - of.close[bar]) / of.unit[bar] + rule.lines.margin, -side * edge.slope / of.unit[bar]

    (over, falls), (under, rises) = away(found.upper, 1), away(found.lower, -1)
    up = way > 0
    slopes = np.column_stack([np.where(up, falls, rises), np.where(up, rises, falls)])
    return bar, way, np.where(up, over, under), np.where(up, under, over), slopes


def shoulders(bars: Bars, side: int, rule: LineRule) -> tuple[NDArray[Any], ...]:
    """The same of head and shoulders whose right shoulder is known, before a close lies beyond the neckline: that is
    the one edge, the right shoulder the other. Inverse ones for a side of +1.
    """
    of, found = logs(bars, side), turns(bars, side, rule.width)
    whole = found.bars[:, -1] >= 0
    known, (right, right_neck, head, left_neck, left) = found.known[whole], found.bars[whole].T
    reach = SHOULDERS.tolerance * of.unit[right]
    slope = (of.high[right_neck] - of.high[left_neck]) / np.maximum(right_neck - left_neck, 1)
    neck = of.high[left_neck] + slope * (known - left_neck)
    kept = (of.low[head] < np.minimum(of.low[left], of.low[right])) & (of.close[known] <= neck)
    kept &= np.abs(of.low[left] - of.low[right]) / 2 <= reach
    kept &= np.abs(of.high[left_neck] - of.high[right_neck]) / 2 <= reach
    kept &= (left < left_neck) & (right_neck < right) & (side * trend(bars, rule.width)[left + rule.width] < 0)
    unit, close = of.unit[known], of.close[known]
    far, near = (neck - close) / unit + rule.margin, (close - of.low[right]) / unit + rule.margin
    slopes = np.column_stack([-slope / unit, np.zeros(len(slope))])
    return known[kept], np.full(int(kept.sum()), side), far[kept], near[kept], slopes[kept]


@kernel
def _tested(
    low: Floats, close: Floats, unit: Floats, begins: Ints, ends: Ints, start: Ints, level: Floats, slope: Floats
) -> Floats:
    rows, count, n = np.empty((64, 3)), 0, len(close)
    for i in range(len(begins)):
        away, held, t = False, 1.0, begins[i]
        while t <= ends[i] and held == 1.0:
            line, atr = level[i] + slope[i] * (t - start[i]), unit[max(t - 1, 0)]
            if away and low[t] <= line + ZONE * atr:
                if count == len(rows):
                    rows = np.concatenate((rows, np.empty_like(rows)))
                rows[count, 0], rows[count, 1], held = i, t, np.nan
                while t < n:
                    if close[t] >= line + BACK * atr or close[t] < line - ZONE * atr:
                        held = 1.0 if close[t] >= line + BACK * atr else 0.0
                        break
                    t += 1
                rows[count, 2] = held
                count += 1
            else:
                away = away or close[t] >= line + BACK * atr
            t += 1
    return rows[:count].copy()


@kernel
def _poked(
    low: Floats,
    close: Floats,
    unit: Floats,
    begins: Ints,
    ends: Ints,
    start: Ints,
    level: Floats,
    slope: Floats,
    margin: float,
) -> Floats:
    rows, count = np.empty((64, 2)), 0
    for i in range(len(begins)):
        before = True  # at the bar at which it is known nothing begins
        for t in range(begins[i], ends[i] + 1):
            line = level[i] + slope[i] * (t - start[i])
            beyond = line - margin * unit[t]
            by_close, by_wick = close[t] < beyond, low[t] < beyond and close[t] >= line
            if t > begins[i] and (by_close or (by_wick and not before)):
                if count == len(rows):
                    rows = np.concatenate((rows, np.empty_like(rows)))
                rows[count, 0], rows[count, 1] = t, 0.0 if by_close else 1.0
                count += 1
            before = low[t] < beyond
    return rows[:count].copy()


@kernel
def left_between(
    close: Floats, unit: Floats, bar: Ints, way: Ints, far: Floats, near: Floats, slopes: Floats, horizon: int
) -> Floats:
    """1 where a close of the `horizon` bars after `bar` lies beyond the edge `far` ATR away the stated `way`, 0 where
    one does first beyond that `near` ATR the other way; 1/2 where neither does before the edges meet. slopes: ATR a bar
    that each edge comes nearer, shape [n, 2]; ATR as at `bar`. NaN where the data ends before the horizon.
    """
    found = np.full(len(bar), np.nan)
    for i in range(len(bar)):
        t = bar[i]
        if t + horizon >= len(close) or not unit[t] > 0:
            continue
        found[i] = 0.5
        for j in range(1, horizon + 1):
            good, bad = far[i] - slopes[i, 0] * j, near[i] - slopes[i, 1] * j
            moved = way[i] * (close[t + j] - close[t]) / unit[t]
            if good + bad <= 0:
                break
            if moved > good or -moved > bad:
                found[i] = 1.0 if moved > good else 0.0
                break
    return found
