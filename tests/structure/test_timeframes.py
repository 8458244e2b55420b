"""Coarse bars of tables, of real files that were resampled elsewhere, and nothing of them before they are over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.errors import UserError
from framework.indicators import bar_ema, bar_rsi
from framework.sources import load
from framework.structure.divergence import DivergenceRule, rsi_divergences
from framework.structure.timeframes import coarse
from framework.validation.causality import leaks
from tests import examples, thin
from tests.real import needed

COLUMNS = ("open", "high", "low", "close", "volume")


def bars_at(stamps: Any, timeframe: str = "1h", seed: int = 3) -> Bars:
    rng = np.random.default_rng(seed)
    close = 100 + np.cumsum(rng.normal(size=len(stamps)))
    opening = np.append(100.0, close)[:-1]
    table = pd.DataFrame({"open": opening, "close": close, "volume": rng.integers(1, 9, len(stamps)).astype(float)})
    table["high"] = table[["open", "close"]].max(axis=1) + 0.5
    table["low"] = table[["open", "close"]].min(axis=1) - 0.5
    return Bars.from_frame(table.set_index(pd.DatetimeIndex(stamps, tz="UTC")), "X", timeframe)


def hours(first: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="h")


def test_four_hours_of_a_table() -> None:
    """The first begins before the data and is left out; the last is still forming."""
    bars = bars_at(hours("2024-01-01 02:00", 13))  # 02:00 to 14:00
    made = coarse(bars, "4h")
    assert made.bars.timeframe == "4h" and made.bars.symbol == "X"
    assert made.bars.time.astype("datetime64[h]").astype(str).tolist() == ["2024-01-01T04", "2024-01-01T08"]
    assert made.bars.open.tolist() == [bars.open[2], bars.open[6]]
    assert made.bars.close.tolist() == [bars.close[5], bars.close[9]]
    assert made.bars.high.tolist() == [bars.high[2:6].max(), bars.high[6:10].max()]
    assert made.bars.low.tolist() == [bars.low[2:6].min(), bars.low[6:10].min()]
    assert made.bars.volume.tolist() == [bars.volume[2:6].sum(), bars.volume[6:10].sum()]
    assert made.known.tolist() == [5, 9]
    assert made.at_close.tolist() == [-1] * 5 + [0] * 4 + [1] * 4
    seen = made.values(lambda of: of.close)
    assert np.isnan(seen[:5]).all() and seen[5:].tolist() == [bars.close[5]] * 4 + [bars.close[9]] * 4


def test_where_the_day_begins() -> None:
    bars = bars_at(hours("2024-01-01 00:00", 60))
    at_five = coarse(bars, "1d", 5)
    assert at_five.bars.time.astype("datetime64[h]").astype(str).tolist() == ["2024-01-01T05", "2024-01-02T05"]
    assert at_five.known.tolist() == [28, 52] and at_five.bars.open[0] == bars.open[5]
    before = coarse(bars, "1d", -2)
    assert before.bars.time.astype("datetime64[h]").astype(str).tolist() == ["2024-01-01T22"]


def test_a_week_begins_on_monday() -> None:
    made = coarse(bars_at(pd.date_range("2024-01-01", periods=20, freq="D"), "1d"), "1w")  # the 1st was a Monday
    assert made.bars.time.astype("datetime64[D]").astype(str).tolist() == ["2024-01-01", "2024-01-08"]
    assert made.known.tolist() == [6, 13]


def test_a_session_counts_from_the_first_close_after_its_day() -> None:
    """Seven hours a day: what the day was is only sure once the clock has passed midnight."""
    days = pd.date_range("2024-03-04", periods=5, freq="D")
    stamps = [day + pd.Timedelta(hours=14 + hour) for day in days for hour in range(7)]
    made = coarse(bars_at(stamps), "1d")
    assert made.bars.time.astype("datetime64[D]").astype(str).tolist() == ["2024-03-05", "2024-03-06", "2024-03-07"]
    assert made.first.tolist() == [7, 14, 21] and made.last.tolist() == [13, 20, 27]
    assert made.known.tolist() == [14, 21, 28]


def test_missing_bars_leave_the_rest() -> None:
    stamps = hours("2024-01-01", 12).delete([3, 5, 6])
    made = coarse(bars_at(stamps), "4h")
    assert made.first.tolist() == [0, 3, 5] and made.last.tolist() == [2, 4, 8]
    assert made.known.tolist() == [3, 4, 8]  # the first one's last hour is missing: the next close tells


def test_an_unknown_volume_makes_the_sum_unknown() -> None:
    bars = bars_at(hours("2024-01-01", 8))
    table = bars.frame()
    table.iloc[1, table.columns.get_loc("volume")] = np.nan
    volume = coarse(Bars.from_frame(table, "X", "1h"), "4h").bars.volume
    assert np.isnan(volume[0]) and volume[1] == bars.volume[4:].sum()


@pytest.mark.parametrize("timeframe", ["1h", "30m", "90m", "d"])
def test_what_the_bars_do_not_make(timeframe: str) -> None:
    with pytest.raises(UserError):
        coarse(bars_at(hours("2024-01-01", 30)), timeframe)


def test_bars_across_the_bounds_are_refused() -> None:
    """Half of such a bar would belong to either day."""
    with pytest.raises(UserError, match="lie across the bounds of 1d bars"):
        coarse(bars_at(hours("2024-01-01", 60)), "1d", 0.5)
    half_past = bars_at(hours("2024-01-01 00:30", 60))
    with pytest.raises(UserError, match="lie across"):
        coarse(half_past, "1d")
    assert len(coarse(half_past, "1d", 0.5).bars) == 2


def test_hours_that_begin_at_half_past_but_not_across_midnight() -> None:
    stamps = [
        day + pd.Timedelta(hours=14.5 + hour) for day in pd.date_range("2024-03-04", periods=4) for hour in range(7)
    ]
    assert len(coarse(bars_at(stamps), "1d").bars) == 2


def test_too_little_for_a_single_one() -> None:
    made = coarse(bars_at(hours("2024-01-01 01:00", 20)), "1d")
    assert len(made.bars) == 0 and np.isnan(made.values(lambda of: of.close)).all()


def test_setups_stand_where_their_prices_were_made() -> None:
    bars = load(needed("BTCUSDT-4h.parquet"))
    made = coarse(bars, "1d")

    def detect(of: Bars) -> Any:
        return rsi_divergences(of, 14, DivergenceRule())

    own, seen = detect(made.bars), made.setups(detect)
    assert len(seen) == len(own) > 20 and seen.rule.endswith("@1d") and seen.timeframe == "4h"
    assert (np.diff(seen.known_at) >= 0).all()
    stops = np.where(
        seen.direction > 0, bars.low[seen.anchors["setup_extreme"]], bars.high[seen.anchors["setup_extreme"]]
    )
    assert (stops == seen.stop).all()
    assert (bars.time[seen.known_at] + bars.step == made.bars.time[own.known_at] + made.bars.step).all()
    assert all((bar <= seen.known_at).all() for bar in seen.anchors.values())


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["2h", "4h", "24h"]), st.sampled_from([0.0, 5.0, -3.0]))
def test_against_pandas(seed: int, timeframe: str, boundary: float) -> None:
    """Hours of which some are missing, by pandas' own resampling."""
    rng = np.random.default_rng(seed)
    stamps = hours("2024-01-01", 120)[np.sort(rng.choice(120, 90, replace=False))]
    bars = bars_at(stamps, seed=int(rng.integers(1000)))
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    offset = pd.Timedelta(hours=boundary)
    truth = bars.frame().resample(timeframe, offset=offset).agg(how).dropna(subset="open")
    whole = truth.index + pd.Timedelta(timeframe) <= bars.index[-1] + pd.Timedelta("1h")
    whole &= truth.index >= bars.index[0]
    made = coarse(bars, timeframe, boundary)
    pd.testing.assert_frame_equal(made.bars.frame(), truth[whole], check_freq=False, check_names=False)
    for bar, known in enumerate(made.known):
        over = made.bars.index[bar] + pd.Timedelta(timeframe)
        ends = bars.index + pd.Timedelta("1h")
        assert ends[known] >= over and (known == 0 or ends[known - 1] < over)


