"""The ledger counts every set and entry that was ever tried on a market and its days, and each of them once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.context import FEATURES
from framework.errors import UserError
from framework.experiment import config
from framework.experiment.ledger import Ever, Ledger, hashes

from . import refused
from .believed import files, home, ran, summary, written

GRID = ("strategy.length = [7, 14]", "strategy.level = 30.0", "search.sampler = 'grid'", "-search.trials",
        "chance.draws = 0")  # fmt: skip
SETS = [{"length": 7, "level": 30.0}, {"length": 14, "level": 30.0}]


def bars(symbol: str, first: str, count: int, seed: int = 0) -> Bars:
    close = 100 + np.random.default_rng(seed).random(count)
    index = pd.date_range(first, periods=count, tz="UTC", name="time")
    table = pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 1.0}, index=index)
    return Bars.from_frame(table, symbol, "1d")


A = bars("A", "2020-01-01", 100)  # to 2020-04-09


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("ledger"))


def hashed(place: Path, *changes: str) -> list[str]:
    return hashes(config.load(written(place, *changes)), SETS)


def test_a_trial_is_a_set_and_an_entry(place: Path) -> None:
    both, one = hashed(place), hashed(place, "variants = ['conservative']")
    assert len(set(both)) == 4 and len(set(one)) == 2 and set(one) < set(both)
    experiment = config.load(written(place))
    assert hashes(experiment, SETS[:1]) == both[:2] and hashes(experiment, [*SETS, *SETS]) == both * 2


@pytest.mark.parametrize(
    "change",
    [
        "costs.fee = 0.01", "costs.borrow = 0.1", "seed = 8", "windows.train = '6m'", "windows.embargo = 3",
        "sizing.risk = 0.01", "sizing.cash = 5.0", "search.trials = 9", "search.objective = 'total_r'",
        "search.sampler = 'random'", "chance.draws = 1", "question = 'why?'", "name = 'another'", "gallery = 3",
        "data.to = 2021-12-31", "holdout.last = '1y'", "combinatorial.groups = 4", "strategy.length = 7",
    ],
)  # fmt: skip
def test_what_is_no_other_trial(place: Path, change: str) -> None:
    assert hashed(place, change) == hashed(place)


@pytest.mark.parametrize(
    "change",
    [
        "exits.time_stop = 9", "exits.stop = 'atr'", "exits.opposite_setup = true", "exits.target_r = 3.0",
        "conservative.wait = 9", "conservative.stop = 'setup_low'", f"context.features = ['{next(iter(FEATURES))}']",
        "higher.timeframe = '1w'", "data.timeframes = ['1w']", "strategy.name = 'other'", "source",
    ],
)  # fmt: skip
def test_what_makes_other_trials_of_them(place: Path, change: str) -> None:
    before, rule = hashed(place), place / "strategies" / "rule.py"
    text = rule.read_text()
    (place / "strategies" / "other.py").write_text(text)
    try:
        if change == "source":
            rule.write_text(text.replace("0.97 *", "0.98 *"))
        assert not set(before) & set(hashed(place, *([change] if change != "source" else [])))
    finally:
        rule.write_text(text)


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        (A, True),
        (bars("A", "2020-04-09", 50, 1), True),  # one day of both
        (bars("A", "2020-04-10", 50, 1), False),
        (bars("A", "2019-01-01", 365, 1), False),
        (bars("A", "2019-01-01", 366, 1), True),
        (bars("B", "2020-01-01", 100, 1), False),
        (bars("B", "2020-01-01", 100), True),  # the same bars by another name
    ],
)
def test_days_of_the_same_market(tmp_path: Path, other: Bars, counts: bool) -> None:
    ledger = Ledger(tmp_path)
    ledger.record("first", "one", [other], ["x", "y"])
    assert ledger.ever("second", [A], ["y", "z"]) == (Ever(3, 2) if counts else Ever(2, 1))
    assert ledger.seen("second", [A]) == (["one"] if counts else [])


def test_one_market_of_several_is_enough(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.record("first", "one", [bars("B", "2020-01-01", 9, 1), A], ["x"])
    assert ledger.ever("second", [bars("C", "2020-01-01", 9, 2), A], []) == Ever(1, 2)


def test_a_run_counts_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.ever("first", [A], ["x", "y", "x"]) == Ever(2, 1), "nobody has run here yet"
    for _ in range(2):
        ledger.record("first", "one", [A], ["x", "y", "x"])
        assert ledger.ever("first", [A], ["x", "y"]) == Ever(2, 1)
        assert ledger.seen("first", [A]) == []
    ledger.record("second", "two", [A], ["y"])
    assert ledger.ever("first", [A], ["x", "y"]) == Ever(2, 2)
    assert ledger.ever("third", [A], []) == Ever(2, 3)


DAMAGED: list[Any] = [
    "", "{", "[]", "3", '"x"', "null", {"run": None}, {"run": 3}, {"markets": []}, {"trials": {}}, {"trials": [["x"]]},
    {"trials": [3]}, {"markets": {"A": {}}}, {"markets": {"A": 3}}, {"markets": {"A": None}},
    {"markets": {"A": {"sha256": "x", "from": 3, "to": 4}}},
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED, ids=str)
def test_a_damaged_file_is_an_error_not_nothing(tmp_path: Path, content: Any) -> None:
    good = {"run": "one", "markets": {}, "trials": []}
    text = content if isinstance(content, str) else json.dumps(good | content)
    (tmp_path / "first.json").write_text(text)
    with pytest.raises(UserError, match=r"first\.json: is damaged; take it away"):
        Ledger(tmp_path).ever("second", [A], [])


def test_a_damaged_file_of_ones_own_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "first.json").write_text("{")
    ledger = Ledger(tmp_path)
    assert ledger.ever("first", [A], ["x"]) == Ever(1, 1)
    ledger.record("first", "one", [A], ["x"])
    assert ledger.ever("second", [A], []) == Ever(1, 2)


def test_runs_of_a_workspace(tmp_path: Path) -> None:
    place = home(tmp_path, 700)

    def over(*changes: str, name: str, **options: Any) -> Any:
        return summary(ran(place, *GRID, *changes, name=name, **options))["overfitting"]

    first = over(name="one")
    assert (first["trials"], first["runs"], first["compared"]) == (4, 1, 2)
    again = over(name="one", out=tmp_path / "again")
    assert again == over(name="one", resume=True) == first, "repeated, and resumed"
    dearer = over("costs.fee = 0.002", "seed = 8", name="two")
    assert (dearer["trials"], dearer["runs"]) == (4, 2)
    (tmp_path / "data" / "Z-1d.csv").write_bytes((tmp_path / "data" / "X-1d.csv").read_bytes())
    before = over("exits.time_stop = 9", "data.to = 2021-10-31", name="three")
    assert (before["trials"], before["runs"]) == (8, 3)
    more = over(name="one", out=tmp_path / "more")
    assert (more["trials"], more["runs"], more["compared"]) == (8, 3, 2)
    for name, one in first["variants"].items():
        then, now = one["found"], more["variants"][name]["found"]
        same = ("sharpe", "probabilistic", "gained_r", "parameters", "trades")
        assert [then[key] for key in same] == [now[key] for key in same]
        if name == "aggressive":  # the other has too few trades to say it of
            assert now["luck"] > then["luck"] > 0 and now["deflated"] < then["deflated"] < then["probabilistic"]
    ledger = tmp_path / "reports" / "ledger"
    kept = files(ledger)
    assert len(kept) == 3
    (ledger / "x.json").write_text("{")
    said = refused(place, "run", written(place, *GRID, name="one"), "--out", tmp_path / "no")
    assert said == f"{ledger / 'x.json'}: is damaged; take it away; its trials are then counted no more"
