"""Two edges that hold price between them: a trendline, and the best line opposite it, bar by bar.

Everything is written for a support and the edge above it, that one in its own mirrored log; a resistance and the edge
below it are the same on mirrored logs.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .lines import LINES, TINY, LineRule, Logs, holds

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

ALIVE, MAIN_BROKE, OTHER_BROKE, APEX, LAPSED, SUPERSEDED = range(6)
MAIN, MAIN_LAST, FIRST, LEVEL, SLOPE, LAST, START, KNOWN, SHAPE, TOUCHES, SPAN, ENDED, FATE = range(13)
COLUMNS = 13


class PatternRule(NamedTuple):
    """lines: what is a line, the other edge needs only `others` touches. level: ATR that an edge rises or falls over
    the pattern's length, at most, to be called horizontal; that two edges part over it to be called parallel.
    """

    lines: LineRule = LINES
    others: int = 2
    level: float = 0.5


PATTERNS = PatternRule()


class Main(NamedTuple):
    """Trendlines as supports; ended: the number of bars while they are alive."""

    start: Ints
    known: Ints
    ended: Ints
    broken: NDArray[np.bool_]
    level: Floats
    slope: Floats
    first: Ints
    touch: Ints


@kernel
def between(own: Logs, across: Logs, main: Main, swings: Ints, rule: PatternRule) -> Floats:
    """Rows of patterns around supports. A bar's work is bounded by the lines alive, at a swing by `last` squared."""
    rows, count, n, width = np.empty((64, COLUMNS)), 0, len(own.close), rule.lines.width
    for m in range(len(main.start)):
        known, over, current, k = main.known[m], main.ended[m], -1, main.first[m]
        s = np.searchsorted(swings, known - width, side="right")  # opposite swings known
        for t in range(known, min(over, n - 1) + 1):
            if current >= 0:
                fate = _fate(rows[current], main, m, t, own, rule)
                if fate != ALIVE:
                    rows[current, FATE], rows[current, ENDED], current = fate, t, -1
            free = t == known  # whatever edge there is, whether the newest swing touches it or not
            while k < main.first[m + 1] and main.touch[k] + width <= t:
                k, free = k + 1, free or current < 0
            fresh = free
            while s < len(swings) and swings[s] + width <= t:
                s, fresh = s + 1, True
            if t == over or not fresh or s < rule.others:
                continue
            if current >= 0 and abs(_across(rows[current], swings[s - 1]) - across.low[swings[s - 1]]) <= (
                rule.lines.near * own.unit[swings[s - 1]] + TINY
            ):
                continue
            if count == len(rows):
                rows = np.concatenate((rows, np.empty_like(rows)))
            recent = swings[max(0, s - rule.lines.last) : s]
            if _opposite(rows[count], main, m, t, recent, free, own, across, rule):
                if current >= 0:
                    rows[current, FATE], rows[current, ENDED] = SUPERSEDED, t
                current, count = count, count + 1
    return rows[:count].copy()


@kernel
def _fate(row: Floats, main: Main, m: int, t: int, own: Logs, rule: PatternRule) -> int:
    """What becomes of a pattern at the close of a bar."""
    upper, lower = -_across(row, t), main.level[m] + main.slope[m] * (t - main.start[m])
    if upper <= lower:
        return APEX
    if t == main.ended[m]:
        return MAIN_BROKE if main.broken[m] else LAPSED
    if own.close[t] > upper + rule.lines.margin * own.unit[t]:
        return OTHER_BROKE
    return LAPSED if t - row[KNOWN] > rule.lines.length else ALIVE


