"""Momentum and MACD: where they change sides, and where price goes on without them.

Three lines around zero: `momentum` of n bars, lengths (n,); the `macd` line and its `histogram`, lengths (fast, slow,
signal), whose zero is the cross of line and signal. The bullish side of a setup is written once; the bearish one is the
same code on mirrored series. In a range all of this fails: `marked` of the averages says where that is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import Macd, bar_macd, bar_momentum
from ..setups import EXTREME, Setups, ordered
from .divergence import DivergenceRule, divergences
from .traits import lowest_between

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Lengths: TypeAlias = tuple[int, ...]
Line: TypeAlias = Literal["momentum", "macd", "histogram"]

NAMES = {"momentum": "momentum", "macd": "macd_zero", "histogram": "macd_cross"}
KINDS = {"momentum": ("positive", "negative"), "macd": ("positive", "negative"), "histogram": ("golden", "death")}
BACK = 3  # times the longest length: a turn stands on no extreme from further back
TINY = 1e-10  # of the close: what rounding leaves of equal averages would make crosses out of nothing
ZONE = ("f_left_extreme", "f_left_depth", "f_right_depth", "f_left_width", "f_right_width", "f_width_ratio")
RULE = DivergenceRule()


def oscillator(bars: Bars, of: Line, lengths: Lengths) -> Floats:
    """The line in price units; NaN in the warm-up, 0 where it is no more than rounding leaves of equal averages."""
    if of == "momentum":
        return bar_momentum(bars, *lengths)
    lines = _macd(bars, lengths)
    return lines.line if of == "macd" else lines.histogram


def turns(bars: Bars, of: Line, lengths: Lengths) -> Setups:
    """Closes at which the line first has the other sign, found once for each set of arguments.

    Kinds: positive, negative; of the histogram golden, death. stop: the lowest low (highest high) since the turn before
    it, at most three times the longest length back. Zero is no side, and the first sign after the warm-up no turn.
    Features: of the histogram f_zero, +1 where the MACD line is above zero, -1 below, 0 on it. Vetoes none.
    """

    def compute() -> Setups:
        line = oscillator(bars, of, lengths)
        bar, before = _changes(line)
        parts = []
        for side, kind in zip((1, -1), KINDS[of], strict=True):
            rows = side * line[bar] > 0
            first = np.maximum(before[rows], bar[rows] - BACK * max(lengths))
            parts.append(_setups(bars, f"{NAMES[of]}_{_word(lengths)}", kind, side, first, bar[rows]))
        found = ordered(parts)
        if of != "histogram":
            return found
        return replace(found, features={"f_zero": np.sign(oscillator(bars, "macd", lengths)[found.known_at])})

    return bars.remember(("turns", of, lengths), compute)


def line_divergences(bars: Bars, of: Line, lengths: Lengths, rule: DivergenceRule = RULE) -> Setups:
    """Divergences of price and line, found once for each set of arguments, as `divergences` says, but for the zone.

    A line without bounds has no extreme zone: whatever `rule` says, there are no thresholds, the midline is 0, and the
    features that measure a zone are NaN.
    """

    def compute() -> Setups:
        unbounded = replace(rule, oversold=math.nan, overbought=math.nan, midline=0.0)
        name = f"{of}_{_word(lengths)}_divergence"
        found = divergences(bars, oscillator(bars, of, lengths), unbounded, name)
        unknown = {feature: np.full(len(found), np.nan) for feature in ZONE}
        return replace(found, features=dict(found.features) | unknown)

    return bars.remember(("line_divergences", of, lengths, rule), compute)


def _macd(bars: Bars, lengths: Lengths) -> Macd:
    def compute() -> Macd:
        rest = TINY * bars.close
        return Macd(*(np.where(np.abs(line) <= rest, 0.0, line) for line in bar_macd(bars, *lengths)))

    return bars.remember(("settled_macd", lengths), compute)


def _changes(line: Floats) -> tuple[Ints, Ints]:
    """Bars at which the sign is first the other one, and for each the change before it; else where a sign began."""
    signed = np.flatnonzero(np.abs(line) > 0)
    bar = signed[1:][np.diff(np.sign(line[signed])) != 0]
    return bar, np.concatenate([signed[:1], bar])[: len(bar)]


def _setups(bars: Bars, name: str, kind: str, side: int, first: Ints, turn: Ints) -> Setups:
    """Setups of one side, known at their turn, whose extreme lies between `first` and it."""
    low = bars.low if side > 0 else -bars.high
    extreme = lowest_between(low, first, turn)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule=name,
        kind=np.full(len(turn), kind),
        direction=np.full(len(turn), side, np.int8),
        anchors={"turn": turn, EXTREME: extreme},
        known_at=turn,
        stop=side * low[extreme],
        features={},
        veto=np.full(len(turn), "", dtype="U1"),
    )


def _word(lengths: Lengths) -> str:
    return "_".join(map(str, lengths))
