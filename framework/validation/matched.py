"""Where else the trades of a rule might have been entered, alike in all that was known when they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..flags import first_exit
from ..indicators import bar_atr
from ..signals import Entries
from ..simulation import Terms
from ..simulation.kernel import ENTERED
from ..simulation.orders import orders
from .clusters import Clusters, Places

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

FIFTHS = 5
ENOUGH = 5  # places below which a trade is compared more widely
MOST = 1000  # places a trade, drawn from all there are: memory does not grow with the bars
UNKNOWN = -9  # a volatility that is next to no fifth
ALL_HOURS = 2  # how widely a trade is compared: its fifth, its neighbours too, all hours too
HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Span:
    """A test window in one market: bars first to last - 1; long_exit, short_exit: closes, of all bars, at which a
    position that it has entered is left.
    """

    first: int
    last: int
    long_exit: Bools
    short_exit: Bools


def places(
    markets: Sequence[Bars],
    traded: Sequence[Entries],
    together: Clusters,
    spans: Sequence[Mapping[int, Span]],
    terms: Terms,
    random: Sequence[np.random.Generator],
) -> Places:
    """Every place where a cluster might have been entered. Its first trade: in its own window, on the same side, at the
    same hour of day (of bars shorter than a day), in the same fifth of volatility, which is ATR(14) over the close. The
    others: as many bars of their own markets from there as they were, in their window, at their hour.

    Where there are fewer than five of these, neighbouring fifths count too, then all hours. A stop, target and height
    of its own lie as many ATR from the close as the real ones did. A place where an entry would be refused whatever
    the account holds is none. traded, spans, random: a market's each; entries in the order of their bars.
    """
    looks = [_Look(*of_market, terms) for of_market in zip(markets, traded, spans, random, strict=True)]
    first = together.market[:, 0], together.trade[:, 0]
    width = np.array([looks[i].width(row) for i, row in zip(*first, strict=True)], np.int64)
    left, parts = np.arange(len(width)), [(np.zeros(0, np.int64), np.zeros(together.trade.shape, np.int64)[:0])]
    while len(left):
        like = [looks[first[0][c]].like(first[1][c], width[c]) for c in left]
        of = np.repeat(left, list(map(len, like)))
        bar, possible = _displaced(looks, together, of, np.concatenate(like), width)
        few = np.bincount(of[possible], minlength=len(width)) < ENOUGH
        left = left[few[left] & (together.size[left] > 1) & (width[left] < ALL_HOURS)]
        kept = possible & ~np.isin(of, left)
        parts.append((of[kept], bar[kept]))
        width[left] += 1
    of, bar = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(of, kind="stable")
    return _places(looks, together, of[order], bar[order], width)


def fifths(volatility: Floats) -> Ints:
    """0 to 4, a fifth of the known values each, equal values together; UNKNOWN where it is NaN."""
    known = np.sort(volatility[~np.isnan(volatility)])
    fifth = FIFTHS * np.searchsorted(known, volatility) // max(len(known), 1)
    return np.where(np.isnan(volatility), UNKNOWN, fifth)


class _Look:
    """One market: where its trades may be entered."""

    def __init__(
        self, bars: Bars, traded: Entries, spans: Mapping[int, Span], random: np.random.Generator, terms: Terms
    ) -> None:
        self.bars, self.traded, self.spans, self.random, self.terms = bars, traded, spans, random, terms
        self.atr = bar_atr(bars)
        volatility, days = self.atr / bars.close, bars.time.astype("datetime64[D]")
        self.hour = (bars.time - days) // HOUR if bars.step < DAY else np.zeros(len(bars), np.int64)
        self.fifth = {number: fifths(volatility[span.first : span.last]) for number, span in spans.items()}

    def width(self, row: int) -> int:
        """How far a trade has to be compared for five places: 0 to 2."""
        return next((i for i in range(ALL_HOURS) if self._alike(row, i).sum() >= ENOUGH), ALL_HOURS)

    def like(self, row: int, width: int) -> Ints:
        """The bars at which a trade may be entered, ascending."""
        at, span = self.traded.bar[row], self.spans[self.traded.window[row]]
        # Without an ATR no distance of its own can be carried elsewhere.
        if np.isnan(self.atr[at]):
            return np.array([at])
        rows = span.first + np.flatnonzero(self._alike(row, width))
        if len(rows) > MOST:
            others = self.random.choice(rows[rows != at], MOST - 1, replace=False)
            rows = np.sort(np.append(others, at))
        return np.asarray(rows)

    def _alike(self, row: int, width: int) -> Bools:
        at, number = self.traded.bar[row], int(self.traded.window[row])
        span, fifth = self.spans[number], self.fifth[number]
        part = slice(span.first, span.last)
        apart = np.abs(fifth - fifth[at - span.first]) <= min(width, 1)
        free = ~(span.long_exit if self.traded.side[row] > 0 else span.short_exit)[part]
        return np.asarray(apart & free & ((self.hour[part] == self.hour[at]) | (width == ALL_HOURS)))

    def possible(self, trade: Ints, bar: Ints, timely: Bools) -> Bools:
        """Whether the trades may be entered at these bars, whatever the account holds. timely: at their hour only."""
        own = self.traded.bar[trade]
        first, last = np.zeros(len(trade), np.int64), np.zeros(len(trade), np.int64)
        for number, span in self.spans.items():
            mine = self.traded.window[trade] == number
            first[mine], last[mine] = span.first, span.last
        rows = np.flatnonzero((bar >= first) & (bar < last))
        rows = rows[~timely[rows] | (self.hour[bar[rows]] == self.hour[own[rows]])]
        rows = rows[~np.isnan(self.atr[bar[rows]] + self.atr[own[rows]])]
        entries = self.moved(trade[rows], bar[rows])
        found = bar == own
        found[rows[_possible(self.bars, entries, self.terms)]] = True
        return np.asarray(found)

    def moved(self, trade: Ints, bar: Ints) -> Entries:
        """The trades' entries at other bars; at their own they are what they were."""
        bars, was = self.bars, self.traded.take(trade)
        here = bar == was.bar
        scale = np.where(here, 1.0, self.atr[bar] / self.atr[was.bar])
        stop, target = (
            np.where(here, price, bars.close[bar] + (price - bars.close[was.bar]) * scale)
            for price in (was.stop, was.target)
        )
        leave = np.zeros(len(bar), np.int64)
        for number, span in self.spans.items():
            mine = np.flatnonzero(was.window == number)
            leave[mine] = first_exit(bar[mine], was.side[mine], span.long_exit, span.short_exit)
        return Entries(bar, was.side, stop, target, leave, was.setup, was.height * scale, was.window)


