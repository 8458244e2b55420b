"""What a position pays for being held over a close."""

from __future__ import annotations

from tests.oracle import Bars, Position

YEAR = 365.25  # days


def carried(bars: Bars, held: Position, bar: int, borrow: float) -> float:
    """Funding and borrowing that `held`, the position at the close of `bar`, pays there; negative: it receives."""
    value = held.size * bars.close[bar]
    paid = held.side * value * bars.funding_of(bar)
    if held.side < 0:
        paid += borrow * value * bars.days_of(bar) / YEAR
    return paid
