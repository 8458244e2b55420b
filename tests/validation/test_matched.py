"""Places where trades might have been entered: known answers, a plain second search, fair draws."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from framework.bars import Bars
from framework.indicators import bar_atr
from framework.signals import Entries
from framework.simulation import Exits, Terms, simulate
from framework.validation.clusters import Places, clusters
from framework.validation.matched import MOST, UNKNOWN, Span, fifths, places

from .test_walk import NAN, NEVER, chance, entries, made

OWN = Terms(exits=Exits(stop="own", min_risk_atr=0))


def span(bars: Bars, first: int, last: int, long_exit: Any = (), short_exit: Any = ()) -> Span:
    exits = np.zeros((2, len(bars)), bool)
    exits[0, list(long_exit)] = exits[1, list(short_exit)] = True
    return Span(first, last, exits[0], exits[1])


@dataclass(frozen=True)
class One:
    """Places of one market's trades, each alone."""

    places: Places

    @property
    def first(self) -> Any:
        return self.places.first

    @property
    def entries(self) -> Entries:
        return self.places.entries[0]


def found(bars: Bars, traded: Entries, one: Span | dict[int, Span], terms: Terms = OWN) -> One:
    spans = {0: one} if isinstance(one, Span) else one
    alone = clusters([bars], [traded], [traded.bar])
    return One(places([bars], [traded], alone, [spans], terms, [np.random.default_rng(0)]))


def bars_of(made_places: One, trade: int) -> list[int]:
    return list(made_places.entries.bar[made_places.first[trade] : made_places.first[trade + 1]])


def quiet(n: int, step: str = "1h") -> Bars:
    """Bars of one range and a close of 100: all alike but for their hour."""
    table = pd.DataFrame(
        {"open": 100.0, "high": 102.0, "low": 98.0, "close": 100.0, "volume": 1.0},
        index=pd.date_range("2024-01-01", periods=n, freq=step, tz="UTC"),
    )
    return Bars.from_frame(table, "TEST", step.replace("min", "m").lower())


def test_fifths() -> None:
    """Two of ten values in each fifth, whatever their order; equal ones together; of the unknown nothing is known."""
    values = np.array([7, 3, 9, 1, 5, 0, 8, 2, 6, 4], float)
    assert fifths(values).tolist() == [3, 1, 4, 0, 2, 0, 4, 1, 3, 2]
    assert fifths(np.full(7, 2.0)).tolist() == [0] * 7
    assert fifths(np.array([NAN, 1.0, 2.0])).tolist() == [UNKNOWN, 0, 2]


@pytest.mark.parametrize(("step", "each"), [("1h", 1), ("15min", 4), ("1D", 0)])
def test_the_hour_of_the_day(step: str, each: int) -> None:
    """Bars shorter than a day are compared with those of the very same hour, days with all days."""
    bars = quiet(24 * max(each, 1) * 12, step)
    at = 24 * max(each, 1) * 5 + 6 * max(each, 1)
    got = bars_of(found(bars, entries((at, 1, 90.0, NAN, NEVER)), span(bars, 48, len(bars) - 1)), 0)
    same = [t for t in range(48, len(bars) - 1) if not each or bars.index[t].hour == bars.index[at].hour]
    assert got == same and at in got


def test_a_plain_search_finds_the_same() -> None:
    """Side by side with pandas' ranks, on a market whose volatility moves; each trade keeps to its own window."""
    bars, _ = chance(3, 2400)
    wild = pd.Series(bar_atr(bars) / bars.close, index=bars.index)
    spans = {0: span(bars, 100, 1300), 1: span(bars, 1300, 2395)}
    at = np.array([110, 500, 900, 1299, 1300, 1800, 2390])
    traded = dataclasses.replace(
        entries(*[(int(t), 1, bars.close[t] * 0.97, NAN, NEVER) for t in at]), window=(at >= 1300).astype(np.int64)
    )
    got = found(bars, traded, spans)
    for trade, t in enumerate(at):
        first, last = (100, 1300) if t < 1300 else (1300, 2395)
        inside = wild.iloc[first:last]
        fifth = np.ceil(inside.rank(method="first") / len(inside) * 5 - 1e-9)
        alike = (fifth == fifth.loc[bars.index[t]]) & (inside.index.hour == bars.index[t].hour)
        assert bars_of(got, trade) == [first + k for k in np.flatnonzero(alike)]
    assert (got.places.neighbours, got.places.hours, got.places.stuck) == (0, 0, 0)


