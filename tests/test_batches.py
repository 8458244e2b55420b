"""Sets that share a batch do not know of one another: nothing but the speed depends on how they are put together."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework import batches, reads
from framework import memo as memory
from framework.bars import Bars
from framework.params import choice
from framework.setups import Setups
from framework.signals import Signals, as_setups
from framework.simulation import Exits, Terms, batch
from framework.sources import load
from framework.sweep import sweep
from framework.workspace import Strategy, load_strategy

from .sweeping import compare, market, table

HERE = Path(__file__).resolve().parents[1]
RSI = load_strategy(HERE / "tests" / "bench", "rsi_levels")
SPACE: dict[str, Any] = {
    "rsi_period": [2, 4, 25], "oversold": [5.0, 30.0, 45.0], "exits.target_r": [None, 1.0],
    "exits.trail": [False, True], "exits.fill": ["open", "close"], "sizing.risk": [None, 0.02],
    "exits.time_stop": [None, 5],
}  # fmt: skip


def equal(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """To the last bit."""
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.fixture(scope="module")
def walk() -> Bars:
    return market(3000, 11)


@pytest.fixture(scope="module")
def truth(walk: Bars) -> pd.DataFrame:
    return sweep(walk[:], RSI, SPACE, workers=1)


def test_they_equal_simulate(walk: Bars, truth: pd.DataFrame) -> None:
    compare(truth.iloc[::7], walk, RSI)


@pytest.mark.parametrize("workers", [2, 3, 5, 64, 0])
def test_the_number_of_workers(workers: int, walk: Bars, truth: pd.DataFrame) -> None:
    equal(sweep(walk[:], RSI, SPACE, workers=workers), truth)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (batches, "ORDERS", 1),
        (batches, "ORDERS", 300),
        (batch, "TILE", 7),
        (batch, "TILE", 1000),
        (batches, "LISTS", 1),
        (batches, "RULES", 1),
        (reads, "KEPT", 1),
        (memory, "MEMO_BYTES", 1),
    ],
)
def test_the_size_of_everything(
    place: Any, name: str, value: int, workers: int, walk: Bars, truth: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of batches, tiles and what is remembered."""
    assert getattr(place, name) > value
    monkeypatch.setattr(place, name, value)
    equal(sweep(walk[:], RSI, SPACE, workers=workers), truth)


def test_the_order_and_the_number_of_times(walk: Bars, truth: pd.DataFrame) -> None:
    rng = np.random.default_rng(4)
    sets = truth[list(SPACE)]
    for count in (3, 40, 500):
        rows = rng.integers(len(sets), size=count)
        found = sweep(walk[:], RSI, sets.iloc[rows], workers=2)
        equal(found.iloc[:, len(SPACE) :], truth.iloc[rows, len(SPACE) :].reset_index(drop=True))


def test_what_was_computed_before(walk: Bars, truth: pd.DataFrame) -> None:
    bars = walk[:]
    sweep(bars, RSI, SPACE | {"exits.swing_width": 2, "exits.trail": True, "costs.borrow": 0.1, "entry": "aggressive"})
    equal(sweep(bars, RSI, SPACE), truth)


def test_what_is_written_into_no_room_is_never_read(
    walk: Bars, truth: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch)
    equal(sweep(walk[:], RSI, SPACE), truth)


