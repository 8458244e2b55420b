"""Files as people have them: every form of header, time and volume that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from framework.errors import UserError
from framework.faults import inspect
from framework.sources import load, read

from .files import HOURS, ROWS, UNIX, refused, text


@pytest.mark.parametrize(
    "times",
    [
        HOURS,
        [f"{hour}:00Z" for hour in HOURS],
        [hour.replace(" ", "T") + "+00:00" for hour in HOURS],
        ["2024-01-01T01:00+01:00", "2024-01-01T02:00+01:00", "2023-12-31T21:00-05:00"],
        UNIX,
        [f"{unix}.0" for unix in UNIX],
        [unix * 1_000 for unix in UNIX],
        [unix * 1_000_000 for unix in UNIX],
        [unix * 1_000_000_000 for unix in UNIX],
        [UNIX[0] * 1_000, f"{UNIX[1]}.0", UNIX[2] * 1_000_000],
    ],
)
def test_times(write, times: list[object]) -> None:
    bars = load(write("X.csv", text(times)))
    assert bars.time.tolist() == [pd.Timestamp(hour).to_pydatetime() for hour in HOURS]
    assert bars.close.tolist() == [11, 12, 13]


@pytest.mark.parametrize("days", [["2024-01-29", "2024-01-30", "2024-01-31"], [20240129, 20240130, 20240131]])
def test_days(write, days: list[object]) -> None:
    bars = load(write("X.csv", text(days, "Date,Open,High,Low,Close,Volume")))
    assert bars.time[2] == np.datetime64("2024-01-31")
    assert bars.timeframe == "1d"


@pytest.mark.parametrize(
    "header",
    [
        "Time,Open,High,Low,Close,Volume",
        "DATE, OPEN, HIGH, LOW, CLOSE, VOLUME",
        "timestamp,open,high,low,close,Volume BTC",
        "<Date>,<Open>,<High>,<Low>,<Close>,<Volume>",
        '"datetime","open","high","low","close","volume"',
        "Open time,open,high,low,close,volume",
        "unix,open,high,low,close,volume",
        ",open,high,low,close,volume",
        "\ufefftime,open,high,low,close,volume",
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headers(write, header: str, separator: str, end: str) -> None:
    bars = load(write("X.csv", text(HOURS, header).replace(",", separator).replace("\n", end)))
    assert (bars.open.tolist(), bars.volume.tolist(), len(bars.time)) == ([10, 11, 12], [5, 6, 7], 3)


def test_lines_above_the_header_are_passed_over_and_lines_are_counted_with_them(write) -> None:
    path = write("X.csv", "https://example.org\nmade by hand, in a hurry\n" + text(HOURS).replace("12,14", "12,4"))
    assert "high 4.0 is below low 11.0 at row 2, line 6 (2024-01-01 02:00)" in refused(path)


def test_blank_lines_are_no_bars_and_then_no_line_is_named(write) -> None:
    path = write("X.csv", text(HOURS).replace("\n2024-01-01 02", "\n\n2024-01-01 02").replace("12,14", "12,4") + "\n\n")
    assert len(read(path)) == 3
    assert "at row 2 (2024" in refused(path)


@pytest.mark.parametrize(
    ("first", "second", "volume"),
    [("Volume BTC", "Volume USDT", 5), ("Volume USD", "Volume", 50), ("trades", "volume_from", 50)],
)
def test_the_volume_is_the_one_of_that_name_else_the_first_that_starts_so(write, first, second, volume) -> None:
    rows = [f"{hour},{row},{50 + n}" for n, (hour, row) in enumerate(zip(HOURS, ROWS, strict=True))]
    path = write("X.csv", "\n".join([f"time,open,high,low,close,{first},{second}", *rows]))
    assert load(path).volume[0] == volume


def test_a_file_without_volume(write) -> None:
    rows = [f"{hour},{row.rsplit(',', 1)[0]}" for hour, row in zip(HOURS, ROWS, strict=True)]
    bars = load(write("X.csv", "\n".join(["time,open,high,low,close", *rows])))
    assert not bars.has_volume


def test_empty_cells_are_unknown(write) -> None:
    bars = load(write("X.csv", text(HOURS).replace(",6\n", ",\n")))
    assert np.isnan(bars.volume[1])
    assert bars.volume[2] == 7


def test_a_column_that_can_be_read_throughout_goes_before_one_that_cannot(write) -> None:
    path = write("X.csv", text([f"{hour} 07-AM,{hour}" for hour in HOURS], "time,date,open,high,low,close,volume"))
    assert load(path).time[1] == np.datetime64("2024-01-01T01:00")


def test_unix_goes_before_text(write) -> None:
    times = [f"{hour.replace('2024', '2023')},{unix}" for hour, unix in zip(HOURS, UNIX, strict=True)]
    path = write("X.csv", text(times, "date,unix,open,high,low,close,volume"))
    assert load(path).time[1] == np.datetime64("2024-01-01T01:00")


def test_row_numbers_are_no_times(write) -> None:
    times = [f"{row},{hour}" for row, hour in enumerate(HOURS)]
    assert len(load(write("X.csv", text(times, ",date,open,high,low,close,volume")))) == 3
    assert "is not a time" in refused(write("Y.csv", text([0, 1, 2])))


def test_numbers_are_read_to_the_last_digit(write) -> None:
    cells = ["0.1", "1e-7", "123456.7890123456", "9007199254740993", "0.30000000000000004", "5e-324", "8388.33"]
    rows = [f"2024-01-{day:02},1,2,1,2,{cell}" for day, cell in enumerate(cells, 1)]
    bars = load(write("X.csv", "\n".join(["time,open,high,low,close,volume", *rows])))
    assert bars.volume.tolist() == [float(cell) for cell in cells]


def test_read_keeps_the_order_and_the_faults_of_the_file(write) -> None:
    path = write("X.csv", text(HOURS[::-1]).replace("10,12,9,11", "10,NULL,9,11"))
    frame = read(path)
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert (frame.index.name, str(frame.index.tz)) == ("time", "UTC")
    assert [(fault.kind, fault.rows.tolist()) for fault in inspect(frame)] == [("text", [0]), ("order", [1, 2])]
    assert refused(path).startswith("high 'NULL' is not a number at row 0, line 2 (2024-01-01 02:00) (1 more fault")
    assert load(path, mend=["blank_text", "drop_nan", "sort"]).close.tolist() == [13, 12]


# Parquet


def frame(**columns: object) -> pd.DataFrame:
    base = {"open": [10.0, 11.0], "high": [12.0, 13.0], "low": [9.0, 10.0], "close": [11.0, 12.0], "volume": [5.0, 6.0]}
    return pd.DataFrame(columns | base)


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(HOURS[:2], utc=True),
        pd.to_datetime(HOURS[:2], utc=True).as_unit("ns"),
        pd.to_datetime(HOURS[:2], utc=True).tz_convert("Asia/Tokyo"),
        HOURS[:2],
        UNIX[:2],
        np.array(UNIX[:2]) * 1000.0,
    ],
)
@pytest.mark.parametrize("as_index", [False, True])
def test_parquet(tmp_path: Path, times: object, as_index: bool) -> None:
    table = frame(Time=times)
    (table.set_index("Time") if as_index else table).to_parquet(tmp_path / "X-1h.parquet")
    bars = load(tmp_path / "X-1h.parquet")
    assert bars.time.tolist() == [pd.Timestamp(hour).to_pydatetime() for hour in HOURS[:2]]
    assert bars.volume.tolist() == [5, 6]


def test_parquet_of_dates(tmp_path: Path) -> None:
    days = pa.array([19_752, 19_753], pa.int32()).cast(pa.date32())  # days since 1970
    table = pa.Table.from_pandas(frame(), preserve_index=False).append_column("Date", days)
    pq.write_table(table, tmp_path / "X-1d.parquet")
    assert load(tmp_path / "X-1d.parquet").time[1] == np.datetime64("2024-01-31")


def test_parquet_stamps_without_a_zone_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "X-1h.parquet"
    frame(time=pd.to_datetime(HOURS[:2])).to_parquet(path)
    assert refused(path) == "the stamps have no time zone; ask for the mend 'assume_utc'"
    assert load(path, mend=["assume_utc"]).time[1] == np.datetime64("2024-01-01T01:00")


def test_an_empty_parquet_stamp_is_a_fault_with_its_row(tmp_path: Path) -> None:
    frame(time=pd.to_datetime([HOURS[0], None], utc=True)).to_parquet(tmp_path / "X-1h.parquet")
    assert refused(tmp_path / "X-1h.parquet").startswith("there is no stamp at row 1; ask for the mend 'drop_nan'")


def test_parquet_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "X-1h.parquet"
    frame(time=pd.to_datetime(HOURS[:2], utc=True)).to_parquet(path)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", b"time,open\n", whole[:-20], whole[20:], whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert refused(path).startswith("cannot be read as parquet")


def test_parquet_that_holds_no_bars(tmp_path: Path) -> None:
    path = tmp_path / "X-1h-oi.parquet"
    pd.DataFrame({"time": pd.to_datetime(HOURS, utc=True), "open_interest": 1.0}).to_parquet(path)
    assert refused(path) == "holds time, open_interest: not a table of bars; needed: time, open, high, low, close"


def test_a_fault_left_after_a_remedy_is_still_found_on_its_line_of_the_file(write) -> None:
    path = write("X.csv", "# mine\n" + text(HOURS).replace("10,12,9,11", "10,12,9,").replace("12,14", "12,4"))
    with pytest.raises(UserError, match=r"high 4.0 is below low 11.0 at row 2, line 5 \(2024-01-01 02:00\);"):
        load(path, mend=["drop_nan"])


def test_what_takers_bought_by_its_publishers_names(tmp_path: Path) -> None:
    for name in ("taker_buy", "taker_buy_volume", "Taker buy base asset volume"):
        path = tmp_path / "X-1h.csv"
        path.write_text(
            f"time,open,high,low,close,volume,{name}\n2024-01-01,1,2,1,2,10,4\n2024-01-01 01:00,2,2,1,2,8,\n"
        )
        bought = load(path).taker_buy
        assert bought is not None and bought[0] == 4 and np.isnan(bought[1])
