"""The claims about Fibonacci (S4, 5), and the pullback alone and its targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...indicators import WAVES, bar_atr, bar_rsi
from ...setups import Setups
from ...simulation import Costs
from ...structure.candles import candle, pin_bar
from ...structure.fibonacci import DEEPEST, PULLBACK, PullbackRule, legs_near, placebo, pullbacks
from ...structure.legs import FIBONACCI, LegRule, Reactions, level_reactions, measured
from ...structure.levels import near, swing_levels
from ...structure.traits import any_between, lowest_between, running
from ...structure.waves import WaveRule, double_bottoms
from ...validation.ratios import reaction_curve
from ..claim import Claim
from ..contrasts import Against, Contrast, Given, order
from ..outcomes import HORIZON, Reach
from ..populations import having, own, standing
from ..units import Events, Units, at_bars, events, together

Floats: TypeAlias = NDArray[np.float64]
Told: TypeAlias = Callable[[Bars, Reactions], NDArray[np.generic]]

S4 = "S4 §5"
AROUND = ({"size": 2.5}, {"size": 4.0}, {"react": 1.0}, {"prices": "body"})
GOLDEN = 0.618
DEEP = (GOLDEN, DEEPEST)
EXTENSIONS = (1.272, 1.618)
PATIENCE = 100  # bars in which a target must be reached
OLDEST = 250  # bars that a horizontal level may lie back
ENTERED = "first entries into the zones of .236, .382, .5, .618, .786 of legs of 6 ATR"
PULLED = "reactions at .382, .5 or .618"


def pulled(bars: Bars, ratios: tuple[float, ...] = PULLBACK.ratios, extension: float = 1.272, **legs: Any) -> Setups:
    """Reactions at levels of a leg, but for those whose stop a wick had gone beyond by then."""
    return standing(pullbacks(bars, PullbackRule(LegRule(**legs), ratios, extension=extension)))


def decided(bars: Bars, found: Reactions) -> Reactions:
    """Entries with so many bars after them that all had reacted or broken through: the slowest takes 17."""
    return found.take(found.entered + HORIZON < len(bars))


def expected(bars: Bars, **legs: Any) -> tuple[Reactions, Floats]:
    """Entries at Fibonacci's ratios and at those between them, and the rate of reactions that a smooth curve through
    the latter, of the same market, lets expect at each.
    """
    found = decided(bars, placebo(bars, LegRule(**legs)))
    curve = reaction_curve([found], draws=0)
    return found, curve.curve[np.searchsorted(curve.ratio, found.ratio)]


def of_entries(found: Reactions, arm: NDArray[np.generic]) -> Events:
    """Entries as events, those at different ratios not compared with one another."""
    group = np.searchsorted(FIBONACCI, found.ratio)
    return Events(found.entered, found.side.astype(np.int64), arm.astype(float), group=group)


def reacting(**legs: Any) -> Contrast:
    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found, curve = expected(bars, **legs)
        named = found.take(found.named)
        return of_entries(named, np.ones(len(named))), named.outcome, curve[found.named] + _of_leg(found, curve)

    return Given(measure, "rate", HORIZON)


def _of_leg(found: Reactions, curve: Floats) -> Floats:
    """By how much the other ratios of the same leg were off the curve, for each Fibonacci entry.

    What a leg's named and other entries share says nothing of names. It sums to nothing over a market, as residuals
    of the curve do: the effect stays what it is without, and only its error is less. That of legs without a named entry
    is shared by all.
    """
    if found.named.all() or not found.named.any():
        return np.zeros(int(found.named.sum()))
    _, leg = np.unique(found.leg, return_inverse=True)
    off = np.bincount(leg, np.where(found.named, 0.0, found.outcome - curve)) / (~found.named).sum()
    count, mine = np.bincount(leg, found.named), leg[found.named]
    return np.asarray(off[mine] / count[mine] * len(mine) + off[count == 0].sum())


class Unstratified(Given):
    """The arms of a whole market against one another: what is due is that of all conditions together, so that they must
    not be set apart again.
    """

    def units(self, bars: Bars, costs: Costs) -> Units:
        found = super().units(bars, costs)
        return replace(found, stratum=np.zeros(len(found), np.int64))


def golden(**legs: Any) -> Contrast:
    """The excess over the curve at .618 against that at the four others: only the first place is stated."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found, curve = expected(bars, **legs)
        named = found.take(found.named)
        excess = named.outcome - curve[found.named]
        return of_entries(named, named.ratio == GOLDEN), excess, np.zeros(len(named))

    return Unstratified(measure, "order", HORIZON, between=True)


