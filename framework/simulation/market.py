"""A symbol's bars as the kernels read them: with the extremes of runs of bars, what is paid for holding, finer bars."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from .kernel import AT_CLOSE, BLOCK, Exit, Market, Rules
from .levels import trailing
from .rules import Costs, Exits

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

YEAR = 365.25 * 86_400e6  # microseconds


def market(bars: Bars, exits: Exits, costs: Costs, many: bool = False) -> Market:
    """A symbol's bars as the kernels read them; made once for each set of options that matters.

    many: for many accounts, with what only pays then.
    """
    lows, highs = bars.remember(("block_extremes",), lambda: (lowest(bars.low), highest(bars.high)))
    wealth, troughs, peaks = bars.remember(("wealth", costs.borrow), lambda: _wealth(bars, costs.borrow))
    ahead, behind = bars.remember(("runs", costs.borrow, many), lambda: _runs(wealth, many))
    sums = bars.remember(("sums", costs.borrow, many), lambda: _sums(wealth[0], many))
    finer, finer_of = bars.remember(("finer",), lambda: _finer(bars))
    key = ("trailing", exits.trail and (exits.swing_width, exits.stop_buffer_atr, costs.tick))
    trail = bars.remember(key, lambda: trailing(bars, exits, costs.tick or 0.0))
    # A remembered array is read-only, which to a compiled kernel is another type: all of them are.
    return Market(
        bars.open, bars.high, bars.low, bars.close, lows, highs, wealth, troughs, peaks, ahead, behind, sums, trail,
        finer, finer_of,
    )  # fmt: skip


def carries(bars: Bars, costs: Costs) -> bool:
    """Whether holding costs or earns anything besides the price."""
    return bars.funding is not None or costs.borrow > 0


def _wealth(bars: Bars, borrow: float) -> tuple[Floats, Floats, Floats]:
    rows = [bars.close]
    if bars.funding is not None or borrow:
        rate = bars.funding.by_bar(bars.time, bars.step) if bars.funding else np.zeros(len(bars))
        ends = np.append(bars.time[1:], bars.time[-1:] + bars.step)
        lent = borrow * (ends - bars.time).astype(np.float64) / YEAR
        rows = [bars.close - np.cumsum(bars.close * rate), bars.close + np.cumsum(bars.close * (lent - rate))]
    wealth = np.stack(rows) if len(rows) > 1 else bars.close[None, :]
    return wealth, np.stack([lowest(row) for row in wealth]), np.stack([highest(row) for row in wealth])


def _sums(wealth: Floats, many: bool) -> Floats:
    """See Market; none where they cannot be."""
    n = len(wealth)
    if not many or not (wealth > 0).all():
        return np.zeros((6, 0))
    sums = np.zeros((6, n))
    _run_sums(np.ascontiguousarray(wealth), sums)
    return sums


@kernel(lean=True)
def _run_sums(wealth: Floats, sums: Floats) -> None:
    n = len(wealth)
    for t in range(1, n):
        change = wealth[t] / wealth[t - 1] - 1
        starts = t % BLOCK == 0
        sums[0, t] = change + (0.0 if starts else sums[0, t - 1])
        sums[1, t] = change * change + (0.0 if starts else sums[1, t - 1])
        sums[4, t // BLOCK] = sums[0, t]
        sums[5, t // BLOCK] = sums[1, t]
    for t in range(n - 2, -1, -1):
        change = wealth[t + 1] / wealth[t] - 1
        if t % BLOCK != BLOCK - 1:
            sums[2, t] = change + sums[2, t + 1]
            sums[3, t] = change * change + sums[3, t + 1]


def _finer(bars: Bars) -> tuple[Floats, Ints]:
    if bars.finer is None:
        return np.zeros((0, 3)), np.zeros((2, 0), np.int64)
    finer = bars.finer
    ends = np.append(bars.time, bars.time[-1:] + bars.step)
    # A finer bar after a gap in the coarse ones belongs to none of them, so each bar's end is its own.
    last = np.minimum(ends[:-1] + bars.step, ends[1:])
    first = np.searchsorted(finer.time, bars.time)
    until = np.maximum(np.searchsorted(finer.time, last), first)
    # What comes after a missing one says nothing of what came first: only those that follow one another count.
    here = np.minimum(first, max(len(finer) - 1, 0))
    begins = finer.time[here] == bars.time
    breaks = np.append(np.flatnonzero(np.diff(finer.time) != finer.step) + 1, len(finer))
    follow = breaks[np.minimum(np.searchsorted(breaks, first, side="right"), len(breaks) - 1)]
    of = np.stack([first, np.where(begins, np.minimum(until, follow), first)])
    return np.column_stack([finer.open, finer.high, finer.low]), of.astype(np.int64)


@kernel(inline=True)
def side_row(market: Market, side: int) -> int:
    """The row of `wealth` that is a side's."""
    return 1 if side < 0 and len(market.wealth) > 1 else 0


