"""Where a position ends inside a bar: at its open, at its stop or at its target."""

from __future__ import annotations

from typing import NamedTuple

from tests.oracle import Bars, Position, Quote


class WayOut(NamedTuple):
    price: float  # before slippage
    reason: str
    at_open: bool = False
    ambiguous: bool = False


def way_out(bars: Bars, held: Position, bar: int, inside_bar: str) -> WayOut | None:
    """How the bar ends the position; None where it lives on. An open counts for one that was carried into the bar."""
    by_stop = "stop" if held.moving_stop == held.stop else "trail"
    opened = bars.open[bar]
    if held.entry_bar < bar and beyond_stop(held, opened):
        return WayOut(opened, by_stop, at_open=True)
    if held.entry_bar < bar and beyond_target(held, opened):
        return WayOut(opened, "target", at_open=True)
    at_stop, at_target = WayOut(held.moving_stop, by_stop), WayOut(held.target, "target")
    stopped, reached = holds(held, bars.low[bar], bars.high[bar])
    if stopped and reached:
        first = first_touched(held, bars.finer_of(bar))
        if first:
            return at_stop if first == "stop" else at_target
        return (at_stop if inside_bar == "pessimistic" else at_target)._replace(ambiguous=True)
    if stopped:
        return at_stop
    return at_target if reached else None


def first_touched(held: Position, finer: list[Quote]) -> str:
    """Whether the finer bars come to the stop or to the target first; "" where they cannot tell."""
    for quote in finer:
        if beyond_stop(held, quote.open):
            return "stop"
        if beyond_target(held, quote.open):
            return "target"
        stopped, reached = holds(held, quote.low, quote.high)
        if stopped and reached:
            return ""
        if stopped or reached:
            return "stop" if stopped else "target"
    return ""


def holds(held: Position, low: float, high: float) -> tuple[bool, bool]:
    """Whether the stop and whether the target lies in what was traded."""
    worst, best = (low, high) if held.side > 0 else (high, low)
    return beyond_stop(held, worst), beyond_target(held, best)


def beyond_stop(held: Position, price: float) -> bool:
    """At the stop or beyond it; never where there is none."""
    return held.side * (price - held.moving_stop) <= 0


def beyond_target(held: Position, price: float) -> bool:
    """At the target or beyond it; never where there is none."""
    return held.side * (price - held.target) >= 0
