"""The claims about plain signals, so that every combination has its parts to beat."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...context import near_level
from ...indicators import WAVES, bar_rsi, bar_stochastic
from ...setups import Setups, ordered
from ...structure.averages import DoubleRule, average_crosses, average_double
from ...structure.momentum import Line, turns
from ...structure.sides import BEFORE, Rows, of_side
from ...structure.stochastic import Wave, crosses, wave_name
from ...structure.swings import swing_highs, swing_lows
from ...structure.traits import lowest_between, volume_ratio
from ..claim import Claim
from ..contrasts import Against, Contrast, by_volatility
from ..outcomes import Span
from ..populations import having, higher, ranked
from ..units import Events, at_bars, events
from .rsi import REGULAR, regular

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SHORT, MIDDLE, LONG = WAVES
APART = (5, 60)  # bars between two swings that are compared, as of a divergence
MIDLINE = 50.0
FIRST_IN_ZONE = "bars at which {} is first in the zone"
CONDITIONS = "RSI swings after one in the zone, price beyond it, with exactly 1, 2, 3 of the three"
ZONES = ({"zone": 10.0}, {"zone": 30.0}, {"leaves": True})


def zone_events(line: Floats, zone: float, leaves: bool = False) -> Events:
    """Bars at which a line from 0 to 100 is first below the zone's bound (of a short: above 100 less it), or with
    `leaves` first no longer. A line that begins in the zone has not entered it.
    """
    flags = {}
    for side in (1, -1):
        deep, known = side * (line - MIDLINE) < zone - MIDLINE, ~np.isnan(line)
        now, before = (~deep, deep) if leaves else (deep, ~deep)
        flags[side] = now & known
        flags[side][1:] &= (before & known)[:-1]
        flags[side][:1] = False
    return at_bars(flags)


def oversold(period: int = 14, **zone: Any) -> Contrast:
    return Against(lambda bars: zone_events(bar_rsi(bars, period), **({"zone": 30.0} | zone)))


def stretched(wave: Wave, **zone: Any) -> Contrast:
    return Against(lambda bars: zone_events(bar_stochastic(bars, wave).k, **({"zone": 20.0} | zone)))


def wave_crosses(bars: Bars, wave: Wave, from_zone: bool) -> Setups:
    found = crosses(bars, wave)
    return found.take(np.flatnonzero(found.features["f_from_zone"] == 1)) if from_zone else found


def stochastic_cross(wave: Wave = LONG, from_zone: bool = False) -> Contrast:
    return Against(lambda bars: events(wave_crosses(bars, wave, from_zone)))


def average_cross(fast: int = 5, slow: int = 20) -> Contrast:
    return Against(lambda bars: events(average_crosses(bars, fast, slow)))


def average_bottom(**rule: Any) -> Contrast:
    return Against(lambda bars: events(average_double(bars, DoubleRule(**rule))))


def momentum_turn(of: Line = "momentum", lengths: tuple[int, ...] = (10,)) -> Contrast:
    return Against(lambda bars: events(turns(bars, of, lengths)))


def new_extremes(bars: Bars, period: int, width: int) -> Setups:
    """RSI swings after one in the extreme zone, price beyond it and not beyond the second before that was known: with a
    divergence or without, so that neither volume nor a level needs one to be looked at.

    Kinds: lower_low, higher_high. Features: f_divergence 1 where the RSI is not beyond, f_volume_ratio.
    """
    rsi, bound = bar_rsi(bars, period), 30.0 - MIDLINE

    def of(side: int) -> Setups:
        low = bars.low if side > 0 else -bars.high
        swings = (swing_lows if side > 0 else swing_highs)(rsi, width, width).bar
        left, right = swings[:-1], swings[1:]
        gap, known = right - left, right + width
        kept = (low[right] < low[left]) & (side * (rsi[left] - MIDLINE) <= bound)
        kept &= (gap >= APART[0]) & (gap <= APART[1]) & (low[lowest_between(low, right + 1, known)] >= low[right])
        left, right, known = left[kept], right[kept], known[kept]
        features = {
            "f_divergence": (side * (rsi[right] - rsi[left]) > 0).astype(float),
            "f_volume_ratio": volume_ratio(bars.volume, left, right),
        }
        kind = np.full(len(known), "lower_low" if side > 0 else "higher_high")
        rows = Rows(kind, {"left_price": left, "right_price": right}, right - BEFORE, known, features)
        return of_side(bars, side, "rsi_new_extreme", rows, f"{period} {width}")

    return bars.remember(("new_extremes", period, width), lambda: ordered(of(side) for side in (1, -1)))


def three_together(period: int = 14, width: int = 5, quiet: float = 1.0) -> Contrast:
    """Exactly so many of: a divergence, less volume than at the left, an old level."""

    def seen(bars: Bars) -> Setups:
        bars.need("volume")
        return new_extremes(bars, period, width)

    def count(bars: Bars, setups: Setups) -> Floats:
        ratio = setups.features["f_volume_ratio"]
        quieter = np.where(np.isnan(ratio), np.nan, ratio < quiet)
        there = setups.features["f_divergence"] + quieter + near_level(bars, setups)
        return np.where(there == 0, np.nan, there)

    return ranked(seen, count)


def two_besides() -> Contrast:
    """How many of the other two a divergence has."""

    def seen(bars: Bars) -> Setups:
        bars.need("volume")
        setups = new_extremes(bars, 14, 5)
        return setups.take(np.flatnonzero(setups.features["f_divergence"] == 1))

    def count(bars: Bars, setups: Setups) -> Floats:
        ratio = setups.features["f_volume_ratio"]
        return np.where(np.isnan(ratio), np.nan, ratio < 1) + near_level(bars, setups)

    return ranked(seen, count)


def in_agreement(timeframe: str = "1d", wave: Wave = LONG, from_zone: bool = True) -> Contrast:
    """Crosses with which the higher timeframe's 20-12-12 goes, k on their side of d, against the others."""

    return having(lambda bars: wave_crosses(bars, wave, from_zone), higher(timeframe, "stochastic"))


