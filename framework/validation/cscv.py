"""Probability of backtest overfitting: how often what is best in one half of the time is no more than middling in
the other, over all halves that can be put together from blocks of time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .overfitting import checked

Floats: TypeAlias = NDArray[np.float64]

MOST = 20  # blocks: 184,756 combinations
CELLS = 20_000  # combinations times trials at a time: what the cache holds, ten times as fast as what it does not
TIE = 1e-9  # deviations: figures nearer than that are equal
FLAT = 1e-12  # of the mean square: a variance under that is what rounding leaves of a constant


@dataclass(frozen=True, eq=False)
class Overfitting:
    """c counted combinations, in lexicographic order of the blocks in sample.

    pbo: share of them whose best in sample is at or below the median out of sample; NaN where none counts. logits: of
    its relative rank out of sample, shape [c]. inside, outside: its statistic there, shape [c]. loss: share of them
    where it lost out of sample. combinations: c. distinct: trials that differ.
    """

    pbo: float
    logits: Floats
    inside: Floats
    outside: Floats
    loss: float
    combinations: int
    blocks: int
    distinct: int

    @property
    def slope(self) -> float:
        """Degradation: what one more unit in sample adds out of sample, by least squares; NaN without two points."""
        finite = np.isfinite(self.outside)
        if finite.sum() < 2 or np.ptp(self.inside[finite]) == 0:
            return np.nan
        return float(np.polyfit(self.inside[finite], self.outside[finite], 1)[0])


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of every block: periods, shape [blocks]; sums and sums of squares of each distinct trial, [blocks, distinct].

    weight: how many trials have these very sums. The unit is `scale`, the root of the mean square of everything.
    """

    periods: Floats
    total: Floats
    squares: Floats
    weight: Floats
    scale: float

    @classmethod
    def of(cls, matrix: Floats, blocks: int) -> _Sums:
        parts = np.array_split(matrix, blocks)
        total = np.array([part.sum(axis=0) for part in parts])
        squares = np.array([(part * part).sum(axis=0) for part in parts])
        scale = float(np.sqrt(squares.sum() / matrix.size)) or 1.0
        both, weight = np.unique(np.concatenate([total / scale, squares / scale**2]), axis=1, return_counts=True)
        periods = np.array([len(part) for part in parts], float)
        return cls(periods, both[:blocks], both[blocks:], weight.astype(float), scale)

    def figures(self, picked: Floats, sharpe: bool) -> tuple[Floats, Floats]:
        """Statistic and mean of the picked blocks, shape [combinations, distinct]; the statistic NaN if undefined."""
        n = (picked @ self.periods)[:, None]
        mean = picked @ self.total / n
        if not sharpe:
            return mean, mean
        square = picked @ self.squares / n
        variance = square - mean**2
        spread = np.sqrt(np.maximum(variance, 0.0) * n / np.maximum(n - 1, 1))
        empty = np.full_like(mean, np.nan)
        return np.divide(mean, spread, out=empty, where=variance > FLAT * square), mean


