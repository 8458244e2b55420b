"""An experiment's file: what a good one becomes, and the one line that every wrong one gives."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from framework.errors import UserError
from framework.experiment import config
from framework.experiment.config import load

from . import refused, toml, workspace

HUGE = "1" + "0" * 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("workspace"))


def written(folder: Path, text: str | bytes, name: str = "x.toml") -> Path:
    path = folder / "experiments" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def wrong(folder: Path, text: str | bytes) -> str:
    """What is said about the file, without its path."""
    path = written(folder, text)
    return refused(folder, "run", path).removeprefix(f"{path}: ")


def cases() -> list[tuple[str, str]]:
    """What is written, and what is said of it, from the table beside this file."""
    lines = (Path(__file__).parent / "wrong_values.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" -> ") for line in lines if line and line[0] != "#"]
    return [(change.replace("HUGE", HUGE), said.replace("HUGE", HUGE[:60])) for change, said in rows]


@pytest.mark.parametrize(("change", "said"), cases(), ids=lambda text: text[:40])
def test_wrong_values(folder: Path, change: str, said: str) -> None:
    assert said in wrong(folder, toml(change))


WHOLE = (
    "seed gallery search.trials search.min_trades windows.embargo exits.swing_width exits.time_stop conservative.wait "
    "sizing.positions"
)
NUMBERS = (
    "costs.fee costs.borrow sizing.cash sizing.fraction sizing.risk sizing.leverage exits.stop_buffer_atr "
    "exits.target_r exits.target_extension exits.target_height"
)
WORDS = "question name search.objective windows.train data.timeframe exits.stop sizing.rank"
TYPES = [
    ("a whole number", WHOLE, "1.0 true '7' nan"),
    ("a number", NUMBERS, f"true '0.1' [0.1] {HUGE}"),
    ("a word in quotes", WORDS, "1 false"),
    ("a list in [ ]", "variants data.symbols data.files data.mend data.funding data.finer", "'x' 1 true"),
    ("a day without quotes, as 2010-01-31", "data.from data.to", "'2010-01-31' 20100131 true"),
    ("true or false", "exits.opposite_setup sizing.shared", "1 0.0 'true'"),
    ("a table of keys and values", "costs sizing exits conservative", "1 'x'"),
]
MISTYPED = [
    (f"{key} = {value}", f"{key}: is {value[:60]}; {right}")
    for right, keys, values in TYPES
    for key in keys.split()
    for value in values.split()
]


@pytest.mark.parametrize(("change", "said"), MISTYPED, ids=lambda text: text[:40])
def test_wrong_types(folder: Path, change: str, said: str) -> None:
    assert wrong(folder, toml(change)) == said


def test_wrong_tables(folder: Path) -> None:
    for table in ("data", "strategy", "windows", "search"):
        said = wrong(folder, toml().replace(f"[{table}]", f"[[{table}]]"))
        assert said.startswith(f"{table}: is [{{") and said.endswith("; a table of keys and values")
    for table in ("data", "strategy"):
        said = wrong(folder, toml(f"-{table}"))
        assert said == f"{table}: is missing; write a [{table}] table"
    assert wrong(folder, "") == "data: is missing; write a [data] table"
    assert wrong(folder, toml("seed = -1", "costs.fees = 1")).startswith("costs.fees: is an unknown key")
    both = wrong(folder, toml("sizing.fraction = 1.0", "sizing.risk = 0.01"))
    assert both == "sizing: has both fraction and risk; one of them"


NAMES = ["../rule", "a.b", "__init__", "strategies/rule", "/etc/passwd", "rule.py", "Rule", "", "rule\\n", "r\\u0000le"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_strategy(folder: Path, name: str) -> None:
    said = wrong(folder, toml(f'strategy.name = "{name}"'))
    assert said.startswith("strategy.name: strategy '") and " is not in strategies/; " in said
    assert "rule" in said.partition(";")[2]


NO_TOML = [
    (b'question = "\xff"\n', "is not text in UTF-8; a TOML file"),
    (toml().encode("utf-16"), "is not text in UTF-8; a TOML file"),
    (b"[data\n", "is not TOML: Expected ']' at the end of a table declaration (at line 1, column 6); "),
    (b"seed = 1\nseed = 2\n", "is not TOML: Cannot overwrite a value (at line 2, column 9); "),
    (toml("data.from = 2020-13-01").encode(), "is not TOML: Expected newline or end of document"),
    (b"a = " + b"[" * 5000 + b"]" * 5000, "is not TOML: maximum recursion depth exceeded"),
    (b"seed = 1" + b"0" * 5000, "is not TOML: Exceeds the limit (4300"),
    (b"seed = 0x" + b"f" * 5000, "is not TOML: Exceeds the limit (4300"),
]


@pytest.mark.parametrize(("text", "said"), NO_TOML)
def test_what_is_no_toml(folder: Path, text: bytes, said: str) -> None:
    assert wrong(folder, text).startswith(said)


def test_files_that_are_not_there(folder: Path) -> None:
    near = written(folder, toml(), "near.toml")
    assert refused(folder, "run", near.with_name("naer.toml")).endswith("no such file; did you mean 'near.toml'?")
    assert refused(folder, "run", folder / "nowhere" / "x.toml").endswith("there is no such file; name a TOML file")
    assert refused(folder, "run", folder / "experiments").endswith("experiments: is a folder; a TOML file in it")
    assert "File name too long; " in refused(folder, "run", "a" * 5000 + ".toml")


@pytest.mark.parametrize("end", ["2020-01-01", "2021-01-01"])
def test_a_period_that_is_none(folder: Path, end: str) -> None:
    said = wrong(folder, toml("data.from = 2021-01-01", f"data.to = {end}"))
    assert said == f"data.to: {end} is not after from 2021-01-01; a later day"


@pytest.mark.parametrize("key", ["train", "test"])
@pytest.mark.parametrize("length", ["4", "4 years", "0y", "", "-1y", "1.5y", "12345d", "4Y", "1h", "1y\\n"])
def test_what_is_no_length_of_time(folder: Path, key: str, length: str) -> None:
    said = wrong(folder, toml(f'windows.{key} = "{length}"'))
    assert said.startswith(f"windows.{key}: '{length}' is not a length; ".replace("\\n", " "))


def test_the_command_itself(folder: Path) -> None:
    path = written(folder, toml("qestion = 1"))
    words = [sys.executable, "-c", "from framework.cli import main; main()", "run", str(path)]
    home = Path(config.__file__).parents[2]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=home)
    said = f"error: {path}: qestion: is an unknown key; did you mean 'question'?\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_what_goes_with_files_needs_files(folder: Path) -> None:
    for key in ("funding", "finer"):
        said = wrong(folder, toml("-data.files", "data.symbols = ['AAPL']", f"data.{key} = ['x.csv']"))
        right = 'files = ["x.csv"] instead of symbols: each goes with the file at the same place'
        assert said == f"data.{key}: goes with files, and there are none; {right}"


def test_cash_that_is_shared_may_have_places_and_an_order(folder: Path) -> None:
    keys = ("sizing.shared = true", "sizing.positions = 3", "sizing.rank = '-f_x'", "costs.borrow = 0.03")
    found = load(written(folder, toml(*keys, "exits.target_extension = 1.618", "exits.target_height = 1")))
    assert (found.shared, found.sizing.positions, found.rank, found.costs.borrow) == (True, 3, "-f_x", 0.03)
    assert (found.exits.target_extension, found.exits.target_height) == (1.618, 1.0)
    apart = load(written(folder, toml("sizing.shared = false", "sizing.rank = ''")))
    assert (apart.shared, apart.sizing.positions, apart.rank) == (False, None, "")


def test_defaults(folder: Path) -> None:
    found = load(written(folder, toml("-search", "-windows", "-chance", "-gallery"), "plain.toml"))
    assert (found.name, found.question, found.seed, found.gallery) == ("plain", "", 7, 12)
    assert found.variants == ("aggressive", "conservative")
    assert (found.workspace, found.strategy.name, found.data.files) == (folder, "rule", ("data/X-1d.csv",))
    assert asdict(found.search) == {
        "trials": 60,
        "objectives": ("expectancy_r",),
        "min_trades": 20,
        "sampler": "tpe",
        "batch": 8,
        "take": "knee",
        "folds": 1,
        "storage": "journal",
    }
    assert asdict(found.lengths) == {"kind": "rolling", "train": "3y", "test": None, "count": None}
    assert (found.embargo, found.combinatorial, found.holdout, found.look) == (30, None, None, False)
    assert found.chance.model_dump() == {"draws": 200, "permutations": 0}
    assert asdict(found.costs) == {"fee": 0.001, "slippage": 0.0005, "tick": None, "borrow": 0}
    assert (found.data.funding, found.data.finer, found.shared, found.rank) == ((), (), False, "")
    none = dict.fromkeys(("risk", "lot", "smallest", "volume_share", "positions"))
    assert asdict(found.sizing) | {"cash": found.cash} == {"fraction": 1, "leverage": 1, "cash": 100_000} | none
    assert (found.exits.target_r, found.exits.time_stop, found.exits.swing_width) == (2, None, 5)
    assert found.conservative.model_dump() == {"wait": None, "swing": 2, "stop": None}


def test_a_value_fixes_and_a_list_narrows(folder: Path) -> None:
    changes = [
        "strategy.length = [21, 7, 21]",
        "strategy.level = 32.5",
        "strategy.width = [3, 4]",
        "strategy.side = ['long']",
    ]
    found = load(written(folder, toml(*changes)))
    assert found.fixed == {"length": 21, "level": 32.5, "side": "long", "strict": False, "width": 3}
    assert found.space == {"length": (21, 7), "width": (3, 4)}


def test_what_is_not_named_is_searched_over_its_range_or_fixed(folder: Path) -> None:
    found = load(written(folder, toml()))
    assert found.fixed == {"length": 14, "level": 30.0, "side": "both", "strict": False, "width": 3}
    assert found.space == {"length": (7, 14, 21), "level": (20.0, 25.0, 30.0, 35.0, 40.0)}


def test_whole_numbers_are_numbers(folder: Path) -> None:
    found = load(written(folder, toml("strategy.level = [25, 25.0, 30]", "costs.fee = 0")))
    assert found.space["level"] == (25.0, 30.0)
    assert {type(value) for value in (*found.space["level"], found.costs.fee)} == {float}


def test_trials_instead_of_the_files(folder: Path) -> None:
    path = written(folder, toml())
    assert (load(path).search.trials, load(path, trials=5).search.trials) == (2, 5)
    assert load(path, trials=0).space == {} == load(written(folder, toml("search.trials = 0"))).space
    assert load(written(folder, toml("-search")), trials=5).search.trials == 5
    for trials in (-1, 100_001):
        with pytest.raises(UserError, match=rf"search.trials: is {trials}; "):
            load(path, trials=trials)


def test_a_period_is_its_days(folder: Path) -> None:
    found = load(written(folder, toml("data.from = 2020-02-29", "data.to = 2021-01-01")))
    assert (found.data.start, found.data.end) == (date(2020, 2, 29), date(2021, 1, 1))


def test_a_mark_at_the_front_of_the_file_is_no_fault(folder: Path) -> None:
    assert load(written(folder, b"\xef\xbb\xbf" + toml("seed = 3").encode())).seed == 3


NO_TEXT = pytest.param("caf\udce9.toml", "caf_", marks=pytest.mark.skipif(sys.platform == "darwin", reason="not there"))


@pytest.mark.parametrize(("file", "name"), [("a b.c\nd.toml", "a_b_c_d"), ("größe-1.toml", "größe-1"), NO_TEXT])
def test_the_run_is_named_after_the_file(folder: Path, file: str, name: str) -> None:
    assert load(written(folder, toml(), file)).name == name
    assert load(written(folder, toml("name = 'given'"), file)).name == "given"
