"""A second simulator, written from SEMANTICS.md alone. Nothing here may import `framework`.

This file holds its nouns. Prices are floats, NaN stands for "none", bars are counted from 0, a side is +1 (long) or
-1 (short).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

NAN = math.nan
ATR_PERIOD = 14
PLENTY = 1e12  # a volume no size is capped by


class Quote(NamedTuple):
    """A finer bar inside a bar."""

    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True)
class Bars:
    """Of the lists with a default, an empty one is of no interest; the others have one item a bar."""

    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float] = field(default_factory=list)  # NaN = unknown; empty: PLENTY everywhere
    finer: list[list[Quote]] = field(default_factory=list)  # in order; empty: no bar has any
    funding: list[float] = field(default_factory=list)  # rate of the bar's stamps, positive where longs pay; empty: 0
    days: list[float] = field(default_factory=list)  # from its open to the next, of the last `length`; empty: `length`
    length: float = 1.0  # of a bar, in days

    def volume_of(self, bar: int) -> float:
        return self.volume[bar] if self.volume else PLENTY

    def finer_of(self, bar: int) -> list[Quote]:
        return self.finer[bar] if self.finer else []

    def funding_of(self, bar: int) -> float:
        return self.funding[bar] if self.funding else 0.0

    def days_of(self, bar: int) -> float:
        return self.days[bar] if self.days else self.length

    def average_true_range(self) -> list[float]:
        """Wilder's ATR(14) at each bar, NaN before bar 13. The first bar's range is its high less its low."""
        ranges = []
        for bar, (high, low) in enumerate(zip(self.high, self.low, strict=True)):
            if bar == 0:
                ranges.append(high - low)
            else:
                before = self.close[bar - 1]
                ranges.append(max(high - low, abs(high - before), abs(low - before)))
        atr = [NAN] * len(ranges)
        for bar in range(ATR_PERIOD - 1, len(ranges)):
            if bar == ATR_PERIOD - 1:
                atr[bar] = sum(ranges[:ATR_PERIOD]) / ATR_PERIOD
            else:
                atr[bar] = (atr[bar - 1] * (ATR_PERIOD - 1) + ranges[bar]) / ATR_PERIOD
        return atr

    def swing_beyond(self, side: int, signal_bar: int, price: float, width: int) -> float:
        """The latest swing known at the signal's close that lies beyond `price`; NaN when there is none.

        A low below the price for a long, a high above it for a short. A swing at a bar is known `width` bars later.
        """
        extremes = self.low if side > 0 else self.high
        for bar in range(signal_bar - width, width - 1, -1):
            if side * (price - extremes[bar]) > 0 and self.is_swing(side, bar, width):
                return extremes[bar]
        return NAN

    def latest_swing(self, side: int, last: int, width: int) -> int | None:
        """The bar of the latest swing at or before `last`: a low for side +1, a high for side -1."""
        return next((bar for bar in range(last, width - 1, -1) if self.is_swing(side, bar, width)), None)

    def is_swing(self, side: int, bar: int, width: int) -> bool:
        """Whether a low (side +1) or a high (side -1) lies strictly beyond the `width` bars before and after it."""
        if bar - width < 0 or bar + width >= len(self.open):
            return False
        neighbours = [other for other in range(bar - width, bar + width + 1) if other != bar]
        if side > 0:
            return all(self.low[bar] < self.low[other] for other in neighbours)
        return all(self.high[bar] > self.high[other] for other in neighbours)


@dataclass(frozen=True)
class Entry:
    side: int
    stop: float = NAN
    target: float = NAN
    height: float = NAN  # of its pattern, a distance in price
    window: int = 0  # of a walk-forward


@dataclass
class Signal:
    """What is known at one bar's close."""

    entries: list[Entry] = field(default_factory=list)
    exit_long: bool = False
    exit_short: bool = False
    exit_window: int | None = None  # the only window whose exits these are; None: they are every window's

    def leaves(self, side: int, window: int) -> bool:
        """Whether what that window entered on that side is to be left."""
        asked = self.exit_long if side > 0 else self.exit_short
        return asked and self.exit_window in (None, window)


@dataclass(frozen=True)
class Options:
    fill: str = "open"
    inside_bar: str = "pessimistic"
    stop: str = "swing"
    stop_atr: float = 2.0
    stop_buffer_atr: float = 0.0
    trail: bool = False
    break_even_r: float | None = None
    swing_width: int = 5
    target_swing: bool = False
    target_extension: float | None = None
    target_height: float | None = None
    target_r: float | None = None
    time_stop: int | None = None
    on_opposite: str = "exit"
    min_risk_atr: float = 0.25
    fee: float = 0.0
    slippage: float = 0.0
    borrow: float = 0.0  # a year's, of a short's value
    tick: float | None = None
    fraction: float = 1.0
    risk: float | None = None
    leverage: float = 1.0
    lot: float | None = None
    smallest: float | None = None
    volume_share: float | None = None
    cash: float = 1000.0


@dataclass(frozen=True)
class Trade:
    entry: int  # which entry it came from, counted over all bars in order
    side: int
    signal_bar: int
    entry_bar: int
    entry_price: float
    stop: float
    target: float
    exit_bar: int
    exit_price: float
    reason: str
    size: float
    fees: float
    carry: float  # funding and borrowing paid, negative where received
    pnl: float
    returned: float
    r: float
    mae: float
    mfe: float
    bars: int
    ambiguous: bool


@dataclass(frozen=True)
class Position:
    entry: int
    side: int
    signal_bar: int
    entry_bar: int
    fill: float
    stop: float  # at the entry: what R is measured by
    moving_stop: float  # as it stands
    target: float
    size: float
    fee_paid: float
    window: int = 0
    carry: float = 0.0  # paid so far

    @property
    def initial_risk(self) -> float:
        return self.side * (self.fill - self.stop)


@dataclass(frozen=True)
class Outcome:
    """One entry traded alone; `trade` is None when it was refused."""

    fate: str
    trade: Trade | None

    @property
    def r(self) -> float:
        return self.trade.r if self.trade else 0.0
