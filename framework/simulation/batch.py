"""Many accounts led through the same bars at once, so that the bars are read from the cache and not from memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from . import tally as count
from .account import advance
from .kernel import Market, Orders, Rules, room
from .orders import Placing
from .state import CASH, State, ledger, open_account
from .touch import Touches, forget, touch_room

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

TILE = 16_384  # bars that all accounts go through before the next: with what goes with them, as many as the cache holds
ORDERS = 1 << 15  # orders in a batch: what bounds the memory, whatever the number of accounts


@dataclass(eq=False)
class Batch:
    """Accounts of one market under one set of options. Each trades a run of the orders; those that trade the same
    orders share what is found of their futures.

    placings: by the first row of each run of orders, what makes what writes them, into room for `capacity`. leave: for
    each list of entries and of exits the bar to leave at. jobs: for each account the first row of its orders, the row
    after its last, and what to add for a row of `leave`.
    """

    market: Market
    rules: Rules
    capacity: int = ORDERS
    used: int = 0
    placings: dict[int, Callable[[], Placing]] = field(default_factory=dict)
    leave: list[Ints] = field(default_factory=list)
    left: int = 0
    jobs: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.orders: Orders = room(self.capacity)

    def holds(self, more: int) -> bool:
        """Whether there is room for that many more orders and their exits."""
        return self.used + more <= self.capacity and self.left + more <= 8 * self.capacity

    def add(self, placing: Callable[[], Placing], count: int) -> int:
        """Take in a run of orders, to be written by what `placing` makes; its first row."""
        first = self.used
        self.placings[first] = placing
        self.used += count
        return first

    def run(self, cash: float, parts: int) -> list[Any]:
        """Calls, at most `parts`, that may run at the same time; together they give a tally and the cash an account."""
        if not self.jobs:
            return []
        jobs = np.array(self.jobs, np.int64)
        order = np.argsort(jobs[:, 0], kind="stable")
        touches, leave = touch_room(self.used), np.concatenate(self.leave)
        weights = np.cumsum((jobs[:, 1] - jobs[:, 0])[order] + 1)
        starts = np.unique(np.searchsorted(weights, weights[-1] * np.arange(parts) / parts, side="right"))
        first = jobs[order, 0]
        cuts = [0, *(int(np.searchsorted(first, first[at])) for at in starts if at > 0), len(jobs)]
        return [
            _Part(self, jobs[order[a:b]], order[a:b], leave, touches, cash)
            for a, b in itertools.pairwise(cuts)
            if b > a
        ]


@dataclass(eq=False)
class _Part:
    """Accounts that share no orders with those of another part."""

    batch: Batch
    jobs: Ints
    rows: Ints
    leave: Ints
    touches: Touches
    cash: float

    def __call__(self) -> tuple[Ints, Floats, Floats]:
        """The accounts, a row each: which they are, their tallies, their cash at the end."""
        batch = self.batch
        for row in np.unique(self.jobs[:, 0]).tolist():
            batch.placings[row]()(batch.orders, row)
        tallies, ends = _lead(
            batch.market,
            batch.orders,
            self.leave,
            self.touches,
            batch.rules,
            self.jobs,
            self.cash,
            TILE,
        )
        return self.rows, tallies, ends


@kernel
def _lead(
    market: Market,
    orders: Orders,
    leave: Ints,
    touches: Touches,
    rules: Rules,
    jobs: Ints,
    cash: float,
    tile: int,
) -> tuple[Floats, Floats]:
    n, m = len(market.close), len(jobs)
    whole, number, tally = np.empty((m, 8), np.int64), np.empty((m, 8)), np.empty((m, count.PARTS))
    book, scratch = ledger(0), np.empty(count.PIECE)
    forget(touches, jobs[0, 0], jobs[:, 1].max())
    for j in range(m):
        open_account(whole[j], number[j], tally[j], cash, n, jobs[j, 0])
    for start in range(0, n, tile):
        until = min(n, start + tile)
        for j in range(m):
            state = State(whole[j], number[j], tally[j], scratch)
            advance(market, orders, jobs[j, 1], leave, jobs[j, 2], touches, rules, state, book, until)
    return tally, number[:, CASH].copy()
