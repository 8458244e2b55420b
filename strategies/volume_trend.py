"""Volume against the trend: does each new high of a rise, each new low of a fall, come with more volume or with less?

The trend is up while the last two swing highs and the last two lows rise, down while both fall. Volume is that of the
three bars ending at the swing, against the swing before. What that says is disputed, so name a convention; there is no
default. confirmation: with more volume the trend goes on, with less it turns. exhaustion: a rise turns on less volume,
a fall on more. climax: only a fall turns, on more volume, at a selling climax that holds for five bars. All swings are
recorded under each, so that the three can be compared. `sessions` measures volume against the same hour of the week.
In a triangle that has not broken falling volume is usual and says nothing: swings known there are only recorded, unless
`triangles` says counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, required
from framework.setups import Setups
from framework.structure.patterns import inside
from framework.structure.volume import relative_volume
from framework.structure.volume_trend import TrendRule, volume_trend


@dataclass(frozen=True)
class Params:
    convention: str = required(among=("confirmation", "exhaustion", "climax"))
    swing_width: int = choice(5, among=(2, 3, 4, 5, 6, 8), unit="bars")
    sessions: bool = choice(False, among=(False, True), searched=False)
    triangles: str = choice("silent", among=("silent", "counted"), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every swing with the trend; those of which the convention says nothing bear a veto."""
    convention: Any = p.convention  # Params checks the word
    found = volume_trend(bars, TrendRule(convention, p.swing_width, p.sessions))
    return found.refuse(inside(bars)[found.known_at], "inside a triangle") if p.triangles == "silent" else found


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: each bar's volume over the mean of the twenty before it."""
    return "volume / mean of 20 before", relative_volume(bars, p.sessions), (1.0,)
