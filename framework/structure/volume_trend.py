"""Does volume go with the trend? Each new high of a rise and each new low of a fall against the one before it.

Its table has four cells, up or down in price and in volume. What a cell means is the convention's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import Setups, ordered
from .sides import BEFORE, Rows, of_side
from .trend import trend
from .volume_swings import CLIMAX, Convention, detection, interpreted, moved, swing_pairs, taken

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

CELLS = ("up_volume_up", "up_volume_down", "down_volume_up", "down_volume_down")
WITH_TREND = np.array([1, 1, -1, -1])
POINTS = {  # of each cell: +1 long, -1 short, 0 no signal
    "confirmation": np.array([1, -1, -1, 1]),
    "exhaustion": np.array([0, -1, 1, 0]),
    "climax": np.array([0, 0, 1, 0]),
}
LOUD_FALL = 2  # the one cell that may hold a selling climax


@dataclass(frozen=True)
class TrendRule:
    """convention: which way each cell points, named and never by default. width: bars on either side of the swings, of
    the trend too. sessions: volume against what is usual in its hour of the week.
    """

    convention: Convention
    width: int = 5
    sessions: bool = False


def volume_trend(bars: Bars, rule: TrendRule) -> Setups:
    """Swing highs confirmed in an uptrend and swing lows in a downtrend, by whether their volume rose or fell.

    Kinds: `CELLS`, the trend's word first. left, right: the two swings. A cell that the convention does not trade is
    recorded in the direction of the trend, with a veto. Under `climax` a low with more volume is known no earlier than
    the five bars that must hold it. stop: of a long the lowest low from three bars before the right swing through
    known_at, of a short the highest high. Features: f_cell 0 to 3 as in `CELLS`, f_volume_ratio right / left, f_trend
    at the right swing's confirmation. No event where the volumes are equal or unknown, or nothing was traded at the
    left swing. Raises UserError without any volume.
    """

    def compute() -> Setups:
        cell, rows = _events(bars, rule)
        points = POINTS[rule.convention]
        direction = np.where(points == 0, WITH_TREND, points)[cell]
        found = ordered(
            of_side(bars, side, "volume_trend", taken(rows, direction == side), detection(rule)) for side in (1, -1)
        )
        return interpreted(bars, found, rule, points[found.features["f_cell"].astype(np.int64)] != 0)

    return bars.remember(("volume_trend", rule), compute)


def _events(bars: Bars, rule: TrendRule) -> tuple[Ints, Rows]:
    """The cell of each event, and the events with all but the side on which they are traded."""
    states, parts = trend(bars, rule.width), []
    for side in (1, -1):  # lows of a fall, highs of a rise
        pairs = swing_pairs(bars, side, rule.width, rule.sessions)
        way = moved(pairs.volume)
        rows = (states[pairs.known_at] == -side) & (np.abs(way) == 1)
        cell = (LOUD_FALL if side > 0 else 0) + (way[rows] < 0)
        parts.append((cell, pairs.left[rows], pairs.right[rows], pairs.known_at[rows], pairs.volume[rows]))
    cell, left, right, confirmed, ratio = (np.concatenate(column) for column in zip(*parts, strict=True))
    waits = (cell == LOUD_FALL) & (rule.convention == "climax")
    known = np.where(waits, np.maximum(confirmed, right + CLIMAX.quiet), confirmed)
    features = {"f_cell": cell.astype(float), "f_volume_ratio": ratio, "f_trend": states[confirmed]}
    rows = Rows(np.array(CELLS)[cell], {"left": left, "right": right}, right - BEFORE, known, features)
    there = known < len(bars)
    return cell[there], taken(rows, there)
