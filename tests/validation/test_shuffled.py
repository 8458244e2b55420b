"""Bars in random order: each keeps its own move, gaps theirs, and nothing is left of what came before what."""

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


def bars(rows: int = N, freq: str = "D", timeframe: str = "1d", seed: int = 4, **more: Floats) -> Bars:
    """A random walk with gaps, whose volumes 0, 1, 2… tell its bars apart."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, rows)))
    opening = np.concatenate([[99.0], close[:-1]]) * np.exp(random.normal(0, 0.005, rows))
    reach = np.exp(np.abs(random.normal(0, 0.01, (2, rows))))
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    columns = {"open": opening, "high": high, "low": low, "close": close, "volume": np.arange(rows, dtype=float)}
    index = pd.date_range("2020-01-01", periods=rows, freq=freq, tz="UTC")
    return Bars.from_frame(pd.DataFrame(columns | more, index=index), "TEST", timeframe)


def one(of: Bars, seed: int) -> Bars:
    (made,) = shuffled([of], seed)
    return made


def inside(of: Bars) -> Floats:
    """A row a bar: logs of high, low and close less that of the open."""
    logs = np.log(np.column_stack([of.open, of.high, of.low, of.close]))
    return np.asarray(logs[:, 1:] - logs[:, :1])


def gaps(of: Bars) -> Floats:
    """A bar each after the first: log of the open less that of the close before."""
    return np.asarray(np.log(of.open[1:] / of.close[:-1]))


def returns(of: Bars) -> Floats:
    return np.diff(np.log(of.close))


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_every_bar_keeps_its_own_shape_volume_and_taker_share(seed: int) -> None:
    before = bars(taker_buy=np.arange(N) * np.random.default_rng(1).random(N))
    made = one(before, seed)
    order = made.volume.astype(int)
    assert order[0] == 0 and sorted(order.tolist()) == list(range(N))
    assert (order != np.arange(N)).mean() > 0.9, "hardly a bar stays where it was"
    np.testing.assert_allclose(inside(made), inside(before)[order], rtol=0, atol=1e-12)
    assert made.taker_buy is not None and before.taker_buy is not None
    assert made.taker_buy.tolist() == before.taker_buy[order].tolist()


def test_gaps_have_an_order_of_their_own() -> None:
    before = bars()
    made = one(before, 2)
    np.testing.assert_allclose(np.sort(gaps(made)), np.sort(gaps(before)), rtol=0, atol=1e-12)
    came = np.array([int(np.argmin(np.abs(gaps(before) - gap))) for gap in gaps(made)])
    shapes = made.volume.astype(int)[1:] - 1
    assert (came == shapes).mean() < 0.05 and abs(np.corrcoef(came, shapes)[0, 1]) < 0.2
    assert (came == np.arange(N - 1)).mean() < 0.05 and abs(np.corrcoef(came, np.arange(N - 1))[0, 1]) < 0.2


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_the_same_moves_in_another_order(symbol: str) -> None:
    before = load(f"sample:{symbol}")
    made = one(before, 3)
    for column in range(3):
        ours, theirs = (np.sort(inside(given)[:, column]) for given in (made, before))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11)
    np.testing.assert_allclose(np.sort(gaps(made)), np.sort(gaps(before)), rtol=0, atol=1e-11)
    assert sorted(made.volume.tolist()) == sorted(before.volume.tolist())
    assert not np.allclose(inside(made), inside(before), rtol=0, atol=1e-3)


def test_stamps_first_bar_and_last_close_stay() -> None:
    before, made = bars(), one(bars(), 5)
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
    for given in (before, bare):
        made = one(given, seed)
        assert (made.low > 0).all()
        assert (made.high >= np.maximum(made.open, made.close)).all()
        assert (made.low <= np.minimum(made.open, made.close)).all()
        again = Bars.from_frame(made.frame(), given.symbol, given.timeframe)
        assert again.close.tolist() == made.close.tolist()
    np.testing.assert_allclose(made.high, np.maximum(made.open, made.close), rtol=1e-12)
    np.testing.assert_allclose(made.low, np.minimum(made.open, made.close), rtol=1e-12)


def test_the_seed_is_the_order() -> None:
    first, again, other = (one(bars(), seed) for seed in (8, 8, 9))
    assert first.digest == again.digest != other.digest
    assert first.volume.tolist() != other.volume.tolist()


def test_an_order_knows_nothing_of_the_one_before() -> None:
    """Every bar is as likely to come first as any other: over many seeds the mean of what comes second is the mean."""
    second = [one(bars(50), seed).volume[1] for seed in range(600)]
    assert set(second) == set(range(1, 50))
    assert np.mean(second) == pytest.approx(25, abs=4 * 14.14 / np.sqrt(600))  # four standard errors


def test_two_equal_markets_stay_equal_in_any_company() -> None:
    one_of, other = bars(), bars(seed=9)
    first, second, third = shuffled([one_of, other, one_of], 3)
    assert first.digest == third.digest == one(one_of, 3).digest != second.digest
    assert first.volume.tolist() == second.volume.tolist(), "the same order for both"


def test_what_moved_together_still_does() -> None:
    """The correlation of the two markets' moves inside their bars stays to the last digit; of one bar with the next
    there was none, and is none.
    """
    common = np.random.default_rng(0).normal(0, 0.02, (2, N))
    pair = []
    for own in (1, 2):
        random = np.random.default_rng(own)
        inner, between = common[0] + random.normal(0, 0.01, N), common[1] / 4 + random.normal(0, 0.002, N)
        close = 50 * np.exp(np.cumsum(inner + between))
        opening = close / np.exp(inner)
        columns = {
            "open": opening,
            "high": np.maximum(opening, close),
            "low": np.minimum(opening, close),
            "close": close,
        }
        index = pd.date_range("2020-01-01", periods=N, freq="D", tz="UTC")
        pair.append(Bars.from_frame(pd.DataFrame(columns, index=index).assign(volume=1.0), f"M{own}", "1d"))
    made = shuffled(pair, 1)
    for look in (lambda of: inside(of)[1:, 2], gaps):
        before, after = (np.corrcoef(*map(look, two))[0, 1] for two in (pair, made))
        assert before > 0.7 and after == pytest.approx(before, abs=1e-9)
    before, after = (np.corrcoef(*map(returns, two))[0, 1] for two in (pair, made))
    assert after == pytest.approx(before, abs=0.03)


@pytest.mark.parametrize("missing", [[17], [5, 80, 81, 200, 333]])
def test_what_moved_together_still_does_where_a_market_lacks_bars(missing: list[int]) -> None:
    """The stamps that both have change places alike, whatever other stamps one of them has."""
    whole = bars()
    part = Bars.from_frame(whole.frame().drop(whole.index[missing]), "PART", "1d")
    made, lacking = shuffled([whole, part], 6)
    both = np.isin(made.time, lacking.time)
    same = made.volume[both] == lacking.volume
    assert same.mean() > 0.95


def test_a_market_that_begins_later_moves_with_the_other() -> None:
    whole = bars()
    late = whole[150:]
    made, other = shuffled([whole, late], 6)
    assert (made.volume[151:] == other.volume[1:]).mean() > 0.95


def test_hourly_bars_change_places_within_their_hour() -> None:
    """Volume tells the bar: it comes from the same hour of another day; its gap too."""
    before = bars(24 * 60, "h", "1h")
    made = one(before, 7)
    order = made.volume.astype(int)
    assert (order % 24 == np.arange(24 * 60) % 24).all()
    assert (order != np.arange(24 * 60)).mean() > 0.9
    for hour in range(24):
        rows = np.arange(24 * 60 - 1) % 24 == hour
        np.testing.assert_allclose(np.sort(gaps(made)[rows]), np.sort(gaps(before)[rows]), rtol=0, atol=1e-12)
    minutes = bars(96 * 10, "15min", "15m")
    assert (one(minutes, 1).volume.astype(int) % 96 == np.arange(960) % 96).all()


def test_daily_bars_change_places_with_any() -> None:
    """Though an exchange may stamp its days at another hour."""
    order = one(bars(), 7).volume.astype(int)
    assert 0.05 < (order[1:] % 7 == np.arange(1, N) % 7).mean() < 0.25


def test_sessions_keep_their_nights() -> None:
    """Gaps that are large at the session's open alone are there alone, after as before."""
    days = pd.date_range("2024-01-01", periods=100, freq="D", tz="UTC")
    index = pd.DatetimeIndex([day + pd.Timedelta(hours=hour) for day in days for hour in range(14, 21)])
    random = np.random.default_rng(2)
    gap = np.where(np.arange(len(index)) % 7 == 0, random.choice([-0.03, 0.03], len(index)), 0.0)
    close = 100 * np.exp(np.cumsum(gap + random.normal(0, 0.002, len(index))))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(gap)
    columns = {"open": opening, "high": np.maximum(opening, close), "low": np.minimum(opening, close), "close": close}
    made = one(Bars.from_frame(pd.DataFrame(columns, index=index).assign(volume=1.0), "STOCK", "1h"), 1)
    large = np.abs(gaps(made)) > 0.02
    assert (large == (np.arange(1, len(index)) % 7 == 0)).all()


