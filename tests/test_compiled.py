"""Compiled kernels: found again in the next process, never after one of their sources has changed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from numba.core import config

from framework import compiled

# A kernel that calls one in another file, over a third, once with ours and once with numba's own cache.
INNER = "{decorator}\ndef inner(x):\n    return x + {number}\n\nNUMBER = {number}00\n"
MIDDLE = "from inner import NUMBER, inner\n"
OUTER = "from middle import NUMBER, inner\n{decorator}\ndef outer(x):\n    return 10 * inner(x) + NUMBER\n"
OURS = "from framework.compiled import kernel\n@kernel"
PLAIN = "import numba\n@numba.njit(cache=True)"
# Prints for each: the answer, what was taken from the cache, what was compiled.
PROCESS = """
import json, sys
from pathlib import Path
from framework import compiled
compiled.KERNELS = Path(sys.argv[1])
said = {}
for name in ("ours", "plain"):
    sys.path.insert(0, sys.argv[2] + "/" + name)
    for module in ("inner", "middle", "outer"):
        sys.modules.pop(module, None)
    import outer
    answer = outer.outer(1)
    stats = outer.outer.stats
    said[name] = [answer, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]
    sys.path.pop(0)
print(json.dumps(said))
"""


def placed(folder: Path, number: int) -> None:
    """The files of either kind; only the inner one holds the number, and only it is written again."""
    for name, decorator in (("ours", OURS), ("plain", PLAIN)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "inner.py").write_text(INNER.format(decorator=decorator, number=number))
        if not (folder / name / "outer.py").exists():
            (folder / name / "middle.py").write_text(MIDDLE)
            (folder / name / "outer.py").write_text(OUTER.format(decorator=decorator))


def process(folder: Path) -> dict[str, list[int]]:
    words = [sys.executable, "-c", PROCESS, str(folder / "kernels"), str(folder)]
    home = compiled.HERE.parent
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=home)
    return json.loads(done.stdout)


def test_a_change_in_another_file_is_never_served_stale(tmp_path: Path) -> None:
    placed(tmp_path, 1)
    assert process(tmp_path) == {"ours": [120, 0, 1], "plain": [120, 0, 1]}
    (tmp_path / "ours" / "unrelated.py").touch()
    assert process(tmp_path) == {"ours": [120, 1, 0], "plain": [120, 1, 0]}  # nothing is compiled again
    placed(tmp_path, 2)
    changed = process(tmp_path)
    assert changed["ours"] == [230, 0, 1]
    assert changed["plain"] == [120, 1, 0], "numba's own cache notices by now: this test could not fail"
    placed(tmp_path, 1)
    assert process(tmp_path)["ours"] == [120, 1, 0]  # back on the branch before: its folder is still there
    assert not list((tmp_path / "ours").rglob("*.nb[ic]"))


def of(folder: Path, name: str = "some") -> Any:
    """A kernel that stands in a file of its own in `folder`."""
    path = folder / f"{name}.py"
    path.write_text(f"from framework.compiled import kernel\n@kernel\ndef {name}(x):\n    return x + 1\n")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for compiled kernels that is not there yet."""
    monkeypatch.setattr(compiled, "KERNELS", tmp_path / "cache" / "kernels")
    return tmp_path / "cache" / "kernels"


