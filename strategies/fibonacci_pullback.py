"""Fibonacci pullback: after a long leg price gives part of it back, turns at a Fibonacci level and goes on.

The leg runs from the last confirmed swing to the extreme since. Price enters the zone around a level of it (.382 to
.618 of the way back), and a close comes back out of it before one goes through: the pullback is over. Stop beyond the
.786 level, where the leg is given up, or beyond the leg's start; target an extension of the leg. Better with a candle
that turns price in the zone, with levels of other legs in the same place, or with an old swing there. Legs that fall:
the mirror. `placebo` asks whether those levels are any better than the ones between them.

Top-tier: the pullback reacts at .618 or .786, whatever `levels` says, and all within ten bars the RSI is beyond 30/70
and a stochastic double bottom completes. `candle`, `cluster` and `horizontal` are then not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.fibonacci import PullbackRule, pullbacks
from framework.structure.fibonacci import placebo as compared
from framework.structure.legs import FIBONACCI, LegRule, Reactions
from framework.structure.top_tier import TopTierRule, top_tiers

LEVELS = {
    "382-618": (0.382, 0.5, 0.618),
    "618-786": (0.618, 0.786),
    "all": FIBONACCI,
    **{f"{1000 * ratio:.0f}": (ratio,) for ratio in FIBONACCI},
}


@dataclass(frozen=True)
class Params:
    signal: str = choice("pullback", among=("pullback", "top_tier"), searched=False)
    levels: str = choice("382-618", among=tuple(LEVELS), unit="thousandths of the leg", searched=False)
    zigzag: float = span(3.0, low=2.0, high=6.0, step=0.5, unit="ATR, of the swings that legs start from")
    least: float = span(6.0, low=4.0, high=12.0, step=1.0, unit="ATR, the shortest leg")
    prices: str = choice("wick", among=("wick", "body"), searched=False)
    zone: float = span(0.25, low=0.1, high=0.5, step=0.05, unit="ATR on either side of a level", searched=False)
    react: float = span(0.5, low=0.25, high=1.5, step=0.25, unit="ATR back from the level")
    stop: str = choice("786", among=("786", "swing"))
    extension: float = choice(1.272, among=(1.0, 1.272, 1.618), unit="legs from the leg's start")
    candle: bool = choice(False, among=(False, True), searched=False)
    cluster: int = span(0, low=0, high=3, step=1, unit="other legs with a level there", searched=False)
    horizontal: bool = choice(False, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every pullback that reacted at one of the levels, or every top-tier one; those whose stop a wick has already gone
    beyond, and pullbacks without what is asked for besides, bear a veto.
    """
    stop: Any = p.stop  # Params checks the words
    rule = PullbackRule(_legs(p), LEVELS[p.levels], stop, p.extension)
    top_tier = p.signal == "top_tier"
    found = top_tiers(bars, TopTierRule(rule)) if top_tier else pullbacks(bars, rule)
    found = found.refuse(found.features["f_broken_before_known"] == 1, "broken before known")
    if top_tier:
        return found
    if p.candle:
        found = found.refuse(found.features["f_candle"] == 0, "no turning candle")
    if p.horizontal:
        found = found.refuse(found.features["f_horizontal"] == 0, "no old swing there")
    return found.refuse(found.features["f_cluster"] < p.cluster, "no cluster")


def placebo(bars: Bars, p: Params) -> Reactions:
    """What price did at the levels of the same legs, at Fibonacci's ratios (`named`) and at those between them."""
    return compared(bars, _legs(p))


def _legs(p: Params) -> LegRule:
    prices: Any = p.prices
    return LegRule(p.zigzag, p.least, p.zone, p.react, prices)
