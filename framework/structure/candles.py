"""Candles: TA-Lib's 61 patterns by plain names, and the pin bar, which it has not. All known at their bar's close."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import talib
import talib.abstract
from numpy.typing import NDArray

from ..bars import Bars
from ..errors import UserError, nearest
from ..indicators import settled

Floats: TypeAlias = NDArray[np.float64]

# TA-Lib's own names, spelled out: CDL3BLACKCROWS is three_black_crows.
CANDLES = (
    *("abandoned_baby", "advance_block", "belt_hold", "breakaway", "closing_marubozu", "conceal_baby_swall"),
    *("counter_attack", "dark_cloud_cover", "doji", "doji_star", "dragonfly_doji", "engulfing"),
    *("evening_doji_star", "evening_star", "gap_side_side_white", "gravestone_doji", "hammer", "hanging_man"),
    *("harami", "harami_cross", "high_wave", "hikkake", "hikkake_mod", "homing_pigeon", "identical_three_crows"),
    *("in_neck", "inverted_hammer", "kicking", "kicking_by_length", "ladder_bottom", "long_legged_doji"),
    *("long_line", "marubozu", "mat_hold", "matching_low", "morning_doji_star", "morning_star", "on_neck"),
    *("piercing", "rickshaw_man", "rise_fall_three_methods", "separating_lines", "shooting_star", "short_line"),
    *("spinning_top", "stalled_pattern", "stick_sandwich", "takuri", "tasuki_gap", "three_black_crows"),
    *("three_inside", "three_line_strike", "three_outside", "three_stars_in_south", "three_white_soldiers"),
    *("thrusting", "tristar", "two_crows", "unique_three_river", "upside_gap_two_crows", "x_side_gap_three_methods"),
)
BODIES, SHARE, OTHER = (
    2.0,
    0.6,
    0.2,
)  # of a pin bar: wick in bodies and in ranges at least, other wick in ranges at most


def candle(bars: Bars, name: str) -> Floats:
    """+1 bullish, -1 bearish, 0 none, at the last bar of the pattern; NaN in TA-Lib's warm-up.

    A doji and its like have no side: TA-Lib gives them +1. A hikkake is marked at its bar and again when confirmed.
    Raises UserError for a name that is not in `CANDLES`.
    """
    if name not in CANDLES:
        raise UserError("candle", f"'{name}' is none", nearest(name, CANDLES))
    return bars.remember(("candle", name), lambda: _candle(bars, name))


def _candle(bars: Bars, name: str) -> Floats:
    function = "CDL" + name.replace("three", "3").replace("two", "2").replace("_", "").upper()
    described: Any = talib.abstract  # its functions are made at run time, so no type checker knows them
    warm = described.Function(function).lookback
    found = np.full(len(bars), np.nan)
    if len(bars) > warm:
        found[warm:] = np.sign(getattr(talib, function)(bars.open, bars.high, bars.low, bars.close))[warm:]
    return found


def pin_bar(bars: Bars) -> Floats:
    """+1 a long lower wick, -1 a long upper one, 0 neither, and on a bar without range.

    The wick is at least twice the body and 60 % of the range, the other one at most 20 % of it. Colour does not count.
    """

    def compute() -> Floats:
        body, whole = np.abs(bars.close - bars.open), bars.high - bars.low
        upper = bars.high - np.maximum(bars.open, bars.close)
        lower = np.minimum(bars.open, bars.close) - bars.low

        def long(wick: Floats, other: Floats) -> NDArray[np.bool_]:
            spare = np.minimum(wick - np.maximum(BODIES * body, SHARE * whole), OTHER * whole - other)
            return np.asarray((settled(spare, bars.close) >= 0) & (whole > 0))

        return np.asarray(long(lower, upper) * 1.0 - long(upper, lower))

    return bars.remember(("pin_bar",), compute)


def turning(bars: Bars, side: int) -> NDArray[np.bool_]:
    """True at a candle that turns price to `side`: a pin bar, engulfing, a hammer.

    Of a short it is the hammer of mirrored prices: a shooting star, but without the gap that TA-Lib's asks for.
    """

    def hammer() -> Floats:
        if side > 0:
            return candle(bars, "hammer")
        return -talib.CDLHAMMER(-bars.open, -bars.low, -bars.high, -bars.close) / 100.0

    found = [pin_bar(bars), candle(bars, "engulfing"), bars.remember(("hammer", side), hammer)]
    return np.asarray(np.any(np.array(found) == side, axis=0))
