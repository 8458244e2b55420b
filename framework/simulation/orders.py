"""From entry signals to orders: everything about a fill that does not depend on the account."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from ..signals import Entries
from . import kernel as code
from .checks import check
from .kernel import Orders, Rules, on_tick, room
from .levels import NOWHERE, Levels, beyond, extension, levels
from .market import carries
from .rules import Costs, Exits, Sizing

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

BY_SWING, OWN, BY_ATR = range(3)
DENSE = 30  # bars an entry up to which a touch is looked for bar by bar: trades are then too short to leap


class _Asked(NamedTuple):
    """What is asked of every entry, as the kernel reads it. NaN: not asked for."""

    at_close: bool
    slippage: float
    tick: float
    stop: int
    stop_atr: float
    buffer: float
    must_stand: bool
    target_swing: bool
    extension: float
    height: float
    target_r: float
    thinnest: float
    volume_share: float


class Asking(NamedTuple):
    """Entries as the kernel reads them."""

    bar: Ints
    side: NDArray[np.int8]
    stop: Floats
    target: Floats
    height: Floats
    window: Ints


class Wanted(NamedTuple):
    """The same with what is known of them as a whole: whether some have no stop of their own, are long, are short."""

    asking: Asking
    bare: bool
    longs: bool
    shorts: bool


def rules(bars: Bars, entries: int, costs: Costs, sizing: Sizing, exits: Exits) -> Rules:
    """The options as the kernels read them. entries: how many there are; dense ones are walked bar by bar."""
    return Rules(
        fee=float(costs.fee),
        slippage=float(costs.slippage),
        tick=float(costs.tick or 0),
        lot=float(sizing.lot or 0),
        smallest=float(sizing.smallest or 0),
        trail=exits.trail,
        break_even=_number(exits.break_even_r),
        fraction=float(sizing.fraction),
        risk=_number(sizing.risk),
        leverage=float(sizing.leverage),
        time_stop=exits.time_stop or 0,
        optimistic=exits.inside_bar == "optimistic",
        at_close=exits.fill == "close",
        on_opposite=("exit", "reverse", "ignore").index(exits.on_opposite),
        carries=carries(bars, costs),
        by_blocks=by_blocks(bars, entries),
    )


def by_blocks(bars: Bars, entries: int) -> bool:
    """Whether that many entries are few enough for their ends to be looked for by leaps."""
    return len(bars) > DENSE * entries


def orders(bars: Bars, entries: Entries, costs: Costs, exits: Exits, sizing: Sizing | None = None) -> Orders:
    """Fill, stop, target, initial risk and, where it cannot be entered, the reason, for each entry.

    sizing: None for entries that are traded alone, one unit each. A size by risk refuses an entry without a stop.
    Raises UserError for entries that cannot be (checks.py).
    """
    check(bars, entries, costs)
    made = room(len(entries))
    placing(bars, wanted(entries), costs, exits, sizing or Sizing())(made, 0)
    return made


Placing: TypeAlias = Callable[[Orders, int], None]


def placing(bars: Bars, wanted: Wanted, costs: Costs, exits: Exits, sizing: Sizing) -> Placing:
    """What writes the orders of these entries into given rows, from the second argument on."""
    asked = _Asked(
        at_close=exits.fill == "close",
        slippage=float(costs.slippage),
        tick=float(costs.tick or 0),
        stop=("swing", "own", "atr").index(exits.stop),
        stop_atr=float(exits.stop_atr),
        buffer=float(exits.stop_buffer_atr),
        must_stand=exits.stop != "own" or sizing.risk is not None,
        target_swing=exits.target_swing,
        extension=_number(exits.target_extension),
        height=_number(exits.target_height),
        target_r=_number(exits.target_r),
        thinnest=float(exits.min_risk_atr),
        volume_share=_number(sizing.volume_share),
    )
    aiming = exits.target_swing or exits.target_extension is not None
    standing = exits.stop == "swing" and wanted.bare
    low = levels(bars, exits.swing_width, 1) if aiming or (standing and wanted.longs) else NOWHERE
    high = levels(bars, exits.swing_width, -1) if aiming or (standing and wanted.shorts) else NOWHERE
    measured = exits.stop == "atr" or exits.stop_buffer_atr > 0 or exits.min_risk_atr > 0
    atr = bar_atr(bars) if measured else NOWHERE.price
    prices = bars.close if asked.at_close else bars.open
    return partial(_place, prices, bars.close, bars.volume, atr, low, high, wanted.asking, asked)


def wanted(entries: Entries) -> Wanted:
    """Entries as the kernel reads them."""
    asking = Asking(
        _own(entries.bar, np.int64),
        _own(entries.side, np.int8),
        _own(entries.stop),
        _own(entries.target),
        _own(entries.height),
        _own(entries.window, np.int64),
    )
    bare = bool(np.isnan(asking.stop).any())
    return Wanted(asking, bare, bool((asking.side > 0).any()), bool((asking.side < 0).any()))


def _own(values: NDArray[Any], kind: Any = np.float64) -> NDArray[Any]:
    return np.array(values, dtype=kind)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


@kernel(lean=True)
def _place(
    prices: Floats,
    close: Floats,
    volume: Floats,
    atr: Floats,
    low: Levels,
    high: Levels,
    given: Asking,
    asked: _Asked,
    into: Orders,
    row: int,
) -> None:
    m, n = len(given.bar), len(prices)
    fill, stop, target = into.fill[row : row + m], into.stop[row : row + m], into.target[row : row + m]
    risk, most, refusal = into.risk[row : row + m], into.most[row : row + m], into.refusal[row : row + m]
    lows = highs = 0  # swings known by the entry's bar, which ascends
    for i in range(m):
        s, side = given.bar[i], int(given.side[i])
        into.bar[row + i], into.side[row + i], into.window[row + i] = s, given.side[i], given.window[i]
        at = s if asked.at_close else min(s + 1, n - 1)
        price = prices[at]
        lows, highs = _known_by(low.known, lows, s), _known_by(high.known, highs, s)
        fill[i] = on_tick(price * (1 + side * asked.slippage), side, asked.tick)
        level = _stop(given, i, price, atr, low, lows, high, highs, asked)
        stop[i] = on_tick(level, -side, asked.tick)
        risk[i] = side * (fill[i] - stop[i])
        aim = _target(given, i, price, close[s], low, lows, high, highs, asked)
        if np.isnan(aim):
            aim = fill[i] + side * asked.target_r * risk[i]
        target[i] = on_tick(aim, side, asked.tick)
        most[i] = asked.volume_share * volume[at] if asked.volume_share > 0 else np.inf
        thinnest = asked.thinnest * atr[s] * (1 - code.SAME) if asked.thinnest > 0 else -np.inf
        # Its own stop is gone where a buffer is asked for and there is no ATR yet to measure it by.
        needed = asked.must_stand or not np.isnan(given.stop[i])
        if not asked.at_close and s == n - 1:
            refusal[i] = code.NO_BAR
        elif np.isnan(stop[i]) and needed:
            refusal[i] = code.NO_STOP
        elif side * (price - stop[i]) <= 0:
            refusal[i] = code.BEYOND_STOP
        elif side * (price - target[i]) >= 0:
            refusal[i] = code.BEYOND_TARGET
        elif risk[i] < thinnest:
            refusal[i] = code.THIN_RISK
        else:
            refusal[i] = code.ENTERED if most[i] > 0 else code.NO_VOLUME


@kernel(inline=True)
def _known_by(known: Ints, at: int, bar: int) -> int:
    """How many of the ascending bars are at most `bar`, of which `at` are known to be: by leaps that grow, because
    entries may be few and swings many.
    """
    step = 1
    while at + step <= len(known) and known[at + step - 1] <= bar:
        at += step
        step *= 2
    while step > 1:
        step //= 2
        if at + step <= len(known) and known[at + step - 1] <= bar:
            at += step
    return at


@kernel(inline=True)
def _stop(
    given: Asking,
    i: int,
    price: float,
    atr: Floats,
    low: Levels,
    lows: int,
    high: Levels,
    highs: int,
    asked: _Asked,
) -> float:
    """An entry's stop, its buffer included, before rounding; NaN where it has none."""
    s, side = given.bar[i], given.side[i]
    if asked.stop == BY_ATR:
        return float(price - side * asked.stop_atr * atr[s])
    level = given.stop[i]
    if np.isnan(level) and asked.stop == BY_SWING:
        level = beyond(low, lows - 1, price) if side > 0 else -beyond(high, highs - 1, -price)
    return float(level - side * asked.buffer * atr[s] if asked.buffer > 0 else level)


@kernel(inline=True)
def _target(
    given: Asking,
    i: int,
    price: float,
    close: float,
    low: Levels,
    lows: int,
    high: Levels,
    highs: int,
    asked: _Asked,
) -> float:
    """An entry's target before rounding: its own, else a swing's, else an extension's, else its height's; NaN none."""
    side, level = given.side[i], given.target[i]
    if np.isnan(level) and asked.target_swing:
        level = -beyond(high, highs - 1, -price) if side > 0 else beyond(low, lows - 1, price)
    if np.isnan(level) and asked.extension > 0:
        if side > 0:
            level = extension(high, low, highs - 1, asked.extension)
        else:
            level = -extension(low, high, lows - 1, asked.extension)
    if np.isnan(level) and asked.height > 0:
        level = close + side * asked.height * given.height[i]
    return float(level)
