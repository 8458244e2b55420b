"""Walk-forward: what a training window may see of its trades, and one account over all test windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..params import Value
from ..setups import Setups
from ..signals import Entries
from ..simulation import NOTHING, Terms, closed_r, simulate
from .trading import Trading
from .windows import Window

Floats: TypeAlias = NDArray[np.float64]


def row_at(bars: Bars, moment: pd.Timestamp) -> int:
    """The first bar that opens at or after `moment`."""
    return int(np.searchsorted(bars.time, np.datetime64(moment.tz_convert(None), "us"), side="left"))


@dataclass(frozen=True, eq=False)
class Training:
    """One symbol's part of a training window. `past` ends where the test begins: nothing after it can be seen.

    Only trades whose signal lies in [first, last) count; `last` is the embargo before the test, or the rule's longest
    confirmation lag where that is longer. Trades still open when the test begins overlap it and are purged.
    """

    bars: Bars
    past: Bars
    first: int
    last: int

    @classmethod
    def of(cls, bars: Bars, window: Window, embargo: int) -> Training:
        cut = row_at(bars, window.test_start)
        return cls(bars, bars[:cut], row_at(bars, window.train_start), max(cut - embargo, 0))

    def closed(self, trading: Trading, values: Mapping[str, Value]) -> dict[str, Floats]:
        """R of the window's closed trades, by variant."""
        if self.last <= self.first:
            return {name: np.zeros(0) for name in trading.policies}
        # Detectors are causal (the check proves it), so all bars may be looked at once and shared by every window.
        found = trading.find(self.bars, values)
        last = min(self.last, len(self.past) - found.setups.lag)
        return {
            name: closed_r(self.past, entries.between(self.first, last), trading.terms, trading.cash)
            for name, entries in found.entries.items()
        }


@dataclass(frozen=True, eq=False)
class Part:
    """What one test window hands to the account: its number, its setups, its entries."""

    window: int
    setups: Setups
    entries: Entries


@dataclass(frozen=True, eq=False)
class Account:
    """One symbol's account over all test windows: trades, equity at every close from `start` on, refusals counted."""

    trades: pd.DataFrame
    equity: Floats
    refused: dict[str, int]


def chain(bars: Bars, parts: Sequence[Part], terms: Terms, cash: float, start: int) -> Account:
    """Trade the windows' entries one window after the other in one account.

    A position that crosses a window's end keeps the exits it was entered with; the next window's entries lapse
    until it is flat, and do not close it.
    """
    equity = np.full(len(bars), cash)
    tables: list[pd.DataFrame] = []
    fates: list[str] = []
    free, least = 0, NOTHING * cash
    for part in parts:
        if cash <= least:
            fates += ["ruined"] * len(part.entries)
            continue
        waiting = part.entries.bar < free
        result = simulate(
            bars, part.entries.take(~waiting), terms.costs, terms.sizing, terms.exits, cash, setups=part.setups
        )
        fates += ["lapsed"] * int(waiting.sum()) + result.fates
        tables.append(result.trades.assign(window=part.window))
        equity[free:] = result.equity.to_numpy()[free:]
        if len(result.trades):
            free = _free(bars, result.trades.iloc[-1], terms)
            cash = float(equity[-1])
    trades = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    refused = {fate: fates.count(fate) for fate in sorted(set(fates) - {"entered"})}
    return Account(trades, equity[start:], refused)


def _free(bars: Bars, last: pd.Series[Any], terms: Terms) -> int:
    """The first bar at whose close nothing is held any more after the last trade."""
    if last["exit_reason"] == "open":
        return len(bars)
    at_close = terms.exits.fill == "close" and last["exit_reason"] in ("signal", "time", "opposite")
    return row_at(bars, last["exit_time"]) + at_close


def hold(bars: Bars, terms: Terms, cash: float, start: int) -> Floats:
    """Equity of buying everything at the open of bar `start` and holding, after the entry's costs; from `start` on."""
    fill = bars.open[start] * (1 + terms.costs.slippage)
    units = cash / (fill * (1 + terms.costs.fee))
    return np.asarray(units * bars.close[start:])
