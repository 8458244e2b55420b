"""The claims about moving averages (S4, 4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...context import Higher, higher_state
from ...indicators import bar_atr, bar_ema
from ...setups import Setups
from ...structure.averages import (
    PAIRS,
    SET,
    DoubleRule,
    RangeRule,
    above_average,
    average_crosses,
    average_double,
    compression,
    flat,
    regime,
    side_of_average,
    spread,
)
from ...structure.traits import any_between
from ..claim import Claim
from ..contrasts import Across, Against, Contrast, Given, by_volatility, order, subset
from ..outcomes import HORIZON, Span
from ..populations import above
from ..units import Events, at_bars, events, together

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[int, int]

S4 = "S4 §4"
SHIFTS = 20  # of the positions, spread evenly over the data
LEAST = 40  # bars of a quarter, so that its worst twentieth is two
TAIL = 20  # one bar in so many is among the worst
FASTER = ((4, 16), (16, 48), (48, 96), (96, 192))
SLOWER = ((6, 24), (24, 72), (72, 144), (144, 288))


def kinds(*many: Events) -> Events:
    """Events of several kinds, a group each: none is compared with those of another."""
    return together(*(dataclasses.replace(one, group=np.full(len(one), number)) for number, one in enumerate(many)))


def armed(found: Setups, arm: float) -> Events:
    return events(found, np.full(len(found), arm))


def beats_cross(fast: int = 5, slow: int = 20, **rule: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        double = average_double(bars, DoubleRule(fast, slow, **rule))
        return together(armed(double, 1.0), armed(average_crosses(bars, fast, slow), 0.0))

    return subset(find)


def tail(x: Floats) -> Floats:
    """The mean of the worst twentieth of the rows, of each column."""
    worst = len(x) // TAIL
    return np.asarray(np.partition(x, worst - 1, axis=0)[:worst].mean(axis=0))


def drawdown(x: Floats) -> Floats:
    """The deepest fall of the sum from its highest before, of each column."""
    total = np.vstack([np.zeros(x.shape[1]), np.cumsum(x, axis=0)])
    return np.asarray((total - np.maximum.accumulate(total, axis=0)).min(axis=0))


def holding_above(period: int = 20, months: int = 3, figure: Callable[[Floats], Floats] = tail) -> Contrast:
    """Held from the open after a close above the average to the open after one below it, quarter by quarter, against
    the same positions moved around the whole of the data: of equal exposure there.

    The figure is the mean of the worst twentieth of a quarter's bars, from open to open, a bar without position being
    nothing, in ATR of the quarter's first bar: above what is due is a smaller loss.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        side = side_of_average(bars, period)
        at = np.flatnonzero(~np.isnan(side))[:-2]  # closes whose next bar has ended, open to open
        held = (side[at] > 0).astype(float)
        gain = np.log(bars.open[at + 2] / bars.open[at + 1])
        number = bars.time[at + 1].astype("datetime64[M]").astype(np.int64) // months
        first = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
        size = np.diff(np.append(first, len(at)))
        enough = np.flatnonzero(size >= LEAST)
        moved = np.arange(SHIFTS + 1) * len(at) // (SHIFTS + 1)
        held = np.column_stack([np.roll(held, by) * gain for by in moved])
        unit = bar_atr(bars)[at] / bars.close[at]
        parts = [figure(held[first[q] : first[q] + size[q]]) / unit[first[q]] for q in enough]
        told = np.array(parts).reshape(len(enough), SHIFTS + 1)
        found = Events(at[(first + size - 1)[enough]] + 2, np.ones(len(enough), np.int64))
        return found, told[:, 0], told[:, 1:].mean(axis=1)

    return Given(measure, "rate", HORIZON)


def tight(most: float = 1.0, periods: tuple[int, ...] = SET, horizon: int = HORIZON) -> Contrast:
    def find(bars: Bars) -> Events:
        return at_bars({1: compression(bars, periods) <= most})

    return by_volatility(find, Span(horizon))


def while_flat(level: float = 0.05, over: int = 5, period: int = 20) -> Contrast:
    """Every signal of the averages, each sort by itself. A 5/20 cross is nearly always flat and adds little."""

    def find(bars: Bars) -> Events:
        still = flat(bars, RangeRule(period=period, over=over, level=level))
        many = (average_double(bars), above_average(bars, 20), *(average_crosses(bars, *pair) for pair in PAIRS))
        return kinds(*(events(one, still[one.known_at]) for one in many))

    return subset(find)


def with_higher(pair: Pair = (5, 20), state: str = "alignment") -> Contrast:
    """Crosses with the order of the averages a day (of daily bars: a week) against those that are against it."""

    def find(bars: Bars) -> Events:
        found = average_crosses(bars, *pair)
        rising = higher_state(bars, Higher(above(bars, "1d"), state), 1)[found.known_at]
        along = found.direction * rising
        return events(found, np.where(np.abs(along) > 0, along > 0, np.nan))

    return subset(find)


