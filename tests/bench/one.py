"""One workload in a process of its own: `python -m tests.bench.one WORKLOAD BARS SETS` prints a line of JSON.

A peak of memory can only be read of a process, and a compiler's time only in a fresh one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from framework.bars import Bars

from . import backtestingpy, raptor, vbt_sweep
from .levels import SPACE, Levels
from .ours import peak
from .peers import seconds

CHUNK = 5  # columns of vectorbt at a time: the fastest at 100,000 bars, as `best_chunk` finds
Sweep = Callable[[Bars, Sequence[Levels]], object]
Loop = Callable[[Bars], object]


def workloads() -> dict[str, tuple[Sweep, Loop]]:
    """What to run, and what warms it up."""
    found: dict[str, tuple[Sweep, Loop]] = {
        "raptorbt": (raptor.sweep, raptor.warm_up),
        "backtesting": (
            lambda bars, sets: [backtestingpy.from_bars(bars, levels) for levels in sets],
            backtestingpy.warm_up,
        ),
    }
    for engine in ("numba", "rust"):
        sweep = partial(vbt_sweep.sweep, engine=engine, chunk=CHUNK)
        found[f"vectorbt-{engine}"] = (sweep, partial(vbt_sweep.warm_up, engine=engine))
    return found


def measure(name: str, bars: Bars, sets: Sequence[Levels]) -> dict[str, Any]:
    """Seconds of warming up and of the sweep, and the peak of memory before and after it, in MB."""
    sweep, warm = workloads()[name]
    warmed = warm(bars)
    before = peak()
    taken = seconds(lambda: sweep(bars, sets))
    figures = {"seconds": taken, "ns": taken / len(bars) / len(sets) * 1e9, "before_mb": before, "peak_mb": peak()}
    return {"workload": name, "bars": len(bars), "sets": len(sets), "warm_up": warmed, **figures}


def apart(name: str, bars: int, sets: int) -> dict[str, Any]:
    """`measure` in a fresh process, on `bars` bars of the random walk and `sets` sets from all over the space."""
    command = [sys.executable, "-m", "tests.bench.one", name, str(bars), str(sets)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def main() -> None:
    from .__main__ import walk  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m tests.bench.one")
    parser.add_argument("workload", choices=list(workloads()))
    parser.add_argument("bars", type=int)
    parser.add_argument("sets", type=int)
    given = parser.parse_args()
    at = np.linspace(0, len(SPACE) - 1, given.sets).round().astype(int)
    print(json.dumps(measure(given.workload, walk(given.bars), [SPACE[i] for i in at])))


if __name__ == "__main__":
    main()
