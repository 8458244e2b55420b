"""The oracle of several symbols gives what SEMANTICS.md states, and of one symbol what the oracle of one does."""

from __future__ import annotations

from dataclasses import asdict
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings

from tests import examples
from tests.oracle import simulator
from tests.oracle.portfolio import Terms, run
from tests.oracle.portfolio_seat import Market
from tests.oracle.portfolio_tables import Several, all_several, texts
from tests.oracle.strategies import Case, cases

TABLES = all_several()


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


def test_every_block_of_several_symbols_is_read() -> None:
    text = "".join(texts().values())
    assert len(TABLES) == sum("\n@ " in block for block in text.split("```bars")[1:])
    assert all(table.markets and (table.trades or table.refusals) for table in TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table(table: Several) -> None:
    account = run(table.markets, table.terms)
    stamps = {market.symbol: market.stamps for market in table.markets}
    assert [done.symbol for done in account.trades] == [due.symbol for due in table.trades]
    for done, (symbol, due) in zip(account.trades, [(due.symbol, due.trade) for due in table.trades], strict=True):
        trade = done.trade
        assert (trade.side, trade.reason, trade.ambiguous) == (due.side, due.reason, due.ambiguous)
        assert (stamps[symbol][trade.entry_bar], stamps[symbol][trade.exit_bar]) == (due.entry_bar, due.exit_bar)
        assert (trade.entry_price, trade.exit_price, trade.r) == (
            near(due.entry_price), near(due.exit_price), near(due.r)
        )  # fmt: skip
        assert due.size is None or trade.size == near(due.size)
        assert due.carry is None or trade.carry == near(due.carry)
    assert table.refused([seat.fates for seat in account.seats]) == sorted(table.refusals)
    assert sum(done.trade.pnl for done in account.trades) == near(account.equity[-1] - table.terms.cash)
    assert len(account.equity) == len(account.calendar)


@settings(
    max_examples=examples(60), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(cases())
def test_one_symbol_is_what_the_oracle_of_one_makes_of_it(case: Case) -> None:
    bars = case.bars
    days = [bars.days_of(bar) for bar in range(len(bars.open) - 1)]
    stamps = [round(since / bars.length) for since in accumulate(days, initial=0.0)]
    account = run([Market("ONE", bars, case.signals, stamps)], Terms(**asdict(case.options)))
    alone = simulator.run(bars, case.signals, case.options)
    if account.on_the_edge or alone.on_the_edge:
        return
    assert account.seats[0].fates == alone.fates
    assert account.equity == near(alone.equity)
    assert len(account.trades) == len(alone.trades)
    for done, trade in zip(account.trades, alone.trades, strict=True):
        ours, theirs = asdict(done.trade), asdict(trade)
        assert (ours.pop("reason"), ours) == (theirs.pop("reason"), near(theirs))
