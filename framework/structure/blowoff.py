"""Blow-off top and selling climax: a move that grows ever faster, far from its average, and ends with volume.

The bullish side is written once: the climax of a fall, which is a long. The blow-off top is the same code on mirrored
series: log prices and returns negated, highs and lows exchanged; the volume stays.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import bar_atr, bar_ema, settled
from ..setups import Setups, ordered
from .sides import Rows, of_side
from .volume import relative_volume

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

FLOOR = 1e-12  # of the log price: residuals below it are rounding


@dataclass(frozen=True)
class BlowOffRule:
    """What counts as a blow-off top. The return over `over` bars stands at the `percentile`th of the `back` ones before
    it or above; the quadratic term of the log closes of `fit` bars has a t value above `curvature`; the close
    lies at least `stretch` ATR above the `average` EMA. Known at the first close below the `fast` EMA with at least
    `volume` times the mean volume of the `mean` bars before, at most `within` bars later.
    """

    over: int = 20
    back: int = 250
    percentile: float = 95.0
    fit: int = 20
    curvature: float = 2.0
    average: int = 20
    stretch: float = 3.0
    fast: int = 5
    volume: float = 1.5
    mean: int = 20
    within: int = 10


BLOW_OFF = BlowOffRule()


def curvature(bars: Bars, fit: int = 20) -> Floats:
    """The t value of the quadratic term of a least-squares parabola through the last `fit` (4 or more) log closes.

    Positive where the move bends upwards. NaN in the warm-up; next to 0 where the closes lie on a line.
    """
    return bars.remember(("curvature", fit), lambda: _curvature(np.log(bars.close), fit))


def stretch(bars: Bars, average: int = 20) -> Floats:
    """How far the close is above its EMA, in ATR; NaN in the warm-up or without a range."""

    def compute() -> Floats:
        reach, ratio = bar_atr(bars), np.full(len(bars), np.nan)
        np.divide(settled(bars.close - bar_ema(bars, average), bars.close), reach, out=ratio, where=reach > 0)
        return ratio

    return bars.remember(("stretch", average), compute)


def blow_offs(bars: Bars, rule: BlowOffRule = BLOW_OFF) -> Setups:
    """Blow-offs that have ended, known at the close that says so.

    Kinds: blow_off_top (short), selling_climax (long). Anchor: blow_off, the last bar that was one. stop: the highest
    high (lowest low) from the first bar of its parabola through known_at. Features: f_return_percentile of the return,
    0 to 100, f_curvature_t and f_stretch in ATR at the blow-off, the last two negative of a climax; f_volume_ratio at
    known_at. Vetoes none. Raises UserError where the volume of no bar is known.
    """

    def compute() -> Setups:
        words = repr(sorted(asdict(rule).items()))
        return ordered(of_side(bars, side, "blow_off", _side(bars, rule, side), words) for side in (1, -1))

    return bars.remember(("blow_offs", rule), compute)


def _side(bars: Bars, rule: BlowOffRule, side: int) -> Rows:
    """The rows of one side, whose setups go against the move."""
    far, bend, busy = stretch(bars, rule.average), curvature(bars, rule.fit), relative_volume(bars, usual=rule.mean)
    at = np.flatnonzero((-side * far >= rule.stretch) & (-side * bend > rule.curvature))
    gain = np.full(len(bars), np.nan)
    gain[rule.over :] = bars.close[rule.over :] / bars.close[: -rule.over]  # of the price as it is: ranks need no logs
    rank = _ranks(-side * gain, at, rule.back)
    at, rank = at[rank >= rule.percentile], rank[rank >= rule.percentile]
    turned = side * settled(bars.close - bar_ema(bars, rule.fast), bars.close) > 0
    ends = np.append(np.flatnonzero(turned & (busy >= rule.volume)), len(bars) + rule.within)
    known = ends[np.searchsorted(ends, at, side="right")]
    last = np.append(known[1:] != known[:-1], True)[: len(at)]  # of each end the last blow-off
    rows = last & (known - at <= rule.within)
    at, known, rank = at[rows], known[rows], rank[rows]
    features = {
        "f_return_percentile": rank if side < 0 else 100.0 - rank,
        "f_curvature_t": bend[at],
        "f_stretch": far[at],
        "f_volume_ratio": busy[known],
    }
    kind = np.full(len(at), "selling_climax" if side > 0 else "blow_off_top")
    return Rows(kind, {"blow_off": at}, at - rule.fit + 1, known, features)


@kernel
def _ranks(x: Floats, at: Ints, back: int) -> Floats:
    """Percent of the `back` values before each bar that lie below its own, equal ones half; NaN where one is."""
    found = np.full(len(at), np.nan)
    for i in range(len(at)):
        first, below, unknown = at[i] - back, 0.0, False
        for j in range(max(first, 0), at[i]):
            below += (x[j] < x[at[i]]) + 0.5 * (x[j] == x[at[i]])
            unknown = unknown or np.isnan(x[j])
        if first >= 0 and not unknown:
            found[i] = 100.0 * below / back
    return found


@kernel
def _curvature(y: Floats, n: int) -> Floats:
    """By orthogonal polynomials: the quadratic term is alone in having the third of them."""
    found = np.full(len(y), np.nan)
    line = np.arange(n) - (n - 1) / 2
    bow = line**2 - np.mean(line**2)
    lines, bows = np.sum(line**2), np.sum(bow**2)
    for t in range(n - 1, len(y)):
        window = y[t - n + 1 : t + 1] - y[t]
        mean, slope, bend = 0.0, 0.0, 0.0
        for i in range(n):
            mean += window[i] / n
            slope += line[i] * window[i] / lines
            bend += bow[i] * window[i] / bows
        squares = 0.0
        for i in range(n):
            squares += (window[i] - mean - slope * line[i] - bend * bow[i]) ** 2
        found[t] = bend * np.sqrt(bows) / max(np.sqrt(squares / (n - 3)), FLOOR)
    return found
