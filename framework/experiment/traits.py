"""Breaks as books count them: the way they went, the target reached, the return to the line; and chance beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ..bars import Bars
from ..errors import UserError
from ..metrics import ENOUGH, time_blocks, win_rate
from ..params import Value
from ..structure.broken import HORIZON, Broken
from ..validation.published import PUBLISHED, SOURCE
from ..validation.shuffled import shuffled
from ..validation.walk import row_at
from .outofsample import OutOfSample

SHUFFLES = 20  # of every market
MEASURES = ("way", "reached", "back", "false")


def traits(tested: OutOfSample, values: Mapping[str, Value], seed: int) -> dict[str, Any] | None:
    """What became of the breaks in the test windows, and of those in the bars of the tests shuffled; None for a rule
    that names no breaks. values: the rule's, one set for all windows, as the file has them.

    rows: of each kind `breaks`, how many; `formed`, how many patterns of its shape became known, None where only those
    that broke are seen; of `way` (this side, of all breaks of its shape), `reached`, `back` and `false` the share with
    its interval, that of the shuffled bars, where there are enough, and what is published, NaN and None where there is
    nothing. volume: the same of `reached` and `false`
    with a break's volume and without.
    """
    strategy = tested.trading.strategy
    if strategy.break_down is None:
        return None
    params = strategy.build(dict(values))
    begin, end = tested.chosen[0][0].test_start, tested.chosen[-1][0].test_end

    def found(markets: Sequence[Bars]) -> pd.DataFrame:
        return pd.concat([_table(strategy, bars, params, begin, end) for bars in markets], ignore_index=True)

    ours = found(tested.markets)
    seeds = np.random.SeedSequence(seed).generate_state(SHUFFLES)
    inside = [bars[row_at(bars, begin) : row_at(bars, end)] for bars in tested.markets]
    chance = pd.concat([found(shuffled([bars for bars in inside if len(bars) > 1], int(one))) for one in seeds])
    kinds = sorted(set(ours.loc[ours["kind"] != "", "kind"]))
    return {
        "source": SOURCE,
        "shuffles": SHUFFLES,
        "rows": [_row(kind, ours, chance) for kind in kinds],
        "volume": [_loud(loud, ours, chance) for loud in (1.0, 0.0) if (ours["loud"] == loud).any()],
    }


def _table(strategy: Any, bars: Bars, params: Any, begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """The breaks of a market that are known in the windows, a row each, and with an empty kind every pattern."""
    one = strategy.traits(bars, params)
    if not isinstance(one, Broken):
        raise UserError(strategy.where, f"traits() returned {type(one).__name__}", "return Broken")
    columns = {name: getattr(one, name) for name in ("kind", "known_at", "reached", "back", "false", "loud")}
    table = _columns(strategy, columns | {"shape": [_shape(kind) for kind in one.kind]})
    if one.shape is not None:
        formed = _columns(strategy, {"known_at": one.known, "shape": one.shape})
        table = pd.concat([table, formed.assign(kind="")], ignore_index=True)
    rows = (table["known_at"] >= row_at(bars, begin)) & (table["known_at"] < row_at(bars, end))
    time = bars.time[table.loc[rows, "known_at"]]
    return table[rows].assign(time=time, life=np.full(len(time), HORIZON * bars.step))


def _columns(strategy: Any, columns: Mapping[str, Any]) -> pd.DataFrame:
    lengths = {name: -1 if values is None else len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        held = f"traits() returned Broken with {', '.join(f'{n} {name}' for name, n in lengths.items())}"
        raise UserError(strategy.where, held, "a value each")
    return pd.DataFrame(dict(columns))


def _shape(kind: str) -> str:
    return kind.removesuffix("_up").removesuffix("_down")


def _row(kind: str, ours: pd.DataFrame, chance: pd.DataFrame) -> dict[str, Any]:
    own = ours[ours["kind"] == kind]
    shape = own["shape"].iloc[0]
    patterns = int(((ours["kind"] == "") & (ours["shape"] == shape)).sum())
    row: dict[str, Any] = {"kind": kind, "breaks": len(own), "formed": patterns or None}
    for name in MEASURES:
        row[name] = _beside(*(_said(table, kind, shape, name) for table in (ours, chance)))
        row[name]["published"] = PUBLISHED.get(kind, {}).get(name)
    return row


def _said(table: pd.DataFrame, kind: str, shape: str, name: str) -> pd.DataFrame:
    """The breaks that a measure can be said of, and what it is."""
    if name == "way":
        rows = table[(table["kind"] != "") & (table["shape"] == shape)] if shape != kind else table[:0]
        return rows.assign(value=(rows["kind"] == kind).astype(float))
    rows = table[(table["kind"] == kind) & table[name].notna()]
    return rows.assign(value=rows[name])


def _beside(ours: pd.DataFrame, chance: pd.DataFrame) -> dict[str, Any]:
    """A share with its interval, and beside it that of the shuffled bars, NaN where these have too few."""
    blocks = time_blocks(ours["time"].to_numpy("M8[us]"), ours["life"].to_numpy("m8[us]"))
    share = win_rate(ours["value"].to_numpy() == 1, blocks)
    enough = len(chance) >= ENOUGH
    return asdict(share) | {"chance": float(chance["value"].mean()) if enough else np.nan, "chance_n": len(chance)}


def _loud(loud: float, ours: pd.DataFrame, chance: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"loud": bool(loud), "breaks": int((ours["loud"] == loud).sum())}
    for name in ("reached", "false"):
        said = [table[(table["loud"] == loud) & table[name].notna()] for table in (ours, chance)]
        row[name] = _beside(*(table.assign(value=table[name]) for table in said))
    return row