def _displaced(looks: Sequence[_Look], together: Clusters, of: Ints, begin: Ints, width: Ints) -> tuple[Ints, Bools]:
    """Clusters' bars where their first trades stand at `begin`, and whether all their trades may be entered there."""
    market, trade = together.market[of], together.trade[of]
    bar, possible = np.full(market.shape, -1), market < 0
    own, to = np.zeros(len(of), "M8[us]"), np.zeros(len(of), "M8[us]")
    for i, look in enumerate(looks):
        mine = market[:, 0] == i
        own[mine] = look.bars.time[look.traded.bar[trade[mine, 0]]]
        to[mine] = look.bars.time[begin[mine]]
    for i, look in enumerate(looks):
        row, slot = np.nonzero(market == i)
        one = trade[row, slot]
        was, now = (np.searchsorted(look.bars.time, moment[row], side="right") for moment in (own, to))
        bar[row, slot] = now + look.traded.bar[one] - was
        possible[row, slot] = look.possible(one, bar[row, slot], width[of[row]] < ALL_HOURS)
    return bar, np.asarray(possible.all(axis=1))


def _places(looks: Sequence[_Look], together: Clusters, of: Ints, bar: Ints, width: Ints) -> Places:
    market, trade, at, entries = together.market[of], together.trade[of], np.full(bar.shape, -1), []
    when = np.zeros(len(of), np.int64)
    for i, look in enumerate(looks):
        row, slot = np.nonzero(market == i)
        at[row, slot] = np.arange(len(row))
        entries.append(look.moved(trade[row, slot], bar[row, slot]))
        mine = market[:, 0] == i
        when[mine] = look.bars.time[bar[mine, 0]].astype(np.int64)
    first, size = np.searchsorted(of, np.arange(len(width) + 1)), together.size
    neighbours, hours = int(size[width == 1].sum()), int(size[width == ALL_HOURS].sum())
    return Places(together, first, at, when, entries, neighbours, hours, int(size[np.diff(first) == 1].sum()))


def _possible(bars: Bars, entries: Entries, terms: Terms) -> Ints:
    """Rows of the entries that an account without a position may take."""
    # A stop as many ATR away may lie below zero: no price.
    rows = np.flatnonzero(~((entries.stop <= 0) | (entries.target <= 0)))
    order = rows[np.argsort(entries.bar[rows], kind="stable")]
    asked = orders(bars, entries.take(order), terms.costs, terms.exits, terms.sizing)
    taken = asked.refusal[: len(order)] == ENTERED
    return np.sort(order[taken & (entries.exit_bar[order] != entries.bar[order])])
