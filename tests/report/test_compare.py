"""A comparison says what its runs' files say, says where they cannot be compared, and trusts no file."""

from __future__ import annotations

import copy
import functools
import json
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment import compare as reader
from framework.experiment.compare import compare
from framework.report import compare as page
from framework.report import figures, words
from framework.report import page as report
from framework.report.differences import cautions, differing
from tests.experiment import chartproof, toml, workspace

from .stored import Change, changed, manifest, stored, summary

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


class Reader(HTMLParser):
    """Tables as rows of cells, tags, links and the text outside style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text, self.skip, self.inside = "", False, False
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.skip = tag in ("style", "script")
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        elif tag == "table":
            self.inside = True
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1] += [""] * int(dict(attrs).get("colspan") or 1)

    def handle_endtag(self, tag: str) -> None:
        self.skip &= tag not in ("style", "script")
        self.inside &= tag != "table"

    def handle_data(self, data: str) -> None:
        if self.skip:
            return
        self.text += f" {data}"
        if self.inside and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] = f"{self.tables[-1][-1][-1]} {data}".strip()

    def row(self, name: str) -> list[str]:
        """The cells of the one row of that name."""
        (found,) = [row for table in self.tables for row in table if row and " ".join(row[0].split()) == name]
        return [" ".join(cell.split()) for cell in found[1:]]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the figures, which take longer than all else, and with each template read once."""
    monkeypatch.setattr(figures, "both", lambda *_: {"wide": "", "narrow": ""})
    kept = functools.cache(report.template)
    monkeypatch.setattr(page, "template", kept)
    monkeypatch.setattr(report, "template", kept)


def two(home: Path, change: Change = lambda *_: None) -> list[str]:
    stored(home / "reports" / "one")
    stored(home / "reports" / "two", change)
    return ["one", "two"]


def test_two_runs_with_known_figures(tmp_path: Path) -> None:
    def change(settings: dict[str, Any], told: dict[str, Any]) -> None:
        del told["variants"]["conservative"]
        told["variants"]["aggressive"]["expectancy_r"]["value"] = 0.2
        told["period"] = {"from": "2022-01-03T00:00:00+00:00", "to": "2022-12-30T00:00:00+00:00"}
        settings["configuration"]["costs"]["fee"] = 0.002
        settings["configuration"]["variants"] = ["aggressive"]
        settings["configuration"]["holdout"] = {"last": "1y", "look": False}
        settings["versions"]["numpy"] = "2.5.0"
        settings["data"]["BBB"] = {"sha256": "e" * 64, "bars": 380}

    made = compare(two(tmp_path, change), tmp_path)
    assert made == tmp_path / "reports" / "compare-one-two.html"
    read = Reader(made.read_text(encoding="utf-8"))
    assert read.row("Expectancy") == [
        "+0.10 R −0.05 to +0.25 R n = 120",
        "too few (12) +0.30 R −0.40 to +1.00 R",
        "+0.20 R −0.05 to +0.25 R n = 120",
    ]
    assert read.row("Closed trades") == ["120", "12", "120"]
    assert read.row("Total return") == ["+50.0 %", "−25.0 %", "+200 %", "+50.0 %", "+200 %"]
    assert read.row("Profit factor") == ["– not defined", "– not defined", "– not defined"]
    assert read.row("costs.fee") == ["0.001", "0.002"]
    assert read.row("variants") == ["aggressive, conservative", "aggressive"]
    assert read.row("holdout.last") == ["not set", "1y"] and read.row("holdout.look") == ["not set", "no"]
    assert read.row("numpy") == ["2.4.6", "2.5.0"] and read.row("Code") == ["", "the same"]
    assert read.row("BBB.sha256") == ["b" * 12, "e" * 12] and read.row("BBB.bars") == ["365", "380"]
    keys = {row[0] for row in read.tables[0]}
    assert not keys & {"costs.slippage", "AAA.sha256", "pandas", "seed", "holdout", "windows.train"}
    for said in ("one: 2020-01-01 to 2020-12-30; two: 2022-01-03 to 2022-12-30.", "fee 0.001", "BBB bbbbbbbbbbbb",
                 "two: the last 1y.", "Not as they stand.", "No edge shown.", "−1 is a warning."):  # fmt: skip
        assert said in read.text, said
    assert [link for link in read.links if link[0] != "#"] == ["one/report.html", "two/report.html"]


