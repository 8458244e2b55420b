"""Compiled kernels, cached on disk where a stale one can never be found.

numba keys a cached kernel by the file it stands in and does not notice that a callee or a constant in another file has
changed. So the cache folder's own name is a hash of every source that the kernel's module can reach by imports, and of
the versions that compile it: a changed kernel looks in a folder that does not hold the old one.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, overload

import llvmlite
import numba
import numpy
from numba.core import config as _config

config: Any = _config  # its settings are made at run time, so no type checker knows them

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parent / "data" / "cache" / "kernels"
KEEP = 400  # folders, one a module and version of its sources; the least recently used go first

F = TypeVar("F", bound=Callable[..., Any])


@overload
def kernel(function: F, *, inline: bool = False, lean: bool = False) -> F: ...
@overload
def kernel(function: None = None, *, inline: bool = False, lean: bool = False) -> Callable[[F], F]: ...
def kernel(function: Any = None, *, inline: bool = False, lean: bool = False) -> Any:
    """Compile `function` with numba in nopython mode, fastmath off, GIL released, cached on disk.

    A division by zero is infinite or NaN, as in numpy: a check for it would keep loops from being vectorised.
    lean: it makes no array, so none need be counted: counting the users of every array that is touched costs more than
    the work itself. inline: lean, and put into its callers, for the small ones of inner loops.
    """
    if function is None:
        return lambda given: kernel(given, inline=inline, lean=lean)
    before = config.CACHE_DIR
    folder = _folder(Path(inspect.getfile(function)).resolve())
    config.CACHE_DIR = str(folder) if folder else before
    try:
        options: Any = {"forceinline": inline, "_nrt": not (lean or inline)}
        return numba.njit(cache=folder is not None, nogil=True, error_model="numpy", **options)(function)
    finally:
        config.CACHE_DIR = before


def interrupted(error: BaseException) -> bool:
    """Whether it is the user's interrupt: numba answers with a SystemError where that falls into a kernel's return."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def sources(paths: Iterable[Path]) -> str:
    """A hash of Python sources, by name and content, and of what compiles them."""
    digest = hashlib.sha256()
    for part in (sys.version, numba.__version__, llvmlite.__version__, numpy.__version__):
        digest.update(part.encode() + b"\0")
    for path in sorted(path for path in paths if path.is_file()):  # an editor's lock is a link to nowhere
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


def reach(path: Path) -> set[Path]:
    """The file and every file of this package, or of the file's own folder, that its imports lead to."""
    found, left = {path}, [path]
    while left:
        for other in _imports(left.pop()):
            if other not in found:
                found.add(other)
                left.append(other)
    return found


@cache
def _folder(path: Path) -> Path | None:
    """The cache folder for the kernels of one file; None where nothing can be written."""
    folder = KERNELS / sources(reach(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        with tempfile.TemporaryFile(dir=folder):  # a folder that is there may still refuse files
            _forget()
    except OSError:
        return None
    return folder


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    tree = ast.parse(path.read_bytes())
    return tuple(dict.fromkeys(file for node in ast.walk(tree) for file in _files(node, path)))


def _files(node: ast.AST, path: Path) -> Iterator[Path]:
    """The source files that one import statement leads to."""
    if isinstance(node, ast.ImportFrom) and node.level:
        base = path.parents[node.level - 1]
        yield from _modules([base], node.module, [alias.name for alias in node.names])
    elif isinstance(node, ast.ImportFrom):
        yield from _modules([HERE.parent, path.parent], node.module, [alias.name for alias in node.names])
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield from _modules([HERE.parent, path.parent], alias.name, [])


def _modules(bases: list[Path], dotted: str | None, names: list[str]) -> Iterator[Path]:
    """The files of a module and of those names that are modules of it; a package's own only for its other names."""
    for base in bases:
        place = base.joinpath(*dotted.split(".")) if dotted else base
        inside = [place / f"{name}.py" for name in names]
        yield from (file for file in (place.with_suffix(".py"), *inside) if file.is_file())
        package = place / "__init__.py"
        if package.is_file() and not (names and all(file.is_file() for file in inside)):
            yield package


def _forget() -> None:
    folders = [path for path in KERNELS.iterdir() if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in folders[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
