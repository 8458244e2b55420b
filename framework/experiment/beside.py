"""An experiment on several timeframes or with several values of a parameter: a run for each, side by side on a page."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..setups import EXTREME
from . import config, provenance
from .config import Experiment
from .files import MANIFEST, digest, write
from .indexed import rewrite
from .ready import ready
from .run import run_one
from .search import Told

PAGE = "beside.html"


def run(
    path: str | Path,
    out: str | Path | None = None,
    trials: int | None = None,
    resume: bool = False,
    told: Told = lambda *_: None,
    workers: int | None = None,
    look: bool = False,
) -> list[Path]:
    """Run the experiment in a TOML file; the folder of each of its runs, one a timeframe, or value in [beside].

    Several lie in one folder, `out` or reports/NAME-IDENTITY, each under what it is called, with the page beside them.
    Raises UserError for wrong input; nothing is written before all input is understood.
    """
    experiment = config.load(Path(path), trials, look)
    several = _several(experiment)
    if not several:
        return [run_one(ready(experiment), out, resume, told, workers)]
    each = {name: ready(one) for name, one in several.items()}
    identities = {name: provenance.manifest(one.experiment, one.markets)["identity"] for name, one in each.items()}
    name = f"{experiment.name}-{digest(identities)[:8]}"
    parent = Path(out) if out else experiment.workspace / "reports" / name
    folders = {}
    for name, one in each.items():
        begun = (parent / name / MANIFEST).is_file()  # an interrupt may have come before it
        folders[name] = run_one(one, parent / name, resume and begun, _named(name, told), workers)
    write(parent / PAGE, _page(experiment, folders).encode())
    rewrite(experiment.workspace, parent)
    return list(folders.values())


def _several(experiment: Experiment) -> dict[str, Experiment]:
    """The experiments of several runs by what each is called, which is the name of its folder; none of a single one."""
    frames, several = experiment.data.timeframes, {}
    if experiment.beside:
        parameter, values = experiment.beside
        for value in values:
            fixed = {**experiment.fixed, parameter: value}
            word = re.sub(r"[^\w.-]+", "_", str(value))
            several[word] = dataclasses.replace(experiment, fixed=fixed, beside=None)
    elif len(frames) > 1:
        for frame in frames:
            data = experiment.data.model_copy(update={"timeframes": (frame,)})
            several[frame] = dataclasses.replace(experiment, data=data)
    return {word: dataclasses.replace(one, name=f"{one.name}-{word}") for word, one in several.items()}


def _named(run: str, told: Told) -> Told:
    return lambda stage, done, total: told(f"{run}, {stage}", done, total)


def _page(experiment: Experiment, folders: Mapping[str, Path]) -> str:
    from ..report.beside import render  # noqa: PLC0415  # as in run.py

    runs: list[tuple[str, Mapping[str, Any], str]] = [
        (name, json.loads((folder / "summary.json").read_text(encoding="utf-8")), f"{name}/report.html")
        for name, folder in folders.items()
    ]
    same = _same_setups(folders.values()) if experiment.beside else None
    return render(experiment.name, experiment.question, runs, experiment.beside and experiment.beside[0], same)


def _same_setups(folders: Iterable[Path]) -> tuple[int, int]:
    """How many setups all runs have, traded or not, and how many any of them has."""
    sets = [_events(pd.read_parquet(folder / "setups.parquet")) for folder in folders]
    return len(set.intersection(*sets)), len(set.union(*sets))


def _events(setups: pd.DataFrame) -> set[Any]:
    """Setups by what they are made of: of opposite sides they stand on different prices."""
    names = list(setups.columns)
    anchors = [name for name in names[names.index("complete") + 1 : names.index("stop")] if name != EXTREME]
    return set(setups[["symbol", "kind", *(anchors or [EXTREME])]].itertuples(index=False, name=None))
