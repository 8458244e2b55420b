"""The command `run`: what it tells on the way and at the end, stopped or with nowhere to write."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from framework import progress
from framework.experiment import beside as running

from .experiment import Said, chartproof, refused, toml, workspace


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, entered, with an experiment."""
    monkeypatch.chdir(workspace(tmp_path))
    Path("x.toml").write_text(toml("strategy.length = [7, 14]", "strategy.level = 30"))
    return tmp_path


def test_run_says_the_verdict_and_where_the_report_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told_run(
        path: Path,
        out: Path | None,
        trials: int,
        resume: bool,
        told: Callable[[str, int, int], None],
        workers: int,
        look: bool,
    ) -> list[Path]:
        assert (path, out, trials, resume, workers, look) == (Path("x.toml"), Path("there"), 7, True, 3, True)
        for stage, done in (("window 1 of 2", 1), ("window 1 of 2", 2), ("window 2 of 2", 1), ("report", 1)):
            told(stage, done, 2)
        out.mkdir()
        verdict = {"warning": "Few trades.", "answer": "It loses.", "compared": "Waiting helps.", "more": 1}
        verdict |= {"chance": "Luck.", "search": "Sets.", "trials": "Many.", "holdout": "Unseen."}
        (out / "summary.json").write_text(json.dumps({"verdict": verdict}))
        return [out]

    monkeypatch.setattr(running, "run", told_run)
    said = chartproof("run", "x.toml", "--out", "there", "--trials", "7", "--resume", "--workers", "3", "--holdout")
    report = Path("there", "report.html")
    assert said.out == f"It loses.\nWaiting helps.\nSets.\nLuck.\nMany.\nUnseen.\nFew trades.\nreport: {report}\n"
    assert (said.status, said.err) == (0, "window 1 of 2\nwindow 2 of 2\nreport\n")  # a stage is told once


def test_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run", stop)
    assert chartproof("run", "x.toml") == Said(130, "", "stopped; nothing had been written yet\n")


def test_stopped_in_the_middle_and_resumed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the second window's search: the first is kept and not searched again."""

    def stopping(self: progress.Progress, stage: str, done: int, total: int) -> None:
        if stage == "window 2 of 3":
            raise KeyboardInterrupt
        told(self, stage, done, total)

    monkeypatch.setitem(sys.modules, "framework.report.page", type("Page", (), {"render": lambda *_: ""}))
    told = progress.Progress.told
    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "told", stopping)
        said = chartproof("run", "x.toml", "--out", "part")
    assert (said.status, said.out) == (130, "")
    assert said.err == "window 1 of 3\nstopped; the same command with --resume goes on where it was\n"
    assert sorted(path.name for path in Path("part").rglob("*.json")) == ["manifest.json", "window-0000.json"]
    said = chartproof("run", "x.toml", "--out", "part", "--resume")
    assert (said.status, said.err.split("\n")[:3]) == (0, ["window 2 of 3", "window 3 of 3", "testing"])
    assert said.out.endswith(f"report: {Path('part', 'report.html')}\n")


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("data", "data: holds files that are no run's; an empty folder, by --out DIR"),
        ("data/X-1d.csv", "data/X-1d.csv: is a file; a folder, by --out DIR"),
        ("data/X-1d.csv/run", "data/X-1d.csv/run: Not a directory; a place that can be read and written"),
        ("a" * 300, f"{'a' * 300}: File name too long; a place that can be read and written"),
    ],
    ids=lambda text: text[:20],
)
def test_out_that_cannot_be(folder: Path, out: str, said: str) -> None:
    assert refused(folder, "run", "x.toml", "--out", out) == said


def test_nothing_to_resume(folder: Path) -> None:
    said = refused(folder, "run", "x.toml", "--out", "new", "--resume")
    assert said == "new: holds no run to resume; leave out --resume"


def test_a_full_disk_is_no_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Path("new").mkdir()
    monkeypatch.setattr(os, "fsync", fail)
    said = refused(folder, "run", "x.toml", "--out", "new")
    assert said == "chartproof: No space left on device; a place that can be read and written"
