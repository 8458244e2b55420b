"""Swings and zigzag: answers worked out by hand, then equality with the plain second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.sources import load
from framework.structure.swings import RUN, swing_highs, swing_lows, zigzag
from tests import examples
from tests.reference import swings as plain

from . import Floats, chart, coarse_charts, coarse_oscillators

NAN = math.nan

# series, left, right, ties, bars of the swing lows
LOWS = {
    "a valley": ([3, 2, 1, 2, 3], 2, 2, "strict", [2]),
    "no full window before": ([1, 2, 3, 4, 5], 1, 1, "strict", []),
    "no full window after": ([5, 4, 3, 2, 1], 1, 1, "strict", []),
    "first and last possible bar": ([2, 1, 2, 1, 2], 1, 1, "strict", [1, 3]),
    "one bar short of the window after": ([3, 2, 1, 2], 2, 2, "strict", []),
    "an equal bar before": ([3, 1, 1, 2, 3], 2, 2, "strict", []),
    "an equal bar before, pine": ([3, 1, 1, 2, 3], 2, 2, "pine", [2]),
    "an equal bar after": ([4, 3, 1, 1, 2, 3, 3], 2, 2, "strict", []),
    "a plateau's last bar, pine": ([4, 3, 1, 1, 1, 2, 3], 2, 2, "pine", [4]),
    "equal at the far end of the window": ([1, 3, 1, 3, 2], 2, 2, "strict", []),
    "equal at the far end behind, pine": ([1, 3, 1, 3, 2], 2, 2, "pine", [2]),
    "equal at the far end ahead, pine": ([2, 3, 1, 3, 1], 2, 2, "pine", []),
    "equal beyond the window": ([1, 3, 1, 3, 1], 1, 1, "strict", [2]),
    "a flat line": ([2, 2, 2, 2, 2], 1, 1, "strict", []),
    "a flat line, pine": ([2, 2, 2, 2, 2], 1, 1, "pine", []),
    "a lower bar before": ([0, 3, 1, 2, 3], 2, 2, "strict", []),
    "a lower bar after": ([3, 2, 1, 2, 0], 2, 2, "strict", []),
    "wider behind than ahead": ([4, 3, 2, 1, 2, 0], 3, 1, "strict", [3]),
    "wider ahead than behind": ([0, 2, 1, 2, 3, 4], 1, 3, "strict", [2]),
    "a hole before": ([NAN, 2, 1, 2, 3], 2, 2, "strict", []),
    "a hole after": ([3, 2, 1, 2, NAN], 2, 2, "strict", []),
    "a hole beyond the window": ([NAN, 3, 2, 1, 2, 3, NAN], 2, 2, "strict", [3]),
    "shorter than a window": ([1], 5, 5, "strict", []),
}


@pytest.mark.parametrize("name", LOWS)
def test_swing_lows_and_their_mirror(name: str) -> None:
    values, left, right, ties, bars = LOWS[name]
    series = np.array(values, dtype=float)
    found = swing_lows(series, left, right, ties)
    assert found.bar.tolist() == bars
    assert found.known_at.tolist() == [bar + right for bar in bars]
    assert found.price.tolist() == [values[bar] for bar in bars]
    above = swing_highs(100 - series, left, right, ties)
    assert above.bar.tolist() == bars
    assert above.known_at.tolist() == [bar + right for bar in bars]
    assert above.price.tolist() == [100 - values[bar] for bar in bars]


def test_the_default_swing_is_five_to_both_sides() -> None:
    series = np.array([6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 6], dtype=float)
    assert (swing_lows(series).bar.tolist(), swing_lows(series).known_at.tolist()) == ([5], [10])
    assert swing_lows(series[1:]).bar.tolist() == []
    assert swing_lows(series[:-1]).bar.tolist() == []


@settings(max_examples=examples(200), deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 5), st.sampled_from(["strict", "pine"]))
def test_swings_equal_the_plain_ones(data: st.DataObject, left: int, right: int, ties: str) -> None:
    series = data.draw(coarse_oscillators(data.draw(st.integers(1, 80))))
    for found, expected in (
        (swing_lows(series, left, right, ties), plain.swing_lows(series.tolist(), left, right, ties)),
        (swing_highs(series, left, right, ties), plain.swing_highs(series.tolist(), left, right, ties)),
    ):
        assert found.bar.tolist() == [swing.bar for swing in expected]
        assert found.known_at.tolist() == [swing.known_at for swing in expected]
        assert found.price.tolist() == [swing.price for swing in expected]


def plain_lows(series: Floats, left: int, right: int, plateau: bool) -> list[int]:
    """Bars below all of their neighbours, each bar and each neighbour looked at alone."""
    values = series.tolist()
    found = []
    for bar in range(left, len(values) - right):
        here, before, after = values[bar], values[bar - left : bar], values[bar + 1 : bar + right + 1]
        lower = all(here <= other if plateau else here < other for other in before)
        if here == here and lower and all(here < other for other in after):
            found.append(bar)
    return found


@pytest.mark.parametrize("left", range(21))
@pytest.mark.parametrize("length", [0, 1, 7, 21, 41, 150])
def test_widths_from_nothing_to_twenty(left: int, length: int) -> None:
    """On prices full of ties, with plateaus and holes; the window may be nothing on either side."""
    rng = np.random.default_rng(left * 1000 + length)
    for reach, holes in ((3, 0.0), (40, 0.0), (40, 0.1), (1000, 0.0), (1000, 0.02)):
        series = np.cumsum(rng.integers(-3, 4, length)) % reach + 0.0
        series[rng.random(length) < holes] = NAN
        for start in rng.integers(0, max(length, 1), 3).tolist():
            series[start : start + 4] = series[start : start + 1]
        for right in (left, 0, 1, 2, 3, int(rng.integers(0, 21))):
            for ties in ("strict", "pine"):
                found = swing_lows(series, left, right, ties)
                assert found.bar.tolist() == plain_lows(series, left, right, ties == "pine")


@pytest.mark.parametrize("width", [(0, 0), (0, 3), (3, 0), (1, 1), (2, 2), (3, 2), (5, 5), (7, 20)])
@pytest.mark.parametrize("length", [RUN - 1, RUN, RUN + 1, RUN + 5, RUN + 11, 2 * RUN + 10])
def test_lengths_around_the_run_that_is_compared_at_once(width: tuple[int, int], length: int) -> None:
    """The same at the seams: bars before, on and after each have a neighbour in the next run."""
    rng = np.random.default_rng(length)
    series = np.cumsum(rng.integers(-2, 3, length)) % 50 + 0.0
    for seam in (RUN, 2 * RUN):  # lows, and plateaus of lows, right there
        for at in range(seam - 8, seam + 30, 7):
            series[at : at + 1 + at % 2] = -1.0 - at % 3
    series[rng.integers(0, length, 5)] = NAN
    for ties in ("strict", "pine"):
        found = swing_lows(series, *width, ties)
        assert found.bar.tolist() == plain_lows(series, *width, ties == "pine")
        assert len(found.bar) > 10


def test_a_series_that_is_no_run_of_memory() -> None:
    """Every second value, backwards, of another kind of number: the same as its copy."""
    values = np.cumsum(np.random.default_rng(3).normal(size=400))
    for series in (values[::2], values[::-1], values[::-3], values.astype(np.float32)):
        copy = np.ascontiguousarray(series, np.float64)
        assert swing_lows(series, 2, 3).bar.tolist() == plain_lows(copy, 2, 3, False)
        assert swing_highs(series, 2, 3).bar.tolist() == plain_lows(-copy, 2, 3, False)


# high, low, close of every bar; threshold in percent; (kind, bar, known_at, price) expected
ZIGZAGS = {
    "up, down, up": (
        [(100, 100, 100), (110, 110, 110), (104, 104, 104), (98, 98, 98), (96, 96, 96), (107, 107, 107)],
        10.0,
        [(-1, 0, 1, 100), (1, 1, 3, 110), (-1, 4, 5, 96)],
    ),
    "a retracement that stops short": ([(100, 100, 100), (115, 115, 115), (101, 101, 101)], 12.5, [(-1, 0, 1, 100)]),
    "a retracement of exactly the threshold": (
        [(100, 100, 100), (160, 160, 160), (140, 140, 140)],
        12.5,
        [(-1, 0, 1, 100), (1, 1, 2, 160)],
    ),
    "a wick extends but does not confirm": (
        [(100, 100, 100), (160, 150, 155), (160, 100, 150), (150, 130, 130)],
        12.5,
        [(-1, 0, 1, 100), (1, 1, 3, 160)],  # the equal high of bar 2 does not replace the first
    ),
    "a later higher high replaces": (
        [(100, 100, 100), (160, 150, 155), (168, 150, 150), (150, 130, 130)],
        12.5,
        [(-1, 0, 1, 100), (1, 2, 3, 168)],
    ),
    "an extreme confirmed by its own close": (
        [(100, 100, 100), (120, 120, 120), (200, 120, 130), (150, 140, 150)],
        12.5,
        [(-1, 0, 1, 100), (1, 2, 2, 200), (-1, 2, 3, 120)],  # the next low begins on that same bar
    ),
    "the next candidate is looked for from the bar after the extreme": (
        [(100, 100, 100), (200, 90, 190), (180, 150, 180), (180, 160, 170), (180, 172, 175)],
        12.5,
        # Bar 1's own low, 90, is older than its high: the next low is 150, the lowest of the bars after it up to the
        # confirmation, and bar 3's close at 170 is past 168.75 but was spent on confirming the high.
        [(-1, 1, 1, 90), (1, 1, 3, 200), (-1, 2, 4, 150)],
    ),
    "of equal lows the first": (
        [(100, 100, 100), (160, 160, 160), (140, 130, 140), (140, 130, 140), (160, 140, 160)],
        12.5,
        [(-1, 0, 1, 100), (1, 1, 2, 160), (-1, 2, 4, 130)],
    ),
    "of equal lows before the confirmation the first": (
        [(100, 100, 100), (160, 160, 160), (160, 140, 150), (150, 140, 140), (160, 150, 158)],
        12.5,
        [(-1, 0, 1, 100), (1, 1, 3, 160), (-1, 2, 4, 140)],
    ),
    "of equal highs before the confirmation the first": (
        [(100, 100, 100), (80, 80, 80), (92, 85, 85), (92, 86, 90), (85, 80, 80)],
        12.5,
        [(1, 0, 1, 100), (-1, 1, 3, 80), (1, 2, 4, 92)],
    ),
    "both at once on one bar: the high": (
        [(120, 80, 100), (100, 100, 100)],
        6.25,
        [(1, 0, 0, 120), (-1, 0, 1, 80)],
    ),
    "both at once, the low later": (
        [(100, 100, 100), (108, 99, 100), (100, 80, 93)],
        12.5,
        [(-1, 2, 2, 80)],
    ),
    "both at once, the high later": (
        [(100, 100, 100), (100, 92, 100), (120, 99, 104)],
        12.5,
        [(1, 2, 2, 120)],
    ),
    "a flat line": ([(100, 100, 100)] * 5, 12.5, []),
}


@pytest.mark.parametrize("name", ZIGZAGS)
def test_zigzag_in_percent(name: str) -> None:
    rows, size, expected = ZIGZAGS[name]
    high, low, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = zigzag(chart(low, high, close), "percent", size)
    got = list(zip(found.kind.tolist(), found.bar.tolist(), found.known_at.tolist(), found.price.tolist(), strict=True))
    assert got == expected


def steady(closes: list[float]) -> tuple[Floats, Floats, Floats]:
    """Bars one unit to both sides of their close, after 14 such bars at 100: an ATR of 2 where it starts."""
    close = np.array([100.0] * 14 + closes)
    return close + 1, close - 1, close


def test_zigzag_in_atr_fixes_the_threshold_at_the_candidate() -> None:
    # At bar 13 the ATR is 2 and both candidates stand there: high 101, low 99, three ATR are 6.
    high, low, close = steady([104.9, 100, 98.5])
    found = zigzag(chart(low, high, close))
    # Bar 14 (true range 5.9, ATR 2.279) closes at 104.9, not at the 105 that the low at 99 takes. Its own high,
    # 105.9, is confirmed by a close at or under 99.064: bar 16. The ATR of that bar, 2.535, would ask for 98.296.
    assert found.kind.tolist() == [1]
    assert (found.bar.tolist(), found.known_at.tolist(), found.price.tolist()) == ([14], [16], [105.9])


def test_zigzag_confirms_at_exactly_three_atr() -> None:
    high, low, close = steady([105])
    assert zigzag(chart(low, high, close)).known_at.tolist() == [14]
    high, low, close = steady([104.99])
    assert zigzag(chart(low, high, close)).known_at.tolist() == []


def test_zigzag_does_not_look_at_what_came_before_the_atr() -> None:
    close = np.array([60.0] + [100.0] * 13 + [101, 100])
    found = zigzag(chart(close - 1, close + 1, close))
    # The ATR is 4.79 where it starts. The low at 59, in the warm-up, would be confirmed by any close from then on.
    assert len(found.bar) == 0


@settings(max_examples=examples(200), deadline=None)
@given(coarse_charts(least=1), st.sampled_from([("atr", 1.0), ("atr", 3.0), ("percent", 12.5), ("percent", 25.0)]))
def test_zigzag_equals_the_plain_one(bars: Bars, rule: tuple[str, float]) -> None:
    compare(bars, *rule)


@pytest.mark.parametrize("rule", [("atr", 3.0), ("atr", 1.5), ("percent", 5.0), ("percent", 20.0)])
def test_zigzag_equals_the_plain_one_on_real_bars(rule: tuple[str, float]) -> None:
    assert compare(load("sample:AAPL"), *rule) > 10


@pytest.mark.parametrize("width", [(5, 5), (2, 2), (3, 7)])
def test_swings_equal_the_plain_ones_on_real_bars(width: tuple[int, int]) -> None:
    bars = load("sample:AAPL")
    lows, highs = swing_lows(bars.low, *width), swing_highs(bars.high, *width)
    assert lows.bar.tolist() == [swing.bar for swing in plain.swing_lows(bars.low.tolist(), *width)]
    assert highs.bar.tolist() == [swing.bar for swing in plain.swing_highs(bars.high.tolist(), *width)]
    assert min(len(lows.bar), len(highs.bar)) > 100


def compare(bars: Bars, unit: str, size: float) -> int:
    """Hold the framework's zigzag to the plain one; the number of swings."""
    found, expected = zigzag(bars, unit, size), plain.zigzag(bars, unit, size)
    assert found.bar.tolist() == [swing.bar for swing in expected]
    assert found.known_at.tolist() == [swing.known_at for swing in expected]
    assert found.kind.tolist() == [swing.kind for swing in expected]
    assert found.price.tolist() == [swing.price for swing in expected]
    return len(expected)
