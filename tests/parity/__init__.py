"""Our simulator and vectorbt's: the same where they mean the same, and every difference has a name.

vectorbt takes two seconds to import and four to compile: it is imported when tests run, not when they are collected.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from framework.bars import Bars
from tests.parity.model import Walked


def walked(bars: Bars, trades: pd.DataFrame) -> list[Walked]:
    """Trades of either simulator as the model's."""
    n, index = len(bars), bars.index
    entry, leave = (index.get_indexer(pd.Index(trades[name])).tolist() for name in ("entry_time", "exit_time"))
    leave = [n if reason == "open" else bar for bar, reason in zip(leave, trades["exit_reason"], strict=True)]
    side = [1 if direction == "long" else -1 for direction in trades["direction"]]
    rows = zip(side, entry, trades["entry_price"].tolist(), leave, trades["exit_price"].tolist(), strict=True)
    return [Walked(*row) for row in rows]


def same(ours: Iterable[Walked], theirs: Iterable[Walked]) -> bool:
    """The same trades in the same order, prices to a billionth."""
    ours, theirs = list(ours), list(theirs)
    bars = [[(trade.side, trade.entry_bar, trade.exit_bar) for trade in trades] for trades in (ours, theirs)]
    prices = [[(trade.entry_price, trade.exit_price) for trade in trades] for trades in (ours, theirs)]
    return bars[0] == bars[1] and bool(np.allclose(prices[0], prices[1], rtol=1e-9, atol=0))
