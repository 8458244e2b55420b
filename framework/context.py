"""What else was true when a setup was known: other rules' setups, levels, the market's state, a higher timeframe.

Every cross-rule feature is attached here, so that detectors need not know one another and no strategy needs a line for
it. All of it looks back: what it reads was known at the setup's `known_at`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .errors import MissingError, UserError, nearest
from .indicators import WAVES, bar_atr, bar_macd, bar_rsi, bar_stochastic
from .setups import EXTREME, Setups
from .structure.averages import alignment, ranging, regime, side_of_average
from .structure.divergence import DivergenceRule, rsi_divergences
from .structure.fibonacci import legs_near
from .structure.levels import near, swing_levels
from .structure.openinterest import marked_by_interest
from .structure.orderflow import exhaustions
from .structure.patterns import inside
from .structure.shoulders import head_and_shoulders
from .structure.timeframes import coarse
from .structure.traits import any_between, running
from .structure.volume import SURGE, relative_volume
from .structure.volume_divergence import obv_divergences
from .structure.waves import WaveRule, double_bottoms

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Find: TypeAlias = Callable[[Bars, Any], Setups]

WITHIN = 10  # bars back in which another rule's setup still says something
LONG = 20  # the same for those that take long to make
FRESH = 5  # bars of the higher timeframe for which a divergence there does
NEAR = 0.5  # ATR between a setup's extreme and a level
OLDEST = 250  # bars before the setup's first anchor from which levels are taken: any price is near one of all time
WIDTH = 5  # of the swings that are levels
OVERSOLD = 30.0  # RSI points; overbought is 100 less that


@dataclass(frozen=True)
class Higher:
    """A state of a higher timeframe. demand: `not_against` vetoes setups that stand against it, `with` all that do not
    stand with it, `recorded` none. boundary: the hour, UTC, at which a day begins.
    """

    timeframe: str
    state: str = "alignment"
    demand: str = "not_against"
    boundary: float = 0.0


@dataclass(frozen=True)
class Context:
    """features: recorded with every setup as `f_NAME`. require: of these, what must hold for it to be traded; refuse:
    what must not.
    """

    features: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    higher: Higher | None = None

    def __post_init__(self) -> None:
        for where in ("features", "require", "refuse"):
            for name in getattr(self, where):
                if name not in FEATURES:
                    raise UserError(f"context.{where}", f"'{name}' is none", nearest(name, FEATURES))
        higher = self.higher
        if higher and higher.state not in STATES:
            raise UserError("higher.state", f"'{higher.state}' is none", nearest(higher.state, STATES))
        if higher and higher.demand not in DEMANDS:
            raise UserError("higher.demand", f"'{higher.demand}' is none", nearest(higher.demand, DEMANDS))


def seen(find: Find, context: Context) -> Find:
    """A rule's `setups` with its context attached, and vetoed where the context asks for it."""
    if context == Context():
        return find
    return lambda bars, params: attached(bars, find(bars, params), context)


def attached(bars: Bars, setups: Setups, context: Context) -> Setups:
    """The setups with the context's features; those that it rules out bear a veto."""
    names = dict.fromkeys((*context.features, *context.require, *context.refuse))
    made = {f"f_{name}": _asked(name, bars, setups) for name in names}
    higher = context.higher
    if higher:
        of_long, of_short = (higher_state(bars, higher, side)[setups.known_at] for side in (1, -1))
        made["f_higher"] = np.where(setups.direction > 0, of_long, of_short)
    found = dataclasses.replace(setups, features=dict(setups.features) | made)
    for name in context.require:
        found = found.refuse(~(made[f"f_{name}"] > 0), f"without {name}")
    for name in context.refuse:
        found = found.refuse(made[f"f_{name}"] > 0, f"with {name}")
    if higher and higher.demand == "with":
        found = found.refuse(~(made["f_higher"] > 0), "not with the higher timeframe")
    if higher and higher.demand == "not_against":
        found = found.refuse(made["f_higher"] < 0, "against the higher timeframe")
    return found


def _asked(name: str, bars: Bars, setups: Setups) -> Floats:
    try:
        return FEATURES[name](bars, setups)
    except MissingError as error:
        right = f"a market that knows it, or no {name} in [context]"
        raise MissingError(f"context.{name}: {error.where}", error.wrong, right) from None


def higher_state(bars: Bars, higher: Higher, side: int) -> Floats:
    """How the last coarse bar closed at each bar's close stands to a long (side +1) or a short (-1): +1 with it, -1
    against it, 0 neither, NaN undefined.
    """
    wide = coarse(bars, higher.timeframe, higher.boundary)
    return wide.values(lambda of: STATES[higher.state](of, side))


def same_side(setups: Setups, other: Setups, within: int = WITHIN) -> Floats:
    """1 where another setup of the same side was known at most `within` bars before (or at) a setup's known_at."""
    found = np.zeros(len(setups))
    for side in (1, -1):
        known = np.sort(other.known_at[other.direction == side])
        at = setups.known_at
        last = np.searchsorted(known, at, side="right") - 1
        age = np.where(last >= 0, at - known[np.maximum(last, 0)] if len(known) else 0, within + 1)
        found[(setups.direction == side) & (age <= within)] = 1.0
    return found


def near_level(bars: Bars, setups: Setups) -> Floats:
    """1 where the setup's price (`_price`) lies within half an ATR of a swing made before its first anchor and known by
    its `known_at`, 0 where not; NaN without a price or an ATR.
    """
    begins = np.min([setups.known_at, *setups.anchors.values()], axis=0)
    reach = NEAR * bar_atr(bars)[setups.known_at]
    return near(swing_levels(bars, WIDTH), _price(bars, setups), reach, begins - OLDEST, begins, setups.known_at.copy())


