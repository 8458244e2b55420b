"""LEAK: the close is far from its mean by the mean and the deviation of all the data."""

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
    low = np.flatnonzero((bars.close - bars.close.mean()) / bars.close.std() < -0.5)
    return table(bars, low, known_at=low)
