"""Delta and order-flow exhaustion: known answers, small tables, equality with the plain second implementation."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.errors import UserError
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.delta import delta
from framework.structure.levels import nearest, swing_levels
from framework.structure.orderflow import ExhaustionRule, effort, exhaustions
from framework.structure.trailing import trailing
from framework.validation.causality import Views, leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import orderflow as plain
from tests.reference.averages import Found

from . import Points, chart, coarse_charts, line

ROOT = Path(__file__).resolve().parents[2]
NAN = np.nan
SOURCES: tuple[Any, ...] = ("taker", "bulk", "location")
# no threshold at which coarse numbers could tie
SMALL = ExhaustionRule("location", 6, 0.537, 2, 0.377, 0.53, 1, 30, 6, 2, 0.613)
LOOSE = ExhaustionRule("bulk", score=1.0, progress=0.5, near=1.0)


def taken(bars: Bars) -> Bars:
    """The bars with volume that takers bought: the part of it that the close's place in the range says."""
    place = np.where(bars.high > bars.low, (bars.close - bars.low) / np.maximum(bars.high - bars.low, 1e-9), 0.25)
    return replace(bars, taker_buy=bars.volume * place)


def upside_down(bars: Bars, about: float) -> Bars:
    """Highs made lows and buyers sellers."""
    turned = chart(2 * about - bars.high, 2 * about - bars.low, 2 * about - bars.close, bars.volume)
    return turned if bars.taker_buy is None else replace(turned, taker_buy=bars.volume - bars.taker_buy)


def test_delta_of_what_takers_bought() -> None:
    bars = replace(chart([9] * 5, [11] * 5, volume=[10, 10, 10, NAN, 10]), taker_buy=np.array([10, 7, 0, NAN, NAN]))
    np.testing.assert_array_equal(delta(bars, "taker"), [10, 4, -10, NAN, NAN])
    assert delta(bars, "best") is delta(bars, "taker")


def test_delta_of_the_place_of_the_close() -> None:
    bars = chart([10] * 6, [14, 14, 14, 14, 10, 14], [14, 10, 12, 13, 10, 11], [8, 8, 8, 8, 8, NAN])
    np.testing.assert_array_equal(delta(bars, "location"), [8, -8, 0, 4, NAN, NAN])


def test_delta_of_the_change_of_the_close() -> None:
    """Fifty changes of one up and one down deviate by the root of 50/49; of every fiftieth part, by as much."""
    close = 100 + np.arange(60.0) % 2
    volume = np.full(60, 10.0)
    volume[55] = NAN
    found = delta(chart(close - 1, close + 1, close, volume), "bulk")
    share = math.erf(math.sqrt(49 / 50) / math.sqrt(2))
    expected = np.where(np.arange(60) % 2, 10, -10) * share
    expected[:50], expected[55] = NAN, NAN
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("step", [0.0, 0.1, -0.3])
def test_changes_that_are_all_equal_say_nothing(step: float) -> None:
    close = 100 + step * np.arange(200)
    bars = chart(close - 1, close + 1, close, line(200, 5))
    assert np.isnan(delta(bars, "bulk")).all()
    assert delta(bars, "best") is delta(bars, "bulk")


@pytest.mark.parametrize(("source", "missing"), [("taker", "bought by takers"), ("bulk", "volume"), ("best", "volume")])
def test_it_must_be_known(source: Any, missing: str) -> None:
    with pytest.raises(UserError, match=rf"the volume.*{missing.removeprefix('volume')} of no bar is known"):
        delta(chart([9] * 60, [11] * 60), source)


def test_windows_by_hand() -> None:
    mean, spread = trailing(np.array([1.0, 3, 5, NAN, 1, 1, 4]), 2)
    np.testing.assert_array_equal(mean, [NAN, 2, 4, NAN, NAN, 1, 2.5])
    np.testing.assert_allclose(spread, [NAN, math.sqrt(2), math.sqrt(2), NAN, NAN, 0, math.sqrt(4.5)])
    assert (trailing(np.full(30, 0.1), 20)[1][19:] == 0).all()  # though 20 x 0.1 is not quite 2


