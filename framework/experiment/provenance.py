"""Where a run's numbers come from: configuration, data, sources, versions, commit."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..bars import Bars
from ..compiled import HERE, sources
from ..extras import EXTRAS
from .config import Experiment
from .files import digest, plain

LIBRARIES = ("numpy", "pandas", "pyarrow", "numba", "TA-Lib", "scipy", "optuna", "arch", "cmaes", "scikit-learn")


def manifest(experiment: Experiment, markets: Sequence[Bars]) -> dict[str, Any]:
    """All that decides the run's numbers, and a hash of it as `identity`."""
    content: dict[str, Any] = {
        "configuration": configuration(experiment),
        "data": {bars.symbol: _held(bars) for bars in markets},
        "strategy_sha256": experiment.strategy.source,
        "framework_sha256": sources(HERE.rglob("*.py")),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES}
        | {"chartproof": importlib.metadata.version("chartproof"), "python": platform.python_version()},
        "seed": experiment.seed,
    }
    content = plain(content)
    return {"identity": digest(content), **content, "commit": commit(experiment.workspace)}


def _held(bars: Bars) -> dict[str, Any]:
    """What was read of a market; the hash covers all of it."""
    held: dict[str, Any] = {"sha256": bars.digest, "bars": len(bars)}
    if bars.funding is not None:
        held["funding"] = len(bars.funding.time)
    for name in EXTRAS:
        if getattr(bars, name) is not None:
            held[name] = int(np.isfinite(getattr(bars, name)).sum())
    if bars.finer is not None:
        held["finer"] = {"timeframe": bars.finer.timeframe, "bars": len(bars.finer)}
    return held


def configuration(experiment: Experiment) -> dict[str, Any]:
    """The experiment with every default spelled out, as plain data."""
    return {
        "name": experiment.name,
        "question": experiment.question,
        "variants": list(experiment.variants),
        "gallery": experiment.gallery,
        "data": experiment.data.model_dump(mode="json", by_alias=True),
        "strategy": {"name": experiment.strategy.name, "fixed": dict(experiment.fixed), "searched": _lists(experiment)},
        "search": asdict(experiment.search) | {"storage": _without_password(experiment.search.storage)},
        "windows": asdict(experiment.lengths) | {"embargo": experiment.embargo},
        "combinatorial": asdict(experiment.combinatorial) if experiment.combinatorial else None,
        "holdout": {"last": experiment.holdout, "look": experiment.look} if experiment.holdout else None,
        "chance": experiment.chance.model_dump(),
        "costs": asdict(experiment.costs),
        "sizing": asdict(experiment.sizing)
        | {"cash": experiment.cash, "shared": experiment.shared, "rank": experiment.rank},
        "exits": asdict(experiment.exits) | {"opposite_setup": experiment.opposite_setup},
        "conservative": experiment.conservative.model_dump(),
        "context": asdict(experiment.context),
    }


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1@", url)


def _lists(experiment: Experiment) -> Mapping[str, list[Any]]:
    return {name: list(values) for name, values in experiment.space.items()}


def commit(workspace: Path) -> str | None:
    """The workspace's git commit, with `+` when files differ from it; None outside a checkout."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(workspace), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
