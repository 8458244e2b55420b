"""Figures against hand computation, and intervals against how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework.metrics import (
    Estimate,
    max_drawdown,
    mcnemar,
    mean,
    profit_factor,
    resampled,
    sharpe,
    time_blocks,
    win_rate,
)

NAN, INF = math.nan, math.inf
REPEATS = 300


def undefined(found: Estimate, n: int) -> bool:
    return all(map(math.isnan, (found.value, found.low, found.high))) and found.n == n and not found.enough


def test_wilson() -> None:
    found = win_rate(np.arange(100) < 60, np.arange(100))
    assert (found.value, found.n, found.enough) == (0.6, 100, True)
    assert (found.low, found.high) == (pytest.approx(0.5020025868, abs=1e-10), pytest.approx(0.6905987136, abs=1e-10))


def test_wilson_at_the_ends() -> None:
    z2 = 1.959963984540054**2
    lost, won = win_rate(np.zeros(10, bool), np.arange(10)), win_rate(np.ones(10, bool), np.arange(10))
    assert (lost.value, lost.low, lost.high) == (0, 0, pytest.approx(z2 / (10 + z2)))
    assert (won.value, won.low, won.high) == (1, pytest.approx(10 / (10 + z2)), 1)
    assert undefined(win_rate(np.zeros(0, bool), np.zeros(0, np.int64)), 0)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(121, 59, 4.434449e-06), (59, 121, 4.434449e-06), (5, 1, 14 / 64), (6, 0, 2 / 64), (1, 1, 1.0), (0, 0, 1.0)],
)
def test_mcnemar(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, rel=1e-6)


def coverage(blocks_told: bool) -> float:
    """How often the interval holds the true mean, 0, when the 10 trades of each of 40 blocks share their luck."""
    random = np.random.default_rng(11)
    block = np.repeat(np.arange(40), 10)
    hits = 0
    for repeat in range(REPEATS):
        r = random.normal(0, 1, 40)[block] + random.normal(0, 0.5, 400)
        found = mean(r, block if blocks_told else np.arange(400), repeat)
        hits += found.low <= 0 <= found.high
    return hits / REPEATS


def test_an_interval_of_blocks_holds_the_truth_as_often_as_it_says() -> None:
    assert 0.90 <= coverage(blocks_told=True) <= 0.985


def test_trades_taken_for_independent_would_not() -> None:
    assert coverage(blocks_told=False) < 0.65


def test_mean_of_unequal_blocks() -> None:
    found = mean(np.array([1.0, 1.0, 4.0]), np.array([5, 5, -2]), 1)
    assert (found.value, found.low, found.high, found.n, found.enough) == (2.0, 1.0, 4.0, 3, False)


def test_same_seed_same_interval() -> None:
    values, blocks = np.random.default_rng(3).normal(size=200), np.arange(200) // 5
    assert mean(values, blocks, 1) == mean(values, blocks, 1)
    assert mean(values, blocks, 1).low != mean(values, blocks, 2).low


def test_profit_factor() -> None:
    found = profit_factor(np.array([2.0, -1.0, 1.0, -0.5]), np.array([0, 0, 1, 1]), 1)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)
    assert profit_factor(np.array([2.0, -1.0, 1.0, -2.0]), np.array([0, 0, 1, 1]), 1).low == 0.5


def test_profit_factor_without_losses_or_gains() -> None:
    blocks = np.arange(40) // 2
    won, lost = profit_factor(np.ones(40), blocks, 1), profit_factor(-np.ones(40), blocks, 1)
    assert (won.value, won.low, won.high, won.n) == (INF, INF, INF, 40)
    assert (lost.value, lost.low, lost.high, lost.n) == (0, 0, 0, 40)
    assert undefined(profit_factor(np.zeros(40), blocks, 1), 40)


def test_one_loss_leaves_the_upper_end_infinite_and_the_lower_finite() -> None:
    r = np.ones(40)
    r[7] = -2.0
    found = profit_factor(r, np.arange(40), 1)
    assert found.value == 19.5
    assert math.isfinite(found.low) and found.high == INF


def test_no_trade_one_trade_one_block() -> None:
    none, nowhere = np.zeros(0), np.zeros(0, np.int64)
    assert undefined(mean(none, nowhere, 1), 0)
    assert undefined(profit_factor(none, nowhere, 1), 0)
    for values, blocks in ((np.array([1.5]), np.array([3])), (np.full(50, 1.5), np.full(50, 3))):
        found = mean(values, blocks, 1)
        assert (found.value, found.n, found.enough, found.sided) == (1.5, len(values), False, 0)
        assert math.isnan(found.low) and math.isnan(found.high)


def test_an_unknown_r_makes_the_figure_and_its_interval_unknown() -> None:
    r = np.full(40, -1.0)
    r[0] = NAN
    for found in (mean(r, np.arange(40) // 2, 1), profit_factor(r, np.arange(40) // 2, 1)):
        assert undefined(found, 40)
        assert found.sided == 0


def test_enough_is_thirty_trades_in_ten_blocks() -> None:
    def enough(n: int, blocks: int) -> bool:
        block = np.arange(n) % blocks
        both = {win_rate(np.ones(n, bool), block).enough, mean(np.ones(n), block, 1).enough}
        assert len(both) == 1
        return both.pop()

    assert enough(30, 10)
    assert not enough(29, 10)
    assert not enough(30, 9)


def test_sided_needs_the_whole_interval_and_enough() -> None:
    assert Estimate(0.2, 0.1, 0.3, 40, True).sided == 1
    assert Estimate(-0.2, -0.3, -0.1, 40, True).sided == -1
    assert Estimate(0.2, -0.1, 0.3, 40, True).sided == 0
    assert Estimate(0.2, 0.0, 0.3, 40, True).sided == 0
    assert Estimate(0.2, 0.1, 0.3, 20, False).sided == 0
    assert Estimate(0.2, NAN, NAN, 40, True).sided == 0


def test_resampled_takes_any_figure_of_sums_and_count() -> None:
    values = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 4.0]])
    found = resampled(lambda total, count: total[:, 0] / total[:, 1] + count, values, np.arange(3), 1)
    assert found.value == 9 / 8 + 3


DAY = np.timedelta64(86_400, "s")


def test_blocks_are_thirty_days_when_trades_are_short() -> None:
    time = np.datetime64("1970-01-01", "us") + np.arange(0, 90, 10) * DAY
    assert time_blocks(time, np.full(9, DAY)).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_blocks_are_twice_as_long_as_long_trades() -> None:
    time = np.datetime64("1970-01-01", "us") + np.array([0, 79, 80, 160]) * DAY
    assert time_blocks(time, np.array([1, 40, 1, 1]) * DAY).tolist() == [0, 0, 1, 2]
    assert time_blocks(time[:0], np.zeros(0, "timedelta64[us]")).tolist() == []


def test_sharpe_by_hand() -> None:
    # Returns 0.1, -0.05, 0.1: mean 0.05, deviation sqrt(0.0075), skew -sqrt(1/2), kurtosis 1.5.
    found = sharpe(np.array([100.0, 110.0, 104.5, 114.95]), 252)
    ratio = 0.05 / math.sqrt(0.0075)
    error = math.sqrt((1 + math.sqrt(0.5) * ratio + 0.5 / 4 * ratio**2) / 2)
    assert found.value == pytest.approx(ratio * math.sqrt(252))
    assert found.low == pytest.approx((ratio - 1.96 * error) * math.sqrt(252))
    assert found.high == pytest.approx((ratio + 1.96 * error) * math.sqrt(252))
    assert (found.n, found.enough) == (3, False)


def test_the_interval_of_sharpe_holds_the_truth_for_skewed_returns() -> None:
    # Skew -2 and kurtosis 9; the interval for normal returns would hold the truth 81 times of 100.
    random = np.random.default_rng(5)
    hits = naive = 0
    for _ in range(2 * REPEATS):
        returns = 0.01 * (1.5 - random.exponential(size=500))
        found = sharpe(100 * np.cumprod(np.append(1.0, 1 + returns)), 1.0)
        hits += found.low <= 0.5 <= found.high
        naive += abs(found.value - 0.5) <= 1.96 * math.sqrt((1 + found.value**2 / 2) / 500)
    assert 0.92 <= hits / (2 * REPEATS) <= 0.98
    assert naive / (2 * REPEATS) < 0.87


@pytest.mark.parametrize(
    "equity",
    [[], [100.0], [100.0, 101.0], [100.0] * 50, [100.0, 50.0, 0.0, 10.0], [100.0, -5.0, 7.0, 8.0], [1, 2, NAN, 4]],
)
def test_no_sharpe(equity: list[float]) -> None:
    assert undefined(sharpe(np.array(equity, float), 252), max(len(equity) - 1, 0))


@pytest.mark.parametrize(
    ("equity", "deepest"),
    [
        ([100.0, 80.0, 120.0, 60.0, 130.0], 0.5),
        ([100.0, 101.0, 102.0], 0.0),
        ([100.0], 0.0),
        ([50.0, 40.0, 100.0, 81.0], 0.2),
        ([100.0, -20.0], 1.2),
    ],
)
def test_drawdown(equity: list[float], deepest: float) -> None:
    assert max_drawdown(np.array(equity)) == pytest.approx(deepest)


def test_no_equity_no_drawdown() -> None:
    assert math.isnan(max_drawdown(np.zeros(0)))


def test_few_blocks_widen_the_interval_as_students_t_does() -> None:
    """Ten blocks: tails are cut at 0.00855 in place of 0.025, the expanded percentile for nine degrees of freedom."""
    values, blocks = np.arange(10.0) ** 2, np.arange(10)
    drawn = np.random.default_rng(3).integers(10, size=(4_000, 10))
    means = np.sort(values[drawn].mean(axis=1))
    estimate = mean(values, blocks, 3)
    assert (estimate.low, estimate.high) == (pytest.approx(means[34]), pytest.approx(means[-35]))
    assert estimate.low < np.quantile(means, 0.025) and estimate.high > np.quantile(means, 0.975)


def test_many_bars_with_few_trades_are_not_enough() -> None:
    equity = 100 + np.cumsum(np.random.default_rng(1).normal(size=500) * 0.1)
    assert sharpe(equity, 252).enough and not sharpe(equity, 252, enough=False).enough
