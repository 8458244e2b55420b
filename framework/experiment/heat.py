"""What the trainings made of each pair of values of the two parameters that matter most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..params import Value
from ..study import LEAST, Trial
from .config import Experiment

BINS = 8  # of a parameter with more numbers than that


def heat(
    experiment: Experiment,
    searches: Sequence[tuple[Any, Trial, bool, Sequence[Trial]]],
    found: Mapping[str, Any],
) -> dict[str, Any]:
    """The trials of a search by the values of one or two of its parameters.

    searches: of each window what was chosen, whether it was, and its trials. found: what is said of the search, with
    the importances of its parameters: the two highest are shown, or where none is known the first two (`by`).
    axes: of each parameter the cells' limits, `from` and `to` the same where each value has its own; more than 8
    numbers are put together in 8 cells, each with as many of the values, or one more. cells: only those that were
    tried: `at`, places on the axes; `trials`; `feasible`; `score`, the first objective of the feasible ones, averaged
    in each window and then over the `windows` that have any, NaN where none has; `chosen`, by how many windows. Every
    trial counts, also one that repeats a set.
    """
    space, importances = experiment.space, found["importances"]
    known = any(not math.isnan(value) for value in importances.values())
    names = sorted(space, key=lambda name: -importances[name] if known else 0.0)[:2]
    bins = [_bins(space[name]) for name in names]
    place = [{value: i for i, values in enumerate(axis) for value in values} for axis in bins]
    tried: dict[tuple[int, ...], list[tuple[int, Trial, bool]]] = {}
    for number, (_, chosen, feasible, trials) in enumerate(searches):
        for trial in trials:
            at = tuple(where[trial.values[name]] for where, name in zip(place, names, strict=True))
            tried.setdefault(at, []).append((number, trial, feasible and trial is chosen))
    return {
        "parameters": names,
        "by": "importance" if known else "order",
        "objective": experiment.search.objective,
        "lower_is_better": experiment.search.objective in LEAST,
        "axes": [[{"from": values[0], "to": values[-1]} for values in axis] for axis in bins],
        "cells": [{"at": list(at), **_cell(rows)} for at, rows in sorted(tried.items())],
    }


def _bins(values: tuple[Value, ...]) -> list[tuple[Value, ...]]:
    """Numbers ascending, some to a cell where there are many; words and switches as they stand."""
    if isinstance(values[0], (str, bool)):
        return [(value,) for value in values]
    parts = np.array_split(np.arange(len(values)), min(BINS, len(values)))
    ascending = sorted(values)
    return [tuple(ascending[i] for i in part) for part in parts]


def _cell(rows: Sequence[tuple[int, Trial, bool]]) -> dict[str, Any]:
    scores: dict[int, list[float]] = {}
    for window, trial, _ in rows:
        if trial.feasible:
            scores.setdefault(window, []).append(trial.score)
    means = [math.fsum(many) / len(many) for many in scores.values()]
    return {
        "trials": len(rows),
        "feasible": sum(map(len, scores.values())),
        "windows": len(means),
        "score": math.fsum(means) / len(means) if means else math.nan,
        "chosen": sum(chosen for *_, chosen in rows),
    }
