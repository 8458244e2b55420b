"""Purged combinatorial cross-validation: every choice of groups is tested once, trained on what cannot know of it.

López de Prado, Advances in Financial Machine Learning, 2018: purging and embargo in chapter 7, paths in chapter 12.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import UserError
from .windows import INSTANT

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Times: TypeAlias = NDArray[np.datetime64]

MOST = 10_000  # splits: each is a whole search
SHARE = 100  # the embargo is at least one bar in so many
NONE = np.timedelta64(0, "us")


@dataclass(frozen=True)
class Group:
    """A run of bars as a calendar interval [start, end), UTC."""

    number: int
    start: pd.Timestamp
    end: pd.Timestamp


@dataclass(frozen=True)
class Split:
    """One choice of the groups that are tested, ascending; neighbours stay apart. The others are for the training."""

    number: int
    tests: tuple[Group, ...]


@dataclass(frozen=True)
class Combinatorial:
    """Cut time into `groups`, test every choice of `tested` of them. Raises UserError where there is nothing to choose.

    That makes C(groups, tested) splits and C(groups-1, tested-1) paths; tested = 1 is purged k-fold with one path.
    """

    groups: int = 6
    tested: int = 2

    def __post_init__(self) -> None:
        if self.groups < 2:
            raise UserError("combinatorial.groups", f"is {self.groups}", "2 or more groups")
        if not 1 <= self.tested < self.groups:
            wrong = f"{self.tested} of {self.groups} groups cannot be tested"
            raise UserError("combinatorial.tested", wrong, f"1 to {self.groups - 1}, so that some are left to train on")
        if self.groups > MOST or math.comb(self.groups, self.tested) > MOST:
            wrong = f"{self.groups} groups, {self.tested} tested, are more than {MOST} splits, a search each"
            raise UserError("combinatorial.groups", wrong, "fewer groups")

    def grouped(self, calendar: pd.DatetimeIndex) -> tuple[Group, ...]:
        """The groups, of equally many bars, the first ones of one more where that does not come out even.

        calendar: the opens of all markets' bars, UTC, ascending, each once. Raises UserError where a group has no bar.
        """
        if self.groups > len(calendar):
            wrong = f"{self.groups} groups are more than the {len(calendar)} bars"
            raise UserError("combinatorial.groups", wrong, "fewer groups, or more data")
        sizes = [len(rows) for rows in np.array_split(np.arange(len(calendar)), self.groups)]
        starts = [calendar[row] for row in np.cumsum([0, *sizes[:-1]])]
        ends = [*starts[1:], calendar[-1] + INSTANT]
        return tuple(Group(*row) for row in zip(range(self.groups), starts, ends, strict=True))

    def splits(self, calendar: pd.DatetimeIndex) -> list[Split]:
        """All the choices in lexicographic order, over the groups of `grouped`."""
        chosen = itertools.combinations(self.grouped(calendar), self.tested)
        return [Split(number, tests) for number, tests in enumerate(chosen)]

    @property
    def paths(self) -> Ints:
        """For each path and group, shape (paths, groups), the number of the split whose test of that group it takes.

        Path p takes of every group its p-th test, as figure 12.2 of the book does: every test is in one path.
        """
        chosen = np.array(list(itertools.combinations(range(self.groups), self.tested)))
        tests = (chosen[:, :, None] == np.arange(self.groups)).any(axis=1)
        return np.column_stack([np.flatnonzero(of_group) for of_group in tests.T])


def kept(
    signal: Times, closed: Times, tests: Sequence[Group], embargo: np.timedelta64, lag: np.timedelta64 = NONE
) -> Bools:
    """Which of n trades may train where `tests` are tested.

    signal, closed: opens of the bars of a trade's signal and exit, UTC, shape (n,); closed NaT: still open. Not kept is
    a trade whose life touches a test: [signal, closed], both bars in it, an open trade's without an end. Nor is one
    whose signal lies in [end, end + embargo) of a test (`embargo_after` says what the embargo must be), or in
    [start - lag, start): the gap that the walk-forward's training leaves, too, though a signal that is made of nothing
    later than its own bar, as the check proves, needs none.
    """
    by_start = sorted(tests, key=lambda test: test.start)
    start = _stamps([test.start for test in by_start])
    end = np.maximum.accumulate(_stamps([test.end for test in by_start]))
    begun = np.searchsorted(start, signal, side="right")  # how many tests begin at or before the signal
    never = np.array(["NaT"], dtype="datetime64[us]")  # no comparison with it is true
    over, coming = np.concatenate([never, end + embargo])[begun], np.concatenate([start, never])[begun]
    touched = (signal < over) | (closed >= coming) | (signal + lag >= coming)
    return np.asarray(~(touched | (np.isnat(closed) & ~np.isnat(coming))))


def embargo_after(time: Times, longest: int, lag: int = 0) -> np.timedelta64:
    """The embargo after a test: the longest time that max(`longest`, `lag`, 1 % of the bars) of a market's bars take.

    time: the opens of the market's bars, ascending. longest: most bars from a trade's signal to its exit; trades of the
    test live on after its end by as much, and a training that trades then would see what became of them. lag: most bars
    from what a setup is made of to its being known; setups known within it after the end are made of the test's bars.
    1 % is the book's, for what else lasts from one bar to the next. Of several markets take the longest of all.
    """
    return stretch(time, max(longest, lag, -(-len(time) // SHARE)))


def stretch(time: Times, bars: int) -> np.timedelta64:
    """The longest time from a bar's open to that of the bar so many later, of all bars when there are not so many."""
    bars = min(bars, len(time) - 1)
    return np.timedelta64((time[bars:] - time[: len(time) - bars]).max(), "us") if bars > 0 else NONE


def _stamps(moments: Sequence[pd.Timestamp]) -> Times:
    return np.array([moment.tz_convert(None).to_datetime64() for moment in moments], dtype="datetime64[us]")
