"""What the three waves say together: by hand, then equal to the plain second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework.indicators import WAVES, Stochastic
from framework.setups import Setups
from framework.structure.wave_combinations import half_waves, hierarchies, high_conviction, strongest
from framework.structure.waves import WaveRule, double_bottoms

from . import line
from .test_stochastic import given
from .test_waves import Knots, path

NAN = math.nan
SHORT, MIDDLE, LONG = WAVES
RULE = WaveRule()
N = 80
FLAT = Stochastic(line(N, 50), line(N, 50))  # neither swings nor crosses


def double(right: int, at: Knots | None = None) -> Stochastic:
    """A line with one double bottom: lows of 10 and 16, eight bars apart, 32 between; known five bars after the right
    one, when 36 is the first above 32. d lies under k: no cross.
    """
    knots = {0: 60.0, right - 8: 10, right - 4: 32, right: 16, right + 10: 56, N - 1: 56}
    k = path(knots, at)
    return Stochastic(k, k - 0.25)


def crossing(bar: int, low: float = 15.0, back: int = N) -> Stochastic:
    """A line at `low` that crosses over d at a bar, and back under it at another."""
    k = np.where(np.arange(N) < bar, low, low + 4)
    return Stochastic(k, np.where((np.arange(N) >= bar) & (np.arange(N) < back), k - 1, k + 1))


def rising(first: int, last: int = N) -> Stochastic:
    """A line that rises at the bars from first to last and falls at all others."""
    step = np.where((np.arange(N) >= first) & (np.arange(N) <= last), 0.25, -0.25)
    k = 50 + np.cumsum(step)
    return Stochastic(k, k)


def test_the_hand_made_lines() -> None:
    for right in (20, 40):
        bars = given({MIDDLE: double(right)})
        found = double_bottoms(bars, MIDDLE, RULE)
        assert found.direction.tolist() == [1]
        assert [found.anchors[name].tolist() for name in ("left", "right")] == [[right - 8], [right]]
        assert found.known_at.tolist() == [right + 5]


def listed(setups: Setups, side: int, *names: str) -> list[tuple[int, ...]]:
    mine = setups.take(setups.direction == side)
    assert all(kind.endswith("bottom" if side > 0 else "top") for kind in mine.kind.tolist())
    return list(zip(mine.known_at.tolist(), *(mine.anchors[name].tolist() for name in names), strict=True))


# --- strongest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("long", "right", "short", "expected"),
    [
        (crossing(45), 40, rising(45), [(45, 45, 40)]),
        (crossing(55), 40, rising(45), [(55, 55, 40)]),  # ten bars after the double bottom
        (crossing(56), 40, rising(45), []),
        (crossing(35), 40, rising(45), [(45, 35, 40)]),  # ten bars before
        (crossing(34), 40, rising(45), []),
        (crossing(50), 40, rising(50, 50), [(50, 50, 40)]),
        (crossing(50), 40, rising(51), []),  # already rising, not soon after
        (crossing(50), 40, rising(45, 49), []),
        (crossing(50, 21), 40, rising(45), []),  # not from oversold: k 21 before, 25 after, d 22 and 24
        (crossing(40, back=44), 40, rising(30), []),  # the cross is undone before the double bottom is there
        (crossing(40, back=46), 40, rising(30), [(45, 40, 40)]),
    ],
)
def test_the_strongest(
    long: Stochastic, right: int, short: Stochastic, expected: list[tuple[int, ...]], side: int
) -> None:
    bars = given({SHORT: short, MIDDLE: double(right), LONG: long}, side=side)
    assert listed(strongest(bars, RULE), side, "long_cross", "middle_right") == expected
    assert len(strongest(bars, RULE)) == len(expected)


# --- high conviction ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("long", "middle", "short", "known"),
    [
        (40, 40, 40, 45),
        (30, 40, 35, 45),
        (40, 30, 35, 45),
        (35, 40, 30, 45),
        (40, 29, 35, None),
        (29, 40, 35, None),
        (30, 35, 41, None),
    ],
)
def test_high_conviction(long: int, middle: int, short: int, known: int | None, side: int) -> None:
    waves = {LONG: double(long), MIDDLE: double(middle), SHORT: double(short)}
    rows = listed(high_conviction(given(waves, side=side), RULE), side, "long_right", "middle_right", "short_right")
    assert rows == ([(known, long, middle, short)] if known else [])
    wider = high_conviction(given(waves, side=side), RULE, within=11)
    assert len(wider) == 1


@pytest.mark.parametrize(("bar", "low"), [(18, 20), (19, 15), (45, 15), (46, 20)])
def test_it_stands_on_the_lowest_price_since_three_bars_before_the_earliest_left_low(bar: int, low: float) -> None:
    waves = {LONG: double(40), MIDDLE: double(30), SHORT: double(35)}  # left lows at 32, 22 and 27
    for side in (1, -1):
        setups = high_conviction(given(waves, line(N, 20, {bar: 15}), side), RULE)
        assert setups.anchors["setup_extreme"].tolist() == [bar if low == 15 else 19]
        assert setups.stop.tolist() == [low if side > 0 else 60 - low]
        assert [setups.features[f"f_{name}_grade"].tolist() for name in ("long", "middle", "short")] == [[2]] * 3


# --- hierarchy ---------------------------------------------------------------------------------------------------


def test_half_waves() -> None:
    k = path({0: 50, 5: 10, 10: 30, 14: 16, 26: 64, 30: 60})
    assert half_waves(k).start.tolist() == [5, 10, 14, 26]
    assert half_waves(k).until.tolist() == [12, 16, 28, len(k)]
    two = path({0: 50, 5: 10, 8: 20, 11: 20, 14: 12, 20: 60, 25: 40})  # no high between the lows: a plateau
    assert half_waves(two).start.tolist() == [5, 20]
    assert half_waves(two).until.tolist() == [22, len(two)]
    assert [len(part) for part in half_waves(line(9, 50))] == [0, 0]


def swings(first: int, last: int) -> Stochastic:
    """A line that turns down at one bar and up at another: a half-wave from the first to two bars after the last."""
    k = path({0: 50 - first, first: 50, last: 30, N - 1: 30 + N - last})
    return Stochastic(k, k)


def small(left: int, right: int, at: Knots | None = None) -> Stochastic:
    """Lows of 10 and 14 at these bars, 20 between, complete three bars after the right one (14, 17, 20, 23)."""
    middle = (left + right) // 2
    k = path({0: 10.0 + 2 * left, left: 10, middle: 20, right: 14, right + 12: 50, N - 1: 50}, at)
    return Stochastic(k, k - 0.25)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [
        # the middle wave: lows at 32 and 40, peak at 36, known at 45; its half-waves begin at 32, 36 and 40
        ((20, 50), (40, 46), [(49, 20, 40, 46)]),
        ((32, 50), (40, 46), [(49, 32, 40, 46)]),
        ((33, 50), (40, 46), []),  # the left low lies before the half-wave
        ((20, 44), (40, 46), [(49, 20, 40, 46)]),  # all lows lie in it, what completes them does not
        ((20, 43), (40, 46), []),  # over at 45, before the right low of the short wave
        ((20, 37), (36, 42), []),  # over at 39, before the right low of the middle wave
        ((20, 50), (36, 42), [(45, 20, 40, 42)]),  # from the peak until the low is confirmed at 42
        ((20, 50), (35, 41), []),  # across the peak, confirmed at 38
        ((20, 50), (36, 43), []),
        ((20, 50), (41, 47), [(50, 20, 40, 47)]),
        ((20, 50), (20, 28), []),  # falling into the left low, in no half-wave: none began before
    ],
)
def test_a_hierarchy(long: tuple[int, int], short: tuple[int, int], expected: list[tuple[int, ...]], side: int) -> None:
    bars = given({SHORT: small(*short), MIDDLE: double(40), LONG: swings(*long)}, side=side)
    assert listed(hierarchies(bars, RULE), side, "long_swing", "middle_right", "short_right") == expected


@pytest.mark.parametrize(("long", "there"), [(10, True), (12, True), (13, False)])
def test_a_half_wave_that_falls_into_the_left_low(long: int, there: bool) -> None:
    middle = double(40, {**{bar: 10 + 2 * bar for bar in range(13)}, **{bar: 33 - (bar - 12) for bar in range(13, 32)}})
    bars = given({SHORT: small(20, 28), MIDDLE: middle, LONG: swings(long, 60)})
    rows = listed(hierarchies(bars, RULE), 1, "long_swing", "middle_right", "short_right")
    assert rows == ([(45, long, 40, 28)] if there else [])
