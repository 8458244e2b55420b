"""Open interest in csv and parquet files: a time and a number a bar, in the order of time; empty where unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import table
from ..errors import UserError
from . import rates, tables

NAMES = ("open_interest", "openinterest", "open interest", "sum_open_interest")


def holds(frame: pd.DataFrame) -> bool:
    """Whether a table is one of open interest and none of bars."""
    names = set(frame.columns)
    return bool(names & set(NAMES)) and not names & set(table.PRICES)


def series(frame: pd.DataFrame, path: Path) -> pd.Series[Any]:
    """The open interest of a table, on its UTC stamps. Raises UserError, with the row, for anything that leaves a
    doubt.
    """
    names = [name for name in NAMES if name in frame.columns]
    if len(names) != 1 or list(frame.columns).count(names[0]) > 1:
        held = ", ".join(map(str, frame.columns[:8])) or "nothing"
        raise UserError(str(path), f"holds {held}: not one column of open interest", f"needed: time, {NAMES[0]}")
    if not len(frame):
        raise UserError(str(path), "there are no rows below the header", "at least one bar")
    timed = tables.with_time(frame, path)
    time = table.stamps(timed)
    assert time is not None, "the index is of stamps"
    rates.ascending(time, timed, path)
    values, text = table.numbers(timed[names[0]])
    wrong = (values < 0) | np.isinf(values)
    wrong[text] = True
    for row in np.flatnonzero(wrong)[:1]:
        shown = repr(timed[names[0]].iloc[row]) if row in text else f"{values[row]:g}"
        said = f"{names[0]} {shown:.40} at {tables.place(timed, int(row))} cannot be"
        raise UserError(str(path), said, "a number from 0 on, or empty where it is unknown")
    index = pd.DatetimeIndex(time.astype("datetime64[us]"), tz="UTC", name="time")
    return pd.Series(values, index, name=names[0])
