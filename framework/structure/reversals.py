"""What reversals made of swings have in common: swings that alternate, and the close that confirms.

Bottoms are written once; tops are the same on mirrored logs. Of several lows without a high between them the lowest
counts. A pattern is looked for whenever its last swing is confirmed, and then waits for a close beyond its neckline.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from .lines import TINY, Logs, line_swings, logs

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

KEPT = 5  # swings: those of a head and shoulders


class Turns(NamedTuple):
    """The alternating swings of a side whenever the last of them, a low (of side -1: a high), was a new one.

    bars: of the last five, the latest first, -1 where there were fewer; a state a row. known: the bar at whose close it
    was so.
    """

    bars: Ints
    known: Ints


class Waits(NamedTuple):
    """Patterns that wait for their close. known: the bar from which they do. right: their last swing. start, level,
    slope: of the neckline, in logs of their side.
    """

    known: Ints
    right: Ints
    start: Ints
    level: Floats
    slope: Floats


def turns(bars: Bars, side: int, width: int) -> Turns:
    """The alternating swings of bottoms (side +1) or tops, `width` bars wide on either side, found once."""

    def compute() -> Turns:
        swings = line_swings(bars, side, width), line_swings(bars, -side, width)
        return Turns(*_turns(logs(bars, side), *swings, width))

    return bars.remember(("turns", side, width), compute)


def confirmed(bars: Bars, side: int, waits: Waits, within: int) -> tuple[Ints, Ints]:
    """The first close beyond the neckline from `known` on, at most `within` bars after `right`, and the first of the
    closes in a row, after `right`, that lie beyond it then; -1 where there is none, or price goes below `right` first:
    another swing is the last one then.
    """
    return _confirmed(logs(bars, side), waits, within)


@kernel
def _turns(of: Logs, lows: Ints, highs: Ints, width: int) -> tuple[Ints, Ints]:
    states, known = np.full((len(lows), KEPT), -1, np.int64), np.empty(len(lows), np.int64)
    last = np.full(KEPT, -1, np.int64)  # the latest first
    is_low, count, i, j = False, 0, 0, 0
    while i < len(lows) or j < len(highs):
        low = j == len(highs) or (i < len(lows) and lows[i] < highs[j])
        if i < len(lows) and j < len(highs) and lows[i] == highs[j]:
            low = not is_low  # a bar that is both goes on with the alternation first
        bar = lows[i] if low else highs[j]
        i, j = (i + 1, j) if low else (i, j + 1)
        if last[0] >= 0 and low == is_low:
            further = of.low[bar] < of.low[last[0]] if low else of.high[bar] > of.high[last[0]]
            if not further:
                continue
        else:
            last[1:], is_low = last[:-1].copy(), low
        last[0] = bar
        if low:
            states[count], known[count] = last, bar + width
            count += 1
    return states[:count].copy(), known[:count].copy()


@kernel
def _confirmed(of: Logs, waits: Waits, within: int) -> tuple[Ints, Ints]:
    at, broke = np.full(len(waits.known), -1, np.int64), np.full(len(waits.known), -1, np.int64)
    for i in range(len(at)):
        for t in range(waits.known[i], min(waits.right[i] + within, len(of.close) - 1) + 1):
            if of.low[t] < of.low[waits.right[i]]:
                break
            if not _beyond(of, waits, i, t):
                continue
            b = t
            while b - 1 > waits.right[i] and _beyond(of, waits, i, b - 1):
                b -= 1
            at[i], broke[i] = t, b
            break
    return at, broke


@kernel(inline=True)
def _beyond(of: Logs, waits: Waits, i: int, t: int) -> bool:
    return bool(of.close[t] > waits.level[i] + waits.slope[i] * (t - waits.start[i]) + TINY)
