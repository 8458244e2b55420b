"""Blow-off tops and selling climaxes: small tables, every condition missed by a hair, the plain second version."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy.stats import percentileofscore

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.errors import UserError
from framework.indicators import bar_atr, bar_ema
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.blowoff import BlowOffRule, blow_offs, curvature, stretch
from framework.structure.volume import relative_volume
from framework.validation.causality import Views, leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import orderflow as plain
from tests.reference.averages import Found

from . import Floats, Points, chart, coarse_charts, line

ROOT = Path(__file__).resolve().parents[2]
NAN = np.nan
# no threshold at which coarse numbers could tie
SMALL = BlowOffRule(3, 12, 61.0, 5, 0.213, 3, 0.313, 2, 0.813, 4, 6)
LOOSE = BlowOffRule(percentile=80.0, curvature=0.5, stretch=1.0, volume=0.8, within=15)


def closes(values: Floats, volume: Floats | None = None) -> Bars:
    return chart(values - 1, values + 1, values, line(len(values), 100) if volume is None else volume)


def scene(side: int, volume: Points | None = None, high: Points | None = None) -> Bars:
    """Three hundred bars about 100, twenty that rise (of a climax: fall) ever faster, thirty that come back by 1 %.

    The last blow-off is bar 321 (climax: 320); bar 322 is the first to close on the other side of the 5 average.
    """
    quiet = 100 + 0.5 * (np.arange(300) % 2)
    moved = 100 * np.exp(-side * 0.0005 * np.arange(1, 21) ** 2)
    back = moved[-1] * np.exp(side * 0.01 * np.arange(1, 31))
    close = np.concatenate([quiet, moved, back])
    highs = close + 1
    for bar, price in (high or {}).items():
        highs[bar] = price
    return chart(close - 1, highs, close, line(350, 100, volume))


LAST = {-1: 321, 1: 320}
ENDS: dict[str, tuple[dict[int, float], int | None]] = {
    "with just enough volume": ({322: 150}, 322),
    "with too little": ({322: 149.9}, None),
    "without any": ({}, None),
    "the next one with enough": ({322: 120, 323: 160}, 323),
    "not the first with enough": ({322: 150, 323: 400}, 322),
    "while still beyond the average": ({321: 1000}, None),
    "the tenth bar": ({330: 151}, 330),
    "too late": ({332: 1000}, None),
    "volume unknown then": ({322: NAN, 323: 400}, None),
    "volume unknown long before": ({301: NAN, 322: 150}, 322),
    "volume unknown just before": ({302: NAN, 322: 150}, None),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("side", [1, -1])
def test_ends_by_hand(name: str, side: int) -> None:
    volume, known = ENDS[name]
    setups = blow_offs(scene(side, volume))
    assert setups.known_at.tolist() == ([] if known is None else [known])
    assert setups.kind.tolist() == ["selling_climax" if side > 0 else "blow_off_top"] * len(setups)
    assert setups.direction.tolist() == [side] * len(setups)
    assert setups.anchors["blow_off"].tolist() == [LAST[side]] * len(setups)


@pytest.mark.parametrize("side", [1, -1])
def test_at_most_so_many_bars_later(side: int) -> None:
    bars, late = scene(side, {330: 151}), 330 - LAST[side]
    assert [len(blow_offs(bars, BlowOffRule(within=within))) for within in (late - 1, late)] == [0, 1]


@pytest.mark.parametrize("side", [1, -1])
def test_what_a_setup_carries(side: int) -> None:
    bars, at = scene(side, {322: 170}), LAST[side]
    setups = blow_offs(bars)
    gain = bars.close[20:] / bars.close[:-20]
    terms, covariance = np.polyfit(np.arange(20), np.log(bars.close[at - 19 : at + 1]), 2, cov=True)
    expected = {
        "f_return_percentile": percentileofscore(gain[at - 270 : at - 20], gain[at - 20], kind="mean"),
        "f_curvature_t": terms[0] / np.sqrt(covariance[0, 0]),
        "f_stretch": (bars.close[at] - bar_ema(bars, 20)[at]) / bar_atr(bars)[at],
        "f_volume_ratio": 1.7,
    }
    assert {name: values[0] for name, values in setups.features.items()} == pytest.approx(expected, rel=1e-6)
    assert -side * expected["f_curvature_t"] > 2 and -side * expected["f_stretch"] > 3
    assert setups.anchors[EXTREME].tolist() == [319] and setups.traded.all() and setups.rule == "blow_off"
    assert setups.stop[0] == bars.close[319] - side


@pytest.mark.parametrize(("bar", "counts"), [(301, False), (302, True), (322, True), (323, False)])
def test_a_top_stands_under_the_highest_price_since_its_parabola_began(bar: int, counts: bool) -> None:
    setups = blow_offs(scene(-1, {322: 150}, {bar: 125.0}), replace(BlowOffRule(), stretch=2.0))
    assert setups.anchors["blow_off"].tolist() == [321]
    assert (setups.stop[0] == 125.0) == counts


@pytest.mark.parametrize("name", ["percentile", "curvature", "stretch"])
@pytest.mark.parametrize("side", [1, -1])
def test_each_condition_missed_by_a_hair(name: str, side: int) -> None:
    """The bar that was the last blow-off is none once the rule asks for a little more than it has."""
    bars = scene(side, {322: 150})
    features = blow_offs(bars).features
    rank = float(features["f_return_percentile"][0])
    values = {
        "percentile": rank if side < 0 else 100 - rank,
        "curvature": -side * float(features["f_curvature_t"][0]),
        "stretch": -side * float(features["f_stretch"][0]),
    }
    asked = {"more": values[name] + 1e-6, "exactly": values[name], "less": values[name] - 1e-6}
    has = {
        word: LAST[side] in blow_offs(bars, replace(BlowOffRule(), **{name: value})).anchors["blow_off"]
        for word, value in asked.items()
    }
    assert has == {"more": False, "exactly": name != "curvature", "less": True}


def test_a_rise_that_slows_down_is_none() -> None:
    """As far and as fast, but bent the other way."""
    close = scene(-1).close.copy()
    close[300:320] = 100 * np.exp(0.2 - 0.0005 * np.arange(19, -1, -1) ** 2)
    bars = closes(close, line(350, 100, {321: 150}))
    assert (stretch(bars)[316:319] > 3).all() and (curvature(bars)[316:321] < -2).all()
    found = [blow_offs(bars, BlowOffRule(within=5, curvature=bend)).known_at.tolist() for bend in (2.0, 0.0, -np.inf)]
    assert found == [[], [], [321]]


def test_returns_are_compared_with_250_before() -> None:
    """Bars that begin later than 271 before the blow-off know too few."""
    bars = scene(-1, {322: 150})
    assert [blow_offs(bars[first:]).anchors["blow_off"].tolist() for first in (51, 52)] == [[270], []]


def test_curvature_of_known_curves() -> None:
    x = np.arange(60.0)
    parabola = curvature(closes(np.exp(4.6 + 0.0005 * (x - 30) ** 2)))
    assert np.isnan(parabola[:19]).all() and (parabola[19:] > 1e6).all()
    for straight in (np.full(60, 7.1), 100 * 1.01**x, 50 * 0.99**x):
        assert (np.abs(curvature(closes(straight))[19:]) < 0.1).all()
    close = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 60)))
    found = curvature(closes(close), 12)
    for t in range(11, 60):
        terms, covariance = np.polyfit(np.arange(12), np.log(close[t - 11 : t + 1]), 2, cov=True)
        assert found[t] == pytest.approx(terms[0] / np.sqrt(covariance[0, 0]), rel=1e-6)
    np.testing.assert_allclose(curvature(closes(1000 * close), 12), found, rtol=1e-6)
    np.testing.assert_allclose(curvature(closes(1e4 / close), 12), -found, rtol=1e-6)


def test_volume_over_its_mean_before() -> None:
    bars = closes(line(8, 100), np.array([1.0, 3, 4, NAN, 5, 0, 0, 6]))
    np.testing.assert_array_equal(relative_volume(bars, usual=2), [NAN, NAN, 2, NAN, NAN, NAN, 0, NAN])


def test_it_must_be_known() -> None:
    with pytest.raises(UserError, match="the volume of no bar is known"):
        blow_offs(closes(line(300, 100), line(300, NAN)))


@pytest.mark.parametrize("reach", [0.0, 0.3])
def test_a_market_that_stands_still(reach: float) -> None:
    close = np.full(400, 7.1)
    bars = chart(close - reach, close + reach, close, line(400, 5))
    assert len(blow_offs(bars, replace(SMALL, stretch=0.0, curvature=0.0, percentile=0.0))) == 0


def compare(setups: Setups, expected: list[Found]) -> None:
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        features = {name: float(values[row]) for name, values in setups.features.items()}
        assert features == pytest.approx(one.features, rel=1e-6, abs=1e-9)


@settings(max_examples=examples(100), deadline=None)
@given(coarse_charts(30, 120))
def test_they_equal_the_plain_ones(bars: Bars) -> None:
    assume(bars.has_volume)
    compare(blow_offs(bars, SMALL), plain.blow_offs(bars, SMALL))


def test_they_equal_the_plain_ones_on_random_bars() -> None:
    kinds: list[str] = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        low = 20 + np.cumsum(random.integers(-1, 2, 150)) % 15
        high = low + random.integers(0, 4, 150)
        close = low + np.minimum(random.integers(0, 4, 150), high - low)
        bars = chart(low, high, close, random.integers(1, 9, 150).astype(float))
        expected = plain.blow_offs(bars, SMALL)
        compare(blow_offs(bars, SMALL), expected)
        kinds += [one.kind for one in expected]
    assert min(kinds.count("blow_off_top"), kinds.count("selling_climax")) >= 30


@pytest.mark.parametrize("name", ["BTCUSDT-1d", "SPY-1d", "SOLUSDT-4h"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    bars = load(needed(f"{name}.parquet"))[:3000]
    np.testing.assert_allclose(curvature(bars), plain.curvature(bars), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(stretch(bars), plain.stretch(bars), rtol=1e-7, atol=1e-9)
    for rule in (BlowOffRule(), LOOSE):
        compare(blow_offs(bars, rule), plain.blow_offs(bars, rule))
    assert len(blow_offs(bars, LOOSE)) >= 20


@cache
def short() -> Bars:
    return load("sample:MSFT")[:700]


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    def produce(bars: Bars) -> Views:
        lines = {"curvature": curvature(bars), "stretch": stretch(bars), "ratio": relative_volume(bars)}
        views: dict[str, Any] = {"lines": (np.arange(len(bars)), lines)}
        for word, rule in (("loose", LOOSE), ("small", SMALL)):
            found = blow_offs(bars, rule)
            columns = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop}
            views[word] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    assert min(len(known) for known, _ in produce(short()).values()) >= 10
    assert list(leaks(short(), produce, range(0, 699, thin(4)), noise)) == []


def test_the_strategy() -> None:
    rule, bars = load_strategy(ROOT, "blow_off"), load("sample:AAPL")
    loose = {"percentile": 85.0, "curvature": 1.0, "stretch": 1.5, "volume": 1.0, "within": 15}
    found = rule.setups(bars, rule.build(loose))
    assert found.traded.all() and set(found.kind) == {"blow_off_top", "selling_climax"}
    assert "entered" in conservative(bars, found).fate
    for side, kind in (("top", "blow_off_top"), ("climax", "selling_climax")):
        asked = rule.setups(bars, rule.build(loose | {"side": side}))
        assert (asked.traded == (found.kind == kind)).all() and set(asked.veto) == {"", f"no {side}"}
    long_exit, short_exit = rule.exits(bars, rule.build(loose))
    assert not (long_exit & short_exit).any() and long_exit.any() and short_exit.any()
    assert not np.any(rule.exits(bars, rule.build({"exit_at_average": False})))
    name, values, levels = rule.panel(bars, rule.build({}))
    assert "ATR" in name and len(values) == len(bars) and levels == (-3.0, 3.0)


@pytest.mark.parametrize("noise", [None, 7])
def test_the_strategy_sees_nothing_of_the_future(noise: int | None) -> None:
    bars, rule = load("sample:MSFT")[:1500], load_strategy(ROOT, "blow_off")
    p = rule.build({"percentile": 80.0, "curvature": 0.0, "stretch": 1.0, "volume": 0.5, "within": 20})
    produce = producer(rule.setups, rule.exits, p, {"aggressive": aggressive, "conservative": conservative})
    assert len(rule.setups(bars, p)) >= 20
    assert list(leaks(bars, produce, prefixes(1500, examples(100), seed=2), noise)) == []
