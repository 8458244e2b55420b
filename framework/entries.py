"""Entry policies: when a setup is entered. The aggressive and the conservative one trade the very same setups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .compiled import kernel
from .errors import UserError
from .setups import BROKEN, EXTREME, Setups
from .signals import Entries
from .structure.breaks import WAIT, aftermath
from .structure.swings import swing_highs, swing_lows
from .structure.traits import lowest_between

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SECOND_BOTTOM, RETEST = 20, WAIT  # bars that are waited for either
FATES = np.array(["entered", "setup_broken", "lapsed", "pending"])


@dataclass(frozen=True, eq=False)
class Policy:
    """What a policy made of n setups: m entries, and for each setup what became of it.

    fate: entered, setup_broken (before the entry its extreme broke; of the break of a line, price closed back inside or
    went beyond the stop), lapsed (the wait ran out), pending (the data ended first). Vetoed setups have a fate too;
    whoever trades leaves them out.
    """

    entries: Entries
    fate: NDArray[np.str_]


EntryPolicy: TypeAlias = Callable[[Bars, Setups], Policy]


def aggressive(bars: Bars, setups: Setups) -> Policy:
    """Enter as soon as the setup is known, with the setup's own stop."""
    fate = np.full(len(setups), "entered", dtype=FATES.dtype)
    return Policy(_entries(bars, setups, setups.known_at, setups.stop), fate)


def conservative(
    bars: Bars,
    setups: Setups,
    wait: int | None = None,
    left: int = 2,
    right: int = 2,
    stop: Literal["higher_low", "setup_low"] | None = None,
) -> Policy:
    """Wait for price to print the second bottom (top), then enter on the close beyond the peak between the two.

    The second bottom is a `left`/`right` swing low above the setup's low, after it, and not undercut since. Entered
    at the first close above the highest high between the two lows, once both the setup and the swing are known, at
    most `wait` bars, 20 unless said, after the setup was. Dropped when the setup's low breaks first. Stop under the
    second bottom, or where the setup's own is (`setup_low`). Bearish setups: the mirror. Raises UserError for setups
    without that anchor.

    A setup that is the break of a line waits for the retest instead, at most 30 bars: price comes back to within a
    quarter of an ATR of the line, and closes on the side it broke to. Dropped at the first close back inside, or where
    price goes beyond the setup's stop. Its stop is the setup's own, or lies under the lowest low after the break's bar
    (`higher_low`).
    """
    if BROKEN in setups.lines:
        return _at_retest(bars, setups, patience(setups, wait), stop or "setup_low")
    if EXTREME not in setups.anchors:
        raise UserError(
            setups.rule, f"has no anchor '{EXTREME}'", "the bar of the extreme that a second bottom answers"
        )
    return _at_second_bottom(bars, setups, patience(setups, wait), (left, right), stop or "higher_low")


def patience(setups: Setups, wait: int | None = None) -> int:
    """How many bars the conservative entry waits: as told, else as long as is usual for what it waits for."""
    usual = RETEST if BROKEN in setups.lines else SECOND_BOTTOM
    return usual if wait is None else wait


def _at_second_bottom(bars: Bars, setups: Setups, wait: int, width: tuple[int, int], stop: str) -> Policy:
    bar, level, fate = np.full(len(setups), -1, np.int64), setups.stop.copy(), np.zeros(len(setups), np.int64)
    extreme = setups.anchors[EXTREME]
    bottom = np.where(setups.direction > 0, bars.low[extreme], -bars.high[extreme])  # a rule's stop may lie elsewhere
    lows = bars.remember(("swing_lows", *width), lambda: swing_lows(bars.low, *width).bar)
    highs = bars.remember(("swing_highs", *width), lambda: swing_highs(bars.high, *width).bar)
    views = ((1, bars.low, bars.high, bars.close, lows), (-1, -bars.high, -bars.low, -bars.close, highs))
    for side, low, high, close, swings in views:
        rows = np.nonzero(setups.direction == side)[0]
        at, second, fate[rows] = _second_bottom(
            low, high, close, swings, width[1], extreme[rows], bottom[rows], setups.known_at[rows], wait
        )
        bar[rows] = at
        if stop == "higher_low":
            level[rows] = side * second
    entered = np.nonzero(fate == 0)[0]
    entered = entered[np.argsort(bar[entered], kind="stable")]
    return Policy(_entries(bars, setups, bar, level, entered), FATES[fate])


