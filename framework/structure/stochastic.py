"""The stochastic's lines as a chart reader takes them: crosses, zones, grinding, the three settings side by side.

Everything is written for the bullish side. The bearish side is the same code on mirrored lines: k and d negated, a
level of x points being x - 100 there (100 - k would round two values to one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..indicators import WAVES, Stochastic, bar_stochastic
from ..setups import Setups, ordered
from .sides import Rows, of_side

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Wave: TypeAlias = tuple[int, int, int]

OVERSOLD = 20.0  # points; overbought is 100 less that
REACH = 3  # periods of the wave: the farthest back that the extreme of a cross is looked for


@dataclass(frozen=True)
class Grinding:
    """When crosses are unreliable: of the last `bars` at least `beyond` lie in one extreme zone (`level` points deep)
    and k moves sideways there: in a range of less than `span` points, or crossing d at least `crosses` times.
    """

    bars: int = 10
    beyond: int = 8
    level: float = OVERSOLD
    span: float = 10.0
    crosses: int = 3


GRINDING = Grinding()


@dataclass(frozen=True, eq=False)
class View:
    """What one side looks at: for the bearish side the lines are mirrored."""

    side: int
    k: Floats
    d: Floats

    def level(self, points: float) -> float:
        """A level of the oscillator, given for the bullish side."""
        return points if self.side > 0 else points - 100.0


def wave_name(wave: Wave) -> str:
    """As it is spoken and written in a configuration: 5-3-3."""
    return "-".join(map(str, wave))


def views(lines: Stochastic) -> tuple[View, View]:
    """The bullish and the bearish side of a symbol's lines."""
    return View(1, lines.k, lines.d), View(-1, -lines.k, -lines.d)


def crossed(k: Floats, d: Floats) -> Bools:
    """Golden crosses: k at or below d at the bar before, above it at this one. Of the negated lines: death crosses."""
    found = np.zeros(len(k), bool)
    found[1:] = (k[:-1] <= d[:-1]) & (k[1:] > d[1:])
    return found


def crosses(bars: Bars, wave: Wave) -> Setups:
    """All golden_cross and death_cross of one setting, known at their own close.

    stop: the lowest low since the opposite cross before it, at most three periods back (a death cross: highest high).
    Features: f_from_zone 1 when k or d lay in the zone it comes from (below 20, death cross: above 80) at the cross or
    the bar before; f_k in points; f_grinding 1 when the line grinds, see `grinding`. Vetoes none.
    """

    def side(view: View) -> Setups:
        known = np.flatnonzero(crossed(view.k, view.d))
        lower = np.minimum(view.k, view.d)
        features = {
            "f_from_zone": (np.minimum(lower[known - 1], lower[known]) < view.level(OVERSOLD)).astype(float),
            "f_k": lines.k[known],
            "f_grinding": bar_grinding(bars, wave)[known],
        }
        kind = np.full(len(known), "golden_cross" if view.side > 0 else "death_cross")
        opposite = np.flatnonzero(crossed(-view.k, -view.d))
        row = np.searchsorted(opposite, known)  # the how-manieth opposite cross is the last one before
        since = np.concatenate([[0], opposite])[row]
        start = np.maximum(since, known - REACH * wave[0])
        return of_side(bars, view.side, rule, Rows(kind, {"cross": known}, start, known, features))

    lines, rule = bar_stochastic(bars, wave), f"stochastic_{wave_name(wave)}_cross"
    return bars.remember(("stochastic_crosses", wave), lambda: ordered(side(view) for view in views(lines)))


def bar_grinding(bars: Bars, wave: Wave) -> Floats:
    """`grinding` of one setting, computed once."""
    return bars.remember(("grinding", wave), lambda: grinding(*bar_stochastic(bars, wave)))


def grinding(k: Floats, d: Floats, rule: Grinding = GRINDING) -> Floats:
    """1 at the bars at whose close the line grinds in an extreme zone, 0 where not, NaN where a bar is undefined."""
    any_cross = crossed(k, d) | crossed(-k, -d)
    return _grinding(k, d, any_cross, rule.bars, rule.beyond, rule.level, rule.span, rule.crosses)


def compared(bars: Bars) -> dict[str, Floats]:
    """The three settings side by side, one number a bar each; NaN where undefined.

    direction_5-3-3 and so on: +1 k rises, -1 it falls, 0 it stands. zone_5-3-3: -1 below 20, +1 above 80, else 0.
    direction, zone: the sums over the three, -3 to 3.
    """

    def compute() -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        for wave in WAVES:
            k = bar_stochastic(bars, wave).k
            found[f"direction_{wave_name(wave)}"] = np.sign(np.diff(k, prepend=np.nan))
            zone = (k > 100.0 - OVERSOLD) * 1.0 - (k < OVERSOLD)
            found[f"zone_{wave_name(wave)}"] = np.where(np.isnan(k), np.nan, zone)
        for what in ("direction", "zone"):
            found[what] = np.asarray(sum(found[f"{what}_{wave_name(wave)}"] for wave in WAVES))
        return found

    return bars.remember(("waves_compared",), compute)


@kernel
def _grinding(
    k: Floats, d: Floats, cross: Bools, bars: int, beyond: int, level: float, span: float, crosses: int
) -> Floats:
    found = np.full(len(k), np.nan)
    defined = 0  # bars in a row at which both lines are
    for t in range(len(k)):
        defined = 0 if np.isnan(k[t]) or np.isnan(d[t]) else defined + 1
        if defined < bars:
            continue
        below, above, turned, least, most = 0, 0, 0, k[t], k[t]
        for j in range(t - bars + 1, t + 1):
            below += k[j] < level
            above += k[j] > 100.0 - level
            turned += cross[j]
            least, most = min(least, k[j]), max(most, k[j])
        found[t] = max(below, above) >= beyond and (most - least < span or turned >= crosses)
    return found
