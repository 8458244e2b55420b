"""Several markets on one cash, from an experiment's file: what `simulate_together` makes of the same by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from framework.bars import Bars
from framework.experiment.run import run
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, simulate_together
from framework.sources import load

from . import refused, toml
from .funded import BOTH, QUICK, Done, ran, walked

CASH = 100_000.0
NAMES = ("X", "Y", "Z")
FILES = "data.files = ['data/X-1d.csv', 'data/Y-1d.csv', 'data/Z-1d.csv']"
SHARED = (
    FILES, "sizing.shared = true", "sizing.positions = 2", "sizing.fraction = 0.6", "exits.stop = 'atr'",
    "exits.stop_atr = 0.9", "exits.target_r = 1.0",
)  # fmt: skip
RANK = "sizing.rank = '-f_range'"
SEARCH = ("search.trials = 3", "search.min_trades = 3", "strategy.length = [7, 14]", "strategy.level = 30.0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """X from the first day to the last; Y without a week and some days; Z begins in the test and ends before it."""
    folder = tmp_path_factory.mktemp("workspace")
    ran(folder, name="first")
    shutil.rmtree(folder / "reports" / "ledger")
    walked(7).to_csv(folder / "data" / "X-1d.csv")
    y = walked(8)
    y.drop([*y.index[500:507], *y.index[610:640:3]]).to_csv(folder / "data" / "Y-1d.csv")
    walked(9, 400, "2021-02-01").to_csv(folder / "data" / "Z-1d.csv")
    return folder


@pytest.fixture(scope="module")
def done(folder: Path) -> Done:
    return ran(folder, *SHARED, RANK, *SEARCH, name="shared")


def entries(bars: Bars, done: Done) -> tuple[Entries, np.ndarray[Any, Any]]:
    """The rule written a second time: each close above the high of `length` bars before, window by window."""
    rows = []
    for window in done.windows.itertuples():
        length = int(done.windows.loc[window.Index, "parameters.length"])
        at = np.flatnonzero(bars.close[length:] > bars.high[:-length]) + length
        for number, bar in enumerate(at):
            if window.test_start <= bars.index[bar] < window.test_end:
                side = 1 if number % 2 else -1
                stop = (0.97 if side > 0 else 1.03) * bars.close[bar]
                rows.append((bar, side, stop, bars.high[bar] - bars.low[bar], window.window))
    bar, side, stop, reach, window = (np.array(column) for column in zip(*rows, strict=True))
    none = np.full(len(bar), np.nan)
    never = np.full(len(bar), len(bars), np.int64)
    return Entries(bar, side.astype(np.int8), stop, none, never, np.full(len(bar), -1), window=window), -reach


def by_hand(folder: Path, done: Done, **exits: Any) -> Any:
    markets = [load(folder / "data" / f"{name}-1d.csv") for name in NAMES]
    wanted, rank = zip(*(entries(bars, done) for bars in markets), strict=True)
    options = Exits("atr", stop_atr=0.9, target_r=1.0, time_stop=12, min_risk_atr=0.0, on_opposite="ignore", **exits)
    terms = Costs(0.001, 0.0005), Sizing(fraction=0.6, positions=2), options
    return simulate_together(markets, wanted, *terms, cash=CASH, rank=rank)


def test_it_is_one_simulation_of_all_markets(folder: Path, done: Done) -> None:
    made = by_hand(folder, done)
    begin = done.windows["test_start"].iloc[0]
    due = made.equity[made.equity.index >= begin]
    assert (made.equity[made.equity.index < begin] == CASH).all()
    assert (done.equity["time"] == due.index).all()
    np.testing.assert_array_equal(done.equity["aggressive"], due)
    whole = made.trades.sort_values(["entry_time", "symbol"], kind="stable", ignore_index=True)
    assert len(whole) > 60 and set(whole["symbol"]) == set(NAMES)
    same = [name for name in whole if name not in ("variant", "window", "setup")]
    pd.testing.assert_frame_equal(done.trades[same], whole[same], check_dtype=False, check_exact=True)
    fates = pd.Series([fate for one in made.fates for fate in one]).value_counts().drop("entered")
    assert done.summary["variants"]["aggressive"]["refused"] == fates.sort_index().to_dict()
    assert {"full", "no_bar"} <= set(fates.index)


def test_bounds_are_those_of_the_same_account_resolved_the_other_way(folder: Path, done: Done) -> None:
    """Each bar that holds stop and target goes the other way, and what the account can then afford goes with it."""
    tables = [by_hand(folder, done, inside_bar=way).trades for way in ("pessimistic", "optimistic")]
    closed = [table[table["exit_reason"] != "open"] for table in tables]
    found = done.summary["variants"]["aggressive"]["ambiguity"]
    assert found["trades"] == int(closed[0]["ambiguous"].sum()) > 0
    assert found["expectancy_r"] == pytest.approx(sorted(one["r"].mean() for one in closed))
    assert found["win_rate"] == pytest.approx(sorted((one["pnl"] > 0).mean() for one in closed))


def test_windows_and_setups_of_the_trades(done: Done) -> None:
    windows, setups = done.windows.set_index("window"), done.setups.set_index(["setup", "window"])
    assert done.trades["window"].nunique() == len(windows) == 3
    for trade in done.trades.itertuples():
        window = windows.loc[trade.window]
        assert window["test_start"] <= trade.signal_time < window["test_end"]
        setup = setups.loc[(trade.setup, trade.window)]
        assert (setup["symbol"], setup["known_at"]) == (trade.symbol, trade.signal_time)


def test_never_more_positions_than_allowed(done: Done) -> None:
    trades, most = done.trades, 0
    for moment in trades["entry_time"].unique():
        # Entered by then, and not gone before the closes of that moment.
        there = (trades["entry_time"] <= moment) & (
            (trades["exit_time"] > moment) | ((trades["exit_time"] == moment) & (trades["entry_time"] == moment))
        )
        most = max(most, int(there.sum()))
    assert most == 2
    assert done.equity["aggressive"].iloc[-1] - CASH == pytest.approx(trades["pnl"].sum())


def test_columns_of_equity(done: Done) -> None:
    held = [f"buy_and_hold.{name}" for name in NAMES]
    assert list(done.equity.columns) == ["time", "aggressive", "buy_and_hold", *held]
    assert done.equity["buy_and_hold"].to_numpy() == pytest.approx(done.equity[held].sum(axis=1).to_numpy())
    assert done.equity[held[2]].iloc[0] == pytest.approx(CASH / 3), "Z is not there yet: its part is cash"


def test_the_rank_decides_who_is_entered(folder: Path, done: Done) -> None:
    """The lowest first is not the highest first is not the order of the file; NaN throughout is that order."""
    seat, keys = (*SHARED, "sizing.positions = 1", *SEARCH), ["symbol", "entry_time"]
    ranks = {"high": "f_range", "low": "-f_range", "none": "f_none", "plain": ""}
    made = {name: ran(folder, *seat, f"sizing.rank = '{rank}'", name=name) for name, rank in ranks.items()}
    high, low, none, plain = (one.trades for one in made.values())
    for one, other in ((high, low), (high, plain), (low, plain)):
        assert not one[keys].equals(other[keys])
    pd.testing.assert_frame_equal(none, plain)
    assert len({one.manifest["identity"] for one in made.values()}) == 4


def test_what_is_not_shared_is_apart(folder: Path, done: Done) -> None:
    apart = ran(
        folder, *(key for key in SHARED if "shared" not in key and "positions" not in key), *SEARCH, name="apart"
    )
    assert [f"aggressive.{name}" in apart.equity for name in NAMES] == [True] * 3
    assert apart.windows["parameters.length"].equals(done.windows["parameters.length"]), "the search is the same"
    assert (apart.equity["buy_and_hold"] == done.equity["buy_and_hold"]).all()
    pd.testing.assert_frame_equal(
        apart.setups.drop(columns="setup"), done.setups.drop(columns="setup")
    )  # each setup by itself knows no cash
    assert (apart.summary["shared"], done.summary["shared"]) == (False, True)


def test_one_market_alone_shares_with_nobody(folder: Path) -> None:
    alone = [
        ran(folder, "data.files = ['data/X-1d.csv']", f"sizing.shared = {word}", name=f"one-{word}")
        for word in ("true", "false")
    ]
    pd.testing.assert_frame_equal(alone[0].trades, alone[1].trades)
    assert (alone[0].equity["aggressive"] == alone[1].equity["aggressive"]).all()


def test_resumed_it_is_the_same_bytes(folder: Path, done: Done) -> None:
    path = folder / "experiments" / "shared.toml"

    def stop(stage: str, *_: int) -> None:
        if stage == "window 3 of 3":
            raise KeyboardInterrupt

    again = folder / "again"
    shutil.rmtree(folder / "reports" / "ledger")  # other tests have tried more on these markets since
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            __import__("sys").modules, "framework.report.page", type("Page", (), {"render": lambda *_: "<html></html>"})
        )
        with pytest.raises(KeyboardInterrupt):
            run(path, out=again, told=stop)
        assert not (again / "trades.parquet").exists()
        run(path, out=again, resume=True)
    kept = {file.name: file.read_bytes() for file in done.folder.iterdir()}
    assert {file.name: file.read_bytes() for file in again.iterdir()} == kept


def test_a_run_without_a_single_trade(folder: Path, done: Done) -> None:
    quiet = ran(folder, *SHARED, RANK, *SEARCH, "exits.min_risk_atr = 1000.0", name="quiet")
    assert len(quiet.trades) == 0 and (quiet.equity["aggressive"] == CASH).all()
    assert quiet.summary["variants"]["aggressive"]["refused"].keys() >= {"thin_risk"}
    for name in ("trades", "setups", "equity"):  # whoever reads these files finds the same types in every run
        types, due = (pq.read_schema(one.folder / f"{name}.parquet") for one in (quiet, done))
        assert dict(zip(types.names, types.types, strict=True)) == dict(zip(due.names, due.types, strict=True))


def test_a_market_whose_bars_end_with_a_position_in_it_is_said(folder: Path) -> None:
    """Z ends on 2022-03-07; its last trade keeps a place of the account until the end of the others."""
    text = ("exits.time_stop = 400", "exits.stop = 'atr'", "exits.stop_atr = 60.0", "exits.target_r = 50.0")
    done = ran(folder, *SHARED, *text, name="still")
    last = done.trades[done.trades["symbol"] == "Z"].iloc[-1]
    assert last["exit_reason"] == "open" and last["exit_time"] == pd.Timestamp("2022-03-07", tz="UTC")
    assert done.summary["notes"] == [
        "Z has bars from 2021-02-01 to 2022-03-07 only: outside of it its part of buying and holding lay idle.",
        "A position in Z was held when its bars ended: it kept its place and value to the end.",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("sizing.rank = 'f_rang'", "sizing.rank: 'f_rang' is no feature of the rule's setups; did you mean 'f_range'?"),
        ("sizing.rank = '-range'", "sizing.rank: 'range' is no feature of the rule's setups; did you mean 'f_range'?"),
        ("sizing.rank = '-'", "sizing.rank: '' is no feature of the rule's setups; known: f_none, f_range"),
        ("exits.target_height = 1.0", "exits.target_height: no setup of rule has a height; another target, as"),
    ],
)
def test_what_the_setups_do_not_have(folder: Path, change: str, said: str) -> None:
    path = folder / "experiments" / "wrong.toml"
    path.write_text(toml(*QUICK, *SHARED, change), encoding="utf-8")
    assert refused(folder, "run", path).startswith(f"{path}: {said}")


def test_a_rule_that_hands_in_signals_has_nothing_to_rank_by(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "ws", ignore=shutil.ignore_patterns("out", "again"))
    rule = BOTH[: BOTH.index("def setups")] + (
        "from framework.signals import Signals\n\n\n"
        "def signals(bars, p):\n    return Signals(long_entry=np.append(False, bars.close[1:] > bars.high[:-1]))\n"
    )
    (tmp_path / "ws" / "strategies" / "rule.py").write_text(rule, encoding="utf-8")
    path = tmp_path / "ws" / "experiments" / "signals.toml"
    path.write_text(toml(*QUICK, *SHARED, RANK), encoding="utf-8")
    assert (
        refused(tmp_path, "run", path)
        == f"{path}: sizing.rank: 'f_range' is no feature of the rule's setups; none is known"
    )
