"""Calendar windows, against dates worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

from framework.errors import UserError
from framework.validation.windows import Kind, Lengths, Window, duration, windows

KINDS: tuple[Kind, ...] = ("rolling", "anchored")
LAST = pd.Timedelta(microseconds=1)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def cut(first: pd.Timestamp, last: pd.Timestamp, kind: Kind, train: str, test: str) -> list[Window]:
    """The windows of daily bars, and one at `last`."""
    return windows(pd.date_range(first, last, freq="D").union(pd.DatetimeIndex([last])), Lengths(kind, train, test))


def shown(made: list[Window]) -> list[tuple[str, str, str]]:
    return [(f"{w.train_start:%Y-%m-%d}", f"{w.test_start:%Y-%m-%d}", f"{w.test_end:%Y-%m-%d}") for w in made]


def test_rolling() -> None:
    made = cut(day("2000-03-01"), day("2006-02-28"), "rolling", "3y", "1y")
    assert shown(made) == [
        ("2000-03-01", "2003-03-01", "2004-03-01"),
        ("2001-03-01", "2004-03-01", "2005-03-01"),
        ("2002-03-01", "2005-03-01", "2006-02-28"),
    ]
    assert [window.number for window in made] == [0, 1, 2]
    assert made[-1].test_end == day("2006-02-28") + LAST


def test_anchored() -> None:
    made = cut(day("2000-03-01"), day("2006-02-28"), "anchored", "3y", "1y")
    assert shown(made) == [
        ("2000-03-01", "2003-03-01", "2004-03-01"),
        ("2000-03-01", "2004-03-01", "2005-03-01"),
        ("2000-03-01", "2005-03-01", "2006-02-28"),
    ]


def test_month_ends_do_not_drift() -> None:
    made = cut(day("2020-12-31"), day("2021-08-31"), "rolling", "1m", "1m")
    assert [f"{window.test_start:%m-%d}" for window in made] == [
        "01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31",
    ]  # fmt: skip
    assert [f"{window.train_start:%m-%d}" for window in made] == [
        "12-31", "01-31", "02-28", "03-31", "04-30", "05-31", "06-30",
    ]  # fmt: skip


def test_leap_days_do_not_drift() -> None:
    made = cut(day("2012-02-29"), day("2021-02-20"), "rolling", "4y", "1y")
    assert [f"{window.test_start:%Y-%m-%d}" for window in made] == [
        "2016-02-29", "2017-02-28", "2018-02-28", "2019-02-28", "2020-02-29",
    ]  # fmt: skip


def test_weeks_and_days() -> None:
    assert shown(cut(day("2024-01-01"), day("2024-02-18"), "rolling", "2w", "14d")) == [
        ("2024-01-01", "2024-01-15", "2024-01-29"),
        ("2024-01-15", "2024-01-29", "2024-02-18"),
    ]


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        ("2024-01-27", ["2024-01-21", "2024-01-27"]),  # over half: a test of its own
        ("2024-01-26", ["2024-01-21", "2024-01-26"]),  # exactly half
        ("2024-01-25", ["2024-01-25"]),  # under half: the last test is longer
        ("2024-01-31", ["2024-01-21", "2024-01-31"]),
    ],
)
def test_bars_left_over(last: str, ends: list[str]) -> None:
    made = cut(day("2024-01-01"), day(last), "rolling", "10d", "10d")
    assert len(made) == len(ends)
    assert [f"{window.test_end:%Y-%m-%d}" for window in made] == ends


def test_a_first_test_that_is_short_stands_alone_down_to_half() -> None:
    assert len(cut(day("2024-01-01"), day("2024-01-16"), "rolling", "10d", "10d")) == 1
    with pytest.raises(UserError, match=r"^windows\.test: "):
        cut(day("2024-01-01"), day("2024-01-15"), "rolling", "10d", "10d")


@pytest.mark.parametrize("last", ["2000-01-02", "2002-12-31"])
def test_data_shorter_than_the_training(last: str) -> None:
    with pytest.raises(UserError, match=r"^windows\.train: .*2000-01-01 to .*; a training shorter than '3y'$"):
        cut(day("2000-01-01"), day(last), "rolling", "3y", "1y")


@pytest.mark.parametrize(
    ("first", "last", "train", "test"),
    [
        # 14.5 days are more than half of February, the test before, and less than half of January.
        ("2021-01-01", "2021-03-15 12:00", "1m", "1m"),
        # 182.75 days: more than half of 365 and less than half of 366, the year from the first bar.
        ("2003-03-01", "2006-08-30 18:00", "2y", "1y"),
    ],
)
def test_half_a_test_is_half_of_the_test_before(first: str, last: str, train: str, test: str) -> None:
    assert len(cut(day(first), day(last), "rolling", train, test)) == 2


@pytest.mark.parametrize(("train", "test"), [("9999y", "1y"), ("1y", "9999y"), ("9999y", "9999y")])
def test_lengths_beyond_the_calendar_are_the_users_to_mend(train: str, test: str) -> None:
    with pytest.raises(UserError):
        cut(day("2000-01-01"), day("2010-01-01"), "rolling", train, test)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("train", "test"), [("2y", "1y"), ("5m", "1m"), ("6w", "3w"), ("100d", "17d")])
@pytest.mark.parametrize("extra", range(0, 400, 13))
def test_tests_follow_one_another_and_each_its_training(kind: Kind, train: str, test: str, extra: int) -> None:
    first = day("2015-01-31 09:30")
    last = day("2019-03-30 16:00") + pd.Timedelta(days=extra, hours=extra)
    try:
        made = cut(first, last, kind, train, test)
    except UserError:
        pytest.fail(f"four years hold windows of {train} and {test}")
    assert all(before.test_end == after.test_start for before, after in pairwise(made))
    assert made[0].test_start == first + duration(train, "")
    assert made[-1].test_end == last + LAST
    for number, window in enumerate(made):
        assert window.number == number
        assert first <= window.train_start < window.test_start < window.test_end
        nominal = window.test_start + duration(test, "") - window.test_start
        assert 0.45 * nominal < window.test_end - window.test_start < 1.65 * nominal
        if kind == "anchored":
            assert window.train_start == first
        else:  # a month's end may be cut short, by three days at most
            assert abs(window.train_start + duration(train, "") - window.test_start) <= pd.Timedelta(days=3)


@pytest.mark.parametrize("text", ["", "0d", "1.5y", "4 y", "-1y", "4Y", "10000d", "y", "1h", "4y ", "4y\n", "٣d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(UserError, match=r"^windows\.train: .* is not a length of time; "):
        duration(text, "windows.train")


@pytest.mark.parametrize(
    ("text", "then"), [("4y", "2028-01-31"), ("1m", "2024-02-29"), ("8w", "2024-03-27"), ("90d", "2024-04-30")]
)
def test_lengths_of_time(text: str, then: str) -> None:
    assert day("2024-01-31") + duration(text, "") == day(then)
