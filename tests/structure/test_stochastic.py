"""Crosses, grinding and the three settings side by side: by hand, then equal to the plain second implementation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from framework.bars import Bars
from framework.indicators import WAVES, Stochastic
from framework.setups import Setups
from framework.sources import load
from framework.structure.stochastic import Grinding, bar_grinding, compared, crosses, grinding, wave_name

from . import Floats, chart, features, line

NAN = math.nan
SHORT, MIDDLE, LONG = WAVES
Points = Mapping[int, float]


def given(lines: Mapping[tuple[int, int, int], Stochastic], lows: Floats | None = None, side: int = 1) -> Bars:
    """Bars that take these for their stochastics; for side -1 the mirror of it all. Highs are 40, lows 20 or given."""
    n = len(next(iter(lines.values())).k)
    lows = line(n, 20) if lows is None else lows
    bars = chart(lows, line(n, 40)) if side > 0 else chart(line(n, 20), 60 - lows)
    for wave, (k, d) in lines.items():
        turned = Stochastic(k.copy(), d.copy()) if side > 0 else Stochastic(100 - k, 100 - d)
        bars.remember(("stochastic", wave), lambda turned=turned: turned)
    return bars


def crossing(k: Sequence[float], d: Sequence[float], lows: Floats | None = None, side: int = 1) -> Setups:
    """The golden crosses of a long wave with these lines; for side -1 the death crosses of the mirror."""
    lines = Stochastic(np.asarray(k, dtype=float), np.asarray(d, dtype=float))
    setups = crosses(given({LONG: lines}, lows, side), LONG)
    assert set(setups.kind[setups.direction == side].tolist()) <= {"golden_cross" if side > 0 else "death_cross"}
    return setups.take(setups.direction == side)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("k", "d", "bars"),
    [
        ([30, 40], [35, 35], [1]),
        ([35, 40], [35, 35], [1]),  # from equal it is one
        ([30, 35], [35, 35], []),  # to equal it is none
        ([30, 35, 40], [35, 35, 35], [2]),
        ([40, 35, 40], [35, 35, 35], [2]),
        ([40, 45], [35, 35], []),
        ([NAN, 40], [35, 35], []),
        ([30, 40], [NAN, 35], []),
        ([30, NAN, 40], [35, 35, 35], []),
        ([30, 40, 30, 40], [35, 35, 35, 35], [1, 3]),
        ([40], [35], []),
    ],
)
def test_what_a_cross_is(k: list[float], d: list[float], bars: list[int], side: int) -> None:
    assert crossing(k, d, side=side).known_at.tolist() == bars


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("k", "d", "there"),
    [
        ([15, 30], [25, 25], 1),  # k at the bar before
        ([20, 30], [25, 25], 0),
        ([18, 22], [19, 21], 1),
        ([20, 25], [22, 19.75], 1),  # d at the cross
        ([20, 25], [22, 20], 0),
        ([10, 20, 30], [50, 25, 25], 0),  # earlier does not count
    ],
)
def test_a_cross_from_the_extreme_zone(k: list[float], d: list[float], there: float, side: int) -> None:
    setups = crossing(k, d, side=side)
    assert setups.features["f_from_zone"].tolist() == [there]
    assert setups.features["f_k"].tolist() == [k[-1] if side > 0 else 100 - k[-1]]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("lows", "bar"),
    [
        ({}, 10),  # the opposite cross at 10, the first of equals
        ({9: 15}, 10),
        ({10: 15, 30: 14}, 30),
        ({30: 15}, 30),
        ({31: 15}, 10),
    ],
)
def test_a_cross_stands_on_the_lowest_price_since_the_opposite_one(lows: Points, bar: int, side: int) -> None:
    k = np.where(np.arange(35) < 10, 60.0, np.where(np.arange(35) < 30, 40.0, 60.0))
    setups = crossing(k, line(35, 50), line(35, 20, lows), side)
    assert (setups.known_at.tolist(), setups.anchors["setup_extreme"].tolist()) == ([30], [bar])
    low = {**dict.fromkeys(range(35), 20), **lows}[bar]
    assert setups.stop.tolist() == [low if side > 0 else 60 - low]


@pytest.mark.parametrize(("bar", "there"), [(20, True), (19, False)])
def test_but_at_most_three_periods_back(bar: int, there: bool) -> None:
    k = np.where(np.arange(90) < 80, 40.0, 60.0)  # crosses at 80; 60 bars before is 20
    setups = crossing(k, line(90, 50), line(90, 20, {bar: 15}))
    assert (setups.anchors["setup_extreme"].tolist() == [bar]) == there


# --- grinding ----------------------------------------------------------------------------------------------------

DEEP = [10, 12, 14, 16, 18, 15, 12, 10, 12, 14]  # ten bars under 20 in a range of 8


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("k", "state"),
    [
        (DEEP, 1),
        ([*DEEP[:8], 19, 10], 1),  # a range of 9
        ([*DEEP[:8], 19.75, 10], 1),
        ([9, *DEEP[:8], 19], 0),  # a range of 10
        ([20, 20, *DEEP[:4], 18, 15, 12, 12], 0),  # eight under 20, but 10 to 20
        ([20, 20, 11, 12, 14, 16, 18, 15, 12, 12], 1),
        ([20, 20, 20, 12, 14, 16, 18, 15, 12, 12], 0),  # seven
        ([50, *DEEP[:9]], 0),
        (DEEP[:9], NAN),
        ([NAN, *DEEP[:9]], NAN),
        ([*DEEP[:5], NAN, *DEEP[:9]], NAN),
        ([*DEEP[:5], NAN, *DEEP], 1),
    ],
)
def test_grinding_in_a_narrow_range(k: list[float], state: float, side: int) -> None:
    values = np.array(k, dtype=float)
    d = values - 0.25
    found = grinding(values, d) if side > 0 else grinding(100 - values, 100 - d)
    assert found[-1:].tolist() == pytest.approx([state], nan_ok=True)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("over", "state"),
    [
        ("..xxx...xxxx", 1),  # k over d: crosses at 2, which is the first of the last ten bars, 5 and 8
        ("..xx..xx....", 1),  # at 2, 4, 6 and 8
        (".xxx....xxxx", 0),  # at 1, too old, 4 and 8
        (".....xxx....", 0),
    ],
)
def test_grinding_with_many_crosses(over: str, state: float, side: int) -> None:
    k = np.array([1, 15, 1, 15, 1, 15, 1, 15, 1, 15, 1, 15], dtype=float)  # a range of 14
    d = np.where(np.array(list(over)) == "x", k - 1, k + 1)
    found = grinding(k, d) if side > 0 else grinding(100 - k, 100 - d)
    assert found[-1] == state


def test_the_numbers_of_grinding() -> None:
    k = np.array([35.0, 25, 10, 25, 35])
    assert grinding(k, k - 1, Grinding(bars=5, beyond=3, level=30, span=26))[-1] == 1
    assert grinding(k, k - 1, Grinding(bars=5, beyond=3, level=30, span=25))[-1] == 0
    assert grinding(k, k - 1, Grinding(bars=5, beyond=4, level=30, span=26))[-1] == 0
    assert grinding(k, k - 1, Grinding(bars=5, beyond=3, level=30, span=25, crosses=0))[-1] == 1


def test_crosses_say_whether_the_line_grinds() -> None:
    bars = load("sample:AAPL")
    setups = crosses(bars, LONG)
    np.testing.assert_array_equal(setups.features["f_grinding"], bar_grinding(bars, LONG)[setups.known_at])
    assert 0 < np.nanmean(setups.features["f_grinding"]) < 0.5


# --- side by side ------------------------------------------------------------------------------------------------


def test_the_three_side_by_side() -> None:
    lines = {
        SHORT: [NAN, 10, 20, 20, 19.75, 80, 80.25],
        MIDDLE: [NAN, NAN, 50, 60, 50, 60, 90],
        LONG: [NAN, NAN, 15, 10, 10, 85, 90],
    }
    bars = given({wave: Stochastic(np.array(k), np.array(k)) for wave, k in lines.items()})
    expected = {
        "direction_5-3-3": [NAN, NAN, 1, 0, -1, 1, 1],
        "zone_5-3-3": [NAN, -1, 0, 0, -1, 0, 1],
        "direction_10-6-6": [NAN, NAN, NAN, 1, -1, 1, 1],
        "zone_10-6-6": [NAN, NAN, 0, 0, 0, 0, 1],
        "direction_20-12-12": [NAN, NAN, NAN, -1, 0, 1, 1],
        "zone_20-12-12": [NAN, NAN, -1, -1, -1, 1, 1],
        "direction": [NAN, NAN, NAN, 0, -2, 3, 3],
        "zone": [NAN, NAN, -1, -1, -2, 1, 3],
    }
    found = compared(bars)
    assert list(found) == [
        *(f"{what}_{wave_name(w)}" for w in WAVES for what in ("direction", "zone")),
        "direction",
        "zone",
    ]
    for name, values in expected.items():
        assert found[name].tolist() == pytest.approx(values, nan_ok=True), name


def test_a_word_for_a_wave() -> None:
    assert [wave_name(wave) for wave in WAVES] == ["5-3-3", "10-6-6", "20-12-12"]
    bars = load("sample:AAPL")
    assert crosses(bars, LONG) is crosses(bars, LONG)
    assert features(crosses(bars, LONG)).keys() == {"f_from_zone", "f_k", "f_grinding"}
