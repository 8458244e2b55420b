"""Trendlines: straight on a log axis, through swings, each with the bar at which its third touch was known.

A support lies under swing lows, a resistance over swing highs. Everything is written for supports; a resistance is a
support of mirrored logs. A distance in ATR is one of log prices, the ATR(14) taken as a part of its bar's close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from .swings import swing_highs, swing_lows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

TINY = 1e-11  # of log prices: what is nearer than that is on the line
ALIVE, BROKE, LAPSED = range(3)  # what became of a line
START, KNOWN, LEVEL, SLOPE, LAST, ENDED, FATE = range(7)  # columns of a line's row


class LineRule(NamedTuple):
    """What counts as a line. width: bars on either side of a swing. last: confirmed swings whose pairs are looked at.
    length: bars from the first touch to the one that makes it a line, at most, and from its last known touch until it
    is forgotten. touches: that it needs, at least `apart` bars apart, each within `near` ATR of it; none while the ATR
    is unknown. margin: ATR beyond it at which a close breaks it.
    """

    width: int = 5
    last: int = 8
    length: int = 200
    touches: int = 3
    apart: int = 5
    near: float = 0.25
    margin: float = 0.25


LINES = LineRule()


@dataclass(frozen=True, eq=False)
class Lines:
    """m lines of one side in the order in which they were known.

    side: +1 supports, -1 resistances. start: bar of the first touch. known_at: the bar at whose close it was a line.
    ended: the bar at whose close it broke, or was forgotten; -1 not yet. broken: which of the two. level: log price at
    its start. slope: log price a bar. touch: bars of all touches until it ended, those of line i from first[i] to
    first[i + 1]; each is known `width` bars after its own.
    """

    side: int
    start: Ints
    known_at: Ints
    ended: Ints
    broken: NDArray[np.bool_]
    level: Floats
    slope: Floats
    first: Ints
    touch: Ints

    def __len__(self) -> int:
        return len(self.start)

    def price(self, row: Ints, bar: Ints) -> Floats:
        """Prices of those lines at these bars."""
        return np.asarray(np.exp(self.level[row] + self.slope[row] * (bar - self.start[row])))


class Logs(NamedTuple):
    """What lines of one side are made of, a value a bar: log prices, of a resistance mirrored, and the ATR.

    low: of the wick that touches a line. high: the other wick. close: which breaks it. unit: ATR / close, NaN unknown.
    """

    low: Floats
    high: Floats
    close: Floats
    unit: Floats


def logs(bars: Bars, side: int) -> Logs:
    """The logs that lines of a side (+1 supports) work on, made once."""

    def compute() -> Logs:
        low, high = np.log(bars.low), np.log(bars.high)
        wicks = (low, high) if side > 0 else (-high, -low)
        return Logs(*wicks, side * np.log(bars.close), bar_atr(bars) / bars.close)

    return bars.remember(("logs", side), compute)


def line_swings(bars: Bars, side: int, width: int) -> Ints:
    """Bars of the swings that lines of a side stand on, made once."""

    def compute() -> Ints:
        found = swing_lows(bars.low, width, width) if side > 0 else swing_highs(bars.high, width, width)
        return found.bar

    return bars.remember(("line_swings", side, width), compute)


def trendlines(bars: Bars, side: int, rule: LineRule = LINES) -> Lines:
    """All supports (side +1) or resistances (-1), found once for each rule.

    When a swing is confirmed, lines through each two of the last `last` are looked at that it touches. Such a line
    begins at the first of the two; it is one when enough swings since touch it and no close since lies beyond it, that
    of the confirming bar included. Of several those with more touches come first, then longer ones, then nearer ones;
    one that a living line lies next to, no further than two touches of one place can be apart, at this swing and where
    both have begun, is no new line.
    """

    def compute() -> Lines:
        rows, touches = _lines(logs(bars, side), line_swings(bars, side, rule.width), rule)
        order = np.argsort(touches[:, 0], kind="stable")
        return Lines(
            side=side,
            start=rows[:, START].astype(np.int64),
            known_at=rows[:, KNOWN].astype(np.int64),
            ended=np.where(rows[:, FATE] == ALIVE, -1, rows[:, ENDED]).astype(np.int64),
            broken=rows[:, FATE] == BROKE,
            level=side * rows[:, LEVEL],
            slope=side * rows[:, SLOPE],
            first=np.searchsorted(touches[order, 0], np.arange(len(rows) + 1)),
            touch=touches[order, 1].copy(),
        )

    return bars.remember(("trendlines", side, rule), compute)


@kernel
def _lines(of: Logs, swings: Ints, rule: LineRule) -> tuple[Floats, Ints]:
    """Rows of lines; line and bar of every touch. A bar's work is bounded by the lines alive and `last` squared."""
    rows, touches, live = np.empty((64, 7)), np.empty((256, 2), np.int64), np.empty(64, np.int64)
    count, touched, alive, s = 0, 0, 0, 0
    for t in range(len(of.low)):
        alive = _survivors(rows, live, alive, t, of, rule)
        if s == len(swings) or swings[s] + rule.width != t:
            continue
        found = _candidates(of, swings[max(0, s + 1 - rule.last) : s + 1], t, rule)
        while touched + alive + rule.last * (len(found) + 1) > len(touches):
            touches = np.concatenate((touches, np.empty_like(touches)))
        while count + len(found) > len(rows):
            rows, live = np.concatenate((rows, np.empty_like(rows))), np.concatenate((live, np.empty_like(live)))
        for q in range(alive):
            if swings[s] - rows[live[q], LAST] >= rule.apart and _touches(rows[live[q]], of, swings[s], rule):
                rows[live[q], LAST] = swings[s]
                touches[touched, 0], touches[touched, 1] = live[q], swings[s]
                touched += 1
        for c in range(len(found)):
            if _doubled(found[c], rows, live, alive, swings[s], of, rule):
                continue
            rows[count], live[alive] = found[c], count
            last = found[c, START] - rule.apart
            for k in range(max(0, s + 1 - rule.last), s + 1):
                if swings[k] - last >= rule.apart and _touches(found[c], of, swings[k], rule):
                    touches[touched, 0], touches[touched, 1] = count, swings[k]
                    touched, last = touched + 1, swings[k]
            count, alive = count + 1, alive + 1
        s += 1
    return rows[:count].copy(), touches[:touched].copy()


