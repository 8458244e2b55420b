"""Market data as it is found, good and bad, where it lies beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.faults import Fault, inspect
from framework.sources import load, read

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
DEFECTIVE = DATA / "defective"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the market data of ../shared/data is not here")

FILES = sorted(DATA.glob("*.parquet"))
BARS = [path for path in FILES if not path.stem.endswith(("-oi", "-funding"))]
OTHERS = [path for path in FILES if path.stem.endswith(("-oi", "-funding"))]
# Bars missing on the grid and the runs they make, as counted independently when the files were published.
MISSING = {
    "BTCUSD-1h": (7, 4),
    "BTCUSD-1m": (50, 11),
    "BTCUSDT_SPOT-1h": (14, 7),
    "ETHUSD-1h": (113, 102),
    "SOLUSD_HYPERLIQUID-1h": (10, 1),
}
CLOSED = ("AAPL", "GOOG", "IBM", "SPY", "SP500", "VIX", "EURUSD", "GBPUSD")  # nights, weekends and holidays


def found(name: str) -> dict[str, Fault]:
    return {fault.kind: fault for fault in inspect(read(DEFECTIVE / name))}


@pytest.mark.parametrize("path", BARS, ids=lambda path: path.stem)
def test_every_file_of_bars_loads(path: Path) -> None:
    bars = load(path)
    symbol, timeframe = path.stem.rsplit("-", 1)
    assert (bars.symbol, bars.timeframe) == (symbol, timeframe)
    assert bars.has_volume == (symbol not in ("EURUSD", "GBPUSD", "VIX"))
    faults = {fault.kind: fault for fault in inspect(read(path))}
    assert {fault.severity for fault in faults.values()} <= {"note"}
    if symbol in CLOSED:
        assert "gaps" in faults
    elif path.stem in MISSING:
        missing, runs = MISSING[path.stem]
        assert f"{missing} bars of {timeframe} missing in {runs} run" in faults["gaps"].message
        assert len(faults["gaps"].rows) == runs
    else:
        assert "gaps" not in faults


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_other_tables_are_refused_in_one_line(path: Path) -> None:
    with pytest.raises(UserError, match=r"holds time, (open_interest|funding_rate): not a table of bars; needed: time"):
        load(path)


def test_unadjusted_splits_are_not_visible_to_bars() -> None:
    bars = load(DEFECTIVE / "AAPL-1d-unadjusted.csv")
    assert len(bars) == 3270
    adjusted = load("sample:AAPL")
    assert (bars.time == adjusted.time).all()
    assert (bars.close[0], bars.close[-1]) == (adjusted.close[0] * 4, adjusted.close[-1])


def test_gaps_of_weeks() -> None:
    faults = found("BTCUSD-4h-gaps-2013-2016.csv")
    assert list(faults) == ["gaps"]
    assert "the longest of 365 between row 6150, line 6152 (2016-04-01 00:00) and row 6151" in faults["gaps"].message
    frame = read(DEFECTIVE / "BTCUSD-4h-gaps-2013-2016.csv")
    rows = faults["gaps"].rows
    hours = [(frame.index[row] - frame.index[row - 1]) / pd.Timedelta("1h") for row in rows]
    assert sorted(hours) == [8, 8 * 24 - 4, 31 * 24, 40 * 24 + 4, 61 * 24]


def test_newest_first_with_a_bad_tick() -> None:
    faults = found("BTCUSDT-1h-badtick-2017.csv")
    assert list(faults) == ["order", "zero volume", "gaps"]  # the bad tick is a bar like any other
    assert len(faults["order"].rows) == 997
    path = DEFECTIVE / "BTCUSDT-1h-badtick-2017.csv"
    with pytest.raises(UserError, match=r"newest first.*row 1, line 4 \(2017-09-27 20:00\).*'sort'"):
        load(path)
    bars = load(path, mend=["sort"])
    assert bars.time[0] == np.datetime64("2017-08-17T04:00")  # of the unix column, not the 12-hour one
    assert (bars.open[0], bars.volume[0]) == (16199.91, 44.51)  # in bitcoins, not in dollars
    frame = read(path)
    assert (frame["volume"].iloc[faults["zero volume"].rows] == 0).all()


def test_invented_bars_are_not_visible_to_bars() -> None:
    assert found("BTCUSDT-1h-interpolated-2018-02.csv") == {}
    assert len(load(DEFECTIVE / "BTCUSDT-1h-interpolated-2018-02.csv")) == 96


def test_copies_in_two_formats() -> None:
    faults = found("BTCUSDT-1h-mixed-2020-11.csv")
    assert list(faults) == ["order", "duplicates agree", "duplicates disagree"]
    odd = faults["duplicates disagree"]
    assert odd.rows[:2].tolist() == [20, 21]
    assert "close 18212.0 and 18143.03, at row 20, line 23 (2020-11-20 07:00) and row 21" in odd.message
    assert len(faults["duplicates agree"].rows) + len(odd.rows) // 2 == 190
    path = DEFECTIVE / "BTCUSDT-1h-mixed-2020-11.csv"
    with pytest.raises(UserError, match="one stamp with two bars"):
        load(path, mend=["sort", "drop_duplicates"])
    bars = load(path, mend=["sort", "keep_first"])
    assert len(bars) == 210
    half = np.flatnonzero(bars.time == np.datetime64("2020-11-20T07:00"))[0]
    assert bars.close[half] == 18212.0
    assert load(path, mend=["sort", "keep_last"]).close[half] == 18143.03


def test_contracts_and_a_forming_bar_are_not_visible_to_bars() -> None:
    assert found("DOGEUSDT_OKX-1h-contracts.csv") == {}
    contracts, coins = load(DEFECTIVE / "DOGEUSDT_OKX-1h-contracts.csv"), load(DATA / "DOGEUSDT_OKX-1h.parquet")
    assert np.allclose(contracts.volume[:-1] * 1000, coins.volume)


def test_a_sparse_series() -> None:
    faults = found("SOLUSD_LIGHTER-1h-sparse.csv")
    assert list(faults) == ["gaps"]
    assert "2607 bars of 1h missing" in faults["gaps"].message  # 3,607 hours, 1,000 bars
    assert load(DEFECTIVE / "SOLUSD_LIGHTER-1h-sparse.csv").timeframe == "1h"
