"""What a search adds to Optuna: our loop against a plain one with the same sampler, storage and number of trials."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from framework.params import Value
from framework.study import Outcome, Search, tune

from .peers import seconds

TRIALS = 100
SPACE: dict[str, tuple[Value, ...]] = {
    "period": tuple(range(2, 42)),
    "level": tuple(float(x) for x in range(40)),
    "width": tuple(range(2, 12)),
    "kind": ("regular", "hidden", "both"),
}
DEFAULT: dict[str, Value] = {"period": 14, "level": 20.0, "width": 5, "kind": "both"}
KINDS = (("tpe", "journal"), ("tpe", "memory"), ("cmaes", "memory"))


def score(values: dict[str, Any]) -> float:
    """Costs nothing, so that what is measured is the search itself."""
    return float(-abs(values["period"] - 9) - abs(values["level"] - 25) / 10 - values["width"])


def ours(search: Search, folder: Path) -> None:
    def evaluate(sets: Sequence[dict[str, Value]]) -> list[Outcome]:
        return [Outcome({"expectancy_r": {"one": score(values)}}, {"one": 30}) for values in sets]

    tune(SPACE, DEFAULT, evaluate, search, [1], (folder / "journal", "study"))


def plain(search: Search, folder: Path) -> None:
    """Ask and tell in batches, as Optuna's manual does it; the same axes, the same starting point, the constraint."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    learned: dict[str, Callable[[], Any]] = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=1, constant_liar=True),
        "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=1, warn_independent_sampling=False),
    }
    storage = None
    if search.storage == "journal":
        backend = optuna.storages.journal.JournalFileBackend(str(folder / "journal"))
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(storage=storage, sampler=learned[search.sampler](), direction="maximize")
    words = search.sampler == "tpe"
    axes: dict[str, Any] = {
        name: optuna.distributions.CategoricalDistribution(values)
        if words and isinstance(values[0], str)
        else optuna.distributions.IntDistribution(0, len(values) - 1)
        for name, values in SPACE.items()
    }
    for first in range(0, search.trials, search.batch):
        asked = [study.ask(axes) for _ in range(min(search.batch, search.trials - first))]
        for trial in asked:
            named = {name: code if isinstance(code, str) else SPACE[name][code] for name, code in trial.params.items()}
            if words:
                trial.set_constraint("trades", 20 - 30)
            study.tell(trial, score(named))


def measured(repeats: int = 9) -> dict[str, dict[str, float]]:
    """Median seconds of both, one after the other in turn, and the median of the ratios of neighbours."""
    found = {}
    for sampler, storage in KINDS:
        search = Search(TRIALS, min_trades=20, sampler=sampler, storage=storage)
        taken = []
        for turn in range(-1, repeats):
            spent = {}
            for run in (ours, plain)[:: 1 if turn % 2 else -1]:
                with tempfile.TemporaryDirectory() as folder:
                    spent[run.__name__] = seconds(partial(run, search, Path(folder)))
            if turn >= 0:  # the first imports and compiles
                taken.append((spent["ours"], spent["plain"]))
        both = np.array(taken)
        middle = np.median(both, axis=0).tolist()
        ratio = float(np.median(both[:, 0] / both[:, 1]))
        found[f"{sampler} {storage}"] = {"chartproof": middle[0], "optuna": middle[1], "ratio": ratio}
    return found


if __name__ == "__main__":
    for name, figures in measured().items():
        each = {key: f"{value / TRIALS * 1e3:.2f} ms a trial" for key, value in figures.items() if key != "ratio"}
        print(name, each, f"ratio {figures['ratio']:.3f}")
