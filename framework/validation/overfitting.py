"""What is left of the best Sharpe ratio once the length of its record and the number of trials are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..errors import UserError

Floats: TypeAlias = NDArray[np.float64]

FLAT = 1e-9  # of the largest return: a deviation under that is what rounding leaves of a constant


@dataclass(frozen=True)
class Moments:
    """What the Sharpe ratio's error is made of. sharpe: per period, not annualised. kurtosis: raw, 3 of a normal."""

    sharpe: float
    periods: float
    skew: float
    kurtosis: float

    @classmethod
    def of(cls, returns: Floats) -> Moments:
        """Of one track record, shape [periods]. NaN with fewer than 3 periods or where the returns never vary.

        Raises UserError for another shape or a return that is not a finite number.
        """
        if np.ndim(returns) != 1:
            raise UserError("returns", f"they have the shape {np.shape(returns)}", "one number for every period")
        returns = np.asarray(returns, float)
        sharpe = float(sharpes(returns[:, None])[0])
        if np.isnan(sharpe):
            return cls(np.nan, len(returns), np.nan, np.nan)
        z = (returns - returns.mean()) / returns.std()
        return cls(sharpe, len(returns), float((z**3).mean()), float((z**4).mean()))


def sharpes(matrix: Floats) -> Floats:
    """Mean over deviation (n - 1) of every trial, per period; matrix: shape [periods, trials].

    NaN with fewer than 3 periods and where a trial never varies. Raises UserError as `checked` does.
    """
    matrix = checked(matrix)
    if len(matrix) < 3:
        return np.full(matrix.shape[1], np.nan)
    spread = matrix.std(axis=0, ddof=1)
    varies = spread > FLAT * np.abs(matrix).max(axis=0)
    return np.asarray(np.divide(matrix.mean(axis=0), spread, out=np.full(len(spread), np.nan), where=varies))


def checked(matrix: Floats) -> Floats:
    """The trials as floats. Raises UserError for another shape than [periods, trials] or what is no finite number."""
    if np.ndim(matrix) != 2:
        raise UserError("matrix", f"it has the shape {np.shape(matrix)}", "a row for every period, a column a trial")
    matrix = np.asarray(matrix, float)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        wrong = f"period {row} of trial {column} is {matrix[row, column]}"
        raise UserError("matrix", wrong, "finite numbers, 0 where nothing was traded")
    return matrix


def probabilistic_sharpe(track: Floats | Moments, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio per period is above `benchmark` (Bailey and López de Prado 2012).

    track: returns of shape [periods] or their moments. The periods are taken as independent: where the returns of one
    period go on in the next the probability is too sure. So it is with few trades that all won, which have shown no
    losses yet. NaN with fewer than 3 periods, without deviation, or where the error's square is not positive.
    """
    moments = track if isinstance(track, Moments) else Moments.of(track)
    square = _square(moments)
    if moments.periods < 3 or not square > 0:
        return np.nan
    return float(stats.norm.cdf((moments.sharpe - benchmark) * np.sqrt((moments.periods - 1) / square)))


def _square(moments: Moments) -> float:
    """The variance of the Sharpe ratio times periods - 1 (Mertens 2002)."""
    return 1 - moments.skew * moments.sharpe + (moments.kurtosis - 1) / 4 * moments.sharpe**2


def expected_maximum(trials: float, variance: float) -> float:
    """Expected largest Sharpe ratio of so many independent trials without skill: the False Strategy theorem.

    variance: of the trials' Sharpe ratios; the result is in the same unit. trials: may be a fraction, as an effective
    number is. The form with Euler's constant is that of Bailey and López de Prado (2014); less than .05 deviations off
    the exact one, too low for two trials, too high for more. 0 for one trial, never below.

    Raises UserError for fewer than one trial and for a variance that is negative or no number.
    """
    if not trials >= 1:
        raise UserError("trials", f"there are {trials}", "at least 1, the one that was judged")
    if not 0 <= variance < np.inf:
        raise UserError("variance", f"it is {variance}", "the variance of the trials' Sharpe ratios, at least 0")
    if trials == 1:
        return 0.0
    low, high = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * np.e))
    return float(max(np.sqrt(variance) * ((1 - np.euler_gamma) * low + np.euler_gamma * high), 0.0))


def deflated_sharpe(track: Floats | Moments, trials: float, variance: float) -> float:
    """Probability that the best of `trials` has a true Sharpe ratio above what the best of none would show.

    Bailey and López de Prado (2014): `probabilistic_sharpe` against `expected_maximum`. track: of the best trial.
    variance: of all trials' Sharpe ratios per period, `np.nanvar(sharpes(matrix), ddof=1)`. NaN and errors as theirs.

    1 - DSR is no exact p value. In noise it is at most .05 far less often than 5 % where 50 trials are independent
    (about .1 %), and as often where few are nearly the same. More often it is with few trials of autocorrelated returns
    (10 %, correlated by .3), or of so few trades that one of them has not lost yet (15 %, five trades each), and with a
    thousand trials that win often and lose rarely but much (11 %, 25 trades each): their ratios are skewed to the right
    while the expected maximum is that of normal ones.
    """
    return probabilistic_sharpe(track, expected_maximum(trials, variance))


def minimum_track_record(track: Floats | Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Periods after which `probabilistic_sharpe` would reach the confidence, were the moments to stay as they are.

    Bailey and López de Prado (2012). Infinite where the Sharpe ratio is not above the benchmark, NaN as there. Raises
    UserError for a confidence outside (0.5, 1).
    """
    if not 0.5 < confidence < 1:
        raise UserError("confidence", f"it is {confidence}", "a number above 0.5 and below 1, as 0.95")
    moments = track if isinstance(track, Moments) else Moments.of(track)
    square = _square(moments)
    if not square > 0:
        return np.nan
    if not moments.sharpe > benchmark:
        return np.inf
    return float(1 + square * (stats.norm.ppf(confidence) / (moments.sharpe - benchmark)) ** 2)


def minimum_backtest_length(trials: float, target: float = 1.0) -> float:
    """Years under which the best of so many trials without skill is expected to reach the annual Sharpe ratio `target`.

    Bailey, Borwein, López de Prado and Zhu (2014), with the expected maximum itself, as in their table (5 years for 45
    trials), not with the upper bound 2 ln(trials) / target². Raises UserError for fewer than one trial or a target that
    is not above 0.
    """
    if not target > 0:
        raise UserError("target", f"it is {target}", "an annual Sharpe ratio above 0")
    return float((expected_maximum(trials, 1.0) / target) ** 2)