@kernel(inline=True)
def paid(market: Market, side: int, bar: int) -> float:
    """What a unit of one side has paid for being held from the first bar to the close of `bar`; 0 before it."""
    return side * (market.close[bar] - market.wealth[side_row(market, side), bar]) if bar >= 0 else 0.0


@kernel(inline=True)
def carried(market: Market, side: int, entry: int, end: Exit, rules: Rules) -> float:
    """What a unit pays from its entry's bar to its exit: at every close at which it is the position at the close."""
    if not rules.carries:
        return 0.0
    last = min(end.bar, len(market.close) - 1) if end.where == AT_CLOSE else end.bar - 1
    return paid(market, side, last) - paid(market, side, entry if rules.at_close else entry - 1)


@kernel(inline=True)
def extremes(market: Market, row: int, first: int, last: int) -> tuple[float, float]:
    """The lowest and the highest wealth of the bars first to last - 1, at least one."""
    low = high = market.wealth[row, first]
    begin, end = first // BLOCK, (last - 1) // BLOCK  # runs
    inner = market.ahead.shape[2] > 0 and end > begin
    if inner:
        low = min(market.ahead[row, 0, first], market.behind[row, 0, last - 1])
        high = max(market.ahead[row, 1, first], market.behind[row, 1, last - 1])
    else:
        for t in range(first + 1, last if end == begin else (begin + 1) * BLOCK):
            low, high = min(low, market.wealth[row, t]), max(high, market.wealth[row, t])
        for t in range(end * BLOCK if end > begin else last, last):
            low, high = min(low, market.wealth[row, t]), max(high, market.wealth[row, t])
    for b in range(begin + 1, end):
        low, high = min(low, market.troughs[row, b]), max(high, market.peaks[row, b])
    return low, high


def _runs(wealth: Floats, many: bool) -> tuple[Floats, Floats]:
    rows, n = wealth.shape
    ahead, behind = np.empty((rows, 2, n if many else 0)), np.empty((rows, 2, n if many else 0))
    if many:
        _run_extremes(np.ascontiguousarray(wealth), ahead, behind)
    return ahead, behind


@kernel(lean=True)
def _run_extremes(wealth: Floats, ahead: Floats, behind: Floats) -> None:
    n = wealth.shape[1]
    for row in range(len(wealth)):
        for t in range(n):
            here, starts = wealth[row, t], t % BLOCK == 0
            behind[row, 0, t] = here if starts else min(here, behind[row, 0, t - 1])
            behind[row, 1, t] = here if starts else max(here, behind[row, 1, t - 1])
        for t in range(n - 1, -1, -1):
            here, ends = wealth[row, t], t % BLOCK == BLOCK - 1 or t == n - 1
            ahead[row, 0, t] = here if ends else min(here, ahead[row, 0, t + 1])
            ahead[row, 1, t] = here if ends else max(here, ahead[row, 1, t + 1])


def lowest(x: Floats) -> Floats:
    """The lowest of each run of BLOCK values; the last run may be shorter."""
    return _extremes(x, False)


def highest(x: Floats) -> Floats:
    """The highest of each run of BLOCK values; the last run may be shorter."""
    return _extremes(x, True)


@kernel
def _extremes(x: Floats, high: bool) -> Floats:
    blocks = (len(x) + BLOCK - 1) // BLOCK
    found = np.empty(blocks)
    for b in range(blocks):
        run = x[b * BLOCK : min(len(x), (b + 1) * BLOCK)]
        best = run[0]
        for j in range(1, len(run)):
            if high:  # written so that the compiler makes it one instruction for several values
                best = run[j] if run[j] > best else best
            else:
                best = run[j] if run[j] < best else best
        found[b] = best
    return found
