"""Double bottoms of a stochastic: numbers worked out by hand, then equality with the plain second implementation."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from framework.indicators import WAVES, Stochastic
from framework.setups import Setups
from framework.sources import load
from framework.structure.waves import WaveRule, double_bottoms, doubles

from . import Floats, chart, features, line

NAN = math.nan
Knots = Mapping[int, float]
# Two lows of k, 10 at bar 5 and 16 at bar 14, the peak of 30 at bar 10 between; 4 points a bar from 16: 32 at bar 18.
PAIR = {0: 50, 5: 10, 10: 30, 14: 16, 26: 64}


def path(knots: Knots, at: Knots | None = None) -> Floats:
    """Straight lines between the knots, other values at some bars."""
    values = np.interp(np.arange(max(knots) + 1), list(knots), list(knots.values()))
    for bar, value in (at or {}).items():
        values[bar] = value
    return values


def found(k: Floats, d: Floats | None = None, **options: object) -> list[tuple[object, ...]]:
    """(kind, left, peak, right, known_at) of every double bottom; the double tops of 100 - k must be the same.

    Without d it lies under k everywhere, so that there is no cross and no retest.
    """
    d = k - 0.25 if d is None else d
    rule, n = WaveRule(**options), len(k)
    rows = []
    for side, word in ((1, "bottom"), (-1, "top")):
        lines = Stochastic(k, d) if side > 0 else Stochastic(100 - k, 100 - d)
        setups = doubles(chart(line(n, 20), line(n, 40)), lines, rule, "test")
        mine = setups.take(setups.direction == side)
        assert all(kind.startswith(f"double_{word}_") for kind in mine.kind.tolist())
        rows.append([(f"grade_{kind[-1]}", *rest) for kind, *rest in listed(mine)])
    assert rows[0] == rows[1]
    return rows[0]


def listed(setups: Setups) -> list[tuple[object, ...]]:
    anchors = [setups.anchors[name].tolist() for name in ("left", "peak", "right")]
    return list(zip(setups.kind.tolist(), *anchors, setups.known_at.tolist(), strict=True))


def test_a_double_bottom() -> None:
    assert found(path(PAIR)) == [("grade_3", 5, 10, 14, 18)]


@pytest.mark.parametrize(
    ("left", "peak", "right", "there"),
    [
        (10, 30, 16, True),
        (18, 30, 16, True),
        (18.25, 30, 16, False),  # the right more than 2 points lower
        (19.75, 30, 17.75, True),
        (20, 30, 18, False),  # the left not under 20
        (10, 36, 29.75, True),
        (10, 36, 30, False),  # the right not under 30
        (10, 21, 16, True),
        (10, 20.75, 16, False),  # the peak not 5 above the higher low
        (15, 20, 14, True),
        (15, 19.75, 14, False),
    ],
)
def test_where_the_lows_and_the_peak_must_lie(left: float, peak: float, right: float, there: bool) -> None:
    k = path({0: left + 40, 5: left, 10: peak, 14: right, 26: right + 48})
    assert [row[1:4] for row in found(k)] == ([(5, 10, 14)] if there else [])
    k[8] = NAN  # nobody knows what was between
    assert found(k) == []


@pytest.mark.parametrize(("least", "most", "there"), [(9, 9, True), (10, 40, False), (5, 8, False)])
def test_the_gap_between_the_lows(least: int, most: int, there: bool) -> None:
    assert len(found(path(PAIR), min_gap=least, max_gap=most)) == there


@pytest.mark.parametrize(("swing", "known"), [(1, 18), (2, 18), (3, 18), (4, 18), (5, None)])
def test_how_wide_a_swing_is(swing: int, known: int | None) -> None:
    """Bar 0 is lower than the left low, which therefore stands out of the four bars before it and not of five."""
    rows = found(path(PAIR, {0: 9}), swing=swing)
    assert [row[4] for row in rows] == ([known] if known else [])


def test_it_is_complete_on_the_first_close_above_the_peak_and_known_when_the_right_low_is() -> None:
    late = path(PAIR, {18: 30})  # touched
    assert [row[4] for row in found(late)] == [19]
    sharp = path(PAIR, {15: 31, 16: 20, 17: 22, 18: 24, 19: 26})  # above it on the very next bar, known one later
    assert [row[4] for row in found(sharp)] == [16]


@pytest.mark.parametrize(("bar", "there"), [(36, True), (37, False)])
def test_it_lapses_twenty_bars_after_the_right_low_was_known(bar: int, there: bool) -> None:
    k = path({0: 50, 5: 10, 10: 30, 14: 16, 16: 24, 40: 24}, {bar: 31})
    assert [row[4] for row in found(k)] == ([bar] if there else [])
    assert len(found(k, lapse=21)) == 1


@pytest.mark.parametrize(("dip", "there"), [(16, True), (15.75, False), (NAN, False)])
def test_it_lapses_at_a_lower_low_or_where_nothing_is_known(dip: float, there: bool) -> None:
    k = path({0: 50, 5: 10, 10: 30, 14: 16, 16: 24, 30: 24}, {18: 23, 20: dip, 25: 31})
    rows = found(k)
    assert ((5, 10, 14, 25) in [row[1:] for row in rows]) == there
    if dip == 15.75:  # which makes a pair with the right low that it broke
        assert rows == [("grade_3", 14, 16, 20, 25)]


def test_completed_by_the_cross() -> None:
    k = path(PAIR)
    under = k - 0.25
    assert [row[4] for row in found(k, under, completion="cross")] == [16]  # at once, when the right low is known
    late = np.where(np.arange(27) < 20, k + 0.25, k - 0.25)
    assert [row[4] for row in found(k, late, completion="cross")] == [20]
    late[20] = k[20]  # equal is not across
    assert [row[4] for row in found(k, late, completion="cross")] == [21]
    assert found(k, k + 0.25, completion="cross") == []
    assert len(found(k, k + 0.25)) == 1  # which the neckline does not ask


def test_a_small_swing_on_the_way_does_not_part_the_lows() -> None:
    k = path({0: 50, 5: 10, 15: 60, 17: 50, 19: 56, 27: 16, 41: 72})
    assert [row[1:] for row in found(k)] == [(5, 15, 27, 39)]  # 4 points a bar from 16: 64 is the first above 60


def test_each_low_is_the_lowest_on_its_side_of_the_peak() -> None:
    lower_left = path({0: 50, 5: 14, 8: 18, 11: 12, 16: 32, 20: 16, 32: 64})
    assert [row[1:4] for row in found(lower_left)] == [(11, 16, 20)]
    # Of two right lows under one peak the second is another only where it is lower; 22 and 12 make no pair of theirs.
    two_rights = {0: 50, 5: 10, 10: 40, 14: 22, 17: 26, 20: 24, 32: 72}
    assert [row[1:4] for row in found(path(two_rights))] == [(5, 10, 14)]
    assert [row[1:4] for row in found(path(two_rights | {20: 20}))] == [(5, 10, 20)]
    assert [row[1:4] for row in found(path(two_rights | {20: 22}))] == [(5, 10, 14)]


def test_the_left_is_the_nearest_that_will_do() -> None:
    k = path({0: 50, 5: 10, 10: 30, 15: 15, 20: 35, 25: 15, 45: 55})
    assert [row[1:4] for row in found(k)] == [(5, 10, 15), (15, 20, 25)]


def test_grade_2_is_deeper_and_wider() -> None:
    """Left 10, 4 points a bar on both sides: within 10 points are 2 + 1 + 2 bars. Right 16, the peak at 12 with 40: 12
    points a bar before it and 4 after: 0 + 1 + 2 bars.
    """
    knots = {0: 30, 5: 10, 12: 38, 14: 16, 26: 64}
    k = path(knots)
    setups = doubles(chart(line(27, 20), line(27, 40)), Stochastic(k, k - 0.25), WaveRule(), "test")
    assert listed(setups) == [("double_bottom_2", 5, 12, 14, 20)]
    assert features(setups) == {
        "f_grade": 2,
        "f_left_k": 10,
        "f_peak_k": 38,
        "f_right_k": 16,
        "f_left_width": 5,
        "f_right_width": 3,
        "f_grinding": 0,
    }
    assert [row[0] for row in found(path(knots | {14: 15}))] == ["grade_2"]  # 5 deeper is enough
    assert [row[0] for row in found(path(knots | {14: 14.75}))] == ["grade_3"]
    narrow = path(knots, {3: 24, 4: 22, 6: 22})  # as deep, but a single bar
    assert [row[0] for row in found(narrow)] == ["grade_3"]


def test_the_widths_end_at_the_peak_and_when_it_is_known() -> None:
    k = path({0: 50, 5: 10, 10: 18, 15: 12, 25: 32})  # all within ten points of both lows from bar 4 to 20
    setups = doubles(chart(line(26, 20), line(26, 40)), Stochastic(k, k - 0.25), WaveRule(), "test")
    assert listed(setups) == [("double_bottom_3", 5, 10, 15, 19)]
    assert (setups.features["f_left_width"], setups.features["f_right_width"]) == (6, 9)  # 4 to 9, 11 to 19


# A round low of 10 at bar 8, the golden cross at 11; k - d is 4 at 14, 2 at 17, 2.5 at 18.
ROUND = {0: 50, 5: 13, 8: 10, 11: 13, 14: 25, 17: 28, 21: 34}
SPREAD = {0: -4, 10: -0.5, 11: 1, 14: 4, 17: 2, 18: 2.5, 21: 6}


def test_grade_1_is_a_retest() -> None:
    k, spread = path(ROUND), path(SPREAD)
    assert found(k, k - spread) == [("grade_1", 8, 14, 17, 18)]
    setups = doubles(chart(line(22, 20), line(22, 40)), Stochastic(k, k - spread), WaveRule(), "test")
    assert [features(setups)[name] for name in ("f_grade", "f_left_k", "f_peak_k", "f_right_k")] == [1, 10, 25, 28]
    assert features(setups)["f_left_width"] == 8  # 5 to 12, of 13 to 17; bar 4 is 20.4
    assert features(setups)["f_right_width"] == 4  # 15 to 18


@pytest.mark.parametrize(
    ("at", "spreads", "known"),
    [
        ({}, {12: 2, 13: 2.75, 14: 3, 15: 2.75, 16: 2.5}, 18),
        ({}, {12: 2, 13: 2.5, 14: 2.75, 15: 2.5, 16: 2.25}, None),  # never 3 points apart
        ({}, {17: 3, 16: 3.5, 18: 3.25}, 18),
        ({}, {15: 3.75, 16: 3.5, 17: 3.25, 18: 3.5}, None),  # never within 3 again
        ({}, {17: 0}, 18),  # touched, not crossed
        ({}, {17: -0.25}, None),
        ({}, {17: 2, 18: 2}, 19),  # not yet wider
        ({18: 49.75}, {}, 18),
        ({18: 50}, {}, None),
        ({7: 20, 9: 20}, {}, None),  # a sharp low
        ({6: 20, 9: 20}, {}, None),  # two bars
        ({6: 20, 7: 15, 9: 15, 10: 20}, {}, 18),  # three
        ({6: 20, 7: 15.25, 9: 15, 10: 20}, {}, None),
    ],
)
def test_near_misses_of_the_retest(at: Knots, spreads: Knots, known: int | None) -> None:
    k, spread = path(ROUND, at), path(SPREAD, spreads)
    rows = [row for row in found(k, k - spread) if row[0] == "grade_1"]
    assert [row[4] for row in rows] == ([known] if known else [])


@pytest.mark.parametrize(("lift", "there"), [(9.75, True), (10, False)])
def test_the_retest_begins_under_20(lift: float, there: bool) -> None:
    k = path(ROUND) + lift
    assert len(found(k, k - path(SPREAD))) == there


@pytest.mark.parametrize(("within", "there"), [(7, True), (6, False)])
def test_the_retest_ends_in_time(within: int, there: bool) -> None:
    k = path(ROUND)
    assert len(found(k, k - path(SPREAD), retest_within=within)) == there


@pytest.mark.parametrize(
    ("lows", "bar"), [({}, 2), ({18: 17}, 18), ({2: 17, 9: 17}, 2), ({1: 15, 11: 17}, 11), ({19: 10, 14: 19}, 14)]
)
def test_it_stands_on_the_lowest_price_since_three_bars_before_its_left_low(lows: Knots, bar: int) -> None:
    k = path(PAIR)  # known at 18
    bars = chart(line(27, 20, lows), line(27, 40))
    setups = doubles(bars, Stochastic(k, k - 0.25), WaveRule(), "test")
    assert (setups.anchors["setup_extreme"], setups.stop) == (bar, bars.low[bar])
    bars = chart(line(27, 20), line(27, 40, {at: 60 - low for at, low in lows.items()}))
    setups = doubles(bars, Stochastic(100 - k, 100.25 - k), WaveRule(), "test")
    assert (setups.anchors["setup_extreme"], setups.stop) == (bar, bars.high[bar])


def test_nothing_is_found_in_nothing() -> None:
    for k in (line(1, 10), line(60, 10), line(60, NAN)):
        assert found(k) == []


def test_it_is_found_once() -> None:
    bars = load("sample:AAPL")
    assert double_bottoms(bars, WAVES[1], WaveRule()) is double_bottoms(bars, WAVES[1], WaveRule())
    assert double_bottoms(bars, WAVES[1], WaveRule()).rule == "stochastic_10-6-6_double"
