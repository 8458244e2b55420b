"""What is handed in is looked at once, before kernels that look at nothing read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..bars import Bars
from ..errors import UserError
from ..signals import Entries
from .rules import Costs, Exits, Sizing

MADE = "entries made from these very bars"
COARSEST = 1.0  # of the lowest price: a tick that is larger says nothing of that price


def check(bars: Bars, entries: Entries, costs: Costs) -> None:
    """Raises UserError for entries that cannot be, or a tick that cannot be the market's."""
    of_kind("bars", bars, Bars, "Bars, as load() or Bars.from_frame() make them")
    of_kind("entries", entries, Entries, "Signals.entries(), or what an entry policy made")
    if costs.tick is not None and len(bars) and not costs.tick <= COARSEST * bars.low.min():
        held = f"is {costs.tick:g} where {bars.symbol} has traded at {bars.low.min():g}"
        raise UserError("costs.tick", held, "the smallest step of the price")
    m, n = len(entries.bar), len(bars)
    for name in Entries.__dataclass_fields__:
        column = getattr(entries, name)
        kind = "fiu" if name in ("stop", "target", "height") else "iu"
        if not isinstance(column, np.ndarray) or column.shape != (m,) or column.dtype.kind not in kind:
            what = "numbers" if kind == "fiu" else "whole numbers"
            raise UserError(f"entries.{name}", "does not fit the others", f"an array of {m} {what}")
    wrong = {
        f"a bar lies outside 0 to {n - 1}": (entries.bar < 0) | (entries.bar >= n),
        "a side is neither +1 nor -1": (entries.side != 1) & (entries.side != -1),
        "an exit comes before its entry": entries.exit_bar < entries.bar,
        "a stop is no price": ~(np.isnan(entries.stop) | ((entries.stop > 0) & (entries.stop < np.inf))),
        "a target is no price": ~(np.isnan(entries.target) | ((entries.target > 0) & (entries.target < np.inf))),
        "a height is no distance": ~(np.isnan(entries.height) | ((entries.height > 0) & (entries.height < np.inf))),
    }
    for said, rows in wrong.items():
        if rows.any():
            raise UserError("entries", f"{said} (row {int(np.argmax(rows))})", MADE)
    if (np.diff(entries.bar) < 0).any():
        raise UserError("entries", "bars are not ascending", "entries in the order of their bars")


def of_kind(where: str, value: Any, kind: type | tuple[type, ...], right: str) -> None:
    """Raises UserError unless the value is of that kind."""
    if not isinstance(value, kind):
        raise UserError(where, f"is a {type(value).__name__}", right)


def terms_of(costs: Any, sizing: Any, exits: Any, cash: Any) -> None:
    """Raises UserError unless these are costs, a sizing, exits (or None each) and an amount of money."""
    for name, value, kind in (("costs", costs, Costs), ("sizing", sizing, Sizing), ("exits", exits, Exits)):
        of_kind(name, value, (kind, type(None)), f"{kind.__name__}(...)")
    number = isinstance(cash, (int, float, np.integer, np.floating)) and not isinstance(cash, bool)
    if not (number and 0 < cash < 1e300):
        raise UserError("cash", f"is {cash!r:.40}", "a positive amount")
