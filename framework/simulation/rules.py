"""How trades are done: costs, size, exits. SEMANTICS.md says what each option means, bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import UserError


@dataclass(frozen=True)
class Costs:
    """fee: fraction of a fill's value. slippage: fraction of the price by which every fill is worse."""

    fee: float = 0.0
    slippage: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fee", "slippage"):
            value = getattr(self, name)
            _demand(0 <= value < 0.5, f"costs.{name}", value, "a fraction from 0 up to 0.5, as 0.001 for 0.1 %")


@dataclass(frozen=True)
class Sizing:
    """fraction: of the equity that is bought. risk: fraction of the equity lost at the stop; given, it decides.

    leverage: the largest value of a position, in equities.
    """

    fraction: float = 1.0
    risk: float | None = None
    leverage: float = 1.0

    def __post_init__(self) -> None:
        _demand(0 < self.fraction < math.inf, "sizing.fraction", self.fraction, "a positive fraction of the equity")
        _demand(0 < self.leverage < math.inf, "sizing.leverage", self.leverage, "a positive number, 1 for none")
        if self.risk is not None:
            _demand(0 < self.risk <= 1, "sizing.risk", self.risk, "a fraction of the equity, as 0.01 for 1 %")


@dataclass(frozen=True)
class Exits:
    """Where a trade ends. Lengths in bars, distances in ATR(14), target in initial risks (R)."""

    stop: Literal["swing", "own"] = "swing"
    stop_buffer_atr: float = 0.0
    swing_width: int = 5
    target_r: float | None = None
    time_stop: int | None = None
    on_opposite: Literal["exit", "reverse", "ignore"] = "exit"
    min_risk_atr: float = 0.25
    inside_bar: Literal["pessimistic", "optimistic"] = "pessimistic"
    fill: Literal["open", "close"] = "open"

    def __post_init__(self) -> None:
        words = {
            "stop": ("swing", "own"),
            "on_opposite": ("exit", "reverse", "ignore"),
            "inside_bar": ("pessimistic", "optimistic"),
            "fill": ("open", "close"),
        }
        for name, among in words.items():
            value = getattr(self, name)
            _demand(value in among, f"exits.{name}", value, f"one of {', '.join(among)}")
        for name in ("stop_buffer_atr", "min_risk_atr"):
            value = getattr(self, name)
            _demand(0 <= value < math.inf, f"exits.{name}", value, "zero or more ATR")
        _demand(1 <= self.swing_width <= 1000, "exits.swing_width", self.swing_width, "1 to 1000 bars")
        if self.target_r is not None:
            _demand(0 < self.target_r < math.inf, "exits.target_r", self.target_r, "a positive number of initial risks")
        if self.time_stop is not None:
            _demand(1 <= self.time_stop <= 1_000_000, "exits.time_stop", self.time_stop, "1 to a million bars")


def _demand(true: bool, where: str, value: object, right: str) -> None:
    if not true:
        raise UserError(where, f"is {value!r}", right)
