"""The claims about momentum, and about when trend and oscillators are to be believed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...indicators import bar_rsi
from ...setups import Setups
from ...structure.averages import SET, RangeRule, alignment, average_crosses, ranging
from ...structure.divergence import DivergenceRule
from ...structure.momentum import Line, line_divergences, turns
from ...structure.stochastic import Wave
from ..claim import Claim
from ..contrasts import Against, Contrast, subset
from ..populations import having, of_kind, standing
from ..units import Events, at_bars, events, together
from .plain import LONG, MIDDLE, SHORT, wave_crosses, zone_events

Floats: TypeAlias = NDArray[np.float64]
Lengths: TypeAlias = tuple[int, ...]

MACD = (12, 26, 9)
EITHER_RANGE = ({"tight": 1.5}, {"level": 0.03})
# Where averages cross they lie close together and the 20 is flat, nearly always: a range that tells crosses apart is
# one of slower averages, of which the 60 moves a third as fast.
SLOWER = RangeRule(periods=(20, 60, 120), period=60, level=0.03)
SLOWER_RANGES = ({"tight": 1.5}, {"level": 0.05}, {"period": 120, "level": 0.015})
WIDTHS = ({"width": 3}, {"width": 8}, {"pairing": "price"})


def _in_range(rule: RangeRule) -> Callable[[Bars, Setups], Floats]:
    return lambda bars, setups: ranging(bars, rule)[setups.known_at]


def momentum_in_chop(of: Line = "momentum", lengths: Lengths = (10,), **rule: Any) -> Contrast:
    return having(lambda bars: turns(bars, of, lengths), _in_range(RangeRule(**rule)))


def warning(of: Line, lengths: Lengths, width: int = 5, pairing: Any = "oscillator") -> Contrast:
    def find(bars: Bars) -> Events:
        found = line_divergences(bars, of, lengths, DivergenceRule(left=width, right=width, pairing=pairing))
        return events(of_kind(standing(found), "regular"))

    return Against(find)


def momentum_warns(of: Line = "momentum", lengths: Lengths = (10,), **rule: Any) -> Contrast:
    return warning(of, lengths, **rule)


def macd_warns(of: Line = "histogram", lengths: Lengths = MACD, **rule: Any) -> Contrast:
    return warning(of, lengths, **rule)


def aligned(periods: tuple[int, ...] = SET) -> Contrast:
    """Every bar in alignment, against bars that are not in that one."""

    def find(bars: Bars) -> Events:
        state = alignment(bars, periods)
        return at_bars({side: state == side for side in (1, -1)})

    return Against(find)


def _oscillators(bars: Bars, wave: Wave) -> Events:
    """The RSI first in its extreme zone, and the stochastic's crosses from its own; not compared with one another."""
    waves = events(wave_crosses(bars, wave, True))
    return together(
        zone_events(bar_rsi(bars, 14), 30.0), dataclasses.replace(waves, group=np.ones(len(waves), np.int64))
    )


def oscillators_in_range(wave: Wave = MIDDLE, **rule: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        found = _oscillators(bars, wave)
        return dataclasses.replace(found, arm=ranging(bars, dataclasses.replace(SLOWER, **rule))[found.bar])

    return subset(find)


def crosses_in_range(fast: int = 5, slow: int = 20, **rule: Any) -> Contrast:
    return having(lambda bars: average_crosses(bars, fast, slow), _in_range(dataclasses.replace(SLOWER, **rule)))


def oscillators_against_crosses() -> Contrast:
    """In ranges alone."""

    def find(bars: Bars) -> Events:
        waves, averages = _oscillators(bars, MIDDLE), events(average_crosses(bars))
        one_kind = np.zeros(len(waves), np.int64)
        both = together(
            dataclasses.replace(waves, group=one_kind), dataclasses.replace(averages, arm=np.zeros(len(averages)))
        )
        return both.take(ranging(bars, SLOWER)[both.bar] == 1)

    return subset(find)


def in_control(stays: int = 10, period: int = 14) -> Contrast:
    """Bars at which the RSI has been on one side of its 50 line for so many closes in a row."""

    def find(bars: Bars) -> Events:
        rsi, every = bar_rsi(bars, period), np.arange(len(bars))
        flags = {}
        for side in (1, -1):
            off = np.where(side * (rsi - 50) > 0, -1, every)
            flags[side] = every - np.maximum.accumulate(off) == stays
        return at_bars(flags)

    return Against(find)


CLAIMS = (
    Claim("K55", "Momentum signals fail in chop.", "S3", "turns of momentum 10", momentum_in_chop,
          ({"lengths": (14,)}, {"lengths": (20,)}, {"of": "histogram", "lengths": MACD}, *EITHER_RANGE), expects=-1),
    Claim("K56a", "A momentum divergence warns of a reversal.", "S3", "regular divergences of momentum 10",
          momentum_warns, ({"lengths": (14,)}, {"lengths": (20,)}, *WIDTHS)),
    Claim("K56b", "A MACD divergence warns of a reversal.", "S3", "regular divergences of the MACD's histogram",
          macd_warns, ({"of": "macd"}, {"lengths": (8, 17, 9)}, *WIDTHS)),
    Claim("K62", "In bullish alignment a buy bias is right, in bearish a sell bias.", "S4 §4", "bars in alignment",
          aligned, ({"periods": (5, 20, 60)}, {"periods": (20, 60, 120)}, {"periods": (5, 20, 120)}), mechanical=True),
    Claim("K63a", "In ranges oscillators work better than elsewhere.", "S4 §4",
          "RSI first beyond 30, 70; crosses of 10-6-6 from the zone", oscillators_in_range,
          ({"wave": SHORT}, {"wave": LONG}, *SLOWER_RANGES),
          also={"in ranges, against crosses of the averages": oscillators_against_crosses}, mechanical=True),
    Claim("K63b", "In ranges crosses of the averages work worse than elsewhere.", "S4 §4", "crosses of EMA 5 and 20",
          crosses_in_range, ({"fast": 10}, {"slow": 30}, *SLOWER_RANGES), expects=-1),
    Claim("K64", "While the RSI stays above 50 buyers are in control, below it sellers.", "S4 §1",
          "bars at which it has stayed for ten closes", in_control,
          ({"stays": 5}, {"stays": 20}, {"stays": 1}, {"period": 9}, {"period": 21})),
)  # fmt: skip
