"""The claims about all rules together: how many of them agree, how they are weighed, the optimal combination."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...confluence import HIGHEST, WEIGHTS, agreements, scored
from ...context import plain_divergences
from ...indicators import WAVES
from ...ladder import LEGS, combinations
from ...rules import FAMILIES, NONE, family_of, stands
from ...setups import Setups
from ...structure.averages import average_crosses
from ...structure.breaks import line_breaks
from ...structure.fibonacci import pullbacks
from ...structure.waves import WaveRule, double_bottoms
from ..claim import Claim
from ..contrasts import Contrast, Given, order
from ..outcomes import HORIZON, touched
from ..units import Events, events, together

Floats: TypeAlias = NDArray[np.float64]

ALL = "S4, all together"
FAMILY = HIGHEST / len(FAMILIES)  # what one weighs on average: of equal weights, each
REACH = 2.0  # ATR of the race
MANY, SOME = 4.0, 3.0  # families, and legs of the optimal combination, from which on there are too few to be apart
DIGITS = 9  # of a score: sums of equal weights that differ in rounding are one score

# One rule of every family that has a direction without volume: whose setups are counted up.
SIGNALS: Mapping[str, Callable[[Bars], Setups]] = {
    "fibonacci": pullbacks,
    "breaks": line_breaks,
    "averages": average_crosses,
    "stochastic": lambda bars: double_bottoms(bars, WAVES[-1], WaveRule()),
    "rsi": plain_divergences,
}


def agreement(weights: str = "equal", without: str = NONE) -> Contrast:
    """Setups by how many of the other families speak for them, four and more together; of weights by the sum, in
    average families. Each rule's setups among themselves.
    """

    def find(bars: Bars) -> Events:
        parts = []
        for number, seen in enumerate(SIGNALS.values()):
            setups = scored(bars, stands(seen(bars)), weights, without)
            score = np.minimum(np.round(setups.features["f_confluence"] / FAMILY, DIGITS), MANY)
            parts.append(dataclasses.replace(events(setups, score), group=np.full(len(setups), number)))
        return together(*parts)

    return order(find)


def agreement_rises() -> Contrast:
    """Bars at which more families than at the bar before speak for a side, by exactly how many."""

    def find(bars: Bars) -> Events:
        parts = []
        for count in range(1, len(FAMILIES) + 1):
            setups = agreements(bars, count * FAMILY, "equal")
            score = np.round(setups.features["f_score"] / FAMILY, DIGITS)
            parts.append(events(setups, np.minimum(score, MANY)).take(score == count))
        return together(*parts)

    return order(find)


def by_priority(share: float = 0.25) -> Contrast:
    """The share of setups with the highest scores under the weights of the priority order, and as many under equal
    ones, of either side: what each setup brings in the race for the one that takes it, and for the other.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found, scores = _all_scored(bars)
        reach = np.full(len(found), REACH)
        race = touched(bars, found.bar, found.side, reach, reach, HORIZON, 0.5)
        brought = {}
        for name, score in scores.items():
            chosen = np.full(len(found), np.nan)
            for side in (1, -1):
                mine = np.flatnonzero((found.side == side) & ~np.isnan(race))
                chosen[mine] = _highest(score[mine], share)
            brought[name] = chosen * (race - 0.5) / share
        return found, brought["priority"], brought["equal"]

    return Given(measure, "paired", HORIZON)


def _all_scored(bars: Bars) -> tuple[Events, dict[str, Floats]]:
    """The setups of all rules, and of each way to weigh what they score, their own family included."""
    by_rule = [stands(seen(bars)) for seen in SIGNALS.values()]
    scores: dict[str, Floats] = {}
    for name, weights in WEIGHTS.items():
        parts = [
            scored(bars, setups, name).features["f_confluence"] + weights[family_of(setups.rule)] for setups in by_rule
        ]
        scores[name] = np.round(np.concatenate(parts), DIGITS).astype(float)
    found = [events(setups) for setups in by_rule]
    row = np.argsort(np.concatenate([one.bar for one in found]), kind="stable")  # as `together` puts them
    return together(*found), {name: score[row] for name, score in scores.items()}


def _highest(score: Floats, share: float) -> Floats:
    """1 for the given share of the highest scores, 0 for the rest; of those at the bound as large a part each as makes
    the number come out.
    """
    if not len(score):
        return np.zeros(0)
    most = share * len(score)
    bound = np.sort(score)[::-1][int(np.ceil(most)) - 1]
    above, at = score > bound, score == bound
    return np.asarray(above + at * (most - above.sum()) / at.sum())


def ladder(within: int = 10, without: str = NONE) -> Contrast:
    """Closes at which more of the six than at the bar before are there, by how many, three and more together."""

    def find(bars: Bars) -> Events:
        bars.need("volume")
        parts = []
        for count in range(1, len(LEGS) + 1):
            setups = combinations(bars, count, without, within)
            exactly = setups.take(np.flatnonzero(setups.features["f_count"] == count))
            parts.append(events(exactly, np.minimum(exactly.features["f_count"], SOME)))
        return together(*parts)

    return order(find)


CLAIMS = (
    Claim("K57", "The more conditions agree, the higher the win rate.", ALL,
          f"setups of a rule of each of {', '.join(SIGNALS)}, by how many other families agree", agreement,
          ({"weights": "priority"}, {"without": "candles"}, {"without": "averages"}, {"without": "volume"}),
          also={"bars at which one more agrees": agreement_rises}),
    Claim("K58", "Weights in the order of priority beat equal weights.", ALL,
          "the quarter of the setups of K57 that scores highest, own family included", by_priority,
          ({"share": 0.1}, {"share": 0.4}, {"share": 0.6})),
    Claim("K59", "The more of the six of the optimal combination are there, the better.", ALL,
          "closes at which one more of the six is there", ladder,
          ({"within": 5}, {"within": 20}, {"without": "stochastic_cross"}, {"without": "average_double"})),
)  # fmt: skip
