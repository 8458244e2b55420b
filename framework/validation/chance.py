"""What chance would have made: entries at random bars like those of the trades, under the same stops and exits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..params import Value
from ..signals import Entries
from .accounts import Done, Times, led, points
from .clusters import Places, clusters
from .matched import Bools, Span, places
from .trading import Trading
from .walk import Part, ranks_of, row_at, whole
from .windows import Window

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Offer: TypeAlias = tuple[Floats, float]  # see `Places.draw`
Chosen: TypeAlias = tuple[Window, Mapping[str, Value]]

SHARED = 100  # draws at most where markets share the cash: each is led through all moments
# Draws of each round that tells how many entries are to be offered, and the power of what is short to correct by.
ROUNDS = ((25, 1.0),) * 3
OF_SEVERAL = ((10, 1.0),) * 4 + ((25, 0.5), (25, 0.3))  # of a kind that has few trades it is mostly noise
ALL = 1.5  # the power for all of several markets together: part of what is offered more lapses
CROWDED, NEARER = 4.0, 0.8  # entries a trade from which on clusters may stand nearer: p is then larger, not smaller
COPIES = 50.0  # entries at most for each trade
SAME = 1e-9  # figures this close, as a fraction, are equal
ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class Against:
    """A figure beside what chance made of it: mean and 2.5 and 97.5 percentiles over the draws.

    p: how often chance does at least as well, one-sided, (1 + draws that do) / (1 + draws), as in Davison and Hinkley,
    Bootstrap Methods (1997), 4.2. NaN where no trade was closed (of R: none that had a stop).
    """

    value: float
    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False)
class Band:
    """Equity at up to 400 moments, evenly spread over the calendar, the last one among them: the variant's own, and the
    2.5, 50 and 97.5 percentiles of the draws, moment by moment.
    """

    time: pd.DatetimeIndex
    equity: Floats
    low: Floats
    middle: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Chance:
    """A variant against entries at random bars, all markets together.

    trades: the variant's; made, offered: trades of a draw and entries that it offered the accounts, means. mean_r,
    win_rate: of closed trades. neighbours, hours: trades for which no five like bars were found, so that neighbouring
    fifths of volatility counted too, and then all hours. stuck: trades that could have been nowhere else. figures: of
    each draw mean R, win rate and total return, shape (draws, 3).
    """

    draws: int
    trades: int
    made: float
    offered: float
    mean_r: Against
    win_rate: Against
    total_return: Against
    band: Band
    neighbours: int
    hours: int
    stuck: int
    figures: Floats


def random_entries(
    trading: Trading,
    markets: Sequence[Bars],
    parts: Mapping[str, Sequence[Sequence[Part]]],
    chosen: Sequence[Chosen],
    draws: int = 200,
    seed: int = 0,
) -> dict[str, Chance]:
    """For each variant what chance would have made of its trades. parts: by variant, for each market its windows'.

    A draw offers entries at random bars of the same market and test window, alike in side, hour and volatility to the
    trades (`matched.places`), to the same accounts under the same terms and exit signals. Unless `on_opposite` is
    "ignore", the rule's own entries of the other side are exit signals, too; the random ones close nothing. They lapse
    while a position is held, so more are offered: in each market and on each side as many as make, on the mean, the
    number of trades that the rule had. Whether one is entered then never depends on how its trade will end.

    Trades of several markets that were entered together are drawn together (`clusters.clusters`): else the figures of
    a rule that enters markets which move together vary more than those of the draws, and p is too small.
    How long a trade is held is not matched. Of a rule that enters as an exit signal ends the win rate tells of
    structure, not of skill, and p of mean R is too small where it is nearly always in the market: under .1 in a quarter
    of runs that meant nothing (bar permutation judges better). Without exit signals p is rather too large there.
    """
    spans = [_spans(trading, bars, chosen) for bars in markets]
    time = points(markets, np.datetime64(chosen[0][0].test_start.tz_convert(None), "us"))
    variants = {name: _Variant(trading, markets, many, spans, time) for name, many in parts.items()}
    return {name: variant.against(draws, seed) for name, variant in variants.items()}


class _Variant:
    """A variant's entries and trades, and draws of others."""

    def __init__(
        self,
        trading: Trading,
        markets: Sequence[Bars],
        parts: Sequence[Sequence[Part]],
        spans: Sequence[Mapping[int, Span]],
        time: Times,
    ) -> None:
        self.trading, self.markets, self.time = trading, markets, time
        entries = [whole(of_market)[0] for of_market in parts]
        ranks = [ranks_of(many, trading.rank) for many in parts] if trading.shared and trading.rank else None
        self.real = led(trading, markets, entries, ranks, time)
        self.trades = [given.take(rows) for given, rows in zip(entries, self.real.rows, strict=True)]
        self.ranks = [rank[rows] for rank, rows in zip(ranks, self.real.rows, strict=True)] if ranks else None
        self.spans = [_closing(trading, given, of) for given, of in zip(entries, spans, strict=True)]
        exits = dataclasses.replace(trading.terms.exits, on_opposite="ignore")
        self.alike = dataclasses.replace(trading, terms=dataclasses.replace(trading.terms, exits=exits))

    def against(self, draws: int, seed: int) -> Chance:
        """All draws, each from a seed of its own."""
        draws = min(draws, SHARED) if self.trading.shared else draws
        together = clusters(self.markets, self.trades, self.real.until)
        random = [_random(seed, 0, i) for i in range(len(self.markets))]
        found = places(self.markets, self.trades, together, self.spans, self.alike.terms, random)
        offer = self.tuned(found, seed)
        figures, equity, counts = np.empty((draws, 3)), np.empty((draws, len(self.time))), np.empty((draws, 2))
        for number in range(draws):
            done, given, _ = self.drawn(found, offer, _random(seed, 2, number))
            figures[number], equity[number] = done.figures, done.equity
            counts[number] = sum(map(len, done.rows)), sum(map(len, given))
        trades, cash = sum(map(len, self.trades)), self.trading.cash
        figures[:, 2] = figures[:, 2] / cash - 1
        mean_r, win_rate, last = self.real.figures
        gained = _against(last / cash - 1, figures[:, 2])
        low, middle, high = np.percentile(equity, [ENDS[0], 50, ENDS[1]], axis=0)
        return Chance(
            draws=draws,
            trades=trades,
            made=float(counts[:, 0].mean()),
            offered=float(counts[:, 1].mean()),
            mean_r=_against(mean_r, figures[:, 0]),
            win_rate=_against(win_rate, figures[:, 1]),
            total_return=gained if trades else dataclasses.replace(gained, p=np.nan),
            band=Band(pd.DatetimeIndex(self.time, tz="UTC", name="time"), self.real.equity, low, middle, high),
            neighbours=found.neighbours,
            hours=found.hours,
            stuck=found.stuck,
            figures=figures,
        )

    def drawn(self, found: Places, offer: Offer, random: np.random.Generator) -> tuple[Done, list[Entries], list[Ints]]:
        """What the accounts make of entries at random places, these, and the trades that they stand for."""
        given, trade = map(list, zip(*found.draw(*offer, random), strict=True))
        ranks = [rank[of] for rank, of in zip(self.ranks, trade, strict=True)] if self.ranks else None
        return led(self.alike, self.markets, given, ranks, self.time), given, trade

    def tuned(self, found: Places, seed: int) -> Offer:
        """How many of each cluster are to be offered, so that there are as many trades, on the mean, as there were, in
        each market, on each side, alone and with others: first as many as find the rule ready once, then by tries.
        """
        ready = found.ready([self.busy(i) for i in range(len(self.markets))])
        copies = np.minimum(1 / np.maximum(ready, 1 / COPIES), COPIES)
        apart, numbered = 1.0, found.clusters.kinds(self.trades)
        kinds = found.clusters.of_trades(numbered)
        of, slot = np.nonzero(kinds >= 0)
        kind, wanted = kinds[of, slot], np.bincount(kinds[of, slot])
        for attempt, (tries, power) in enumerate(OF_SEVERAL if found.clusters.several else ROUNDS):
            had = np.zeros(len(wanted))
            for number in range(tries):
                done, _, trade = self.drawn(found, (copies, apart), _random(seed, 1, attempt * ROUNDS[0][0] + number))
                for one, each, rows in zip(numbered, trade, done.rows, strict=True):
                    had += np.bincount(one[each[rows]], minlength=len(wanted))
            if found.clusters.several and copies.mean() > CROWDED and had.sum() < 0.97 * tries * wanted.sum():
                apart *= NEARER
            short, all_short = tries * wanted / np.maximum(had, 1), tries * wanted.sum() / max(had.sum(), 1)
            if found.clusters.several:
                short = all_short**ALL * (short / all_short) ** power
            copies = np.minimum(copies * np.bincount(of, short[kind], len(copies)) / found.clusters.size, COPIES)
        return copies, apart

    def busy(self, market: int) -> Bools:
        """The closes of one market's bars at which the rule held a position."""
        steps = np.zeros(len(self.markets[market]) + 1, np.int64)
        np.add.at(steps, self.trades[market].bar + 1, 1)
        np.add.at(steps, self.real.until[market] + 1, -1)
        return np.asarray(np.cumsum(steps)[:-1] > 0)


