"""A second simulator, written from SEMANTICS.md alone. Nothing here may import `framework`.

This file holds its nouns. Prices are floats, NaN stands for "none", bars are counted from 0, a side is +1 (long) or
-1 (short).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NAN = math.nan
ATR_PERIOD = 14
PLENTY = 1e12  # a volume no size is capped by


@dataclass(frozen=True)
class Bars:
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float] = field(default_factory=list)  # NaN = unknown; empty = of no interest, PLENTY everywhere

    def volume_of(self, bar: int) -> float:
        return self.volume[bar] if self.volume else PLENTY

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


@dataclass
class Signal:
    """What is known at one bar's close."""

    entries: list[Entry] = field(default_factory=list)
    exit_long: bool = False
    exit_short: bool = False

    def leaves(self, side: int) -> bool:
        return self.exit_long if side > 0 else self.exit_short


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
    target_r: float | None = None
    time_stop: int | None = None
    on_opposite: str = "exit"
    min_risk_atr: float = 0.25
    fee: float = 0.0
    slippage: float = 0.0
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
