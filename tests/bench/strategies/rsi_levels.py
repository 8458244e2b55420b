"""RSI levels: bought when the RSI comes back above the oversold level, sold short below the overbought one.

Known at the close that crosses the level, left when the RSI reaches the opposite one. There is no price to stand on in
the rule itself: the stop is the prior swing's. Plain enough for every library to run it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.indicators import bar_rsi
from framework.params import choice, span
from framework.setups import Setups
from framework.signals import Signals, as_setups


@dataclass(frozen=True)
class Params:
    rsi_period: int = span(14, low=2, high=60, step=1, unit="bars")
    oversold: float = span(30.0, low=1.0, high=49.0, step=1.0, unit="RSI points")
    overbought: float = span(70.0, low=51.0, high=99.0, step=1.0, unit="RSI points")
    side: str = choice("both", among=("long", "short", "both"), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every close at which the RSI comes back from beyond a level."""
    rsi, none = bar_rsi(bars, p.rsi_period), np.zeros(len(bars), dtype=bool)
    up = _back(rsi, p.oversold) if p.side != "short" else none
    down = _back(-rsi, -p.overbought) if p.side != "long" else none
    return as_setups(bars, Signals(long_entry=up, short_entry=down), "rsi_levels")


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: the RSI at the opposite level."""
    rsi, none = bar_rsi(bars, p.rsi_period), np.zeros(len(bars), dtype=bool)
    return (rsi >= p.overbought if p.side != "short" else none), (rsi <= p.oversold if p.side != "long" else none)


def _back(oscillator: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Closes above the level after one at or below it; False where either value is undefined."""
    back = np.zeros(len(oscillator), dtype=bool)
    back[1:] = (oscillator[:-1] <= level) & (oscillator[1:] > level)
    return back
