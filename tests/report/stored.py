"""Runs as they lie on disk, made by hand: every figure known, no search and no simulation behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Change = Callable[[dict[str, Any], dict[str, Any]], None]


def figure(value: float | None, low: float | None, high: float | None, n: int, enough: bool = True) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n, "enough": enough}


def variant(r: dict[str, Any], total: float) -> dict[str, Any]:
    """An entry's figures; what is not given is the same in all."""
    n = r["n"]
    return {
        "setups": n + 10, "filled": n + 2, "fates": {"entered": n + 2, "lapsed": 8}, "trades": n, "open": 1,
        "refused": {"no_cash": 1}, "win_rate": figure(0.4, 0.3, 0.5, n, r["enough"]),
        "win_rate_open_marked": figure(0.4, 0.3, 0.5, n, r["enough"]), "expectancy_r": r,
        "costs_r": figure(-0.02, -0.03, -0.01, n, r["enough"]), "carry": None,
        "profit_factor": figure(None, None, None, n, r["enough"]), "exposure": 0.5,
        "bars_held": figure(12.5, 11.0, 14.0, n, r["enough"]), "exits": {"stop": n},
        "ambiguity": {"trades": 0, "share": 0.0}, "total_return": total, "max_drawdown": 0.21,
        "sharpe": figure(0.5, -0.1, 1.1, 400),
    }  # fmt: skip


def summary(identity: str) -> dict[str, Any]:
    """Both entries of a rule on two stocks: +0.10 R on 120 trades, and too few."""
    return {
        "name": "one", "question": "Does one work?", "strategy": "rule",
        "period": {"from": "2020-01-01T00:00:00+00:00", "to": "2020-12-30T00:00:00+00:00"},
        "symbols": ["AAA", "BBB"], "timeframe": "1d",
        "variants": {
            "aggressive": variant(figure(0.1, -0.05, 0.25, 120), 0.5),
            "conservative": variant(figure(0.3, -0.4, 1.0, 12, False), -0.25),
        },
        "buy_and_hold": {"total_return": 2.0, "max_drawdown": 0.3, "sharpe": figure(0.9, 0.2, 1.6, 400)},
        "shared": False, "optimistic": False, "funding": {}, "finer": {}, "notes": [],
        "provenance": {"identity": identity},
        "verdict": {"short": "No edge shown.", "answer": "Out of sample: +0.10 R.", "warning": "-1 is a warning."},
    }  # fmt: skip


def manifest(identity: str) -> dict[str, Any]:
    return {
        "identity": identity,
        "configuration": {
            "name": "one", "question": "Does one work?", "variants": ["aggressive", "conservative"],
            "data": {"symbols": ["AAA", "BBB"], "from": None, "to": None},
            "strategy": {"name": "rule", "fixed": {}, "searched": {"length": [7, 14]}},
            "windows": {"kind": "rolling", "train": "2y", "test": "1y"}, "holdout": None,
            "costs": {"fee": 0.001, "slippage": 0.0005, "tick": None, "borrow": 0.0},
            "sizing": {"risk": 0.01, "fraction": 1.0, "cash": 1000.0, "shared": False, "rank": ""},
            "exits": {"target_r": 2.0, "fill": "open"},
        },
        "data": {"AAA": {"sha256": "a" * 64, "bars": 365}, "BBB": {"sha256": "b" * 64, "bars": 365}},
        "strategy_sha256": "c" * 64, "framework_sha256": "d" * 64,
        "versions": {"numpy": "2.4.6", "pandas": "3.1.1"}, "seed": 7, "commit": None,
    }  # fmt: skip


def stored(folder: Path, change: Change = lambda *_: None) -> Path:
    """A finished run's folder. change: of its manifest and its summary, before they are written."""
    identity = (folder.name.encode().hex() + "0" * 64)[:64]
    settings, told = manifest(identity), summary(identity)
    change(settings, told)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(settings))
    (folder / "summary.json").write_text(json.dumps(told))
    (folder / "report.html").write_text("the report")
    equity(folder, settings, told)
    return folder


def equity(folder: Path, settings: dict[str, Any], told: dict[str, Any]) -> None:
    """Straight lines from the cash to each account's total return."""
    time = pd.date_range(told["period"]["from"], told["period"]["to"], periods=40).astype("datetime64[us, UTC]")
    cash = settings["configuration"]["sizing"]["cash"]
    ends = {name: one["total_return"] for name, one in told["variants"].items()}
    ends["buy_and_hold"] = told["buy_and_hold"]["total_return"]
    columns = {name: cash * np.linspace(1, 1 + end, 40) for name, end in ends.items()}
    pd.DataFrame({"time": time, **columns}).to_parquet(folder / "equity.parquet", index=False)


def at(settings: dict[str, Any], told: dict[str, Any], place: str, value: Any) -> None:
    """Set `manifest.…` or `summary.…` to a value."""
    head, *keys, last = place.split(".")
    table: Any = settings if head == "manifest" else told
    for key in keys:
        table = table[key]
    table[last] = value


def changed(**places: Any) -> Change:
    """A change by places, `__` for the dots: manifest__configuration__costs__fee=0.002."""

    def change(settings: dict[str, Any], told: dict[str, Any]) -> None:
        for place, value in places.items():
            at(settings, told, place.replace("__", "."), value)

    return change
