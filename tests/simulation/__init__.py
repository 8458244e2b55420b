"""Carries the oracle's nouns over to the framework's, and tells where two results differ."""

from __future__ import annotations

import itertools
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
    "stop", "stop_atr", "stop_buffer_atr", "swing_width", "trail", "break_even_r", "target_swing", "target_extension",
    "target_height", "target_r", "time_stop", "on_opposite", "min_risk_atr", "inside_bar", "fill",
)  # fmt: skip
COSTS = ("fee", "slippage", "tick", "borrow")
SIZING = ("fraction", "risk", "leverage", "lot", "smallest", "volume_share")
OF_A_TRADE = (
    *COLUMNS, ("setup", "entry"), ("signal_bar", "signal_bar"), ("size", "size"), ("fees", "fees"), ("carry", "carry"),
    ("pnl", "pnl"), ("return", "returned"),
)  # fmt: skip


START = pd.Timestamp("2024-01-01", tz="UTC")
DAY = 86_400e6  # microseconds
TIMEFRAMES = {1.0: "1d", 0.25: "6h", 1 / 24: "1h"}  # by the length of a bar in days
FINER = {1.0: "1h", 0.25: "15m", 1 / 24: "150s"}
SLOTS = 24  # how many finer bars fit into a bar


def framework_bars(bars: oracle.Bars) -> Bars:
    """With the bars' funding and finer bars, where they have any."""
    opens = _opens(bars)
    index = pd.DatetimeIndex(opens)
    columns = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    volume = [bars.volume_of(bar) for bar in range(len(opens))]
    made = Bars.from_frame(pd.DataFrame({**columns, "volume": volume}, index=index), "TEST", TIMEFRAMES[bars.length])
    if any(bars.funding):
        made = made.with_funding(_funding(bars, opens))
    return made.with_finer(_finer(bars, opens)) if any(bars.finer) else made


def _opens(bars: oracle.Bars) -> list[pd.Timestamp]:
    days = [0.0, *(bars.days_of(bar) for bar in range(len(bars.open) - 1))]
    return [START + pd.Timedelta(microseconds=round(since * DAY)) for since in itertools.accumulate(days)]


def _funding(bars: oracle.Bars, opens: list[pd.Timestamp]) -> pd.Series[float]:
    """Stamps inside the bar, at the next one's open, or half of the rate at each. At either end stands one too many."""
    rates = {opens[0]: 0.5}
    for bar, (rate, opened) in enumerate(zip(bars.funding, opens, strict=True)):
        ended = opened + pd.Timedelta(microseconds=round(bars.days_of(bar) * DAY))
        stamps = [(opened + pd.Timedelta(microseconds=1),), (ended,), (opened + (ended - opened) / 2, ended)][bar % 3]
        rates.update({stamp: rate / len(stamps) for stamp in stamps if rate})
    rates[ended + pd.Timedelta(microseconds=1)] = 0.5
    return pd.Series(rates)


def _finer(bars: oracle.Bars, opens: list[pd.Timestamp]) -> Bars:
    """The first at the bar's open, the others at once after it. Before, between and after the bars: wild ones.

    Before them stand so many that most finer bars follow one another: else no timeframe could be told from them.
    """
    slot = pd.Timedelta(microseconds=round(bars.length * DAY)) / SLOTS
    wild = (max(bars.high), max(bars.high) * 2, min(bars.low) / 2, min(bars.low))
    rows = {opens[0] - back * slot: wild for back in range(1, 2 * len(opens) + 2)}
    rows.update({opened + SLOTS * slot: wild for opened in opens})
    for opened, finer in zip(opens, bars.finer, strict=True):
        rows.pop(opened, None)  # the bar before is followed at once
        rows.update({opened + place * slot: quote for place, quote in enumerate(finer)})
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["open", "high", "low", "close"])
    return Bars.from_frame(frame.sort_index(), "TEST", FINER[bars.length])


def framework_entries(signals: list[oracle.Signal]) -> Entries:
    """Entry by entry in order; `setup` is the entry's number, so that a trade can be told from another."""
    rows = [(bar, entry) for bar, signal in enumerate(signals) for entry in signal.entries]
    return Entries(
        bar=np.array([bar for bar, _ in rows], np.int64),
        side=np.array([entry.side for _, entry in rows], np.int8),
        stop=np.array([entry.stop for _, entry in rows], float),
        target=np.array([entry.target for _, entry in rows], float),
        exit_bar=np.array([_first_exit(signals, bar, entry) for bar, entry in rows], np.int64),
        setup=np.arange(len(rows), dtype=np.int64),
        height=np.array([entry.height for _, entry in rows], float),
        window=np.array([entry.window for _, entry in rows], np.int64),
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
        height=np.array([entry.height for entry in only]),
        setup=np.cumsum([entry.side != 0 for entry in only]) - 1,
    )


def _first_exit(signals: list[oracle.Signal], bar: int, entry: oracle.Entry) -> int:
    later = range(bar, len(signals))
    return next((other for other in later if signals[other].leaves(entry.side, entry.window)), len(signals))


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
        if not same(ours, theirs, scale if name in ("pnl", "fees", "carry") else 1.0)
    ]
