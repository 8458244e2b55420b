"""Several symbols, one cash: the kernel. One pass over the calendar; at each moment the exits at the open, the entries
by rank, what happens inside the bars, the close.

Where a trade ends by itself does not depend on the account and is known beforehand; only an opposite entry and ruin
can end it earlier.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .kernel import (
    AT_CLOSE,
    AT_OPEN,
    BOTH_SIDES,
    BY_OPPOSITE,
    BY_RUIN,
    BY_SIGNAL,
    BY_TIME,
    ENTERED,
    FULL,
    IGNORE,
    INSIDE,
    LAPSED,
    NO_BAR,
    NO_CASH,
    NOTHING,
    OPPOSITE,
    REVERSE,
    RUINED,
    STILL_OPEN,
    TOO_SMALL,
    WITH_EXIT,
    Exit,
    Rules,
    exit_fill,
    in_lots,
    units_of,
)
from .pool import CASH, HELD, START, TRADES, WORTH, Asked, Book, Pool, Seats, equity, exposure, paid_by

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

UNDECIDED = -1


@kernel(lean=True)
def pooled(pool: Pool, asked: Asked, rules: Rules, most: int, seats: Seats, book: Book, waiting: Ints) -> None:
    """Lead the account through the calendar. most: positions at a time. waiting: room for the orders of a moment."""
    moments, symbols = len(book.equity), len(seats.bar)
    count = 0  # of orders that wait to be entered
    for t in range(moments):
        for s in range(symbols):
            following = seats.bar[s] + 1
            seats.fresh[s] = False
            here = following < pool.start[s + 1] and pool.moment[following] == t
            if here and seats.order[s] >= 0 and seats.end_bar[s] == following and seats.end_where[s] == AT_OPEN:
                _leave(pool, asked, rules, seats, book, s)
        if not rules.at_close:
            _enter_all(pool, asked, rules, most, seats, book, waiting, count, t)
        for s in range(symbols):
            following = seats.bar[s] + 1
            if following < pool.start[s + 1] and pool.moment[following] == t:
                seats.bar[s] = following
                seats.fresh[s] = False
                if seats.order[s] >= 0 and seats.end_bar[s] == following and seats.end_where[s] == INSIDE:
                    _leave(pool, asked, rules, seats, book, s)
        book.money[WORTH] = equity(pool, asked, rules, seats, book)
        if book.money[WORTH] <= NOTHING * book.money[START]:
            _ruin(pool, asked, rules, seats, book, t)
            return
        count = 0
        for s in range(symbols):
            if seats.bar[s] >= pool.start[s] and pool.moment[seats.bar[s]] == t:
                count = _decide(pool, asked, rules, seats, book, s, waiting, count)
        if rules.at_close:
            _leave_at_close(pool, asked, rules, seats, book, t)
            _enter_all(pool, asked, rules, most, seats, book, waiting, count, t)
            for s in range(symbols):
                seats.fresh[s] = False
        book.equity[t] = equity(pool, asked, rules, seats, book)
    for k in waiting[:count]:
        if not rules.at_close and book.fate[k] == UNDECIDED:
            book.fate[k] = NO_BAR
    for s in range(symbols):
        if seats.order[s] >= 0:
            _leave(pool, asked, rules, seats, book, s)


@kernel(lean=True)
def _leave_at_close(pool: Pool, asked: Asked, rules: Rules, seats: Seats, book: Book, t: int) -> None:
    for s in range(len(seats.bar)):
        bar = seats.bar[s]
        here = bar >= pool.start[s] and pool.moment[bar] == t
        ends = seats.end_bar[s] == bar and seats.end_where[s] == AT_CLOSE and seats.end_reason[s] != STILL_OPEN
        if seats.order[s] >= 0 and here and ends:
            _leave(pool, asked, rules, seats, book, s)


@kernel(lean=True)
def _decide(pool: Pool, asked: Asked, rules: Rules, seats: Seats, book: Book, s: int, waiting: Ints, count: int) -> int:
    """What the signals of a symbol's close ask for; orders that may be entered are added to those that wait."""
    first, bar, held = seats.next[s], seats.bar[s], seats.order[s]
    last, both = first, False
    while last < asked.start[s + 1] and asked.bar[last] == bar:
        both = both or asked.side[last] != asked.side[first]
        last += 1
    seats.next[s] = last
    before = asked.side[held] if held >= 0 else 0
    for k in range(first, last):
        side = asked.side[k]
        if both:
            book.fate[k] = BOTH_SIDES
        elif asked.with_exit[k]:
            book.fate[k] = WITH_EXIT
        elif before == side or (held >= 0 and asked.window[k] != asked.window[held]):
            book.fate[k] = LAPSED
        else:
            if before == -side and rules.on_opposite != IGNORE:
                _turn(pool, rules, seats, s)
            if before == -side and rules.on_opposite != REVERSE:
                book.fate[k] = OPPOSITE
            else:
                book.fate[k] = UNDECIDED
                waiting[count] = k
                count += 1
    return count