def backtest_overfitting(
    matrix: Floats, blocks: int = 16, statistic: Literal["sharpe", "mean"] = "sharpe"
) -> Overfitting:
    """Combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado and Zhu 2015).

    matrix: shape [periods, trials]. The time is cut into so many contiguous blocks; periods left over make the first
    blocks one longer. Every choice of half of the blocks is in sample once, the other half out of sample. Per period.

    Equal trials share the mean of their ranks, equal bests in sample the mean of what they reach outside. In sample a
    trial without deviation has no Sharpe ratio and is never the best; where no trial has one the combination does not
    count. Out of sample it ranks as 0 where it did nothing, else as infinite with its mean's sign. Where all trials are
    the same there was nothing to choose and no combination counts.

    Trials that differ in nothing but luck give about 1/2, more the fewer there are: the median itself counts as
    overfit, as it must with an odd number of trials. Raises UserError for fewer than 2 trials, blocks that are odd,
    fewer than 2, above 20 or more than periods, another statistic, or what is no finite number.
    """
    matrix = checked(matrix)
    _check(matrix, blocks, statistic)
    sums = _Sums.of(matrix, blocks)
    count = math.comb(blocks, blocks // 2)
    found = np.full((3, count), np.nan)
    half = _halves(blocks) if len(sums.weight) > 1 else np.zeros((0, blocks))
    step = max(1, CELLS // len(sums.weight))
    for start in range(0, len(half), step):
        picked = half[start : start + step]
        here, there = sums.figures(picked, statistic == "sharpe"), sums.figures(1 - picked, statistic == "sharpe")
        rows = start + np.arange(len(picked))
        found[:, rows] = _chosen(here[0], *there, sums.weight)
        found[:, count - 1 - rows] = _chosen(there[0], *here, sums.weight)  # the same blocks the other way round
    return _summary(found[:, ~np.isnan(found[0])], sums, blocks, statistic)


def _check(matrix: Floats, blocks: int, statistic: str) -> None:
    periods, trials = matrix.shape
    if trials < 2:
        raise UserError("matrix", f"it holds {trials} trials", "at least 2, or there was nothing to choose from")
    if blocks % 2 or not 2 <= blocks <= MOST:
        raise UserError("blocks", f"there are {blocks}", f"an even number from 2 to {MOST}")
    if periods < blocks:
        raise UserError("blocks", f"there are {blocks} for {periods} periods", "at most as many as periods")
    if statistic not in ("sharpe", "mean"):
        raise UserError("statistic", f"'{statistic}' is not one", "'sharpe' or 'mean'")


def _halves(blocks: int) -> Floats:
    """1 where a block is in sample, a row a combination: those with the first block, the first half of them all."""
    rest = np.array(list(combinations(range(1, blocks), blocks // 2 - 1)), int)
    picked = np.zeros((len(rest), blocks))
    picked[:, 0] = 1
    picked[np.arange(len(rest))[:, None], rest] = 1
    return picked


def _chosen(inside: Floats, outside: Floats, mean: Floats, weight: Floats) -> Floats:
    """Mid-rank outside, statistic inside and outside of each row's best inside; NaN where there is none."""
    inside = np.where(np.isnan(inside), -np.inf, inside)
    bare = np.isnan(outside)
    if bare.any():
        outside = np.where(bare, np.where(mean == 0, 0.0, np.copysign(np.inf, mean)), outside)
    best = inside.max(axis=1)
    tied = inside >= best[:, None] - TIE
    value = outside[np.arange(len(best)), inside.argmax(axis=1)]
    below = (outside < value[:, None] - TIE) @ weight
    rank = (below + (outside <= value[:, None] + TIE) @ weight + 1) / 2
    for row in np.flatnonzero((tied.sum(axis=1) > 1) & (best > -np.inf)):
        rank[row], value[row] = _shared(outside[row], tied[row], weight)
    return np.where(best > -np.inf, np.array([rank, best, value]), np.nan)


def _shared(outside: Floats, tied: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Mean mid-rank and mean statistic outside of the trials that are equally good inside."""
    order = np.argsort(outside)
    ranked, until = outside[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    below = until[np.searchsorted(ranked, outside[tied] - TIE, side="left")]
    upto = until[np.searchsorted(ranked, outside[tied] + TIE, side="right")]
    share = weight[tied] / weight[tied].sum()
    return float(((below + upto + 1) / 2) @ share), float(outside[tied] @ share)


def _summary(found: Floats, sums: _Sums, blocks: int, statistic: str) -> Overfitting:
    rank, inside, outside = found
    relative = rank / (sums.weight.sum() + 1)
    counted, unit = len(rank), sums.scale if statistic == "mean" else 1.0
    return Overfitting(
        pbo=float((relative <= 0.5 + TIE).mean()) if counted else np.nan,
        logits=np.log(relative / (1 - relative)),
        inside=inside * unit,
        outside=outside * unit,
        loss=float((outside < -TIE).mean()) if counted else np.nan,
        combinations=counted,
        blocks=blocks,
        distinct=len(sums.weight),
    )
