"""Bars in random order: each keeps its own move and volume, and nothing is left of what came before what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.sources import load
from framework.structure.broken import broken
from framework.structure.lines import trendlines
from framework.structure.pattern_breaks import pattern_breaks
from framework.validation.shuffled import shuffled

N = 400
Floats = NDArray[np.float64]


def bars(rows: int = N, **more: Floats) -> Bars:
    """A random walk with gaps, whose volumes 0, 1, 2… tell its bars apart."""
    random = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, rows)))
    opening = np.concatenate([[99.0], close[:-1]]) * np.exp(random.normal(0, 0.005, rows))
    reach = np.exp(np.abs(random.normal(0, 0.01, (2, rows))))
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    columns = {"open": opening, "high": high, "low": low, "close": close, "volume": np.arange(rows, dtype=float)}
    index = pd.date_range("2020-01-01", periods=rows, freq="D", tz="UTC")
    return Bars.from_frame(pd.DataFrame(columns | more, index=index), "TEST", "1d")


def moves(of: Bars) -> Floats:
    """A row a bar after the first: logs of open, high, low and close less that of the close before."""
    logs = np.log(np.column_stack([of.open, of.high, of.low, of.close]))
    return np.asarray(logs[1:] - logs[:-1, 3:])


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_every_bar_keeps_its_own_move_and_volume(seed: int) -> None:
    before = bars()
    made = shuffled(before, seed)
    order = made.volume.astype(int)
    assert order[0] == 0 and sorted(order.tolist()) == list(range(N))
    assert (order != np.arange(N)).mean() > 0.9, "hardly a bar stays where it was"
    np.testing.assert_allclose(moves(made), moves(before)[order[1:] - 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_the_same_moves_in_another_order(symbol: str) -> None:
    before = load(f"sample:{symbol}")
    made = shuffled(before, 3)
    for column in range(4):
        ours, theirs = (np.sort(moves(one)[:, column]) for one in (made, before))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11)
    assert sorted(made.volume.tolist()) == sorted(before.volume.tolist())
    assert not np.allclose(moves(made), moves(before), rtol=0, atol=1e-3)


def test_stamps_first_bar_and_last_close_stay() -> None:
    before, made = bars(), shuffled(bars(), 5)
    assert (made.symbol, made.timeframe, len(made)) == ("TEST", "1d", N)
    assert made.time.tolist() == before.time.tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(made, name)[0] == getattr(before, name)[0]
    assert made.close[-1] == pytest.approx(before.close[-1], rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_bars_are_bars(seed: int) -> None:
    """`from_frame` takes nothing else; and where bars had no wick they have none after."""
    before = load("sample:IBM")
    bare = Bars.from_frame(
        before.frame().assign(high=np.maximum(before.open, before.close), low=np.minimum(before.open, before.close)),
        "IBM",
    )
    for one in (before, bare):
        made = shuffled(one, seed)
        assert (made.low > 0).all()
        assert (made.high >= np.maximum(made.open, made.close)).all()
        assert (made.low <= np.minimum(made.open, made.close)).all()
        again = Bars.from_frame(made.frame(), one.symbol, one.timeframe)
        assert again.close.tolist() == made.close.tolist()
    np.testing.assert_allclose(made.high, np.maximum(made.open, made.close), rtol=1e-12)
    np.testing.assert_allclose(made.low, np.minimum(made.open, made.close), rtol=1e-12)


def test_the_seed_is_the_order() -> None:
    first, again, other = (shuffled(bars(), seed) for seed in (8, 8, 9))
    assert first.digest == again.digest != other.digest
    assert first.volume.tolist() != other.volume.tolist()


def test_an_order_knows_nothing_of_the_one_before() -> None:
    """Every bar is as likely to come first as any other: over many seeds the mean of what comes second is the mean."""
    second = [shuffled(bars(50), seed).volume[1] for seed in range(600)]
    assert set(second) == set(range(1, 50))
    assert np.mean(second) == pytest.approx(25, abs=4 * 14.14 / np.sqrt(600))  # four standard errors


def test_what_belongs_to_stamps_is_not_left() -> None:
    stamps = pd.date_range("2020-01-02", periods=100, freq="D", tz="UTC")
    minutes = bars(N).frame().set_axis(pd.date_range("2020-01-01", periods=N, freq="h", tz="UTC"))
    before = bars(taker_buy=np.zeros(N), open_interest=np.ones(N)).with_funding(pd.Series(0.01, index=stamps))
    before = before.with_finer(Bars.from_frame(minutes, "TEST", "1h"))
    held = ("funding", "finer", "open_interest", "taker_buy")
    assert all(getattr(before, name) is not None for name in held)
    made = shuffled(before, 1)
    assert [getattr(made, name) for name in held] == [None] * 4
    assert made.known == {"volume"}


def test_an_unknown_volume_stays_unknown() -> None:
    volume = np.where(np.arange(N) % 3 == 0, np.nan, 5.0)
    made = shuffled(bars(volume=volume), 1)
    assert np.isnan(made.volume).sum() == np.isnan(volume).sum()
    assert not np.isnan(made.volume[::3]).all()
    assert not shuffled(bars(volume=volume * np.nan), 1).has_volume


def test_nothing_remembered_comes_along() -> None:
    """What a detector has found in the bars is not what it finds in the shuffled ones."""
    before = load("sample:AAPL")
    kept = broken(before, pattern_breaks(before)).known_at.tolist()
    made = shuffled(before, 2)
    fresh = Bars.from_frame(made.frame(), "AAPL", "1d")
    for side in (1, -1):
        assert trendlines(made, side).start.tolist() == trendlines(fresh, side).start.tolist()
    assert broken(made, pattern_breaks(made)).known_at.tolist() != kept
