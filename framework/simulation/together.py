"""Several symbols, one cash: from bars and entries to trades and equity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..errors import UserError
from ..signals import Entries
from .checks import of_kind, terms_of
from .kernel import ENTERED, FATES, Market, Orders, Rules
from .market import market
from .moments import pooled
from .orders import orders, rules
from .pool import CASH, START, TRADES, Asked, Book, Pool, Seats
from .result import Run, Terms, reconcile, trade_table
from .rules import Costs, Exits, Sizing
from .state import Ledger, begun
from .touch import Touches, find_exit, untouched

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Together:
    """A run of several symbols on one cash. placed: the orders of each symbol; asked: all of them as the account saw
    them; book: its trades in the order of their entries.
    """

    markets: Sequence[Bars]
    entries: Sequence[Entries]
    terms: Terms
    cash: float
    calendar: pd.DatetimeIndex
    placed: Sequence[Orders]
    options: Rules
    asked: Asked
    book: Book
    ids: Sequence[Sequence[str] | None]

    @cached_property
    def fates(self) -> list[list[str]]:
        """For each symbol one word an entry: `entered`, or why not."""
        words, start = [FATES[fate] for fate in self.book.fate], self.asked.start.tolist()
        return [words[first:last] for first, last in itertools.pairwise(start)]

    @cached_property
    def equity(self) -> pd.Series[float]:
        """At every moment of the calendar, after its close."""
        return pd.Series(self.book.equity, index=self.calendar, name="equity")

    @cached_property
    def trades(self) -> pd.DataFrame:
        """One row a trade, in the order in which they were entered; columns as in SEMANTICS.md."""
        of = self.asked.symbol[self.book.order]
        tables = []
        for number, bars in enumerate(self.markets):
            rows = np.flatnonzero(of == number)
            table = trade_table(bars, self.entries[number], self.terms, self._run(number, rows), self.ids[number])
            tables.append(table.set_axis(rows))
        return pd.concat([table for table in tables if len(table)] or tables[:1]).sort_index()

    def _run(self, number: int, rows: Ints) -> Run:
        """One symbol's part, as if it had been alone."""
        book, first = self.book, int(self.asked.start[number])
        bars = np.cumsum([0, *map(len, self.markets)])
        ledger = Ledger(
            order=book.order[rows] - first,
            exit_bar=book.exit_bar[rows] - bars[number],
            exit_fill=book.exit_fill[rows],
            reason=book.reason[rows],
            where=book.where[rows],
            ambiguous=book.ambiguous[rows],
            size=book.size[rows],
            fees=book.fees[rows],
            carry=book.carry[rows],
            cash=np.full(len(rows), np.nan),
            fate=book.fate[first : int(self.asked.start[number + 1])],
        )
        return Run(self.placed[number], self.options, begun(self.cash, len(self.markets[number])), ledger)


def simulate_together(
    markets: Sequence[Bars],
    entries: Sequence[Entries],
    costs: Costs | None = None,
    sizing: Sizing | None = None,
    exits: Exits | None = None,
    cash: float = 10_000.0,
    rank: Sequence[Floats] | None = None,
    ids: Sequence[Sequence[str] | None] | None = None,
) -> Together:
    """Trade several symbols on one cash, as SEMANTICS.md (8) says.

    entries: a symbol's each, in the order of `markets`. rank: a number an entry, the highest is entered first; NaN
    last. ids: of the setups that the entries' setup rows point into. Raises UserError for parts that do not fit
    together, and ArithmeticError if the account does not reconcile.
    """
    terms_of(costs, sizing, exits, cash)
    _fit(markets, entries, rank)
    terms = Terms(costs or Costs(), sizing or Sizing(), exits or Exits())
    options = rules(markets[0], sum(map(len, entries)), *vars(terms).values())
    parts = [_part(bars, wanted, terms) for bars, wanted in zip(markets, entries, strict=True)]
    options = options._replace(carries=any(part.options.carries for part in parts))
    stamps = np.unique(np.concatenate([bars.time for bars in markets]))
    pool, asked = _pool(markets, parts, stamps), _asked(markets, parts, entries, rank)
    book = _lead(pool, asked, options, terms.sizing.positions, float(cash), len(stamps))
    calendar = pd.DatetimeIndex(stamps, tz="UTC", name="time")
    placed = [part.placed for part in parts]
    none: list[Sequence[str] | None] = [None] * len(markets)
    done = Together(markets, entries, terms, cash, calendar, placed, options, asked, book, ids or none)
    _reconcile(done)
    return done


def _fit(markets: Sequence[Bars], entries: Sequence[Entries], rank: Sequence[Floats] | None) -> None:
    for part in (markets, entries):
        of_kind("markets and entries", part, (list, tuple), "a list of Bars and one of Entries")
    for bars in markets:
        of_kind("markets", bars, Bars, "Bars, as load() or Bars.from_frame() make them")
        if not len(bars):
            raise UserError(f"markets: {bars.symbol}", "has no bars", "one or more")
    if not len(markets) or len(markets) != len(entries):
        raise UserError("markets", f"are {len(markets)} with entries for {len(entries)}", "entries for each, in order")
    names = [bars.symbol for bars in markets]
    for name in names:
        if names.count(name) > 1:
            raise UserError("markets", f"{name} is there twice", "each symbol once")
    frames = sorted({bars.timeframe for bars in markets})
    if len(frames) > 1:
        raise UserError("markets", f"are of timeframes {', '.join(frames)}", "one timeframe: stamps are opens of bars")
    for wanted in entries:
        of_kind("entries", wanted, Entries, "Signals.entries(), or what an entry policy made")
    if rank is not None and [np.shape(one) for one in rank] != [(len(one),) for one in entries]:
        raise UserError("rank", "does not fit the entries", "a number an entry, for each symbol")


