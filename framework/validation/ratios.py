"""Whether Fibonacci's ratios are better than their neighbours: reaction rates against a smooth curve of the ratio.

A shallow level is reached more often and in other circumstances than a deep one, whatever its name. So the rate at a
Fibonacci ratio is compared with a curve fitted to the placebo ratios alone, never with their mean. Markets move
together and a leg feeds many ratios, so the interval comes from drawing blocks of calendar time, all markets at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ..structure.legs import Reactions

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

DEGREE = 4  # of the polynomial of the ratio's logarithm in the logistic curve; `reaction_curve` says why
STEPS, STILL = 50, 1e-10  # of the fit: at most so many, until the coefficients move less
RIDGE = 1e-6  # observations' worth: a rate of nothing or of everything has a fit, too
CHUNK = 100  # draws at a time, so that memory does not grow with the blocks
SHORTEST = 30 * 86_400 * 10**6  # microseconds: a block of 30 days
ENOUGH = 10  # blocks for an interval


@dataclass(frozen=True, eq=False)
class RatioCurve:
    """m ratios, ascending. named: Fibonacci's. n: decided entries; reacted: of them; rate: their share.

    curve: the rate that the placebo ratios let expect. excess: rate less curve; low, high: its 95 % interval. The rate
    is NaN where nothing was decided, the others are NaN, too, where fewer than five placebo ratios were reached. legs
    and blocks: how many hold a decided entry; under ten blocks there is no interval (NaN).
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
    blocks: int

    def frame(self) -> pd.DataFrame:
        """One row a ratio, a column each."""
        names = [name for name in self.__dataclass_fields__ if name not in ("legs", "blocks")]
        return pd.DataFrame({name: getattr(self, name) for name in names})


def reaction_curve(
    tables: Sequence[Reactions], ratios: Sequence[float] | None = None, draws: int = 2000, seed: int = 0
) -> RatioCurve:
    """The markets' reactions pooled, their rate at each of `ratios` (None: all that occur) against the smooth curve.

    The interval is a bootstrap over blocks of calendar time, at least 30 days and twice as long as nine entries in ten
    take from the leg's start to their decision. The markets share the blocks; a leg is in that of its first entry.
    Percentiles stand further out the fewer blocks there are, by Student's t. Entries not decided yet count nowhere.

    The curve is a logistic regression on a polynomial of the fourth degree in the logarithm of the ratio, which is
    above 0: rates fall off fast below .25 and are flat beyond .4. Over 2,500 walks of 200,000 bars without drift the
    excess at the five names was within .1 points of nothing, under a third degree in the ratio itself up to .5 off.
    """
    asked = np.unique(np.concatenate([table.ratio for table in tables]) if ratios is None else list(ratios))
    named = np.zeros(len(asked), bool)
    for table in tables:
        named |= np.isin(asked, table.ratio[table.named])
    used = [table.take(~np.isnan(table.outcome) & np.isin(table.ratio, asked)) for table in tables]
    counts, hits = _by_block(used, asked)
    n, reacted = counts.sum(axis=0), hits.sum(axis=0)
    rate, curve = _against(n[None], reacted[None], asked, named)
    low, high = np.full((2, len(asked)), np.nan)
    if len(counts) >= ENOUGH and draws:
        excesses = np.subtract(*_against(*_drawn(counts, hits, draws, seed), asked, named))
        ends = _percentiles(len(counts))
        for column in np.flatnonzero(~np.isnan(excesses).all(axis=0)):
            low[column], high[column] = np.nanpercentile(excesses[:, column], ends)
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
        sum(len(np.unique(table.leg)) for table in used),
        len(counts),
    )


