"""One experiment run: search window by window, trade the test windows, write the folder. Resumable, reproducible."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..bars import Bars
from ..entries import policy
from ..errors import UserError
from ..simulation import Terms
from ..study import Trial, best, tune
from ..validation.causality import leaks, prefixes
from ..validation.proof import producer
from ..validation.trading import Trading, ranked
from ..validation.walk import Training
from ..validation.windows import Window, walk_forward
from . import config, provenance
from .config import Experiment
from .files import MANIFEST, Folder, write, write_json, write_parquet
from .markets import load_markets
from .outofsample import OutOfSample, out_of_sample
from .summary import summarise

CUTS = 12  # prefixes of each market that a run proves before it believes a rule
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Tuned:
    """A window with all trials of its search.

    chosen: the best feasible one, else the first, which is that of the declared defaults.
    """

    window: Window
    trials: list[Trial]

    @property
    def best(self) -> Trial | None:
        return best(self.trials)

    @property
    def chosen(self) -> Trial:
        return self.best or self.trials[0]


def run(
    path: str | Path,
    out: str | Path | None = None,
    trials: int | None = None,
    resume: bool = False,
    told: Told = lambda *_: None,
) -> Path:
    """Run the experiment in a TOML file of one timeframe and return its folder; see `run_one`."""
    return run_one(ready(config.load(Path(path), trials)), out, resume, told)


@dataclass(frozen=True, eq=False)
class Ready:
    """An experiment whose input is all understood and whose rule has been shown not to look ahead."""

    experiment: Experiment
    markets: list[Bars]
    windows: list[Window]
    trading: Trading


def ready(experiment: Experiment) -> Ready:
    """Its markets, its windows and how it trades, all of them checked. Raises UserError for wrong input."""
    if experiment.beside:
        name, values = experiment.beside
        wrong = f"names {len(values)}, and a run has one"
        raise UserError(f"{experiment.path}: beside.{name}", wrong, "the command `chartproof run`, which runs each")
    markets = load_markets(experiment)
    windows = _windows(experiment, markets)
    trading = _trading(experiment, len(markets))
    _prove(experiment, trading, markets, experiment.fixed, CUTS)
    return Ready(experiment, markets, windows, trading)


def run_one(made: Ready, out: str | Path | None, resume: bool, told: Told) -> Path:
    """Run an experiment and return its folder. `told` hears of progress: stage, done, total.

    Without `out` the folder is reports/NAME-IDENTITY in the workspace, so another configuration, data set or code
    never overwrites it. Raises UserError where the folder holds another run.
    """
    experiment, markets, windows, trading = made.experiment, made.markets, made.windows, made.trading
    manifest = provenance.manifest(experiment, markets)
    name = f"{experiment.name}-{manifest['identity'][:8]}"
    folder = Folder(Path(out) if out else experiment.workspace / "reports" / name, manifest["identity"])
    folder.claim(resume)
    write_json(folder.path / MANIFEST, manifest)
    tuned = [_tuned(experiment, trading, markets, window, len(windows), folder, told) for window in windows]
    manifest["trials"] = sum(len(one.trials) for one in tuned)
    for values in {repr(one.chosen.values): one.chosen.values for one in tuned}.values():
        _prove(experiment, trading, markets, values, CUTS // 3)
    told("testing", 0, 1)
    tested = out_of_sample(trading, markets, [(one.window, one.chosen.values) for one in tuned])
    told("testing", 1, 1)
    _write(folder, experiment, manifest, tuned, tested, told)
    return folder.path


def _windows(experiment: Experiment, markets: Sequence[Bars]) -> list[Window]:
    first = min(bars.index[0] for bars in markets)
    last = max(bars.index[-1] for bars in markets)
    table = experiment.windows
    try:
        windows = walk_forward(first, last, table.kind, table.train, table.test)
    except UserError as error:
        raise UserError(f"{experiment.path}: {error.where}", error.wrong, error.right) from None
    for window in windows:
        trainings = [Training.of(bars, window, table.embargo) for bars in markets]
        if all(one.last <= one.first for one in trainings):
            held = f"{table.embargo} bars leave nothing of the training before {window.test_start:%Y-%m-%d}"
            raise UserError(f"{experiment.path}: windows.embargo", held, "a shorter embargo, or a longer training")
    return windows


def _trading(experiment: Experiment, markets: int) -> Trading:
    wait = experiment.conservative
    options: dict[str, Mapping[str, Any]] = {
        "aggressive": {},
        "conservative": {"wait": wait.wait, "left": wait.swing, "right": wait.swing, "stop": wait.stop},
    }
    return Trading(
        strategy=experiment.strategy,
        policies={name: policy(name, **options[name]) for name in experiment.variants},
        terms=Terms(experiment.costs, experiment.sizing, experiment.exits),
        cash=experiment.cash,
        wait=wait.wait,
        opposite_setup=experiment.opposite_setup,
        shared=experiment.shared,
        rank=experiment.rank,
        markets=markets,
    )


def _prove(experiment: Experiment, trading: Trading, markets: Sequence[Bars], values: Any, cuts: int) -> None:
    """No result is worth anything if the rule looks ahead; a few cuts and other futures cost next to nothing."""
    params = experiment.strategy.build(dict(values))
    _suit(experiment, markets, params)
    experiment.strategy.panel(markets[0], params)  # what the report will draw: a fault there is better known now
    searched = [f"{name} = {values[name]}" for name in experiment.space]
    produce = producer(experiment.strategy.setups, experiment.strategy.exits, params, trading.policies)
    for bars in markets:
        at = prefixes(len(bars), cuts, experiment.seed)
        for leak in itertools.chain(leaks(bars, produce, at), leaks(bars, produce, at[::2], experiment.seed)):
            raise UserError(
                f"strategies/{experiment.strategy.name}.py",
                f"looks ahead on {bars.symbol}: {leak} ({', '.join(searched) or 'declared defaults'})",
                f"see `chartproof check {experiment.strategy.name}`",
            )


def _suit(experiment: Experiment, markets: Sequence[Bars], params: Any) -> None:
    """What the options ask of the rule's setups must be there: the feature of the rank, the height of the target."""
    rank, height = experiment.rank, experiment.exits.target_height
    found = [experiment.strategy.setups(bars, params) for bars in markets] if rank or height else []
    try:
        if rank:
            ranked(found[0], rank)
        if height and any(map(len, found)) and all(np.isnan(one.height).all() for one in found):
            none = f"no setup of {experiment.strategy.name} has a height"
            raise UserError("exits.target_height", none, "another target, as target_r = 2")
    except UserError as error:
        raise UserError(f"{experiment.path}: {error.where}", error.wrong, error.right) from None


