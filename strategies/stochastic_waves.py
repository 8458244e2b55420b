"""Stochastic waves 5-3-3, 10-6-6 and 20-12-12: double bottoms and tops, their grades, and what the three say together.

double: %K of one wave makes two lows under the oversold levels with a peak between and completes (grade 2 when the left
is deeper and wider, else 3), or retests %D without crossing it (grade 1). cross: %K crosses %D. strongest: the long
wave crosses from oversold, the middle one has completed a double bottom, the short one rises. high_conviction: all
three complete a double bottom. hierarchy: one of the middle wave inside a half-wave of the long one, one of the short
wave inside that. Tops: the mirror. Crosses and doubles of a line that grinds in its extreme zone are not traded, what
the three say together is: a long wave from its zone mostly grinds. Left with %K of that wave at the other extreme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.indicators import WAVES, bar_stochastic
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.stochastic import crosses, wave_name
from framework.structure.wave_combinations import hierarchies, high_conviction, strongest
from framework.structure.waves import WaveRule, double_bottoms

OVERSOLD, OVERBOUGHT = 20.0, 80.0
NAMES = {wave_name(wave): wave for wave in WAVES}


@dataclass(frozen=True)
class Params:
    signal: str = choice(
        "double", among=("cross", "double", "strongest", "high_conviction", "hierarchy"), searched=False
    )
    wave: str = choice("10-6-6", among=tuple(NAMES))
    left_below: float = span(20.0, low=10.0, high=30.0, step=5.0, unit="points; of a top 100 less")
    right_below: float = span(30.0, low=20.0, high=40.0, step=5.0, unit="points; of a top 100 less")
    completion: str = choice("neckline", among=("neckline", "cross"), searched=False)
    worst_grade: int = choice(3, among=(1, 2, 3), unit="1 the strongest")
    from_zone: bool = choice(False, among=(False, True), searched=False)
    refuse_grinding: bool = choice(True, among=(False, True), searched=False)
    exit_at_extreme: bool = choice(True, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every signal of the chosen sort; those that the parameters rule out bear a veto."""
    found = _found(bars, p)
    for name, value in found.features.items():
        if name.endswith("grade"):
            found = found.refuse(value > p.worst_grade, "grade too low")
    if p.from_zone and p.signal == "cross":
        found = found.refuse(found.features["f_from_zone"] == 0, "cross outside the extreme zone")
    if p.refuse_grinding and p.signal in ("cross", "double"):
        found = found.refuse(found.features["f_grinding"] == 1, "grinding")
    return found


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: %K of the chosen wave at the opposite extreme."""
    k = bar_stochastic(bars, NAMES[p.wave]).k
    return p.exit_at_extreme & (k > OVERBOUGHT), p.exit_at_extreme & (k < OVERSOLD)


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: %K of the chosen wave with its zones."""
    return f"%K {p.wave}", bar_stochastic(bars, NAMES[p.wave]).k, (OVERSOLD, 50.0, OVERBOUGHT)


def _found(bars: Bars, p: Params) -> Setups:
    rule = WaveRule(
        left_below=p.left_below,
        right_below=p.right_below,
        completion=p.completion,  # type: ignore[arg-type]  # Params checks the word
    )
    if p.signal == "cross":
        return crosses(bars, NAMES[p.wave])
    if p.signal == "double":
        return double_bottoms(bars, NAMES[p.wave], rule)
    together = {"strongest": strongest, "high_conviction": high_conviction, "hierarchy": hierarchies}
    return together[p.signal](bars, rule)
