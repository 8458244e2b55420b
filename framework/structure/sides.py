"""What all detectors that are written once for both sides have in common: their rows as setups, a line's changes."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import EXTREME, Setups
from .traits import lowest_between

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

BEFORE = 3  # bars before a line's low that the price's may lie in: the two rarely turn together


class Rows(NamedTuple):
    """Setups of one side. start: the bar from which their extreme price is looked for, up to known_at."""

    kind: NDArray[np.str_]
    anchors: dict[str, Ints]
    start: Ints
    known_at: Ints
    features: dict[str, Floats]


def of_side(bars: Bars, side: int, rule: str, rows: Rows, detection: str = "") -> Setups:
    """One side's rows as setups that stand on the lowest low (of a short: the highest high) since their start."""
    low = bars.low if side > 0 else -bars.high
    extreme = lowest_between(low, np.maximum(rows.start, 0), rows.known_at)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule=rule,
        kind=rows.kind,
        direction=np.full(len(extreme), side, np.int8),
        anchors=rows.anchors | {EXTREME: extreme},
        known_at=rows.known_at,
        stop=side * low[extreme],
        features=rows.features,
        veto=np.full(len(extreme), "", dtype="U1"),
        detection=detection,
    )


def changes(line: Floats) -> tuple[Ints, Ints]:
    """Bars at which the sign is first the other one, and for each the change before it; else where a sign began.

    Zero and NaN are no sign, and the first one after the warm-up no change.
    """
    signed = np.flatnonzero(np.abs(line) > 0)
    bar = signed[1:][np.diff(np.sign(line[signed])) != 0]
    return bar, np.concatenate([signed[:1], bar])[: len(bar)]
