"""Several timeframes of one market: a run for each that is the same as it would be alone, and the page beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment import config
from framework.experiment.markets import load_markets
from framework.experiment.run import run
from framework.sources import load
from framework.structure.timeframes import coarse
from tests.real import needed

from . import chartproof, refused, toml, workspace

HOURLY = ("data.files = ['data/BTC-1h.parquet']", "data.to = 2017-12-31", "strategy.length = 14", "search.trials = 0",
          "windows.train = '4m'", "windows.test = '6m'")  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = workspace(tmp_path_factory.mktemp("beside"))
    (folder / "data" / "BTC-1h.parquet").write_bytes(needed("BTCUSD-1h.parquet").read_bytes())
    return folder


def put(home: Path, *changes: str) -> Path:
    path = home / "experiments" / "one.toml"
    path.write_text(toml(*HOURLY, *changes))
    return path


def test_a_run_for_each_timeframe_and_a_page(home: Path) -> None:
    path = put(home, "data.timeframes = ['4h', '1d']")
    said = chartproof("run", path, "--out", home / "out")
    assert said.status == 0, said
    assert "4h:\n" in said.out and "1d:\n" in said.out and "side by side: " in said.out
    assert {path.name for path in (home / "out").iterdir()} == {"beside.html", "4h", "1d"}
    page = (home / "out" / "beside.html").read_text(encoding="utf-8")
    for timeframe in ("4h", "1d"):
        summary = json.loads((home / "out" / timeframe / "summary.json").read_text(encoding="utf-8"))
        assert summary["timeframe"] == timeframe and f'href="{timeframe}/report.html"' in page
        assert f"{summary['variants']['aggressive']['trades']:,}" in page
    alone = put(home, "data.timeframes = ['1d']")
    assert chartproof("run", alone, "--out", home / "alone").status == 0
    for table in ("trades", "setups", "equity"):
        one, other = (pd.read_parquet(home / where / f"{table}.parquet") for where in ("alone", "out/1d"))
        pd.testing.assert_frame_equal(one, other)


def test_bars_of_another_timeframe_keep_theirs_as_finer_ones(home: Path) -> None:
    experiment = config.load(put(home, "data.timeframes = ['1d']", "data.boundary = 8"))
    (made,) = load_markets(experiment)
    hourly = load(needed("BTCUSD-1h.parquet"))
    whole = coarse(hourly[: int((hourly.time < made.end + made.step).sum())], "1d", 8.0).bars
    assert (made.time == whole.time[: len(made)]).all() and (made.close == whole.close[: len(made)]).all()
    assert made.finer is not None and made.finer.timeframe == "1h"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("data.timeframes = ['90m']",), "data.timeframes: timeframe '90m' is not made of 1h bars"),
        (("data.timeframes = ['4h', '1y']",), "data.timeframes: timeframe '1y' is not a number followed by"),
        (("data.boundary = 25",), "data.boundary"),
        (("higher.timeframe = '30m'",), "higher.timeframe: timeframe '30m' is not made of 1h bars"),
        (
            ("higher.timeframe = '1d'", "higher.state = 'alignmnt'"),
            "higher.state: 'alignmnt' is none; did you mean 'alignment'?",
        ),
        (("higher.timeframe = '1d'", "higher.demand = 'no'"), "higher.demand: 'no' is none"),
        (("context.require = ['near_levle']",), "context.require: 'near_levle' is none; did you mean 'near_level'?"),
    ],
)
def test_what_may_not_be(home: Path, changes: tuple[str, ...], said: str) -> None:
    assert said in refused(home, "run", put(home, *changes))


def test_a_higher_timeframe_for_a_rule_that_knows_nothing_of_it(home: Path) -> None:
    path = put(home, "higher.timeframe = '1d'", "higher.state = 'average_20'", "context.features = ['near_level']")
    assert chartproof("run", path, "--out", home / "higher").status == 0
    setups = pd.read_parquet(home / "higher" / "setups.parquet")
    assert {"f_higher", "f_near_level"} <= set(setups)
    against = setups["f_higher"] < 0
    assert against.any() and (setups.loc[against, "veto"] == "against the higher timeframe").all()
    manifest = json.loads((home / "higher" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["configuration"]["context"]["higher"]["state"] == "average_20"


def test_an_interrupt_before_a_later_timeframe_is_resumed(home: Path) -> None:
    path = put(home, "data.timeframes = ['4h', '1d']")
    assert chartproof("run", path, "--out", home / "resumed").status == 0
    shutil.rmtree(home / "resumed" / "1d")
    assert chartproof("run", path, "--out", home / "resumed", "--resume").status == 0
    assert (home / "resumed" / "1d" / "report.html").is_file()


def test_several_are_not_run_as_one(home: Path) -> None:
    """From Python there is one folder to return: the file's own bars must not be taken for what was asked."""
    with pytest.raises(UserError, match="names 2, and a run has one"):
        run(put(home, "data.timeframes = ['4h', '1d']"), home / "one")
    assert not (home / "one").exists()


