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
from ..entries import patience
from ..params import Value
from ..setups import BROKEN
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
    symbol's part of these; a variant whose markets share the cash has no parts. drawn: the lines of those setups, see
    `Setups.drawn`. parts: what was offered to the accounts, by variant, market and window. retests: whether the setups
    are breaks of lines, whose retest a conservative entry waits for. bounds: R of the accounts' closed trades had every
    undecided bar gone the other way, by variant. per_year: bars a year of the
    equity's calendar.
    """

    markets: Sequence[Bars]
    trading: Trading
    chosen: Sequence[Chosen]
    trades: pd.DataFrame
    setups: pd.DataFrame
    equity: pd.DataFrame
    drawn: pd.DataFrame
    parts: Mapping[str, Sequence[Sequence[Part]]]
    retests: bool
    refused: Mapping[str, Mapping[str, int]]
    bounds: Mapping[str, pd.DataFrame]
    per_year: float


def out_of_sample(trading: Trading, markets: Sequence[Bars], chosen: Sequence[Chosen]) -> OutOfSample:
    """Trade every test window in one account a variant, or one a market and variant, and every setup by itself."""
    begin = chosen[0][0].test_start
    parts: dict[str, list[list[Part]]] = {name: [] for name in trading.policies}
    setups: list[pd.DataFrame] = []
    drawn: list[pd.DataFrame] = []
    retests = False
    for bars in markets:
        found = _found(trading, bars, chosen)
        setups += _setups(bars, found, trading)
        drawn += [one.setups.take(_inside(bars, window, one)).drawn() for window, one in found]
        retests |= any(BROKEN in one.setups.lines for _, one in found)
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
        setups=_in_order(setups),
        equity=equity,
        drawn=_typed(pd.concat([drawn[0], *(table for table in drawn[1:] if len(table))], ignore_index=True)),
        parts=parts,
        retests=retests,
        refused={name: _counted([one.refused for one in many]) for name, many in accounts.items()},
        bounds={name: pd.concat([one.trades for one in many], ignore_index=True) for name, many in other.items()},
        per_year=_per_year(equity["time"]),
    )


def setups_in(trading: Trading, markets: Sequence[Bars], chosen: Sequence[Chosen]) -> pd.DataFrame:
    """Every setup known in a test window, as in OutOfSample."""
    return _in_order([table for bars in markets for table in _setups(bars, _found(trading, bars, chosen), trading)])


def _found(trading: Trading, bars: Bars, chosen: Sequence[Chosen]) -> list[tuple[Window, Found]]:
    """What the rule finds with each window's values; the same where they are."""
    found = {repr(values): trading.find(bars, values) for values in {repr(one): one for _, one in chosen}.values()}
    return [(window, found[repr(values)]) for window, values in chosen]


def _in_order(setups: Sequence[pd.DataFrame]) -> pd.DataFrame:
    table = _typed(pd.concat(setups, ignore_index=True))
    return table.sort_values(["known_at", "symbol", "setup"], ignore_index=True)


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


def _setups(bars: Bars, found: Sequence[tuple[Window, Found]], trading: Trading) -> list[pd.DataFrame]:
    """For each window its setups, with each variant's outcome in columns `VARIANT_...`."""
    tables = {key: _table(bars, one, trading) for key, one in {id(one): one for _, one in found}.items()}
    parts = [(window.number, tables[id(one)][_inside(bars, window, one)].copy()) for window, one in found]
    for number, part in parts:
        part.insert(1, "window", number)
    return [part for _, part in parts]


def _table(bars: Bars, found: Found, trading: Trading) -> pd.DataFrame:
    table = found.setups.frame()
    # By date, not by outcome: a setup that the data ends on cannot be compared fairly.
    complete = found.setups.known_at < len(bars) - 1 - patience(found.setups, trading.wait)
    table.insert(6, "complete", complete)
    columns: dict[str, Any] = {}
    for name in trading.policies:
        alone = trading.alone(bars, found, name)
        for column in ("fate", "entry_price", "stop", "target", "exit_price", "exit_reason", "return", "r", "bars"):
            columns[f"{name}_{column}"] = alone[column].to_numpy()
        columns[f"{name}_exit_reason"] = alone["exit_reason"].fillna("").to_numpy()
        for column in ("entry", "exit"):
            rows = alone[f"{column}_bar"].fillna(-1).to_numpy().astype(np.int64)
            stamps = np.where(rows >= 0, bars.time[np.maximum(rows, 0)], np.datetime64("NaT"))
            columns[f"{name}_{column}_time"] = pd.DatetimeIndex(stamps.astype("datetime64[us]"), tz="UTC")
    return pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)


def _inside(bars: Bars, window: Window, found: Found) -> NDArray[np.bool_]:
    """Which setups are known in the window's test."""
    known = found.setups.known_at
    return np.asarray((known >= row_at(bars, window.test_start)) & (known < row_at(bars, window.test_end)))


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
