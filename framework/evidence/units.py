"""Units of evidence: one occurrence of what a sentence speaks of, what became of it, what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import Setups

DAY = 86_400_000_000  # microseconds
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Events:
    """n occurrences in one market. bar: at whose close each was known. side: +1 where the sentence expects a rise, -1 a
    fall; of a sentence without direction always +1. arm: what sets them apart: 1 or 0 with a feature or without, a
    rank, NaN where it is undefined; all 1 where nothing does. far, near: distances in ATR, for outcomes that ask for
    them. stop: the price at which the rule gives up, NaN where it has none. group: events of different groups are not
    compared with one another, as where something else sets them apart.
    """

    bar: Ints
    side: Ints
    arm: Floats = field(default_factory=_none)
    far: Floats = field(default_factory=_none)
    near: Floats = field(default_factory=_none)
    stop: Floats = field(default_factory=_none)
    group: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for name, value in (("arm", 1.0), ("far", np.nan), ("near", np.nan), ("stop", np.nan), ("group", 0)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.bar), value))

    def __len__(self) -> int:
        return len(self.bar)

    def take(self, rows: NDArray[np.generic]) -> Events:
        return Events(*(getattr(self, one.name)[rows] for one in fields(self)))


def events(setups: Setups, arm: Floats | None = None) -> Events:
    """Setups as events, all of them, in their order."""
    side, known = setups.direction.astype(np.int64), setups.known_at.astype(np.int64)
    return Events(known, side, _none() if arm is None else arm.astype(float), stop=setups.stop)


def at_bars(flags: dict[int, NDArray[np.bool_]], arm: dict[int, Floats] | None = None) -> Events:
    """Bars at which something holds for a side, by side, as events in the order of the bars."""
    bar = [np.flatnonzero(flags[side]) for side in flags]
    side = [np.full(len(one), side) for side, one in zip(flags, bar, strict=True)]
    arms = [np.ones(len(one)) if arm is None else arm[side][one] for side, one in zip(flags, bar, strict=True)]
    bars, sides, ranks = np.concatenate(bar), np.concatenate(side), np.concatenate(arms)
    order = np.argsort(bars, kind="stable")
    return Events(bars[order], sides[order], ranks[order])


def together(*many: Events) -> Events:
    """Events of several kinds in one, in the order of their bars."""
    parts = [np.concatenate([getattr(one, item.name) for one in many]) for item in fields(Events)]
    order = np.argsort(parts[0], kind="stable")
    return Events(*(part[order] for part in parts))


@dataclass(frozen=True, eq=False)
class Others:
    """The matched bars of which what is due was made, a row a day, of which blocks of time are made: its start, UTC
    microseconds, how much of what is due is of its bars (they add up to the number of units), and their mean outcome.
    """

    known: Ints
    weight: Floats
    y: Floats

    def and_also(self, more: Others) -> Others:
        return Others(*(np.concatenate([getattr(self, one.name), getattr(more, one.name)]) for one in fields(self)))


NOBODY = Others(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, eq=False)
class Units:
    """m units of one claim in one market, a row each, those that can be measured. known: when, UTC microseconds.
    y: the outcome. due: what it is compared with, 0 where the comparison is between arms. stratum: a number for units
    that may be compared. bar, stop: of the event. others: whose luck is in what is due. beside: other outcomes, by
    name, NaN where undefined.
    """

    known: Ints
    side: Ints
    arm: Floats
    y: Floats
    due: Floats
    stratum: Ints
    bar: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    stop: Floats = field(default_factory=_none)
    others: Others = NOBODY
    beside: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.known)

    def same(self, other: Units) -> bool:
        """Whether these are the same occurrences, with the same outcomes."""
        return all(np.array_equal(getattr(self, one), getattr(other, one)) for one in ("known", "side", "arm", "y"))


_BARS, _VALUES = np.zeros(0, np.int64), np.zeros(0)
NOTHING = Units(_BARS, _BARS, _VALUES, _VALUES, _VALUES, _BARS)


def known_time(bars: Bars, bar: Ints) -> Ints:
    """When each bar closes, UTC microseconds."""
    return np.asarray((bars.time[bar] + bars.step).astype(np.int64))
