"""One symbol's account: one position at a time, cash, equity at every close."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

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
    IGNORE,
    LAPSED,
    NEAR,
    NO_CASH,
    OPPOSITE,
    REVERSE,
    RUINED,
    SAME,
    STILL_OPEN,
    TOO_SMALL,
    WITH_EXIT,
    Exit,
    Market,
    Orders,
    Rules,
    entry_bar,
    exit_fill,
    find_exit,
)

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

NOTHING = 1e-9  # of the starting cash: what rounding leaves of it


class Ledger(NamedTuple):
    """Trades in the order of their entries, a row each; what became of every order; equity at every close."""

    order: Ints
    exit_bar: Ints
    exit_fill: Floats
    reason: Ints
    where: Ints
    ambiguous: NDArray[np.bool_]
    size: Floats
    fees: Floats
    fate: Ints
    equity: Floats

    def first(self, count: int) -> Ledger:
        """The same with the first `count` rows of its trades."""
        return Ledger._make([*(column[:count] for column in self[:-2]), self.fate, self.equity])


@kernel
def account(market: Market, orders: Orders, rules: Rules, cash: float) -> tuple[Ledger, int]:
    """Run the orders, in the order of their bars; the ledger, and how many of its rows are trades."""
    m, n = len(orders.bar), len(market.close)
    book = _blank(m, n)
    count, held, ruin = 0, -1, n
    least = NOTHING * cash
    end = Exit(0, 0.0, 0, 0, False)
    first = 0
    while first < m:
        s, last = orders.bar[first], first + 1
        while last < m and orders.bar[last] == s:
            last += 1
        if held >= 0 and not _held_at_close(end, s):
            cash, count, held = _close(market, orders, rules, book, count, held, end, cash), count + 1, -1
            ruin = end.bar if cash <= least else ruin
        if s >= ruin:
            book.fate[first:last] = RUINED
        live = _judge(orders, first, last, book.fate)
        if live >= 0:
            before = orders.side[held] if held >= 0 else 0
            worth = cash if held < 0 else _equity(market, orders, held, book.size[count], cash, s, rules)
            if before == -orders.side[live] and rules.on_opposite != IGNORE and (rules.at_close or s + 1 < n):
                end = _turned(market, end, s, rules)
                cash, count, held = _close(market, orders, rules, book, count, held, end, cash), count + 1, -1
                ruin = end.bar if cash <= least else ruin
            for k in range(first, last):
                if book.fate[k] == ENTERED:
                    book.fate[k] = _refusal(orders, k, before, held, rules)
                if book.fate[k] == ENTERED:
                    units = _units(orders, k, worth, cash, rules)
                    book.fate[k] = ENTERED if units > 0 else NO_CASH
                if book.fate[k] == ENTERED:
                    units = _in_lots(units, rules)
                    book.fate[k] = ENTERED if units > 0 else TOO_SMALL
                if book.fate[k] == ENTERED:
                    held, book.size[count] = k, units
                    end = _until_ruin(market, orders, k, units, cash, rules, least)
        first = last
    if held >= 0:
        cash, count = _close(market, orders, rules, book, count, held, end, cash), count + 1
    book.equity[book.exit_bar[count - 1] if count else 0 :] = cash
    return book, count


@kernel
def _blank(m: int, n: int) -> Ledger:
    return Ledger(
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.bool_),
        np.empty(m),
        np.empty(m),
        np.zeros(m, np.int64),
        np.empty(n),
    )


@kernel
def _judge(orders: Orders, first: int, last: int, fate: Ints) -> int:
    """Mark the entries of one bar that nothing can come of; the first of the others, -1 none."""
    live = -1
    for k in range(last - 1, first - 1, -1):
        if fate[k] == RUINED:
            continue
        if orders.side[first:last].min() != orders.side[first:last].max():
            fate[k] = BOTH_SIDES
        elif orders.refusal[k] == WITH_EXIT:
            fate[k] = WITH_EXIT
        else:
            live = k
    return live


@kernel
def _held_at_close(end: Exit, s: int) -> bool:
    """Whether the position is still there when bar s ends, before any signal of that close is obeyed."""
    at_this_close = end.bar == s and end.where == AT_CLOSE and end.reason != BY_RUIN
    return end.bar > s or at_this_close


@kernel
def _refusal(orders: Orders, k: int, before: int, held: int, rules: Rules) -> int:
    """What becomes of entry `k`; before: side of the position at the close, 0 flat; held: position by now, -1 none."""
    side = orders.side[k]
    if before == side:
        return LAPSED
    if before == -side and rules.on_opposite != REVERSE:
        return OPPOSITE
    if held >= 0 and orders.side[held] == side:
        return LAPSED
    return int(orders.refusal[k])


@kernel
def _units(orders: Orders, k: int, worth: float, cash: float, rules: Rules) -> float:
    """Size of a position, in units, from the equity at the signal's close and the cash at the fill."""
    wanted = rules.risk * worth / orders.risk[k] if rules.risk > 0 else rules.fraction * worth / orders.fill[k]
    most = rules.leverage * min(worth, cash) / (orders.fill[k] * (1 + rules.fee))
    return float(min(wanted, most, orders.most[k]))


