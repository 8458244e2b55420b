"""The command: what it says, with which exit status, and that it never ends in a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from framework import cli

from .experiment import HEAD, MADE, Said, chartproof, refused, walk, workspace

HOME = Path(cli.__file__).parents[1]
LEAKY = f"""{HEAD}def setups(bars, p):
    up = np.nonzero(bars.close[1:] > bars.close[:-1])[0]  # known at the bar before the rise
    return made(bars, up)


{MADE}"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, entered."""
    monkeypatch.chdir(workspace(tmp_path))
    return tmp_path


def test_version() -> None:
    assert chartproof("--version") == Said(0, f"chartproof {version('chartproof')}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["run", "--help"], ["data", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = f"""
import sys
sys.argv = {["chartproof", *words]!r}
from framework.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = "numpy pandas numba talib scipy optuna pyarrow matplotlib jinja2".split()
print(*[name for name in heavy if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HOME)
    assert done.stderr == "\n"
    assert done.stdout.startswith(("Usage: ", "chartproof "))


def test_help_names_every_command() -> None:
    for said in (chartproof(), chartproof("--help")):
        assert (said.status, said.err) == (0, "")
        assert re.findall(r"^  (\w+)  ", said.out.partition("Commands:")[2], re.M) == [
            "run",
            "compare",
            "claims",
            "scan",
            "check",
            "look",
            "strategies",
            "data",
            "new",
        ]


WRONG = [
    ("rnu", "chartproof: No such command 'rnu'. Did you mean 'run'?; see chartproof --help"),
    ("--vers", "chartproof: No such option: --vers (Possible options: --version); see chartproof --help"),
    ("run", "chartproof run: Missing argument 'experiment'.; see chartproof --help"),
    ("run x.toml --trails 3", "chartproof run: No such option: --trails (Possible options: --trials)"),
    ("run x.toml --trials -1", "chartproof run: Invalid value for '--trials': "),
    ("run x.toml --trials 100001", "chartproof run: Invalid value for '--trials': "),
    ("run x.toml --trials many", "chartproof run: Invalid value for '--trials': "),
    (f"run x.toml --trials 1{'0' * 5000}", "chartproof run: Invalid value for '--trials': "),
    ("run x.toml y.toml", "chartproof run: Got unexpected extra argument"),
    ("run a\0b", "chartproof run: Invalid value for 'experiment': "),
    ("check --cuts 0", "chartproof check: Invalid value for '--cuts': "),
    ("check rul", "strategy 'rul': is not in strategies/; did you mean 'rule'?"),
    ("check ../rule", "strategy '../rule': is not in strategies/; did you mean 'rule'?"),
    ("check rule --data sample:APPL", "sample:APPL: the sample has no 'APPL'; did you mean 'AAPL'?"),
    ("check rule --data data/Y-1d.csv", "data/Y-1d.csv: there is no such file; did you mean 'X-1d.csv'?"),
    ("data data/Y-1d.csv", "data/Y-1d.csv: there is no such file; did you mean 'X-1d.csv'?"),
    ("data data", "data: is a folder; one .csv or .parquet file in it"),
    ("data strategies/rule.py", "strategies/rule.py: '.py' is no kind of file that can be read; "),
    ("data data/X-1d.csv --timeframe 1x", "timeframe '1x': "),
    (f"data {'a' * 5000}.csv", f"{'a' * 5000}.csv: File name too long; "),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda text: text[:30])
def test_wrong_words(folder: Path, words: str, said: str) -> None:
    assert refused(folder, *words.split()).startswith(said)


def test_strategies(folder: Path) -> None:
    assert chartproof("strategies") == Said(
        0,
        "rule: A close above an earlier high.\n"
        "  length = 14 bars  (7, 14, 21; 3 values searched)\n"
        "  level = 30.0 points  (20.0 to 40.0; 5 values searched)\n"
        '  side = "both"  (long, short, both; fixed unless listed)\n'
        "  strict = false  (false, true; fixed unless listed)\n"
        "  width = 3  (0 to 100; fixed unless listed)\n",
        "",
    )


def test_strategies_of_which_one_is_broken(folder: Path) -> None:
    (folder / "strategies" / "zebra.py").write_text("raise RuntimeError('boom')")
    assert refused(folder, "strategies") == "strategies/zebra.py:1: RuntimeError: boom; mend the file"


@pytest.mark.parametrize("command", ["strategies", "check"])
def test_outside_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        refused(tmp_path, command)
        == f"{tmp_path.resolve()}: no folder from here upward holds strategies/; run inside a workspace"
    )


def test_data_that_is_good(folder: Path) -> None:
    said = "data/X-1d.csv: 900 rows, columns open, high, low, close, volume\n"
    said += "from 2020-01-01 00:00 to 2022-06-18 00:00 UTC, bars of 1d\nnothing is wrong\n"
    assert chartproof("data", "data/X-1d.csv") == Said(0, said, "")


def test_data_with_notes_only(folder: Path) -> None:
    walk(900).drop(walk(900).index[5:7]).to_csv("data/gap-1d.csv")
    said = chartproof("data", "data/gap-1d.csv")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert len(lines) == 4 and lines[2].startswith("note   2 bars of 1d missing in 1 run") and "2020-01-05" in lines[2]
    assert lines[3] == "0 errors, 1 note"


def test_data_with_an_error(folder: Path) -> None:
    frame = walk(30)
    frame.loc[frame.index[7], "high"] = 1.0
    frame.to_csv("data/bad-1d.csv")
    said = chartproof("data", "data/bad-1d.csv")
    assert (said.status, said.err) == (1, "")
    lines = said.out.splitlines()
    assert lines[0] == "data/bad-1d.csv: 30 rows, columns open, high, low, close, volume"
    assert lines[2].startswith("error  high 1.0 is below") and "row 7, line 9 (2020-01-08 00:00)" in lines[2]
    assert lines[-1] == "1 error, 0 notes"


def test_data_that_is_none(folder: Path) -> None:
    (folder / "data" / "empty.csv").touch()
    assert refused(folder, "data", "data/empty.csv").startswith("data/empty.csv: the file is empty; ")


def test_data_that_is_funding(folder: Path) -> None:
    rows = "".join(f"2024-01-{day:02} {hour:02}:00,0.0002\n" for day in (1, 2, 4) for hour in (0, 8, 16))
    (folder / "data" / "F.csv").write_text(f"time,rate\n{rows}")
    said = (
        "data/F.csv: 9 funding rates, column rate\n"
        "from 2024-01-01 00:00 to 2024-01-04 16:00 UTC, every 8h\n"
        "mean +0.0200% a settlement, +21.9% a year; what is positive is paid by longs\n"
        "note   not every settlement comes 8h after the one before: 1 of 8 do not, the longest wait is 32h "
        "from 2024-01-02 16:00\n"
    )
    assert chartproof("data", "data/F.csv") == Said(0, said, "")
    (folder / "data" / "F.csv").write_text(f"time,rate\n{rows.replace('0.0002', '2', 1)}")
    line = "rate 2.0 at row 0, line 2 looks like a percentage; a fraction a settlement, as 0.0001 for 0.01 %"
    assert refused(folder, "data", "data/F.csv") == f"data/F.csv: {line}"


def test_check_of_an_honest_strategy(folder: Path) -> None:
    at = sum(walk(900)["close"].to_numpy()[14:] > walk(900)["high"].to_numpy()[:-14])
    said = f"ok    rule on X: 20 cuts and 20 other futures; 11 other values of its parameters at 20, {at} setups\n"
    assert chartproof("check", "--data", "data/X-1d.csv", "--cuts", "20", "--starts", "0") == Said(0, said, "")
    warm = "      warm-up: settles after 14 bars (slowest: setups.rows), to a millionth of each value; "
    told = chartproof("check", "--data", "data/X-1d.csv", "--cuts", "20")
    assert told.status == 0 and told.out.startswith(f"{said}{warm}") and told.out.count("\n") == 2


def test_check_of_a_leaky_strategy(folder: Path) -> None:
    (folder / "strategies" / "leaky.py").write_text(LEAKY)
    said = chartproof("check", "--data", "data/X-1d.csv", "--cuts", "20")
    assert (said.status, said.err) == (1, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("LEAK  leaky on X, cut short: setups: row known at bar ")
    assert lines[1].startswith("      likely cause: backdated: known_at is 1 bar too early")
    assert lines[2] == "      right: say it where it is found: known_at + 1"
    assert lines[3].startswith("ok    rule on X: 20 cuts and 20 other futures; ")  # the others are checked all the same
    assert chartproof("check", "rule", "--data", "data/X-1d.csv", "--cuts", "20").status == 0


def test_check_finds_a_leak_behind_a_value_that_is_no_default(folder: Path) -> None:
    hidden = LEAKY.replace("    up = ", "    up = np.zeros(0, int) if p.side != 'short' else ", 1)
    (folder / "strategies" / "leaky.py").write_text(hidden)
    said = chartproof("check", "leaky", "--data", "data/X-1d.csv", "--cuts", "20")
    assert said.status == 1
    assert said.out.startswith("LEAK  leaky on X, cut short, side = short: setups: row known at bar ")


def test_check_of_what_the_data_does_not_have(folder: Path) -> None:
    """A value that needs what is not there is named; a rule whose defaults do is no failure either."""
    path = folder / "strategies" / "rule.py"
    text = path.read_text()
    needs = text.replace("    at = ", "    p.strict and bars.need('taker_buy')\n    at = ", 1)
    path.write_text(needs)
    said = chartproof("check", "rule", "--data", "data/X-1d.csv", "--cuts", "20")
    assert said.status == 0 and said.out.startswith("ok    rule on X: 20 cuts and 20 other futures; 10 other values")
    assert said.out.endswith("note  rule on X with strict = True: the volume bought by takers of no bar is known\n")
    path.write_text(needs.replace("p.strict and ", ""))
    said = chartproof("check", "rule", "--data", "data/X-1d.csv", "--cuts", "20")
    path.write_text(text)
    assert said == Said(0, "none  rule on X: the volume bought by takers of no bar is known\n", "")


def test_data_that_is_open_interest(folder: Path) -> None:
    (folder / "data" / "O.csv").write_text("time,open_interest\n2024-01-01,5\n2024-01-02,0\n2024-01-03,\n")
    said = (
        "data/O.csv: 3 values of open interest, column open_interest\n"
        "from 2024-01-01 00:00 to 2024-01-03 00:00 UTC, every 1d\n"
        "0 to 5; whether in dollars or coins, the file does not say\n"
        "note   1 are empty: unknown\n"
        "note   1 are zero: nobody held anything, or nobody looked\n"
    )
    assert chartproof("data", "data/O.csv") == Said(0, said, "")


def test_check_at_every_bar(folder: Path) -> None:
    walk(60).to_csv("data/short-1d.csv")
    said = chartproof("check", "rule", "--data", "data/short-1d.csv", "--every")
    assert said.status == 0 and said.out.startswith("ok    rule on short: 29 cuts and 29 other futures; ")


def test_a_check_that_proves_nothing_is_none(folder: Path) -> None:
    walk(2).to_csv("data/tiny-1d.csv")
    said = refused(folder, "check", "rule", "--data", "data/tiny-1d.csv")
    assert said == "tiny: 2 bars are too few to cut; more bars, by --data"


@pytest.mark.parametrize("words", [["check", "rule"], ["data", "data/X-1d.csv"], ["strategies"]])
def test_other_commands_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("framework.sources.read", stop)
    monkeypatch.setattr("framework.sources.load", stop)
    monkeypatch.setattr("framework.workspace.names", stop)
    said = chartproof(*words)
    assert (said.status, said.out, said.err.strip()) == (130, "", "")