def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill rooms that hold nothing yet with numbers that would be believed."""

    def poisoned(make: Callable[[int], Any]) -> Callable[[int], Any]:
        def made(count: int) -> Any:
            room = make(count)
            for column in room:
                column[:] = 1
            return room

        return made

    monkeypatch.setattr(batch, "touch_room", poisoned(batch.touch_room))
    monkeypatch.setattr(batch, "room", poisoned(batch.room))


@dataclass(frozen=True)
class Params:
    wide: bool = choice(False, among=(False, True))
    late: bool = choice(False, among=(False, True))
    left: int = choice(3, among=tuple(range(8)))
    right: int = choice(3, among=tuple(range(8)))
    leave: int = choice(5, among=(2, 5, 30))


def branching() -> Strategy:
    """A rule that looks at some of its parameters only where others say so, often without any setup."""

    def find(bars: Bars, p: Params) -> Setups:
        n = len(bars)
        number = (p.left if p.wide else 3) * 8 + (p.right if p.late else 3)
        rng = np.random.default_rng(number)
        share = 0.0 if number % 3 == 0 else 0.05 if number % 3 == 1 else 0.002
        return as_setups(bars, Signals(rng.random(n) < share, short_entry=rng.random(n) < share / 2), "branching")

    def leave(bars: Bars, p: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        out = np.arange(len(bars)) % (p.leave if p.late else 7) == 0
        return out, out

    return Strategy("branching", HERE / "branching.py", "", "", Params, find, leave, None, stands=False)


@pytest.mark.parametrize("seed", range(6))
def test_sets_without_entries_and_rules_that_read_now_this_now_that(
    seed: int, walk: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch)
    rng = np.random.default_rng(seed)
    columns = {
        name: rng.choice(np.array(values, object), 120) for name, values in [
            ("wide", [False, True]), ("late", [False, True]), ("left", [*range(8)]), ("right", [*range(8)]),
            ("leave", [2, 5, 30]), ("exits.target_r", [None, 1.0]), ("exits.trail", [False, False, True]),
        ]
    }  # fmt: skip
    sets = pd.DataFrame(columns)[list(rng.permutation(list(columns)))]
    found = sweep(walk[:900], branching(), sets, Terms(exits=Exits(swing_width=3)), workers=1 + seed % 3)
    one = [sweep(walk[:900], branching(), sets.iloc[[row]], Terms(exits=Exits(swing_width=3))) for row in range(120)]
    equal(found.iloc[:, 7:], pd.concat(one, ignore_index=True).iloc[:, 7:])
    assert (found["trades"] == 0).any() and (found["trades"] > 10).any()


def test_a_set_without_entries_beside_one_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch)
    rule, bars = load_strategy(HERE, "rsi_divergence"), load("sample:AAPL")
    names = ("left_extreme", "exit_at_extreme", "min_left_width", "kinds", "rsi_period")
    rows = [("not_required", True, 3), ("swing", True, 10), ("swing", True, 0), ("swing", False, 10)]
    found = sweep(bars[:], rule, table([dict(zip(names, (*row, "regular", 25), strict=True)) for row in rows]))
    assert found["trades"].tolist() == [13, 0, 4, 0]
    compare(found, bars, rule)


def test_what_is_told(walk: Bars) -> None:
    said: list[tuple[int, int]] = []
    sweep(walk[:], RSI, SPACE, told=lambda done, total: said.append((done, total)))
    counts = [done for done, _ in said]
    assert {total for _, total in said} == {288} and counts[-1] == 288
    assert counts == sorted(set(counts)) and counts[0] > 0


def test_an_interruption_stops_it(walk: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ORDERS", 1)
    said: list[int] = []

    def stop(done: int, _: int) -> None:
        said.append(done)
        if len(said) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(walk[:], RSI, SPACE, told=stop)
    assert len(said) == 3 and said[-1] < 288
    monkeypatch.undo()
    assert len(sweep(walk[:], RSI, {"rsi_period": [2, 4]})) == 2


PROCESS = """
import json, resource, sys
import numpy as np
from tests.sweeping import market
from tests.test_batches import RSI
from framework.sweep import sweep
bars = market(20_000, 1)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
space = json.loads(sys.argv[1])
name, (low, high, count) = space.pop("steps")
sweep(bars, RSI, space | {name: np.linspace(low, high, count // 100)})
before = peak()
found = sweep(bars, RSI, space | {name: np.linspace(low, high, count)})
print(json.dumps([before, peak(), len(found), float(found["trades"].median())]))
"""


@pytest.mark.parametrize(
    "steps",
    [
        ("exits.target_r", (0.5, 5, 2000)),
        pytest.param(("sizing.risk", (0.001, 0.05, 2000)), marks=pytest.mark.slow),
        pytest.param(("oversold", (5, 45, 1000)), marks=pytest.mark.slow),
    ],
)
def test_memory_does_not_grow_with_the_number_of_sets(steps: tuple[str, Any]) -> None:
    space = {"rsi_period": [14, 21], "overbought": [70.0, 80.0], "steps": steps}
    words = [sys.executable, "-c", PROCESS, json.dumps(space)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=HERE)
    before, after, sets, trades = json.loads(done.stdout)
    assert sets == 4 * space["steps"][1][2] and trades > 20
    assert after - before < 150  # megabytes
