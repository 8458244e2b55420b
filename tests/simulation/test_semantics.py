"""Every table of SEMANTICS.md, and of more edges, traded by the framework."""

from __future__ import annotations

import pytest

from framework.simulation import outcomes, simulate
from tests.oracle.simulator import run
from tests.oracle.tables import Table, all_tables
from tests.simulation import exits_and_costs, framework_bars, framework_entries, keywords, same, trade_rows

TABLES = all_tables()
NOT_ALONE = {"both_sides", "lapsed", "opposite", "no_volume", "no_cash", "too_small", "full", "ruined"}
PLAIN = [
    table
    for table in TABLES
    if NOT_ALONE.isdisjoint(reason for _, reason in table.refusals)
    and NOT_ALONE.isdisjoint(trade.reason for trade in table.trades)
]


def name(table: Table) -> str:
    return table.name


@pytest.mark.parametrize("table", TABLES, ids=name)
def test_simulate(table: Table) -> None:
    bars = framework_bars(table.bars)
    result = simulate(bars, framework_entries(table.signals), **keywords(table.options))
    rows = trade_rows(result, bars)
    assert len(rows) == len(table.trades)
    for row, due in zip(rows, table.trades, strict=True):
        assert (row["side"], row["entry_bar"], row["exit_bar"]) == (due.side, due.entry_bar, due.exit_bar)
        assert (row["exit_reason"], row["ambiguous"]) == (due.reason, due.ambiguous)
        assert same(row["entry_price"], due.entry_price)
        assert same(row["exit_price"], due.exit_price)
        assert same(row["r"], due.r)
        assert due.size is None or same(row["size"], due.size)
        assert due.carry is None or same(row["carry"], due.carry)
    assert table.refused(result.fates) == sorted(table.refusals)
    assert same(result.trades["pnl"].sum(), result.equity.iloc[-1] - table.options.cash, table.options.cash)


def test_most_tables_hold_for_an_entry_alone() -> None:
    assert len(PLAIN) >= 20


@pytest.mark.parametrize("table", PLAIN, ids=name)
def test_outcomes(table: Table) -> None:
    rows = outcomes(framework_bars(table.bars), framework_entries(table.signals), *exits_and_costs(table.options))
    assert table.refused(list(rows["fate"])) == sorted(table.refusals)
    filled = rows[rows["fate"] == "entered"].to_dict("records")
    assert len(filled) == len(table.trades)
    for row, due in zip(filled, table.trades, strict=True):
        assert (row["entry_bar"], row["exit_bar"]) == (due.entry_bar, due.exit_bar)
        assert (row["exit_reason"], row["ambiguous"]) == (due.reason, due.ambiguous)
        assert same(row["entry_price"], due.entry_price)
        assert same(row["exit_price"], due.exit_price)
        assert same(row["r"], due.r)


def test_the_oracle_calls_the_same_tables_plain() -> None:
    plain = [
        table
        for table in TABLES
        if NOT_ALONE.isdisjoint(run(table.bars, table.signals, table.options).fates)
        and all(trade.reason not in NOT_ALONE for trade in run(table.bars, table.signals, table.options).trades)
    ]
    assert [table.name for table in plain] == [table.name for table in PLAIN]
