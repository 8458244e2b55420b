"""Order-flow exhaustion: at a level one side trades hard, gets nowhere and gives up.

The bullish side is written once: sellers spend themselves at a level, which is a long. The bearish one, buyers that do,
is the same code on mirrored series: prices and delta negated, highs and lows exchanged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr
from ..setups import Setups, ordered
from .delta import Source, chosen, delta
from .levels import nearest, swing_levels
from .sides import Rows, of_side
from .trailing import before, trailing

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class ExhaustionRule:
    """What counts as exhaustion. The effort is a bar whose |delta| lies at least `score` standard deviations above the
    mean of the `window` bars before it, while the close has come at most `progress` ATR on in `over` bars, in the
    delta's direction. Its high (of sellers: low) lies within `near` ATR of a swing, `width` bars wide, at most `oldest`
    bars old; Fibonacci levels are not asked, since some level of some leg is near half of all bars. Within `within`
    bars the mean delta of `mean` bars, all of them after the effort, is at most the `fall`th part of the effort's.
    """

    source: Source = "best"
    window: int = 50
    score: float = 2.0
    over: int = 3
    progress: float = 0.25
    near: float = 0.5
    width: int = 5
    oldest: int = 250
    within: int = 10
    mean: int = 3
    fall: float = 0.5


EXHAUSTION = ExhaustionRule()


def effort(bars: Bars, source: Source = "best", window: int = 50) -> Floats:
    """How many standard deviations |delta| lies above its mean, both of the `window` bars before; NaN where one of them
    is unknown or all are equal.
    """

    def compute() -> Floats:
        size = np.abs(delta(bars, source))
        mean, spread = (before(line) for line in trailing(size, window))
        score = np.full(len(bars), np.nan)
        np.divide(size - mean, spread, out=score, where=spread > 0)
        return score

    return bars.remember(("effort", source, window), compute)


def exhaustions(bars: Bars, rule: ExhaustionRule = EXHAUSTION) -> Setups:
    """Efforts at a level that led nowhere, known at the first close at which the delta has fallen.

    Kinds: sellers_exhausted (long), buyers_exhausted (short). Anchors: effort, and level, the bar of the nearest swing.
    stop: the lowest low (highest high) from the first bar of the progress through known_at. Of several efforts that are
    known at one close the last one counts. Features: f_z of the effort; f_progress in ATR, in the delta's direction;
    f_distance to the level in ATR; f_fall, the share of the effort's delta that is left, negative where it has turned.
    Vetoes none. Raises UserError where the delta is of no bar known.
    """

    def compute() -> Setups:
        words = repr(sorted(asdict(replace(rule, source=chosen(bars, rule.source))).items()))
        return ordered(of_side(bars, side, "order_flow_exhaustion", _side(bars, rule, side), words) for side in (1, -1))

    return bars.remember(("exhaustions", rule), compute)


def _side(bars: Bars, rule: ExhaustionRule, side: int) -> Rows:
    """The rows of one side, whose setups go against the delta."""
    pressed, score, reach = -side * delta(bars, rule.source), effort(bars, rule.source, rule.window), bar_atr(bars)
    moved, progress = np.full(len(bars), np.nan), np.full(len(bars), np.nan)
    moved[rule.over :] = -side * (bars.close[rule.over :] - bars.close[: -rule.over])
    np.divide(moved, reach, out=progress, where=reach > 0)
    at = np.flatnonzero((score >= rule.score) & (pressed > 0) & (progress <= rule.progress))
    levels, price = swing_levels(bars, rule.width), bars.low if side > 0 else bars.high
    row, apart = nearest(levels, price[at], at, rule.oldest)
    known, left = _fallen(pressed, at, rule.within, rule.mean, rule.fall)
    rows = np.flatnonzero((apart <= rule.near * reach[at]) & (known >= 0))
    # of each close the last effort: the first one from behind
    _, first = np.unique(known[rows][::-1], return_index=True)
    rows = rows[::-1][first]
    at, known = at[rows], known[rows]
    features = {
        "f_z": score[at],
        "f_progress": progress[at],
        "f_distance": apart[rows] / reach[at],
        "f_fall": left[rows],
    }
    anchors = {"level": levels.bar[row[rows]], "effort": at}
    kind = np.full(len(at), "sellers_exhausted" if side > 0 else "buyers_exhausted")
    return Rows(kind, anchors, at - rule.over, known, features)


@kernel
def _fallen(pressed: Floats, at: Ints, within: int, mean: int, fall: float) -> tuple[Ints, Floats]:
    """For each effort the bar at whose close the mean delta after it has fallen, -1 never, and the share left then."""
    known, left = np.full(len(at), -1), np.full(len(at), np.nan)
    for i in range(len(at)):
        for t in range(at[i] + mean, min(at[i] + within + 1, len(pressed))):
            total = 0.0
            for j in range(t - mean + 1, t + 1):
                total += pressed[j]
            share = total / mean / pressed[at[i]]
            if share <= fall:
                known[i], left[i] = t, share
                break
    return known, left
