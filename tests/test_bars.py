"""Bars: what is accepted, what is refused in which words, and that nothing can change them afterwards."""

from __future__ import annotations

import copy
import hashlib
import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.bars import Bars, timeframe_step
from framework.errors import UserError

from .hourly import HOURLY, make, table


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("1m", 60), ("15m", 900), ("1h", 3600), ("4h", 14400), ("1d", 86400), ("1w", 604800), ("90m", 5400)],
)
def test_timeframe(text: str, seconds: int) -> None:
    assert timeframe_step(text) == np.timedelta64(seconds, "s")


@pytest.mark.parametrize("text", ["", "h", "0h", "-1h", "1M", "4H", "1.5h", "4 h", "1h\n", "1y", "٤h"])
def test_unknown_timeframe_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="timeframe"):
        timeframe_step(text)


def test_timeframe_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean '4h'"):
        timeframe_step("4H")


def test_what_goes_in_comes_out() -> None:
    bars = make()
    assert (bars.symbol, bars.timeframe, len(bars), bars.has_volume) == ("X", "1h", 5, True)
    assert bars.step == np.timedelta64(1, "h")
    assert bars.time.dtype == np.dtype("datetime64[us]")
    assert bars.time[1] == np.datetime64("2024-01-01T01:00")
    assert bars.high.tolist() == [12, 13, 14, 15, 16]
    assert str(bars.index.tz) == "UTC"
    assert bars.volume[2] == 0
    assert np.isnan(bars.volume[3])
    pd.testing.assert_frame_equal(bars.frame(), table(), check_freq=False, check_names=False, check_index_type=False)
    assert repr(bars) == "Bars(X 1h, 5 bars, 2024-01-01 00:00 to 2024-01-01 04:00)"


def test_times_of_another_zone_are_the_same_moments() -> None:
    moved = table().set_axis(HOURLY.tz_convert("America/New_York"))
    assert Bars.from_frame(moved, "X", "1h").digest == make().digest


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_the_index_does_not_matter(unit: str) -> None:
    assert Bars.from_frame(table().set_axis(HOURLY.as_unit(unit)), "X", "1h").digest == make().digest


def test_whole_numbers_become_floats() -> None:
    frame = table().drop(columns="volume").astype(int).assign(volume=pd.array([1, 2, None, 4, 5], "Int64"))
    bars = Bars.from_frame(frame, "X")
    assert bars.close.dtype == np.float64
    assert bars.close.tolist() == [11, 12, 13, 14, 15]
    assert np.isnan(bars.volume[2])
    assert bars.volume[3] == 4


def test_volume_may_be_absent_and_other_columns_are_ignored() -> None:
    bars = Bars.from_frame(table().drop(columns="volume").assign(note="x", tradecount=[None] * 5), "X")
    assert not bars.has_volume
    assert np.isnan(bars.volume).all()
    assert len(bars.volume) == 5


@pytest.mark.parametrize(("freq", "name"), [("min", "1m"), ("15min", "15m"), ("4h", "4h"), ("D", "1d"), ("7D", "1w")])
def test_timeframe_is_told_from_the_spacing(freq: str, name: str) -> None:
    frame = table().set_axis(pd.date_range("2024-01-01", periods=5, freq=freq, tz="UTC"))
    assert Bars.from_frame(frame, "X").timeframe == name


def test_daily_stocks_are_daily_in_spite_of_weekends() -> None:
    days = pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"], tz="UTC")
    assert Bars.from_frame(table().set_axis(days), "X").timeframe == "1d"


def test_timeframe_is_the_most_common_spacing_where_none_is_the_rule() -> None:
    hours = np.cumsum([0, 9, 2, 1, 3, 1, 5, 1, 2, 7])
    frame = pd.concat([table(), table()]).set_axis(HOURLY[0] + pd.to_timedelta(hours, "h"))
    assert Bars.from_frame(frame, "X").timeframe == "1h"


def test_one_bar_has_no_spacing() -> None:
    with pytest.raises(UserError, match="give the timeframe"):
        Bars.from_frame(table()[:1], "X")
    assert len(Bars.from_frame(table()[:1], "X", "1h")) == 1


def test_refusal_names_row_time_rest_and_remedy() -> None:
    frame = table(close=[11.0, np.nan, 13.0, np.nan, 15.0], low=[9.0, 10.0, 11.0, 12.0, -1.0])
    with pytest.raises(UserError) as caught:
        Bars.from_frame(frame, "X", "1h")
    assert str(caught.value) == (
        "X: close is nan at row 1 (2024-01-01 01:00) and 1 more row (1 more fault besides); ask for the mend 'drop_nan'"
    )


def test_rows_are_those_of_the_table_handed_in_also_after_a_remedy() -> None:
    frame = table(close=[np.nan, 12.0, 13.0, 14.0, 15.0], low=[9.0, 10.0, 11.0, 12.0, -1.0])
    with pytest.raises(UserError, match=r"low is -1.0 at row 4 \(2024-01-01 04:00\); ask for the mend 'drop_nonpos"):
        Bars.from_frame(frame, "X", "1h", mend=["drop_nan"])


