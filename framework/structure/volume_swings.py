"""Volume at swings: each swing against the one of its kind before it, and what the two are taken to say.

The sources contradict one another on what a fall with rising volume means. So there are three conventions and no
default, and what is found is the same in all of them: they can be compared event by event.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr, settled
from ..setups import Setups
from .sides import Rows
from .swings import swing_lows
from .traits import volume_ratio
from .volume import volume_of

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Convention: TypeAlias = Literal["confirmation", "exhaustion", "climax"]


@dataclass(frozen=True)
class ClimaxRule:
    """What a selling climax is. volume: times the median of the `over` bars before; reach: the bar's range in ATR, its
    own; quiet: bars after it without a close below its own.
    """

    volume: float = 2.5
    over: int = 50
    reach: float = 2.0
    quiet: int = 5


CLIMAX = ClimaxRule()


class Pairs(NamedTuple):
    """Swings, each with the one of its kind before it. price: +1 the right one is higher, -1 lower, 0 equal, of the
    mirrored series for highs; volume: that at the right one over that at the left, NaN unknown.
    """

    left: Ints
    right: Ints
    known_at: Ints
    price: Floats
    volume: Floats


def moved(ratio: Floats) -> Floats:
    """+1 where a ratio of volumes says more, -1 less, 0 equal but for rounding; NaN unknown."""
    return np.sign(settled(ratio - 1.0, np.ones(len(ratio))))


def swing_pairs(bars: Bars, side: int, width: int, sessions: bool) -> Pairs:
    """The swing lows (side +1) or highs (side -1) but the first, with the one before. Volume at a swing: the mean of
    the three bars ending there.
    """

    def compute() -> Pairs:
        swings = swing_lows(bars.low if side > 0 else -bars.high, width, width)
        left, right = swings.bar[:-1], swings.bar[1:]
        ratio = volume_ratio(volume_of(bars, sessions), left, right)
        return Pairs(left, right, swings.known_at[1:], np.sign(np.diff(swings.price)), ratio)

    return bars.remember(("swing_pairs", side, width, sessions), compute)


def climaxes(bars: Bars, bar: Ints, sessions: bool, rule: ClimaxRule = CLIMAX) -> Bools:
    """Whether each bar is a selling climax: loud, wide, closed in its upper half, no lower close in the bars after.

    Known `rule.quiet` bars after the bar, which must be there. What is undefined is no climax.
    """
    volume, close = volume_of(bars, sessions), bars.close
    high, low = bars.high[bar], bars.low[bar]
    loud = (volume[bar] > 0) & (volume[bar] >= rule.volume * _median_before(volume, bar, rule.over))
    wide = (high > low) & (high - low >= rule.reach * bar_atr(bars)[bar])
    after = bar[:, None] + np.arange(1, rule.quiet + 1)
    held = (close[after] >= close[bar][:, None]).all(axis=1)
    return np.asarray(loud & wide & (2 * close[bar] >= high + low) & held)


def interpreted(bars: Bars, found: Setups, rule: Any, traded: Bools) -> Setups:
    """The setups of `rule` with vetoes on those that its convention does not trade or that are no climax."""
    found = found.refuse(~traded, f"no signal in {rule.convention}")
    if rule.convention != "climax":
        return found
    refused, asked = np.zeros(len(found), bool), np.flatnonzero(traded)
    refused[asked] = ~climaxes(bars, found.anchors["right"][asked], rule.sessions)
    return found.refuse(refused, "no climax")


def detection(rule: Any) -> str:
    """What of the rule finds the events; its convention only reads them."""
    return repr(sorted((name, value) for name, value in asdict(rule).items() if name != "convention"))


def taken(rows: Rows, mask: Bools) -> Rows:
    """The rows in `mask`."""
    anchors = {name: bar[mask] for name, bar in rows.anchors.items()}
    features = {name: values[mask] for name, values in rows.features.items()}
    return Rows(rows.kind[mask], anchors, rows.start[mask], rows.known_at[mask], features)


def _median_before(volume: Floats, bar: Ints, over: int) -> Floats:
    """The median volume of the `over` bars before each bar; NaN where they are not all there or one is unknown."""
    window = volume[np.maximum(bar[:, None] - np.arange(1, over + 1), 0)]
    known = (bar >= over) & ~np.isnan(window).any(axis=1)
    median = np.full(len(bar), np.nan)
    median[known] = np.median(window[known], axis=1)
    return median
