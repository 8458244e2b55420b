"""The top-tier entry: a deep pullback that reacted, an RSI that was extreme and a stochastic double bottom, together.

A combination is known when the last of its parts is: whichever of the three comes last, all lie within so many bars of
that close. A pullback waits for the other two until a close says that it failed or has done all it was to do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import numpy as np

from ..bars import Bars
from ..indicators import WAVES, bar_rsi
from ..setups import EXTREME, Setups, ordered
from .fibonacci import PULLBACK, PullbackRule, pullbacks
from .sides import Floats, Ints, Rows, of_side
from .stochastic import Bools
from .traits import any_between
from .waves import WaveRule, double_bottoms

DOUBLE = WaveRule()


@dataclass(frozen=True)
class TopTierRule:
    """What counts as top-tier.

    pullback: what is a pullback, at levels of its own: `ratios`, in legs. double: what is a double bottom. oversold:
    RSI(14) points, overbought is 100 less that. within: bars before known_at in which each of the three must lie.
    """

    pullback: PullbackRule = PULLBACK
    double: WaveRule = DOUBLE
    ratios: tuple[float, ...] = (0.618, 0.786)
    oversold: float = 30.0
    within: int = 10


TOP_TIER = TopTierRule()


class _Doubles(NamedTuple):
    """Double bottoms of one side and all settings, ordered by known_at. right: the bar of the right low of k. wave:
    which setting, 0 the short one.
    """

    known_at: Ints
    right: Ints
    wave: Ints
    grade: Floats


def top_tiers(bars: Bars, rule: TopTierRule = TOP_TIER) -> Setups:
    """Pullbacks with a double bottom (top) of any setting and grade, and an RSI that was oversold (overbought).

    Kinds: top_tier_up in a leg that rises, top_tier_down in one that falls. Known at the first close, the reaction's or
    one of the next `within`, at which a double bottom was known and the RSI extreme no more than `within` bars before;
    given up at the first close beyond the pullback's stop or its target. One a pullback; of several of one side known
    at one close the one that reacted last.

    Anchors: leg_start, leg_end, entered, as of the pullback; reaction, the bar at which that was known; double, the
    right low of the double bottom. stop, target, height, lines: the pullback's. setup_extreme: the lowest low from
    entered through known_at, which is not the price of the stop. Features: f_level the ratio reacted at, f_length of
    the leg in ATR; f_wave the setting of the double bottom, 0 for 5-3-3, 1 for 10-6-6, 2 for 20-12-12, f_grade its
    grade; f_wait bars from the reaction to known_at; f_broken_before_known 1 when a wick had gone beyond the stop by
    then. Of several double bottoms the last known counts, of those known at one close that of the longer wave. Vetoes
    none.
    """

    def compute() -> Setups:
        return ordered(_side(bars, rule, side) for side in (1, -1))

    return bars.remember(("top_tiers", rule), compute)


def _side(bars: Bars, rule: TopTierRule, side: int) -> Setups:
    found = pullbacks(bars, replace(rule.pullback, ratios=rule.ratios))
    found = found.take(np.flatnonzero(found.direction == side))
    doubles = _doubles(bars, rule.double, side)
    every = np.arange(len(bars))
    last = np.searchsorted(doubles.known_at, every, side="right") - 1  # the last known by each bar, -1 none
    fresh = np.append(doubles.known_at, -1 - rule.within)[last] >= every - rule.within
    rsi = bar_rsi(bars, 14)
    extreme = rsi <= rule.oversold if side > 0 else rsi >= 100.0 - rule.oversold
    ready = fresh & (any_between(extreme, np.maximum(every - rule.within, 0), every) > 0)
    wait = _waits(bars, found, ready, rule.within)
    rows = _latest(wait, found.known_at)
    found, wait = found.take(rows), wait[rows]
    known = found.known_at + wait
    part = last[known]
    features = {
        "f_level": found.features["f_level"],
        "f_length": found.features["f_length"],
        "f_wave": doubles.wave[part].astype(float),
        "f_grade": doubles.grade[part],
        "f_wait": wait.astype(float),
    }
    anchors = {name: found.anchors[name] for name in ("leg_start", "leg_end", "entered")}
    anchors |= {"reaction": found.known_at, "double": doubles.right[part]}
    kind = np.full(len(found), "top_tier_up" if side > 0 else "top_tier_down")
    made = Rows(kind, anchors, found.anchors["entered"], known, features)
    setups = of_side(bars, side, "fibonacci_top_tier", made, repr(sorted(asdict(rule).items())))
    turned = (bars.low if side > 0 else -bars.high)[setups.anchors[EXTREME]]
    features["f_broken_before_known"] = (turned < side * found.stop).astype(float)
    lines = {name: line._replace(last=known) for name, line in found.lines.items()}
    return replace(setups, stop=found.stop, target=found.target, height=found.height, features=features, lines=lines)


def _doubles(bars: Bars, rule: WaveRule, side: int) -> _Doubles:
    waves = [double_bottoms(bars, wave, rule) for wave in WAVES]
    waves = [found.take(np.flatnonzero(found.direction == side)) for found in waves]
    known = np.concatenate([found.known_at for found in waves])
    right = np.concatenate([found.anchors["right"] for found in waves])
    wave = np.repeat(np.arange(len(waves)), [len(found) for found in waves])
    grade = np.concatenate([found.features["f_grade"] for found in waves])
    order = np.lexsort((right, wave, known))
    return _Doubles(known[order], right[order], wave[order], grade[order])


def _waits(bars: Bars, found: Setups, ready: Bools, within: int) -> Ints:
    """Bars from each pullback to the first close that is ready; -1 where none is, or one that gives it up comes first.

    found: pullbacks of one side. ready: a flag a bar.
    """
    at = np.minimum(found.known_at[:, None] + np.arange(within + 1), len(bars) - 1)  # the last bar over and over
    close, side = bars.close[at], found.direction[:, None]
    beyond = (side * (close - found.stop[:, None]) < 0) | (side * (close - found.target[:, None]) > 0)
    first = ready[at] & ~np.logical_or.accumulate(beyond, axis=1)
    return np.where(first.any(axis=1), first.argmax(axis=1), -1)


def _latest(wait: Ints, reaction: Ints) -> Ints:
    """Rows of the pullbacks that wait not in vain; of those known at one close the last."""
    rows = np.flatnonzero(wait >= 0)[::-1]
    return np.sort(rows[np.unique((reaction + wait)[rows], return_index=True)[1]])
