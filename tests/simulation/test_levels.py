"""The swings that stops and targets stand on, found through links, against looking back bar by bar."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.simulation import Exits
from framework.simulation.levels import Levels, beyond, extension, levels, trailing
from framework.sources import load
from tests import examples, oracle
from tests.oracle.seeded import busy_case

from . import framework_bars

SEEDS = st.integers(0, 2**32)
often = settings(max_examples=examples(60), deadline=None, derandomize=True, database=None)


def backward(at: Levels, last: int, price: float) -> float:
    """The latest level below the price, all tried one after the other."""
    return next((float(at.price[j]) for j in range(last, -1, -1) if at.price[j] < price), math.nan)


def equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@often
@given(SEEDS, st.integers(1, 3), st.sampled_from([1, -1]))
def test_links_lead_to_the_last_one_further_out(seed: int, width: int, side: int) -> None:
    at = levels(framework_bars(busy_case(seed, ()).bars), width, side)
    prices = at.price.tolist()
    for i, j in enumerate(at.further.tolist()):
        lower = [k for k in range(i) if prices[k] < prices[i]]
        assert j == (lower[-1] if lower else -1)


@often
@given(SEEDS, st.integers(1, 3), st.sampled_from([1, -1]))
def test_beyond(seed: int, width: int, side: int) -> None:
    """At every level itself, a little above and below it, and from every one backwards: none at all too."""
    at = levels(framework_bars(busy_case(seed, ()).bars), width, side)
    for last in range(-1, len(at.price)):
        for price in {p + step for p in at.price[: last + 1].tolist() for step in (-0.5, 0.0, 0.5)} | {-1e9, 1e9}:
            assert equal(beyond(at, last, price), backward(at, last, price))


@often
@given(SEEDS, st.integers(1, 3))
def test_as_the_oracle_looks_for_them(seed: int, width: int) -> None:
    made = busy_case(seed, ()).bars
    bars = framework_bars(made)
    for side in (1, -1):
        at = levels(bars, width, side)
        for signal in range(0, len(bars), 7):
            last = int((at.known <= signal).sum()) - 1
            for price in (made.close[signal], made.low[signal], made.high[signal] + 3, made.low[signal] - 3):
                found = side * beyond(at, last, side * price)
                assert equal(found, made.swing_beyond(side, signal, price, width))


@often
@given(SEEDS, st.integers(1, 3), st.sampled_from([0.5, 1.0, 1.618]))
def test_extension(seed: int, width: int, ratio: float) -> None:
    made = busy_case(seed, ()).bars
    bars = framework_bars(made)
    low, high = levels(bars, width, 1), levels(bars, width, -1)
    found = 0
    for signal in range(len(bars)):
        lows, highs = int((low.known <= signal).sum()) - 1, int((high.known <= signal).sum()) - 1
        up, down = extension(high, low, highs, ratio), -extension(low, high, lows, ratio)
        assert equal(up, plain_extension(made, 1, signal, width, ratio))
        assert equal(down, plain_extension(made, -1, signal, width, ratio))
        found += not math.isnan(up)
    assert found or len(high.bar) < 3


def plain_extension(made: oracle.Bars, side: int, signal: int, width: int, ratio: float) -> float:
    """B the latest swing on the target's side, A the latest on the other at an earlier bar: A + ratio × (B - A)."""
    b = made.latest_swing(-side, signal - width, width)
    a = made.latest_swing(side, b - 1, width) if b else None
    if a is None or b is None:
        return math.nan
    start, end = (made.low[a], made.high[b]) if side > 0 else (made.high[a], made.low[b])
    return start + ratio * (end - start) if side * (end - start) > 0 else math.nan


@pytest.fixture(scope="module")
def aapl() -> Bars:
    return load("sample:AAPL")


@pytest.mark.parametrize("side", [1, -1])
def test_on_real_bars(side: int, aapl: Bars) -> None:
    at = levels(aapl, 3, side)
    rng = np.random.default_rng(0)
    assert len(at.price) > 200
    for last in rng.integers(-1, len(at.price), 400).tolist():
        price = side * float(rng.choice(aapl.close))
        assert equal(beyond(at, last, price), backward(at, last, price))


def test_no_level_at_all() -> None:
    bars = framework_bars(oracle.Bars(*[[10.0] * 9] * 4))
    at = levels(bars, 2, 1)
    assert len(at.price) == 0 and math.isnan(beyond(at, -1, 1e9)) and math.isnan(extension(at, at, -1, 1.0))


def test_stops_to_move_to() -> None:
    """At the bar at whose close a swing is known its price, less the buffer, on the side of the position."""
    low = [10.0, 9.0, 7.25, 9.0, 10.0, 9.0, 8.0, 9.0]
    high = [12.0, 13.0, 12.0, 15.25, 12.0, 13.0, 12.0, 13.0]
    bars = framework_bars(oracle.Bars(low, high, low, high))
    long, short = trailing(bars, Exits(trail=True, swing_width=1), 0.0).tolist()
    assert [(t, p) for t, p in enumerate(long) if p == p] == [(3, 7.25), (7, 8.0)]
    assert [(t, p) for t, p in enumerate(short) if p == p] == [(2, 13.0), (4, 15.25), (6, 13.0)]
    long, short = trailing(bars, Exits(trail=True, swing_width=1), 0.5).tolist()
    assert (long[3], short[4]) == (7.0, 15.5)
    buffered = trailing(bars, Exits(trail=True, swing_width=1, stop_buffer_atr=1.0), 0.0)
    assert np.isnan(buffered).all()  # no ATR yet to measure it by
