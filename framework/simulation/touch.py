"""Where a trade ends when nothing but its own stop, target, exit signal and time is in its way.

None of it depends on the account, so it is found by itself, and sets of parameters that share entries and stops can
share what was found.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .kernel import (
    AT_CLOSE,
    AT_OPEN,
    BLOCK,
    BY_SIGNAL,
    BY_STOP,
    BY_TARGET,
    BY_TIME,
    BY_TRAIL,
    INSIDE,
    STILL_OPEN,
    Exit,
    Market,
    Orders,
    Rules,
    entry_bar,
)

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Touches(NamedTuple):
    """What is known of each order's future: up to which bar (not included) it was looked for, at which bar price first
    touched its stop or target (-1 not yet), and where the stop stood then.
    """

    seen: Ints
    bar: Ints
    stop: Floats


def touch_room(count: int) -> Touches:
    """Room for what is known of that many orders, as for the orders; nothing is written yet."""
    rows = np.empty(max(count, 2), np.dtype([("seen", "i4"), ("bar", "i4"), ("stop", "f8")]))
    return Touches(rows["seen"], rows["bar"], rows["stop"])


@kernel(lean=True)
def forget(touches: Touches, first: int, last: int) -> None:
    """Nothing is known of the orders in rows first to last - 1."""
    for i in range(first, last):
        touches.seen[i] = touches.bar[i] = -1


def untouched(count: int) -> Touches:
    """Nothing known of `count` orders."""
    touches = touch_room(count)
    forget(touches, 0, count)
    return touches


@kernel(inline=True)
def find_exit(market: Market, orders: Orders, i: int, leave: int, touches: Touches, rules: Rules) -> Exit:
    """Where a trade from order `i` ends. leave: the first bar, from the signal's on, at whose close it is left."""
    n = len(market.close)
    entry = entry_bar(orders.bar[i], rules)
    due = n + 1  # the bar of the exit by signal or time
    reason = BY_SIGNAL
    if rules.at_close:
        if leave < n:
            due = max(leave, entry + 1)
    elif leave + 1 < n:
        due = max(leave, entry) + 1
    if rules.time_stop > 0 and entry + rules.time_stop < min(due, n):
        due, reason = entry + rules.time_stop, BY_TIME
    last = min(due + 1 if rules.at_close else due, n)  # a touch before this bar comes first
    t = _touched(market, orders, i, last, touches, rules)
    if t < last:
        return _at_touch(market, t, entry, orders.side[i], touches.stop[i], orders.target[i], orders.stop[i], rules)
    if due < n:
        if rules.at_close:
            return Exit(due, market.close[due], reason, AT_CLOSE, False)
        return Exit(due, market.open[due], reason, AT_OPEN, False)
    return Exit(n, market.close[n - 1], STILL_OPEN, AT_CLOSE, False)


@kernel(inline=True)
def _touched(market: Market, orders: Orders, i: int, last: int, touches: Touches, rules: Rules) -> int:
    """The first bar before `last` in which the trade from order `i` touches its stop or target; `last` none."""
    if touches.bar[i] >= 0:
        return int(min(touches.bar[i], last))
    if touches.seen[i] >= last:
        return last
    moving = rules.trail or not np.isnan(rules.break_even)
    first = orders.bar[i] + 1
    if moving:
        t, stop = _follow(market, first, last, orders.side[i], orders.fill[i], orders.stop[i], orders.target[i],
                          orders.risk[i] * rules.break_even, rules.trail)  # fmt: skip
    else:
        stop = orders.stop[i]
        lower, upper = (stop, orders.target[i]) if orders.side[i] > 0 else (orders.target[i], stop)
        lower = -np.inf if np.isnan(lower) else lower
        upper = np.inf if np.isnan(upper) else upper
        first = max(first, touches.seen[i])
        if rules.by_blocks:
            t = leap(market.low, market.high, market.lows, market.highs, first, last, lower, upper)
        else:
            t = walk(market.low, market.high, first, last, lower, upper)
    touches.seen[i], touches.stop[i] = last, stop
    touches.bar[i] = t if t < last else -1
    return t