def test_runs_that_differ_in_nothing_that_matters_are_comparable(tmp_path: Path, undrawn: None) -> None:
    text = Reader(compare(two(tmp_path), tmp_path).read_text(encoding="utf-8")).text
    assert "stakes, holdout and code are the same." in text and "Not as they stand" not in text
    copied = stored(tmp_path / "copies" / "one")
    text = Reader(compare(["one", str(copied)], tmp_path).read_text(encoding="utf-8")).text
    assert f"{tmp_path}/reports/one and {copied} are one and the same run." in text


@pytest.mark.parametrize(
    ("places", "titles"),
    [
        ({}, []),
        ({"manifest__seed": 8, "manifest__configuration__exits__target_r": 3.0}, []),
        ({"manifest__configuration__costs__tick": 0.01}, ["Other costs"]),
        ({"manifest__configuration__costs__borrow": 0}, []),  # 0 is 0.0
        ({"manifest__configuration__sizing__risk": 0.02}, ["Other stakes"]),
        ({"summary__symbols": ["AAA"]}, ["Other markets"]),
        ({"summary__timeframe": "4h"}, ["Other markets"]),
        ({"summary__period__to": "2020-12-31T00:00:00+00:00"}, ["Other periods"]),
        ({"summary__funding": {"AAA": {}}}, ["Other funding or finer bars"]),
        ({"summary__finer": {"BBB": {}}}, ["Other funding or finer bars"]),
        ({"summary__optimistic": True}, ["Other fills"]),
        ({"manifest__data__AAA__sha256": "f" * 64}, ["Other data of the same markets"]),
        ({"manifest__configuration__holdout": {"last": "1y", "look": True}}, ["Other holdouts"]),
        ({"manifest__framework_sha256": "e" * 64}, ["Other code"]),
    ],
)
def test_what_makes_figures_not_comparable(places: dict[str, Any], titles: list[str]) -> None:
    manifests, summaries = [manifest("1"), manifest("2")], [summary("1"), summary("2")]
    changed(**places)(manifests[1], summaries[1])
    assert [title for title, _ in cautions(["one", "two"], manifests, summaries)] == titles


def test_what_differs_is_told_so_that_it_can_be_told_apart() -> None:
    pairs: list[tuple[Any, Any, list[str]]] = [
        (1.0, 1.00000000001, ["1.0", "1.00000000001"]),
        (True, 1, ["yes", "1"]),
        ("a" * 64, "a" * 63 + "b", ["a" * 64, "a" * 63 + "b"]),
        ("not set", None, ['"not set"', "null"]),
        ([], "none", ["[]", '"none"']),
    ]
    for one, other, told in pairs:
        manifests = [manifest("1"), manifest("2")]
        for settings, value in zip(manifests, (one, other), strict=True):
            settings["configuration"]["exits"]["odd"] = value
        assert differing(manifests)[0] == ("Configuration", [("exits.odd", told)])
    manifests = [manifest("1"), manifest("2")]
    manifests[0]["configuration"]["exits"] = {"a.b": 1, "a": {"b": 2}}  # keys that read alike are two keys
    manifests[1]["configuration"]["exits"] = {"a.b": 2, "a": {"b": 1}}
    assert differing(manifests)[0][1] == [("exits.a.b", ["1", "2"]), ("exits.a.b", ["2", "1"])]


def test_equities_are_drawn_from_their_own_start_on_their_own_dates() -> None:
    early = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-03-01")).astype("datetime64[us]")
    late = early + np.timedelta64(400, "D")
    drawn = page.draw([(0, early, np.linspace(1.1, 1.5, 60)), (3, late, np.linspace(0.9, 0.5, 60))], 1040)
    lines = [line for line in drawn.axes[0].lines if len(line.get_xdata()) == 60]
    days = [np.asarray(line.get_xdata(), float) for line in lines]
    assert days[0][0] == 18262 and days[1][0] == 18262 + 400  # days since 1970
    ends = [(line.get_ydata()[0], line.get_ydata()[-1]) for line in lines]
    assert ends == [(1.1, 1.5), (0.9, 0.5)]
    assert [text.get_text() for text in drawn.axes[0].texts] == ["4", "1"]
    assert [line.get_linestyle() for line in lines] == ["-", "--"] and lines[0].get_color() != lines[1].get_color()
    assert len(set(page.DASHES)) == len(page.ROLES) == 8