@kernel
def _opposite(
    best: Floats, main: Main, m: int, t: int, swings: Ints, free: bool, own: Logs, across: Logs, rule: PatternRule
) -> bool:
    """The best opposite edge of a trendline, written into `best`; False where there is none. free: it need not touch
    the newest of the swings.
    """
    row, found, off_least = np.empty(COLUMNS), False, np.inf
    before, last, touches = _touched(main, m, t - rule.lines.width)
    row[MAIN], row[KNOWN], row[FATE], row[ENDED], row[MAIN_LAST] = m, t, ALIVE, -1, last
    for i in range(len(swings) - 1):
        for j in range(i + 1, len(swings)):
            p = swings[i]
            if np.isnan(across.unit[p]):
                break
            row[FIRST], row[LEVEL] = p, across.low[p]
            row[SLOPE] = (across.low[swings[j]] - row[LEVEL]) / (swings[j] - p)
            count, second, end, off = _counted(row, swings[i:], across, rule.lines)
            row[START], row[LAST], row[TOUCHES] = max(main.start[m], p), end, touches + count
            row[SPAN] = max(last, end) - row[START]
            if count < rule.others or end - p > rule.lines.length or not (free or end == swings[-1]):
                continue
            if second < main.start[m] or before < p:
                continue
            row[SHAPE] = _shape(row, main.level[m], main.slope[m], main.start[m], own.unit[t], rule.level)
            if row[SHAPE] < 0 or not holds(across.close, p, t, row[LEVEL], row[SLOPE]):
                continue
            better = not found or row[TOUCHES] > best[TOUCHES]
            if found and row[TOUCHES] == best[TOUCHES]:
                long, other = end - p, best[LAST] - best[FIRST]
                better = long > other or (long == other and off < off_least - TINY)
            if better:
                best[:], found, off_least = row, True, off
    return found


@kernel
def _counted(row: Floats, swings: Ints, across: Logs, rule: LineRule) -> tuple[int, int, int, float]:
    """How many of the swings touch an edge, the last but one of them, the last, and how far off they are in ATR."""
    count, second, last, off = 0, -1, swings[0] - rule.apart, 0.0
    for k in range(len(swings)):
        away = abs(across.low[swings[k]] - _across(row, swings[k]))
        if swings[k] - last >= rule.apart and away <= rule.near * across.unit[swings[k]] + TINY:
            count, second, last = count + 1, last, swings[k]
            off += away / across.unit[last]
    return count, second, last, off


@kernel
def _touched(main: Main, m: int, until: int) -> tuple[int, int, int]:
    """The last touch but one of a trendline up to a bar, the last, and how many there are."""
    k = main.first[m] + np.searchsorted(main.touch[main.first[m] : main.first[m + 1]], until, side="right")
    return main.touch[k - 2], main.touch[k - 1], k - main.first[m]


@kernel
def _shape(row: Floats, level: float, slope: float, start: int, unit: float, horizontal: float) -> int:
    """The shape by its place in SHAPES around a support, -1 none: edges that part, or that have met."""
    rise, fall = slope * row[SPAN] / unit, -row[SLOPE] * row[SPAN] / unit  # of the lower and the upper edge, in ATR
    if not -_across(row, int(row[KNOWN])) > level + slope * (row[KNOWN] - start):
        return -1
    if abs(fall - rise) <= horizontal:
        mean = (rise + fall) / 2
        return 0 if mean > horizontal else (1 if mean < -horizontal else 2)
    if fall > rise:
        return -1
    if (abs(rise) <= horizontal) != (abs(fall) <= horizontal):
        return 5 if abs(rise) <= horizontal else 4
    if rise > 0 and fall > 0:
        return 6
    return 7 if rise < 0 and fall < 0 else 3


@kernel(inline=True)
def _across(row: Floats, bar: int) -> float:
    """The opposite edge in its own, mirrored log."""
    return float(row[LEVEL] + row[SLOPE] * (bar - row[FIRST]))


@kernel
def distinct(corners: Floats, shape: Ints, known: Ints, ended: Ints, unit: Floats, near: float) -> NDArray[np.bool_]:
    """Those that lie next to no living one of their shape. corners: log price at bar 0 and slope, upper and lower."""
    kept, live, alive = np.zeros(len(known), np.bool_), np.empty(len(known), np.int64), 0
    for i in range(len(known)):
        left, doubled = 0, False
        for q in range(alive):
            j = live[q]
            if 0 <= ended[j] <= known[i]:
                continue
            live[left], left = j, left + 1
            if shape[i] == shape[j] and _next_to(corners[i], corners[j], known[i], near * unit[known[i]]):
                doubled = True
        alive = left
        if not doubled:
            kept[i], live[alive], alive = True, i, alive + 1
    return kept


@kernel(inline=True)
def _next_to(one: Floats, other: Floats, known: int, reach: float) -> bool:
    """Whether both edges of two patterns are as near as a touch, where the later one begins and where it is known."""
    begins = max(one[4], other[4])
    for c in (0, 2):
        for bar in (begins, float(known)):
            if abs(one[c] + one[c + 1] * bar - other[c] - other[c + 1] * bar) > reach:
                return False
    return True