def wider(fast: int = 20, slow: int = 60, step: float = 0.5) -> Contrast:
    """Closes over the spread of two averages in steps of half an ATR, the fifth open: on the side of the fast one."""

    def find(bars: Bars) -> Events:
        apart = spread(bars, fast, slow)
        rank = np.minimum(np.abs(apart) // step, 4.0)
        return at_bars({1: apart > 0, -1: apart < 0}, {1: rank, -1: rank})

    return order(find)


def bull_or_bear(period: int = 200, stays: int = 10) -> Contrast:
    """Closes at which price has stayed on one side for so many in a row, one a stay."""

    def find(bars: Bars) -> Events:
        state, every = regime(bars, period), np.arange(len(bars))
        last = {side: np.maximum.accumulate(np.where(state == side, -1, every)) for side in (1, -1)}
        return at_bars({side: every - off == stays for side, off in last.items()})

    return Against(find)


def bull_not_bear(period: int = 200) -> Contrast:
    def find(bars: Bars) -> Events:
        state = regime(bars, period)
        return at_bars({1: state != 0}, {1: np.where(np.isnan(state), np.nan, state > 0)})

    return subset(find)


def support(
    period: int = 120, zone: float = 0.25, clear: int = 5, away: tuple[float, ...] = (-4.0, -2.5, 2.5, 4.0)
) -> Contrast:
    """Bars that come to the average, within `zone` ATR, after so many clear of it, from above for a rise and from below
    for a fall; against those that come to the same line moved up and down by so many ATR, as far one way as the other.
    """

    def find(bars: Bars) -> Events:
        line, unit = bar_ema(bars, period), bar_atr(bars)
        return together(*(_touches(bars, line + shift * unit, zone * unit, clear, shift == 0) for shift in (0, *away)))

    return Across(find, word="rate")


def _touches(bars: Bars, line: Floats, zone: Floats, clear: int, real: bool) -> Events:
    at, flags = np.arange(len(bars)), {}
    for side, near in ((1, bars.low), (-1, bars.high)):
        off = side * (near - line) > zone
        before = any_between(~off, np.maximum(at - clear, 0), np.maximum(at - 1, 0)) == 0
        flags[side] = (at >= clear) & before & (side * (near - line) <= zone)
    return at_bars(flags, {side: np.full(len(bars), float(real)) for side in flags})


def best_pair(pairs: tuple[Pair, ...] = PAIRS, ranks: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)) -> Contrast:
    """The sentence ranks the first pair above the others and these not among themselves."""

    def find(bars: Bars) -> Events:
        return together(*(armed(average_crosses(bars, *pair), rank) for pair, rank in zip(pairs, ranks, strict=False)))

    return order(find)


CLAIMS = (
    Claim("K36", "A double bottom or top of the averages beats their cross.", S4,
          "double bottoms and tops of the 5 average beyond the 20 in alignment, and 5/20 crosses", beats_cross,
          ({"width": 3}, {"max_gap": 20}, {"aligned": "known"}, {"fast": 7}, {"slow": 25}), mechanical=True),
    Claim("K37", "Holding only above the 20 average avoids large losses.", S4, "quarters", holding_above,
          ({"period": 10}, {"period": 50}, {"months": 6}), mechanical=True, unit="ATR",
          also={"drawdown": lambda: holding_above(figure=drawdown)}),
    Claim("K38", "Averages that lie close together precede large moves.", S4,
          "closes at which the averages 5, 20, 60 and 120 span an ATR at most", tight,
          ({"most": 0.75}, {"most": 1.5}, {"periods": (5, 20, 60)}, {"horizon": 10}, {"horizon": 40}),
          unit="ATR"),
    Claim("K39", "Entries while the 20 average is flat are worse.", S4, "signals of the averages, of all sorts",
          while_flat, ({"level": 0.03}, {"level": 0.1}, {"over": 10}), expects=-1),
    Claim("K40", "The alignment of the higher timeframe overrules a cross against it.", S4, "5/20 crosses",
          with_higher, ({"pair": (20, 60)}, {"state": "average_20"}, {"state": "average_200"}), mechanical=True),
    Claim("K41", "The wider averages spread, the stronger the trend.", S4, "closes, by the spread of 20 and 60", wider,
          ({"fast": 5, "slow": 20}, {"fast": 60, "slow": 120}, {"step": 1.0}), mechanical=True),
    Claim("K72", "The SMA 200 separates bull from bear markets.", S4,
          "closes at which price has stayed on one side of it for ten", bull_or_bear,
          ({"period": 150}, {"period": 250}, {"stays": 5}, {"stays": 20}),
          also={"above against below": bull_not_bear}),
    Claim("K73", "The EMA 120 supports and resists.", S4, "bars that come to it after five clear of it", support,
          ({"zone": 0.0}, {"clear": 10}, {"period": 100}, {"period": 150}, {"away": (-6.0, -3.0, 3.0, 6.0)})),
    Claim("K74", "5/20 is the best of the adjacent pairs.", S4, "crosses of 5/20, 20/60, 60/120 and 120/240",
          best_pair, ({"pairs": PAIRS[:2]}, {"pairs": FASTER}, {"pairs": SLOWER}),
          also={"the longer the pair, the worse": lambda: best_pair(ranks=(3.0, 2.0, 1.0, 0.0))}, mechanical=True),
)  # fmt: skip
