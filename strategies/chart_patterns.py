"""Chart patterns: wedges, triangles, channels, head and shoulders, double bottoms and tops, entered when they break.

Nothing is entered before price says which way. A wedge, triangle or channel is broken by a close beyond one of its
edges, stop on the other, target as far as it is wide; head and shoulders by a close through the neckline, target as far
as the head stands out; a double bottom by a close above the peak between. Books want volume to rise at the break:
without one and a half times the usual a setup is only recorded, unless `confirmed` is false. `stated` leaves out breaks
to the side that the books do not name: downwards out of a falling wedge or an ascending triangle. The conservative
entry waits until price comes back to the broken line and closes beyond it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.context import Context, attached
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.breaks import confirmed
from framework.structure.broken import Broken, broken
from framework.structure.edges import PatternRule
from framework.structure.lines import LineRule
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.patterns import patterns
from framework.structure.price_doubles import PriceDoubleRule, price_doubles
from framework.structure.shoulders import ShouldersRule, head_and_shoulders
from framework.structure.volume import relative_volume

FAMILIES = ("wedge", "triangle", "channel", "shoulders", "double")


@dataclass(frozen=True)
class Params:
    pattern: str = choice("wedge", among=(*FAMILIES, "two_lines"), searched=False)
    stated: bool = choice(True, among=(False, True), searched=False)
    confirmed: bool = choice(True, among=(False, True), searched=False)
    volume: float = choice(1.5, among=(1.0, 1.5, 2.0), unit="times the mean of 20 bars: a break's, at least")
    near: float = span(0.25, low=0.1, high=0.5, step=0.05, unit="ATR from the line: a touch", searched=False)
    margin: float = span(0.25, low=0.0, high=1.0, step=0.25, unit="ATR beyond an edge: a break", searched=False)
    tolerance: float = span(0.5, low=0.25, high=2.0, step=0.25, unit="of shoulders and necks from their mean")
    tolerance_in: str = choice("atr", among=("atr", "percent"), searched=False)
    apart: float = span(4.0, low=1.0, high=6.0, step=1.0, unit="percent between the lows of a double bottom, at most")
    between: float = span(3.0, low=1.0, high=6.0, step=1.0, unit="ATR from them to the peak, at least")
    swing_width: int = choice(5, among=(2, 3, 5, 8), unit="bars on either side of a swing")


def setups(bars: Bars, p: Params) -> Setups:
    """Every break of such a pattern; those to the other side than books say and those without volume bear a veto. All
    have f_rsi_divergence_20: an RSI divergence of the same side known at most 20 bars before.
    """
    found = _found(bars, p)
    if p.confirmed:
        found = confirmed(bars, found, p.volume)
    if p.stated and "f_stated" in found.features:
        found = found.refuse(found.features["f_stated"] < 0, "not the way that books say")
    return attached(bars, found, Context(features=("rsi_divergence_20",)))


def _found(bars: Bars, p: Params) -> Setups:
    unit: Any = p.tolerance_in  # Params checks the word
    if p.pattern == "shoulders":
        return head_and_shoulders(bars, ShouldersRule(p.swing_width, p.tolerance, unit))
    if p.pattern == "double":
        return price_doubles(bars, PriceDoubleRule(p.swing_width, p.apart, p.between))
    found = pattern_breaks(bars, _two_lines(p))
    return found if p.pattern == "two_lines" else found.take(np.char.find(found.kind, p.pattern) >= 0)


def _two_lines(p: Params) -> PatternRule:
    return PatternRule(LineRule(p.swing_width, near=p.near, margin=p.margin))


def traits(bars: Bars, p: Params) -> Broken:
    """What became of all breaks of such patterns, and how many of them there were."""
    formed = None if p.pattern in ("shoulders", "double") else patterns(bars, _two_lines(p))
    return broken(bars, _found(bars, p), formed)


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]] | None:
    """Drawn under the price: each bar's volume over the mean of the twenty before it; nothing where none is known."""
    return ("volume / mean of 20 before", relative_volume(bars), (1.0, p.volume)) if "volume" in bars.known else None
