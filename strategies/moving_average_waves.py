"""Moving averages as waves: the fast average comes back towards the slow one and turns away from it again.

Double: two lows of the fast average above the slow one, the second higher, while short averages stand above long ones:
a pullback has ended. Two highs below it: the mirror. Cross: the fast average changes to the other side of the slow
one, which comes late. Side: the close does, the simplest system of all. While the 20 average is flat no position is
opened: that leaves next to no 5/20 cross, since an average moves with its distance from the close, which is nothing
where the two cross. A double of another pair is hardly to be had: a slow average turns when the order is broken.
Left when the fast average (with `side`: the close) is on the wrong side of the slow one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.averages import DoubleRule, above_average, average_crosses, average_double, spread


@dataclass(frozen=True)
class Params:
    signal: str = choice("double", among=("double", "cross", "side"), searched=False)
    pair: str = choice("5/20", among=("5/20", "20/60", "60/120", "120/240"), unit="bars, fast/slow", searched=False)
    swing_width: int = choice(2, among=(1, 2, 3, 5), unit="bars")
    max_gap: int = span(40, low=10, high=80, step=10, unit="bars between the two lows")
    aligned: str = choice("throughout", among=("throughout", "known"), searched=False)
    not_while: str = choice("flat", among=("flat", "ranging", "never"), searched=False)
    exit_at_opposite: bool = choice(True, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every signal of the chosen sort; those in a market without direction bear a veto."""
    fast, slow = _pair(p)
    if p.signal == "double":
        aligned: Any = p.aligned  # Params checks the word
        rule = DoubleRule(fast, slow, p.swing_width, p.max_gap, aligned=aligned)
        found = average_double(bars, rule)
    else:
        found = average_crosses(bars, fast, slow) if p.signal == "cross" else above_average(bars, slow)
    if p.not_while != "never":
        found = found.refuse(found.features[f"f_{p.not_while}"] == 1, f"{p.not_while} averages")
    return found


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: on the other side of the slow average."""
    _, values, _ = panel(bars, p)
    return p.exit_at_opposite & (values < 0), p.exit_at_opposite & (values > 0)


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: how far the fast average (with `side`: the close) is from the slow one."""
    fast, slow = _pair(p)
    if p.signal == "side":
        return f"close less EMA {slow}, in ATR", spread(bars, 1, slow), (0.0,)
    return f"EMA {fast} less EMA {slow}, in ATR", spread(bars, fast, slow), (0.0,)


def _pair(p: Params) -> tuple[int, int]:
    fast, slow = p.pair.split("/")
    return int(fast), int(slow)
