"""Head and shoulders: a top in three, the middle one the highest, and its inverse at a bottom."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..setups import BROKEN, Segment, Setups, level, ordered
from .breaks import break_volume
from .lines import logs
from .reversals import Waits, confirmed, turns
from .sides import Rows, of_side
from .trend import trend

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class ShouldersRule:
    """What counts as head and shoulders. width: bars on either side of a swing. tolerance: how far the shoulders, and
    the two points of the neckline, may lie from their mean, in ATR or percent of it (Lo, Mamaysky & Wang 2000: 1.5
    percent). within: bars after the right shoulder in which a close must lie beyond the neckline.
    """

    width: int = 5
    tolerance: float = 0.5
    unit: Literal["atr", "percent"] = "atr"
    within: int = 40


SHOULDERS = ShouldersRule()


def head_and_shoulders(bars: Bars, rule: ShouldersRule = SHOULDERS) -> Setups:
    """Every head and shoulders, sold, and every inverse one, bought, once confirmed; found once for each rule.

    Five alternating swings: the head beyond both shoulders, these as high as one another, and the points between them
    too, at the ATR of the right shoulder. The trend at whose end they stand is that when the left shoulder was
    confirmed. Known at the first close beyond the neckline, the line on a log axis through the two points, once the
    right shoulder is confirmed; given up when price goes beyond that shoulder first, which then is none.

    Kinds: head_and_shoulders, inverse_head_and_shoulders. Anchors: left_shoulder, left_neck, head, right_neck,
    right_shoulder; break, the first of the closes in a row that lie beyond the neckline at known_at: it may have broken
    before the right shoulder was confirmed. lines: `broken`, the neckline to known_at; `target`. stop: the highest high
    (inverse: lowest low) since the right shoulder. height: from the head to the neckline above or below it; target: as
    far from where the neckline broke, NaN below zero. Features: f_shoulders, f_necks ATR from each to their mean;
    f_slope ATR that the neckline rises between its points; f_height in ATR; f_span bars from shoulder to shoulder;
    `break_volume` of break and from the left shoulder on. Vetoes none.
    """

    def compute() -> Setups:
        return ordered(_side(bars, rule, side) for side in (1, -1))

    return bars.remember(("head_and_shoulders", rule), compute)


def _side(bars: Bars, rule: ShouldersRule, side: int) -> Setups:
    of, low, high = logs(bars, side), *_wicks(bars, side)
    found = turns(bars, side, rule.width)
    whole = found.bars[:, -1] >= 0
    right, right_neck, head, left_neck, left = found.bars[whole].T
    falling = side * trend(bars, rule.width)[left + rule.width] < 0
    rows = (left < left_neck) & (left_neck < head) & (head < right_neck) & (right_neck < right)  # no bar is two swings
    rows &= falling & (of.low[head] < of.low[left]) & (of.low[head] < of.low[right])
    unit = bar_atr(bars)[right]
    rows &= _alike(low[left], low[right], rule, unit) & _alike(high[left_neck], high[right_neck], rule, unit)
    left, left_neck, head, right_neck, right = (each[rows] for each in (left, left_neck, head, right_neck, right))
    slope = (of.high[right_neck] - of.high[left_neck]) / (right_neck - left_neck)
    waits = Waits(found.known[whole][rows], right, left_neck, of.high[left_neck], slope)
    at, broke = confirmed(bars, side, waits, rule.within)
    there = np.flatnonzero(at >= 0)
    anchors = {"left_shoulder": left, "left_neck": left_neck, "head": head}
    anchors |= {"right_neck": right_neck, "right_shoulder": right, "break": broke}
    return _made(bars, rule, side, {name: bar[there] for name, bar in anchors.items()}, at[there])


def _made(bars: Bars, rule: ShouldersRule, side: int, anchors: dict[str, Ints], known: Ints) -> Setups:
    left, left_neck, head, right_neck, right, broke = anchors.values()
    (low, high), unit = _wicks(bars, side), bar_atr(bars)[right]
    line = Segment(left_neck, right_neck, high[left_neck], high[right_neck])
    height = np.abs(line.price(head) - low[head])
    features = {
        "f_shoulders": np.abs(low[left] - low[right]) / 2 / unit,
        "f_necks": np.abs(high[left_neck] - high[right_neck]) / 2 / unit,
        "f_slope": (high[right_neck] - high[left_neck]) / unit,
        "f_height": height / unit,
        "f_span": (right - left).astype(float),
    } | break_volume(bars, left, broke)
    kind = np.full(len(known), "inverse_head_and_shoulders" if side > 0 else "head_and_shoulders")
    setups = of_side(
        bars,
        side,
        "head_and_shoulders",
        Rows(kind, anchors, right, known, features),
        repr(sorted(asdict(rule).items())),
    )
    target = line.price(broke) + side * height
    target = np.where(target > 0, target, np.nan)
    drawn = Segment(left_neck, known, high[left_neck], line.price(known))
    lines = {BROKEN: drawn, "target": level(left, known, target)}
    return replace(setups, target=target, height=height, lines=lines)


def _wicks(bars: Bars, side: int) -> tuple[Floats, Floats]:
    """The prices that shoulders and head are made of, and those of the neckline."""
    return (bars.low, bars.high) if side > 0 else (bars.high, bars.low)


def _alike(one: Floats, other: Floats, rule: ShouldersRule, unit: Floats) -> NDArray[np.bool_]:
    """Whether two prices lie within the tolerance of their mean."""
    reach = unit if rule.unit == "atr" else (one + other) / 200
    return np.asarray(np.abs(one - other) / 2 <= rule.tolerance * reach)
