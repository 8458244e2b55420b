"""Hand-made tables of bars, and what is found in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from framework.faults import Fault, inspect

PRICES = ("open", "high", "low", "close")


def table(rows: int = 12, freq: str = "h", start: str = "2024-01-01") -> pd.DataFrame:
    """Good bars: close 100, 101, ...; volume 1, 2, ..."""
    close = 100.0 + np.arange(rows)
    index = pd.date_range(start, periods=rows, freq=freq, tz="UTC")
    columns = {"open": close - 1, "high": close + 2, "low": close - 3, "close": close, "volume": 1.0 + np.arange(rows)}
    return pd.DataFrame(columns, index=index)


def put(frame: pd.DataFrame, column: str, cells: dict[int, object]) -> pd.DataFrame:
    """A copy with some cells replaced."""
    values = frame[column].astype(object).to_list()
    for row, cell in cells.items():
        values[row] = cell
    plain = all(isinstance(cell, float) for cell in values)
    return frame.assign(**{column: pd.array(values, float) if plain else np.array(values, object)})


def only(frame: pd.DataFrame, timeframe: str | None = None) -> Fault:
    """The one fault that is found."""
    (found,) = inspect(frame, timeframe)
    return found


def kinds(frame: pd.DataFrame, timeframe: str | None = None) -> list[tuple[str, list[int]]]:
    return [(fault.kind, fault.rows.tolist()) for fault in inspect(frame, timeframe)]
