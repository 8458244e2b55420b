"""The whole search again on bars in random order: what it finds where there is nothing to find."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..bars import Bars
from ..study import LEAST, best
from ..validation.shuffled import shuffled
from ..validation.training import Scored
from .files import Folder
from .ready import Ready
from .search import Evaluator, Told, searched, trainings

NOWHERE = Path()  # a search that is kept in memory has no journal


def permuted(made: Ready, folder: Folder, told: Told, workers: int | None) -> dict[str, Any] | None:
    """What the search makes of the bars as they are, and of so many orders of them; None where none is asked for.

    found: the mean over the windows of the chosen set's training score. left: of each variant the mean R of the trades
    in all test windows, each window in an account of its own. Of both the figure of the real bars, the mean and the 95
    % range over the orders, and p: the share of orders, the real one counted among them, in which it was as good
    (Phipson and Smyth 2010). Without finer bars, which have no order: the figures may differ a little from the run's.
    """
    count = made.experiment.chance.permutations
    if not count:
        return None
    plain = [dataclasses.replace(bars, finer=None) for bars in made.markets]
    rows, seeds = [], np.random.SeedSequence([made.experiment.seed, 1]).generate_state(count)
    for number in range(count + 1):
        name = f"order-{number:04}"
        saved = folder.saved(name)
        if saved is None:
            markets = shuffled(plain, int(seeds[number - 1])) if number else plain
            saved = [_search(made, markets, workers)]
            folder.save(name, saved)
        rows.append(saved[0])
        told("bars in random order", number, count)
    least = made.experiment.search.objective in LEAST
    told_of = {part: _beside([row[part] for row in rows], least and part == "found") for part in rows[0]}
    return {"permutations": count} | told_of


def _search(made: Ready, markets: Sequence[Bars], workers: int | None) -> dict[str, float]:
    """The statistics of one search through all windows."""
    memory = dataclasses.replace(made.experiment.search, storage="memory")
    experiment = dataclasses.replace(made.experiment, search=memory)
    evaluator = Evaluator(experiment, trainings(made, markets, splits=False), workers)
    trials = [searched(evaluator, number, (NOWHERE, f"{number}")) for number in range(len(made.windows))]
    chosen = [best(one, memory) for one in trials]
    scores = [one.score for one in chosen if one is not None]
    used = [one or all_[0] for one, all_ in zip(chosen, trials, strict=True)]
    left = _left(evaluator.scored([one.values for one in used]))
    found = {"found": float(np.mean(scores)) if scores else np.nan}
    return found | {f"left_{name}": left[v] for v, name in enumerate(made.trading.policies)}


def _left(scored: Sequence[Scored]) -> list[float]:
    """Mean R of the test trades, by variant: in each window those of the set that it chose."""
    trades = sum(one.tested[window] for window, one in enumerate(scored))
    gained = sum(one.gained[window] for window, one in enumerate(scored))
    with np.errstate(invalid="ignore"):
        return list(np.asarray(gained / trades, dtype=float).tolist())


def _beside(values: Sequence[float], least: bool = False) -> dict[str, Any]:
    """The first of the values beside all the others; where one is undefined there was nothing to be as good with.

    least: the lower, the better.
    """
    real, others = values[0], np.array(values[1:])
    known = others[~np.isnan(others)]
    as_good = known <= real if least else known >= real
    p = (1 + int(as_good.sum())) / (1 + len(others)) if not np.isnan(real) else np.nan
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    mean = float(known.mean()) if len(known) else np.nan
    return {"value": real, "p": p, "mean": mean, "low": float(low), "high": float(high), "n": len(known)}
