"""Random markets, signals and options: the framework and the oracle must agree in everything.

CHARTPROOF_EXAMPLES=5000 asks for more examples than the ordinary run, and new ones each time.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.signals import Entries, Signals
from framework.simulation import outcomes, simulate
from tests import oracle
from tests.oracle import simulator
from tests.oracle.seeded import busy_case, long_case
from tests.oracle.strategies import IDEAS, Case, cases, options
from tests.simulation import (
    COLUMNS,
    OF_A_TRADE,
    differences,
    exits_and_costs,
    framework_bars,
    framework_entries,
    framework_signals,
    keywords,
    same,
    trade_rows,
)

EXAMPLES = 30
ASKED = os.environ.get("CHARTPROOF_EXAMPLES")

often = settings(
    max_examples=int(ASKED or EXAMPLES),
    deadline=None,
    derandomize=ASKED is None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
seldom = settings(often, max_examples=often.max_examples // 10)
for_each_idea = settings(often, max_examples=often.max_examples // 5)


def check_account(case: Case, bars: Bars, signals: Entries | Signals) -> None:
    """Trades, fates and equity of `simulate` against the oracle's, and the sum of pnl against the account."""
    cash = case.options.cash
    result = simulate(bars, signals, **keywords(case.options))
    truth = simulator.run(case.bars, case.signals, case.options)
    if truth.on_the_edge:
        return
    assert list(result.fates) == truth.fates
    rows = trade_rows(result, bars)
    assert [row["side"] for row in rows] == [trade.side for trade in truth.trades]
    for row, trade in zip(rows, truth.trades, strict=True):
        assert differences(row, trade, OF_A_TRADE, cash) == []
        assert row["symbol"] == "TEST"
    assert result.equity.index.equals(bars.index)
    both = enumerate(zip(result.equity, truth.equity, strict=True))
    assert [(bar, ours, theirs) for bar, (ours, theirs) in both if not same(ours, theirs, cash)] == []
    assert same(result.trades["pnl"].sum(), result.equity.iloc[-1] - cash, cash)


def check_outcomes(case: Case, bars: Bars) -> None:
    """Each entry alone, row by row."""
    rows = outcomes(bars, framework_entries(case.signals), *exits_and_costs(case.options))
    truth = simulator.outcomes(case.bars, case.signals, case.options)
    assert list(rows["fate"]) == [outcome.fate for outcome in truth]
    for number, (row, outcome) in enumerate(zip(rows.to_dict("records"), truth, strict=True)):
        if outcome.trade is None:
            assert (row["entry_bar"], row["r"]) == (-1, 0.0)
            assert all(math.isnan(row[name]) for name in ("entry_price", "exit_price", "mae", "mfe"))
        else:
            assert differences(row, replace(outcome.trade, entry=number), COLUMNS) == []


@often
@given(cases())
def test_simulate(case: Case) -> None:
    check_account(case, framework_bars(case.bars), framework_entries(case.signals))


@often
@given(cases())
def test_simulate_takes_dense_signals(case: Case) -> None:
    thinned = [
        replace(signal, entries=[replace(entry, window=0) for entry in signal.entries[:1]], exit_window=None)
        for signal in case.signals
    ]
    check_account(replace(case, signals=thinned), framework_bars(case.bars), framework_signals(thinned))


@often
@given(cases())
def test_outcomes(case: Case) -> None:
    check_outcomes(case, framework_bars(case.bars))


@pytest.mark.parametrize("names", IDEAS, ids="+".join)
def test_options_of_one_idea(names: tuple[str, ...]) -> None:
    """Each option off its default, which a draw from all of them seldom has together with what it needs."""

    @for_each_idea
    @given(cases(names))
    def check(case: Case) -> None:
        bars = framework_bars(case.bars)
        check_account(case, bars, framework_entries(case.signals))
        check_outcomes(case, bars)

    check()


@pytest.mark.parametrize("names", IDEAS, ids="+".join)
def test_busy_markets_of_one_idea(names: tuple[str, ...]) -> None:
    @seldom
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        case = busy_case(seed, names)
        bars = framework_bars(case.bars)
        check_account(case, bars, framework_entries(case.signals))
        check_outcomes(case, bars)

    check()


@seldom
@given(st.integers(0, 2**32), options())
def test_trades_of_hundreds_of_bars(seed: int, asked: oracle.Options) -> None:
    case = long_case(seed, asked)
    bars = framework_bars(case.bars)
    check_account(case, bars, framework_entries(case.signals))
    check_outcomes(case, bars)


@seldom
@given(cases(), options())
def test_what_bars_remember_belongs_to_its_options(case: Case, others: oracle.Options) -> None:
    bars = framework_bars(case.bars)
    for asked in (others, case.options, others):
        check_account(replace(case, options=asked), bars, framework_entries(case.signals))
        check_outcomes(replace(case, options=asked), bars)


def test_no_entries_at_all() -> None:
    flat = [10.0] * 20
    quiet = [oracle.Signal() for _ in flat]
    case = Case(oracle.Bars(flat, flat, flat, flat), quiet, oracle.Options())
    bars = framework_bars(case.bars)
    check_account(case, bars, framework_entries(quiet))
    assert len(outcomes(bars, framework_entries(quiet), *exits_and_costs(case.options))) == 0
