"""vectorbt, with its numba and its Rust engine, as fast as its public functions go.

What is done for it: its engine-neutral functions are called on arrays, without the tables of `Portfolio`, which cost
several times the rest; options are (1, 1) arrays, which its numba engine reads three times faster than scalars; what
all columns share is handed over once; orders get just the room they need.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version as installed
from inspect import signature
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from framework.bars import Bars

from .levels import CASH, FEE, Arrays, Floats, Levels, arrays
from .peers import Run, missing, trade_table

Engine = Literal["numba", "rust"]
Figures = Literal["own", "numpy"]  # by vectorbt's own functions, or by a few lines of NumPy on its order records
Columns: TypeAlias = np.ndarray[Any, Any]

ALWAYS = {
    "long_entries": False,
    "long_exits": False,
    "short_entries": False,
    "short_exits": False,
    "direction": 0,  # Direction.LongOnly
    "size": np.inf,
    "size_type": 0,
    "fixed_fees": 0.0,
    "slippage": 0.0,
    "min_size": 0.0,
    "max_size": np.inf,
    "size_granularity": np.nan,
    "reject_prob": 0.0,
    "lock_cash": False,
    "allow_partial": True,
    "raise_reject": False,
    "log": False,
    "accumulate": 0,
    "upon_long_conflict": 2,  # ConflictMode.Exit: of an entry and an exit at one close only the exit is obeyed
    "upon_short_conflict": 0,
    "upon_dir_conflict": 0,
    "upon_opposite_entry": 4,
    "val_price": np.inf,
    "sl_trail": False,
    "tp_stop": np.nan,
    "stop_entry_price": 1,  # StopEntryPrice.Price: the stop is a fraction of the open
    "stop_exit_price": 0,
    "upon_stop_exit": 0,
    "upon_stop_update": 1,
}


def available(engine: Engine = "rust") -> str:
    """'' when it can run, else why not."""
    return missing("vectorbt", "vectorbt-rust") if engine == "rust" else missing("vectorbt")


def version(engine: Engine = "rust") -> str:
    name = "vectorbt-rust" if engine == "rust" else "vectorbt"
    return f"{name} {installed(name)}"


class Simulator:
    """One symbol's bars and one fee as vectorbt takes them, from the second bar on, at whose open the first is traded.

    Columns are parameter sets. What all columns share may be a single column.
    """

    def __init__(self, bars: Bars, engine: Engine, fee: float = FEE) -> None:
        self.engine, self.rows, self.per_year = engine, len(bars) - 1, bars.per_year
        self.close = bars.close[1:, None]
        opening, high, low = (array[1:, None] for array in (bars.open, bars.high, bars.low))
        self.options = {name: np.array([[value]]) for name, value in ALWAYS.items()}
        self.options |= {"fees": np.array([[fee]]), "price": opening, "open": opening, "high": high, "low": low}
        self.options |= {"close": self.close, "max_logs": 1}

    def orders(self, columns: int, enter: Columns, leave: Columns, stop: Columns) -> Columns:
        """The order records of all columns. enter, leave: known a bar before. stop: a fraction of the open."""
        from vectorbt.portfolio import dispatch, nb

        given = {
            "target_shape": (self.rows, columns),
            "group_lens": np.ones(columns, np.int64),
            "init_cash": np.full(columns, CASH),
            "call_seq": np.empty((0, 0), np.int64),
            "entries": enter,
            "exits": leave,
            "sl_stop": stop,
            "max_orders": 2 * int(np.count_nonzero(enter)) * (columns // enter.shape[1]) + 2,
        }
        if self.engine == "rust":
            return dispatch.simulate_from_signals(**given, **self.options, engine="rust")[0]
        # By position, and without the detour that asks of every argument whether Rust could take it.
        return nb.simulate_from_signals_nb(*({**_defaults(), **self.options, **given}).values())[0]

    def figures(self, records: Columns, columns: int, how: Figures) -> Floats:
        """METRICS, a row a column."""
        if how == "own":
            return self._own(records, columns)
        ends = np.searchsorted(records["col"], np.arange(columns + 1))
        return np.array([self._by_numpy(records[ends[i] : ends[i + 1]]) for i in range(columns)])

    def _own(self, records: Columns, columns: int) -> Floats:
        from vectorbt.portfolio import dispatch
        from vectorbt.records import dispatch as of_records
        from vectorbt.returns import dispatch as of_returns

        shape, cash, engine = (self.rows, columns), np.full(columns, CASH), self.engine
        places = of_records.col_map(records["col"], columns, engine=engine)
        last = np.repeat(self.close[-1:], columns, axis=1)  # all that is read of the closes here
        held = dispatch.assets(dispatch.asset_flow(shape, records, places, 2, engine=engine), engine=engine)
        money = dispatch.cash(dispatch.cash_flow(shape, records, places, False, engine=engine), cash, engine=engine)
        returns = of_returns.returns(dispatch.value(money, self.close * held, engine=engine), cash, engine=engine)
        trades = dispatch.get_exit_trades(records, last, places, engine=engine)
        closed = trades["status"] == 1
        count = np.bincount(trades["col"][closed], minlength=columns)
        won = np.bincount(trades["col"][closed & (trades["pnl"] > 0)], minlength=columns)
        with np.errstate(invalid="ignore"):
            return np.column_stack(
                [
                    dispatch.total_profit((1, columns), last, records, places, engine=engine) / cash,
                    of_returns.sharpe_ratio(returns, self.per_year, 0.0, 1, engine=engine),
                    -of_returns.max_drawdown(returns, engine=engine),
                    count,
                    won / count,
                ]
            )

    def _by_numpy(self, records: Columns) -> list[float]:
        from vectorbt.generic.nb import expanding_max_1d_nb

        price, size, paid = records["price"], records["size"], records["fees"]
        spans = np.diff(records["idx"] + 1, prepend=0, append=self.rows + 1)
        bought = np.where(records["side"] == 0, size, -size)
        value = np.repeat(np.append(0.0, bought.cumsum()), spans)
        value[1:] *= self.close[:, 0]
        value += np.repeat(np.append(CASH, CASH - (bought * price + paid).cumsum()), spans)
        returns = value[1:] / value[:-1]
        returns -= 1
        mean = returns.mean()
        total, fall = value[-1] / CASH - 1, 1 - (value / expanding_max_1d_nb(value, 1)).min()
        returns -= mean
        returns *= returns  # not a product of vectors: BLAS would start threads for it
        spread = np.sqrt(returns.sum() / (len(returns) - 1))
        count = len(records) // 2
        gain = size[1::2] * (price[1::2] - price[: 2 * count : 2]) - paid[1::2] - paid[: 2 * count : 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            sharpe = mean / spread * np.sqrt(self.per_year)
            return [total, sharpe, fall, count, np.float64(np.count_nonzero(gain > 0)) / count]


@cache
def _defaults() -> dict[str, Any]:
    """Every argument of the numba engine, in its order."""
    from vectorbt.portfolio import nb

    known = signature(nb.simulate_from_signals_nb.py_func).parameters
    return {name: parameter.default for name, parameter in known.items()}


def from_arrays(simulator: Simulator, given: Arrays, fraction: Floats, how: Figures = "numpy") -> Floats:
    """METRICS of one set whose arrays are there already; fraction: the stop's, of the open."""
    return simulator.figures(_orders(simulator, given, fraction), 1, how)[0]


