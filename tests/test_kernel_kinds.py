"""Kernels that count no users of their arrays, and those put into their callers: the same answers, cached as well."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework import compiled

ROOT = compiled.HERE.parent
# The same little work as a kernel of each kind, called by another kernel, over arrays that others hold too.
KINDS = """
import numpy as np
from framework.compiled import kernel
@kernel{options}
def work(x, out, by):
    best = 0.0
    for i in range(len(x)):
        out[i] = x[i] / by
        best = max(best, out[i])
    return best
@kernel
def around(x, times):
    out = np.empty_like(x)
    total = 0.0
    for t in range(times):
        total += work(x, out, t + 1.0)
    return total, out
def asked():
    x = np.arange(5.0)
    made = [around(x, 3), around(x, 3), (work(x, x, 2.0), x), (work(np.ones(1), np.ones(1), 0.0), np.ones(1))]
    return [[value, array.tolist()] for value, array in made]
"""
ASK = """
import importlib, json, sys
from pathlib import Path
from framework import compiled
compiled.KERNELS = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
said = {}
for name in sys.argv[3:]:
    kinds = importlib.import_module(name)
    answers, stats = kinds.asked(), [kinds.around.stats, kinds.work.stats]
    counts = [[sum(each.values()) for each in (one.cache_hits, one.cache_misses)] for one in stats]
    said[name] = [answers, *counts]
print(json.dumps(said))
"""


def test_kernels_of_every_kind(tmp_path: Path) -> None:
    """They say the same, a division by zero is infinite, and the next process compiles nothing."""
    kinds = {"plain": "", "lean": "(lean=True)", "inline": "(inline=True)", "neither": "(inline=False, lean=False)"}
    for name, options in kinds.items():
        (tmp_path / f"{name}.py").write_text(KINDS.format(options=options))

    def process() -> Any:
        words = [sys.executable, "-c", ASK, str(tmp_path / "kernels"), str(tmp_path), *kinds]
        return json.loads(subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT).stdout)

    wanted = [[4 + 2 + 4 / 3, [0, 1 / 3, 2 / 3, 1, 4 / 3]]] * 2 + [[2, [0, 0.5, 1, 1.5, 2]], [math.inf, [1.0]]]
    assert process() == {name: [wanted, [0, 1], [0, 1]] for name in kinds}
    assert process() == {name: [wanted, [1, 0], [1, 0]] for name in kinds}


@pytest.mark.parametrize("options", [{"lean": True}, {"inline": True}])
def test_a_lean_kernel_keeps_its_arrays_alive(options: dict[str, bool]) -> None:
    """Their users are not counted while it runs; afterwards they are there, and go when nobody holds them."""

    @compiled.kernel(**options)
    def last(x: Any, y: Any) -> Any:
        best = x[0]
        for i in range(len(x)):
            best = max(best, x[i] * y[i])
        return best

    x, y = np.arange(100.0), np.ones(100)
    before = sys.getrefcount(x)
    for _ in range(50):
        assert last(x, y[:]) == 99.0
    assert sys.getrefcount(x) == before
    view = weakref.ref(y)
    del y
    assert view() is None


def test_options_are_those_of_a_kernel() -> None:
    plain, lean, inline = compiled.kernel(twice), compiled.kernel(lean=True)(twice), compiled.kernel(inline=True)(twice)
    assert [made(21) for made in (plain, lean, inline)] == [42] * 3
    for made in (plain, lean, inline):
        assert made.targetoptions["nogil"] and not made.targetoptions.get("fastmath")
        assert made.targetoptions["error_model"] == "numpy" and made.py_func is twice


def twice(x: int) -> int:
    return 2 * x
