"""Look-ahead, found by doing it: cut the data at a bar, or change what follows, and nothing before may change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars

Floats: TypeAlias = NDArray[np.float64]
Table: TypeAlias = Mapping[str, NDArray[Any]]
Views: TypeAlias = Mapping[str, tuple[NDArray[np.int64], Table]]
Produce: TypeAlias = Callable[[Bars], Views]


@dataclass(frozen=True)
class Leak:
    """One row that the future changed. view: what was looked at; bar: its row; cut: the last bar that was given."""

    view: str
    column: str
    bar: int
    cut: int
    full: object
    cut_short: object

    def __str__(self) -> str:
        what = f"{self.view}: row" if self.column == "rows" else f"{self.view}.{self.column}:"
        seen = f"{self.full} with all the data, {self.cut_short} with the data up to bar {self.cut}"
        return f"{what} known at bar {self.bar} is {seen}"


def leaks(bars: Bars, produce: Produce, cuts: Sequence[int], noise_seed: int | None = None) -> Iterator[Leak]:
    """Compare what `produce` says of all the bars with what it says of each prefix, row by row, to the bit.

    produce: from Bars to named tables, each with the bar at which every row is known. cuts: the last bar of each
    prefix. noise_seed: instead of cutting, replace what follows by noise, so that code that only looks at the length
    is caught too.
    """
    whole = produce(bars)
    for cut in cuts:
        for change in changes(whole, produce(future(bars, cut, noise_seed)), cut):
            yield change.leak(cut)


def future(bars: Bars, cut: int, noise_seed: int | None) -> Bars:
    """The bars up to `cut`, with nothing after them or, given a seed, with noise."""
    return bars[: cut + 1] if noise_seed is None else noisy(bars, cut, noise_seed + cut)


@dataclass(frozen=True, eq=False)
class Change:
    """Where two answers differ in one column of a view: the bars at which the rows were known, what either says.

    Of the column `rows`, the bars at which one has more rows than the other: "there" and "absent".
    """

    view: str
    column: str
    bars: NDArray[np.int64]
    full: NDArray[Any]
    seen: NDArray[Any]

    def leak(self, cut: int) -> Leak:
        """The first of them."""
        return Leak(self.view, self.column, int(self.bars[0]), cut, self.full[0], self.seen[0])


def changes(whole: Views, seen: Views, cut: int) -> Iterator[Change]:
    """What the two say otherwise of the rows known by `cut`: rows that only one has, then values, to the bit.

    Rows are matched by the bar at which they are known, those of one bar in their order; the values of a bar of which
    the two have unlike numbers of rows are not compared.
    """
    for view in dict.fromkeys([*whole, *seen]):
        known, table = _until(whole, view, cut)
        also, other = _until(seen, view, cut)
        if not np.array_equal(known, also):
            many, few = (np.bincount(bars, minlength=cut + 1) for bars in (known, also))
            unlike = np.flatnonzero(many != few)
            there = np.where(many > few, "there", "absent")[unlike], np.where(many > few, "absent", "there")[unlike]
            yield Change(view, "rows", unlike, *there)
            keep, too = ~np.isin(known, unlike), ~np.isin(also, unlike)
            known = known[keep]
            table, other = _rows(table, keep), _rows(other, too)
        for name in table | other:
            one, two = (side.get(name, np.full(len(known), "no such column", object)) for side in (table, other))
            other_rows = np.flatnonzero(~same(one, two))
            if len(other_rows):
                yield Change(view, name, known[other_rows], one[other_rows], two[other_rows])


def same(one: NDArray[Any], two: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two columns are equal to the bit; what is undefined in both is equal."""
    equal = np.asarray(one == two)
    if one.dtype.kind == two.dtype.kind == "f":
        equal |= np.isnan(one) & np.isnan(two)
    if one.dtype.kind == two.dtype.kind == "M":
        equal |= np.isnat(one) & np.isnat(two)
    return equal


def noisy(bars: Bars, cut: int, seed: int) -> Bars:
    """The same bars up to `cut`, a wild random walk after it; what is unknown stays so."""
    n, seen = len(bars) - cut - 1, bars[: cut + 1]
    random = np.random.default_rng(seed)
    close = bars.close[cut] * np.exp(np.cumsum(random.normal(0, 0.1, n)))
    opening = np.concatenate([bars.close[cut : cut + 1], close])[:n]
    reach = np.exp(np.abs(random.normal(0, 0.1, (2, n))))
    volume = _around(bars.volume, cut, random.lognormal(0, 2, n))
    after = {
        "open": opening,
        "high": np.maximum(opening, close) * reach[0],
        "low": np.minimum(opening, close) / reach[1],
        "close": close,
        "volume": volume,
    }
    if bars.open_interest is not None:
        after["open_interest"] = _around(bars.open_interest, cut, random.lognormal(0, 2, n))
    if bars.taker_buy is not None:
        after["taker_buy"] = np.where(np.isnan(bars.taker_buy[cut + 1 :]), np.nan, volume * random.uniform(0, 1, n))
    made: dict[str, Any] = {name: np.concatenate([getattr(seen, name), values]) for name, values in after.items()}
    return dataclasses.replace(seen, time=bars.time, **made)  # funding and finer bars end at the cut


def _around(values: Floats, cut: int, noise: Floats) -> Floats:
    """Noise around the mean of what is known, for the bars after the cut; NaN where these are unknown."""
    known = values[~np.isnan(values)]
    return np.where(np.isnan(values[cut + 1 :]), np.nan, (known.mean() if len(known) else 1.0) * noise)


def prefixes(n: int, count: int, seed: int, warm: int = 30) -> list[int]:
    """`count` random cuts between `warm` bars and the end, always with the last but one; all of them when few."""
    warm = warm if n > warm + 2 else n // 2
    if n - warm <= count:
        return list(range(min(warm, n - 1), n - 1))
    drawn = np.random.default_rng(seed).choice(np.arange(warm, n - 2), size=count - 1, replace=False)
    return [*sorted(int(cut) for cut in drawn), n - 2]


def _until(views: Views, view: str, cut: int) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """The rows known by `cut`, in the order of their bars; none of a view that is not there."""
    known, table = views.get(view, (np.zeros(0, np.int64), {}))
    rows = np.flatnonzero(known <= cut)
    if (np.diff(known) < 0).any():
        rows = rows[np.argsort(known[rows], kind="stable")]
    return known[rows], _rows(table, rows)


def _rows(table: Table, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {name: column[rows] for name, column in table.items()}
