"""The optimal combination of the textbooks: six rules together, and the ladder of at least so many of them.

The bullish side: the 20-12-12 stochastic crosses upwards from oversold; a regular RSI divergence; volume falls in the
pullback and rises as price bounces; support at the .618 level; the 5 average makes a double bottom above the 20; a
falling trendline or a falling wedge breaks upwards. The bearish side is each rule's own mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .context import WITHIN, plain_divergences
from .errors import MissingError, UserError, nearest
from .indicators import WAVES
from .rules import stands, valid
from .setups import EXTREME, Setups, ordered
from .structure.averages import average_double
from .structure.bounce import bounces
from .structure.breaks import line_breaks
from .structure.fibonacci import PULLBACK, pullbacks
from .structure.pattern_breaks import pattern_breaks
from .structure.sides import Rows, of_side
from .structure.stochastic import crosses

Ints: TypeAlias = NDArray[np.int64]

SUPPORT = replace(PULLBACK, ratios=(0.618,))
NONE = "none"
NEVER = -(2**40)


def _cross(bars: Bars) -> list[Setups]:
    found = crosses(bars, WAVES[-1])
    return [found.take(found.features["f_from_zone"] == 1)]


def _break(bars: Bars) -> list[Setups]:
    lines, shapes = valid(bars, line_breaks(bars)), valid(bars, pattern_breaks(bars))
    against = np.isin(lines.kind, ["downtrend_break", "uptrend_break"])
    return [lines.take(against), shapes.take(np.isin(shapes.kind, ["falling_wedge_up", "rising_wedge_down"]))]


LEGS: Mapping[str, Callable[[Bars], list[Setups]]] = {
    "stochastic_cross": _cross,
    "rsi_divergence": lambda bars: [plain_divergences(bars)],
    "volume_bounce": lambda bars: [bounces(bars)],
    "support_618": lambda bars: [pullbacks(bars, SUPPORT)],
    "average_double": lambda bars: [average_double(bars)],
    "line_break": _break,
}


def combinations(bars: Bars, least: int, without: str = NONE, within: int = WITHIN) -> Setups:
    """Closes at which at least `least` of the six were known within the last `within` bars, and not so at the bar
    before; found once for each set of arguments. without: a leg that is left out.

    Of a leg that was known twice the later counts. Kinds: combination_up, combination_down. Anchors: bar, and first,
    the bar at which the earliest of the legs was known. stop: the lowest low (highest high) since the earliest price
    that one of them stands on. Features: f_count of the legs that are there, f_of_LEG 1 where it is, NaN where it
    cannot be known: without volume, the bounce and the break. Vetoes none. Raises UserError for another leg.
    """
    if without not in (NONE, *LEGS):
        raise UserError("without", f"'{without}' is no leg", nearest(without, LEGS))

    def compute() -> Setups:
        return ordered(_side(bars, least, without, within, side) for side in (1, -1))

    return bars.remember(("combinations", least, without, within), compute)


def _side(bars: Bars, least: int, without: str, within: int, side: int) -> Setups:
    every, told = np.arange(len(bars)), {name: _last(bars, name, side) for name in LEGS}
    there = {name: every - known <= within for name, (known, _) in told.items() if name != without}
    count = np.sum(list(there.values()), axis=0)
    at = np.flatnonzero((count >= least) & (np.append(least, count[:-1]) < least))
    first, begins = at.copy(), at.copy()
    features = {"f_count": count[at].astype(float)}
    for name, (known, extreme) in told.items():
        on = there[name][at] if name in there else np.zeros(len(at), bool)
        features[f"f_of_{name}"] = np.where(known[at] == NEVER - 1, np.nan, on)
        first, begins = (
            np.where(on, np.minimum(first, known[at]), first),
            np.where(on, np.minimum(begins, extreme[at]), begins),
        )
    kind = np.full(len(at), "combination_up" if side > 0 else "combination_down")
    rows = Rows(kind, {"first": first, "bar": at}, begins, at, features)
    return of_side(bars, side, "optimal_combination", rows, f"{least} {without} {within}")


def _last(bars: Bars, leg: str, side: int) -> tuple[Ints, Ints]:
    """At each bar when the leg was last known, NEVER where it was not, and the bar of the price that it stood on then;
    one before NEVER at every bar where it cannot be known.
    """
    try:
        parts = [stands(found.take(found.direction == side)) for found in LEGS[leg](bars)]
    except MissingError:
        return np.full(len(bars), NEVER - 1), np.zeros(len(bars), np.int64)
    known = np.concatenate([found.known_at for found in parts])
    extreme = np.concatenate([found.anchors[EXTREME] for found in parts])
    order = np.lexsort((-extreme, known))
    known, extreme = np.append(known[order], NEVER), np.append(extreme[order], 0)
    row = np.searchsorted(known[:-1], np.arange(len(bars)), side="right") - 1
    return known[row], extreme[row]
