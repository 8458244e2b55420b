"""Workspaces whose markets have funding, or finer bars, or each other's cash; a run in them without its page."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment.run import run

from . import RULE, toml, workspace

# The rule of the workspace only buys: here every other setup is a short, and there are features to rank by.
BOTH = (
    RULE.replace('"direction": np.ones(n, np.int8)', '"direction": np.where(np.arange(n) % 2, 1, -1).astype(np.int8)')
    .replace('"stop": bars.low[at]', '"stop": np.where(np.arange(n) % 2, 0.97, 1.03) * bars.close[at]')
    .replace('"features": {}', '"features": {"f_range": bars.high[at] - bars.low[at], "f_none": np.full(n, np.nan)}')
)
QUICK = (
    "variants = ['aggressive']", "search.trials = 0", "exits.time_stop = 12", "exits.min_risk_atr = 0.0",
    "exits.on_opposite = 'ignore'",
)  # fmt: skip


def walked(seed: int, rows: int = 900, first: str = "2020-01-01") -> pd.DataFrame:
    """Daily bars of a random walk, each opening near the close before."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, rows)))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(random.normal(0, 0.004, rows))
    reach = np.exp(np.abs(random.normal(0, 0.01, (2, rows))))
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    index = pd.date_range(first, periods=rows, name="time")
    return pd.DataFrame({"open": opening, "high": high, "low": low, "close": close, "volume": 1.0}, index=index)


def rates(first: str = "2020-01-01 08:00", periods: int = 2700, seed: int = 3) -> pd.Series[Any]:
    """Three settlements a day, of either sign."""
    index = pd.date_range(first, periods=periods, freq="8h", name="time")
    return pd.Series(np.random.default_rng(seed).normal(2e-4, 1e-3, periods), index, name="funding_rate")


def quarters(frame: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """Six-hourly bars that make up daily ones: their opens, highs, lows and closes are the day's."""
    random, rows = np.random.default_rng(seed), []
    for day in frame.itertuples():
        order = random.permutation(4)
        between = random.uniform(day.low, day.high, 3)
        path = np.concatenate([[day.open], between, [day.close]])
        for i in range(4):
            high, low = max(path[i], path[i + 1]), min(path[i], path[i + 1])
            high, low = (day.high if order[0] == i else high), (day.low if order[1] == i else low)
            rows.append((day.Index + pd.Timedelta(hours=6 * i), path[i], high, low, path[i + 1], 1.0))
    return pd.DataFrame(rows, columns=["time", "open", "high", "low", "close", "volume"]).set_index("time")


@dataclass(frozen=True)
class Done:
    """A run's folder, read."""

    folder: Path
    summary: dict[str, Any]
    manifest: dict[str, Any]
    trades: pd.DataFrame
    setups: pd.DataFrame
    equity: pd.DataFrame
    windows: pd.DataFrame


def ran(folder: Path, *changes: str, name: str = "x", rule: str = BOTH) -> Done:
    """The run of a good experiment with changes, in a workspace that is made where there is none yet."""
    if not (folder / "strategies").is_dir():
        workspace(folder, rule)
    path = folder / "experiments" / f"{name}.toml"
    path.write_text(toml(*QUICK, *changes), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        page = SimpleNamespace(render=lambda *_, **__: "<html></html>")
        patch.setitem(sys.modules, "framework.report.page", page)
        return read(run(path, out=folder / "out" / name))


def read(folder: Path) -> Done:
    texts = (json.loads((folder / f"{name}.json").read_text()) for name in ("summary", "manifest"))
    tables = (pd.read_parquet(folder / f"{name}.parquet") for name in ("trades", "setups", "equity", "windows"))
    return Done(folder, *texts, *tables)
