"""How often each test speaks for a rule where there is nothing, and where an edge of a stated size was planted.

`python -m tests.bench.calibration [RUNS]` searches so many made-up markets, prints the table and draws the shares of p
under every level in reports/bench/calibration.png. A test is honest where its line is under the diagonal, but for the
luck of so many runs.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from framework.bars import Bars
from framework.experiment import config
from framework.experiment.ledger import Ever
from framework.experiment.outofsample import out_of_sample
from framework.experiment.overfit import overfitting
from framework.experiment.permuted import _beside, _search
from framework.experiment.ready import Ready, ready
from framework.experiment.search import Evaluator, Tuned, key, searched, trainings
from framework.validation.chance import random_entries
from framework.validation.shuffled import shuffled

Floats = NDArray[np.float64]

OUT = Path(__file__).resolve().parents[2] / "reports" / "bench"
BARS, ORDERS, DRAWS = 1_500, 19, 99
EDGES = (0.0, 0.006)  # of the price, that the bar after a signal of the middle set rises by
TESTS = ("deflated", "spa", "order, found", "order, left", "random entries")
RULE = '''"""Long after a fall of so many bars in a row."""
from dataclasses import dataclass
import numpy as np
from framework.params import choice
from framework.signals import Signals


@dataclass(frozen=True)
class Params:
    length: int = choice(2, among=(1, 2, 3))
    hold: int = choice(3, among=(1, 2, 3, 5))


def signals(bars, p):
    fell = np.concatenate([[False], bars.close[1:] < bars.close[:-1]])
    entry = fell.copy()
    for back in range(1, p.length):
        entry[back:] &= fell[:-back]
    left = np.zeros(len(bars), bool)
    left[p.hold :] = entry[: -p.hold]
    return Signals(entry, left & ~entry)
'''
TOML = """
variants = ["aggressive"]
gallery = 0
[data]
files = ["x.csv"]
timeframe = "1d"
[strategy]
name = "rule"
[search]
sampler = "grid"
min_trades = 10
[windows]
train = "600 bars"
count = 3
embargo = 5
[costs]
fee = 0.0
slippage = 0.0
[exits]
stop = "atr"
"""


def walk(seed: int, edge: float) -> Bars:
    """Daily bars whose volatility comes in clusters; after two falls the next rises by the edge, besides its luck."""
    random = np.random.default_rng(seed)
    spread, shocks = 0.012, random.normal(size=BARS)
    close = [100.0, 100.0]
    for shock in shocks[2:]:
        fell = len(close) > 2 and close[-1] < close[-2] < close[-3]
        moved = spread * shock + (edge if fell else 0.0)
        spread = float(np.sqrt(0.000_007 + 0.08 * moved**2 + 0.87 * spread**2))
        close.append(close[-1] * float(np.exp(moved)))
    made = np.array(close)
    opening = np.concatenate([made[:1], made[:-1]])
    reach = np.exp(np.abs(random.normal(0, 0.006, (2, BARS))))
    frame = pd.DataFrame({"open": opening, "close": made, "volume": random.lognormal(0, 1, BARS)})
    frame["high"] = np.maximum(opening, made) * reach[0]
    frame["low"] = np.minimum(opening, made) / reach[1]
    return Bars.from_frame(frame.set_index(pd.date_range("2000-01-01", periods=BARS, freq="D", tz="UTC")), "X", "1d")


@cache
def _ready() -> Ready:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "strategies").mkdir()
        (folder / "strategies" / "rule.py").write_text(RULE)
        walk(0, 0.0).frame().to_csv(folder / "x.csv", index_label="time")
        (folder / "x.toml").write_text(TOML)
        return ready(config.load(folder / "x.toml"))


def judged(seed: int, edge: float, orders: int = ORDERS, draws: int = DRAWS) -> dict[str, float]:
    """The p of each test, and the probability of overfitting, of one made-up market."""
    bars = walk(seed, edge)
    made = dataclasses.replace(_ready(), markets=[bars], whole=[bars])
    evaluator = Evaluator(made.experiment, trainings(made, [bars]), 1)
    windows = [
        Tuned.of("", searched(evaluator, number, (Path(), "")), made.experiment.search)
        for number in range(len(made.windows))
    ]
    chosen = [(window, one.chosen.values) for window, one in zip(made.windows, windows, strict=True)]
    tested = out_of_sample(made.trading, [bars], chosen)
    sets = list({key(trial.values): trial.values for one in windows for trial in one.trials}.values())
    found = overfitting(made, evaluator, sets, tested, Ever(len(sets), 1))["variants"]["aggressive"]
    rows = [_search(made, [bars], 1)]
    rows += [_search(made, shuffled([bars], 1_000_000 + 1_000 * seed + i), 1) for i in range(orders)]
    random = random_entries(made.trading, [bars], tested.parts, chosen, draws, seed)["aggressive"]
    return {
        "deflated": 1 - found["found"]["deflated"],
        "spa": found["spa"]["p"],
        "order, found": _beside([row["found"] for row in rows])["p"],
        "order, left": _beside([row["left_aggressive"] for row in rows])["p"],
        "random entries": random.mean_r.p,
        "pbo": found["pbo"]["value"],
    }


def bound(runs: int, level: float) -> float:
    """The share of so many runs that an exact test passes with a probability of 1 %."""
    return float(stats.binom.ppf(0.99, runs, level)) / runs


def many(runs: int, edge: float, workers: int = 2) -> pd.DataFrame:
    """A row a market."""
    with ProcessPoolExecutor(workers) as pool:
        return pd.DataFrame(list(pool.map(judged, range(runs), [edge] * runs, chunksize=5)))


def draw(tables: Mapping[float, pd.DataFrame], path: Path) -> None:
    """A panel an edge: the share of runs whose p is at most the level, by level."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(tables), figsize=(6 * len(tables), 5))
    levels = np.linspace(0, 0.5, 101)
    for axes, (edge, table) in zip(np.atleast_1d(panels), tables.items(), strict=True):
        for name in TESTS:
            shares = [(table[name] <= level + 1e-12).mean() for level in levels]
            axes.step(levels, shares, where="post", label=name)
        axes.plot(levels, levels, color="black", linewidth=1)
        axes.fill_between(levels, levels, [bound(len(table), level) for level in levels], color="black", alpha=0.1)
        axes.set_title(f"an edge of {edge:.1%}, {len(table)} runs" if edge else f"nothing to find, {len(table)} runs")
        axes.set_xlabel("level")
        axes.set_ylabel("share of runs with p at most that")
        axes.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def told(tables: Mapping[float, pd.DataFrame], levels: Sequence[float] = (0.05, 0.10)) -> dict[str, Any]:
    """Shares of p at most each level, by edge and test, and the mean probability of overfitting."""
    return {
        f"{edge:g}": {name: [float((table[name] <= level + 1e-12).mean()) for level in levels] for name in TESTS}
        | {"pbo": float(table["pbo"].mean()), "runs": len(table), "bound": [bound(len(table), x) for x in levels]}
        for edge, table in tables.items()
    }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    found = {edge: many(count, edge) for edge in EDGES}
    draw(found, OUT / "calibration.png")
    print(json.dumps(told(found), indent=1))