def test_the_nearest_level() -> None:
    """Lows at 2 and 10, a high at 6, known one bar later; the two lows are equally far from 7."""
    bars = chart(line(20, 8, {2: 6, 10: 6}), line(20, 20, {6: 24}))
    levels = swing_levels(bars, 1)
    assert list(zip(levels.bar, levels.known_at, levels.price, strict=True)) == [(2, 3, 6), (6, 7, 24), (10, 11, 6)]
    at = np.array([2, 3, 6, 7, 10, 11, 12, 12, 13, 13])
    price = np.array([7.0, 7, 24, 24, 7, 7, 7, 23, 17, 7])
    row, far = nearest(levels, price, at, 10)
    assert row.tolist() == [-1, 0, 0, 1, 0, 2, 2, 1, 1, 2]
    np.testing.assert_array_equal(far, [NAN, 1, 18, 0, 1, 1, 1, 1, 7, 1])
    assert nearest(levels, price[-1:], np.array([21]), 10)[0].tolist() == [-1]


# Bars of a range of 2 about 100, so that the ATR is 2. |delta| is 8 and 12 by turns: mean 10, deviation 2.0203. A high
# of 101.5 at bar 20 is the level, the effort of 16 at bar 70 reaches 101. Three bars' mean falls to half of it at 73.
CASES: dict[str, tuple[dict[str, Any], int | None]] = {
    "as it should be": ({}, 73),
    "the effort just large enough": ({"deltas": {70: 14.05, 71: 7, 72: 7, 73: 7}}, 73),
    "the effort too small": ({"deltas": {70: 14.03, 71: 7, 72: 7, 73: 7}}, None),
    "the close a quarter of an ATR on": ({"close": {70: 100.5}}, 73),
    "the close further on": ({"close": {70: 100.5625}}, None),
    "the close further on, but not in three bars": ({"close": {67: 100.25, 70: 100.5625}}, 73),
    "the close going back": ({"close": {70: 99.5}}, 73),
    "half an ATR from the level": ({"high": {70: 100.5}}, 73),
    "further from the level": ({"high": {70: 100.4375}}, None),
    "above the level": ({"high": {70: 101.9375}}, 73),
    "no level": ({"high": {20: 101}}, None),
    "a level known just now": ({"high": {20: 101, 65: 101.5}}, 73),
    "a level known a bar later": ({"high": {20: 101, 66: 101.5}}, None),
    "a level just not too old": ({"rule": {"oldest": 50}}, 73),
    "a level too old": ({"rule": {"oldest": 49}}, None),
    "the delta just not halved": ({"deltas": {71: 8.0625}}, 74),
    "the delta turned": ({"deltas": {71: 12, 72: 12, 73: -12}}, 73),
    "halved at the tenth bar": ({"deltas": dict.fromkeys(range(71, 78), 12) | {78: 8, 79: 8, 80: 8}}, 80),
    "halved at the eleventh": ({"deltas": dict.fromkeys(range(71, 79), 12) | {79: 8, 80: 8, 81: 8}}, None),
    "never halved": ({"deltas": dict.fromkeys(range(71, 90), 12)}, None),
    "a single bar that halves": ({"rule": {"mean": 1}}, 71),
    "the other side's delta": ({"deltas": {70: -16}}, None),
    "a delta unknown before": ({"deltas": {25: NAN}}, None),
    "a delta unknown long before": ({"deltas": {19: NAN}}, 73),
    "a delta unknown after": ({"deltas": {71: NAN, 75: 8, 76: 8}}, 74),
}