@kernel(inline=True)
def walk(low: Floats, high: Floats, first: int, last: int, lower: float, upper: float) -> int:
    """The first bar from `first` on, before `last`, that reaches down to `lower` or up to `upper`; `last` none."""
    for t in range(first, last):
        if low[t] <= lower or high[t] >= upper:
            return t
    return last


@kernel(inline=True)
def leap(
    low: Floats, high: Floats, lows: Floats, highs: Floats, first: int, last: int, lower: float, upper: float
) -> int:
    """The same as `walk`, leaping over runs of bars whose extremes touch neither."""
    edge = min((first // BLOCK + 1) * BLOCK, last)
    t = walk(low, high, first, edge, lower, upper)
    if t < edge:
        return t
    b = t // BLOCK
    while t < last and lows[b] > lower and highs[b] < upper:
        t += BLOCK
        b += 1
    return walk(low, high, t, last, lower, upper) if t < last else last


@kernel(lean=True)
def _follow(
    market: Market,
    first: int,
    last: int,
    side: int,
    fill: float,
    stop: float,
    target: float,
    enough: float,
    trail: bool,
) -> tuple[int, float]:
    """The same bar by bar for a stop that moves, and the stop as it stood in that bar. enough: how far from the fill
    price must have gone for the stop to move there, NaN never.
    """
    best = fill
    for t in range(first, last):
        against, toward = (market.low[t], market.high[t]) if side > 0 else (market.high[t], market.low[t])
        if side * (against - stop) <= 0 or side * (toward - target) >= 0:
            return t, stop
        best = max(best, toward) if side > 0 else min(best, toward)
        if trail:
            level = market.trail[0 if side > 0 else 1, t]
            if side * (level - stop) > 0:
                stop = level
        if side * (best - fill) >= enough and side * (fill - stop) > 0:
            stop = fill
    return last, stop


@kernel(inline=True)
def _at_touch(
    market: Market, t: int, entry: int, side: int, stop: float, target: float, first_stop: float, rules: Rules
) -> Exit:
    """What ends a trade in a bar that touches its stop or target: the open came first, then nobody can tell."""
    opening = market.open[t]
    by_stop = BY_STOP if stop == first_stop or np.isnan(stop) else BY_TRAIL
    if t > entry:
        if side * (opening - stop) <= 0:
            return Exit(t, opening, by_stop, AT_OPEN, False)
        if side * (opening - target) >= 0:
            return Exit(t, opening, BY_TARGET, AT_OPEN, False)
    against, toward = (market.low[t], market.high[t]) if side > 0 else (market.high[t], market.low[t])
    stopped, reached = side * (against - stop) <= 0, side * (toward - target) >= 0
    unclear = stopped and reached
    if unclear and len(market.finer) > 0:
        first = _finer_first(market, t, side, stop, target)
        if first >= 0:
            stopped, unclear = first == BY_STOP, False
    if stopped and not (unclear and rules.optimistic):
        return Exit(t, stop, by_stop, INSIDE, unclear)
    return Exit(t, target, BY_TARGET, INSIDE, unclear)


@kernel(lean=True)
def _finer_first(market: Market, t: int, side: int, stop: float, target: float) -> int:
    """What the finer bars of bar t say came first: BY_STOP, BY_TARGET, or -1 where they cannot tell either."""
    for f in range(market.finer_of[0, t], market.finer_of[1, t]):
        opening, high, low = market.finer[f, 0], market.finer[f, 1], market.finer[f, 2]
        if side * (opening - stop) <= 0:
            return BY_STOP
        if side * (opening - target) >= 0:
            return BY_TARGET
        against, toward = (low, high) if side > 0 else (high, low)
        stopped, reached = side * (against - stop) <= 0, side * (toward - target) >= 0
        if stopped or reached:
            return -1 if stopped and reached else BY_STOP if stopped else BY_TARGET
    return -1
