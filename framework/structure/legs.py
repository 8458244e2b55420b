"""Legs from swing to swing, and what price does at a level of them: the first entry into its zone, reaction or break.

A leg runs from a confirmed zigzag swing to the running extreme since, as it stood at the bar before: inside a bar
nobody knows whether its extreme came before its entry. Each level freezes the leg for itself, by its own first entry.
So no level says anything of another one, and any ratio may be asked, a Fibonacci one or not.
Written for legs that rise; a leg that falls is the same on mirrored prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from .swings import zigzag

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

FIBONACCI = (0.236, 0.382, 0.5, 0.618, 0.786)  # 0 the leg's end, 1 its start


@dataclass(frozen=True)
class LegRule:
    """What is a leg, a level's zone, a reaction. Lengths in ATR(14) of the bar of the leg's end.

    size: of the zigzag whose swings the legs start from. least: the shortest leg. zone: half the width of a level's
    zone. react: how far beyond the level a close must come back. prices: legs are measured from the `wick` or the
    `body` of their bars; a zone is entered by wicks and left by closes in either case. over: a close beyond the zone
    of this ratio ends the leg, and its levels not yet entered no longer count.
    """

    size: float = 3.0
    least: float = 6.0
    zone: float = 0.25
    react: float = 0.5
    prices: Literal["wick", "body"] = "wick"
    over: float = 0.786


LEGS = LegRule()


@dataclass(frozen=True, eq=False)
class Reactions:
    """n first entries into a level's zone, in the order of their bar, then leg, then ratio.

    leg: which zigzag swing the leg starts from, counted from 0: the legs of one swing are one leg in statistics. side:
    +1 a leg that rises, -1 falls. start, end: its bars, `end` that of the extreme when the zone was entered. ratio;
    named: whether it is a Fibonacci one. level, atr: price of the level, ATR at `end`. length: of the leg, in price.
    entered: the bar; time: its opening stamp, UTC. decided: the bar of the deciding close, -1 none yet. outcome: 1
    price reacted, 0 it broke through, NaN undecided when the data ended.
    """

    leg: Ints
    side: NDArray[np.int8]
    start: Ints
    end: Ints
    ratio: Floats
    named: Bools
    level: Floats
    length: Floats
    atr: Floats
    entered: Ints
    time: NDArray[np.datetime64]
    decided: Ints
    outcome: Floats

    def __len__(self) -> int:
        return len(self.entered)

    @property
    def waited(self) -> Floats:
        """Bars from the entry to the close that decided, 0 the same bar; NaN undecided."""
        return np.where(self.decided < 0, np.nan, self.decided - self.entered)

    def take(self, rows: Bools | Ints) -> Reactions:
        """The entries in `rows` (a mask or positions), in that order."""
        return Reactions(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def level_reactions(bars: Bars, rule: LegRule = LEGS, ratios: tuple[float, ...] = FIBONACCI) -> Reactions:
    """Every first entry of price into the zones at `ratios` of every leg, found once for each set of arguments.

    A leg counts from the close at which its start is confirmed until the next swing of its kind is, while it is at
    least `rule.least` long. Price may have come back to a level since the leg's extreme before all that was so: such
    a level does not count, unless a new extreme moves it. To be compared with one another, ratios want `over` = 1.
    """
    ratios = tuple(sorted(set(ratios)))

    def compute() -> Reactions:
        rows = [_side(bars, rule, np.array(ratios, dtype=float), side) for side in (1, -1)]
        joined = Reactions(*map(np.concatenate, zip(*rows, strict=True)))
        return joined.take(np.lexsort((joined.ratio, joined.leg, joined.entered)))

    return bars.remember(("level_reactions", rule, ratios), compute)


def measured(bars: Bars, rule: LegRule, side: int) -> tuple[Floats, Floats]:
    """The prices that legs of a side end and start at, a bar each, mirrored for a side of -1."""
    if rule.prices == "wick":
        return (bars.high, bars.low) if side > 0 else (-bars.low, -bars.high)
    upper, lower = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    return (upper, lower) if side > 0 else (-lower, -upper)


def _side(bars: Bars, rule: LegRule, ratios: Floats, side: int) -> tuple[NDArray[np.generic], ...]:
    """The columns of Reactions of one side."""
    swings, unit = zigzag(bars, "atr", rule.size), bar_atr(bars)
    leg = np.flatnonzero(swings.kind == -side)
    top, base = measured(bars, rule, side)
    low, close = (bars.low, bars.close) if side > 0 else (-bars.high, -bars.close)
    limits = np.array([rule.least, rule.zone, rule.react, rule.over])
    starts = np.array([swings.bar[leg], swings.known_at[leg]])
    entered, ends, decided, outcome = _enter(top, base, low, close, unit, starts, ratios, limits)
    row, column = np.nonzero(entered >= 0)
    at, end, start, ratio = entered[row, column], ends[row, column], starts[0, row], ratios[column]
    length = top[end] - base[start]
    return (
        leg[row],
        np.full(len(row), side, np.int8),
        start,
        end,
        ratio,
        np.isin(ratio, FIBONACCI),
        side * (top[end] - ratio * length),
        length,
        unit[end],
        at,
        bars.time[at],
        decided[row, column],
        outcome[row, column],
    )


@kernel
def _enter(
    top: Floats, base: Floats, low: Floats, close: Floats, unit: Floats, swings: Ints, ratios: Floats, limits: Floats
) -> tuple[Ints, Ints, Ints, Floats]:
    """A row a start, a column a ratio: bar of entry, of the leg's end and of the deciding close, -1 none; outcome."""
    least, zone, react, over = limits
    starts, known = swings[0], swings[1]
    shape = (len(starts), len(ratios))
    entered, ends = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    decided, outcome = np.full(shape, -1, np.int64), np.full(shape, np.nan)
    for i in range(len(starts)):
        last = known[i + 1] if i + 1 < len(starts) else len(low) - 1
        end, lowest, first = (
            min(starts[i] + 1, known[i]),
            np.inf,
            0,
        )  # lowest low after the end; first ratio not entered
        for t in range(end + 1, last + 1):
            length, atr = top[end] - base[starts[i]], unit[end]
            if t > known[i] and atr > 0 and length >= least * atr:
                for j in range(first, len(ratios)):
                    level = top[end] - ratios[j] * length
                    if low[t] > level + zone * atr:
                        break
                    if entered[i, j] < 0 and lowest > level + zone * atr:
                        entered[i, j], ends[i, j] = t, end
                        decided[i, j], outcome[i, j] = _decide(close, t, level + react * atr, level - zone * atr)
                while first < len(ratios) and entered[i, first] >= 0:
                    first += 1
                if first == len(ratios) or close[t] < top[end] - over * length - zone * atr:
                    break
            if top[t] > top[end]:
                end, lowest = t, np.inf
            else:
                lowest = min(lowest, low[t])
    return entered, ends, decided, outcome


@kernel(inline=True)
def _decide(close: Floats, at: int, back: float, through: float) -> tuple[int, float]:
    """The first close from `at` on that is back at or above the one price, or through the other; and which."""
    for t in range(at, len(close)):
        if close[t] >= back:
            return t, 1.0
        if close[t] < through:
            return t, 0.0
    return -1, np.nan
