"""Divergence between price and any oscillator: regular (reversal) and hidden (continuation), both sides.

The bullish side is written once. The bearish side is the same code on mirrored series: price negated with highs and
lows exchanged, the oscillator and its levels negated (100 - x would round two neighbouring values to one).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_rsi
from ..setups import Setups, ordered
from .sides import BEFORE, Rows, of_side
from .swings import Swings, Ties, swing_lows
from .traits import deepest, lowest_between, succession, volume_ratio, width

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class DivergenceRule:
    """What counts as a divergence.

    left, right, ties: the swings' width. pairing `oscillator` (TradingView's): swings of the oscillator, price of
    the same bar; `price`: swings of both, matched within `match_within` bars. min_gap, max_gap: bars between the two
    swings. oversold, overbought, midline: oscillator points. left_extreme: whether the left swing itself must lie in
    the extreme zone (`swing`) or any bar of its run beyond the midline (`since_midline`). A swing is compared with the
    one before it; with `price`, with the matched one before it.
    """

    left: int = 5
    right: int = 5
    ties: Ties = "strict"
    pairing: Literal["oscillator", "price"] = "oscillator"
    match_within: int = 3
    min_gap: int = 5
    max_gap: int = 60
    oversold: float = 30.0
    overbought: float = 70.0
    midline: float = 50.0
    left_extreme: Literal["swing", "since_midline"] = "swing"


@dataclass(frozen=True, eq=False)
class _View:
    """What one side looks at: for the bearish side everything is mirrored."""

    side: int
    low: Floats
    oscillator: Floats
    threshold: float
    midline: float


def divergences(bars: Bars, oscillator: Floats, rule: DivergenceRule, name: str = "divergence") -> Setups:
    """All regular and hidden divergences of `oscillator` (one value a bar, 0 to 100, NaN undefined) with price.

    Kinds: regular_bullish, regular_bearish, hidden_bullish, hidden_bearish. stop: the setup's extreme, the lowest
    low (highest high) from three bars before the right swing through known_at. Features, in oscillator points, bars
    or as ratio: f_left_osc, f_right_osc; f_left_extreme 1 when the left side was in the extreme zone; f_left_depth,
    f_right_depth beyond the threshold; f_left_width, f_right_width in it, f_width_ratio right / left; f_volume_ratio
    right / left; f_succession 1 for the first of its kind in the running leg; f_control +1 buyers, -1 sellers at
    known_at; f_broken_before_known 1 when price went beyond the right swing before it was known. Vetoes none.
    """
    return _graded(_pairs(bars, oscillator, rule, name), bars, oscillator, rule)


def rsi_divergences(bars: Bars, period: int, rule: DivergenceRule) -> Setups:
    """`divergences` of the closes' RSI, found once for each set of arguments; its pairs once for all thresholds."""
    rsi, name = bar_rsi(bars, period), f"rsi_{period}_divergence"

    def compute() -> Setups:
        found = bars.remember(("rsi_pairs", period, bare), lambda: _pairs(bars, rsi, rule, name))
        return _graded(found, bars, rsi, rule)

    bare = replace(rule, oversold=0.0, overbought=0.0, left_extreme="swing")
    return bars.remember(("rsi_divergences", period, rule), compute)


def _pairs(bars: Bars, oscillator: Floats, rule: DivergenceRule, name: str) -> Setups:
    """The divergences with all that does not depend on where the extreme zone begins."""
    return ordered(_side(bars, oscillator, view, rule, name) for view in _views(bars, oscillator, rule))


def _graded(found: Setups, bars: Bars, oscillator: Floats, rule: DivergenceRule) -> Setups:
    """The same with what the extreme zone says of them."""
    zone: dict[str, Floats] = {}
    for view in _views(bars, oscillator, rule):
        rows = np.flatnonzero(found.direction == view.side)
        anchors = {name: bar[rows] for name, bar in found.anchors.items()}
        graded = _zone(view, anchors, found.known_at[rows], rule.left_extreme == "since_midline")
        for name, values in graded.items():
            zone.setdefault(name, np.empty(len(found)))[rows] = values
    return replace(found, features=zone | dict(found.features), detection=repr(sorted(asdict(rule).items())))


def _views(bars: Bars, oscillator: Floats, rule: DivergenceRule) -> tuple[_View, _View]:
    bull = _View(1, bars.low, oscillator, rule.oversold, rule.midline)
    return bull, _View(-1, -bars.high, -oscillator, -rule.overbought, -rule.midline)