def scene(deltas: dict[int, float] | None = None, high: Points | None = None, close: Points | None = None) -> Bars:
    """Buyers at a level, as the comment above says, but for what is given."""
    of = np.where(np.arange(90) % 2, 12.0, 8.0)
    of[70:] = 8.0
    of[70] = 16.0
    for bar, value in (deltas or {}).items():
        of[bar] = value
    highs = line(90, 101, {20: 101.5} | dict(high or {}))
    bars = chart(highs - 2, highs, line(90, 100, close), line(90, 100))
    return replace(bars, taker_buy=(100 + of) / 2)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("side", [1, -1])
def test_exhaustion_by_hand(name: str, side: int) -> None:
    given, known = dict(CASES[name][0]), CASES[name][1]
    rule = replace(ExhaustionRule(), **given.pop("rule", {}))
    bars = scene(**given)
    setups = exhaustions(bars if side < 0 else upside_down(bars, 100), rule)
    assert setups.known_at.tolist() == ([] if known is None else [known])
    assert set(setups.kind) <= {"buyers_exhausted" if side < 0 else "sellers_exhausted"}
    assert set(setups.direction) <= {side}
    assert setups.anchors["effort"].tolist() == [70] * len(setups)


def test_what_a_setup_carries() -> None:
    setups = exhaustions(scene(high={66: 101.75, 68: 101.25}, close={70: 100.25}))
    anchors = {name: bar.tolist() for name, bar in setups.anchors.items()}
    assert anchors == {"level": [20], "effort": [70], EXTREME: [68]} and setups.stop.tolist() == [101.25]
    expected = {"f_z": 6 / math.sqrt(50 * 4 / 49), "f_progress": 0.125, "f_distance": 0.25, "f_fall": 0.5}
    assert {name: values[0] for name, values in setups.features.items()} == pytest.approx(expected)
    assert setups.traded.all() and setups.rule == "order_flow_exhaustion"
    assert exhaustions(scene(high={67: 101.75})).stop.tolist() == [101.75]
    assert exhaustions(scene(high={73: 102})).anchors[EXTREME].tolist() == [73]
    assert exhaustions(scene(high={74: 102})).stop.tolist() == [101]
    ids = {exhaustions(scene(), rule).ids[0] for rule in (ExhaustionRule(), ExhaustionRule(near=0.75))}
    assert len(ids) == 2


def test_of_two_efforts_known_at_one_close_the_last_counts() -> None:
    setups = exhaustions(scene({71: 16}))
    assert (setups.known_at.tolist(), setups.anchors["effort"].tolist()) == ([74], [71])


def test_a_delta_that_never_differs_is_no_effort() -> None:
    bars = scene(dict.fromkeys(range(90), 8.1))
    assert np.isnan(effort(bars)).all() and len(exhaustions(bars, ExhaustionRule(score=0.0))) == 0


def compare(setups: Setups, expected: list[Found]) -> None:
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        features = {name: float(values[row]) for name, values in setups.features.items()}
        assert features == pytest.approx(one.features, rel=1e-7, abs=1e-9)


def compare_all(bars: Bars, rule: ExhaustionRule) -> int:
    for source in SOURCES:
        made = delta(bars, source)
        np.testing.assert_allclose(made, plain.delta(bars, source), rtol=1e-9, atol=1e-9 * np.nanmax(bars.volume))
        score = plain.effort(plain.delta(bars, source), rule.window)
        np.testing.assert_allclose(effort(bars, source, rule.window), score, rtol=1e-7, atol=1e-7)
    expected = plain.exhaustions(bars, rule)
    compare(exhaustions(bars, rule), expected)
    return len(expected)


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(30, 120))
def test_they_equal_the_plain_ones(bars: Bars) -> None:
    assume(bars.has_volume)
    compare_all(taken(bars), SMALL)


def test_they_equal_the_plain_ones_on_random_bars() -> None:
    found = 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        low = 20 + np.cumsum(random.integers(-1, 2, 150)) % 15
        high = low + random.integers(0, 4, 150)
        close = low + np.minimum(random.integers(0, 4, 150), high - low)
        bars = taken(chart(low, high, close, random.integers(1, 9, 150).astype(float)))
        found += compare_all(bars, SMALL) + compare_all(bars, replace(SMALL, source="taker", mean=1))
    assert found > 100