def _at_retest(bars: Bars, setups: Setups, wait: int, stop: str) -> Policy:
    inside, retest = aftermath(bars, setups, wait)
    broken, over = _stopped(bars, setups, wait), setups.known_at + wait <= len(bars) - 1
    entered = (retest >= 0) & ((broken < 0) | (retest < broken))
    fate = np.where(entered, 0, np.where((inside >= 0) | (broken >= 0), 1, np.where(over, 2, 3)))
    rows = np.flatnonzero(fate == 0)
    rows = rows[np.argsort(retest[rows], kind="stable")]
    level = setups.stop.copy()
    if stop == "higher_low":
        for side, low in ((1, bars.low), (-1, -bars.high)):
            own = rows[setups.direction[rows] == side]
            level[own] = side * low[lowest_between(low, setups.known_at[own] + 1, retest[own])]
    return Policy(_entries(bars, setups, retest, level, rows), FATES[fate])


def _stopped(bars: Bars, setups: Setups, wait: int) -> Ints:
    """The first of the bars that are waited at which price goes beyond the setup's stop, -1 none."""
    found = np.full(len(setups), -1, np.int64)
    for side, low in ((1, bars.low), (-1, -bars.high)):
        rows = np.flatnonzero(setups.direction == side)
        found[rows] = _first_below(low, side * setups.stop[rows], setups.known_at[rows], wait)
    return found


POLICIES: dict[str, Callable[..., Policy]] = {"aggressive": aggressive, "conservative": conservative}


def policy(name: str, **options: int | str | None) -> EntryPolicy:
    """An entry policy by its name, `aggressive` or `conservative`, with its options fixed."""
    return partial(POLICIES[name], **options)


def _entries(bars: Bars, setups: Setups, bar: Ints, stop: Floats, rows: Ints | None = None) -> Entries:
    rows = np.arange(len(setups)) if rows is None else rows
    return Entries(
        bar=bar[rows],
        side=setups.direction[rows],
        stop=stop[rows],
        target=setups.target[rows],
        exit_bar=np.full(len(rows), len(bars), np.int64),
        setup=rows.astype(np.int64),
        height=setups.height[rows],
    )


@kernel
def _first_below(low: Floats, level: Floats, known: Ints, wait: int) -> Ints:
    found = np.full(len(known), -1, np.int64)
    for i in range(len(known)):
        for t in range(known[i] + 1, min(known[i] + wait, len(low) - 1) + 1):
            if low[t] < level[i]:
                found[i] = t
                break
    return found


@kernel
def _second_bottom(
    low: Floats,
    high: Floats,
    close: Floats,
    swings: Ints,
    right: int,
    extreme: Ints,
    level: Floats,
    known: Ints,
    wait: int,
) -> tuple[Ints, Floats, Ints]:
    """For each setup the bar of entry, the second bottom's low and the fate (0 entered, 1 broken, 2 lapsed, 3 open)."""
    m = len(known)
    bar, second, fate = np.full(m, -1, np.int64), np.full(m, np.nan), np.full(m, 3, np.int64)
    for i in range(m):
        first = np.searchsorted(swings, extreme[i] + 1)
        end = min(known[i] + wait, len(low) - 1)
        for t in range(known[i], end + 1):
            if t > known[i] and low[t] < level[i]:
                fate[i] = 1
                break
            for k in range(first, len(swings)):
                h = swings[k]
                if h + right > t:
                    break
                if low[h] > level[i] and _stands(low, h, t) and close[t] > _peak(high, extreme[i] + 1, h):
                    bar[i], second[i], fate[i] = t, low[h], 0
                    break
            if fate[i] == 0:
                break
        if fate[i] == 3 and known[i] + wait <= len(low) - 1:
            fate[i] = 2
    return bar, second, fate


@kernel
def _stands(low: Floats, h: int, t: int) -> bool:
    """Whether the low at `h` has not been undercut up to and including bar t."""
    for j in range(h + 1, t + 1):
        if low[j] < low[h]:
            return False
    return True


@kernel
def _peak(high: Floats, start: int, end: int) -> float:
    """Highest value from start up to, not including, end; infinite where there is none."""
    if start >= end:
        return np.inf
    best = high[start]
    for j in range(start + 1, end):
        best = max(best, high[j])
    return float(best)
