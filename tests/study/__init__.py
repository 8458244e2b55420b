"""A small space, and rules of R over it whose best set is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framework.params import Value
from framework.study import OBJECTIVES, Outcome, Search, Trial, tune

Values = dict[str, Value]
Gains = Callable[[Values], Mapping[str, NDArray[np.float64]]]
Evaluate = Callable[[Sequence[Values]], list[Outcome]]

SPACE: dict[str, tuple[Value, ...]] = {
    "period": (21, 7, 14, 9),  # as a file may list them, out of order
    "level": (30.0, 20.0, 40.0, 25.0, 35.0),
    "kind": ("hidden", "both", "regular"),
    "strict": (False, True),
}
FIXED: Values = {"period": 14, "level": 30.0, "kind": "both", "strict": False, "width": 5}
SEARCH = Search(trials=25, min_trades=3)
NOWHERE = Path("nowhere")  # of a journal that nobody writes


def around(values: Values) -> dict[str, NDArray[np.float64]]:
    """R that is best at period 9 and level 25, the more so when strict; the same for both variants."""
    r = 2 - abs(float(values["period"]) - 9) / 5 - abs(float(values["level"]) - 25) / 10 + bool(values["strict"])
    return {"aggressive": np.full(4, r), "conservative": np.full(5, r - 1)}


def judged(gains: Gains, names: Sequence[str] = ("expectancy_r",)) -> Evaluate:
    """What a training of these R says of parameter sets, by these objectives."""

    def outcome(values: Values) -> Outcome:
        by = gains(values)
        found = {
            name: {variant: OBJECTIVES[name](r) if len(r) else math.nan for variant, r in by.items()} for name in names
        }
        return Outcome(found, {variant: len(r) for variant, r in by.items()})

    return lambda sets: [outcome(values) for values in sets]


AROUND = judged(around)


def searched(search: Search = SEARCH, seed: Sequence[int] = (7, 3), evaluate: Evaluate = AROUND) -> list[Trial]:
    """The trials of the small space, in memory."""
    return tune(SPACE, FIXED, evaluate, search, seed, (NOWHERE, "study"))


def tried(trials: Sequence[Trial]) -> list[Values]:
    return [trial.values for trial in trials]
