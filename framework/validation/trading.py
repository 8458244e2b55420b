"""A rule as it is traded: its setups, the entry policies that are compared, its exits, one set of terms for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..entries import EntryPolicy, Policy
from ..errors import UserError, nearest
from ..flags import first_exit
from ..params import Value
from ..setups import Setups
from ..signals import Entries
from ..simulation import Terms, outcomes
from ..workspace import Strategy

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """A rule's setups in one symbol, and for each variant what its policy made of them and the entries to trade."""

    setups: Setups
    policies: Mapping[str, Policy]
    entries: Mapping[str, Entries]


@dataclass(frozen=True)
class Trading:
    """policies: the variants, by name. opposite_setup: leave when a traded setup of the other side is known.

    wait: the longest a policy waits after a setup is known, in bars; None as long as is usual. shared: one cash for all
    markets, entered in the order of `rank` (see `ranked`; empty: of the markets); else each has an equal part of
    `cash`. markets: how many.
    """

    strategy: Strategy
    policies: Mapping[str, EntryPolicy]
    terms: Terms
    cash: float
    wait: int | None
    opposite_setup: bool = False
    shared: bool = False
    rank: str = ""
    markets: int = 1

    @property
    def stake(self) -> float:
        """A market's equal part: what a training trades, since lots and volume ask how much it is."""
        return self.cash / self.markets

    def find(self, bars: Bars, values: Mapping[str, Value]) -> Found:
        """Setups and entries of all the bars; whoever uses them keeps to the window."""
        params = self.strategy.build(dict(values))
        setups = self.strategy.setups(bars, params)
        leave = self.leaving(setups, self.strategy.exits(bars, params))
        policies = {name: enter(bars, setups) for name, enter in self.policies.items()}
        entries = {name: _traded(made.entries, setups, leave) for name, made in policies.items()}
        return Found(setups, policies, entries)

    def leaving(self, setups: Setups, leave: tuple[Bools, Bools]) -> tuple[Bools, Bools]:
        """Closes at which a long and a short are left: the rule's own, and where it is asked for opposite setups."""
        long_exit, short_exit = leave
        if self.opposite_setup:
            long_exit, short_exit = long_exit.copy(), short_exit.copy()
            for side, array in ((1, short_exit), (-1, long_exit)):
                array[setups.known_at[setups.traded & (setups.direction == side)]] = True
        return long_exit, short_exit

    def alone(self, bars: Bars, found: Found, variant: str) -> pd.DataFrame:
        """What became of every setup traded by itself; one row a setup, fate "vetoed" where it is not traded."""
        entries, fate = found.entries[variant], found.policies[variant].fate.astype(object)
        done = outcomes(bars, entries, self.terms.exits, self.terms.costs)
        done.insert(1, "signal_bar", entries.bar)
        rows = done.set_index(entries.setup).reindex(range(len(found.setups)))
        traded = found.setups.traded
        rows["fate"] = np.where(traded, rows["fate"].where(rows["fate"].notna(), fate), "vetoed")
        idle = traded & (rows["fate"] != "entered")
        rows[["return", "r"]] = rows[["return", "r"]].mask(idle, 0.0)
        return rows


def ranked(setups: Setups, rank: str) -> Floats:
    """A number a setup, of which the highest is entered first: the feature named by `rank`, turned round by a `-`.

    Raises UserError where the setups have no such feature.
    """
    name = rank.removeprefix("-")
    if name not in setups.features:
        raise UserError("sizing.rank", f"'{name}' is no feature of the rule's setups", nearest(name, setups.features))
    values = np.asarray(setups.features[name], dtype=float)
    return -values if rank.startswith("-") else values


def _traded(entries: Entries, setups: Setups, leave: tuple[Bools, Bools]) -> Entries:
    kept = entries.take(setups.traded[entries.setup])
    return dataclasses.replace(kept, exit_bar=first_exit(kept.bar, kept.side, *leave))
