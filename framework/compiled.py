"""Compiled kernels, cached on disk where a stale one can never be found.

numba keys a cached kernel by the file it stands in and does not notice that a callee in another
file has changed. So the cache folder's own name is a hash of every source the kernel could reach
(all of this package, and the folder of the kernel when it stands elsewhere) and of the versions
that compile it: a changed kernel looks in a folder that does not hold the old one.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite
import numba
import numpy
from numba.core import config as _config

config: Any = _config  # its settings are made at run time, so no type checker knows them

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parent / "data" / "cache" / "kernels"
KEEP = 4  # folders of earlier versions, so that switching between two branches compiles nothing

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` with numba in nopython mode, fastmath off, GIL released, cached on disk."""
    before = config.CACHE_DIR
    folder = _folder(Path(inspect.getfile(function)).resolve().parent)
    config.CACHE_DIR = str(folder) if folder else before
    try:
        return cast(F, numba.njit(cache=folder is not None, nogil=True)(function))
    finally:
        config.CACHE_DIR = before


def sources(*folders: Path) -> str:
    """A hash of all Python sources in `folders` and of what compiles them."""
    digest = hashlib.sha256()
    for part in (sys.version, numba.__version__, llvmlite.__version__, numpy.__version__):
        digest.update(part.encode() + b"\0")
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


@cache
def _folder(home: Path) -> Path | None:
    """The cache folder for kernels that stand in `home`; None where nothing can be written."""
    inside = home == HERE or HERE in home.parents
    folder = KERNELS / sources(*([HERE] if inside else [HERE, home]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        _forget(folder)
    except OSError:
        return None
    return folder


def _forget(current: Path) -> None:
    others = [path for path in KERNELS.iterdir() if path.is_dir() and path != current]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in others[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
