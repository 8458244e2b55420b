"""A table of setups from bars alone, for rules that a test makes up."""

from __future__ import annotations

import numpy as np

from framework.bars import Bars
from framework.setups import Setups


def table(bars: Bars, bar, known_at, features=None) -> Setups:
    """Long setups at `bar`, known at `known_at`, with the bar's low as stop."""
    bar = np.asarray(bar, dtype=np.int64)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule="made_up",
        kind=np.full(len(bar), "made_up"),
        direction=np.ones(len(bar), np.int8),
        anchors={"setup_extreme": bar},
        known_at=np.asarray(known_at, dtype=np.int64),
        stop=bars.low[bar],
        features=features or {},
        veto=np.full(len(bar), ""),
    )
