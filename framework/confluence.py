"""Confluence: what every other rule says when a setup is known, counted, and weighted by the rank of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .context import WITHIN
from .errors import MissingError, UserError, nearest
from .rules import FAMILIES, NONE, RULES, UNKNOWN, Rule, family_of
from .setups import Setups, ordered
from .structure.sides import Rows, of_side

Floats: TypeAlias = NDArray[np.float64]
Said: TypeAlias = NDArray[np.int8]

# The rank of a family: price itself first, what is made of it after. A family counts once, whatever its rules say.
# Equal weights have the same sum, so that a threshold means as much under both.
PRIORITY = {
    "candles": 5.0,
    "fibonacci": 5.0,
    "breaks": 5.0,
    "averages": 4.0,
    "stochastic": 3.0,
    "rsi": 2.0,
    "volume": 1.0,
}
HIGHEST = sum(PRIORITY.values())
EQUAL = dict.fromkeys(PRIORITY, HIGHEST / len(PRIORITY))
WEIGHTS: Mapping[str, Mapping[str, float]] = {"priority": PRIORITY, "equal": EQUAL}
ROUNDING = 1e-9


def states(bars: Bars, side: int) -> Mapping[str, Said]:
    """Of each rule a value a bar: 1 where it speaks for the side, 0 where not, -1 where that cannot be known."""

    def compute(rule: Rule) -> Said:
        try:
            return np.asarray(rule.state(bars, side), dtype=np.int8)
        except MissingError:
            return np.full(len(bars), UNKNOWN, np.int8)

    return bars.remember(("confluence", side), lambda: {name: compute(rule) for name, rule in RULES.items()})


def families(bars: Bars, side: int) -> Mapping[str, Said]:
    """Of each family a value a bar: 1 where any of its rules speaks for the side, -1 where none can be known."""

    def compute() -> dict[str, Said]:
        said = states(bars, side)
        of = {family: [said[name] for name, rule in RULES.items() if rule.family == family] for family in FAMILIES}
        return {family: np.max(values, axis=0) for family, values in of.items()}

    return bars.remember(("confluence_families", side), compute)


def scored(bars: Bars, setups: Setups, weights: str = "priority", without: str = NONE) -> Setups:
    """The setups with f_with_RULE, what each rule says at known_at (NaN for the setup's own and those of its family, as
    where it cannot be known); f_confluence, the sum of the weights of the families that speak for the setup, without
    its own and `without`; f_unknown, how many of the rest cannot be known there. Raises UserError for another word.
    """
    told, at, long = _weights(weights, without), setups.known_at, setups.direction > 0
    own = family_of(setups.rule)

    def seen(of: Callable[[Bars, int], Mapping[str, Said]]) -> dict[str, Floats]:
        sides = of(bars, 1), of(bars, -1)
        return {name: _known(np.where(long, sides[0][name][at], sides[1][name][at])) for name in sides[0]}

    columns = {
        f"f_with_{name}": np.full(len(setups), np.nan) if RULES[name].itself(setups.rule) else values
        for name, values in seen(states).items()
    }
    others = {family: values for family, values in seen(families).items() if family not in (own, without)}
    columns["f_confluence"] = _sum([told[family] * (one == 1) for family, one in others.items()], len(at))
    columns["f_unknown"] = _sum([np.isnan(one) for one in others.values()], len(at))
    return replace(setups, features=dict(setups.features) | columns)


def agreements(bars: Bars, threshold: float, weights: str = "priority", without: str = NONE) -> Setups:
    """Bars at which the families that speak for a side first weigh at least `threshold`, and did not at the bar before.

    Kinds: agreement_up, agreement_down. Anchor: bar. stop: the lowest low (highest high) of the bars in which the rules
    spoke. Features: f_score; f_of_FAMILY what each says. Vetoes none.
    """
    told = _weights(weights, without)

    def of(side: int) -> Setups:
        said = families(bars, side)
        score = _sum([weight * (said[family] == 1) for family, weight in told.items()], len(bars))
        enough = score >= threshold - ROUNDING
        at = np.flatnonzero(enough & ~np.append(True, enough[:-1]))
        features = {"f_score": score[at]} | {f"f_of_{family}": _known(said[family][at]) for family in said}
        kind = np.full(len(at), "agreement_up" if side > 0 else "agreement_down")
        return of_side(bars, side, "confluence", Rows(kind, {"bar": at}, at - WITHIN, at, features), detection)

    detection = f"{threshold:g} {weights} {without}"
    return ordered(of(side) for side in (1, -1))


def _weights(weights: str, without: str) -> dict[str, float]:
    if weights not in WEIGHTS:
        raise UserError("confluence.weights", f"'{weights}' is none", nearest(weights, WEIGHTS))
    if without not in (NONE, *FAMILIES):
        raise UserError("confluence.without", f"'{without}' is no family", nearest(without, FAMILIES))
    return {family: weight for family, weight in WEIGHTS[weights].items() if family != without}


def _sum(values: list[NDArray[Any]], n: int) -> Floats:
    return np.asarray(sum(values, np.zeros(n)), dtype=float)


def _known(said: NDArray[Any]) -> Floats:
    return np.where(said == UNKNOWN, np.nan, said)
