"""LEAK: a swing low is used at its own bar, five bars before it can be known."""

from __future__ import annotations

from dataclasses import dataclass

from framework.bars import Bars
from framework.setups import Setups
from framework.structure.swings import swing_lows
from tests.conformance.table import table


@dataclass(frozen=True)
class Params:
    pass


def setups(bars: Bars, p: Params) -> Setups:
    swings = swing_lows(bars.low)
    return table(bars, swings.bar, known_at=swings.bar)
