"""Bars in another order: the same moves and the same volume, with nothing left that one bar could say of the next."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..bars import Bars


def shuffled(bars: Bars, seed: int) -> Bars:
    """The bars after the first drawn in random order, each with its own move from the close before it to its open,
    high, low and close, and its own volume. The stamps stay, and so do the first open and the last close.
    """
    order = np.random.default_rng(seed).permutation(np.arange(1, len(bars)))
    before = np.log(bars.close[order - 1])
    moved = np.cumsum(np.log(bars.close[order]) - before)
    close = np.concatenate([bars.close[:1], bars.close[0] * np.exp(moved)])
    made: dict[str, Any] = {"close": close}
    for name in ("open", "high", "low"):
        own = getattr(bars, name)
        made[name] = np.concatenate([own[:1], close[:-1] * np.exp(np.log(own[order]) - before)])
    made["high"] = np.maximum.reduce([made["high"], made["open"], made["close"]])  # but for rounding they are already
    made["low"] = np.minimum.reduce([made["low"], made["open"], made["close"]])
    volume = np.concatenate([bars.volume[:1], bars.volume[order]])
    none: dict[str, Any] = dict.fromkeys(("taker_buy", "open_interest", "funding", "finer"))
    return dataclasses.replace(bars, volume=volume, **made, **none)
