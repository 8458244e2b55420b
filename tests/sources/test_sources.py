"""Names and refusals: whose bars a file holds, and every wrong file in one line."""

from __future__ import annotations

import re

import pytest

from framework.errors import UserError
from framework.sources import load

from .files import HOURS, refused, text


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("BTCUSDT-1h.csv", "BTCUSDT", "1h"),
        ("BTC-USD-1h.csv", "BTC-USD", "1h"),
        ("SOLUSDT_BYBIT-1H.csv", "SOLUSDT_BYBIT", "1h"),
        ("BTCUSDT-60m.CSV", "BTCUSDT", "60m"),
        ("BTCUSD-4h-gaps.csv", "BTCUSD-4h-gaps", "1h"),
        ("bars.csv", "bars", "1h"),
    ],
)
def test_symbol_and_timeframe_come_from_the_name(write, name: str, symbol: str, timeframe: str) -> None:
    bars = load(write(name, text(HOURS)))
    assert (bars.symbol, bars.timeframe) == (symbol, timeframe)


def test_what_is_given_goes_before_the_name(write) -> None:
    bars = load(str(write("BTCUSDT-1d.csv", text(HOURS))), symbol="BTC", timeframe="1h")
    assert (bars.symbol, bars.timeframe) == ("BTC", "1h")


def test_a_name_that_does_not_fit_the_bars_is_refused(write) -> None:
    assert "mostly 1h apart, not 1d" in refused(write("BTCUSDT-1d.csv", text(HOURS)))


def test_wrong_options_are_not_blamed_on_the_file(write) -> None:
    path = write("BTCUSDT-1h.csv", text(HOURS))
    with pytest.raises(UserError, match=r"^timeframe '4x'"):
        load(path, timeframe="4x")
    with pytest.raises(UserError, match=r"^mend: unknown remedy 'sorted'; did you mean 'sort'"):
        load(path, mend=["sorted"])


def test_missing_file_names_the_nearest(write) -> None:
    path = write("BTCUSDT-4h.csv", text(HOURS))
    assert refused(path.with_name("BTCUSD-4h.csv")) == "there is no such file; did you mean 'BTCUSDT-4h.csv'?"
    assert "no folder" in refused(path.parent / "nowhere" / "X.csv")


def test_missing_file_in_a_folder_of_many_unlike_ones_does_not_list_them(write) -> None:
    for number in range(12):
        path = write(f"AAAA{number}.csv", "")
    assert "holds 12 .csv and .parquet files" in refused(path.with_name("zzzzzzz.csv"))


def test_a_folder_and_other_kinds_of_file(write) -> None:
    path = write("X.csv.gz", b"\x1f\x8b")
    assert "'.gz' is no kind of file that can be read" in refused(path)
    assert refused(path.parent).startswith("is a folder")
    assert "'X' is no kind" in refused(write("X", "a"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"PK\x03\x04\x00\x00\x00", "is not text in UTF-8"),
        ("time,open,high,low,close\n".encode("utf-16"), "is not text in UTF-8"),
        (b"\xff\xfe\x80abc", "is not text in UTF-8"),
        (b"hello\nworld\n", "none of the first 20 lines names the columns"),
        (b"1704067200,10,12,9,11,5\n", "none of the first 20 lines names the columns"),
        (b"time,open,high,low,close,volume\n", "there are no rows below the header"),
        (b"time,funding_rate\n2024-01-01,0.1\n", "holds time, funding_rate: not a table of bars"),
        (b"day,open,high,low,close\n1,1,1,1,1\n", "there is no column of the time"),
        (b"time,open,high,low\n2024-01-01,1,1,1\n", "there is no column 'close'"),
    ],
)
def test_no_table(write, content: bytes, message: str) -> None:
    assert refused(write("X-1h.csv", content)).startswith(message)


def test_a_file_that_was_cut_off(write) -> None:
    whole = text(HOURS)
    assert "line 4 has 4 cells, the header 6 (the last line: was the file cut off?)" in refused(
        write("X.csv", whole[: whole.rindex(",11,13") + 3])
    )


def test_a_line_with_too_many_cells(write) -> None:
    message = refused(write("X.csv", text(HOURS).replace("11,13,10,12,6", "11,13,10,12,6,1")))
    assert message.startswith("line 3 has 7 cells, the header 6; as many")


@pytest.mark.parametrize("time", ["01/02/2024", "07-AM", "2024-13-01", "", "12", "-1704067200"])
def test_a_time_that_is_none(write, time: str) -> None:
    message = refused(write("X.csv", "# mine\n" + text([HOURS[0], time, HOURS[2]])))
    assert re.match(r"time .* at row [01], line [34] is not a time; ISO 8601", message)


def test_duplicate_columns(write) -> None:
    header = "time,open,high,low,close,Close"
    assert "column 'close' stands 2 times" in refused(write("X-1h.csv", text(HOURS, header)))
