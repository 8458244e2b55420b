"""The report says the run's figures, whatever is in the files, and needs no network."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from framework.bars import Bars
from framework.experiment.run import run
from framework.report import figures, gallery, page, picture, windows, words

ROOT = Path(__file__).parents[2]
SMALL = """
question = "Does it?"
variants = ["aggressive"]
[data]
symbols = ["IBM"]
from = 2000-03-01
to = 2004-12-31
[strategy]
name = "rsi_divergence"
{strategy}
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "2y"
test = "1y"
"""


@dataclasses.dataclass
class Made:
    """What a real run handed to the report, and the page it wrote."""

    summary: dict[str, Any]
    manifest: dict[str, Any]
    tested: Any
    bands: Any
    html: str

    def render(self, most: int = 0, **changes: Any) -> str:
        tested = dataclasses.replace(self.tested, **changes.pop("tested", {}))
        return page.render(self.summary | changes, self.manifest, tested, most, self.bands)


def _made(path: Path, out: Path, trials: int | None) -> Made:
    seen: list[Any] = []
    real = page.render

    def spy(*given: Any) -> str:
        seen.extend(given)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "render", spy)
        folder = run(path, out=out, trials=trials)
    return Made(*seen[:3], seen[4], (folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _made(ROOT / "experiments/rsi_divergence.toml", tmp_path_factory.mktemp("report") / "run", 3)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Any]:
    """A run of the aggressive entry alone on five years of one stock, with a line for its strategy."""
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies", ignore=shutil.ignore_patterns("__pycache__"))

    def make(strategy: str) -> Made:
        (tmp_path / "small.toml").write_text(SMALL.format(strategy=strategy))
        return _made(tmp_path / "small.toml", tmp_path / "out", None)

    yield make


class Reader(HTMLParser):
    """Tables as rows of cell texts by id, all attributes, and the text outside style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.where, self.skip = "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.skip = tag in ("style", "script") or (self.skip and tag != "body")
        if tag == "table":
            self.where = dict(attrs).get("id") or ""
            self.tables.setdefault(self.where, [])
        elif tag == "tr":
            self.tables[self.where].append([])
        elif tag in ("td", "th"):
            self.tables[self.where][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.skip = self.skip and tag not in ("style", "script")
        self.where = "" if tag == "table" else self.where

    def handle_data(self, data: str) -> None:
        if not self.skip:
            self.text.append(data)
        if self.where and self.tables[self.where] and self.tables[self.where][-1]:
            self.tables[self.where][-1][-1] += f" {data.strip()}"

    def row(self, table: str, head: str) -> list[str]:
        return next([_plain(cell) for cell in one[1:]] for one in self.tables[table] if one and _plain(one[0]) == head)


def _plain(text: str) -> str:
    return " ".join(text.replace(words.THIN, " ").split())


def _unpacked(html: str) -> str:
    """The page without what is base64 in it."""
    return re.sub(r'(id="packed-[^"]*">)[^<]*', r"\1", html)


def _told(estimate: dict[str, Any], form: str, unit: str, scale: float = 1, bars: str = "") -> str:
    """The words of an estimate, written a second time and more simply."""
    value, low, high = (f"{estimate[key] * scale:{form}}".replace("-", "−") for key in ("value", "low", "high"))
    if not estimate["enough"]:
        return f"too few ({estimate['n']}) {value}{unit} {low} to {high}{unit}"
    return f"{value}{unit} {low} to {high}{unit} n = {estimate['n']:,}{bars}"


def test_the_comparison_says_the_summarys_figures(made: Made) -> None:
    read, many = Reader(made.html), list(made.summary["variants"].values())
    held = made.summary["buy_and_hold"]
    counts = {"Setups": "setups", "Filled": "filled", "Closed trades": "trades", "Open at the end": "open"}
    for head, key in counts.items():
        assert read.row("compare", head) == [*(str(one[key]) for one in many), ""]
    forms: dict[str, tuple[str, str, str, float]] = {
        "Win rate": ("win_rate", ".0f", " %", 100),
        "Win rate, open ones marked": ("win_rate_open_marked", ".0f", " %", 100),
        "Expectancy": ("expectancy_r", "+.2f", " R", 1),
        "Profit factor": ("profit_factor", ".2f", "", 1),
        "Bars held": ("bars_held", ".1f", "", 1),
    }
    beside = {"Win rate": "win_rate", "Expectancy": "mean_r", "Total return": "total_return"}
    random = made.summary["chance"]["random_entries"].values()
    chance = {
        head: [f"random entries: {words.chance(one[key]['p'])}" for one in random] for head, key in beside.items()
    }
    for head, (key, form, unit, scale) in forms.items():
        told = [_told(one[key], form, unit, scale) for one in many]
        notes = chance.get(head)
        assert read.row("compare", head) == [*(map("; ".join, zip(told, notes, strict=True)) if notes else told), ""]
    sharpes = [_told(one["sharpe"], ".2f", "", bars=" bars") for one in [*many, held]]
    assert read.row("compare", "Sharpe ratio") == sharpes
    drawdowns = [f"{one['max_drawdown'] * 100:.1f} %" for one in [*many, held]]
    assert read.row("compare", "Deepest drawdown") == drawdowns
    returns = [f"{one['total_return'] * 100:+,.{1 if abs(one['total_return']) < 1 else 0}f} %" for one in [*many, held]]
    noted = zip(returns, [*chance["Total return"], ""], strict=True)
    assert read.row("compare", "Total return") == [f"{text.replace('-', '−')} {note}".strip() for text, note in noted]
    for cell, one in zip(read.row("compare", "Entries refused"), many, strict=False):
        assert sorted(map(int, re.findall(r" (\d+)(?:,|$)", cell))) == sorted(one["refused"].values())


def test_kinds_and_too_few(made: Made) -> None:
    rows = [[_plain(cell) for cell in row] for row in Reader(made.html).tables["kinds"][1:]]
    assert [row[:3] for row in rows] == [
        [one["kind"].replace("_", " "), one["variant"], f"{one['filled']} of {one['setups']}"]
        for one in made.summary["kinds"]
    ]
    for row, one in zip(rows, made.summary["kinds"], strict=True):
        assert row[3] == _told(one["win_rate"], ".0f", " %", 100)
        assert row[4] == _told(one["expectancy_r"], "+.2f", " R")
    few = sum(not one["expectancy_r"]["enough"] for one in made.summary["kinds"])
    assert 0 < few < len(rows), "the sample must show both, or nothing is tested"
    assert sum(row[4].startswith("too few") for row in rows) == few


def test_windows_say_what_was_chosen_and_how_it_fared(made: Made) -> None:
    rows = [[_plain(cell) for cell in row] for row in Reader(made.html).tables["window-table"][2:]]
    assert len(rows) == len(made.summary["windows"])
    for row, one in zip(rows, made.summary["windows"], strict=True):
        marked = " defaults" if one["chosen"] == "defaults" else ""
        assert row[0] == str(one["window"])
        assert row[2] == f"{one['test_start']:%Y-%m-%d} to {one['test_end']:%Y-%m-%d}"
        assert row[3:7] == [f"{value:g}" for value in one["parameters"].values()]
        assert row[7] == f"{one['feasible']} of {one['trials']}{marked}"
        sides = [one[side][name] for name in ("aggressive", "conservative") for side in ("in_sample", "out_of_sample")]
        assert row[8:] == [f"{side['score']:+.2f} R n = {side['trades']}".replace("-", "−") for side in sides]
    assert any(one["chosen"] == "defaults" for one in made.summary["windows"])


def test_the_pair_is_told_with_its_bias(made: Made) -> None:
    text = _plain(" ".join(Reader(made.html).text))
    titles = {"all": "All setups; not entered counts as 0 R", "filled_by_both": "Only setups entered both ways"}
    for key, title in titles.items():
        one, after = made.summary["paired"][key], text.partition(title)[2]
        r = one["difference_r"]
        told = f"{r['value']:+.2f} R a setup, {r['low']:+.2f} to {r['high']:+.2f} R, {one['setups']} setups"
        assert after.strip().startswith(told.replace("-", "−"))
        assert f"both won {one['wins']['both']} " in after
        assert f"only aggressive won {one['wins']['aggressive_only']} " in after
    assert text.count("leans towards entering at once") == 1


def test_the_answer_comes_first_and_what_is_not_said_is_said(made: Made) -> None:
    text = _plain(" ".join(Reader(made.html.partition("<body>")[2]).text))
    assert text.startswith(f"{made.summary['question']} {made.summary['verdict']['short']}")
    trials = made.manifest["trials"]
    assert f"{trials} parameter sets tried over {len(made.summary['windows'])} training windows" in text
    told = made.summary["verdict"]
    assert all(
        _plain(told[name]).replace("-", "−") in text.replace("-", "−") for name in ("search", "chance", "trials")
    )
    assert f"{sum(made.summary['vetoes'].values())} setups vetoed" in text
    assert made.manifest["identity"] in text and "exits.inside_bar pessimistic" in text


def test_nothing_is_fetched_and_every_id_is_the_pages_own(made: Made) -> None:
    read = Reader(made.html)
    assert "http" not in _unpacked(made.html) and "@import" not in made.html
    assert not {tag for tag, _, _ in read.attributes} & {"link", "iframe", "img", "object", "base"}
    assert {value for tag, name, value in read.attributes if tag == "script" and name == "type"} == {
        "application/json",
        "text/plain",
    }
    ids = [value for _, name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = [value for _, name, value in read.attributes if name in ("src", "href", "xlink:href", "action")]
    assert targets and all(target[0] == "#" and target[1:] in ids for target in targets)
    assert set(re.findall(r"url\(#([^)]+)\)", made.html)) <= set(ids)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", made.html))
    drawings = [(tag, name) for tag, name, _ in read.attributes if tag == "svg"]
    assert drawings.count(("svg", "aria-label")) >= 8 + 12
    assert len(made.html.encode()) < 4_000_000


def test_trades_that_a_bar_could_not_order_bear_both_bounds(made: Made) -> None:
    doubt = {"trades": 3, "share": 0.03, "win_rate": [0.41, 0.44], "expectancy_r": [-0.12, 0.05]}
    variants = {name: one | {"ambiguity": doubt} for name, one in made.summary["variants"].items()}
    told = "3.0 % 3 trades either way: −0.12 to +0.05 R, won 41 to 44 %"
    assert Reader(made.render(variants=variants)).row("compare", "Stop and target in one bar") == [told, told, ""]


def test_the_same_run_is_the_same_page(made: Made) -> None:
    assert made.render(12) == made.html


def test_strings_of_files_are_escaped(made: Made) -> None:
    hostile = "<script>alert('$x_1$')</script>"
    old = made.tested.markets[0]
    other = Bars.from_frame(old.frame(), hostile, old.timeframe)
    setups = made.tested.setups.replace({"symbol": {old.symbol: hostile}})
    strategy = dataclasses.replace(made.tested.trading.strategy, draw=lambda bars, p: (hostile, bars.close, (1.0,)))
    trading = dataclasses.replace(made.tested.trading, strategy=strategy)
    html = made.render(
        8,
        tested={
            "markets": [other, *made.tested.markets[1:]],
            "setups": setups,
            "trades": made.tested.trades.replace({"symbol": {old.symbol: hostile}}),
            "trading": trading,
        },
        question=hostile,
        symbols=[hostile],
        verdict={"short": hostile, "answer": hostile, "warning": hostile},
        vetoes={hostile: 3},
    )
    assert "<script>alert" not in html and html.count("<script") == made.html.count("<script")
    read = Reader(html)
    text = "".join(read.text)
    assert text.count(hostile) >= 8, "title, question, verdict, markets, vetoes, gallery"
    assert f"bearish, {hostile}" in text or f"bullish, {hostile}" in text


def test_one_variant_alone(small: Any) -> None:
    one = small("left_extreme = 'not_required'\nswing_width = 3")
    text = _plain(" ".join(Reader(one.html).text))
    assert one.summary["variants"]["aggressive"]["trades"] > 0
    assert "onservative against" not in text and "McNemar" not in text
    read = Reader(one.html)
    assert read.row("compare", "Closed trades") == [str(one.summary["variants"]["aggressive"]["trades"]), ""]
    assert [_plain(row[3]) for row in read.tables["window-table"][2:]] == ["0 of 1 fixed"] * len(one.summary["windows"])


def test_no_trade_at_all(small: Any) -> None:
    one = small("min_left_width = 10\nkinds = 'regular'\nswing_width = 8\noversold = 20.0\noverbought = 80.0")
    assert one.summary["variants"]["aggressive"]["trades"] == 0
    read = Reader(one.html)
    assert read.row("compare", "Expectancy") == ["– none", ""]
    assert read.row("compare", "Sharpe ratio")[0] == "– not defined"
    assert "vetoed" in " ".join(read.text)


def _setups(n: int, kinds: int, vetoed: int) -> pd.DataFrame:
    random = np.random.default_rng(3)
    day = pd.date_range("2020-01-01", periods=n, freq="D", tz="UTC")
    fates = random.choice(["entered", "lapsed"], n)
    table = {"setup": [f"{i:04}" for i in range(n)], "symbol": "X", "kind": [f"kind {i % kinds}" for i in range(n)]}
    veto = np.where(np.arange(n) < n - vetoed, "", "why")
    table |= {"known_at": day, "veto": veto, "complete": True, "a_fate": fates, "a_r": random.normal(size=n)}
    return pd.DataFrame(table)


def test_the_choice_is_even_and_blind_to_the_outcome() -> None:
    setups = _setups(100, 4, 20)
    chosen = gallery.choose(setups, ["a"], 13)
    assert len(chosen) == 13
    assert (chosen["veto"] != "").sum() == 1 and chosen["veto"].iloc[-1] == "why"
    traded = chosen[chosen["veto"] == ""]
    assert traded["kind"].value_counts().tolist() == [3, 3, 3, 3]
    # Each kind has 20 traded setups, every fourth day: the middles of its three thirds are its 3rd, 10th and 16th.
    assert traded["setup"].tolist()[:3] == [f"{4 * i:04}" for i in (3, 10, 16)]
    shuffled = setups.sample(frac=1, random_state=5)
    other = shuffled.assign(a_r=shuffled["a_r"].to_numpy()[::-1], a_fate="entered")
    assert gallery.choose(other, ["a"], 13)["setup"].tolist() == chosen["setup"].tolist()


def test_the_choice_when_there_is_little() -> None:
    assert len(gallery.choose(_setups(5, 2, 0), ["a"], 12)) == 5
    assert gallery.choose(_setups(6, 2, 6), ["a"], 4)["veto"].tolist() == ["why"] * 4
    assert len(gallery.choose(_setups(10, 2, 4), ["a"], 1)) == 1
    assert not len(gallery.choose(_setups(5, 2, 0).iloc[:0], ["a"], 3))
    filled = _setups(40, 1, 0).assign(a_fate="entered")
    filled.loc[7, "a_fate"] = "lapsed"
    assert "0007" in gallery.choose(filled, ["a"], 3)["setup"].tolist(), "no veto: one that was not entered is shown"


def test_a_picture_marks_where_things_happened(made: Made) -> None:
    rows = made.tested.setups.query("veto == '' and aggressive_fate == 'entered' and direction == 'long'")
    setup = rows.iloc[0].to_dict()
    bars = next(one for one in made.tested.markets if one.symbol == setup["symbol"])
    rsi = np.arange(len(bars), dtype=float)
    at = {name: int(bars.index.get_loc(setup[name])) for name in ("left_price", "right_osc", "aggressive_entry_time")}
    first = at["left_price"] - 5
    scene = picture.Scene(setup, bars, ("RSI", rsi, (30.0,)), first, first + 90, made.tested.drawn)
    figure = figures.sheet(390, 300)
    above, below = figures.panel(figure, 0, 0, 300, 200), figures.panel(figure, 0, 200, 300, 90)
    picture.divergence([above, below], scene)
    assert above.lines[0].get_xydata()[0].tolist() == [5, bars.low[at["left_price"]]]
    assert below.lines[0].get_xydata()[1].tolist() == [at["right_osc"] - first, at["right_osc"]]
    picture.trade(above, scene, "aggressive")
    stop, target, entry, end = (line.get_xydata() for line in above.lines[1:])
    assert stop[:, 1].tolist() == [setup["aggressive_stop"]] * 2
    assert target[:, 1].tolist() == [setup["aggressive_target"]] * 2
    assert entry[0].tolist() == [at["aggressive_entry_time"] - first, setup["aggressive_entry_price"]]
    assert end[0, 1] == setup["aggressive_exit_price"]


def test_candles() -> None:
    index = pd.date_range("2020-01-01", periods=2, freq="D", tz="UTC")
    rows = {"open": [10.0, 12.0], "high": [13.0, 12.5], "low": [9.0, 10.5], "close": [12.0, 11.0], "volume": 1.0}
    axes = figures.panel(figures.sheet(300, 200), 0, 0, 300, 200)
    figures.candles(axes, Bars.from_frame(pd.DataFrame(rows, index=index), "X", "1d"))
    wicks, bodies = axes.collections
    assert [path.vertices[:, 1].tolist() for path in wicks.get_paths()] == [[9, 13], [10.5, 12.5]]
    heights = [path.vertices[:, 1] for path in bodies.get_paths()]
    assert [(y.min(), y.max()) for y in heights] == [(10, 12), (11, 12)]
    faces = [to_hex(colour) for colour in bodies.get_facecolors()]
    assert faces == [figures.COLOURS["card"], figures.COLOURS["candle"]], "hollow up, filled down"


def test_equity_is_drawn_as_it_was(made: Made) -> None:
    grown = made.tested.equity.set_index("time") / made.tested.trading.cash
    figure = figures.equity(grown.reset_index(), ["aggressive", "conservative"], page.HELD, [], {}, 900)
    whole, alone, fallen = figure.axes
    for i, name in enumerate(["aggressive", "conservative"]):
        one = made.summary["variants"][name]
        for line in (whole.lines[i + 1], alone.lines[i]):
            assert line.get_ydata()[-1] == pytest.approx(1 + one["total_return"])
            assert to_hex(line.get_color()) == figures.COLOURS[name]
        assert fallen.lines[i + 1].get_ydata().min() == pytest.approx(-one["max_drawdown"])
    assert whole.lines[0].get_ydata()[-1] == pytest.approx(1 + made.summary["buy_and_hold"]["total_return"])


def test_whiskers_reach_as_far_as_the_interval() -> None:
    sure = {"value": 0.2, "low": -0.1, "high": 0.5, "n": 40, "enough": True}
    rows = [("aggressive", sure), ("conservative", sure | {"n": 5, "enough": False}), ("aggressive", sure | {"n": 0})]
    axes = figures.expectancy([("one", rows)], 400).axes[0]
    _, whisker, dot, _, pale = axes.lines
    assert whisker.get_xdata().tolist() == [-0.1, 0.5] and list(dot.get_xdata()) == [0.2]
    assert to_hex(dot.get_markerfacecolor()) == figures.COLOURS["aggressive"]
    assert to_hex(pale.get_markerfacecolor()) == figures.COLOURS["card"], "hollow where too few"
    told = [text.get_text() for text in axes.texts]
    assert "n = 40" in told and "n = 5, too few" in told and "no trade" in told


def test_the_timeline_leaves_the_embargo_open() -> None:
    days = [pd.Timestamp(day, tz="UTC") for day in ("2020-01-01", "2020-11-20", "2021-01-01", "2022-01-01")]
    row = dict(zip(("train", "embargo", "test", "end"), days, strict=True)) | {"number": 0, "marked": "defaults"}
    axes = windows.timeline([row], None, 500).axes[0]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    stamps = [[f"{matplotlib.dates.num2date(x):%Y-%m-%d}" for x in one] for one in ends]
    assert stamps == [["2020-01-01", "2020-11-20"], ["2021-01-01", "2022-01-01"]]


def test_slopes_keep_windows_without_a_score_out_of_the_median() -> None:
    rows = [(0.1, 0.5, 4, False), (0.3, 0.1, 9, False), (0.2, float("nan"), 0, True)]
    axes = windows.slopes({"aggressive": rows}, True, 400).axes[0]
    assert axes.lines[-1].get_ydata().tolist() == pytest.approx([0.2, 0.3])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (words.number(-0.004), "0.00"),
        (words.number(-0.004, signed=True), "−0.00"),
        (words.risks(0.0), "0.00 R"),
        (words.number(-1234.567, 1), "−1,234.6"),
        (words.number(float("nan")), "–"),
        (words.number(float("inf")), "∞"),
        (words.risks(0.5), "+0.50 R"),
        (words.percent(0.4449), "44 %"),
        (words.gain(10.72), "+1,072 %"),
        (words.gain(-0.0074), "−0.7 %"),
        (words.price(43210.5), "43,210"),
        (words.price(31.206), "31.21"),
        (words.price(0.000123456), "0.00012346"),
        (words.chance(2.4e-7), "p < 0.0001"),
        (words.chance(0.00196), "p = 0.0020"),
        (words.chance(0.042), "p = 0.04"),
        (words.span(0.35, 0.54, words.percent), "35 to 54 %"),
        (words.span(None, 0.54, words.percent), ""),
        (words.minus("2004-03-01: -0.04 (-0.3 to +0.2), p 2e-07"), "2004-03-01: −0.04 (−0.3 to +0.2), p 2e-07"),
        (words.listed({"time": 2, "stop": 2, "signal": 9}, words.EXITS), "exit signal 9, stop 2, time stop 2"),
        (words.joined(["a", "b", "c"]), "a, b and c"),
        (words.setting([7, 0.5, True, None]), "7, 0.5, yes, not set"),
    ],
)
def test_words(text: str, right: str) -> None:
    assert text.replace(words.THIN, " ") == right


def test_an_estimate_bears_its_interval_and_n() -> None:
    figure = {"value": 0.44, "low": 0.35, "high": 0.54, "n": 1100, "enough": True}

    def told(**changes: Any) -> list[Any]:
        cell = words.estimate(figure | changes, words.percent)
        return [_plain(cell.text), _plain(cell.small), _plain(cell.note), cell.few]

    assert told() == ["44 %", "35 to 54 %", "n = 1,100", False]
    assert told(n=12, enough=False) == ["too few (12)", "44 %", "35 to 54 %", True]
    assert told(n=0, value=None, low=None, high=None, enough=False) == ["–", "", "none", False]
    assert told(value=float("nan")) == ["–", "", "not defined", False]


def test_no_pyplot() -> None:
    code = "import framework.report.page, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
