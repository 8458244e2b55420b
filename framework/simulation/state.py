"""Where an account stands, and what it has done."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from . import tally as count

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

# Where an account stands, whole numbers: the next order; that of the position, -1 none; its end; the first bar after
# ruin; trades done. Numbers: cash, size, the end's price, a and b of equity = a + b × wealth, cash at the start,
# limits of the equity while the position is held.
NEXT, HELD, END, REASON, WHERE, UNCLEAR, RUIN, TRADES = range(8)
CASH, UNITS, PRICE, A, B, START, WORST, BEST = range(8)


class State(NamedTuple):
    """Where an account stands: whole numbers, numbers, its tally; and room for the tally to work in."""

    whole: Ints
    number: Floats
    tally: Floats
    scratch: Floats


class Ledger(NamedTuple):
    """Trades in the order of their entries, a row each, and what became of every order. cash: before the entry."""

    order: Ints
    exit_bar: Ints
    exit_fill: Floats
    reason: Ints
    where: Ints
    ambiguous: NDArray[np.bool_]
    size: Floats
    fees: Floats
    carry: Floats
    cash: Floats
    fate: Ints

    def first(self, trades: int) -> Ledger:
        """The same with the first `trades` rows of its trades."""
        return Ledger._make([*(column[:trades] for column in self[:-1]), self.fate])


@kernel
def ledger(orders: int) -> Ledger:
    """Room for the trades of that many orders; for none, nothing is written."""
    whole = np.empty((5, orders), np.int64)
    number = np.empty((5, orders))
    return Ledger(
        whole[0],
        whole[1],
        number[0],
        whole[2],
        whole[3],
        np.empty(orders, np.bool_),
        number[1],
        number[2],
        number[3],
        number[4],
        np.zeros(orders, np.int64),
    )


@kernel(inline=True)
def open_account(whole: Ints, number: Floats, tally: Floats, cash: float, bars: int, first: int) -> None:
    """An account with cash and nothing else. first: the row of its first order."""
    whole[:] = 0
    number[:] = 0.0
    whole[NEXT], whole[HELD], whole[RUIN], number[CASH], number[START] = first, -1, bars, cash, cash
    count.begin(tally, cash)


def begun(cash: float, bars: int) -> State:
    """An account with cash and nothing else, before the first of that many bars."""
    state = State(np.empty(8, np.int64), np.empty(8), np.empty(count.PARTS), np.empty(count.PIECE))
    open_account(state.whole, state.number, state.tally, cash, bars, 0)
    return state
