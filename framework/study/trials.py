"""A search's settings, its trials, and which of them is taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..params import Value
from .objectives import better

Values: TypeAlias = dict[str, Value]

SAMPLERS = ("tpe", "cmaes", "random", "quasi_random", "grid")
LEARNING = ("tpe", "cmaes")
KNEE = "knee"


@dataclass(frozen=True)
class Search:
    """trials: parameter sets a window. objectives: names of OBJECTIVES, over R of the closed training trades, each the
    average over the variants. min_trades: each variant must have closed as many.

    sampler: who chooses the sets, one of SAMPLERS; those of LEARNING by Optuna, from what earlier sets made. batch:
    how many are asked for before the first is told. take: which point of several objectives' front, `knee` or the best
    of one objective. folds: parts of the training after each of which a trial may be given up (Optuna's median rule);
    1 for never. storage: `journal` in the run's folder, `memory`, or the URL of an Optuna storage.
    """

    trials: int
    objectives: tuple[str, ...] = ("expectancy_r",)
    min_trades: int = 20
    sampler: str = "tpe"
    batch: int = 8
    take: str = KNEE
    folds: int = 1
    storage: str = "journal"

    @property
    def objective(self) -> str:
        """The first."""
        return self.objectives[0]


@dataclass(frozen=True)
class Outcome:
    """What a window's training made of one parameter set.

    found: by objective, then variant; NaN where not defined. trades: by variant. steps: the first objective, averaged
    over the variants, over the trades that were over by the end of each fold.
    """

    found: Mapping[str, Mapping[str, float]]
    trades: Mapping[str, int]
    steps: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trial:
    """One parameter set in one window. objectives: averaged over the variants, NaN where not defined. scores: of the
    first objective, and trades, by variant. pruned: given up after a fold of the training.
    """

    number: int
    values: Values
    objectives: dict[str, float]
    scores: dict[str, float]
    trades: dict[str, int]
    feasible: bool
    pruned: bool = False

    @property
    def score(self) -> float:
        """The first objective."""
        return next(iter(self.objectives.values()))


def scored(number: int, values: Values, outcome: Outcome, search: Search, pruned: bool = False) -> Trial:
    """A trial from what the training made of its values."""
    averages = {name: math.fsum(found.values()) / len(found) for name, found in outcome.found.items()}
    known = not any(map(math.isnan, averages.values()))
    feasible = known and min(outcome.trades.values()) >= search.min_trades and not pruned
    scores, trades = dict(outcome.found[search.objective]), dict(outcome.trades)
    return Trial(number, values, averages, scores, trades, feasible, pruned)


def best(trials: Sequence[Trial], search: Search) -> Trial | None:
    """The feasible trial that is taken, the earliest of equals; None when none is feasible.

    Of several objectives: the point of their front named by `search.take`. The knee is the one nearest to the ideal,
    which has the best of each objective, where the front's range of each counts as one.
    """
    points = front(trials)
    if not points:
        return None
    if len(search.objectives) == 1 or search.take != KNEE:
        name = search.objective if len(search.objectives) == 1 else search.take
        return max(points, key=lambda trial: (better(name, trial.objectives[name]), -trial.number))
    table = np.array([[better(name, value) for name, value in trial.objectives.items()] for trial in points])
    reach = np.ptp(table, axis=0)
    away = (table.max(axis=0) - table) / np.where(reach > 0, reach, 1.0)
    return points[int(np.argmin(np.round((away**2).sum(axis=1), 12)))]


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The feasible trials of which no other is at least as good in every objective and better in one; of those with
    equal objectives the first. In the order of their numbers.
    """
    feasible: dict[tuple[float, ...], Trial] = {}
    for trial in trials:
        if trial.feasible:
            feasible.setdefault(tuple(better(name, value) for name, value in trial.objectives.items()), trial)
    kept: list[tuple[float, ...]] = []
    for point in sorted(feasible, reverse=True):  # whatever dominates a point comes before it
        if not any(all(a >= b for a, b in zip(other, point, strict=True)) for other in kept):
            kept.append(point)
    return sorted((feasible[point] for point in kept), key=lambda trial: trial.number)
