"""A walk-forward search of RSI divergence: 2,000 parameter sets × 5 windows × 20,000 bars, against a plain loop that
runs one trial at a time through vectorbt, and for a sampler that learns against what the sampler itself costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from framework.bars import Bars
from framework.entries import policy
from framework.experiment.search import Evaluator
from framework.params import Value
from framework.simulation import Costs, Exits, Sizing, Terms
from framework.study import OBJECTIVES, Outcome, Search, tune
from framework.validation.periods import periods
from framework.validation.trading import Trading
from framework.validation.training import Plan, Sight, Trainings
from framework.validation.windows import Lengths, Window, windows
from framework.workspace import Strategy, load_strategy

from .peers import seconds

SETS, BARS, LEARNED, LOOPED = 2_000, 20_000, 400, 6
SPACE: dict[str, tuple[Value, ...]] = {
    "rsi_period": (7, 9, 14, 21, 25),
    "oversold": (20.0, 25.0, 30.0, 35.0, 40.0),
    "overbought": (60.0, 65.0, 70.0, 75.0, 80.0),
    "swing_width": (2, 3, 4, 5, 6, 8),
    "min_left_width": tuple(range(11)),
    "exit_at_extreme": (False, True),
}
GRID = SPACE | {"min_left_width": (0, 3, 6), "exit_at_extreme": (True,), "oversold": (20.0, 25.0, 30.0, 35.0)}
TERMS = Terms(Costs(0.001, 0.0005), Sizing(), Exits(stop="own", target_r=2.0))  # what vectorbt can be asked for, too
ROOT = Path(__file__).resolve().parents[2]


def market() -> Bars:
    random = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.006, BARS)))
    opening = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame({"open": opening, "close": close, "volume": 1.0})
    frame["high"] = frame[["open", "close"]].max(axis=1) * np.exp(random.exponential(0.003, BARS))
    frame["low"] = frame[["open", "close"]].min(axis=1) / np.exp(random.exponential(0.003, BARS))
    return Bars.from_frame(frame.set_index(pd.date_range("2020-01-01", periods=BARS, freq="h", tz="UTC")), "WALK", "1h")


def searched(strategy: Strategy, bars: Bars, search: Search, space: Any, workers: int) -> None:
    """What a run does of it: every window's search, from bars that remember nothing."""
    fresh = bars[:]
    cut = windows(fresh.index, Lengths("rolling", "8000 bars", count=5))
    trading = Trading(strategy, {"aggressive": policy("aggressive")}, TERMS, 100_000.0, None)
    _, edges = periods(fresh.time[0], fresh.time[-1])
    trainings = Trainings(trading, [fresh], Plan(cut, 30), [OBJECTIVES["expectancy_r"]], edges)
    experiment: Any = SimpleNamespace(search=search, space=space, path="bench")
    evaluator = Evaluator(experiment, trainings, workers)
    fixed = {name: one.default for name, one in strategy.parameters.items()}
    for window in cut:
        evaluate: Any = evaluator.outcomes(window.number)
        tune(space, fixed, evaluate, search, [7, window.number], (Path(), ""))


def sampler_alone(search: Search, windows_: int) -> None:
    """The same asking and telling with figures that cost nothing."""

    def evaluate(sets: Sequence[dict[str, Value]]) -> list[Outcome]:
        return [Outcome({"expectancy_r": {"one": float(len(str(one))) % 7}}, {"one": 30}) for one in sets]

    fixed = {name: values[0] for name, values in SPACE.items()}
    for number in range(windows_):
        tune(SPACE, fixed, evaluate, search, [7, number], (Path(), ""))


def looped(strategy: Strategy, bars: Bars, cut: Sequence[Window], sets: int) -> None:
    """One trial at a time: the rule on the training's bars, vectorbt's `from_signals`, the mean return."""
    from framework.simulation.vectorbt import second_opinion

    random = np.random.default_rng(0)
    for _ in range(sets):
        values = {name: many[random.integers(len(many))] for name, many in SPACE.items()}
        for window in cut:
            sight = Sight.of(bars, window, 30)
            past = bars[sight.first : sight.cut]
            trading = Trading(strategy, {"aggressive": policy("aggressive")}, TERMS, 100_000.0, None)
            entries = trading.find(past, values).entries["aggressive"]
            second_opinion(past, entries, *vars(TERMS).values(), cash=100_000.0)["pnl"].mean()


def measured() -> dict[str, Any]:
    """Seconds and ratios; each call is made once before it counts."""
    strategy, bars = load_strategy(ROOT, "rsi_divergence"), market()
    cut = windows(bars.index, Lengths("rolling", "8000 bars", count=5))
    learned = Search(LEARNED, storage="memory")
    calls: dict[str, Callable[[], None]] = {
        "random": partial(searched, strategy, bars, Search(SETS, sampler="random"), SPACE, 2),
        "random, one core": partial(searched, strategy, bars, Search(SETS, sampler="random"), SPACE, 1),
        "grid": partial(searched, strategy, bars, Search(SETS, sampler="grid"), GRID, 2),
        "tpe": partial(searched, strategy, bars, learned, SPACE, 2),
        "tpe, the sampler alone": partial(sampler_alone, learned, len(cut)),
        "vectorbt, one at a time": partial(looped, strategy, bars, cut, LOOPED),
    }
    found: dict[str, Any] = {}
    for name, call in calls.items():
        call()
        found[name] = float(np.median([seconds(call) for _ in range(3)]))
    found["vectorbt, one at a time"] *= SETS / LOOPED
    found["ratio to vectorbt"] = found["vectorbt, one at a time"] / found["random"]
    found["ratio of tpe to its sampler"] = found["tpe"] / found["tpe, the sampler alone"]
    return found


if __name__ == "__main__":
    for name, value in measured().items():
        print(f"{name}: {value:,.2f}")
