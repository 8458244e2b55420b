"""LEAK: of two lows without a high between them the higher is removed afterwards, though it had been published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framework.bars import Bars
from framework.setups import Setups
from framework.structure.swings import swing_highs, swing_lows
from tests.conformance.table import table


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    lows, highs = swing_lows(bars.low), swing_highs(bars.high)
    between = np.searchsorted(highs.bar, lows.bar)
    deepest = [lows.price[between == group].min() for group in between]
    keep = lows.price == np.array(deepest)
    return table(bars, lows.bar[keep], known_at=lows.known_at[keep])
