"""What a search may see: the training windows of all markets, for many parameter sets; and what came after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..params import Value
from ..setups import Setups
from ..signals import Entries
from ..simulation import Closed, closed_in
from .combinatorial import Group, Split, embargo_after, kept
from .finding import Finder
from .overfitting import sharpes
from .periods import period_of
from .trading import Found, Trading
from .walk import row_at
from .windows import Window
from .workers import Workers

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Values: TypeAlias = Mapping[str, Value]
Trades: TypeAlias = tuple[Ints, Ints, Floats]
Objective: TypeAlias = Callable[[Floats], float]


@dataclass(frozen=True, eq=False)
class Scored:
    """What became of one parameter set, in each of w windows, then s splits, and v variants.

    values: of each of o objectives over the R of its closed training trades, shape [o, w + s, v], NaN where there are
    none or it is not defined. trades: how many, [w + s, v]. steps: the first objective over those that were over by the
    end of each fold of a window's training, [folds - 1, w + s, v]. tested, gained: trades closed and R gained in the
    test windows, each in an account of its own, [w, v]. grouped: the same of all the data by the group of the signal,
    [2, groups, v]. by_period: R gained over all the data by trades whose signal lies in each period, [v, periods];
    float32, since there are many. What holds a trade without R is NaN in these. whole: trades in all the data, [v].
    sharpe: of the gains by period, [v]. bare: whether a training trade has no R, [1].
    """

    values: Floats
    trades: Ints
    steps: Floats
    tested: Ints
    gained: Floats
    grouped: Floats
    by_period: NDArray[np.float32]
    whole: Ints
    sharpe: Floats
    bare: NDArray[np.bool_]


@dataclass(frozen=True)
class Sight:
    """Bars of one market that a window is given: training signals in [first, last), test signals in [cut, end).

    `last` is the embargo before the test; nothing from `cut` on is seen in training: a trade that is still open then
    overlaps the test and is purged.
    """

    first: int
    last: int
    cut: int
    end: int

    @classmethod
    def of(cls, bars: Bars, window: Window, embargo: int) -> Sight:
        cut = row_at(bars, window.test_start)
        first = row_at(bars, window.train_start)
        return cls(first, max(cut - embargo, first), cut, row_at(bars, window.test_end))

    def training(self, lag: int) -> tuple[int, int, int]:
        """As a span; no signal within the confirmation lag of the test, where that is longer."""
        return self.first, max(min(self.last, self.cut - lag), self.first), self.cut


@dataclass(frozen=True, eq=False)
class Plan:
    """What a search is given: windows with the bars between training and test, the folds of a training, and the splits
    of a combinatorial validation with its groups; none where none is asked for.
    """

    windows: Sequence[Window]
    embargo: int
    folds: int = 1
    splits: Sequence[Split] = ()
    groups: Sequence[Group] = ()


class Trainings:
    """Trades parameter sets in all windows of all markets at once.

    Detectors are causal (the check proves it), so all bars are looked at once and shared by every window. What a
    training window is told ends where its test begins.
    """

    def __init__(
        self,
        trading: Trading,
        markets: Sequence[Bars],
        plan: Plan,
        objectives: Sequence[Objective],
        edges: NDArray[np.datetime64],
    ) -> None:
        self.trading, self.markets, self.plan, self.objectives = trading, markets, plan, objectives
        self.finders = [Finder(trading, bars) for bars in markets]
        self.sights = [[Sight.of(bars, window, plan.embargo) for window in plan.windows] for bars in markets]
        self.periods = [period_of(bars.time, edges) for bars in markets]
        borders = np.array([np.datetime64(one.start.tz_convert(None), "us") for one in plan.groups], "datetime64[us]")
        self.groups = [period_of(bars.time, borders) for bars in markets]
        self.count = len(edges) - 1
        self.folds = [_folds(window, plan.folds) for window in plan.windows]
        self.workers: Workers[Values, Scored] = Workers()

    def __call__(self, sets: Sequence[Values], workers: int = 1) -> Iterator[Scored]:
        """Each of the sets, in their order; the answer does not depend on the workers, processes of their own."""
        return self.workers(self._one, sets, workers)

    def _one(self, values: Values) -> Scored:
        return self._scored([find(values) for find in self.finders])

    def _scored(self, found: Sequence[Found]) -> Scored:
        plan, variants = self.plan, list(self.trading.policies)
        lags = [self._lags(m, one.setups) for m, one in enumerate(found)]
        w, s, v = len(plan.windows), len(plan.splits), len(variants)
        made = Scored(
            values=np.full((len(self.objectives), w + s, v), np.nan),
            trades=np.zeros((w + s, v), np.int64),
            steps=np.full((plan.folds - 1, w + s, v), np.nan),
            tested=np.zeros((w, v), np.int64),
            gained=np.zeros((w, v)),
            grouped=np.zeros((2, len(plan.groups), v)),
            by_period=np.zeros((v, self.count), np.float32),
            whole=np.zeros(v, np.int64),
            sharpe=np.full(v, np.nan),
            bare=np.zeros(1, np.bool_),
        )
        for column, name in enumerate(variants):
            closed = [self._closed(m, one.entries[name], lags[m]) for m, one in enumerate(found)]
            for window in range(w):
                self._window(made, column, window, closed)
            trades = [self._trades(one.entries[name], closed[m]) for m, one in enumerate(found)]
            self._whole(made, column, trades)
            if s:
                self._splits(made, column, trades, [one.setups.lag for one in found])
        known = ~np.isnan(made.by_period).any(axis=1)
        made.sharpe[known] = sharpes(made.by_period[known].T.astype(float))
        return made

    def _window(self, made: Scored, column: int, window: int, closed: Sequence[Closed]) -> None:
        """A window's training, as a whole and fold by fold, and its test."""
        r, over = self._together(closed, window)
        self._told(made, window, column, r)
        for fold, until in enumerate(self.folds[window]):
            part = r[over < until]
            made.steps[fold, window, column] = self.objectives[0](part) if len(part) else np.nan
        for one in closed:
            after = one.r[one.of(len(self.plan.windows) + window)]
            made.tested[window, column] += len(after)
            made.gained[window, column] += after.sum()

    def _told(self, made: Scored, place: int, column: int, r: Floats) -> None:
        made.trades[place, column] = len(r)
        made.values[:, place, column] = [told(r) if len(r) else np.nan for told in self.objectives]
        made.bare[0] |= np.isnan(r).any()

    def _trades(self, entries: Entries, closed: Closed) -> Trades:
        """Signal bar, exit bar and R of the trades of one account through all the bars."""
        rows = closed.of(2 * len(self.plan.windows))
        return entries.bar[closed.order[rows]], closed.exit[rows], closed.r[rows]

    def _whole(self, made: Scored, column: int, trades: Sequence[Trades]) -> None:
        """R of all the data by period, and by group."""
        groups = made.grouped.shape[1]
        for m, (signal, _, r) in enumerate(trades):
            made.whole[column] += len(r)
            made.by_period[column] += np.bincount(self.periods[m][signal], r, self.count)
            if groups:
                group = self.groups[m][signal]
                made.grouped[0, :, column] += np.bincount(group, minlength=groups)
                made.grouped[1, :, column] += np.bincount(group, r, groups)

    def _splits(self, made: Scored, column: int, trades: Sequence[Trades], lags: Sequence[int]) -> None:
        """Each split's training: the trades of that account that cannot know of the tests in any market."""
        lives = [int((ends - signal).max(initial=0)) for signal, ends, _ in trades]
        gaps = [embargo_after(*one) for one in zip((bars.time for bars in self.markets), lives, lags, strict=True)]
        for number, split in enumerate(self.plan.splits):
            r, over = [], []
            for bars, lag, (signal, ends, gained) in zip(self.markets, lags, trades, strict=True):
                mask = kept(bars.time[signal], bars.time[ends], split.tests, max(gaps), lag * bars.step)
                r.append(gained[mask])
                over.append(bars.time[ends[mask]])
            order = np.argsort(np.concatenate(over), kind="stable")
            self._told(made, len(self.plan.windows) + number, column, np.concatenate(r)[order])

    def _lags(self, market: int, setups: Setups) -> list[int]:
        """For each window the longest confirmation lag of the setups that are known before its test."""
        longest = np.concatenate([[0], np.maximum.accumulate(setups.waits)]) if len(setups) else np.zeros(1, np.int64)
        cuts = [sight.cut for sight in self.sights[market]]
        return [int(lag) for lag in longest[np.searchsorted(setups.known_at, cuts)]]

    def _closed(self, market: int, entries: Entries, lags: Sequence[int]) -> Closed:
        """The trades of all trainings, of all tests, and of all the bars."""
        bars, sights = self.markets[market], self.sights[market]
        spans = [sight.training(lag) for sight, lag in zip(sights, lags, strict=True)]
        spans += [(sight.cut, sight.end, len(bars)) for sight in sights]
        spans.append((0, len(bars), len(bars)))
        return closed_in(bars, entries, self.trading.terms, self.trading.stake, np.array(spans, np.int64))

    def _together(self, closed: Sequence[Closed], window: int) -> tuple[Floats, NDArray[np.datetime64]]:
        """R of a training's trades in all markets and when they were over, in that order."""
        rows = [one.of(window) for one in closed]
        if len(closed) == 1:  # one position at a time: they are in order
            return closed[0].r[rows[0]], self.markets[0].time[closed[0].exit[rows[0]]]
        r = np.concatenate([one.r[row] for one, row in zip(closed, rows, strict=True)])
        ends = [self.markets[m].time[one.exit[rows[m]]] for m, one in enumerate(closed)]
        over = np.concatenate(ends)
        order = np.argsort(over, kind="stable")
        return r[order], over[order]


def _folds(window: Window, folds: int) -> list[np.datetime64]:
    """Where each of so many equal parts of the training ends, but for the last: none for one fold."""
    whole = window.test_start - window.train_start
    ends = [window.train_start + whole * (fold + 1) / folds for fold in range(folds - 1)]
    return [np.datetime64(end.tz_convert(None), "us") for end in ends]
