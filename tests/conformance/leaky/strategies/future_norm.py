"""LEAK: volume is measured against its mean over all the data, tomorrow's included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framework.bars import Bars
from framework.setups import Setups
from framework.structure.swings import swing_lows
from tests.conformance.table import table


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    swings = swing_lows(bars.low)
    relative = bars.volume[swings.bar] / np.mean(bars.volume)
    return table(bars, swings.bar, known_at=swings.known_at, features={"f_volume": relative})
