"""Lines in a setup's picture and in the run's files; the page's tables of breaks and of conditions."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from framework.bars import Bars
from framework.confluence import FAMILIES
from framework.ladder import LEGS
from framework.report import figures, gallery, lines, picture, words
from framework.setups import DRAWN
from framework.sources import load
from framework.structure.pattern_breaks import pattern_breaks
from framework.validation.walk import row_at

from .test_report import Made, Reader, _made

ROOT = Path(__file__).parents[2]
SMALL = """
variants = ["aggressive", "conservative"]
gallery = {gallery}
[data]
symbols = ["IBM", "MSFT"]
from = 2000-03-01
to = 2006-12-31
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "2y"
test = "2y"
[strategy]
"""
PATTERNS = 'name = "chart_patterns"\npattern = "two_lines"\nstated = false\nconfirmed = false\n'
DAYS = pd.date_range("2020-01-01", periods=30, freq="D", tz="UTC")


def ran(folder: Path, rule: str, gallery_: int = 0) -> Made:
    (folder / "strategies").exists() or (folder / "strategies").symlink_to(ROOT / "strategies")
    (folder / "x.toml").write_text(SMALL.format(gallery=gallery_) + rule)
    return _made(folder / "x.toml", folder / "out", None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    return ran(folder, PATTERNS, 8)


def plain(text: str) -> str:
    return " ".join(text.replace(words.THIN, " ").split())


def test_the_files_hold_every_line(made: Made, folder: Path) -> None:
    drawn, setups = (pd.read_parquet(folder / "out" / f"{name}.parquet") for name in ("drawn", "setups"))
    assert list(drawn.columns) == list(DRAWN) == ["setup", "line", "from_time", "from_price", "to_time", "to_price"]
    assert set(drawn["setup"]) == set(setups["setup"])
    named = drawn.groupby("setup")["line"].agg(lambda one: tuple(sorted(one)))
    assert set(named) <= {("broken", "opposite", "target"), ("broken", "opposite")}
    assert (named.map(len) == 3).to_dict() == setups.set_index("setup")["target"].notna().to_dict()
    known = drawn["setup"].map(setups.set_index("setup")["known_at"])
    assert (drawn["to_time"] <= known).all() and (drawn["from_time"] < drawn["to_time"]).all()
    assert (drawn[["from_price", "to_price"]] > 0).all(axis=None)
    begin = [pd.Timestamp(made.summary["windows"][i][name]) for i, name in ((0, "test_start"), (-1, "test_end"))]
    assert known.between(begin[0], begin[1], inclusive="left").all()
    for bars in made.tested.markets:  # and of those the lines that the detector has drawn
        found = pattern_breaks(bars)
        inside = (bars.index[found.known_at] >= begin[0]) & (bars.index[found.known_at] < begin[1])
        expected = found.take(inside).drawn()
        own = drawn[drawn["setup"].isin(expected["setup"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, expected, check_dtype=False, check_exact=True)


def test_a_rule_without_lines_has_a_table_of_none(tmp_path: Path, folder: Path, made: Made) -> None:
    """A column's type does not depend on the rows."""
    one = ran(tmp_path, 'name = "obv_divergence"\n')
    drawn, other = (pd.read_parquet(path / "out" / "drawn.parquet") for path in (tmp_path, folder))
    assert list(drawn.columns) == list(DRAWN) and len(drawn) == 0
    assert drawn.dtypes.to_dict() == other.dtypes.to_dict()
    assert 'id="traits"' not in one.html and 'id="ablation"' not in one.html
    assert (one.summary["traits"], one.summary["ablation"]) == (None, None)
    assert one.summary["paired"]["waits_for"] == "second bottom"


def test_the_page_has_what_became_of_the_breaks(made: Made) -> None:
    read = Reader(made.html)
    assert '<a href="#traits">Breaks</a>' in made.html and "<h2>What became of the breaks</h2>" in made.html
    rows = read.tables["breaks"][1:]
    traits = made.summary["traits"]
    told = [words.named(row["kind"]) for row in traits["rows"]] + ["with a break's volume", "without"]
    assert [plain(row[0]) for row in rows] == told and len(traits["rows"]) > 5
    for row, one in zip(rows, traits["rows"], strict=False):
        formed = f" {one['formed']} formed" if one["formed"] else ""
        assert plain(row[1]) == f"{one['breaks']}{formed}"
        for cell, name in zip(row[2:], ("way", "reached", "back", "false"), strict=True):
            measure = one[name]
            if not measure["n"]:
                assert plain(cell) == words.NONE
                continue
            few = f"too few ({measure['n']}) " if not measure["enough"] else ""
            assert plain(cell).startswith(f"{few}{100 * measure['value']:.0f} %")
            published = measure["published"]
            of = f"{plain(words.percent(measure['chance']))} of {words.count(measure['chance_n'])}"
            beside = [] if np.isnan(measure["chance"]) else [f"chance {plain(of)}"]
            beside += [] if published is None else [f"books {100 * published:.0f} %"]
            assert plain(cell).endswith(", ".join(beside))
    assert sum(one["breaks"] for one in traits["rows"]) == len(made.tested.setups)
    assert "Without each condition" not in made.html


