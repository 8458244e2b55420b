"""Carries the oracle's nouns over to the framework's, and tells where two results differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from framework.bars import Bars
from framework.signals import Entries, Signals
from framework.simulation import Costs, Exits, Sizing
from framework.simulation import Result as Result
from tests import oracle

COLUMNS = (  # of a trade and of an outcome, by the framework's name and the oracle's
    ("entry_bar", "entry_bar"), ("entry_price", "entry_price"), ("stop", "stop"), ("target", "target"),
    ("exit_bar", "exit_bar"), ("exit_price", "exit_price"), ("exit_reason", "reason"), ("r", "r"), ("mae", "mae"),
    ("mfe", "mfe"), ("bars", "bars"), ("ambiguous", "ambiguous"),
)  # fmt: skip
EXITS = (
    "stop", "stop_atr", "stop_buffer_atr", "swing_width", "trail", "break_even_r", "target_swing", "target_r",
    "time_stop", "on_opposite", "min_risk_atr", "inside_bar", "fill",
)  # fmt: skip
COSTS = ("fee", "slippage", "tick")
SIZING = ("fraction", "risk", "leverage", "lot", "smallest", "volume_share")
OF_A_TRADE = (
    *COLUMNS, ("setup", "entry"), ("signal_bar", "signal_bar"), ("size", "size"), ("fees", "fees"), ("pnl", "pnl"),
    ("return", "returned"),
)  # fmt: skip


def framework_bars(bars: oracle.Bars) -> Bars:
    index = pd.date_range("2024-01-01", periods=len(bars.open), freq="h", tz="UTC")
    columns = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    volume = [bars.volume_of(bar) for bar in range(len(bars.open))]
    return Bars.from_frame(pd.DataFrame({**columns, "volume": volume}, index=index), "TEST", "1h")


def framework_entries(signals: list[oracle.Signal]) -> Entries:
    """Entry by entry in order; `setup` is the entry's number, so that a trade can be told from another."""
    rows = [(bar, entry) for bar, signal in enumerate(signals) for entry in signal.entries]
    return Entries(
        bar=np.array([bar for bar, _ in rows], np.int64),
        side=np.array([entry.side for _, entry in rows], np.int8),
        stop=np.array([entry.stop for _, entry in rows], float),
        target=np.array([entry.target for _, entry in rows], float),
        exit_bar=np.array([_first_exit(signals, bar, entry.side) for bar, entry in rows], np.int64),
        setup=np.arange(len(rows), dtype=np.int64),
    )


def framework_signals(signals: list[oracle.Signal]) -> Signals:
    """The dense shape, for signals of at most one entry a bar."""
    only = [signal.entries[0] if signal.entries else oracle.Entry(0) for signal in signals]
    return Signals(
        long_entry=np.array([entry.side > 0 for entry in only]),
        long_exit=np.array([signal.exit_long for signal in signals]),
        short_entry=np.array([entry.side < 0 for entry in only]),
        short_exit=np.array([signal.exit_short for signal in signals]),
        stop=np.array([entry.stop for entry in only]),
        target=np.array([entry.target for entry in only]),
        setup=np.cumsum([entry.side != 0 for entry in only]) - 1,
    )


def _first_exit(signals: list[oracle.Signal], bar: int, side: int) -> int:
    return next((later for later in range(bar, len(signals)) if signals[later].leaves(side)), len(signals))


def exits_and_costs(options: oracle.Options) -> tuple[Exits, Costs]:
    """What `outcomes` takes beside bars and entries."""
    exits, costs = (_some(options, names) for names in (EXITS, COSTS))
    return Exits(**exits), Costs(**costs)


def keywords(options: oracle.Options) -> dict[str, Any]:
    """What `simulate` takes beside bars and entries."""
    exits, costs = exits_and_costs(options)
    return {"costs": costs, "sizing": Sizing(**_some(options, SIZING)), "exits": exits, "cash": options.cash}


def _some(options: oracle.Options, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names}


def trade_rows(result: Result, bars: Bars) -> list[dict[str, Any]]:
    """The trades as plain rows, stamps turned into bar numbers and direction into a side."""
    rows = [{str(name): value for name, value in row.items()} for row in result.trades.to_dict("records")]
    for row in rows:
        for name in ("signal", "entry", "exit"):
            row[f"{name}_bar"] = bars.index.get_loc(row[f"{name}_time"])
        row["setup"] = int(row["setup"])
        row["side"] = {"long": 1, "short": -1}[row["direction"]]
    return rows


def same(ours: Any, theirs: Any, scale: float = 1.0) -> bool:
    """Equal; numbers to 1e-9, of `scale` where they are near zero; NaN equals NaN."""
    if isinstance(theirs, str | bool) or isinstance(ours, str):
        return bool(ours == theirs)
    both_missing = math.isnan(ours) and math.isnan(theirs)
    return both_missing or math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9 * scale)


def differences(
    row: Mapping[Any, Any], trade: oracle.Trade, columns: Iterable[tuple[str, str]], scale: float = 1.0
) -> list[str]:
    """One line per column in which a row of the framework's and the oracle's trade differ."""
    pairs = [(name, row[name], getattr(trade, theirs)) for name, theirs in columns]
    return [
        f"entry {trade.entry}: {name} is {ours!r}, the oracle says {theirs!r}"
        for name, ours, theirs in pairs
        if not same(ours, theirs, scale if name in ("pnl", "fees") else 1.0)
    ]
