"""The command for scripts: quiet, JSON, completion, examples that can be typed, progress, and no traceback ever."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from framework import cli, progress
from framework.commands.complete import claim_ids, strategy_names
from framework.evidence.claims import CLAIMS
from framework.experiment import beside as running
from framework.experiment import claims
from framework.progress import Progress, overall

from .experiment import chartproof, refused, toml, walk, workspace

COMMANDS = ("run", "compare", "claims", "scan", "check", "look", "strategies", "data", "new")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workspace(tmp_path))
    Path("x.toml").write_text(toml("strategy.length = [7, 14]"))
    return tmp_path


@pytest.fixture
def ran(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace where a run is a folder with a summary at once."""

    def told_run(*_: object, **given: Any) -> list[Path]:
        given["told"]("window 1 of 2", 1, 2)
        made = [folder / "reports" / name for name in ("1d", "4h")[: 1 + (given["trials"] == 2)]]
        for one in made:
            one.mkdir(parents=True)
            (one / "summary.json").write_text(json.dumps({"verdict": {"answer": "It loses.", "more": 1}}))
        return made

    monkeypatch.setattr(running, "run", told_run)
    return folder


def said_json(*words: str | Path) -> Any:
    said = chartproof(*words, "--json")
    assert said.status == 0, said
    return json.loads(said.out)


def test_run_as_json(ran: Path) -> None:
    one = {
        "name": "1d",
        "folder": "reports/1d",
        "summary": "reports/1d/summary.json",
        "report": "reports/1d/report.html",
    }
    one["verdict"] = {"answer": "It loses.", "more": 1}  # type: ignore[assignment]
    assert said_json("run", "x.toml") == {"runs": [one], "beside": None}


def test_several_runs_as_json(ran: Path) -> None:
    found = said_json("run", "x.toml", "--trials", "2")
    assert [one["name"] for one in found["runs"]] == ["1d", "4h"] and found["beside"] == "reports/beside.html"


def test_quiet_says_only_the_result(ran: Path) -> None:
    said = chartproof("run", "x.toml", "--quiet")
    assert (said.status, said.out, said.err) == (0, "It loses.\nreport: reports/1d/report.html\n", "")


def test_an_error_is_said_though_quiet(folder: Path) -> None:
    assert (
        refused(folder, "run", "y.toml", "--quiet", "--json") == "y.toml: there is no such file; did you mean 'x.toml'?"
    )


def test_strategies_as_json(folder: Path) -> None:
    (rule,) = said_json("strategies")["strategies"]
    assert (rule["name"], rule["summary"]) == ("rule", "A close above an earlier high.")
    by_name = {one["name"]: one for one in rule["parameters"]}
    assert by_name["length"] == {
        "name": "length",
        "required": False,
        "default": 14,
        "unit": "bars",
        "values": [7, 14, 21],
        "limits": None,
        "searched": True,
    }
    assert by_name["level"]["limits"] == [20.0, 40.0]


def test_data_as_json(folder: Path) -> None:
    frame = walk(30)
    frame.loc[frame.index[7], "high"] = 1.0
    frame.to_csv("data/bad-1d.csv")
    said = chartproof("data", "data/bad-1d.csv", "--json")
    found = json.loads(said.out)
    assert (said.status, said.err) == (1, "")
    assert (found["rows"], found["errors"], found["timeframe"]) == (30, len(found["findings"]), "1d")
    assert found["from"] == "2020-01-01T00:00:00+00:00" and found["to"] == "2020-01-30T00:00:00+00:00"
    assert {one["severity"] for one in found["findings"]} == {"error"} and found["findings"][0]["rows"] == [7]
    assert said_json("data", "data/X-1d.csv")["findings"] == []


def test_check_as_json(folder: Path) -> None:
    found = said_json("check", "rule", "--data", "data/X-1d.csv", "--cuts", "20", "--starts", "0")
    assert found["honest"] is True
    assert [(one["strategy"], one["market"], one["honest"]) for one in found["checks"]] == [("rule", "X", True)]
    assert found["checks"][0]["told"][0].startswith("ok    rule on X: 20 cuts")


def test_claims_as_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told_claims(*_: object) -> Path:
        (folder / "ledger").mkdir()
        rows = [{"claim": "K03", "verdict": "supported"}, {"claim": "K17", "verdict": "too few"}]
        (folder / "ledger" / claims.JSON).write_text(json.dumps({"claims": rows}))
        return folder / "ledger"

    monkeypatch.setattr(claims, "run", told_claims)
    found = said_json("claims", "K03", "K17", "--quiet")
    assert found["folder"] == "ledger" and found["report"] == f"ledger/{claims.PAGE}"
    assert [one["claim"] for one in found["claims"]] == ["K03", "K17"]


# Progress


