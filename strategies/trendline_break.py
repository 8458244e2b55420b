"""Trendline break: price closes beyond a line that three swings have touched and no close has crossed.

A falling line over highs is broken upwards and bought, a rising line under lows downwards and sold; lines that are
level or point the other way only when `lines` says all. The break is valid with at least one and a half times the usual
volume; without it, it counts as unconfirmed and is only recorded, unless `confirmed` is false. Stop beyond the last
swing before the break. The conservative entry waits until price comes back to the line and closes beyond it again.

False break, whatever `confirmed` says: a close back on the old side of the line within five bars, traded against the
break.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.context import Context, attached
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.breaks import BreakRule, confirmed, false_breaks, line_breaks
from framework.structure.broken import Broken, broken
from framework.structure.lines import LineRule
from framework.structure.volume import relative_volume

AGAINST_TREND = ("downtrend_break", "uptrend_break", "false_downtrend_break", "false_uptrend_break")


@dataclass(frozen=True)
class Params:
    signal: str = choice("break", among=("break", "false_break"), searched=False)
    lines: str = choice("trend", among=("trend", "all"), searched=False)
    touches: int = choice(3, among=(3, 4, 5), unit="swings that touch a line when it breaks, at least")
    length: int = choice(200, among=(100, 200, 400), unit="bars from a line's first touch to its third, at most")
    near: float = span(0.25, low=0.1, high=0.5, step=0.05, unit="ATR from the line: a touch", searched=False)
    margin: float = span(0.25, low=0.0, high=1.0, step=0.25, unit="ATR beyond the line: a break")
    confirmed: bool = choice(True, among=(False, True), searched=False)
    volume: float = choice(1.5, among=(1.0, 1.5, 2.0), unit="times the mean of 20 bars: a break's, at least")
    swing_width: int = choice(5, among=(2, 3, 5, 8), unit="bars on either side of a swing", searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every break, or false break, of lines with so many touches; those of other lines, and breaks without volume, bear
    a veto. All have f_rsi_divergence_20: an RSI divergence of the same side known at most 20 bars before.
    """
    found = line_breaks(bars, _rule(p))
    if p.signal == "false_break":
        found = false_breaks(bars, found)
    elif p.confirmed:
        found = confirmed(bars, found, p.volume)
    if p.lines == "trend":
        found = found.refuse(~np.isin(found.kind, AGAINST_TREND), "no line of a trend")
    found = found.refuse(found.features["f_touches"] < p.touches, "too few touches")
    return attached(bars, found, Context(features=("rsi_divergence_20",)))


def traits(bars: Bars, p: Params) -> Broken:
    """What became of all breaks of lines."""
    return broken(bars, line_breaks(bars, _rule(p)))


def _rule(p: Params) -> BreakRule:
    return BreakRule(LineRule(p.swing_width, length=p.length, near=p.near, margin=p.margin))


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]] | None:
    """Drawn under the price: each bar's volume over the mean of the twenty before it; nothing where none is known."""
    return ("volume / mean of 20 before", relative_volume(bars), (1.0, p.volume)) if "volume" in bars.known else None
