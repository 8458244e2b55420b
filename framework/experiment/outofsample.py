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
from ..validation.walk import Account, Part, chain, hold, row_at
from ..validation.windows import Window

Floats: TypeAlias = NDArray[np.float64]
Chosen: TypeAlias = tuple[Window, Mapping[str, Value]]

HELD = "buy_and_hold"


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """Everything out of sample, all symbols together.

    trades: of the accounts, one row a trade. setups: every setup known in a test window, with what became of it by
    itself in each variant. equity: at every close, one column a variant, one for buying and holding, and each
    symbol's part. bounds: R of the accounts' closed trades had every undecided bar gone the other way, by variant.
    per_year: bars a year of the equity's calendar.
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
    """Trade every test window in one account a symbol and variant, and every setup by itself."""
    cash = trading.cash / len(markets)
    begin = chosen[0][0].test_start
    accounts: dict[str, list[Account]] = {name: [] for name in trading.policies}
    other: dict[str, list[pd.DataFrame]] = {name: [] for name in trading.policies}
    setups: list[pd.DataFrame] = []
    columns: dict[str, pd.Series[float]] = {}
    for bars in markets:
        start = row_at(bars, begin)
        found = [(window, trading.find(bars, values)) for window, values in chosen]
        setups += [_setups(bars, window, one, trading) for window, one in found]
        for name in trading.policies:
            parts = [_part(bars, window, one, name) for window, one in found]
            account = chain(bars, parts, trading.terms, cash, start)
            accounts[name].append(account)
            columns[f"{name}.{bars.symbol}"] = pd.Series(account.equity, index=bars.index[start:])
            other[name].append(chain(bars, parts, _other_way(trading.terms), cash, start).trades)
        held = hold(bars, trading.terms, cash, start) if start < len(bars) else np.zeros(0)
        columns[f"{HELD}.{bars.symbol}"] = pd.Series(held, index=bars.index[start:])
    equity = _together(columns, [*trading.policies, HELD], cash)
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
        bounds={name: pd.concat(many, ignore_index=True) for name, many in other.items()},
        per_year=_per_year(equity["time"]),
    )


def _part(bars: Bars, window: Window, found: Found, name: str) -> Part:
    first, last = row_at(bars, window.test_start), row_at(bars, window.test_end)
    return Part(window.number, found.setups, found.entries[name].between(first, last))


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


def _together(columns: Mapping[str, Any], names: Sequence[str], cash: float) -> pd.DataFrame:
    """Sleeves on one calendar: where a symbol has no bar its last value holds, before its first its cash."""
    table = pd.DataFrame(columns).sort_index().ffill().fillna(cash)
    for name in names:
        mine = [column for column in columns if column.startswith(f"{name}.")]
        table.insert(names.index(name), name, table[mine].sum(axis=1))
    return table.rename_axis("time").reset_index()


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
