"""What is said about trades and equity, each number with its interval and how many it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats: TypeAlias = NDArray[np.float64]

ENOUGH = 30  # trades under which nothing is ranked
BLOCKS = 10  # blocks of time under which nothing is ranked
RESAMPLES = 4_000
NOTHING = 1e-9  # of the first equity: what rounding leaves of it


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of trades or bars it rests on; NaN where it is not defined.

    enough: whether it rests on at least 30 trades in at least 10 blocks of time.
    """

    value: float
    low: float
    high: float
    n: int
    enough: bool

    @property
    def sided(self) -> int:
        """+1 when the whole interval is above zero, -1 below, 0 when it holds zero or rests on too little."""
        if not self.enough or np.isnan(self.low) or np.isnan(self.high):
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def win_rate(won: NDArray[np.bool_], blocks: NDArray[np.int64]) -> Estimate:
    """Share of winning trades with Wilson's 95 % interval (Wilson 1927)."""
    n = len(won)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, False)
    interval = stats.binomtest(int(won.sum()), n).proportion_ci(method="wilson")
    return Estimate(float(won.mean()), interval.low, interval.high, n, _enough(n, blocks))


def mean(values: Floats, blocks: NDArray[np.int64], seed: int) -> Estimate:
    """A mean with a 95 % interval from resampled blocks of time: trades of one block move together."""
    return resampled(lambda total, count: total[:, 0] / count, values[:, None], blocks, seed)


def profit_factor(r: Floats, blocks: NDArray[np.int64], seed: int) -> Estimate:
    """Gains over losses, in R; infinite without a loss."""
    parts = np.column_stack([np.maximum(r, 0), np.maximum(-r, 0)])
    return resampled(lambda total, _: total[:, 0] / total[:, 1], parts, blocks, seed)


def resampled(
    figure: Callable[[Floats, Floats], Floats], values: Floats, blocks: NDArray[np.int64], seed: int
) -> Estimate:
    """A figure of column sums and count, with its 95 % interval over resampled blocks of time.

    values: shape (n, k). blocks: the block of time of each row. figure: from sums of shape (m, k) and counts of
    shape (m,) to m figures. Under two blocks, or where the figure is not defined, there is no interval.
    """
    n = len(values)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, False)
    which, inverse = np.unique(blocks, return_inverse=True)
    sums = np.zeros((len(which), values.shape[1]))
    np.add.at(sums, inverse, values)
    counts = np.bincount(inverse).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(figure(sums.sum(axis=0)[None], np.array([float(n)]))[0])
        if len(which) < 2 or np.isnan(value):
            return Estimate(value, np.nan, np.nan, n, False)
        drawn = np.random.default_rng(seed).integers(len(which), size=(RESAMPLES, len(which)))
        figures = figure(sums[drawn].sum(axis=1), counts[drawn].sum(axis=1))
    figures = np.sort(figures[~np.isnan(figures)])
    # Few blocks make a percentile interval too narrow: Hesterberg's expanded percentiles (2015) widen it as
    # Student's t does. Not np.quantile: it would interpolate between two infinities.
    few = len(which)
    tail = stats.norm.cdf(-np.sqrt(few / (few - 1)) * stats.t.ppf(0.975, few - 1))
    low, high = figures[int(tail * len(figures))], figures[-1 - int(tail * len(figures))]
    return Estimate(value, float(low), float(high), n, _enough(n, blocks))


def time_blocks(time: NDArray[np.datetime64], lives: NDArray[np.timedelta64]) -> NDArray[np.int64]:
    """The block of calendar time of each trade: at least 30 days long and twice as long as 95 % of the trades live."""
    if not len(time):
        return np.zeros(0, np.int64)
    seconds = lives.astype("timedelta64[s]").astype(np.int64)
    length = max(30 * 86_400, 2 * int(np.quantile(seconds, 0.95, method="higher")))
    return time.astype("datetime64[s]").astype(np.int64) // length


def sharpe(equity: Floats, per_year: float, enough: bool = True) -> Estimate:
    """Annualised mean over deviation of the returns from bar to bar, riskless rate 0.

    The interval takes skew and kurtosis of the returns into account (Mertens 2002). NaN where equity never moves or
    falls to zero. enough: whether the trades behind it are; many bars with few trades in them say little.
    """
    n = len(equity) - 1
    if n < 2 or (equity <= NOTHING * equity[0]).any():
        return Estimate(np.nan, np.nan, np.nan, max(n, 0), False)
    returns = equity[1:] / equity[:-1] - 1
    spread = returns.std(ddof=1)
    if not spread > max(1e-7 * abs(returns.mean()), 1e-13):  # what rounding leaves of a constant, and of nothing
        return Estimate(np.nan, np.nan, np.nan, n, False)
    ratio = returns.mean() / spread
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    error = np.sqrt(max(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2, 0) / (n - 1))
    low, value, high = (np.array([-1.96, 0, 1.96]) * error + ratio) * np.sqrt(per_year)
    return Estimate(float(value), float(low), float(high), n, enough and n >= ENOUGH)


def max_drawdown(equity: Floats) -> float:
    """The deepest fall from an earlier high, as a fraction of that high."""
    if not len(equity):
        return np.nan
    return float(np.max(1 - equity / np.maximum.accumulate(equity)))


def mcnemar(first_only: int, second_only: int) -> float:
    """Exact two-sided p of McNemar's test from the pairs that disagree; 1 when none does."""
    n = first_only + second_only
    return float(stats.binomtest(min(first_only, second_only), n).pvalue) if n else 1.0


def _enough(n: int, blocks: NDArray[np.int64]) -> bool:
    return n >= ENOUGH and len(np.unique(blocks)) >= BLOCKS
