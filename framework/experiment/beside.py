"""An experiment on several timeframes of the same markets: a run for each, and one page that has them side by side."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import config, provenance
from .config import Experiment
from .files import MANIFEST, digest, write
from .run import Told, ready, run_one

PAGE = "beside.html"


def run(
    path: str | Path,
    out: str | Path | None = None,
    trials: int | None = None,
    resume: bool = False,
    told: Told = lambda *_: None,
) -> list[Path]:
    """Run the experiment in a TOML file; the folder of each of its runs, one a timeframe where it names several.

    Several lie in one folder, `out` or reports/NAME-IDENTITY, each under its timeframe, with the page beside them.
    Raises UserError for wrong input; nothing is written before all input is understood.
    """
    experiment = config.load(Path(path), trials)
    if len(experiment.data.timeframes) < 2:
        return [run_one(ready(experiment), out, resume, told)]
    each = {timeframe: ready(_of(experiment, timeframe)) for timeframe in experiment.data.timeframes}
    identities = {name: provenance.manifest(one.experiment, one.markets)["identity"] for name, one in each.items()}
    name = f"{experiment.name}-{digest(identities)[:8]}"
    parent = Path(out) if out else experiment.workspace / "reports" / name
    folders = {}
    for timeframe, one in each.items():
        begun = (parent / timeframe / MANIFEST).is_file()  # an interrupt may have come before it
        folders[timeframe] = run_one(one, parent / timeframe, resume and begun, _named(timeframe, told))
    write(parent / PAGE, _page(experiment, folders).encode())
    return list(folders.values())


def _of(experiment: Experiment, timeframe: str) -> Experiment:
    data = experiment.data.model_copy(update={"timeframes": (timeframe,)})
    return dataclasses.replace(experiment, name=f"{experiment.name}-{timeframe}", data=data)


def _named(timeframe: str, told: Told) -> Told:
    return lambda stage, done, total: told(f"{timeframe}, {stage}", done, total)


def _page(experiment: Experiment, folders: Mapping[str, Path]) -> str:
    from ..report.beside import render  # noqa: PLC0415  # as in run.py

    runs: list[tuple[str, Mapping[str, Any], str]] = [
        (name, json.loads((folder / "summary.json").read_text(encoding="utf-8")), f"{name}/report.html")
        for name, folder in folders.items()
    ]
    return render(experiment.name, experiment.question, runs)
