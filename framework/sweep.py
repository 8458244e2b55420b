"""Many parameter sets of one rule on one symbol: a row of figures each, without a curve or a table for any of them.

What sets share is made once: setups and exits for each set of values of the parameters that the rule reads, entries for
each of those and each policy, orders for each of those and each way of stopping. What is left for a set alone is its
account, and the accounts of a batch are led through the bars together.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .bars import Bars
from .batches import Plan, batches
from .compiled import interrupted
from .entries import POLICIES
from .errors import UserError, nearest
from .params import Value
from .simulation import Costs, Exits, Sizing, Terms
from .simulation.checks import of_kind, terms_of
from .simulation.figures import FIGURES, figures
from .simulation.tally import PARTS
from .workspace import Strategy, load_strategy, root

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Space: TypeAlias = Mapping[str, Sequence[Value] | Value] | pd.DataFrame
_Done: TypeAlias = tuple[Ints, Floats, Floats]
Told: TypeAlias = Callable[[int, int], object]

ENTRY = "entry"
TABLES: dict[str, type] = {"costs": Costs, "sizing": Sizing, "exits": Exits}
PATIENCE = 1e-4  # seconds
PARTS_EACH = 2  # parts of a batch a worker: the last ones end at about the same time
WAITING, BATCHES = 3, 3  # parts a worker, and batches, that wait to be done: memory does not grow with the sets


def sweep(
    bars: Bars,
    strategy: Strategy | str,
    space: Space,
    terms: Terms | None = None,
    cash: float = 10_000.0,
    workers: int = 2,
    told: Told = lambda *_: None,
) -> pd.DataFrame:
    """Trade every parameter set of `space` as `simulate` would; one row of figures each, in the order of the space.

    strategy: one that was loaded, or the name of a file in the `strategies/` from the current folder upward.
    space: for each name its values (every combination is tried, the last name moving fastest) or one value; or a table
    with a set a row. A name is a parameter of the strategy, `entry` (aggressive, conservative; aggressive unless
    given), or an option of the terms as in `exits.target_r`. Columns: the names, then those of
    `framework.simulation.figures`. The values do not depend on `workers`. told: called with the sets done and all of
    them. Raises UserError for a name or value that is none.
    """
    of_kind("bars", bars, Bars, "Bars, as load() or Bars.from_frame() make them")
    of_kind("strategy", strategy, (Strategy, str), "a strategy that was loaded, or its name")
    of_kind("terms", terms, (Terms, type(None)), "Terms(costs, sizing, exits)")
    of_kind("workers", workers, int, "1 or more")
    terms = terms or Terms()
    terms_of(terms.costs, terms.sizing, terms.exits, cash)
    strategy = load_strategy(root(Path.cwd()), strategy) if isinstance(strategy, str) else strategy
    sets = _Sets.of(space)
    plan = _plan(bars, strategy, sets, terms, cash)
    total = len(sets)
    tallies, ends = np.zeros((total, PARTS)), np.zeros(total)
    done = 0
    for rows, found, money in _run(plan, max(1, workers)):
        tallies[rows], ends[rows] = found, money
        done += len(rows)
        told(done, total)
    made = figures(tallies, cash, ends, len(bars), bars.per_year)
    if not np.isfinite(ends).all():
        raise ArithmeticError(f"set {int(np.argmin(np.isfinite(ends)))} ends with a cash that is no number")
    return sets.table(made)


@dataclass(frozen=True, eq=False)
class _Sets:
    """Parameter sets: for each name its values, and for each set which of them it has."""

    values: Mapping[str, list[Any]]
    codes: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(next(iter(self.codes.values()))) if self.codes else 1

    @classmethod
    def of(cls, space: Space) -> _Sets:
        if isinstance(space, pd.DataFrame):
            if not len(space) or not space.columns.is_unique:
                said = "names one twice" if len(space) else "has no parameter set"
                raise UserError(f"sweep: {', '.join(map(str, space))}", said, "a column a name, a set a row")
            parts = {str(name): pd.factorize(space[name], use_na_sentinel=False) for name in space}
            made = cls(
                {name: list(map(_plain, found)) for name, (_, found) in parts.items()},
                {name: code.astype(np.int64) for name, (code, _) in parts.items()},
            )
        elif not isinstance(space, Mapping):
            raise UserError(
                "sweep", f"was given a {type(space).__name__}", "a dictionary of values by name, or a table"
            )
        else:
            values = {name: _values(name, given) for name, given in space.items()}
            counts = [len(one) for one in values.values()]
            codes = np.indices(counts).reshape(len(counts), int(np.prod(counts)))
            made = cls(values, dict(zip(values, codes, strict=True)))
        return made

    def distinct(self, names: list[str]) -> tuple[Ints, list[dict[str, Any]]]:
        """The number of each set's combination of these names' values, and the combinations."""
        number = np.zeros(len(self), np.int64)
        for name in names:
            number = np.unique(number * len(self.values[name]) + self.codes[name], return_inverse=True)[1]
        first = np.unique(number, return_index=True)[1].tolist()
        return number, [{name: self.values[name][self.codes[name][row]] for name in names} for row in first]

    def table(self, further: Mapping[str, Floats]) -> pd.DataFrame:
        """A set a row, and further columns."""
        columns = {name: _column(values)[self.codes[name]] for name, values in self.values.items()}
        return pd.DataFrame(columns | dict(further), index=range(len(self)), copy=False)


def _plan(bars: Bars, strategy: Strategy, sets: _Sets, terms: Terms, cash: float) -> Plan:
    known = strategy.parameters
    options = [f"{name}.{item.name}" for name, kind in TABLES.items() for item in dataclasses.fields(kind)]
    taken = [name for name in known if name == ENTRY or name in FIGURES]
    if taken:
        raise UserError(f"{strategy.where}: {taken[0]}", "is what a sweep calls something else", "another name")
    for name in sets.values:
        if name not in known and name != ENTRY and name not in options:
            raise UserError(f"sweep: '{name}'", "is no parameter", nearest(str(name), [*known, ENTRY, *options]))
    rule, params = sets.distinct([name for name in sets.values if name in known])
    entry, entries = sets.distinct([name for name in sets.values if name == ENTRY])
    term, changes = sets.distinct([name for name in sets.values if name in options])
    names = [str(chosen.get(ENTRY, "aggressive")) for chosen in entries]
    for name in names:
        if name not in POLICIES:
            raise UserError("sweep: entry", f"is {name!r}", nearest(name, POLICIES))
    return Plan(bars, strategy, cash, rule, params, entry, names, term, [_changed(terms, one) for one in changes])


def _values(name: str, given: Any) -> list[Any]:
    given = given.item() if isinstance(given, np.ndarray) and given.ndim == 0 else _plain(given)
    alone = given is None or isinstance(given, (str, bool, int, float))
    values = [given] if alone else list(map(_plain, given))
    if not values:
        raise UserError(f"sweep: {name}", "has no value", "one or more values")
    return values


def _column(values: list[Any]) -> NDArray[Any]:
    """Values as a column: numbers as numbers, anything else as it is."""
    for kind, allowed in ((np.int64, {int}), (np.float64, {int, float})):
        if {type(value) for value in values} <= allowed:
            return np.array(values, kind)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def _changed(terms: Terms, options: Mapping[str, Any]) -> Terms:
    """The terms with options such as `exits.target_r` changed. Raises UserError for a value that cannot be."""
    tables: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        table, field = name.split(".")
        tables.setdefault(table, {})[field] = value
    made = {table: dataclasses.replace(getattr(terms, table), **fields) for table, fields in tables.items()}
    return dataclasses.replace(terms, **made)


def _run(plan: Plan, workers: int) -> Iterator[_Done]:
    """Sets, their tallies and their cash at the end, as they are done."""
    # A thread that comes back from a kernel waits that long for one that is making the next batch.
    patience = sys.getswitchinterval()
    sys.setswitchinterval(min(patience, PATIENCE))
    try:
        yield from _pooled(plan, workers)
    except SystemError as error:
        if interrupted(error):
            raise KeyboardInterrupt from None
        raise
    finally:
        sys.setswitchinterval(patience)


def _pooled(plan: Plan, workers: int) -> Iterator[_Done]:
    """This thread makes batches, the other workers lead their accounts; where they fall behind this one helps."""
    others = ThreadPoolExecutor(workers - 1) if workers > 1 else None
    under_way: list[_Task] = []
    try:
        for number, (batch, sets) in enumerate(batches(plan)):
            for part in batch.run(plan.cash, PARTS_EACH * workers):
                under_way.append(_Task(number, partial(_with_sets, part, sets), others))
            del batch, part
            while len(under_way) > WAITING * workers or len({task.batch for task in under_way}) > BATCHES:
                yield _next(under_way)
        while under_way:
            yield _next(under_way)
    finally:
        if others:
            others.shutdown(cancel_futures=True)


class _Task:
    """A part of a batch, to be done by whoever comes first, and then held by nobody: it holds the batch."""

    def __init__(self, batch: int, call: Callable[[], _Done], others: ThreadPoolExecutor | None) -> None:
        self.batch = batch
        self.call = [call]
        self.future = others.submit(self.run) if others else None

    def run(self) -> _Done:
        return self.call.pop()()


def _next(under_way: list[_Task]) -> _Done:
    """The next part that is done: one that is, else one that nobody has begun, done here, else the first to end."""
    for at, task in enumerate(under_way):
        if task.future and task.future.done():
            break
        if task.future is None or task.future.cancel():
            del under_way[at]
            return task.run()
    else:
        at = 0
    future = under_way.pop(at).future
    assert future is not None
    return future.result()


def _with_sets(part: Callable[[], Any], sets: Any) -> _Done:
    jobs, tallies, ends = part()
    own = [sets[job] for job in jobs.tolist()]
    repeat = np.array([len(one) for one in own])
    return np.concatenate(own), np.repeat(tallies, repeat, axis=0), np.repeat(ends, repeat)
