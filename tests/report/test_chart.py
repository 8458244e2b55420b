"""What the page's chart and table are made of is the run's own data, bit for bit, and harmless whatever it says."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment.run import run
from framework.report import chart, packed, page

ROOT = Path(__file__).parents[2]
FORBIDDEN = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\(|XMLHttp|import\(|https?:"
EXPERIMENT = """
[data]
symbols = ["IBM", "MSFT"]
from = 2000-03-01
to = 2005-12-31
[strategy]
name = "rsi_divergence"
kinds = "both"
left_extreme = "not_required"
rsi_period = [7, 14]
[search]
trials = 2
min_trades = 1
[chance]
draws = 9
[windows]
train = "2y"
test = "1y"
"""


def read(text: str) -> dict[str, Any]:
    """A packed table, unpacked by the words of packed.py and nothing else."""
    data = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(data[:4], "little")
    head, at, made = json.loads(data[4 : 4 + length]), 4 + length, {}
    for column in head["columns"]:
        width = 8 if column["as"] in ("f8", "moment") else 4
        part = np.frombuffer(data[at : at + width * head["rows"]], np.uint8).reshape(width, -1)
        at += part.size
        values = [bytes(part[:, row]) for row in range(head["rows"])]
        if column["as"] in ("f4", "f8", "moment"):
            form = "<f4" if width == 4 else "<f8"
            made[column["name"]] = np.array([np.frombuffer(one, form)[0] for one in values])
            continue
        total, sums = 0, []
        for one in values:
            total = (total + int.from_bytes(one, "little") + 2**31) % 2**32 - 2**31
            sums.append(total)
        made[column["name"]] = _meant(column, sums)
    assert at == len(data)
    return made


def _meant(column: dict[str, Any], sums: list[int]) -> Any:
    if column["as"] == "word":
        return [column["words"][one] for one in sums]
    if column["as"] == "time":
        return [column["base"] + column["unit"] * one for one in sums]
    return np.array([np.nan if one == -(2**31) else one / 10 ** column["digits"] for one in sums])


@dataclasses.dataclass
class Made:
    """What a real run handed to the report, and its folder."""

    summary: dict[str, Any]
    manifest: dict[str, Any]
    tested: Any
    bands: pd.DataFrame
    folder: Path

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    def table(self, name: str) -> dict[str, Any]:
        found = re.search(rf'id="packed-{name}">([^<]*)<', self.html)
        assert found
        return read(found[1])


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("chart")
    shutil.copytree(ROOT / "strategies", place / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "small.toml").write_text(EXPERIMENT)
    seen: list[Any] = []
    real = page.render

    def spy(*given: Any) -> str:
        seen.extend(given)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "render", spy)
        folder = run(place / "small.toml", out=place / "run")
    return Made(seen[0], seen[1], seen[2], seen[4], folder)


def _same(left: Any, right: Any) -> bool:
    return bool(np.array_equal(np.asarray(left, float), np.asarray(right, float), equal_nan=True))


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([1.25, 2.5, np.nan, 1e6, 0.01], "int"),
        ([21474836.47, -21474836.47], "int"),
        ([0.1 + 0.2, 1.0], "f8"),
        ([3e9, 1.0], "f8"),
        ([np.inf, 1.0, -np.inf], "f8"),
        ([-0.0, 1.0], "f8"),
        ([np.nan, np.nan], "int"),
        ([], "int"),
        ([1e-9, 2.0], "int"),
        ([1e-10, 2.0], "f8"),
    ],
)
def test_numbers_come_back_bit_for_bit(values: list[float], form: str) -> None:
    """Also zero's sign, and whatever the last decimal is; `form` is the smallest that holds them."""
    text = packed.table({"x": np.array(values, float)})
    data = gzip.decompress(base64.b64decode(text))
    head = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
    assert head["columns"][0]["as"] == form
    found = np.asarray(read(text)["x"], float)
    assert found.tobytes() == np.array(values, float).tobytes()


def test_many_random_numbers_whole_numbers_words_and_times_come_back() -> None:
    source = np.random.default_rng(3)
    times = np.cumsum(source.integers(1, 9, 500)) * 3_600_000_000 - 10**15
    columns: dict[str, Any] = {
        "price": source.integers(1, 10**9, 500) / 1e4,
        "float": source.normal(size=500),
        "short": source.normal(size=500).astype(np.float32),
        "whole": source.integers(-(2**31) + 1, 2**31, 500),
        "far": source.integers(-(2**52), 2**52, 500),
        "flag": source.random(500) > 0.5,
        "word": source.choice(np.array(["", "</script>", "ä\u2028", 'a"b'], dtype=object), 500),
        "time": times.astype("datetime64[us]"),
        "odd": (times + 1 - np.arange(500)).astype("datetime64[us]"),
    }
    found = read(packed.table(columns))
    for name in ("price", "float", "short", "whole", "far", "flag"):
        assert _same(found[name], columns[name]), name
    assert found["word"] == columns["word"].tolist()
    assert found["time"] == times.tolist() and _same(found["odd"], times + 1 - np.arange(500))


def test_the_pages_bars_are_the_markets(made: Made) -> None:
    for place, bars in enumerate(made.tested.markets):
        table = made.table(f"market-{place}")
        assert table["time"] == bars.time.astype(np.int64).tolist()
        for name in ("open", "high", "low", "close", "volume"):
            assert table[name].tobytes() == getattr(bars, name).tobytes(), name


