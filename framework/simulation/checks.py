"""What is handed in is looked at once, before kernels that look at nothing read it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..errors import UserError
from ..signals import Entries
from .rules import Costs, Exits, Sizing

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

MADE = "entries made from these very bars"
WRONG = (
    "",
    "a bar lies outside 0 to {last} (row {row})",
    "a side is neither +1 nor -1 (row {row})",
    "an exit comes before its entry (row {row})",
    "a stop is no price (row {row})",
    "a target is no price (row {row})",
    "a height is no distance (row {row})",
    "bars are not ascending (row {row})",
)
COARSEST = 1.0  # of the lowest price: a tick that is larger says nothing of that price


def check(bars: Bars, entries: Entries, costs: Costs) -> None:
    """Raises UserError for entries that cannot be, or a tick that cannot be the market's."""
    of_kind("bars", bars, Bars, "Bars, as load() or Bars.from_frame() make them")
    of_kind("entries", entries, Entries, "Signals.entries(), or what an entry policy made")
    if costs.tick is not None and len(bars) and not costs.tick <= COARSEST * bars.low.min():
        held = f"is {costs.tick:g} where {bars.symbol} has traded at {bars.low.min():g}"
        raise UserError("costs.tick", held, "the smallest step of the price")
    m = len(entries.bar)
    for name in Entries.__dataclass_fields__:
        column = getattr(entries, name)
        kind = "fiu" if name in ("stop", "target", "height") else "iu"
        if not isinstance(column, np.ndarray) or column.shape != (m,) or column.dtype.kind not in kind:
            what = "numbers" if kind == "fiu" else "whole numbers"
            raise UserError(f"entries.{name}", "does not fit the others", f"an array of {m} {what}")
    # Copies, because the kernel is compiled for one kind of array.
    bar, side, leave = (_whole(column) for column in (entries.bar, entries.side, entries.exit_bar))
    stop, target, height = (np.array(column, np.float64) for column in (entries.stop, entries.target, entries.height))
    code, row = _fault(bar, side, leave, stop, target, height, len(bars))
    if code:
        right = "entries in the order of their bars" if code == len(WRONG) - 1 else MADE
        raise UserError("entries", WRONG[code].format(row=row, last=len(bars) - 1), right)


def _whole(column: NDArray[Any]) -> Ints:
    """As the kernel reads it; what is too large for that, as an exit that never comes, is the largest number."""
    most = np.iinfo(np.int64).max
    return np.array(np.minimum(column, np.uint64(most)) if column.dtype.kind == "u" else column, np.int64)


@kernel(lean=True)
def _fault(
    bar: Ints, side: Ints, exit_bar: Ints, stop: Floats, target: Floats, height: Floats, n: int
) -> tuple[int, int]:
    """The first thing that is wrong, a row of WRONG, and the entry it is wrong of; 0 nothing."""
    for i in range(len(bar)):
        if bar[i] < 0 or bar[i] >= n:
            return 1, i
        if side[i] not in (1, -1):
            return 2, i
        if exit_bar[i] < bar[i]:
            return 3, i
        if not _may_be(stop[i]):
            return 4, i
        if not _may_be(target[i]):
            return 5, i
        if not _may_be(height[i]):
            return 6, i
        if i > 0 and bar[i] < bar[i - 1]:
            return 7, i
    return 0, 0


@kernel(inline=True)
def _may_be(price: float) -> bool:
    """Positive, or NaN for none."""
    return np.isnan(price) or 0 < price < np.inf


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
