"""On a random walk nothing works: an entry at known_at wins half the time, one that peeks wins always."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from framework.bars import Bars
from framework.signals import Signals
from framework.simulation import Exits, simulate
from framework.structure.swings import swing_highs, swing_lows

HELD = Exits(stop="own", time_stop=5, fill="close")


@pytest.fixture(scope="module")
def walk() -> Bars:
    """A symmetric walk of closes; bars without a range, so that a swing low is the lowest close."""
    price = 10_000 + np.cumsum(np.random.default_rng(42).normal(size=120_000))
    index = pd.date_range("2000-01-01", periods=len(price), freq="h", tz="UTC")
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), price), index=index)
    return Bars.from_frame(frame, "WALK", "1h")


def won(bars: Bars, rows: np.ndarray, side: int) -> np.ndarray:
    """Whether a trade of five bars, entered at the close of each row, made money; one at a time."""
    entry, none = np.zeros(len(bars), bool), np.zeros(len(bars), bool)
    entry[rows] = True
    signals = Signals(entry if side > 0 else none, None, entry if side < 0 else none)
    trades = simulate(bars, signals, exits=HELD).trades
    return (trades.loc[trades["exit_reason"] == "time", "pnl"] > 0).to_numpy()


@pytest.mark.parametrize("side", [1, -1])
def test_known_at_wins_about_half_and_the_own_bar_always(walk: Bars, side: int) -> None:
    swings = swing_lows(walk.low) if side > 0 else swing_highs(walk.high)
    honest, peeking = won(walk, swings.known_at, side), won(walk, swings.bar, side)
    assert len(honest) > 5_000
    assert peeking.all()
    assert stats.binomtest(int(honest.sum()), len(honest), 0.5).pvalue > 0.01
    assert abs(honest.mean() - 0.5) < 0.02
