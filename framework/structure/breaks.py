"""Breaks of lines: the close that says so, the close that takes it back, the return to the line from its other side.

What is asked of a break after it, a retest or that it was false, is the same for every line that a setup has broken,
trendline, neckline or edge of a triangle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..setups import BROKEN, EXTREME, Segment, Setups, ordered
from .lines import LINES, LineRule, Lines, logs, trendlines
from .sides import Rows, of_side
from .volume import fading_volume, relative_volume

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

NEAR = 0.25  # ATR from the line at which price has come back to it
WAIT, BACK = 30, 5  # bars after a break: in which a retest may come, a close inside makes it false


@dataclass(frozen=True)
class BreakRule:
    """lines: what is a line. level: ATR that a line rises or falls from its first touch to its last, at most, to be
    called horizontal.
    """

    lines: LineRule = LINES
    level: float = 0.5


BREAKS = BreakRule()


class Aftermath(NamedTuple):
    """What became of n breaks, in bars. inside: the first close back on the line's old side, retest: the first bar that
    came back to the line and closed beyond it, before any such close; -1 none in the bars that were waited for, or in
    the data.
    """

    inside: Ints
    retest: Ints


def line_breaks(bars: Bars, rule: BreakRule = BREAKS) -> Setups:
    """Every trendline's break, known at the close that lies beyond it, found once for each rule.

    Kinds: downtrend_break, upwards through a falling resistance, and resistance_break through any other; uptrend_break,
    downwards through a rising support, and support_break. Anchors: start, made and touch, the line's first touch, the
    one that made it a line and the last; break, at which it broke. lines: `broken`, from start to known_at. stop: the
    lowest low (of a short: highest high) since the last touch.

    Features: f_touches, f_span in bars from the first to the last of them, f_age since the last, f_slope ATR that the
    line rises over the span, f_beyond ATR from the line to the close; where volume is known at all, f_volume_ratio of
    the break over the 20 bars before and f_volume_inside, `fading_volume` from start to the bar before. Vetoes none.
    """

    def compute() -> Setups:
        words = repr((rule.lines._asdict(), rule.level))
        return ordered(_of_lines(bars, trendlines(bars, side, rule.lines), rule, words) for side in (1, -1))

    return bars.remember(("line_breaks", rule), compute)


def aftermath(bars: Bars, setups: Setups, wait: int = WAIT, near: float = NEAR) -> Aftermath:
    """What became of setups that are breaks of a line (`setups.lines["broken"]`), in the `wait` bars after known_at."""
    inside, retest = np.full(len(setups), -1, np.int64), np.full(len(setups), -1, np.int64)
    line = setups.lines[BROKEN]
    for side in (1, -1):
        rows = np.flatnonzero(setups.direction == side)
        level, rise = side * np.log(line.begins[rows]), side * line.slope[rows]
        low, _, close, unit = logs(bars, side)
        known = setups.known_at[rows]
        inside[rows], retest[rows] = _after(low, close, unit, known, line.first[rows], level, rise, wait, near)
    return Aftermath(inside, retest)


def false_breaks(bars: Bars, breaks: Setups, back: int = BACK) -> Setups:
    """Breaks that a close on the line's old side takes back within `back` bars, known at that close; of the other side.

    Kinds: false_ before the break's. Anchors: the break's, and back, where that was. stop: the highest high (of a long:
    lowest low) since the break was known. Features: the break's, and f_wait in bars since then. A veto of the
    break's is one of its own.
    """
    return _later(bars, breaks, aftermath(bars, breaks, back).inside, "false", -1)


def retests(bars: Bars, breaks: Setups, wait: int = WAIT) -> Setups:
    """Breaks whose line price has come back to and closed beyond again within `wait` bars, before any close inside;
    known at that close, of the break's side.

    Kinds: retest_ before the break's. Anchors: the break's, and back, where that was. stop: the lowest low (of a short:
    highest high) since the break was known. Features: the break's, and f_wait in bars since then. A veto of the
    break's is one of its own.
    """
    return _later(bars, breaks, aftermath(bars, breaks, wait).retest, "retest", 1)


def _later(bars: Bars, breaks: Setups, known: Ints, word: str, way: int) -> Setups:
    """Breaks as setups of what became of them at `known`, -1 nothing; way: +1 to the break's side, -1 against it."""
    order = np.argsort(known, kind="stable")
    order = order[known[order] >= 0]
    found, known = breaks.take(order), known[order]
    parts = []
    for side in (1, -1):
        own = np.flatnonzero(found.direction == way * side)
        of, at = found.take(own), known[own]
        features = dict(of.features) | {"f_wait": (at - of.known_at).astype(float)}
        anchors = {name: bar for name, bar in of.anchors.items() if name != EXTREME} | {"back": at}
        rows = Rows(np.char.add(f"{word}_", of.kind), anchors, of.known_at, at, features)
        made = of_side(bars, side, f"{word}_{of.rule}", rows, of.detection)
        parts.append(replace(made, veto=of.veto, lines=of.lines))
    return ordered(parts)


