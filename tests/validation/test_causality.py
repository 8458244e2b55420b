"""Planted leaks: each must be found, at its bar, and honest code must not be accused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.validation.causality import Leak, Views, leaks, noisy, prefixes


def walk(n: int, seed: int = 1, volume: float = 5.0) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, n)))
    opening = np.append(100.0, close[:-1])
    prices = {"open": opening, "high": np.maximum(opening, close) * 1.01, "low": np.minimum(opening, close) / 1.01}
    index = pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC")
    return Bars.from_frame(pd.DataFrame({**prices, "close": close, "volume": volume}, index=index), "TEST", "1h")


def every_bar(column: Callable[[Bars], NDArray[Any]]) -> Callable[[Bars], Views]:
    return lambda bars: {"view": (np.arange(len(bars)), {"value": column(bars)})}


def events(found: Callable[[Bars], Any]) -> Callable[[Bars], Views]:
    def produce(bars: Bars) -> Views:
        known = np.asarray(found(bars), np.int64)
        return {"events": (known, {"price": bars.close[known]})}

    return produce


def first(produce: Callable[[Bars], Views], cuts: list[int], seed: int | None = None, n: int = 40) -> Leak | None:
    return next(leaks(walk(n), produce, cuts, seed), None)


def mean_so_far(bars: Bars) -> NDArray[np.float64]:
    values = np.cumsum(bars.close) / np.arange(1, len(bars) + 1)
    values[:5] = np.nan
    return values


@pytest.mark.parametrize("seed", [None, 9])
def test_honest_code_is_not_accused(seed: int | None) -> None:
    assert first(every_bar(mean_so_far), list(range(39)), seed) is None
    assert first(events(lambda bars: np.nonzero(np.diff(bars.close) > 0)[0] + 1), list(range(39)), seed) is None


def test_a_row_that_vanishes() -> None:
    # Known at bar 7, until later bars say that it never was.
    leak = first(events(lambda bars: [3, 7] if len(bars) < 20 else [3]), [10, 30])
    assert leak is not None
    assert (leak.view, leak.column, leak.bar, leak.cut) == ("events", "rows", 7, 10)
    assert (leak.full, leak.cut_short) == ("absent", "there")
    assert all(word in str(leak) for word in ("events", "bar 7", "bar 10", "absent", "there"))


def test_a_row_that_appears() -> None:
    # Found with hindsight and stamped with the past, as a swing at its own bar is.
    leak = first(events(lambda bars: [2, 7, 9] if len(bars) > 12 else [2, 9] if len(bars) > 9 else [2]), [5, 9, 30])
    assert leak is not None
    assert (leak.bar, leak.cut, leak.full, leak.cut_short) == (7, 9, "there", "absent")


def test_the_last_row_that_appears() -> None:
    leak = first(events(lambda bars: [2, 8] if len(bars) > 12 else [2]), [9])
    assert leak is not None and (leak.bar, leak.full) == (8, "there")


def test_a_row_that_moves() -> None:
    leak = first(events(lambda bars: [2, 8] if len(bars) > 12 else [2, 7]), [9])
    assert leak is not None and (leak.column, leak.bar, leak.full) == ("rows", 7, "absent")


def test_one_of_two_rows_of_a_bar_that_vanishes() -> None:
    leak = first(events(lambda bars: [4] if len(bars) > 12 else [4, 4]), [9])
    assert leak is not None and (leak.bar, leak.full) == (4, "absent")


def test_a_value_that_changes() -> None:
    leak = first(every_bar(lambda bars: bars.close / bars.close[-1]), [20])
    assert leak is not None
    assert (leak.column, leak.bar, leak.cut) == ("value", 0, 20)
    assert leak.full != leak.cut_short


def test_a_value_that_changes_in_its_last_bit() -> None:
    leak = first(every_bar(lambda bars: np.nextafter(bars.close, np.inf) if len(bars) > 30 else bars.close + 0), [20])
    assert leak is not None and leak.bar == 0


@pytest.mark.parametrize("early", [True, False])
def test_a_number_where_there_was_none(early: bool) -> None:
    def produce(bars: Bars) -> NDArray[np.float64]:
        values = bars.close.copy()
        if (len(bars) > 30) == early:
            values[6] = np.nan
        return values

    leak = first(every_bar(produce), [20])
    assert leak is not None and leak.bar == 6
    assert np.isnan([leak.full, leak.cut_short]).tolist() == [early, not early]


def test_a_word_that_changes() -> None:
    words = every_bar(lambda bars: np.array(["late" if len(bars) > 30 else "soon"] * len(bars), dtype=object))
    leak = first(words, [20])
    assert leak is not None and (leak.full, leak.cut_short) == ("late", "soon")


def test_only_what_is_known_by_the_cut_is_compared() -> None:
    assert first(events(lambda bars: [2, 9] if len(bars) > 9 else [2]), [5, 8, 9, 20]) is None


def test_a_centred_mean_is_found_by_both_ways() -> None:
    centred = every_bar(lambda bars: np.convolve(bars.close, np.ones(3) / 3, mode="same"))
    for seed in (None, 4):
        leak = first(centred, [20], seed)
        assert leak is not None and leak.bar == 20


class LooksAtTheLength:
    """Answers a prefix from what it kept of the longest data it saw: cutting short shows nothing."""

    kept: NDArray[np.float64] = np.zeros(0)

    def __call__(self, bars: Bars) -> Views:
        if len(bars) >= len(self.kept):
            self.kept = np.append(bars.close[1:], np.nan)
        return {"view": (np.arange(len(bars)), {"value": self.kept[: len(bars)]})}


def test_noise_finds_code_that_only_looks_at_the_length() -> None:
    assert first(LooksAtTheLength(), [10, 20, 38]) is None
    leak = first(LooksAtTheLength(), [10, 20], seed=3)
    assert leak is not None and (leak.bar, leak.cut) == (10, 10)


@pytest.mark.parametrize("cut", [0, 17, 38, 39])
def test_noise_leaves_the_past_alone_and_only_that(cut: int) -> None:
    bars = walk(40)
    noise = noisy(bars, cut, 5)
    assert (noise.index == bars.index).all() and (noise.symbol, noise.timeframe) == ("TEST", "1h")
    for name in ("open", "high", "low", "close", "volume"):
        ours, theirs = getattr(noise, name), getattr(bars, name)
        assert (ours[: cut + 1] == theirs[: cut + 1]).all()
        assert (ours[cut + 1 :] != theirs[cut + 1 :]).all() or (name == "open" and cut < 39)
    assert (noisy(bars, cut, 5).close == noise.close).all()
    assert cut == 39 or (noisy(bars, cut, 6).close != noise.close).any()


def test_noise_after_unknown_volume() -> None:
    noise = noisy(walk(40, volume=np.nan), 20, 5)
    assert len(noise) == 40 and np.isnan(noise.volume[:21]).all()


def test_prefixes_are_random_bars_and_the_last_but_one() -> None:
    cuts = prefixes(1000, 50, 7)
    assert len(cuts) == len(set(cuts)) == 50
    assert cuts == sorted(cuts) and cuts[-1] == 998 and cuts[0] >= 30
    assert cuts == prefixes(1000, 50, 7) != prefixes(1000, 50, 8)


@pytest.mark.parametrize("n", [50, 80])
def test_every_prefix_when_few(n: int) -> None:
    assert prefixes(n, 50, 7) == list(range(30, n - 1))


@pytest.mark.parametrize("n", [3, 10, 30, 31])
def test_short_data_is_looked_at_too(n: int) -> None:
    assert prefixes(n, 12, 7), "no cut at all would prove anything"
    assert all(0 <= cut < n - 1 for cut in prefixes(n, 12, 7))
