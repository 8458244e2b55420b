"""What the README shows can be run as it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from framework.context import FEATURES, STATES
from framework.experiment.config import load
from framework.experiment.tables import CombinatorialTable, ConfluenceTable, File, HigherTable, HoldoutTable
from framework.study import KNEE, OBJECTIVES, SAMPLERS

ROOT = Path(__file__).resolve().parents[1]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(("number", "said"), [(0, ("exit_reason", "target")), (1, ("rsi_period", "aggressive"))])
def test_the_python_blocks_run(number: int, said: tuple[str, ...]) -> None:
    command = [sys.executable, "-W", "error", "-c", blocks("python")[number]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in done.stdout for word in said)


def test_no_block_is_left_out() -> None:
    assert len(blocks("python")) == 2


def test_the_experiment_is_understood(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "btc.toml").write_text(text, encoding="utf-8")
    found = load(tmp_path / "experiments" / "btc.toml")
    assert found.space["rsi_period"] == (7, 9, 14, 21)
    assert (found.lengths.train, found.search.min_trades) == ("2y", 10)


def test_the_keys_are_known() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("Where they matter:")[2].partition("\n(`")[0]
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
    for line in "".join(blocks("sh")).splitlines():
        if line.startswith("chartproof "):
            assert f"\n  {line.split()[1]} " in said, line
