"""Momentum and MACD: setups of small tables, divergences without a zone, equality with the plain second one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.divergence import DivergenceRule, divergences
from framework.structure.momentum import Line, line_divergences, oscillator, turns
from framework.validation.causality import leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import momentum as plain

from . import Floats, above, below, chart, coarse_charts, features, found, line

ROOT = Path(__file__).resolve().parents[2]
NAN = np.nan
WIDE: DivergenceRule = DivergenceRule()
LINES: list[tuple[Line, tuple[int, ...]]] = [
    ("momentum", (10,)),
    ("momentum", (20,)),
    ("macd", (12, 26, 9)),
    ("histogram", (12, 26, 9)),
]
ZONE = ("f_left_extreme", "f_left_depth", "f_right_depth", "f_left_width", "f_right_width", "f_width_ratio")
SIGNALS = ("momentum", "macd_cross", "macd_zero", "divergence_momentum", "divergence_macd", "divergence_histogram")


def closes(values: Sequence[float] | Floats, low: dict[int, float] | None = None, reach: float = 1.0) -> Bars:
    """Bars that reach so far above and below their close, lower where `low` says so."""
    close = np.asarray(values, dtype=float)
    lows = close - reach
    for bar, price in (low or {}).items():
        lows[bar] = price
    return chart(lows, close + reach, close)


def mirrored(bars: Bars, about: float) -> Bars:
    return chart(2 * about - bars.high, 2 * about - bars.low, 2 * about - bars.close, bars.volume)


# Momentum of two bars: from bar 2 on 0, -1, 2, 2, 0, -1, 4, 4, -1.
CLOSE = (10, 11, 10, 10, 12, 12, 12, 11, 16, 15, 15)


def test_turns_of_momentum_by_hand() -> None:
    bars = closes(CLOSE, low={0: 2, 3: 8, 7: 9.5, 6: 9.7})
    assert oscillator(bars, "momentum", (2,))[2:].tolist() == [0, -1, 2, 2, 0, -1, 4, 4, -1]
    setups = turns(bars, "momentum", (2,))
    assert setups.kind.tolist() == ["positive", "negative", "positive", "negative"]
    assert setups.direction.tolist() == [1, -1, 1, -1]
    assert setups.known_at.tolist() == setups.anchors["turn"].tolist() == [4, 7, 8, 10]
    assert setups.anchors[EXTREME].tolist() == [3, 4, 7, 8]  # since the turn before; bar 0 is before the first sign
    assert setups.stop.tolist() == [8, 13, 9.5, 17]
    assert setups.rule == "momentum_2" and setups.traded.all()


@pytest.mark.parametrize(
    ("after", "kinds"), [((12, 12, 12), []), ((12, 12, 11.9), ["negative"]), ((11, 9), ["negative"])]
)
def test_zero_is_no_side(after: tuple[float, ...], kinds: list[str]) -> None:
    """Momentum of one bar: up, then whether it goes on to fall or only to stand."""
    assert turns(closes((10, 11, 12, *after)), "momentum", (1,)).kind.tolist() == kinds
    assert turns(closes((10, 11, 11, 11, 12)), "momentum", (1,)).kind.tolist() == []  # up, still, up


@pytest.mark.parametrize(("back", "at"), [(6, 24), (7, 29)])
def test_a_turn_stands_on_no_extreme_from_too_far_back(back: int, at: int) -> None:
    """Down by one a bar, up at bar 30: three times the two bars back, and not a bar more."""
    bars = closes(np.append(100 - np.arange(30.0), 90), low={30 - back: 50})
    setups = turns(bars, "momentum", (2,))
    assert (setups.known_at.tolist(), setups.anchors[EXTREME].tolist()) == ([30], [at])


def test_macd_turns_of_a_market_that_turns() -> None:
    """Still, a rise, a fall, a rise: the line crosses its signal soon after each turn, and zero later."""
    rise, fall = 200 + np.arange(60.0), 259 - np.arange(60.0)
    bars = closes(np.concatenate([np.full(40, 200.0), rise, fall, rise]))
    crosses, zero = turns(bars, "histogram", (12, 26, 9)), turns(bars, "macd", (12, 26, 9))
    assert crosses.kind.tolist() == ["death", "golden"] and zero.kind.tolist() == ["negative", "positive"]
    assert (crosses.known_at < zero.known_at).all()
    assert 100 <= crosses.known_at[0] < 110 and 160 <= crosses.known_at[1] < 170
    assert crosses.features["f_zero"].tolist() == [1, -1]  # a death cross above zero, a golden one below
    assert crosses.stop[-1] == zero.stop[-1] == 199 and crosses.rule == "macd_cross_12_26_9"


def test_macd_turns_where_the_framework_lines_say() -> None:
    bars = load("sample:IBM")
    for of in ("macd", "histogram"):
        values, setups = oscillator(bars, of, (12, 26, 9)), turns(bars, of, (12, 26, 9))
        at = setups.known_at
        assert (np.sign(values[at]) == setups.direction).all() and (np.sign(values[at - 1]) != setups.direction).all()
        assert (setups.direction[1:] != setups.direction[:-1]).all() and len(at) > 50


@pytest.mark.parametrize("price", [0.1, 7.1, 1e-8, 123456.7])
def test_a_market_that_stands_still(price: float) -> None:
    bars = closes(np.full(300, price), reach=0.3 * price)
    for of, lengths in LINES:
        assert len(turns(bars, of, lengths)) == len(line_divergences(bars, of, lengths)) == 0


def test_nothing_happens_once_nothing_moves() -> None:
    """Bars go on reaching up and down, but the closes stand: the lines die away without a swing."""
    random = np.random.default_rng(5)
    moved = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 400)))
    close = np.concatenate([moved, np.full(6000, moved[-1])])
    reach = random.uniform(0.1, 2.0, (2, len(close)))
    bars = chart(close - reach[0], close + reach[1], close)
    for of, lengths in LINES:
        for setups in (turns(bars, of, lengths), line_divergences(bars, of, lengths)):
            assert len(setups) and setups.known_at.max() < 800


# A line around zero, its lows at bars 2 and 7; price low 18, then lower or higher.
@pytest.mark.parametrize(
    ("price", "value", "kind"),
    [(17, -2, "regular_bullish"), (19, -6, "hidden_bullish"), (17, -5, None), (18, -2, None), (19, -2, None)],
)
def test_divergences_by_hand(price: float, value: float, kind: str | None) -> None:
    free = {"oversold": NAN, "overbought": NAN, "midline": 0.0}
    osc = line(12, 1, {2: -5, 7: value})
    osc[:1] = NAN
    setups = below(osc, {2: 18, 7: price}, **free)
    assert found(setups) == ([(kind, 2, 2, 7, 7, 8)] if kind else [])
    setups = above(-osc, {2: 22, 7: 40 - price}, **free)
    assert found(setups) == ([(kind.replace("bullish", "bearish"), 2, 2, 7, 7, 8)] if kind else [])


@pytest.mark.parametrize(("warm", "count"), [(1, 1), (2, 0), (3, 0)])
def test_a_swing_that_touches_the_warm_up_is_none(warm: int, count: int) -> None:
    osc = line(12, 1, {2: -5, 7: -2})
    osc[:warm] = NAN
    assert len(below(osc, {2: 18, 7: 17}, oversold=NAN, overbought=NAN, midline=0.0)) == count


def test_what_divergences_say_without_a_zone() -> None:
    osc = line(12, 1, {2: -5, 7: -2})
    got = features(below(osc, {2: 18, 7: 17}, oversold=NAN, overbought=NAN, midline=0.0))
    assert np.isnan([got[name] for name in ZONE]).all()
    assert (got["f_left_osc"], got["f_right_osc"], got["f_control"]) == (-5, -2, 1)


@pytest.mark.parametrize(("of", "lengths"), LINES)
def test_line_divergences_know_nothing_of_a_zone(of: Line, lengths: tuple[int, ...]) -> None:
    bars = load("sample:AAPL")
    setups = line_divergences(bars, of, lengths)
    values = oscillator(bars, of, lengths)
    assert set(np.unique(setups.kind)) == {f"{a}_{b}" for a in ("regular", "hidden") for b in ("bullish", "bearish")}
    assert all(np.isnan(setups.features[name]).all() for name in ZONE)
    assert (setups.features["f_control"] == np.sign(values[setups.known_at])).all()
    first = int(np.argmin(np.isnan(values)))
    assert setups.anchors["left_osc"].min() >= first + 5  # five values to the left of the first swing
    odd = DivergenceRule(oversold=5.0, overbought=6.0, midline=3.0, left_extreme="since_midline")
    assert (line_divergences(bars, of, lengths, odd).known_at == setups.known_at).all()  # thresholds say nothing
    assert setups is line_divergences(bars, of, lengths) and setups.rule.endswith("_divergence")
    bare = divergences(bars, values, WIDE)
    assert (bare.kind == setups.kind).all() and (bare.stop == setups.stop).all()


def compare(setups: Setups, expected: list[plain.Found] | list[plain.divergence.Divergence]) -> None:
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, rel=1e-7, abs=1e-9, nan_ok=True)


@settings(max_examples=examples(80), deadline=None)
@given(coarse_charts(20, 100))
def test_they_equal_the_plain_ones(bars: Bars) -> None:
    for of, lengths in (("momentum", (1,)), ("momentum", (4,)), ("macd", (2, 4, 3)), ("histogram", (3, 5, 2))):
        compare(turns(bars, of, lengths), plain.turns(bars, of, lengths))
    for pairing in ("oscillator", "price"):
        rule = DivergenceRule(2, 2, pairing=pairing, min_gap=2)
        compare(line_divergences(bars, "momentum", (4,), rule), plain.divergences(bars, "momentum", (4,), rule))


@pytest.mark.parametrize("name", ["BTCUSDT-1d.parquet", "SPY-1d.parquet", "SOLUSDT-4h.parquet"])
@pytest.mark.parametrize(("of", "lengths"), LINES)
def test_they_equal_the_plain_ones_on_real_bars(name: str, of: Line, lengths: tuple[int, ...]) -> None:
    bars = load(needed(name))[:3000]
    compare(turns(bars, of, lengths), plain.turns(bars, of, lengths))
    for rule in (WIDE, DivergenceRule(3, 3, pairing="price")):
        compare(line_divergences(bars, of, lengths, rule), plain.divergences(bars, of, lengths, rule))
    assert min(len(turns(bars, of, lengths)), len(line_divergences(bars, of, lengths))) >= 20


@cache
def short() -> Bars:
    return load("sample:MSFT")[:420]


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    def produce(bars: Bars):
        views = {}
        for of, lengths in LINES:
            for word, detect in (("turns", turns), ("divergences", line_divergences)):
                some = detect(bars, of, lengths)
                columns = {"id": np.array(some.ids, object), "kind": some.kind, "stop": some.stop, "veto": some.veto}
                views[f"{of} {lengths} {word}"] = some.known_at, columns | dict(some.anchors) | dict(some.features)
        return views

    assert min(len(known) for known, _ in produce(short()).values()) >= 3
    assert list(leaks(short(), produce, range(0, 419, thin(4)), noise)) == []


def test_the_mirror() -> None:
    bars = load("sample:AAPL")
    top = float(bars.high.max())
    other = mirrored(bars, top)
    words = (("positive", "negative"), ("golden", "death"), ("regular_bullish", "regular_bearish"))
    swapped = dict([*words, ("hidden_bullish", "hidden_bearish")])
    swapped |= {there: here for here, there in swapped.items()}
    for of, lengths in LINES:
        for detect in (turns, line_divergences):
            one, image = detect(bars, of, lengths), detect(other, of, lengths)
            order = np.lexsort(([swapped[kind] for kind in one.kind], one.known_at))
            one = one.take(order)
            assert image.kind.tolist() == [swapped[kind] for kind in one.kind] and len(one) > 10
            assert (image.direction == -one.direction).all() and (image.known_at == one.known_at).all()
            assert all((image.anchors[name] == bar).all() for name, bar in one.anchors.items())
            np.testing.assert_allclose(image.stop, 2 * top - one.stop)
            for name in ("f_zero", "f_control"):
                if name in one.features:
                    assert (image.features[name] == -one.features[name]).all()


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_strategy(signal: str) -> None:
    bars, rule = load("sample:AAPL"), load_strategy(ROOT, "momentum")
    p = rule.build({"signal": signal, "not_while": "ranging", "kinds": "regular"})
    some, plenty = rule.setups(bars, p), rule.setups(bars, rule.build({"signal": signal, "trade_broken": True}))
    assert plenty.traded.all() and len(plenty) == len(some) and "f_ranging" in plenty.features
    assert 0 < some.traded.sum() < len(some)
    assert not (some.features["f_ranging"][some.traded] == 1).any()
    reasons = {"", "ranging averages"} | ({"kind not asked for", "broken before known"} if "div" in signal else set())
    assert set(some.veto) <= reasons
    long_exit, short_exit = rule.exits(bars, p)
    at, side = some.known_at[some.traded], some.direction[some.traded]
    assert long_exit.any() and short_exit.any() and not (long_exit & short_exit).any()
    assert not long_exit[at[side > 0]].any() and not short_exit[at[side < 0]].any()
    if "div" in signal:  # left at an opposite one of the kind asked for, in a range or not
        assert short_exit[at[side > 0]].all() and short_exit.sum() >= (side > 0).sum()
    assert not np.any(rule.exits(bars, rule.build({"signal": signal, "exit_at_opposite": False})))
    assert "entered" in conservative(bars, some).fate
    name, values, levels = rule.panel(bars, p)
    assert ("momentum" in name or "12/26/9" in name) and len(values) == len(bars) and levels == (0.0,)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("noise", [None, 7])
def test_the_strategy_sees_nothing_of_the_future(signal: str, noise: int | None) -> None:
    bars, rule = load("sample:MSFT")[:1500], load_strategy(ROOT, "momentum")
    p = rule.build({"signal": signal, "not_while": "flat"})
    produce = producer(rule.setups, rule.exits, p, {"aggressive": aggressive, "conservative": conservative})
    assert list(leaks(bars, produce, prefixes(1500, examples(60), seed=2), noise)) == []
