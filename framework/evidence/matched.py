"""The bars a setup is compared with: of the same market, alike in what could explain it and was known then.

Not of the same quarter, or year: what follows bars of one quarter is, in part, what made the event, so that on a random
walk whatever fell before an event would rise after it (a first RSI below 30 by .03 on 4h bars, by .09 on daily ones).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..structure.trend import trend

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

DRAWN = 40  # matched bars a setup
LEAST = 10  # bars under which a cell is too small, and what they are alike in is loosened
BACK = 250  # bars that a volatility is ranked among
BEFORE = 20  # bars of the move before
MOVES = (-5.0, -2.5, -1.0, 1.0, 2.5, 5.0)  # ATR: the bounds of like moves
UNKNOWN = -1


def conditions(bars: Bars) -> dict[str, Ints]:
    """What each bar is like, a small number each, UNKNOWN where undefined: `trend` of the swings known at its close,
    `volatility` by thirds and `finely` by tenths of ATR over price among the last 250 bars, the `move` of the 20 bars
    before in ATR, the third of the UTC day in which it opens as `hour` (of bars shorter than a day).
    """

    def compute() -> dict[str, Ints]:
        unit = bar_atr(bars)
        rank = _ranked(unit / bars.close, BACK)
        moved = np.full(len(bars), np.nan)
        moved[BEFORE:] = (bars.close[BEFORE:] - bars.close[:-BEFORE]) / unit[BEFORE:]
        day = np.timedelta64(1, "D")
        hour = (bars.time - bars.time.astype("datetime64[D]")) // np.timedelta64(8, "h")
        return {
            "trend": _whole(trend(bars) + 1),
            "volatility": _whole(np.minimum(rank * 3 // 1, 2)),
            "finely": _whole(np.minimum(rank * 10 // 1, 9)),
            "move": np.where(np.isnan(moved), UNKNOWN, np.digitize(moved, MOVES)),
            "hour": hour.astype(np.int64) if bars.step < day else np.zeros(len(bars), np.int64),
        }

    return bars.remember("evidence conditions", compute)


# What setups and bars are alike in; from left to right less, where a cell holds too few bars.
LOOSER = (
    ("trend", "finely", "move", "hour"),
    ("trend", "volatility", "move", "hour"),
    ("trend", "volatility", "move"),
    ("volatility", "move"),
    ("move",),
    (),
)
BY_VOLATILITY = (("finely", "hour"), ("finely",), ("volatility",), ())


def matched(bars: Bars, bar: Ints, able: NDArray[np.bool_], seed: int, alike: tuple[tuple[str, ...], ...]) -> Ints:
    """Bars like each of `bar`, drawn with replacement, shape (n, 40): of the `able` ones that share its cell of the
    first of `alike` with ten of them; -1 where not even the last has.
    """
    known = conditions(bars)
    drawn = np.full((len(bar), DRAWN), UNKNOWN, np.int64)
    share = np.random.default_rng((seed, len(bars))).random((len(bar), DRAWN))
    for names in alike:
        left = np.flatnonzero(drawn[:, 0] < 0)
        if not len(left):
            break
        cell = _cells([known[name] for name in names], len(bars))
        pool = np.flatnonzero(able & (cell >= 0))
        pool = pool[np.argsort(cell[pool], kind="stable")]
        first, last = (np.searchsorted(cell[pool], cell[bar[left]], side=side) for side in ("left", "right"))
        rows = (last - first >= LEAST) & (cell[bar[left]] >= 0)
        picked = first[rows, None] + (share[left[rows]] * (last - first)[rows, None]).astype(np.int64)
        drawn[left[rows]] = pool[picked]
    return drawn


def _cells(parts: list[Ints], n: int) -> Ints:
    """One number for each combination of the parts, UNKNOWN where one of them is."""
    cell = np.zeros(n, np.int64)
    for part in parts:
        low = part.min(initial=0)
        cell = cell * (part.max(initial=0) - low + 1) + part - low
    unknown = np.any([part == UNKNOWN for part in parts], axis=0) if parts else np.zeros(n, bool)
    return np.where(unknown, UNKNOWN, cell)


def _ranked(x: Floats, back: int) -> Floats:
    """The share of the last `back` values before each that lie below it; NaN without as many."""
    rank = np.full(len(x), np.nan)
    if len(x) > back:
        before = np.lib.stride_tricks.sliding_window_view(x, back)[:-1]
        unknown = np.isnan(x[back:]) | np.isnan(before).any(axis=1)
        rank[back:] = np.where(unknown, np.nan, (before < x[back:, None]).mean(axis=1))
    return rank


def _whole(x: Floats) -> Ints:
    return np.where(np.isnan(x), UNKNOWN, np.nan_to_num(x)).astype(np.int64)
