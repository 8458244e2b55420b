"""Head and shoulders, double bottoms and double tops by hand, on logs that run straight from turn to turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from framework.bars import Bars
from framework.setups import BROKEN, Setups
from framework.structure.price_doubles import PRICE_DOUBLES, PriceDoubleRule, price_doubles
from framework.structure.reversals import turns
from framework.structure.shoulders import SHOULDERS, ShouldersRule, head_and_shoulders

from . import features
from .test_patterns import BASE, WICK, Bar, drawn, unit

# Lower highs and lower lows; a left shoulder at 50, the neck at 60 and 80, the head at 70, a right shoulder at 90.
FALL = {0: 0.25, 10: 0.3, 20: 0.2, 30: 0.25}
HEADED = FALL | {50: 0.1, 60: 0.16, 70: 0.02, 80: 0.16, 90: 0.1, 99: 0.145}
TWICE = FALL | {50: 0.1, 62: 0.2, 75: 0.1, 87: 0.18}


def price(log: float, side: int) -> float:
    return float(np.exp(BASE + side * log))


def beyond(bar: int, close: float) -> dict[int, Bar]:
    return {bar: (close - 0.03, close + 0.03, close)}


def shoulders(
    path: Mapping[int, float], changed: Mapping[int, Bar] | None = None, side: int = 1, **options: Any
) -> Setups:
    return head_and_shoulders(drawn(dict(sorted(path.items())), changed, side), ShouldersRule(**options))


def doubles(
    path: Mapping[int, float], changed: Mapping[int, Bar] | None = None, side: int = 1, **options: Any
) -> Setups:
    return price_doubles(drawn(dict(sorted(path.items())), changed, side), PriceDoubleRule(**options))


def anchors(setups: Setups) -> dict[str, int]:
    assert len(setups) == 1
    return {name: int(bar[0]) for name, bar in setups.anchors.items()}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("slope", [0.0, 0.0002])
def test_head_and_shoulders_by_hand(slope: float, side: int) -> None:
    """The neckline goes through the wicks at 60 and 80, and on; bar 100 closes .01 beyond it."""
    path = HEADED | {60: 0.16 - 10 * slope, 80: 0.16 + 10 * slope}

    def neck(bar: int) -> float:
        return 0.16 + WICK + slope * (bar - 70)

    volume = [2.0] * 75 + [1.0] * 25 + [3.0] * 5
    bars = drawn(path | {104: 0.2}, beyond(100, neck(100) + 0.01), side, volume=volume)
    setups = head_and_shoulders(bars)
    kind = "inverse_head_and_shoulders" if side > 0 else "head_and_shoulders"
    assert (setups.kind.tolist(), setups.direction.tolist(), setups.known_at.tolist()) == ([kind], [side], [100])
    names = ("left_shoulder", "left_neck", "head", "right_neck", "right_shoulder", "break", "setup_extreme")
    assert anchors(setups) == dict(zip(names, (50, 60, 70, 80, 90, 100, 90), strict=True))
    height = abs(price(neck(70), side) - price(0.02 - WICK, side))
    assert setups.height[0] == pytest.approx(height, rel=1e-12)
    assert setups.stop[0] == pytest.approx(price(0.1 - WICK, side), rel=1e-12)
    assert setups.target[0] == pytest.approx(price(neck(100), side) + side * height, rel=1e-12)
    line = setups.lines[BROKEN]
    assert (line.first[0], line.last[0], line.ends[0]) == (60, 100, pytest.approx(price(neck(100), side), rel=1e-12))
    size, rise = unit(bars, 90) * bars.close[90], price(neck(80), side) - price(neck(60), side)
    expected = {"f_shoulders": 0, "f_necks": abs(rise) / 2 / size, "f_slope": rise / size, "f_height": height / size}
    volumes = {"f_span": 40, "f_volume_ratio": 3, "f_volume_inside": 1 / 2}
    assert features(setups) == pytest.approx(expected | volumes, abs=1e-12)
    assert len(head_and_shoulders(bars[:100])) == 0 and len(head_and_shoulders(bars[:101])) == 1


def off(bars: int, wanted: Mapping[int, float], times: float, side: int, path: Mapping[int, float]) -> Bars:
    """The chart whose turns in `wanted` are moved by so many ATR of bar 90, half a distance from their mean each."""
    moved = 0.0
    for _ in range(40):
        turned = {bar: log + wanted.get(bar, 0.0) * moved for bar, log in path.items()}
        made = drawn(turned | {104: 0.3}, beyond(100, 0.2), side)
        one, other = (made.low, made.high)[:: side if bars == 0 else -side][0][[*wanted]]
        moved *= times * unit(made, 90) * made.close[90] / (abs(one - other) / 2) if moved else 1.0
        moved = moved or times * 0.02
    return made


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("turn", "which"), [({50: 1.0, 90: -1.0}, 0), ({60: 1.0, 80: -1.0}, 1)])
def test_shoulders_and_necks_are_alike(turn: dict[int, float], which: int, side: int) -> None:
    for times, count in ((0.49, 1), (0.51, 0)):
        bars = off(which, turn, times, side, HEADED)
        found = head_and_shoulders(bars, ShouldersRule(tolerance=0.6))
        assert features(found)[("f_shoulders", "f_necks")[which]] == pytest.approx(times, abs=1e-9)
        assert len(head_and_shoulders(bars)) == count


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("pair", [(50, 90), (60, 80)])
@pytest.mark.parametrize(("percent", "count"), [(1.49, 1), (1.51, 0)])
def test_shoulders_and_necks_in_percent(percent: float, count: int, pair: tuple[int, int], side: int) -> None:
    """Two prices whose logs differ by 2 artanh(p) lie p of their mean from it."""
    move = float(np.arctanh(percent / 100))
    path = HEADED | {pair[0]: HEADED[pair[0]] + move, pair[1]: HEADED[pair[1]] - move}
    changed = beyond(100, 0.25)
    assert len(shoulders(path | {104: 0.3}, changed, side, tolerance=1.5, unit="percent")) == count


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({}, 1),
        ({0: 0.05, 10: 0.1, 20: 0.05, 30: 0.12}, 0),  # rising before it
        ({10: 0.24, 20: 0.2}, 0),  # a lower low after a higher high
        ({70: 0.1005}, 0),  # no lower than its shoulders
        ({70: 0.0995}, 1),
        ({50: 0.1, 70: 0.098, 90: 0.096}, 0),  # beyond one of them only
        ({10: 0.25, 20: 0.25}, 0),  # a trend that is not known
    ],
)
def test_what_makes_a_head_and_a_trend_before_it(other: dict[int, float], count: int, side: int) -> None:
    found = shoulders(HEADED | other | {104: 0.2}, beyond(100, 0.19), side)
    assert len(found) == count


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("bar", "within", "count"), [(130, 40, 1), (131, 40, 0), (131, 41, 1), (110, 19, 0)])
def test_the_neckline_breaks_within_forty_bars_of_the_right_shoulder(
    bar: int, within: int, count: int, side: int
) -> None:
    path = {at: log for at, log in HEADED.items() if at < 99} | {100: 0.12, 140: 0.125}
    found = shoulders(path, beyond(bar, 0.2), side, within=within)
    assert found.known_at.tolist() == [bar] * count


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("low", "count"), [(0.0901, 1), (0.1 - WICK, 1), (0.0899, 0)])
def test_price_beyond_the_right_shoulder_first(low: float, count: int, side: int) -> None:
    """That shoulder's wick is at .09. Two bars that go beyond alike, and are no swing; one that breaks the neckline
    too has been there first.
    """
    for dips in ((97, 98), (100,)):
        broke = {100: (0.1, 0.2, 0.19)} | dict.fromkeys(dips, (low, 0.14, 0.13))
        if dips == (100,):
            broke[100] = (low, 0.2, 0.19)
        assert len(shoulders(HEADED | {104: 0.2}, broke, side)) == count


EARLY = {at: log for at, log in HEADED.items() if at < 99} | {92: 0.2, 104: 0.22}


@pytest.mark.parametrize("side", [1, -1])
def test_a_neckline_that_broke_before_the_right_shoulder_was_confirmed(side: int) -> None:
    """Closes beyond it from 92 on; back inside at 94, from 95 on, and back at 95 only."""
    setups = shoulders(EARLY, side=side)
    assert setups.known_at.tolist() == [95] and anchors(setups)["break"] == 92
    rising = shoulders(EARLY | {60: 0.158, 80: 0.162}, side=side)  # the target is one from where it broke first
    necks = [price(0.168 + 0.0002 * (bar - 60), side) for bar in (70, 92)]
    assert (anchors(rising)["break"], rising.known_at[0]) == (92, 95)
    assert rising.target[0] == pytest.approx(necks[1] + necks[0] - price(0.02 - WICK, side), rel=1e-12)
    back = shoulders(EARLY, {94: (0.14, 0.2, 0.15)}, side)
    assert back.known_at.tolist() == [95] and anchors(back)["break"] == 95
    later = shoulders(EARLY | {95: 0.15, 104: 0.16}, side=side)
    assert len(later) == 0
    again = shoulders(EARLY, {95: (0.14, 0.2, 0.15)}, side)
    assert again.known_at.tolist() == [96] and anchors(again)["break"] == 96


@pytest.mark.parametrize("side", [1, -1])
def test_a_double_by_hand(side: int) -> None:
    """The peak is the wick at 62, .21; bar 92 closes beyond. The left low is the lower of the two."""
    path = TWICE | {75: 0.11, 96: 0.19}
    volume = [4.0] * 71 + [2.0] * 21 + [6.0] * 5
    bars = drawn(path, beyond(92, 0.22), side, volume=volume)
    setups = price_doubles(bars)
    assert setups.kind.tolist() == ["double_bottom" if side > 0 else "double_top"]
    assert (setups.direction.tolist(), setups.known_at.tolist()) == ([side], [92])
    assert anchors(setups) == {"left": 50, "peak": 62, "right": 75, "break": 92, "setup_extreme": 50}
    low, peak = price(0.1 - WICK, side), price(0.2 + WICK, side)
    assert setups.stop[0] == pytest.approx(low, rel=1e-12)
    assert setups.height[0] == pytest.approx(abs(peak - low), rel=1e-12)
    assert setups.target[0] == pytest.approx(2 * peak - low, rel=1e-12)
    line = setups.lines[BROKEN]
    assert (line.first[0], line.last[0]) == (62, 92) and line.begins[0] == line.ends[0] == pytest.approx(peak)
    size = unit(bars, 75) * bars.close[75]
    expected = {"f_apart": 200 * np.tanh(0.005), "f_height": abs(peak - low) / size, "f_span": 25, "f_trend": -side}
    inside = {"f_volume_ratio": 3, "f_volume_inside": 0.5}
    assert features(setups) == pytest.approx(expected | inside, rel=1e-9)
    assert len(price_doubles(bars[:92])) == 0


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("percent", "count"), [(3.9, 1), (4.1, 0), (-3.9, 1), (-4.1, 0)])
def test_how_far_the_lows_may_differ(percent: float, count: int, side: int) -> None:
    """The second above or below the first."""
    path = TWICE | {75: 0.1 + 2 * float(np.arctanh(percent / 200)), 92: 0.21}
    assert len(doubles(path, beyond(90, 0.23), side)) == count
    assert len(doubles(path, beyond(90, 0.23), side, apart=4.2)) == 1


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("times", "count"), [(2.9, 0), (3.1, 1)])
def test_how_high_the_peak_must_be(times: float, count: int, side: int) -> None:
    """So many ATR of the second low's bar from the higher of the lows, which is the second."""
    top = 0.18
    for _ in range(60):
        bars = drawn(TWICE | {62: top, 75: 0.11, 92: 0.2}, beyond(90, 0.23), side)
        wick = (bars.high if side > 0 else bars.low)[62], (bars.low if side > 0 else bars.high)[75]
        top += times * unit(bars, 75) - abs(wick[0] - wick[1]) / bars.close[75]
    assert abs(wick[0] - wick[1]) == pytest.approx(times * unit(bars, 75) * bars.close[75], rel=1e-9)
    assert len(price_doubles(bars)) == count
    assert len(price_doubles(bars, PriceDoubleRule(between=2.5))) == 1


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("low", "count"), [(0.1001, 1), (0.0999, 0)])
def test_price_below_the_second_low_gives_a_double_up(low: float, count: int, side: int) -> None:
    """Two bars that go there alike, and are no swing; the first low is lower still."""
    path, dip = TWICE | {75: 0.11, 96: 0.19}, (low, 0.17, 0.16)
    assert len(doubles(path, beyond(92, 0.22) | {84: dip, 85: dip}, side)) == count