def near_fibonacci(bars: Bars, setups: Setups) -> Floats:
    """1 where the setup's price (`_price`) lies within half an ATR of a Fibonacci level of one of the last five legs
    known by its `known_at`, 0 where not; NaN without a price or an ATR. Five legs have 25 levels: about half of all
    closes are near one, so that by itself this says little.
    """
    price, reach = _price(bars, setups), NEAR * bar_atr(bars)[setups.known_at]
    return np.where(np.isnan(price + reach), np.nan, legs_near(bars, price, setups.known_at, reach) > 0)


def _price(bars: Bars, setups: Setups) -> Floats:
    """Where a setup turned: its right swing's price where it has one, else its extreme's, else that of its stop."""
    at = setups.anchors.get("right_price", setups.anchors.get(EXTREME))
    if at is None:
        return setups.stop.copy()
    return np.where(setups.direction > 0, bars.low[at], bars.high[at])


def rsi_extreme(bars: Bars, setups: Setups) -> Floats:
    """1 where the RSI(14) was at or below 30 (of a short: at or above 70) at known_at or in the ten bars before."""
    rsi, at = bar_rsi(bars, 14), setups.known_at
    first = np.maximum(at - WITHIN, 0)
    long, short = any_between(rsi <= OVERSOLD, first, at), any_between(rsi >= 100 - OVERSOLD, first, at)
    return np.where(np.isnan(rsi[at]), np.nan, np.where(setups.direction > 0, long, short))


def volume_surge(bars: Bars, setups: Setups) -> Floats:
    """1 where the bar at which the setup is known has at least 1.5 times the mean volume of the 20 before it."""
    ratio = relative_volume(bars)[setups.known_at]
    return np.where(np.isnan(ratio), np.nan, ratio >= SURGE)


def obv_turns(bars: Bars) -> Setups:
    found = obv_divergences(bars, DivergenceRule())
    return found.take(np.flatnonzero(np.char.startswith(found.kind, "regular") & found.traded))


def plain_divergences(bars: Bars) -> Setups:
    """Regular ones whose left side was extreme: those that a chart reader calls a divergence."""

    def compute() -> Setups:
        found = rsi_divergences(bars, 14, DivergenceRule())
        regular = np.char.startswith(found.kind, "regular")
        return found.take(np.flatnonzero(regular & (found.features["f_left_extreme"] == 1)))

    return bars.remember(("context_divergences",), compute)


def _doubles(bars: Bars, setups: Setups) -> Floats:
    """How many of the three stochastics have completed a double bottom (of a short: top) shortly before."""
    counts = [same_side(setups, double_bottoms(bars, wave, WaveRule())) for wave in WAVES]
    return np.asarray(np.sum(counts, axis=0))


def _diverging(bars: Bars, side: int) -> Floats:
    """+1 where a divergence of that side is fresh, whatever the other side has, -1 where only one of the other is."""
    found, fresh = plain_divergences(bars), {}
    for of in (side, -side):
        known = found.known_at[found.direction == of]
        fresh[of] = running(known, known + FRESH + 1, len(bars))
    state = np.where(fresh[side], 1.0, np.where(fresh[-side], -1.0, 0.0))
    return np.where(np.isnan(bar_rsi(bars, 14)), np.nan, state)


def _wave(bars: Bars) -> Floats:
    long = bar_stochastic(bars, WAVES[-1])
    return long.k - long.d


def _by_sign(line: Callable[[Bars], Floats]) -> Callable[[Bars, int], Floats]:
    """Above zero is with a long and against a short."""
    return lambda bars, side: side * np.sign(line(bars))


STATES: Mapping[str, Callable[[Bars, int], Floats]] = {
    "alignment": _by_sign(alignment),
    "average_20": _by_sign(lambda bars: side_of_average(bars, 20)),
    "average_200": _by_sign(regime),
    "stochastic": _by_sign(_wave),
    "rsi": _by_sign(lambda bars: bar_rsi(bars, 14) - 50),
    "macd": _by_sign(lambda bars: bar_macd(bars).histogram),
    "divergence": _diverging,
}
DEMANDS = ("not_against", "with", "recorded")
FEATURES: Mapping[str, Callable[[Bars, Setups], Floats]] = {
    "near_level": near_level,
    "rsi_divergence": lambda bars, setups: same_side(setups, plain_divergences(bars)),
    "rsi_divergence_20": lambda bars, setups: same_side(setups, plain_divergences(bars), LONG),
    "head_and_shoulders": lambda bars, setups: same_side(setups, head_and_shoulders(bars), LONG),
    "inside_triangle": lambda bars, setups: inside(bars)[setups.known_at].astype(float),
    "stochastic_double": _doubles,
    "ranging": lambda bars, setups: ranging(bars)[setups.known_at],
    "near_fibonacci": near_fibonacci,
    "rsi_extreme": rsi_extreme,
    "volume_surge": volume_surge,
    "obv_divergence": lambda bars, setups: same_side(setups, obv_turns(bars)),
    "order_flow_exhaustion": lambda bars, setups: same_side(setups, exhaustions(bars)),
    "oi_confirms": lambda bars, setups: marked_by_interest(bars, setups)["f_oi_confirms"],
    "oi_vetoes": lambda bars, setups: marked_by_interest(bars, setups)["f_oi_vetoes"],
    "with_alignment": lambda bars, setups: setups.direction * alignment(bars)[setups.known_at],
    "with_regime": lambda bars, setups: setups.direction * regime(bars)[setups.known_at],
}
