"""Prices on a tick and sizes in lots: whatever lies within a millionth of a step is on it."""

from __future__ import annotations

import math

MILLIONTH = 1e-6


def down(value: float, step: float | None) -> float:
    """The highest whole number of steps that is not above the value. No step leaves it as it is; NaN stays NaN."""
    if step is None or math.isnan(value):
        return value
    return math.floor(value / step + MILLIONTH) * step


def up(value: float, step: float | None) -> float:
    """The lowest whole number of steps that is not below the value."""
    return -down(-value, step)


def below(side: int, value: float, step: float | None) -> float:
    """Down for a long, up for a short: away from the entry for a stop, the worse side for a fill that leaves."""
    return down(value, step) if side > 0 else up(value, step)


def above(side: int, value: float, step: float | None) -> float:
    """Up for a long, down for a short: away from the entry for a target, the worse side for a fill that enters."""
    return below(-side, value, step)
