"""Parameter sets that are chosen beforehand: the whole grid, random points of it, points spread evenly over it.

They ask nothing of what earlier sets made, so every window tries the same ones and they go straight to the kernels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from ..params import Value
from .trials import Search, Values

Ints: TypeAlias = NDArray[np.int64]
Space: TypeAlias = Mapping[str, tuple[Value, ...]]

LARGE = 2**40  # points, of which so many are not drawn without a list of them
DRAWS = 20  # 2**20 points are spread at most, where those asked for are still not all different ones


def size(space: Space) -> int:
    """How many points the grid has."""
    return math.prod(map(len, space.values()))


def chosen(space: Space, default: Mapping[str, Value], search: Search, seed: Sequence[int]) -> list[Values]:
    """The points to try, each once, the declared defaults first: all of them where the search may try as many."""
    lengths = [len(values) for values in space.values()]
    first = tuple(space[name].index(default[name]) for name in space)
    if size(space) <= max(search.trials, 1) or search.sampler == "grid":
        drawn = list(itertools.product(*map(range, lengths)))
    else:
        number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
        draw = _spread if search.sampler == "quasi_random" else _random
        drawn = [tuple(row) for row in draw(lengths, search.trials, number).tolist()]
    points = [first, *(point for point in drawn if point != first)][: len(drawn)]
    return [{name: space[name][code] for name, code in zip(space, point, strict=True)} for point in points]


def _random(lengths: Sequence[int], count: int, seed: int) -> Ints:
    """So many different points, each as likely as any other, as rows of places in the axes."""
    random = np.random.default_rng(seed)
    if math.prod(lengths) < LARGE:
        points = random.choice(math.prod(lengths), size=count, replace=False)
        return np.stack(np.unravel_index(points, tuple(lengths)), axis=1)
    drawn = np.zeros((0, len(lengths)), np.int64)
    while len(drawn) < count:  # of so many points hardly any is drawn twice
        more = random.integers(lengths, size=(count - len(drawn), len(lengths)))
        drawn = _once(np.concatenate([drawn, more]))
    return drawn


def _spread(lengths: Sequence[int], count: int, seed: int) -> Ints:
    """The first so many different points of a scrambled Sobol sequence, likewise."""
    power = max(math.ceil(math.log2(count)), 1)  # a sequence is even only where it has as many points
    while True:
        unit = qmc.Sobol(len(lengths), scramble=True, rng=seed).random_base2(power)
        once = _once(np.minimum((unit * lengths).astype(np.int64), np.array(lengths) - 1))
        if len(once) >= count or power >= DRAWS:
            return once[:count]
        power += 1


def _once(points: Ints) -> Ints:
    """Each row once, in the order of the first time."""
    return points[np.sort(np.unique(points, axis=0, return_index=True)[1])]


def ordered(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Numbers ascending, words as they stand."""
    return values if isinstance(values[0], (str, bool)) else tuple(sorted(values))
