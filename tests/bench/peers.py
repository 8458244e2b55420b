"""What the peers have in common: how their trades are compared with ours, how seconds are taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from framework.simulation import Result

from .levels import Levels

Floats: TypeAlias = NDArray[np.float64]

METRICS = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate")
TRADES = ("entry", "exit", "entry_price", "exit_price", "open")  # bars as positions; open: held at the end of the data
CLOSE = 1e-9  # relative difference of two prices that are the same


class Run(NamedTuple):
    """One backtest: its METRICS, and its trades as a table of TRADES."""

    metrics: Floats
    trades: pd.DataFrame


class Estimate(NamedTuple):
    """A sweep's seconds: `preparing`, plus `running` as measured on `ran` of the `sets` and scaled when fewer."""

    preparing: float
    running: float
    ran: int
    sets: int

    @property
    def scaled(self) -> bool:
        return self.ran < self.sets

    @property
    def seconds(self) -> float:
        return self.preparing + self.running * self.sets / self.ran


def missing(*distributions: str) -> str:
    """'' when all are installed, else which one is not."""
    for name in distributions:
        try:
            version(name)
        except PackageNotFoundError:
            return f"{name} is not installed"
    return ""


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def estimate(
    prepare: Callable[[Sequence[Levels]], object],
    run: Callable[[Sequence[Levels]], object],
    sets: Sequence[Levels],
    sample: int,
    run_length: int,
) -> Estimate:
    """Time all of the preparation, and the rest of the sweep on about `sample` sets drawn from all over `sets`.

    run_length: neighbouring sets that are drawn together, since a library may handle them together.
    """
    preparing = seconds(lambda: prepare(sets))
    starts = np.arange(0, len(sets), run_length)
    drawn = np.random.default_rng(1).permutation(starts)[: max(1, round(sample / run_length))]
    some = [levels for start in np.sort(drawn) for levels in sets[start : start + run_length]]
    return Estimate(preparing, seconds(lambda: run(some)), len(some), len(sets))


def trade_table(entry: Any, leave: Any, entry_price: Any, exit_price: Any, still_open: Any) -> pd.DataFrame:
    """A table of TRADES in the order of entry."""
    columns = (entry, leave, entry_price, exit_price, still_open)
    table = pd.DataFrame(dict(zip(TRADES, (np.asarray(column) for column in columns), strict=True)))
    return table.astype({"entry": np.int64, "exit": np.int64, "open": bool})


def ours(result: Result) -> pd.DataFrame:
    """The trades of this project's simulator as a table of TRADES, with the `reason` of each exit."""
    trades, index = result.trades, result.bars.index
    table = trade_table(
        index.get_indexer(pd.DatetimeIndex(trades["entry_time"])),
        index.get_indexer(pd.DatetimeIndex(trades["exit_time"])),
        trades["entry_price"],
        trades["exit_price"],
        trades["exit_reason"] == "open",
    )
    return table.assign(reason=trades["exit_reason"].to_numpy())


def same_trades(mine: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, int]:
    """How many of our trades are theirs too, and why the others are not.

    mine, theirs: tables of TRADES, mine with `reason`. Explained are: our stop was touched in the bar of entry, where
    theirs is not live yet; both left in one bar, ours at its open by the signal and theirs by the stop later in it; and
    whatever was entered while the other side still held one of those. Of a trade open at the end only the entry counts.
    """
    counts = dict.fromkeys(("ours", "theirs", "equal", "stop_in_entry_bar", "stop_before_signal", "follows"), 0)
    counts |= {"ours": len(mine), "theirs": len(theirs), "unexplained": 0}
    row = pd.Series(range(len(theirs)), index=theirs["entry"])
    other = [int(row[entry]) if entry in row.index else -1 for entry in mine["entry"]]
    differs = {"mine": np.ones(len(mine), bool), "theirs": np.ones(len(theirs), bool)}
    for i, j in enumerate(other):
        if j >= 0 and _equal(mine.iloc[i], theirs.iloc[j]):
            differs["mine"][i] = differs["theirs"][j] = False
            counts["equal"] += 1
    for i in np.flatnonzero(differs["mine"]):
        partner = theirs.iloc[other[i]] if other[i] >= 0 else None
        counts[_reason(mine.iloc[i], partner, theirs[differs["theirs"]])] += 1
    for j in np.flatnonzero(differs["theirs"] & ~theirs["entry"].isin(mine["entry"]).to_numpy()):
        if not _held(mine[differs["mine"]], theirs.iloc[j]["entry"]):
            counts["unexplained"] += 1
    return counts


def _equal(mine: pd.Series, theirs: pd.Series) -> bool:
    if mine["open"] and theirs["open"]:
        return bool(np.isclose(mine["entry_price"], theirs["entry_price"], rtol=CLOSE, atol=0))
    if mine["exit"] != theirs["exit"] or mine["open"] or theirs["open"]:
        return False
    prices = ["entry_price", "exit_price"]
    return bool(np.allclose(mine[prices].astype(float), theirs[prices].astype(float), rtol=CLOSE, atol=0))


def _reason(mine: pd.Series, theirs: pd.Series | None, unequal: pd.DataFrame) -> str:
    if theirs is None:
        return "follows" if _held(unequal, mine["entry"]) else "unexplained"
    if mine["exit"] == mine["entry"] and mine["reason"] == "stop" and theirs["exit"] > mine["exit"]:
        return "stop_in_entry_bar"
    below = theirs["exit_price"] <= mine["exit_price"]
    if mine["exit"] == theirs["exit"] and mine["reason"] == "signal" and below:
        return "stop_before_signal"
    return "unexplained"


def _held(trades: pd.DataFrame, bar: int) -> bool:
    """Whether one of `trades` was entered before the bar and left in it or later."""
    return bool(((trades["entry"] < bar) & (trades["exit"] >= bar)).any())
