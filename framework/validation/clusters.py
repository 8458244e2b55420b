"""Trades entered together, the places where they might have been entered, and random draws that keep them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..signals import Entries

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

LOOKS = 20  # for a place of its own
REACH = 80.0  # percent: the share of the trades that end sooner than a cluster is open


@dataclass(frozen=True, eq=False)
class Clusters:
    """k clusters of m trades at most, the earliest signal first. Trades of one market alone stand alone.

    market, trade: of each cluster's trades, shape (k, m), -1 none. reach: trades of several markets whose signals come
    less than this many microseconds after a cluster's first, in its window, are all of it.
    """

    market: Ints
    trade: Ints
    reach: int

    @property
    def size(self) -> Ints:
        """Trades of each cluster."""
        return np.asarray((self.trade >= 0).sum(axis=1))

    @property
    def several(self) -> bool:
        """Whether there are trades of more than one market."""
        return len({*self.market[:, 0].tolist()}) > 1 or self.market.shape[1] > 1

    def kinds(self, traded: Sequence[Entries]) -> list[Ints]:
        """For each market's trades a number for their market, side and company (alone or not)."""
        made = []
        for i, entries in enumerate(traded):
            row, slot = np.nonzero(self.market == i)
            company = np.zeros(len(entries), np.int64)
            company[self.trade[row, slot]] = self.size[row] > 1
            made.append(4 * i + 2 * (entries.side > 0) + company)
        return made

    def of_trades(self, values: Sequence[Ints]) -> Ints:
        """What is given for each market's trades, shape (k, m), -1 none."""
        made = np.full(self.trade.shape, -1)
        for i, each in enumerate(values):
            made[self.market == i] = each[self.trade[self.market == i]]
        return made


@dataclass(frozen=True, eq=False)
class Places:
    """Clusters and the p places where each might have been entered, a cluster's side by side, one of them its own.

    first: each cluster's first place, and p at the end, shape (k + 1,). row: the trades' rows in the `entries` of their
    markets, shape (p, m), -1 none. when: of the first signal, microseconds, shape (p,). neighbours, hours: trades
    compared with neighbouring fifths, and with all hours too. stuck: trades that could be nowhere else.
    """

    clusters: Clusters
    first: Ints
    row: Ints
    when: Ints
    entries: Sequence[Entries]
    neighbours: int
    hours: int
    stuck: int

    @cached_property
    def bar(self) -> Ints:
        """The signals' bars at each place, all markets' numbered on, shape (p, m); -1 none."""
        bar, market = np.full(self.row.shape, -1), np.repeat(self.clusters.market, np.diff(self.first), axis=0)
        for i, entries in enumerate(self.entries):
            bar[market == i] = entries.bar[self.row[market == i]] * len(self.entries) + i
        return bar

    def ready(self, busy: Sequence[Bools]) -> Floats:
        """For each cluster the share of its places at which its first market is not `busy`, a flag a bar."""
        free = np.empty(len(self.row))
        market = np.repeat(self.clusters.market[:, 0], np.diff(self.first))
        for i, entries in enumerate(self.entries):
            mine = market == i
            free[mine] = ~busy[i][entries.bar[self.row[mine, 0]]]
        return np.asarray(np.add.reduceat(free, self.first[:-1]) / np.diff(self.first)) if len(free) else free

    def draw(self, copies: Floats, apart: float, random: np.random.Generator) -> list[tuple[Entries, Ints]]:
        """For each market entries at random places, in the order of their bars, and the trade that each stands for.

        copies: how many of each cluster, on the mean, shape (k,). No two entries of a market stand at one bar: a
        cluster that finds its place taken looks for another, in vain where the others have them all. One that begins
        within the reach, times `apart`, of another of other markets lapses: the rule's would have been one.
        """
        cluster = _sampled(copies, random)
        place, kept = self._apart(cluster, random)
        if self.clusters.several:
            kept = self._separate(cluster, place, kept, apart)
        market, trade = self.clusters.market[cluster[kept]], self.clusters.trade[cluster[kept]]
        row, made = self.row[place[kept]], []
        for i, entries in enumerate(self.entries):
            mine = market == i
            order = np.argsort(entries.bar[row[mine]], kind="stable")
            made.append((entries.take(row[mine][order]), trade[mine][order]))
        return made

    def _apart(self, cluster: Ints, random: np.random.Generator) -> tuple[Ints, Ints]:
        """A place for each of the clusters, and which of them have one of their own."""
        first, count = self.first[cluster], self.first[cluster + 1] - self.first[cluster]
        place = first + (random.random(len(cluster)) * count).astype(np.int64)
        for _ in range(LOOKS):
            bar = self.bar[place]
            owner, slot = np.nonzero(bar >= 0)
            order = np.argsort(bar[owner, slot], kind="stable")
            again = np.diff(bar[owner, slot][order], prepend=-1) == 0
            lost = np.array(list(dict.fromkeys(owner[order[again]].tolist())), np.int64)
            if not len(lost):
                break
            place[lost] = first[lost] + (random.random(len(lost)) * count[lost]).astype(np.int64)
        return place, np.setdiff1d(np.arange(len(cluster)), lost)

    def _separate(self, cluster: Ints, place: Ints, kept: Ints, apart: float) -> Ints:
        """Without those that begin within the reach of one before, but for trades of one market."""
        size, market = self.clusters.size, self.clusters.market[:, 0]
        order = kept[np.argsort(self.when[place[kept]], kind="stable")]
        # Of a cluster of several markets no other is a part; -1 stands for it.
        of = np.where(size == 1, market, -1)[cluster[order]].tolist()
        when, left, begun, begun_of = self.when[place[order]].tolist(), [], -np.inf, -1
        for i, (now, which) in enumerate(zip(when, of, strict=True)):
            if now >= begun + apart * self.clusters.reach:
                begun, begun_of = now, which
                left.append(i)
            elif which == begun_of >= 0:
                left.append(i)
        return np.asarray(order[np.array(left, np.int64)])