@kernel
def _survivors(rows: Floats, live: Ints, alive: int, t: int, of: Logs, rule: LineRule) -> int:
    """How many lines outlive the bar; those that do not are told their end."""
    kept = 0
    for q in range(alive):
        row = rows[live[q]]
        if of.close[t] < _at(row, t) - rule.margin * of.unit[t]:
            row[ENDED], row[FATE] = t, BROKE
        elif t - row[LAST] > rule.length:
            row[ENDED], row[FATE] = t, LAPSED
        else:
            live[kept] = live[q]
            kept += 1
    return kept


@kernel
def _candidates(of: Logs, swings: Ints, t: int, rule: LineRule) -> Floats:
    """Rows of the lines that the last of these swings makes, the best first."""
    m, s = len(swings), len(swings) - 1
    found, rank = np.empty((m * m // 2 + 1, 7)), np.empty((m * m // 2 + 1, 3))
    count = 0
    for i in range(m - 1):
        if swings[s] - swings[i] > rule.length or np.isnan(of.unit[swings[i]]):
            continue
        for j in range(i + 1, m):
            row, touches, off = found[count], 0, 0.0
            row[START], row[LEVEL], row[KNOWN], row[FATE], row[ENDED] = swings[i], of.low[swings[i]], t, ALIVE, -1
            row[SLOPE] = (of.low[swings[j]] - of.low[swings[i]]) / (swings[j] - swings[i])
            last = swings[i] - rule.apart
            for k in range(i, m):
                if swings[k] - last >= rule.apart and _touches(row, of, swings[k], rule):
                    touches, last = touches + 1, swings[k]
                    off += abs(of.low[last] - _at(row, last)) / of.unit[last]
            row[LAST] = last
            if touches >= rule.touches and last == swings[s] and holds(of.close, swings[i], t, row[LEVEL], row[SLOPE]):
                rank[count, 0], rank[count, 1], rank[count, 2] = -touches, swings[i], off
                count += 1
    return _sorted(found[:count], rank[:count])


@kernel
def _sorted(rows: Floats, rank: Floats) -> Floats:
    """Rows by their rank, the lowest first; of equals the first."""
    order = np.arange(len(rows))
    for a in range(1, len(rows)):
        b = a
        while b > 0 and _before(rank[order[b]], rank[order[b - 1]]):
            order[b], order[b - 1] = order[b - 1], order[b]
            b -= 1
    return rows[order]


@kernel(inline=True)
def _before(one: Floats, other: Floats) -> bool:
    for c in range(len(one)):
        if abs(one[c] - other[c]) > TINY:
            return bool(one[c] < other[c])
    return False


@kernel
def holds(close: Floats, start: int, end: int, level: float, slope: float) -> bool:
    """Whether no close from start to end lies beyond the line."""
    for t in range(start, end + 1):
        if close[t] < level + slope * (t - start) - TINY:
            return False
    return True


@kernel
def _doubled(row: Floats, rows: Floats, live: Ints, alive: int, s: int, of: Logs, rule: LineRule) -> bool:
    """Whether a living line lies next to it, at the bar s and at the first bar of both."""
    for q in range(alive):
        other = rows[live[q]]
        begins = int(max(row[START], other[START]))
        here, there = abs(_at(row, s) - _at(other, s)), abs(_at(row, begins) - _at(other, begins))
        if here <= 2 * rule.near * of.unit[s] + TINY and there <= 2 * rule.near * of.unit[begins] + TINY:
            return True
    return False


@kernel(inline=True)
def _touches(row: Floats, of: Logs, bar: int, rule: LineRule) -> bool:
    return bool(abs(of.low[bar] - _at(row, bar)) <= rule.near * of.unit[bar] + TINY)


@kernel(inline=True)
def _at(row: Floats, bar: int) -> float:
    return float(row[LEVEL] + row[SLOPE] * (bar - row[START]))
