"""raptorbt, the fastest of the peers, on a workload near ours, not the same.

Its stops are percentages, not swing lows: in place of a swing's width a set has the percentage at which the stops of
that width lie on average. Once it has entered it enters again only after an exit signal, so that a stop costs it every
entry up to the next one: it trades less. Metrics come with every result.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import pandas as pd
import talib

from framework.bars import Bars
from framework.signals import Signals

from .levels import CASH, FEE, Bools, Floats, Levels, Prepared, crossings
from .peers import Run, missing, seconds, trade_table

# Mean distance of the swing stops from the fill on `walk(100_000)`, by width.
DISTANCE = dict(
    zip(
        (2, 3, 4, 5, 6, 7, 8, 10, 12, 15),
        (0.0085, 0.0091, 0.0102, 0.0114, 0.0127, 0.0136, 0.0145, 0.0162, 0.0177, 0.0197),
        strict=True,
    )
)
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200)


def available() -> str:
    """'' when it can run, else why not."""
    return missing("raptorbt")


def version() -> str:
    return f"raptorbt {installed('raptorbt')}"


class Market:
    """A symbol's bars as raptorbt takes them."""

    def __init__(self, bars: Bars, fee: float = FEE) -> None:
        os.environ.setdefault("RAPTORBT_NO_VERSION_CHECK", "1")  # it would ask PyPI
        import raptorbt

        self.library, self.fee, self.per_year = raptorbt, fee, bars.per_year
        stamps = bars.time.astype("datetime64[ns]").astype(np.int64)
        self.columns = (stamps, bars.open, bars.high, bars.low, bars.close, bars.volume)
        self.configs = {width: self._config(distance) for width, distance in DISTANCE.items()}

    def _config(self, distance: float) -> Any:
        config = self.library.BacktestConfig(
            initial_capital=CASH, fees=self.fee, fill_timing="next_bar_open", periods_per_year=self.per_year
        )
        config.set_fixed_stop(distance)
        return config

    def single(self, enter: Bools, leave: Bools, width: int) -> Any:
        return self.library.run_single_backtest(*self.columns, enter, leave, config=self.configs[width])

    def batch(self, prepared: Prepared, sets: Sequence[Levels]) -> Floats:
        """METRICS of the sets, run side by side on all cores."""
        items = []
        for levels in sets:
            leave = prepared.leave(levels.period, levels.overbought)
            enter = prepared.enter(levels.period, levels.oversold) & ~leave  # it would enter, and we refuse to
            items.append(self.library.BatchSingleItem("", enter, leave, config=self.configs[levels.width]))
        results = self.library.batch_single_backtest(*self.columns, items, self.configs[2])
        return np.array([_metrics(result) for _, result in results])


def warm_up(bars: Bars) -> dict[str, float]:
    """Seconds of the import and of the first batch; there is nothing to compile."""
    load = seconds(lambda: Market(bars[:2_000]))
    return {"import": load, "first": seconds(lambda: sweep(bars[:2_000], [Levels()] * 4, 4))}


def from_arrays(market: Market, enter: Bools, leave: Bools, width: int) -> Floats:
    """METRICS of one set whose arrays are there already."""
    return _metrics(market.single(enter, leave, width))


def from_bars(bars: Bars, levels: Levels, fee: float = FEE) -> Floats:
    """METRICS of one set from raw bars."""
    return from_arrays(Market(bars, fee), *_arrays(bars, levels), levels.width)


def run(bars: Bars, levels: Levels, fee: float = FEE) -> Run:
    """METRICS and trades of one set, for the comparison with `same_rule`."""
    result = Market(bars, fee).single(*_arrays(bars, levels), levels.width)
    return Run(_metrics(result), _trades(result))


def sweep(
    bars: Bars, sets: Sequence[Levels], batch: int = 100, fee: float = FEE, prepared: Prepared | None = None
) -> Floats:
    """METRICS of every set, shape (sets, 5), from bars; `batch` sets are handed over at a time."""
    prepared, market = prepared or Prepared(bars), Market(bars, fee)
    return np.vstack([market.batch(prepared, sets[i : i + batch]) for i in range(0, len(sets), batch)])


def best_batch(bars: Bars, sets: Sequence[Levels], batches: Sequence[int] = BATCHES) -> tuple[int, dict[int, float]]:
    """The fastest batch, and of each the seconds a set in the best of three sweeps."""
    prepared, least = Prepared(bars), {}
    for batch in batches:
        times = [seconds(lambda size=batch: sweep(bars, sets, size, FEE, prepared)) for _ in range(3)]
        least[batch] = min(times) / len(sets)
    return min(least, key=least.__getitem__), least


def same_rule(bars: Bars, levels: Levels) -> Signals:
    """raptorbt's rule for our simulator, which must then make the same trades: run it with `Exits(stop="own")`."""
    enter, leave = _arrays(bars, levels)
    at = np.flatnonzero(enter)
    exits_before = np.cumsum(leave)[at]
    entered = np.zeros(len(bars), bool)
    entered[at[np.diff(exits_before, prepend=-1) > 0]] = True
    stop = np.append(bars.open[1:], np.nan) * (1 - DISTANCE[levels.width])
    return Signals(long_entry=entered, long_exit=leave, stop=stop)


def _arrays(bars: Bars, levels: Levels) -> tuple[Bools, Bools]:
    rsi = talib.RSI(bars.close, timeperiod=levels.period)
    leave = rsi >= levels.overbought
    return crossings(rsi, levels.oversold) & ~leave, leave


def _metrics(result: Any) -> Floats:
    found = result.metrics
    percent = (found.total_return_pct, found.max_drawdown_pct, found.win_rate_pct)
    total, fall, won = (value / 100 for value in percent)
    return np.array([total, found.sharpe_ratio, fall, found.total_closed_trades, won])


def _trades(result: Any) -> pd.DataFrame:
    trades = result.trades()
    return trade_table(
        [trade.entry_idx for trade in trades],
        [trade.exit_idx for trade in trades],
        [trade.entry_price for trade in trades],
        [trade.exit_price for trade in trades],
        [trade.exit_reason == "EndOfData" for trade in trades],
    )
