"""What becomes of breaks, as books count it: did price go the stated way, reach the target, come back to the line?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..setups import Setups
from .breaks import BACK, WAIT, aftermath
from .patterns import SHAPES, Patterns
from .volume import SURGE

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

HORIZON = 100  # bars in which a target must be reached


@dataclass(frozen=True, eq=False)
class Broken:
    """n breaks in the order of known_at. Each of the rest is 1, 0 or NaN where it cannot be said.

    kind: the break's. reached: the target before the stop within HORIZON bars, the stop first where a bar
    has both; NaN without a target. back: price came back to the line within 30 bars. false: a close on its old side
    within 5. Each is NaN where the data ends before so many bars, whatever has happened by then. loud: the break had at
    least 1.5 times the usual volume.
    shape, known: of m patterns that became known, whether they broke or not, the name and the bar. None for rules that
    only see patterns that broke.
    """

    kind: NDArray[np.str_]
    known_at: Ints
    reached: Floats
    back: Floats
    false: Floats
    loud: Floats
    shape: NDArray[np.str_] | None = None
    known: Ints | None = None


def broken(bars: Bars, breaks: Setups, formed: Patterns | None = None) -> Broken:
    """What became of breaks of lines, and of all patterns that some of them come from."""
    inside, retest = aftermath(bars, breaks, WAIT)
    over = breaks.known_at + WAIT < len(bars)
    early = (inside >= 0) & (inside - breaks.known_at <= BACK)
    ratio = breaks.features.get("f_volume_ratio", np.full(len(breaks), np.nan))
    return Broken(
        kind=breaks.kind,
        known_at=breaks.known_at,
        reached=_reached(bars, breaks),
        back=np.where(over, (inside >= 0) | (retest >= 0), np.nan),
        false=np.where(breaks.known_at + BACK < len(bars), early, np.nan),
        loud=np.where(np.isnan(ratio), np.nan, ratio >= SURGE),
        shape=None if formed is None else SHAPES[formed.shape],
        known=None if formed is None else formed.known_at,
    )


def _reached(bars: Bars, breaks: Setups) -> Floats:
    found = np.full(len(breaks), np.nan)
    for side, low, high in ((1, bars.low, bars.high), (-1, -bars.high, -bars.low)):
        rows = np.flatnonzero(breaks.direction == side)
        stop, target = side * breaks.stop[rows], side * breaks.target[rows]
        found[rows] = _race(low, high, breaks.known_at[rows], stop, target, HORIZON)
    return found


@kernel
def _race(low: Floats, high: Floats, known: Ints, stop: Floats, target: Floats, horizon: int) -> Floats:
    found = np.full(len(known), np.nan)
    for i in range(len(known)):
        end = known[i] + horizon
        if np.isnan(target[i]) or end >= len(low):
            continue
        found[i] = 0.0
        for t in range(known[i] + 1, end + 1):
            if low[t] <= stop[i] or high[t] >= target[i]:
                found[i] = 1.0 if low[t] > stop[i] else 0.0
                break
    return found
