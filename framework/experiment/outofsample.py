"""The test windows traded with the parameters chosen before them: trades, setups, equity, out of sample throughout."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..params import Value
from ..simulation import Terms
from ..validation.trading import Found, Trading
from ..validation.walk import Account, Part, chain, hold, row_at, share
from ..validation.windows import Window

Floats: TypeAlias = NDArray[np.float64]
Chosen: TypeAlias = tuple[Window, Mapping[str, Value]]

HELD = "buy_and_hold"


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """Everything out of sample, all symbols together.

    trades: of the accounts, one row a trade. setups: every setup known in a test window, with what became of it by
    itself in each variant. equity: at every close, one column a variant, one for buying and holding, and each
    symbol's part of these; a variant whose markets share the cash has no parts. bounds: R of the accounts' closed
    trades had every undecided bar gone the other way, by variant. per_year: bars a year of the equity's calendar.
    """

    markets: Sequence[Bars]
    trading: Trading
    chosen: Sequence[Chosen]
    trades: pd.DataFrame
    setups: pd.DataFrame
    equity: pd.DataFrame
    refused: Mapping[str, Mapping[str, int]]
    bounds: Mapping[str, pd.DataFrame]
    per_year: float


def out_of_sample(trading: Trading, markets: Sequence[Bars], chosen: Sequence[Chosen]) -> OutOfSample:
    """Trade every test window in one account a variant, or one a market and variant, and every setup by itself."""
    begin = chosen[0][0].test_start
    parts: dict[str, list[list[Part]]] = {name: [] for name in trading.policies}
    setups: list[pd.DataFrame] = []
    for bars in markets:
        found = [(window, trading.find(bars, values)) for window, values in chosen]
        setups += [_setups(bars, window, one, trading) for window, one in found]
        for name in trading.policies:
            parts[name].append([_part(bars, window, one, name) for window, one in found])
    accounts = {name: _accounts(trading, trading.terms, markets, many, begin) for name, many in parts.items()}
    other = {name: _accounts(trading, _other_way(trading.terms), markets, many, begin) for name, many in parts.items()}
    equity = _equity(trading, markets, accounts, begin)
    return OutOfSample(
        markets=markets,
        trading=trading,
        chosen=chosen,
        trades=_typed(_joined({name: [one.trades for one in many] for name, many in accounts.items()})),
        setups=_typed(pd.concat(setups, ignore_index=True)).sort_values(
            ["known_at", "symbol", "setup"], ignore_index=True
        ),
        equity=equity,
        refused={name: _counted([one.refused for one in many]) for name, many in accounts.items()},
        bounds={name: pd.concat([one.trades for one in many], ignore_index=True) for name, many in other.items()},
        per_year=_per_year(equity["time"]),
    )


def _part(bars: Bars, window: Window, found: Found, name: str) -> Part:
    """The window's entries and the setups they trade, no others."""
    first, last = row_at(bars, window.test_start), row_at(bars, window.test_end)
    entries = found.entries[name].between(first, last)
    rows, row = np.unique(entries.setup, return_inverse=True)
    return Part(window.number, found.setups.take(rows), dataclasses.replace(entries, setup=row.astype(np.int64)))


def _accounts(
    trading: Trading, terms: Terms, markets: Sequence[Bars], parts: Sequence[Sequence[Part]], begin: pd.Timestamp
) -> list[Account]:
    """One account of all markets where they share the cash, else one each."""
    if trading.shared:
        return [share(markets, parts, terms, trading.cash, begin, trading.rank)]
    cash = trading.cash / len(markets)
    return [chain(bars, many, terms, cash, row_at(bars, begin)) for bars, many in zip(markets, parts, strict=True)]


def _equity(
    trading: Trading, markets: Sequence[Bars], accounts: Mapping[str, Sequence[Account]], begin: pd.Timestamp
) -> pd.DataFrame:
    """All accounts on one calendar. Where each market has its part: a part's last value holds where its market has no
    bar, before its first bar its cash. Buying and holding always has parts.
    """
    cash = trading.cash / len(markets)
    columns: dict[str, pd.Series[float]] = {}
    for i, bars in enumerate(markets):
        start = row_at(bars, begin)
        if not trading.shared:
            columns |= {f"{name}.{bars.symbol}": _series(many[i]) for name, many in accounts.items()}
        held = hold(bars, trading.terms, cash, start) if start < len(bars) else np.zeros(0)
        columns[f"{HELD}.{bars.symbol}"] = pd.Series(held, index=bars.index[start:])
    table = pd.DataFrame(columns).sort_index().ffill().fillna(cash)
    for place, name in enumerate([*accounts, HELD]):
        mine = [column for column in columns if column.startswith(f"{name}.")]
        table.insert(place, name, table[mine].sum(axis=1) if mine else _series(accounts[name][0]))
    return table.rename_axis("time").reset_index()


def _series(account: Account) -> pd.Series[float]:
    return pd.Series(account.equity, index=account.time)


def _setups(bars: Bars, window: Window, found: Found, trading: Trading) -> pd.DataFrame:
    """The setups known in the window, with each variant's outcome in columns `VARIANT_...`."""
    known = found.setups.known_at
    inside = (known >= row_at(bars, window.test_start)) & (known < row_at(bars, window.test_end))
    table = found.setups.frame()
    table.insert(1, "window", window.number)
    # By date, not by outcome: a setup that the data ends on cannot be compared fairly.
    table.insert(7, "complete", known < len(bars) - 1 - trading.wait)
    for name in trading.policies:
        alone = trading.alone(bars, found, name)
        for column in ("fate", "entry_price", "stop", "target", "exit_price", "exit_reason", "return", "r", "bars"):
            table[f"{name}_{column}"] = alone[column].to_numpy()
        table[f"{name}_exit_reason"] = table[f"{name}_exit_reason"].fillna("")
        for column in ("entry", "exit"):
            rows = alone[f"{column}_bar"].fillna(-1).to_numpy().astype(np.int64)
            stamps = np.where(rows >= 0, bars.time[np.maximum(rows, 0)], np.datetime64("NaT"))
            table[f"{name}_{column}_time"] = pd.DatetimeIndex(stamps.astype("datetime64[us]"), tz="UTC")
    return table[inside]


def _joined(trades: Mapping[str, Sequence[pd.DataFrame]]) -> pd.DataFrame:
    parts = [table.assign(variant=name) for name, many in trades.items() for table in many]
    return pd.concat(parts, ignore_index=True).sort_values(
        ["variant", "entry_time", "symbol"], ignore_index=True, kind="stable"
    )


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Words as words, also where there is none: a column's type in the files does not depend on its rows."""
    words = [
        name
        for name, kind in table.dtypes.items()
        if pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.StringDtype)
    ]
    return table.astype(dict.fromkeys(words, "str"))


def _other_way(terms: Terms) -> Terms:
    exits = terms.exits
    if exits.inside_bar == "pessimistic":
        return dataclasses.replace(terms, exits=dataclasses.replace(exits, inside_bar="optimistic"))
    return dataclasses.replace(terms, exits=dataclasses.replace(exits, inside_bar="pessimistic"))


def _counted(many: Sequence[Mapping[str, int]]) -> dict[str, int]:
    names = sorted({name for one in many for name in one})
    return {name: sum(one.get(name, 0) for one in many) for name in names}


def _per_year(time: pd.Series[Any]) -> float:
    years = (time.iloc[-1] - time.iloc[0]) / pd.Timedelta(days=365.25)
    return float((len(time) - 1) / years) if years > 0 else float("nan")