def clusters(markets: Sequence[Bars], traded: Sequence[Entries], until: Sequence[Ints]) -> Clusters:
    """The trades of all markets, grouped: a first one, and all whose signals come before its likely end.

    until: the last bar at whose close each trade was held. The likely end is the time in which four in five trades are
    over: with less, those that last and overlap are torn apart, and p is too small; with more, p is rather too large.
    It is the same for all trades, so that what is drawn together does not depend on how a trade ended.
    """
    time = [bars.time.astype(np.int64) for bars in markets]
    held = [now[last] - now[given.bar] for now, given, last in zip(time, traded, until, strict=True)]
    lasts, step = np.concatenate([[0], *held]), markets[0].step.astype("timedelta64[us]").astype(np.int64)
    reach = int(np.percentile(lasts[1:] if len(lasts) > 1 else lasts, REACH) + step)
    market = np.repeat(np.arange(len(markets)), list(map(len, traded)))
    trade = np.concatenate([np.arange(len(given)) for given in traded])
    when = np.concatenate([now[given.bar] for now, given in zip(time, traded, strict=True)])
    window = np.concatenate([given.window for given in traded])
    groups: list[list[int]] = []
    order = np.lexsort((market, when))
    for one in order.tolist():
        begun = groups[-1][0] if groups else -1
        if groups and when[one] < when[begun] + reach and window[one] == window[begun]:
            groups[-1].append(one)
        else:
            groups.append([one])
    groups = [part for group in groups for part in _parts(group, market)]
    most = max(map(len, groups), default=1)
    rows = np.array([[*group, *[-1] * (most - len(group))] for group in groups], np.int64).reshape(-1, most)
    return Clusters(np.where(rows < 0, -1, market[rows]), np.where(rows < 0, -1, trade[rows]), reach)


def _parts(group: list[int], market: Ints) -> list[list[int]]:
    return [group] if len({*market[group].tolist()}) > 1 else [[one] for one in group]


def _sampled(copies: Floats, random: np.random.Generator) -> Ints:
    """Each row has its copies, up to one (systematic sampling); shuffled, so that none looks first."""
    total, reached = float(copies.sum()), np.cumsum(copies)
    whole = int(total + random.random())
    steps = (np.arange(whole) + random.random()) * (total / max(whole, 1))
    row = np.minimum(np.searchsorted(reached, steps, side="right"), max(len(copies) - 1, 0))
    random.shuffle(row)
    return row
