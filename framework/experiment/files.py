"""A run's folder: what it holds, written whole or not at all, and what makes two runs the same run."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError

MANIFEST = "manifest.json"
PROGRESS = "progress"
PART = ".part"  # ends the name of a file that is being written


def digest(content: Mapping[str, Any]) -> str:
    """A hash of plain data: equal content, equal hash."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=True).encode()).hexdigest()


def write(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: a reader finds the old file or the new one, never a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """JSON that any reader takes: what is not a number is null. Keys keep their order."""
    write(path, (json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """A table with the same bytes for the same content."""
    write(path, table.to_parquet(None, index=False, compression="zstd"))


def plain(value: Any) -> Any:
    """Python's own types throughout; NaN, NaT and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if hasattr(value, "isoformat"):
        return None if value is pd.NaT else value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Folder:
    """The folder of one run, known by its identity: configuration, data, sources, versions and seed."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path, self.identity = path, identity

    def claim(self, resume: bool) -> None:
        """Make the folder this run's. Raises UserError where it holds anything else, or nothing to resume."""
        manifest = self.path / MANIFEST
        if self.path.exists() and not self.path.is_dir():
            raise UserError(str(self.path), "is a file", "a folder, by --out DIR")
        held = self._held(manifest)
        if held is None and self.path.is_dir() and any(p.name[0] != "." for p in self.path.iterdir()):
            raise UserError(str(self.path), "holds files that are no run's", "an empty folder, by --out DIR")
        if held is not None and held != self.identity:
            raise UserError(
                str(self.path), "holds another run (configuration, data or code differ)", "another folder, by --out DIR"
            )
        if resume and held is None:
            raise UserError(str(self.path), "holds no run to resume", "leave out --resume")
        if not resume:
            for old in (self.path / PROGRESS).glob("*"):
                old.unlink()

    def _held(self, manifest: Path) -> str | None:
        if not manifest.is_file():
            return None
        try:
            return str(json.loads(manifest.read_text(encoding="utf-8"))["identity"])
        except (ValueError, KeyError, TypeError, OSError):
            raise UserError(str(manifest), "is damaged", "another folder, by --out DIR") from None

    def saved(self, name: str) -> list[dict[str, Any]] | None:
        """The rows that a finished part has kept, as a search its trials; None when it is not finished."""
        path = self.path / PROGRESS / f"{name}.json"
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            rows = content["rows"]
            return rows if content["sum"] == digest({"rows": rows}) else None
        except (ValueError, KeyError, TypeError, OSError):
            return None

    def save(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of a finished part; NaN and every bit of a float survive."""
        content = {"sum": digest({"rows": rows}), "rows": rows}
        write(self.path / PROGRESS / f"{name}.json", json.dumps(content).encode())

    def journal(self, name: str) -> Path:
        """Where a search that is under way keeps what it has learned."""
        return self.path / PROGRESS / f"{name}.journal"

    def finish(self) -> None:
        """The run is whole: what was only kept for resuming, or left by a killed run, can go."""
        for old in [*(self.path / PROGRESS).glob("*"), *self.path.glob(f".*{PART}")]:
            old.unlink()
        if (self.path / PROGRESS).is_dir():
            (self.path / PROGRESS).rmdir()
