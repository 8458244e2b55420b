"""Several timeframes: coarse bars made of fine ones, and what is known of them at each fine bar's close.

A coarse bar counts once the clock has passed its end: at the close of the first fine bar that ends then or later. The
one still forming is never seen. Nothing is known of a market's sessions, so a day that ends with a pause counts from
the first close after it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars, timeframe_step
from ..errors import UserError
from ..setups import Setups

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

HOUR, WEEK = 3_600_000_000, 7 * 86_400_000_000  # microseconds
MONDAY = 4 * 86_400_000_000  # the first one after the epoch


@dataclass(frozen=True, eq=False)
class Coarse:
    """m coarse bars of n fine ones. bars: stamped with their opens, as all Bars are.

    first, last: the first and the last fine bar of each. known: the fine bar at whose close each counts. at_close: for
    each fine bar the last coarse one that counts at its close, -1 none.
    """

    fine: Bars
    bars: Bars
    first: Ints
    last: Ints
    known: Ints
    at_close: Ints

    def values(self, detect: Callable[[Bars], NDArray[Any]]) -> Floats:
        """One value a coarse bar, as each fine bar knows it; NaN before the first."""
        found = np.append(np.asarray(detect(self.bars), dtype=float), np.nan)
        return found[self.at_close]

    def setups(self, detect: Callable[[Bars], Setups]) -> Setups:
        """Setups of the coarse bars as the fine ones know them, in the order in which these do.

        An anchor is the fine bar at which its coarse bar was lowest (of a short: highest), so that prices stand where
        they were made. Bars in features stay coarse ones. Lines are left out: what is straight over coarse bars is
        not over fine ones.
        """
        found = detect(self.bars)
        extreme = {1: self._extreme(self.fine.low), -1: self._extreme(-self.fine.high)}
        anchors = {
            name: np.where(found.direction > 0, extreme[1][bar], extreme[-1][bar])
            for name, bar in found.anchors.items()
        }
        return dataclasses.replace(
            found,
            timeframe=self.fine.timeframe,
            time=self.fine.time,
            rule=f"{found.rule}@{self.bars.timeframe}",
            anchors=anchors,
            lines={},
            known_at=self.known[found.known_at],
        )

    def _extreme(self, price: Floats) -> Ints:
        """For each coarse bar the first fine bar at which the price was lowest."""
        at = [
            first + int(np.argmin(price[first : last + 1])) for first, last in zip(self.first, self.last, strict=True)
        ]
        return np.array(at, np.int64)


def coarse(bars: Bars, timeframe: str, boundary: float = 0.0) -> Coarse:
    """The bars of a higher timeframe, made once. boundary: the hour, UTC, at which a day begins; a week on Monday then.

    A first bar whose beginning the data does not hold is left out. Where a volume in it is unknown, a bar's is; its
    open interest is that at its last fine bar's close. Raises UserError unless the timeframe is a multiple of the bars'
    own, or where bars lie across its bounds.
    """
    step = int(timeframe_step(timeframe).astype(np.int64))
    own = int(bars.step.astype(np.int64))
    if step <= own or step % own:
        raise UserError(f"timeframe '{timeframe}'", f"is not made of {bars.timeframe} bars", "a multiple of it")
    if not -24 < boundary < 24:
        raise UserError("boundary", f"is {boundary:g}", "the hour of the day, UTC, at which a day begins")
    begins = _begins(bars, step, int(boundary * HOUR))
    if (bars.time.astype(np.int64) + own > begins + step).any():
        held = f"bars of {bars.timeframe} that open at {bars.time[0]} lie across the bounds of {timeframe} bars"
        raise UserError(f"timeframe '{timeframe}'", held, "another hour at which the day begins (boundary)")
    return bars.remember(("coarse", timeframe, boundary), lambda: _made(bars, timeframe, step, begins))


def _begins(bars: Bars, step: int, boundary: int) -> Ints:
    """When the coarse bar of each fine one begins, in microseconds."""
    start = boundary + (MONDAY if step % WEEK == 0 else 0)
    return (bars.time.astype(np.int64) - start) // step * step + start


def _made(bars: Bars, timeframe: str, step: int, begins: Ints) -> Coarse:
    time, own = bars.time.astype(np.int64), int(bars.step.astype(np.int64))
    first = np.flatnonzero(np.diff(begins, prepend=begins[:1] - 1))
    last = np.append(first[1:], len(bars))[: len(first)] - 1
    known = np.searchsorted(time + own, begins[first] + step)  # the first close at or after its end
    kept = (known < len(bars)) & ((np.arange(len(first)) > 0) | (begins[first] == time[first]))
    first, last, known = first[kept], last[kept], known[kept]
    at_close = np.searchsorted(known, np.arange(len(bars)), side="right") - 1
    return Coarse(bars, _bars(bars, timeframe, begins[first], first, last), first, last, known, at_close)


def _bars(bars: Bars, timeframe: str, begins: Ints, first: Ints, last: Ints) -> Bars:
    def over(reduce: np.ufunc, values: Floats) -> Floats:
        if not len(first):
            return np.zeros(0)
        return np.asarray(reduce.reduceat(values[: last[-1] + 1], first), dtype=float)

    return Bars(
        bars.symbol,
        timeframe,
        begins.astype("datetime64[us]"),
        bars.open[first],
        over(np.maximum, bars.high),
        over(np.minimum, bars.low),
        bars.close[last],
        over(np.add, bars.volume),
        taker_buy=None if bars.taker_buy is None else over(np.add, bars.taker_buy),
        own_volume=None if bars.own_volume is None else over(np.add, bars.own_volume),
        open_interest=None if bars.open_interest is None else bars.open_interest[last],
        source=bars.source,
        knows=bars.known,
    )
