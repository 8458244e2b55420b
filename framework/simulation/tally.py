"""Statistics of the full bar-by-bar equity, made from the bars held alone: a flat bar returns nothing.

While a position is held its equity is a + b × wealth, so the extremes of wealth over its bars are those of the equity.
Only where a trade makes a new high and may fall deeper from it than ever are its bars looked at one by one.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from .kernel import BLOCK, Returns

Floats: TypeAlias = NDArray[np.float64]

# What a tally holds, an array of floats: equity at the last close that was counted, and that close's bar, ...
EQUITY, BAR, SUM, SQUARES, PEAK, DRAWDOWN, LOWEST, HELD = range(8)
# ... and of the closed trades: how many, won, with R, sums of R, R squared, gains and losses in R, ambiguous ones.
CLOSED, WON, WITH_R, R, R_SQUARES, GAINED, LOST, AMBIGUOUS = range(8, 16)
PARTS = 16

ALL_IN = 1e-12  # share of a position's value that may lie in cash for its returns to be the price's own
PIECE = 128  # bars whose returns are held at a time
LANES = 4  # sums kept side by side, so that they can be added at once and always in the same order


@kernel(inline=True)
def begin(tally: Floats, cash: float) -> None:
    """An account that holds nothing yet. The first close is where returns and drawdown are measured from."""
    tally[:] = 0.0
    tally[EQUITY], tally[BAR], tally[PEAK], tally[LOWEST] = cash, 0.0, cash, cash


@kernel(inline=True)
def flat(tally: Floats, cash: float, bar: int) -> None:
    """The account holds nothing but `cash` at the close of `bar`, the first one after a trade."""
    if bar > tally[BAR]:
        change = cash / tally[EQUITY] - 1
        tally[SUM] += change
        tally[SQUARES] += change * change
    _lower(tally, cash)
    tally[EQUITY], tally[BAR] = cash, float(bar)


@kernel(inline=True)
def _lower(tally: Floats, equity: float) -> None:
    if equity > tally[PEAK]:
        tally[PEAK] = equity
    elif equity < (1 - tally[DRAWDOWN]) * tally[PEAK]:
        tally[DRAWDOWN] = max(tally[DRAWDOWN], 1 - equity / tally[PEAK])
    tally[LOWEST] = min(tally[LOWEST], equity)


@kernel(inline=True)
def hold(
    tally: Floats,
    wealth: Floats,
    sums: Returns,
    a: float,
    b: float,
    worst: float,
    best: float,
    first: int,
    last: int,
    scratch: Floats,
) -> None:
    """A position of equity a + b × wealth, from worst to best, is held at the closes of bars first to last - 1.

    sums: of a long. scratch: room for PIECE numbers.
    """
    if last <= first:
        return
    tally[HELD] += last - first
    if first == 0:  # entered at the very first close
        tally[EQUITY] = tally[PEAK] = tally[LOWEST] = a + b * wealth[0]
    elif first > tally[BAR]:
        change = (a + b * wealth[first]) / tally[EQUITY] - 1
        tally[SUM] += change
        tally[SQUARES] += change * change
    total, squares = returns_of(wealth, sums, a, b, worst, first, last, scratch)
    tally[SUM] += total
    tally[SQUARES] += squares
    if falls(tally, worst, best):
        fall(tally, wealth, a, b, first, last)
    rise(tally, worst, best)
    tally[EQUITY], tally[BAR] = a + b * wealth[last - 1], float(last - 1)


@kernel(inline=True)
def falls(tally: Floats, worst: float, best: float) -> bool:
    """Whether equity between these may fall deeper than ever, and from a high of its own."""
    return bool(best > tally[PEAK] and worst < (1 - tally[DRAWDOWN]) * best)


@kernel(inline=True)
def rise(tally: Floats, worst: float, best: float) -> None:
    """Equity went from worst to best; a fall from a high of its own has been counted."""
    tally[LOWEST] = min(tally[LOWEST], worst)
    if best > tally[PEAK]:
        tally[PEAK] = best
    elif worst < (1 - tally[DRAWDOWN]) * tally[PEAK]:
        tally[DRAWDOWN] = max(tally[DRAWDOWN], 1 - worst / tally[PEAK])


@kernel(lean=True)
def fall(tally: Floats, wealth: Floats, a: float, b: float, first: int, last: int) -> None:
    """The deepest drawdown, bar by bar."""
    peak = trough = tally[PEAK]
    for t in range(first, last):
        equity = a + b * wealth[t]
        if equity > peak:
            tally[DRAWDOWN] = max(tally[DRAWDOWN], 1 - trough / peak)
            peak = trough = equity
        elif equity < trough:
            trough = equity
    tally[DRAWDOWN] = max(tally[DRAWDOWN], 1 - trough / peak)


@kernel(inline=True)
def returns_of(
    wealth: Floats, sums: Returns, a: float, b: float, worst: float, first: int, last: int, scratch: Floats
) -> tuple[float, float]:
    """Sum and sum of squares of the returns of a + b × wealth from each of the bars first to last - 1 to the next."""
    begin, end = first // BLOCK, (last - 1) // BLOCK
    if end > begin and b > 0 and len(sums.whole[0]) > 0 and abs(a) <= ALL_IN * worst:
        within, whole = sums.within, sums.whole
        total, squares = within[2, first] + within[0, last - 1], within[3, first] + within[1, last - 1]
        for run in range(begin + 1, end):
            total, squares = total + whole[0, run], squares + whole[1, run]
        return total, squares
    return _returns(wealth, a, b, first, last, scratch)


@kernel(lean=True)
def _returns(wealth: Floats, a: float, b: float, first: int, last: int, returns: Floats) -> tuple[float, float]:
    """Sum and sum of squares of the returns from each bar held to the next."""
    total = squares = 0.0
    for start in range(first, last - 1, PIECE):
        count = min(PIECE, last - 1 - start)
        before, after = wealth[start : start + count], wealth[start + 1 : start + 1 + count]
        for i in range(count):
            returns[i] = b * (after[i] - before[i]) / (a + b * before[i])
        s0 = s1 = s2 = s3 = q0 = q1 = q2 = q3 = 0.0
        for j in range(count // LANES):
            r0, r1, r2, r3 = returns[LANES * j], returns[LANES * j + 1], returns[LANES * j + 2], returns[LANES * j + 3]
            s0, s1, s2, s3 = s0 + r0, s1 + r1, s2 + r2, s3 + r3
            q0, q1, q2, q3 = q0 + r0 * r0, q1 + r1 * r1, q2 + r2 * r2, q3 + r3 * r3
        for i in range(count // LANES * LANES, count):
            s0, q0 = s0 + returns[i], q0 + returns[i] * returns[i]
        total += (s0 + s1) + (s2 + s3)
        squares += (q0 + q1) + (q2 + q3)
    return total, squares


@kernel(inline=True)
def settle(tally: Floats, pnl: float, r: float, ambiguous: bool) -> None:
    """A closed trade, its profit and its R (NaN without a stop)."""
    tally[CLOSED] += 1
    tally[WON] += pnl > 0
    tally[AMBIGUOUS] += ambiguous
    if not np.isnan(r):
        tally[WITH_R] += 1
        tally[R] += r
        tally[R_SQUARES] += r * r
        if r > 0:
            tally[GAINED] += r
        else:
            tally[LOST] -= r
