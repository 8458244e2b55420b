"""What a search says besides its best set: which parameters matter, and what the neighbours of a set score."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from ..params import Value
from .points import Space, ordered
from .trials import Trial, Values

TREES = 8  # 64 of them, Optuna's own choice, say the same to a hundredth and take five times as long
MOST, FEWEST = 200, 20  # trials that importances are made from: their cost grows with them, and few say nothing


def importances(space: Space, trials: Sequence[Trial]) -> dict[str, float]:
    """How much of the scores' variance each searched parameter explains, by functional ANOVA over a forest of trees
    (Hutter, Hoos and Leyton-Brown 2014); they add up to 1. NaN where under 20 different sets are feasible, or all
    score the same. Of more than 200 the first are looked at.
    """
    import optuna  # noqa: PLC0415  # 0.2 s

    unknown = dict.fromkeys(space, math.nan)
    once = {tuple(trial.values.values()): trial for trial in trials if trial.feasible}
    used = list(once.values())[:MOST]
    if len(used) < FEWEST or len({trial.score for trial in used}) < 2:
        return unknown
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    axes = {name: optuna.distributions.IntDistribution(0, len(values) - 1) for name, values in space.items()}
    for trial in used:
        codes = {name: ordered(values).index(trial.values[name]) for name, values in space.items()}
        study.add_trial(optuna.create_trial(params=codes, distributions=axes, value=trial.score))  # type: ignore[arg-type]  # its dictionaries are invariant
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return unknown | {name: float(found[name]) for name in space if name in found}


def pooled(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The average of several windows' importances; NaN where none has any."""
    if not found:
        return {}
    table, names = np.array([list(one.values()) for one in found]), list(found[0])
    known = table[~np.isnan(table).any(axis=1)]
    values = known.mean(axis=0) if len(known) else np.full(len(names), np.nan)
    return dict(zip(names, values.tolist(), strict=True))


def neighbours(space: Space, values: Mapping[str, Value]) -> list[Values]:
    """The sets one step away: one parameter at the next lower or higher value, or another word."""
    found: list[Values] = []
    for name, allowed in space.items():
        steps = ordered(allowed)
        at = steps.index(values[name])
        near = steps if isinstance(steps[0], (str, bool)) else steps[max(at - 1, 0) : at + 2]
        found += [{**values, name: other} for other in near if other != values[name]]
    return found
