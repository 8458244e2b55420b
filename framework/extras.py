"""What else may be known of each bar: the open interest at its close, the part of its volume that takers bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import table
from .errors import UserError
from .table import Floats

Times: TypeAlias = NDArray[np.datetime64]

EXTRAS = ("open_interest", "taker_buy")
WORDS = {"volume": "volume", "open_interest": "open interest", "taker_buy": "volume bought by takers"}
APART = 0.03  # relative: closes of one market on two exchanges are nearer than that
COPIED = 0.5  # of the bars in which two exchanges cannot have traded the very same volume
MORE = 1e-6  # relative: what rounding may put the part above the whole


def columns(frame: pd.DataFrame, volume: Floats, where: str) -> dict[str, Floats]:
    """The extra columns of a table of bars, NaN unknown. Raises UserError for text, for what is negative or infinite,
    and where takers bought more than was traded.
    """
    found = {}
    for name in EXTRAS:
        if name not in frame.columns:
            continue
        values, text = table.numbers(frame[name])
        values = np.array(values, np.float64) + 0.0
        wrong = (values < 0) | np.isinf(values)
        wrong[text] = True
        _refuse(frame, name, wrong, where, "a number from 0 on, or empty where it is unknown")
        if name == "taker_buy":
            _refuse(frame, name, values > volume * (1 + MORE), where, "a part of the volume of its bar, in coins")
        values[np.isnan(values)] = np.nan
        found[name] = values
    return found


def _refuse(frame: pd.DataFrame, name: str, wrong: NDArray[np.bool_], where: str, right: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        cell = frame[name].iloc[rows[0]]
        shown = repr(cell) if isinstance(cell, str) else f"{cell:g}"
        said = f"{name} {shown:.40} at {frame.index[rows[0]]} cannot be"
        raise UserError(where, said, right)


def interest(bars: Any, series: pd.Series[Any], usd: bool) -> Floats:
    """The open interest in coins at each bar's close, NaN unknown.

    series: on the opens of its own bars, whose length is their most common spacing; each value is known when its bar
    ends. A bar has the last one of its own time. usd: values contain the price and are divided by the bar's close.
    Raises UserError where it is coarser than the bars or lies outside them.
    """
    index, where = series.index, bars.source or bars.symbol
    right = "a series from 0 on, on ascending UTC stamps"
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None or str(index.tz) not in ("UTC", "UTC+00:00"):
        raise UserError(where, "the open interest is on no UTC stamps", right)
    if index.hasnans or not (index.is_monotonic_increasing and index.is_unique):
        raise UserError(where, "the stamps of the open interest do not ascend", right)
    values = pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if (values < 0).any() or np.isinf(values).any():
        raise UserError(where, "an open interest is negative or infinite", right)
    time = index.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    own, step = table.common_step(time), int(bars.step.astype(np.int64))
    if not own or own > step:
        held = (
            f"the open interest is of {table.length(own)}, the bars of {bars.timeframe}" if own else "holds one value"
        )
        raise UserError(where, held, "open interest at least as often as the bars")
    opens = bars.time.astype(np.int64)
    last = np.searchsorted(time + own, opens + step, side="right") - 1
    known = (last >= 0) & (time[np.maximum(last, 0)] >= opens)
    if usd:  # an older value contains an older price
        known &= time[np.maximum(last, 0)] + own == opens + step
    if not known.any():
        raise UserError(where, "the open interest lies outside the bars", "open interest of their period")
    found = np.where(known, values[np.maximum(last, 0)], np.nan)
    return found / bars.close if usd else found


def summed(bars: Any, others: Sequence[Any], what: str) -> Floats:
    """The volume (or another column) of each bar over several exchanges.

    NaN where one of them has no such bar or does not know it: a sum of two in some bars and of three in others would
    rise and fall with the number of exchanges. Raises UserError for another timeframe, for one that shares no bar, for
    another market (closes apart), and for a copy of one that is in the sum (volumes alike).
    """
    total: Floats = getattr(bars, what).copy()
    for number, other in enumerate(others):
        if other.timeframe != bars.timeframe:
            held = f"is {other.timeframe}, the bars of {bars.symbol} are {bars.timeframe}"
            raise UserError(other.source or other.symbol, held, "volume of the same timeframe")
        at = np.minimum(np.searchsorted(other.time, bars.time), len(other) - 1)
        there = other.time[at] == bars.time
        values = getattr(other, what)[at]
        if np.isnan(values[there]).all():
            held = f"knows the {WORDS[what]} of none of the bars"
            raise UserError(other.source or other.symbol, held, "the same period")
        if (np.abs(other.close[at] / bars.close - 1)[there] > APART).mean() > 0.5:
            raise UserError(other.source or other.symbol, f"is not at the price of {bars.symbol}", "the same market")
        for one in (bars, *others[:number]):
            if _copied(one, other):
                named = one.source or one.symbol
                held = f"has the volumes of {named}: the same exchange twice"
                raise UserError(other.source or other.symbol, held, "each exchange once")
        total += np.where(there, values, np.nan)
    return total


def _copied(one: Any, other: Any) -> bool:
    """Whether most bars that both have, and in which something was traded, have the same volume."""
    at = np.minimum(np.searchsorted(one.time, other.time), len(one) - 1)
    mine, theirs = one.volume[at], other.volume
    both = (one.time[at] == other.time) & (theirs > 0) & (mine > 0)
    return bool(both.any()) and bool((np.abs(mine[both] / theirs[both] - 1) < MORE).mean() > COPIED)