def test_too_few_alike() -> None:
    """Under five bars of the hour and fifth: the fifths next to it; under five still: every hour of these."""
    bars, _ = chance(5, 24 * 40)
    wild = bar_atr(bars) / bars.close
    for days, width in ((30, 0), (12, 1), (3, 2)):
        window = span(bars, 120, 120 + 24 * days)
        fifth = fifths(wild[120 : 120 + 24 * days])
        at = 120 + int(np.flatnonzero(fifth == 2)[0])
        got = found(bars, entries((at, 1, bars.close[at] * 0.97, NAN, NEVER)), window)
        apart, hour = abs(fifth - 2), bars.index.hour[120 : 120 + 24 * days] == bars.index[at].hour
        masks = [(apart == 0) & hour, (apart <= 1) & hour, apart <= 1]
        counts = [int(mask.sum()) for mask in masks]
        due = next((i for i, count in enumerate(counts) if count >= 5), 2)
        assert bars_of(got, 0) == [120 + k for k in np.flatnonzero(masks[due])]
        assert (got.places.neighbours, got.places.hours) == (int(due == 1), int(due == 2))
        if days != 12:
            assert due == width  # both ends of the table are there, whatever lies between


def test_distances_in_atr_are_kept() -> None:
    """Stop, target and height are as many ATR from the close as the trade's own were, on both sides."""
    bars, _ = chance(7, 1500)
    atr = bar_atr(bars)
    rows = [(300, 1, bars.close[300] * 0.96, bars.close[300] * 1.05, NEVER)]
    rows += [(700, -1, bars.close[700] * 1.03, bars.close[700] * 0.9, NEVER)]
    traded = dataclasses.replace(entries(*rows), height=np.array([3.0, 5.0]))
    got = found(bars, traded, span(bars, 100, 1499))
    for trade in range(2):
        part = slice(got.first[trade], got.first[trade + 1])
        own, at = int(traded.bar[trade]), got.entries.bar[part]
        assert len(at) > 5 and (got.entries.side[part] == traded.side[trade]).all()
        for name in ("stop", "target"):
            wanted = (getattr(traded, name)[trade] - bars.close[own]) / atr[own]
            np.testing.assert_allclose(
                (getattr(got.entries, name)[part] - bars.close[at]) / atr[at], wanted, rtol=1e-12
            )
        np.testing.assert_allclose(got.entries.height[part] / atr[at], traded.height[trade] / atr[own], rtol=1e-12)
        here = got.entries.take(np.flatnonzero(got.entries.bar == own))
        assert here.stop[0] == traded.stop[trade] and here.target[0] == traded.target[trade]


def test_without_a_stop_of_its_own_it_has_none_elsewhere() -> None:
    """Then it is left to the framework's rule: the last swing of the bar it is put to."""
    bars, _ = chance(2, 800)
    got = found(bars, entries((400, 1, NAN, NAN, NEVER)), span(bars, 100, 799), Terms(exits=Exits(min_risk_atr=0)))
    assert np.isnan(got.entries.stop).all() and len(got.entries) > 5
    for row in range(len(got.entries)):
        trades = simulate(bars, got.entries.take(np.array([row])), exits=Exits(min_risk_atr=0)).trades
        assert trades["stop"].iloc[0] < trades["entry_price"].iloc[0]


def test_exit_signals_are_obeyed() -> None:
    """The first exit of its side from the bar on; where one stands nothing is entered."""
    bars = quiet(24 * 30)
    window = span(bars, 48, 24 * 30 - 1, long_exit=[150, 244, 400], short_exit=[100, 245])
    got = found(bars, entries((220, 1, 90.0, NAN, 244), (221, -1, 110.0, NAN, 245)), window)
    for trade, exits in enumerate(([150, 244, 400], [100, 245])):
        for row in range(got.first[trade], got.first[trade + 1]):
            at = int(got.entries.bar[row])
            assert at not in exits
            assert got.entries.exit_bar[row] == min((t for t in exits if t > at), default=len(bars))
    assert 244 not in bars_of(got, 0) and 245 not in bars_of(got, 1) and 100 not in bars_of(got, 1)


def test_where_it_would_be_refused_is_no_place() -> None:
    """The last bar has no next open; a stop below zero is no price; an open beyond the stop is no entry."""
    rows = [(100.0, 102.0, 98.0, 100.0)] * 60
    rows[40] = (92.0, 102.0, 90.0, 100.0)  # opens beyond a stop at 95
    bars = made(rows)
    bars = Bars.from_frame(bars.frame().set_index(pd.date_range("2024-01-01", periods=60, freq="D", tz="UTC")), "T")
    got = found(bars, entries((30, 1, 95.0, NAN, NEVER)), span(bars, 20, 60), OWN)
    alike = [t for t in range(20, 60) if abs(bar_atr(bars)[t] - 4) < 1e-9]
    assert 39 in alike and 59 not in bars_of(got, 0) and 39 not in bars_of(got, 0) and 30 in bars_of(got, 0)
    cheap = dataclasses.replace(bars, close=np.where(np.arange(60) == 25, 98.0, bars.close))
    low = found(cheap, entries((30, 1, 1.5, NAN, NEVER)), span(cheap, 20, 59), OWN)
    assert 25 not in bars_of(low, 0) or (low.entries.stop > 0).all()
    assert (low.entries.stop > 0).all() and 30 in bars_of(low, 0)