def test_the_equity_is_divided_by_the_cash(tmp_path: Path) -> None:
    folder = stored(tmp_path / "one", changed(manifest__configuration__sizing__cash=250.0))
    run = reader.one(folder, "one", tmp_path / "page.html")
    time, grown = run.curves["aggressive"]
    assert grown[0] == 1 and grown[-1] == 1.5 and time[0] == np.datetime64("2020-01-01")


def test_up_to_eight_runs_wherever_they_lie(tmp_path: Path, undrawn: None) -> None:
    names = [str(stored(tmp_path / "else where" / f"r#{n}?")) for n in range(7)]
    stored(tmp_path / "reports" / "several" / "4h")
    made = compare([*names, "several/4h"], tmp_path, tmp_path / "out" / "page.html")
    links = [link for link in Reader(made.read_text(encoding="utf-8")).links if link[0] != "#"]
    assert len(links) == 8
    for link in links:
        assert (made.parent / unquote(link)).read_text() == "the report"
    assert not (tmp_path / "reports" / "index.html").exists()  # the page is none of the workspace's
    assert (compare(["several/4h", names[0]], tmp_path)).name == "compare-several-4h-r-0-.html"
    assert (tmp_path / "reports" / "index.html").exists()


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (["one"], "compare: is given 1 run; two to 8"),
        (["one"] * 9, "compare: is given 9 runs; two to 8"),
        (["one", "one/"], "one/: is given twice; each run once"),
        (["one", "tow"], "tow: is no folder, nor a name under reports/; did you mean 'two'?"),
        (["one", "begun"], "begun: is not finished; the command that began it, with --resume"),
        (["one", "ledgers"], "ledgers: is a ledger of claims; the folder of a run of an experiment"),
        (["one", "several"], "several: holds several runs; one of them, as several/1d"),
        (["one", "empty"], "empty: holds no manifest.json; the folder of a run"),
    ],
)
def test_what_is_no_run(tmp_path: Path, runs: list[str], said: str) -> None:
    two(tmp_path)
    (stored(tmp_path / "reports" / "begun") / "summary.json").unlink()
    (stored(tmp_path / "reports" / "ledgers") / "claims.json").write_text("{}")
    stored(tmp_path / "reports" / "several" / "1d")
    (tmp_path / "reports" / "empty").mkdir()
    with pytest.raises(UserError) as error:
        compare(runs, tmp_path)
    assert str(error.value) == said
    assert not list((tmp_path / "reports").glob("*.html"))


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({"summary__provenance": {"identity": "x"}}, "summary.json: is of another run than its manifest.json;"),
        ({"summary__variants": {}}, "summary.json: variants: is not what it should be"),
        ({"summary__variants__aggressive__trades": "3"}, "aggressive.trades: is not what it should be"),
        ({"summary__variants__aggressive__trades": -3}, "aggressive.trades: is not what it should be"),
        ({"manifest__configuration__sizing__cash": 0}, "configuration.sizing.cash: is not what it should be"),
        ({"manifest__versions": None}, "manifest.json: versions: is not what it should be"),
        ({"summary__period": {"from": "2020-01-01T00:00:00+00:00"}}, "summary.json: period.to: is not there;"),
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_one_line(tmp_path: Path, undrawn: None, places: Any, said: str) -> None:
    folder = stored(tmp_path / "reports" / "two")
    files = [json.loads((folder / name).read_text()) for name in ("manifest.json", "summary.json")]
    changed(**places)(*files)
    for name, content in zip(("manifest.json", "summary.json"), files, strict=True):
        (folder / name).write_text(json.dumps(content))
    stored(tmp_path / "reports" / "one")
    with pytest.raises(UserError) as error:
        compare(["one", "two"], tmp_path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_an_equity_that_is_not_the_summarys_is_refused(tmp_path: Path, undrawn: None) -> None:
    names = two(tmp_path)
    path = tmp_path / "reports" / "two" / "equity.parquet"
    table = pd.read_parquet(path)
    wrong = {
        "aggressive does not end where summary.json has it": table.assign(aggressive=table["aggressive"] * 1.001),
        "holds no times, or not in their order": table[::-1],
        "holds no times": table[:0],
        "does not span the period that summary.json names": table[1:],
        "conservative holds what is no equity": table.assign(conservative=np.nan),
        "is missing or damaged (TypeError: time is no timestamp)": table.assign(time=1.5),
        "buy_and_hold": table.drop(columns="buy_and_hold"),
        "(ValueError": table.assign(aggressive="x"),
    }
    for said, content in wrong.items():
        content.to_parquet(path, index=False)
        with pytest.raises(UserError) as error:
            compare(names, tmp_path)
        assert said in str(error.value) and "two/equity.parquet" in str(error.value)


def places(content: Any, head: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield (*head, key)
        yield from places(value, (*head, key))


ODD = [None, True, -1, 0, 3.5, 10**400, 1e308, float("nan"), float("inf"), "", "x", HOSTILE, "\ud800", "9" * 9999,
       [], [[]], [None, None], {}, {"": {}}, {"n": 1}]  # fmt: skip


@pytest.mark.parametrize("name", ["manifest.json", "summary.json"])
def test_nothing_in_a_strangers_json_is_a_traceback(tmp_path: Path, undrawn: None, name: str) -> None:
    names, draws, ended = two(tmp_path), random.Random(5), [0, 0]
    path = tmp_path / "reports" / "two" / name
    good = json.loads(path.read_text())
    every = list(places(good))
    for _ in range(200):
        content = copy.deepcopy(good)
        *keys, last = draws.choice(every)
        table = content
        for key in keys:
            table = table[key]
        if draws.random() < 0.15:
            del table[last]
        else:
            table[last] = draws.choice(ODD)
        path.write_text(json.dumps(content))
        ended[_compared(names, tmp_path)] += 1
    assert min(ended) > 10  # some did no harm, others were refused


def _compared(names: list[str], home: Path) -> bool:
    """Whether a page was made; else it was refused in one line."""
    try:
        text = compare(names, home).read_text(encoding="utf-8")
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
        return False
    assert not re.search(r"<img|<script", text)
    return True


def test_nothing_in_a_part_of_a_file_is_a_traceback(tmp_path: Path, undrawn: None) -> None:
    names, draws = two(tmp_path), random.Random(6)
    for name in ("manifest.json", "summary.json", "equity.parquet"):
        path = tmp_path / "reports" / "two" / name
        good = path.read_bytes()
        for _ in range(60):
            path.write_bytes(good[: draws.randrange(len(good))])
            assert not _compared(names, tmp_path)
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(draws.randrange(1, 20)):
                bad[draws.randrange(len(bad))] = draws.randrange(256)
            path.write_bytes(bytes(bad))
            _compared(names, tmp_path)
        path.write_text("[" * 100_000)
        assert not _compared(names, tmp_path)
        path.write_bytes(good)


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    def change(settings: dict[str, Any], told: dict[str, Any]) -> None:
        told |= {"name": HOSTILE, "question": HOSTILE, "strategy": HOSTILE, "symbols": [HOSTILE], "timeframe": HOSTILE}
        told["verdict"] = dict.fromkeys(told["verdict"], HOSTILE)
        told["variants"]["aggressive"]["exits"] = {HOSTILE: 3}
        settings["configuration"] |= {HOSTILE: HOSTILE, "holdout": {"last": HOSTILE}}
        settings["data"] = {HOSTILE: {HOSTILE: HOSTILE}}
        settings["versions"] = {HOSTILE: HOSTILE}

    two(tmp_path)
    folder = stored(tmp_path / "reports" / "<b onx=1>&quot;", change)
    read = Reader(compare(["one", folder.name], tmp_path).read_text(encoding="utf-8"))
    assert not {"img", "script"} & set(read.tags)
    assert HOSTILE.replace("\n", " ") in read.text and folder.name in read.text


def test_two_real_runs(tmp_path: Path) -> None:
    home = workspace(tmp_path)
    for name, fee in (("one", 0.001), ("two", 0.003)):
        path = home / "experiments" / f"{name}.toml"
        path.write_text(toml("search.trials = 0", f"costs.fee = {fee}"))
        assert chartproof("run", path, "--out", home / "reports" / name).status == 0
    read = Reader(compare(["one", "two"], home).read_text(encoding="utf-8"))
    assert read.row("costs.fee") == ["0.001", "0.003"]
    told = [json.loads((home / "reports" / name / "summary.json").read_text()) for name in ("one", "two")]
    trades = [f"{one['trades']:,}" for run in told for one in run["variants"].values()]
    assert read.row("Closed trades") == trades
    assert all(words.minus(run["verdict"]["answer"]) in read.text for run in told)
    assert "fee 0.001" in read.text and read.row("Versions")[-1] == "the same"
