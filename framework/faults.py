"""Every way a table of bars can be wrong, named with its rows, and the remedies that may be asked for.

A table is a DataFrame with one row a bar: a DatetimeIndex of bar opens, and open, high, low, close, volume.
An error keeps it from becoming Bars; a note harms nothing. Nothing is mended that was not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from . import table
from .mending import mend
from .table import COLUMNS, NO_TIME, PRICES, ROW, Floats, Mask, Micros, Rows, length, moment

__all__ = ["REMEDIES", "Fault", "inspect", "mend"]

# What may be asked for against each kind of error, the gentlest first.
REMEDIES: dict[str, tuple[str, ...]] = {
    "text": ("blank_text",),
    "no zone": ("assume_utc",),
    "no stamp": ("drop_nan",),
    "order": ("sort",),
    "duplicates agree": ("drop_duplicates", "keep_first", "keep_last"),
    "duplicates disagree": ("keep_first", "keep_last"),
    "no price": ("drop_nan",),
    "price not positive": ("drop_nonpositive",),
    "high below low": ("widen", "drop_inconsistent"),
    "high below body": ("widen", "drop_inconsistent"),
    "low above body": ("widen", "drop_inconsistent"),
    "impossible volume": ("blank_volume",),
}
ADVICE = {
    "empty": "a table of bars has at least one row",
    "missing column": f"needed: {', '.join(PRICES)}, and volume where it is known",
    "column twice": "each column once",
    "not time": "the index is the UTC open of each bar, a DatetimeIndex",
    "timeframe": "give the timeframe that the bars have",
    "off grid": "bars of one timeframe, each stamped at its open",
    "too near": "bars of one timeframe, each stamped at its open",
}


@dataclass(frozen=True, eq=False)
class Fault:
    """One thing that is wrong. `rows` are 0-based positions; `mend` is the gentlest remedy, "" where none is."""

    kind: str
    severity: Literal["error", "note"]
    rows: Rows
    message: str
    mend: str = ""

    @property
    def remedies(self) -> tuple[str, ...]:
        """All remedies that would do; of several, one must be chosen."""
        return REMEDIES.get(self.kind, ())

    @property
    def right(self) -> str:
        """What would be right, or what to ask for; "" for a note."""
        if self.remedies:
            return "ask for the mend " + " or ".join(f"'{name}'" for name in self.remedies)
        return ADVICE.get(self.kind, "")


def inspect(frame: pd.DataFrame, timeframe: str | None = None) -> list[Fault]:
    """All that is wrong with a table, structure first. `timeframe` None takes the most common spacing.

    The table is only read. Raises UserError for an unknown timeframe, never for the table.
    """
    step = None if timeframe is None else int(table.timeframe_step(timeframe).astype(np.int64))
    look = _Look(frame)
    if not len(frame):
        look.error("empty", "there are no rows")
    values = _columns(look)
    time = look.time
    if time is None:
        look.error("not time", f"the index is {frame.index.dtype}")
    else:
        _stamps(look, time)
        _duplicates(look, time, values)
    _prices(look, values)
    _volume(look, values.get("volume"))
    if time is not None:
        _grid(look, time, step)
    return look.found


class _Look:
    """The table while it is looked at: what was found, and how a row is called."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.time = frame, table.stamps(frame)
        self.found: list[Fault] = []
        self.original = frame[ROW].to_numpy() if ROW in frame.columns else np.arange(len(frame))

    def place(self, row: int) -> str:
        """'row 20, line 23 (2020-11-20 07:00)': the line too, where the table knows its file."""
        name = f"row {self.original[row]}"
        if "first_line" in self.frame.attrs:
            name += f", line {self.frame.attrs['first_line'] + self.original[row]}"
        if self.time is None or self.time[row] == NO_TIME:
            return name
        return f"{name} ({moment(self.time[row])})"

    def error(self, kind: str, message: str, rows: Rows | None = None) -> None:
        """An error of the table as a whole, or one with its message ready."""
        mend = REMEDIES.get(kind, ("",))[0]
        self.found.append(Fault(kind, "error", np.empty(0, np.int64) if rows is None else rows, message, mend))

    def note(self, kind: str, message: str, rows: Rows) -> None:
        """A note."""
        self.found.append(Fault(kind, "note", rows, message))

    def rows(self, kind: str, wrong: Mask, what: str, **columns: Any) -> None:
        """An error of the rows where `wrong`. `what` is said of the first, with its cells of `columns`."""
        rows = np.flatnonzero(wrong)
        if rows.size:
            first = int(rows[0])
            text = what.format(**{name: column[first] for name, column in columns.items()})
            self.error(kind, f"{text} at {self.place(first)}{_more(rows.size - 1, 'row')}", rows)


def _more(count: int, noun: str) -> str:
    return f" and {count} more {noun}{'s' * (count > 1)}" if count else ""


def _mask(size: int, rows: Rows) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return mask


