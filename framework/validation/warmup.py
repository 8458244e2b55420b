"""Warm-up: how many bars a rule needs before what it says no longer depends on where the data starts."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..funding import Funding
from .causality import Produce, Table, Views, same

Column: TypeAlias = NDArray[Any]
Key: TypeAlias = tuple[str, str]

TOLERANCE = 1e-6  # of the value: an exponential average forgets its start by and by and never wholly
ROUNDING = 1e-12  # of the column's largest value: what is left of a difference of equal numbers
LAST = 4  # what differs in the last quarter of every run has not settled
IDENTITY = {"id", "setup"}  # what rows are matched by; it holds the times of all anchors


@dataclass(frozen=True)
class Settling:
    """How long one column of a view depends on where the data starts. column: `rows`, whether a row is there at all.

    bars: from the start on, after which all rows known are the same, the most over the starts; None: at every start
    some still differed in the last quarter. bar, start: the last row that differs, and the first bar of that run, in
    bars of the whole; full, part: what either says. cause: of what does not settle, where the values tell.
    """

    view: str
    column: str
    bars: int | None
    bar: int
    start: int
    full: object
    part: object
    cause: str = ""


def warmup(bars: Bars, produce: Produce, starts: Sequence[int]) -> list[Settling]:
    """Compare what `produce` says of all the bars with what it says of bars[start:], the slowest column first.

    Rows are matched by the bar at which they are known and, where they have one, by their identity. Numbers are the
    same within TOLERANCE of the larger; all else when equal. Columns that never differ are left out. Raises what
    `produce` raises of the shorter runs.
    """
    whole, n = produce(bars), len(bars)
    runs = [(start, {one.key: one for one in _compared(whole, produce(since(bars, start)), start)}) for start in starts]
    keys = dict.fromkeys(key for _, run in runs for key in run)
    found = [_settling([(start, run[key]) for start, run in runs if key in run], len(runs), n) for key in keys]
    return sorted(found, key=lambda one: n + 1 if one.bars is None else one.bars, reverse=True)


def starts(n: int, count: int, seed: int = 7) -> list[int]:
    """`count` bars to start at, one at random from each part of the first half, so that every run has half of them."""
    edges = np.linspace(1, n // 2 + 1, count + 1).astype(int)
    random = np.random.default_rng(seed)
    return sorted({int(random.integers(low, max(high, low + 1))) for low, high in itertools.pairwise(edges)})


def since(bars: Bars, start: int) -> Bars:
    """The bars from `start` on, and nothing of what came before, its funding included."""
    part = bars[start:]
    if part.funding is None:
        return part
    after = part.funding.time > part.time[0]
    return dataclasses.replace(part, funding=Funding(part.funding.time[after], part.funding.rate[after]))


@dataclass(frozen=True, eq=False)
class _Run:
    """A column's rows that both know, by the bar of the whole, and where they differ in this run."""

    key: Key
    bars: NDArray[np.int64]
    full: Column
    part: Column
    differs: NDArray[np.bool_]

    @property
    def last(self) -> int:
        return int(np.flatnonzero(self.differs)[-1])


def _compared(whole: Views, part: Views, start: int) -> Iterator[_Run]:
    """The columns in which a row known from `start` on differs."""
    for view in dict.fromkeys([*whole, *part]):
        (known, table), (also, other) = whole.get(view, _none()), part.get(view, _none())
        late = np.flatnonzero(known >= start)
        known, table, also = known[late], {name: column[late] for name, column in table.items()}, also + start
        one, two, lone = _matched(known, table, also, other)
        if lone:
            rows, there = np.array(lone).T
            says = np.array(["absent", "there"])
            yield _Run((view, "rows"), rows, says[there], says[1 - there], np.ones(len(rows), bool))
        for name in (table.keys() & other.keys()) - IDENTITY:
            full, seen = table[name][one], other[name][two]
            differs = ~_alike(full, seen)
            if differs.any():
                yield _Run((view, name), known[one], full, seen, differs)


