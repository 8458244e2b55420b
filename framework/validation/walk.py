"""Walk-forward: one account over all test windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import Setups
from ..signals import Entries
from ..simulation import Terms, simulate, simulate_together
from .trading import ranked

Floats: TypeAlias = NDArray[np.float64]


def row_at(bars: Bars, moment: pd.Timestamp) -> int:
    """The first bar that opens at or after `moment`."""
    return int(np.searchsorted(bars.time, np.datetime64(moment.tz_convert(None), "us"), side="left"))


@dataclass(frozen=True, eq=False)
class Part:
    """What one test window hands to the account: its number, its setups, its entries."""

    window: int
    setups: Setups
    entries: Entries


@dataclass(frozen=True, eq=False)
class Account:
    """An account over all test windows: trades, equity at every close from the first test on, refusals counted.

    time: the opening stamps of the equity's bars; of several markets all the stamps that any of them has.
    """

    trades: pd.DataFrame
    equity: Floats
    refused: dict[str, int]
    time: pd.DatetimeIndex


def chain(bars: Bars, parts: Sequence[Part], terms: Terms, cash: float, start: int) -> Account:
    """Trade all windows' entries in one account of one market; equity from bar `start` on.

    A position that crosses a window's end keeps the exits it was entered with; the next window's entries lapse
    until it is flat, and do not close it.
    """
    entries, ids = whole(parts)
    done = simulate(bars, entries, terms.costs, terms.sizing, terms.exits, cash, setups=ids)
    trades = done.trades.assign(window=entries.window[done.order])
    return Account(trades, np.asarray(done.equity)[start:], _refused(done.fates), bars.index[start:])


def share(
    markets: Sequence[Bars], parts: Sequence[Sequence[Part]], terms: Terms, cash: float, start: pd.Timestamp, rank: str
) -> Account:
    """Trade all windows' entries of several markets in one account; equity from `start` on.

    parts: each market's, in the order of `markets`. rank: the feature by which entries are tried, as in `ranked`;
    empty for the order of the markets.
    """
    joined = [whole(of_market) for of_market in parts]
    entries, ids = [one for one, _ in joined], [names for _, names in joined]
    by = [ranks_of(of_market, rank) for of_market in parts] if rank else None
    done = simulate_together(markets, entries, terms.costs, terms.sizing, terms.exits, cash, by, ids)
    windows = np.concatenate([one.window for one in entries])
    trades = done.trades.assign(window=windows[done.book.order])
    equity = done.equity[done.calendar >= start]
    fates = [fate for of_market in done.fates for fate in of_market]
    return Account(trades, np.asarray(equity), _refused(fates), pd.DatetimeIndex(equity.index))


def ranks_of(parts: Sequence[Part], rank: str) -> Floats:
    """The rank of every entry of one market (see `ranked`), in the order of `whole`."""
    return np.concatenate([ranked(part.setups, rank)[part.entries.setup] for part in parts])


def whole(parts: Sequence[Part]) -> tuple[Entries, list[str]]:
    """The entries of all windows as one, each with its window's number, and the ids that their setups point into."""
    ids: list[str] = []
    numbered = []
    for part in parts:
        row, window = part.entries.setup, np.full(len(part.entries), part.window)
        numbered.append(dataclasses.replace(part.entries, setup=np.where(row < 0, row, row + len(ids)), window=window))
        ids += part.setups.ids
    columns = ([getattr(one, field.name) for one in numbered] for field in dataclasses.fields(Entries))
    return Entries(*map(np.concatenate, columns)), ids


def _refused(fates: Sequence[str]) -> dict[str, int]:
    return {fate: fates.count(fate) for fate in sorted(set(fates) - {"entered"})}


def hold(bars: Bars, terms: Terms, cash: float, start: int) -> Floats:
    """Equity of buying everything at the open of bar `start` and holding, from `start` on: after the entry's costs,
    and after the funding that a long pays.
    """
    fill = bars.open[start] * (1 + terms.costs.slippage)
    units = cash / (fill * (1 + terms.costs.fee))
    close = bars.close[start:]
    rate = bars.funding.by_bar(bars.time, bars.step)[start:] if bars.funding else 0.0
    return np.asarray(units * (close - np.cumsum(close * rate)))
