"""Trials without skill, of the kinds that searches make, and how often a test may reject them by chance."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

Floats: TypeAlias = NDArray[np.float64]

KINDS = ("normal", "heavy", "long shots", "small wins", "unequal", "neighbours")
BEFORE = 100  # periods or trials that an autoregression runs in


def noise(kind: str, periods: int, trials: int, *seed: int) -> Floats:
    """Returns of expectation 0, shape [periods, trials].

    heavy: Student's t of 4 degrees. long shots: a tenth of the periods trades, 2 R one time in three, else -1 R; small
    wins: the other way round. unequal: long shots, trials trading from 4 to 40 % of the periods. neighbours: each trial
    correlated by .9 with the one before. carried: each period by .3 with the one before; both: carried neighbours.
    """
    random = np.random.default_rng([periods, trials, *seed])
    shape = (periods, trials)
    match kind:
        case "normal":
            return random.normal(size=shape)
        case "heavy":
            return random.standard_t(4, shape)
        case "long shots" | "small wins" | "unequal":
            often = np.geomspace(0.04, 0.4, trials) if kind == "unequal" else 0.1
            made = np.where(random.random(shape) < 1 / 3, 2.0, -1.0) * (random.random(shape) < often)
            return -made if kind == "small wins" else made
        case "neighbours":
            moves = random.normal(size=(periods, trials + BEFORE))
            return np.asarray(lfilter([0.19**0.5], [1, -0.9], moves, axis=1)[:, BEFORE:])
        case "carried":
            return np.asarray(lfilter([1], [1, -0.3], random.normal(size=(periods + BEFORE, trials)), axis=0)[BEFORE:])
        case "both":
            moves = noise("neighbours", periods + BEFORE, trials, *seed)
            return np.asarray(lfilter([1], [1, -0.3], moves, axis=0)[BEFORE:])
    raise AssertionError(kind)


def most(runs: int, level: float) -> int:
    """Rejections that a test of this level stays within in 99 of 100 series of so many runs."""
    return int(stats.binom.ppf(0.99, runs, level))


def agrees(hits: int, runs: int, chance: float) -> bool:
    """Whether so many hits are within the middle 99 % of what this chance gives."""
    low, high = stats.binom.ppf([0.005, 0.995], runs, chance)
    return bool(low <= hits <= high)
