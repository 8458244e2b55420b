"""What is held out: the end of the data, which no search has seen, and how often anybody has looked at it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from ..validation.walk import row_at
from ..validation.windows import Window, length
from .ledger import Ledger
from .outofsample import OutOfSample, out_of_sample
from .ready import CUTS, Ready, prove
from .search import Evaluator, Tuned, searched, trainings


@dataclasses.dataclass(frozen=True, eq=False)
class Held:
    """The bars from `start` to `end`. seen: the other runs that have traded some of them. tested: what the rule made of
    them, with the set that a search over the training before them chose; None where this run does not look.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    seen: list[str]
    chosen: Tuned | None
    tested: OutOfSample | None


def held_out(made: Ready, identity: str, workers: int | None) -> Held | None:
    """What is held out, looked at where the experiment asks for it; None where nothing is."""
    if made.held_from is None:
        return None
    end = pd.Timestamp(max(bars.end for bars in made.whole)).tz_localize("UTC")
    held = [bars[row_at(bars, made.held_from) :] for bars in made.whole]
    seen = Ledger.of(made.experiment).seen(identity, [bars for bars in held if len(bars)])
    if not made.experiment.look:
        return Held(made.held_from, end, seen, None, None)
    window = _window(made, end)
    memory = dataclasses.replace(made.experiment.search, storage="memory")
    experiment = dataclasses.replace(made.experiment, search=memory)
    again = dataclasses.replace(made, experiment=experiment, windows=[window], splits=[])
    evaluator = Evaluator(experiment, trainings(again, made.whole, splits=False), workers)
    trials = searched(evaluator, 0, (Path(), "holdout"))
    chosen = Tuned.of("holdout", trials, experiment.search)
    prove(experiment, made.trading, made.whole, chosen.chosen.values, CUTS // 3)
    window = dataclasses.replace(window, number=len(made.windows))
    tested = out_of_sample(made.trading, made.whole, [(window, chosen.chosen.values)])
    return Held(made.held_from, end, seen, chosen, tested)


def _window(made: Ready, end: pd.Timestamp) -> Window:
    """The training that ends where the holdout begins, as long as the others are, and the holdout as its test."""
    assert made.held_from is not None
    first = made.windows[0].train_start
    train = length(made.experiment.lengths.train, "windows.train")
    if made.experiment.lengths.kind == "anchored":
        start = first
    elif isinstance(train, int):
        times = np.unique(np.concatenate([bars.time for bars in made.markets]))
        start = pd.Timestamp(times[max(len(times) - train, 0)]).tz_localize("UTC")
    else:
        start = made.held_from - train
    return Window(0, start, made.held_from, end)
