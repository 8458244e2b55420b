"""Divergence: answers worked out by hand, then equality with the plain second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.indicators import rsi
from framework.sources import load
from framework.structure.divergence import DivergenceRule, divergences
from tests import examples
from tests.reference import divergence as plain

from . import Floats, above, below, coarse_charts, coarse_oscillators, features, found, line

NAN = math.nan


# right low and oscillator, after a left low of 18 with the oscillator at 25
@pytest.mark.parametrize(
    ("price", "osc", "kind"),
    [
        (17, 35, "regular_bullish"),
        (17.999, 25.001, "regular_bullish"),
        (19, 20, "hidden_bullish"),
        (18.001, 24.999, "hidden_bullish"),
        (18, 35, None),
        (18, 20, None),
        (17, 25, None),
        (19, 25, None),
        (17, 20, None),
        (19, 35, None),
    ],
)
def test_bullish_kinds_and_near_misses(price: float, osc: float, kind: str | None) -> None:
    setups = below(line(12, 50, {2: 25, 7: osc}), {2: 18, 7: price})
    assert found(setups) == ([(kind, 2, 2, 7, 7, 8)] if kind else [])
    assert setups.direction.tolist() == [1] * len(setups)


# right high and oscillator, after a left high of 22 with the oscillator at 75
@pytest.mark.parametrize(
    ("price", "osc", "kind"),
    [
        (23, 65, "regular_bearish"),
        (22.001, 74.999, "regular_bearish"),
        (21, 80, "hidden_bearish"),
        (21.999, 75.001, "hidden_bearish"),
        (22, 65, None),
        (22, 80, None),
        (23, 75, None),
        (21, 75, None),
        (21, 65, None),
        (23, 80, None),
    ],
)
def test_bearish_kinds_and_near_misses(price: float, osc: float, kind: str | None) -> None:
    setups = above(line(12, 50, {2: 75, 7: osc}), {2: 22, 7: price})
    assert found(setups) == ([(kind, 2, 2, 7, 7, 8)] if kind else [])
    assert setups.direction.tolist() == [-1] * len(setups)


@pytest.mark.parametrize(("least", "most", "count"), [(5, 5, 1), (6, 20, 0), (2, 4, 0)])
def test_the_gap_between_the_swings(least: int, most: int, count: int) -> None:
    assert len(below(line(12, 50, {2: 25, 7: 35}), {2: 18, 7: 17}, min_gap=least, max_gap=most)) == count


def test_only_the_immediately_previous_swing_is_compared() -> None:
    # 2 and 8 diverge, but 5 lies between, and neither 2 and 5 nor 5 and 8 do.
    osc, lows = {2: 25.0, 5: 20.0, 8: 27.0}, {2: 18.0, 5: 15.0, 8: 17.0}
    assert found(below(line(12, 50, osc), lows)) == []
    del osc[5]
    assert found(below(line(12, 50, osc), lows)) == [("regular_bullish", 2, 2, 8, 8, 9)]


def test_ties_of_the_oscillator() -> None:
    osc, lows = line(12, 50, {2: 25, 7: 35, 8: 35}), {2: 18.0, 8: 17.0}
    assert found(below(osc, lows)) == []
    assert found(below(osc, lows, ties="pine")) == [("regular_bullish", 2, 2, 8, 8, 9)]


def test_ties_of_the_price() -> None:
    osc, lows = line(14, 50, {2: 25, 9: 35}), {2: 18.0, 8: 17.0, 9: 17.0}
    assert found(below(osc, lows, pairing="price")) == []
    assert found(below(osc, lows, pairing="price", ties="pine")) == [("regular_bullish", 2, 2, 9, 9, 10)]


def test_it_is_known_when_the_right_swing_is() -> None:
    osc, lows = line(14, 50, {4: 25, 9: 35}), {4: 18.0, 9: 17.0}
    assert found(below(osc, lows, left=3, right=4)) == [("regular_bullish", 4, 4, 9, 9, 13)]
    assert found(below(osc[:13], lows, left=3, right=4)) == []


def test_nothing_is_found_in_nothing() -> None:
    for osc in (line(1, 50), line(40, 50), line(40, NAN)):
        assert len(below(osc, {})) == 0


# bars of the price lows, bars of the oscillator lows, expected (left price, left osc, right price, right osc, known)
PAIRS = {
    "on one bar": ([4, 14], [4, 14], [(4, 4, 14, 14, 15)]),
    "the oscillator ahead": ([4, 14], [6, 17], [(4, 6, 14, 17, 18)]),
    "the oscillator behind": ([4, 14], [2, 11], [(4, 2, 14, 11, 15)]),
    "too far ahead": ([4, 14], [4, 18], []),
    "too far behind": ([4, 14], [4, 10], []),
    "behind before nearer ahead": ([4, 14], [4, 11, 15], [(4, 4, 14, 11, 15)]),
    "the same bar before one behind": ([4, 14], [4, 12, 14], [(4, 4, 14, 14, 15)]),
    "the same bar before one ahead": ([4, 14], [4, 14, 16], [(4, 4, 14, 14, 15)]),
    "the nearest behind": ([4, 14], [4, 11, 13], [(4, 4, 14, 13, 15)]),
    "the nearest ahead": ([4, 14], [4, 15, 17], [(4, 4, 14, 15, 16)]),
    "another price swing before the one ahead": ([4, 12, 14], [4, 15], [(4, 4, 14, 15, 16)]),
    "another price swing on the one ahead": ([4, 12, 15], [4, 15], [(4, 4, 15, 15, 16)]),
    "an oscillator swing serves once": ([4, 12, 14, 20], [4, 12, 20], [(4, 4, 12, 12, 13), (12, 12, 20, 20, 21)]),
    "an unmatched price swing is passed over": ([4, 9, 14], [4, 14], [(4, 4, 14, 14, 15)]),
    "the gap is that of the prices": ([4, 16], [6, 15], [(4, 6, 16, 15, 17)]),
    "prices too far apart, oscillators not": ([4, 17], [6, 15], []),
}


@pytest.mark.parametrize("name", PAIRS)
def test_price_swings_find_their_oscillator_swings(name: str) -> None:
    prices, oscillators, expected = PAIRS[name]
    lows = {bar: 18 - i / 10 for i, bar in enumerate(prices)}  # each lower than the one before
    rising = {bar: 20.0 + i for i, bar in enumerate(oscillators)}  # each higher
    setups = below(line(24, 50, rising), lows, pairing="price", max_gap=12)
    assert found(setups) == [("regular_bullish", *row) for row in expected]
    falling = {bar: 100 - value for bar, value in rising.items()}
    setups = above(line(24, 50, falling), {bar: 40 - low for bar, low in lows.items()}, pairing="price", max_gap=12)
    assert found(setups) == [("regular_bearish", *row) for row in expected]


def test_all_that_a_bullish_divergence_carries() -> None:
    osc = np.array([55, 45, 30, 25, 28, 40, 55, 45, 38, 29, 30, 55, 29, 55.0])
    volume = line(14, 9, {1: 4, 2: 5, 3: 6, 7: 1, 8: 2, 9: 3})
    setups = below(osc, {3: 18, 9: 17, 10: 16.5}, volume)
    assert found(setups) == [("regular_bullish", 3, 3, 9, 9, 10)]
    assert (setups.stop.tolist(), setups.anchors["setup_extreme"].tolist()) == ([16.5], [10])
    assert features(setups) == pytest.approx(CARRIED | {"f_left_osc": 25, "f_right_osc": 29, "f_control": -1})


def test_all_that_a_bearish_divergence_carries() -> None:
    osc = np.array([45, 55, 70, 75, 72, 60, 45, 55, 62, 71, 70, 45, 71, 45.0])
    volume = line(14, 9, {1: 4, 2: 5, 3: 6, 7: 1, 8: 2, 9: 3})
    setups = above(osc, {3: 22, 9: 23, 10: 23.5}, volume)
    assert found(setups) == [("regular_bearish", 3, 3, 9, 9, 10)]
    assert (setups.stop.tolist(), setups.anchors["setup_extreme"].tolist()) == ([23.5], [10])
    assert features(setups) == pytest.approx(CARRIED | {"f_left_osc": 75, "f_right_osc": 71, "f_control": 1})


CARRIED = {
    "f_left_extreme": 1,
    "f_left_depth": 5,
    "f_right_depth": 1,
    "f_left_width": 3,
    "f_right_width": 2,
    "f_width_ratio": 2 / 3,
    "f_volume_ratio": 2 / 5,
    "f_succession": 1,
    "f_broken_before_known": 1,
}


RULES = st.builds(
    DivergenceRule,
    left=st.integers(1, 3),
    right=st.integers(1, 3),
    ties=st.sampled_from(["strict", "pine"]),
    pairing=st.sampled_from(["oscillator", "price"]),
    match_within=st.integers(0, 7),
    min_gap=st.integers(1, 4),
    max_gap=st.integers(4, 30),
    oversold=st.sampled_from([30.0, 42.5]),
    overbought=st.sampled_from([70.0, 57.5]),
    midline=st.sampled_from([50.0, 60.0]),
    left_extreme=st.sampled_from(["swing", "since_midline"]),
).filter(lambda rule: rule.match_within < 2 * min(rule.left, rule.right) + 2)  # any farther and matches could cross


@settings(max_examples=examples(150), deadline=None)
@given(st.data(), coarse_charts(), RULES)
def test_it_equals_the_plain_one(data: st.DataObject, bars: Bars, rule: DivergenceRule) -> None:
    compare(bars, data.draw(coarse_oscillators(len(bars))), rule)


@pytest.mark.parametrize("pairing", ["oscillator", "price"])
@pytest.mark.parametrize(("left", "right", "ties"), [(5, 5, "strict"), (2, 2, "pine"), (3, 7, "strict")])
@pytest.mark.parametrize("extreme", ["swing", "since_midline"])
def test_it_equals_the_plain_one_on_real_bars(pairing: str, left: int, right: int, ties: str, extreme: str) -> None:
    bars = load("sample:AAPL")
    rule = DivergenceRule(left, right, ties, pairing, left_extreme=extreme)
    kinds = compare(bars, rsi(bars.close, 14), rule)
    assert min(kinds.count(kind) for kind in plain.RESET) >= 5


def compare(bars: Bars, osc: Floats, rule: DivergenceRule) -> list[str]:
    """Hold every column of the framework's setups to the plain ones; the kinds found."""
    setups, expected = divergences(bars, osc, rule), plain.divergences(bars, osc.tolist(), rule)
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, rel=1e-9, abs=1e-9, nan_ok=True)
    return [one.kind for one in expected]