def _columns(look: _Look) -> dict[str, Floats]:
    """The columns as floats, and what is wrong with them as columns."""
    values: dict[str, Floats] = {}
    names = list(look.frame.columns)
    for name in COLUMNS:
        if names.count(name) > 1:
            look.error("column twice", f"column '{name}' stands {names.count(name)} times")
        elif name in names:
            values[name], rows = table.numbers(look.frame[name])
            text = _mask(len(look.frame), rows)
            look.rows("text", text, f"{name} {{cell!r}} is not a number", cell=look.frame[name].array)
            if name in PRICES:
                absent = ~np.isfinite(values[name]) & ~text
                look.rows("no price", absent, f"{name} is {{price}}", price=values[name])
        elif name in PRICES:
            look.error("missing column", f"there is no column '{name}'")
    return values


def _stamps(look: _Look, time: Micros) -> None:
    if getattr(look.frame.index, "tz", None) is None:
        look.error("no zone", "the stamps have no time zone")
    look.rows("no stamp", time == NO_TIME, "there is no stamp")
    stamped = np.flatnonzero(time != NO_TIME)
    back = np.diff(time[stamped]) < 0
    newest_first = back.any() and not (np.diff(time[stamped]) > 0).any()
    what = "the table runs newest first, as seen" if newest_first else "a stamp is earlier than the one above it"
    look.rows("order", _mask(time.size, stamped[1:][back]), what)


def _duplicates(look: _Look, time: Micros, values: dict[str, Floats]) -> None:
    first = table.first_of_stamp(time)
    copies = first != np.arange(time.size)
    if not copies.any():
        return
    same = table.agrees(values, first)
    look.rows("duplicates agree", copies & same, "a copy of row {of}", of=look.original[first])
    odd = np.flatnonzero(copies & ~same)
    if odd.size:
        row, top = int(odd[0]), int(first[odd[0]])
        name = next(name for name, v in values.items() if not table.alike(v[[row]], v[[top]])[0])
        more = _more(np.unique(first[odd]).size - 1, "stamp")
        pair = f"one stamp with two bars, {name} {values[name][top]} and {values[name][row]},"
        rows = np.union1d(odd, first[odd])
        look.error("duplicates disagree", f"{pair} at {look.place(top)} and row {look.original[row]}{more}", rows)


def _prices(look: _Look, values: dict[str, Floats]) -> None:
    prices = {name: values[name] for name in PRICES if name in values}
    for name, price in prices.items():
        look.rows("price not positive", price <= 0, f"{name} is {{price}}", price=price)
    if len(prices) < len(PRICES):
        return
    high, low = prices["high"], prices["low"]
    upside_down = high < low
    look.rows("high below low", upside_down, "high {high} is below low {low}", high=high, low=low)
    for name in ("open", "close"):
        body = prices[name]
        under, over = (high < body) & ~upside_down, (low > body) & ~upside_down
        look.rows("high below body", under, f"high {{high}} is below {name} {{body}}", high=high, body=body)
        look.rows("low above body", over, f"low {{low}} is above {name} {{body}}", low=low, body=body)


def _volume(look: _Look, volume: Floats | None) -> None:
    if volume is None or np.isnan(volume).all():
        if len(look.frame):
            look.note("volume unknown", "volume is unknown throughout", np.empty(0, np.int64))
        return
    look.rows("impossible volume", (volume < 0) | np.isinf(volume), "volume is {volume}", volume=volume)
    for kind, mask in (("volume unknown in part", np.isnan(volume)), ("zero volume", volume == 0)):
        rows = np.flatnonzero(mask)
        if rows.size:
            what = "of unknown volume" if kind != "zero volume" else "without volume"
            look.note(kind, f"{rows.size} bars {what}, the first at {look.place(int(rows[0]))}", rows)


def _grid(look: _Look, time: Micros, step: int | None) -> None:
    """Bars off the grid of the timeframe, nearer than it, or missing on it. Order and copies were looked at before."""
    stamped = np.flatnonzero(time != NO_TIME)
    moments, where = np.unique(time[stamped], return_index=True)
    rows, gaps = stamped[where], np.diff(moments)
    if not gaps.size:
        return
    usual = table.common_step(moments)
    step = usual if step is None else step
    near = gaps < step - table.slack(step)
    if 2 * near.sum() > gaps.size or (gaps.size >= 10 and not (np.abs(gaps - step) <= table.slack(step)).any()):
        look.error("timeframe", f"the bars are mostly {length(usual)} apart, not {length(step)}", rows[1:][near])
        return
    on_grid = table.on_grid(moments, step)
    look.rows("off grid", _mask(time.size, rows[~on_grid]), f"a stamp off the grid of {length(step)} bars")
    moments, rows = moments[on_grid], rows[on_grid]
    near = np.diff(moments) < step - table.slack(step)
    look.rows("too near", _mask(time.size, rows[1:][near]), f"a bar less than {length(step)} after the one before")
    _missing(look, moments, rows, step)


def _missing(look: _Look, moments: Micros, rows: Rows, step: int) -> None:
    missing = np.maximum(np.rint(np.diff(moments) / step).astype(np.int64) - 1, 0)
    after = np.flatnonzero(missing)
    if after.size:
        longest = int(missing.argmax())
        runs = "run" if after.size == 1 else "runs"
        ends = f"{look.place(int(rows[longest]))} and {look.place(int(rows[longest + 1]))}"
        look.note(
            "gaps",
            f"{missing.sum()} bars of {length(step)} missing in {after.size} {runs} (closed sessions are normal), "
            f"the longest of {missing[longest]} between {ends}",
            rows[after + 1],
        )
