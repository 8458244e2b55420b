"""Walk-forward windows: calendar intervals shared by all symbols, cut by calendar time or by bars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias, get_args

import numpy as np
import pandas as pd

from ..errors import UserError, nearest

Kind: TypeAlias = Literal["rolling", "anchored"]
TEST = "1y"  # where neither a test nor a count is given
INSTANT = pd.Timedelta(microseconds=1)  # after the last bar's open: the half-open end that holds it


@dataclass(frozen=True)
class Window:
    """Train on [train_start, train_end), test on [test_start, test_end); stamps are UTC and half open.

    What the training may use ends the embargo before `test_start`; the embargo counts bars, so it is each symbol's.
    """

    number: int
    train_start: pd.Timestamp
    test_start: pd.Timestamp
    test_end: pd.Timestamp


@dataclass(frozen=True)
class Lengths:
    """How the windows are cut. rolling: the training moves along; anchored: it always starts at the first bar.

    train: '4y', '6m' (months), '8w', '90d' or '2000 bars'. test: as train and of the same kind, calendar time or bars;
    or instead of it, count: how many tests what follows the first training is cut into. A year where neither is given.
    Raises UserError for lengths that no data could have.
    """

    kind: Kind = "rolling"
    train: str = "3y"
    test: str | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UserError("windows.kind", f"'{self.kind}' is none", nearest(self.kind, get_args(Kind)))
        train = length(self.train, "windows.train")
        if self.count is not None and self.test is not None:
            both = f"{self.count} tests and tests of '{self.test}' are both asked for"
            raise UserError("windows.count", both, "either windows.test or windows.count")
        if self.count is not None and self.count < 1:
            raise UserError("windows.count", f"is {self.count}", "1 or more tests")
        if self.count is None and isinstance(train, int) != isinstance(length(self.step, "windows.test"), int):
            mixed = f"'{self.step}' beside a training of '{self.train}'"
            raise UserError("windows.test", mixed, "both in bars or both in calendar time, or windows.count")

    @property
    def step(self) -> str:
        """The length of a test where it is not the count that says it."""
        return TEST if self.test is None else self.test


def length(text: str, where: str) -> pd.DateOffset | int:
    """Calendar time as `duration` reads it, or the number of '2000 bars'. Raises UserError for any other text."""
    bars = re.fullmatch(r"([1-9][0-9]{0,8}) bars?", text)
    found = int(bars[1]) if bars else _calendar_time(text)
    if found is None:
        right = "a number with y, m, w or d, as 4y, 6m, 8w or 90d, or of bars, as 2000 bars"
        raise UserError(where, f"'{text}' is not a length", right)
    return found


def duration(text: str, where: str) -> pd.DateOffset:
    """'4y', '6m', '8w' or '90d' as calendar time (m is months here). Raises UserError for any other text."""
    found = _calendar_time(text)
    if found is None:
        right = "a number with y, m, w or d, as 4y, 6m, 8w or 90d"
        raise UserError(where, f"'{text}' is not a length of time", right)
    return found


def _calendar_time(text: str) -> pd.DateOffset | None:
    match = re.fullmatch(r"([1-9][0-9]{0,3})([ymwd])", text)
    if not match:
        return None
    unit = {"y": "years", "m": "months", "w": "weeks", "d": "days"}[match[2]]
    return pd.DateOffset(**{unit: int(match[1])})  # type: ignore[arg-type]  # the stubs want each unit spelled out


def windows(calendar: pd.DatetimeIndex, lengths: Lengths) -> list[Window]:
    """Windows from the first bar to the last: tests follow one another without a gap, each after its training.

    calendar: the opens of all markets' bars, UTC, ascending, each once; where lengths are in bars, it is these that
    are counted. What is left over at the end and is less than half a test makes the last test longer, else it is a
    shorter test of its own. Tests that are counted differ by at most a microsecond, or by at most a bar. A rolling
    training has always the same bars, or the first one's calendar length as months and leap days allow. Raises
    UserError where not one window fits, or a training or a test would hold no bar.
    """
    if not len(calendar):
        raise UserError("windows.train", "there are no bars", "data")
    calendar, train = calendar.as_unit("us"), length(lengths.train, "windows.train")
    made = _by_bars(calendar, train, lengths) if isinstance(train, int) else _by_time(calendar, lengths)
    _refuse_empty(calendar, made, "windows.count" if lengths.count else "windows.test")
    return made


def _by_bars(calendar: pd.DatetimeIndex, train: int, lengths: Lengths) -> list[Window]:
    after = len(calendar) - train
    if after < 1:
        held = f"'{lengths.train}' leave none of the {len(calendar)} bars to test"
        raise UserError("windows.train", held, "a shorter training")
    test = length(lengths.step, "windows.test")
    if lengths.count:
        _refuse_more(lengths.count, after)
        edges = [after * k // lengths.count for k in range(lengths.count)]
    elif isinstance(test, int):
        edges = list(range(0, after - (test + 1) // 2 + 1, test))  # a test begins where half of it is left
        if not edges:
            _refuse_longer(lengths.step)
    starts = [0 if lengths.kind == "anchored" else edge for edge in edges]
    stops = [*(calendar[train + edge] for edge in edges), calendar[-1] + INSTANT]
    return _made([calendar[start] for start in starts], stops)


def _by_time(calendar: pd.DatetimeIndex, lengths: Lengths) -> list[Window]:
    first, last = calendar[0], calendar[-1]
    start, end = _after(first, duration(lengths.train, "windows.train"), "windows.train", lengths.train), last + INSTANT
    if start >= end:
        held = f"the data, {first:%Y-%m-%d} to {last:%Y-%m-%d}, ends before the first test would begin"
        raise UserError("windows.train", held, f"a training shorter than '{lengths.train}'")
    steps: Sequence[pd.DateOffset | pd.Timedelta]
    if lengths.count:
        _refuse_more(lengths.count, len(calendar) - int(calendar.searchsorted(start)))
        steps = [(end - start) * k // lengths.count for k in range(lengths.count)]
    else:
        steps = _steps(start, end, lengths.step)
    starts = [first if lengths.kind == "anchored" else first + step for step in steps]
    return _made(starts, [*(start + step for step in steps), end])


def _steps(start: pd.Timestamp, end: pd.Timestamp, said: str) -> list[pd.DateOffset]:
    """How far each test begins after the first: from there afresh, since month ends added one by one would drift."""
    test = duration(said, "windows.test")
    steps, begun, stop = [0 * test], start, _after(start, test, "windows.test", said)
    if end - start < (stop - start) / 2:
        _refuse_longer(said)
    while end - stop >= (stop - begun) / 2:
        steps.append(len(steps) * test)
        begun, stop = stop, _after(start, len(steps) * test, "windows.test", said)
    return steps


def _made(starts: Sequence[pd.Timestamp], edges: Sequence[pd.Timestamp]) -> list[Window]:
    return [Window(k, *row) for k, row in enumerate(zip(starts, edges[:-1], edges[1:], strict=True))]


def _refuse_longer(said: str) -> NoReturn:
    raise UserError("windows.test", f"'{said}' is more than twice what follows the first training", "a shorter test")


def _refuse_more(count: int, bars: int) -> None:
    if count > bars:
        held = f"{count} tests are more than the {bars} bars that follow the first training"
        raise UserError("windows.count", held, f"{bars} or fewer" if bars else "a shorter training")


def _refuse_empty(calendar: pd.DatetimeIndex, made: Sequence[Window], where: str) -> None:
    """A part without a bar would be a choice made from nothing, or a test in which nothing can happen."""
    for part, named, right in (
        ("training", "windows.train", "a longer one"),
        ("test", where, "fewer tests" if where == "windows.count" else "a longer one"),
    ):
        spans = [(w.train_start, w.test_start) if part == "training" else (w.test_start, w.test_end) for w in made]
        first, last = (calendar.searchsorted(pd.DatetimeIndex(ends)) for ends in zip(*spans, strict=True))
        for row in np.flatnonzero(first == last):
            start, end = (f"{stamp:%Y-%m-%d %H:%M}" for stamp in spans[row])
            raise UserError(named, f"no bar lies in the {part} from {start} to {end}", right)


def _after(moment: pd.Timestamp, length: pd.DateOffset, where: str, said: str) -> pd.Timestamp:
    try:
        return moment + length
    except (ValueError, OverflowError):
        raise UserError(where, f"'{said}' leads beyond the calendar", "a length that the data covers") from None