@pytest.mark.parametrize("side", [1, -1])
def test_of_lows_without_a_high_between_them_the_lowest_counts(side: int) -> None:
    """At 40 and 54, the high between them taken away by a second one alike: one turn, new when it is lower."""
    path = {0: 0.3, 20: 0.1, 30: 0.3, 40: 0.12, 47: 0.2, 54: 0.11, 70: 0.3}
    flat = {46: (0.18, 0.21, 0.19), 47: (0.18, 0.21, 0.19), 48: (0.18, 0.21, 0.19)}
    states = turns(drawn(path, flat, side), side, 5)
    latest = [[-1 if bar < 0 else bar for bar in row[:3]] for row in states.bars.tolist()]
    assert latest == [[20, -1, -1], [40, 30, 20], [54, 30, 20]] and states.known.tolist() == [25, 45, 59]
    path[54] = 0.13
    states = turns(drawn(path, flat, side), side, 5)
    assert states.known.tolist() == [25, 45]


def test_markets_without_any() -> None:
    for bars in (drawn({0: 0.0, 60: 0.0}), drawn(HEADED)[:12], drawn(HEADED)[:40]):
        assert len(head_and_shoulders(bars, SHOULDERS)) == len(price_doubles(bars, PRICE_DOUBLES)) == 0
