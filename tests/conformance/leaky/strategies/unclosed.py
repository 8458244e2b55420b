"""LEAK: the close of a coarse bar is used from its open on, before it has closed."""

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
    coarse = np.arange(len(bars)) // 5
    last = np.append(np.nonzero(np.diff(coarse))[0], len(bars) - 1)
    rising = bars.close[last][coarse] > bars.open
    started = np.nonzero(rising & (np.arange(len(bars)) % 5 == 0))[0]
    return table(bars, started, known_at=started)