def wider(period: int = 14, width: int = 5, horizon: int = 20) -> Contrast:
    """The range after a divergence, whichever way."""

    def find(bars: Bars) -> Events:
        known = regular(bars, period=period, width=width).known_at.astype(np.int64)
        return Events(known, np.ones(len(known), np.int64))

    return by_volatility(find, Span(horizon))


CLAIMS = (
    Claim("K65", "RSI below 30 bounces, above 70 it falls back.", "S4 §1, S3", FIRST_IN_ZONE.format("the RSI"),
          oversold, ({"period": 9}, {"period": 21}, {"zone": 20.0}, {"zone": 25.0}, {"leaves": True})),
    *(Claim(f"K66{letter}", f"Stochastic {wave_name(wave)} below 20 bounces, above 80 it falls back.", "S4 §2, S3",
            FIRST_IN_ZONE.format("%K"), partial(stretched, wave), ZONES)
      for letter, wave in zip("abc", WAVES, strict=True)),
    Claim("K67a", "A golden or death cross of the stochastic is followed by a move its way.", "S4 §2",
          "crosses of 20-12-12", stochastic_cross, ({"from_zone": True}, {"wave": MIDDLE}, {"wave": SHORT})),
    Claim("K67b", "A golden or death cross of the 5 and 20 averages is followed by a move its way.", "S4 §4",
          "crosses of EMA 5 and 20", average_cross,
          ({"fast": 20, "slow": 60}, {"fast": 60, "slow": 120}, {"fast": 10}, {"slow": 30})),
    Claim("K68", "A double bottom of the 5 average above the 20, a double top below it, is followed by a move its way.",
          "S4 §4", "double bottoms and tops of EMA 5 in the averages' order", average_bottom,
          ({"width": 1}, {"width": 3}, {"max_gap": 20}, {"aligned": "known"}, {"periods": (5, 20, 60)})),
    Claim("K71", "Momentum above zero continues upwards, below it downwards.", "S3", "turns of momentum 10",
          momentum_turn, ({"lengths": (14,)}, {"lengths": (20,)}, {"of": "macd", "lengths": (12, 26, 9)})),
    Claim("K75", "RSI divergence, declining volume and an old level together are better than apart.", "S4 §1",
          CONDITIONS, three_together, ({"period": 9}, {"period": 21}, {"width": 3}, {"width": 8}, {"quiet": 0.8}),
          also={"divergences by how many of the other two": two_besides}),
    Claim("K76", "A stochastic signal with which the higher timeframe's stochastic goes is better.", "S4 §2",
          "crosses of 20-12-12 from the zone", in_agreement,
          ({"timeframe": "12h"}, {"timeframe": "3d"}, {"from_zone": False}, {"wave": MIDDLE})),
    Claim("K79", "An RSI divergence precedes higher volatility.", "S4 §1", REGULAR, wider,
          ({"period": 9}, {"period": 21}, {"width": 3}, {"width": 8}, {"horizon": 10}), unit="ATR"),
)  # fmt: skip
