"""What a tally says of an account: figures by name, each with how sure it is, for any number of accounts at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from . import tally as part
from .kernel import NOTHING

Floats: TypeAlias = NDArray[np.float64]

FIGURES = (
    "trades",
    "win_rate",
    "win_rate_low",
    "win_rate_high",
    "expectancy_r",
    "expectancy_r_error",
    "profit_factor",
    "ambiguous",
    "total_return",
    "sharpe",
    "max_drawdown",
    "exposure",
)
SURE = 1.959963984540054  # standard deviations on either side that hold 95 %
ROUNDED = 1e-7  # what rounding leaves of the deviation of a constant, as a fraction of it: sums of squares lose half
DUST = 1e-13  # what it leaves of nothing


def figures(tallies: Floats, cash: float, ends: Floats, bars: int, per_year: float) -> dict[str, Floats]:
    """One value an account of each figure; tallies: shape (accounts, PARTS), ends: cash at the end, shape (accounts,).

    trades: closed ones, which the next six are of. win_rate with its 95 % interval (Wilson 1927). expectancy_r: mean
    R, and its standard error over trades taken as independent. profit_factor: gains over losses in R, infinite
    without a loss. ambiguous: the share that their bars cannot order. total_return, max_drawdown: fractions, an open
    position marked at the last close. sharpe: annualised mean over deviation of the returns from bar to bar. exposure:
    the share of closes at which a position was held. NaN where a figure is not defined.
    """
    rows = _figures(np.ascontiguousarray(tallies), float(cash), np.array(ends), bars, float(per_year))
    return dict(zip(FIGURES, rows, strict=True))


@kernel
def _figures(tallies: Floats, cash: float, ends: Floats, bars: int, per_year: float) -> Floats:
    """A row a figure, in the order of FIGURES."""
    found = np.full((len(FIGURES), len(tallies)), np.nan)
    for i in range(len(tallies)):
        t, one = tallies[i], found[:, i]
        n, with_r = t[part.CLOSED], t[part.WITH_R]
        rate, mean = t[part.WON] / n, t[part.R] / with_r
        middle = (rate + SURE**2 / (2 * n)) / (1 + SURE**2 / n)
        half = SURE / (1 + SURE**2 / n) * np.sqrt(rate * (1 - rate) / n + SURE**2 / (4 * n**2))
        one[0], one[1], one[2], one[3] = n, rate, middle - half, middle + half
        one[4] = mean
        if with_r > 1:
            one[5] = np.sqrt(max(t[part.R_SQUARES] - with_r * mean**2, 0.0) / (with_r - 1) / with_r)
        one[6] = t[part.GAINED] / t[part.LOST]
        one[7] = t[part.AMBIGUOUS] / n
        one[8] = ends[i] / cash - 1
        one[9] = _sharpe(t, cash, bars - 1, per_year)
        one[10] = t[part.DRAWDOWN]
        one[11] = t[part.HELD] / bars
    return found


@kernel(inline=True)
def _sharpe(t: Floats, cash: float, n: int, per_year: float) -> float:
    """NaN where the equity never moved or fell to zero."""
    if n < 2 or not t[part.LOWEST] > NOTHING * cash:
        return np.nan
    mean = t[part.SUM] / n
    spread = np.sqrt(max(t[part.SQUARES] - n * mean**2, 0.0) / (n - 1))
    if not spread > max(ROUNDED * abs(mean), DUST):
        return np.nan
    return float(mean / spread * np.sqrt(per_year))
