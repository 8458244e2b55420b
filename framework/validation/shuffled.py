"""Bars in another order: the same moves and the same volume, with nothing left that one bar could say of the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

DAY = np.timedelta64(1, "D")


def shuffled(markets: Sequence[Bars], seed: int) -> list[Bars]:
    """The bars after the first in random order, each with its own move from its open to its high, low and close, its
    own volume and what takers bought of it, and its change of the open interest; the gaps from each close to the next
    open in a random order of their own. The stamps, the first bar, the last close and the funding stay; finer bars go.

    All markets are drawn alike, so that what moved together still does: a moment changes places with one at which the
    same markets have a bar. Bars shorter than a day do so with those of the same hour, UTC, alone: sessions keep their
    quiet and their busy hours, and nights their gaps.
    """
    calendar = np.unique(np.concatenate([bars.time for bars in markets]))
    rows = np.full((len(markets), len(calendar)), -1, np.int64)
    for market, bars in enumerate(markets):
        rows[market, np.searchsorted(calendar, bars.time)] = np.arange(len(bars))
    alike = _alike(markets, calendar, rows > 0)
    random = np.random.default_rng(seed)
    drawn = [_permuted(alike, random) for _ in range(2)]
    return [_one(bars, *(row[one][row > 0] for one in drawn)) for bars, row in zip(markets, rows, strict=True)]


def _alike(markets: Sequence[Bars], calendar: NDArray[np.datetime64], there: NDArray[np.bool_]) -> Ints:
    """A number a moment, the same for those that may change places. there: [markets, moments]."""
    short = min(bars.step for bars in markets) < DAY
    hour = (
        (calendar - calendar.astype("datetime64[D]")).astype(np.int64) if short else np.zeros(len(calendar), np.int64)
    )
    _, number = np.unique(np.vstack([hour, there]), axis=1, return_inverse=True)
    return np.asarray(number, np.int64)


def _permuted(alike: Ints, random: np.random.Generator) -> Ints:
    """Where each moment's bars come from."""
    order = np.empty(len(alike), np.int64)
    for number in range(int(alike.max()) + 1):
        here = np.flatnonzero(alike == number)
        order[here] = random.permutation(here)
    return order


def _one(bars: Bars, of: Ints, gap: Ints) -> Bars:
    """The bars with moves and gaps from the given ones."""
    gaps = np.log(bars.open[gap] / bars.close[gap - 1])
    inside = np.log(bars.close[of] / bars.open[of])
    close = np.concatenate([bars.close[:1], bars.close[0] * np.exp(np.cumsum(gaps + inside))])
    opening = close[:-1] * np.exp(gaps)
    made: dict[str, Any] = {"open": np.concatenate([bars.open[:1], opening]), "close": close}
    for name, extreme in (("high", np.maximum), ("low", np.minimum)):
        own = getattr(bars, name)
        moved = np.concatenate([own[:1], opening * (own[of] / bars.open[of])])
        made[name] = extreme(moved, extreme(made["open"], close))  # but for rounding it is so already
    for name in ("volume", "taker_buy", "own_volume"):
        own = getattr(bars, name)
        made[name] = None if own is None else np.concatenate([own[:1], own[of]])
    made["open_interest"] = None if bars.open_interest is None else _changed(bars.open_interest, of)
    return dataclasses.replace(bars, finer=None, **made)


def _changed(interest: Floats, of: Ints) -> Floats:
    """An open interest with its changes in that order, unknown where the bar that a change comes from has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log(interest[of] / interest[of - 1])
    known = np.flatnonzero(~np.isnan(interest))
    level = interest[known[0]] if len(known) else np.nan
    grown = level * np.exp(np.cumsum(np.where(np.isfinite(change), change, 0.0)))
    return np.concatenate([interest[:1], np.where(np.isnan(interest[of]), np.nan, grown)])
