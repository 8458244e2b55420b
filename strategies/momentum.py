"""Momentum: the close against that of some bars before, and MACD, the distance of a fast average from a slow one.

momentum, macd_zero: the line changes its sign. macd_cross: the MACD line changes to the other side of its signal line.
divergence_...: price goes on to a new extreme and the line does not (regular), or the other way round (hidden). In a
market without direction all of these are marked, and vetoed on demand. A change of sides is left when the line changes
back, a divergence at an opposite one, in whatever market.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice
from framework.setups import Setups
from framework.structure.averages import marked
from framework.structure.divergence import DivergenceRule
from framework.structure.momentum import Line, line_divergences, oscillator, turns

TURNS: dict[str, Line] = {"momentum": "momentum", "macd_cross": "histogram", "macd_zero": "macd"}
DIVERGENCES: dict[str, Line] = {f"divergence_{of}": of for of in ("momentum", "macd", "histogram")}


@dataclass(frozen=True)
class Params:
    signal: str = choice("momentum", among=(*TURNS, *DIVERGENCES), searched=False)
    period: int = choice(10, among=(10, 14, 20), unit="bars of momentum")
    macd: str = choice("12/26/9", among=("5/35/5", "8/17/9", "12/26/9"), unit="bars, fast/slow/signal")
    swing_width: int = choice(5, among=(2, 3, 4, 5, 6, 8), unit="bars, of a divergence")
    kinds: str = choice("both", among=("regular", "hidden", "both"), searched=False)
    trade_broken: bool = choice(False, among=(False, True), searched=False)
    not_while: str = choice("never", among=("flat", "ranging", "never"), searched=False)
    exit_at_opposite: bool = choice(True, among=(False, True), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every signal of the chosen sort, marked with the averages' states; those that are ruled out bear a veto."""
    found = _divergences(bars, p) if p.signal in DIVERGENCES else turns(bars, *_line(p))
    found = marked(bars, found)
    if p.not_while != "never":
        found = found.refuse(found.features[f"f_{p.not_while}"] == 1, f"{p.not_while} averages")
    return found


def exits(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Closes at which a long and a short are left: the line on the other side, or an opposite divergence."""
    if p.signal in TURNS:
        line = oscillator(bars, *_line(p))
        return p.exit_at_opposite & (line < 0), p.exit_at_opposite & (line > 0)
    found, side = _divergences(bars, p), np.zeros((2, len(bars)), bool)
    side[0, found.known_at[found.traded & (found.direction < 0)]] = p.exit_at_opposite
    side[1, found.known_at[found.traded & (found.direction > 0)]] = p.exit_at_opposite
    return side[0], side[1]


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: the line that the signal reads."""
    of, lengths = _line(p)
    return f"{of} {'/'.join(map(str, lengths))}", oscillator(bars, of, lengths), (0.0,)


def _divergences(bars: Bars, p: Params) -> Setups:
    found = line_divergences(bars, *_line(p), DivergenceRule(p.swing_width, p.swing_width))
    if p.kinds != "both":
        found = found.refuse(np.char.startswith(found.kind, "regular") != (p.kinds == "regular"), "kind not asked for")
    return (
        found if p.trade_broken else found.refuse(found.features["f_broken_before_known"] == 1, "broken before known")
    )


def _line(p: Params) -> tuple[Line, tuple[int, ...]]:
    of = (TURNS | DIVERGENCES)[p.signal]
    return of, (p.period,) if of == "momentum" else tuple(map(int, p.macd.split("/")))
