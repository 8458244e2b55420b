"""On-balance volume divergence: price goes on to a new extreme and the flow of volume does not, or the other way round.

On-balance volume adds the volume of bars that close higher and takes off that of bars that close lower. Regular
bullish: a lower low in price, a higher low in it: the fall is no longer sold. Hidden bullish: a higher low in price, a
lower low in it: the rise goes on. Bearish: the mirror. Its level means nothing, so that there is no extreme zone. A
setup whose extreme price has already broken before it was known is recorded and not traded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.divergence import DivergenceRule
from framework.structure.volume_divergence import obv_divergences, obv_line


@dataclass(frozen=True)
class Params:
    swing_width: int = choice(5, among=(2, 3, 4, 5, 6, 8), unit="bars")
    max_gap: int = span(60, low=20, high=100, step=20, unit="bars between the two swings")
    kinds: str = choice("both", among=("regular", "hidden", "both"), searched=False)
    pairing: str = choice("oscillator", among=("oscillator", "price"), searched=False)
    sessions: bool = choice(False, among=(False, True), searched=False)
    trade_broken: bool = choice(False, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every divergence; those that the parameters rule out bear a veto."""
    rule = DivergenceRule(
        p.swing_width,
        p.swing_width,
        pairing=p.pairing,  # type: ignore[arg-type]  # Params checks the word
        max_gap=p.max_gap,
    )
    found = obv_divergences(bars, rule, p.sessions)
    if p.kinds != "both":
        found = found.refuse(np.char.startswith(found.kind, "regular") != (p.kinds == "regular"), "kind not asked for")
    if not p.trade_broken:
        found = found.refuse(found.features["f_broken_before_known"] == 1, "broken before known")
    return found


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: on-balance volume."""
    return "on-balance volume", obv_line(bars, p.sessions), ()
