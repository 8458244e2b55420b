"""Accumulation and distribution: bars of at least twice the usual volume that go nowhere.

accumulation: such a bar with a small body, in a fall or in a range; bought once no close of the five bars after it lies
half an ATR below its low: somebody took all that was sold. distribution: such a bar with a long upper wick, or one that
closes below its open, in a rise or near the high of fifty bars; sold at once: somebody hands out. The usual volume is
the mean of the twenty bars before. `sessions` measures volume against the same hour of the week.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.volume import relative_volume
from framework.structure.volume_bars import VolumeBarRule, volume_bars


@dataclass(frozen=True)
class Params:
    signal: str = choice("both", among=("accumulation", "distribution", "both"), searched=False)
    volume: float = span(2.0, low=1.5, high=4.0, step=0.5, unit="times the mean of 20 bars")
    body: float = span(0.3, low=0.1, high=0.5, step=0.1, unit="of the range, at most")
    wick: float = span(0.5, low=0.3, high=0.7, step=0.1, unit="of the range, at least")
    swing_width: int = choice(5, among=(2, 3, 5, 8), unit="bars, of the trend")
    sessions: bool = choice(False, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every such bar; those of the other sort bear a veto."""
    found = volume_bars(bars, VolumeBarRule(p.volume, p.body, p.wick, width=p.swing_width, sessions=p.sessions))
    return found if p.signal == "both" else found.refuse(found.kind != p.signal, "kind not asked for")


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: each bar's volume over the mean of the twenty before it."""
    return "volume / mean of 20 before", relative_volume(bars, p.sessions), (1.0, p.volume)
