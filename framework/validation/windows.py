"""Walk-forward windows: calendar intervals shared by all symbols."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..errors import UserError


@dataclass(frozen=True)
class Window:
    """Train on [train_start, train_end), test on [test_start, test_end); stamps are UTC and half open.

    What the training may use ends the embargo before `test_start`; the embargo counts bars, so it is each symbol's.
    """

    number: int
    train_start: pd.Timestamp
    test_start: pd.Timestamp
    test_end: pd.Timestamp


def duration(text: str, where: str) -> pd.DateOffset:
    """'4y', '6m', '8w' or '90d' as calendar time (m is months here). Raises UserError for any other text."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})([ymwd])", text)
    if not match:
        raise UserError(where, f"'{text}' is not a length of time", "a number with y, m, w or d, as 4y, 6m, 8w or 90d")
    unit = {"y": "years", "m": "months", "w": "weeks", "d": "days"}[match[2]]
    return pd.DateOffset(**{unit: int(match[1])})  # type: ignore[arg-type]  # the stubs want each unit spelled out


def walk_forward(
    first: pd.Timestamp, last: pd.Timestamp, kind: Literal["rolling", "anchored"], train: str, test: str
) -> list[Window]:
    """Windows from the first bar to the last: tests follow one another without a gap, each after its training.

    rolling: the training moves along; anchored: it always starts at `first`. Bars left over at the end that are
    less than half a test make the last test longer, else a shorter test of their own. Raises UserError when not one
    window fits.
    """
    learn, try_out = duration(train, "windows.train"), duration(test, "windows.test")
    end = last + pd.Timedelta(microseconds=1)
    windows: list[Window] = []
    start = _after(first, learn, "windows.train", train)
    while start < end:
        number = len(windows)
        # From the first bar afresh each time: month ends added up step by step would drift.
        stop = _after(first + learn, (number + 1) * try_out, "windows.test", test)
        if end - stop < (stop - start) / 2:
            stop = end
        begun = first if kind == "anchored" else first + number * try_out
        windows.append(Window(number, begun, start, stop))
        start = stop
    if not windows:
        held = f"the data, {first:%Y-%m-%d} to {last:%Y-%m-%d}, ends before the first test would begin"
        raise UserError("windows.train", held, f"a training shorter than '{train}'")
    if (
        end - windows[0].test_start
        < (_after(windows[0].test_start, try_out, "windows.test", test) - windows[0].test_start) / 2
    ):
        over = f"'{test}' is more than twice what follows the first training"
        raise UserError("windows.test", over, "a shorter test")
    return windows


def _after(moment: pd.Timestamp, length: pd.DateOffset, where: str, said: str) -> pd.Timestamp:
    try:
        return moment + length
    except (ValueError, OverflowError):
        raise UserError(where, f"'{said}' leads beyond the calendar", "a length that the data covers") from None
