"""Tables in csv and parquet files, read as they stand: which column is the time, of bars which the volume.

Column names count without case. Of several columns that may hold the time, one of unix numbers is taken before
one of text (text without a zone may mean any), and one that can be read throughout before one that cannot. The
volume is the column of that name, else the first whose name starts with it: publishers who give two volumes
('Volume BTC', 'Volume USDT') put the traded asset's own first.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow.lib import ArrowException

from .. import table
from ..errors import UserError
from ..table import NO_TIME, PRICES, Micros

NAMED_TIME = ("time", "date", "datetime", "timestamp", "unix", "open time", "open_time")
FUNDING_TIME = ("funding_time", "fundingtime", "funding time", "calc_time")
TIME_NAMES = (*NAMED_TIME, *FUNDING_TIME, "unnamed: 0", "index", "")
TAKERS = ("taker_buy_volume", "taker_buy_base_asset_volume", "taker buy base asset volume", "taker_base_vol")
HEADER_WITHIN = 20  # lines
SEPARATORS = (",", ";", "\t")
HEADER = "a header line such as time,open,high,low,close,volume"
# Unix numbers by magnitude: seconds from 1973 to 5138, and so on in thousands. Smaller ones are no stamps.
UNITS = ((1e8, 1e11, 1e6), (1e11, 1e14, 1e3), (1e14, 1e17, 1.0), (1e17, 1e20, 1e-3))
DAY_NUMBERS = (1900_00_00, 2100_00_00)  # 20240131


def read_parquet(path: Path) -> pd.DataFrame:
    """The table of a parquet file, its columns in plain words. Raises UserError where there is none."""
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except (ArrowException, OSError, ValueError) as error:
        raise UserError(str(path), f"cannot be read as parquet ({_first(error)})", "a whole parquet file") from None
    return _in_plain_words(frame)


def read_csv(path: Path) -> pd.DataFrame:
    """The table of a csv file, its columns in plain words; lines above the header are passed over. Raises UserError
    where there is none.
    """
    lines = _lines(path)
    top, separator = _header(lines, path)
    _even(lines, top, separator, path)
    text, empty = io.StringIO("\n".join(lines[top:])), ["", "nan", "NaN"]
    try:
        frame = pd.read_csv(
            text, sep=separator, index_col=False, low_memory=False, keep_default_na=False, na_values=empty
        )
    except ValueError as error:
        raise UserError(str(path), f"cannot be read as csv ({_first(error)})", "one bar a line") from None
    if all(line.strip() for line in lines[top:]):
        frame.attrs["first_line"] = top + 2  # counted from 1, below the header
    return _in_plain_words(frame)


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(str(path), f"cannot be read ({_first(error)})", "a file you may read") from None
    if not content.strip():
        raise UserError(str(path), "the file is empty", HEADER)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(str(path), "is not text in UTF-8", "a csv file saved as UTF-8")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while not lines[-1].strip():
        lines.pop()
    return lines


def _header(lines: list[str], path: Path) -> tuple[int, str]:
    """Where the header stands (0 is the first line) and what separates its cells."""
    for top, line in enumerate(lines[:HEADER_WITHIN]):
        for separator in SEPARATORS:
            names = {_plain(cell) for cell in line.split(separator)}
            if len(names & set(PRICES)) >= 2 or (len(names) > 1 and names & {*NAMED_TIME, *FUNDING_TIME}):
                return top, separator
    raise UserError(str(path), f"none of the first {HEADER_WITHIN} lines names the columns", HEADER)


def _even(lines: list[str], top: int, separator: str, path: Path) -> None:
    """Raises UserError for a line with more or fewer cells than the header, as in a file that was cut off."""
    wanted = _cells(lines[top], separator)
    for number, line in enumerate(lines[top + 1 :], top + 2):
        found = _cells(line, separator)
        if found != wanted and line.strip():
            cut = " (the last line: was the file cut off?)" if number == len(lines) else ""
            wrong = f"line {number} has {found} cells, the header {wanted}{cut}"
            raise UserError(str(path), wrong, "as many cells in every line")


def _cells(line: str, separator: str) -> int:
    if '"' in line:
        return len(next(csv.reader([line], delimiter=separator)))
    return line.count(separator) + 1


def _in_plain_words(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.index.name is not None or not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(allow_duplicates=True)
    return frame.set_axis(pd.Index([_plain(name) for name in frame.columns]), axis=1)


def bars(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A table of bars, its time as the index. Raises UserError where it is none."""
    if not set(PRICES) & set(frame.columns):
        held = ", ".join(map(str, frame.columns[:8])) or "nothing"
        raise UserError(str(path), f"holds {held}: not a table of bars", f"needed: time, {', '.join(PRICES)}")
    if not len(frame):
        raise UserError(str(path), "there are no rows below the header", "at least one bar")
    volumes = [name for name in frame.columns if name.startswith("volume")]
    if volumes and "volume" not in volumes:
        frame = frame.rename(columns={volumes[0]: "volume"})
    bought = [name for name in TAKERS if name in frame.columns]
    if bought and "taker_buy" not in frame.columns:
        frame = frame.rename(columns={bought[0]: "taker_buy"})
    return with_time(frame, path)


