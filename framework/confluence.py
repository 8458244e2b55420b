"""Confluence: what every other rule says when a setup is known, counted, and weighted by the rank of its family.

A rule speaks for a side at a bar when a setup of it was known there or in the ten bars before, a candle in the two
before, since one in ten has nearly always been there, or when the state that it describes holds. What volume says of a
trend is left out: its meaning is disputed, and a count cannot name a convention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .context import SURGE, WITHIN, obv_turns, plain_divergences
from .errors import MissingError, UserError, nearest
from .indicators import WAVES
from .setups import Setups, ordered
from .structure.averages import alignment, average_crosses, average_double
from .structure.blowoff import blow_offs
from .structure.breaks import false_breaks, line_breaks
from .structure.candles import turning
from .structure.divergence import DivergenceRule, rsi_divergences
from .structure.fibonacci import pullbacks
from .structure.momentum import turns
from .structure.orderflow import exhaustions
from .structure.pattern_breaks import pattern_breaks
from .structure.price_doubles import price_doubles
from .structure.shoulders import head_and_shoulders
from .structure.sides import Rows, of_side
from .structure.stochastic import crosses
from .structure.traits import running
from .structure.volume_bars import volume_bars
from .structure.wave_combinations import strongest
from .structure.waves import WaveRule, double_bottoms

Floats: TypeAlias = NDArray[np.float64]
Said: TypeAlias = NDArray[np.int8]
State: TypeAlias = Callable[[Bars, int], NDArray[np.generic]]

# The rank of a family: price itself first, what is made of it after. A family counts once, whatever its rules say.
PRIORITY = {"candles": 5, "fibonacci": 5, "breaks": 5, "averages": 4, "stochastic": 3, "rsi": 2, "volume": 1}
WEIGHTS: Mapping[str, Mapping[str, int]] = {"priority": PRIORITY, "equal": dict.fromkeys(PRIORITY, 1)}
FAMILIES = tuple(PRIORITY)
NONE, UNKNOWN = "none", -1
CANDLE = 2  # bars back in which a candle still says something
# By what a setup's rule is called, the family that it belongs to: that one does not count for it.
OWN = {
    **{
        "fibonacci": "fibonacci",
        "rsi": "rsi",
        "stochastic": "stochastic",
        "average": "averages",
        "side_of": "averages",
    },
    **dict.fromkeys(("line_", "false_line", "pattern_", "head_and", "price_double"), "breaks"),
    **dict.fromkeys(("volume", "obv", "order_flow", "blow_off"), "volume"),
}


@dataclass(frozen=True)
class Rule:
    """family: one of FAMILIES, empty for a rule that is recorded and has no rank. state: whether it speaks for a side,
    a value a bar, UNKNOWN where it is undefined.
    """

    family: str
    state: State


def known(find: Callable[[Bars], Setups]) -> State:
    """Whether a setup of the side that is traded was known at a bar or in the ten before."""

    def state(bars: Bars, side: int) -> NDArray[np.generic]:
        found = find(bars)
        at = found.known_at[(found.direction == side) & found.traded]
        return running(at, at + WITHIN + 1, len(bars))

    return state


def valid(found: Setups) -> Setups:
    """Breaks with the volume of one; all of them where no volume is known, none to the side that books do not name."""
    ratio, stated = (found.features.get(name) for name in ("f_volume_ratio", "f_stated"))
    kept = np.ones(len(found), bool) if ratio is None else ratio >= SURGE
    return found.take(kept if stated is None else kept & (stated >= 0))


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
    """The setups with f_with_RULE, what each rule says at known_at (NaN for those of the setup's own family, as where
    it cannot be known); f_confluence, the sum of the weights of the families that speak for the setup, its own and
    `without` left out; f_unknown, how many of the rest cannot be known there. Raises UserError for another word.
    """
    told, at, long = _weights(weights, without), setups.known_at, setups.direction > 0
    own = family_of(setups.rule)

    def seen(of: Callable[[Bars, int], Mapping[str, Said]]) -> dict[str, Floats]:
        sides = of(bars, 1), of(bars, -1)
        return {name: _known(np.where(long, sides[0][name][at], sides[1][name][at])) for name in sides[0]}

    columns = {
        f"f_with_{name}": np.full(len(setups), np.nan) if RULES[name].family == own else values
        for name, values in seen(states).items()
    }
    others = {family: values for family, values in seen(families).items() if family not in (own, without)}
    columns["f_confluence"] = _sum([told[family] * (one == 1) for family, one in others.items()], len(at))
    columns["f_unknown"] = _sum([np.isnan(one) for one in others.values()], len(at))
    return replace(setups, features=dict(setups.features) | columns)


def family_of(rule: str) -> str:
    """The family that a setup's rule belongs to, which does not count for it; NONE for a rule of one's own."""
    return next((family for prefix, family in OWN.items() if rule.startswith(prefix)), NONE)


def agreements(bars: Bars, threshold: float, weights: str = "priority", without: str = NONE) -> Setups:
    """Bars at which the families that speak for a side first weigh at least `threshold`, and did not at the bar before.

    Kinds: agreement_up, agreement_down. Anchor: bar. stop: the lowest low (highest high) of the bars in which the rules
    spoke. Features: f_score; f_of_FAMILY what each says. Vetoes none.
    """
    told = _weights(weights, without)

    def of(side: int) -> Setups:
        said = families(bars, side)
        score = _sum([weight * (said[family] == 1) for family, weight in told.items()], len(bars))
        at = np.flatnonzero((score >= threshold) & (np.append(np.inf, score[:-1]) < threshold))
        features = {"f_score": score[at]} | {f"f_of_{family}": _known(said[family][at]) for family in said}
        kind = np.full(len(at), "agreement_up" if side > 0 else "agreement_down")
        return of_side(bars, side, "confluence", Rows(kind, {"bar": at}, at - WITHIN, at, features), detection)

    detection = f"{threshold:g} {weights} {without}"
    return ordered(of(side) for side in (1, -1))


def _weights(weights: str, without: str) -> dict[str, int]:
    if weights not in WEIGHTS:
        raise UserError("confluence.weights", f"'{weights}' is none", nearest(weights, WEIGHTS))
    if without not in (NONE, *FAMILIES):
        raise UserError("confluence.without", f"'{without}' is no family", nearest(without, FAMILIES))
    return {family: weight for family, weight in WEIGHTS[weights].items() if family != without}


def _sum(values: list[NDArray[Any]], n: int) -> Floats:
    return np.asarray(sum(values, np.zeros(n)), dtype=float)


def _known(said: NDArray[Any]) -> Floats:
    return np.where(said == UNKNOWN, np.nan, said)


def _sided(line: Floats, side: int) -> NDArray[np.generic]:
    return np.where(np.isnan(line), UNKNOWN, line == side)


def _regular(bars: Bars, regular: bool) -> Setups:
    found = rsi_divergences(bars, 14, DivergenceRule())
    return found.take(np.flatnonzero(np.char.startswith(found.kind, "regular") == regular))


def _from_zone(bars: Bars) -> Setups:
    found = crosses(bars, WAVES[-1])
    return found.take(np.flatnonzero(found.features["f_from_zone"] == 1))


def _candles(bars: Bars, side: int) -> NDArray[np.generic]:
    at = np.flatnonzero(turning(bars, side))
    return running(at, at + CANDLE + 1, len(bars))


def _waves(bars: Bars, side: int) -> NDArray[np.generic]:
    said = [known(partial(double_bottoms, wave=wave, rule=WaveRule()))(bars, side) for wave in WAVES]
    return np.asarray(np.max(said, axis=0))


RULES: Mapping[str, Rule] = {
    "turning_candle": Rule("candles", _candles),
    "fibonacci_pullback": Rule("fibonacci", known(pullbacks)),
    "line_break": Rule("breaks", known(lambda bars: valid(line_breaks(bars)))),
    "false_break": Rule("breaks", known(lambda bars: false_breaks(bars, line_breaks(bars)))),
    "pattern_break": Rule("breaks", known(lambda bars: valid(pattern_breaks(bars)))),
    "head_and_shoulders": Rule("breaks", known(lambda bars: valid(head_and_shoulders(bars)))),
    "price_double": Rule("breaks", known(lambda bars: valid(price_doubles(bars)))),
    "alignment": Rule("averages", lambda bars, side: _sided(alignment(bars), side)),
    "average_double": Rule("averages", known(average_double)),
    "average_cross": Rule("averages", known(average_crosses)),
    "stochastic_double": Rule("stochastic", _waves),
    "stochastic_cross": Rule("stochastic", known(_from_zone)),
    "stochastic_strongest": Rule("stochastic", known(lambda bars: strongest(bars, WaveRule()))),
    "rsi_divergence": Rule("rsi", known(plain_divergences)),
    "rsi_hidden_divergence": Rule("rsi", known(lambda bars: _regular(bars, False))),
    "volume_bar": Rule("volume", known(volume_bars)),
    "obv_divergence": Rule("volume", known(obv_turns)),
    "order_flow_exhaustion": Rule("volume", known(exhaustions)),
    "blow_off": Rule("volume", known(blow_offs)),
    "macd_cross": Rule("", known(lambda bars: turns(bars, "histogram", (12, 26, 9)))),
}
