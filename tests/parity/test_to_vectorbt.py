"""A Result as a vectorbt Portfolio: its trades, its value and what it says of them are ours."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework import metrics
from framework.bars import Bars
from framework.errors import UserError
from framework.signals import Signals
from framework.simulation import Costs, Exits, Result, Sizing, simulate
from tests.oracle.tables import Table, all_tables, tables
from tests.parity.markets import market
from tests.simulation import framework_bars, framework_entries, keywords

SIZINGS = (
    Sizing(),
    Sizing(fraction=3, leverage=3),
    Sizing(risk=0.05, leverage=10),
    Sizing(lot=0.5),
    Sizing(fraction=40, leverage=40),  # some of these are ruined
)


def run(table: Table) -> Result:
    return simulate(framework_bars(table.bars), framework_entries(table.signals), **keywords(table.options))


def of(text: str) -> Result:
    return run(tables(f"```bars\n{text.strip()}\n```")[0])


def check(portfolio: Any, result: Result) -> None:
    """Everything that both have a word for."""
    ours, equity, scale = result.trades, result.equity.to_numpy(), result.cash
    theirs = portfolio.trades.values
    assert len(theirs) == len(ours)
    assert theirs["entry_idx"].tolist() == result.bars.index.get_indexer(pd.Index(ours["entry_time"])).tolist()
    assert theirs["exit_idx"].tolist() == result.bars.index.get_indexer(pd.Index(ours["exit_time"])).tolist()
    assert np.array(["long", "short"])[theirs["direction"]].tolist() == ours["direction"].tolist()
    assert np.array(["open", "closed"])[theirs["status"]].tolist() == [
        "open" if reason == "open" else "closed" for reason in ours["exit_reason"]
    ]
    for name in ("entry_price", "exit_price", "size", "return"):
        assert theirs[name] == pytest.approx(ours[name].to_numpy(), rel=1e-9, abs=1e-12), name
    paid = (ours["fees"] + ours["carry"]).to_numpy()
    assert theirs["entry_fees"] + theirs["exit_fees"] == pytest.approx(paid, rel=1e-9, abs=1e-9 * scale)
    assert theirs["pnl"] == pytest.approx(ours["pnl"].to_numpy(), rel=1e-9, abs=1e-9 * scale)
    value = portfolio.value()
    assert value.index.equals(result.equity.index)
    assert (np.abs(value.to_numpy() - equity) <= 1e-9 * np.maximum.accumulate(np.abs(equity))).all()
    assert portfolio.total_return() == pytest.approx(equity[-1] / result.cash - 1, rel=1e-9, abs=1e-9)
    assert -portfolio.max_drawdown() == pytest.approx(metrics.max_drawdown(equity), rel=1e-9, abs=1e-9)
    sharpe = metrics.sharpe(equity, result.bars.per_year).value
    if not math.isnan(sharpe):
        assert portfolio.sharpe_ratio() == pytest.approx(sharpe, rel=1e-9, abs=1e-7)
    closed = ours[ours["exit_reason"] != "open"]
    if len(closed):
        won = (closed["pnl"] > 0).to_numpy()
        assert portfolio.trades.closed.win_rate() == metrics.win_rate(won, np.zeros(len(won), np.int64)).value
    assert portfolio.trades.closed.count() == len(closed)


@pytest.mark.parametrize("funded", [False, True])
def test_random_markets(beside: ModuleType, funded: bool) -> None:
    """Any terms, leverage up to ruin; with funding and borrowing as well."""
    stamps = pd.date_range("2024-01-01", periods=18, freq="8h", tz="UTC")
    trades, ruined, carried = 0, 0, 0
    for seed in range(75):
        case, sizing = market(seed), SIZINGS[seed % len(SIZINGS)]
        bars, costs = case.bars, case.costs
        if funded:
            rates = np.random.default_rng(seed).normal(0, 0.001, len(stamps))
            bars, costs = bars.with_funding(pd.Series(rates, stamps)), replace(costs, borrow=seed % 2 * 0.5)
        result = simulate(bars, case.entries, costs, sizing, case.exits)
        portfolio = beside.to_portfolio(result)
        check(portfolio, result)
        trades += len(result.trades)
        ruined += (result.trades["exit_reason"] == "ruined").sum()
        carried += (result.trades["carry"] != 0).sum()
        if seed % 20 == 0:
            check(portfolio.replace(engine="numba"), result)
    assert trades > 1000 and ruined >= 3
    assert carried > 150 if funded else carried == 0


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.name)
def test_the_tables_of_the_semantics(beside: ModuleType, table: Table) -> None:
    result = run(table)
    check(beside.to_portfolio(result), result)


def test_the_orders_of_a_reversal(beside: ModuleType) -> None:
    """At one open the exit of the old comes before the entry of the new; in one bar the entry before its exit."""
    result = of("""
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 102  98 101 | short stop=111
2 | 101 112  99 100 |
3 |  99 100  98  99 |
""")
    orders = beside.to_portfolio(result).orders.values
    assert orders["idx"].tolist() == [1, 2, 2, 2]
    assert orders["side"].tolist() == [0, 1, 1, 0]  # buy, sell, sell, buy
    assert orders["price"].tolist() == [100, 101, 101, 111]
    assert orders["size"].tolist() == pytest.approx([10, 10, 10, 10])


def test_figures_known_without_either(beside: ModuleType) -> None:
    """Daily bars, 1000 in cash, 10 units at 100: equity 1000, 1010, 1030, 990, so a fall of 40 / 1030."""
    result = of("""
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 101 |
2 | 101 104 100 103 |
3 | 103 103  98  99 |
""")
    index = pd.date_range("2024-01-01", periods=4, freq="D", tz="UTC")
    bars = Bars.from_frame(result.bars.frame().set_index(index), "X")
    result = simulate(bars, Signals(np.arange(4) == 0, stop=[90.0] * 4), cash=1000)
    portfolio = beside.to_portfolio(result)
    assert portfolio.value().tolist() == [1000, 1010, 1030, 990]
    assert portfolio.total_return() == pytest.approx(-0.01)
    assert portfolio.max_drawdown() == pytest.approx(-40 / 1030)
    returns = [10 / 1000, 20 / 1010, -40 / 1030]  # three of four bars: nothing comes before the first
    annual = np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(365.25)
    assert portfolio.sharpe_ratio() == pytest.approx(annual)
    assert portfolio.returns().isna().tolist() == [True, False, False, False]
    assert portfolio.wrapper.freq == pd.Timedelta("1D")


FEW = ["total_return", "win_rate", "total_trades", "total_closed_trades", "sharpe_ratio"]


# All of them is 25 s of compiling where vectorbt-rust is not there.
@pytest.mark.parametrize("names", [pytest.param(FEW, id="few"), pytest.param(None, id="all", marks=pytest.mark.slow)])
def test_what_vectorbt_prints(beside: ModuleType, names: list[str] | None) -> None:
    result = simulate(market(3).bars, market(3).entries, Costs(fee=0.001))
    portfolio = beside.to_portfolio(result)
    said, equity = portfolio.stats(metrics=names), result.equity.to_numpy()
    sharpe = metrics.sharpe(equity, result.bars.per_year).value
    closed = result.trades[result.trades["exit_reason"] != "open"]
    assert said["Sharpe Ratio"] == pytest.approx(sharpe)
    assert portfolio.returns_stats(metrics=names and ["sharpe_ratio"])["Sharpe Ratio"] == pytest.approx(sharpe)
    assert said["Total Return [%]"] == pytest.approx(100 * (equity[-1] / result.cash - 1))
    assert said["Win Rate [%]"] == pytest.approx(100 * (closed["pnl"] > 0).mean())
    assert (said["Total Trades"], said["Total Closed Trades"]) == (len(result.trades), len(closed))
    if names is None:
        assert said["Max Drawdown [%]"] == pytest.approx(100 * metrics.max_drawdown(equity))
        assert said["Total Fees Paid"] == pytest.approx(result.trades["fees"].sum())


def test_a_year_of_a_market_that_closes(beside: ModuleType) -> None:
    """A year's bars are those of the symbol's calendar, weekends left out; another year may be asked for."""
    index = pd.bdate_range("2020-01-01", periods=600, tz="UTC")
    close = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, 600)))
    bars = Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close), index), "X", "1d")
    assert bars.per_year == pytest.approx(261, abs=0.5)
    result = simulate(bars, Signals(np.arange(600) % 50 == 0), exits=Exits(swing_width=1))
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    ours = metrics.sharpe(result.equity.to_numpy(), 1).value
    assert portfolio.sharpe_ratio(freq="1D", year_freq="252D") == pytest.approx(ours * math.sqrt(252))


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_no_trades_at_all(beside: ModuleType, rows: int) -> None:
    """DIFFERENCES: sharpe_of_nothing."""
    index = pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC")
    bars = Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 5.0), index), "X", "1h")
    result = simulate(bars, Signals(np.zeros(rows, bool)))
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    assert len(portfolio.orders.values) == 0 and portfolio.trades.count() == 0
    assert math.isnan(portfolio.trades.win_rate())
    assert math.isnan(metrics.sharpe(result.equity.to_numpy(), 8766).value)
    assert rows < 30 or portfolio.sharpe_ratio() == math.inf


def test_the_sharpe_ratio_of_a_ruined_account(beside: ModuleType) -> None:
    """DIFFERENCES: sharpe_of_nothing."""
    result = of("""
