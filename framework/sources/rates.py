"""Funding rates in csv and parquet files: a time and a rate a settlement, in the order of time, nothing missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import table
from ..errors import UserError
from ..table import NO_TIME, PRICES, length, moment
from . import tables

NAMES = ("funding_rate", "fundingrate", "funding rate", "last_funding_rate", "rate", "funding")
FRACTION = "a fraction a settlement, as 0.0001 for 0.01 %"
SECOND, MINUTE = 1_000_000, 60_000_000
YEAR = 365.25 * 86_400e6  # microseconds
EXTREME = 1.0  # of a position's value a year, in size: more than that looks like percentages


def holds_rates(frame: pd.DataFrame) -> bool:
    """Whether a table is one of funding rates and none of bars."""
    names = set(frame.columns)
    return bool(names & set(NAMES)) and not names & set(PRICES)


def series(frame: pd.DataFrame, path: Path) -> pd.Series[Any]:
    """The rates of a table, on their UTC stamps. Raises UserError, with the row, for anything that leaves a doubt."""
    names = [name for name in NAMES if name in frame.columns]
    if not names:
        held = ", ".join(map(str, frame.columns[:8])) or "nothing"
        raise UserError(str(path), f"holds {held}: no funding rates", f"needed: time, {NAMES[0]}")
    name = names[0]
    if list(frame.columns).count(name) > 1:
        raise UserError(str(path), f"column '{name}' stands {list(frame.columns).count(name)} times", "one of it")
    if not len(frame):
        raise UserError(str(path), "there are no rows below the header", "at least one rate")
    timed = tables.with_time(frame, path)
    time = _settled(table.stamps(timed))
    ascending(time, timed, path)
    return pd.Series(
        _rates(timed, name, path), pd.DatetimeIndex(time.astype("datetime64[us]"), tz="UTC", name="time"), name=name
    )


def _settled(time: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Settlements fall on whole minutes; what a publisher's clock was late or early by, up to a second, is left out."""
    assert time is not None, "the index is of stamps"
    whole = (time + MINUTE // 2) // MINUTE * MINUTE
    return np.where((np.abs(time - whole) <= SECOND) & (time != NO_TIME), whole, time)


def ascending(time: NDArray[np.int64], frame: pd.DataFrame, path: Path) -> None:
    """Raises UserError, with the row, where a stamp is missing or is not later than the one before it."""
    missing = np.flatnonzero(time == NO_TIME)
    if missing.size:
        raise UserError(str(path), f"there is no time at {tables.place(frame, int(missing[0]))}", "a time in every row")
    late = np.flatnonzero(np.diff(time) <= 0)
    if late.size:
        row = int(late[0]) + 1
        how = "has the time of the row before it" if time[row] == time[row - 1] else "is earlier than the row before it"
        said = f"{tables.place(frame, row)} ({moment(time[row])}) {how}"
        raise UserError(str(path), said, "one row a stamp, in the order of time, the oldest first")


def _rates(frame: pd.DataFrame, name: str, path: Path) -> NDArray[np.float64]:
    rate, text = table.numbers(frame[name])
    wrong = np.flatnonzero(~(np.abs(rate) < 1))
    if wrong.size:
        row = int(wrong[0])
        cell = repr(frame[name].iloc[row]) if row in text else str(rate[row])
        is_what = "is no number" if row in text else "is missing" if np.isnan(rate[row]) else "looks like a percentage"
        said = f"{name} {cell} at {tables.place(frame, row)} {is_what}"
        raise UserError(str(path), said, FRACTION)
    return rate


def a_year(time: NDArray[np.datetime64], rate: NDArray[np.float64]) -> float:
    """What a long pays in a year at the mean rate, as a fraction; NaN for fewer than two stamps."""
    step = table.common_step(time.astype("datetime64[us]").astype(np.int64))
    return float(rate.mean()) * YEAR / step if step else float("nan")


def contents(rates: pd.Series[Any]) -> list[str]:
    """What a file of rates holds, in lines: from when to when, how often, how much a year, and what is odd."""
    index, rate = pd.DatetimeIndex(rates.index), rates.to_numpy(float)
    time = index.tz_convert(None).to_numpy().astype("datetime64[us]")
    lines = [f"from {index[0]:%Y-%m-%d %H:%M} to {index[-1]:%Y-%m-%d %H:%M} UTC"]
    step = table.common_step(time.astype(np.int64))
    if not step:
        return lines
    yearly = a_year(time, rate)
    lines[0] += f", every {length(step)}"
    lines.append(f"mean {rate.mean():+.4%} a settlement, {yearly:+.1%} a year; what is positive is paid by longs")
    gaps = np.diff(time.astype(np.int64))
    odd = np.flatnonzero(gaps != step)
    if odd.size:
        last = int(odd[gaps[odd].argmax()])
        apart = f"not every settlement comes {length(step)} after the one before: {odd.size} of {gaps.size} do not"
        lines.append(f"note   {apart}, the longest wait is {length(int(gaps[last]))} from {index[last]:%Y-%m-%d %H:%M}")
    size = a_year(time, np.abs(rate))
    if size > EXTREME:
        lines.append(f"note   rates of {size:.0%} a year in size: are they percentages? {FRACTION}")
    return lines
