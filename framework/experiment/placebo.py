"""A rule's levels against others that have no name: the same legs in the test windows, at every ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UserError
from ..params import Value
from ..structure.legs import Reactions
from ..validation.ratios import RatioCurve, reaction_curve
from ..validation.walk import row_at
from .outofsample import OutOfSample


def placebo(tested: OutOfSample, values: Mapping[str, Value], seed: int) -> dict[str, Any] | None:
    """Reaction rates at Fibonacci's ratios and at the ones between them, entered in the test windows; None for a rule
    without such levels.

    values: the rule's, one set for all windows. Rates depend on what a leg and a reaction is, so legs of windows that
    chose differently must not be thrown together. legs, blocks: from how many legs and blocks of time the entries come.
    ratios: of each whether it is
    `named`, how many decided entries, how many reacted, their rate, what a smooth curve through the others says, and
    the excess over it with its interval. answer: in a sentence.
    """
    strategy = tested.trading.strategy
    if strategy.compare is None:
        return None
    begin, end = tested.chosen[0][0].test_start, tested.chosen[-1][0].test_end
    tables, params = [], strategy.build(dict(values))
    for bars in tested.markets:
        found = strategy.placebo(bars, params)
        if not isinstance(found, Reactions):
            raise UserError(strategy.where, f"placebo() returned {type(found).__name__}", "return Reactions")
        inside = (found.entered >= row_at(bars, begin)) & (found.entered < row_at(bars, end))
        tables.append(found.take(inside))
    curve = reaction_curve(tables, seed=seed)
    return {
        "legs": curve.legs,
        "blocks": curve.blocks,
        "ratios": curve.frame().to_dict("records"),
        "answer": _answer(curve),
    }


def _answer(curve: RatioCurve) -> str:
    known = curve.named & np.isfinite(curve.low)
    if not known.any():
        return "There are too few entries, or too little time, to compare the Fibonacci ratios with their neighbours."
    apart = np.flatnonzero(known & ((curve.low > 0) | (curve.high < 0)))
    count = int(known.sum())
    if not len(apart):
        return f"None of the {count} Fibonacci ratios stands apart from its neighbours."
    told = _joined([f"{ratio_word(curve.ratio[i])} ({100 * curve.excess[i]:+.1f} points)" for i in apart])
    return (
        f"Of the {count} Fibonacci ratios {told} {'stands' if len(apart) == 1 else 'stand'} apart from the neighbours; "
        f"of as many that mean nothing at least one does so in {1 - 0.95**count:.0%} of all cases."
    )


def ratio_word(ratio: float) -> str:
    """As it is written on charts: .618."""
    return f"{ratio:.3f}".lstrip("0").rstrip("0")


def _joined(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