def _by_block(tables: Sequence[Reactions], ratios: Floats) -> tuple[Floats, Floats]:
    """Entries and reactions, a row for every block of time that has a leg, a column for every ratio."""
    first = np.concatenate([_first(table) for table in tables])
    if not len(first):
        return np.zeros((0, len(ratios))), np.zeros((0, len(ratios)))
    blocks, row = np.unique((first - first.min()) // _length(tables), return_inverse=True)
    column = np.searchsorted(ratios, np.concatenate([table.ratio for table in tables]))
    counts, hits = np.zeros((2, len(blocks), len(ratios)))
    np.add.at(counts, (row, column), 1.0)
    np.add.at(hits, (row, column), np.concatenate([table.outcome for table in tables]))
    return counts, hits


def _first(table: Reactions) -> Ints:
    """When the leg of each entry was first entered, in microseconds."""
    legs, row = np.unique(table.leg, return_inverse=True)
    first = np.full(len(legs), np.iinfo(np.int64).max)
    np.minimum.at(first, row, _stamps(table))
    return np.asarray(first[row])


def _length(tables: Sequence[Reactions]) -> int:
    """Of a block, in microseconds. A bar takes what it does on the mean of its table, closed hours included."""
    taken = [np.zeros(1)]  # for tables of a single entry
    for table in tables:
        bars = np.ptp(table.entered) if len(table) else 0
        if bars:
            taken.append((table.decided - table.start) * (np.ptp(_stamps(table)) / bars))
    return max(SHORTEST, int(2 * np.percentile(np.concatenate(taken), 90)))


def _stamps(table: Reactions) -> Ints:
    return table.time.astype("datetime64[us]").astype(np.int64)


def _percentiles(blocks: int) -> list[float]:
    """The two of a 95 % interval: plain ones are too close together where there are few blocks."""
    out = np.sqrt(blocks / (blocks - 1)) * stats.t.ppf(0.975, blocks - 1)
    return [100 * float(stats.norm.cdf(-out)), 100 * float(stats.norm.cdf(out))]


def _drawn(counts: Floats, hits: Floats, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Decided entries and reactions of so many draws of as many blocks, a row a draw."""
    random, blocks = np.random.default_rng(seed), len(counts)
    both, parts = np.concatenate([counts, hits], axis=1), []
    for start in range(0, draws, CHUNK):
        times = random.multinomial(blocks, np.full(blocks, 1 / blocks), size=min(CHUNK, draws - start))
        parts.append(times.astype(float) @ both)
    joined = np.concatenate(parts)
    return joined[:, : counts.shape[1]], joined[:, counts.shape[1] :]


def _against(n: Floats, reacted: Floats, ratios: Floats, named: Bools) -> tuple[Floats, Floats]:
    """Rates and the curve of the placebo ratios, a row for every row of counts; NaN as `RatioCurve` says."""
    with np.errstate(invalid="ignore"):
        rate = np.where(n > 0, reacted / n, np.nan)
    if not len(ratios):
        return rate, rate.copy()
    logs = np.log(ratios)
    powers = np.vander((logs - logs.mean()) / max(float(np.ptp(logs)), 1e-9), DEGREE + 1)
    powers = np.linalg.qr(powers)[0] * np.sqrt(len(logs))  # bare powers are so alike that the fit loses its way
    weight = np.where(named, 0.0, n)
    curve = _logistic(powers, weight, np.where(named, 0.0, reacted))
    fitted = (weight > 0).sum(axis=1) > DEGREE
    return rate, np.where(fitted[:, None], curve, np.nan)


def _logistic(x: Floats, n: Floats, reacted: Floats) -> Floats:
    """The fitted rates of a logistic regression on x, by Newton's steps, for every row of counts at once."""
    width = x.shape[1]
    beta, ridge = np.zeros((len(n), width)), RIDGE * np.eye(width)
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    for _ in range(STEPS):
        p = _rate(beta @ x.T)
        slope = (reacted - n * p) @ x - RIDGE * beta
        bend = ((n * p * (1.0 - p)) @ squares).reshape(-1, width, width) + ridge
        step = np.linalg.solve(bend, slope[:, :, None])[:, :, 0]
        beta += np.clip(step, -2.0, 2.0)  # a longer one may overshoot where a rate is near nothing or everything
        if np.abs(step).max() < STILL:
            break
    return _rate(beta @ x.T)


def _rate(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))))
