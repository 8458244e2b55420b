"""Momentum, MACD and their divergences from their definitions, the two sides written out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from . import divergence
from .averages import Found
from .oscillators import macd, momentum

NAN = math.nan
ZONE = ("f_left_extreme", "f_left_depth", "f_right_depth", "f_left_width", "f_right_width", "f_width_ratio")


def line(bars: Any, of: str, lengths: tuple[int, ...]) -> list[float]:
    """One of the three; what a MACD of equal averages leaves by rounding is nothing."""
    close = bars.close.tolist()
    if of == "momentum":
        return momentum(close, lengths[0])
    whole, _, histogram = macd(close, lengths[0], lengths[1], lengths[2])
    values = whole if of == "macd" else histogram
    return [0.0 if abs(value) <= 1e-10 * price else value for value, price in zip(values, close, strict=True)]


def turns(bars: Any, of: str, lengths: tuple[int, ...]) -> list[Found]:
    """Every change of sign, the last sign remembered over zeros."""
    low, high = bars.low.tolist(), bars.high.tolist()
    words = ("golden", "death") if of == "histogram" else ("positive", "negative")
    above_zero = line(bars, "macd", lengths) if of == "histogram" else []
    found: list[Found] = []
    sign, since = 0, -1
    for t, value in enumerate(line(bars, of, lengths)):
        now = 1 if value > 0 else -1 if value < 0 else 0
        if now in (0, sign):
            continue
        if sign != 0:
            extreme = max(since, t - 3 * max(lengths))
            for bar in range(extreme, t + 1):
                if (now > 0 and low[bar] < low[extreme]) or (now < 0 and high[bar] > high[extreme]):
                    extreme = bar
            features = {}
            if of == "histogram":
                features["f_zero"] = 1.0 if above_zero[t] > 0 else -1.0 if above_zero[t] < 0 else 0.0
            price = low[extreme] if now > 0 else high[extreme]
            anchors = {"turn": t, "setup_extreme": extreme}
            found.append(Found(words[0] if now > 0 else words[1], now, t, price, anchors, features))
        sign, since = now, t
    return found


def divergences(bars: Any, of: str, lengths: tuple[int, ...], rule: Any) -> list[divergence.Divergence]:
    """As of any oscillator, around zero; without an extreme zone nothing is known of one."""
    unbounded = replace(rule, oversold=NAN, overbought=NAN, midline=0.0)
    found = divergence.divergences(bars, line(bars, of, lengths), unbounded)
    for one in found:
        one.features.update(dict.fromkeys(ZONE, NAN))
    return found
