"""A market's entries traded in many stretches of its bars, each by an account of its own: what a search asks for."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..signals import Entries
from .account import advance
from .kernel import STILL_OPEN, Market, Orders, Rules, room
from .market import market
from .orders import placing, rules, wanted
from .result import Terms
from .state import TRADES, State, ledger, open_account
from .tally import PARTS, PIECE
from .touch import Touches, untouched

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Closed(NamedTuple):
    """The trades of s spans, one span after the other. start: where each one's begin, and the end, s + 1 numbers.

    order: the row of the entry that each trade comes from. exit: the bar it ended in. r: what it gained, in R.
    """

    start: Ints
    order: Ints
    exit: Ints
    r: Floats

    def of(self, span: int) -> slice:
        """The rows of a span's trades."""
        return slice(int(self.start[span]), int(self.start[span + 1]))


def closed_in(bars: Bars, entries: Entries, terms: Terms, cash: float, spans: Ints) -> Closed:
    """What `simulate` would close in each span, the same to the bit, from orders that are made once.

    spans: a row (first, last, cut) each. An account of that much cash is offered the entries whose signal bar is from
    `first` up to, not including, `last`; the trades that are over before bar `cut` count, at least `last`. It is as
    though the bars ended there: nothing after it is in the answer. Entries are taken for sound, as a policy makes them.
    """
    placed = room(len(entries))
    placing(bars, wanted(entries), terms.costs, terms.exits, terms.sizing)(placed, 0)
    options = rules(bars, len(entries), *vars(terms).values())
    rows = np.searchsorted(entries.bar, spans[:, :2]).astype(np.int64)
    leave = np.array(entries.exit_bar, np.int64)
    here = market(bars, terms.exits, terms.costs)
    cuts = np.ascontiguousarray(spans[:, 2], dtype=np.int64)
    return Closed(*_closed(here, placed, leave, untouched(len(entries)), options, rows, cuts, float(cash)))


@kernel
def _closed(
    market: Market, orders: Orders, leave: Ints, touches: Touches, rules: Rules, rows: Ints, cuts: Ints, cash: float
) -> tuple[Ints, Ints, Ints, Floats]:
    n, book = len(market.close), ledger(len(leave))
    state = State(np.empty(8, np.int64), np.empty(8), np.empty(PARTS), np.empty(PIECE))
    most = 0
    for w in range(len(cuts)):
        most += max(rows[w, 1] - rows[w, 0], 0)
    start, order, ends, r = (
        np.zeros(len(cuts) + 1, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most),
    )
    count = 0
    for w in range(len(cuts)):
        first, last = rows[w, 0], rows[w, 1]
        if last > first:
            open_account(state.whole, state.number, state.tally, cash, n, first)
            advance(market, orders, last, leave, 0, touches, rules, state, book, n)
            for i in range(state.whole[TRADES]):
                if book.reason[i] != STILL_OPEN and book.exit_bar[i] < cuts[w]:
                    k, size = book.order[i], book.size[i]
                    gained = orders.side[k] * size * (book.exit_fill[i] - orders.fill[k]) - book.fees[i] - book.carry[i]
                    order[count], ends[count], r[count] = k, book.exit_bar[i], gained / (size * orders.risk[k])
                    count += 1
        start[w + 1] = count
    return start, order[:count].copy(), ends[:count].copy(), r[:count].copy()
