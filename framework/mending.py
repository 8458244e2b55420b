"""What may be done to a table of bars that is wrong, each by its name and only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from . import table
from .errors import UserError, nearest
from .table import COLUMNS, NO_TIME, PRICES, ROW, Floats, Mask

Remedy: TypeAlias = Callable[[pd.DataFrame], tuple[pd.DataFrame, int]]


def mend(frame: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """A mended copy of a table, and what was done: one line a remedy, with the number of rows it touched.

    The remedies are applied in the order of REMEDIES, whatever the order of `names`: cells, then rows that
    cannot be right, then copies, then order. Raises UserError for an unknown remedy and for two that exclude
    each other.
    """
    known = {name: (remedy, done) for name, (remedy, done) in REMEDIES.items() if name in check(names)}
    frame, changes = frame.copy(), []
    for name, (remedy, done) in known.items():
        frame, touched = remedy(frame)
        changes.append(f"{name}: {touched} {'row' if touched == 1 else 'rows'} {done}")
    if known and ROW not in frame.columns:
        frame.attrs.pop("first_line", None)  # its rows are no longer the lines of its file
    return frame, changes


def check(names: Sequence[str]) -> Sequence[str]:
    """`names`, when all are remedies that can be applied together. Raises UserError."""
    if isinstance(names, str):
        raise UserError("mend", f"'{names}' is one word", f"a list of remedies: ['{names}']")
    for name in names:
        if name not in REMEDIES:
            raise UserError("mend", f"unknown remedy '{name}'", nearest(name, REMEDIES))
    for pair in (("keep_first", "keep_last"), ("widen", "drop_inconsistent")):
        if set(pair) <= set(names):
            raise UserError("mend", f"'{pair[0]}' and '{pair[1]}' exclude each other", "choose one")
    return names


def _assume_utc(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is None:
        return frame.set_axis(frame.index.tz_localize("UTC")), len(frame)
    return frame, 0


def _blank_text(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    touched = np.zeros(len(frame), np.bool_)
    for name in _present(frame, COLUMNS):
        values, text = table.numbers(frame[name])
        touched[text] = True
        frame[name] = values
    return frame, int(touched.sum())


def _blank_volume(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    if not _present(frame, ("volume",)):
        return frame, 0
    volume, _ = table.numbers(frame["volume"])
    wrong = (volume < 0) | np.isinf(volume)
    return (frame.assign(volume=np.where(wrong, np.nan, volume)) if wrong.any() else frame), int(wrong.sum())


def _drop_nan(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    wrong = np.zeros(len(frame), np.bool_)
    for values, text in _prices(frame):
        absent = ~np.isfinite(values)
        absent[text] = False  # text is a fault of its own
        wrong |= absent
    time = table.stamps(frame)
    return _drop(frame, wrong if time is None else wrong | (time == NO_TIME))


def _drop_nonpositive(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    wrong = np.zeros(len(frame), np.bool_)
    for values, _ in _prices(frame):
        wrong |= values <= 0
    return _drop(frame, wrong)


def _widen(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    if len(_present(frame, PRICES)) < len(PRICES):
        return frame, 0
    wrong, four = _inconsistent(frame), np.stack([values for values, _ in _prices(frame)])
    if not wrong.any():
        return frame, 0
    high, low = np.where(wrong, four.max(axis=0), four[1]), np.where(wrong, four.min(axis=0), four[2])
    return frame.assign(high=high, low=low), int(wrong.sum())


def _drop_inconsistent(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    return _drop(frame, _inconsistent(frame))


def _drop_duplicates(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    time = table.stamps(frame)
    if time is None:
        return frame, 0
    first = table.first_of_stamp(time)
    values = {name: table.numbers(frame[name])[0] for name in _present(frame, COLUMNS)}
    return _drop(frame, (first != np.arange(first.size)) & table.agrees(values, first))


def _keep_first(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    time = table.stamps(frame)
    if time is None:
        return frame, 0
    return _drop(frame, table.first_of_stamp(time) != np.arange(time.size))


def _keep_last(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    kept, touched = _keep_first(frame.iloc[::-1])
    return (kept.iloc[::-1] if touched else frame), touched


def _sort(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    time = table.stamps(frame)
    if time is None or (np.diff(time) >= 0).all():
        return frame, 0
    order = np.argsort(time, kind="stable")
    return frame.iloc[order], int((order != np.arange(order.size)).sum())


def _present(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    columns = list(frame.columns)
    return [name for name in names if columns.count(name) == 1]


def _prices(frame: pd.DataFrame) -> list[tuple[Floats, table.Rows]]:
    return [table.numbers(frame[name]) for name in _present(frame, PRICES)]


def _inconsistent(frame: pd.DataFrame) -> Mask:
    if len(_present(frame, PRICES)) < len(PRICES):
        return np.zeros(len(frame), np.bool_)
    opened, high, low, close = (values for values, _ in _prices(frame))
    return (high < low) | (high < opened) | (high < close) | (low > opened) | (low > close)


def _drop(frame: pd.DataFrame, wrong: Mask) -> tuple[pd.DataFrame, int]:
    return (frame[~wrong] if wrong.any() else frame), int(wrong.sum())


# In the order in which they are applied.
REMEDIES: dict[str, tuple[Remedy, str]] = {
    "assume_utc": (_assume_utc, "taken as UTC"),
    "blank_text": (_blank_text, "with text in place of a number, now unknown"),
    "blank_volume": (_blank_volume, "with an impossible volume, now unknown"),
    "drop_nan": (_drop_nan, "without a stamp or a price dropped"),
    "drop_nonpositive": (_drop_nonpositive, "with a price of zero or below dropped"),
    "widen": (_widen, "with high and low widened to hold all four prices"),
    "drop_inconsistent": (_drop_inconsistent, "with a high or low inside the bar dropped"),
    "drop_duplicates": (_drop_duplicates, "dropped as copies"),
    "keep_first": (_keep_first, "dropped for an earlier row of their stamp"),
    "keep_last": (_keep_last, "dropped for a later row of their stamp"),
    "sort": (_sort, "moved into the order of time"),
}
