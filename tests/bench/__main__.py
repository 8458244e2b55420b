"""How fast, against the peers: the same bars, signals and figures, in one interleaved run. `make bench` prints it.

Writes reports/bench/latest.json and growth.png. Seconds are medians; ratios are a peer's seconds over ours.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from framework.bars import Bars
from framework.simulation import Costs, Exits, Sizing, simulate

from . import backtestingpy, growth, ours, peers, raptor, study, vbt, vbt_alone, vbt_sweep, windows
from .levels import BUSY_SPACE, CASH, FEE, SPACE, Levels, Prepared, arrays
from .peers import seconds

OUT = Path(__file__).resolve().parents[2] / "reports" / "bench"
SAMPLE = 60  # sets of vectorbt that its Portfolio runs; the rest is scaled, which is linear in them
REPEATS = 9
CHUNKS = (1, 5, 10, 20)
OWN = Exits(stop="own", min_risk_atr=0)
Calls = dict[str, Callable[[], object]]


def walk(n: int) -> Bars:
    """A random walk of n hourly bars."""
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.005, n)))
    opening = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame({"open": opening, "close": close, "volume": random.lognormal(0, 1, n)})
    frame["high"] = frame[["open", "close"]].max(axis=1) * np.exp(random.exponential(0.002, n))
    frame["low"] = frame[["open", "close"]].min(axis=1) / np.exp(random.exponential(0.002, n))
    return Bars.from_frame(frame.set_index(pd.date_range("1900-01-01", periods=n, freq="h", tz="UTC")), "WALK", "1h")


def interleaved(calls: Calls, repeats: int = REPEATS) -> dict[str, float]:
    """Median seconds of each, one of each in turn, each right after one of its own that does not count: else it would
    pay for the caches that the one before it has filled.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            call()
            taken[name].append(seconds(call))
    return {name: float(np.median(spent)) for name, spent in taken.items()}


def backtests(n: int) -> dict[str, dict[str, float]]:
    """One backtest with swing stops, from raw bars and from arrays of signals; no call finds anything remembered.

    From bars vectorbt makes its own indicators; "fed by us": from ours, without dates; bare: its functions on arrays.
    """
    bars, levels = walk(n), Levels()
    given, prepared = arrays(bars, levels), Prepared(bars)
    prepared.everything([levels])
    raw: Calls = {"chartproof": lambda: ours.from_bars(bars[:], levels)}
    made: Calls = {"chartproof": lambda: ours.from_arrays(bars[:], given)}
    one = partial(vbt_sweep.by_portfolio, bars, [levels])
    for engine in ("numba", "rust"):
        raw[f"vectorbt {engine}"] = partial(vbt_alone.from_bars, bars, levels, engine)
        raw[f"vectorbt {engine}, fed by us"] = partial(one, engine, 1)
        raw[f"vectorbt {engine} bare"] = partial(vbt.from_bars, bars, levels, engine)
        made[f"vectorbt {engine}"] = partial(one, engine, 1, prepared, dated=True)
        made[f"vectorbt {engine}, no dates"] = partial(one, engine, 1, prepared)
    if not raptor.available():
        raw["raptorbt"] = lambda: raptor.from_bars(bars, levels)
    found = {"from bars": interleaved(raw), "from signals": interleaved(made)}
    if n <= 100_000 and not backtestingpy.available():
        found["from bars"] |= interleaved({"backtesting.py": lambda: backtestingpy.from_bars(bars, levels)}, 1)
    return found


def sweeps(bars: Bars, busy: bool) -> dict[str, float]:
    """1,000 sets from bars to figures. The peers' chunk is their best; vectorbt's seconds are scaled from a sample."""
    sets = BUSY_SPACE if busy else SPACE
    calls: Calls = {"chartproof": lambda: ours.swept(bars[:], ours.space(busy))}
    if not raptor.available():
        batch, _ = raptor.best_batch(bars, sets[::25], (20, 100))
        calls["raptorbt"] = lambda: raptor.sweep(bars, sets, batch)
    found = interleaved(calls, REPEATS)
    found |= interleaved({"chartproof one core": lambda: ours.swept(bars[:], ours.space(busy), 1)}, 3)
    for engine in ("numba", "rust"):
        found |= _vectorbt(bars, sets, engine)
    return found


def _vectorbt(bars: Bars, sets: Sequence[Levels], engine: vbt.Engine) -> dict[str, float]:
    """Seconds of its Portfolio at the best width of a chunk, and of its bare functions, which are run in full."""

    def portfolio(chunk: int) -> float:
        """All of the preparation, and the rest scaled from a sample of neighbouring sets."""
        prepared = Prepared(bars)
        run = partial(vbt_sweep.by_portfolio, bars, engine=engine, chunk=chunk, prepared=prepared)
        return peers.estimate(prepared.everything, run, sets, SAMPLE, chunk).seconds

    chunks = {}
    for chunk in CHUNKS:
        vbt_sweep.by_portfolio(bars[:2_000], sets[:chunk], engine, chunk)
        chunks[chunk] = portfolio(chunk)
    best = min(chunks, key=chunks.__getitem__)
    workers = 2 if engine == "rust" else 1  # the numba engine holds the GIL
    bare = [seconds(lambda: vbt_sweep.sweep(bars, sets, engine, 5, workers)) for _ in range(2)]
    return {
        f"vectorbt {engine}": float(np.median([chunks[best], portfolio(best), portfolio(best)])),
        f"vectorbt {engine} bare": min(bare),
    }


