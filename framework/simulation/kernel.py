"""The simulator's kernels. Where a trade ends does not depend on the account, so it is found first and by itself."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

FATES = (
    "entered",
    "ruined",
    "both_sides",
    "with_exit",
    "lapsed",
    "opposite",
    "no_bar",
    "no_stop",
    "beyond_stop",
    "beyond_target",
    "thin_risk",
    "no_volume",
    "no_cash",
    "too_small",
)
ENTERED, RUINED, BOTH_SIDES, WITH_EXIT, LAPSED, OPPOSITE, NO_BAR, NO_STOP = range(8)
BEYOND_STOP, BEYOND_TARGET, THIN_RISK, NO_VOLUME, NO_CASH, TOO_SMALL = range(8, 14)

REASONS = ("stop", "target", "signal", "time", "opposite", "ruined", "open", "trail")
BY_STOP, BY_TARGET, BY_SIGNAL, BY_TIME, BY_OPPOSITE, BY_RUIN, STILL_OPEN, BY_TRAIL = range(8)

AT_OPEN, INSIDE, AT_CLOSE = range(3)
EXIT, REVERSE, IGNORE = range(3)

NEAR = 1e-6  # of a tick or a lot: what rounding leaves
SAME = 1e-9  # two numbers this close, as a fraction, are equal


class Market(NamedTuple):
    """One symbol's bars; with trailing also, a value a bar, the stop that a swing confirmed at its close gives a long
    and a short, NaN where none was (empty without trailing).
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    long_stop: Floats
    short_stop: Floats


class Orders(NamedTuple):
    """Entries with everything that does not depend on the account: a row each.

    risk: per unit, NaN without a stop. most: units that the entry bar's volume allows, infinite without a cap.
    """

    bar: Ints
    side: NDArray[np.int8]
    fill: Floats
    stop: Floats
    target: Floats
    risk: Floats
    exit_bar: Ints
    most: Floats
    refusal: Ints


class Rules(NamedTuple):
    """Options as the kernels read them. tick, lot, time_stop 0: none. risk, break_even NaN: none."""

    fee: float
    slippage: float
    tick: float
    lot: float
    smallest: float
    trail: bool
    break_even: float
    fraction: float
    risk: float
    leverage: float
    time_stop: int
    optimistic: bool
    at_close: bool
    on_opposite: int


class Exit(NamedTuple):
    """Where a trade ends: price before slippage, whether at the bar's open, inside it or at its close."""

    bar: int
    price: float
    reason: int
    where: int
    ambiguous: bool


@kernel
def find_exit(market: Market, orders: Orders, i: int, rules: Rules) -> Exit:
    """Where a trade from order `i` ends when nothing but its own stop, target, exit signal and time is in its way."""
    n = len(market.close)
    side, stop, target = orders.side[i], orders.stop[i], orders.target[i]
    entry = entry_bar(orders.bar[i], rules)
    by_stop, best = BY_STOP, orders.fill[i]
    moving = rules.trail or not np.isnan(rules.break_even)  # asked once: a call a bar costs more than the bar
    for t in range(entry + 1 if rules.at_close else entry, n):
        opening = market.open[t]
        if t > entry:
            if not rules.at_close and orders.exit_bar[i] < t:
                return Exit(t, opening, BY_SIGNAL, AT_OPEN, False)
            if not rules.at_close and rules.time_stop > 0 and t - entry >= rules.time_stop:
                return Exit(t, opening, BY_TIME, AT_OPEN, False)
            if side * (opening - stop) <= 0:
                return Exit(t, opening, by_stop, AT_OPEN, False)
            if side * (opening - target) >= 0:
                return Exit(t, opening, BY_TARGET, AT_OPEN, False)
        against, toward = (market.low[t], market.high[t]) if side > 0 else (market.high[t], market.low[t])
        stopped, reached = side * (against - stop) <= 0, side * (toward - target) >= 0
        if stopped and not (reached and rules.optimistic):
            return Exit(t, stop, by_stop, INSIDE, reached)
        if reached:
            return Exit(t, target, BY_TARGET, INSIDE, stopped)
        if rules.at_close and orders.exit_bar[i] <= t:
            return Exit(t, market.close[t], BY_SIGNAL, AT_CLOSE, False)
        if rules.at_close and rules.time_stop > 0 and t - entry >= rules.time_stop:
            return Exit(t, market.close[t], BY_TIME, AT_CLOSE, False)
        if moving:
            best = max(best, toward) if side > 0 else min(best, toward)
            moved = _moved(market, orders, i, t, best, stop, rules)
            by_stop = BY_TRAIL if moved != stop and not np.isnan(stop) else by_stop
            stop = moved
    return Exit(n, market.close[n - 1], STILL_OPEN, AT_CLOSE, False)


@kernel
def _moved(market: Market, orders: Orders, i: int, t: int, best: float, stop: float, rules: Rules) -> float:
    """The stop from the bar after t on: where it was, or nearer the price. best: the furthest price went so far."""
    side, fill = orders.side[i], orders.fill[i]
    if rules.trail:
        level = market.long_stop[t] if side > 0 else market.short_stop[t]
        if side * (level - stop) > 0:
            stop = level
    if side * (best - fill) >= rules.break_even * orders.risk[i] and side * (fill - stop) > 0:
        stop = fill
    return stop


@kernel
def exit_fill(end: Exit, side: int, rules: Rules) -> float:
    """The price the exit is done at; a position still open is marked, not traded, so it slips nothing."""
    if end.reason == STILL_OPEN:
        return end.price
    return on_tick(end.price * (1 - side * rules.slippage), -side, rules.tick)


@kernel
def on_tick(price: float, up: int, tick: float) -> float:
    """The price on a tick, rounded up (+1) or down (-1); what lies within a millionth of a tick of one is on it."""
    if tick <= 0:
        return price
    steps = price / tick
    return float((np.ceil(steps - NEAR) if up > 0 else np.floor(steps + NEAR)) * tick)


@kernel
def entry_bar(bar: int, rules: Rules) -> int:
    """The bar in which an order known at the close of `bar` is filled."""
    return bar if rules.at_close else bar + 1


@kernel
def excursions(market: Market, entry: int, fill: float, side: int, end: Exit, last: float, carried: int) -> Floats:
    """Worst and best distance from the entry's fill, in price, never negative.

    Bars seen whole count with low and high: from the entry (with `carried` 1: from the bar after it) up to the bar
    before the exit, and the exit's own when it came at the close. Of any other exit bar only the open and the fill.
    """
    worst = best = last
    whole = min(end.bar, len(market.close) - 1) if end.where == AT_CLOSE else end.bar - 1
    for t in range(entry + carried, whole + 1):
        worst = min(worst, market.low[t]) if side > 0 else max(worst, market.high[t])
        best = max(best, market.high[t]) if side > 0 else min(best, market.low[t])
    if end.where != AT_CLOSE and end.bar > entry:
        opening = market.open[end.bar]
        worst = min(worst, opening) if side > 0 else max(worst, opening)
        best = max(best, opening) if side > 0 else min(best, opening)
    return np.array([max(0.0, side * (fill - worst)), max(0.0, side * (best - fill))])
