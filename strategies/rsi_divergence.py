"""RSI divergence: price goes on to a new extreme and the RSI does not (regular), or the other way round (hidden).

Regular bullish: a lower low in price, a higher low in RSI: the fall loses its force. Regular bearish: the mirror. Its
left side must come from the extreme zone and must have stayed there: a momentary spike does not count. Hidden bullish:
a higher low in price, a lower low in RSI: the rise goes on. Hidden bearish: the mirror. A setup whose extreme price has
already broken before it was known is recorded and not traded. Left at the opposite extreme of the RSI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.indicators import bar_rsi
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.divergence import DivergenceRule, rsi_divergences


@dataclass(frozen=True)
class Params:
    rsi_period: int = choice(14, among=(7, 9, 14, 21, 25), unit="bars")
    oversold: float = span(30.0, low=20.0, high=40.0, step=5.0, unit="RSI points")
    overbought: float = span(70.0, low=60.0, high=80.0, step=5.0, unit="RSI points")
    swing_width: int = choice(5, among=(2, 3, 4, 5, 6, 8), unit="bars")
    kinds: str = choice("both", among=("regular", "hidden", "both"), searched=False)
    pairing: str = choice("oscillator", among=("oscillator", "price"), searched=False)
    left_extreme: str = choice("swing", among=("swing", "since_midline", "not_required"), searched=False)
    min_left_width: int = span(3, low=0, high=10, step=1, unit="bars in the extreme zone", searched=False)
    trade_broken: bool = choice(False, among=(False, True), searched=False)
    exit_at_extreme: bool = choice(True, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every divergence; those that the parameters rule out bear a veto."""
    found = rsi_divergences(bars, p.rsi_period, _rule(p))
    regular = np.char.startswith(found.kind, "regular")
    if p.kinds != "both":
        found = found.refuse(regular != (p.kinds == "regular"), "kind not asked for")
    if p.left_extreme != "not_required":
        found = found.refuse(regular & (found.features["f_left_extreme"] == 0), "left side not extreme")
        found = found.refuse(regular & (found.features["f_left_width"] < p.min_left_width), "left side a spike")
    if not p.trade_broken:
        found = found.refuse(found.features["f_broken_before_known"] == 1, "broken before known")
    return found


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: the RSI at the opposite extreme."""
    rsi = bar_rsi(bars, p.rsi_period)
    return p.exit_at_extreme & (rsi >= p.overbought), p.exit_at_extreme & (rsi <= p.oversold)


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: the RSI with its zones."""
    return f"RSI {p.rsi_period}", bar_rsi(bars, p.rsi_period), (p.oversold, 50.0, p.overbought)


def _rule(p: Params) -> DivergenceRule:
    return DivergenceRule(
        left=p.swing_width,
        right=p.swing_width,
        pairing=p.pairing,  # type: ignore[arg-type]  # Params checks the word
        oversold=p.oversold,
        overbought=p.overbought,
        left_extreme="since_midline" if p.left_extreme == "since_midline" else "swing",
    )
