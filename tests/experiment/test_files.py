"""A run's folder: written whole or not at all, claimed by one run, resumed from what is undamaged."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment.files import Folder, digest, plain, write, write_json, write_parquet

from . import content

NAN, INF = float("nan"), float("inf")
TRIALS: list[dict[str, Any]] = [{"number": 0, "score": NAN, "values": {"length": 7}, "feasible": False}]
RUN = '{"identity": "me"}'


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full once something is to be kept on it."""

    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)


def test_write(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    write(path, b"first, and longer")
    write(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644  # others may read a report


@pytest.mark.usefixtures("full_disk")
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space left"):
        write(path, b"new")
    assert content(tmp_path) == {str(path): b"old"}


@pytest.mark.usefixtures("full_disk")
def test_a_first_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "x.json", b"new")
    assert content(tmp_path) == {}


def test_a_write_that_is_stopped_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"new")
    assert content(tmp_path) == {str(path): b"old"}


def test_json_has_no_nan(tmp_path: Path) -> None:
    values = {"b": NAN, "a": [INF, -INF, np.float64("nan"), (1.5, np.int64(2))], "c": {"d": pd.NaT, "e": None, 3: True}}
    write_json(tmp_path / "x.json", values)
    text = (tmp_path / "x.json").read_text(encoding="utf-8")

    def no_constant(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(text, parse_constant=no_constant) == {
        "b": None,
        "a": [None, None, None, [1.5, 2]],
        "c": {"d": None, "e": None, "3": True},
    }
    assert list(json.loads(text)) == ["b", "a", "c"] and text.endswith("}\n")


def test_json_that_cannot_be_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("old")
    with pytest.raises(TypeError):
        write_json(tmp_path / "x.json", {"a": object()})
    assert content(tmp_path) == {str(tmp_path / "x.json"): b"old"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.float64(0.1), 0.1),
        (np.int64(3), 3),
        (np.datetime64("2020-01-31T12:30", "us"), "2020-01-31T12:30:00"),
        (np.datetime64("NaT"), None),
        (pd.Timestamp("2020-01-31", tz="UTC"), "2020-01-31T00:00:00+00:00"),
        (date(2020, 1, 31), "2020-01-31"),
        ("größe", "größe"),
        (2**70, 2**70),
    ],
)
def test_plain(value: object, said: object) -> None:
    found = plain({"x": value})["x"]
    assert found == said and type(found) is type(said)


def test_digest() -> None:
    assert digest({}) == hashlib.sha256(b"{}").hexdigest()
    assert digest({"b": 1, "a": [NAN, 0.1]}) == hashlib.sha256(b'{"a": [NaN, 0.1], "b": 1}').hexdigest()
    assert len({digest({"a": value}) for value in (1, 1.0, True, "1", None, [1])}) == 6


def test_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    def table() -> pd.DataFrame:
        days = pd.date_range("2020-01-01", periods=3, tz="UTC")
        return pd.DataFrame({"time": days, "r": [0.1, NAN, -INF], "why": ["a", "", None]}, index=[7, 8, 9])

    for name in ("a", "b"):
        write_parquet(tmp_path / name, table())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a"), table().reset_index(drop=True))


def claimed(folder: Path, resume: bool = False) -> str:
    """What is said against a claim of `folder`, empty when nothing; a refused claim must not change anything."""
    before = content(folder.parent)
    try:
        Folder(folder, "me").claim(resume)
    except UserError as error:
        assert content(folder.parent) == before
        return str(error).removeprefix(f"{folder}")
    return ""


def test_a_folder_that_is_free(tmp_path: Path) -> None:
    assert claimed(tmp_path / "new") == "" == claimed(tmp_path / "new" / "deeper")
    assert not (tmp_path / "new").exists()  # what is claimed is not yet written
    (tmp_path / "hidden").mkdir()
    assert claimed(tmp_path / "hidden") == ""
    (tmp_path / "hidden" / ".DS_Store").touch()
    assert claimed(tmp_path / "hidden") == ""


