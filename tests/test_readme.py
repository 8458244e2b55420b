"""What the README shows can be run as it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from framework.context import FEATURES, STATES
from framework.entries import policy
from framework.experiment.config import load
from framework.experiment.tables import CombinatorialTable, ConfluenceTable, File, HigherTable, HoldoutTable
from framework.sources import load as load_bars
from framework.study import KNEE, OBJECTIVES, SAMPLERS
from framework.validation.causality import leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy

ROOT = Path(__file__).resolve().parents[1]


GUIDES = ("README.md", "strategies/README.md", "experiments/README.md", "data/README.md")
PYTHON = [
    ("README.md", 0, ("exit_reason", "target")),
    ("README.md", 1, ("rsi_period", "aggressive")),
    ("data/README.md", 0, ("2000-03-01", "2013-03-01")),
]


def blocks(language: str, guide: str = "README.md") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(("guide", "number", "said"), PYTHON)
def test_the_python_blocks_run(guide: str, number: int, said: tuple[str, ...]) -> None:
    command = [sys.executable, "-W", "error", "-c", blocks("python", guide)[number]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in done.stdout for word in said)


def test_no_block_is_left_out() -> None:
    assert [len(blocks("python", guide)) for guide in GUIDES] == [2, 1, 0, 1]
    assert [len(blocks("toml", guide)) for guide in GUIDES] == [1, 0, 1, 0]


def test_the_rule_of_the_guide_is_one_and_does_not_look_ahead(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "golden_cross.py").write_text(blocks("python", "strategies/README.md")[0])
    rule, bars = load_strategy(tmp_path, "golden_cross"), load_bars("sample:AAPL")
    produce = producer(rule.setups, rule.exits, rule.build({}), {"aggressive": policy("aggressive")})
    assert len(produce(bars)["setups"][0]) > 20
    assert list(leaks(bars, produce, prefixes(len(bars), 40, seed=1))) == []


@pytest.mark.parametrize("guide", ["README.md", "experiments/README.md"])
def test_the_experiment_is_understood(guide: str, tmp_path: Path) -> None:
    (text,) = blocks("toml", guide)
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "btc.toml").write_text(text, encoding="utf-8")
    found = load(tmp_path / "experiments" / "btc.toml")
    assert found.space["rsi_period"] == (7, 9, 14, 21)
    assert found.lengths.train == "2y" and found.search.min_trades == 10


def test_the_keys_are_known() -> None:
    text = (ROOT / "experiments" / "README.md").read_text(encoding="utf-8").partition("## The tables")[2]
    parts = re.split(r"\[(\w+)\] ", re.sub(r'"[^"]*"', "", text))
    tables = dict(zip(parts[1::2], parts[2::2], strict=True))
    more = {"search", "windows", "combinatorial", "holdout", "chance"}
    assert set(tables) == {"data", "costs", "exits", "sizing", "higher", "context", "confluence", "beside"} | more
    models = {name: field.annotation for name, field in File.model_fields.items()}
    models |= {"higher": HigherTable, "confluence": ConfluenceTable}
    models |= {"combinatorial": CombinatorialTable, "holdout": HoldoutTable}
    words = {*SAMPLERS, *OBJECTIVES, KNEE, "journal", "memory", "true", "files", "chartproof", "run", "holdout"}
    assert "convention" in tables.pop("beside")
    for table, said in tables.items():
        names = {name for code in re.findall(r"`([^`]*)`", f"`{said}") for name in re.findall(r"[a-z_]\w*", code)}
        known = set(models[table].model_fields)
        assert {*names} - words <= known | {*FEATURES, *STATES}, table


def test_the_commands_are_known() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from framework.cli import main; main()"], capture_output=True, text=True, check=True
    ).stdout
    for line in "".join(block for guide in GUIDES for block in blocks("sh", guide)).splitlines():
        if line.startswith("chartproof "):
            assert f"\n  {line.split()[1]} " in said, line
