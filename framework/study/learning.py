"""Searches that learn from what they have seen, by Optuna: batches are asked for, evaluated at once, and told.

Every batch has a sampler of its own, seeded by the search's seed and the batch's number, so that a study that was
interrupted goes on as though it had not been. Of a batch that was not told whole nothing is kept.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from ..errors import UserError
from ..params import Value
from .objectives import LEAST, better
from .points import Space, ordered
from .trials import Outcome, Search, Trial, Values, scored

Evaluate: TypeAlias = Callable[[Sequence[Values]], Sequence[Outcome]]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def learn(
    space: Space,
    fixed: Mapping[str, Value],
    evaluate: Evaluate,
    search: Search,
    seed: Sequence[int],
    place: tuple[Path, str],
    told: Callable[[int], object],
) -> list[Trial]:
    """Try parameter sets, the declared defaults first; `told` is called with how many are done.

    place: where a journal lies, and the study's name.
    """
    journal, name = place
    study = _begun(_storage(search.storage, journal), name, search)
    axes = {key: _axis(values, search.sampler) for key, values in space.items()}
    trials: list[Trial] = []
    for known in _batches([dict(trial.params) for trial in study.get_trials(deepcopy=False)], search.batch):
        sets = [dict(fixed) | _decoded(space, codes) for codes in known]
        states = study.get_trials(deepcopy=False)
        for values, outcome in zip(sets, evaluate(sets), strict=True):
            pruned = states[len(trials)].state == TrialState.PRUNED
            trials.append(scored(len(trials), values, outcome, search, pruned))
        told(len(trials))
    if not trials:
        study.enqueue_trial({key: _code(values, fixed[key], axes[key]) for key, values in space.items()})
    while len(trials) < search.trials:
        study.sampler = _sampler(search, [*seed, len(trials)])
        asked = [study.ask(axes) for _ in range(min(search.batch, search.trials - len(trials)))]
        sets = [dict(fixed) | _decoded(space, one.params) for one in asked]
        for one, values, outcome in zip(asked, sets, evaluate(sets), strict=True):
            trials.append(_tell(study, one, scored(len(trials), values, outcome, search), outcome, search, trials))
        told(len(trials))
    return trials


def _tell(study: Any, asked: Any, trial: Trial, outcome: Outcome, search: Search, earlier: Sequence[Trial]) -> Trial:
    """Report a trial with its constraint. One is given up where the best of its scores by the ends of its folds so far
    is worse than the median of what earlier ones scored by the end of this fold (Optuna's median rule).
    """
    for step, value in enumerate(outcome.steps):
        if math.isnan(value):  # no trade yet says nothing against it
            continue
        asked.report(value, step)
        if asked.should_prune():
            study.tell(asked, state=TrialState.PRUNED)
            return scored(trial.number, trial.values, outcome, search, pruned=True)
    undefined = any(map(math.isnan, trial.objectives.values()))
    short = max(search.min_trades - min(trial.trades.values()), float(undefined))
    if search.sampler == "cmaes":  # it knows no constraints
        study.tell(asked, trial.score if trial.feasible else _penalised(short, earlier, search))
        return trial
    asked.set_constraint("trades", short)
    values = [0.0 if math.isnan(value) else value for value in trial.objectives.values()]
    study.tell(asked, values if len(values) > 1 else values[0])
    return trial


def _penalised(short: float, earlier: Sequence[Trial], search: Search) -> float:
    """A score for a set that is not feasible: worse than that of any feasible one so far, the more so the more it is
    short of trades.
    """
    known = [better(search.objective, trial.score) for trial in earlier if trial.feasible]
    return better(search.objective, min(known, default=0.0) - (1 + short) * (np.ptp(known) if len(known) > 1 else 1.0))


def _sampler(search: Search, seed: Sequence[int]) -> Any:
    number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if search.sampler == "cmaes":
            return optuna.samplers.CmaEsSampler(seed=number, warn_independent_sampling=False)
        return optuna.samplers.TPESampler(seed=number, constant_liar=True)


def _storage(where: str, journal: Path) -> BaseStorage:
    if where == "memory":
        return InMemoryStorage()
    if where == "journal":
        _repair(journal)
        return JournalStorage(JournalFileBackend(str(journal)))
    return opened(where)


def opened(where: str) -> BaseStorage:
    """The storage of a URL. Raises UserError where it leads nowhere."""
    try:
        return optuna.storages.get_storage(where)
    except Exception as error:  # whatever the database's driver raises
        said = str(error).strip().partition("\n")[0]
        right = "an SQLAlchemy URL whose driver is installed, as postgresql+psycopg2://host/name, or journal"
        raise UserError("search.storage", f"cannot be opened: {type(error).__name__}: {said}", right) from None


def _repair(journal: Path) -> None:
    """Take out what a killed process left: a lock that nobody holds, a line that was not written to its end."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.is_file():
        content = journal.read_bytes()
        if not content.endswith(b"\n"):
            with journal.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)


def _begun(storage: BaseStorage, name: str, search: Search) -> optuna.Study:
    """The study with its whole batches: a new one, or what an interrupted run has left of it."""
    directions = ["minimize" if objective in LEAST else "maximize" for objective in search.objectives]
    pruner = optuna.pruners.MedianPruner() if search.folds > 1 else optuna.pruners.NopPruner()
    options: Any = {"storage": storage, "study_name": name, "directions": directions, "pruner": pruner}
    study = optuna.create_study(load_if_exists=True, **options)
    trials = study.get_trials(deepcopy=False)
    over = [trial.state.is_finished() for trial in trials]
    whole = over.index(False) if False in over else len(over)
    whole = len(over) if whole == search.trials else whole - whole % search.batch
    if whole < len(trials):
        kept = study.get_trials()[:whole]
        optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(**options)
        study.add_trials(kept)
    return study


def _batches(items: list[Any], each: int) -> list[list[Any]]:
    return [items[first : first + each] for first in range(0, len(items), each)]


def _axis(values: tuple[Value, ...], sampler: str) -> BaseDistribution:
    """Numbers are told by their place in order, so that the sampler knows neighbours. Words have none, but CMA-ES knows
    numbers only: to it they are places in the order in which they are declared.
    """
    if sampler == "cmaes" or not isinstance(values[0], (str, bool)):
        return IntDistribution(0, len(values) - 1)
    return CategoricalDistribution(values)


def _code(values: tuple[Value, ...], value: Value, axis: BaseDistribution) -> Value:
    return ordered(values).index(value) if isinstance(axis, IntDistribution) else value


def _decoded(space: Space, codes: Mapping[str, Any]) -> Values:
    words = {key for key, code in codes.items() if isinstance(code, (str, bool))}
    return {key: codes[key] if key in words else ordered(values)[int(codes[key])] for key, values in space.items()}
