"""LEAK: looks at how much data there is, so that the last bars are treated unlike the others."""

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
    early = swings.known_at < 0.9 * len(bars)
    return table(bars, swings.bar[early], known_at=swings.known_at[early])
