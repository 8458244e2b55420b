"""Blow-off: a move that grows ever faster and far from its average ends with a close against it, on volume.

A rise of twenty bars that is among the strongest of a year, log closes that bend upwards, and a close several ATR
above the 20 average: a blow-off. The top is known at the first close below the 5 average with more than the usual
volume, some bars later at most; that is a short. A fall that is all this upside down is a selling climax, a long. Both
are rare: together one in four hundred bars of 4h, one in eight hundred days, so many markets are to be asked at once.
Left when the close is back at the 20 average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.blowoff import BlowOffRule, blow_offs, stretch


@dataclass(frozen=True)
class Params:
    side: str = choice("both", among=("both", "top", "climax"), searched=False)
    percentile: float = span(95, low=80, high=99, step=1, unit="of the last 250 returns; of a climax 100 less that")
    curvature: float = span(2.0, low=0.0, high=4.0, step=0.5, unit="t value of the bend")
    stretch: float = span(3.0, low=1.0, high=5.0, step=0.5, unit="ATR from the 20 average")
    volume: float = span(1.5, low=0.5, high=3.0, step=0.25, unit="times the mean of the 20 bars before")
    within: int = choice(10, among=(5, 10, 15, 20), unit="bars to the close that ends it")
    exit_at_average: bool = choice(True, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every blow-off that has ended; those of a side that is not asked for bear a veto."""
    rule = BlowOffRule(
        percentile=p.percentile, curvature=p.curvature, stretch=p.stretch, volume=p.volume, within=p.within
    )
    found = blow_offs(bars, rule)
    if p.side == "both":
        return found
    return found.refuse(found.direction != (-1 if p.side == "top" else 1), f"no {p.side}")


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: a climax has come back up to its average, a top down to it."""
    far = stretch(bars)
    return p.exit_at_average & (far >= 0), p.exit_at_average & (far <= 0)


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: how far it has gone from its average."""
    return "close less EMA 20, in ATR", stretch(bars), (-p.stretch, p.stretch)
