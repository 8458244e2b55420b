"""Volume at a turn: it dries up while price falls back, and comes in again as price bounces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import Setups, ordered
from .reversals import turns
from .sides import Rows, of_side
from .volume import fading_volume, mean_between, volume_of
from .volume_swings import moved

Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class BounceRule:
    """What counts as a bounce. width: bars on either side of the swings. least: bars of the pullback, at least."""

    width: int = 5
    least: int = 6


BOUNCE = BounceRule()


def bounces(bars: Bars, rule: BounceRule = BOUNCE) -> Setups:
    """Swing lows (of a short: highs) whose pullback lost volume and whose bounce gains it, known when the swing is.

    The pullback runs from the bar after the alternating high to the low: the mean volume of its second half is below
    that of its first. The bounce is the `width` bars by which the swing is confirmed: their mean volume is above that
    of the second half. Kinds: bounce, and rejection, its mirror. Anchors: top, bottom. stop: the low. Features:
    f_volume_pullback and f_volume_bounce, the two ratios. None where any of these volumes is unknown, or nothing was
    traded in one of the halves. Raises UserError where no volume is known at all.
    """

    def compute() -> Setups:
        return ordered(_side(bars, rule, side) for side in (1, -1))

    return bars.remember(("bounces", rule), compute)


def _side(bars: Bars, rule: BounceRule, side: int) -> Setups:
    volume, found = volume_of(bars), turns(bars, side, rule.width)
    bottom, top = found.bars[:, 0], found.bars[:, 1]
    rows = (top >= 0) & (bottom - top >= rule.least)
    bottom, top, known = bottom[rows], top[rows], found.known[rows]
    half = (bottom - top) // 2
    late = mean_between(volume, bottom - half + 1, bottom)
    pullback = fading_volume(bars, top + 1, bottom)
    bounce = np.full(len(bottom), np.nan)
    np.divide(mean_between(volume, bottom + 1, known), late, out=bounce, where=late > 0)
    kept = (moved(pullback) < 0) & (moved(bounce) > 0)
    bottom, top, known = bottom[kept], top[kept], known[kept]
    features = {"f_volume_pullback": pullback[kept], "f_volume_bounce": bounce[kept]}
    kind = np.full(len(known), "bounce" if side > 0 else "rejection")
    made = Rows(kind, {"top": top, "bottom": bottom}, bottom, known, features)
    return of_side(bars, side, "volume_bounce", made, repr(sorted(asdict(rule).items())))
