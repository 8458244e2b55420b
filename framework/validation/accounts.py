"""Entries led through the accounts of a trading, without tables: R and wins of closed trades, equity at moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..signals import Entries
from ..simulation import simulate_together
from ..simulation.kernel import AT_CLOSE, STILL_OPEN
from ..simulation.pool import Book
from ..simulation.result import equity_curve, profits, run
from ..simulation.state import Ledger
from .trading import Trading

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Times: TypeAlias = NDArray[np.datetime64]

POINTS = 400  # moments at which an equity is kept


@dataclass(frozen=True, eq=False)
class Done:
    """What all accounts together have made: R (NaN without a stop) and whether won of closed trades; equity at the
    moments asked for. rows: of each market's entries those that were entered, ascending; until: the last bar at whose
    close each of these was held, the signal's own at least.
    """

    r: Floats
    won: NDArray[np.bool_]
    equity: Floats
    rows: Sequence[Ints]
    until: Sequence[Ints]

    @property
    def figures(self) -> tuple[float, float, float]:
        """Mean R, win rate, last equity; NaN where no trade was closed (of R: none that had a stop)."""
        known = self.r[~np.isnan(self.r)]
        mean = float(known.mean()) if len(known) else np.nan
        return mean, float(self.won.mean()) if len(self.won) else np.nan, float(self.equity[-1])


def points(markets: Sequence[Bars], begin: np.datetime64) -> Times:
    """At most 400 stamps, evenly spread over those that any market has from `begin` on; the last one is among them."""
    stamps = np.unique(np.concatenate([bars.time for bars in markets]))
    stamps = stamps[stamps >= begin]
    spread = np.linspace(0, len(stamps) - 1, min(POINTS, len(stamps)))
    return np.asarray(stamps[np.round(spread).astype(np.int64)])


def led(
    trading: Trading, markets: Sequence[Bars], entries: Sequence[Entries], rank: Sequence[Floats] | None, time: Times
) -> Done:
    """One account of all markets where they share the cash, else one each, as `walk.share` and `walk.chain` trade them.

    time: the moments at which equity is wanted; a market's last close holds where it has no bar. rank: of the entries,
    as in `simulate_together`.
    """
    if trading.shared:
        return _together(trading, markets, entries, rank, time)
    parts = [_alone(trading, bars, given, time) for bars, given in zip(markets, entries, strict=True)]
    return Done(
        np.concatenate([one.r for one in parts]),
        np.concatenate([one.won for one in parts]),
        np.asarray(sum(one.equity for one in parts)),
        [rows for one in parts for rows in one.rows],
        [until for one in parts for until in one.until],
    )


def _alone(trading: Trading, bars: Bars, entries: Entries, time: Times) -> Done:
    done = run(bars, entries, trading.terms, trading.stake)
    closed, pnl, k = done.book.reason != STILL_OPEN, profits(done), done.book.order
    last = np.searchsorted(bars.time, time, side="right") - 1
    equity = np.where(last < 0, trading.stake, equity_curve(bars, trading.terms, done)[last])
    until = _until(done.book, done.placed.bar[k].astype(np.int64))
    return Done((pnl / (done.book.size * done.placed.risk[k]))[closed], (pnl > 0)[closed], equity, [k], [until])


def _together(
    trading: Trading, markets: Sequence[Bars], entries: Sequence[Entries], rank: Sequence[Floats] | None, time: Times
) -> Done:
    terms = trading.terms
    done = simulate_together(markets, entries, terms.costs, terms.sizing, terms.exits, trading.cash, rank)
    book, asked, k = done.book, done.asked, done.book.order
    pnl = asked.side[k] * book.size * (book.exit_fill - asked.fill[k]) - book.fees - book.carry
    closed = book.reason != STILL_OPEN
    until, of = _until(book, asked.bar[k]), [np.flatnonzero(asked.symbol[k] == i) for i in range(len(markets))]
    bars = np.cumsum([0, *map(len, markets)])
    stamps = done.calendar.tz_convert(None).to_numpy("datetime64[us]")
    equity = book.equity[np.searchsorted(stamps, time)]
    return Done(
        (pnl / (book.size * asked.risk[k]))[closed],
        (pnl > 0)[closed],
        equity,
        [k[mine] - asked.start[i] for i, mine in enumerate(of)],  # of one market trades follow one another
        [until[mine] - bars[i] for i, mine in enumerate(of)],
    )


def _until(book: Ledger | Book, bar: Ints) -> Ints:
    """The last bar at whose close each trade was held. bar: of their signals."""
    at_close = (book.where == AT_CLOSE) & (book.reason != STILL_OPEN)  # an open one's end is the bar after the last
    return np.asarray(np.maximum(np.where(at_close, book.exit_bar, book.exit_bar - 1), bar))
