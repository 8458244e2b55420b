"""The placebo of a rule with named levels: counted again from the tables, in the test windows alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.experiment import config
from framework.experiment.markets import load_markets
from framework.experiment.run import run
from framework.structure.fibonacci import placebo
from framework.structure.legs import LegRule

ROOT = Path(__file__).resolve().parents[2]
TOML = """
variants = ["aggressive"]
gallery = 0
[data]
symbols = ["IBM", "MSFT"]
[strategy]
name = "{name}"
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "6y"
test = "2y"
"""


def ran(folder: Path, name: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(TOML.format(name=name))
    (folder / "strategies").exists() or (folder / "strategies").symlink_to(ROOT / "strategies")
    return run(path, folder / name)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ran(tmp_path_factory.mktemp("placebo"), "fibonacci_pullback")


def test_entries_of_the_test_windows_are_counted(out: Path) -> None:
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    first, last = (np.datetime64(summary["windows"][i][name][:10]) for i, name in ((0, "test_start"), (-1, "test_end")))
    expected: dict[float, list[int]] = {}
    for bars in load_markets(config.load(out.parent / "fibonacci_pullback.toml")):
        found = placebo(bars, LegRule())
        inside = (found.time >= first) & (found.time < last) & ~np.isnan(found.outcome)
        for ratio, outcome in zip(found.ratio[inside], found.outcome[inside], strict=True):
            counts = expected.setdefault(round(float(ratio), 3), [0, 0])
            counts[0] += 1
            counts[1] += int(outcome)
    told = {round(row["ratio"], 3): [row["n"], row["reacted"]] for row in summary["placebo"]["ratios"]}
    assert told == expected and len(told) == 35
    for row in summary["placebo"]["ratios"]:
        assert row["rate"] == row["reacted"] / row["n"] and row["low"] <= row["excess"] <= row["high"]
        assert row["named"] == (round(row["ratio"], 3) in (0.236, 0.382, 0.5, 0.618, 0.786))


def test_the_report_shows_it(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    section = page[page.index('id="placebo"') : page.index('id="belief"')]
    rows = re.findall(r'<th scope="row">(\.\d+)</th>', section)
    assert rows == [".236", ".382", ".5", ".618", ".786"]
    assert "Fibonacci ratios" in section
    assert section.count("<svg") == 2


def test_a_rule_without_named_levels_has_none(tmp_path: Path) -> None:
    out = ran(tmp_path, "obv_divergence")
    assert json.loads((out / "summary.json").read_text())["placebo"] is None
    assert 'id="placebo"' not in (out / "report.html").read_text(encoding="utf-8")
