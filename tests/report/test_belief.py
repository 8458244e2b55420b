"""How far a run is to be believed, on its page: the summary's figures, the bands where the files say."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from framework.experiment import beside
from framework.report import against, belief, figures, page, words
from tests.experiment.believed import home, written

from .test_report import Made, Reader, _plain, _unpacked

ALL = ("chance.draws = 6", "chance.permutations = 1", "combinatorial.groups = 4", "holdout.last = '4m'", "gallery = 2",
       "search.objective = ['expectancy_r', 'total_r']", "search.trials = 24", "windows.train = '6m'",
       "windows.test = '9m'")  # fmt: skip


def ran(folder: Path, *changes: str, look: bool = False) -> tuple[Made, Path]:
    """What a run handed to the page, and its folder."""
    seen: list[Any] = []
    real = page.render

    def spy(*given: Any) -> str:
        seen.extend(given)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "render", spy)
        (run,) = beside.run(written(folder, *changes), out=folder / "out", look=look)
    return Made(*seen[:3], seen[4], (run / "report.html").read_text(encoding="utf-8")), run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    return ran(home(tmp_path_factory.mktemp("belief")), *ALL, look=True)


@pytest.fixture(scope="module")
def made(run: tuple[Made, Path]) -> Made:
    return run[0]


def rows(html: str) -> dict[str, list[str]]:
    """The table's rows by their questions, without the small words under them."""
    table = Reader(html).tables["belief-table"][1:]
    return {_plain(row[0]): [_plain(cell) for cell in row[1:]] for row in table}


def row(html: str, head: str) -> list[str]:
    return next(cells for name, cells in rows(html).items() if name.startswith(head))


def p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.{4 if value < 0.01 else 2}f}"


def risks(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f} R".replace("-", "−")


def percents(value: float) -> str:
    return f"{100 * value:.0f} %".replace("-", "−")


def test_the_table_says_the_summarys_figures(made: Made) -> None:
    told, each = made.summary, list(made.summary["variants"])
    random, permuted, over = told["chance"]["random_entries"], told["chance"]["permuted"], told["overfitting"]

    def between(one: dict[str, Any], form: Any) -> str:
        return f"{p(one['p'])} chance {form(one['mean'])}, {form(one['low'])} to {form(one['high'])}"

    def counted(key: str, form: Any) -> list[str]:
        return [f"{between(random[v][key], form)} n = {random[v]['trades']}" for v in each]

    assert row(made.html, "Random entries make as much a trade") == counted("mean_r", risks)
    assert row(made.html, "Random entries win as often") == counted("win_rate", percents)
    assert row(made.html, "The search on bars in random order") == [between(permuted[f"left_{v}"], risks) for v in each]
    found = [over["variants"][v] for v in each]
    judged = [one["found"] for one in found if not math.isnan(one["found"]["deflated"])]
    assert judged, "or the next rows would prove nothing"
    for cell, one in zip(row(made.html, "Deflated Sharpe ratio of this run's best set"), found, strict=True):
        known = one["found"]
        said = f"{known['deflated']:.2f} without the trials {known['probabilistic']:.2f}"
        assert cell == ("–" if math.isnan(known["deflated"]) else said)
    for cell, one in zip(row(made.html, "Its Sharpe ratio a year"), found, strict=True):
        if not math.isnan(one["found"]["sharpe"]):
            known = one["found"]
            due = f"{known['sharpe']:.2f} luck alone {known['luck']:.2f} n = {known['trades']}"
            assert cell == due.replace("-", "−")
    lost = [f"{percents(one['pbo']['value'])} {percents(one['pbo']['loss'])} lost there" for one in found]
    assert row(made.html, "Probability of overfitting") == lost
    stand = [f"{p(one['spa']['p'])} {one['spa']['better']} of {one['spa']['distinct']} stand out" for one in found]
    assert row(made.html, "No set gained in the tests") == stand
    for cell, one in zip(row(made.html, "Probabilistic Sharpe ratio of the account"), found, strict=True):
        known = one["tested"]["probabilistic"]
        assert cell == "–" if math.isnan(known) else cell.startswith(f"{known:.2f} ")
    text = _plain(" ".join(Reader(made.html).text))
    assert f"on some of these markets and days, {over['trials']} so far." in text


