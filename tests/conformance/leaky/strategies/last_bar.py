"""LEAK: everything is left at the last bar, which only who has all the data knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.setups import Setups
from framework.structure.swings import swing_lows
from tests.conformance.table import table


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    swings = swing_lows(bars.low)
    return table(bars, swings.bar, known_at=swings.known_at)


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    leave = np.zeros(len(bars), bool)
    leave[-1] = True
    return leave, leave
