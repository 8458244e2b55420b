"""What is wrong with cells, stamps and copies: every fault at a known row of a hand-made table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from framework.faults import inspect, mend

from .tables import PRICES, kinds, only, put, table


def test_a_good_table_has_no_fault() -> None:
    assert inspect(table()) == []
    assert inspect(table(), "1h") == []


# Columns


@pytest.mark.parametrize("name", PRICES)
def test_missing_column(name: str) -> None:
    fault = only(table().drop(columns=name))
    assert (fault.kind, fault.severity, fault.mend) == ("missing column", "error", "")
    assert fault.message == f"there is no column '{name}'"


def test_every_missing_column_is_named() -> None:
    assert len([f for f in inspect(table()[["volume"]]) if f.kind == "missing column"]) == 4


def test_column_twice() -> None:
    fault = only(pd.concat([table(), table()[["close"]]], axis=1))
    assert (fault.kind, fault.message) == ("column twice", "column 'close' stands 2 times")


@pytest.mark.parametrize("cell", ["NULL", "1,234.5", "abc", True, date(2024, 1, 1)])
def test_text_in_a_price(cell: object) -> None:
    fault = only(put(table(), "open", {3: cell, 7: cell}))
    assert (fault.kind, fault.severity, fault.rows.tolist(), fault.mend) == ("text", "error", [3, 7], "blank_text")
    assert f"open {cell!r} is not a number at row 3 (2024-01-01 03:00) and 1 more row" == fault.message


def test_text_in_the_volume_is_named_too() -> None:
    assert ("text", [5]) in kinds(put(table(), "volume", {5: "NULL"}))


@pytest.mark.parametrize("cell", ["103.0", Decimal("103.0"), np.float32(103), 103])
def test_a_number_in_another_dress_is_a_number(cell: object) -> None:
    assert inspect(put(table(), "close", {3: cell})) == []


@pytest.mark.parametrize("cell", [None, "", " ", "nan", pd.NA])
def test_an_empty_cell_is_absent_not_text(cell: object) -> None:
    assert kinds(put(table(), "close", {3: cell, 4: 104.0})) == [("no price", [3])]


def test_empty_table() -> None:
    assert only(table(0)).kind == "empty"


# Stamps


@pytest.mark.parametrize("index", [range(12), [str(day) for day in range(12)], [date(2024, 1, 1)] * 12])
def test_index_that_is_not_time(index: object) -> None:
    fault = only(table().set_axis(index))
    assert (fault.kind, fault.severity, fault.mend) == ("not time", "error", "")


def test_stamps_without_a_zone() -> None:
    fault = only(table().tz_localize(None))
    assert (fault.kind, fault.severity, fault.mend) == ("no zone", "error", "assume_utc")


def test_no_stamp() -> None:
    index = table().index.to_series().reset_index(drop=True)
    index[[4, 9]] = pd.NaT
    found = inspect(table().set_axis(pd.DatetimeIndex(index)))
    assert [(f.kind, f.severity, f.rows.tolist()) for f in found] == [
        ("no stamp", "error", [4, 9]),
        ("gaps", "note", [5, 10]),
    ]


def test_out_of_order() -> None:
    fault = only(table().iloc[[0, 1, 2, 5, 3, 4, 6, 7, 11, 8, 9, 10]])
    assert (fault.kind, fault.severity, fault.rows.tolist(), fault.mend) == ("order", "error", [4, 9], "sort")
    assert "earlier than the one above it at row 4 (2024-01-01 03:00)" in fault.message


def test_newest_first_is_said_so() -> None:
    fault = only(table()[::-1])
    assert fault.rows.tolist() == list(range(1, 12))
    assert "newest first" in fault.message


# Duplicates


def test_duplicates_that_agree() -> None:
    fault = only(table().iloc[[0, 1, 1, 2, 3, 4, 4, 4, 5]])
    assert (fault.kind, fault.severity, fault.rows.tolist()) == ("duplicates agree", "error", [2, 6, 7])
    assert fault.remedies == ("drop_duplicates", "keep_first", "keep_last")
    assert fault.message == "a copy of row 1 at row 2 (2024-01-01 01:00) and 2 more rows"


@pytest.mark.parametrize(("factor", "agrees"), [(1 + 9e-6, True), (1 - 9e-6, True), (1 + 1.1e-5, False)])
@pytest.mark.parametrize("column", [*PRICES, "volume"])
def test_copies_agree_to_the_digits_printed(column: str, factor: float, agrees: bool) -> None:
    frame = table().iloc[[0, 1, 2, 2, 3]]
    frame = put(frame, column, {3: float(frame[column].iloc[3]) * factor})
    expected = ("duplicates agree", [3]) if agrees else ("duplicates disagree", [2, 3])
    assert kinds(frame) == [expected]


def test_duplicates_that_disagree_must_be_chosen() -> None:
    fault = only(put(table().iloc[[0, 1, 2, 2, 3]], "close", {3: 102.5}))
    assert (fault.severity, fault.remedies) == ("error", ("keep_first", "keep_last"))
    expected = "one stamp with two bars, close 102.0 and 102.5, at row 2 (2024-01-01 02:00) and row 3"
    assert fault.message == expected


def test_unknown_volume_agrees_with_unknown_only() -> None:
    frame = table().iloc[[0, 1, 1, 2]]
    assert ("duplicates agree", [2]) in kinds(put(frame, "volume", {1: np.nan, 2: np.nan}))
    assert ("duplicates disagree", [1, 2]) in kinds(put(frame, "volume", {2: np.nan}))


def test_a_third_copy_may_disagree_where_the_second_agrees() -> None:
    frame = put(table().iloc[[0, 1, 1, 1, 2]], "close", {3: 101.5})
    assert kinds(frame) == [("duplicates agree", [2]), ("duplicates disagree", [1, 3])]


def test_copies_are_found_where_they_do_not_stand_together() -> None:
    assert ("duplicates agree", [12]) in kinds(pd.concat([table(), table()[3:4]]))


# Prices


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("cell", [np.nan, np.inf, -np.inf])
def test_no_price(name: str, cell: float) -> None:
    found = inspect(put(table(), name, {2: cell, 5: cell}))
    assert (found[0].kind, found[0].rows.tolist(), found[0].mend) == ("no price", [2, 5], "drop_nan")


@pytest.mark.parametrize("cell", [0.0, -1.0])
def test_price_not_positive(cell: float) -> None:
    fault = only(put(table(), "low", {6: cell}))
    assert (fault.kind, fault.rows.tolist(), fault.mend) == ("price not positive", [6], "drop_nonpositive")
    assert fault.message == f"low is {cell} at row 6 (2024-01-01 06:00)"


def test_high_below_low_is_named_once() -> None:
    frame = put(put(table(), "high", {4: 101.0}), "low", {4: 106.0})
    fault = only(frame)
    assert (fault.kind, fault.rows.tolist()) == ("high below low", [4])
    assert fault.remedies == ("widen", "drop_inconsistent")
    assert fault.message == "high 101.0 is below low 106.0 at row 4 (2024-01-01 04:00)"


@pytest.mark.parametrize(
    ("column", "cell", "kind", "message"),
    [
        ("high", 103.5, "high below body", "high 103.5 is below close 104.0"),
        ("open", 107.0, "high below body", "high 106.0 is below open 107.0"),
        ("low", 103.5, "low above body", "low 103.5 is above open 103.0"),
        ("close", 100.0, "low above body", "low 101.0 is above close 100.0"),
    ],
)
def test_body_outside_the_bar(column: str, cell: float, kind: str, message: str) -> None:
    fault = only(put(table(), column, {4: cell}))
    assert (fault.kind, fault.severity, fault.rows.tolist()) == (kind, "error", [4])
    assert fault.message == f"{message} at row 4 (2024-01-01 04:00)"


def test_a_bar_without_movement_is_good() -> None:
    flat = table().assign(open=5.0, high=5.0, low=5.0, close=5.0)
    assert inspect(flat) == []


# Volume


@pytest.mark.parametrize("cell", [-1.0, np.inf, -np.inf])
def test_impossible_volume(cell: float) -> None:
    fault = only(put(table(), "volume", {3: cell}))
    assert (fault.kind, fault.severity, fault.rows.tolist()) == ("impossible volume", "error", [3])


def test_volume_unknown_throughout_is_a_note() -> None:
    for frame in (table().drop(columns="volume"), table().assign(volume=np.nan)):
        fault = only(frame)
        assert (fault.kind, fault.severity, fault.mend) == ("volume unknown", "note", "")


def test_unknown_and_zero_volume_are_two_notes() -> None:
    frame = put(table(), "volume", {1: np.nan, 4: 0.0, 5: np.nan, 6: -0.0})
    assert kinds(frame) == [("volume unknown in part", [1, 5]), ("zero volume", [4, 6])]
    assert {fault.severity for fault in inspect(frame)} == {"note"}
    assert inspect(frame)[1].message == "2 bars without volume, the first at row 4 (2024-01-01 04:00)"


# Where in the file


def test_a_table_that_knows_its_file_names_the_line() -> None:
    frame = put(table(), "close", {3: np.nan})
    frame.attrs["first_line"] = 3
    assert only(frame).message == "close is nan at row 3, line 6 (2024-01-01 03:00)"


def test_a_mended_table_no_longer_knows_the_lines() -> None:
    frame = put(table(), "close", {3: np.nan, 5: -1.0})
    frame.attrs["first_line"] = 3
    mended, _ = mend(frame, ["drop_nan"])
    assert inspect(mended)[0].message.startswith("close is -1.0 at row 4 (2024")


def test_seconds_are_shown_where_there_are_any() -> None:
    frame = put(table(freq="90s"), "close", {1: np.nan})
    assert only(frame).message == "close is nan at row 1 (2024-01-01 00:01:30)"
