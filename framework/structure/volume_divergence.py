"""Divergence of price and volume at swings, regular and hidden, and of price and on-balance volume.

The bullish side, lows, is written once. The bearish one is the same code on negated highs; volume stays as it is, since
it has no direction, and on-balance volume is negated. Which way a pair points is the convention's to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import obv
from ..setups import Setups, ordered
from .divergence import DivergenceRule, divergences
from .sides import BEFORE, Rows, of_side
from .traits import succession
from .trend import trend
from .volume import volume_of
from .volume_swings import CLIMAX, Convention, detection, interpreted, moved, swing_pairs, taken

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LOUD_LOW = "lower_low_volume_up"  # the one kind that may hold a selling climax
TRADED = {
    "confirmation": (
        "lower_low_volume_down",
        "higher_high_volume_down",
        "higher_low_volume_down",
        "lower_high_volume_down",
    ),
    "exhaustion": (LOUD_LOW, "higher_high_volume_down"),
    "climax": (LOUD_LOW,),
}
WORDS = {1: ("lower_low", "higher_low"), -1: ("higher_high", "lower_high")}  # regular, hidden


@dataclass(frozen=True)
class VolumeDivergenceRule:
    """convention: which kinds are traded, named and never by default. width: bars on either side of the swings.
    min_gap, max_gap: bars between the two. sessions: volume against what is usual in its hour of the week.
    """

    convention: Convention
    width: int = 5
    min_gap: int = 5
    max_gap: int = 60
    sessions: bool = False


OBV = DivergenceRule()


def volume_divergences(bars: Bars, rule: VolumeDivergenceRule) -> Setups:
    """Each swing low (high) of the price against the one before it: lower or higher, with more volume or with less.

    Kinds: lower_low, higher_low, higher_high and lower_high, with _volume_up or _volume_down; lows are long, highs
    short. Those that the convention does not trade bear a veto. left, right: the swings; known when the right one is,
    a lower low with more volume under `climax` no earlier than the five bars that must hold it. stop: the lowest low
    (highest high) from three bars before the right swing through known_at. Features: f_volume_ratio right / left;
    f_regular 1 where price made the further extreme, 0 hidden; f_succession 1 for the first of its kind in the running
    leg; f_trend at the right swing's confirmation. No setup where the prices or the volumes are equal, a volume is
    unknown, or nothing was traded at the left swing. Raises UserError without any volume.
    """

    def compute() -> Setups:
        sides = (1, -1)
        words = detection(rule)
        found = ordered(of_side(bars, side, "volume_divergence", _pairs(bars, side, rule), words) for side in sides)
        return interpreted(bars, found, rule, np.isin(found.kind, TRADED[rule.convention]))

    return bars.remember(("volume_divergences", rule), compute)


def obv_line(bars: Bars, sessions: bool = False) -> Floats:
    """On-balance volume, with `sessions` of the volume against what is usual in its hour of the week."""
    return bars.remember(("obv", sessions), lambda: obv(bars.close, volume_of(bars, sessions)))


def obv_divergences(bars: Bars, rule: DivergenceRule = OBV, sessions: bool = False) -> Setups:
    """Divergences of price and on-balance volume, as `divergences` says, but for the zone and the control line.

    The level of the sum is arbitrary: there is no threshold and no midline, whatever `rule` says, and the features that
    need one are NaN. A pair with a bar of unknown volume between its swings bears a veto: by how much the sum moved
    there is not known. Raises UserError without any volume.
    """

    def compute() -> Setups:
        nan = math.nan
        levelless = replace(rule, oversold=nan, overbought=nan, midline=nan, left_extreme="swing")
        line = obv_line(bars, sessions)
        found = divergences(bars, line, levelless, "obv_divergence" + "_sessions" * sessions)
        unknown = np.concatenate([[0], np.cumsum(np.isnan(line))])
        between = unknown[found.anchors["right_osc"]] > unknown[found.anchors["left_osc"]]
        return found.refuse(between, "unknown volume between the swings")

    return bars.remember(("obv_divergences", rule, sessions), compute)


def _pairs(bars: Bars, side: int, rule: VolumeDivergenceRule) -> Rows:
    """All pairs of one side, whatever the convention trades of them."""
    pairs = swing_pairs(bars, side, rule.width, rule.sessions)
    way, gap = moved(pairs.volume), pairs.right - pairs.left
    rows = (np.abs(way) == 1) & (pairs.price != 0) & (gap >= rule.min_gap) & (gap <= rule.max_gap)
    regular, louder = pairs.price[rows] < 0, way[rows] > 0
    left, right, known = pairs.left[rows], pairs.right[rows], pairs.known_at[rows]
    further, nearer = WORDS[side]
    kind = np.char.add(np.where(regular, further, nearer), np.where(louder, "_volume_up", "_volume_down"))
    number = np.empty(len(known))
    for of in (louder, ~louder):
        number[of] = succession(bars, side, known[of], regular[of])
    features = {
        "f_volume_ratio": pairs.volume[rows],
        "f_regular": regular.astype(float),
        "f_succession": number,
        "f_trend": trend(bars, rule.width)[known],
    }
    if rule.convention == "climax":
        known = np.where(kind == LOUD_LOW, np.maximum(known, right + CLIMAX.quiet), known)
    found = Rows(kind, {"left": left, "right": right}, right - BEFORE, known, features)
    return taken(found, known < len(bars))
