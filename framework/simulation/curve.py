"""What is seen of finished trades bar by bar: the equity at every close, the worst and best of each trade."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .kernel import AT_CLOSE, AT_OPEN, Exit, Market, Orders, Rules, entry_bar
from .market import paid, side_row
from .state import Ledger

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@kernel
def curve(market: Market, orders: Orders, rules: Rules, book: Ledger, last: float) -> Floats:
    """Equity at every close. last: at the end, when nothing is held any more."""
    n = len(market.close)
    equity = np.empty(n)
    flat = 0  # the first close not yet written
    for i in range(len(book.order)):
        k, units = book.order[i], book.size[i]
        side, entry = int(orders.side[k]), entry_bar(orders.bar[k], rules)
        row = side_row(market, side)
        equity[flat:entry] = book.cash[i]
        a = book.cash[i] - rules.fee * units * orders.fill[k] - side * units * orders.fill[k]
        if rules.carries:
            a += units * paid(market, side, entry if rules.at_close else entry - 1)
        for t in range(entry, min(book.exit_bar[i], n)):
            equity[t] = a + side * units * market.wealth[row, t]
        flat = min(book.exit_bar[i], n)
    equity[flat:] = last
    return equity


@kernel
def seen(market: Market, orders: Orders, rules: Rules, book: Ledger) -> tuple[Floats, Ints]:
    """Worst and best distance in price, and bars in the market, a row a trade."""
    count, n = len(book.order), len(market.close)
    away, held = np.empty((count, 2)), np.empty(count, np.int64)
    for i in range(count):
        k = book.order[i]
        entry = entry_bar(orders.bar[k], rules)
        end = Exit(book.exit_bar[i], 0.0, book.reason[i], book.where[i], book.ambiguous[i])
        carried = 1 if rules.at_close else 0
        away[i] = excursions(market, entry, orders.fill[k], orders.side[k], end, book.exit_fill[i], carried)
        held[i] = held_bars(entry, end.bar, end.where, n, rules.at_close)
    return away, held


@kernel
def held_bars(entry: int, end: int, where: int, n: int, at_close: bool) -> int:
    """Bars in the market: the entry's unless entered at its close, the exit's unless left at its open."""
    last = min(end, n - 1)
    return last - entry + (0 if at_close else 1) - (1 if where == AT_OPEN else 0)


@kernel(lean=True)
def excursions(
    market: Market, entry: int, fill: float, side: int, end: Exit, last: float, carried: int
) -> tuple[float, float]:
    """Worst and best distance from the entry's fill, in price, never negative.

    Bars seen whole count with low and high: from the entry (with `carried` 1: from the bar after it) up to the bar
    before the exit, and the exit's own when it came at the close. Of any other exit bar only the open and the fill.
    """
    worst = best = last
    whole = min(end.bar, len(market.close) - 1) if end.where == AT_CLOSE else end.bar - 1
    for t in range(entry + carried, whole + 1):
        worst = min(worst, market.low[t]) if side > 0 else max(worst, market.high[t])
        best = max(best, market.high[t]) if side > 0 else min(best, market.low[t])
    if end.where != AT_CLOSE and end.bar > entry:
        opening = market.open[end.bar]
        worst = min(worst, opening) if side > 0 else max(worst, opening)
        best = max(best, opening) if side > 0 else min(best, opening)
    return max(0.0, side * (fill - worst)), max(0.0, side * (best - fill))
