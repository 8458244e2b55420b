"""Volume divergence: a swing of the price beyond the one before it, or short of it, with more volume or with less.

Two lows, the second lower (regular) or higher (hidden), are long; two highs, the second higher or lower, short. Volume
is that of the three bars ending at each swing. Which of them is traded is disputed, so name a convention; there is no
default. confirmation: what goes on with less volume has no force: lower lows and higher highs on less volume turn, and
so do pullbacks on less volume, back into the trend; on more volume price and volume agree, which is no divergence
(`volume_trend` trades the trend that then goes on). exhaustion: a lower low turns on more volume, a higher high on
less. climax: a lower low on more volume turns only at a selling climax that holds for five bars. All pairs are
recorded under each, so that the three can be compared. `sessions` measures volume against the same hour of the week.
In a triangle that has not broken falling volume is usual and says nothing: pairs known there are only recorded, unless
`triangles` says counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, required, span
from framework.setups import Setups
from framework.structure.patterns import inside
from framework.structure.volume import relative_volume
from framework.structure.volume_divergence import VolumeDivergenceRule, volume_divergences


@dataclass(frozen=True)
class Params:
    convention: str = required(among=("confirmation", "exhaustion", "climax"))
    kinds: str = choice("both", among=("regular", "hidden", "both"), searched=False)
    swing_width: int = choice(5, among=(2, 3, 4, 5, 6, 8), unit="bars")
    max_gap: int = span(60, low=20, high=100, step=20, unit="bars between the two swings")
    sessions: bool = choice(False, among=(False, True), searched=False)
    triangles: str = choice("silent", among=("silent", "counted"), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every pair of swings; those that the convention does not trade bear a veto."""
    convention: Any = p.convention  # Params checks the word
    rule = VolumeDivergenceRule(convention, p.swing_width, max_gap=p.max_gap, sessions=p.sessions)
    found = volume_divergences(bars, rule)
    if p.kinds != "both":
        found = found.refuse(found.features["f_regular"] != (p.kinds == "regular"), "kind not asked for")
    return found.refuse(inside(bars)[found.known_at], "inside a triangle") if p.triangles == "silent" else found


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: each bar's volume over the mean of the twenty before it."""
    return "volume / mean of 20 before", relative_volume(bars, p.sessions), (1.0,)
