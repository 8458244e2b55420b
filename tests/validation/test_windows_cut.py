"""Windows by bars and by the number of tests, against tables worked out by hand, and what is refused."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.errors import UserError
from framework.validation.windows import Lengths, duration, length, windows
from tests import examples

KINDS = ("rolling", "anchored")
LAST = pd.Timedelta(microseconds=1)


def days(n: int, first: str = "2024-01-01") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=n, freq="D", tz="UTC")


def rows(calendar: pd.DatetimeIndex, lengths: Lengths) -> list[tuple[int, int, int]]:
    """First training bar, first test bar and the bar after the test; the windows' stamps are those bars' opens."""
    made = windows(calendar, lengths)
    stops = calendar.append(pd.DatetimeIndex([calendar[-1] + LAST]))
    assert [window.number for window in made] == list(range(len(made)))
    bar = {stamp: row for row, stamp in enumerate(stops)}
    return [(bar[window.train_start], bar[window.test_start], bar[window.test_end]) for window in made]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (13, [(0, 4, 7), (3, 7, 10), (6, 10, 13)]),  # comes out even
        (14, [(0, 4, 7), (3, 7, 10), (6, 10, 14)]),  # one of three left over: under half, the last is longer
        (15, [(0, 4, 7), (3, 7, 10), (6, 10, 13), (9, 13, 15)]),  # two: a shorter test of its own
        (6, [(0, 4, 6)]),
    ],
)
def test_rolling_by_bars(bars: int, expected: list[tuple[int, int, int]]) -> None:
    assert rows(days(bars), Lengths("rolling", "4 bars", "3 bars")) == expected
    anchored = [(0, *window[1:]) for window in expected]
    assert rows(days(bars), Lengths("anchored", "4 bars", "3 bars")) == anchored


def test_exactly_half_a_test_in_bars_is_one_of_its_own() -> None:
    assert rows(days(9), Lengths("rolling", "1 bar", "4 bars")) == [(0, 1, 5), (4, 5, 9)]
    assert rows(days(11), Lengths("rolling", "1 bar", "4 bars")) == [(0, 1, 5), (4, 5, 9), (8, 9, 11)]
    assert rows(days(10), Lengths("rolling", "1 bar", "4 bars")) == [(0, 1, 5), (4, 5, 10)]


def test_bars_count_over_weekends_and_gaps() -> None:
    calendar = pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08", "2024-03-01", "2024-03-02"], tz="UTC")
    assert rows(calendar, Lengths("rolling", "2 bars", "1 bar")) == [(0, 2, 3), (1, 3, 4), (2, 4, 5)]


@pytest.mark.parametrize(
    ("bars", "count", "tests"),
    [(14, 5, [2, 2, 2, 2, 2]), (16, 5, [2, 2, 3, 2, 3]), (9, 5, [1] * 5), (13, 1, [9]), (15, 2, [5, 6])],
)
def test_so_many_tests_of_bars(bars: int, count: int, tests: list[int]) -> None:
    made = rows(days(bars), Lengths("rolling", "4 bars", count=count))
    assert [stop - start for _, start, stop in made] == tests
    assert all(start - begun == 4 for begun, start, _ in made)
    assert rows(days(bars), Lengths("anchored", "4 bars", count=count)) == [(0, *window[1:]) for window in made]


def test_so_many_tests_of_calendar_time() -> None:
    calendar = pd.date_range("2020-01-01", "2024-01-01", freq="h", tz="UTC", inclusive="left")
    made = windows(calendar, Lengths("rolling", "1y", count=3))
    # 2021 to 2023 are 1095 days; the last test ends with the last bar, an hour before the year does.
    assert [f"{w.test_start:%Y-%m-%d %H:%M}" for w in made] == [
        "2021-01-01 00:00",
        "2021-12-31 23:40",
        "2022-12-31 23:20",
    ]
    tests = [w.test_end - w.test_start for w in made]
    assert max(tests) - min(tests) <= LAST and made[-1].test_end == calendar[-1] + LAST
    assert {w.test_start - w.train_start for w in made} == {pd.Timedelta(days=366)}  # as long as the first, of 2020
    assert all(w.train_start == calendar[0] for w in windows(calendar, Lengths("anchored", "1y", count=3)))


@settings(max_examples=examples(100), deadline=None)
@given(
    n=st.integers(2, 300),
    train=st.integers(1, 60),
    test=st.integers(1, 60),
    count=st.none() | st.integers(1, 40),
    kind=st.sampled_from(KINDS),
)
def test_every_bar_after_the_first_training_is_tested_once(
    n: int, train: int, test: int, count: Any, kind: Any
) -> None:
    said = None if count else f"{test} bars"
    try:
        made = rows(days(n), Lengths(kind, f"{train} bars", said, count))
    except UserError:
        assert train >= n or (count or 0) > n - train or (not count and 2 * (n - train) < test)
        return
    assert made[0][1] == train and made[-1][2] == n
    assert all(before[2] == after[1] for before, after in pairwise(made))
    tests = np.array([stop - start for _, start, stop in made])
    if count:
        assert len(made) == count and np.ptp(tests) <= 1
    else:
        assert (tests[:-1] == test).all() and test <= 2 * tests[-1] and 2 * tests[-1] < 3 * test
    assert all(begun == (0 if kind == "anchored" else start - train) for begun, start, _ in made)


@settings(max_examples=examples(100), deadline=None)
@given(
    gaps=st.lists(st.integers(1, 40), min_size=30, max_size=200),
    train=st.sampled_from(["40d", "1m", "10w", "1y"]),
    lengths=st.sampled_from([("60d", None), ("3m", None), ("1y", None), (None, 1), (None, 4)]),
    kind=st.sampled_from(KINDS),
)
def test_calendar_windows_of_any_bars(gaps: list[int], train: str, lengths: Any, kind: Any) -> None:
    calendar = pd.Timestamp("2020-01-31 09:30", tz="UTC") + pd.to_timedelta(np.cumsum(gaps), unit="D")
    try:
        made = windows(calendar, Lengths(kind, train, *lengths))
    except UserError:
        return
    assert made[0].test_start == calendar[0] + duration(train, "") and made[-1].test_end == calendar[-1] + LAST
    assert all(before.test_end == after.test_start for before, after in pairwise(made))
    for window in made:
        assert ((calendar >= window.train_start) & (calendar < window.test_start)).any()
        assert ((calendar >= window.test_start) & (calendar < window.test_end)).any()
        assert kind == "rolling" or window.train_start == calendar[0]
    assert not lengths[1] or len(made) == lengths[1]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("lengths", [Lengths("rolling", "4 bars", "3 bars"), Lengths("rolling", "4d", "3d")])
@pytest.mark.parametrize("count", [None, 3])
def test_the_resolution_of_the_stamps_makes_no_difference(unit: Any, lengths: Lengths, count: int | None) -> None:
    if count:
        lengths = dataclasses.replace(lengths, test=None, count=count)
    assert windows(days(40).as_unit(unit), lengths) == windows(days(40).as_unit("us"), lengths)


def test_a_test_is_a_year_unless_said() -> None:
    assert windows(days(2000), Lengths()) == windows(days(2000), Lengths("rolling", "3y", "1y"))


MORE = "windows.count: {} tests are more than the 4 bars that follow the first training; 4 or fewer"
MIXED = "windows.test: {} beside a training of {}; both in bars or both in calendar time, or windows.count"
READ = "{} is not a length; a number with y, m, w or d, as 4y, 6m, 8w or 90d, or of bars, as 2000 bars"
LONG = "windows.train: the data, 2024-01-01 to 2024-01-09, ends before the first test would begin; a training shorter"


@pytest.mark.parametrize(
    ("bars", "given", "told"),
    [
        (0, {}, "windows.train: there are no bars; data"),
        (
            9,
            {"train": "9 bars", "count": 1},
            "windows.train: '9 bars' leave none of the 9 bars to test; a shorter training",
        ),
        (9, {"train": "9d", "test": "1d"}, f"{LONG} than '9d'"),
        (
            9,
            {"train": "5 bars", "test": "9 bars"},
            "windows.test: '9 bars' is more than twice what follows the first training; a shorter test",
        ),
        (9, {"train": "5 bars", "count": 5}, MORE.format(5)),
        (9, {"train": "5d", "count": 5}, MORE.format(5)),
        (9, {"train": "5d", "count": 10**12}, MORE.format(10**12)),
        (9, {"train": "5 bars", "count": 10**12}, MORE.format(10**12)),
        (9, {"count": 0}, "windows.count: is 0; 1 or more tests"),
        (9, {"count": -1}, "windows.count: is -1; 1 or more tests"),
        (
            9,
            {"test": "1y", "count": 5},
            "windows.count: 5 tests and tests of '1y' are both asked for; either windows.test or windows.count",
        ),
        (9, {"train": "5 bars"}, MIXED.format("'1y'", "'5 bars'")),
        (9, {"train": "5d", "test": "2 bars"}, MIXED.format("'2 bars'", "'5d'")),
        (9, {"train": "5h"}, "windows.train: " + READ.format("'5h'")),
        (9, {"test": "5 ticks"}, "windows.test: " + READ.format("'5 ticks'")),
        (9, {"kind": "roling"}, "windows.kind: 'roling' is none; did you mean 'rolling'?"),
    ],
)
def test_what_cannot_be_is_the_users_to_mend(bars: int, given: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as raised:
        windows(days(bars), Lengths(**given))
    assert str(raised.value) == told


def test_windows_without_a_bar_are_refused() -> None:
    calendar = days(20).append(days(20, "2024-03-01"))  # nothing from January 21 to the end of February
    with pytest.raises(
        UserError,
        match=r"^windows\.test: no bar lies in the test from 2024-01-25 00:00 to 2024-02-04 00:00; a longer one$",
    ):
        windows(calendar, Lengths("anchored", "14d", "10d"))
    with pytest.raises(UserError, match=r"^windows\.train: no bar lies in the training from 2024-01-21 00:00 to "):
        windows(calendar, Lengths("rolling", "4d", "10d"))
    with pytest.raises(UserError, match=r"^windows\.count: no bar lies in the test .*; fewer tests$"):
        windows(calendar, Lengths("anchored", "14d", count=6))
    assert len(windows(calendar, Lengths("anchored", "14d", count=2))) == 2


@pytest.mark.parametrize(
    ("text", "bars"), [("1 bar", 1), ("1 bars", 1), ("2000 bars", 2000), ("999999999 bars", 999_999_999)]
)
def test_lengths_in_bars(text: str, bars: int) -> None:
    assert length(text, "") == bars


@pytest.mark.parametrize(
    "text", ["0 bars", "2000", "2000bars", "2000  bars", "-1 bars", "1.5 bars", "٣ bars", "1 bars\n", "1e3 bars"]
)
def test_what_is_no_length_in_bars(text: str) -> None:
    with pytest.raises(UserError, match=r"(?s)^windows\.test: .* is not a length; .*as 2000 bars$"):
        length(text, "windows.test")
