"""What comes after a row and changes it: how far beyond the row that reaches, and which future does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..errors import UserError
from .causality import Leak, Produce, Views, changes, future

Ints: TypeAlias = NDArray[np.int64]
Key: TypeAlias = tuple[str, str]

SEED, SEEDS = 11, 8  # other futures at a cut of which cutting short changes something
PROBED, SCANNED, BUDGET = 4, 16, 200  # rows a column, bars looked at one by one, answers asked for in all
LATE = 20  # a row that so many bars follow, and that the last of them still changes, is never settled


@dataclass(eq=False)
class Evidence:
    """How one column of a view changed. known at bar i, a row differed with as many as short[i] bars after it, of those
    there are, and with noise[i] and other bars then; -1 never. there: rows that were seen and are not there with all
    the data; absent: the other way round. settles: of some rows, by their bars, how many must follow before nothing
    changes them any more; none where even the last bar does.
    """

    view: str
    column: str
    short: Ints
    noise: Ints
    first: Leak
    there: bool = False
    absent: bool = False
    settles: dict[int, int | None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many bars have rows that were seen to change."""
        return int(((self.short >= 0) | (self.noise >= 0)).sum())

    @property
    def cutting(self) -> bool:
        """Whether data cut short changes it, not only another future."""
        return bool((self.short >= 0).any())

    @property
    def reach(self) -> Ints:
        return self.short if self.cutting else self.noise


def evidence(bars: Bars, produce: Produce, cuts: Sequence[int]) -> list[Evidence]:
    """What changes at these cuts, a column each, and how far it reaches, measured by cutting behind a few rows.

    A column whose rows are not there is told of once: what is made of other setups is not.
    """
    whole = produce(bars)
    found: dict[Key, Evidence] = {}
    for seed in (None, SEED):
        for cut in cuts:
            _note(found, whole, produce(future(bars, cut, seed)), cut, seed is None, len(bars))
    _other_futures(found, bars, produce, whole)
    views = list(whole)
    told = sorted(_told(found), key=lambda one: (views.index(one.view), one.column != "rows"))
    probe = Probe(bars, produce, whole, min(cuts))
    for column in told:
        for bar in _probed(column):
            probe.settle(column, bar)
    return told


def _note(found: dict[Key, Evidence], whole: Views, seen: Views, cut: int, short: bool, n: int) -> None:
    for change in changes(whole, seen, cut):
        key = change.view, change.column
        leak = change.leak(cut)
        one = found.setdefault(key, Evidence(*key, np.full(n, -1), np.full(n, -1), leak))
        reach = one.short if short else one.noise
        reach[change.bars] = np.maximum(reach[change.bars], cut - change.bars)
        if (short or not one.cutting) and (leak.bar, cut) < (one.first.bar, one.first.cut):
            one.first = leak
        one.there |= short and bool((change.seen == "there").any())
        one.absent |= short and bool((change.seen == "absent").any())


def _other_futures(found: dict[Key, Evidence], bars: Bars, produce: Produce, whole: Views) -> None:
    """More of them for columns of which none changed anything: what follows may matter rarely."""
    quiet = [one for one in found.values() if (one.noise < 0).all()]
    for cut in sorted({one.first.cut for one in quiet})[:PROBED]:
        for seed in range(SEED + 1, SEED + 1 + SEEDS):
            _note(found, whole, produce(future(bars, cut, seed * len(bars))), cut, False, len(bars))


def _told(found: dict[Key, Evidence]) -> list[Evidence]:
    """Without what only follows: the identities of setups that changed, and the entries made of them."""
    setups = any(view == "setups" for view, _ in found)
    kept = [one for one in found.values() if not (setups and one.view.endswith(" entries"))]
    return [one for one in kept if one.column not in ("id", "setup")] or kept


def _probed(column: Evidence) -> list[int]:
    """The bars of a few rows: the first, the one that changed latest, others between, with many bars after them."""
    bars = np.flatnonzero(column.reach >= 0)
    early = bars[bars < 0.75 * len(column.reach)]
    bars = early if len(early) else bars
    spread = bars[np.linspace(0, len(bars) - 1, PROBED - 1).astype(int)]
    return list(dict.fromkeys([int(bars[0]), int(bars[np.argmax(column.reach[bars])]), *map(int, spread)]))


class Probe:
    """Answers at cuts behind a row, each asked for once, as many as the budget allows."""

    def __init__(self, bars: Bars, produce: Produce, whole: Views, least: int) -> None:
        self.bars, self.produce, self.whole, self.least = bars, produce, whole, least
        self.seen: dict[tuple[int, bool], dict[Key, Ints]] = {}

    def settle(self, column: Evidence, bar: int) -> None:
        """Note how many bars must follow this row before it stays as it is, where it can be told.

        Looked for at twice as many bars each time, then bar by bar or by halves between the last two. Nothing is noted
        once the budget is spent, or where the rule cannot be asked.
        """
        last = len(self.bars) - 2 - bar
        steps = sorted({0, *(2**i for i in range(last.bit_length())), last})
        try:
            low = max([int(column.reach[bar]), *(step for step in steps if self._differs(column, bar, step))])
            high = min((step for step in steps if step > low), default=last + 1)
            between = range(low + 1, high)
            if len(between) <= SCANNED:
                low = max([low, *(step for step in between if self._differs(column, bar, step))])
            while len(between) > SCANNED and high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self._differs(column, bar, middle) else (low, middle)
        except UserError:
            return
        if low < last or last >= LATE:
            column.settles[bar] = low + 1 if low < last else None

    def _differs(self, column: Evidence, bar: int, following: int) -> bool:
        cut, short = max(bar + following, self.least), column.cutting
        if (cut, short) not in self.seen:
            if len(self.seen) >= BUDGET:
                raise UserError(column.view, "no answers left", "fewer rows")
            seen = self.produce(future(self.bars, cut, None if short else SEED))
            rows = {(change.view, change.column): change.bars for change in changes(self.whole, seen, cut)}
            self.seen[cut, short] = rows
        return bar in self.seen[cut, short].get((column.view, column.column), ())
