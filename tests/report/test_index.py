"""The index lists what lies under reports/, newest first, whatever state it is in, and never stops a run."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from framework.experiment import beside, claims, indexed
from framework.experiment.indexed import rewrite
from tests.experiment import chartproof, toml, workspace

from .stored import changed, stored

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


class Listed(HTMLParser):
    """The rows of the index: the text of their four cells, and where they link to."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed((home / "reports" / "index.html").read_text(encoding="utf-8"))
        self.rows = [[" ".join(cell.split()) for cell in row] for row in self.rows if row]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "a":
            self.links.append(unquote(dict(attrs).get("href") or ""))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += f" {data}"

    def row(self, name: str) -> list[str]:
        """The row of what is called that under reports/."""
        (found,) = [row for row in self.rows if row[0].endswith(f" {name}")]
        return found


def listed(home: Path) -> Listed:
    rewrite(home, home / "reports")
    return Listed(home)


def aged(folder: Path, seconds: int) -> Path:
    for path in folder.glob("*"):
        os.utime(path, (seconds, seconds))
    return folder


def test_runs_newest_first_with_their_figures(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    aged(stored(reports / "b-old"), 1_600_000_000)
    aged(stored(reports / "a-new", changed(summary__question="Newest?")), 1_700_000_000)
    aged(stored(reports / "c-between"), 1_650_000_000)
    found = listed(tmp_path)
    assert [row[0].split()[-1] for row in found.rows] == ["a-new", "c-between", "b-old"]
    what, verdict, r, written = found.row("a-new")
    assert what == "Newest? rule · AAA and BBB · 1d 2020-01-01 to 2020-12-30 a-new"
    assert verdict == "No edge shown." and written == "2023-11-14 22:13"
    r = r.replace("\u202f", " ")
    assert r == ("aggressive +0.10 R −0.05 to +0.25 R n = 120 conservative too few (12) +0.30 R −0.40 to +1.00 R")
    assert found.links == ["a-new/report.html", "c-between/report.html", "b-old/report.html"]


def test_what_is_no_finished_run(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    (stored(reports / "begun") / "summary.json").unlink()
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "one.toml").touch()
    (stored(reports / "reportless", changed(manifest__configuration__name="two")) / "report.html").unlink()
    (stored(reports / "damaged") / "summary.json").write_text('{"name": "one", "quest')
    (stored(reports / "shapeless") / "summary.json").write_text("[]")
    (stored(reports / "mixed", changed(summary__provenance={"identity": "other"})))
    (stored(reports / "headless") / "manifest.json").unlink()
    for name in ("ledger", "notes"):
        (reports / name).mkdir()
        (reports / name / "x.json").write_text("{}")
    (reports / "README.md").touch()
    stored(tmp_path / "elsewhere")
    (reports / "linked").symlink_to(tmp_path / "elsewhere")
    found = listed(tmp_path)
    assert {row[0].split()[-1] for row in found.rows} == {
        "begun", "reportless", "damaged", "shapeless", "mixed", "headless"
    }  # fmt: skip
    going = "chartproof run experiments/one.toml --resume and the options that it was begun with"
    assert found.row("begun")[1] == f"not finished, or still running To go on: {going}"
    assert found.row("reportless")[1].endswith("To go on: the command that began it, with --resume")
    for name in ("begun", "reportless", "damaged", "headless"):
        assert found.row(name)[2] == ""
    assert found.row("damaged")[1] == "unreadable summary.json: is no JSON, or only a part of it"
    assert found.row("shapeless")[1].startswith("unreadable summary.json: is not what it should be")
    assert found.row("mixed")[1] == "unreadable summary.json: is of another run than manifest.json"
    assert found.row("headless")[1] == "unreadable manifest.json is not there"
    assert "begun/report.html" not in found.links


def test_claims_several_runs_and_comparisons(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    ledger = reports / "claims-1"
    ledger.mkdir(parents=True)
    told = {"identity": "1", "configuration": {"claims": ["K1", "K2", "K3"]}, "data": {"AAA": {}, "BBB": {}}}
    (ledger / "manifest.json").write_text(json.dumps(told))
    found = listed(tmp_path).row("claims-1")
    assert found[0] == "The ledger of claims AAA and BBB claims-1" and "not finished" in found[1]
    rows = [{"claim": "K", "verdict": word} for word in ("supported", "too few", "too few")]
    (ledger / "claims.json").write_text(json.dumps({"claims": rows}))
    (ledger / "claims.html").touch()
    for name in ("4h", "1d"):
        stored(reports / "several" / name)
    (reports / "several" / "beside.html").touch()
    (reports / "compare-a-b.html").touch()
    page = listed(tmp_path)
    assert page.row("claims-1")[:2] == [
        "The ledger of claims 3 claims · AAA and BBB claims-1",
        "too few 2, supported 1",
    ]
    assert page.row("several")[1] == "2 runs side by side." and page.row("compare-a-b")[1] == "Side by side."
    names = [row[0].split()[-1] for row in page.rows]
    at = names.index("several")
    assert names[at : at + 3] == ["several", "several/1d", "several/4h"]
    assert {"claims-1/claims.html", "several/beside.html", "several/4h/report.html", "compare-a-b.html"} <= {
        *page.links
    }
    (reports / "several" / "beside.html").unlink()
    assert listed(tmp_path).row("several")[1].startswith("not finished")


def test_pages_are_called_what_their_writers_call_them() -> None:
    assert (indexed.BESIDE, indexed.CLAIMS, indexed.CLAIMED) == (beside.PAGE, claims.PAGE, claims.JSON)


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    places: dict[str, Any] = dict.fromkeys(
        ["summary__name", "summary__question", "summary__strategy", "summary__timeframe"], HOSTILE
    )
    places |= {"summary__symbols": [HOSTILE], "summary__verdict": {"short": HOSTILE, "answer": HOSTILE}}
    stored(tmp_path / "reports" / "javascript:alert(1)#?\"'<i>", changed(**places))
    (stored(tmp_path / "reports" / "begun", changed(manifest__configuration__name=HOSTILE)) / "summary.json").unlink()
    found = listed(tmp_path)
    assert "img" not in found.tags and found.tags.count("script") == 1
    (link,) = found.links
    assert (tmp_path / "reports" / link).read_text() == "the report"
    html = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert 'href="javascript:' not in html and html.count("onerror") == html.count("&lt;img src=x onerror")


def test_a_run_writes_it_and_a_damaged_neighbour_does_not_stop_it(tmp_path: Path) -> None:
    home = workspace(tmp_path)
    bad = home / "reports" / "bad"
    bad.mkdir(parents=True)
    (bad / "manifest.json").write_bytes(b"\xff\x00{")
    path = home / "experiments" / "quick.toml"
    path.write_text(toml("search.trials = 0"))
    assert chartproof("run", path, "--out", home / "elsewhere").status == 0
    assert not (home / "reports" / "index.html").exists()
    assert chartproof("run", path).status == 0
    (folder,) = (home / "reports").glob("quick-*")
    found = Listed(home)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    what, verdict, r, _ = found.row(folder.name)
    assert what.startswith("quick rule · X · 1d ") and verdict == summary["verdict"]["short"]
    for name, one in summary["variants"].items():
        assert name in r and f"{one['expectancy_r']['n']:,}" in r
    assert found.row("bad")[1].startswith("unreadable")


def test_two_runs_that_end_at_once_are_both_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ends, and has its index written, after the first has looked around and before it writes."""
    stored(tmp_path / "reports" / "first")
    real, ended = indexed.write, []

    def write(path: Path, content: bytes) -> None:
        if not ended:
            ended.append(stored(tmp_path / "reports" / "second"))
            rewrite(tmp_path, tmp_path / "reports" / "second")
        real(path, content)

    monkeypatch.setattr(indexed, "write", write)
    rewrite(tmp_path, tmp_path / "reports" / "first")
    assert {row[0].split()[-1] for row in Listed(tmp_path).rows} == {"first", "second"}


def test_many_runs_that_end_at_once_are_all_listed(tmp_path: Path) -> None:
    def end(n: int) -> None:
        rewrite(tmp_path, stored(tmp_path / "reports" / f"run{n}"))

    many = [threading.Thread(target=end, args=(n,)) for n in range(8)]
    for one in many:
        one.start()
    for one in many:
        one.join()
    assert len(Listed(tmp_path).rows) == 8
    assert {path.name for path in (tmp_path / "reports").glob("*.*")} == {"index.html"}


def test_an_index_that_cannot_be_written_does_not_stop_a_run(tmp_path: Path) -> None:
    (tmp_path / "reports" / "index.html").mkdir(parents=True)
    rewrite(tmp_path, stored(tmp_path / "reports" / "one"))
    assert not list((tmp_path / "reports").glob(".index*"))


def test_hundreds_of_runs_take_under_a_second(tmp_path: Path) -> None:
    padding = [{"window": n, "parameters": dict.fromkeys(map(str, range(9)), 0.5)} for n in range(200)]
    one = stored(tmp_path / "reports" / "run0", changed(summary__windows=padding))
    for n in range(1, 400):
        shutil.copytree(one, tmp_path / "reports" / f"run{n}")
    rewrite(tmp_path, tmp_path / "reports")  # what is imported the first time is no part of it
    began = time.process_time()
    rewrite(tmp_path, tmp_path / "reports")
    assert time.process_time() - began < 1
    assert len(Listed(tmp_path).rows) == 400
