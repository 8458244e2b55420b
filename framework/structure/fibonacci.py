"""Fibonacci: a leg gives back part of what it made, price turns at a level of it and goes on with the leg.

A pullback is known at the close that comes back from a level (`legs` says what a level, its zone and a reaction are).
Prices are mirrored for legs that fall, so that every level is written once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr, bar_rsi
from ..setups import EXTREME, Setups, level, ordered
from .candles import turning
from .legs import FIBONACCI, LEGS, LegRule, Reactions, level_reactions, measured
from .levels import near, swing_levels
from .sides import Rows, of_side
from .swings import zigzag
from .traits import any_between
from .volume import level_volume

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

DEEPEST = 0.786  # the level beyond which a leg is given up
FROM, TO = 15, 85  # percent: the ratios that Fibonacci's are compared with
ROOM = 0.05  # of a leg, the widest zone's half: leaves two whole percents between .382 and .5, .5 and .618
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class PullbackRule:
    """What counts as a pullback, and what is recorded of it.

    ratios: the levels at which a reaction counts. stop: beyond the zone of the .786 level (`786`) or the leg's start
    (`swing`). extension: of the target in legs, from the leg's start, 1 being its end. near: ATR between two prices
    that are one. others: how many legs before are looked at for levels in the same place. width: bars on either side
    of a horizontal swing; oldest: bars back that it may lie. oversold: RSI(14) points, overbought is 100 less that;
    within: bars back that the RSI may have been there.
    """

    legs: LegRule = LEGS
    ratios: tuple[float, ...] = (0.382, 0.5, 0.618)
    stop: Literal["786", "swing"] = "786"
    extension: float = 1.272
    near: float = 0.5
    others: int = 5
    width: int = 5
    oldest: int = 250
    oversold: float = 30.0
    within: int = 10


PULLBACK = PullbackRule()


def pullbacks(bars: Bars, rule: PullbackRule = PULLBACK) -> Setups:
    """Reactions at the levels of a leg, found once for each rule.

    Kinds: pullback_up in a leg that rises, pullback_down in one that falls. Price reacted at the deepest level that it
    had entered: a shallower one that is regained later is no setup of its own. Anchors: leg_start, leg_end, entered
    (the bar that entered the level's zone). target: the extension; height: the leg's length. setup_extreme: where the
    pullback turned, which is not the price of the stop. lines: `level`, `target`.

    Features: f_level the ratio reacted at, f_length of the leg in ATR, f_depth how much of it was given back at most;
    f_candle 1 when a turning candle stood between entry and reaction; f_cluster how many other legs have a level near
    this one; f_horizontal 1 when an old swing is near; f_rsi_extreme 1 when the RSI was oversold (of a short:
    overbought) shortly before, NaN in its warm-up; f_broken_before_known 1 when a wick had gone beyond the stop by
    then; f_volume_ratio of the bars in the zone, from entry to reaction, over the 20 before, where volume is known at
    all. Vetoes none.
    """

    def compute() -> Setups:
        found = _deepest(level_reactions(bars, rule.legs, rule.ratios))
        return ordered(_side(bars, rule, found.take(found.side == side), side) for side in (1, -1))

    return bars.remember(("pullbacks", rule), compute)


def placebo(bars: Bars, rule: LegRule = LEGS) -> Reactions:
    """The same legs at Fibonacci's ratios and at those of `placebo_ratios`, with nothing but the ratio to tell them
    apart: no level ends the leg for the deeper ones. Legs shorter than `rule.zone` / ROOM, in ATR, are left out: their
    zones leave no ratio between two names.
    """
    least = max(rule.least, rule.zone / ROOM)
    return level_reactions(bars, replace(rule, over=1.0, least=least), FIBONACCI + placebo_ratios(rule))


def placebo_ratios(rule: LegRule = LEGS) -> tuple[float, ...]:
    """Each percent from 15 to 85 whose price is not inside a Fibonacci zone, in the shortest leg of `placebo` and so
    in all.
    """
    zone = min(rule.zone / rule.least, ROOM) - 1e-9  # a percent on its edge is outside, however it is rounded
    grid = [percent / 100 for percent in range(FROM, TO + 1)]
    return tuple(ratio for ratio in grid if all(abs(ratio - name) > zone for name in FIBONACCI))


def _deepest(found: Reactions) -> Reactions:
    """The reactions by whose close no deeper level of their leg had been entered."""
    ratios, column = np.unique(found.ratio, return_inverse=True)
    legs, row = np.unique(found.leg, return_inverse=True)
    entered = np.full((len(legs), len(ratios) + 1), NEVER)
    entered[row, column] = found.entered
    deeper = np.minimum.accumulate(entered[:, ::-1], axis=1)[:, ::-1][row, column + 1]
    return found.take((found.outcome == 1) & (deeper > found.decided))


def _side(bars: Bars, rule: PullbackRule, found: Reactions, side: int) -> Setups:
    known = found.decided
    features = {
        "f_level": found.ratio,
        "f_length": found.length / found.atr,
        "f_candle": any_between(turning(bars, side), found.entered, known),
        "f_cluster": legs_near(bars, found.level, known, rule.near * found.atr, rule, found.leg),
        "f_horizontal": _horizontal(bars, rule, found),
        "f_rsi_extreme": _rsi_extreme(bars, rule, known, side),
    }
    anchors = {"leg_start": found.start, "leg_end": found.end, "entered": found.entered}
    kind = np.full(len(found), "pullback_up" if side > 0 else "pullback_down")
    rows = Rows(kind, anchors, found.entered, known, features)
    setups = of_side(bars, side, "fibonacci_pullback", rows, repr(sorted(asdict(rule).items())))
    top, base = measured(bars, rule.legs, side)
    low = bars.low if side > 0 else -bars.high
    stop = low[found.start]
    if rule.stop == "786":
        stop = top[found.end] - DEEPEST * found.length - rule.legs.zone * found.atr
    turned = low[setups.anchors[EXTREME]]
    target = base[found.start] + rule.extension * found.length
    more: dict[str, Floats] = {
        "f_depth": np.asarray((top[found.end] - turned) / found.length),
        "f_broken_before_known": (turned < stop).astype(float),
    }
    if "volume" in bars.known:
        more["f_volume_ratio"] = level_volume(bars, found.entered, known)
    return replace(
        setups,
        stop=side * stop,
        target=side * target,
        height=found.length,
        features=features | more,
        lines={"level": level(found.end, known, found.level), "target": level(found.end, known, side * target)},
    )


def _rsi_extreme(bars: Bars, rule: PullbackRule, known: Ints, side: int) -> Floats:
    rsi = bar_rsi(bars, 14)
    extreme = rsi <= rule.oversold if side > 0 else rsi >= 100.0 - rule.oversold
    found = any_between(extreme, np.maximum(known - rule.within, 0), known)
    return np.where(np.isnan(rsi[known]), np.nan, found)


def legs_near(
    bars: Bars,
    price: Floats,
    at: Ints,
    reach: Floats,
    rule: PullbackRule = PULLBACK,
    own: Ints | int = -1,
    ratios: tuple[float, ...] = FIBONACCI,
) -> Floats:
    """How many of the last legs between two swings confirmed at the bar `at` have a level of these ratios within
    `reach` of the price, a row each. own: a leg that does not count, by the number of the swing that it starts from.

    They may rise or fall; one that is too short to be a leg is looked at and does not count.
    """
    swings = zigzag(bars, "atr", rule.legs.size)
    if len(swings.bar) < 2:
        return np.zeros(len(at))
    upper, lower = measured(bars, rule.legs, 1)
    ends = np.where(swings.kind > 0, upper[swings.bar], lower[swings.bar])
    length = np.diff(ends)  # below zero where the leg falls
    long = np.abs(length) >= rule.legs.least * bar_atr(bars)[swings.bar[1:]]
    levels = ends[1:, None] - np.array(ratios) * length[:, None]
    last = np.searchsorted(swings.known_at, at, side="right") - 2  # the last leg that both ends are known of
    other = last[:, None] - np.arange(rule.others + 1)
    usable = (other >= 0) & (other != np.reshape(own, (-1, 1)))
    usable &= np.cumsum(usable, axis=1) <= rule.others
    other = np.maximum(other, 0)
    close = np.abs(levels[other] - price[:, None, None]) <= reach[:, None, None]
    return np.asarray((usable & long[other] & close.any(axis=2)).sum(axis=1), dtype=float)


def _horizontal(bars: Bars, rule: PullbackRule, found: Reactions) -> Floats:
    """1 where a swing, high or low, from before the leg lies near the level reacted at, 0 where none does."""
    levels = swing_levels(bars, rule.width)
    first = found.decided - rule.oldest
    return near(levels, found.level, rule.near * found.atr, first, found.start, found.decided)
