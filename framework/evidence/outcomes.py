"""What became of a setup: measured from the next open, in ATR of the bar at which it was known, no costs, no rule's
own stop in it. Each is asked for any bar and side, so that the bars a setup is matched with are measured alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from ..simulation import Costs
from .trades import traded
from .units import Events

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

HORIZON = 20  # bars after the fill


class Outcome(Protocol):
    """A number for each event, NaN where the data ends before the horizon does, whatever happened until then, or where
    no ATR is known. costs: of outcomes that trade.
    """

    @property
    def horizon(self) -> int: ...

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats: ...


@dataclass(frozen=True)
class Race:
    """1 where price moves `reach` ATR the stated way before it does the other, 0 where it loses the race, 1/2 where
    neither happens within the horizon or both in one bar.
    """

    reach: float = 2.0
    horizon: int = HORIZON

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats:  # noqa: ARG002  # not traded
        reach = np.full(len(found), self.reach)
        return touched(bars, found.bar, found.side, reach, reach, self.horizon, 0.5)


@dataclass(frozen=True)
class Reach:
    """1 where price reaches the setup's own `far` before `near` within the horizon, else 0; 1/2 where both in one bar.
    An infinite `near` is never reached. Both are distances from the close at which the setup was known: a gap brings
    price nearer to a level, it does not move it.
    """

    horizon: int = HORIZON

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats:  # noqa: ARG002  # not traded
        given = (found.bar, found.side, found.far, found.near)
        return touched(bars, *given, self.horizon, 0.0, bars.close[found.bar])


@dataclass(frozen=True)
class Forward:
    """The log return from the next open to the close `horizon` bars after it, with the side, in ATR."""

    horizon: int = HORIZON

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats:  # noqa: ARG002  # not traded
        bar, last = found.bar, found.bar + self.horizon
        unit = bar_atr(bars)[bar] / bars.close[bar]
        there = last < len(bars)
        fill, end = bars.open[np.minimum(bar + 1, len(bars) - 1)], bars.close[np.minimum(last, len(bars) - 1)]
        return np.where(there, found.side * np.log(end / fill) / unit, np.nan)


@dataclass(frozen=True)
class Span:
    """The range from highest high to lowest low of the `horizon` bars after, in ATR: of no direction."""

    horizon: int = HORIZON

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats:  # noqa: ARG002  # not traded
        def compute() -> Floats:
            span = np.full(len(bars), np.nan)
            if len(bars) > self.horizon:
                windows = np.lib.stride_tricks.sliding_window_view
                high = windows(bars.high[1:], self.horizon).max(axis=1)
                span[: len(bars) - self.horizon] = high - windows(bars.low[1:], self.horizon).min(axis=1)
            return span / bar_atr(bars)

        return np.asarray(bars.remember(("evidence span", self.horizon), compute)[found.bar])


@dataclass(frozen=True)
class Win:
    """1 where the trade under the rule's own stop and an exit at the horizon makes a profit after costs, else 0; NaN
    where the stop is unknown or nearer than a quarter of an ATR.
    """

    horizon: int = HORIZON

    def of(self, bars: Bars, found: Events, costs: Costs) -> Floats:
        return traded(bars, found, self.horizon, costs)["win"]


def touched(
    bars: Bars,
    bar: Ints,
    side: Ints,
    far: Floats,
    near: Floats,
    horizon: int,
    neither: float,
    start: Floats | None = None,
) -> Floats:
    """1 where the high (of a short: the low) of one of the `horizon` bars after `bar` lies at least `far` ATR from
    `start`, the next open unless said, before one lies `near` ATR the other way, 0 where that is first, 1/2 where both
    are in one bar.
    """
    if start is None:
        start = bars.open[np.minimum(bar + 1, len(bars) - 1)]
    given = (bar.astype(np.int64), side.astype(np.int64), start, far, near)
    return np.asarray(_touched(bars.high, bars.low, bar_atr(bars), *given, horizon, neither))


@kernel
def _touched(
    high: Floats,
    low: Floats,
    unit: Floats,
    bar: Ints,
    side: Ints,
    start: Floats,
    far: Floats,
    near: Floats,
    horizon: int,
    neither: float,
) -> Floats:
    found = np.full(len(bar), np.nan)
    for i in range(len(bar)):
        t = bar[i]
        if t + horizon >= len(high) or np.isnan(unit[t] + far[i] + near[i]):
            continue
        found[i] = neither
        good, bad = start[i] + side[i] * far[i] * unit[t], start[i] - side[i] * near[i] * unit[t]
        for j in range(t + 1, t + 1 + horizon):
            won = high[j] >= good if side[i] > 0 else low[j] <= good
            lost = low[j] <= bad if side[i] > 0 else high[j] >= bad
            if won or lost:
                found[i] = 0.5 if won and lost else 1.0 if won else 0.0
                break
    return found