@pytest.mark.parametrize("resume", [False, True])
def test_folders_that_are_not_free(tmp_path: Path, resume: bool) -> None:
    (tmp_path / "file").touch()
    assert claimed(tmp_path / "file", resume) == ": is a file; a folder, by --out DIR"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    assert claimed(tmp_path / "photos", resume) == ": holds files that are no run's; an empty folder, by --out DIR"
    (tmp_path / "photos" / "manifest.json").mkdir()
    assert claimed(tmp_path / "photos", resume) == ": holds files that are no run's; an empty folder, by --out DIR"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"identity": "another"}')
    said = ": holds another run (configuration, data or code differ); another folder, by --out DIR"
    assert claimed(tmp_path / "other", resume) == said


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b"null", b'"me"', b'\xff{"identity": "me"}'])
def test_a_damaged_manifest(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_bytes(manifest)
    assert claimed(tmp_path / "run") == "/manifest.json: is damaged; another folder, by --out DIR"


def test_nothing_to_resume(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        assert claimed(folder, resume=True) == ": holds no run to resume; leave out --resume"


def test_its_own_folder_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "run", "me")
    folder.save("window-0000", TRIALS)
    (tmp_path / "run" / "manifest.json").write_text(RUN)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert claimed(tmp_path / "run", resume=True) == "" and folder.saved("window-0000") is not None
    assert claimed(tmp_path / "run") == "" and folder.saved("window-0000") is None  # begun afresh
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_trials_come_back_to_the_bit(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "me")
    assert folder.saved("window-0003") is None
    values = [0.1 + 0.2, 5e-324, -0.0, 1e300, NAN, INF, -INF, 2**60, True, "größe", None]
    folder.save("window-0003", [{"values": values}])
    found = (folder.saved("window-0003") or [])[0]["values"]
    assert [repr(value) for value in found] == [repr(value) for value in values]
    assert math.copysign(1, found[2]) == -1
    assert folder.saved("window-0002") is None


SUM = digest({"rows": [1]})
DAMAGED = [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"rows": [1]}', b'{"sum": "x", "rows": [1]}']
DAMAGED += [b'{"rows": [2], "sum": "%s"}' % SUM.encode(), b'{"rows": [1], "sum": "%s"' % SUM.encode()]


@pytest.mark.parametrize("progress", DAMAGED)
def test_damaged_progress_is_none(tmp_path: Path, progress: bytes) -> None:
    folder = Folder(tmp_path, "me")
    folder.save("window-0000", [{"number": 1}])
    path = tmp_path / "progress" / "window-0000.json"
    assert list(path.parent.iterdir()) == [path] and folder.saved("window-0000") == [{"number": 1}]
    path.write_bytes(progress)
    assert folder.saved("window-0000") is None


def test_any_byte_that_changes_is_damage(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "me")
    folder.save("window-0000", TRIALS)
    path = tmp_path / "progress" / "window-0000.json"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert folder.saved("window-0000") is None, at
        path.write_bytes(whole[:at])
        assert folder.saved("window-0000") is None, at


def test_finish_takes_away_what_only_the_run_needed(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "me")
    folder.save("window-0000", TRIALS)
    killed = [tmp_path / "progress" / ".window-0001.json.ab12.part", tmp_path / ".summary.json.cd34.part"]
    mine = [tmp_path / ".travis.yml", tmp_path / ".env.local", tmp_path / "manifest.json"]
    for path in killed + mine:
        path.touch()
    for _ in range(2):
        folder.finish()
        assert sorted(tmp_path.iterdir()) == sorted(mine)


def test_what_a_killed_write_leaves_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # a killed process does not clear up
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "summary.json", b"{}")
    assert len(content(tmp_path)) == 1
    assert claimed(tmp_path) == ""
    Folder(tmp_path, "me").finish()
    assert content(tmp_path) == {}
