"""A run's trades, setups and lines as columns of numbers and words: times as rows of their market's bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from .gallery import Tested

Columns: TypeAlias = dict[str, NDArray[Any]]
Rows: TypeAlias = NDArray[np.int64]

PRICES = ("entry_price", "stop", "target", "exit_price")
FIGURES = ("size", "fees", "carry", "pnl", "return", "r", "mae", "mfe")
NOWHERE = -1  # the row of a time or a setup that is not there


def _rows(bars: Bars, moments: pd.Series[Any]) -> Rows:
    """The bars that open at or after these moments, NOWHERE for no moment."""
    stamps = moments.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    found = np.searchsorted(bars.time, stamps, side="left")
    return np.where(np.isnat(stamps), NOWHERE, found).astype(np.int64)


def _at(tested: Tested, symbols: pd.Series[Any], moments: pd.Series[Any]) -> Rows:
    """The same, each in its own market."""
    rows = np.full(len(moments), NOWHERE, np.int64)
    for bars in tested.markets:
        mine = (symbols == bars.symbol).to_numpy()
        rows[mine] = _rows(bars, moments[mine])
    return rows


def _placed(symbols: pd.Series[Any], places: Mapping[str, int]) -> Rows:
    return np.array([places[name] for name in symbols], np.int64)


def trades(tested: Tested, places: Mapping[str, int], ids: Mapping[str, int]) -> Columns:
    table = tested.trades
    setup = np.array([ids.get(name, NOWHERE) for name in table["setup"]], np.int64)
    kinds = np.array([*tested.setups["kind"], ""], dtype=object)
    columns: Columns = {
        "market": _placed(table["symbol"], places),
        "setup": setup,
        "kind": kinds[setup],
        "window": table["window"].to_numpy(np.int64),
        "bars": table["bars"].to_numpy(np.int64),
        "ambiguous": table["ambiguous"].to_numpy(bool),
    }
    columns |= {name: table[name].to_numpy(object) for name in ("variant", "direction", "exit_reason")}
    columns |= {name: _at(tested, table["symbol"], table[f"{name}_time"]) for name in ("signal", "entry", "exit")}
    return columns | {name: table[name].to_numpy(float) for name in (*PRICES, *FIGURES)}


def anchors(setups: pd.DataFrame, variants: Sequence[str]) -> list[str]:
    """The bars that a setup is made of, by name."""
    times = [str(name) for name, kind in setups.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)]
    taken = {"known_at"} | {f"{name}_{what}_time" for name in variants for what in ("entry", "exit")}
    return [name for name in times if name not in taken]


def setups(
    tested: Tested,
    places: Mapping[str, int],
    variants: Sequence[str],
    named_columns: tuple[Sequence[str], Sequence[str]],
    panels: Sequence[Any],
) -> Columns:
    table, (anchors, features) = tested.setups, named_columns
    symbols = table["symbol"]
    columns: Columns = {
        "market": _placed(symbols, places),
        "window": table["window"].to_numpy(np.int64),
        "known": _at(tested, symbols, table["known_at"]),
        "complete": table["complete"].to_numpy(bool),
    }
    columns |= {name: table[name].to_numpy(object) for name in ("kind", "direction", "veto")}
    columns |= {name: table[name].to_numpy(float) for name in ("stop", "target", *features)}
    columns |= {f"at_{name}": _at(tested, symbols, table[name]) for name in anchors}
    for name in variants:
        words = {f"{name}_{key}": table[f"{name}_{key}"].to_numpy(object) for key in ("fate", "exit_reason")}
        prices = {f"{name}_{key}": table[f"{name}_{key}"].to_numpy(float) for key in (*PRICES, "r")}
        ends = {f"{name}_{key}": _at(tested, symbols, table[f"{name}_{key}_time"]) for key in ("entry", "exit")}
        columns |= words | prices | ends
    return columns | _below(columns, panels)


def _below(columns: Columns, panels: Sequence[Any]) -> Columns:
    """What the panel of its own window is at a setup's two ends, which the stitched panel may not be."""
    made: Columns = {}
    for side in ("left", "right"):
        at = columns.get(f"at_{side}_osc")
        values = np.full(len(columns["market"]), np.nan, np.float32)
        for row in range(len(values)) if at is not None else ():
            of_window = panels[columns["market"][row]][2].get(int(columns["window"][row]))
            if at is not None and at[row] >= 0 and of_window is not None:
                values[row] = of_window[at[row]]
        made[f"below_{side}"] = values
    return made


def lines(tested: Tested, ids: Mapping[str, int]) -> Columns:
    drawn = tested.drawn[tested.drawn["setup"].isin(list(ids))]
    setup = np.array([ids[name] for name in drawn["setup"]], np.int64)
    symbols = tested.setups["symbol"].iloc[setup].reset_index(drop=True)
    columns: Columns = {"setup": setup, "line": drawn["line"].to_numpy(object)}
    for end in ("from", "to"):
        columns[end] = _at(tested, symbols, drawn[f"{end}_time"].reset_index(drop=True))
        columns[f"{end}_price"] = drawn[f"{end}_price"].to_numpy(float)
    return columns