def test_paths_and_redrawn_trades(made: Made) -> None:
    found, redrawn = made.summary["combinatorial"], made.summary["chance"]["redrawn"]
    for cell, name in zip(row(made.html, "Purged combinatorial"), made.summary["variants"], strict=True):
        one = found["variants"][name]
        r, n = ([path[key] for path in one["paths"]] for key in ("r", "trades"))
        lost = sum(value < 0 for value in r) / 3
        due = f"{risks(one['median'])} {risks(min(r))} to {risks(max(r))}, {percents(lost)} lost"
        assert len(r) == 3 and cell == f"{due} n = {min(n)} to {max(n)} a path"
    for head, key in (("All trades together", "total_r"), ("Deepest fall", "drawdown_r")):
        for cell, name in zip(row(made.html, head), made.summary["variants"], strict=True):
            one = {level: risks(value, 1) for level, value in redrawn[name][key].items()}
            due = f"{one['value']} {one['5%']} to {one['95%']}"
            due = due if key == "total_r" else due.replace("+", "")  # a fall has no sign
            assert cell == f"{due} n = {redrawn[name]['trades']}"


def test_the_ground_is_told_window_by_window(made: Made) -> None:
    found, read = made.summary["search"], Reader(made.html)
    due = [
        [str(one["window"]), f"{one['score']:.2f}", f"{one['feasible']} of {one['neighbours']}",
         f"{one['median']:.2f}", f"{one['worst']:.2f}"]
        for one in found["plateau"]
        if one["feasible"]
    ]  # fmt: skip
    assert due and [[_plain(cell).replace("−", "-") for cell in one] for one in read.tables["plateau"][1:]] == due
    text = _plain(" ".join(read.text))
    assert f"{found['different']} different ones of {found['grid']}, for expectancy and sum of R." in text
    assert f"({' and '.join(map(str, found['front']))} points) the knee is taken" in text


def test_bands_lie_where_the_files_say(run: tuple[Made, Path]) -> None:
    made, folder = run
    table = pd.read_parquet(folder / "chance.parquet")
    grown = made.tested.equity.set_index("time") / made.tested.trading.cash
    start = made.tested.trading.cash
    bands = {
        name: part.assign(**{key: part[key] / start for key in ("low", "middle", "high")})
        for name, part in table.groupby("variant")
    }
    figure = figures.equity(grown.reset_index(), ["aggressive", "conservative"], page.HELD, [], bands, 900)
    shaded = figure.axes[1]
    assert len(shaded.collections) == 2 and not figure.axes[0].collections and not figure.axes[2].collections
    for band, middle, (name, part) in zip(shaded.collections, shaded.lines[2:], bands.items(), strict=True):
        assert to_hex(band.get_facecolor()[0]) == figures.COLOURS[name]
        at = matplotlib.dates.date2num(part["time"].dt.tz_localize(None).to_numpy())
        corners = band.get_paths()[0].vertices
        for x, low, high in zip(at, part["low"], part["high"], strict=True):
            y = corners[corners[:, 0] == x, 1]
            assert (y.min(), y.max()) == pytest.approx((low, high))
        assert np.asarray(middle.get_ydata()) == pytest.approx(part["middle"].to_numpy())