def test_a_run_for_each_value_of_a_parameter(tmp_path: Path) -> None:
    home = workspace(tmp_path)
    path = home / "experiments" / "one.toml"
    path.write_text(toml("search.trials = 0", "beside.length = [7, 21]"))
    said = chartproof("run", path, "--out", home / "out")
    assert said.status == 0, said
    assert {path.name for path in (home / "out").iterdir()} == {"beside.html", "7", "21"}
    page = (home / "out" / "beside.html").read_text(encoding="utf-8")
    assert "with length 7, 21" in page and "same markets" in page
    known = [set(pd.read_parquet(home / "out" / word / "setups.parquet")["setup_extreme"]) for word in ("7", "21")]
    most, common = len(known[0] | known[1]), len(known[0] & known[1])
    assert common < most and f"Of {most:,} setups {common:,} are in all of them." in page
    path.write_text(toml("search.trials = 0", "strategy.length = 21"))
    assert chartproof("run", path, "--out", home / "alone").status == 0
    for table in ("trades", "setups", "equity"):
        one, other = (pd.read_parquet(home / where / f"{table}.parquet") for where in ("alone", "out/21"))
        pd.testing.assert_frame_equal(one, other)
    path.write_text(toml("search.trials = 0", "beside.width = [3, 4]"))  # the rule does not look at it
    assert chartproof("run", path, "--out", home / "same").status == 0
    kept = len(pd.read_parquet(home / "same" / "3" / "setups.parquet"))
    assert f"All have the same {kept:,} setups" in (home / "same" / "beside.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="names 2, and a run has one"):
        run(path, home / "one")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("beside.lenght = [7, 14]",), "beside.lenght: is no parameter of rule; did you mean 'length'?"),
        (("beside.length = [7]",), "beside.length: is [7]; two or more values, each once"),
        (("beside.length = [7, 7]",), "beside.length: is [7, 7]; two or more"),
        (("beside.length = [7, 8]",), "beside.length: length = 8 is outside its range; allowed: 7, 14, 21"),
        (("beside.length = [7, 14]", "strategy.length = 7"), "beside.length: stands in [strategy] too, as 7"),
        (("beside.length = [7, 14]", "beside.side = ['long', 'short']"), "beside.length: stands with beside.side;"),
        (
            ("beside.length = [7, 14]", "data.timeframes = ['1d', '1w']"),
            "beside.length: stands with several timeframes",
        ),
        (("beside.length = 7",), "beside.length: is 7"),
    ],
)
def test_what_may_not_be_beside(tmp_path: Path, changes: tuple[str, ...], said: str) -> None:
    home = workspace(tmp_path)
    path = home / "experiments" / "one.toml"
    path.write_text(toml(*changes))
    assert said in refused(home, "run", path)