def _none() -> tuple[NDArray[np.int64], Table]:
    return np.zeros(0, np.int64), {}


def _matched(
    known: NDArray[np.int64], table: Table, also: NDArray[np.int64], other: Table
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[tuple[int, bool]]]:
    """Rows of the two that are the same row; the bars of those that only one has, and whether the first has it."""
    one, two = _places(known, table), _places(also, other)
    both = [key for key in one if key in two]
    lone = sorted((key[0], key in one) for key in one.keys() ^ two.keys())
    first, second = ([side[key] for key in both] for side in (one, two))
    return np.array(first, np.int64), np.array(second, np.int64), lone


def _places(known: NDArray[np.int64], table: Table) -> dict[tuple[int, object, int], int]:
    """A row's place by its bar, its identity, and which of several such it is."""
    names = IDENTITY & table.keys()
    identity = table[min(names)].tolist() if names else [""] * len(known)
    seen: Counter[tuple[int, object]] = Counter()
    places = {}
    for row, key in enumerate(zip(known.tolist(), identity, strict=True)):
        places[*key, seen[key]] = row
        seen[key] += 1
    return places


def _alike(full: Column, part: Column) -> NDArray[np.bool_]:
    """Where numbers are the same within TOLERANCE, all else to the bit."""
    alike = same(full, part)
    if full.dtype.kind == part.dtype.kind == "f":
        size = np.maximum(np.abs(full), np.abs(part))
        most = np.max(size, where=np.isfinite(size), initial=0.0)
        with np.errstate(invalid="ignore"):  # two infinities
            alike |= np.abs(full - part) <= np.maximum(TOLERANCE * size, ROUNDING * most)
    return alike


def _settling(runs: list[tuple[int, _Run]], count: int, n: int) -> Settling:
    """Of the runs in which the column differs, out of `count`."""
    late = [start for start, run in runs if run.bars[run.last] >= n - (n - start) // LAST]
    start, run = max(runs, key=lambda one: int(one[1].bars[one[1].last]) - one[0])
    bar = int(run.bars[run.last])
    settled = None if len(late) == count else bar - start + 1
    cause = _cause(run, start + (n - start) // 2) if settled is None else ""
    return Settling(*run.key, settled, bar, start, run.full[run.last], run.part[run.last], cause)


def _cause(run: _Run, half: int) -> str:
    """What the values of the second half tell of a column that does not settle; empty where they tell nothing."""
    rows = run.bars >= half
    if run.full.dtype.kind not in "fiu" or run.part.dtype.kind not in "fiu":
        return ""
    full, part, differs = run.full[rows].astype(float), run.part[rows].astype(float), run.differs[rows]
    if (np.isnan(full) != np.isnan(part))[differs].all():
        return "still undefined: the data are too short to tell"
    known = np.isfinite(full) & np.isfinite(part)
    return _relation(full[known], part[known], bool(differs[known].all())) if known.sum() > 2 else ""


def _relation(full: Column, part: Column, always: bool) -> str:
    """What makes numbers differ like these, which always do or now and then."""
    apart = full - part
    told = ""
    if np.ptp(full) == np.ptp(part) == 0:
        told = "a value of the first bars, or an extreme of all bars so far: use one of the last so many"
    elif always and np.ptp(apart) <= TOLERANCE * np.abs(apart).max():
        told = "a running total from the first bar: use differences of it"
    elif always and (part != 0).all() and np.ptp(full / part) <= TOLERANCE * np.abs(full / part).max():
        told = "a running product from the first bar, or a value relative to it: use ratios of it"
    elif any((side * np.diff([full, part], axis=1) >= 0).all() and (side * apart >= 0).all() for side in (1, -1)):
        told = "an extreme of all bars so far: use one of the last so many"
    return told
