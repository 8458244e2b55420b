"""What a tally says of an account: figures by name, each with how sure it is, for any number of accounts at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
    t = tallies.T
    n, with_r = t[part.CLOSED], t[part.WITH_R]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = t[part.WON] / n
        middle = (rate + SURE**2 / (2 * n)) / (1 + SURE**2 / n)
        half = SURE / (1 + SURE**2 / n) * np.sqrt(rate * (1 - rate) / n + SURE**2 / (4 * n**2))
        mean = t[part.R] / with_r
        spread = np.sqrt(np.maximum(t[part.R_SQUARES] - with_r * mean**2, 0) / (with_r - 1))
        return {
            "trades": n,
            "win_rate": rate,
            "win_rate_low": middle - half,
            "win_rate_high": middle + half,
            "expectancy_r": mean,
            "expectancy_r_error": np.where(with_r > 1, spread / np.sqrt(with_r), np.nan),
            "profit_factor": t[part.GAINED] / t[part.LOST],
            "ambiguous": t[part.AMBIGUOUS] / n,
            "total_return": ends / cash - 1,
            "sharpe": _sharpe(t, cash, bars - 1, per_year),
            "max_drawdown": t[part.DRAWDOWN],
            "exposure": t[part.HELD] / bars,
        }


def _sharpe(t: Floats, cash: float, n: int, per_year: float) -> Floats:
    """NaN where the equity never moved or fell to zero."""
    if n < 2:
        return np.full(t.shape[1], np.nan)
    mean = t[part.SUM] / n
    spread = np.sqrt(np.maximum(t[part.SQUARES] - n * mean**2, 0) / (n - 1))
    defined = (t[part.LOWEST] > NOTHING * cash) & (spread > np.maximum(ROUNDED * np.abs(mean), DUST))
    return np.where(defined, mean / spread * np.sqrt(per_year), np.nan)
