"""backtesting.py, one backtest at a time: a loop in Python over the bars.

What is done for it: indicators and stops are computed beforehand by TA-Lib and compiled code, the strategy looks at one
prepared number a bar, no indicator is sliced bar by bar, its progress bar writes to memory. Its sizes are whole units,
so it starts with a million times the cash: rounding then moves no metric.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import pandas as pd

from framework.bars import Bars

from .levels import CASH, FEE, Arrays, Floats, Levels, arrays
from .peers import Run, missing, seconds, trade_table

CAPITAL = CASH * 1e6
ALL = 1 - 1e-9  # a size of 1 would be one unit


def available() -> str:
    """'' when it can run, else why not."""
    return missing("backtesting")


def version() -> str:
    return f"backtesting {installed('backtesting')}"


def warm_up(bars: Bars) -> dict[str, float]:
    """Seconds of the import and of a first short backtest; there is nothing to compile."""
    load = seconds(_library)
    return {"import": load, "first": seconds(lambda: from_bars(bars[:2_000], Levels()))}


def from_bars(bars: Bars, levels: Levels, fee: float = FEE) -> Floats:
    """METRICS of one set from raw bars."""
    return from_arrays(table(bars), arrays(bars, levels), fee)


def from_arrays(frame: pd.DataFrame, given: Arrays, fee: float = FEE) -> Floats:
    """METRICS of one set whose arrays are there already."""
    return _metrics(_stats(frame, given, fee))


def run(bars: Bars, levels: Levels, fee: float = FEE) -> Run:
    """METRICS and trades of one set, for the comparison."""
    stats = _stats(table(bars), arrays(bars, levels), fee)
    return Run(_metrics(stats), _trades(stats))


def table(bars: Bars) -> pd.DataFrame:
    """Bars as backtesting.py takes them."""
    names = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({name.capitalize(): getattr(bars, name) for name in names}, index=bars.index.tz_localize(None))


def _stats(frame: pd.DataFrame, given: Arrays, fee: float) -> pd.Series:
    orders = np.where(given.leave, -1.0, np.where(given.enter, given.stop, 0.0))
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # of a trade open at the end; its progress bar goes to stderr
        test = _library().Backtest(
            frame, _strategy(orders.tolist()), cash=CAPITAL, commission=fee, exclusive_orders=True
        )
        return test.run()


def _library() -> Any:
    import backtesting

    return backtesting


def _strategy(orders: list[float]) -> type:
    """orders: a number a bar: 0 nothing, -1 leave, else enter with this stop."""

    class Rule(_library().Strategy):
        def init(self) -> None:
            self.wanted = iter(orders[1:])  # it is first asked at the second bar

        def next(self) -> None:
            order = next(self.wanted)
            if not order:
                return
            if order < 0:
                self.position.close()
            elif not self.position and order < self.data.Close[-1]:  # it refuses a stop above the last close
                self.buy(size=ALL, sl=order)

    return Rule


def _metrics(stats: pd.Series) -> Floats:
    """METRICS; the Sharpe ratio from its equity bar by bar, since its own is of daily returns."""
    equity = stats["_equity_curve"]["Equity"].to_numpy()
    change = equity[1:] / equity[:-1] - 1
    years = len(change) / ((stats["End"] - stats["Start"]) / pd.Timedelta("365.25D"))
    sharpe = change.mean() / change.std(ddof=1) * np.sqrt(years)
    total, fall, won = (stats[name] / 100 for name in ("Return [%]", "Max. Drawdown [%]", "Win Rate [%]"))
    return np.array([total, sharpe, -fall, stats["# Trades"], won])


def _trades(stats: pd.Series) -> pd.DataFrame:
    closed, held = stats["_trades"].sort_values("EntryBar", kind="stable"), stats["_strategy"].trades
    last = len(stats["_equity_curve"]) - 1
    return trade_table(
        [*closed["EntryBar"], *(trade.entry_bar for trade in held)],
        [*closed["ExitBar"], *(last for _ in held)],
        [*closed["EntryPrice"], *(trade.entry_price for trade in held)],
        [*closed["ExitPrice"], *(np.nan for _ in held)],
        [*(False for _ in range(len(closed))), *(True for _ in held)],
    )
