"""Finer bars from an experiment's file: which trade they decide and how, looked up by hand in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from .funded import Done, quarters, ran, walked

FINER = "data.finer = ['data/X-6h.csv']"
TIGHT = ("exits.stop = 'atr'", "exits.stop_atr = 0.5", "exits.target_r = 1.0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    ran(folder, name="first")
    frame = walked(7)
    frame.to_csv(folder / "data" / "X-1d.csv")
    quarters(frame).to_csv(folder / "data" / "X-6h.csv")
    return folder


@pytest.fixture(scope="module")
def coarse(folder: Path) -> Done:
    return ran(folder, *TIGHT, name="coarse")


@pytest.fixture(scope="module")
def finer(folder: Path) -> Done:
    return ran(folder, *TIGHT, FINER, name="finer")


def decided(folder: Path, trade: Any) -> tuple[str, bool]:
    """How a trade ends that is in the market for both, and whether nobody can tell: from the quarters of its day."""
    day = quarters(walked(7)).tz_localize("UTC").loc[trade.exit_time : trade.exit_time + pd.Timedelta(hours=18)]
    assert len(day) == 4
    long = trade.direction == "long"
    for bar in day.itertuples():
        stopped = bar.open <= trade.stop if long else bar.open >= trade.stop
        aimed = bar.open >= trade.target if long else bar.open <= trade.target
        if not stopped and not aimed:
            stopped = bar.low <= trade.stop if long else bar.high >= trade.stop
            aimed = bar.high >= trade.target if long else bar.low <= trade.target
        if stopped or aimed:
            return ("stop" if stopped else "target"), stopped and aimed
    return "stop", True


def in_doubt(trades: pd.DataFrame) -> pd.DataFrame:
    """Those whose day of exit holds stop and target both, and does not open beyond either."""
    days = walked(7).tz_localize("UTC").loc[trades["exit_time"]].set_axis(trades.index)
    low, high = trades[["stop", "target"]].min(axis=1), trades[["stop", "target"]].max(axis=1)
    inside = trades["exit_reason"].isin(["stop", "target"]) & (days["low"] <= low) & (days["high"] >= high)
    return trades[inside & ((days["open"] > low) & (days["open"] < high))]


def test_finer_bars_decide_what_they_can(folder: Path, coarse: Done, finer: Done) -> None:
    assert len(in_doubt(coarse.trades)) > 10 and in_doubt(coarse.trades)["ambiguous"].all()
    assert (in_doubt(coarse.trades)["exit_reason"] == "stop").all()
    doubtful = in_doubt(finer.trades)
    for trade in doubtful.itertuples():
        assert (trade.exit_reason, trade.ambiguous) == decided(folder, trade)
    assert set(doubtful["exit_reason"]) == {"stop", "target"}
    assert set(doubtful["ambiguous"]) == {True, False}
    assert not finer.trades.drop(doubtful.index)["ambiguous"].any()


def test_what_is_left_in_doubt_bears_both_bounds(coarse: Done, finer: Done) -> None:
    before, after = (one.summary["variants"]["aggressive"]["ambiguity"] for one in (coarse, finer))
    assert after["trades"] == int(finer.trades["ambiguous"].sum()) < before["trades"]
    (low, high), (worst, best) = after["win_rate"], before["win_rate"]
    assert worst <= low < high <= best


def test_the_manifest_and_the_summary_name_them(coarse: Done, finer: Done) -> None:
    held = finer.manifest["data"]["X"]
    assert (
        held["finer"] == {"timeframe": "6h", "bars": 3600} and held["sha256"] != coarse.manifest["data"]["X"]["sha256"]
    )
    assert finer.manifest["configuration"]["data"]["finer"] == ["data/X-6h.csv"]
    assert finer.summary["finer"] == {"X": {"timeframe": "6h", "share": 1.0}} and coarse.summary["finer"] == {}


def test_the_period_cuts_them_and_the_share_is_that_of_the_test(folder: Path) -> None:
    """The test is the year 2021, of which the quarters are there for March, besides all before and after it."""
    whole = quarters(walked(7))
    march = (whole.index >= "2021-03-01") & (whole.index < "2021-04-01")
    whole[march | (whole.index < "2021-01-01") | (whole.index >= "2022-01-01")].to_csv(folder / "data" / "M-6h.csv")
    done = ran(folder, *TIGHT, FINER.replace("X-6h", "M-6h"), "data.to = 2021-12-31", name="march")
    assert done.summary["finer"]["X"]["share"] == pytest.approx(31 / 365)
    assert done.manifest["data"]["X"]["finer"]["bars"] == 4 * (366 + 31)