@pytest.mark.parametrize(
    ("rule", "legs"),
    [("threshold = 14\n", FAMILIES), ('signal = "optimal"\nleast = 2\n', tuple(LEGS))],
    ids=["score", "optimal"],
)
def test_the_page_has_the_rule_without_each_condition(rule: str, legs: tuple[str, ...], tmp_path: Path) -> None:
    one = ran(tmp_path, f'name = "confluence"\n{rule}')
    assert '<a href="#ablation">Conditions</a>' in one.html and "<h2>Without each condition</h2>" in one.html
    assert 'id="traits"' not in one.html
    rows = Reader(one.html).tables["legs"][1:]
    names = ["all conditions", *(f"without {words.named(leg)}" for leg in legs)]
    assert [plain(row[0]) for row in rows] == [name for name in names for _ in range(2)]
    assert [plain(row[1]) for row in rows] == ["aggressive", "conservative"] * len(names)
    for row, told in zip(rows, one.summary["ablation"], strict=True):
        assert [plain(cell) for cell in row[2:4]] == [words.count(told["setups"]), words.count(told["filled"])]
        for cell, name, form in zip(row[4:], ("win_rate", "expectancy_r"), (words.percent, words.risks), strict=True):
            assert plain(form(told[name]["value"])) in plain(cell)
            assert str(told[name]["n"] or "none") in plain(cell)
    assert one.html.count('<tr class="whole">') == 2


def drawn_by_hand(*rows: tuple[int, float, int, float]) -> pd.DataFrame:
    columns = ("from_time", "from_price", "to_time", "to_price")
    table = [(DAYS[a], p, DAYS[b], q) for a, p, b, q in rows]
    return pd.DataFrame(table, columns=columns).assign(setup="0", line="x")


def test_a_line_is_drawn_as_far_as_bars_are_shown() -> None:
    """Bars 10 to 19 of thirty: straight on a log axis, dashed where level, cut at the edges of the picture."""
    price = np.full(30, 50.0)
    bars = Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), price), index=DAYS), "X", "1d")
    axes = figures.panel(figures.sheet(300, 200), 0, 0, 300, 200)
    rows = [(12, 40.0, 16, 80.0), (0, 10.0, 29, 100.0), (5, 60.0, 12, 60.0), (0, 5.0, 8, 7.0), (18, 1.0, 25, 2.0)]
    lines.draw(axes, drawn_by_hand(*rows), bars, 10, 20)
    one, long, level, before, after = axes.lines
    assert one.get_xdata().tolist() == [2, 3, 4, 5, 6]
    assert one.get_ydata() == pytest.approx([40 * 2 ** (i / 4) for i in range(5)])
    assert long.get_xdata().tolist() == list(range(10))
    assert long.get_ydata() == pytest.approx([10 * 10 ** (bar / 29) for bar in range(10, 20)])
    assert (level.get_xdata().tolist(), level.get_ydata().tolist()) == ([0, 1, 2], [60.0] * 3)
    assert before.get_xdata().tolist() == [] and after.get_xdata().tolist() == [8, 9]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "-", "--", "-", "-"]
    assert {to_hex(line.get_color()) for line in axes.lines} == {figures.COLOURS["pair"]}


def test_of_a_setup_are_its_own_lines() -> None:
    table = drawn_by_hand((3, 1.0, 4, 1.0), (1, 1.0, 4, 1.0), (2, 1.0, 4, 1.0)).assign(setup=["a", "b", "a"])
    own = lines.of_setup(table, {"setup": "a"})
    assert own.index.tolist() == [0, 2]
    assert not len(lines.of_setup(table, {"setup": "c"}))


def strokes(svg: str) -> list[str]:
    """Paths of lines in the colour of lines: with the width that no other mark of that colour has."""
    paths = re.findall(r"<path d=\"([^\"]*)\"[^>]*style=\"([^\"]*)\"", svg)
    return [d for d, style in paths if "stroke: var(--pair)" in style and "stroke-width: 1.4" in style]


def test_the_gallery_draws_the_lines(made: Made) -> None:
    tested: Any = made.tested
    chosen = gallery.choose(tested.setups, ["aggressive", "conservative"], 8)
    pictures = re.findall(r"<article.*?</article>", made.html, flags=re.DOTALL)
    assert len(chosen) == len(pictures) == 8
    markets = {bars.symbol: bars for bars in tested.markets}
    for (_, row), page in zip(chosen.iterrows(), pictures, strict=True):
        setup = {str(name): value for name, value in row.items()}
        own = lines.of_setup(tested.drawn, setup)
        scene = picture.scene_of(setup, markets[setup["symbol"]], None, own)
        edges = own[own["line"] != "target"]
        with mpl.rc_context(figures.STYLE):
            whole, two, none = (
                strokes(picture.picture(dataclasses.replace(scene, lines=part), [], "x", "x"))
                for part in (own, edges, own.iloc[:0])
            )
        assert len(two) == len(none) + 2 and set(none) <= set(two) <= set(whole)
        assert len(none) + 2 <= len(strokes(page)) <= len(none) + len(own)  # a target may lie outside the picture


def test_a_picture_begins_before_the_first_line() -> None:
    """As long as that leaves room for what comes after."""
    bars = load("sample:IBM")
    found = pattern_breaks(bars)
    table, drawn = found.frame(), found.drawn()
    seen = set()
    for row, known in enumerate(found.known_at.tolist()):
        setup = {str(name): value for name, value in table.iloc[row].items()}
        own = lines.of_setup(drawn, setup)
        scene = picture.scene_of(setup, bars, None, own)
        begin = min(row_at(bars, moment) for moment in own["from_time"])
        whole = known - begin + 2 * picture.AROUND <= picture.LONG
        assert scene.first <= max(begin - picture.AROUND, 0) if whole else scene.first > begin - picture.AROUND
        assert scene.first <= known < scene.last <= scene.first + picture.LONG
        seen.add(whole)
    assert seen == {True, False}
