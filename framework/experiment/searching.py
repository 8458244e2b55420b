"""The table [search] of a file, checked against what there is to search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError, nearest
from ..params import Value
from ..study import KNEE, LEARNING, OBJECTIVES, SAMPLERS, Search, size
from .explain import said
from .tables import SearchTable

TRIALS = 60  # a window, where a file does not say


def searching(path: Path, table: SearchTable, space: Mapping[str, tuple[Value, ...]]) -> Search:
    """Raises UserError for a word that is none, and for what does not go together."""
    try:
        objectives = _objectives(table.objective)
        _among("sampler", table.sampler, SAMPLERS)
        _among("take", table.take, (KNEE, *objectives))
        _together(table, objectives)
        trials = _trials(table, size(space))
    except UserError as error:
        raise UserError(f"{path}: search.{error.where}", error.wrong, error.right) from None
    return Search(
        trials=trials,
        objectives=objectives,
        min_trades=table.min_trades,
        sampler=table.sampler,
        batch=table.batch,
        take=table.take,
        folds=table.folds,
        storage=table.storage,
    )


def _objectives(given: Any) -> tuple[str, ...]:
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError("objective", f"is {said(given)}", "a word in quotes")
    for name in names:
        _among("objective", name, OBJECTIVES)
    if len(set(names)) < len(names):
        raise UserError("objective", "names one twice", "each objective once")
    return tuple(names)


def _among(where: str, word: str, words: Mapping[str, object] | tuple[str, ...]) -> None:
    if word not in words:
        raise UserError(where, f"'{word}' is none", nearest(word, words))


def _together(table: SearchTable, objectives: tuple[str, ...]) -> None:
    if len(objectives) > 1 and table.sampler == "cmaes":
        raise UserError("sampler", "'cmaes' knows one objective", "tpe, random, quasi_random or grid, or one objective")
    if table.folds > 1 and (len(objectives) > 1 or table.sampler not in LEARNING):
        held = f"are {table.folds}, and trials are given up early only by a sampler that learns, for one objective"
        raise UserError("folds", held, 'sampler = "tpe" and one objective, or folds = 1')
    if table.storage not in ("journal", "memory") and "://" not in table.storage:
        raise UserError("storage", f"'{table.storage}' is none", "journal, memory or a URL, as postgresql://host/name")


def _trials(table: SearchTable, points: int) -> int:
    if table.sampler != "grid":
        return TRIALS if table.trials is None else table.trials
    if table.trials and table.trials < points:
        held = f"is {table.trials}, and the grid has {points:,} points"
        raise UserError("trials", held, f'{points}, or sampler = "quasi_random" for some of them')
    return 0 if table.trials == 0 else points
