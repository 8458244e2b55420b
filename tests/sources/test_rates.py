"""Files of funding rates: the forms that are read, and the one line that refuses every other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.sources import funding, holds_funding
from framework.sources.rates import a_year, contents

Write = Callable[[str, str | bytes], Path]
EIGHT = ["2024-01-01 00:00", "2024-01-01 08:00", "2024-01-01 16:00"]
UNIX = [1_704_067_200, 1_704_096_000, 1_704_124_800]
RATES = [0.0001, -0.0002, 0.0003]


def text(times: list[object] | list[str] | list[int] = EIGHT, header: str = "time,funding_rate") -> str:
    return "\n".join([header, *(f"{time},{rate}" for time, rate in zip(times, RATES, strict=True))]) + "\n"


def said(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        funding(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def due(times: list[str] = EIGHT) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(times, tz="UTC")


@pytest.mark.parametrize(
    "header",
    [
        "time,funding_rate", "Timestamp,Rate", "date,funding", "fundingTime,fundingRate", "datetime,Funding Rate",
        "calc_time,last_funding_rate", "funding_time,funding_rate",
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [EIGHT, UNIX, [1000 * unix for unix in UNIX], [f"{t}:00Z" for t in EIGHT]])
def test_names_and_times(write: Write, header: str, times: list[str]) -> None:
    found = funding(write("F.csv", text(times, header)))
    assert found.tolist() == RATES and (found.index == due()).all()
    assert found.name == header.split(",")[1].lower()


def test_parquet_and_other_columns(write: Write, tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": due(), "symbol": "X", "funding_rate": RATES, "mark": 1.0})
    for name, table in (
        ("a", frame),
        ("b", frame.set_index("time")),
        ("c", frame.assign(time=due().tz_localize(None))),
    ):
        table.to_parquet(tmp_path / f"{name}.parquet")
        found = funding(tmp_path / f"{name}.parquet")
        assert found.tolist() == RATES and (found.index == due()).all() and str(found.index.tz) == "UTC"
    path = write("F.csv", "https://example.org\n" + text(header="time,rate"))
    assert funding(path).tolist() == RATES, "a line above the header"


def test_what_the_clock_was_late_by_is_left_out(write: Write) -> None:
    """08:00:00.003 settles what was held until 08:00, not what is held after it."""
    late = [1000 * UNIX[0] + 3, 1000 * UNIX[1] - 900, 1000 * UNIX[2] + 1000]
    assert (funding(write("F.csv", text(late))).index == due()).all()
    odd = funding(write("F.csv", text([UNIX[0], UNIX[1] + 2, UNIX[2] + 1800])))
    assert (odd.index == due([EIGHT[0], "2024-01-01 08:00:02", "2024-01-01 16:30"])).all()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("-0.0002", "1.0", "funding_rate 1.0 at row 1, line 3 looks like a percentage; a fraction a settlement, as"),
        ("-0.0002", "-2", "funding_rate -2.0 at row 1, line 3 looks like a percentage; "),
        ("-0.0002", "inf", "funding_rate inf at row 1, line 3 looks like a percentage; "),
        ("-0.0002", "0.01%", "funding_rate '0.01%' at row 1, line 3 is no number; "),
        ("-0.0002", "none", "funding_rate 'none' at row 1, line 3 is no number; "),
        ("-0.0002", "", "funding_rate nan at row 1, line 3 is missing; "),
        ("-0.0002", "nan", "funding_rate nan at row 1, line 3 is missing; "),
        (EIGHT[1], EIGHT[0], "row 1, line 3 (2024-01-01 00:00) has the time of the row before it; one row a"),
        (EIGHT[1], "2023-12-31", "row 1, line 3 (2023-12-31 00:00) is earlier than the row before it; one row a"),
        (EIGHT[1], "yesterday", "time 'yesterday' at row 1, line 3 is not a time; ISO 8601"),
        (EIGHT[1], "", "time nan at row 1, line 3 is not a time; ISO 8601"),
        ("funding_rate", "predicted", "holds time, predicted: no funding rates; needed: time, funding_rate"),
        ("time,", "when,", "none of the first 20 lines names the columns; "),
        ("time,funding_rate", "time,rate,rate", "line 2 has 2 cells, the header 3; "),
    ],
)
def test_what_leaves_a_doubt(write: Write, old: str, new: str, line: str) -> None:
    assert said(write("F.csv", text().replace(old, new))).startswith(line)


def test_other_files_that_are_none(write: Write, tmp_path: Path) -> None:
    assert said(write("F.csv", "time,rate\n")) == "there are no rows below the header; at least one rate"
    assert said(write("F.csv", "time,rate,Rate\n2024-01-01,0,0\n")).startswith("column 'rate' stands 2 times; ")
    assert said(write("F.csv", b"")).startswith("the file is empty; ")
    assert said(tmp_path / "G.csv") == "there is no such file; did you mean 'F.csv'?"
    assert "'.txt' is no kind of file that can be read" in said(write("F.txt", text()))
    holey = pd.DataFrame({"time": [*due()[:2], pd.NaT], "rate": RATES})
    holey.to_parquet(tmp_path / "F.parquet")
    assert said(tmp_path / "F.parquet").startswith("there is no time at row 2; ")
    bars = write("B.csv", "time,open,high,low,close\n2024-01-01,1,1,1,1\n")
    assert said(bars) == "holds time, open, high, low, close: no funding rates; needed: time, funding_rate"


def test_what_holds_rates(write: Write) -> None:
    assert holds_funding(write("F.csv", text())) and not holds_funding("sample:AAPL")
    assert not holds_funding(write("B.csv", "time,open,high,low,close,funding\n2024-01-01,1,1,1,1,0\n"))
    assert not holds_funding(write("O.csv", "time,open_interest\n2024-01-01,1\n"))


def test_a_year() -> None:
    time = np.array(EIGHT, "datetime64[us]")
    assert a_year(time, np.array([0.0001, 0.0002, 0.0003])) == pytest.approx(0.0002 * 3 * 365.25)
    assert np.isnan(a_year(time[:1], np.array([0.1])))


def test_contents() -> None:
    hours = pd.date_range("2024-01-01", periods=100, freq="8h", tz="UTC")
    assert contents(pd.Series(0.0001, hours)) == [
        "from 2024-01-01 00:00 to 2024-02-03 00:00 UTC, every 8h",
        "mean +0.0100% a settlement, +11.0% a year; what is positive is paid by longs",
    ]
    holed = contents(pd.Series(0.01, hours.delete([50, 51, 60])))
    assert holed[2:] == [
        "note   not every settlement comes 8h after the one before: 2 of 96 do not, the longest wait is 1d "
        "from 2024-01-17 08:00",
        "note   rates of 1096% a year in size: are they percentages? a fraction a settlement, as 0.0001 for 0.01 %",
    ]
    assert contents(pd.Series([0.1], hours[:1])) == ["from 2024-01-01 00:00 to 2024-01-01 00:00 UTC"]
