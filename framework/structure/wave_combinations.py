"""What the three stochastics say together: waves within waves, the strongest signal, three double bottoms at once.

A combination is known when the last of its parts is, and each is published once: a hierarchy for each double bottom of
the middle wave, a strongest signal for each cross of the long one, a conviction for each double bottom of the long one.
What is already to be so, the short wave rising, is looked at then and not waited for. Of two that are known at one
close the one whose first part is the later stays, of two on the same swings the one that was known first. Double
bottoms of every grade count; their grades are recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import WAVES, bar_stochastic
from ..setups import EXTREME, Setups, ordered
from .sides import BEFORE, Rows, of_side
from .stochastic import Bools, Floats, Ints, View, crosses, views
from .swings import swing_highs, swing_lows
from .waves import WaveRule, double_bottoms

SHORT, MIDDLE, LONG = WAVES
SWING = 2  # bars on either side of the swings that bound a half-wave
WITHIN = 10  # bars between the closes at which the first and the last part are known


class HalfWaves(NamedTuple):
    """Half-waves of a line: the bar of the swing that begins each, and the last bar that belongs to it."""

    start: Ints
    until: Ints


def half_waves(k: Floats) -> HalfWaves:
    """From a swing of k until the opposite swing is confirmed; from the first of several swings of one kind."""
    lows, highs = swing_lows(k, SWING, SWING).bar, swing_highs(k, SWING, SWING).bar
    bar = np.concatenate([lows, highs])
    order = np.argsort(bar)
    high = order >= len(lows)
    start = bar[order][np.diff(high, prepend=~high[:1]) != 0]
    return HalfWaves(start, np.append(start[1:] + SWING, len(k))[: len(start)])


def hierarchies(bars: Bars, rule: WaveRule) -> Setups:
    """Double bottoms (tops) of 10-6-6 inside a half-wave of 20-12-12, with one of 5-3-3 inside one of their half-waves.

    Kinds: hierarchy_bottom, hierarchy_top. Inside are the two lows, the close that completes them may come later. The
    half-waves of the double bottom are those of 10-6-6 from the one that falls into its left low to the one that begins
    at its right low, as far as they begin in that of 20-12-12. Of several of 5-3-3 the last one known by the time the
    middle's is counts, else the first to come. Anchors: long_swing, the bar at which the half-wave of 20-12-12 begins;
    middle_right, short_right, the right lows. stop: the lowest low since three bars before the earliest left low.
    Features: f_middle_grade, f_short_grade; f_grinding 1 when a part did. Vetoes none.
    """

    def side(view: View) -> Setups:
        middle, short = (_of(double_bottoms(bars, wave, rule), view.side) for wave in (MIDDLE, SHORT))
        around, part = _nested_in(bars, middle, short, rule)
        rows = _latest(part >= 0, np.maximum(middle.known_at, np.append(short.known_at, 0)[part]))
        middle, short = middle.take(rows), short.take(part[rows])
        known = np.maximum(middle.known_at, short.known_at)
        anchors = {"long_swing": around[rows]} | _rights(middle=middle, short=short)
        start = _since(middle, short)
        found = Rows(_kind("hierarchy", view, known), anchors, start, known, _features(middle=middle, short=short))
        return of_side(bars, view.side, "stochastic_hierarchy", found, _detection(rule))

    return bars.remember(("hierarchies", rule), lambda: _once(side(view) for view in views(bar_stochastic(bars, LONG))))


def strongest(bars: Bars, rule: WaveRule, within: int = WITHIN) -> Setups:
    """A golden cross of 20-12-12 from oversold, a double bottom of 10-6-6 within so many bars, 5-3-3 rising already.

    Kinds: strongest_bottom, strongest_top (death cross from overbought, double top, falling). At known_at the cross
    still stands and 5-3-3 is above its bar before. Of several double bottoms the last one counts. Anchors: long_cross,
    middle_right, its right low. stop: the lowest low since three bars before its left low. Features: f_middle_grade;
    f_grinding 1 when a part did. Vetoes none.
    """

    def side(view: View, short: View) -> Setups:
        cross, middle = _of(crosses(bars, LONG), view.side), _of(double_bottoms(bars, MIDDLE, rule), view.side)
        cross = cross.take(np.flatnonzero(cross.features["f_from_zone"] == 1))
        ready = view.k > view.d
        ready[1:] &= short.k[1:] > short.k[:-1]
        known, part = _joined(cross.known_at, middle.known_at, ready, within)
        rows = _latest(part >= 0, known)
        cross, middle, known = cross.take(rows), middle.take(part[rows]), known[rows]
        anchors = {"long_cross": cross.known_at} | _rights(middle=middle)
        features = _features(middle=middle)
        features["f_grinding"] = np.fmax(features["f_grinding"], cross.features["f_grinding"])
        found = Rows(_kind("strongest", view, known), anchors, _since(middle), known, features)
        return of_side(bars, view.side, "stochastic_strongest", found, _detection(rule, within))

    def compute() -> Setups:
        both = (views(bar_stochastic(bars, wave)) for wave in (LONG, SHORT))
        return _once(side(*pair) for pair in zip(*both, strict=True))

    return bars.remember(("strongest", rule, within), compute)


def high_conviction(bars: Bars, rule: WaveRule, within: int = WITHIN) -> Setups:
    """Double bottoms (tops) of all three settings, the first and the last known at most so many bars apart.

    Kinds: conviction_bottom, conviction_top. Anchors: long_right, middle_right, short_right, the right lows. stop: the
    lowest low since three bars before the earliest left low. Features: f_long_grade, f_middle_grade, f_short_grade;
    f_grinding 1 when a part did. Vetoes none.
    """

    def side(view: View) -> Setups:
        long, middle, short = (_of(double_bottoms(bars, wave, rule), view.side) for wave in (LONG, MIDDLE, SHORT))
        known, second, third = _together(long.known_at, middle.known_at, short.known_at, within, len(bars))
        rows = _latest(second >= 0, known)
        long, middle, short, known = long.take(rows), middle.take(second[rows]), short.take(third[rows]), known[rows]
        parts = {"long": long, "middle": middle, "short": short}
        start = _since(*parts.values())
        found = Rows(_kind("conviction", view, known), _rights(**parts), start, known, _features(**parts))
        return of_side(bars, view.side, "stochastic_high_conviction", found, _detection(rule, within))

    return bars.remember(
        ("high_conviction", rule, within),
        lambda: _once(side(view) for view in views(bar_stochastic(bars, LONG))),
    )


def _of(setups: Setups, side: int) -> Setups:
    return setups.take(np.flatnonzero(setups.direction == side))


def _kind(word: str, view: View, known: Ints) -> NDArray[np.str_]:
    return np.full(len(known), f"{word}_{'bottom' if view.side > 0 else 'top'}")


def _detection(rule: WaveRule, within: int | None = None) -> str:
    return repr((sorted(asdict(rule).items()), within))


def _rights(**parts: Setups) -> dict[str, Ints]:
    return {f"{name}_right": part.anchors["right"] for name, part in parts.items()}


def _since(*parts: Setups) -> Ints:
    """The bar from which the extreme price is looked for: as of a double bottom, of the one whose left low is first."""
    return np.asarray(np.min([part.anchors["left"] for part in parts], axis=0) - BEFORE)


def _features(**parts: Setups) -> dict[str, Floats]:
    grades = {f"f_{name}_grade": part.features["f_grade"] for name, part in parts.items()}
    # NaN only where it is unknown of every part: one that grinds is enough
    return grades | {"f_grinding": np.fmax.reduce([part.features["f_grinding"] for part in parts.values()])}


def _latest(found: Bools, known: Ints) -> Ints:
    """Rows of what was found; of those known at one bar the last."""
    rows = np.flatnonzero(found)[::-1]
    return np.sort(rows[np.unique(known[rows], return_index=True)[1]])


def _once(parts: Iterable[Setups]) -> Setups:
    """Two on the same swings, one of a double bottom in grade 1 and one of the same in another, are one: the first."""
    found = ordered(parts)
    swings = [bar for name, bar in found.anchors.items() if name != EXTREME]
    first = np.unique(np.stack([found.direction, *swings]), axis=1, return_index=True)[1]
    return found.take(np.sort(first))


def _nested_in(bars: Bars, middle: Setups, short: Setups, rule: WaveRule) -> tuple[Ints, Ints]:
    """For each middle double bottom where the long half-wave around it begins, and the row of the short one inside."""
    waves = half_waves(bar_stochastic(bars, MIDDLE).k)
    left, right = middle.anchors["left"], middle.anchors["right"]
    around, inside = _around(half_waves(bar_stochastic(bars, LONG).k), middle), _around(waves, short)
    into = np.append(waves.start, -1)[np.searchsorted(waves.start, left) - 1]
    ends = np.append(waves.until, -1)[np.searchsorted(waves.start, right, side="right") - 1]
    last = ends + max(rule.swing + rule.lapse, rule.retest_within)  # none that lies inside is known later
    first = np.maximum(into, around.start)
    lies = short.known_at, short.anchors["right"], inside.start
    return around.start, _nested(first, right, middle.known_at, around.until, last, *lies)


def _around(waves: HalfWaves, doubles: Setups) -> HalfWaves:
    """The half-wave in which both lows of each double bottom lie; start and until -1 none."""
    at = np.searchsorted(waves.start, doubles.anchors["left"], side="right") - 1
    start, until = np.append(waves.start, -1)[at], np.append(waves.until, -1)[at]
    inside = doubles.anchors["right"] <= until
    return HalfWaves(np.where(inside, start, -1), np.where(inside, until, -1))


@kernel
def _nested(
    first: Ints, right: Ints, known: Ints, until: Ints, last: Ints, short: Ints, short_right: Ints, begins: Ints
) -> Ints:
    """For each middle double bottom the row of the short one inside it, -1 none.

    first, right: the bars between which a half-wave may begin. until: last bar of the long half-wave, -1 none. last:
    bar after which no short one that lies inside is known. short: bars at which the short ones are known; begins: where
    the middle half-wave around each of them begins, -1 none.
    """
    part = np.full(len(first), -1, np.int64)
    for i in range(len(first)):
        for j in range(np.searchsorted(short, first[i]), len(short)):
            if until[i] < 0 or short[j] > last[i] or (short[j] > known[i] and part[i] >= 0):
                break
            if begins[j] >= 0 and first[i] <= begins[j] <= right[i] and short_right[j] <= until[i]:
                part[i] = j
    return part


@kernel
def _joined(cross: Ints, middle: Ints, ready: Bools, within: int) -> tuple[Ints, Ints]:
    """For each cross the first bar that has it and a double bottom near enough, and is ready, and the latter's row; -1
    none.
    """
    known, part = np.full(len(cross), -1, np.int64), np.full(len(cross), -1, np.int64)
    for i in range(len(cross)):
        for j in range(np.searchsorted(middle, cross[i] - within), len(middle)):
            at = max(cross[i], middle[j])
            if middle[j] > cross[i] + within or (part[i] >= 0 and at > known[i]):
                break
            if ready[at]:
                known[i], part[i] = at, j
    return known, part


@kernel
def _together(long: Ints, middle: Ints, short: Ints, within: int, bars: int) -> tuple[Ints, Ints, Ints]:
    """For each long double bottom the first bar at which both others are near enough, and their rows; -1 none."""
    known = np.full(len(long), -1, np.int64)
    second, third = np.full(len(long), -1, np.int64), np.full(len(long), -1, np.int64)
    for i in range(len(long)):
        for t in range(long[i], min(long[i] + within, bars - 1) + 1):
            j, h = np.searchsorted(middle, t + 1) - 1, np.searchsorted(short, t + 1) - 1
            if j >= 0 and h >= 0 and min(middle[j], short[h]) >= t - within:
                known[i], second[i], third[i] = t, j, h
                break
    return known, second, third