def test_the_panel_is_each_windows_own_from_its_test_on(made: Made) -> None:
    bars, strategy = made.tested.markets[0], made.tested.trading.strategy
    borders = [0, *(np.searchsorted(bars.index, window.test_start) for window, _ in made.tested.chosen[1:]), len(bars)]
    parts = [strategy.panel(bars, strategy.build(dict(chosen)))[1] for _, chosen in made.tested.chosen]
    wanted = np.concatenate([part[a:b] for part, a, b in zip(parts, borders[:-1], borders[1:], strict=True)])
    assert np.array_equal(made.table("market-0")["panel"], wanted.astype(np.float32), equal_nan=True)


def test_every_trade_of_the_file_is_on_the_page_with_its_figures(made: Made) -> None:
    wanted, found = pd.read_parquet(made.folder / "trades.parquet"), made.table("trades")
    assert len(wanted) > 40 and len(found["r"]) == len(wanted)
    indices = [bars.index for bars in made.tested.markets]
    market = found["market"].astype(int)
    assert [made.tested.markets[i].symbol for i in market] == wanted["symbol"].tolist()
    for name in ("variant", "direction", "exit_reason"):
        assert found[name] == wanted[name].tolist()
    for name in ("entry_price", "stop", "target", "exit_price", "size", "fees", "pnl", "r", "mae", "mfe", "bars"):
        assert _same(found[name], wanted[name]), name
    assert _same(found["window"], wanted["window"]) and _same(found["ambiguous"], wanted["ambiguous"])
    for name in ("signal", "entry", "exit"):
        stamps = [indices[i][int(row)] for i, row in zip(market, found[name], strict=True)]
        assert stamps == wanted[f"{name}_time"].tolist(), name


def test_a_trades_setup_and_its_lines_are_those_of_the_files(made: Made) -> None:
    files = {name: pd.read_parquet(made.folder / f"{name}.parquet") for name in ("trades", "setups", "drawn")}
    trades, setups, lines = (made.table(name) for name in ("trades", "setups", "lines"))
    by = files["setups"].set_index("setup")
    for row, (kind, name) in enumerate(zip(trades["kind"], files["trades"]["setup"], strict=True)):
        place = int(trades["setup"][row])
        assert (place < 0) == (name not in by.index)
        if place >= 0:
            assert files["setups"]["setup"].iloc[place] == name and kind == by.loc[name, "kind"]
    for name in [one for one in files["setups"] if one.startswith("f_")]:
        assert _same(setups[name], files["setups"][name]), name
    for name in made.summary["variants"]:
        assert setups[f"{name}_fate"] == files["setups"][f"{name}_fate"].tolist()
        assert _same(setups[f"{name}_r"], files["setups"][f"{name}_r"])
    assert _same(lines["from_price"], files["drawn"]["from_price"])


def test_the_panels_ends_of_a_divergence_are_what_its_rule_read(made: Made) -> None:
    setups = made.table("setups")
    for side in ("left", "right"):
        assert np.allclose(setups[f"below_{side}"], setups[f"f_{side}_osc"], rtol=1e-6, atol=0)


def test_the_same_run_is_the_same_bytes_and_small(made: Made) -> None:
    again = page.render(made.summary, made.manifest, made.tested, 12, made.bands)
    assert again == made.html
    assert len(again.encode()) < 4_000_000


def test_hostile_words_do_not_leave_the_scripts(made: Made) -> None:
    hostile = "</script><script>alert(1)</script>"
    bars = dataclasses.replace(made.tested.markets[0], symbol=hostile)
    renamed = {"symbol": lambda table: table["symbol"].replace({bars.symbol: hostile, "IBM": hostile})}
    setups = made.tested.setups.assign(**renamed, kind=hostile, veto=hostile)
    tested = dataclasses.replace(
        made.tested,
        markets=[bars, *made.tested.markets[1:]],
        trades=made.tested.trades.assign(**renamed, exit_reason=hostile),
        setups=setups.rename(columns={"f_succession": f"f_{hostile}"}),
    )
    shown = chart.shown(made.summary, tested)
    assert "<" not in shown["head"] and hostile in json.loads(shown["head"])["markets"][0]["symbol"]
    assert all(re.fullmatch(r"[A-Za-z0-9+/=]+", text) for text in shown["tables"].values())
    laid_out = page.template("chart.html.j2").render(chart=shown, variants=["aggressive"], named=str)
    assert "<script>alert" not in laid_out


def test_a_run_without_setups_and_trades_is_laid_out(made: Made) -> None:
    empty = {name: getattr(made.tested, name).iloc[:0] for name in ("trades", "setups", "drawn")}
    shown = chart.shown(made.summary, dataclasses.replace(made.tested, **empty))
    assert len(read(shown["tables"]["trades"])["r"]) == 0
    assert shown["trades"] == "0 trades"


def test_no_script_of_ours_makes_html_of_data_or_asks_for_anything() -> None:
    for file in (ROOT / "framework/report/scripts").glob("*.js"):
        assert file.stem in chart.SCRIPTS, file.name
        assert re.findall(FORBIDDEN, file.read_text()) == [], file.name
