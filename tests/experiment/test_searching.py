"""Every wrong value of what is searched, held out and compared with chance is one line that names the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.experiment import config
from framework.study import OBJECTIVES, Search

from . import chartproof, refused, toml, workspace
from .believed import written

SETS = 15  # lengths by levels of the rule
WRONG = [
    (("search.sampler = 'tpee'",), "search.sampler: 'tpee' is none; did you mean 'tpe'?"),
    (("search.sampler = 3",), "search.sampler: is 3; a word in quotes"),
    (("search.sampler = ''",), "search.sampler: '' is none; known: cmaes, grid, quasi_random, random, tpe"),
    (("search.sampler = 'grid'", "search.trials = 14"), "search.trials: is 14, and the grid has 15 points; 15, or"),
    (("search.sampler = 'cmaes'", "search.objective = ['expectancy_r', 'total_r']"),
     "search.sampler: 'cmaes' knows one objective; tpe, random, quasi_random or grid, or one objective"),
    (("search.folds = 3", "search.sampler = 'random'"), "search.folds: are 3, and trials are given up early only by"),
    (("search.folds = 3", "search.sampler = 'grid'", "-search.trials"), "search.folds: are 3, and trials are given up"),
    (("search.folds = 2", "search.objective = ['expectancy_r', 'total_r']"), "search.folds: are 2, and trials are"),
    (("search.folds = 0",), "search.folds: is 0; greater than or equal to 1"),
    (("search.folds = 21",), "search.folds: is 21; less than or equal to 20"),
    (("search.folds = '2'",), "search.folds: is '2'; a whole number"),
    (("search.storage = 'disk'",), "search.storage: 'disk' is none; journal, memory or a URL, as postgresql://"),
    (("search.storage = ''",), "search.storage: '' is none; journal, memory or a URL"),
    (("search.storage = true",), "search.storage: is true; a word in quotes"),
    (("search.take = 'sharpe'",), "search.take: 'sharpe' is none; "),
    (("search.take = 'total_r'",), "search.take: 'total_r' is none; "),
    (("search.objective = ['expectancy_r', 'total_r']", "search.take = 'win_rate'"), "search.take: 'win_rate' is none"),
    (("search.take = 1",), "search.take: is 1; a word in quotes"),
    (("search.objective = []",), "search.objective: is []; a word in quotes"),
    (("search.objective = 3",), "search.objective: is 3; a word in quotes"),
    (("search.objective = true",), "search.objective: is true; a word in quotes"),
    (("search.objective = [3]",), "search.objective: is [3]; a word in quotes"),
    (("search.objective = {a = 'total_r'}",), "search.objective: is "),
    (("search.objective = ''",), "search.objective: '' is none; known: "),
    (("search.objective = 'total'",), "search.objective: 'total' is none; did you mean 'total_r'?"),
    (("search.objective = ['total_r', 'sharpe']",), "search.objective: 'sharpe' is none; "),
    (("search.objective = ['total_r', 'total_r']",), "search.objective: names one twice; each objective once"),
    (("search.objective = [['total_r']]",), "search.objective: is [['total_r']]; a word in quotes"),
    (("search.batch = 0",), "search.batch: is 0; greater than or equal to 1"),
    (("search.batch = 1001",), "search.batch: is 1001; less than or equal to 1000"),
    (("search.batch = 2.0",), "search.batch: is 2.0; a whole number"),
    (("search.trials = 2.0",), "search.trials: is 2.0; a whole number"),
    (("search.workers = 2",), "search.workers: is an unknown key; "),
    (("windows.count = 2",), "windows.count: 2 tests and tests of '6m' are both asked for; either windows.test or"),
    (("windows.count = 0", "-windows.test"), "windows.count: is 0; 1 or more tests"),
    (("windows.count = -1", "-windows.test"), "windows.count: is -1; 1 or more tests"),
    (("windows.count = 10001", "-windows.test"), "windows.count: is 10001; less than or equal to 10000"),
    (("windows.count = 800", "-windows.test"), "windows.count: 800 tests are more than the 534 bars that follow the"),
    (("windows.count = 1.5", "-windows.test"), "windows.count: is 1.5; a whole number"),
    (("windows.train = '500 bars'",), "windows.test: '6m' beside a training of '500 bars'; both in bars or both in"),
    (("windows.test = '100 bars'",), "windows.test: '100 bars' beside a training of '1y'; both in bars or both in"),
    (("windows.train = '500 bars'", "-windows.test"), "windows.test: '1y' beside a training of '500 bars'; both in"),
    (("windows.train = '0 bars'",), "windows.train: '0 bars' is not a length; a number with y, m, w or d, as 4y, 6m,"),
    (("windows.train = '1 year'",), "windows.train: '1 year' is not a length; "),
    (("windows.train = '-1y'",), "windows.train: '-1y' is not a length; "),
    (("windows.train = '1.5y'",), "windows.train: '1.5y' is not a length; "),
    (("windows.train = ''",), "windows.train: '' is not a length; "),
    (("windows.test = 6",), "windows.test: is 6; a word in quotes"),
    (("windows.train = '900 bars'", "windows.test = '9 bars'"), "windows.train: '900 bars' leave none of the 900 bars"),
    (("windows.train = '20 bars'", "windows.test = '9 bars'"), "windows.embargo: 30 bars leave nothing of the"),
    (("windows.embargo = 366",), "windows.embargo: 366 bars leave nothing of the training before 2021-01-01; "),
    (("combinatorial.groups = 1",), "combinatorial.groups: is 1; 2 or more groups"),
    (("combinatorial.groups = 0",), "combinatorial.groups: is 0; 2 or more groups"),
    (("combinatorial.groups = 21",), "combinatorial.groups: is 21; less than or equal to 20"),
    (("combinatorial.groups = 20", "combinatorial.tested = 10"), "combinatorial.groups: 20 groups, 10 tested, are"),
    (("combinatorial.tested = 0",), "combinatorial.tested: 0 of 6 groups cannot be tested; 1 to 5"),
    (("combinatorial.tested = 6",), "combinatorial.tested: 6 of 6 groups cannot be tested; 1 to 5"),
    (("combinatorial.tested = -1",), "combinatorial.tested: -1 of 6 groups cannot be tested; 1 to 5"),
    (("combinatorial.groups = '6'",), "combinatorial.groups: is '6'; a whole number"),
    (("combinatorial.purge = 1",), "combinatorial.purge: is an unknown key; "),
    (("holdout.first = '1y'",), "holdout.first: is an unknown key; "),
    (("holdout.last = 1",), "holdout.last: is 1; a word in quotes"),
    (("holdout.last = 'a year'",), "holdout.last: 'a year' is not a length; a number with y, m, w or d, as 4y, 6m,"),
    (("holdout.last = ''",), "holdout.last: '' is not a length; "),
    (("holdout.last = '0 bars'",), "holdout.last: '0 bars' is not a length; "),
    (("holdout.last = '9999y'",), "holdout.last: '9999y' "),
    (("chance.draws = -1",), "chance.draws: is -1; greater than or equal to 0"),
    (("chance.draws = 100001",), "chance.draws: is 100001; less than or equal to 100000"),
    (("chance.draws = 2.5",), "chance.draws: is 2.5; a whole number"),
    (("chance.permutations = -1",), "chance.permutations: is -1; greater than or equal to 0"),
    (("chance.permutations = 10001",), "chance.permutations: is 10001; less than or equal to 10000"),
    (("chance.permutations = true",), "chance.permutations: is true; a whole number"),
    (("chance.seed = 1",), "chance.seed: is an unknown key; "),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("searching"))


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=lambda what: what if isinstance(what, str) else " ".join(what))
def test_wrong_values(place: Path, changes: tuple[str, ...], said: str) -> None:
    path = place / "experiments" / "x.toml"
    path.write_text(toml(*changes), encoding="utf-8")
    assert refused(place, "run", path).startswith(f"{path}: {said}")


@pytest.mark.parametrize("table", ["search", "windows", "combinatorial", "holdout", "chance"])
def test_a_table_must_be_one(place: Path, table: str) -> None:
    path = place / "experiments" / "x.toml"
    tables = toml().replace(f"[{table}]", "[data.none]") if table in ("search", "windows") else toml()
    path.write_text(f"{table} = 3\n{tables}", encoding="utf-8")
    assert refused(place, "run", path).startswith(f"{path}: ")


def test_a_holdout_without_its_length(place: Path) -> None:
    path = place / "experiments" / "x.toml"
    path.write_text(toml() + "[holdout]\n", encoding="utf-8")
    assert refused(place, "run", path).startswith(f"{path}: holdout.last: ")


def test_a_storage_that_cannot_be_opened_is_one_line(place: Path) -> None:
    path = place / "experiments" / "x.toml"
    for url in ("nothing://x", "sqlite:////no/such/folder/x.db"):
        path.write_text(toml(f"search.storage = '{url}'", "strategy.level = 30.0"), encoding="utf-8")
        said = chartproof("run", path, "--out", place / "out" / url.partition(":")[0])
        assert said.status == 2 and said.err.count("\n") == 1, said.err
        assert said.err.startswith(f"error: {path}: search.storage: cannot be opened: ")


def searched(place: Path, *changes: str, trials: int | None = None) -> Search:
    path = place / "experiments" / "x.toml"
    path.write_text(toml(*changes), encoding="utf-8")
    return config.load(path, trials).search


def test_what_is_not_said(place: Path) -> None:
    plain = searched(place, "-search")
    assert (plain.trials, plain.sampler, plain.objectives, plain.take) == (60, "tpe", ("expectancy_r",), "knee")
    assert (plain.min_trades, plain.batch, plain.folds, plain.storage) == (20, 8, 1, "journal")


@pytest.mark.parametrize(
    ("changes", "trials", "due"),
    [
        (("search.sampler = 'grid'", "-search.trials"), None, SETS),
        (("search.sampler = 'grid'", "search.trials = 15"), None, SETS),
        (("search.sampler = 'grid'", "search.trials = 99"), None, SETS),
        (("search.sampler = 'grid'", "search.trials = 0"), None, 0),
        (("search.sampler = 'grid'", "search.trials = 3"), 20, SETS),
        (("search.trials = 0",), 7, 7),
        (("search.trials = 7",), 0, 0),
        (("search.sampler = 'quasi_random'", "-search.trials"), None, 60),
        (("search.sampler = 'cmaes'", "search.trials = 5"), None, 5),
    ],
)
def test_trials(place: Path, changes: tuple[str, ...], trials: int | None, due: int) -> None:
    assert searched(place, *changes, trials=trials).trials == due


def test_what_goes_together(place: Path) -> None:
    several = searched(place, "search.objective = ['total_r', 'max_drawdown_r']", "search.take = 'max_drawdown_r'")
    assert several.objectives == ("total_r", "max_drawdown_r") and several.objective == "total_r"
    assert searched(place, "search.take = 'expectancy_r'").take == "expectancy_r"
    assert searched(place, "search.folds = 5", "search.sampler = 'cmaes'").folds == 5
    assert searched(place, "search.storage = 'sqlite:///x.db'").storage == "sqlite:///x.db"
    for name in OBJECTIVES:
        assert searched(place, f"search.objective = '{name}'").objectives == (name,)
    assert config.load(written(place, "data.files = ['data/X-1d.csv']", "search.trials = 0")).space == {}