def test_the_change_of_the_open_interest_goes_with_its_bar() -> None:
    held = 1000 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.05, N)))
    before = bars(open_interest=held)
    made = one(before, 4)
    order = made.volume.astype(int)
    assert made.open_interest is not None and made.open_interest[0] == held[0]
    change = np.log(held[1:] / held[:-1])
    np.testing.assert_allclose(np.diff(np.log(made.open_interest)), change[order[1:] - 1], rtol=0, atol=1e-9)
    assert made.open_interest[-1] == pytest.approx(held[-1])


@pytest.mark.parametrize("unknown", [1, 50, 250])
def test_an_open_interest_that_is_known_later_stays_known_as_often(unknown: int) -> None:
    """The data begin later than the prices do: as many bars know it, and it stays in its range."""
    held = 1000 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, N)))
    made = one(bars(open_interest=np.where(np.arange(N) < unknown, np.nan, held)), 4)
    assert made.open_interest is not None
    known = made.open_interest[~np.isnan(made.open_interest)]
    assert len(known) == N - unknown
    assert (known > 100).all() and (known < 10_000).all()


def test_funding_stays_with_its_stamps_and_finer_bars_go() -> None:
    stamps = pd.date_range("2020-01-02", periods=100, freq="D", tz="UTC")
    hours = bars(N).frame().set_axis(pd.date_range("2020-01-01", periods=N, freq="h", tz="UTC"))
    before = bars().with_funding(pd.Series(np.arange(100) / 1e4, index=stamps))
    before = before.with_finer(Bars.from_frame(hours, "TEST", "1h"))
    made = one(before, 1)
    assert made.finer is None and before.finer is not None
    assert made.funding is not None and before.funding is not None
    assert made.funding.rate.tolist() == before.funding.rate.tolist()
    assert made.funding.time.tolist() == before.funding.time.tolist()
    assert one(bars(), 1).known == {"volume"}


def test_an_unknown_volume_stays_unknown() -> None:
    volume = np.where(np.arange(N) % 3 == 0, np.nan, 5.0)
    made = one(bars(volume=volume), 1)
    assert np.isnan(made.volume).sum() == np.isnan(volume).sum()
    assert not np.isnan(made.volume[::3]).all()
    assert not one(bars(volume=volume * np.nan), 1).has_volume


@pytest.mark.parametrize("rows", [1, 2])
def test_a_bar_or_two_stay(rows: int) -> None:
    assert one(bars(rows), 1).close.tolist() == pytest.approx(bars(rows).close.tolist())


def test_nothing_remembered_comes_along() -> None:
    """What a detector has found in the bars is not what it finds in the shuffled ones."""
    before = load("sample:AAPL")
    kept = broken(before, pattern_breaks(before)).known_at.tolist()
    made = one(before, 2)
    fresh = Bars.from_frame(made.frame(), "AAPL", "1d")
    for side in (1, -1):
        assert trendlines(made, side).start.tolist() == trendlines(fresh, side).start.tolist()
    assert broken(made, pattern_breaks(made)).known_at.tolist() != kept
