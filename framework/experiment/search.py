"""The searches of a run: every window's, and every split's, each kept as it is done, so that a run can go on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..errors import UserError
from ..params import Value
from ..study import OBJECTIVES, Outcome, Search, Trial, best, size, tune
from ..validation.periods import periods
from ..validation.training import Plan, Scored, Trainings
from .config import Experiment
from .files import Folder
from .ready import Ready, union

Told = Callable[[str, int, int], None]
Values = Mapping[str, Value]

KEPT = 2_000  # sets whose gains by period are kept; those of others are made again where they are asked for
NOTHING = np.zeros((0, 0), np.float32)
CORES = 8  # threads that share an interpreter help no further


@dataclass(frozen=True, eq=False)
class Tuned:
    """A window, or a split, with all trials of its search.

    chosen: the best feasible one, else the first, which is that of the declared defaults.
    """

    name: str
    trials: list[Trial]
    best: Trial | None

    @property
    def chosen(self) -> Trial:
        return self.best or self.trials[0]

    @classmethod
    def of(cls, name: str, trials: list[Trial], search: Search) -> Tuned:
        return cls(name, trials, best(trials, search))


class Evaluator:
    """What every window's training makes of parameter sets; each set is traded once, for all windows."""

    def __init__(self, experiment: Experiment, trainings: Trainings, workers: int | None = None) -> None:
        self.experiment, self.trainings = experiment, trainings
        self.workers = min(workers or os.cpu_count() or 1, CORES)
        self.known: dict[tuple[Value, ...], Scored] = {}

    def scored(self, sets: Sequence[Values]) -> list[Scored]:
        """What became of each set. Raises UserError where an objective is made of R and trades have none."""
        missing = {key(values): values for values in sets if key(values) not in self.known}
        made = self.trainings(list(missing.values()), self.workers)
        for one, found in zip(missing, made, strict=True):
            if found.bare[0] and self.experiment.space:
                search = self.experiment.search
                said = f"'{search.objective}' is made of R, and trades without a stop have none"
                right = 'exits.stop = "swing" or "atr", or search.trials = 0'
                raise UserError(f"{self.experiment.path}: search.objective", said, right)
            many = len(self.known) >= KEPT
            self.known[one] = dataclasses.replace(found, by_period=NOTHING) if many else found
        return [self.known[key(values)] for values in sets]

    def gains(self, sets: Sequence[Values]) -> list[NDArray[np.float32]]:
        """R gained by each set in each period, [variants, periods]."""
        kept = self.scored(sets)
        missing = [values for values, found in zip(sets, kept, strict=True) if not found.by_period.size]
        again = self.trainings(missing, self.workers)
        return [found.by_period if found.by_period.size else next(again).by_period for found in kept]

    def outcomes(self, window: int) -> Callable[[Sequence[Values]], list[Outcome]]:
        """A function of parameter sets: what that window's training made of each."""
        names, variants = self.experiment.search.objectives, list(self.trainings.trading.policies)

        def outcome(one: Scored) -> Outcome:
            table = one.values[:, window].tolist()
            found = {name: dict(zip(variants, row, strict=True)) for name, row in zip(names, table, strict=True)}
            trades = dict(zip(variants, one.trades[window].tolist(), strict=True))
            return Outcome(found, trades, tuple(one.steps[:, window].mean(axis=1).tolist()))

        return lambda sets: [outcome(one) for one in self.scored(sets)]


def key(values: Values) -> tuple[Value, ...]:
    """A parameter set as a key: the values in the order of the parameters."""
    return tuple(values.values())


def trainings(made: Ready, markets: Sequence[Bars], splits: bool = True) -> Trainings:
    """What a search is given of these markets, which have the same bars as the experiment's."""
    experiment, calendar = made.experiment, union(markets)
    groups: Sequence[Any] = ()
    if splits and experiment.combinatorial:
        groups = experiment.combinatorial.grouped(calendar)
    plan = Plan(made.windows, experiment.embargo, experiment.search.folds, made.splits if splits else (), groups)
    objectives = [OBJECTIVES[name] for name in experiment.search.objectives]
    return Trainings(made.trading, markets, plan, objectives, period_edges(calendar)[1])


def period_edges(calendar: pd.DatetimeIndex) -> tuple[str, NDArray[np.datetime64]]:
    """What the periods are called that gains are counted in, and their edges."""
    return periods(calendar[0].to_datetime64(), calendar[-1].to_datetime64())


def tuned(evaluator: Evaluator, folder: Folder, told: Told) -> tuple[list[Tuned], list[Tuned]]:
    """The search of each window, and of each split, or what an interrupted run has kept of it."""
    experiment, plan, found = evaluator.experiment, evaluator.trainings.plan, []
    places = [("window", n, len(plan.windows)) for n in range(len(plan.windows))]
    places += [("split", n, len(plan.splits)) for n in range(len(plan.splits))]
    for number, (kind, n, count) in enumerate(places):
        name = f"{kind}-{n:04}"
        saved = folder.saved(name)
        if saved is None:
            place = folder.journal(name), f"{experiment.name}-{folder.identity[:8]}-{name}"
            trials = searched(evaluator, number, place, _at(f"{kind} {n + 1} of {count}", told))
            saved = [asdict(trial) for trial in trials]
            folder.save(name, saved)
        found.append(Tuned.of(name, [Trial(**trial) for trial in saved], experiment.search))
    return found[: len(plan.windows)], found[len(plan.windows) :]


def _at(name: str, told: Told) -> Callable[[int, int], None]:
    return lambda done, most: told(name, done, most)


def searched(
    evaluator: Evaluator, number: int, place: tuple[Path, str], told: Callable[[int, int], None] = lambda *_: None
) -> list[Trial]:
    """One window's trials, made afresh or gone on with from its journal."""
    experiment = evaluator.experiment
    most = min(experiment.search.trials, size(experiment.space))
    seed = [experiment.seed, number]
    evaluate: Any = evaluator.outcomes(number)
    try:
        return tune(
            experiment.space, experiment.fixed, evaluate, experiment.search, seed, place, lambda done: told(done, most)
        )
    except UserError as error:
        own = f"{experiment.path}: " if error.where.startswith("search.") else ""
        raise UserError(f"{own}{error.where}", error.wrong, error.right) from None
