"""The search inside a training window: which parameters it would have chosen. The only home of Optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..params import Value
from .insight import importances, neighbours, pooled
from .objectives import LEAST, OBJECTIVES
from .points import Space, chosen, size
from .trials import KNEE, LEARNING, SAMPLERS, Outcome, Search, Trial, Values, best, front, scored

__all__ = [
    "KNEE",
    "LEARNING",
    "LEAST",
    "OBJECTIVES",
    "SAMPLERS",
    "Outcome",
    "Search",
    "Trial",
    "best",
    "front",
    "importances",
    "learns",
    "neighbours",
    "pooled",
    "reached",
    "scored",
    "size",
    "tune",
]

EACH = 64  # sets that are evaluated at a time where none is learned from


def learns(space: Space, search: Search) -> bool:
    """Whether sets are chosen by what earlier ones made; a grid that is no larger than the trials is swept whole."""
    return search.sampler in LEARNING and size(space) > max(search.trials, 1)


def reached(search: Search) -> None:
    """Raises UserError where the storage of a search that learns cannot be opened."""
    if search.sampler in LEARNING and search.storage not in ("journal", "memory"):
        from .learning import opened  # noqa: PLC0415  # as below

        opened(search.storage)


def tune(
    space: Space,
    fixed: Mapping[str, Value],
    evaluate: Callable[[Sequence[Values]], Sequence[Outcome]],
    search: Search,
    seed: Sequence[int],
    place: tuple[Path, str],
    told: Callable[[int], object] = lambda _: None,
) -> list[Trial]:
    """Try parameter sets, the declared defaults first; `told` hears how many are done.

    The same seed (the experiment's, then the window's number) tries the same sets. place: where a search that learns
    keeps its journal, and the name of its study: one that is there already is gone on with.
    """
    if learns(space, search):
        from .learning import learn  # noqa: PLC0415  # Optuna takes 0.2 s that a run without it need not pay

        return learn(space, fixed, evaluate, search, seed, place, told)
    points = [dict(fixed) | point for point in chosen(space, fixed, search, seed[:1])]
    trials: list[Trial] = []
    for first in range(0, len(points), EACH):
        sets = points[first : first + EACH]
        trials += [scored(first + i, sets[i], one, search) for i, one in enumerate(evaluate(sets))]
        told(len(trials))
    return trials