def _side(bars: Bars, raw: Floats, view: _View, rule: DivergenceRule, name: str) -> Setups:
    price, turn = _swings(view, rule)
    left, right = slice(None, -1), slice(1, None)
    lower = view.low[price.bar[right]] < view.low[price.bar[left]]
    higher = view.low[price.bar[right]] > view.low[price.bar[left]]
    fell = view.oscillator[turn.bar[right]] < view.oscillator[turn.bar[left]]
    rose = view.oscillator[turn.bar[right]] > view.oscillator[turn.bar[left]]
    gap = np.diff(price.bar)
    regular = lower & rose
    pair = ((gap >= rule.min_gap) & (gap <= rule.max_gap) & (regular | (higher & fell))).nonzero()[0]
    known = price.known_at[1:][pair]
    anchors = {
        "left_price": price.bar[pair],
        "left_osc": turn.bar[pair],
        "right_price": price.bar[pair + 1],
        "right_osc": turn.bar[pair + 1],
    }
    features = _features(bars, raw, view, anchors, known, rule) | {
        "f_succession": succession(bars, view.side, known, regular[pair])
    }
    word = "bullish" if view.side > 0 else "bearish"
    kind = np.where(regular[pair], f"regular_{word}", f"hidden_{word}")
    return of_side(bars, view.side, name, Rows(kind, anchors, anchors["right_price"] - BEFORE, known, features))


def _features(
    bars: Bars, raw: Floats, view: _View, anchors: dict[str, Ints], known: Ints, rule: DivergenceRule
) -> dict[str, Floats]:
    after = view.low[lowest_between(view.low, anchors["right_price"] + 1, known)]
    return {
        "f_left_osc": raw[anchors["left_osc"]],
        "f_right_osc": raw[anchors["right_osc"]],
        "f_volume_ratio": volume_ratio(bars.volume, anchors["left_price"], anchors["right_price"]),
        "f_control": np.sign(raw[known] - rule.midline),
        "f_broken_before_known": (after < view.low[anchors["right_price"]]).astype(float),
    }


def _swings(view: _View, rule: DivergenceRule) -> tuple[Swings, Swings]:
    """Price swings and the oscillator swings that belong to them, row by row; known_at is the pair's."""
    turns = swing_lows(view.oscillator, rule.left, rule.right, rule.ties)
    if rule.pairing == "oscillator":
        return Swings(turns.bar, turns.known_at, view.low[turns.bar]), turns
    lows = swing_lows(view.low, rule.left, rule.right, rule.ties)
    of = _match(lows.bar, turns.bar, rule.match_within)
    kept = of >= 0
    turn = turns.bar[of[kept]]
    price = lows.bar[kept]
    known = np.maximum(price, turn) + rule.right
    return Swings(price, known, view.low[price]), Swings(turn, known, view.oscillator[turn])


def _zone(view: _View, anchors: dict[str, Ints], known: Ints, run: bool) -> dict[str, Floats]:
    """How deep and how wide each side stood in the extreme zone; NaN where the threshold is."""
    turn = anchors["left_osc"]
    left_bar = deepest(view.oscillator, turn, view.midline) if run else turn
    left, right = view.oscillator[left_bar], view.oscillator[anchors["right_osc"]]
    left_width = width(view.oscillator, left_bar, known, view.threshold)
    right_width = width(view.oscillator, anchors["right_osc"], known, view.threshold)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(left_width > 0, right_width / left_width, np.nan)
    return {
        "f_left_extreme": np.where(np.isnan(view.threshold), np.nan, left <= view.threshold),
        "f_left_depth": view.threshold - left,
        "f_right_depth": view.threshold - right,
        "f_left_width": left_width,
        "f_right_width": right_width,
        "f_width_ratio": ratio,
    }


@kernel
def _match(lows: Ints, turns: Ints, within: int) -> Ints:
    """Row of the oscillator swing that belongs to each price swing, -1 none.

    Decided once, at the first bar at which both are known: the nearest one already there, else the first to come.
    """
    of = np.full(len(lows), -1, np.int64)
    free = 0  # first oscillator swing not yet used: both run forward, so earlier ones never match again
    for i in range(len(lows)):
        a = lows[i]
        best = -1
        for j in range(free, len(turns)):
            if turns[j] < a - within:
                continue
            if turns[j] <= a:
                best = j
                continue
            taken = i + 1 < len(lows) and lows[i + 1] <= turns[j]
            if best < 0 and turns[j] <= a + within and not taken:
                best = j
            break
        if best >= 0:
            of[i] = best
            free = best + 1
    return of
