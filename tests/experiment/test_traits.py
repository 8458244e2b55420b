"""What became of breaks: a rule that names its own, counted by hand; chance beside, and what is published."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.experiment.run import run
from framework.sources import load
from framework.validation.shuffled import shuffled
from framework.validation.walk import row_at
from tests.experiment import HEAD, MADE, content, refused

ROOT = Path(__file__).resolve().parents[2]
SETUPS = """
from framework.structure.broken import Broken


def setups(bars, p):
    return made(bars, np.arange(60, len(bars), 40))


"""
TRAITS = """
def traits(bars, p):
    known = np.arange(60, len(bars), 40)
    n, place = len(known), np.arange(len(known))
    rose = (bars.close[known] > bars.close[known - 1]).astype(float)
    return Broken(
        kind=np.array(["falling_wedge_up", "falling_wedge_up", "falling_wedge_down", "neckline"])[place % 4],
        known_at=known,
        reached=np.where(place % 4 == 1, np.nan, rose),
        back=1 - rose,
        false=np.where(place % 3 == 0, 1.0, 0.0),
        loud=np.where(place % 5 == 0, np.nan, (place % 5 < 3).astype(float)),
        shape=np.array(["falling_wedge", "rising_wedge"])[np.arange(len(bars)) % 7 // 6],
        known=np.arange(len(bars)),
    )


"""
TOML = """
variants = ["aggressive"]
gallery = 0
seed = {seed}
[data]
symbols = ["IBM", "MSFT"]
from = 2000-03-01
to = 2006-12-31
[strategy]
name = "rule"
length = 14
level = 30.0
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "2y"
test = "2y"
"""


def ran(folder: Path, rule: str, seed: int = 7) -> Path:
    (folder / "strategies").mkdir(exist_ok=True)
    (folder / "strategies" / "rule.py").write_text(HEAD + rule + MADE)
    (folder / "x.toml").write_text(TOML.format(seed=seed))
    return run(folder / "x.toml", folder / f"out{seed}")


def told(out: Path) -> tuple[Any, dict[str, Any]]:
    summary = json.loads((out / "summary.json").read_text())
    return summary["traits"], summary


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ran(tmp_path_factory.mktemp("traits"), SETUPS + TRAITS)


def inside(bars: Bars, summary: dict[str, Any]) -> tuple[int, int]:
    """The first bar of the test windows, and the first after."""
    stamps = [
        pd.Timestamp(summary["windows"][i][name]).to_datetime64() for i, name in ((0, "test_start"), (-1, "test_end"))
    ]
    first, last = np.searchsorted(bars.time, stamps)
    return int(first), int(last)


def markets() -> list[Bars]:
    whole = [load(f"sample:{symbol}") for symbol in ("IBM", "MSFT")]
    return [bars[: int(np.searchsorted(bars.time, np.datetime64("2007-01-01")))] for bars in whole]


def counted(many: list[Bars], summary: dict[str, Any]) -> dict[str, list[Any]]:
    """By kind and measure what is said of every break of the test windows, and by shape how many were formed."""
    said: dict[str, list[Any]] = {}

    def put(name: str, value: Any) -> None:
        said.setdefault(name, []).append(value)

    for bars in many:
        first, last = inside(bars, summary)
        for t in range(first, last):
            put("formed falling_wedge" if t % 7 < 6 else "formed rising_wedge", t)
        for place, t in enumerate(range(60, len(bars), 40)):
            if not first <= t < last:
                continue
            kind = ("falling_wedge_up", "falling_wedge_up", "falling_wedge_down", "neckline")[place % 4]
            rose = float(bars.close[t] > bars.close[t - 1])
            false, loud = float(place % 3 == 0), "loud" if place % 5 in (1, 2) else "quiet"
            put(kind, t)
            put(f"{kind} back", 1 - rose)
            put(f"{kind} false", false)
            if place % 4 != 1:
                put(f"{kind} reached", rose)
            if kind != "neckline":
                put("falling_wedge_up way", float(kind.endswith("up")))
                put("falling_wedge_down way", float(kind.endswith("down")))
            if place % 5:
                put(loud, t)
                put(f"{loud} false", false)
                if place % 4 != 1:
                    put(f"{loud} reached", rose)
    return said


def test_rows_and_shares_by_hand(out: Path) -> None:
    traits, summary = told(out)
    said = counted(markets(), summary)
    assert traits["shuffles"] == 20 and "Bulkowski" in traits["source"]
    assert [row["kind"] for row in traits["rows"]] == ["falling_wedge_down", "falling_wedge_up", "neckline"]
    assert [row["loud"] for row in traits["volume"]] == [True, False]
    for row in traits["rows"]:
        kind = row["kind"]
        assert row["breaks"] == len(said[kind])
        assert row["formed"] == (None if kind == "neckline" else len(said["formed falling_wedge"]))
        for name in ("way", "reached", "back", "false"):
            values = said.get(f"{kind} {name}", [])
            assert row[name]["n"] == len(values)
            assert row[name]["value"] == (pytest.approx(np.mean(values)) if values else None)
            assert not values or row[name]["low"] < row[name]["value"] + 1e-9 < row[name]["high"] + 2e-9
    for row, name in zip(traits["volume"], ("loud", "quiet"), strict=True):
        assert row["breaks"] == len(said[name])
        for measure in ("reached", "false"):
            assert row[measure]["value"] == pytest.approx(np.mean(said[f"{name} {measure}"]))
            assert row[measure]["n"] == len(said[f"{name} {measure}"])
    assert sum(row["breaks"] for row in traits["rows"]) < sum(len(range(60, len(bars), 40)) for bars in markets())


def test_chance_is_the_same_of_the_shuffled_bars(out: Path) -> None:
    traits, summary = told(out)
    seeds = np.random.SeedSequence(7).generate_state(20)
    begin, end = (pd.Timestamp(summary["windows"][at][f"test_{edge}"]) for at, edge in ((0, "start"), (-1, "end")))
    inside = [bars[row_at(bars, begin) : row_at(bars, end)] for bars in markets()]
    said = counted([bars for seed in seeds for bars in shuffled(inside, int(seed))], summary)
    for row in traits["rows"]:
        for name in ("way", "reached", "back", "false"):
            values = said.get(f"{row['kind']} {name}", [])
            assert row[name]["chance_n"] == len(values)
            assert row[name]["chance"] == (pytest.approx(np.mean(values)) if len(values) >= 30 else None)
    for row, name in zip(traits["volume"], ("loud", "quiet"), strict=True):
        for measure in ("reached", "false"):
            assert row[measure]["chance"] == pytest.approx(np.mean(said[f"{name} {measure}"]))
    up = traits["rows"][1]
    assert up["back"]["chance"] != up["back"]["value"]


def test_published_figures_stand_beside(out: Path) -> None:
    traits, _ = told(out)
    published = {
        row["kind"]: [row[name]["published"] for name in ("way", "reached", "back", "false")] for row in traits["rows"]
    }
    assert published == {
        "falling_wedge_up": [0.68, 0.70, 0.56, None],
        "falling_wedge_down": [0.32, 0.30, 0.69, None],
        "neckline": [None] * 4,
    }


def test_the_seed_tells_the_chance_and_nothing_else(out: Path, tmp_path: Path) -> None:
    first = told(out)[0]
    again, other = (told(ran(tmp_path, SETUPS + TRAITS, seed))[0] for seed in (7, 8))
    assert again == first and other != first
    assert [row["back"]["chance"] for row in other["rows"]] != [row["back"]["chance"] for row in first["rows"]]
    for traits in (first, other):
        for row in (*traits["rows"], *traits["volume"]):
            for one in row.values():
                isinstance(one, dict) and one.pop("chance")
    assert other == first


def test_the_page_says_both(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="traits">') : page.index('<section id="equity">')]
    traits, _ = told(out)
    assert "What became of the breaks" in section and "20 times" in section and "Bulkowski" in section
    assert re.findall(r'<th scope="row">([^<]*)</th>', section) == [
        "falling wedge down",
        "falling wedge up",
        "neckline",
        "with a break&#39;s volume",
        "without",
    ]
    row = section[section.index(">falling wedge up<") : section.index(">neckline<")]
    beside = [text.replace("\u202f", " ") for text in re.findall(r"<small>(chance[^<]*)</small>", row)]
    up = traits["rows"][1]
    books = {"way": ", books 68 %", "reached": ", books 70 %", "back": ", books 56 %", "false": ""}
    of = {name: f"{100 * up[name]['chance']:.0f} % of {up[name]['chance_n']:,}" for name in books}
    assert beside == [f"chance {of[name]}{books[name]}" for name in books]
    assert f"<small>{up['formed']:,} formed" in row


@pytest.mark.parametrize("name", ["", "def traits(bars, p):\n    return Broken(*[np.zeros(0)] * 6)\n\n\n"])
def test_no_breaks_to_tell_of(name: str, tmp_path: Path) -> None:
    """A rule without traits has none; one that found none has no row."""
    out = ran(tmp_path, SETUPS + name.replace("np.zeros(0)]", "np.zeros(0, int)]"))
    traits, _ = told(out)
    assert traits is None if not name else (traits["rows"], traits["volume"]) == ([], [])
    assert ('id="traits"' in (out / "report.html").read_text(encoding="utf-8")) == bool(name)


@pytest.mark.parametrize(("returned", "said"), [("None", "NoneType"), ("[1]", "list"), ("made(bars, p)", "Setups")])
def test_something_else_is_refused_by_the_files_name(returned: str, said: str, tmp_path: Path) -> None:
    rule = f"def traits(bars, p):\n    return {returned.replace('p)', 'np.arange(3))')}\n\n\n"
    with pytest.raises(UserError) as error:
        ran(tmp_path, SETUPS + rule)
    assert str(error.value) == f"strategies/rule.py: traits() returned {said}; return Broken"
    assert not (tmp_path / "out7" / "report.html").exists()


@pytest.mark.parametrize("shape", ["np.zeros(1)", "np.zeros(0), np.zeros(0, str), np.zeros(3, int)"])
def test_columns_that_do_not_belong_together_are_refused(shape: str, tmp_path: Path) -> None:
    broken = f"Broken(*[np.zeros(0, int)] * 5, {shape})"
    with pytest.raises(UserError, match=r"^strategies/rule.py: traits\(\) returned Broken with .*; a value each$"):
        ran(tmp_path, SETUPS + f"def traits(bars, p):\n    return {broken}\n\n\n")


@pytest.mark.parametrize("hook", ["traits(bars, p)", "ablated(p)"])
def test_what_a_hook_raises_is_told_with_its_line(hook: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^strategies/rule.py:\d+: ZeroDivisionError.*; mend the rule$"):
        ran(tmp_path, SETUPS + f"def {hook}:\n    return 1 / 0\n\n\n")


def test_a_hook_that_is_no_function_is_refused(tmp_path: Path) -> None:
    for hook in ("traits", "ablated"):
        with pytest.raises(UserError, match=rf"strategies/rule.py has {hook} that is no function"):
            ran(tmp_path, SETUPS + f"{hook} = 3\n\n\n")


@pytest.mark.parametrize("rule", ["trendline_break", "chart_patterns"])
def test_breaks_with_volume_need_a_volume(rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, status 2, nothing written; what asks for no volume runs, and has nothing to say of it."""
    (tmp_path / "strategies").symlink_to(ROOT / "strategies")
    load("sample:IBM").frame().drop(columns="volume").iloc[:1500].to_csv(tmp_path / "IBM-1d.csv")
    head = (
        TOML.format(seed=7)
        .replace('symbols = ["IBM", "MSFT"]', 'files = ["IBM-1d.csv"]')
        .replace('"rule"', f'"{rule}"')
    )
    head = head.replace("length = 14\nlevel = 30.0\n", "confirmed = true\n")
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text(head)
    said = refused(tmp_path, "run", "x.toml")
    remedy = "confirmed = false, to trade breaks without a break's volume too"
    assert said == f"{tmp_path / 'IBM-1d.csv'}: the volume of no bar is known; {remedy}"
    assert not any("reports" in name for name in content(tmp_path))
    Path("x.toml").write_text(head.replace("confirmed = true", "confirmed = false"))
    traits, summary = told(run(tmp_path / "x.toml", tmp_path / "out"))
    assert traits["volume"] == [] and sum(row["breaks"] for row in traits["rows"]) > 3
    assert summary["vetoes"].get("without volume") is None
