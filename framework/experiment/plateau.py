"""The ground a search walked on: which parameters matter, and whether the neighbours of what it chose are as good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..study import LEAST, Trial, front, importances, neighbours, pooled, scored, size
from .search import Evaluator, Tuned, key


def landscape(evaluator: Evaluator, windows: Sequence[Tuned]) -> dict[str, Any] | None:
    """How the windows were searched, and what lies around what they chose; None where nothing was searched.

    different: parameter sets among the trials. importances: averaged over the windows. plateau: of each window that
    chose, its score and that of the sets one step away, which are looked at afterwards and are no trials: how many,
    how many of them feasible, the median and the worst score of these, NaN where there is none. front: with several
    objectives how many points it has, and what is taken of it.
    """
    experiment = evaluator.experiment
    search, space = experiment.search, experiment.space
    if not space:
        return None
    chose = [(number, one.best) for number, one in enumerate(windows) if one.best is not None]
    around = [_around(evaluator, number, best) for number, best in chose]
    several = len(search.objectives) > 1
    return {
        "sampler": search.sampler if size(space) > search.trials else "grid",
        "batch": search.batch,
        "trials": sum(len(one.trials) for one in windows),
        "pruned": sum(trial.pruned for one in windows for trial in one.trials),
        "different": len({key(trial.values) for one in windows for trial in one.trials}),
        "grid": size(space),
        "objectives": list(search.objectives),
        "take": search.take if several else None,
        "front": [len(front(one.trials)) for one in windows] if several else None,
        "importances": pooled([importances(space, one.trials) for one in windows]),
        "plateau": around,
        "chosen": float(np.mean([one["score"] for one in around])) if around else np.nan,
        "neighbours": _mean([one["median"] for one in around]),
    }


def _around(evaluator: Evaluator, window: int, chosen: Trial) -> dict[str, Any]:
    experiment = evaluator.experiment
    sets = neighbours(experiment.space, chosen.values)
    outcomes = evaluator.outcomes(window)(sets)
    near = [scored(0, values, one, experiment.search) for values, one in zip(sets, outcomes, strict=True)]
    scores = [one.score for one in near if one.feasible]
    worst = max if experiment.search.objective in LEAST else min
    return {
        "window": window,
        "score": chosen.score,
        "neighbours": len(near),
        "feasible": len(scores),
        "median": float(np.median(scores)) if scores else np.nan,
        "worst": worst(scores) if scores else np.nan,
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan
