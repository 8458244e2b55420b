"""A run that is killed again and again, and gone on with each time, ends as one that nothing disturbed."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from .believed import files, home, ran, written

# Where to kill: at the n-th write to the disk after a stage's word, 0: at the word itself; or at the n-th event of all.
Kill: TypeAlias = tuple[str, int]

HOME = Path(__file__).parents[2]
OPTIONS = (
    "search.trials = 14", "search.batch = 4", "strategy.width = [1, 2]", "windows.test = '5m'", "chance.draws = 0",
    "combinatorial.groups = 3", "combinatorial.tested = 1", "chance.permutations = 2", "variants = ['aggressive']",
    "search.folds = 3", "gallery = 1",
)  # fmt: skip
FEWER = (*OPTIONS, "windows.test = '9m'", "-combinatorial", "chance.permutations = 0")
# Each life of the run is a child of its own, forked once all is imported; it kills itself as a power cut would.
DRIVER = """
import json, os, signal, sys
import matplotlib.figure, optuna
import framework.report.page, framework.study.learning
from framework.experiment.beside import run
toml, out, kills = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])

def life(kill, resume, workers):
    seen = {"word": "", "writes": 0, "all": 0, "over": False}
    def die(reached):
        seen["all"] += 1
        if kill and (reached or (kill[0] == "event" and seen["all"] >= kill[1])):
            os.kill(os.getpid(), signal.SIGKILL)
    def told(stage, done, total):
        seen["word"], seen["writes"] = f"{stage}, {done}", 0
        seen["over"] = seen["over"] or bool(kill and seen["word"] == kill[0])
        die(kill and kill[1] == 0 and seen["over"])
    real = os.fsync
    def fsync(handle):
        seen["writes"] += 1
        die(kill and kill[1] and seen["over"] and seen["writes"] >= kill[1])
        real(handle)
    os.fsync = fsync
    run(toml, out=out, resume=resume, told=told, workers=workers)

lives = []
for n, kill in enumerate([*kills, None]):
    begun = os.path.exists(os.path.join(out, "manifest.json"))
    child = os.fork()
    if not child:
        status = 1
        try:
            life(kill, begun, n % 3 + 1)
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    lives.append("killed" if killed else os.waitstatus_to_exitcode(status))
    if lives[-1] != "killed":
        break
print(json.dumps(lives))
"""
STORED: list[Kill] = [("window 1 of 1, 4", 0), ("window 1 of 1, 8", 0), ("chance, 1", 5)]
PLACES: list[Kill] = [("window 2 of 2, 4", 3), ("bars in random order, 1", 0), ("chance, 1", 5)]


def lived(place: Path, toml: Path, kills: Sequence[Kill]) -> tuple[list[str | int], Path]:
    """How each life of the run ended, and its folder. Paths of databases are relative to the workspace."""
    words = [sys.executable, "-c", DRIVER, str(toml), str(place / "out"), json.dumps(kills)]
    paths = {"PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(words, cwd=place, env=os.environ | paths, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), place / "out"


def same(place: Path, other: Path) -> None:
    """Everything that the two runs wrote, the page too, and nothing of what was only kept for going on."""
    assert sorted(files(place)) == sorted(files(other)) and "report.html" in files(place)
    assert files(place) == files(other)
    assert not (place / "progress").exists() and not [path for path in place.iterdir() if path.name[0] == "."]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run."""
    place = home(tmp_path_factory.mktemp("whole"), 700)
    lives, folder = lived(place, written(place, *OPTIONS), [])
    assert lives == [0]
    return folder


def test_killed_in_the_search_in_the_orders_and_while_files_are_written(whole: Path, tmp_path: Path) -> None:
    place = home(tmp_path / "place", 700)
    lives, folder = lived(place, written(place, *OPTIONS), PLACES)
    assert lives == ["killed"] * 3 + [0]
    same(folder, whole)
    ledgers = [files(one.parent / "reports" / "ledger") for one in (folder, whole)]
    assert ledgers[0] == ledgers[1] and len(ledgers[0]) == 1


def test_the_number_of_threads_changes_no_byte(whole: Path, tmp_path: Path) -> None:
    three = files(ran(home(tmp_path, 700), *OPTIONS, out=tmp_path / "out", workers=3))
    one = files(whole)
    assert three.pop("report.html") != one.pop("report.html"), "it is not drawn again here"
    assert three == one


