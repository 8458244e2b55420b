"""Months, weeks or days: the longest of which there are enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.validation.periods import period_of, periods


def moment(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


@pytest.mark.parametrize(
    ("first", "last", "name", "count"),
    [
        ("2010-01-15", "2018-04-02", "month", 100),  # January 2010 to April 2018, both counted
        ("2010-01-15", "2018-03-31T23:59", "week", 429),
        ("2010-01-31T23:59", "2018-04-01", "month", 100),
        ("2020-01-02", "2021-11-25", "week", 100),  # Thursdays: the first and the hundredth
        ("2020-01-02", "2021-11-24T23:59", "day", 693),
        ("2020-01-01", "2021-11-25", "week", 101),
        ("2020-01-01", "2020-01-03", "day", 3),
        ("2020-01-01", "2020-01-01", "day", 1),
    ],
)
def test_the_longest_of_which_there_are_a_hundred(first: str, last: str, name: str, count: int) -> None:
    found, edges = periods(moment(first), moment(last))
    assert (found, len(edges) - 1) == (name, count)
    assert edges[0] <= moment(first) < edges[1]
    assert edges[-2] <= moment(last) < edges[-1]
    assert edges.dtype == np.dtype("datetime64[us]")


def test_edges_are_those_of_the_calendar() -> None:
    months = periods(moment("2000-02-10"), moment("2020-05-05"))[1]
    assert months.tolist() == pd.date_range("2000-02-01", "2020-06-01", freq="MS").to_pydatetime().tolist()
    weeks = pd.DatetimeIndex(periods(moment("2020-02-10"), moment("2022-05-05"))[1])
    assert set(weeks.day_name()) == {"Thursday"} and set(np.diff(weeks.to_numpy())) == {np.timedelta64(7, "D")}
    days = pd.DatetimeIndex(periods(moment("2020-02-28T13:00"), moment("2020-03-01"))[1])
    assert days.strftime("%m-%d").tolist() == ["02-28", "02-29", "03-01", "03-02"]


def test_the_period_of_a_moment() -> None:
    edges = np.array([moment("2020-01-01"), moment("2020-02-01"), moment("2020-03-01")])
    times = [
        "2019-12-31T23:59",
        "2020-01-01",
        "2020-01-31T23:59",
        "2020-02-01",
        "2020-02-29",
        "2020-03-01",
        "2021-01-01",
    ]
    assert period_of(np.array([moment(one) for one in times]), edges).tolist() == [-1, 0, 0, 1, 1, 2, 2]


def test_every_bar_lies_in_a_period() -> None:
    time = pd.date_range("2020-01-05 07:00", periods=5000, freq="7h").to_numpy().astype("datetime64[us]")
    name, edges = periods(time[0], time[-1])
    of = period_of(time, edges)
    assert name == "week"
    assert of.min() == 0 and of.max() == len(edges) - 2
    frame = pd.Series(1, index=pd.DatetimeIndex(time)).resample("W-WED").sum()
    assert np.bincount(of).tolist() == frame.tolist()
