"""Moving averages as waves: their order, how close they lie, where they point; their crosses and double bottoms.

Averages are exponential and of the close, but for the simple one of 200 bars that parts a bull from a bear market.
States have one value a bar. The bullish side of a setup is written once; the bearish one is the same code on mirrored
series: prices and averages negated, highs and lows exchanged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr, bar_ema, bar_sma, settled
from ..setups import Setups, ordered
from .sides import BEFORE, Rows, changes, of_side
from .swings import swing_lows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

SET = (5, 20, 60, 120)
PAIRS = ((5, 20), (20, 60), (60, 120), (120, 240))  # the adjacent ones
BACK = 3  # times the slow average's bars: a cross stands on no extreme from further back


@dataclass(frozen=True)
class RangeRule:
    """When a market has no direction. tight: ATR that the averages of `periods` span at most. level: the `period`
    average is flat while it moves less than so many ATR a bar, over the last `over` bars.
    """

    periods: tuple[int, ...] = SET
    tight: float = 1.0
    period: int = 20
    over: int = 5
    level: float = 0.05


@dataclass(frozen=True)
class DoubleRule:
    """What counts as a double bottom of the fast average. width: bars on either side of its swings; max_gap: bars
    between the two. aligned: the averages of `periods` are in order `throughout`, from the left swing to the close at
    which the right one is known, or at that close alone (`known`).
    """

    fast: int = 5
    slow: int = 20
    width: int = 2
    max_gap: int = 40
    periods: tuple[int, ...] = SET
    aligned: Literal["throughout", "known"] = "throughout"


RANGE, DOUBLE = RangeRule(), DoubleRule()


def alignment(bars: Bars, periods: tuple[int, ...] = SET) -> Floats:
    """+1 where every average lies above the next longer one, -1 where below, 0 neither; NaN until all are there."""

    def compute() -> Floats:
        sides = np.array([_order(bars, fast, slow) for fast, slow in pairwise(periods)])
        least, most = sides.min(axis=0), sides.max(axis=0)
        return np.where(np.isnan(least), np.nan, (least == 1) * 1.0 - (most == -1))

    return bars.remember(("alignment", periods), compute)


def compression(bars: Bars, periods: tuple[int, ...] = SET) -> Floats:
    """Distance of the highest from the lowest average in ATR; NaN until all are there or without a range."""

    def compute() -> Floats:
        lines = np.array([bar_ema(bars, period) for period in periods])
        return _in_atr(bars, lines.max(axis=0) - lines.min(axis=0))

    return bars.remember(("compression", periods), compute)


def flatness(bars: Bars, period: int = 20, over: int = 5) -> Floats:
    """How far the average has moved in `over` bars, up or down, in ATR a bar; NaN in the warm-up."""

    def compute() -> Floats:
        line, moved = bar_ema(bars, period), np.full(len(bars), np.nan)
        moved[over:] = np.abs(line[over:] - line[:-over])
        return _in_atr(bars, moved) / over

    return bars.remember(("flatness", period, over), compute)


def flat(bars: Bars, rule: RangeRule = RANGE) -> Floats:
    """1 where the average points nowhere, so that no position is to be opened, 0 where it does; NaN undefined."""
    values = flatness(bars, rule.period, rule.over)
    return np.where(np.isnan(values), np.nan, values < rule.level)


def ranging(bars: Bars, rule: RangeRule = RANGE) -> Floats:
    """1 where the averages lie close together or the average is flat, 0 where neither; NaN until both are known."""
    span, level = compression(bars, rule.periods), flat(bars, rule)
    return np.where(np.isnan(span + level), np.nan, (span <= rule.tight) | (level == 1))


def spread(bars: Bars, fast: int, slow: int) -> Floats:
    """The fast average less the slow one in ATR; NaN in the warm-up. fast 1 is the close itself."""

    def compute() -> Floats:
        return _in_atr(bars, bar_ema(bars, fast) - bar_ema(bars, slow))

    return bars.remember(("spread", fast, slow), compute)


def side_of_average(bars: Bars, period: int = 20) -> Floats:
    """+1 where the close is above its average, -1 below, 0 on it; NaN in the warm-up."""
    return _order(bars, 1, period)


def regime(bars: Bars, period: int = 200) -> Floats:
    """+1 a bull market, -1 a bear market: the close above, below its simple average; 0 on it, NaN in the warm-up."""
    return np.sign(settled(bars.close - bar_sma(bars, period), bars.close))


def marked(bars: Bars, found: Setups) -> Setups:
    """The setups with the averages' states at known_at: f_alignment, f_regime +1 bullish, -1 bearish, 0 neither;
    f_compression in ATR; f_flat, f_ranging 1 where so. NaN where undefined.
    """
    states = {
        "f_alignment": alignment(bars),
        "f_compression": compression(bars),
        "f_flat": flat(bars),
        "f_ranging": ranging(bars),
        "f_regime": regime(bars),
    }
    at = {name: values[found.known_at] for name, values in states.items()}
    return replace(found, features=dict(found.features) | at)


def average_crosses(bars: Bars, fast: int = 5, slow: int = 20) -> Setups:
    """Closes at which the fast average is first on the other side of the slow one, found once for each pair.

    Kinds: golden, death. stop: the lowest low (highest high) since the cross before it, at most three times the slow
    average's bars back. A touch is no cross, nor is the first side after the warm-up. Features: those of `marked`, and
    f_spread of the pair in ATR. Vetoes none.
    """
    return _crosses(bars, fast, slow, f"average_cross_{fast}_{slow}", ("golden", "death"))


def above_average(bars: Bars, period: int = 20) -> Setups:
    """`average_crosses` of the close itself with its average; kinds: above, below. f_spread: of close and average."""
    return _crosses(bars, 1, period, f"side_of_average_{period}", ("above", "below"))


def average_double(bars: Bars, rule: DoubleRule = DOUBLE) -> Setups:
    """Two successive swing lows of the fast average, both above the slow one, the second higher, in bullish order.

    Kinds: double_bottom, and double_top, the mirror below the slow average. left, right: bars of the two swings; known
    when the right one is. stop: the lowest low (highest high) of the price from three bars before the left swing
    through known_at. Features: those of `marked`, and f_spread of the pair in ATR. Vetoes none.
    """

    def compute() -> Setups:
        name = f"average_double_{rule.fast}_{rule.slow}"
        parts = []
        for side, kind in ((1, "double_bottom"), (-1, "double_top")):
            left, right, known = _doubles(bars, rule, side)
            rows = Rows(np.full(len(left), kind), {"left": left, "right": right}, left - BEFORE, known, {})
            parts.append(of_side(bars, side, name, rows, repr(sorted(asdict(rule).items()))))
        return _with_spread(bars, ordered(parts), rule.fast, rule.slow)

    return bars.remember(("average_double", rule), compute)


def _doubles(bars: Bars, rule: DoubleRule, side: int) -> tuple[Ints, Ints, Ints]:
    """Bars of the left and the right swing and of known_at, of one side."""
    line = side * bar_ema(bars, rule.fast)
    swings = swing_lows(line, rule.width, rule.width)
    left, right, known = swings.bar[:-1], swings.bar[1:], swings.known_at[1:]
    above = side * _order(bars, rule.fast, rule.slow) == 1
    aligned = side * alignment(bars, rule.periods) == 1
    pair = above[left] & above[right] & (line[right] > line[left]) & (right - left <= rule.max_gap)
    since = left if rule.aligned == "throughout" else known
    counted = np.concatenate([[0], np.cumsum(aligned)])
    pair &= counted[known + 1] - counted[since] == known + 1 - since
    return left[pair], right[pair], known[pair]


def _crosses(bars: Bars, fast: int, slow: int, name: str, kinds: tuple[str, str]) -> Setups:
    def compute() -> Setups:
        order = _order(bars, fast, slow)
        bar, before = changes(order)
        parts = []
        for side, kind in zip((1, -1), kinds, strict=True):
            rows = order[bar] == side
            first = np.maximum(before[rows], bar[rows] - BACK * slow)
            found = Rows(np.full(len(first), kind), {"cross": bar[rows]}, first, bar[rows], {})
            parts.append(of_side(bars, side, name, found))
        return _with_spread(bars, ordered(parts), fast, slow)

    return bars.remember((name,), compute)


def _with_spread(bars: Bars, found: Setups, fast: int, slow: int) -> Setups:
    apart = {"f_spread": spread(bars, fast, slow)[found.known_at]}
    return marked(bars, replace(found, features=apart))


def _order(bars: Bars, fast: int, slow: int) -> Floats:
    """+1 where the fast average is above the slow one, -1 below, 0 equal but for rounding; NaN in the warm-up."""
    return np.sign(settled(bar_ema(bars, fast) - bar_ema(bars, slow), bars.close))


def _in_atr(bars: Bars, distance: Floats) -> Floats:
    """The distance of two prices in ATR; NaN without a range."""
    reach, ratio = bar_atr(bars), np.full(len(bars), np.nan)
    np.divide(settled(distance, bars.close), reach, out=ratio, where=reach > 0)
    return ratio
