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
from ..indicators import bar_macd, bar_momentum
from ..setups import Setups, ordered
from .divergence import DivergenceRule, divergences
from .sides import Rows, changes, of_side

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Lengths: TypeAlias = tuple[int, ...]
Line: TypeAlias = Literal["momentum", "macd", "histogram"]

NAMES = {"momentum": "momentum", "macd": "macd_zero", "histogram": "macd_cross"}
KINDS = {"momentum": ("positive", "negative"), "macd": ("positive", "negative"), "histogram": ("golden", "death")}
BACK = 3  # times the longest length: a turn stands on no extreme from further back
RULE = DivergenceRule()


def oscillator(bars: Bars, of: Line, lengths: Lengths) -> Floats:
    """The line in price units; NaN in the warm-up, 0 where it is no more than rounding leaves of equal averages."""
    if of == "momentum":
        return bar_momentum(bars, *lengths)
    lines = bar_macd(bars, *lengths)
    return lines.line if of == "macd" else lines.histogram


def turns(bars: Bars, of: Line, lengths: Lengths) -> Setups:
    """Closes at which the line first has the other sign, found once for each set of arguments.

    Kinds: positive, negative; of the histogram golden, death. stop: the lowest low (highest high) since the turn before
    it, at most three times the longest length back. Zero is no side, and the first sign after the warm-up no turn.
    Features: of the histogram f_zero, +1 where the MACD line is above zero, -1 below, 0 on it. Vetoes none.
    """

    def compute() -> Setups:
        line = oscillator(bars, of, lengths)
        bar, before = changes(line)
        parts = []
        for side, kind in zip((1, -1), KINDS[of], strict=True):
            rows = side * line[bar] > 0
            first = np.maximum(before[rows], bar[rows] - BACK * max(lengths))
            found = Rows(np.full(len(first), kind), {"turn": bar[rows]}, first, bar[rows], {})
            parts.append(of_side(bars, side, f"{NAMES[of]}_{_word(lengths)}", found))
        joined = ordered(parts)
        if of != "histogram":
            return joined
        return replace(joined, features={"f_zero": np.sign(oscillator(bars, "macd", lengths)[joined.known_at])})

    return bars.remember(("turns", of, lengths), compute)


def line_divergences(bars: Bars, of: Line, lengths: Lengths, rule: DivergenceRule = RULE) -> Setups:
    """Divergences of price and line, found once for each set of arguments, as `divergences` says, but for the zone.

    A line without bounds has no extreme zone: whatever `rule` says, there are no thresholds, the midline is 0, and the
    features that measure a zone are NaN.
    """

    def compute() -> Setups:
        unbounded = replace(rule, oversold=math.nan, overbought=math.nan, midline=0.0)
        name = f"{of}_{_word(lengths)}_divergence"
        return divergences(bars, oscillator(bars, of, lengths), unbounded, name)

    return bars.remember(("line_divergences", of, lengths, rule), compute)


def _word(lengths: Lengths) -> str:
    return "_".join(map(str, lengths))
