"""Delta: what buyers who would not wait bought less what such sellers sold, in coins, one value a bar.

Exchanges that tell how much of the volume takers bought make it exact. Elsewhere it is a guess from the bar: by how far
the close has moved (bulk volume classification) or by where in its range the bar closed.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..bars import Bars
from ..indicators import settled
from .trailing import trailing

Floats: TypeAlias = NDArray[np.float64]
Source = Literal["best", "taker", "bulk", "location"]

SPREAD = 50  # price changes whose standard deviation a change is measured by


def delta(bars: Bars, source: Source = "best") -> Floats:
    """The delta of each bar in coins; NaN where it is unknown.

    taker: twice the volume that takers bought less all of it. bulk: volume x (2 Phi(change / sigma) - 1), sigma the
    standard deviation of the last 50 changes of the close, this one's among them; NaN where sigma is nothing. location:
    volume x (2 x place of the close in the bar's range - 1); NaN without a range. best: taker where that is known of
    any bar, else bulk; one series never mixes the two, whose sizes differ. Raises UserError where what it is made of is
    of no bar known.
    """
    made: dict[str, Any] = {"taker": _taker, "bulk": _bulk, "location": _location}
    known = chosen(bars, source)
    values: Floats = bars.remember(("delta", known), lambda: made[known](bars))
    return values


def chosen(bars: Bars, source: Source) -> Source:
    """The source itself: what `best` is for these bars."""
    if source != "best":
        return source
    return "taker" if "taker_buy" in bars.known else "bulk"


def _taker(bars: Bars) -> Floats:
    return 2 * bars.need("taker_buy") - bars.volume


def _bulk(bars: Bars) -> Floats:
    change = np.diff(bars.close, prepend=np.nan)
    sigma, moved = settled(trailing(change, SPREAD)[1], bars.close), np.full(len(bars), np.nan)
    np.divide(change, sigma, out=moved, where=sigma > 0)
    return np.asarray(bars.need("volume") * (2 * ndtr(moved) - 1))


def _location(bars: Bars) -> Floats:
    extent, place = bars.high - bars.low, np.full(len(bars), np.nan)
    np.divide((bars.close - bars.low) - (bars.high - bars.close), extent, out=place, where=extent > 0)
    return np.asarray(bars.need("volume") * place)
