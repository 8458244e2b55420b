"""The ledger from the command line: what it writes, what it refuses, what an interruption leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.evidence.claim import Claim
from framework.evidence.contrasts import Against
from framework.evidence.own import definition
from framework.evidence.units import Events

from . import chartproof
from .funded import walked

HOME = Path(__file__).resolve().parents[2]
SOME = ("K01", "K02", "K04", "K15")
OWN = """
from framework.evidence.claim import Claim
from framework.evidence.contrasts import Against
from framework.evidence.units import Events
import numpy as np


def after(every=10):
    def find(bars):
        at = np.arange(100, len(bars), every)
        return Events(at, np.ones(len(at), np.int64))

    return Against(find)


CLAIMS = (Claim("X1", "It rises on every tenth bar.", "own", "every tenth bar", after, ({"every": 7},)),)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two markets of daily bars, one of them under two names, and a claim of one's own."""
    folder = tmp_path_factory.mktemp("claims")
    for name in ("strategies", "experiments", "data"):
        (folder / name).mkdir()
    for seed, name in ((1, "X"), (2, "Y"), (1, "X_AGAIN")):
        walked(seed, 1500).to_csv(folder / "data" / f"{name}-1d.csv")
    (folder / "experiments" / "own.py").write_text(OWN)
    return folder


@pytest.fixture
def inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    return home


def files(*names: str) -> list[str]:
    return [word for name in names for word in ("--data", f"data/{name}-1d.csv")]


