"""Order-flow exhaustion: buyers who will not wait buy as hard as they can, at a level, and the price no longer rises.

Delta is what such buyers bought less what such sellers sold. It stands far above its usual size while the close hardly
comes on in three bars, within half an ATR of an older swing; then it dries up: nobody is left on that side. Buyers
exhausted are a short, sellers exhausted a long. Only an exchange that tells what takers bought makes delta exact; a
guess from the bar rises with the close, so that it must follow on a fall to have led nowhere. Open interest says
whether positions were closed (confirm: only those) or new ones stand behind the move (veto: none of those); where it
is unknown nothing is confirmed and nothing vetoed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framework.bars import Bars
from framework.params import choice, span
from framework.setups import Setups
from framework.structure.openinterest import marked_by_interest
from framework.structure.orderflow import ExhaustionRule, effort, exhaustions


@dataclass(frozen=True)
class Params:
    source: str = choice("best", among=("best", "taker", "bulk", "location"), unit="of the delta", searched=False)
    score: float = span(2.0, low=0.5, high=4.0, step=0.5, unit="standard deviations of |delta| above its mean")
    progress: float = span(0.25, low=0.0, high=1.0, step=0.25, unit="ATR in three bars, at most")
    near: float = span(0.5, low=0.25, high=1.0, step=0.25, unit="ATR from a level")
    fall: float = span(0.5, low=0.25, high=0.75, step=0.25, unit="of the delta, left at most")
    calm: int = choice(3, among=(1, 3, 5), unit="bars whose mean delta has fallen")
    within: int = choice(10, among=(5, 10, 20), unit="bars in which it falls")
    oi: str = choice("ignore", among=("ignore", "confirm", "veto"), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """Every exhaustion; those that the open interest speaks against bear a veto where it is asked."""
    source: Any = p.source  # Params checks the word
    rule = ExhaustionRule(
        source, score=p.score, progress=p.progress, near=p.near, within=p.within, mean=p.calm, fall=p.fall
    )
    found = exhaustions(bars, rule)
    if p.oi == "ignore":
        return found
    marks = marked_by_interest(bars, found)
    found = replace(found, features=dict(found.features) | marks)
    if p.oi == "confirm":
        return found.refuse(~(marks["f_oi_confirms"] == 1), "open interest does not confirm")
    return found.refuse(marks["f_oi_vetoes"] == 1, "open interest against it")


def panel(bars: Bars, p: Params) -> tuple[str, NDArray[np.float64], tuple[float, ...]]:
    """Drawn under the price: how far the delta's size is above the usual."""
    source: Any = p.source
    return "size of delta, in standard deviations above its mean", effort(bars, source), (p.score,)
