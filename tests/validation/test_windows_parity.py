"""The same bars train and test as in skfolio's WalkForward; where ours differ on purpose, by exactly how much.

Ours cut the embargo off the training's end; theirs, where windows are counted in bars, put it between training and test
instead. So a training of ours is their `train_size` and their `purged_size` together.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from skfolio.model_selection import WalkForward

from framework.bars import Bars
from framework.validation.training import Sight
from framework.validation.walk import row_at
from framework.validation.windows import Kind, Lengths, windows

Fold: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
KINDS: tuple[Kind, ...] = ("rolling", "anchored")


def weekdays(first: str, n: int, seed: int) -> pd.DatetimeIndex:
    """Business days of which one in ten is missing."""
    calendar = pd.bdate_range(first, periods=n, tz="UTC")
    return calendar[np.append(True, np.random.default_rng(seed).random(n - 1) > 0.1)]


def ours(calendar: pd.DatetimeIndex, lengths: Lengths, embargo: int) -> list[Fold]:
    table = pd.DataFrame(1.0, index=calendar, columns=["open", "high", "low", "close", "volume"])
    bars, made = Bars.from_frame(table, "TEST"), windows(calendar, lengths)
    trainings = [Sight.of(bars, window, embargo) for window in made]
    tests = [np.arange(row_at(bars, window.test_start), row_at(bars, window.test_end)) for window in made]
    return [(np.arange(one.first, one.last), test) for one, test in zip(trainings, tests, strict=True)]


def theirs(calendar: pd.DatetimeIndex, kind: Kind, purged: int, **options: Any) -> list[Fold]:
    walk = WalkForward(expand_train=kind == "anchored", purged_size=purged, **options)
    return list(walk.split(pd.DataFrame(0.0, index=calendar, columns=["a"])))


def joined(folds: list[Fold]) -> list[Fold]:
    """With the last test, which is less than half of one, put to the one before."""
    (train, test), (_, rest) = folds[-2:]
    return [*folds[:-2], (train, np.concatenate([test, rest]))]


def same(one: list[Fold], other: list[Fold]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("embargo", [0, 7])
@pytest.mark.parametrize(("train", "test"), [(20, 5), (20, 8), (11, 30), (50, 1), (33, 7)])
@pytest.mark.parametrize("n", range(100, 130, 4))
def test_by_bars(kind: Kind, embargo: int, train: int, test: int, n: int) -> None:
    calendar = weekdays("2018-01-01", 2 * n, n)[:n]
    mine = ours(calendar, Lengths(kind, f"{train} bars", f"{test} bars"), embargo)
    sizes = {"train_size": train - embargo, "test_size": test}
    rest = (n - train) % test
    reduced = theirs(calendar, kind, embargo, reduce_test=True, **sizes)
    assert same(mine, joined(reduced) if 0 < 2 * rest < test else reduced)
    whole = theirs(calendar, kind, embargo, **sizes)  # bars left over are not tested at all
    assert same(whole[:-1], mine[: len(whole) - 1]) and len(mine) - len(whole) == (2 * rest >= test)


CALENDARS = {
    "hours": pd.date_range("2018-01-01", periods=24 * 700, freq="h", tz="UTC"),
    "days": pd.date_range("2018-01-01 09:30", periods=1000, freq="D", tz="UTC"),
    "weekdays": weekdays("2018-01-01", 900, 0),
}
FREQUENCIES = [  # freq, their train_size and test_size, our train and test
    ("MS", 6, 1, "6m", "1m"),
    ("MS", 4, 3, "4m", "3m"),
    ("QS", 2, 1, "6m", "3m"),
    ("YS", 1, 1, "1y", "1y"),
    ("7D", 8, 2, "8w", "2w"),
    ("D", 90, 31, "90d", "31d"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("freq", "train_size", "test_size", "train", "test"), FREQUENCIES)
@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize("short", [0, 9, 200])
def test_by_calendar(
    kind: Kind, freq: str, train_size: int, test_size: int, train: str, test: str, name: str, short: int
) -> None:
    calendar, embargo = CALENDARS[name][: len(CALENDARS[name]) - short], 5
    grid = pd.date_range(calendar[0], periods=2000, freq=freq)[train_size::test_size]
    last = int(grid.searchsorted(calendar[-1], side="right")) - 1  # the one the data ends in
    half = calendar[-1] + pd.Timedelta(microseconds=1) - grid[last] < (grid[last] - grid[last - 1]) / 2
    found = theirs(calendar, kind, embargo, freq=freq, train_size=train_size, test_size=test_size, reduce_test=True)
    assert len(found) == last + 1
    assert same(ours(calendar, Lengths(kind, train, test), embargo), joined(found) if half else found)


def test_a_start_without_a_bar_is_the_next_bar_and_theirs_may_be_the_one_before() -> None:
    """Theirs with `previous`, and with a training given as an offset, begin a bar earlier than ours there."""
    calendar = CALENDARS["weekdays"]
    options = {"freq": "MS", "test_size": 1, "reduce_test": True}
    made, mine = windows(calendar, Lengths("rolling", "6m", "1m")), ours(calendar, Lengths("rolling", "6m", "1m"), 0)
    earlier = theirs(calendar, "rolling", 0, train_size=6, previous=True, **options)
    offset = theirs(calendar, "rolling", 0, train_size=pd.DateOffset(months=6), **options)
    assert len(mine) + 1 == len(earlier) == len(offset)  # ours have joined the last
    between = 0
    for window, (train, test), before, by_offset in zip(made, mine, earlier[:-1], offset[:-1], strict=True):
        early_train, early_test = int(window.train_start not in calendar), int(window.test_start not in calendar)
        assert before[0][0] == train[0] - early_train and before[1][0] == test[0] - early_test
        assert by_offset[0][0] == train[0] - early_train and by_offset[1][0] == test[0]
        between += early_train + early_test
    assert between > 20


def test_months_from_a_month_end_are_counted_afresh_and_theirs_drift() -> None:
    calendar = pd.date_range("2022-12-31", "2023-08-31", freq="D", tz="UTC")
    months = theirs(calendar, "rolling", 0, train_size=1, test_size=1, freq=pd.DateOffset(months=1))
    starts = [f"{calendar[test[0]]:%m-%d}" for _, test in months]
    assert starts == ["01-31", "02-28", "03-28", "04-28", "05-28", "06-28", "07-28"]
    mine = ours(calendar, Lengths("rolling", "1m", "1m"), 0)
    starts = [f"{calendar[test[0]]:%m-%d}" for _, test in mine]
    assert starts == ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31"]


def test_a_test_without_a_bar_is_left_out_by_theirs_and_refused_by_ours() -> None:
    calendar = CALENDARS["days"][:100].append(CALENDARS["days"][140:300])
    sizes = {"train_size": 60, "test_size": 20, "freq": "D", "reduce_test": True}
    tests = [test for _, test in theirs(calendar, "anchored", 0, **sizes)]
    assert len(tests) == 10 and np.array_equal(np.concatenate(tests), np.arange(60, 260))
    with pytest.raises(ValueError, match=r"^windows\.test: no bar lies in the test from 2018-04-11 09:30 to "):
        windows(calendar, Lengths("anchored", "60d", "20d"))
