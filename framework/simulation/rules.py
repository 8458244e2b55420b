"""How trades are done: costs, size, exits. SEMANTICS.md says what each option means, bar by bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import UserError

TINY, HUGE = 1e-12, 1e12


@dataclass(frozen=True)
class Costs:
    """fee: fraction of a fill's value. slippage: fraction of the price by which every fill is worse.

    tick: the smallest step of the price, to which fills, stops and targets are rounded; None for none. borrow: what
    a short pays a year, as a fraction of its value. Funding is no option but data: `bars.with_funding`.
    """

    fee: float = 0.0
    slippage: float = 0.0
    tick: float | None = None
    borrow: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fee", "slippage"):
            _within(f"costs.{name}", getattr(self, name), 0, 0.499, "a fraction from 0 up to 0.5, as 0.001 for 0.1 %")
        _within("costs.borrow", self.borrow, 0, 100, "a yearly fraction, as 0.03 for 3 %")
        if self.tick is not None:
            _within("costs.tick", self.tick, TINY, HUGE, "the smallest step of the price, as 0.01")


@dataclass(frozen=True)
class Sizing:
    """fraction: of the equity that is bought. risk: fraction of the equity lost at the stop; given, it decides.

    leverage: the largest value of a position, in equities. lot: sizes are whole multiples of it. smallest: the least
    size that may be traded. volume_share: the largest part of the entry bar's volume. positions: the most at one time
    where several symbols share the cash. None for none.
    """

    fraction: float = 1.0
    risk: float | None = None
    leverage: float = 1.0
    lot: float | None = None
    smallest: float | None = None
    volume_share: float | None = None
    positions: int | None = None

    def __post_init__(self) -> None:
        _within("sizing.fraction", self.fraction, TINY, HUGE, "a positive fraction of the equity")
        _within("sizing.leverage", self.leverage, TINY, HUGE, "a positive number, 1 for none")
        if self.risk is not None:
            _within("sizing.risk", self.risk, TINY, 1, "a fraction of the equity, as 0.01 for 1 %")
        for name in ("lot", "smallest"):
            if getattr(self, name) is not None:
                _within(f"sizing.{name}", getattr(self, name), TINY, HUGE, "a positive number of units")
        if self.volume_share is not None:
            _within(
                "sizing.volume_share", self.volume_share, TINY, 1, "a fraction of the bar's volume, as 0.1 for 10 %"
            )
        if self.positions is not None:
            _within("sizing.positions", self.positions, 1, 1_000_000, "1 or more positions", whole=True)


@dataclass(frozen=True)
class Exits:
    """Where a trade ends. Lengths in bars, distances in ATR(14), target_r in initial risks (R), target_extension in
    legs from swing to swing, target_height in heights of the entry's pattern.
    """

    stop: Literal["swing", "own", "atr"] = "swing"
    stop_buffer_atr: float = 0.0
    stop_atr: float = 2.0
    swing_width: int = 5
    trail: bool = False
    break_even_r: float | None = None
    target_r: float | None = None
    target_swing: bool = False
    target_extension: float | None = None
    target_height: float | None = None
    time_stop: int | None = None
    on_opposite: Literal["exit", "reverse", "ignore"] = "exit"
    min_risk_atr: float = 0.25
    inside_bar: Literal["pessimistic", "optimistic"] = "pessimistic"
    fill: Literal["open", "close"] = "open"

    def __post_init__(self) -> None:
        _among("exits.stop", self.stop, ("swing", "own", "atr"))
        _among("exits.on_opposite", self.on_opposite, ("exit", "reverse", "ignore"))
        _among("exits.inside_bar", self.inside_bar, ("pessimistic", "optimistic"))
        _among("exits.fill", self.fill, ("open", "close"))
        for name in ("trail", "target_swing"):
            _switch(f"exits.{name}", getattr(self, name))
        for name in ("stop_buffer_atr", "min_risk_atr"):
            _within(f"exits.{name}", getattr(self, name), 0, HUGE, "zero or more ATR")
        _within("exits.stop_atr", self.stop_atr, TINY, HUGE, "a positive number of ATR")
        _within("exits.swing_width", self.swing_width, 1, 1000, "1 to 1000 bars", whole=True)
        for name in ("break_even_r", "target_r"):
            if getattr(self, name) is not None:
                _within(f"exits.{name}", getattr(self, name), TINY, HUGE, "a positive number of initial risks")
        for name, unit in (("target_extension", "legs, as 1.618"), ("target_height", "heights, as 1")):
            if getattr(self, name) is not None:
                _within(f"exits.{name}", getattr(self, name), TINY, HUGE, f"a positive number of {unit}")
        if self.time_stop is not None:
            _within("exits.time_stop", self.time_stop, 1, 1_000_000, "1 to a million bars", whole=True)


def _within(where: str, value: object, low: float, high: float, right: str, whole: bool = False) -> None:
    """Raises UserError unless `value` is a number from low to high, both allowed; NaN is none."""
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not (number and low <= value <= high):  # type: ignore[operator]  # it is a number
        raise UserError(where, f"is {value!r}", right)


def _among(where: str, value: object, words: tuple[str, ...]) -> None:
    if value not in words:
        raise UserError(where, f"is {value!r}", f"one of {', '.join(words)}")


def _switch(where: str, value: object) -> None:
    if not isinstance(value, bool):
        raise UserError(where, f"is {value!r}", "true or false")