def test_without_an_atr_a_trade_stays_where_it_is() -> None:
    bars = quiet(200)
    got = found(bars, entries((5, 1, 95.0, NAN, NEVER), (50, 1, 95.0, NAN, NEVER)), span(bars, 0, 199))
    assert bars_of(got, 0) == [5] and got.places.stuck == 1 and 5 not in bars_of(got, 1)


def test_many_places_are_thinned_out() -> None:
    bars = quiet(4 * MOST, "1D")
    got = found(bars, entries((3000, 1, 95.0, NAN, NEVER)), span(bars, 20, len(bars) - 1))
    assert len(bars_of(got, 0)) == MOST and 3000 in bars_of(got, 0) and len(set(bars_of(got, 0))) == MOST


def test_draws_are_fair() -> None:
    """Each trade has its copies on the mean, up to one in a draw; every place comes as often as any other; no two
    stand at one bar; the entries are in order.
    """
    bars = quiet(24 * 12)
    given = entries((126, 1, 95.0, NAN, NEVER), (130, -1, 105.0, NAN, NEVER), (150, 1, 96.0, NAN, NEVER))
    got = found(bars, given, span(bars, 24, 24 * 12 - 1))
    copies, counts, at = np.array([1.4, 1.0, 2.25]), np.zeros((3, 3000)), np.zeros(len(bars))
    for number in range(3000):
        [(drawn, trade)] = got.places.draw(copies, 1.0, np.random.default_rng(number))
        counts[:, number] = np.bincount(trade, minlength=3)
        assert (np.diff(drawn.bar) > 0).all() and (drawn.side == given.side[trade]).all()
        np.add.at(at, drawn.bar, 1)
    error = counts.std(axis=1) / np.sqrt(3000)
    assert (np.abs(counts.mean(axis=1) - copies) <= 4 * error + 1e-12).all()
    assert (counts.max(axis=1) - counts.min(axis=1) <= 2).all()
    assert stats.chisquare(at[bars_of(got, 1)]).pvalue > 1e-4


def test_no_trades() -> None:
    bars = quiet(100)
    got = found(bars, entries(), span(bars, 20, 99))
    [(drawn, trade)] = got.places.draw(np.zeros(0), 1.0, np.random.default_rng(0))
    assert len(drawn) == 0 and len(trade) == 0 and got.first.tolist() == [0]


def test_a_cluster_is_what_begins_before_its_first_trade_is_likely_to_end() -> None:
    """Four in five trades last two hours or less: a signal in the two hours after a first one is of its cluster, the
    next begins another; trades of one market alone stand alone.
    """
    bars = quiet(60)
    a = entries(*[(t, 1, 90.0, NAN, NEVER) for t in (5, 20, 30, 31, 40)])
    b = entries(*[(t, 1, 90.0, NAN, NEVER) for t in (6, 22, 39, 41, 50)])
    made_of = clusters([bars, bars], [a, b], [a.bar + 1, b.bar + np.array([1, 1, 1, 1, 9])])
    assert made_of.reach == 2 * 3600 * 10**6
    got = [
        [(int(i), int(j)) for i, j in zip(*row, strict=True) if i >= 0]
        for row in zip(made_of.market, made_of.trade, strict=True)
    ]
    assert got == [[(0, 0), (1, 0)], [(0, 1)], [(1, 1)], [(0, 2)], [(0, 3)], [(1, 2), (0, 4)], [(1, 3)], [(1, 4)]]
    apart = clusters([bars, bars], [a, dataclasses.replace(b, window=np.ones(5, np.int64))], [a.bar + 1, b.bar + 1])
    assert apart.trade.shape == (10, 1)


def test_a_cluster_is_moved_as_a_whole() -> None:
    """Its trades stand as many bars apart as they did, each in its window, where no exit stands; what begins within
    the reach of another cluster lapses.
    """
    bars = quiet(24 * 20)
    a, b = entries((100, 1, 95.0, NAN, NEVER)), entries((103, -1, 105.0, NAN, NEVER))
    exits = [24 * 8 + 7]  # of shorts, at a bar where the second would stand
    spans = [{0: span(bars, 48, 24 * 20 - 1)}, {0: span(bars, 48, 24 * 15, short_exit=exits)}]
    together = clusters([bars, bars], [a, b], [a.bar + 9, b.bar + 9])
    random = [np.random.default_rng(i) for i in range(2)]
    got = places([bars, bars], [a, b], together, spans, OWN, random)
    assert got.entries[0].bar.tolist() == [24 * day + 4 for day in range(2, 15) if day != 8]
    for number in range(50):
        (one, _), (other, _) = got.draw(np.array([4.0]), 1.0, np.random.default_rng(number))
        assert len(one) >= 2 and np.array_equal(other.bar, one.bar + 3) and (np.diff(one.bar) >= 10).all()
        assert (one.side == 1).all() and (other.side == -1).all()
