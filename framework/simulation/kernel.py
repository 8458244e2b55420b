"""What the simulator's kernels speak of: the market, the orders, the options, and what may become of them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Sides: TypeAlias = NDArray[np.int8]

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
    "full",
)
ENTERED, RUINED, BOTH_SIDES, WITH_EXIT, LAPSED, OPPOSITE, NO_BAR, NO_STOP = range(8)
BEYOND_STOP, BEYOND_TARGET, THIN_RISK, NO_VOLUME, NO_CASH, TOO_SMALL, FULL = range(8, 15)

REASONS = ("stop", "target", "signal", "time", "opposite", "ruined", "open", "trail")
BY_STOP, BY_TARGET, BY_SIGNAL, BY_TIME, BY_OPPOSITE, BY_RUIN, STILL_OPEN, BY_TRAIL = range(8)

AT_OPEN, INSIDE, AT_CLOSE = range(3)
EXIT, REVERSE, IGNORE = range(3)

BLOCK = 16  # bars whose extremes are kept together
NEAR = 1e-6  # of a tick or a lot: what rounding leaves
SAME = 1e-9  # two numbers this close, as a fraction, are equal
NOTHING = 1e-9  # of the starting cash: what rounding leaves of it


class Returns(NamedTuple):
    """A long's returns from bar to bar (even rows) and their squares (odd ones), added up by runs of BLOCK bars.

    within: from the run's beginning to the bar (0, 1), from the next bar to the run's end (2, 3). whole: of each run,
    no columns where they are not known.
    """

    within: Floats
    whole: Floats


class Market(NamedTuple):
    """One symbol's bars. lows, highs: extremes of each run of BLOCK bars.

    wealth: the close, less (long) or plus (short) the carry that a unit has paid since the first bar, a row a side;
    one row where there is no carry. troughs, peaks: its extremes by runs of bars. ahead, behind: its lowest (0) and
    highest (1) from each bar to the end of its run, and from the beginning of its run to the bar; sums: its returns.
    (Where only one account is led through the bars these three know of no run.) trail: with trailing the stop that a
    swing confirmed at a bar's close gives a long and a short, NaN where none was, else no columns.
    finer: open, high and low of the finer bars; those of bar t are rows finer_of[0, t] up to, not including,
    finer_of[1, t]; both empty without finer bars.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    lows: Floats
    highs: Floats
    wealth: Floats
    troughs: Floats
    peaks: Floats
    ahead: Floats
    behind: Floats
    sums: Returns
    trail: Floats
    finer: Floats
    finer_of: Ints


class Orders(NamedTuple):
    """Entries with everything that does not depend on the account: a row each, in the order of their bars.

    risk: per unit, NaN without a stop. most: units that the entry bar's volume allows, infinite without a cap.
    refusal: why it cannot be entered whatever the account and the exit signals say.
    """

    bar: Ints
    side: Sides
    fill: Floats
    stop: Floats
    target: Floats
    risk: Floats
    most: Floats
    window: Ints
    refusal: Ints


def room(count: int) -> Orders:
    """Room for that many orders, two at least: a row's values lie side by side, and of a single row a compiled kernel
    could not tell that they do.
    """
    kinds = {"bar": "i4", "side": "i1", "window": "i4", "refusal": "i2"}
    rows = np.empty(max(count, 2), np.dtype([(name, kinds.get(name, "f8")) for name in Orders._fields], align=True))
    return Orders(*(rows[name] for name in Orders._fields))


class Rules(NamedTuple):
    """Options as the kernels read them. tick, lot, time_stop 0: none. risk, break_even NaN: none.

    by_blocks: look for the touch of a stop or target by runs of bars, not bar by bar; the answer is the same.
    """

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
    carries: bool
    by_blocks: bool


class Exit(NamedTuple):
    """Where a trade ends: price before slippage, whether at the bar's open, inside it or at its close."""

    bar: int
    price: float
    reason: int
    where: int
    ambiguous: bool


@kernel(inline=True)
def exit_fill(end: Exit, side: int, rules: Rules) -> float:
    """The price the exit is done at; a position still open is marked, not traded, so it slips nothing."""
    if end.reason == STILL_OPEN:
        return end.price
    return on_tick(end.price * (1 - side * rules.slippage), -side, rules.tick)


@kernel(inline=True)
def on_tick(price: float, up: int, tick: float) -> float:
    """The price on a tick, rounded up (+1) or down (-1); what lies within a millionth of a tick of one is on it."""
    if tick <= 0:
        return price
    steps = price / tick
    return float((np.ceil(steps - NEAR) if up > 0 else np.floor(steps + NEAR)) * tick)


@kernel(inline=True)
def entry_bar(bar: int, rules: Rules) -> int:
    """The bar in which an order known at the close of `bar` is filled."""
    return bar if rules.at_close else bar + 1


@kernel(inline=True)
def units_of(fill: float, risk: float, most: float, worth: float, room: float, rules: Rules) -> float:
    """Size of a position before rounding, in units. risk, most: as in Orders. worth: equity at the signal's close.
    room: the value, fee included, that leverage still allows.
    """
    wanted = rules.risk * worth / risk if rules.risk > 0 else rules.fraction * worth / fill
    return float(min(wanted, room / (fill * (1 + rules.fee)), most))


@kernel(inline=True)
def in_lots(units: float, rules: Rules) -> float:
    """The size in whole lots, rounded down; 0 below the smallest that may be traded."""
    if rules.lot > 0:
        units = np.floor(units / rules.lot + NEAR) * rules.lot
    return units if units >= rules.smallest * (1 - SAME) else 0.0
