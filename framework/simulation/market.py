"""A symbol's bars as the kernels read them: with the extremes of runs of bars, what is paid for holding, finer bars."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from .kernel import AT_CLOSE, BLOCK, Exit, Market, Returns, Rules
from .levels import trailing
from .rules import Costs, Exits

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

YEAR = 365.25 * 86_400e6  # microseconds
LINE = 8  # numbers in a line of the processor's cache


def market(bars: Bars, exits: Exits, costs: Costs, many: bool = False) -> Market:
    """A symbol's bars as the kernels read them; made once for each set of options that matters.

    many: for many accounts, with what only pays then.
    """
    lows, highs = bars.remember(("block_extremes",), lambda: extremes_of(bars.low, bars.high))
    wealth, troughs, peaks = bars.remember(("wealth", costs.borrow), lambda: _wealth(bars, costs.borrow))
    (ahead, behind, sums), (finer, finer_of), trail = ONE, COARSE, UNMOVED
    if many:
        ahead, behind, sums = bars.remember(("runs", costs.borrow), lambda: _runs(wealth))
    if bars.finer is not None:
        finer, finer_of = bars.remember(("finer",), lambda: _finer(bars))
    if exits.trail:
        key = ("trailing", exits.swing_width, exits.stop_buffer_atr, costs.tick)
        trail = bars.remember(key, lambda: trailing(bars, exits, costs.tick or 0.0))
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
    troughs, peaks = zip(*(extremes_of(row, row) for row in wealth), strict=True)
    return wealth, np.stack(troughs), np.stack(peaks)


def _runs(wealth: Floats) -> tuple[Floats, Floats, Returns]:
    """`ahead`, `behind` and `sums` of Market; sums unknown where wealth is no price that returns could be of."""
    rows, bars = wealth.shape
    ahead, behind, sums = _room(rows, max(bars, 2))  # of a single bar numba could not tell how they lie
    _run_extremes(np.ascontiguousarray(wealth), ahead, behind)
    if not (wealth[0] > 0).all():
        return ahead, behind, Returns(sums.within, sums.whole[:, :0])
    _run_sums(np.ascontiguousarray(wealth[0]), sums)
    return ahead, behind, sums


def _room(rows: int, bars: int) -> tuple[Floats, Floats, Returns]:
    """Room for these: what is known of one bar lies side by side, in a line of the processor's cache that begins where
    its own do, because a trade looks at two bars only.
    """
    room = np.zeros((rows * bars + 1) * LINE)
    first = -room.ctypes.data // room.itemsize % LINE
    block = room[first : first + rows * bars * LINE].reshape(rows, bars, LINE).transpose(0, 2, 1)
    whole = np.zeros((2, (bars + BLOCK - 1) // BLOCK))
    return block[:, 0:2], block[:, 2:4], Returns(block[0, 4:8], whole)


@kernel(lean=True)
def _run_sums(wealth: Floats, sums: Returns) -> None:
    n, within, whole = len(wealth), sums.within, sums.whole
    for first in range(0, n, BLOCK):
        last = min(n, first + BLOCK)
        total = squares = 0.0
        for t in range(first, last):
            change = wealth[t] / wealth[max(t, 1) - 1] - 1
            total, squares = total + change, squares + change * change
            within[0, t], within[1, t] = total, squares
        whole[0, first // BLOCK], whole[1, first // BLOCK] = total, squares
        total = squares = 0.0
        for t in range(last - 1, first - 1, -1):
            within[2, t], within[3, t] = total, squares
            change = wealth[t] / wealth[max(t, 1) - 1] - 1
            total, squares = total + change, squares + change * change


def _closed(*arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Read-only, as what is remembered: to a compiled kernel that is another type."""
    for array in arrays:
        array.setflags(write=False)
    return arrays


# What stands for runs where one account is led through the bars (two bars of zeros: of none numba could not tell how
# they lie), for finer bars, for stops that move: none.
_ahead, _behind, _sums = _room(1, 2)
ONE = _ahead, _behind, Returns(_sums.within, _sums.whole[:, :0])
_closed(_ahead, _behind, *ONE[2])
COARSE = _closed(np.zeros((0, 3)), np.zeros((2, 0), np.int64))
(UNMOVED,) = _closed(np.zeros((2, 0)))


def _finer(bars: Bars) -> tuple[Floats, Ints]:
    finer = bars.finer
    assert finer is not None
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
    inner = market.ahead.shape[2] >= last and end > begin
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


@kernel(lean=True)
def _run_extremes(wealth: Floats, ahead: Floats, behind: Floats) -> None:
    n = wealth.shape[1]
    for row in range(len(wealth)):
        for first in range(0, n, BLOCK):
            last = min(n, first + BLOCK)
            low = high = wealth[row, first]
            for t in range(first, last):
                low, high = min(low, wealth[row, t]), max(high, wealth[row, t])
                behind[row, 0, t], behind[row, 1, t] = low, high
            low = high = wealth[row, last - 1]
            for t in range(last - 1, first - 1, -1):
                low, high = min(low, wealth[row, t]), max(high, wealth[row, t])
                ahead[row, 0, t], ahead[row, 1, t] = low, high


@kernel
def extremes_of(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The lowest of `low` and the highest of `high` in each run of BLOCK values; the last run may be shorter."""
    blocks = (len(low) + BLOCK - 1) // BLOCK
    lows, highs = np.empty(blocks), np.empty(blocks)
    for b in range(blocks):
        first, last = b * BLOCK, min(len(low), (b + 1) * BLOCK)
        below, above = low[first:last], high[first:last]
        least, most = below[0], above[0]
        for j in range(1, len(below)):  # written so that the compiler makes it one instruction for several values
            least = below[j] if below[j] < least else least
            most = above[j] if above[j] > most else most
        lows[b], highs[b] = least, most
    return lows, highs
