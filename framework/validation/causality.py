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
        short = bars[: cut + 1] if noise_seed is None else noisy(bars, cut, noise_seed + cut)
        seen = produce(short)
        for view, (known, table) in whole.items():
            yield from _differences(view, _until(known, table, cut), _until(*seen[view], cut), cut)


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


def _until(known: NDArray[np.int64], table: Table, cut: int) -> tuple[NDArray[np.int64], Table]:
    rows = known <= cut
    return known[rows], {name: column[rows] for name, column in table.items()}


def _differences(
    view: str, full: tuple[NDArray[np.int64], Table], short: tuple[NDArray[np.int64], Table], cut: int
) -> Iterator[Leak]:
    (known, table), (also, other) = full, short
    if len(known) != len(also) or (known != also).any():
        n = min(len(known), len(also))
        first = int(np.argmax(np.append(known[:n] != also[:n], True)))
        longer = len(known) > len(also) if first == n else known[first] < also[first]
        bar = int((known if longer else also)[first])
        yield Leak(view, "rows", bar, cut, "there" if longer else "absent", "absent" if longer else "there")
        return
    for name, column in table.items():
        same = column == other[name]
        if column.dtype.kind == "f":
            same |= np.isnan(column) & np.isnan(other[name])
        if not same.all():
            row = int(np.argmin(same))
            yield Leak(view, name, int(known[row]), cut, column[row], other[name][row])
