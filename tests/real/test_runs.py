"""A run on each of two files of real bars, through a dozen lines: it ends, and is the same again."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from framework.experiment.run import run

HOME = Path(__file__).parents[2]
DATA = HOME.parent / "shared" / "data"
EXPERIMENT = """
[data]
files = ["{file}"]
from = {start}
[strategy]
name = "rsi_divergence"
rsi_period = [7, 14]
[search]
trials = 4
[chance]
draws = 9
[windows]
train = "1y"
test = "1y"
"""


@pytest.mark.parametrize(("file", "start"), [("BTCUSDT-4h.parquet", "2019-01-01"), ("BTCUSD-1h.parquet", "2017-01-01")])
def test_the_same_bytes_twice(file: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (DATA / file).is_file():
        pytest.skip(f"{file} is not here")
    page = SimpleNamespace(render=lambda *_, **__: "<html></html>")  # it has tests of its own
    monkeypatch.setitem(sys.modules, "framework.report.page", page)
    shutil.copytree(HOME / "strategies", tmp_path / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DATA / file, tmp_path / file)
    toml = tmp_path / "real.toml"
    toml.write_text(EXPERIMENT.format(file=file, start=start), encoding="utf-8")
    first, again = run(toml, out=tmp_path / "first"), run(toml, out=tmp_path / "again")
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    trades, windows = (pd.read_parquet(first / f"{name}.parquet") for name in ("trades", "windows"))
    assert len(windows) >= 2 and len(trades) > 20
    start_of = trades["window"].map(windows.set_index("window")["test_start"])
    end_of = trades["window"].map(windows.set_index("window")["test_end"])
    assert ((start_of <= trades["signal_time"]) & (trades["signal_time"] < end_of)).all()
    summary = json.loads((first / "summary.json").read_text())
    closed = trades[(trades["variant"] == "aggressive") & (trades["exit_reason"] != "open")]
    assert summary["variants"]["aggressive"]["expectancy_r"]["value"] == pytest.approx(closed["r"].mean())
