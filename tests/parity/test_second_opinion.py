"""vectorbt's own engine on our signals: every difference on a table of its own, and what it cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.signals import Entries, Signals
from framework.simulation import Costs, Exits, Sizing, simulate
from tests.oracle.tables import Expected, Table, all_tables
from tests.parity import same, walked
from tests.parity.model import SIZED, WALKED, Plan
from tests.parity.tables import Both, Theirs, both
from tests.simulation import framework_bars, framework_entries, keywords

TABLES = both()
OF_A_PORTFOLIO = {"carry_in_fees", "sharpe_of_nothing"}  # shown in test_to_vectorbt


def given(table: Table) -> tuple[Bars, Entries, dict[str, Any]]:
    return framework_bars(table.bars), framework_entries(table.signals), keywords(table.options)


def check(bars: Bars, trades: pd.DataFrame, due: list[Expected] | list[Theirs]) -> None:
    found = walked(bars, trades)
    assert len(found) == len(due)
    for trade, row, wanted in zip(found, trades.to_dict("records"), due, strict=True):
        still = wanted.open if isinstance(wanted, Theirs) else wanted.reason == "open"
        leave = len(bars) if still else wanted.exit_bar
        assert (trade.side, trade.entry_bar, trade.exit_bar) == (wanted.side, wanted.entry_bar, leave)
        assert (row["exit_reason"] == "open") == still
        assert (trade.entry_price, trade.exit_price) == pytest.approx((wanted.entry_price, wanted.exit_price), rel=1e-9)
        assert wanted.size is None or row["size"] == pytest.approx(wanted.size, rel=1e-9)


def test_every_difference_has_a_table(beside: ModuleType) -> None:
    assert {table.name for table in TABLES} | OF_A_PORTFOLIO == set(beside.DIFFERENCES)
    assert {*WALKED, SIZED} < set(beside.DIFFERENCES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_difference(beside: ModuleType, table: Both) -> None:
    bars, entries, terms = given(table.ours)
    check(bars, simulate(bars, entries, **terms).trades, table.ours.trades)
    check(bars, beside.second_opinion(bars, entries, **terms), table.theirs)


@pytest.mark.parametrize("table", [table for table in TABLES if table.name in WALKED], ids=lambda table: table.name)
def test_a_difference_is_that_one_alone(beside: ModuleType, table: Both) -> None:
    bars, entries, terms = given(table.ours)
    plan = Plan.of(bars, entries, terms["costs"], terms["sizing"], terms["exits"])
    theirs = walked(bars, beside.second_opinion(bars, entries, **terms))
    assert same(plan.walk({table.name}), theirs)
    assert not same(plan.walk(WALKED - {table.name}), theirs)


def test_the_tables_of_the_semantics(beside: ModuleType) -> None:
    """All that vectorbt can be asked: it walks them as the model says it does."""
    asked = 0
    for table in all_tables():
        bars, entries, terms = given(table)
        if any(trade.reason == "ruined" for trade in table.trades):
            continue
        try:
            trades = beside.second_opinion(bars, entries, **terms)
        except UserError:
            continue
        plan = Plan.of(bars, entries, terms["costs"], terms["sizing"], terms["exits"])
        assert same(plan.walk(WALKED), walked(bars, trades)), table.name
        asked += 1
    assert asked >= 25


def flat(rows: int = 6, **columns: list[float]) -> Bars:
    prices = {"open": [100.0] * rows, "high": [101.0] * rows, "low": [99.0] * rows, "close": [100.0] * rows, **columns}
    return Bars.from_frame(pd.DataFrame(prices, pd.date_range("2024-01-01", periods=rows, freq="D", tz="UTC")), "X")


def at(*bars: int, rows: int = 6) -> np.ndarray:
    return np.isin(np.arange(rows), bars)


LONG = Signals(at(0), at(3), stop=np.full(6, 95.0))


def test_the_columns_are_ours(beside: ModuleType) -> None:
    bars, costs = flat(), Costs(fee=0.001, slippage=0.002)
    ours, theirs = simulate(bars, LONG, costs).trades, beside.second_opinion(bars, LONG, costs)
    names = [name for name in theirs.columns if name != "exit_reason"]
    pd.testing.assert_frame_equal(theirs[names], ours[names], rtol=1e-12)
    assert theirs["exit_reason"].tolist() == [""]
    nothing = beside.second_opinion(bars, Signals(at()))
    assert len(nothing) == 0 and list(nothing.columns) == list(theirs.columns)


def test_a_stop_slips_as_every_fill_of_ours(beside: ModuleType) -> None:
    """vectorbt's own choice is a limit order, which does not."""
    bars = flat(low=[99, 99, 94, 99, 99, 99])
    (price,) = beside.second_opinion(bars, LONG, Costs(slippage=0.01))["exit_price"]
    assert price == pytest.approx(95 * 0.99) == simulate(bars, LONG, Costs(slippage=0.01)).trades["exit_price"][0]


