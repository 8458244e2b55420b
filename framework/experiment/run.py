"""One experiment run: search window by window, trade the test windows, write the folder. Resumable, reproducible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from . import config, provenance
from .belief import Believed, Searched, believe
from .chance import bands
from .files import MANIFEST, Folder, write, write_json, write_parquet
from .indexed import rewrite
from .ledger import Ledger
from .outofsample import OutOfSample, out_of_sample
from .ready import CUTS, Ready, prove, ready
from .search import Evaluator, Told, Tuned, trainings, tuned
from .summary import summarise


def run(
    path: str | Path,
    out: str | Path | None = None,
    trials: int | None = None,
    resume: bool = False,
    told: Told = lambda *_: None,
    workers: int | None = None,
) -> Path:
    """Run the experiment in a TOML file of one timeframe and return its folder; see `run_one`."""
    return run_one(ready(config.load(Path(path), trials)), out, resume, told, workers)


def run_one(made: Ready, out: str | Path | None, resume: bool, told: Told, workers: int | None = None) -> Path:
    """Run an experiment and return its folder. `told` hears of progress: stage, done, total.

    Without `out` the folder is reports/NAME-IDENTITY in the workspace, so another configuration, data set or code
    never overwrites it. workers: processes that search, as many as there are processors unless said; they change
    nothing of the result. Raises UserError where the folder holds another run.
    """
    experiment = made.experiment
    manifest = provenance.manifest(experiment, made.whole if experiment.look else made.markets)
    name = f"{experiment.name}-{manifest['identity'][:8]}"
    folder = Folder(Path(out) if out else experiment.workspace / "reports" / name, manifest["identity"])
    Ledger.of(experiment).ever(folder.identity, made.markets, [])  # damaged, it is better known now
    folder.claim(resume)
    write_json(folder.path / MANIFEST, manifest)
    evaluator = Evaluator(experiment, trainings(made, made.markets), workers)
    windows, splits = tuned(evaluator, folder, told)
    manifest["trials"] = sum(len(one.trials) for one in (*windows, *splits))
    for values in {repr(one.chosen.values): one.chosen.values for one in (*windows, *splits)}.values():
        prove(experiment, made.trading, made.markets, values, CUTS // 3)
    told("testing", 0, 1)
    chosen = [(window, one.chosen.values) for window, one in zip(made.windows, windows, strict=True)]
    tested = out_of_sample(made.trading, made.markets, chosen)
    told("testing", 1, 1)
    believed = believe(made, Searched(evaluator, windows, splits), tested, folder, told)
    _write(folder, made, manifest, windows, tested, believed, told)
    rewrite(experiment.workspace, folder.path)
    return folder.path


def _write(
    folder: Folder,
    made: Ready,
    manifest: dict[str, Any],
    windows: Sequence[Tuned],
    tested: OutOfSample,
    believed: Believed,
    told: Told,
) -> None:
    from ..report.page import render  # noqa: PLC0415  # matplotlib costs half a second that a search need not wait for

    searches = [
        (window, one.chosen, one.best is not None, one.trials)
        for window, one in zip(made.windows, windows, strict=True)
    ]
    summary = summarise(made.experiment, manifest, searches, tested, believed)
    write_json(folder.path / MANIFEST, manifest)
    write_parquet(folder.path / "trades.parquet", tested.trades)
    write_parquet(folder.path / "setups.parquet", tested.setups)
    write_parquet(folder.path / "drawn.parquet", tested.drawn)
    write_parquet(folder.path / "equity.parquet", tested.equity)
    chance = bands(believed.chance)
    write_parquet(folder.path / "chance.parquet", chance)
    write_parquet(folder.path / "trials.parquet", _trial_table(searches))
    write_parquet(folder.path / "windows.parquet", pd.json_normalize(summary["windows"]))
    write_json(folder.path / "summary.json", summary)
    told("report", 0, 1)
    page = render(summary, manifest, tested, made.experiment.gallery, chance)
    write(folder.path / "report.html", page.encode())
    told("report", 1, 1)
    folder.finish()


def _trial_table(searches: Sequence[Any]) -> pd.DataFrame:
    rows = [
        {"window": window.number, "trial": trial.number, "chosen": trial is chosen, "feasible": trial.feasible}
        | {"pruned": trial.pruned, "score": trial.score}
        | {f"objective_{name}": value for name, value in trial.objectives.items()}
        | {f"score_{name}": value for name, value in trial.scores.items()}
        | {f"trades_{name}": value for name, value in trial.trades.items()}
        | {f"parameters.{name}": value for name, value in trial.values.items()}
        for window, chosen, _, trials in searches
        for trial in trials
    ]
    return pd.DataFrame(rows)