@kernel(lean=True)
def _turn(pool: Pool, rules: Rules, seats: Seats, s: int) -> None:
    """The end of a position against which an entry stands; an exit due there anyway keeps its name."""
    at = seats.bar[s] if rules.at_close else seats.bar[s] + 1
    due = seats.end_reason[s] == BY_SIGNAL or seats.end_reason[s] == BY_TIME
    if at >= pool.start[s + 1] or (due and seats.end_bar[s] == at):
        return
    seats.end_bar[s], seats.end_reason[s], seats.unclear[s] = at, BY_OPPOSITE, False
    seats.end_price[s] = pool.close[at] if rules.at_close else pool.open[at]
    seats.end_where[s] = AT_CLOSE if rules.at_close else AT_OPEN


@kernel(lean=True)
def _enter_all(
    pool: Pool,
    asked: Asked,
    rules: Rules,
    most: int,
    seats: Seats,
    book: Book,
    waiting: Ints,
    count: int,
    t: int,
) -> None:
    """Try the orders that wait: the highest rank first, equals as they stand, those without a rank last."""
    for i in range(1, count):
        k, j = waiting[i], i
        while j > 0 and _before(asked.rank[k], asked.rank[waiting[j - 1]]):
            waiting[j] = waiting[j - 1]
            j -= 1
        waiting[j] = k
    for i in range(count):
        book.fate[waiting[i]] = _enter(pool, asked, rules, most, seats, book, waiting[i], t)


@kernel(inline=True)
def _before(rank: float, other: float) -> bool:
    return rank > other or (np.isnan(other) and not np.isnan(rank))


@kernel(lean=True)
def _enter(pool: Pool, asked: Asked, rules: Rules, most: int, seats: Seats, book: Book, k: int, t: int) -> int:
    """Enter order `k` where the account allows it; its fate."""
    s = asked.symbol[k]
    bar = asked.bar[k] if rules.at_close else asked.bar[k] + 1
    held = seats.order[s]
    if held >= 0 and asked.side[held] == asked.side[k]:
        return LAPSED
    if bar >= pool.start[s + 1] or pool.moment[bar] != t:
        return NO_BAR
    if asked.refusal[k] != ENTERED:
        return int(asked.refusal[k])
    worth = book.money[WORTH]
    room = rules.leverage * min(worth, equity(pool, asked, rules, seats, book)) - exposure(pool, asked, seats)
    units = units_of(asked.fill[k], asked.risk[k], asked.most[k], worth, room, rules)
    if not (units > 0 and room > NOTHING * book.money[START]):
        return NO_CASH
    units = in_lots(units, rules)
    if not units > 0:
        return TOO_SMALL
    if book.counts[HELD] >= most:
        return FULL
    row = book.counts[TRADES]
    book.order[row], book.size[row] = k, units
    book.counts[TRADES] += 1
    book.counts[HELD] += 1
    seats.order[s], seats.row[s], seats.units[s], seats.fresh[s] = k, row, units, True
    seats.end_bar[s], seats.end_price[s], seats.unclear[s] = asked.end_bar[k], asked.end_price[k], asked.unclear[k]
    seats.end_reason[s], seats.end_where[s] = asked.end_reason[k], asked.end_where[k]
    return ENTERED


@kernel(lean=True)
def _leave(pool: Pool, asked: Asked, rules: Rules, seats: Seats, book: Book, s: int) -> None:
    """Take a symbol's position out of the account and into the book."""
    k, row, units, first = seats.order[s], seats.row[s], seats.units[s], pool.start[s]
    side, paid = asked.side[k], rules.fee * units * asked.fill[k]
    end = Exit(seats.end_bar[s], seats.end_price[s], seats.end_reason[s], seats.end_where[s], seats.unclear[s])
    fill = exit_fill(end, side, rules)
    fees = paid if end.reason == STILL_OPEN else paid + rules.fee * units * fill
    last = min(end.bar, pool.start[s + 1] - 1) if end.where == AT_CLOSE else end.bar - 1
    carry = 0.0
    if rules.carries:
        carry = units * (paid_by(pool, side, last, first) - paid_by(pool, side, asked.bar[k], first))
    book.exit_bar[row], book.exit_fill[row], book.reason[row] = end.bar, fill, end.reason
    book.where[row], book.ambiguous[row] = end.where, end.ambiguous
    book.fees[row], book.carry[row] = fees, carry
    book.money[CASH] += side * units * (fill - asked.fill[k]) - fees - carry
    book.counts[HELD] -= 1
    seats.order[s] = -1


@kernel(lean=True)
def _ruin(pool: Pool, asked: Asked, rules: Rules, seats: Seats, book: Book, t: int) -> None:
    """Sell everything at the last closes; no later entry is looked at."""
    for s in range(len(seats.bar)):
        if seats.order[s] >= 0:
            bar = seats.bar[s]
            seats.end_bar[s], seats.end_price[s], seats.end_reason[s] = bar, pool.close[bar], BY_RUIN
            seats.end_where[s], seats.unclear[s] = AT_CLOSE, False
            _leave(pool, asked, rules, seats, book, s)
        for k in range(seats.next[s], asked.start[s + 1]):
            book.fate[k] = RUINED
    for u in range(t, len(book.equity)):
        book.equity[u] = book.money[CASH]
