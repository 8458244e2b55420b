"""Breaks of channels, wedges and triangles: the entry that waits until price says which way."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..setups import BROKEN, Segment, Setups, level, ordered
from .breaks import break_volume
from .edges import PATTERNS, PatternRule
from .lines import logs
from .patterns import CHANNELS, SHAPES, STATED, Edge, Patterns, patterns
from .sides import Rows, of_side

AGAIN = 5  # bars within which two breaks of a kind are one

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def pattern_breaks(bars: Bars, rule: PatternRule = PATTERNS) -> Setups:
    """Every break of a channel, wedge or triangle, known at the close beyond its edge, found once for each rule.

    Kinds: the shape and the way it broke, as falling_wedge_up. Of several that break the same way at one close the one
    with most touches counts, then the longest; one that breaks within five bars after another of its kind, counted or
    not, is the same one, drawn with another line, and counts no more. Anchors: start, from which both edges are there;
    upper and lower, the last touch of each when the pattern was known; break, at which it broke. lines: `broken`, the
    edge that broke, and `opposite`, the other, both from their first touch to known_at; `target`. stop: on the opposite
    edge at known_at. height: of the pattern where it is widest, at its start or at known_at; target: as far from where
    the edge broke, NaN below zero.

    Features: f_stated 1 when it broke as books say of its shape, -1 the other way, 0 where they say either; f_touches
    of both edges and f_span in bars from start to the last of them, when the pattern was known; f_age since known_at of
    the pattern; f_height in ATR; f_progress of the way from start to where the edges meet, NaN of a channel; f_beyond
    ATR from the edge to the close; `break_volume` from start. Vetoes none.
    """

    def compute() -> Setups:
        found, words = patterns(bars, rule), repr((rule.lines._asdict(), rule.others, rule.level))
        return ordered(_of(bars, found.take(_first(found, side)), side, words) for side in (1, -1))

    return bars.remember(("pattern_breaks", rule), compute)


def _first(found: Patterns, side: int) -> Ints:
    """Rows of the patterns that broke to a side, one a close, in the order of the breaks."""
    row = np.flatnonzero(found.fate == side)
    order = np.lexsort((row, -found.span[row], -found.touches[row], found.ended[row]))
    row = row[order]
    row = row[np.unique(found.ended[row], return_index=True)[1]]
    kept = np.ones(len(row), bool)
    for shape in np.unique(found.shape[row]):
        own = np.flatnonzero(found.shape[row] == shape)
        kept[own[1:]] = np.diff(found.ended[row][own]) > AGAIN
    return row[kept]


def _of(bars: Bars, found: Patterns, side: int, detection: str) -> Setups:
    known, start, unit = found.ended, found.start, bar_atr(bars)
    edge, opposite = (found.upper, found.lower) if side > 0 else (found.lower, found.upper)
    broke = edge.price(known)
    height = np.maximum(*(found.upper.price(bar) - found.lower.price(bar) for bar in (start, known)))
    features = {
        "f_stated": (side * STATED[found.shape]).astype(float),
        "f_touches": found.touches.astype(float),
        "f_span": found.span.astype(float),
        "f_age": (known - found.known_at).astype(float),
        "f_height": height / unit[known],
        "f_progress": _progress(found),
        "f_beyond": np.abs(np.log(bars.close[known] / broke)) / logs(bars, 1).unit[known],
    } | break_volume(bars, start, known)
    kind = np.char.add(SHAPES[found.shape], "_up" if side > 0 else "_down")
    anchors = {"start": start, "upper": found.upper.last, "lower": found.lower.last, "break": known}
    setups = of_side(bars, side, "pattern_break", Rows(kind, anchors, opposite.last, known, features), detection)
    target = np.where(broke + side * height > 0, broke + side * height, np.nan)
    lines = {BROKEN: _drawn(edge, known), "opposite": _drawn(opposite, known), "target": level(start, known, target)}
    return replace(setups, stop=opposite.price(known), target=target, height=height, lines=lines)


def _drawn(edge: Edge, known: Ints) -> Segment:
    return Segment(edge.first, known, edge.price(edge.first), edge.price(known))


def _progress(found: Patterns) -> Floats:
    """How much of the way from start to where the edges meet is done at the end."""
    gap = np.log(found.upper.price(found.start) / found.lower.price(found.start))
    closing = found.lower.slope - found.upper.slope
    whole = np.full(len(found), np.nan)
    np.divide(gap, closing, out=whole, where=~np.isin(SHAPES[found.shape], CHANNELS))
    return np.asarray((found.ended - found.start) / whole)
