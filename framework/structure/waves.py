"""Double bottoms and double tops of a stochastic, or of any line from 0 to 100 with a signal line, in three grades.

Grade 1 is the retest: k turns up over its signal line, falls back to it and bounces without crossing it. It has no
second swing below the line and so a path of its own. Grades 2 and 3 have two swings, and a peak between them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..bars import Bars
from ..compiled import kernel
from ..indicators import Stochastic, bar_stochastic
from ..setups import Setups, ordered
from .sides import BEFORE, Rows, of_side
from .stochastic import Floats, Ints, View, Wave, bar_grinding, crossed, grinding, views, wave_name
from .swings import swing_lows


@dataclass(frozen=True)
class WaveRule:
    """What counts as a double bottom; of a double top, levels are 100 less these. Levels and distances in points.

    swing: bars on either side that make a swing of k. left_below, right_below: where the two must lie. min_gap,
    max_gap: bars between them. peak_above: how far the highest k between stands above the higher of them. lower_by:
    how much lower than the left the right may be. completion: `neckline`, k closes above that peak, or `cross`, k
    closes above its signal line. lapse: bars after the right swing is known in which that must happen.

    Grade 2: the left is deeper by deeper_by and wider, in bars within width_within of the swing.

    Grade 1: a left low under left_below with at least round_bars within round_within of it, then a golden cross. In the
    next retest_within bars k gets at least `spread` away from its signal line, comes back to within `spread` of it
    without crossing, and widens again below retest_below.
    """

    swing: int = 2
    left_below: float = 20.0
    right_below: float = 30.0
    min_gap: int = 5
    max_gap: int = 40
    peak_above: float = 5.0
    lower_by: float = 2.0
    completion: Literal["neckline", "cross"] = "neckline"
    lapse: int = 20
    deeper_by: float = 5.0
    width_within: float = 10.0
    round_bars: int = 3
    round_within: float = 5.0
    retest_within: int = 20
    spread: float = 3.0
    retest_below: float = 50.0


class _Pair(NamedTuple):
    """The numbers of two swings, their levels as the side sees them."""

    left_below: float
    right_below: float
    min_gap: int
    max_gap: int
    peak_above: float
    lower_by: float


class _Retest(NamedTuple):
    """The numbers of grade 1, its levels as the side sees them."""

    left_below: float
    below: float
    within: int
    spread: float
    round_bars: int
    round_within: float


def double_bottoms(bars: Bars, wave: Wave, rule: WaveRule) -> Setups:
    """`doubles` of the stochastic with that setting, found once for each set of arguments."""

    def compute() -> Setups:
        name = f"stochastic_{wave_name(wave)}_double"
        return doubles(bars, bar_stochastic(bars, wave), rule, name, bar_grinding(bars, wave))

    return bars.remember(("double_bottoms", wave, rule), compute)


def doubles(bars: Bars, lines: Stochastic, rule: WaveRule, name: str, grinds: Floats | None = None) -> Setups:
    """All completed double bottoms and tops of `lines.k` (one value a bar, 0 to 100, NaN undefined), of every grade.

    Kinds: double_bottom_1, double_bottom_2, double_bottom_3, double_top_1 and so on, by grade. Anchors: left and right,
    the bars of the two lows of k, and peak, its highest between; of grade 1 right is the bar at which k was nearest to
    its signal line and peak the one at which it was farthest. A pair: each low is the lowest of its side of the peak,
    and the left the nearest that will do. stop: the setup's extreme, the lowest low from three bars before the left low
    of k through known_at (highest high). Features: f_grade; f_left_k, f_peak_k, f_right_k in points; f_left_width,
    f_right_width, contiguous bars within width_within of that low, the left's before the peak, the right's after it and
    no later than known_at; f_grinding 1 when the line grinds at known_at. Vetoes none.
    """
    grinds = grinding(lines.k, lines.d) if grinds is None else grinds
    sides = [_side(bars, view, rule, name, grinds) for view in views(lines)]
    return ordered(sides)


def _side(bars: Bars, view: View, rule: WaveRule, name: str, grinds: Floats) -> Setups:
    k = view.k
    retest, pair = _retested(view, rule), _completed(view, rule)
    left, peak, right, known = (np.concatenate(parts) for parts in zip(retest, pair, strict=True))
    left_width = _widths(k, left, np.zeros_like(left), peak - 1, rule.width_within)
    right_width = _widths(k, right, peak + 1, known, rule.width_within)
    deep = (k[left] <= k[right] - rule.deeper_by) & (left_width > right_width)
    grade = np.where(deep, 2, 3)
    grade[: len(retest[0])] = 1
    word = "bottom" if view.side > 0 else "top"
    features = {
        "f_grade": grade.astype(float),
        "f_left_k": view.side * k[left],
        "f_peak_k": view.side * k[peak],
        "f_right_k": view.side * k[right],
        "f_left_width": left_width,
        "f_right_width": right_width,
        "f_grinding": grinds[known],
    }
    kind = np.array([f"double_{word}_{number}" for number in (1, 2, 3)])[grade - 1]
    rows = Rows(kind, {"left": left, "peak": peak, "right": right}, left - BEFORE, known, features)
    return of_side(bars, view.side, name, rows, repr(sorted(asdict(rule).items())))


def _completed(view: View, rule: WaveRule) -> tuple[Ints, Ints, Ints, Ints]:
    """Bars of left, peak and right of the pairs that complete, and the bar at which they do."""
    lows = swing_lows(view.k, rule.swing, rule.swing).bar
    levels = view.level(rule.left_below), view.level(rule.right_below)
    numbers = _Pair(*levels, rule.min_gap, rule.max_gap, rule.peak_above, rule.lower_by)
    left, peak, right = _pairs(view.k, lows, numbers)
    known = _completions(view.k, view.d, peak, right, rule.swing, rule.lapse, rule.completion == "cross")
    done = known >= 0
    return left[done], peak[done], right[done], known[done]


def _retested(view: View, rule: WaveRule) -> tuple[Ints, Ints, Ints, Ints]:
    """Bars of the low, the widest and the narrowest spread of each retest, and the bar at which it widens again."""
    levels = view.level(rule.left_below), view.level(rule.retest_below)
    numbers = _Retest(*levels, rule.retest_within, rule.spread, rule.round_bars, rule.round_within)
    found: tuple[Ints, Ints, Ints, Ints] = _retests(view.k, view.d, np.flatnonzero(crossed(view.k, view.d)), numbers)
    return found


@kernel
def _pairs(k: Floats, lows: Ints, rule: _Pair) -> tuple[Ints, Ints, Ints]:
    """For each swing low the nearest one before it that makes a pair with it, and the highest bar between."""
    lefts, peaks, rights = np.empty_like(lows), np.empty_like(lows), np.empty_like(lows)
    count = 0
    for j in range(len(lows)):
        right = lows[j]
        peak, t, before_peak, after_peak = right - 1, right - 1, np.inf, np.inf  # the lowest on either side of it
        if not k[right] < rule.right_below:
            continue
        for i in range(j - 1, -1, -1):
            left = lows[i]
            if right - left > rule.max_gap:
                break
            while t > left and not np.isnan(k[t]):
                if k[t] >= k[peak]:
                    peak, after_peak, before_peak = t, min(after_peak, before_peak), np.inf
                before_peak = min(before_peak, k[t])
                t -= 1
            if t > left:
                break  # undefined between: nothing further back is any better
            high_enough = k[peak] - max(k[left], k[right]) >= rule.peak_above
            bottoms = before_peak >= k[left] and after_peak > k[right]
            deep_enough = k[left] < rule.left_below and k[right] >= k[left] - rule.lower_by
            if right - left >= rule.min_gap and deep_enough and bottoms and high_enough:
                lefts[count], peaks[count], rights[count] = left, peak, right
                count += 1
                break
    return lefts[:count].copy(), peaks[:count].copy(), rights[:count].copy()


@kernel
def _completions(k: Floats, d: Floats, peak: Ints, right: Ints, swing: int, lapse: int, by_cross: bool) -> Ints:
    """The bar at whose close each pair is complete and known, -1 where it lapses or the data ends first."""
    known = np.full(len(right), -1, np.int64)
    for i in range(len(right)):
        first = right[i] + swing
        for t in range(right[i] + 1, min(first + lapse, len(k) - 1) + 1):
            if not k[t] >= k[right[i]]:
                break  # a lower low, or undefined
            if (t >= first and k[t] > d[t]) if by_cross else k[t] > k[peak[i]]:
                known[i] = max(t, first)
                break
    return known


@kernel
def _retests(k: Floats, d: Floats, golden: Ints, rule: _Retest) -> tuple[Ints, Ints, Ints, Ints]:
    m, count = len(golden), 0
    lows, wide, narrow, known = (
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
    )
    for i in range(m):
        cross = golden[i]
        low, t = cross - 1, cross - 1
        while t >= 0 and k[t] <= d[t]:
            if k[t] <= k[low]:
                low = t
            t -= 1
        if not k[low] < rule.left_below or _width(k, low, 0, cross, rule.round_within) < rule.round_bars:
            continue
        far, near = cross, -1
        for t in range(cross, min(cross + rule.within, len(k) - 1) + 1):
            spread = k[t] - d[t]
            if not spread >= 0:
                break  # crossed, or undefined
            if near >= 0 and spread > k[near] - d[near]:
                if k[t] < rule.below:
                    lows[count], wide[count], narrow[count], known[count] = low, far, near, t
                    count += 1
                break
            if near < 0 and spread > k[far] - d[far]:
                far = t
            elif k[far] - d[far] >= rule.spread and spread <= rule.spread and t > far:
                near = t
    return lows[:count].copy(), wide[:count].copy(), narrow[:count].copy(), known[:count].copy()


@kernel
def _widths(k: Floats, bar: Ints, first: Ints, last: Ints, within: float) -> Floats:
    found = np.empty(len(bar))
    for i in range(len(bar)):
        found[i] = _width(k, bar[i], first[i], last[i], within)
    return found


@kernel(inline=True)
def _width(k: Floats, bar: int, first: int, last: int, within: float) -> int:
    """Contiguous bars around `bar` at most `within` above it, none before `first` or after `last`."""
    start, end = bar, bar
    while start > first and k[start - 1] <= k[bar] + within:
        start -= 1
    while end < last and k[end + 1] <= k[bar] + within:
        end += 1
    return end - start + 1