def test_windows_are_one_piece_of_work() -> None:
    assert overall("window 1 of 4", 5, 20) == (5, 80)
    assert overall("window 3 of 4", 20, 20) == (60, 80)
    assert overall("1d, window 4 of 4", 20, 20) == (80, 80)
    assert overall("chance", 3, 7) == (3, 7)


def test_the_time_left_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the work in a tenth of a second: under three seconds are left, whatever the machine."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100, _environ={"TERM": "xterm"})
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    bar = Progress()
    with bar as told:
        for done in range(1, 6):
            told("window 1 of 5", done, 10)
            time.sleep(0.02)
        (task,) = bar.bar.tasks
        assert (task.completed, task.total, task.description) == (5, 50, "window 1 of 5")
        assert 0 < task.time_remaining <= 10
        told("window 2 of 5", 0, 10)
        (task,) = bar.bar.tasks
        assert (task.completed, task.time_remaining is None) == (10, False)  # the pace is still known
        told("chance", 0, 3)
        (task,) = bar.bar.tasks
        assert (task.completed, task.total, task.time_remaining) == (0, 3, None)  # other work, another pace
        bar.bar.refresh()
    assert "left" in written.getvalue() and "window 1 of 5" not in bar.last


def test_quiet_progress_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True) as told:
        told("window 1 of 5", 1, 10)
    assert capfd.readouterr() == ("", "")


# Help


def test_every_command_has_examples_that_can_be_typed() -> None:
    group: Any = typer.main.get_command(cli.app)
    assert tuple(group.commands) == COMMANDS
    for name, command in group.commands.items():
        text = chartproof(name, "--help").out
        lines = re.findall(r"^ +chartproof (.*)$", text.partition("Examples:")[2], re.M)
        assert lines, name
        for line in lines:
            first, *words = shlex.split(re.split(r"\s{2,}", line)[0])
            assert first == name
            command.make_context(name, words)  # raises for an option that is none


def test_help_comes_at_once() -> None:
    """The best of a few, because the machine may be busy: alone it takes half of this."""
    took, code = [], "import sys; sys.argv = ['chartproof', '--help']; from framework.cli import main; main()"
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.8


# Completion


def completed(folder: Path, *words: str) -> list[str]:
    """What bash is offered for the last of the words."""
    line = " ".join(["chartproof", *words])
    environment = os.environ | {
        "_CHARTPROOF_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
    }
    code = "from framework.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_in_a_shell(folder: Path) -> None:
    (folder / "strategies" / "rally.py").write_text("")
    (folder / "strategies" / "_other.py").write_text("")
    assert completed(folder, "check", "r") == ["rally", "rule"]
    assert completed(folder, "scan", "ru") == ["rule"]
    assert completed(folder, "look", "x") == []
    assert completed(folder, "new", "experiment", "mine", "--strategy", "ra") == ["rally"]
    assert completed(folder, "claims", "K0") == claim_ids("K0") and len(claim_ids("K0")) > 5
    assert completed(folder, "sc") == ["scan"]


def test_all_claims_are_offered() -> None:
    """Each by its id, or by the number that stands for several with letters; nothing that is none."""
    offered = claim_ids("")
    assert all(one in offered or one[:-1] in offered for one in CLAIMS)
    assert all(one in CLAIMS or f"{one}a" in CLAIMS for one in offered)
    assert claim_ids("k01") == ["K01"]


def test_strategies_are_offered_from_below(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "data")
    assert strategy_names("") == ["rule"]
    monkeypatch.chdir("/")
    assert strategy_names("") == []


# Defects


@pytest.fixture
def broken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with a defect; files of its own go to the folder."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(running, "run", fail)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.delenv(cli.SHOW, raising=False)
    return folder


def test_a_defect_is_one_line(broken: Path) -> None:
    said = chartproof("run", "x.toml")
    assert (said.status, said.out, said.err.count("\n")) == (1, "", 1)
    (file,) = broken.glob("chartproof-*.txt")
    expected = f"error: chartproof: a defect of the program, ZeroDivisionError: a b; its traceback is in {file}, "
    assert said.err == f"{expected}and CHARTPROOF_TRACEBACK=1 before the command shows all of it\n"
    text = file.read_text()
    assert text.startswith("Traceback (most recent call last):") and 'raise ZeroDivisionError("a\\nb")' in text


def test_a_defect_with_nowhere_to_write(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(broken / "none"))
    said = chartproof("run", "x.toml")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert said.err.endswith("ZeroDivisionError: a b; CHARTPROOF_TRACEBACK=1 before the command shows all of it\n")


def test_a_defect_shown_whole(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cli.SHOW, "1")
    monkeypatch.setattr(sys, "argv", ["chartproof", "run", "x.toml"])
    with pytest.raises(ZeroDivisionError):
        cli.main()
    assert not list(broken.glob("chartproof-*.txt"))
