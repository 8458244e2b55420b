"""Several symbols sharing one cash: the tables, random markets against the oracle, and what must hold of any account.

CHARTPROOF_EXAMPLES=5000 asks for more examples than the ordinary run, and new ones each time.
"""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.simulation import Together, simulate, simulate_together
from tests import oracle
from tests.oracle import portfolio
from tests.oracle.portfolio import Terms
from tests.oracle.portfolio_seat import Market
from tests.oracle.portfolio_strategies import PLAIN, Several, crowded, several
from tests.oracle.portfolio_tables import Several as Table
from tests.oracle.portfolio_tables import all_several
from tests.oracle.strategies import options
from tests.simulation import (
    DAY,
    OF_A_TRADE,
    START,
    differences,
    framework_bars,
    framework_entries,
    keywords,
    same,
    trade_rows,
)

TABLES = all_several()
ASKED = os.environ.get("CHARTPROOF_EXAMPLES")
often = settings(
    max_examples=int(ASKED or 12),
    deadline=None,
    derandomize=ASKED is None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
seldom = settings(often, max_examples=often.max_examples // 4)
seeds = st.integers(0, 2**32)


def as_terms(asked: oracle.Options) -> Terms:
    return Terms(**asdict(asked))


any_terms, plain_terms = options().map(as_terms), st.sampled_from(PLAIN).flatmap(options).map(as_terms)


def market_bars(market: Market) -> Bars:
    """The framework's bars, moved to where the symbol's first stamp lies."""
    made = framework_bars(market.bars)
    away = market.stamps[0] * pd.Timedelta(microseconds=round(market.bars.length * DAY))
    moved = Bars.from_frame(made.frame().shift(freq=away), market.symbol, made.timeframe)
    if made.funding:
        moved = moved.with_funding(pd.Series(made.funding.rate, pd.DatetimeIndex(made.funding.time, tz="UTC") + away))
    if made.finer:
        finer = made.finer.frame().shift(freq=away)
        moved = moved.with_finer(Bars.from_frame(finer, market.symbol, made.finer.timeframe))
    return moved


def trade_together(markets: list[Market], terms: Terms) -> tuple[Together, list[dict[str, Any]]]:
    """What the framework makes of it, and its trades in their order as plain rows, bars counted on their own symbol."""
    asked = keywords(terms)
    asked["sizing"] = replace(asked["sizing"], positions=terms.positions)
    bars = [market_bars(market) for market in markets]
    entries = [framework_entries(market.signals) for market in markets]
    ranks = [np.array(market.ranks or [np.nan] * len(own), float) for market, own in zip(markets, entries, strict=True)]
    ranked = any(market.ranks for market in markets)
    together = simulate_together(bars, entries, **asked, rank=ranks if ranked else None)
    rows: dict[int, dict[str, Any]] = {}
    for one in bars:
        own = together.trades[together.trades["symbol"] == one.symbol]
        rows |= zip(own.index, trade_rows(SimpleNamespace(trades=own), one), strict=True)
    return together, [rows[number] for number in range(len(together.trades))]


def check(case: Several) -> None:
    """Trades, fates and equity of `simulate_together` against the oracle's, and the sum of pnl against the account."""
    cash = case.terms.cash
    truth = portfolio.run(case.markets, case.terms)
    if truth.on_the_edge:
        return
    together, rows = trade_together(case.markets, case.terms)
    assert [list(fates) for fates in together.fates] == [seat.fates for seat in truth.seats]
    assert [(row["symbol"], row["side"], row["setup"]) for row in rows] == [
        (done.symbol, done.trade.side, done.trade.entry) for done in truth.trades
    ]
    for row, done in zip(rows, truth.trades, strict=True):
        assert differences(row, done.trade, OF_A_TRADE, cash) == []
    length = pd.Timedelta(microseconds=round(case.markets[0].bars.length * DAY))
    assert list(together.equity.index) == [START + stamp * length for stamp in truth.calendar]
    both = enumerate(zip(together.equity, truth.equity, strict=True))
    assert [(at, ours, theirs) for at, (ours, theirs) in both if not same(ours, theirs, cash)] == []
    assert same(together.trades["pnl"].sum(), together.equity.iloc[-1] - cash, cash)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table(table: Table) -> None:
    together, rows = trade_together(table.markets, table.terms)
    stamps = {market.symbol: market.stamps for market in table.markets}
    assert [row["symbol"] for row in rows] == [due.symbol for due in table.trades]
    for row, due in zip(rows, [due.trade for due in table.trades], strict=True):
        at = stamps[row["symbol"]]
        assert (row["side"], at[row["entry_bar"]], at[row["exit_bar"]]) == (due.side, due.entry_bar, due.exit_bar)
        assert (row["exit_reason"], row["ambiguous"]) == (due.reason, due.ambiguous)
        assert same(row["entry_price"], due.entry_price)
        assert same(row["exit_price"], due.exit_price)
        assert same(row["r"], due.r)
        assert due.size is None or same(row["size"], due.size)
        assert due.carry is None or same(row["carry"], due.carry)
    assert table.refused([list(fates) for fates in together.fates]) == sorted(table.refusals)
    assert same(together.trades["pnl"].sum(), together.equity.iloc[-1] - table.terms.cash, table.terms.cash)


@often
@given(several())
def test_markets_of_all_kinds(case: Several) -> None:
    check(case)


@often
@given(several(plain=True))
def test_markets_that_share_and_little_else(case: Several) -> None:
    check(case)


@often
@given(seeds, st.one_of(any_terms, plain_terms))
def test_crowded_markets(seed: int, terms: Terms) -> None:
    check(crowded(seed, terms))


@often
@given(st.one_of(several(least=1, most=1), st.builds(crowded, seeds, any_terms)))
def test_one_symbol_together_is_the_symbol_alone(case: Several) -> None:
    market = case.markets[0]
    terms = replace(case.terms, positions=1 if case.terms.positions else None)
    together, _ = trade_together([replace(market, ranks=[])], terms)
    alone = simulate(market_bars(market), framework_entries(market.signals), **keywords(terms))
    assert list(together.fates[0]) == list(alone.fates)
    pd.testing.assert_frame_equal(together.trades, alone.trades, check_exact=True)
    pd.testing.assert_series_equal(together.equity, alone.equity, check_exact=True, check_freq=False)


def events(case: Several, rows: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """(positions more, cash more) of every fill, in the order in which the account sees them."""
    stamps = {market.symbol: market.stamps for market in case.markets}
    fee, at_close = case.terms.fee, case.terms.fill == "close"
    found, turn = [], count()
    for row in rows:
        at, units, side = stamps[row["symbol"]], row["size"], row["side"]
        entry, last = row["entry_bar"], row["exit_bar"]
        paid = units * row["entry_price"] * (side + fee)
        found.append((at[entry], 1, next(turn), 1, -paid))
        if row["exit_reason"] == "open":
            continue
        before_entries = at_close or row["bars"] == last - entry  # at the open, when the bar of exit is not counted
        received = units * row["exit_price"] * (side - fee)
        found.append((at[last], 0 if before_entries else 2, next(turn), -1, received))
    return [(more, money) for _, _, _, more, money in sorted(found)]


@often
@given(seeds, plain_terms)
def test_places_are_never_more_than_positions(seed: int, terms: Terms) -> None:
    case = crowded(seed, terms)
    case = replace(case, terms=replace(case.terms, positions=1 + seed % 3))
    _, rows = trade_together(case.markets, case.terms)
    held = np.cumsum([0, *(more for more, _ in events(case, rows))])
    assert held.max() <= 1 + seed % 3
    assert held.min() >= 0


@often
@given(seeds, plain_terms)
def test_longs_without_leverage_never_owe_cash(seed: int, terms: Terms) -> None:
    case = crowded(seed, terms)
    markets = [long_only(market) for market in case.markets]
    case = Several(markets, replace(case.terms, leverage=1.0))
    _, rows = trade_together(markets, case.terms)
    cash = case.terms.cash + np.cumsum([0.0, *(money for _, money in events(case, rows))])
    assert cash.min() >= -1e-9 * case.terms.cash


def long_only(market: Market) -> Market:
    """Without shorts and without funding, which could take what is not there."""
    known = [replace(signal, entries=[one for one in signal.entries if one.side > 0]) for signal in market.signals]
    return replace(market, bars=replace(market.bars, funding=[]), signals=known, ranks=[])


@seldom
@given(seeds, any_terms)
def test_the_order_of_the_symbols_is_nothing_to_entries_of_different_ranks(seed: int, terms: Terms) -> None:
    case = crowded(seed, terms)
    markets = []
    for place, market in enumerate(case.markets):
        entries = len(framework_entries(market.signals))
        markets.append(replace(market, ranks=[float(number * 37 % 101 * 4 + place) for number in range(entries)]))
    one, other = (trade_together(order, case.terms)[0] for order in (markets, markets[::-1]))
    assert [list(fates) for fates in one.fates] == [list(fates) for fates in other.fates[::-1]]
    assert np.allclose(one.equity, other.equity, rtol=1e-9, atol=1e-9 * case.terms.cash)


def test_no_entries_at_all() -> None:
    flat = [10.0] * 20
    quiet = [oracle.Signal() for _ in flat]
    bars = oracle.Bars(flat, flat, flat, flat)
    check(Several([Market("A", bars, quiet, list(range(20))), Market("B", bars, quiet, list(range(30, 50)))], Terms()))
