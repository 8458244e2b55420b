"""Open interest, what takers bought, volume over several exchanges: known answers, and what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.sources import load
from framework.structure.timeframes import coarse
from framework.validation.causality import noisy
from tests.real import needed

from .hourly import HOURLY, make, table

NAN = np.nan


def other(volume: list[float], start: int = 0, symbol: str = "Y", timeframe: str = "1h") -> Bars:
    frame = table(volume=volume)
    return Bars.from_frame(frame.iloc[start:], symbol, timeframe)


def same(values: object, expected: list[float]) -> None:
    np.testing.assert_array_equal(np.asarray(values), expected)


def test_columns_of_the_table() -> None:
    bars = make(open_interest=[5, 6, NAN, 0, 9], taker_buy=[0.5, 2.0, 0.0, 3.0, NAN])
    same(bars.open_interest, [5, 6, NAN, 0, 9])
    same(bars.need("taker_buy"), [0.5, 2, 0, 3, NAN])  # nothing is known of the volume that 3 is a part of
    same(bars[1:3].open_interest, [6, NAN])
    same(pickle.loads(pickle.dumps(bars)).taker_buy, [0.5, 2, 0, 3, NAN])
    assert make().open_interest is None and make().taker_buy is None
    digests = {
        make().digest,
        bars.digest,
        replace(bars, taker_buy=None).digest,
        replace(bars, open_interest=None).digest,
    }
    assert len(digests) == 4
    with pytest.raises(ValueError, match="read-only"):
        bars.need("open_interest")[0] = 1.0


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("open_interest", [5, 6, -1, 0, 9], "open_interest -1"),
        ("open_interest", [5, 6, np.inf, 0, 9], "open_interest inf"),
        ("open_interest", ["5", "6", "much", "0", "9"], "open_interest 'much' at 2024-01-01 02:00"),
        ("taker_buy", [0, 2.1, 0, 0, 0], "taker_buy 2.1 at 2024-01-01 01:00"),
    ],
)
def test_columns_that_cannot_be(column: str, values: list[object], said: str) -> None:
    with pytest.raises(UserError) as error:
        make(**{column: values})
    assert error.value.where == "X" and said in error.value.wrong


def test_what_is_not_there_is_named() -> None:
    for what, word in (("volume", "volume"), ("open_interest", "open interest"), ("taker_buy", "bought by takers")):
        bars = replace(make(volume=[NAN] * 5), source="data/X-1h.csv")
        with pytest.raises(UserError) as error:
            bars.need(what)
        assert error.value.where == "data/X-1h.csv" and word in error.value.wrong
    with pytest.raises(UserError, match=r"^X: "):
        make().need("open_interest")
    assert load("sample:AAPL").source == "sample:AAPL"


def test_open_interest_in_dollars_is_divided_by_the_close() -> None:
    series = pd.Series([110.0, 240.0, 260.0, 0.0], index=HOURLY[:4])
    same(make().with_open_interest(series, usd=True).open_interest, [10, 20, 20, 0, NAN])
    same(make().with_open_interest(series, usd=False).open_interest, [110, 240, 260, 0, NAN])


def test_open_interest_is_that_at_the_end_of_the_bar() -> None:
    """Half hours: the one that opens at the half hour ends with the bar, and nothing later is known at its close."""
    index = pd.date_range(HOURLY[0], periods=7, freq="30min")
    series = pd.Series(np.arange(7.0), index=index)
    same(make().with_open_interest(series, usd=False).open_interest, [1, 3, 5, 6, NAN])
    close = np.array([11, 12, 13, 14, 15.0])
    usd = make().with_open_interest(series, usd=True).open_interest
    same(usd, [1 / close[0], 3 / close[1], 5 / close[2], NAN, NAN])  # at half past two the price was another one
    late = series.iloc[[0, 1, 2, 4, 5, 6]]  # none at 01:30: the last one of its own hour
    same(make().with_open_interest(late, usd=False).open_interest, [1, 2, 5, 6, NAN])


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (pd.Series([1.0, 2.0], index=HOURLY[:2].tz_localize(None)), "no UTC stamps"),
        (pd.Series([1.0, 2.0], index=HOURLY[[1, 0]]), "do not ascend"),
        (pd.Series([1.0, -2.0], index=HOURLY[:2]), "negative"),
        (
            pd.Series([1.0, 2.0], index=pd.date_range("2024", periods=2, freq="4h", tz="UTC")),
            "is of 4h, the bars of 1h",
        ),
        (pd.Series([1.0, 2.0], index=HOURLY[:2] + pd.Timedelta(days=9)), "lies outside"),
        (pd.Series([1.0], index=HOURLY[:1]), "one value"),
    ],
)
def test_open_interest_that_cannot_be(series: pd.Series, said: str) -> None:
    with pytest.raises(UserError) as error:
        make().with_open_interest(series, usd=False)
    assert said in error.value.wrong


def test_volume_over_exchanges() -> None:
    bars = make(volume=[1, 2, 3, NAN, 5])
    same(bars.with_volume_of([other([10, 20, 30, 40, NAN])]).volume, [11, 22, 33, NAN, NAN])
    same(
        bars.with_volume_of([other([10, 20, 30, 40, 50], start=1)]).volume, [NAN, 22, 33, NAN, 55]
    )  # its bar is absent
    two = bars.with_volume_of([other([10] * 5), other([100] * 5, symbol="Z")])
    assert bars.own_volume is None and two.digest != bars.digest
    for summed in (two, two.with_volume_of([other([7] * 5, symbol="W")])):
        same(summed.own_volume, bars.volume)
    same(two[1:3].own_volume, bars.volume[1:3])
    same(two.volume, [111, 112, 113, NAN, 115])
    assert two.symbol == "X" and (two.close == bars.close).all() and two.taker_buy is None


def test_what_takers_bought_over_exchanges() -> None:
    bars, more = make(volume=[9] * 5, taker_buy=[1, 2, 3, 4, 5]), make(volume=[8] * 5, taker_buy=[5, 4, 3, 2, 1])
    same(bars.with_volume_of([more]).taker_buy, [6] * 5)
    assert bars.with_volume_of([more, make(volume=[7] * 5)]).taker_buy is None


def test_no_exchange_is_added_twice_and_no_other_market() -> None:
    bars = make(volume=[1, 2, 3, 4, 5])
    for more, said in (
        ([make(volume=[1, 2, 3, 4, 5])], "has the volumes of X: the same exchange twice"),
        ([other([2] * 5), other([2, 2, 2, 9, 9], symbol="Z")], "has the volumes of Y"),
        ([replace(other([7] * 5), close=bars.close * 1.1)], "is not at the price of X"),
    ):
        with pytest.raises(UserError, match=said):
            bars.with_volume_of(more)
    near = replace(other([7] * 5), close=bars.close * 1.02)
    same(bars.with_volume_of([near]).volume, [8, 9, 10, 11, 12])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (replace(make(), timeframe="4h"), "is 4h, the bars of X are 1h"),
        (make(volume=[NAN] * 5), "knows the volume of none"),
        (replace(make(), time=make().time + np.timedelta64(90, "D")), "knows the volume of none"),
        (replace(make(), time=make().time + np.timedelta64(30, "m")), "knows the volume of none"),
    ],
)
def test_volume_that_cannot_be_added(more: Bars, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make().with_volume_of([more])


def test_coarse_bars_carry_them() -> None:
    bars = make(volume=[1, 2, 3, 4, 5], open_interest=[5, 6, 7, 8, 9], taker_buy=[1, 1, 1, NAN, 1])
    wide = coarse(bars, "2h").bars
    same(wide.open_interest, [6, 8])
    same(wide.taker_buy, [2, NAN])
    assert coarse(make(), "2h").bars.open_interest is None


def test_noise_keeps_what_is_known_up_to_the_cut() -> None:
    bars = make(volume=[1, 2, 3, 4, NAN], open_interest=[5, 6, 7, 8, 9], taker_buy=[1, 1, 1, 2, NAN])
    made = noisy(bars, 1, 3)
    for name in ("close", "volume", "open_interest", "taker_buy"):
        same(getattr(made, name)[:2], getattr(bars, name)[:2].tolist())
        assert (getattr(made, name)[2:4] != getattr(bars, name)[2:4]).all()
    assert np.isnan(made.volume[4]) and np.isnan(made.need("taker_buy")[4])
    assert (made.need("taker_buy")[:4] <= made.volume[:4]).all()


def test_two_exchanges_of_a_real_market() -> None:
    """Added by pandas on the joined stamps, where bars that one of them lacks fall out."""
    here, there = (load(needed(f"SOLUSDT_{name}-4h.parquet")) for name in ("BINANCE", "BYBIT"))
    both = here.with_volume_of([there[50:]])
    joined = here.frame()["volume"].add(there[50:].frame()["volume"]).reindex(both.index)
    np.testing.assert_array_equal(both.volume, joined.to_numpy())
    assert np.isnan(both.volume).sum() >= 50 and (np.isfinite(both.volume)).sum() > 2000


def test_what_the_whole_knows_is_not_missing_in_a_part() -> None:
    """A prefix in which nothing is known yet is no market without it: nothing can be found in it."""
    bars = make(volume=[NAN, NAN, 3, 4, 5], open_interest=[NAN, NAN, NAN, 8, 9])
    same(bars[:2].need("volume"), [NAN, NAN])
    same(bars[:2][:1].need("open_interest"), [NAN])
    with pytest.raises(UserError):
        bars[:2].need("taker_buy")
