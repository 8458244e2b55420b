"""What a divergence carries: one hand-made chart for every clause of the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework.structure.divergence import DivergenceRule, divergences

from . import SMALL, Floats, above, below, chart, features, line

NAN = math.nan
LOWS = {2: 18.0, 9: 17.0}
HIGHS = {2: 22.0, 9: 23.0}


@pytest.mark.parametrize(("left", "extreme", "depth"), [(25, 1, 5), (30, 1, 0), (30.5, 0, -0.5), (36, 0, -6)])
def test_the_left_swing_in_or_out_of_the_extreme_zone(left: float, extreme: float, depth: float) -> None:
    got = features(below(line(12, 50, {2: left, 9: 40}), LOWS))
    assert (got["f_left_extreme"], got["f_left_depth"], got["f_right_depth"]) == (extreme, depth, -10)
    assert got["f_left_width"] == extreme  # one bar wide or not in the zone at all
    got = features(above(line(12, 50, {2: 100 - left, 9: 60}), HIGHS))
    assert (got["f_left_extreme"], got["f_left_depth"], got["f_right_depth"]) == (extreme, depth, -10)


# the oscillator up to the left swing at bar 6; what since_midline says of it: (extreme, depth, width)
RUNS = {
    "an extreme before the swing": ([60, 45, 28, 40, 35, 40, 33], (1, 2, 1)),
    "the lowest of several": ([60, 28, 45, 26, 40, 40, 33], (1, 4, 1)),
    "of equals the first": ([60, 29, 28, 40, 28, 40, 33], (1, 2, 2)),
    "the midline crossed between": ([60, 45, 28, 51, 35, 40, 33], (0, -3, 0)),
    "the midline touched between": ([60, 45, 28, 50, 35, 40, 33], (0, -3, 0)),
    "a hole between": ([60, 45, 28, NAN, 35, 40, 33], (0, -3, 0)),
    "a run from the first bar on": ([27, 45, 48, 40, 40, 40, 33], (1, 3, 1)),
    "the swing is the lowest": ([60, 45, 29, 40, 40, 40, 27], (1, 3, 1)),
    "the swing is above the midline": ([10, 10, 60, 60, 60, 60, 55], (0, -25, 0)),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_left_extreme_since_the_midline(name: str) -> None:
    before, expected = RUNS[name]
    osc = np.array([*before, 70, 70, 70, 70, 60, 70], dtype=float)
    if before[-1] < 50:
        osc[11] = 40
    lows, keys = {6: 18.0, 11: 17.0}, ("f_left_extreme", "f_left_depth", "f_left_width")
    got = features(below(osc, lows, left_extreme="since_midline"), -1)
    assert tuple(got[key] for key in keys) == expected
    assert got["f_left_osc"] == before[-1]  # the swing's own, wherever the extreme was
    got = features(above(100 - osc, {6: 22.0, 11: 23.0}, left_extreme="since_midline"), -1)
    assert tuple(got[key] for key in keys) == expected


def test_each_side_has_a_threshold_of_its_own_and_the_midline_is_one_for_both() -> None:
    got = features(above(line(12, 50, {2: 66, 9: 60}), HIGHS, oversold=20, overbought=65))
    assert (got["f_left_extreme"], got["f_left_depth"], got["f_right_depth"]) == (1, 1, -5)
    osc = np.array([50, 80, 55, 50, 70, 50, 50, 50, 50, 65, 50, 50], dtype=float)
    run = {"midline": 60, "overbought": 75, "left_extreme": "since_midline"}
    assert features(above(osc, {4: 22, 9: 23}, **run), -1)["f_left_depth"] == -5  # bar 2's 55 ends the run
    osc[2:4] = 61
    assert features(above(osc, {4: 22, 9: 23}, **run), -1)["f_left_depth"] == 5


@pytest.mark.parametrize(
    ("zone", "left", "right"),
    [
        ({}, 1, 1),
        ({3: 30, 4: 30, 5: 30.5}, 3, 1),
        ({1: 29, 0: 30, 3: 30}, 4, 1),
        ({7: 30, 8: 29.5, 10: 30, 11: 30, 12: 30}, 1, 4),  # known at bar 10: bars 11 and 12 do not count
    ],
)
def test_widths(zone: dict[int, float], left: int, right: int) -> None:
    osc = line(14, 50, zone | {2: 25, 9: 29})
    for setups in (below(osc, LOWS), above(100 - osc, HIGHS)):
        got = features(setups)
        assert (got["f_left_width"], got["f_right_width"]) == (left, right)
        assert got["f_width_ratio"] == right / left


def test_there_is_no_width_ratio_without_a_left_width() -> None:
    got = features(below(line(12, 50, {2: 31, 9: 40}), LOWS))
    assert (got["f_left_width"], got["f_right_width"]) == (0, 0)
    assert math.isnan(got["f_width_ratio"])


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({0: 1, 1: 2, 2: 3, 7: 2, 8: 3, 9: 4, 10: 900}, 1.5),
        ({2: 0, 1: 0, 0: 0}, NAN),
        ({9: 0, 8: 0, 7: 0}, 0),
        ({0: NAN}, NAN),
        ({7: NAN}, NAN),
        ({3: NAN, 6: NAN, 10: NAN}, 1),
    ],
)
def test_the_volume_ratio(volume: dict[int, float], expected: float) -> None:
    osc = line(12, 50, {2: 25, 9: 35})
    got = features(below(osc, LOWS, line(12, 6, volume)))["f_volume_ratio"]
    assert got == pytest.approx(expected, nan_ok=True)


def test_the_volume_ratio_needs_three_bars_and_is_that_of_the_prices() -> None:
    got = features(below(line(12, 50, {1: 25, 9: 35}), {1: 18, 9: 17}, line(12, 6)))
    assert math.isnan(got["f_volume_ratio"])
    volume = line(20, 6, {12: 3, 13: 3, 14: 3, 16: 90, 17: 90})
    setups = below(line(20, 50, {6: 25, 17: 35}), {4: 18, 14: 17}, volume, pairing="price")
    assert features(setups)["f_volume_ratio"] == 0.5


@pytest.mark.parametrize(("at", "expected"), [(51, 1), (50, 0), (49, -1)])
def test_the_control_line_at_the_bar_it_is_known(at: float, expected: float) -> None:
    assert features(below(line(12, 60, {2: 25, 9: 35, 10: at}), LOWS))["f_control"] == expected
    assert features(above(line(12, 40, {2: 75, 9: 65, 10: at}), HIGHS))["f_control"] == expected


def test_the_control_line_is_unknown_where_the_oscillator_is() -> None:
    got = features(below(line(20, 50, {4: 25, 11: 35, 15: NAN}), {4: 18, 14: 17}, pairing="price"))
    assert math.isnan(got["f_control"])


@pytest.mark.parametrize(
    ("lows", "bar", "stop", "broken"),
    [
        ({}, 9, 17, 0),
        ({6: 16}, 6, 16, 0),
        ({5: 16}, 9, 17, 0),  # four bars before the right swing is too early
        ({7: 17}, 7, 17, 0),  # of equals the first
        ({10: 16.5}, 10, 16.5, 1),
        ({10: 17}, 9, 17, 0),  # touched, not broken
        ({11: 16}, 9, 17, 0),  # after it is known
        ({6: 16, 10: 16.5}, 6, 16, 1),
    ],
)
def test_the_setups_extreme(lows: dict[int, float], bar: int, stop: float, broken: float) -> None:
    osc = line(14, 50, {2: 25, 9: 35})
    setups = below(osc, LOWS | lows)
    assert setups.anchors["setup_extreme"].tolist() == [bar]
    assert (setups.stop[0], features(setups)["f_broken_before_known"]) == (stop, broken)
    setups = above(100 - osc, HIGHS | {at: 40 - low for at, low in lows.items()})
    assert setups.anchors["setup_extreme"].tolist() == [bar]
    assert (setups.stop[0], features(setups)["f_broken_before_known"]) == (40 - stop, broken)


def test_regular_and_hidden_are_counted_apart() -> None:
    setups = below(line(13, 50, {2: 30, 5: 35, 8: 33, 11: 36}), {2: 18, 5: 17, 8: 18, 11: 17})
    assert setups.kind.tolist() == ["regular_bullish", "hidden_bullish", "regular_bullish"]
    assert setups.features["f_succession"].tolist() == [1, 1, 2]


DIPS = (16, 20, 24, 30, 34, 40)  # bars of the swings; the k-th divergence is known one bar after the (k+1)-th of them


def leg(rally: int | None, fall: int | None) -> tuple[Floats, Floats, Floats]:
    """High, low and close: quiet around 100, a rise to 110 that confirms a low, a fall back that confirms a high."""
    high, low, close = line(46, 101), line(46, 99), line(46, 99.5)
    if rally is not None:
        high[rally:fall], low[rally:fall], close[rally:fall] = 110.5, 107, 110
    return high, low, close


@pytest.mark.parametrize(
    ("rally", "fall", "regular", "hidden"),
    [
        (None, None, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        (27, 36, [1, 2, 1, 2, 3], [1, 2, 3, 4, 1]),
        (25, 36, [1, 1, 2, 3, 4], [1, 2, 3, 4, 1]),  # confirmed at the very bar the second is known: it counts
        (27, None, [1, 2, 1, 2, 3], [1, 2, 3, 4, 5]),
    ],
)
def test_succession_starts_anew_at_the_opposite_turn(
    rally: int | None, fall: int | None, regular: list[int], hidden: list[int]
) -> None:
    high, low, close = leg(rally, fall)
    rule = DivergenceRule(**SMALL)
    for first, step, kind, expected in ((98, -0.5, "regular", regular), (95, 0.5, "hidden", hidden)):
        osc = line(46, 50, {bar: 30 - 2 * i * np.sign(step) for i, bar in enumerate(DIPS)})
        low[list(DIPS)] = [first + i * step for i in range(len(DIPS))]
        setups = divergences(chart(low, high, close), osc, rule)
        assert set(setups.kind) == {f"{kind}_bullish"}
        assert setups.features["f_succession"].tolist() == expected
        setups = divergences(chart(200 - high, 200 - low, 200 - close), 100 - osc, rule)
        assert set(setups.kind) == {f"{kind}_bearish"}
        assert setups.features["f_succession"].tolist() == expected


def test_of_one_bar_the_kinds_come_in_the_order_of_the_alphabet() -> None:
    bars = chart(line(14, 20, {3: 18, 10: 17}), line(14, 40, {3: 42, 10: 43}))
    osc = line(14, 50, {2: 75, 3: 25, 8: 65, 9: 35})
    setups = divergences(bars, osc, DivergenceRule(**SMALL | {"pairing": "price"}))
    assert setups.known_at.tolist() == [11, 11]
    assert setups.kind.tolist() == ["regular_bearish", "regular_bullish"]
    assert setups.direction.tolist() == [-1, 1]