@dataclass(frozen=True, eq=False)
class _Part:
    """One symbol's orders and where each of them ends by itself."""

    here: Market
    placed: Orders
    options: Rules
    leave: Ints
    ends: tuple[Ints, Floats, Ints, Ints, NDArray[np.bool_]]


def _part(bars: Bars, entries: Entries, terms: Terms) -> _Part:
    placed = orders(bars, entries, terms.costs, terms.exits, terms.sizing)
    options = rules(bars, len(entries), *vars(terms).values())
    here, leave = market(bars, terms.exits, terms.costs), np.array(entries.exit_bar, np.int64)
    return _Part(here, placed, options, leave, _ends(here, placed, leave, untouched(len(entries)), options))


@kernel
def _ends(
    here: Market, placed: Orders, leave: Ints, touches: Touches, rules: Rules
) -> tuple[Ints, Floats, Ints, Ints, NDArray[np.bool_]]:
    m = len(leave)
    bar, price, reason = np.zeros(m, np.int64), np.zeros(m), np.zeros(m, np.int64)
    where, unclear = np.zeros(m, np.int64), np.zeros(m, np.bool_)
    for i in range(m):
        if placed.refusal[i] == ENTERED and leave[i] != placed.bar[i]:
            end = find_exit(here, placed, i, leave[i], touches, rules)
            bar[i], price[i], reason[i], where[i] = end.bar, end.price, end.reason, end.where
            unclear[i] = end.ambiguous
    return bar, price, reason, where, unclear


def _pool(markets: Sequence[Bars], parts: Sequence[_Part], stamps: NDArray[np.datetime64]) -> Pool:
    wealth = [np.broadcast_to(part.here.wealth, (2, len(bars))) for part, bars in zip(parts, markets, strict=True)]
    return Pool(
        start=np.cumsum([0, *map(len, markets)]),
        moment=np.concatenate([np.searchsorted(stamps, bars.time) for bars in markets]),
        open=np.concatenate([bars.open for bars in markets]),
        close=np.concatenate([bars.close for bars in markets]),
        wealth=np.ascontiguousarray(np.concatenate(wealth, axis=1)),
    )


def _asked(
    markets: Sequence[Bars], parts: Sequence[_Part], entries: Sequence[Entries], rank: Sequence[Floats] | None
) -> Asked:
    counts, bars = [len(one) for one in entries], np.cumsum([0, *map(len, markets)])
    first = np.repeat(bars[:-1], counts)

    def joined(name: str, kind: Any = np.float64) -> NDArray[Any]:
        columns = [getattr(part.placed, name)[:count] for part, count in zip(parts, counts, strict=True)]
        return np.concatenate(columns).astype(kind)

    ends = [np.concatenate([part.ends[column] for part in parts]) for column in range(5)]
    bar = joined("bar", np.int64)
    return Asked(
        start=np.cumsum([0, *counts]),
        symbol=np.repeat(np.arange(len(markets)), counts),
        bar=bar + first,
        side=joined("side", np.int64),
        fill=joined("fill"),
        risk=joined("risk"),
        most=joined("most"),
        window=joined("window", np.int64),
        refusal=joined("refusal", np.int64),
        with_exit=np.concatenate([part.leave for part in parts]) == bar,
        rank=np.full(len(bar), np.nan) if rank is None else np.concatenate(rank).astype(np.float64),
        end_bar=ends[0] + first,
        end_price=ends[1],
        end_reason=ends[2],
        end_where=ends[3],
        unclear=ends[4],
    )


def _lead(pool: Pool, asked: Asked, options: Rules, most: int | None, cash: float, moments: int) -> Book:
    m, symbols = len(asked.bar), len(pool.start) - 1
    whole, seats = np.zeros((5, m), np.int64), np.zeros((7, symbols), np.int64)
    book = Book(
        whole[0], whole[1], np.zeros(m), whole[2], whole[3], np.zeros(m, np.bool_), np.zeros(m), np.zeros(m),
        np.zeros(m), whole[4], np.full(moments, cash), np.array([cash, cash, cash]), np.zeros(2, np.int64),
    )  # fmt: skip
    taken = Seats(
        pool.start[:-1] - 1, asked.start[:-1].copy(), seats[0] - 1, seats[1], np.zeros(symbols),
        np.zeros(symbols, np.bool_), seats[2], np.zeros(symbols), seats[3], seats[4], np.zeros(symbols, np.bool_),
    )  # fmt: skip
    pooled(pool, asked, options, symbols if most is None else most, taken, book, np.zeros(m, np.int64))
    count = int(book.counts[TRADES])
    return Book._make([*(column[:count] for column in book[:9]), *book[9:]])


def _reconcile(done: Together) -> None:
    """Both what closed trades have left and the last equity must be what the trades made."""
    book, asked, k = done.book, done.asked, done.book.order
    made = asked.side[k] * book.size * (book.exit_fill - asked.fill[k]) - book.fees - book.carry
    through = done.cash + float((book.size * (asked.fill[k] + book.exit_fill)).sum())
    for last in (book.equity[-1], book.money[CASH]):
        reconcile(made, float(last - book.money[START]), through)
