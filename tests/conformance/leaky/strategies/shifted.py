"""LEAK: a condition on tomorrow's close, by a shift the wrong way."""

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
    change = np.append(bars.close[1:] / bars.close[:-1] - 1, np.nan)
    return table(bars, swings.bar, known_at=swings.known_at, features={"f_change": change[swings.known_at]})
