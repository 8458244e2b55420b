"""Double bottoms and double tops of the price: twice to the same place, and back beyond what lies between."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..setups import BROKEN, EXTREME, Setups, level, ordered
from .breaks import break_volume
from .lines import logs
from .reversals import Waits, confirmed, turns
from .sides import Rows, of_side
from .traits import lowest_between
from .trend import trend

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class PriceDoubleRule:
    """What counts as a double bottom. width: bars on either side of a swing. apart: percent of their mean that the two
    lows differ by, at most. between: ATR from the higher of them to the peak, at least, at the ATR of the second low.
    within: bars after the second low in which a close must lie above the peak.
    """

    width: int = 5
    apart: float = 4.0
    between: float = 3.0
    within: int = 40


PRICE_DOUBLES = PriceDoubleRule()


def price_doubles(bars: Bars, rule: PriceDoubleRule = PRICE_DOUBLES) -> Setups:
    """Every double bottom, bought, and double top, sold, once confirmed; found once for each rule.

    Two successive lows of the alternating swings, and the peak, the highest high between them. Known at the first close
    above it once the second low is confirmed; given up when price goes below that low first, which then is none.

    Kinds: double_bottom, double_top. Anchors: left, peak, right; break, the first of the closes in a row above the peak
    at known_at, which may lie before the second low was confirmed. lines: `broken`, level from the peak to known_at;
    `target`. stop: the lowest low since the left one. height: from there to the peak; target: as far beyond it, NaN
    below zero. Features: f_apart percent by which the lows differ, f_height in ATR, f_span bars between them, f_trend
    when the left one was confirmed; `break_volume` of break and from the left low on. Vetoes none.
    """

    def compute() -> Setups:
        return ordered(_side(bars, rule, side) for side in (1, -1))

    return bars.remember(("price_doubles", rule), compute)


def _side(bars: Bars, rule: PriceDoubleRule, side: int) -> Setups:
    of, found, unit = logs(bars, side), turns(bars, side, rule.width), bar_atr(bars)
    low, high = (bars.low, bars.high) if side > 0 else (bars.high, bars.low)
    whole = found.bars[:, 2] >= 0
    right, left = found.bars[whole, 0], found.bars[whole, 2]
    peak = lowest_between(-of.high, left + 1, right - 1)
    nearer = np.minimum(side * (high[peak] - low[left]), side * (high[peak] - low[right]))
    rows = (_apart(low[left], low[right]) <= rule.apart) & (nearer >= rule.between * unit[right])
    left, peak, right = left[rows], peak[rows], right[rows]
    waits = Waits(found.known[whole][rows], right, peak, of.high[peak], np.zeros(len(peak)))
    at, broke = confirmed(bars, side, waits, rule.within)
    there = np.flatnonzero(at >= 0)
    left, peak, right, broke, known = (each[there] for each in (left, peak, right, broke, at))
    features = {
        "f_apart": _apart(low[left], low[right]),
        "f_height": np.abs(high[peak] - side * np.minimum(side * low[left], side * low[right])) / unit[right],
        "f_span": (right - left).astype(float),
        "f_trend": trend(bars, rule.width)[left + rule.width],
    } | break_volume(bars, left, broke)
    kind = np.full(len(known), "double_bottom" if side > 0 else "double_top")
    made = Rows(kind, {"left": left, "peak": peak, "right": right, "break": broke}, left, known, features)
    setups = of_side(bars, side, "price_double", made, repr(sorted(asdict(rule).items())))
    height = np.abs(high[peak] - low[setups.anchors[EXTREME]])
    target = high[peak] + side * height
    target = np.where(target > 0, target, np.nan)
    lines = {BROKEN: level(peak, known, high[peak]), "target": level(left, known, target)}
    return replace(setups, target=target, height=height, lines=lines)


def _apart(one: Floats, other: Floats) -> Floats:
    """By how many percent of their mean two prices differ."""
    return np.asarray(np.abs(one - other) / (one + other) * 200)