@kernel
def _in_lots(units: float, rules: Rules) -> float:
    """The size in whole lots, rounded down; 0 below the smallest that may be traded."""
    if rules.lot > 0:
        units = np.floor(units / rules.lot + NEAR) * rules.lot
    return units if units >= rules.smallest * (1 - SAME) else 0.0


@kernel
def _equity(market: Market, orders: Orders, k: int, units: float, cash: float, t: int, rules: Rules) -> float:
    """Equity at the close of t while the position from order `k` is held; cash: before its entry."""
    paid = rules.fee * units * orders.fill[k]
    return float(cash - paid + orders.side[k] * units * (market.close[t] - orders.fill[k]))


@kernel
def _until_ruin(market: Market, orders: Orders, k: int, units: float, cash: float, rules: Rules, least: float) -> Exit:
    """The trade's own end, or the first close at which nothing is left; that of an exit at the close is one of them."""
    end = find_exit(market, orders, k, rules)
    last = end.bar if end.where == AT_CLOSE else end.bar - 1
    for t in range(entry_bar(orders.bar[k], rules), min(last, len(market.close) - 1) + 1):
        if _equity(market, orders, k, units, cash, t, rules) <= least:
            return Exit(t, market.close[t], BY_RUIN, AT_CLOSE, False)
    return end


@kernel
def _turned(market: Market, end: Exit, s: int, rules: Rules) -> Exit:
    """The end of a position against which an entry stands at the close of s; an exit due anyway keeps its name."""
    due = end.reason == BY_SIGNAL or end.reason == BY_TIME
    if rules.at_close:
        return end if due and end.bar == s else Exit(s, market.close[s], BY_OPPOSITE, AT_CLOSE, False)
    return end if due and end.bar == s + 1 else Exit(s + 1, market.open[s + 1], BY_OPPOSITE, AT_OPEN, False)


@kernel
def _close(
    market: Market, orders: Orders, rules: Rules, book: Ledger, count: int, k: int, end: Exit, cash: float
) -> float:
    """Write the trade from order `k` as row `count`, the equity up to its end, and return the cash after it."""
    n, units, side = len(market.close), book.size[count], orders.side[k]
    entry = entry_bar(orders.bar[k], rules)
    book.equity[book.exit_bar[count - 1] if count else 0 : entry] = cash
    for t in range(entry, min(end.bar, n)):
        book.equity[t] = _equity(market, orders, k, units, cash, t, rules)
    fill = exit_fill(end, side, rules)
    fees = rules.fee * units * orders.fill[k] + (0.0 if end.reason == STILL_OPEN else rules.fee * units * fill)
    book.order[count], book.exit_bar[count], book.exit_fill[count] = k, end.bar, fill
    book.reason[count], book.where[count], book.ambiguous[count] = end.reason, end.where, end.ambiguous
    book.fees[count] = fees
    return float(cash + side * units * (fill - orders.fill[k]) - fees)
