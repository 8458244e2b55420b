"""What many claims are made of: setups of a kind as events, and what sets some of them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars, timeframe_step
from ..context import FEATURES, Higher, higher_state
from ..errors import MissingError
from ..indicators import bar_atr
from ..setups import Setups
from .contrasts import Across, order, subset
from .outcomes import Outcome, Race
from .units import Events, events

Floats: TypeAlias = NDArray[np.float64]
Seen: TypeAlias = Callable[[Bars], Setups]
Value: TypeAlias = Callable[[Bars, Setups], Floats]

RACE = Race()
HIGHER = ("4h", "1d", "1w")


def of_kind(setups: Setups, *words: str) -> Setups:
    """Those whose kind begins with one of the words."""
    mask = np.any([np.char.startswith(setups.kind, word) for word in words], axis=0)
    return setups.take(np.flatnonzero(mask))


def standing(setups: Setups) -> Setups:
    """Those whose extreme still stood when they were known."""
    broken = setups.features.get("f_broken_before_known", np.zeros(len(setups)))
    return setups.take(np.flatnonzero(broken != 1))


def of_traded(setups: Setups) -> Setups:
    """Those without a veto."""
    return setups.take(np.flatnonzero(setups.traded))


def having(seen: Seen, value: Value, outcome: Outcome = RACE) -> Across:
    """Setups with a feature against those without. value: 1 with, 0 without, NaN where it is undefined."""
    return subset(lambda bars: _valued(bars, seen(bars), value), outcome)


def ranked(seen: Seen, value: Value, outcome: Outcome = RACE) -> Across:
    """Setups over the ranks of a feature."""
    return order(lambda bars: _valued(bars, seen(bars), value), outcome)


def _valued(bars: Bars, setups: Setups, value: Value) -> Events:
    return events(setups, np.asarray(value(bars, setups), dtype=float))


def own(name: str, low: float = -np.inf, high: float = np.inf) -> Value:
    """Whether a setup's own feature lies from low to high."""

    def value(_: Bars, setups: Setups) -> Floats:
        x = setups.features[name]
        return np.where(np.isnan(x), np.nan, (x >= low) & (x <= high))

    return value


def raw(name: str, most: float = np.inf) -> Value:
    """A setup's own feature as a rank, at most so high."""
    return lambda _, setups: np.minimum(setups.features[name], most)


def context(name: str) -> Value:
    """Whether a feature of the context holds."""

    def value(bars: Bars, setups: Setups) -> Floats:
        x = FEATURES[name](bars, setups)
        return np.where(np.isnan(x), np.nan, x > 0)

    return value


def above(bars: Bars, timeframe: str) -> str:
    """That timeframe where it is higher than the bars', else the next higher one. Raises MissingError for none."""
    for one in (timeframe, *HIGHER):
        if timeframe_step(one) > bars.step:
            return one
    raise MissingError(bars.symbol, f"nothing is higher than {bars.timeframe}", "bars of a smaller timeframe")


def higher(timeframe: str, state: str) -> Value:
    """Whether a higher timeframe's state stands with the setup (see `above`); NaN where it is undefined."""

    def value(bars: Bars, setups: Setups) -> Floats:
        of = Higher(above(bars, timeframe), state)
        long, short = (higher_state(bars, of, side)[setups.known_at] for side in (1, -1))
        x = np.where(setups.direction > 0, long, short)
        return np.where(np.isnan(x), np.nan, x > 0)

    return value


def apart(bars: Bars, bar: NDArray[np.int64], price: Floats) -> Floats:
    """How far a price lies from each bar's close, in ATR."""
    return np.asarray(np.abs(bars.close[bar] - price) / bar_atr(bars)[bar])
