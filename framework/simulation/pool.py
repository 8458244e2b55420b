"""Several symbols, one cash: all their bars and orders one after the other, the positions, what they are worth."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .kernel import Rules

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class Pool(NamedTuple):
    """Bars of all symbols one after the other. start: where each symbol's begin, and where the last one's end.
    moment: of each bar, its place in the calendar. wealth: as a market's, a row a side.
    """

    start: Ints
    moment: Ints
    open: Floats
    close: Floats
    wealth: Floats


class Asked(NamedTuple):
    """Orders of all symbols one after the other. start: where each symbol's begin, and where the last one's end.
    bar: of the signal, a row of the pool's. with_exit: its exit signal stands there. The last five: where the trade
    ends by itself, the bar as a row of the pool's.
    """

    start: Ints
    symbol: Ints
    bar: Ints
    side: Ints
    fill: Floats
    risk: Floats
    most: Floats
    window: Ints
    refusal: Ints
    with_exit: Flags
    rank: Floats
    end_bar: Ints
    end_price: Floats
    end_reason: Ints
    end_where: Ints
    unclear: Flags


class Seats(NamedTuple):
    """Each symbol's last bar so far (before its first: the row before it) and next order; its position: order (-1
    none), row among the trades, size, whether it was entered at this very moment, where it ends.
    """

    bar: Ints
    next: Ints
    order: Ints
    row: Ints
    units: Floats
    fresh: Flags
    end_bar: Ints
    end_price: Floats
    end_reason: Ints
    end_where: Ints
    unclear: Flags


class Book(NamedTuple):
    """Trades in the order in which they were entered, a row each; what became of each order; equity at each moment.
    money: cash that closed trades have left, equity at the last close, cash at the start. counts: trades, positions.
    """

    order: Ints
    exit_bar: Ints
    exit_fill: Floats
    reason: Ints
    where: Ints
    ambiguous: Flags
    size: Floats
    fees: Floats
    carry: Floats
    fate: Ints
    equity: Floats
    money: Floats
    counts: Ints


CASH, WORTH, START = range(3)
TRADES, HELD = range(2)


@kernel(inline=True)
def paid_by(pool: Pool, side: int, bar: int, first: int) -> float:
    """What a unit has paid for being held from the symbol's first bar to the close of `bar`."""
    if bar < first:
        return 0.0
    return float(side * (pool.close[bar] - pool.wealth[0 if side > 0 else 1, bar]))


@kernel(lean=True)
def equity(pool: Pool, asked: Asked, rules: Rules, seats: Seats, book: Book) -> float:
    """What closed trades have left and every position at its symbol's last close, one just entered at its fill."""
    total = book.money[CASH]
    for s in range(len(seats.bar)):
        k, units = seats.order[s], seats.units[s]
        if k >= 0:
            total -= rules.fee * units * asked.fill[k]
            if not seats.fresh[s]:
                total -= asked.side[k] * units * asked.fill[k]
                if rules.carries:
                    total += units * paid_by(pool, asked.side[k], asked.bar[k], pool.start[s])
    for s in range(len(seats.bar)):
        k = seats.order[s]
        if k >= 0 and not seats.fresh[s]:
            total += asked.side[k] * seats.units[s] * pool.wealth[0 if asked.side[k] > 0 else 1, seats.bar[s]]
    return float(total)


@kernel(lean=True)
def exposure(pool: Pool, asked: Asked, seats: Seats) -> float:
    """The value of every position, without sign, at the same prices."""
    total = 0.0
    for s in range(len(seats.bar)):
        k = seats.order[s]
        if k >= 0:
            total += seats.units[s] * (asked.fill[k] if seats.fresh[s] else pool.close[seats.bar[s]])
    return total
