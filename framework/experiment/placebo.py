"""A rule's levels against others that have no name: the same legs in the test windows, at every ratio."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UserError
from ..structure.legs import Reactions
from ..validation.ratios import reaction_curve
from ..validation.walk import row_at
from .outofsample import OutOfSample


def placebo(tested: OutOfSample, seed: int) -> dict[str, Any] | None:
    """Reaction rates at the rule's ratios and at the ones between them, entered in the test windows; None for a rule
    without such levels.

    legs: from which they come. ratios: of each whether it is `named`, how many decided entries, how many reacted, their
    rate, what a smooth curve through the others says, and the excess over it with its interval from drawing legs again.
    """
    strategy = tested.trading.strategy
    if strategy.compare is None:
        return None
    tables = []
    for bars in tested.markets:
        for values in {repr(values): values for _, values in tested.chosen}.values():
            found = strategy.compare(bars, strategy.build(dict(values)))
            if not isinstance(found, Reactions):
                raise UserError(strategy.where, f"placebo() returned {type(found).__name__}", "return Reactions")
            mine = [window for window, chosen in tested.chosen if chosen == values]
            inside = np.zeros(len(found), bool)
            for window in mine:
                first, end = row_at(bars, window.test_start), row_at(bars, window.test_end)
                inside |= (found.entered >= first) & (found.entered < end)
            tables.append(found.take(inside))
    curve = reaction_curve(tables, seed=seed)
    return {"legs": curve.legs, "ratios": curve.frame().to_dict("records")}
