"""From units to an effect with its interval and p: blocks of calendar time, shared by all markets, drawn again.

Markets move together and features persist, so that neither setups nor markets are independent of one another; blocks
of time twice as long as a horizon nearly are. Every effect here is a ratio of sums over units, num over den, so that a
draw of blocks is a product of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..metrics import BLOCKS, ENOUGH
from .units import DAY, Units

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

DRAWS = 99_999  # so many that the smallest p outlives the correction for eighty claims
AT_ONCE = 10_000
LEVEL = 0.05
SHORTEST = 30 * DAY  # of a block
TINY = 1e-6  # of the error
FEWEST = 5  # blocks with units, under which there is no interval


@dataclass(frozen=True, eq=False)
class Sums:
    """num and den of each unit, its block of time and its arm. The effect is the sum of num over that of den.

    Rows whose den is 0 are no units: they bring the luck of what these are compared with.
    """

    num: Floats
    den: Floats
    block: Ints
    arm: Floats

    @property
    def effect(self) -> float:
        total = self.den.sum()
        return float(self.num.sum() / total) if total > 0 else float("nan")


@dataclass(frozen=True)
class Inferred:
    """effect, with a 95 % interval, its standard error and two-sided p; NaN where there is too little of it.

    small: two-sided p that the effect is the least that was asked for; NaN where none was. units: how many, by arm.
    blocks: of time that hold any. enough: whether 30 of them in 10 blocks are in every arm that counts. placebo: the
    same contrast on bars in random order, already taken off. first, second: the effect in the halves of the time, and p
    that they differ.
    """

    effect: float
    low: float
    high: float
    error: float
    p: float
    small: float
    units: int
    arms: dict[float, int]
    blocks: int
    enough: bool
    placebo: float
    first: float
    second: float
    halves_p: float


def pooled(markets: Sequence[Units], between: bool, length: int) -> Sums:
    """The units of several markets. length: of a block, microseconds. between: arms are compared within a market's
    strata, as a regression on the arm with a constant for every stratum does; else units with what is due.
    """
    block = _joined([one.known for one in markets]).astype(np.int64) // length
    arm, y, due = (_joined([getattr(one, name) for one in markets]).astype(float) for name in ("arm", "y", "due"))
    if not between:
        return _against(markets, y, due, block, arm, length)
    of = np.repeat(np.arange(len(markets)), [len(one) for one in markets])
    stratum = np.column_stack([of, _joined([one.stratum for one in markets]).astype(np.int64)])
    _, group = np.unique(stratum, axis=0, return_inverse=True)
    count = np.maximum(np.bincount(group), 1)
    apart = arm - (np.bincount(group, arm) / count)[group]
    num = apart * (y - (np.bincount(group, y) / count)[group])
    return Sums(_widened(num, apart**2, count[group]), apart**2, block, arm)


def _against(markets: Sequence[Units], y: Floats, due: Floats, block: Ints, arm: Floats, length: int) -> Sums:
    """Units less the mean that is due, then the bars of which that was made, in blocks of their own."""
    weight, other = (_joined([getattr(one.others, name) for one in markets]).astype(float) for name in ("weight", "y"))
    if not len(weight):
        return Sums(y - due, np.ones(len(y)), block, arm)
    mean = float(due.mean()) if len(due) else 0.0
    theirs = _joined([one.others.known for one in markets]).astype(np.int64) // length
    return Sums(
        np.concatenate([y - mean, -weight * (other - mean)]),
        np.concatenate([np.ones(len(y)), np.zeros(len(other))]),
        np.concatenate([block, theirs]),
        np.concatenate([arm, np.zeros(len(other))]),
    )


def _widened(num: Floats, den: Floats, size: Floats) -> Floats:
    """The same sum of num, with what each unit adds to the error made as large as if the mean of its stratum, of so
    many units, were not made of them.
    """
    total = den.sum()
    if not total > 0:
        return num
    effect = num.sum() / total
    score = (num - effect * den) * np.sqrt(size / np.maximum(size - 1, 1))
    return np.asarray(effect * den + score - score.sum() * den / total)


def inferred(
    sums: Sums, between: bool, calendar: tuple[int, int], placebo: Sequence[Sums] = (), least: float = np.nan
) -> Inferred:
    """calendar: the first block of the data and the last. placebo: the same of bars in random orders. least: an effect
    that is asked for, with its sign.
    """
    first, last = calendar
    by_block = _by_block(sums, first, last - first + 1)
    told = sums.den > 0
    arms = {float(a): int(n) for a, n in zip(*np.unique(sums.arm[told], return_counts=True), strict=True)}
    counted, empty = len(np.unique(sums.block[told])), float("nan")
    taken = np.array([[one.num.sum(), one.den.sum()] for one in placebo if one.den.sum() > 0])
    off = float(taken[:, 0].sum() / taken[:, 1].sum()) if len(taken) else 0.0
    effect, shown = sums.effect - off, off if len(taken) else empty
    rest = (int(told.sum()), arms, counted)
    halves = _halves(by_block, off)
    error = float(np.hypot(_error(by_block, sums.effect), _error(taken, off) if len(taken) > 1 else 0.0))
    if counted < FEWEST or not error > 0:
        return Inferred(effect, empty, empty, empty, empty, empty, *rest, False, shown, *halves)
    t = _drawn(by_block, taken)
    known = np.sort(t[np.isfinite(t)])
    tail = int(LEVEL / 2 * len(known))
    low, high = effect - known[-1 - tail] * error, effect - known[tail] * error
    p, small = (_p(known, len(t), (effect - at) / error) for at in (0.0, least))
    return Inferred(effect, low, high, error, p, small, *rest, _enough(sums, between), shown, *halves)


def _p(known: Floats, draws: int, t: float) -> float:
    """Two-sided, from the studentised draws, ascending; draws that tell nothing count against both sides."""
    if np.isnan(t):
        return float("nan")
    below = int(np.searchsorted(known, t, side="right"))
    above = len(known) - int(np.searchsorted(known, t, side="left"))
    return min(1.0, 2 * (1 + min(above, below) + draws - len(known)) / (1 + draws))


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)


def _by_block(sums: Sums, first: int, blocks: int) -> Floats:
    """Sums of num and den of each block of the calendar, shape [blocks, 2]."""
    at = sums.block - first
    return np.column_stack([np.bincount(at, x, blocks) for x in (sums.num, sums.den)])


def _error(by_block: Floats, effect: float) -> float:
    """The standard error of a ratio of sums over blocks, as of independent ones."""
    left, n = by_block[:, 0] - effect * by_block[:, 1], max(int((by_block != 0).any(axis=1).sum()), 2)
    total = by_block[:, 1].sum()
    return float(np.sqrt((left**2).sum() * n / (n - 1)) / total) if total > 0 else float("nan")


def _drawn(by_block: Floats, placebo: Floats) -> Floats:
    """Studentised effects of drawn blocks around the one that was found (Davison and Hinkley 1997, 5.2)."""
    centre, spread = _ratios(by_block, 0)
    if len(placebo) > 1:
        off, more = _ratios(placebo, 1)
        centre, spread = centre - off, np.hypot(spread, more)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(centre / spread)


def _ratios(parts: Floats, stream: int) -> tuple[Floats, Floats]:
    """Of each draw of rows the ratio of sums less that of all rows, and its standard error."""
    num, den = parts.T
    whole = num.sum() / den.sum()
    columns = np.column_stack([num, den, num**2, num * den, den**2, (parts != 0).any(axis=1)])
    counts, off, error = weights(len(parts), stream), np.empty(DRAWS), np.empty(DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        for begin in range(0, DRAWS, AT_ONCE):
            rows = slice(begin, begin + AT_ONCE)
            n, d, nn, nd, dd, some = (counts[rows].astype(np.float64) @ columns).T
            ratio = n / d
            off[rows] = ratio - whole
            factor = some / np.maximum(some - 1, 1)
            error[rows] = np.sqrt(np.maximum(nn - 2 * ratio * nd + ratio**2 * dd, 0) * factor) / d
        error[error < TINY * _error(parts, whole)] = np.nan  # what rounding leaves where all blocks say the same
    return off, error


@lru_cache(maxsize=4)
def weights(rows: int, stream: int) -> NDArray[np.uint8]:
    """How often each row is in each draw, shape [draws, rows]; the same for all that is asked with as many rows."""
    random = np.random.default_rng((rows, stream))
    counts = np.empty((DRAWS, rows), np.uint8)
    for begin in range(0, DRAWS, AT_ONCE):
        size = min(AT_ONCE, DRAWS - begin)
        drawn = random.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        counts[begin : begin + size] = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
    return counts


def _enough(sums: Sums, between: bool) -> bool:
    """30 units in 10 blocks in every arm; of more than two ranks in the highest, of which the sentence speaks, and in
    another. What is alone in its stratum tells nothing between arms and does not count.
    """

    def rich(mine: NDArray[np.bool_]) -> bool:
        return int(mine.sum()) >= ENOUGH and len(np.unique(sums.block[mine])) >= BLOCKS

    told = sums.den > 0
    if not between:
        return rich(told)
    *lower, highest = np.unique(sums.arm[told]) if told.any() else [0.0]
    return rich(told & (sums.arm == highest)) and any(rich(told & (sums.arm == arm)) for arm in lower)


def _halves(by_block: Floats, off: float) -> tuple[float, float, float]:
    """The effect in the first and in the second half of the calendar, less `off`, and p that they differ."""
    middle = len(by_block) // 2
    effects, errors = [], []
    for part in (by_block[:middle], by_block[middle:]):
        total = part[:, 1].sum()
        effect = float(part[:, 0].sum() / total) if total > 0 else float("nan")
        effects.append(effect)
        errors.append(_error(part, effect) if (part[:, 1] > 0).sum() > 1 else float("nan"))
    apart, error = effects[1] - effects[0], float(np.hypot(errors[0], errors[1]))
    p = float(2 * stats.norm.sf(abs(apart) / error)) if error > 0 else float("nan")
    return effects[0] - off, effects[1] - off, p