def test_what_was_mended_is_told() -> None:
    bars = Bars.from_frame(table()[::-1], "X", "1h", mend=["sort"])
    assert bars.mended == ("sort: 4 rows moved into the order of time",)
    assert bars.digest == make().digest
    assert bars[1:].mended == bars.mended
    assert make().mended == ()


def test_unknown_and_contradictory_remedies_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'drop_nan'"):
        Bars.from_frame(table(), "X", "1h", mend=["drop_nans"])
    with pytest.raises(UserError, match="exclude each other"):
        Bars.from_frame(table(), "X", "1h", mend=["keep_last", "keep_first"])
    with pytest.raises(UserError, match=r"\['sort'\]"):
        Bars.from_frame(table(), "X", "1h", mend="sort")


def test_notes_refuse_nothing() -> None:
    gap = table().set_axis(HOURLY[:4].append(HOURLY[-1:] + pd.Timedelta("30D")))
    assert len(Bars.from_frame(gap, "X", "1h")) == 5


@pytest.mark.parametrize("mend", [[], ["sort", "drop_nan", "widen", "blank_volume", "drop_duplicates", "blank_text"]])
def test_the_table_handed_in_is_not_touched(mend: list[str]) -> None:
    frame = table(high=[1.0, 13.0, 14.0, 15.0, 16.0]).iloc[::-1] if mend else table()
    before = frame.copy()
    bars = Bars.from_frame(frame, "X", "1h", mend=mend)
    pd.testing.assert_frame_equal(frame, before)
    frame.loc[:, "close"] = 1.0
    assert bars.close.tolist() == [11, 12, 13, 14, 15]


@pytest.mark.parametrize("name", ["time", "open", "high", "low", "close", "volume"])
def test_arrays_are_read_only_and_contiguous(name: str) -> None:
    for bars in (make(), make()[1:3], pickle.loads(pickle.dumps(make())), copy.deepcopy(make())):
        array = getattr(bars, name)
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_attributes_are_read_only() -> None:
    with pytest.raises(AttributeError):
        make().close = np.zeros(5)


def test_frame_is_a_copy() -> None:
    bars = make()
    frame = bars.frame()
    frame.iloc[0, 0] = 99.0
    assert bars.open[0] == 10


def test_slice() -> None:
    part = make()[1:3]
    assert part.close.tolist() == [12, 13]
    assert (part.symbol, part.timeframe, len(part)) == ("X", "1h", 2)
    assert len(make()[:0]) == 0
    assert make()[-2:].time[0] == np.datetime64("2024-01-01T03:00")


@pytest.mark.parametrize("part", [3, slice(None, None, 2), slice(None, None, -1), "close"])
def test_anything_but_a_run_of_bars_is_refused(part: object) -> None:
    with pytest.raises(UserError, match="not a run of bars"):
        make()[part]


def test_per_year() -> None:
    year = pd.date_range("2021-01-01", "2024-12-31", freq="D", tz="UTC")  # 1461 days
    prices = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    daily = pd.DataFrame(prices, index=year)
    assert Bars.from_frame(daily, "X", "1d").per_year == pytest.approx(365.25)
    weekdays = Bars.from_frame(daily[daily.index.day_of_week < 5], "X", "1d")
    assert weekdays.per_year == pytest.approx(365.25 * 5 / 7, rel=1e-3)
    assert np.isnan(make()[:1].per_year)
    assert make().per_year == pytest.approx(365.25 * 24)


def test_digest_tells_bars_apart() -> None:
    same = [make().digest, pickle.loads(pickle.dumps(make())).digest, make()[0:5].digest]
    assert len(set(same)) == 1
    other = [
        Bars.from_frame(table(), "Y", "1h"),
        make(volume=[1.0, 2.0, 0.0, 0.0, 5.0]),
        make(close=[11.0, 12.0, 13.0, 14.0, np.nextafter(15.0, 16.0)]),
        make()[1:],
        Bars.from_frame(table().set_axis(HOURLY + pd.Timedelta("1h")), "X", "1h"),
    ]
    assert len({bars.digest for bars in other} | set(same)) == 6


def test_digest_does_not_see_the_bits_of_a_nan_or_a_zero() -> None:
    volume = table()["volume"].to_numpy().copy()
    volume[2], volume[3] = -0.0, np.uint64(0x7FF8000000000123).view(np.float64)
    assert make(volume=volume).digest == make().digest


def test_digest_is_the_same_everywhere() -> None:
    expected = hashlib.sha256(b"X\0" + b"1h\0" + b"1\0")
    expected.update(struct.pack("<q5d", 1_704_067_200_000_000, 10.0, 12.0, 9.0, 11.0, 1.0))
    assert make()[:1].digest == expected.hexdigest()


@given(st.integers(0, 6), st.integers(-6, 6))
def test_a_slice_is_what_numpy_slices(start: int, stop: int) -> None:
    part = make()[start:stop]
    assert part.close.tolist() == [11.0, 12.0, 13.0, 14.0, 15.0][start:stop]
    assert len(part) == len(part.time) == len(part.volume)
