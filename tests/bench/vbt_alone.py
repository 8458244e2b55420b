"""vectorbt as one uses it who has nothing else: its own indicators, pandas for the swings, tables with dates.

The one thing it has no means for, the latest low below the open, is compiled code of this benchmark.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from framework.bars import Bars

from .levels import CASH, FEE, Floats, Levels, standing
from .vbt import Engine


def from_bars(bars: Bars, levels: Levels, engine: Engine) -> Floats:
    """METRICS of one set from raw bars."""
    import vectorbt as vbt

    frame = bars.frame().tz_localize(None)
    rsi = _rsi().run(frame["close"], timeperiod=levels.period).real
    enter, leave = rsi.vbt.crossed_above(levels.oversold), rsi >= levels.overbought
    stop = _stops(frame, np.flatnonzero(enter.to_numpy()), levels.width)
    held = vbt.Portfolio.from_signals(
        frame["close"],
        (enter & stop.notna()).shift(1, fill_value=False),
        leave.shift(1, fill_value=False),
        price=frame["open"],
        open=frame["open"],
        high=frame["high"],
        low=frame["low"],
        sl_stop=(1 - stop / frame["open"].shift(-1)).shift(1),
        stop_entry_price="Price",
        upon_long_conflict="Exit",
        fees=FEE,
        init_cash=CASH,
        freq="1h",
        engine=engine,
    )
    closed = held.trades.closed
    figures = (held.total_return(), held.sharpe_ratio(), -held.max_drawdown(), closed.count(), closed.win_rate())
    return np.array(figures, dtype=float)


@cache
def _rsi() -> Any:
    import vectorbt as vbt

    return vbt.talib("RSI")


def _stops(frame: pd.DataFrame, at: Any, width: int) -> pd.Series:
    """At each entry the latest swing low that is known and lies below the next open; NaN elsewhere."""
    middle, lowest = frame["low"].shift(width), frame["low"].rolling(2 * width + 1).min()
    known = np.flatnonzero((middle == lowest).to_numpy())
    at = at[at < len(frame) - 1]
    stop = np.full(len(frame), np.nan)
    opens = frame["open"].to_numpy()
    stop[at] = standing(known, np.ascontiguousarray(middle.to_numpy()[known]), at, np.ascontiguousarray(opens[at + 1]))
    return pd.Series(stop, frame.index)
