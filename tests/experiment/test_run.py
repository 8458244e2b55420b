"""A run is its manifest: the same bytes again, after being killed too; another run's folder is left alone."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from framework.errors import UserError
from framework.experiment import config, provenance
from framework.experiment.files import PART, Folder
from framework.experiment.markets import load_markets
from framework.experiment.run import run
from framework.sources import load

HOME = Path(__file__).parents[2]
PARQUET = {"chance", "drawn", "trades", "setups", "equity", "trials", "windows"}
EXPERIMENT = """
question = "Is it the same again?"

[data]
symbols = ["AAPL", "MSFT"]
from = 2000-03-01
to = 2011-06-30

[strategy]
name = "rsi_divergence"
rsi_period = [7, 14]
oversold = [30.0, 40.0]
overbought = [60.0, 70.0]
swing_width = [2, 3]

[search]
trials = 5
batch = 2
min_trades = 5

[chance]
draws = 9

[windows]
train = "4y"
test = "2y"

[sizing]
risk = 0.01

[exits]
time_stop = 60
"""
TRADES = (
    "symbol, variant, window, setup, direction, signal_time, entry_time, entry_price, stop, target, exit_time, "
    "exit_price, exit_reason, size, fees, carry, pnl, return, r, mae, mfe, bars, ambiguous"
)
# A run that hangs at a stage of its choosing, to be killed there.
HANGS = """
import sys, time, types
sys.modules["framework.report.page"] = types.SimpleNamespace(render=lambda *a, **k: "<html></html>")
from framework.experiment.run import run
def told(stage, done, total):
    time.sleep(0.02)
    if (stage, str(done)) == (sys.argv[3], sys.argv[4]):
        print("here", flush=True)
        time.sleep(600)
run(sys.argv[1], out=sys.argv[2], resume=sys.argv[5] == "resume", told=told)
"""


@pytest.fixture(scope="module", autouse=True)
def no_pictures() -> Iterator[None]:
    """The page has tests of its own; the numbers do not wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        page = SimpleNamespace(render=lambda *_, **__: "<html></html>")
        patch.setitem(sys.modules, "framework.report.page", page)
        yield


