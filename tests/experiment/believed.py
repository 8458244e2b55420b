"""Markets and a rule for runs whose search has something to find, or nothing; a run of them without its page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment import beside, config
from framework.experiment.ready import Ready, ready

from . import HEAD, MADE, toml

# Follow what rose over `length` bars by more than a threshold: every parameter set trades otherwise.
MOMENTUM = f"""{HEAD}def setups(bars, p):
    gain = bars.close[p.length :] / bars.close[: -p.length] - 1
    at = np.nonzero(gain > p.level / 1000 - 0.03)[0] + p.length
    return made(bars, at, stop=0.97 * bars.close[at])


{MADE}"""
QUICK = (
    "data.files = ['data/X-1d.csv', 'data/Y-1d.csv']", "search.trials = 6", "search.batch = 2", "search.min_trades = 5",
    "windows.train = '1y'", "windows.test = '6m'", "chance.draws = 5", "exits.time_stop = 8",
    "exits.min_risk_atr = 0.0", "gallery = 0",
)  # fmt: skip


def market(seed: int, rows: int = 900, trend: float = 0.0) -> pd.DataFrame:
    """Daily bars of a random walk. trend: what each close moves besides, for twenty bars one way, then for twenty one
    of both ways again.
    """
    random = np.random.default_rng(seed)
    ways = np.repeat(random.choice([-1, 1], -(-rows // 20)), 20)[:rows]
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.015, rows) + trend * ways))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(random.normal(0, 0.002, rows))
    reach = np.exp(np.abs(random.normal(0, 0.005, (2, rows))))
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    index = pd.date_range("2020-01-01", periods=rows, name="time")
    return pd.DataFrame({"open": opening, "high": high, "low": low, "close": close, "volume": 1.0}, index=index)


def home(folder: Path, rows: int = 900, trend: float = 0.0) -> Path:
    """A workspace with that rule and the markets X and Y."""
    for name in ("strategies", "experiments", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "strategies" / "rule.py").write_text(MOMENTUM, encoding="utf-8")
    for seed, name in enumerate("XY"):
        market(seed, rows, trend).to_csv(folder / "data" / f"{name}-1d.csv")
    return folder.resolve()


def written(folder: Path, *changes: str, name: str = "x") -> Path:
    path = folder / "experiments" / f"{name}.toml"
    path.write_text(toml(*QUICK, *changes), encoding="utf-8")
    return path


def made(folder: Path, *changes: str, look: bool = False) -> Ready:
    """The experiment understood, not run."""
    return ready(config.load(written(folder, *changes), look=look))


def ran(folder: Path, *changes: str, name: str = "x", **options: Any) -> Path:
    """The folder of a run, without its page."""
    with pytest.MonkeyPatch.context() as patch:
        page = SimpleNamespace(render=lambda *_, **__: "<html></html>")
        patch.setitem(sys.modules, "framework.report.page", page)
        return beside.run(written(folder, *changes, name=name), **options)[0]


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Everything a run wrote, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