@pytest.fixture(scope="module")
def done(home: Path) -> tuple[Path, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        said = chartproof("claims", *SOME, *files("X", "Y", "X_AGAIN"), "--out", "ledger", "--workers", "2")
    assert said.status == 0, said.err
    return home / "ledger", said


def test_a_row_a_claim(done: tuple[Path, Any]) -> None:
    folder, said = done
    assert {path.name for path in folder.iterdir()} == {"claims.html", "claims.json", "claims.parquet", "manifest.json"}
    table = pd.read_parquet(folder / "claims.parquet")
    assert table["claim"].tolist() == list(SOME) and table["says"].str.endswith(".").all()
    rows = json.loads((folder / "claims.json").read_text())["claims"]
    for row, line in zip(rows, table.to_dict("records"), strict=True):
        for name, value in line.items():
            missing = isinstance(value, float) and np.isnan(value)
            assert row[name] == (None if missing else value), name
        assert (
            sum(effect is not None for _, effect in row["around"]) == row["neighbours"]
            and 0 <= row["agree"] <= row["neighbours"]
        )
    first = table.iloc[0]
    assert first["low"] < first["effect"] < first["high"] and first["verdict"] in ("inconclusive", "too few")
    assert first["units"] == sum(int(part.split(":")[1]) for part in first["arms"].split())
    for word in table["verdict"].unique():
        assert re.search(rf"^{word}: \d+ \(.*K", said.out, re.MULTILINE)
    assert said.out.endswith("report: ledger/claims.html\n") and "testing claims" in said.err


def test_files_may_follow_one_another(done: tuple[Path, Any], inside: Path) -> None:
    said = chartproof("claims", "K04", "--data", "data/X-1d.csv", "data/Y-1d.csv", "--out", "several")
    assert said.status == 0, said.err
    manifest = json.loads((inside / "several" / "manifest.json").read_text())
    assert set(manifest["data"]) == {"X", "Y"} and manifest["configuration"]["claims"] == ["K04"]


def test_the_same_contract_counts_once(done: tuple[Path, Any]) -> None:
    manifest = json.loads((done[0] / "manifest.json").read_text())
    assert set(manifest["data"]) == {"X", "Y"} and manifest["data"]["X"]["dropped"] == ["X_AGAIN"]
    assert set(manifest["definitions"]) == set(SOME) and len(manifest["fingerprint"]) == 64


def test_the_page_says_what_the_table_says(done: tuple[Path, Any]) -> None:
    page = (done[0] / "claims.html").read_text()
    table = pd.read_parquet(done[0] / "claims.parquet")
    assert "http" not in page.replace("http-equiv", "") and not re.search(r"\bnan\b", page)
    for row in table.itertuples():
        part = page[page.index(f'id="{row.claim}"') :]
        part = part[: part.index("</details>")]
        assert f">{row.verdict}</span>" in part and row.says in part and row.definition in part
        assert f"{row.units:,}</span>" in part
        assert part.count("<svg") == 3, "its figure and two examples"
    manifest = json.loads((done[0] / "manifest.json").read_text())
    assert manifest["fingerprint"][:16] in page and "the same as X_AGAIN, left out" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_number_of_workers_changes_no_byte(done: tuple[Path, Any], inside: Path) -> None:
    again = chartproof("claims", *SOME, *files("X", "Y", "X_AGAIN"), "--out", "one", "--workers", "1")
    assert again.status == 0, again.err
    for path in done[0].iterdir():
        assert path.read_bytes() == (inside / "one" / path.name).read_bytes(), path.name


def test_a_claim_of_ones_own_in_a_file(inside: Path) -> None:
    ask = (
        '[data]\nfiles = ["data/X-1d.csv"]\nfrom = 2020-03-01\n[claims]\nonly = ["X1"]\nown = ["experiments/own.py"]\n'
    )
    (inside / "experiments" / "ledger.toml").write_text(ask + "[costs]\nfee = 0.002\n")
    said = chartproof("claims", "--config", "experiments/ledger.toml", "--out", "own")
    assert said.status == 0, said.err
    (row,) = json.loads((inside / "own" / "claims.json").read_text())["claims"]
    bars = 1500 - 60
    assert row["claim"] == "X1" and row["units"] == len(range(100, bars - 20, 10)) and row["neighbours"] == 1
    manifest = json.loads((inside / "own" / "manifest.json").read_text())
    assert manifest["configuration"]["costs"]["fee"] == 0.002 and len(row["definition"]) == 16
    (inside / "experiments" / "own.py").write_text(OWN.replace("every=10", "every=11"))
    said = chartproof("claims", "--config", "experiments/ledger.toml", "--out", "other")
    (other,) = json.loads((inside / "other" / "claims.json").read_text())["claims"]
    (inside / "experiments" / "own.py").write_text(OWN)
    assert other["definition"] != row["definition"], "another definition, another hash"


def test_what_a_test_is_given_is_in_its_hash() -> None:
    def two(every: int = 7) -> Any:
        return after(every)

    def claim(test: Any, **more: Any) -> Claim:
        return Claim("X2", "It rises.", "own", "bars", test, **more)

    many = [
        claim(partial(after, 5)),
        claim(partial(after, 7)),
        claim(after),
        claim(partial(after, every=5)),
        claim(two),
    ]
    many += [claim(after, also={"beside": two}), claim(after, least=0.1), claim(after, around=({"every": 3},))]
    hashes = [definition(one) for one in many]
    assert len(set(hashes)) == len(hashes) and definition(claim(after)) == hashes[2]
    with pytest.raises(UserError, match=r"claim X2: has the test .*; a function that returns a contrast"):
        definition(claim(3))


def after(every: int = 10) -> Any:
    return Against(lambda _: Events(np.arange(100, 1000, every), np.ones(1)))


WRONG = [
    (("K0x",), "claims: claim 'K0x': is none; did you mean"),
    (("--data", "data/none-1d.csv"), "there is no such file"),
    (
        ("--data", "data/X-1d.csv", "--out", "data"),
        "data: holds files that are no run's; an empty folder, by --out DIR",
    ),
    (("--data", "data/X-1d.csv", "--resume", "--out", "none"), "none: holds no run to resume; leave out --resume"),
    (("--config", "experiments/none.toml"), "experiments/none.toml: there is no such file"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_is_wrong_is_one_line(words: tuple[str, ...], said: str, inside: Path) -> None:
    found = chartproof("claims", *words)
    assert found.status == 2 and found.err.count("error:") == 1 and said in found.err.splitlines()[-1]
    assert not (inside / "none").exists()


TOML = [
    ("[claims]\nonly = ['Q1']\n", "claim 'Q1': is none"),
    ("[claims]\nown = ['experiments/gone.py']\n", "gone.py: there is no such file"),
    ("[claims]\nowns = []\n", "claims.owns: is an unknown key; did you mean 'own'?"),
    ("[costs]\nfee = -1.0\n", "costs.fee: is -1.0"),
    ("[data]\nfiles = ['data/X-1d.csv']\nfrom = 2050-01-01\n", "data.from: X has no bars in it"),
    ("[data\n", "is not TOML"),
]


@pytest.mark.parametrize(("text", "said"), TOML)
def test_what_is_wrong_in_the_file_is_one_line(text: str, said: str, inside: Path) -> None:
    (inside / "experiments" / "wrong.toml").write_text(text)
    found = chartproof("claims", "--config", "experiments/wrong.toml")
    assert found.status == 2 and said in found.err and found.err.startswith("error: ")


BROKEN = [
    ("x = (", "own2.py:1: SyntaxError"),
    ("CLAIMS = (1,)", "own2.py: declares no CLAIMS"),
    ("1 / 0", "own2.py:1: ZeroDivisionError"),
    (OWN.replace('"X1"', '"K01"'), "claim K01: stands twice"),
    (OWN.replace("100, len", "100 / 0, len"), "claim X1: ZeroDivisionError on X"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_broken_claim_of_ones_own_is_one_line(text: str, said: str, inside: Path) -> None:
    (inside / "experiments" / "own2.py").write_text(text)
    ask = '[data]\nfiles = ["data/X-1d.csv"]\n[claims]\nown = ["experiments/own2.py"]\n'
    (inside / "experiments" / "broken.toml").write_text(ask)
    found = chartproof("claims", *(["X1"] if "ZeroDivisionError on" in said else []), "--config",
                       "experiments/broken.toml", "--out", f"broken{len(text)}")  # fmt: skip
    assert found.status == 2 and said in found.err, found.err


def test_killed_and_resumed_it_is_the_same(inside: Path) -> None:
    words = ["claims", "K04", *files("X", "Y"), "--workers", "1", "--out"]
    code = "from framework.cli import main; main()"
    hang = (
        "import framework.experiment.claims as c, time\nreal = c.write\ndef slow(p, b):\n    real(p, b)\n"
        f"    if p.suffix == '.units': print(p.name, flush=True); time.sleep(60)\nc.write = slow\n{code}"
    )
    run = [sys.executable, "-c", hang, *words, "killed"]
    with subprocess.Popen(run, cwd=inside, stdout=subprocess.PIPE, env=env(), text=True) as process:
        assert process.stdout and process.stdout.readline() == "market-0000.units\n"
        process.send_signal(signal.SIGKILL)
    shutil.copytree(inside / "killed", inside / "torn")
    kept = inside / "torn" / "progress" / "market-0000.units"
    kept.write_bytes(kept.read_bytes()[:-5])
    assert chartproof(*words, "whole").status == 0
    for name in ("killed", "torn"):
        assert chartproof(*words, name, "--resume").status == 0
        for path in (inside / "whole").iterdir():
            assert path.read_bytes() == (inside / name / path.name).read_bytes(), path.name
        assert not (inside / name / "progress").exists()


def env() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(HOME)}


def test_the_whole_sample_by_default(inside: Path) -> None:
    said = chartproof("claims", "K01", "--out", "sample")
    assert said.status == 0, said.err
    manifest = json.loads((inside / "sample" / "manifest.json").read_text())
    assert set(manifest["data"]) == {"AAPL", "GOOG", "IBM", "MSFT"}