def workspace(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """A workspace of its own; the path of its experiment."""
    shutil.copytree(HOME / "strategies", folder / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "experiments").mkdir()
    (folder / "experiments" / "quick.toml").write_text(experiment, encoding="utf-8")
    return folder / "experiments" / "quick.toml"


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def whole(toml: Path) -> Path:
    """An undisturbed run."""
    return run(toml)


def test_the_folder_is_named_by_the_run_and_holds_what_it_should(toml: Path, whole: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text())
    assert whole == toml.parents[1] / "reports" / f"quick-{manifest['identity'][:8]}"
    files = {f"{name}.parquet" for name in PARQUET} | {"manifest.json", "summary.json", "report.html"}
    assert set(content(whole)) == files
    ledger = toml.parents[1] / "reports" / "ledger"
    assert sorted((toml.parents[1] / "reports").iterdir()) == sorted([whole, ledger, ledger.parent / "index.html"])
    assert [path.stem for path in ledger.iterdir()] == [manifest["identity"]]


def test_the_same_run_twice_is_the_same_bytes(toml: Path, whole: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    again = run(toml, out=tmp_path / "again", told=lambda *what: heard.append(what))
    assert content(again) == content(whole)
    assert heard.count(("window 1 of 4", 5, 5)) == 1 and heard[-1] == ("report", 1, 1)
    before = content(whole)
    assert run(toml) == whole
    assert content(whole) == before


def killed(toml: Path, out: Path, stage: str, done: int, resume: bool = False) -> None:
    """Start a run and kill it, as a power cut would, when it tells of `stage`, `done`."""
    words = [sys.executable, "-c", HANGS, str(toml), str(out), stage, str(done), "resume" if resume else "start"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=HOME) as process:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL


def windows_kept(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "progress").glob("window-*.json"))


def test_killed_twice_and_resumed_is_the_same_bytes(toml: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed(toml, out, "window 3 of 4", 2)
    assert windows_kept(out) == ["window-0000.json", "window-0001.json"]
    first = (out / "progress" / "window-0000.json").stat().st_mtime_ns
    killed(toml, out, "report", 0, resume=True)  # every table is written, the page is not
    assert len(windows_kept(out)) == 4 and (out / "trades.parquet").exists() and not (out / "report.html").exists()
    assert (out / "progress" / "window-0000.json").stat().st_mtime_ns == first
    heard: list[str] = []
    assert run(toml, out=out, resume=True, told=lambda stage, *_: heard.append(stage)) == out
    assert set(heard) == {"testing", "chance", "report"}, "a finished window was searched again"
    assert content(out) == content(whole)


def test_killed_at_any_moment_and_resumed_is_the_same_bytes(toml: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-c", HANGS, str(toml), str(out), "never", "0", "start"]
    with subprocess.Popen(words, cwd=HOME) as process:
        until = time.monotonic() + 60
        while not (out / "progress" / "window-0001.json").exists() and time.monotonic() < until:
            time.sleep(0.002)
        process.kill()
    kept = windows_kept(out)
    (out / "progress" / "window-0000.json").write_text('{"trials": [')  # and the disk lost a part of what was written
    heard: list[str] = []
    run(toml, out=out, resume=True, told=lambda stage, *_: heard.append(stage))
    assert "window 1 of 4" in heard and ("window 2 of 4" in heard) != ("window-0001.json" in kept)
    assert content(out) == content(whole)


def test_what_a_killed_write_leaves_behind_does_not_matter(toml: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed(toml, out, "window 2 of 4", 2)
    (out / "progress" / f".window-0001.json.x7a_9{PART}").write_bytes(b'{"sum": ')
    (out / f".trades.parquet.k2m_1{PART}").write_bytes(b"PAR1")
    run(toml, out=out, resume=True)
    assert content(out) == content(whole)


def test_files_of_the_user_in_the_folder_are_not_deleted(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("mine")
    folder = Folder(tmp_path, "identity")
    folder.claim(resume=False)
    folder.finish()
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "mine"


def changed(old: str, new: str) -> str:
    assert old in EXPERIMENT
    return EXPERIMENT.replace(old, new)


@pytest.mark.parametrize("resume", [False, True])
def test_the_folder_of_another_run_is_refused_and_left_alone(
    toml: Path, whole: Path, tmp_path: Path, resume: bool
) -> None:
    other = toml.with_name("other.toml")
    other.write_text(changed("time_stop = 60", "time_stop = 61"), encoding="utf-8")
    before = content(whole)
    with pytest.raises(UserError, match=r"holds another run .*; another folder, by --out DIR$"):
        run(other, out=whole, resume=resume)
    assert content(whole) == before


def test_a_folder_that_is_no_runs_is_refused_and_left_alone(toml: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for out, resume in ((tmp_path, False), (tmp_path, True), (tmp_path / "thesis.txt", False), (tmp_path / "no", True)):
        with pytest.raises(UserError):
            run(toml, out=out, resume=resume)
    assert content(tmp_path) == {"thesis.txt": b"mine"}
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UserError, match=r"manifest\.json: is damaged"):
        run(toml, out=tmp_path)
    assert sorted(content(tmp_path)) == ["manifest.json", "thesis.txt"]


def identity(toml: Path, trials: int | None = None) -> str:
    experiment = config.load(toml, trials)
    return str(provenance.manifest(experiment, load_markets(experiment))["identity"])


EDITS: list[tuple[str, str]] = [
    ('"AAPL", "MSFT"', '"AAPL", "IBM"'),
    ('"AAPL", "MSFT"', '"MSFT", "AAPL"'),
    ("2011-06-30", "2011-06-29"),
    ("rsi_period = [7, 14]", "rsi_period = [7, 9]"),
    ("rsi_period = [7, 14]", "rsi_period = 14"),
    ("[data]", "seed = 8\n[data]"),
    ("[data]", 'variants = ["aggressive"]\n[data]'),
    ("trials = 5", "trials = 6"),
    ("min_trades = 5", "min_trades = 6"),
    ('train = "4y"', 'train = "3y"'),
    ("risk = 0.01", "risk = 0.02"),
    ("time_stop = 60", "time_stop = 60\nfill = 'close'"),
    ("time_stop = 60", "time_stop = 60\nopposite_setup = true"),
    ("[exits]", "[costs]\nfee = 0.002\n[exits]"),
    ("[exits]", "[conservative]\nwait = 21\n[exits]"),
    ("[exits]", "[costs]\nborrow = 0.01\n[exits]"),
    ("time_stop = 60", "time_stop = 60\ntarget_extension = 1.618"),
    ("risk = 0.01", "risk = 0.01\nshared = true"),
    ("risk = 0.01", "risk = 0.01\nshared = true\npositions = 1"),
    ("risk = 0.01", "risk = 0.01\nshared = true\nrank = 'f_left_osc'"),
    ("risk = 0.01", "risk = 0.01\nshared = true\nrank = '-f_left_osc'"),
]


def test_every_part_of_the_configuration_is_in_the_identity(toml: Path, tmp_path: Path) -> None:
    path = workspace(tmp_path)
    known = {identity(path)}
    assert known == {identity(toml)}, "where the workspace lies is not what a run is"
    for old, new in EDITS:
        path.write_text(changed(old, new), encoding="utf-8")
        known.add(identity(path))
    path.write_text(EXPERIMENT, encoding="utf-8")
    known |= {identity(path, trials=9)}
    assert len(known) == len(EDITS) + 2
    path.write_text("# a comment\n" + EXPERIMENT.replace("[exits]", "[costs]\nfee = 0.001\n[exits]"), encoding="utf-8")
    assert identity(path) == identity(toml), "a default spelled out is the same run"


def test_data_and_the_rules_source_are_in_the_identity(tmp_path: Path) -> None:
    path = workspace(tmp_path, changed('symbols = ["AAPL", "MSFT"]', 'files = ["prices.parquet"]'))
    frame = load("sample:AAPL").frame()

    def now() -> str:
        frame.to_parquet(tmp_path / "prices.parquet")
        return identity(path)

    before = now()
    assert now() == before
    frame.iloc[500, frame.columns.get_loc("volume")] += 1
    after = now()
    with (tmp_path / "strategies" / "rsi_divergence.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert len({before, after, now()}) == 3


def test_a_rule_that_looks_ahead_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = workspace(tmp_path)
    rule = tmp_path / "strategies" / "rsi_divergence.py"
    honest = "return p.exit_at_extreme & (rsi >= p.overbought)"
    assert honest in rule.read_text()
    rule.write_text(rule.read_text().replace(honest, "rsi = rsi - bars.close[-1]\n    " + honest), encoding="utf-8")
    with pytest.raises(UserError, match=r"strategies/rsi_divergence\.py: looks ahead on AAPL: exits"):
        run(path)
    assert not (tmp_path / "reports").exists()


def test_a_rule_that_looks_ahead_with_a_searched_value_only_is_refused(tmp_path: Path) -> None:
    # Its defaults are honest. Left a day before the fall, it would otherwise be told to make money.
    path = workspace(tmp_path)
    rule = tmp_path / "strategies" / "rsi_divergence.py"
    honest = "    return p.exit_at_extreme & (rsi >= p.overbought)"
    leak = "    if p.swing_width == 3:\n        rsi = rsi + bars.close - np.append(bars.close[1:], 0.0)\n"
    rule.write_text(rule.read_text().replace(honest, leak + honest), encoding="utf-8")
    with pytest.raises(UserError, match=r"strategies/rsi_divergence\.py: looks ahead on (AAPL|MSFT): exits"):
        run(path)


def test_an_account_may_be_ruined(tmp_path: Path) -> None:
    text = changed("risk = 0.01", "fraction = 20.0\nleverage = 20.0").replace(
        "[search]", 'left_extreme = "not_required"\n\n[search]'
    )
    whole = run(workspace(tmp_path, text))
    trades, equity = pd.read_parquet(whole / "trades.parquet"), pd.read_parquet(whole / "equity.parquet")
    ruined = trades[trades["exit_reason"] == "ruined"]
    assert len(ruined)
    for row in ruined.to_dict("records"):
        mine = trades[(trades["variant"] == row["variant"]) & (trades["symbol"] == row["symbol"])]
        assert mine["entry_time"].max() == row["entry_time"]
        assert equity[f"{row['variant']}.{row['symbol']}"].iloc[-1] == pytest.approx(50_000 + mine["pnl"].sum())


def test_a_parameter_may_be_called_window(tmp_path: Path) -> None:
    path = workspace(tmp_path, EXPERIMENT.replace("swing_width", "window"))
    rule = tmp_path / "strategies" / "rsi_divergence.py"
    rule.write_text(rule.read_text().replace("swing_width", "window"), encoding="utf-8")
    trials = pd.read_parquet(run(path, trials=2) / "trials.parquet")
    assert trials["window"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_run_without_a_single_trade(whole: Path, tmp_path: Path) -> None:
    rare = "kinds = 'regular'\nmin_left_width = 10\nswing_width = 8\nrsi_period = 25\noversold = 20\noverbought = 80\n"
    head, _, rest = EXPERIMENT.partition("rsi_period")
    path = workspace(tmp_path, head + rare + rest[rest.index("[search]") :])
    quiet = run(path)
    empty = pd.read_parquet(quiet / "trades.parquet")
    assert len(empty) == 0 and list(empty.columns) == TRADES.split(", ")
    for name in ("trades", "setups", "equity"):  # whoever reads these files finds the same types in every run
        types, due = (pq.read_schema(one / f"{name}.parquet") for one in (quiet, whole))
        assert dict(zip(types.names, types.types, strict=True)) == dict(zip(due.names, due.types, strict=True))
    summary = json.loads((quiet / "summary.json").read_text())
    assert summary["variants"]["aggressive"]["trades"] == 0
    assert summary["verdict"]["short"] == "Too few trades to tell."


def test_trades_lie_in_their_windows_and_their_arithmetic_holds(whole: Path) -> None:
    trades, windows = pd.read_parquet(whole / "trades.parquet"), pd.read_parquet(whole / "windows.parquet")
    assert list(trades.columns) == TRADES.split(", ")
    assert len(trades) > 20 and set(trades["variant"]) == {"aggressive", "conservative"}
    setups = pd.read_parquet(whole / "setups.parquet").set_index("setup")
    fee, slippage = 0.001, 0.0005
    for row in trades.to_dict("records"):
        window = windows.iloc[row["window"]]
        assert window["test_start"] <= row["signal_time"] < window["test_end"]
        assert row["signal_time"] < row["entry_time"] <= row["exit_time"]
        side = 1 if row["direction"] == "long" else -1
        still = row["exit_reason"] == "open"
        fees = fee * row["size"] * (row["entry_price"] + (0 if still else row["exit_price"]))
        assert row["fees"] == pytest.approx(fees)
        pnl = side * row["size"] * (row["exit_price"] - row["entry_price"]) - fees
        assert row["pnl"] == pytest.approx(pnl)
        assert row["return"] == pytest.approx(pnl / (row["size"] * row["entry_price"]))
        risk = side * (row["entry_price"] - row["stop"])
        assert risk > 0 and row["r"] == pytest.approx(pnl / (row["size"] * risk))
        assert row["target"] == pytest.approx(row["entry_price"] + 2 * side * risk)
        if row["exit_reason"] == "target":
            assert side * (row["exit_price"] - row["target"] * (1 - side * slippage)) >= -1e-9
        if row["exit_reason"] == "stop":
            assert side * (row["exit_price"] - row["stop"] * (1 - side * slippage)) <= 1e-9
        assert min(row["mae"], row["mfe"]) >= 0 and 0 <= row["bars"] <= 60
        assert row["setup"] in setups.index or row["variant"] == "conservative"


def test_each_symbols_account_is_its_trades(whole: Path) -> None:
    trades, equity = pd.read_parquet(whole / "trades.parquet"), pd.read_parquet(whole / "equity.parquet")
    for (variant, symbol), part in trades.groupby(["variant", "symbol"]):
        column = equity[f"{variant}.{symbol}"]
        assert column.iloc[0] == 50_000
        assert column.iloc[-1] - 50_000 == pytest.approx(part["pnl"].sum())
        assert (part["entry_time"].iloc[1:].to_numpy() >= part["exit_time"].iloc[:-1].to_numpy()).all()
    for name in ("aggressive", "conservative", "buy_and_hold"):
        assert (equity[name] - equity[f"{name}.AAPL"] - equity[f"{name}.MSFT"]).abs().max() < 1e-6


def test_the_best_feasible_trial_was_chosen(whole: Path) -> None:
    trials, windows = pd.read_parquet(whole / "trials.parquet"), pd.read_parquet(whole / "windows.parquet")
    assert len(trials) == 20 and len(windows) == 4
    for number, part in trials.groupby("window"):
        chosen = part[part["chosen"]].squeeze()
        fit = part[part["feasible"]]
        assert (part["feasible"] == (part[["trades_aggressive", "trades_conservative"]].min(axis=1) >= 5)).all()
        assert chosen["trial"] == (fit["trial"][fit["score"].idxmax()] if len(fit) else 0)
        row = windows.iloc[number]
        assert row["chosen"] == ("searched" if len(fit) else "defaults")
        for name in ("rsi_period", "oversold", "overbought", "swing_width"):
            assert row[f"parameters.{name}"] == chosen[f"parameters.{name}"]
        both = chosen[["score_aggressive", "score_conservative"]].mean(skipna=False)
        assert row["in_sample.score"] == pytest.approx(both, nan_ok=True)
