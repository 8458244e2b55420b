"""One symbol's account: one position at a time, its cash, its trades, and the tally of its equity.

An account can be stopped at a bar and gone on with, so that many can be led through one stretch of bars while it is
in the processor's cache.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from . import tally as count
from .kernel import (
    AT_CLOSE,
    AT_OPEN,
    BOTH_SIDES,
    BY_OPPOSITE,
    BY_RUIN,
    BY_SIGNAL,
    BY_TIME,
    ENTERED,
    IGNORE,
    LAPSED,
    NO_CASH,
    NOTHING,
    OPPOSITE,
    REVERSE,
    RUINED,
    STILL_OPEN,
    TOO_SMALL,
    WITH_EXIT,
    Exit,
    Market,
    Orders,
    Rules,
    entry_bar,
    exit_fill,
    in_lots,
    units_of,
)
from .market import carried, extremes, paid, side_row
from .state import (
    BEST,
    CASH,
    END,
    HELD,
    NEXT,
    PRICE,
    REASON,
    RUIN,
    START,
    TRADES,
    UNCLEAR,
    UNITS,
    WHERE,
    WORST,
    A,
    B,
    Ledger,
    State,
)
from .touch import Touches, find_exit

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@kernel(lean=True)
def advance(
    market: Market,
    orders: Orders,
    last: int,
    leave: Ints,
    shift: int,
    touches: Touches,
    rules: Rules,
    state: State,
    book: Ledger,
    until: int,
) -> None:
    """Obey the orders, up to row `last`, whose bar lies before `until`. leave: for order k, in row k + shift, the first
    bar, from its own on, at whose close its side is to be left. book: written where it has room. The last time, `until`
    is the number of bars: then the position is closed too.
    """
    n, whole, number = len(market.close), state.whole, state.number
    quiet, i = len(book.fate) == 0, whole[NEXT]
    while True:
        over = i >= last
        s = n if over else orders.bar[i]
        if s >= until and not (over and until >= n):
            break
        j, both, held = i + 1, False, whole[HELD]
        while j < last and orders.bar[j] == s:
            both = both or orders.side[j] != orders.side[i]
            j += 1
        gone = held >= 0 and (over or not _held_at_close(whole, s))
        before, worth, window = 0, number[CASH], 0
        if held >= 0 and not gone:
            before = int(orders.side[held])
            if quiet and j == i + 1 and before == orders.side[i]:
                i = j  # nothing can come of it
                continue
            window = orders.window[held]
            worth = number[A] + number[B] * market.wealth[side_row(market, before), s]
            if not both and _against(orders, i, j, before, window, leave, shift, n, rules):
                _turn(market, entry_bar(orders.bar[held], rules), side_row(market, before), s, rules, whole, number)
                gone = True
        if gone:
            _close(market, orders, rules, state, book)
        if over:
            break
        worth = worth if before != 0 else number[CASH]
        for k in range(i, j):
            fate = _judged(orders, k, both, leave[k + shift], before, window, whole, rules)
            if fate == ENTERED:
                fate = _enter(market, orders, k, leave[k + shift], touches, rules, state, worth)
            if not quiet:
                book.fate[k] = fate
        i = j
    whole[NEXT] = i
    if until >= n and whole[TRADES] > 0 and whole[END] < n:
        count.flat(state.tally, number[CASH], whole[END])


@kernel(inline=True)
def _held_at_close(whole: Ints, s: int) -> bool:
    """Whether the position is still there when bar s ends, before any signal of that close is obeyed."""
    at_this_close = whole[END] == s and whole[WHERE] == AT_CLOSE and whole[REASON] != BY_RUIN
    return bool(whole[END] > s or at_this_close)


@kernel(inline=True)
def _against(
    orders: Orders, i: int, j: int, before: int, window: int, leave: Ints, shift: int, n: int, rules: Rules
) -> bool:
    """Whether an order of the bar closes a position of side `before` that a window has entered."""
    s = orders.bar[i]
    if rules.on_opposite == IGNORE or not (rules.at_close or s + 1 < n):
        return False
    for k in range(i, j):
        if orders.side[k] == -before and orders.window[k] == window and leave[k + shift] != s:
            return True
    return False


@kernel(inline=True)
def _judged(orders: Orders, k: int, both: bool, leave: int, before: int, window: int, whole: Ints, rules: Rules) -> int:
    """What becomes of order `k` before its size is asked for. before: side of the position at the close, 0 flat;
    window: the one that has entered it.
    """
    side, s = orders.side[k], orders.bar[k]
    if before == 0 and whole[HELD] < 0 and s >= whole[RUIN]:
        return RUINED
    if both:
        return BOTH_SIDES
    if leave == s:
        return WITH_EXIT
    if before == side or (before != 0 and orders.window[k] != window):
        return LAPSED
    if before == -side and rules.on_opposite != REVERSE:
        return OPPOSITE
    if whole[HELD] >= 0 and orders.side[whole[HELD]] == side:
        return LAPSED
    return int(orders.refusal[k])


@kernel(inline=True)
def _enter(
    market: Market, orders: Orders, k: int, leave: int, touches: Touches, rules: Rules, state: State, worth: float
) -> int:
    """Enter order `k` where the account allows it; its fate."""
    whole, number = state.whole, state.number
    cash, side = number[CASH], int(orders.side[k])
    room = rules.leverage * min(worth, cash)
    units = units_of(orders.fill[k], orders.risk[k], orders.most[k], worth, room, rules)
    if not units > 0:
        return NO_CASH
    units = in_lots(units, rules)
    if not units > 0:
        return TOO_SMALL
    entry, row = entry_bar(orders.bar[k], rules), side_row(market, side)
    a = cash - rules.fee * units * orders.fill[k] - side * units * orders.fill[k]
    if rules.carries:
        a += units * paid(market, side, entry if rules.at_close else entry - 1)
    if whole[TRADES] > 0 and entry > whole[END]:
        count.flat(state.tally, cash, whole[END])
    number[UNITS], number[A], number[B] = units, a, side * units
    whole[HELD] = k
    end = find_exit(market, orders, k, leave, touches, rules)
    _end(whole, number, _until_ruin(market, entry, row, end, rules, number))
    return ENTERED


@kernel(inline=True)
def _end(whole: Ints, number: Floats, end: Exit) -> None:
    whole[END], whole[REASON], whole[WHERE], whole[UNCLEAR] = end.bar, end.reason, end.where, int(end.ambiguous)
    number[PRICE] = end.price


@kernel(inline=True)
def _until_ruin(market: Market, entry: int, row: int, end: Exit, rules: Rules, number: Floats) -> Exit:
    """The trade's own end, or the first close at which nothing is left; that of an exit at the close is one of them,
    that of an entry at the close is not: ruin is looked at before it is obeyed.
    """
    n, least = len(market.close), NOTHING * number[START]
    last = min(end.bar, n)
    if last > entry:
        _range(market, row, entry, last, number)
        if number[WORST] <= least:
            for t in range(entry + 1 if rules.at_close else entry, last):
                if number[A] + number[B] * market.wealth[row, t] <= least:
                    _range(market, row, entry, max(t, entry + 1), number)
                    return Exit(t, market.close[t], BY_RUIN, AT_CLOSE, False)
    if end.where == AT_CLOSE and last < n and number[A] + number[B] * market.wealth[row, last] <= least:
        return Exit(last, market.close[last], BY_RUIN, AT_CLOSE, False)
    return end


@kernel(inline=True)
def _range(market: Market, row: int, first: int, last: int, number: Floats) -> None:
    """The worst and the best equity at the closes of bars first to last - 1."""
    low, high = extremes(market, row, first, last)
    number[WORST] = min(number[A] + number[B] * low, number[A] + number[B] * high)
    number[BEST] = max(number[A] + number[B] * low, number[A] + number[B] * high)


@kernel(inline=True)
def _turn(market: Market, entry: int, row: int, s: int, rules: Rules, whole: Ints, number: Floats) -> None:
    """The end of a position against which an entry stands at the close of s; an exit due anyway keeps its name."""
    due = whole[REASON] == BY_SIGNAL or whole[REASON] == BY_TIME
    if rules.at_close and not (due and whole[END] == s):
        _end(whole, number, Exit(s, market.close[s], BY_OPPOSITE, AT_CLOSE, False))
    if not rules.at_close and not (due and whole[END] == s + 1):
        _end(whole, number, Exit(s + 1, market.open[s + 1], BY_OPPOSITE, AT_OPEN, False))
    if whole[END] > entry:
        _range(market, row, entry, whole[END], number)


@kernel(inline=True)
def _close(market: Market, orders: Orders, rules: Rules, state: State, book: Ledger) -> None:
    """Take the position out of the account, into the tally and the book."""
    whole, number = state.whole, state.number
    n, k, units, cash = len(market.close), whole[HELD], number[UNITS], number[CASH]
    side = int(orders.side[k])
    end = Exit(whole[END], number[PRICE], whole[REASON], whole[WHERE], whole[UNCLEAR] > 0)
    entry, row, still = entry_bar(orders.bar[k], rules), side_row(market, side), end.reason == STILL_OPEN
    count.hold(
        state.tally,
        market.wealth[row],
        market.sums,
        number[A],
        number[B],
        number[WORST],
        number[BEST],
        entry,
        min(end.bar, n),
        state.scratch,
    )
    fill = exit_fill(end, side, rules)
    fees = rules.fee * units * orders.fill[k] + (0.0 if still else rules.fee * units * fill)
    carry = units * carried(market, side, entry, end, rules)
    pnl = side * units * (fill - orders.fill[k]) - fees - carry
    if not still:
        count.settle(state.tally, pnl, pnl / (units * orders.risk[k]), end.ambiguous)
    if len(book.fate) > 0:
        at = whole[TRADES]
        book.order[at], book.exit_bar[at], book.exit_fill[at] = k, end.bar, fill
        book.reason[at], book.where[at], book.ambiguous[at] = end.reason, end.where, end.ambiguous
        book.size[at], book.fees[at], book.carry[at], book.cash[at] = units, fees, carry, cash
    whole[TRADES] += 1
    whole[HELD] = -1
    number[CASH] = cash + pnl
    if number[CASH] <= NOTHING * number[START]:
        whole[RUIN] = end.bar
