"""Parameter sets put into batches: what several sets share is made once, and a batch is never larger than its room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .entries import EntryPolicy, policy
from .errors import UserError
from .flags import first_exits, runs
from .params import Value
from .reads import ByReads
from .setups import Setups
from .simulation import Batch, Terms
from .simulation.batch import ORDERS
from .simulation.market import market
from .simulation.orders import Wanted, by_blocks, placing, rules, wanted
from .workspace import Strategy

Ints: TypeAlias = NDArray[np.int64]
T = TypeVar("T")

OPEN = 8  # batches that are filled at a time
MARKETS = 32  # markets under different options that are kept
LISTS = 64  # lists of entries that are kept for sets still to come
RULES = 4096  # rules with their parameters that are


@dataclass(eq=False)
class Plan:
    """Sets of one rule as numbers, an array each: which values of the rule's parameters, which entry policy, which
    terms; and what the numbers stand for.
    """

    bars: Bars
    strategy: Strategy
    cash: float
    rule: Ints
    params: list[dict[str, Value]]
    entry: Ints
    entries: list[str]
    term: Ints
    terms: list[Terms]


@dataclass(eq=False)
class _Filling:
    """A batch that is being filled: where in it the orders and exits that sets share stand, and each account's sets."""

    batch: Batch
    orders: dict[tuple[int, int, int], int] = field(default_factory=dict)
    leave: dict[tuple[int, int, int], int] = field(default_factory=dict)
    jobs: dict[tuple[tuple[int, int, int], int], int] = field(default_factory=dict)
    sets: list[list[int]] = field(default_factory=list)


def batches(plan: Plan) -> Iterator[tuple[Batch, list[list[int]]]]:
    """Full batches, and for each of their accounts the sets whose answer it is."""
    maker = _Maker(plan)
    fillings: dict[Any, _Filling] = {}
    order = np.lexsort((plan.rule, plan.term, plan.entry, maker.likeness()[plan.rule]))
    numbers = (column[order].tolist() for column in (plan.rule, plan.entry, plan.term))
    made_of, filling, made, count = (-1, -1, -1), None, None, 0
    for row, rule, entry, term in zip(order.tolist(), *numbers, strict=True):
        found, leaving = maker.rule(rule)
        if filling is None or made is None or made_of != (found, entry, term) or not filling.batch.holds(count):
            made_of, made = (found, entry, term), maker.wanted(entry)
            count = len(made.asking.bar)
            key = maker.options(term, count)
            filling = fillings.get(key)
            if filling is None or not filling.batch.holds(count):
                if filling is not None:
                    del fillings[key]
                    yield filling.batch, filling.sets
                filling = fillings[key] = _Filling(maker.batch(term, count))
                if len(fillings) > OPEN:
                    oldest = fillings.pop(next(iter(fillings)))
                    yield oldest.batch, oldest.sets
        job = filling.jobs.get((made_of, leaving))
        if job is None:
            job = filling.jobs[made_of, leaving] = len(filling.sets)
            filling.sets.append([])
            filling.batch.jobs.append(maker.job(filling, made_of, leaving, made))
        filling.sets[job].append(row)
    for filling in fillings.values():
        yield filling.batch, filling.sets


class _Maker:
    """Makes what sets share, and remembers it as long as it is likely to be asked for again."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        bars, strategy = plan.bars, plan.strategy
        self.setups: ByReads[Setups] = ByReads(lambda params: strategy.setups(bars, params))
        self.exits: ByReads[Any] = ByReads(lambda params: [runs(side) for side in strategy.exits(bars, params)])
        self.policies: list[EntryPolicy] = [policy(name) for name in plan.entries]
        self.lists: _Recent[Wanted] = _Recent(LISTS)
        self.known: dict[tuple[int, bool], Any] = {}
        self.rules: _Recent[Any] = _Recent(RULES)

    def likeness(self) -> Ints:
        """A number a rule, the same for those with the same setups as far as the first rule shows what these depend
        on: done one after the other they share orders. A guess; what is made does not depend on it.
        """
        self.rule(0)
        names = next(iter(self.setups.shapes))
        codes: dict[tuple[Value, ...], int] = {}
        params = self.plan.params
        return np.array([codes.setdefault(tuple(one.get(name, 0) for name in names), len(codes)) for one in params])

    def rule(self, number: int) -> tuple[int, int]:
        """Which setups and which exits a rule's parameters make; those of the last rule asked for stay at hand."""
        self.now = self.rules(number, lambda: self._numbered(number))
        return self.now[1], self.now[2]

    def _numbered(self, number: int) -> tuple[Any, int, int]:
        values = self.plan.params[number]
        try:
            params = self.plan.strategy.build(values)
        except UserError as error:
            said = ", ".join(f"{name} = {value}" for name, value in values.items())
            more = f" ({said})" if error.wrong.startswith("Params") else ""
            raise UserError(error.where, error.wrong + more, error.right) from None
        return params, self.setups.number(params), self.exits.number(params)

    def wanted(self, entry: int) -> Wanted:
        """The entries of the last rule's setups under a policy, those of vetoed setups left out."""
        params, number, _ = self.now

        def enter() -> Wanted:
            found = self.setups.result(number, params)
            entries = self.policies[entry](self.plan.bars, found).entries
            return wanted(entries.take(found.traded[entries.setup]))

        return self.lists((number, entry), enter)

    def options(self, term: int, count: int) -> Any:
        """What tells batches apart: the market and the options, as the kernels read them."""
        rare = by_blocks(self.plan.bars, count)
        if (term, rare) not in self.known:
            bars, terms = self.plan.bars, self.plan.terms[term]
            here = market(bars, terms.exits, terms.costs, many=True)
            chosen = rules(bars, count, terms.costs, terms.sizing, terms.exits)
            if len(self.known) >= MARKETS:  # one may be as large as the bars
                self.known.pop(next(iter(self.known)))
            self.known[term, rare] = (*map(id, here), *map(repr, chosen)), here, chosen
        return self.known[term, rare][0]

    def batch(self, term: int, count: int) -> Batch:
        """An empty batch for accounts under these terms, with room for that many entries at least."""
        _, here, chosen = self.known[term, by_blocks(self.plan.bars, count)]
        return Batch(here, chosen, max(count, ORDERS, len(self.plan.bars) // 4))

    def job(self, filling: _Filling, made_of: tuple[int, int, int], leaving: int, made: Wanted) -> tuple[int, int, int]:
        """An account's orders and exits in the batch, written there unless another account has them already."""
        batch, asking = filling.batch, made.asking
        count = len(asking.bar)
        if made_of not in filling.orders:
            terms = self.plan.terms[made_of[2]]
            ask = partial(placing, self.plan.bars, made, terms.costs, terms.exits, terms.sizing)
            filling.orders[made_of] = batch.add(ask, count)
        of = (*made_of[:2], leaving)
        if of not in filling.leave:
            long, short = self.exits.result(leaving, self.now[0])
            batch.leave.append(first_exits(asking.bar, asking.side, long, short, len(self.plan.bars)))
            filling.leave[of] = batch.left
            batch.left += count
        first = filling.orders[made_of]
        return first, first + count, filling.leave[of] - first


class _Recent(Generic[T]):
    """Values by key, the least recently used forgotten once there are more than `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.values: OrderedDict[Hashable, T] = OrderedDict()

    def __call__(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key in self.values:
            self.values.move_to_end(key)
        else:
            self.values[key] = compute()
            if len(self.values) > self.most:
                self.values.popitem(last=False)
        return self.values[key]
