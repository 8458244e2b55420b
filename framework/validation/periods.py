"""Calendar periods that gains are counted in: months, weeks or days, the longest of which there are enough."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Stamps: TypeAlias = NDArray[np.datetime64]
Ints: TypeAlias = NDArray[np.int64]

ENOUGH = 100  # periods: what is said of a Sharpe ratio by its skew and kurtosis needs as many
LONGEST = ("M", "W", "D")
NAMES = {"M": "month", "W": "week", "D": "day"}
PER_YEAR = {"month": 12.0, "week": 365.25 / 7, "day": 365.25}


def periods(first: np.datetime64, last: np.datetime64) -> tuple[str, Stamps]:
    """The period's name, and the edges [k + 1] of those from the one that holds `first` to the one that holds `last`.

    Months, else weeks, which begin on Thursdays, else days, where a longer one would give fewer than 100 of them.
    """
    for unit in LONGEST:
        begin, end = (moment.astype(f"datetime64[{unit}]") for moment in (first, last))
        edges = np.arange(begin, end + 2)
        if len(edges) > ENOUGH:
            break
    return NAMES[unit], edges.astype("datetime64[us]")


def period_of(time: Stamps, edges: Stamps) -> Ints:
    """The period that each moment lies in; -1 before the first, k and more after the last."""
    return np.searchsorted(edges, time, side="right") - 1
