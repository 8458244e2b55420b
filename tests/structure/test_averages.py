"""Moving averages: states of straight lines, setups of small tables, equality with the plain second implementation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure import averages as ours
from framework.structure.averages import DoubleRule, above_average, average_crosses, average_double
from framework.validation.causality import leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import averages as plain

from . import Floats, chart, coarse_charts

ROOT = Path(__file__).resolve().parents[2]
SMALL = DoubleRule(fast=1, slow=3, width=1, max_gap=4, periods=(1, 3))
STATES: dict[str, Callable[[Bars], Floats]] = {
    "alignment": ours.alignment,
    "compression": ours.compression,
    "flatness": ours.flatness,
    "flat": ours.flat,
    "ranging": ours.ranging,
    "regime": ours.regime,
}


def closes(values: Sequence[float] | Floats, low: dict[int, float] | None = None, reach: float = 1.0) -> Bars:
    """Bars that reach so far above and below their close, lower where `low` says so."""
    close = np.asarray(values, dtype=float)
    lows = close - reach
    for bar, price in (low or {}).items():
        lows[bar] = price
    return chart(lows, close + reach, close)


def mirrored(bars: Bars, about: float) -> Bars:
    """Highs made lows and lows highs."""
    return chart(2 * about - bars.high, 2 * about - bars.low, 2 * about - bars.close, bars.volume)


def ramp(step: float, length: int = 260, reach: float = 1.0) -> Bars:
    """A straight line. An average of n bars lags by (n - 1) / 2 of them; the ATR is the range of a bar."""
    return closes(100 + step * np.arange(length), reach=reach)


@pytest.mark.parametrize("step", [0.02, 0.04, -0.02, -0.04])
def test_states_of_a_straight_line(step: float) -> None:
    bars, way = ramp(step), np.sign(step)
    begins = {"alignment": 119, "compression": 119, "flatness": 24, "flat": 24, "ranging": 119, "regime": 199}
    for name, first in begins.items():
        values = STATES[name](bars)
        assert np.isnan(values[:first]).all() and not np.isnan(values[first:]).any(), name
    assert (ours.alignment(bars)[119:] == way).all()
    assert (ours.regime(bars)[199:] == way).all()
    np.testing.assert_allclose(ours.compression(bars)[119:], (119 - 4) / 2 * abs(step) / 2)  # 0.575 or 1.15
    np.testing.assert_allclose(ours.flatness(bars)[24:], abs(step) / 2)  # 0.01 or 0.02, and less than 0.05 is flat
    np.testing.assert_allclose(ours.spread(bars, 5, 20)[19:], (19 - 4) / 2 * step / 2)
    np.testing.assert_allclose(ours.spread(bars, 120, 240)[239:], (239 - 119) / 2 * step / 2)
    assert (ours.side_of_average(bars)[19:] == way).all() and np.isnan(ours.side_of_average(bars)[:19]).all()
    assert (ours.flat(bars)[24:] == 1).all() and (ours.ranging(bars)[119:] == 1).all()


@pytest.mark.parametrize(("step", "flat", "ranging"), [(0.098, 1, 1), (0.102, 0, 0), (-0.102, 0, 0), (3.0, 0, 0)])
def test_a_market_that_goes_somewhere_is_not_flat(step: float, flat: float, ranging: float) -> None:
    bars = closes(400 + step * np.arange(130))
    assert ours.flat(bars)[-1] == flat
    assert ours.ranging(bars)[-1] == ranging


@pytest.mark.parametrize(("tight", "level", "expected"), [(2.9, 0.04, 0), (2.9, 0.06, 1), (3.0, 0.04, 1)])
def test_a_range_is_either_of_the_two(tight: float, level: float, expected: float) -> None:
    """0.05 ATR a bar, and averages that lie 57.5 bars, 2.875 ATR apart."""
    bars = ramp(0.1)
    rule = ours.RangeRule(tight=tight - 0.1, level=level)
    assert ours.ranging(bars, rule)[-1] == expected


def test_order_is_full_or_none() -> None:
    """After a long rise a fall turns the short averages round before the long ones."""
    bars = closes(np.concatenate([300 + np.arange(200.0), 498 - 2 * np.arange(150.0)]), reach=0.5)
    states = ours.alignment(bars)
    assert set(states[119:]) == {1.0, 0.0, -1.0}
    assert states[199] == 1 and states[215] == 0 and states[-1] == -1
    assert (ours.alignment(bars, (5, 20))[210:] == -1).all()  # of two the order is the side


@pytest.mark.parametrize("price", [0.1, 7.1, 1e-8, 123456.7])
@pytest.mark.parametrize("reach", [0.0, 0.3])
def test_a_market_that_stands_still(price: float, reach: float) -> None:
    """Sums of equal closes differ in their last digit: that is no order, no cross and no double bottom."""
    bars = closes(np.full(400, price), reach=reach * price)
    assert (ours.alignment(bars)[119:] == 0).all() and (ours.regime(bars)[199:] == 0).all()
    for fast, slow in ours.PAIRS:
        assert len(average_crosses(bars, fast, slow)) == 0
    assert len(above_average(bars)) == len(average_double(bars)) == 0
    if reach:
        assert (ours.compression(bars)[119:] == 0).all() and (ours.ranging(bars)[119:] == 1).all()
    else:
        assert np.isnan([values(bars) for name, values in STATES.items() if name not in ("alignment", "regime")]).all()


def test_nothing_happens_once_nothing_moves() -> None:
    random = np.random.default_rng(5)
    moved = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 400)))
    bars = closes(np.concatenate([moved, np.full(20_000, moved[-1])]), reach=0.0)
    for found in (average_crosses(bars), above_average(bars), average_double(bars), average_crosses(bars, 120, 240)):
        assert len(found) and found.known_at.max() < 1500
    assert not np.isinf(ours.compression(bars)).any() and not np.isinf(ours.spread(bars, 5, 20)).any()


# The average of three bars goes half the way to each close: 10, 9.5, 10.75, 10.75, 11.375, 10.6875, 12.84.
CROSSING = (10, 10, 10, 9, 12, 10.75, 12, 10, 15)


def test_crosses_by_hand() -> None:
    """On it, below, above, on it, above (a touch is no cross), below, above."""
    setups = average_crosses(closes(CROSSING, low={1: 5, 2: 6, 5: 9.2, 7: 8.5}), 1, 3)
    assert setups.kind.tolist() == ["golden", "death", "golden"]
    assert setups.direction.tolist() == [1, -1, 1]
    assert setups.known_at.tolist() == setups.anchors["cross"].tolist() == [4, 7, 8]
    assert setups.anchors[EXTREME].tolist() == [3, 4, 7]  # from the change before; of equal highs the first
    assert setups.stop.tolist() == [8, 13, 8.5]
    assert setups.traded.all() and setups.rule == "average_cross_1_3"
    assert above_average(closes(CROSSING), 3).kind.tolist() == ["above", "below", "above"]
    assert len(average_crosses(closes(CROSSING[:4]), 1, 3)) == 0  # the first side is no cross


@pytest.mark.parametrize(("last", "expected"), [(12, ["golden"]), (9.5, []), (9.49, [])])
def test_a_cross_wants_the_other_side(last: float, expected: list[str]) -> None:
    assert average_crosses(closes([10, 10, 10, 9, last]), 1, 3).kind.tolist() == expected


@pytest.mark.parametrize(("back", "at"), [(9, 21), (10, 29)])
def test_a_cross_stands_on_no_extreme_from_too_far_back(back: int, at: int) -> None:
    """Down by one a bar and up at bar 30: the lowest of the last nine bars, were it not for one that dips."""
    close = np.append(100 - np.arange(30.0), 90)
    setups = average_crosses(closes(close, low={30 - back: 50}), 1, 3)
    assert (setups.known_at.tolist(), setups.anchors[EXTREME].tolist()) == ([30], [at])


# The fast average is the close; the slow one goes 14, 18, 22, 23.5, then half the way to each close.
UP = (10, 14, 18, 22, 26, 25)
DOUBLES = {
    "the second higher": ((26, 25.1, 27), (5, 7, 8)),
    "the second equal": ((26, 25.0, 27), None),  # above the average, which is at 24.875
    "the second lower": ((26, 24.9, 27), None),  # above the average, which is at 24.825
    "the second below the average": ((30, 25.5, 31), None),  # higher, but the average is at 26.125
    "not turned yet": ((26, 25.1), None),
    "no low at all": ((26, 27, 28), None),
    "four bars apart": ((30, 34, 38, 37, 42), (5, 9, 10)),
    "five bars apart": ((30, 34, 38, 42, 41, 46), None),
}


@pytest.mark.parametrize("name", DOUBLES)
@pytest.mark.parametrize("side", [1, -1])
def test_doubles_by_hand(name: str, side: int) -> None:
    after, expected = DOUBLES[name]
    bars = closes((*UP, *after))
    setups = average_double(bars if side > 0 else mirrored(bars, 100), SMALL)
    found = list(zip(setups.anchors["left"], setups.anchors["right"], setups.known_at, strict=True))
    assert found == ([expected] if expected else [])
    assert setups.kind.tolist() == ["double_bottom" if side > 0 else "double_top"] * len(found)
    assert setups.direction.tolist() == [side] * len(found)


def test_a_double_wants_its_left_side_above_the_average_too() -> None:
    for low, count in ((21, 0), (22, 0), (22.1, 1)):  # the average goes to 21.5, 22 and 22.05
        assert len(average_double(closes((10, 14, 18, 22, 26, low, 28, 27, 32)), SMALL)) == count


def test_a_double_compares_with_the_low_just_before() -> None:
    """Lows of 25, 32.5 and 32: the third is higher than the first, not than the second."""
    close = (*UP, 34, 32.5, 35, 34.2, 38)
    setups = average_double(closes(close), SMALL)
    assert setups.anchors["left"].tolist() == [5, 7] and setups.anchors["right"].tolist() == [7, 9]
    assert average_double(closes((*close[:9], 32.4, 38)), SMALL).anchors["left"].tolist() == [5]


def test_in_order_throughout_or_once_it_is_known() -> None:
    """The average of seven bars begins at bar 6, after the left low: until then there is no order."""
    bars = closes((*UP, *DOUBLES["the second higher"][0]))
    rule = DoubleRule(fast=1, slow=3, width=1, periods=(1, 3, 7))
    assert len(average_double(bars, rule)) == 0
    known = DoubleRule(fast=1, slow=3, width=1, periods=(1, 3, 7), aligned="known")
    assert average_double(bars, known).known_at.tolist() == [8]
    against = DoubleRule(fast=1, slow=3, width=1, periods=(3, 1), aligned="known")
    assert len(average_double(bars, against)) == 0


@pytest.mark.parametrize(
    ("low", "bar", "stop"),
    [({}, 2, 17), ({1: 3}, 2, 17), ({6: 16}, 6, 16), ({8: 15, 6: 16}, 8, 15), ({9: 3}, 2, 17), ({7: 17}, 2, 17)],
)
def test_a_double_stands_on_the_lowest_price_from_three_bars_before_the_left_low(
    low: dict[int, float], bar: int, stop: float
) -> None:
    bars = closes((*UP, 26, 25.1, 27, 29), low=low)
    for setups, level in (
        (average_double(bars, SMALL), stop),
        (average_double(mirrored(bars, 100), SMALL), 200 - stop),
    ):
        assert (setups.anchors[EXTREME].tolist(), setups.stop.tolist()) == ([bar], [level])


def every(bars: Bars) -> dict[str, Setups]:
    return {
        "5/20": average_crosses(bars),
        "20/60": average_crosses(bars, 20, 60),
        "side": above_average(bars),
        "double": average_double(bars),
        "small": average_double(bars, DoubleRule(periods=(5, 20), aligned="known", max_gap=12)),
    }


def compare(setups: Setups, expected: list[plain.Found]) -> None:
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        features = {name: float(values[row]) for name, values in setups.features.items()}
        assert features == pytest.approx(one.features, rel=1e-7, abs=1e-9, nan_ok=True)


def compare_states(bars: Bars) -> None:
    for name, values in STATES.items():
        np.testing.assert_allclose(values(bars), getattr(plain, name)(bars), rtol=1e-7, atol=1e-9, err_msg=name)


@settings(max_examples=examples(80), deadline=None)
@given(coarse_charts(30, 160))
def test_they_equal_the_plain_ones(bars: Bars) -> None:
    compare_states(bars)
    for fast, slow in ((1, 3), (2, 5), (5, 20)):
        compare(average_crosses(bars, fast, slow), plain.crosses(bars, fast, slow))
    for aligned in ("throughout", "known"):
        rule = DoubleRule(fast=2, slow=4, width=1, max_gap=10, periods=(2, 4, 6), aligned=aligned)
        compare(average_double(bars, rule), plain.doubles(bars, rule))


@pytest.mark.parametrize("name", ["BTCUSDT-1d.parquet", "SPY-1d.parquet", "SOLUSDT-4h.parquet"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    bars = load(needed(name))[:3000]
    compare_states(bars)
    for fast, slow in ours.PAIRS:
        compare(average_crosses(bars, fast, slow), plain.crosses(bars, fast, slow))
    compare(above_average(bars), plain.crosses(bars, 1, 20, ("above", "below")))
    for aligned in ("throughout", "known"):
        rule = DoubleRule(aligned=aligned)
        compare(average_double(bars, rule), plain.doubles(bars, rule))
    assert min(len(average_crosses(bars)), len(above_average(bars)), len(average_double(bars))) >= 10


@cache
def short() -> Bars:
    return load("sample:MSFT")[:600]


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    def produce(bars: Bars):
        views = {name: (np.arange(len(bars)), {"value": values(bars)}) for name, values in STATES.items()}
        for name, found in every(bars).items():
            columns = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop, "veto": found.veto}
            views[name] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    assert min(len(found) for found in every(short()).values()) >= 3
    assert list(leaks(short(), produce, range(0, 599, thin(4)), noise)) == []


def test_the_mirror() -> None:
    bars = load("sample:AAPL")
    top = float(bars.high.max())
    other = mirrored(bars, top)
    swapped = {"golden": "death", "above": "below", "double_bottom": "double_top"}
    swapped |= {there: here for here, there in swapped.items()}
    for found, image in zip(every(bars).values(), every(other).values(), strict=True):
        assert image.kind.tolist() == [swapped[kind] for kind in found.kind] and len(found) > 10
        assert (image.direction == -found.direction).all() and (image.known_at == found.known_at).all()
        assert all((image.anchors[name] == bar).all() for name, bar in found.anchors.items())
        np.testing.assert_allclose(image.stop, 2 * top - found.stop)
        for name, values in found.features.items():
            way = -1 if name in ("f_spread", "f_alignment", "f_regime") else 1
            np.testing.assert_allclose(image.features[name], way * values, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("signal", ["double", "cross", "side"])
def test_the_strategy(signal: str) -> None:
    bars = load("sample:AAPL")
    rule = load_strategy(ROOT, "moving_average_waves")
    for pair, least in (("5/20", 3), ("20/60", 0)):
        for not_while in ("flat", "ranging", "never"):
            p = rule.build({"signal": signal, "pair": pair, "not_while": not_while})
            found = rule.setups(bars, p)
            refused = found.features[f"f_{not_while}"] == 1 if not_while != "never" else np.zeros(len(found), bool)
            assert (found.traded == ~refused).all() and found.traded.sum() >= least
            assert set(found.veto) <= {"", f"{not_while} averages"}
        long_exit, short_exit = rule.exits(bars, p)
        assert not (long_exit & short_exit).any() and long_exit.any() and short_exit.any()
        ends = found.known_at
        assert not (long_exit[ends] & (found.direction > 0)).any()  # nothing is left at the close that enters it
        assert not (short_exit[ends] & (found.direction < 0)).any()
        assert "entered" in conservative(bars, found).fate
    assert not np.any(rule.exits(bars, rule.build({"signal": signal, "exit_at_opposite": False})))
    name, values, levels = rule.panel(bars, p)
    assert "ATR" in name and len(values) == len(bars) and levels == (0.0,)


@pytest.mark.parametrize("signal", ["double", "cross", "side"])
@pytest.mark.parametrize("noise", [None, 7])
def test_the_strategy_sees_nothing_of_the_future(signal: str, noise: int | None) -> None:
    bars, rule = load("sample:MSFT")[:1500], load_strategy(ROOT, "moving_average_waves")
    p = rule.build({"signal": signal, "not_while": "ranging"})
    produce = producer(rule.setups, rule.exits, p, {"aggressive": aggressive, "conservative": conservative})
    assert list(leaks(bars, produce, prefixes(1500, examples(100), seed=2), noise)) == []