def _of_lines(bars: Bars, lines: Lines, rule: BreakRule, detection: str) -> Setups:
    """Breaks of the lines of one side: setups of the other."""
    row = np.flatnonzero(lines.broken)
    row = row[np.argsort(lines.ended[row], kind="stable")]
    start, known = lines.start[row], lines.ended[row]
    last = lines.touch[lines.first[row + 1] - 1]
    unit = logs(bars, 1).unit
    begins, ends = (lines.price(row, bar) for bar in (start, known))
    slope = lines.slope[row] * (last - start) / unit[last]
    features = {
        "f_touches": (lines.first[row + 1] - lines.first[row]).astype(float),
        "f_span": (last - start).astype(float),
        "f_age": (known - last).astype(float),
        "f_slope": slope,
        "f_beyond": np.abs(np.log(bars.close[known] / ends)) / unit[known],
    } | break_volume(bars, start, known)
    side = -lines.side
    names = ("downtrend_break", "resistance_break") if side > 0 else ("uptrend_break", "support_break")
    kind = np.where(-side * slope > rule.level, *names)
    made_at = lines.known_at[row] - rule.lines.width
    anchors = {"start": start, "made": made_at, "touch": last, "break": known}
    rows = Rows(kind, anchors, last, known, features)
    made = of_side(bars, side, "line_break", rows, detection)
    return replace(made, lines={BROKEN: Segment(start, known, begins, ends)})


def confirmed(bars: Bars, found: Setups, volume: float) -> Setups:
    """The breaks, those with less than so many times the usual volume recorded and not traded.

    Raises MissingError where no volume is known.
    """
    bars.need("volume", "confirmed = false, to trade breaks without a break's volume too")
    return found.refuse(~(found.features["f_volume_ratio"] >= volume), "without volume")


def break_volume(bars: Bars, start: Ints, broke: Ints) -> dict[str, Floats]:
    """Two features of breaks, none where no volume is known: f_volume_ratio of the bar that broke over the 20 before;
    f_volume_inside from the start of what was broken to the bar before that.
    """
    if "volume" not in bars.known:
        return {}
    return {"f_volume_ratio": relative_volume(bars)[broke], "f_volume_inside": fading_volume(bars, start, broke - 1)}


@kernel
def _after(
    low: Floats,
    close: Floats,
    unit: Floats,
    known: Ints,
    start: Ints,
    level: Floats,
    slope: Floats,
    wait: int,
    near: float,
) -> tuple[Ints, Ints]:
    """Bars of the first close inside and of the first retest, -1 none; written for breaks upwards."""
    inside, retest = np.full(len(known), -1, np.int64), np.full(len(known), -1, np.int64)
    for i in range(len(known)):
        for t in range(known[i] + 1, min(known[i] + wait, len(close) - 1) + 1):
            line = level[i] + slope[i] * (t - start[i])
            if close[t] < line:
                inside[i] = t
                break
            if retest[i] < 0 and low[t] <= line + near * unit[t] and close[t] > line:
                retest[i] = t
    return inside, retest
