"""How long the parts take: medians of repeated calls on random walks, per bar. `make bench` prints the table."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.simulation import Exits, simulate
from framework.structure.divergence import DivergenceRule, rsi_divergences
from framework.structure.swings import swing_lows

SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 5


def walk(n: int) -> Bars:
    """A random walk of n hourly bars."""
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.005, n)))
    opening = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame({"open": opening, "close": close, "volume": random.lognormal(0, 1, n)})
    frame["high"] = frame[["open", "close"]].max(axis=1) * np.exp(random.exponential(0.002, n))
    frame["low"] = frame[["open", "close"]].min(axis=1) / np.exp(random.exponential(0.002, n))
    return Bars.from_frame(frame.set_index(pd.date_range("1950-01-01", periods=n, freq="h", tz="UTC")), "WALK", "1h")


def median(call: Callable[[Bars], object], bars: Bars) -> float:
    """Median seconds of a call on bars that remember nothing; the first call, which compiles, does not count."""
    call(bars[:])
    seconds = []
    for _ in range(REPEATS):
        fresh = bars[:]
        start = time.perf_counter()
        call(fresh)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def workloads(bars: Bars) -> dict[str, Callable[[Bars], object]]:
    """What is timed, by name. Entries are made beforehand where only the simulator is asked."""
    found = rsi_divergences(bars, 14, DivergenceRule())
    now, later = aggressive(bars, found).entries, conservative(bars, found).entries
    rules = Exits(target_r=2.0)
    return {
        "swings 5/5": lambda fresh: swing_lows(fresh.low),
        "RSI divergence, from bars": lambda fresh: rsi_divergences(fresh, 14, DivergenceRule()),
        "conservative entries": lambda fresh: conservative(fresh, found),
        "simulate, aggressive": lambda fresh: simulate(fresh, now, exits=rules),
        "simulate, conservative": lambda fresh: simulate(fresh, later, exits=rules),
    }


def main() -> None:
    table = Table("workload", *(f"{n:,} bars" for n in SIZES), title="milliseconds (nanoseconds a bar), median of 5")
    rows: dict[str, list[str]] = {}
    for n in SIZES:
        bars = walk(n)
        for name, call in workloads(bars).items():
            seconds = median(call, bars)
            rows.setdefault(name, []).append(f"{seconds * 1e3:,.2f} ({seconds / n * 1e9:,.1f})")
    for name, cells in rows.items():
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
