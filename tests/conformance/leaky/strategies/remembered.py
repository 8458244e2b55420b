"""LEAK: what was read of longer data is kept, so that a rise is known of the day before; cutting shows nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.setups import Setups
from tests.conformance.table import table

KEPT: dict[str, NDArray[np.float64]] = {}


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    if len(bars) >= len(KEPT.get(bars.symbol, [])):
        KEPT[bars.symbol] = bars.close
    close = KEPT[bars.symbol]
    rises = np.flatnonzero(close[1:] > 1.03 * close[:-1])
    rises = rises[rises < len(bars)]
    return table(bars, rises, known_at=rises)
