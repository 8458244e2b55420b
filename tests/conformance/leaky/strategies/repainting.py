"""LEAK: a low is a pivot at once, and no longer when one of the next five bars is lower."""

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
    padded = np.concatenate([np.full(5, np.inf), bars.low, np.full(5, np.inf)])
    pivot = np.flatnonzero(bars.low == np.lib.stride_tricks.sliding_window_view(padded, 11).min(axis=1))
    return table(bars, pivot, known_at=pivot)
