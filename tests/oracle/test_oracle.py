"""The oracle gives what SEMANTICS.md states, for every table in it."""

from __future__ import annotations

import math

import pytest

from tests.oracle import Bars, Entry, Options, Quote, Signal
from tests.oracle.furnish import finer
from tests.oracle.simulator import outcomes, run
from tests.oracle.tables import Table, all_tables, blocks, of_several, texts

TABLES = all_tables()


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


def test_every_block_is_read() -> None:
    every = [lines for text in texts().values() for _, lines in blocks(text)]
    assert len(every) == "".join(texts().values()).count("```bars")
    assert len(TABLES) == len(every) - sum(of_several(lines) for lines in every)
    assert all(table.bars.open and (table.trades or table.refusals) for table in TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table(table: Table) -> None:
    done = run(table.bars, table.signals, table.options)
    assert len(done.trades) == len(table.trades)
    for trade, due in zip(done.trades, table.trades, strict=True):
        assert (trade.side, trade.entry_bar, trade.exit_bar) == (due.side, due.entry_bar, due.exit_bar)
        assert (trade.reason, trade.ambiguous) == (due.reason, due.ambiguous)
        assert trade.entry_price == near(due.entry_price)
        assert trade.exit_price == near(due.exit_price)
        assert trade.r == near(due.r)
        assert due.size is None or trade.size == near(due.size)
        assert due.carry is None or trade.carry == near(due.carry)
    assert table.refused(done.fates) == sorted(table.refusals)
    assert sum(trade.pnl for trade in done.trades) == near(done.equity[-1] - table.options.cash)


def test_atr_is_seeded_by_the_mean_of_fourteen_ranges() -> None:
    ranges = [float(step + 1) for step in range(16)]
    flat = [100.0] * 16
    atr = Bars(flat, [100 + width for width in ranges], flat, flat).average_true_range()
    assert all(math.isnan(value) for value in atr[:13])
    assert atr[13:] == [7.5, near((7.5 * 13 + 15) / 14), near(((7.5 * 13 + 15) / 14 * 13 + 16) / 14)]


def test_atr_counts_the_gap_from_the_close_before() -> None:
    bars = Bars([100.0] + [110.0] * 13, [101.0] + [111.0] * 13, [99.0] + [109.0] * 13, [100.0] + [110.0] * 13)
    assert bars.average_true_range()[13] == near((2 + 11 + 12 * 2) / 14)


def test_a_plateau_is_no_swing() -> None:
    lows = [10.0, 8.0, 8.0, 9.0, 7.0, 9.0, 9.5]
    bars = Bars(lows, lows, lows, lows)
    assert bars.swing_beyond(+1, 6, 100.0, 1) == 7.0
    assert math.isnan(bars.swing_beyond(+1, 4, 100.0, 1))
    assert math.isnan(bars.swing_beyond(+1, 6, 7.0, 1))


def test_alone_an_entry_is_not_in_anothers_way() -> None:
    flat = [100.0] * 4
    bars = Bars(flat, [101.0] * 4, [99.0] * 3 + [94.0], flat)
    signals = [Signal([Entry(1, 95.0), Entry(-1, 105.0)]), Signal([Entry(1, 90.0)]), Signal(), Signal()]
    alone = outcomes(bars, signals, Options())
    assert [one.fate for one in alone] == ["entered"] * 3
    assert [one.trade.reason if one.trade else "" for one in alone] == ["stop", "open", "open"]
    assert [one.r for one in alone] == [-1.0, 0.0, 0.0]
    assert [one.trade.mae if one.trade else 0.0 for one in alone] == [1.0, 0.2, 0.6]


def test_carry_is_no_fee_and_is_in_what_a_trade_made() -> None:
    flat = [100.0] * 4
    bars = Bars(flat, flat, flat, flat, funding=[0.5, 0.01, 0.02, 0.5])
    signals = [Signal([Entry(1, 90.0)]), Signal(), Signal(exit_long=True), Signal()]
    done = run(bars, signals, Options(fee=0.001, fraction=0.5))
    (trade,) = done.trades
    assert (trade.size, trade.fees, trade.carry) == (5.0, near(1.0), near(15.0))
    assert (trade.pnl, trade.returned, trade.r) == (near(-16.0), near(-0.032), near(-0.32))
    assert done.equity == near([1000.0, 994.5, 984.5, 984.0])


def test_alone_an_entry_pays_its_carry_too() -> None:
    flat = [100.0] * 3
    bars = Bars(flat, flat, flat, flat, funding=[0.0, 0.0, 0.01], days=[1.0, 3.0, 1.0])
    alone = outcomes(bars, [Signal([Entry(-1, 110.0)]), Signal(), Signal()], Options(borrow=3.6525))
    assert [one.r for one in alone] == [near((1 - 3 - 1) / 10)]


def test_of_a_bar_that_finer_bars_decide_only_open_and_fill_are_the_trades() -> None:
    inside = [Quote(100.0, 111.0, 96.0, 110.0), Quote(110.0, 110.0, 94.0, 94.0)]
    bars = Bars([100.0] * 2, [101.0, 111.0], [99.0, 94.0], [100.0, 94.0], finer=[[], inside])
    (trade,) = run(bars, [Signal([Entry(1, 95.0, 110.0)]), Signal()], Options()).trades
    assert (trade.reason, trade.mae, trade.mfe, trade.bars, trade.ambiguous) == ("target", 0.0, 2.0, 1, False)


def test_finer_bars_visit_what_their_pattern_says() -> None:
    bars = Bars([2.0], [10.0], [1.0], [4.0])
    assert finer(bars, 0, "om mhl lc") == [
        Quote(2.0, 5.5, 2.0, 5.5), Quote(5.5, 10.0, 1.0, 1.0), Quote(1.0, 4.0, 1.0, 4.0)
    ]  # fmt: skip


def test_the_latest_swing_is_of_its_side_and_in_time() -> None:
    low, high = [5.0, 3.0, 4.0, 2.0, 4.0], [6.0, 7.0, 8.0, 7.0, 9.0]
    bars = Bars(low, high, low, high)
    assert [bars.latest_swing(+1, last, 1) for last in range(5)] == [None, 1, 1, 3, 3]
    assert [bars.latest_swing(-1, last, 1) for last in range(5)] == [None, None, 2, 2, 2]
