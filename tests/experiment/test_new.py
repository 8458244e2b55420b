"""New files: they work as they stand, pass the checks of style and types, and nothing is overwritten."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from framework import load
from framework.experiment import config
from framework.workspace import load_strategy, names, root

from . import RULE, Said, chartproof, refused, workspace

HERE = root(Path(__file__).parent)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workspace(tmp_path))
    return tmp_path


def called(*words: str | Path, cwd: Path) -> str:
    """What a program says; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_strategy_is_written(folder: Path) -> None:
    said = chartproof("new", "strategy", "my_rule")
    files = f"wrote {Path('strategies', 'my_rule.py')}\nwrote {Path('tests', 'test_my_rule.py')}\n"
    assert said == Said(0, f"{files}next: chartproof new experiment my_rule\n", "")
    assert names(folder) == ["my_rule", "rule"]
    assert chartproof("strategies").out.startswith("my_rule: my_rule: a close above the highest high")


def test_it_passes_style(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    files = [folder / "strategies" / "my_rule.py", folder / "tests" / "test_my_rule.py"]
    options = ["--config", HERE / "pyproject.toml", "--no-cache"]
    called("ruff", "check", *options, *files, cwd=HERE)
    called("ruff", "format", "--check", *options, *files, cwd=HERE)


@pytest.mark.slow  # mypy reads pandas and numpy first
def test_it_passes_types(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    files = [folder / "strategies" / "my_rule.py", folder / "tests" / "test_my_rule.py"]
    options = ["--config-file", HERE / "pyproject.toml", "--strict", "--cache-dir", HERE / ".mypy_cache"]
    for file in files:
        assert "Success" in called("mypy", *options, file, cwd=HERE)


def test_its_own_test_passes_and_can_fail(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    words = ("pytest", "-q", "-p", "no:cacheprovider", "tests/test_my_rule.py")
    assert "4 passed" in called(*words, cwd=folder)
    path = folder / "strategies" / "my_rule.py"
    path.write_text(path.read_text().replace(".shift(1)", ".shift(-1)", 1))  # a look into the future
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 1 and "4 failed" in done.stdout


def test_it_does_not_look_ahead(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    said = chartproof("check", "my_rule", "--cuts", "40", "--starts", "0")
    assert said.status == 0 and said.out.startswith("ok    my_rule on AAPL: 40 cuts")


def test_what_it_finds_by_hand(folder: Path) -> None:
    """Ten flat bars and one that closes above them: a setup there, its stop the lowest low, at the first such low."""
    chartproof("new", "strategy", "my_rule")
    rule = load_strategy(folder, "my_rule")
    bars = load("data/X-1d.csv")
    found = rule.setups(bars, rule.build({"lookback": 10}))
    for bar, side, stop in zip(found.known_at[:20], found.direction, found.stop, strict=False):
        before = slice(bar - 10, bar)
        assert stop == (bars.low[before].min() if side > 0 else bars.high[before].max())
    at = found.anchors["setup_extreme"]
    assert np.array_equal(np.where(found.direction > 0, bars.low[at], bars.high[at]), found.stop)
    only = rule.setups(bars, rule.build({"lookback": 10, "sides": "long"}))
    assert set(only.veto[only.direction < 0]) == {"side not asked for"} and set(only.veto[only.direction > 0]) == {""}


def test_an_experiment_is_written(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    said = chartproof("new", "experiment", "my_rule", "--json")
    assert json.loads(said.out) == {
        "files": [str(Path("experiments", "my_rule.toml"))],
        "next": f"chartproof run {Path('experiments', 'my_rule.toml')}",
    }
    found = config.load(folder / "experiments" / "my_rule.toml")
    assert (found.strategy.name, found.space, found.search.trials) == ("my_rule", {"lookback": (10, 20, 40)}, 20)
    assert found.variants == ("aggressive", "conservative")


def test_which_strategy_an_experiment_is_of(folder: Path) -> None:
    """The named one, else that of its own name, else rsi_divergence, else the first."""

    def of(*words: str) -> str:
        assert chartproof("new", "experiment", *words).status == 0
        return config.load(folder / "experiments" / f"{words[0]}.toml").strategy.name

    assert of("one") == "rule"
    (folder / "strategies" / "rsi_divergence.py").write_text(RULE)
    (folder / "strategies" / "another.py").write_text(RULE)
    assert of("two") == "rsi_divergence"
    assert of("rule") == "rule"
    assert of("three", "--strategy", "another") == "another"


def test_an_experiment_of_every_strategy_is_understood(tmp_path: Path) -> None:
    """Those of this workspace: with what must be named, and without the conservative entry where there is none."""
    (tmp_path / "strategies").symlink_to(HERE / "strategies")
    for name in names(HERE):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            assert chartproof("new", "experiment", f"of-{name}", "--strategy", name).status == 0
        assert config.load(tmp_path / "experiments" / f"of-{name}.toml").strategy.name == name


def test_a_rule_of_signals_has_one_variant(folder: Path) -> None:
    text = RULE[: RULE.index("def setups")].replace(
        "from framework.setups import Setups", "from framework import Signals"
    )
    (folder / "strategies" / "crosses.py").write_text(
        f"{text}def signals(bars, p):\n    return Signals(bars.close > 100)\n"
    )
    assert chartproof("new", "experiment", "crosses").status == 0
    assert config.load(folder / "experiments" / "crosses.toml").variants == ("aggressive",)


@pytest.mark.slow
def test_it_runs_at_once(folder: Path) -> None:
    chartproof("new", "strategy", "my_rule")
    chartproof("new", "experiment", "my_rule")
    said = chartproof("run", "experiments/my_rule.toml", "--quiet", "--json")
    assert said.status == 0, said
    (run,) = json.loads(said.out)["runs"]
    assert run["verdict"]["answer"].startswith(
        "Out of sample, 2004-03-01 to 2013-03-01, AAPL, GOOG, IBM and MSFT (1d):"
    )
    assert Path(run["report"]).is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("strategy rule", f"{Path('strategies', 'rule.py')}: is there already; another name; nothing was written"),
        ("strategy tested", f"{Path('tests', 'test_tested.py')}: is there already; another name; nothing was written"),
        (
            "strategy Rule",
            "new strategy 'Rule': is no name of a strategy; up to 60 small letters, digits and _, as my_rule",
        ),
        ("strategy class", "new strategy 'class': is no name of a strategy; "),
        ("strategy ../x", "new strategy '../x': is no name of a strategy; "),
        (f"strategy {'a' * 61}", f"new strategy '{'a' * 60}': is no name of a strategy; "),
        ("strategy x --strategy rule", "new strategy: --strategy: is 'rule'; nothing; it belongs to a new experiment"),
        (
            "experiment there",
            f"{Path('experiments', 'there.toml')}: is there already; another name; nothing was written",
        ),
        ("experiment ../x", "new experiment '../x': is no name of an experiment; "),
        ("experiment -x", "chartproof new: No such option: -x"),
        ("experiment x --strategy rul", "strategy 'rul': is not in strategies/; did you mean 'rule'?"),
        ("rule x", "chartproof new: Invalid value for 'what': "),
        ("strategy", "chartproof new: Missing argument 'name'"),
    ],
    ids=lambda text: text[:24],
)
def test_wrong_words(folder: Path, words: str, said: str) -> None:
    (folder / "tests").mkdir()
    (folder / "tests" / "test_tested.py").touch()
    (folder / "experiments" / "there.toml").touch()
    assert refused(folder, "new", *words.split()).startswith(said)


def test_a_dangling_link_is_not_written_through(folder: Path) -> None:
    (folder / "strategies" / "linked.py").symlink_to("/nowhere/x.py")
    said = chartproof("new", "strategy", "linked")
    assert said.status == 2 and "is there already" in said.err


def test_outside_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(tmp_path, "new", "strategy", "x").endswith("run inside a workspace")
    (tmp_path / "strategies").mkdir()
    assert refused(tmp_path, "new", "experiment", "x").endswith("holds no strategy; chartproof new strategy NAME first")
