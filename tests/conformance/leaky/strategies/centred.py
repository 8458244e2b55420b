"""LEAK: a centred moving average, half of whose window lies in the future, decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framework.bars import Bars
from framework.setups import Setups
from tests.conformance.table import table


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    smooth = np.convolve(bars.close, np.ones(9) / 9, mode="same")
    crossed = np.nonzero((bars.close[1:] > smooth[1:]) & (bars.close[:-1] <= smooth[:-1]))[0] + 1
    return table(bars, crossed, known_at=crossed)