def over(horizon: int = 40, **legs: Any) -> Contrast:
    """After the first close beyond the zone of .786 the leg's start before its end, as often as price goes as far
    either way from bars like it. Legs that had reached a new extreme or their start by then are over already.
    """

    def find(bars: Bars) -> Events:
        rule = replace(LegRule(**legs), react=np.inf)
        return together(*(_given_up(bars, rule, side) for side in (1, -1)))

    return Against(find, Reach(horizon), "rate")


def _given_up(bars: Bars, rule: LegRule, side: int) -> Events:
    found = level_reactions(bars, rule, (DEEPEST,))
    found = found.take((found.side == side) & (found.outcome == 0))
    top, base = measured(bars, rule, side)
    at = found.decided
    stands = lowest_between(-top, found.end, at) == found.end
    stands &= base[lowest_between(base, found.entered, at)] > base[found.start]
    found, at = found.take(stands), at[stands]
    close, unit = side * bars.close[at], bar_atr(bars)[at]
    far, back = (close - base[found.start]) / unit, (top[found.end] - close) / unit
    return Events(at, np.full(len(at), -side), far=far, near=back)


def at_levels(told: Told, **legs: Any) -> Contrast:
    """Whether price reacts at levels with something and at levels without, of the same ratio."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found = decided(bars, level_reactions(bars, LegRule(**legs)))
        return of_entries(found, told(bars, found)), found.outcome, np.zeros(len(found))

    return Given(measure, "subset", HORIZON, between=True)


def clustered(reach: float = 0.5, least: int = 1, **legs: Any) -> Contrast:
    """Where so many other legs have a level near it, as known before the bar that entered."""

    def told(bars: Bars, found: Reactions) -> NDArray[np.bool_]:
        rule = PullbackRule(LegRule(**legs))
        return legs_near(bars, found.level, found.entered - 1, reach * found.atr, rule, found.leg) >= least

    return at_levels(told, **legs)


def on_old_level(reach: float = 0.5, width: int = 5, **legs: Any) -> Contrast:
    """Where a swing from before the leg lies near it, as known before the bar that entered."""

    def told(bars: Bars, found: Reactions) -> Floats:
        before = found.entered - 1
        levels = swing_levels(bars, width)
        return near(levels, found.level, reach * found.atr, before - OLDEST, found.start, before)

    return at_levels(told, **legs)


def with_candle(hammer: bool = False, **definition: Any) -> Contrast:
    """A pin bar or an engulfing candle that turns price, from the bar that entered the zone to the one that reacted."""

    def turned(bars: Bars, setups: Setups) -> Floats:
        first, last = setups.anchors["entered"], setups.known_at
        shape = pin_bar(bars), candle(bars, "engulfing")
        long, short = (any_between(np.any(np.array(shape) == side, axis=0), first, last) for side in (1, -1))
        return np.where(setups.direction > 0, long, short)

    return having(lambda bars: pulled(bars, **definition), own("f_candle", low=1) if hammer else turned)


def top_tier(within: int = 10, oversold: float = 30.0, ratios: tuple[float, ...] = DEEP, **legs: Any) -> Contrast:
    """Bars at which one of the three begins to hold for a side, over how many hold then: an extreme RSI, a reaction at
    .618 or .786, a stochastic double bottom of any setting, each in the last ten bars.
    """

    def find(bars: Bars) -> Events:
        begun, count = {}, {}
        for side in (1, -1):
            levels = pulled(bars, ratios, **legs)
            doubles = [double_bottoms(bars, wave, WaveRule()) for wave in WAVES]
            extreme = side * (bar_rsi(bars, 14) - 50) <= oversold - 50
            known = [levels.known_at[levels.direction == side], np.flatnonzero(extreme)]
            known.append(np.concatenate([one.known_at[one.direction == side] for one in doubles]))
            holds = np.array([running(at, at + within + 1, len(bars)) for at in known])
            begun[side] = (holds & ~np.roll(holds, 1, axis=1)).any(axis=0)
            count[side] = holds.sum(axis=0).astype(float)
        return at_bars(begun, count)

    return order(find)


def alone(**definition: Any) -> Contrast:
    return Against(lambda bars: events(pulled(bars, **definition)))


def aimed(bars: Bars, setups: Setups) -> Events:
    """Setups with their target and their stop as barriers, but for those that the close lies beyond already."""
    at, side = setups.known_at.astype(np.int64), setups.direction.astype(np.int64)
    far, close_by = (
        side * way * (price - bars.close[at]) / bar_atr(bars)[at]
        for way, price in ((1, setups.target), (-1, setups.stop))
    )
    return Events(at, side, far=far, near=close_by, stop=setups.stop).take((far > 0) & (close_by > 0))


def extended(extensions: tuple[float, ...] = EXTENSIONS, horizon: int = PATIENCE, **definition: Any) -> Contrast:
    """The extension before the stop beyond .786, as often as price goes as far either way from bars like it."""

    def find(bars: Bars) -> Events:
        return together(*(aimed(bars, pulled(bars, extension=one, **definition)) for one in extensions))

    return Against(find, Reach(horizon), "rate")


CLAIMS = (
    Claim("K42", "Price reacts at Fibonacci levels more than the smooth curve of ratios says.", S4, ENTERED, reacting,
          AROUND),
    Claim("K43", "Of the five ratios .618 has the largest excess.", S4, f"{ENTERED}; .618 ranks 1, the others 0",
          golden, AROUND),
    Claim("K44", "Beyond .786 the trend ends: price goes on to the leg's start.", S4,
          "first closes beyond the zone of .786 of legs of 6 ATR", over,
          ({"horizon": 20}, {"horizon": 80}, {"size": 2.5}, {"size": 4.0}, {"prices": "body"})),
    Claim("K45", "Where levels of several legs cluster price reacts more.", S4, ENTERED, clustered,
          ({"reach": 0.25}, {"least": 2}, *AROUND)),
    Claim("K46", "Where a level overlaps an old horizontal one price reacts more.", S4, ENTERED, on_old_level,
          ({"reach": 0.25}, {"width": 8}, *AROUND)),
    Claim("K47", "A pin bar or an engulfing candle at the level helps.", S4, PULLED, with_candle,
          ({"hammer": True}, {"ratios": DEEP}, *AROUND)),
    Claim("K48", "RSI extreme, level and stochastic double bottom together are top-tier.", S4,
          "bars at which one of the three begins to hold, by how many hold: 1, 2, 3", top_tier,
          ({"within": 5}, {"within": 20}, {"oversold": 35.0}, {"ratios": FIBONACCI}, {"size": 2.5})),
    Claim("K69", "A Fibonacci pullback is followed by the leg's direction.", S4, PULLED, alone,
          ({"ratios": (GOLDEN,)}, {"ratios": FIBONACCI}, *AROUND)),
    Claim("K78", "The extensions 1.272 and 1.618 are reached.", S4, f"{PULLED}, once for each extension", extended,
          ({"horizon": 50}, {"horizon": 200}, *AROUND), mechanical=True,
          also={f"{one:g}": partial(extended, (one,)) for one in EXTENSIONS}),
)  # fmt: skip
