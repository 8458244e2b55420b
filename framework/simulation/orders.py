"""From entry signals to orders: everything about a fill that does not depend on the account."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..errors import UserError
from ..indicators import bar_atr
from ..signals import Entries
from . import kernel as code
from .kernel import Market, Orders, Rules
from .levels import stops, targets, ticked, trailing
from .rules import Costs, Exits, Sizing

Floats: TypeAlias = NDArray[np.float64]


def market(bars: Bars, exits: Exits, costs: Costs) -> Market:
    """A symbol's bars as the kernels read them."""
    return Market(bars.open, bars.high, bars.low, bars.close, *trailing(bars, exits, costs.tick or 0.0))


def rules(costs: Costs, sizing: Sizing, exits: Exits) -> Rules:
    """The options as the kernels read them."""
    return Rules(
        fee=float(costs.fee),
        slippage=float(costs.slippage),
        tick=float(costs.tick or 0),
        lot=float(sizing.lot or 0),
        smallest=float(sizing.smallest or 0),
        trail=exits.trail,
        break_even=math.nan if exits.break_even_r is None else float(exits.break_even_r),
        fraction=float(sizing.fraction),
        risk=math.nan if sizing.risk is None else float(sizing.risk),
        leverage=float(sizing.leverage),
        time_stop=exits.time_stop or 0,
        optimistic=exits.inside_bar == "optimistic",
        at_close=exits.fill == "close",
        on_opposite=("exit", "reverse", "ignore").index(exits.on_opposite),
    )


def orders(bars: Bars, entries: Entries, costs: Costs, exits: Exits, sizing: Sizing | None = None) -> Orders:
    """Fill, stop, target, initial risk and, where it cannot be entered, the reason, for each entry.

    sizing: None for entries that are traded alone, one unit each. A size by risk refuses an entry without a stop.
    Raises UserError when an entry's bar lies outside the data or the bars are not ascending.
    """
    _check(bars, entries)
    at_close, n, tick = exits.fill == "close", len(bars), costs.tick or 0.0
    bar = np.minimum(entries.bar if at_close else entries.bar + 1, n - 1)
    price = (bars.close if at_close else bars.open)[bar]
    fill = ticked(price * (1 + entries.side * costs.slippage), entries.side, tick)
    stop = ticked(stops(bars, entries, price, exits), -entries.side, tick)
    risk = entries.side * (fill - stop)
    target = ticked(targets(bars, entries, price, fill, risk, exits), entries.side, tick)
    # Its own stop is gone where a buffer is asked for and there is no ATR yet to measure it by.
    needed = ~np.isnan(entries.stop) | (exits.stop != "own") | (sizing is not None and sizing.risk is not None)
    most = np.full(len(entries), np.inf)
    if sizing is not None and sizing.volume_share is not None:
        most = sizing.volume_share * bars.volume[bar]
    reasons = {
        code.WITH_EXIT: entries.exit_bar == entries.bar,
        code.NO_BAR: np.full(len(entries), not at_close) & (entries.bar == n - 1),
        code.NO_STOP: np.isnan(stop) & needed,
        code.BEYOND_STOP: entries.side * (price - stop) <= 0,
        code.BEYOND_TARGET: entries.side * (price - target) >= 0,
        code.THIN_RISK: risk < exits.min_risk_atr * bar_atr(bars)[entries.bar] * (1 - code.SAME),
        code.NO_VOLUME: ~(most > 0),
    }
    refusal = np.select(list(reasons.values()), list(reasons), default=code.ENTERED).astype(np.int64)
    return Orders(entries.bar, entries.side, fill, stop, target, risk, entries.exit_bar, most, refusal)


def _check(bars: Bars, entries: Entries) -> None:
    if not isinstance(bars, Bars):
        raise UserError("bars", f"is a {type(bars).__name__}", "Bars, as load() or Bars.from_frame() make them")
    if not len(entries):
        return
    if entries.bar.min() < 0 or entries.bar.max() >= len(bars):
        raise UserError("entries", f"a bar lies outside 0 to {len(bars) - 1}", "entries made from these very bars")
    if (np.diff(entries.bar) < 0).any():
        raise UserError("entries", "bars are not ascending", "entries in the order of their bars")
