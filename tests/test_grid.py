"""Bars on and off the grid of their timeframe: what is wrong, and what only looks so."""

from __future__ import annotations

import pandas as pd
import pytest

from framework.errors import UserError
from framework.faults import inspect

from .tables import kinds, only, table


def test_gaps() -> None:
    fault = only(table(40).drop(table(40).index[[5, 20, 21, 22]]))
    assert (fault.kind, fault.severity, fault.rows.tolist()) == ("gaps", "note", [5, 19])
    assert fault.message == (
        "4 bars of 1h missing in 2 runs (closed sessions are normal), the longest of 3 "
        "between row 18 (2024-01-01 19:00) and row 19 (2024-01-01 23:00)"
    )


def test_gaps_of_an_unsorted_table_have_the_rows_of_that_table() -> None:
    frame = table(20).drop(table(20).index[[5]])[::-1]
    assert kinds(frame)[1] == ("gaps", [13])


def test_off_the_grid() -> None:
    index = table().index.to_series().reset_index(drop=True)
    index[5] += pd.Timedelta("17min")
    found = inspect(table().set_axis(pd.DatetimeIndex(index)), "1h")
    assert [(f.kind, f.severity, f.rows.tolist()) for f in found] == [("off grid", "error", [5]), ("gaps", "note", [6])]


def test_a_stray_bar_does_not_blame_its_neighbour() -> None:
    stray = table(1, start="2024-01-01 05:30")
    assert kinds(pd.concat([table()[:6], stray, table()[6:]]), "1h") == [("off grid", [6])]


def test_the_forming_bar_of_a_daily_table_is_off_the_grid() -> None:
    frame = table(30, "D")
    stamps = [*frame.index[:-1], pd.Timestamp("2024-01-30 14:23", tz="UTC")]
    assert kinds(frame.set_axis(pd.DatetimeIndex(stamps))) == [("off grid", [29])]


@pytest.mark.parametrize(("freq", "stated"), [("h", "4h"), ("h", "1d"), ("D", "1w"), ("h", "15m"), ("7D", "1d")])
def test_another_timeframe_than_stated(freq: str, stated: str) -> None:
    fault = inspect(table(30, freq), stated)[0]
    assert (fault.kind, fault.severity, fault.mend) == ("timeframe", "error", "")
    name = {"h": "1h", "D": "1d", "7D": "1w"}[freq]
    assert fault.message == f"the bars are mostly {name} apart, not {stated}"


def test_unknown_timeframe_is_the_callers_mistake() -> None:
    with pytest.raises(UserError, match="timeframe"):
        inspect(table(), "4hours")


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Sydney"])
def test_days_labelled_in_a_zone_with_daylight_saving_are_days(zone: str) -> None:
    index = pd.date_range("2022-01-01", periods=900, freq="D", tz=zone)
    assert inspect(table(900).set_axis(index)) == []


@pytest.mark.parametrize("hours", [2, 4])
def test_sessions_of_a_zone_with_daylight_saving(hours: int) -> None:
    days = pd.date_range("2022-01-03 09:30", periods=900, freq="D", tz="America/New_York")
    days = days[days.day_of_week < 5]
    index = days.append(days + pd.Timedelta(hours=hours)).sort_values()
    assert {fault.kind for fault in inspect(table(len(index)).set_axis(index))} == {"gaps"}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2022-11-20", "2023-04-20"),  # most of it winter, and then summer to the end
        ("2022-03-01", "2022-08-01"),  # two weeks of winter, then summer
        ("2022-05-01", "2022-11-20"),  # summer, and two weeks of winter
        ("2022-10-20", "2023-03-01"),  # two weeks of summer, then winter
    ],
)
def test_daylight_saving_that_the_table_cuts_off(first: str, last: str) -> None:
    sessions = pd.date_range(f"{first} 09:30", f"{last} 09:30", freq="D", tz="America/New_York")
    assert inspect(table(len(sessions)).set_axis(sessions)) == []


def test_one_bar_an_hour_aside_is_no_daylight_saving() -> None:
    frame = table(300, "4h")
    stamps = frame.index.to_series().reset_index(drop=True)
    stamps[150] += pd.Timedelta("1h")
    assert ("off grid", [150]) in kinds(frame.set_axis(pd.DatetimeIndex(stamps)))


def test_weeks_labelled_by_their_first_session() -> None:
    stamps = pd.date_range("2024-01-01", periods=60, freq="7D", tz="UTC").to_series().reset_index(drop=True)
    stamps[[0, 13, 20]] += pd.Timedelta("1D")  # a Monday without a session
    assert inspect(table(60).set_axis(pd.DatetimeIndex(stamps)), "1w") == []


def test_two_bars_in_one_week_are_too_near() -> None:
    stamps = pd.date_range("2024-01-01", periods=20, freq="7D", tz="UTC").insert(
        5, pd.Timestamp("2024-01-31", tz="UTC")
    )
    assert ("too near", [5]) in kinds(table(21).set_axis(stamps), "1w")


@pytest.mark.parametrize("minute", [0, 30])
def test_hourly_sessions_are_good(minute: int) -> None:
    hours = pd.date_range(f"2024-01-01 00:{minute:02}", periods=2000, freq="h", tz="UTC")
    hours = hours[(hours.day_of_week < 5) & (hours.hour >= 14) & (hours.hour < 21)]
    assert {fault.kind for fault in inspect(table(len(hours)).set_axis(hours), "1h")} == {"gaps"}
