"""Random markets with signals and terms, all from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from framework.bars import Bars
from framework.signals import Entries, Signals
from framework.simulation import Costs, Exits, Sizing

STEPS = (0.01, 0.1, 0.5)  # of the prices: coarse ones touch stops to the last bit


@dataclass(frozen=True)
class Market:
    bars: Bars
    entries: Entries
    costs: Costs
    sizing: Sizing
    exits: Exits


def market(seed: int, rows: int = 150) -> Market:
    """Bars on coarse prices that gap, signals on either side with and without prices of their own, any terms."""
    rng = np.random.default_rng(seed)
    bars = _bars(rng, rows)
    reverse = rng.random() < 0.3
    exits = Exits(
        stop=_one(rng, "swing", "own", "atr"),
        stop_buffer_atr=_one(rng, 0.0, 0.0, 0.25),
        stop_atr=_one(rng, 1.0, 2.5),
        swing_width=_one(rng, 1, 2, 3),
        target_r=_one(rng, None, 1.0, 2.0),
        target_swing=_one(rng, False, True),
        on_opposite="reverse" if reverse else _one(rng, "exit", "ignore"),
        min_risk_atr=_one(rng, 0.0, 0.25),
        fill=_one(rng, "open", "open", "close"),
    )
    sizing = Sizing() if reverse else _one(rng, Sizing(), Sizing(fraction=0.4), Sizing(risk=0.02), Sizing(leverage=0.7))
    costs = Costs(fee=_one(rng, 0.0, 0.001), slippage=_one(rng, 0.0, 0.0005))
    return Market(bars, _entries(rng, bars), costs, sizing, exits)


def _bars(rng: np.random.Generator, rows: int) -> Bars:
    step = _one(rng, *STEPS)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    gap = rng.normal(0, 0.02, rows) * (rng.random(rows) < 0.15)
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(gap)
    wick = np.abs(rng.normal(0, 0.006, (2, rows)))
    prices = {
        "open": opening,
        "high": np.maximum(opening, close) * (1 + wick[0]),
        "low": np.minimum(opening, close) * (1 - wick[1]),
        "close": close,
    }
    index = pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC")
    # Rounded the way a data file is: to the number nearest to the decimal, not to a multiple of the step.
    frame = pd.DataFrame({name: np.round(np.round(values / step) * step, 2) for name, values in prices.items()}, index)
    return Bars.from_frame(frame, "TEST", "1h")


def _entries(rng: np.random.Generator, bars: Bars) -> Entries:
    """Now and then two of one side on one bar, the second with a stop at a swing."""
    entries = _signals(rng, bars).entries()
    twice = np.sort(np.concatenate([np.arange(len(entries)), np.nonzero(rng.random(len(entries)) < 0.1)[0]]))
    again = np.concatenate([[False], twice[1:] == twice[:-1]])
    entries = entries.take(twice)
    return replace(entries, stop=np.where(again, np.nan, entries.stop))


def _signals(rng: np.random.Generator, bars: Bars) -> Signals:
    n, often = len(bars), _one(rng, 0.05, 0.15, 0.4)
    long, short = rng.random((2, n)) < often
    away = np.round(bars.close * np.exp(np.abs(rng.normal(0, 0.02, n)) * np.where(long, -1, 1)), 2)
    aim = np.round(bars.close * np.exp(np.abs(rng.normal(0, 0.03, n)) * np.where(long, 1, -1)), 2)
    leave = rng.random((2, n)) < _one(rng, 0.0, 0.1)
    return Signals(
        long_entry=long,
        short_entry=short & ~long if rng.random() < 0.5 else short,
        long_exit=leave[0],
        short_exit=leave[1],
        stop=_some(rng, away),
        target=_some(rng, aim),
    )


def _some(rng: np.random.Generator, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(rng.random(len(prices)) < _one(rng, 0.0, 0.5, 1.0), prices, np.nan)


def _one(rng: np.random.Generator, *choices: object) -> object:
    return choices[rng.integers(len(choices))]