@pytest.mark.parametrize("name", ["BTCUSDT-1d", "SPY-1d", "SOLUSDT-4h"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    bars = taken(load(needed(f"{name}.parquet"))[:1500])
    for source in SOURCES:
        assert compare_all(bars, replace(LOOSE, source=source)) >= 5
    compare_all(bars, ExhaustionRule())


@cache
def short() -> Bars:
    return load("sample:MSFT")[:600]


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    def produce(given: Bars) -> Views:
        bars, every = taken(given), np.arange(len(given))
        views: dict[str, Any] = {}
        for source in SOURCES:
            views[source] = every, {"delta": delta(bars, source), "effort": effort(bars, source)}
            found = exhaustions(bars, replace(LOOSE, source=source))
            columns = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop}
            views[f"{source} exhausted"] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    assert min(len(known) for known, _ in produce(short()).values()) >= 5
    assert list(leaks(short(), produce, range(0, 599, thin(4)), noise)) == []


def test_the_mirror() -> None:
    bars = taken(load("sample:AAPL"))
    other = upside_down(bars, float(bars.high.max()))
    swapped = {"buyers_exhausted": "sellers_exhausted", "sellers_exhausted": "buyers_exhausted"}
    for source in SOURCES:
        rule = replace(LOOSE, source=source)
        found, image = exhaustions(bars, rule), exhaustions(other, rule)
        assert len(found) > 10
        for side in (1, -1):
            mine, its = found.take(found.direction == side), image.take(image.direction == -side)
            assert its.kind.tolist() == [swapped[kind] for kind in mine.kind]
            assert its.known_at.tolist() == mine.known_at.tolist()
            assert its.anchors["effort"].tolist() == mine.anchors["effort"].tolist()
            for name, values in mine.features.items():
                np.testing.assert_allclose(its.features[name], values, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("source", SOURCES)
def test_the_strategy(source: str) -> None:
    rule, bars = load_strategy(ROOT, "order_flow"), taken(load("sample:AAPL"))
    p = rule.build({"source": source, "score": 1.0, "near": 1.0})
    found = rule.setups(bars, p)
    assert found.traded.all() and len(found) > 10 and "entered" in conservative(bars, found).fate
    name, values, levels = rule.panel(bars, p)
    assert "delta" in name and len(values) == len(bars) and levels == (1.0,)
    with pytest.raises(UserError, match="open interest"):
        rule.setups(bars, replace(p, oi="confirm"))
    series = pd.Series(1000 + 100 * np.sin(np.arange(len(bars)) / 9), index=bars.index)
    series.iloc[:1000] = NAN
    known = bars.with_open_interest(series, usd=False)
    for oi, feature, wanted in (("confirm", "f_oi_confirms", {1.0}), ("veto", "f_oi_vetoes", {0.0})):
        asked = rule.setups(known, replace(p, oi=oi))
        assert asked.known_at.tolist() == found.known_at.tolist()
        marks, late = asked.features[feature], asked.known_at >= 1010
        assert set(marks[asked.traded & late]) == wanted and not set(marks[~asked.traded & late]) & wanted
        assert np.isnan(marks[~late]).all() and (asked.traded[~late] == (oi == "veto")).all() and not late.all()


@pytest.mark.parametrize("noise", [None, 7])
def test_the_strategy_sees_nothing_of_the_future(noise: int | None) -> None:
    bars, rule = load("sample:MSFT")[:1500], load_strategy(ROOT, "order_flow")
    p = rule.build({"source": "location", "score": 1.0, "near": 1.0})
    produce = producer(rule.setups, rule.exits, p, {"aggressive": aggressive, "conservative": conservative})
    assert list(leaks(bars, produce, prefixes(1500, examples(100), seed=2), noise)) == []