def from_bars(bars: Bars, levels: Levels, engine: Engine, fee: float = FEE, how: Figures = "numpy") -> Floats:
    """METRICS of one set from raw bars."""
    given = arrays(bars, levels)
    return from_arrays(Simulator(bars, engine, fee), given, fractions(bars, given), how)


def run(bars: Bars, levels: Levels, engine: Engine, fee: float = FEE, how: Figures = "numpy") -> Run:
    """METRICS and trades of one set, for the comparison."""
    given, simulator = arrays(bars, levels), Simulator(bars, engine, fee)
    records = _orders(simulator, given, fractions(bars, given))
    return Run(simulator.figures(records, 1, how)[0], _trades(records, bars))


def fractions(bars: Bars, given: Arrays) -> Floats:
    """How far the stops lie below the open they are entered at, from the second bar on."""
    return 1 - given.stop[:-1] / bars.open[1:]


def _orders(simulator: Simulator, given: Arrays, fraction: Floats) -> Columns:
    return simulator.orders(1, given.enter[:-1, None], given.leave[:-1, None], fraction[:, None])


def _trades(records: Columns, bars: Bars) -> pd.DataFrame:
    """The trades of one set: its orders are a purchase and a sale in turn."""
    sold = len(records) // 2
    bought, gone = records[::2], records[1::2]
    left = np.append(gone["idx"] + 1, np.full(len(bought) - sold, len(bars) - 1))
    price = np.append(gone["price"], np.full(len(bought) - sold, bars.close[-1]))
    return trade_table(bought["idx"] + 1, left, bought["price"], price, np.arange(len(bought)) >= sold)