def test_the_page_shades_the_bands_of_the_run(run: tuple[Made, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder = run
    given: list[dict[str, pd.DataFrame]] = []
    real = figures.equity

    def spy(*words: Any) -> Any:
        given.append(next(one for one in words if isinstance(one, dict)))
        return real(*words)

    monkeypatch.setattr(figures, "equity", spy)
    assert made.render(2) == made.html
    table, cash = pd.read_parquet(folder / "chance.parquet"), made.tested.trading.cash
    assert set(given[0]) == {"aggressive", "conservative"}
    for name, band in given[0].items():
        own = table[table["variant"] == name]
        for key in ("low", "middle", "high"):
            assert band[key].to_numpy() == pytest.approx(own[key].to_numpy() / cash)


def test_the_figure_of_chance_lies_where_the_figures_do(made: Made) -> None:
    ranges = against.ranges(made.summary)
    assert [(one.variant, one.of) for one in ranges[:2]] == [
        ("aggressive", "random entries"), ("aggressive", "random order")
    ]  # fmt: skip
    axes = against.chance(ranges, 700).axes[0]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert bars == [pytest.approx((one.low, one.high)) for one in ranges]
    marks = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert marks == [one.value for one in ranges]
    words_ = [text.get_text() for text in axes.texts]
    assert [text for text in words_ if text.startswith("p ")] == [p(one.p) for one in ranges]


def test_the_figure_of_splits_fills_what_is_tested(made: Made) -> None:
    found = made.summary["combinatorial"]
    axes = against.splits(found["intervals"], found["splits"], 510).axes[0]
    tested = [one for one in axes.collections if to_hex(one.get_facecolor()[0]) == figures.COLOURS["test"]]
    for group, of in zip(found["intervals"], tested, strict=True):
        corners = [path.vertices for path in of.get_paths()]
        assert [round(float(one[:, 1].mean())) for one in corners] == group["tested"] and len(corners) == 3
        ends = [matplotlib.dates.date2num(pd.Timestamp(group[name]).tz_localize(None)) for name in ("start", "end")]
        assert all([one[:, 0].min(), one[:, 0].max()] == pytest.approx(ends) for one in corners)


def test_all_sections_are_there_and_nothing_is_fetched(made: Made) -> None:
    read = Reader(made.html)
    ids = [value for _, name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids)) and {"belief", "belief-table", "plateau"} <= set(ids)
    assert "http" not in _unpacked(made.html) and "@import" not in made.html
    assert not {tag for tag, _, _ in read.attributes} & {"link", "iframe", "img", "object", "base"}
    targets = [value for _, name, value in read.attributes if name in ("src", "href", "xlink:href", "action")]
    assert targets and all(target[0] == "#" and target[1:] in ids for target in targets)
    assert set(re.findall(r"url\(#([^)]+)\)", made.html)) <= set(ids)
    text = _plain(" ".join(read.text))
    assert not re.search(r"\b(nan|None|inf|NaT)\b", text)
    assert "Splits of the combinatorial validation" in text
    assert _plain(words.minus(made.summary["verdict"]["holdout"])) in text


def test_nothing_is_drawn_where_nothing_was(tmp_path: Path) -> None:
    bare, folder = ran(home(tmp_path, 600), "chance.draws = 0", "search.trials = 0", "variants = ['aggressive']")
    shown = belief.shown(bare.summary)
    assert shown["chance"] is None and shown["splits"] is None and shown["search"] is None
    assert belief.beside(bare.summary) == {} and len(pd.read_parquet(folder / "chance.parquet")) == 0
    text = _plain(" ".join(Reader(bare.html).text))
    assert "andom entries" not in text and "random order" not in text and "The ground that was searched" not in text
    assert not re.search(r"\b(nan|None|inf|NaT)\b", text)
    grown = bare.tested.equity.set_index("time") / bare.tested.trading.cash
    axes = figures.equity(grown.reset_index(), ["aggressive"], page.HELD, [], {}, 900).axes
    assert not any(one.collections for one in axes)


def test_figures_that_are_not_known_are_dashes(made: Made) -> None:
    nan = math.nan
    unknown = {"value": nan, "p": nan, "mean": nan, "low": nan, "high": nan}
    random = {
        name: one | dict.fromkeys(belief.FIGURES, unknown)
        for name, one in made.summary["chance"]["random_entries"].items()
    }
    permuted = {"permutations": 3} | {f"left_{name}": unknown for name in random}
    search = made.summary["search"]
    nothing = {"value": nan, "5%": nan, "50%": nan, "95%": nan}
    redrawn = {name: {"total_r": nothing, "drawdown_r": nothing, "loss": nan, "blocks": 0} for name in random}
    over = made.summary["overfitting"]
    found = dict.fromkeys(over["variants"]["aggressive"]["found"], nan)
    tested = dict.fromkeys(over["variants"]["aggressive"]["tested"], nan)
    none = {"found": found, "tested": tested, "pbo": None, "spa": None}
    paths = {"paths": [{"r": nan, "trades": 0}] * 3, "median": nan, "lost": nan}
    html = made.render(
        chance={"random_entries": random, "permuted": permuted, "redrawn": redrawn},
        overfitting=over | {"variants": dict.fromkeys(random, none)},
        combinatorial=made.summary["combinatorial"] | {"variants": dict.fromkeys(random, paths)},
        search=search | {"plateau": [], "importances": dict.fromkeys(search["importances"], nan)},
    )
    table = rows(html)
    assert {cell for cells in table.values() for cell in cells} == {"–"}, table
    assert not re.search(r"\b(nan|None|inf)\b", _plain(" ".join(Reader(html).text)))
