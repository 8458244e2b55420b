"""A rule's setups and entries for one parameter set after another: what sets have in common is made once."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..bars import Bars
from ..entries import Policy
from ..flags import Runs, first_exits, runs
from ..params import Value
from ..reads import ByReads
from ..setups import Setups
from ..signals import Entries
from .trading import Found, Trading

LISTS = 256  # of entries, and of exits, that are kept for sets still to come


class Finder:
    """Finds what `Trading.find` does, the same for the same values. One thread at a time."""

    def __init__(self, trading: Trading, bars: Bars) -> None:
        self.trading, self.bars = trading, bars
        rule = trading.strategy
        self.setups: ByReads[Setups] = ByReads(lambda params: rule.setups(bars, params))
        self.exits: ByReads[Any] = ByReads(lambda params: rule.exits(bars, params))
        self.policies: OrderedDict[int, tuple[Mapping[str, Policy], Mapping[str, Entries]]] = OrderedDict()
        self.leaves: OrderedDict[int, tuple[Runs, Runs]] = OrderedDict()

    def __call__(self, values: Mapping[str, Value]) -> Found:
        params = self.trading.strategy.build(dict(values))
        number = self.setups.number(params)
        setups = self.setups.result(number, params)
        policies, traded = self._entered(number, setups)
        exits, never = self._left(self.exits.number(params), params, setups), len(self.bars)
        entries = {}
        for name, kept in traded.items():
            own = np.array(kept.bar, np.int64), np.array(kept.side, np.int8)
            entries[name] = dataclasses.replace(kept, exit_bar=first_exits(*own, *exits, never))
        return Found(setups, policies, entries)

    def _left(self, number: int, params: Any, setups: Setups) -> tuple[Runs, Runs]:
        """Where a long and a short are left. Those of opposite setups are each set's own."""
        if self.trading.opposite_setup:
            long, short = self.trading.leaving(setups, self.exits.result(number, params))
            return runs(long), runs(short)
        if number not in self.leaves:
            long, short = self.exits.result(number, params)
            self.leaves[number] = runs(long), runs(short)
            if len(self.leaves) > LISTS:
                self.leaves.popitem(last=False)
        return self.leaves[number]

    def _entered(self, number: int, setups: Setups) -> tuple[Mapping[str, Policy], Mapping[str, Entries]]:
        """What each policy made of the setups, and its entries without those of vetoed ones."""
        if number not in self.policies:
            made = {name: enter(self.bars, setups) for name, enter in self.trading.policies.items()}
            kept = {name: one.entries.take(setups.traded[one.entries.setup]) for name, one in made.items()}
            self.policies[number] = made, kept
            if len(self.policies) > LISTS:
                self.policies.popitem(last=False)
        return self.policies[number]