def home(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_kernels_lie_where_they_should(kernels: Path, tmp_path: Path) -> None:
    before = config.CACHE_DIR
    found = of(home(tmp_path, "a"))
    assert found(1) == 2
    (folder,) = kernels.iterdir()
    assert folder in Path(found.stats.cache_path).parents and list(folder.rglob("*.nbc"))
    assert found.targetoptions.get("nogil") and not found.targetoptions.get("fastmath")
    assert before == config.CACHE_DIR


def test_a_folder_that_cannot_be_made(kernels: Path, tmp_path: Path) -> None:
    kernels.parent.write_text("a file where the folder should be")
    a = home(tmp_path, "a")
    found = of(a)
    assert found(1) == 2 and found.stats.cache_path is None
    assert not list(tmp_path.rglob("*.nb[ic]"))


def test_a_folder_that_cannot_be_written(kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else numba would cache beside the source, where it serves stale kernels."""

    def refuse(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    found = of(home(tmp_path, "a"))
    monkeypatch.undo()
    assert found(1) == 2 and found.stats.cache_path is None
    assert not list(tmp_path.rglob("*.nb[ic]"))


def test_few_folders_are_kept_and_those_used_last(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_kernels = [path for path in compiled.HERE.rglob("*.py") if "@kernel" in path.read_text()]
    assert 8 * len(with_kernels) < compiled.KEEP, "fewer, and a process that needs all of them compiles some anew"
    monkeypatch.setattr(compiled, "KEEP", 4)
    kernels.mkdir(parents=True)
    (kernels / "notes.txt").touch()
    for age in range(9):
        (kernels / f"old{age}").mkdir()
        (kernels / f"old{age}" / "x.nbc").touch()
        os.utime(kernels / f"old{age}", (1e9 - age, 1e9 - age))
    used = Path(of(home(tmp_path, "a")).stats.cache_path).parent
    assert {path.name for path in kernels.iterdir()} == {used.name, "old0", "old1", "old2", "notes.txt"}
    os.utime(used, (1e9 - 99, 1e9 - 99))
    of(home(tmp_path, "b"), "other")
    left = {path.name for path in kernels.iterdir()}
    assert len(left) == 5 and left >= {"old0", "old1", "old2"} and used.name not in left


REACHED = """
import numpy, direct, package.inside
import nowhere.near
from star import *
from . import beside
from .below import thing
from package import module
from other import name
from framework.compiled import kernel
if True:
    def late():
        import within
"""


def test_reach(tmp_path: Path) -> None:
    """Every form of import leads to its file, over any number of files, in circles too; nothing else is reached."""
    files = {
        "start.py": REACHED,
        "direct.py": "import indirect",
        "indirect.py": "import start, direct",
        "package/__init__.py": "import never",
        "package/inside.py": "from .deep.er import x\nfrom .. import up",
        "package/module.py": "",
        "package/deep/er.py": "",
        "other/__init__.py": "from .part import name",
        "other/part.py": "",
        **dict.fromkeys(["star.py", "beside.py", "below.py", "within.py", "up.py", "never.py", "unrelated.py"], ""),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = compiled.reach(tmp_path / "start.py")
    mine = {str(path.relative_to(tmp_path)) for path in found if tmp_path in path.parents}
    assert mine == set(files) - {"unrelated.py", "never.py", "package/__init__.py"}
    theirs = {str(path.relative_to(compiled.HERE)) for path in found if tmp_path not in path.parents}
    assert theirs == {"compiled.py"}


def test_kernels_of_the_framework_reach_what_they_call() -> None:
    """What decides their results is in their hash; what does not, is not: the page may change without compiling."""
    found = {str(path.relative_to(compiled.HERE)) for path in compiled.reach(compiled.HERE / "entries.py")}
    assert found >= {"entries.py", "compiled.py", "structure/swings.py", "indicators.py", "bars.py"}
    assert not {path for path in found if path.startswith(("report", "experiment", "cli"))}


def test_the_hash_of_sources(tmp_path: Path) -> None:
    def made(name: str, files: dict[str, str]) -> str:
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        return compiled.sources((tmp_path / name).rglob("*.py"))

    whole = made("a", {"x.py": "1", "in/y.py": "2"})
    assert made("b", {"in/y.py": "2", "x.py": "1"}) == whole  # wherever the checkout lies
    (tmp_path / "a" / ".#x.py").symlink_to("someone@nowhere.1")  # an editor's lock on an unsaved file
    (tmp_path / "a" / "folder.py").mkdir()
    assert compiled.sources((tmp_path / "a").rglob("*.py")) == whole
    others = [
        {"x.py": "1", "in/y.py": "3"},
        {"x.py": "2", "in/y.py": "1"},
        {"x.py": "1", "in/z.py": "2"},
        {"x.py": "1"},
        {"x.py": "1", "in/y.py": "2", "z.py": ""},
    ]
    hashes = {made(f"other{i}", files) for i, files in enumerate(others)}
    assert len(hashes) == len(others) and whole not in hashes


def test_other_versions_are_other_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {compiled.sources([])}
    for module in (compiled.numba, compiled.llvmlite, compiled.numpy):
        with monkeypatch.context() as patch:
            patch.setattr(module, "__version__", "0")
            hashes.add(compiled.sources([]))
    monkeypatch.setattr(sys, "version", "0")
    assert len(hashes | {compiled.sources([])}) == 5