with leverage=5 fraction=5 stop=own
0 | 100 101  99 100 | short
1 | 100 102  98 101 |
2 | 100 130  99 125 |
3 | 100 130  99 125 |
""")
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    assert portfolio.value().tolist() == [1000, 950, -250, -250]
    assert math.isnan(metrics.sharpe(result.equity.to_numpy(), 365.25).value)
    assert math.isfinite(portfolio.sharpe_ratio())


CARRY = """
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 101 | funding=0.01
2 | 101 102  99 100 | exit long; funding=-0.002
3 | 104 105 103 104 | funding=0.5
"""


def test_carry_is_booked_with_the_fees(beside: ModuleType) -> None:
    """DIFFERENCES: carry_in_fees. The value pays it at its own close, the order of the exit holds it."""
    result = of(CARRY)
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    assert portfolio.orders.values["fees"].tolist() == pytest.approx([0, 8.1])
    assert portfolio.value().tolist() == pytest.approx([1000, 1010 - 10.1, 1000 - 10.1 + 2, 1040 - 8.1])
    assert portfolio.cash().tolist() == pytest.approx([1000, -10.1, -8.1, 1031.9])
    assert portfolio.cash_flow().sum() == pytest.approx(31.9)


def test_carry_of_an_open_trade(beside: ModuleType) -> None:
    """DIFFERENCES: carry_in_fees. It has no exit, so its entry holds it."""
    result = of(CARRY.replace("exit long; ", ""))
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    assert portfolio.orders.values["fees"].tolist() == pytest.approx([10.1 - 2 + 520])
    assert portfolio.value().tolist() == pytest.approx([1000, 1010 - 10.1, 991.9, 1040 - 528.1])


def test_carry_that_comes_to_nothing(beside: ModuleType) -> None:
    """Paid at one close and received at the next: nothing to book, and yet the value moves in between."""
    result = of(CARRY.replace("100 101 |", "100 100 |").replace("98 101 |", "98 100 |").replace("-0.002", "-0.01"))
    assert result.trades["carry"].tolist() == [0]
    portfolio = beside.to_portfolio(result)
    check(portfolio, result)
    assert portfolio.value().tolist() == pytest.approx([1000, 990, 1000, 1040])


def test_copies_keep_what_was_paid(beside: ModuleType) -> None:
    result = of(CARRY)
    portfolio = beside.to_portfolio(result)
    for copy in (portfolio.copy(), portfolio.replace(engine="numba"), type(portfolio).loads(portfolio.dumps())):
        check(copy, result)
    assert portfolio.value(group_by=True).tolist() == pytest.approx(result.equity.tolist())


def test_sizes_that_vectorbt_takes_for_nothing(beside: ModuleType) -> None:
    """DIFFERENCES: dust."""
    result = of("""
with cash=1e-11
0 | 100 101  99 100 | long stop=95
1 | 100 102  98 101 |
2 | 110 111 109 110 |
""")
    with pytest.raises(UserError, match=r"^to_portfolio: vectorbt, .* has 0 at 2024-.* and not 1.01e-11; more cash"):
        beside.to_portfolio(result)


def test_from_the_result(beside: ModuleType) -> None:
    result = of(CARRY)
    portfolio = result.to_vectorbt()
    assert type(portfolio) is beside.Account
    check(portfolio, result)
