"""This project's side: one backtest, sweeps, the first call in a fresh process, the peak of memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from framework.bars import Bars
from framework.signals import Signals
from framework.simulation import Costs, Exits, Result, Sizing, Terms, simulate
from framework.sweep import sweep
from framework.workspace import Strategy, load_strategy

from .levels import BUSY, CASH, FEE, OVERBOUGHT, OVERSOLD, PERIODS, WIDTHS, Arrays, Levels, signals
from .peers import METRICS

HERE = Path(__file__).resolve().parent
PLAIN = Exits(min_risk_atr=0)  # no peer refuses a thin risk
COLUMNS = ["rsi_period", "oversold", "overbought", "exits.swing_width"]


@cache
def rule() -> Strategy:
    return load_strategy(HERE, "rsi_levels")


def from_bars(bars: Bars, levels: Levels) -> list[float]:
    """METRICS of one set from raw bars: RSI, signals, swings, trades, figures."""
    exits = Exits(min_risk_atr=0, swing_width=levels.width)
    return _metrics(simulate(bars, signals(bars, levels), Costs(fee=FEE), Sizing(), exits, CASH))


def from_arrays(bars: Bars, given: Arrays) -> list[float]:
    """METRICS of one set from arrays of signals and stops."""
    return _metrics(run(bars, given))


def run(bars: Bars, given: Arrays) -> Result:
    made = Signals(long_entry=given.enter, long_exit=given.leave, stop=given.stop)
    return simulate(bars, made, Costs(fee=FEE), Sizing(), Exits(stop="own", min_risk_atr=0), CASH)


def space(busy: bool = False) -> dict[str, Any]:
    """The 1,000 sets."""
    low, high = BUSY if busy else (OVERSOLD, OVERBOUGHT)
    return dict(zip(COLUMNS, (PERIODS, low, high, WIDTHS), strict=True)) | {"side": "long"}


def many() -> dict[str, Any]:
    """100,000 sets."""
    levels = [float(x) for x in range(11, 31)], [float(x) for x in range(66, 91)]
    return dict(zip(COLUMNS, (range(5, 25), *levels, WIDTHS), strict=True)) | {"side": "long"}


def swept(bars: Bars, over: Mapping[str, Any] | pd.DataFrame, workers: int = 2, fee: float = FEE) -> pd.DataFrame:
    return sweep(bars, rule(), over, Terms(Costs(fee=fee), Sizing(), PLAIN), CASH, workers)


def divergences(bars: Bars, workers: int = 2) -> pd.DataFrame:
    """1,000 sets of the RSI divergence, long and short."""
    over = {
        "rsi_period": (7, 9, 14, 21),
        "oversold": (20.0, 25.0, 30.0, 35.0, 40.0),
        "overbought": (60.0, 65.0, 70.0, 75.0, 80.0),
        "swing_width": (2, 3, 4, 5, 6),
        "exits.target_r": (None, 2.0),
    }
    terms = Terms(Costs(fee=FEE), Sizing(), PLAIN)
    return sweep(bars, load_strategy(HERE.parents[1], "rsi_divergence"), over, terms, CASH, workers)


def _metrics(result: Result) -> list[float]:
    return [result.metrics[name] for name in METRICS]


def first_calls() -> dict[str, float]:
    """Seconds of the first backtest and the first sweep of a process: with nothing compiled yet, and in the next
    process, which must find all of it on disk; and how many kernels that one compiled.
    """
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = "import pathlib, framework.compiled as c; c.KERNELS = pathlib.Path({0!r}); "  # before any kernel is
        code = (elsewhere + "import tests.bench.ours as o; o.first({0!r})").format(folder)
        cold, warm = (_answer("-c", code) for _ in range(2))
    return {
        "compiling": cold["seconds"],
        "second_process": warm["seconds"],
        "kernels_compiled": cold["files"],
        "kernels_compiled_by_second": warm["files"] - cold["files"],
    }


def memory(bars: int, few: bool) -> dict[str, float]:
    """Seconds and the peak of memory, in MB, of a process that sweeps 100,000 sets (few: a hundredth of them)."""
    return _answer("-m", "tests.bench.ours", str(bars), str(int(few)))


def _answer(*words: str) -> dict[str, Any]:
    """What a fresh process prints."""
    command = [sys.executable, *words]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parents[1])
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def first(folder: str) -> None:
    """Print how long a first backtest and a first sweep take, and how many compiled kernels then lie in the folder."""
    from .__main__ import walk

    bars = walk(2_000)
    start = time.perf_counter()
    from_bars(bars, Levels())
    swept(bars, {"oversold": (25.0, 30.0), "side": "long"})
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "files": sum(1 for _ in Path(folder).rglob("*.nbc"))}))


def peak() -> float:
    """The peak of this process's memory in MB. Not getrusage: on Linux it starts at the parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _memory(bars: int, few: bool) -> dict[str, float]:
    from .__main__ import walk

    market, over = walk(bars), many()
    if few:
        over = over | {"oversold": (20.0, 30.0), "overbought": (70.0, 80.0), "exits.swing_width": WIDTHS}
        over["rsi_period"] = range(5, 30)
    swept(market, over | {"rsi_period": (14,), "oversold": (30.0,)})
    start = time.perf_counter()
    sets = len(swept(market, over))
    taken = time.perf_counter() - start
    return {"sets": sets, "seconds": taken, "mb": peak()}


if __name__ == "__main__":
    print(json.dumps(_memory(int(sys.argv[1]), sys.argv[2] == "1")))