def _tuned(
    experiment: Experiment,
    trading: Trading,
    markets: Sequence[Bars],
    window: Window,
    total: int,
    folder: Folder,
    told: Told,
) -> Tuned:
    """The window's search, or what an earlier, interrupted run has kept of it."""
    saved = folder.saved(window.number)
    if saved is None:
        trainings = [Training.of(bars, window, experiment.windows.embargo) for bars in markets]

        def evaluate(values: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
            closed = [training.closed(trading, values) for training in trainings]
            found = {name: np.concatenate([part[name] for part in closed]) for name in trading.policies}
            if experiment.space and any(np.isnan(r).any() for r in found.values()):
                said = f"'{experiment.search.objective}' is made of R, and trades without a stop have none"
                right = 'exits.stop = "swing" or "atr", or search.trials = 0'
                raise UserError(f"{experiment.path}: search.objective", said, right)
            return found

        done, most = 0, min(experiment.search.trials, math.prod(map(len, experiment.space.values())))

        def heard() -> None:
            nonlocal done
            done += 1
            told(f"window {window.number + 1} of {total}", done, most)

        seed = [experiment.seed, window.number]
        trials = tune(experiment.space, experiment.fixed, evaluate, experiment.search, seed, heard)
        saved = [asdict(trial) for trial in trials]
        folder.save(window.number, saved)
    return Tuned(window, [Trial(**trial) for trial in saved])


def _write(
    folder: Folder,
    experiment: Experiment,
    manifest: dict[str, Any],
    tuned: Sequence[Tuned],
    tested: OutOfSample,
    told: Told,
) -> None:
    from ..report.page import render  # noqa: PLC0415  # matplotlib costs half a second that a search need not wait for

    searches = [(one.window, one.chosen, one.best is not None, one.trials) for one in tuned]
    summary = summarise(experiment, manifest, searches, tested)
    write_json(folder.path / MANIFEST, manifest)
    write_parquet(folder.path / "trades.parquet", tested.trades)
    write_parquet(folder.path / "setups.parquet", tested.setups)
    write_parquet(folder.path / "drawn.parquet", tested.drawn)
    write_parquet(folder.path / "equity.parquet", tested.equity)
    write_parquet(folder.path / "trials.parquet", _trial_table(searches))
    write_parquet(folder.path / "windows.parquet", pd.json_normalize(summary["windows"]))
    write_json(folder.path / "summary.json", summary)
    told("report", 0, 1)
    write(folder.path / "report.html", render(summary, manifest, tested, experiment.gallery).encode())
    told("report", 1, 1)
    folder.finish()


def _trial_table(searches: Sequence[Any]) -> pd.DataFrame:
    rows = [
        {"window": window.number, "trial": trial.number, "chosen": trial is chosen, "feasible": trial.feasible}
        | {"score": trial.score}
        | {f"score_{name}": value for name, value in trial.scores.items()}
        | {f"trades_{name}": value for name, value in trial.trades.items()}
        | {f"parameters.{name}": value for name, value in trial.values.items()}
        for window, chosen, _, trials in searches
        for trial in trials
    ]
    return pd.DataFrame(rows)
