"""vectorbt's engine on random markets and on real ones: trade by trade ours, or for a reason that has a name."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from framework.indicators import bar_rsi
from framework.signals import Signals
from framework.simulation import Costs, Exits, Result, Sizing, simulate
from framework.sources import load
from tests.parity import same, walked
from tests.parity.markets import Market, market
from tests.parity.model import SIZED, WALKED, Plan

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MARKETS = 150


def reasons(beside: ModuleType, case: Market, ours: Result) -> set[str]:
    """The fewest names with which vectorbt's trades come out of ours; fails where all of them do not do it."""
    terms = (case.costs, case.sizing, case.exits)
    plan = Plan.of(case.bars, case.entries, *terms)
    opinion = beside.second_opinion(case.bars, case.entries, *terms, cash=ours.cash)
    mine, theirs = walked(case.bars, ours.trades), walked(case.bars, opinion)
    assert same(plan.walk(frozenset()), mine)
    assert same(plan.walk(WALKED), theirs)
    names = set(WALKED)
    for name in sorted(WALKED):
        if same(plan.walk(names - {name}), theirs):
            names.remove(name)
    assert bool(names) != same(mine, theirs)
    right = plan.sizes(mine, case.sizing, ours.cash, frozenset())
    assert ours.trades["size"].tolist() == pytest.approx(right, rel=1e-9)
    said = opinion["size"].tolist()
    assert said == pytest.approx(plan.sizes(theirs, case.sizing, ours.cash, {SIZED}), rel=1e-9)
    if said != pytest.approx(plan.sizes(theirs, case.sizing, ours.cash, frozenset()), rel=1e-9):
        names.add(SIZED)
    if not names:
        columns = ["direction", "entry_time", "exit_time"], ["entry_price", "exit_price", "size", "fees", "pnl"]
        assert opinion[columns[0]].equals(ours.trades[columns[0]])
        assert np.allclose(opinion[columns[1]], ours.trades[columns[1]], rtol=1e-9, atol=1e-9 * ours.cash)
    return names


def test_random_markets(beside: ModuleType) -> None:
    found, trades = Counter[str](), 0
    for seed in range(MARKETS):
        case = market(seed)
        ours = simulate(case.bars, case.entries, case.costs, case.sizing, case.exits)
        found.update(reasons(beside, case, ours) or {"none"})
        trades += len(ours.trades)
    assert trades > 20 * MARKETS
    assert set(found) == {*WALKED, SIZED, "none"}
    assert found["none"] > MARKETS / 10


def test_without_stops_and_targets_nothing_differs(beside: ModuleType) -> None:
    """Signals, costs and sizes alone, sixty times: every column of every trade."""
    trades = 0
    for seed in range(60):
        case = market(seed)
        nothing = np.full(len(case.entries), np.nan)
        entries = case.entries.take(np.ones(len(case.entries), bool))
        entries.stop[:], entries.target[:] = nothing, nothing
        exits = Exits(stop="own", on_opposite="ignore" if seed % 2 else "exit", fill="close" if seed % 3 else "open")
        sizing = Sizing(fraction=0.5 + seed / 60)
        case = Market(case.bars, entries, case.costs, sizing, exits)
        ours = simulate(case.bars, entries, case.costs, sizing, exits)
        assert reasons(beside, case, ours) == set()
        trades += len(ours.trades)
    assert trades > 300


@pytest.mark.skipif(importlib.util.find_spec("vectorbt_rust") is None, reason="vectorbt's other engine is not here")
def test_both_engines_of_vectorbt_agree(beside: ModuleType) -> None:
    for seed in range(50):
        case = market(seed)
        terms = (case.bars, case.entries, case.costs, case.sizing, case.exits)
        assert beside.second_opinion(*terms, engine="rust").equals(beside.second_opinion(*terms))


@pytest.mark.parametrize("name", ["BTCUSD-1h", "EURUSD-4h"])
@pytest.mark.parametrize("on_opposite", ["exit", "reverse"])
def test_real_markets(beside: ModuleType, name: str, on_opposite: str) -> None:
    """In at the RSI's extremes, out at the other or turned round there; stops at swings, targets of two risks."""
    if not (DATA / f"{name}.parquet").is_file():
        pytest.skip("the market data of ../shared/data is not here")
    bars = load(DATA / f"{name}.parquet")
    rsi = bar_rsi(bars)
    before = np.concatenate([[np.nan], rsi[:-1]])
    up, down = (before <= 30) & (rsi > 30), (before >= 70) & (rsi < 70)
    leave = (None, None) if on_opposite == "reverse" else (rsi > 65, rsi < 35)
    entries = Signals(up, leave[0], down, leave[1]).entries()
    costs = Costs(fee=0.0002, slippage=0.0001)
    exits = Exits(target_r=2.0, stop_buffer_atr=0.1, on_opposite=on_opposite)
    case = Market(bars, entries, costs, Sizing(), exits)
    ours = simulate(bars, entries, costs, case.sizing, exits, cash=1e6)
    assert len(ours.trades) > 300
    assert "entry_bar" in reasons(beside, case, ours)
