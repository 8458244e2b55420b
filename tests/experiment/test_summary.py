"""What a run says, worked out again from its tables with plain pandas, and the sleeves behind it by hand."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.entries import policy
from framework.experiment.coverage import notes
from framework.experiment.outofsample import OutOfSample, out_of_sample
from framework.experiment.run import run
from framework.setups import Setups
from framework.simulation import Costs, Exits, Sizing, Terms
from framework.sources import load
from framework.validation.trading import Trading
from framework.validation.windows import Window
from framework.workspace import Strategy
from tests.experiment.test_run import EXPERIMENT, workspace

CASH = 100_000.0
LAST, DAY_AFTER = "2012-11-30", "2012-12-01"
NAMES = ("aggressive", "conservative")
KEYS = {  # of summary.json, as users rely on them
    "variants", "paired", "windows", "chance", "overfitting", "verdict", "provenance",
}  # fmt: skip
FIGURES = {
    "setups", "filled", "trades", "win_rate", "expectancy_r", "profit_factor", "max_drawdown", "sharpe", "bars_held",
}  # fmt: skip
ESTIMATES = ("win_rate", "expectancy_r", "profit_factor", "sharpe", "bars_held")


@dataclass(frozen=True)
class Run:
    summary: dict[str, Any]
    trades: pd.DataFrame
    setups: pd.DataFrame
    equity: pd.DataFrame
    windows: pd.DataFrame
    trials: pd.DataFrame


def no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    text = EXPERIMENT.replace("2011-06-30", LAST).replace("time_stop = 60", "time_stop = 15\ntarget_r = 1.0")
    text = text.replace("[search]", 'left_extreme = "not_required"\n\n[search]')
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "framework.report.page", SimpleNamespace(render=lambda *_, **__: "<html></html>"))
        folder = run(workspace(tmp_path_factory.mktemp("workspace"), text))
    summary = json.loads((folder / "summary.json").read_text(), parse_constant=no_number)
    names = ("trades", "setups", "equity", "windows", "trials")
    yield Run(summary, *(pd.read_parquet(folder / f"{name}.parquet") for name in names))


def wilson(wins: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    middle, reach = (wins + z * z / 2) / (n + z * z), z / (n + z * z) * math.sqrt(wins * (n - wins) / n + z * z / 4)
    return middle - reach, middle + reach


def mcnemar(first: int, second: int) -> float:
    n = first + second
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(first, second) + 1)) / 2**n)


def enough(begin: pd.Series, end: pd.Series) -> bool:
    lives = sorted((end - begin).dt.total_seconds())
    length = max(30 * 86_400, 2 * lives[math.ceil(0.95 * (len(lives) - 1))])
    blocks = {int(stamp.timestamp() // length) for stamp in begin}
    return len(begin) >= 30 and len(blocks) >= 10


def close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def test_the_keys_that_users_rely_on(done: Run) -> None:
    assert set(done.summary) >= KEYS
    assert list(done.summary["variants"]) == list(NAMES)
    for figures in done.summary["variants"].values():
        assert set(figures) >= FIGURES
        assert all(set(figures[name]) >= {"value", "low", "high", "n"} for name in ESTIMATES)


def test_the_run_is_worth_looking_at(done: Run) -> None:
    closed = done.trades[done.trades["exit_reason"] != "open"]
    assert closed.groupby("variant").size().min() >= 10
    assert {"stop", "target", "time"} <= set(closed["exit_reason"])
    assert (~done.setups.loc[done.setups["veto"] != "", "complete"]).any()


@pytest.mark.parametrize("name", NAMES)
def test_figures_of_trades(done: Run, name: str) -> None:
    found = done.summary["variants"][name]
    mine = done.trades[done.trades["variant"] == name]
    closed = mine[mine["exit_reason"] != "open"]
    r, wins = closed["r"], int((closed["pnl"] > 0).sum())
    ranked = enough(closed["signal_time"], closed["exit_time"])
    assert (found["trades"], found["open"]) == (len(closed), len(mine) - len(closed))
    rate = found["win_rate"]
    assert (rate["value"], rate["n"], rate["enough"]) == (close(wins / len(closed)), len(closed), ranked)
    assert (rate["low"], rate["high"]) == close(wilson(wins, len(closed)))
    marked = found["win_rate_open_marked"]
    assert (marked["value"], marked["n"]) == (close((mine["pnl"] > 0).mean()), len(mine))
    factor = r[r > 0].sum() / -r[r < 0].sum()
    for key, value in (("expectancy_r", r.mean()), ("profit_factor", factor), ("bars_held", closed["bars"].mean())):
        assert (found[key]["value"], found[key]["n"], found[key]["enough"]) == (close(value), len(closed), ranked)
        assert found[key]["low"] < value < found[key]["high"]
    assert found["exits"] == closed["exit_reason"].value_counts().to_dict()
    assert found["ambiguity"]["trades"] == int(closed["ambiguous"].sum())
    low, high = found["ambiguity"]["win_rate"]
    assert low <= rate["value"] <= high


@pytest.mark.parametrize("name", [*NAMES, "buy_and_hold"])
def test_figures_of_equity_start_from_the_cash(done: Run, name: str) -> None:
    found = done.summary[name] if name == "buy_and_hold" else done.summary["variants"][name]
    series = done.equity.set_index("time")[name]
    whole = pd.concat([pd.Series([CASH]), series])
    assert found["total_return"] == close(series.iloc[-1] / CASH - 1)
    assert found["max_drawdown"] == close((1 - whole / whole.cummax()).max())
    years = (series.index[-1] - series.index[0]).total_seconds() / (365.25 * 86_400)
    for returns in (series.pct_change().dropna(), whole.pct_change().dropna()):  # with the first bar's, or without
        ratio = returns.mean() / returns.std() * math.sqrt((len(series) - 1) / years)
        if found["sharpe"]["value"] == pytest.approx(ratio, rel=1e-3):
            break
    else:
        pytest.fail(f"sharpe is {found['sharpe']['value']}, by hand {ratio}")


def test_buying_and_holding_pays_its_costs(done: Run) -> None:
    begin, worth = done.windows["test_start"].iloc[0], 0.0
    for symbol in ("AAPL", "MSFT"):
        bars = load(f"sample:{symbol}").frame()
        bars = bars[(bars.index >= begin) & (bars.index < DAY_AFTER)]
        worth += CASH / 2 / (bars["open"].iloc[0] * 1.0005 * 1.001) * bars["close"].iloc[-1]
    assert done.equity["buy_and_hold"].iloc[-1] == close(worth)
    assert done.summary["buy_and_hold"]["total_return"] == close(worth / CASH - 1)


@pytest.mark.parametrize("name", NAMES)
def test_setups_are_counted(done: Run, name: str) -> None:
    found, traded = done.summary["variants"][name], done.setups[done.setups["veto"] == ""]
    fates = traded[f"{name}_fate"]
    assert found["setups"] == len(traded)
    assert found["filled"] == int((fates == "entered").sum()) == int(traded[f"{name}_entry_time"].notna().sum())
    assert found["fates"] == fates.value_counts().to_dict()
    if name == "aggressive":  # every setup is one entry of the account
        assert found["trades"] + found["open"] + sum(found["refused"].values()) == len(traded)
    vetoed = done.setups.loc[done.setups["veto"] != "", "veto"]
    assert done.summary["vetoes"] == vetoed.value_counts().to_dict()
    assert (done.setups.loc[vetoed.index, f"{name}_fate"] == "vetoed").all()


def test_setups_lie_in_their_windows_once(done: Run) -> None:
    windows = done.windows.set_index("window")
    start, end = (done.setups["window"].map(windows[column]) for column in ("test_start", "test_end"))
    assert ((start <= done.setups["known_at"]) & (done.setups["known_at"] < end)).all()
    assert not done.setups.duplicated(["setup", "window"]).any()
    for name in NAMES:
        entered = done.setups[done.setups[f"{name}_fate"] == "entered"]
        assert (entered[f"{name}_entry_time"] > entered["known_at"]).all()
        assert (entered[f"{name}_exit_time"] >= entered[f"{name}_entry_time"]).all()
        assert entered[f"{name}_r"].notna().all()
        out = done.setups[(done.setups["veto"] == "") & (done.setups[f"{name}_fate"] != "entered")]
        assert (out[f"{name}_r"] == 0).all()


def test_a_trade_without_a_stop_has_no_r_and_is_not_taken_for_nought() -> None:
    flat = (100.0, 101.0, 99.0, 100.0)
    bars = days("2024-01-01", [flat] * 3 + [(100, 111, 99, 110)] * 6, "A")
    terms = Terms(exits=Exits(stop="own", target_r=None, time_stop=2))
    trading = Trading(rule({"A": [2]}, stop=math.nan), {"aggressive": policy("aggressive")}, terms, 1000.0, 2)
    window = Window(0, bars.index[0], bars.index[1], bars.index[-1] + pd.Timedelta(days=1))
    tested = out_of_sample(trading, [bars], [(window, {})])
    assert tested.trades["pnl"].notna().all() and tested.trades["r"].isna().all() and len(tested.trades) == 1
    assert tested.setups["aggressive_fate"].tolist() == ["entered"]
    assert math.isnan(tested.setups["aggressive_r"].iloc[0])


def paired(rows: pd.DataFrame) -> dict[str, Any]:
    first, second = rows["aggressive_r"], rows["conservative_r"]
    table = pd.crosstab(first > 0, second > 0).reindex(index=[True, False], columns=[True, False], fill_value=0)
    return {
        "setups": len(rows),
        "aggressive_filled": int((rows["aggressive_fate"] == "entered").sum()),
        "conservative_filled": int((rows["conservative_fate"] == "entered").sum()),
        "aggressive_r": close(first.mean()),
        "conservative_r": close(second.mean()),
        "wins": dict(
            zip(
                ("both", "aggressive_only", "conservative_only", "neither"),
                table.to_numpy().ravel().tolist(),
                strict=True,
            )
        ),
        "mcnemar_p": close(mcnemar(table.loc[True, False], table.loc[False, True])),
    }


@pytest.mark.parametrize("name", NAMES)
def test_costs_are_what_the_open_prices_would_have_given_more(done: Run, name: str) -> None:
    """From the raw prices of entry and exit, as if there were no fee and no slippage, with the same stop and size."""
    slipped = 0.0005  # the default
    trades = done.trades[(done.trades["variant"] == name) & (done.trades["exit_reason"] != "open")]
    more = []
    for trade in trades.itertuples():
        side = 1 if trade.direction == "long" else -1
        bought = trade.entry_price / (1 + side * slipped)
        sold = trade.exit_price / (1 - side * slipped)
        free = side * (sold - bought) / abs(trade.entry_price - trade.stop)
        more.append(free - trade.r)
    assert min(more) > 0
    assert done.summary["variants"][name]["costs_r"]["value"] == close(-np.mean(more))


def test_the_paired_difference(done: Run) -> None:
    traded = done.setups[done.setups["veto"] == ""]
    rows = traded[traded["complete"]]
    both = rows[(rows["aggressive_fate"] == "entered") & (rows["conservative_fate"] == "entered")]
    assert 0 < len(both) < len(rows)
    for found, due in ((done.summary["paired"]["all"], rows), (done.summary["paired"]["filled_by_both"], both)):
        difference = found["difference_r"]
        assert (difference["value"], difference["n"]) == (
            close(due["conservative_r"].mean() - due["aggressive_r"].mean()), len(due),
        )  # fmt: skip
        ends = due["known_at"].copy()
        for name in NAMES:
            out = due[f"{name}_exit_time"]
            ends = ends.where(~(out > ends), out)
        assert difference["enough"] == enough(due["known_at"], ends)
        expected = paired(due)
        assert {key: found[key] for key in expected} == expected
    assert done.summary["paired"]["left_out_at_the_end"] == int((~traded["complete"]).sum())


def test_complete_means_that_the_wait_could_end(done: Run) -> None:
    for symbol in ("AAPL", "MSFT"):
        known = done.setups.loc[(done.setups["symbol"] == symbol) & done.setups["complete"], "known_at"]
        last = load(f"sample:{symbol}").index
        last = last[last < DAY_AFTER]
        assert known.max() < last[-21]  # 20 bars of waiting and one to be filled in
        waiting = done.setups[(done.setups["symbol"] == symbol) & (done.setups["conservative_fate"] == "pending")]
        assert not waiting["complete"].any()


def test_kinds(done: Run) -> None:
    rows = done.setups[(done.setups["veto"] == "") & done.setups["complete"]]
    assert len(done.summary["kinds"]) == 2 * rows["kind"].nunique() >= 4
    for found in done.summary["kinds"]:
        part = rows[rows["kind"] == found["kind"]]
        filled = part[part[f"{found['variant']}_fate"] == "entered"]
        r = filled[f"{found['variant']}_r"]
        assert (found["setups"], found["filled"]) == (len(part), len(filled))
        if len(filled):
            assert found["win_rate"]["value"] == close((r > 0).mean())
            assert found["expectancy_r"]["value"] == close(r.mean())


def test_windows_in_and_out_of_sample(done: Run) -> None:
    assert len(done.summary["windows"]) == len(done.windows) == 5 - 1
    for found in done.summary["windows"]:
        mine = done.trades[(done.trades["window"] == found["window"]) & (done.trades["exit_reason"] != "open")]
        chosen = done.trials[(done.trials["window"] == found["window"]) & done.trials["chosen"]].squeeze()
        for name in NAMES:
            r = mine.loc[mine["variant"] == name, "r"]
            assert found["out_of_sample"][name]["trades"] == len(r)
            assert not len(r) or found["out_of_sample"][name]["score"] == close(r.mean())
            assert found["in_sample"][name]["trades"] == chosen[f"trades_{name}"]
        assert found["trial"] == chosen["trial"]
        assert found["parameters"] == {name: chosen[f"parameters.{name}"] for name in found["parameters"]}
    sets = done.trials.filter(like="parameters.").drop_duplicates()
    assert done.summary["overfitting"]["trials"] == 2 * len(sets), "a set and an entry each, whatever the windows"
    assert len(done.trials) == 20 and done.summary["overfitting"]["runs"] == 1


def test_the_verdict_says_what_the_figures_say(done: Run) -> None:
    verdict, variants = done.summary["verdict"], done.summary["variants"]
    for name, figures in variants.items():
        r = figures["expectancy_r"]
        word = "made money" if r["low"] > 0 else "lost money" if r["high"] < 0 else "show no edge"
        assert f"{name} entries {word}" in verdict["answer"] or not r["enough"]
        assert f"{r['value']:+.2f} R a trade" in verdict["answer"]
    p = done.summary["paired"]["all"]["mcnemar_p"]
    assert ("p < 0.0001" if p < 0.0001 else f"p = {p:.4f}") in verdict["compared"]


@dataclass(frozen=True)
class Params:
    pass


def days(first: str, rows: list[tuple[float, float, float, float]], symbol: str) -> Bars:
    index = pd.date_range(first, periods=len(rows), freq="D", tz="UTC")
    table = pd.DataFrame(rows, columns=["open", "high", "low", "close"], index=index).assign(volume=1.0)
    return Bars.from_frame(table, symbol, "1d")


def rule(known: Mapping[str, list[int]], stop: float = 95.0) -> Strategy:
    """Long setups with one stop, known at given bars of each symbol."""

    def find(bars: Bars, _: Params) -> Setups:
        at = np.array(known.get(bars.symbol, []), np.int64)
        kind, veto = np.full(len(at), "made", dtype="<U4"), np.full(len(at), "", dtype="<U1")
        one = np.ones(len(at), np.int8)
        return Setups(bars.symbol, "1d", bars.time, "hand", kind, one, {"setup_extreme": at}, at, stop * one, {}, veto)

    return Strategy("hand", Path("hand.py"), "", "", Params, find, None, None)


def sleeves(known: Mapping[str, list[int]]) -> OutOfSample:
    """Two symbols: A from the 1st, with no bar on the 6th; B from the 4th on. The test begins on the 3rd."""
    flat = (100.0, 101.0, 99.0, 100.0)
    a = days(
        "2024-01-01", [flat, flat, (100, 120, 99, 110), flat, (100, 112, 99, 111), flat, flat, (100, 104, 99, 104)], "A"
    )
    a = Bars.from_frame(a.frame().drop(a.index[5]), "A", "1d")
    b = days("2024-01-04", [(50, 60, 40, 45), (45, 66, 44, 66), (66, 70, 60, 60), (60, 90, 50, 75)], "B")
    terms = Terms(Costs(fee=0.0, slippage=0.25), Sizing(), Exits(stop="own", target_r=None, min_risk_atr=0))
    trading = Trading(rule(known), {"aggressive": policy("aggressive")}, terms, 2000.0, 2)
    stamp = [pd.Timestamp(f"2024-01-{day:02}", tz="UTC") for day in (1, 3, 6, 9)]
    windows = [Window(0, stamp[0], stamp[1], stamp[2]), Window(1, stamp[0], stamp[2], stamp[3])]
    return out_of_sample(trading, [a, b], [(window, {}) for window in windows])


def test_sleeves_of_buying_and_holding() -> None:
    equity = sleeves({}).equity.set_index("time")
    assert [stamp.day for stamp in equity.index] == [3, 4, 5, 6, 7, 8]
    a, b = equity["buy_and_hold.A"], equity["buy_and_hold.B"]
    assert a.tolist() == close([8.0 * price for price in (110, 100, 111, 111, 100, 104)])  # 1000 / 125; none on the 6th
    assert b.tolist() == close([1000.0, *(16.0 * price for price in (45, 66, 60, 75, 75))])  # bought on the 4th
    assert (equity["buy_and_hold"] == a + b).all()
    assert equity["aggressive"].tolist() == [2000.0] * 6


def test_sleeves_of_a_rule_have_equal_cash() -> None:
    tested = sleeves({"A": [0, 2], "B": [1]})
    equity = tested.equity.set_index("time")
    assert list(equity.columns) == [
        "aggressive", "buy_and_hold", "aggressive.A", "buy_and_hold.A", "aggressive.B", "buy_and_hold.B",
    ]  # fmt: skip
    # A's setup of the 1st lies before the first test. That of the 3rd buys at the open of the 4th, 100 and slippage.
    (trade,) = tested.trades.to_dict("records")
    assert (trade["symbol"], trade["window"], trade["exit_reason"]) == ("A", 0, "open")
    assert (trade["entry_price"], trade["size"], trade["pnl"]) == (125.0, 8.0, 8 * (104 - 125.0))
    assert equity["aggressive.A"].tolist() == close([1000, 800, 888, 888, 800, 832])
    assert equity["aggressive.B"].tolist() == [1000.0] * 6  # the open of 66 lies under its stop
    assert equity["aggressive"].tolist() == close([2000, 1800, 1888, 1888, 1800, 1832])
    assert tested.refused == {"aggressive": {"beyond_stop": 1}}
    known = tested.setups[["symbol", "window", "aggressive_fate", "complete"]].to_numpy().tolist()
    assert known == [["A", 0, "entered", True], ["B", 0, "beyond_stop", False]]
    assert tested.per_year == pytest.approx(365.25)


def test_a_market_that_is_not_there_is_named() -> None:
    quiet = (100.0, 101.0, 99.0, 100.0)
    whole, late = days("2020-01-01", [quiet] * 200, "WHOLE"), days("2020-03-01", [quiet] * 140, "LATE")
    gone = days("2019-01-01", [quiet] * 30, "GONE")
    for shared, idle in ((False, "its part of the cash"), (True, "its part of buying and holding")):
        markets, trading = [whole, late, gone], SimpleNamespace(shared=shared)
        equity = pd.DataFrame({"time": whole.index})
        tested: Any = SimpleNamespace(markets=markets, equity=equity, trading=trading, setups=pd.DataFrame())
        assert notes(tested) == [
            f"LATE has bars from 2020-03-01 to 2020-07-18 only: outside of it {idle} lay idle.",
            f"GONE has no bars in any test: {idle} lay idle throughout.",
        ]