# In their order; what lies between two of them is more than a life that ends at random can do.
SEARCHING: list[Kill] = [
    ("window 1 of 2, 4", 0), ("window 1 of 2, 8", 2), ("window 2 of 2, 4", 3), ("split 1 of 3, 4", 1),
    ("split 2 of 3, 8", 0), ("split 3 of 3, 4", 5),
]  # fmt: skip
AFTER: list[Kill] = [
    ("testing, 0", 0), ("bars in random order, 0", 1), ("bars in random order, 1", 0), ("chance, 1", 2),
    ("chance, 1", 5), ("report, 0", 0),
]  # fmt: skip


@pytest.mark.slow
def test_killed_twenty_times_at_random(whole: Path, tmp_path: Path) -> None:
    place, drawn = home(tmp_path / "place", 700), random.Random(11)
    kills: list[Kill] = []
    for at in SEARCHING:
        kills += [at, ("event", drawn.randint(2, 30))]
    kills += [("event", drawn.randint(2, 30)) for _ in range(2)] + AFTER
    lives, folder = lived(place, written(place, *OPTIONS), kills)
    assert lives == ["killed"] * 20 + [0]
    same(folder, whole)


def studies(url: str) -> dict[str, list[Any]]:
    """Every study's trials in their order, with parameters, values and states; taken out of the database."""
    import optuna  # noqa: PLC0415

    storage, found = optuna.storages.RDBStorage(url), {}
    for study in storage.get_all_studies():
        found[study.study_name] = [
            (one.number, one.params, one.values, one.state.name, one.intermediate_values)
            for one in storage.get_all_trials(study._study_id)
        ]
        storage.delete_study(study._study_id)
    storage.remove_session()
    storage.engine.dispose()
    return found


@pytest.mark.slow
def test_studies_in_a_database_of_a_file(tmp_path: Path) -> None:
    tables, folders = [], []
    for name, at in (("whole", []), ("cut", STORED)):
        place = home(tmp_path / name, 700)
        lives, folder = lived(place, written(place, *FEWER, "search.storage = 'sqlite:///study.db'"), at)
        assert lives == ["killed"] * len(at) + [0]
        tables.append(studies(f"sqlite:///{place / 'study.db'}"))
        folders.append(folder)
    assert tables[0] == tables[1]
    (trials,) = tables[0].values()
    assert [trial[0] for trial in trials] == list(range(14))
    states = {trial[3] for trial in trials}
    assert states <= {"COMPLETE", "PRUNED"} and "COMPLETE" in states
    same(folders[1], folders[0])


def test_a_database_and_a_journal_choose_the_same(whole: Path, tmp_path: Path) -> None:
    place = home(tmp_path / "place", 700)
    folder = ran(place, *OPTIONS, "search.storage = 'memory'", out=tmp_path / "out")
    for name in ("trials", "trades", "equity", "windows", "chance"):
        assert files(folder)[f"{name}.parquet"] == files(whole)[f"{name}.parquet"]


DRIVERS = [name for name in ("psycopg", "psycopg2", "pg8000") if importlib.util.find_spec(name)]


@contextmanager
def postgres() -> Iterator[str]:
    """A server of its own on a port that is free; its URL. It will not be run by root."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        if root:
            shutil.chown(folder, "postgres")

        def do(*words: str) -> None:
            user = ["runuser", "-u", "postgres", "--"] if root else []
            subprocess.run([*user, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

        do("initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust")
        options = f"-p {port} -h 127.0.0.1 -k {folder}"
        do("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql+{DRIVERS[0]}://postgres@127.0.0.1:{port}/postgres"
        finally:
            do("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("initdb") and shutil.which("pg_ctl") and DRIVERS), reason="PostgreSQL or its driver is not there"
)
def test_studies_in_a_database_of_a_server(tmp_path: Path) -> None:
    tables, folders = [], []
    with postgres() as url:
        for name, at in (("whole", []), ("cut", STORED)):
            place = home(tmp_path / name, 700)
            lives, folder = lived(place, written(place, *FEWER, f"search.storage = '{url}'"), at)
            assert lives == ["killed"] * len(at) + [0]
            tables.append(studies(url))
            folders.append(folder)
    assert tables[0] == tables[1] and len(tables[0]) == 1
    same(folders[1], folders[0])
