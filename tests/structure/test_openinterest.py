"""Open interest: the four states of small tables, what they say of a setup, equality with the plain second one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.errors import UserError
from framework.setups import Setups
from framework.signals import Signals, as_setups
from framework.sources import load
from framework.structure.openinterest import InterestRule, marked_by_interest, states
from framework.validation.causality import Views, leaks
from tests import examples, thin
from tests.real import needed
from tests.reference import orderflow as plain

from . import Floats, chart, coarse_charts

NAN = np.nan
ONE = InterestRule(over=1)


def held(close: list[float] | Floats, interest: list[float] | Floats) -> Bars:
    """Bars with an open interest in coins."""
    price = np.asarray(close, dtype=float)
    return replace(chart(price - 1, price + 1, price), open_interest=np.asarray(interest, dtype=float))


STATES = {
    "new longs": (102, 1020, 1),
    "short covering": (102, 980, 2),
    "new shorts": (98, 1020, 3),
    "liquidation": (98, 980, 4),
    "the price in the band": (101, 1020, 0),
    "the price just out of it": (101.01, 1020, 1),
    "the price in the band below": (99, 980, 0),
    "the price just below it": (98.99, 980, 4),
    "the interest in the band": (102, 1010, 0),
    "the interest just out of it": (102, 1010.1, 1),
    "the interest in the band below": (102, 990, 0),
    "the interest just below it": (102, 989.9, 2),
    "unknown now": (102, NAN, NAN),
    "all gone": (102, 0, 2),
}


@pytest.mark.parametrize("name", STATES)
def test_states_by_hand(name: str) -> None:
    price, interest, state = STATES[name]
    found = states(held([100, price], [1000, interest]), ONE)
    np.testing.assert_array_equal(found, [NAN, state])


def test_the_change_is_that_of_ten_bars() -> None:
    close = np.concatenate([np.full(5, 100.0), np.full(10, 103.0)])
    interest = np.concatenate([np.full(7, 1000.0), np.full(8, 900.0)])
    expected = [NAN] * 10 + [2] * 5
    np.testing.assert_array_equal(states(held(close, interest)), expected)
    np.testing.assert_array_equal(states(held(close, interest), InterestRule(over=4))[4:12], [0, 0, 0, 2, 2, 0, 0, 0])


def test_unknown_or_no_interest_before() -> None:
    found = states(held([100, 102, 104, 106, 108], [1000, NAN, 1100, 0, 1000]), ONE)
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, 2, NAN])


def test_each_has_a_band_of_its_own() -> None:
    bars = held([100, 100.5], [1000, 1100])
    assert [states(bars, InterestRule(1, 1.0, price))[1] for price in (1.0, 0.5, 0.4, 0.0)] == [0, 0, 1, 1]
    assert states(held([100, 100], [1000, 1100]), InterestRule(1, 1.0, 0.0))[1] == 0  # no change is none
    assert [states(bars, InterestRule(1, band, 0.0))[1] for band in (9.0, 11.0)] == [1, 0]


def test_interest_in_dollars_is_taken_without_the_price() -> None:
    """5 % more dollars at a price 5 % higher are the same coins."""
    bars = chart([99, 104], [101, 106], [100, 105])
    series = pd.Series([1000.0, 1050.0], index=bars.index)
    assert states(bars.with_open_interest(series, usd=True), ONE)[1] == 0
    assert states(bars.with_open_interest(series, usd=False), ONE)[1] == 1


def test_it_must_be_known() -> None:
    bars = chart([99, 104], [101, 106])
    for without in (bars, replace(bars, open_interest=np.full(2, NAN))):
        with pytest.raises(UserError, match="the open interest of no bar is known"):
            states(without, ONE)


def every_bar(bars: Bars, side: int) -> Setups:
    """A setup at each bar."""
    at = np.ones(len(bars), bool)
    none = ~at
    signals = Signals(at, short_entry=none) if side > 0 else Signals(none, short_entry=at)
    return as_setups(bars, signals, "test")


@pytest.mark.parametrize(("side", "confirms", "vetoes"), [(1, 4, 3), (-1, 2, 1)])
def test_what_the_states_say_of_a_setup(side: int, confirms: int, vetoes: int) -> None:
    for price, interest, state in STATES.values():
        bars = held([100, price], [1000, interest])
        marks = marked_by_interest(bars, every_bar(bars, side), ONE)
        expected = [state, NAN, NAN] if np.isnan(state) else [state, state == confirms, state == vetoes]
        assert list(marks) == ["f_oi_state", "f_oi_confirms", "f_oi_vetoes"]
        np.testing.assert_array_equal([values[1] for values in marks.values()], np.array(expected, float))
        assert all(np.isnan(values[0]) for values in marks.values())


@settings(max_examples=examples(100), deadline=None)
@given(coarse_charts(5, 60), st.integers(0, 99))
def test_they_equal_the_plain_ones(bars: Bars, seed: int) -> None:
    interest = np.random.default_rng(seed).choice([NAN, 0, 90, 100, 101, 102, 103.03], len(bars))
    interest[-1] = 100
    bars = replace(bars, open_interest=interest)
    for rule in (InterestRule(), InterestRule(3, 2.0, 5.0), InterestRule(1, 1.0, 0.0)):
        np.testing.assert_array_equal(states(bars, rule), plain.states(bars, rule.over, rule.interest, rule.price))


@pytest.mark.parametrize("name", ["BTCUSDT-1d", "GRTUSDT-1d", "INJUSDT-1d"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    series = pd.read_parquet(needed(f"{name}-oi.parquet")).set_index("time")["open_interest"]
    bars = load(needed(f"{name}.parquet")).with_open_interest(series, usd=True)
    found = states(bars)
    np.testing.assert_array_equal(found, plain.states(bars))
    assert min((found == state).sum() for state in (0, 1, 2, 3, 4)) >= 50


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    """The volume stands in for an interest, so that it is cut and made noise with the bars."""

    def produce(bars: Bars) -> Views:
        bars = replace(bars, open_interest=bars.volume)
        marks = marked_by_interest(bars, every_bar(bars, 1))
        return {"states": (np.arange(len(bars)), {"state": states(bars)} | marks)}

    bars = load("sample:MSFT")[:300]
    assert list(leaks(bars, produce, range(0, 299, thin(3)), noise)) == []