def with_time(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The table with its column of the time as the index. Raises UserError where there is none, or no time in it."""
    name, index = _time(frame, path)
    return frame.drop(columns=name).set_axis(index.rename("time"))


def _time(frame: pd.DataFrame, path: Path) -> tuple[str, pd.DatetimeIndex]:
    """The column that holds the time, and its stamps."""
    names = [name for name in TIME_NAMES if list(frame.columns).count(name) == 1]
    names.sort(key=lambda name: frame[name].dtype.kind not in "iuf")
    if not names:
        raise UserError(str(path), "there is no column of the time", f"one of {', '.join(TIME_NAMES[:5])}")
    unread: list[tuple[int, str, int]] = []
    for name in names:
        column = frame[name]
        if column.dtype.kind == "M":
            return name, pd.DatetimeIndex(column)
        time = _stamps(column)
        wrong = np.flatnonzero(time == NO_TIME)
        if not wrong.size:
            return name, pd.DatetimeIndex(time.astype("datetime64[us]"), tz="UTC")
        unread.append((wrong.size, name, int(wrong[0])))
    _, name, row = min(unread)
    wrong_cell = f"{name} {frame[name].iloc[row]!r} at {place(frame, row)} is not a time"
    raise UserError(str(path), wrong_cell, "ISO 8601 (2024-01-31 16:00) or unix seconds, milliseconds, microseconds")


def place(frame: pd.DataFrame, row: int) -> str:
    """Where a row stands in its file: counted from 0, and its line where that is known."""
    return f"row {row}" + (f", line {row + frame.attrs['first_line']}" if "first_line" in frame.attrs else "")


def _stamps(column: pd.Series) -> Micros:
    """UTC microseconds [n]; NO_TIME where a cell is no stamp."""
    values, text = table.numbers(column)
    numbers = ~np.isnan(values)
    if numbers.any():
        return _unix(values, whole_days=not text.size)
    words = column.astype("string").str.strip()
    time = pd.DatetimeIndex(pd.to_datetime(words, format="ISO8601", utc=True, errors="coerce"))
    return time.tz_localize(None).as_unit("us").to_numpy().astype(np.int64)


def _unix(values: np.ndarray[tuple[int], np.dtype[np.float64]], whole_days: bool) -> Micros:
    """Each number by its own magnitude, since real files mix them; days as 20240131 where all are such."""
    low, high = DAY_NUMBERS
    if whole_days and ((values > low) & (values < high)).all():
        days = pd.to_datetime(pd.Series(values.astype(np.int64).astype(str)), format="%Y%m%d", errors="coerce")
        return pd.DatetimeIndex(days).as_unit("us").to_numpy().astype(np.int64)
    time = np.full(values.size, NO_TIME, np.int64)
    for least, beyond, scale in UNITS:
        of_unit = (values >= least) & (values < beyond)
        time[of_unit] = np.rint(values[of_unit] * scale).astype(np.int64)
    return time


def _plain(name: object) -> str:
    return str(name).strip(" <>\"'\ufeff").lower()


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
