"""A table of bars as plain arrays: its stamps, its numbers, its copies of one stamp, its timeframe."""

from __future__ import annotations

import re
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import UserError, nearest

Floats: TypeAlias = NDArray[np.float64]
Micros: TypeAlias = NDArray[np.int64]  # UTC microseconds
Rows: TypeAlias = NDArray[np.int64]  # 0-based positions
Mask: TypeAlias = NDArray[np.bool_]

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
ROW = "row of the table handed in"  # a column that keeps where rows stood before a table was mended
NO_TIME = np.iinfo(np.int64).min  # how NaT looks as a number
SAME = 1e-5  # relative: a copy printed with fewer digits is still a copy
HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY
UNITS = {"w": WEEK, "d": DAY, "h": HOUR, "m": HOUR // 60, "s": HOUR // 3600}
USUAL = ("1m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "1w")


def timeframe_step(text: str) -> np.timedelta64:
    """The length of a bar in microseconds, for '15m', '4h', '1d', '1w'. Raises UserError for any other text."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhdw])", text)
    if not match:
        raise UserError(f"timeframe '{text}'", "is not a number followed by s, m, h, d or w", nearest(text, USUAL))
    return np.timedelta64(int(match[1]) * UNITS[match[2]], "us")


def timeframe_name(step: int) -> str:
    """'4h' for 14,400,000,000 microseconds; "" where that is not whole seconds."""
    return next((f"{step // size}{unit}" for unit, size in UNITS.items() if step > 0 and step % size == 0), "")


def length(step: int) -> str:
    """A span of microseconds in words: its timeframe, else seconds."""
    return timeframe_name(step) or f"{step / 1e6:g} seconds"


def moment(time: int) -> str:
    """UTC microseconds in words, to the minute where the rest is zero."""
    text = str(np.datetime64(int(time), "us")).replace("T", " ")
    return text.removesuffix(".000000").removesuffix(":00")


def common_step(time: Micros) -> int:
    """The most common distance between neighbouring stamps, in microseconds; 0 where there are not two."""
    gaps = np.diff(time)
    if not (gaps > 0).all():
        gaps = np.diff(np.unique(time[time != NO_TIME]))
    if gaps.size and (gaps == gaps[0]).mean() > 0.5:  # nearly always, and found without sorting
        return int(gaps[0])
    steps, counts = np.unique(gaps, return_counts=True)
    return int(steps[counts.argmax()]) if steps.size else 0


def stamps(frame: pd.DataFrame) -> Micros | None:
    """The index as UTC microseconds [n], NO_TIME where there is no stamp; None when it is not time."""
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex):
        return None
    plain = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return plain.as_unit("us").to_numpy().astype(np.int64)


def numbers(column: pd.Series) -> tuple[Floats, Rows]:
    """A column as floats [n], NaN where a cell is empty or no number, and the rows of the latter."""
    if getattr(column.dtype, "kind", "O") in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan), np.empty(0, np.int64)
    values = np.array([_number(cell) for cell in column], np.float64)
    return values, np.flatnonzero(np.isnan(values) & ~_empty(column))


def first_of_stamp(time: Micros) -> Rows:
    """For every row the first row with the same stamp. A row without a stamp stands for itself."""
    rows = np.arange(time.size)
    if (np.diff(time) > 0).all():
        return rows
    _, first, which = np.unique(time, return_index=True, return_inverse=True)
    return np.where(time == NO_TIME, rows, first[which])


def agrees(values: dict[str, Floats], first: Rows) -> Mask:
    """Whether each row's numbers are those of its row in `first` [n], to the digits printed."""
    same = np.ones(first.size, np.bool_)
    for mine in values.values():
        same &= alike(mine, mine[first])
    return same


def alike(a: Floats, b: Floats) -> Mask:
    """Equal to the digits printed, or both unknown."""
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= SAME * np.maximum(np.abs(a), np.abs(b))
    known = np.isfinite(a) & np.isfinite(b)
    return np.asarray((close & known) | (a == b) | (np.isnan(a) & np.isnan(b)), np.bool_)


def slack(step: int) -> int:
    """How much nearer than `step` two bars may stand, in microseconds.

    Days may be labelled in a zone with daylight saving; a longer bar is often labelled by its first session.
    """
    return 0 if step < DAY else HOUR if step == DAY else step * 4 // 7


def on_grid(time: Micros, step: int) -> Mask:
    """Which of ascending stamps [n] lie on the most common grid of `step`.

    A grid one hour aside is the same grid under daylight saving, where it lasts for weeks.
    """
    if step > DAY:
        return np.ones(time.size, np.bool_)
    phase = time % step
    phases, counts = np.unique(phase, return_counts=True)
    aside = (phase - phases[counts.argmax()]) % step
    kept: Mask = aside == 0
    if step > HOUR and not kept.all():
        kept |= _lasting(aside == HOUR, time) | _lasting(aside == step - HOUR, time)
    return kept


def _lasting(mask: Mask, time: Micros) -> Mask:
    """The runs of True that last four weeks, or that the table cuts off."""
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    start, end = np.append(0, edges), np.append(edges, mask.size) - 1
    lasts: Mask = (time[end] - time[start] >= 4 * WEEK) | (start == 0) | (end == mask.size - 1)
    return np.asarray(mask & np.repeat(lasts, end - start + 1), np.bool_)


def _number(cell: object) -> float:
    if isinstance(cell, (bool, np.bool_)):
        return np.nan
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return np.nan


def _empty(column: pd.Series) -> Mask:
    words = column.map(lambda cell: isinstance(cell, str) and cell.strip().lower() in ("", "nan"), na_action=None)
    return np.asarray(column.isna().to_numpy(bool) | words.to_numpy(bool), np.bool_)