@pytest.mark.parametrize("boundary", [0.0, 7.0])
def test_nothing_of_a_day_is_known_before_it_is_over(boundary: float) -> None:
    """Cut at every bar, and other futures: values and setups of the higher timeframe stay as they were."""
    bars = bars_at(hours("2024-01-01", 700))

    def produce(of: Bars) -> Any:
        higher = coarse(of, "4h", boundary)
        found = higher.setups(lambda many: rsi_divergences(many, 7, DivergenceRule(left=2, right=2)))
        values = {
            "ema": higher.values(lambda many: bar_ema(many, 5)),
            "rsi": higher.values(lambda many: bar_rsi(many, 7)),
        }
        table = {"stop": found.stop, "kind": found.kind} | dict(found.anchors) | dict(found.features)
        return {"values": (np.arange(len(of)), values), "setups": (found.known_at, table)}

    assert len(produce(bars)["setups"][0]) > 5
    assert list(leaks(bars, produce, range(30, 699, thin(4)))) == []
    assert list(leaks(bars, produce, range(30, 699, 7 * thin(3)), noise_seed=5)) == []


@pytest.mark.parametrize(
    ("fine", "wide", "timeframe"),
    [("BTCUSDT-4h", "BTCUSDT-1d", "1d"), ("BTCUSD-1h", "BTCUSD-4h", "4h"), ("EURUSD-1h", "EURUSD-4h", "4h"),
     ("SPY-1h", "SPY-1d", "1d"), ("BTCUSDT_SPOT-1h", "BTCUSDT_SPOT-4h", "4h")],
)  # fmt: skip
def test_real_files_that_were_resampled_elsewhere(fine: str, wide: str, timeframe: str) -> None:
    made = coarse(load(needed(f"{fine}.parquet")), timeframe).bars
    truth = load(needed(f"{wide}.parquet"))
    missing = 2 if fine in ("EURUSD-1h", "SPY-1h") else 0  # begins inside a bar, ends before the last is over
    assert len(made) == len(truth) - missing
    at = np.searchsorted(truth.time, made.time)
    assert (truth.time[at] == made.time).all()
    for name in COLUMNS[:4]:
        np.testing.assert_array_equal(getattr(made, name), getattr(truth, name)[at])
