"""Contrasts: what a sentence is compared with. Each makes the units of one market; inference.py pools them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..simulation import Costs
from .matched import BY_VOLATILITY, LOOSER, conditions, matched
from .outcomes import Outcome, Race
from .units import DAY, NOBODY, Events, Others, Units, known_time

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Find: TypeAlias = Callable[[Bars], Events]

RACE = Race()
SEED = 11


class Contrast(Protocol):
    """word: which of the contrasts it is. between: whether arms are compared with one another, not units with what is
    due. steps: whether the arms are ranks, of which there may be more than two.
    """

    @property
    def word(self) -> str: ...
    @property
    def between(self) -> bool: ...
    @property
    def horizon(self) -> int: ...
    def units(self, bars: Bars, costs: Costs) -> Units: ...


@dataclass(frozen=True)
class Against:
    """Events against bars of the same market that are like theirs in trend, volatility, the move before and the hour,
    on the same side and, where the outcome has barriers, at the same distances: `baseline`, or `rate` where the
    sentence is about a frequency. due: the mean outcome of forty matched bars that are no such events.
    """

    find: Find
    outcome: Outcome = RACE
    word: str = "baseline"
    alike: tuple[tuple[str, ...], ...] = LOOSER
    between = False

    @property
    def horizon(self) -> int:
        return self.outcome.horizon

    def units(self, bars: Bars, costs: Costs) -> Units:
        found = self.find(bars)
        y = self.outcome.of(bars, found, costs)
        found, y = found.take(~np.isnan(y)), y[~np.isnan(y)]
        due, others = np.full(len(found), np.nan), NOBODY
        for side in (1, -1):
            mine = np.flatnonzero(found.side == side)
            due[mine], of_side = self._due(bars, found.take(mine), costs)
            others = others.and_also(of_side)
        kept = ~np.isnan(due)
        return made(bars, found.take(kept), y[kept], due[kept], others)

    def _due(self, bars: Bars, found: Events, costs: Costs) -> tuple[Floats, Others]:
        """Of one side what is due to each event, and the bars of which that was made."""
        able = np.ones(len(bars), bool)
        able[found.bar] = False
        able[max(len(bars) - self.horizon, 0) :] = False
        drawn = matched(bars, found.bar, able, SEED, self.alike)
        had = np.flatnonzero(drawn[:, 0] >= 0)
        y = self.outcome.of(bars, elsewhere(bars, found.take(had), drawn[had]), costs).reshape(drawn[had].shape)
        due = np.full(len(found), np.nan)
        due[had], others = owed(bars, drawn[had], y)
        return due, others


def by_volatility(find: Find, outcome: Outcome) -> Against:
    """Against bars alike in volatility by tenths and in the hour: for sentences about the size of moves."""
    return Against(find, outcome, "baseline", BY_VOLATILITY)


@dataclass(frozen=True)
class Across:
    """Arms of events against one another, within market, side, volatility by thirds and trend: `subset` for those with
    a feature against those without, `order` for a trend over ranks, whose effect is one of a step.
    """

    find: Find
    outcome: Outcome = RACE
    word: str = "subset"
    between = True

    @property
    def horizon(self) -> int:
        return self.outcome.horizon

    def units(self, bars: Bars, costs: Costs) -> Units:
        found = self.find(bars)
        y = self.outcome.of(bars, found, costs)
        kept = ~np.isnan(y + found.arm)
        return made(bars, found.take(kept), y[kept], np.zeros(int(kept.sum())))


def subset(find: Find, outcome: Outcome = RACE) -> Across:
    return Across(find, outcome)


def order(find: Find, outcome: Outcome = RACE) -> Across:
    return Across(find, outcome, "order")


@dataclass(frozen=True)
class Given:
    """Units that a sentence measures in its own way: `paired` for two ways of trading the same setups, `rate` for a
    frequency beside its own expectation. measure: the events with y and what is due, NaN of those that cannot be
    measured, and the bars of which that was made, where it was.
    """

    measure: Callable[[Bars], tuple[Events, Floats, Floats] | tuple[Events, Floats, Floats, Others]]
    word: str
    horizon: int
    between: bool = False

    def units(self, bars: Bars, costs: Costs) -> Units:  # noqa: ARG002  # it measures in its own way
        found, y, due, *others = self.measure(bars)
        kept = ~np.isnan(y + due + found.arm)
        return made(bars, found.take(kept), y[kept], due[kept], *others)


def owed(bars: Bars, drawn: Ints, y: Floats) -> tuple[Floats, Others]:
    """What is due to each event, the mean outcome of its bars in a row of `drawn`, NaN where none has one; and those
    bars, whose luck is in it, day by day. y: the outcome at each, of the same shape, NaN where there is none.
    """
    known = ~np.isnan(y)
    counted = known.sum(axis=1)
    weight = np.where(known, 1 / np.maximum(counted, 1)[:, None], 0.0)
    told = weight * np.nan_to_num(y)
    first = int(known_time(bars, np.zeros(1, np.int64))[0] // DAY)
    day = known_time(bars, drawn.ravel()) // DAY - first
    share, mean = (np.bincount(day, x.ravel()).astype(float) for x in (weight, told))
    on = np.flatnonzero(share > 0)
    due = np.where(counted > 0, told.sum(axis=1), np.nan)
    return due, Others((on + first) * DAY, share[on], mean[on] / share[on])


def elsewhere(bars: Bars, found: Events, drawn: Ints) -> Events:
    """Each event at each of its drawn bars: the same side, and stop and barriers at the same distances in ATR."""
    unit = bar_atr(bars)
    again, at = found.take(np.repeat(np.arange(len(found)), drawn.shape[1])), drawn.ravel()
    away = (bars.close[again.bar] - again.stop) / unit[again.bar]
    return dataclasses.replace(again, bar=at, stop=bars.close[at] - away * unit[at])


def made(bars: Bars, found: Events, y: Floats, due: Floats, others: Others = NOBODY) -> Units:
    """The events as units, in strata of side, volatility by thirds, trend and group."""
    like = conditions(bars)
    stratum = (found.side + 1) * 100 + (like["volatility"][found.bar] + 1) * 10 + like["trend"][found.bar] + 1
    stratum = stratum + 1000 * found.group
    return Units(known_time(bars, found.bar), found.side, found.arm, y, due, stratum, found.bar, found.stop, others)