def _spans(trading: Trading, bars: Bars, chosen: Sequence[Chosen]) -> dict[int, Span]:
    """The windows in one market by their numbers, with the closes at which the rule leaves a long, a short."""
    leave: dict[str, tuple[Bools, Bools]] = {}
    for _, values in chosen:
        if repr(values) not in leave:
            params = trading.strategy.build(dict(values))
            setups = trading.strategy.setups(bars, params)
            leave[repr(values)] = trading.leaving(setups, trading.strategy.exits(bars, params))
    return {
        window.number: Span(row_at(bars, window.test_start), row_at(bars, window.test_end), *leave[repr(values)])
        for window, values in chosen
    }


def _closing(trading: Trading, entries: Entries, spans: Mapping[int, Span]) -> Mapping[int, Span]:
    """The windows with the rule's entries of the other side among the exits, where they close a position."""
    if trading.terms.exits.on_opposite == "ignore":
        return spans
    both = np.intersect1d(entries.bar[entries.side > 0], entries.bar[entries.side < 0])
    closing = (entries.exit_bar != entries.bar) & ~np.isin(entries.bar, both)
    made = {}
    for number, span in spans.items():
        exits = {1: span.long_exit.copy(), -1: span.short_exit.copy()}
        for side, flags in exits.items():
            flags[entries.bar[closing & (entries.window == number) & (entries.side == -side)]] = True
        made[number] = dataclasses.replace(span, long_exit=exits[1], short_exit=exits[-1])
    return made


def _against(value: float, drawn: Floats) -> Against:
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(known):
        return Against(value, np.nan, np.nan, np.nan, np.nan)
    better = int((known >= value - SAME * max(1.0, abs(value))).sum())
    low, high = np.percentile(known, ENDS)
    return Against(value, float(known.mean()), float(low), float(high), (1 + better) / (1 + len(known)))


def _random(*seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed))
