"""Statistics made from the bars held alone, against those of the whole curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from framework import metrics
from framework.bars import Bars
from framework.simulation import Costs, Exits, tally
from framework.simulation.figures import figures
from framework.simulation.kernel import Returns
from framework.simulation.market import BLOCK, ONE, extremes, extremes_of, market
from tests import examples

Floats: TypeAlias = NDArray[np.float64]
CASH = 1000.0
SEEDS = st.integers(0, 2**32)
often = settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)


@dataclass(frozen=True)
class Held:
    """A position of equity a + b × price at the closes of bars first to last - 1, and the cash that it leaves."""

    first: int
    last: int
    a: float
    b: float
    cash: float


def walk(rng: np.random.Generator, length: int, step: float) -> Floats:
    return np.asarray(50 * np.exp(np.cumsum(rng.normal(0, step, length)) % 6))


def bars_of(close: Floats) -> Bars:
    index = pd.date_range("2024-01-01", periods=len(close), freq="h", tz="UTC")
    return Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close), index=index), "X", "1h")


def any_trades(rng: np.random.Generator, price: Floats, shares: list[float]) -> list[Held]:
    """Trades one after the other, some entered where the last was left, of no bars or to the end; until ruin."""
    made: list[Held] = []
    at, cash = int(rng.integers(0, 3)), CASH
    while at < len(price) and len(made) < 30:
        last = min(at + int(rng.choice([0 if at else 1, 1, 2, 5, 20, 150])), len(price))
        paid, got = price[at], price[min(last, len(price) - 1)]
        if last < len(price):  # not held to the end, where it is marked
            paid, got = paid * rng.uniform(0.99, 1.01), got * rng.uniform(0.99, 1.01)
        b = rng.choice(shares) * cash / paid
        a = cash - b * paid
        cash = a + b * got
        made.append(Held(at, last, a, b, cash))
        if min([cash, *(a + b * price[at:last])]) <= 1e-6:
            break
        at = last + int(rng.choice([0, 0, 1, 7]))
        at += at == made[-1].first  # two of no bars at one close would be one
    return made


def curve(price: Floats, trades: list[Held]) -> Floats:
    """Equity at every close."""
    equity = np.full(len(price), CASH)
    for one in trades:
        equity[one.first : one.last] = one.a + one.b * price[one.first : one.last]
        equity[one.last :] = one.cash
    return equity


def tallied(price: Floats, trades: list[Held], sums: Returns) -> Floats:
    made, scratch, done = np.empty(tally.PARTS), np.empty(tally.PIECE), -1
    tally.begin(made, CASH)
    cash = CASH
    for one in trades:
        if done >= 0 and one.first > done:
            tally.flat(made, cash, done)
        if one.last > one.first:
            held = one.a + one.b * price[one.first : one.last]
            tally.hold(made, price, sums, one.a, one.b, held.min(), held.max(), one.first, one.last, scratch)
        done, cash = one.last, one.cash
    if 0 <= done < len(price):
        tally.flat(made, cash, done)
    return made


def agree(made: Floats, equity: Floats, held: int, near: float = 1e-9) -> None:
    """What the tally says and what the curve does."""
    figure = figures(made[None], CASH, equity[-1:], len(equity), 8766.0)
    assert made[tally.HELD] == held and figure["exposure"][0] == held / len(equity)
    assert figure["max_drawdown"][0] == pytest.approx(metrics.max_drawdown(equity), rel=near, abs=1e-13)
    assert made[tally.LOWEST] == pytest.approx(min(equity), rel=near, abs=1e-9)
    assert made[tally.PEAK] == pytest.approx(max(equity), rel=near)
    if (equity > 1e-6).all():
        returns = equity[1:] / equity[:-1] - 1
        scale = np.abs(returns).sum()
        assert made[tally.SUM] == pytest.approx(returns.sum(), rel=near, abs=near * scale)
        assert made[tally.SQUARES] == pytest.approx((returns**2).sum(), rel=near, abs=1e-25)
        sharpe = metrics.sharpe(equity, 8766.0).value
        assert figure["sharpe"][0] == pytest.approx(sharpe, rel=near, abs=near, nan_ok=True)
    elif (equity <= 0).any():
        assert np.isnan(figure["sharpe"][0])


@pytest.mark.parametrize("step", [0.001, 0.05, 0.5, 4.0])
@pytest.mark.parametrize("shares", [[1.0], [0.3, 1.0], [-1.0, 1.0, 0.5], [-3.0, 4.0]], ids=str)
def test_any_sequence_of_trades(step: float, shares: list[float]) -> None:
    """Whether trades are all in or not, long or short; on prices so wild that equity is lost."""

    @settings(often, max_examples=examples(40))
    @given(SEEDS, st.sampled_from([2, 3, 17, 60, 700]))
    def check(seed: int, length: int) -> None:
        rng = np.random.default_rng(seed)
        price = walk(rng, length, step)
        trades = any_trades(rng, price, shares)
        held = sum(one.last - one.first for one in trades)
        sums = market(bars_of(price), Exits(), Costs(), many=True).sums
        for known in (sums, ONE[2]):
            agree(tallied(price, trades, known), curve(price, trades), held)

    check()


def test_worked_out_by_hand() -> None:
    """10 units from 100, worth 1200, 900 and 1100 at three closes, sold for 1320; the last bar is flat."""
    price = np.array([100.0, 120.0, 90.0, 110.0, 132.0, 500.0])
    made = tallied(price, [Held(1, 4, 0.0, 10.0, 1320.0)], ONE[2])
    returns = [0.2, -0.25, 2 / 9, 0.2]
    names = (tally.HELD, tally.LOWEST, tally.PEAK, tally.DRAWDOWN, tally.EQUITY, tally.SUM, tally.SQUARES)
    expected = [3, 900, 1320, 0.25, 1320, sum(returns), sum(r * r for r in returns)]
    assert made[list(names)].tolist() == pytest.approx(expected)
    half = tallied(price, [Held(2, 6, 500.0, 5.0, 3000.0)], ONE[2])  # to the end, half in cash, up and up
    assert half[list(names[:4])].tolist() == pytest.approx([4, 950, 3000, 0.05])


@pytest.mark.parametrize("jump", [2.0, 25.0, 31.0, 1e4])
def test_a_jump_does_not_swallow_the_digits_of_the_rest(jump: float) -> None:
    """A long before and after a bar in which the price is many times what it was, as where a split was forgotten."""
    price = 50 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.002, 4000)))
    price[1000:] *= jump
    known = market(bars_of(price), Exits(), Costs(), many=True).sums
    for first in range(1200, 3900, 300):
        one = [Held(first, first + 5, 0.0, CASH / price[first], CASH * price[first + 5] / price[first])]
        agree(tallied(price, one, known), curve(price, one), 5)


def test_sums_are_left_out_where_they_cannot_be() -> None:
    calm = 50 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 500)))
    assert market(bars_of(calm), Exits(), Costs(), many=True).sums.whole.shape == (2, 32)
    assert market(bars_of(calm), Exits(), Costs()).sums.whole.shape[1] == 0
    assert tally.ALL_IN <= 1e-12
    paying = bars_of(calm).with_funding(pd.Series([0.99] * 3, index=bars_of(calm).index[100:103]))
    assert (market(paying, Exits(), Costs(), many=True).wealth <= 0).any()
    assert market(paying, Exits(), Costs(), many=True).sums.whole.shape[1] == 0


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 31, 32, 33, 100])
@pytest.mark.parametrize("many", [False, True])
def test_extremes_of_any_stretch(length: int, many: bool) -> None:
    price = walk(np.random.default_rng(length), length, 0.3)
    here = market(bars_of(price), Exits(), Costs(borrow=0.5), many)
    for row, wealth in enumerate(here.wealth):
        for first in range(length):
            for last in range(first + 1, length + 1):
                part = wealth[first:last]
                assert extremes(here, row, first, last) == (part.min(), part.max())


@pytest.mark.parametrize("length", [1, 15, 16, 17, 40])
def test_extremes_of_runs(length: int) -> None:
    values = np.random.default_rng(length).normal(size=length)
    runs = [values[at : at + BLOCK] for at in range(0, length, BLOCK)]
    lows, highs = extremes_of(values - 1, values)
    assert lows.tolist() == [(run - 1).min() for run in runs]
    assert highs.tolist() == [run.max() for run in runs]


@often
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.booleans(), st.booleans()), max_size=40))
def test_closed_trades(trades: list[tuple[float, float, bool, bool]]) -> None:
    """Profit, R, whether it has one, whether its bar cannot order it."""
    made = np.empty(tally.PARTS)
    tally.begin(made, CASH)
    for pnl, r, stopped, unclear in trades:
        tally.settle(made, pnl, r if stopped else np.nan, unclear)
    r = np.array([one[1] for one in trades if one[2]])
    assert made[tally.CLOSED] == len(trades) and made[tally.WITH_R] == len(r)
    assert made[tally.WON] == sum(one[0] > 0 for one in trades)
    assert made[tally.AMBIGUOUS] == sum(one[3] for one in trades)
    assert made[tally.R] == pytest.approx(r.sum(), abs=1e-12)
    assert made[tally.R_SQUARES] == pytest.approx((r**2).sum())
    assert made[tally.GAINED] == pytest.approx(r[r > 0].sum()) and made[tally.LOST] == pytest.approx(-r[r < 0].sum())