def test_signals_that_collide(beside: ModuleType) -> None:
    """Entry and exit of a side: the exit; long and short: neither, refused or not; all three: the exit."""
    own, stops = Exits(stop="own"), np.array([np.nan, np.nan, np.nan, 105, np.nan, np.nan])
    signals = Signals(at(0, 2, 3), at(2, 3), at(3), stop=stops)
    theirs = beside.second_opinion(flat(), signals, exits=own)
    assert walked(flat(), theirs) == walked(flat(), simulate(flat(), signals, exits=own).trades)
    assert theirs["exit_time"].tolist() == [pd.Timestamp("2024-01-04", tz="UTC")]


@pytest.mark.parametrize("sizing", [Sizing(fraction=0.3), Sizing(risk=0.01), Sizing(leverage=0.5), Sizing(fraction=3)])
def test_sizes_are_of_the_equity(beside: ModuleType, sizing: Sizing) -> None:
    bars, costs = flat(open=[100.0, 100, 100, 100, 101, 100]), Costs(fee=0.01)
    ours, theirs = simulate(bars, LONG, costs, sizing).trades, beside.second_opinion(bars, LONG, costs, sizing)
    assert theirs["size"].tolist() == pytest.approx(ours["size"].tolist(), rel=1e-12)
    assert theirs["pnl"].tolist() == pytest.approx(ours["pnl"].tolist(), rel=1e-12)


def test_a_size_by_risk_needs_a_stop(beside: ModuleType) -> None:
    """Of two entries on one bar the first has none, so the second is taken."""
    entries = Signals(at(0), stop=np.full(6, 95.0)).entries().take(np.array([0, 0]))
    entries = replace(entries, stop=np.array([np.nan, 95.0]))
    terms = {"sizing": Sizing(risk=0.01), "exits": Exits(stop="own"), "cash": 1000.0}
    assert simulate(flat(), entries, **terms).trades["size"].tolist() == pytest.approx([2])
    assert beside.second_opinion(flat(), entries, **terms)["size"].tolist() == pytest.approx([2])


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ({"costs": Costs(tick=0.5)}, "costs.tick"),
        ({"costs": Costs(borrow=0.03)}, "costs.borrow"),
        ({"sizing": Sizing(lot=1)}, "sizing.lot"),
        ({"sizing": Sizing(smallest=1)}, "sizing.smallest"),
        ({"sizing": Sizing(volume_share=0.1)}, "sizing.volume_share"),
        ({"exits": Exits(trail=True)}, "exits.trail"),
        ({"exits": Exits(break_even_r=1)}, "exits.break_even_r"),
        ({"exits": Exits(time_stop=3)}, "exits.time_stop"),
        ({"exits": Exits(inside_bar="optimistic")}, "exits.inside_bar optimistic"),
        ({"exits": Exits(trail=True, time_stop=3), "costs": Costs(tick=1)}, "costs.tick, exits.trail, exits.time_stop"),
        ({"exits": Exits(on_opposite="reverse"), "sizing": Sizing(risk=0.01)}, "sizing.risk with a reversal"),
        ({"exits": Exits(on_opposite="reverse"), "sizing": Sizing(fraction=0.9)}, "sizing.fraction with a reversal"),
        ({"exits": Exits(on_opposite="reverse"), "sizing": Sizing(leverage=2)}, "sizing.leverage with a reversal"),
        ({"sizing": Sizing(risk=0.1, leverage=5)}, "sizing.leverage"),
        ({"cash": 0}, "cash"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_has_no_word_for(beside: ModuleType, terms: dict[str, Any], names: str) -> None:
    with pytest.raises(UserError) as error:
        beside.second_opinion(flat(), LONG, **terms)
    assert error.value.where == names


def test_bars_with_more_than_prices(beside: ModuleType) -> None:
    funding = pd.Series([0.001], pd.DatetimeIndex(["2024-01-02 08:00"], tz="UTC"))
    index = pd.date_range("2024-01-01", periods=144, freq="h", tz="UTC")
    finer = Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 100.0), index), "X")
    with pytest.raises(UserError, match=r"^bars\.funding, bars\.finer: cannot be said"):
        beside.second_opinion(flat().with_funding(funding).with_finer(finer), LONG)


def test_entries_of_several_windows_or_with_exits_of_their_own(beside: ModuleType) -> None:
    entries = Signals(at(0, 1), at(3), stop=np.full(6, 95.0)).entries()
    assert len(beside.second_opinion(flat(), entries)) == 1
    with pytest.raises(UserError, match=r"^entries\.window: "):
        beside.second_opinion(flat(), replace(entries, window=np.array([0, 1])))
    with pytest.raises(UserError, match=r"^entries\.exit_bar: differs between entries of a side"):
        beside.second_opinion(flat(), replace(entries, exit_bar=np.array([4, 2])))
    late = replace(entries, exit_bar=np.array([99, 6]))  # neither is ever
    assert beside.second_opinion(flat(), late)["exit_reason"].tolist() == ["open"]