def same(bars: Bars) -> dict[str, Any]:
    """The peers' trades beside ours, where the rule is the same; what differs is explained or counted as not."""
    found: dict[str, Any] = {}
    for levels in (SPACE[0], SPACE[-1], Levels()):
        mine = peers.ours(ours.run(bars, arrays(bars, levels)))
        theirs = {f"vectorbt {engine}": vbt.run(bars, levels, engine).trades for engine in ("numba", "rust")}
        if not backtestingpy.available():
            theirs["backtesting.py"] = backtestingpy.run(bars, levels).trades
        for name, trades in theirs.items():
            _add(found.setdefault(name, {}), peers.same_trades(mine, trades))
        if not raptor.available():  # its own rule, run by our simulator
            rule = simulate(bars, raptor.same_rule(bars, levels), Costs(fee=FEE), Sizing(), OWN, CASH)
            _add(found.setdefault("raptorbt", {}), peers.same_trades(peers.ours(rule), raptor.run(bars, levels).trades))
    return found


def _add(total: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        total[name] = total.get(name, 0) + count


def main() -> None:
    for engine in ("numba", "rust"):
        vbt_sweep.warm_up(walk(2_000), engine)
    small, large = walk(100_000), walk(1_000_000)
    report: dict[str, Any] = {"machine": machine(), "first_call": ours.first_calls()}
    report["backtest"] = {f"{n}": backtests(n) for n in (10_000, 100_000, 1_000_000)}
    report["sweep_1000x100k"] = sweeps(small, busy=False)
    report["sweep_busy_1000x100k"] = sweeps(small, busy=True)
    report["sweep"] = interleaved(
        {
            "100x100k": lambda: ours.swept(
                small[:], ours.space() | {"exits.swing_width": (5,), "rsi_period": (7, 9, 14, 21)}
            ),
            "divergence_1000x100k": lambda: ours.divergences(small[:]),
            "1000x100k without a fee": lambda: ours.swept(small[:], ours.space(), fee=0.0),
            "1000x1m without a fee": lambda: ours.swept(large[:], ours.space(), fee=0.0),  # with one all are ruined
        },
        3,
    )
    report["memory"] = {"sweep_1000x20k": ours.memory(20_000, True), "sweep_100000x20k": ours.memory(20_000, False)}
    report["same_trades"] = same(walk(20_000))
    report["search_100"] = study.measured()
    report["search_2000x5x20k"] = windows.measured()
    report["growth"] = growth.measured(walk)
    summarise(report)
    OUT.mkdir(parents=True, exist_ok=True)
    growth.draw(report["growth"], OUT / "growth.png")
    (OUT / "latest.json").write_text(json.dumps(report, indent=1) + "\n")
    show(report)


def summarise(report: dict[str, Any]) -> None:
    """The figures that are looked for by name."""
    single, sweep, busy = report["backtest"], report["sweep_1000x100k"], report["sweep_busy_1000x100k"]
    many = report["sweep"]

    def ratios(found: dict[str, float]) -> dict[str, float]:
        mine = found["chartproof"]
        named = {"vectorbt": found["vectorbt numba"] / mine, "vectorbt_rust": found["vectorbt rust"] / mine}
        rest = {name: spent / mine for name, spent in found.items() if not name.startswith("chartproof")}
        return named | {name: ratio for name, ratio in rest.items() if name not in ("vectorbt numba", "vectorbt rust")}

    report["ratios"] = {
        "sweep_1000x100k": ratios(sweep),
        "sweep_busy_1000x100k": ratios(busy),
        "backtest_100k_from_bars": ratios(single["100000"]["from bars"]),
        "backtest_1m_from_signals": ratios(single["1000000"]["from signals"]),
        "bar_1m_over_100k": many["1000x1m without a fee"] / 10 / many["1000x100k without a fee"],
    }
    report["memory_mb"] = {name: found["mb"] for name, found in report["memory"].items()}


def show(report: dict[str, Any]) -> None:
    console = Console()
    table = Table("workload", "library", "milliseconds", "times ours", title=report["machine"]["processor"])
    groups = {
        f"backtest {size} {kind}": found for size, kinds in report["backtest"].items() for kind, found in kinds.items()
    }
    groups |= {name: report[name] for name in ("sweep_1000x100k", "sweep_busy_1000x100k", "sweep")}
    for group, found in groups.items():
        mine = found.get("chartproof")
        for row, (name, spent) in enumerate(found.items()):
            ratio = f"{spent / mine:,.1f}" if mine else ""
            table.add_row("" if row else group, name, f"{spent * 1e3:,.2f}", ratio)
    console.print(table)
    for name in ("first_call", "memory", "same_trades", "search_100", "search_2000x5x20k", "ratios"):
        console.print(name, report[name])


def machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    libraries = ("numpy", "numba", "pandas", "vectorbt", "vectorbt-rust", "raptorbt", "backtesting", "TA-Lib")
    versions = {name: version(name) for name in libraries if not peers.missing(name)}
    return {"processor": model, "cores": os.cpu_count(), "python": platform.python_version(), "versions": versions}


if __name__ == "__main__":
    main()
