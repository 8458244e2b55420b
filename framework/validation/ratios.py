"""Whether Fibonacci's ratios are better than their neighbours: reaction rates against a smooth curve of the ratio.

A shallow level is reached more often and in other circumstances than a deep one, whatever its name. So the rate at a
Fibonacci ratio is compared with a curve fitted to the placebo ratios alone, never with their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..structure.legs import Reactions

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

DEGREE = 3  # of the polynomial of the ratio in the logistic curve
STEPS, STILL = 50, 1e-10  # of the fit: at most so many, until the coefficients move less
RIDGE = 1e-6  # observations' worth: a rate of nothing or of everything has a fit, too
CHUNK = 100  # draws at a time, so that memory does not grow with the legs


@dataclass(frozen=True, eq=False)
class RatioCurve:
    """m ratios, ascending. named: Fibonacci's. n: decided entries; reacted: of them; rate: their share.

    curve: the rate that the placebo ratios let expect. excess: rate less curve; low, high: its 95 % interval. The rate
    is NaN where nothing was decided, the others are NaN, too, where fewer than four placebo ratios were reached.
    """

    ratio: Floats
    named: Bools
    n: Ints
    reacted: Ints
    rate: Floats
    curve: Floats
    excess: Floats
    low: Floats
    high: Floats
    legs: int

    def frame(self) -> pd.DataFrame:
        """One row a ratio, a column each."""
        names = [name for name in self.__dataclass_fields__ if name != "legs"]
        return pd.DataFrame({name: getattr(self, name) for name in names})


def reaction_curve(
    tables: Sequence[Reactions], ratios: Sequence[float] | None = None, draws: int = 2000, seed: int = 0
) -> RatioCurve:
    """The markets' reactions pooled, their rate at each of `ratios` (None: all that occur) against the smooth curve.

    The interval is a percentile bootstrap over legs: one leg feeds many ratios, so whole legs are drawn. Entries that
    are not decided yet count nowhere. The curve is a logistic regression on a polynomial of the third degree.
    """
    asked = np.unique(np.concatenate([table.ratio for table in tables]) if ratios is None else list(ratios))
    counts, hits = _by_leg(tables, asked)
    named = np.zeros(len(asked), bool)
    for table in tables:
        named |= np.isin(asked, table.ratio[table.named])
    n, reacted = counts.sum(axis=0), hits.sum(axis=0)
    rate, curve = _against(n[None], reacted[None], asked, named)
    low, high = np.full((2, len(asked)), np.nan)
    if len(counts) and draws:
        drawn = _drawn(counts, hits, draws, seed)
        excesses = np.subtract(*_against(*drawn, asked, named))
        for column in np.flatnonzero(~np.isnan(excesses).all(axis=0)):
            low[column], high[column] = np.nanpercentile(excesses[:, column], [2.5, 97.5])
    return RatioCurve(
        asked,
        named,
        n.astype(np.int64),
        reacted.astype(np.int64),
        rate[0],
        curve[0],
        rate[0] - curve[0],
        low,
        high,
        len(counts),
    )


def _by_leg(tables: Sequence[Reactions], ratios: Floats) -> tuple[Floats, Floats]:
    """Decided entries and reactions, a row for every leg that has one, a column for every ratio."""
    parts = []
    for table in tables:
        kept = np.flatnonzero(~np.isnan(table.outcome) & np.isin(table.ratio, ratios))
        legs, row = np.unique(table.leg[kept], return_inverse=True)
        pair = np.zeros((2, len(legs), len(ratios)))
        column = np.searchsorted(ratios, table.ratio[kept])
        np.add.at(pair[0], (row, column), 1.0)
        np.add.at(pair[1], (row, column), table.outcome[kept])
        parts.append(pair)
    joined = np.concatenate(parts, axis=1)
    return joined[0], joined[1]


def _drawn(counts: Floats, hits: Floats, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Decided entries and reactions of so many draws of as many legs, a row a draw."""
    random, legs = np.random.default_rng(seed), len(counts)
    both, parts = np.concatenate([counts, hits], axis=1), []
    for start in range(0, draws, CHUNK):
        times = random.multinomial(legs, np.full(legs, 1 / legs), size=min(CHUNK, draws - start))
        parts.append(times.astype(float) @ both)
    joined = np.concatenate(parts)
    return joined[:, : counts.shape[1]], joined[:, counts.shape[1] :]


def _against(n: Floats, reacted: Floats, ratios: Floats, named: Bools) -> tuple[Floats, Floats]:
    """Rates and the curve of the placebo ratios, a row for every row of counts; NaN as `RatioCurve` says."""
    with np.errstate(invalid="ignore"):
        rate = np.where(n > 0, reacted / n, np.nan)
    if not len(ratios):
        return rate, rate.copy()
    span = max(float(np.ptp(ratios)), 1e-9)
    powers = np.vander((ratios - ratios.mean()) / span, DEGREE + 1)
    weight = np.where(named, 0.0, n)
    curve = _logistic(powers, weight, np.where(named, 0.0, reacted))
    fitted = (weight > 0).sum(axis=1) > DEGREE
    return rate, np.where(fitted[:, None], curve, np.nan)


def _logistic(x: Floats, n: Floats, reacted: Floats) -> Floats:
    """The fitted rates of a logistic regression on x, by Newton's steps, for every row of counts at once."""
    beta = np.zeros((len(n), x.shape[1]))
    ridge = RIDGE * np.eye(x.shape[1])
    for _ in range(STEPS):
        p = _rate(beta @ x.T)
        slope = (reacted - n * p) @ x - RIDGE * beta
        bend = np.einsum("bp,pi,pj->bij", n * p * (1.0 - p), x, x, optimize=True) + ridge
        step = np.linalg.solve(bend, slope[:, :, None])[:, :, 0]
        beta += np.clip(step, -2.0, 2.0)  # a longer one may overshoot where a rate is near nothing or everything
        if np.abs(step).max() < STILL:
            break
    return _rate(beta @ x.T)


def _rate(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))))
