"""Funding, finer bars and shared cash on files of real markets, through experiments of a dozen lines."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment.run import run
from tests.experiment.funded import BOTH

HOME = Path(__file__).parents[2]
DATA = HOME.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the market data of ../shared/data is not here")
COINS = ("ADAUSDT", "BNBUSDT", "LINKUSDT", "XRPUSDT")
FUNDED = """
[data]
files = ["BTCUSDT-4h.parquet"]
funding = ["BTCUSDT-8h-funding.parquet"]
from = 2022-01-01
to = 2023-12-31
[strategy]
name = "rule"
length = 14
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "1y"
test = "6m"
[exits]
target_r = 6.0
"""
FINER = """
[data]
files = ["BTCUSD-1h.parquet"]
{finer}
from = 2017-12-01
to = 2018-01-31
[strategy]
name = "rule"
length = 14
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "2w"
test = "1w"
[exits]
stop = "atr"
stop_atr = 0.5
target_r = 1.0
"""
SHARED = f"""
[data]
files = {[f"{coin}-4h.parquet" for coin in COINS]}
from = 2022-01-01
[strategy]
name = "rsi_divergence"
rsi_period = [7, 14]
left_extreme = "not_required"
[search]
trials = 2
min_trades = 5
[chance]
draws = 9
[windows]
train = "1y"
test = "1y"
[sizing]
risk = 0.01
shared = true
positions = 2
rank = "-f_left_osc"
"""


def ran(folder: Path, experiment: str, name: str = "out", variants: str = '["aggressive"]') -> tuple[Path, Any, Any]:
    """A run in a workspace beside the files it names: its folder, trades and summary."""
    if not (folder / "strategies").is_dir():
        shutil.copytree(HOME / "strategies", folder / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "strategies" / "rule.py").write_text(BOTH, encoding="utf-8")
        for file in DATA.glob("*.parquet"):
            (folder / file.name).symlink_to(file)
    (folder / "real.toml").write_text(f"variants = {variants}\n{experiment}", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:  # the page has tests of its own
        patch.setitem(sys.modules, "framework.report.page", SimpleNamespace(render=lambda *_, **__: "<html></html>"))
        done = run(folder / "real.toml", out=folder / name)
    return done, pd.read_parquet(done / "trades.parquet"), json.loads((done / "summary.json").read_text())


def test_the_bitcoin_perpetual_pays_its_funding(tmp_path: Path) -> None:
    _, trades, summary = ran(tmp_path, FUNDED)
    assert len(trades) > 50 and set(trades["direction"]) == {"long", "short"}
    bars = pd.read_parquet(DATA / "BTCUSDT-4h.parquet").set_index("time")["close"]
    rates = pd.read_parquet(DATA / "BTCUSDT-8h-funding.parquet").set_index("time")["funding_rate"]
    for trade in trades.itertuples():
        # Settled at a bar's end, from the value at the close before it; an exit in a bar has left before its close.
        end = trade.exit_time if trade.exit_reason != "open" else trade.exit_time + pd.Timedelta(hours=4)
        due = rates[(rates.index > trade.entry_time) & (rates.index <= end)]
        worth = trade.size * bars.loc[due.index - pd.Timedelta(hours=4)].to_numpy()
        side = 1 if trade.direction == "long" else -1
        assert trade.carry == pytest.approx(side * (worth * due.to_numpy()).sum(), rel=1e-9, abs=1e-9)
    carry = summary["variants"]["aggressive"]["carry"]
    assert carry["paid"] == pytest.approx(trades["carry"].sum())
    in_test = rates[rates.index > "2023-01-01"]
    assert summary["funding"]["BTCUSDT"]["a_year"] == pytest.approx(in_test.mean() * 3 * 365.25)
    assert summary["notes"] == []


def test_minutes_decide_what_hours_cannot(tmp_path: Path) -> None:
    """Of the hours in doubt each minute is looked at here again; nothing else of the run may change."""
    _, coarse, before = ran(tmp_path, FINER.format(finer=""), "coarse")
    _, finer, after = ran(tmp_path, FINER.format(finer='finer = ["BTCUSD-1m.parquet"]'), "finer")
    doubt = coarse["ambiguous"].to_numpy()
    assert doubt.sum() >= 5 and (coarse["exit_reason"][doubt] == "stop").all()
    keys = ["entry_time", "exit_time", "stop", "target"]
    pd.testing.assert_frame_equal(coarse[keys], finer[keys])
    pd.testing.assert_series_equal(coarse["exit_reason"][~doubt], finer["exit_reason"][~doubt])
    minutes = pd.read_parquet(DATA / "BTCUSD-1m.parquet").set_index("time")
    for trade in finer[doubt].itertuples():
        hour = minutes.loc[trade.exit_time : trade.exit_time + pd.Timedelta(minutes=59)]
        low, high = (hour["low"] <= min(trade.stop, trade.target)), (hour["high"] >= max(trade.stop, trade.target))
        stopped, aimed = (low, high) if trade.direction == "long" else (high, low)
        first = np.flatnonzero(stopped | aimed)[0]
        whole = hour.index[first] == trade.exit_time + pd.Timedelta(minutes=int(first))  # no minute is missing before
        assert trade.ambiguous != whole
        if not whole:
            continue
        assert not (stopped.iloc[first] and aimed.iloc[first])
        assert trade.exit_reason == ("stop" if stopped.iloc[first] else "target")
    assert finer["ambiguous"].sum() < doubt.sum() / 2 and not finer["ambiguous"][~doubt].any()
    assert after["finer"] == {"BTCUSD": {"timeframe": "1m", "share": 1.0}}
    worst, best = before["variants"]["aggressive"]["ambiguity"]["expectancy_r"]
    assert worst <= after["variants"]["aggressive"]["expectancy_r"]["value"] <= best


def test_four_perpetuals_on_one_cash(tmp_path: Path) -> None:
    both = '["aggressive", "conservative"]'
    first, trades, summary = ran(tmp_path, SHARED, variants=both)
    again, *_ = ran(tmp_path, SHARED, "again", variants=both)
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    equity = pd.read_parquet(first / "equity.parquet")
    assert list(equity)[1:4] == ["aggressive", "conservative", "buy_and_hold"] and len(equity.columns) == 4 + 4
    for name, part in trades.groupby("variant"):
        assert set(part["symbol"]) == set(COINS)
        assert equity[name].iloc[-1] - 100_000 == pytest.approx(part["pnl"].sum())
        for moment in part["entry_time"]:
            held = (part["entry_time"] <= moment) & (part["exit_time"] > moment)
            assert held.sum() <= 2
        assert summary["variants"][name]["refused"]["full"] > 0
