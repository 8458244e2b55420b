"""From entry signals to orders: everything about a fill that does not depend on the account."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..errors import UserError
from ..indicators import bar_atr
from ..signals import Entries
from ..structure.swings import Swings, swing_highs, swing_lows
from .kernel import BEYOND_STOP, BEYOND_TARGET, NO_BAR, NO_STOP, THIN_RISK, WITH_EXIT, Market, Orders, Rules
from .rules import Costs, Exits, Sizing

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def market(bars: Bars) -> Market:
    """A symbol's bars as the kernels read them."""
    return Market(bars.open, bars.high, bars.low, bars.close)


def rules(costs: Costs, sizing: Sizing, exits: Exits) -> Rules:
    """The options as the kernels read them."""
    return Rules(
        fee=costs.fee,
        slippage=costs.slippage,
        fraction=sizing.fraction,
        risk=math.nan if sizing.risk is None else sizing.risk,
        leverage=sizing.leverage,
        time_stop=exits.time_stop or 0,
        optimistic=exits.inside_bar == "optimistic",
        at_close=exits.fill == "close",
        on_opposite=("exit", "reverse", "ignore").index(exits.on_opposite),
    )


def orders(bars: Bars, entries: Entries, costs: Costs, exits: Exits, needs_stop: bool = False) -> Orders:
    """Fill, stop, target, initial risk and, where it cannot be entered, the reason, for each entry.

    needs_stop: an entry without a stop is refused whatever `exits.stop` says, since its size rests on it.
    Raises UserError when an entry's bar lies outside the data or the bars are not ascending.
    """
    _check(bars, entries)
    at_close, n = exits.fill == "close", len(bars)
    bar = np.minimum(entries.bar if at_close else entries.bar + 1, n - 1)
    price = (bars.close if at_close else bars.open)[bar]
    fill = price * (1 + entries.side * costs.slippage)
    atr = bar_atr(bars)[entries.bar]
    stop = _stops(bars, entries, price, exits)
    if exits.stop_buffer_atr:
        stop = stop - entries.side * exits.stop_buffer_atr * atr
    risk = entries.side * (fill - stop)
    reward = np.nan if exits.target_r is None else exits.target_r
    target = np.where(np.isnan(entries.target), fill + entries.side * reward * risk, entries.target)
    # Its own stop is gone where a buffer is asked for and there is no ATR yet to measure it by.
    lost = ~np.isnan(entries.stop)
    unprotected = np.isnan(stop) & (lost | needs_stop | (exits.stop == "swing"))
    refusal = np.select(
        [
            entries.exit_bar == entries.bar,
            np.full(len(entries), not at_close) & (entries.bar == n - 1),
            unprotected,
            entries.side * (price - stop) <= 0,
            entries.side * (price - target) >= 0,
            risk < exits.min_risk_atr * atr,
        ],
        [WITH_EXIT, NO_BAR, NO_STOP, BEYOND_STOP, BEYOND_TARGET, THIN_RISK],
        default=0,
    ).astype(np.int64)
    return Orders(entries.bar, entries.side, fill, stop, target, risk, entries.exit_bar, refusal)


def _stops(bars: Bars, entries: Entries, price: Floats, exits: Exits) -> Floats:
    """Each entry's own stop, else the latest swing confirmed by its signal's close that lies beyond the price."""
    if exits.stop == "own" or not np.isnan(entries.stop).any():
        return entries.stop
    width = exits.swing_width
    low: Swings = bars.remember(("stop_lows", width), lambda: swing_lows(bars.low, width, width))
    high: Swings = bars.remember(("stop_highs", width), lambda: swing_highs(bars.high, width, width))
    below = _latest_below(low.known_at, low.price, entries.bar, price)
    above = -_latest_below(high.known_at, -high.price, entries.bar, -price)
    return np.where(np.isnan(entries.stop), np.where(entries.side > 0, below, above), entries.stop)


@kernel
def _latest_below(known: Ints, level: Floats, bar: Ints, price: Floats) -> Floats:
    """For each (bar, price) the last level known by then that lies below the price; NaN none."""
    found = np.full(len(bar), np.nan)
    for i in range(len(bar)):
        for j in range(np.searchsorted(known, bar[i], side="right") - 1, -1, -1):
            if level[j] < price[i]:
                found[i] = level[j]
                break
    return found


def _check(bars: Bars, entries: Entries) -> None:
    if not len(entries):
        return
    if entries.bar.min() < 0 or entries.bar.max() >= len(bars):
        raise UserError("entries", f"a bar lies outside 0 to {len(bars) - 1}", "entries made from these very bars")
    if (np.diff(entries.bar) < 0).any():
        raise UserError("entries", "bars are not ascending", "entries in the order of their bars")
