"""Confluence: entered when many rules say the same at once, whichever they are.

score: the families of rules that speak for a side (a setup of theirs known in the last ten bars, or their state) are
counted, weighted by rank, candles, Fibonacci and breaks of lines and patterns 5, moving averages 4, stochastic 3, RSI
2, volume 1, or all alike with the same sum; entered at the close at which the sum reaches the threshold. optimal: at
least so many of six within ten bars: the 20-12-12 stochastic crosses from its zone, a regular RSI divergence, volume
that falls in the pullback and rises at the bounce, support at .618, a double bottom of the 5 average above the 20, and
the break of a downtrend line or a falling wedge. All six are rare. Stop beyond what the rules stand on. `without`
leaves out a family (of a score) or one of the six (of all six, five are then asked for); a report says what is left
when each is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from framework.bars import Bars
from framework.confluence import agreements
from framework.ladder import LEGS, combinations
from framework.params import choice, span
from framework.rules import FAMILIES
from framework.setups import Setups

NONE = "none"


@dataclass(frozen=True)
class Params:
    signal: str = choice("score", among=("score", "optimal"), searched=False)
    weights: str = choice("priority", among=("priority", "equal"), searched=False)
    threshold: int = span(14, low=1, high=25, step=1, unit="of 25, the sum of all weights, at least")
    least: int = choice(3, among=(1, 2, 3, 4, 5, 6), unit="of the six", searched=False)
    without: str = choice(NONE, among=(NONE, *FAMILIES, *LEGS), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every close at which so much agrees, and did not at the bar before."""
    if p.signal == "optimal":
        without = p.without if p.without in LEGS else NONE
        return combinations(bars, min(p.least, len(LEGS) - (without != NONE)), without)
    return agreements(bars, p.threshold, p.weights, p.without if p.without in FAMILIES else NONE)


def ablated(p: Params) -> Mapping[str, Params]:
    """The same rule without each of its legs in turn, by their names: of all six, five of the other five. None where
    one is left out already.
    """
    legs = LEGS if p.signal == "optimal" else FAMILIES
    return {} if p.without in legs else {leg: replace(p, without=leg) for leg in legs}
