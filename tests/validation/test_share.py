"""One account of several markets over all test windows, against tables worked out by hand and against one market's."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.setups import Setups
from framework.simulation import Costs, Exits, Sizing, Terms
from framework.validation.trading import ranked
from framework.validation.walk import Account, Part, chain, hold, share

from .test_walk import IDS, NAN, NEVER, QUIET, chance, crossing, entries, made, options, told

HALF = Terms(sizing=Sizing(fraction=0.5), exits=Exits(stop="own"))


def named(bars: Bars, name: str) -> Bars:
    return dataclasses.replace(bars, symbol=name)


def setups(name: str, **features: list[float]) -> Setups:
    ids = [f"{name}{i}" for i in range(20)]
    columns = {feature: np.array(values) for feature, values in features.items()}
    return cast(Setups, type("Ids", (), {"ids": ids, "features": columns})())


def rows(account: Account) -> list[tuple[Any, ...]]:
    table = account.trades
    hour = (table["entry_time"] - pd.Timestamp("2024-01-01", tz="UTC")) // pd.Timedelta(hours=1)
    return list(zip(table["symbol"], table["window"], table["setup"], hour, table["size"], strict=True))


def test_two_markets_two_windows() -> None:
    """The position of window 4 in A crosses into window 5, whose entries in A lapse and whose entry in B does not."""
    a, b = named(made(QUIET * 12), "A"), named(made(QUIET * 12), "B")
    of_a = [
        Part(4, setups("a"), entries((1, 1, 95, NAN, 7))),
        Part(5, setups("c"), entries((5, -1, 105, NAN, NEVER), (7, 1, 95, NAN, NEVER), (8, 1, 95, NAN, NEVER))),
    ]
    of_b = [
        Part(4, setups("b"), entries((3, 1, 95, NAN, 4))),
        Part(5, setups("d"), entries((6, 1, 95, NAN, NEVER))),
    ]
    account = share([a, b], [of_a, of_b], HALF, 1000.0, a.index[4], "")
    assert rows(account) == [
        ("A", 4, "a0", 2, 5.0),
        ("B", 4, "b0", 4, 5.0),
        ("B", 5, "d0", 7, 5.0),
        ("A", 5, "c2", 9, 5.0),
    ]
    assert account.refused == {"lapsed": 2}
    assert account.equity.tolist() == [1000.0] * 8 and (account.time == a.index[4:]).all()


def test_the_calendar_is_that_of_all_markets_from_the_start_on() -> None:
    a, b = named(made(QUIET * 6), "A"), named(made(QUIET * 9)[3:], "B")
    none = [Part(0, setups("x"), entries())]
    account = share([a, b], [none, none], HALF, 1000.0, a.index[2], "")
    assert (account.time == made(QUIET * 9).index[2:]).all() and account.equity.tolist() == [1000.0] * 7
    assert len(account.trades) == 0 and account.refused == {}


@pytest.mark.parametrize(("rank", "first"), [("", "A"), ("f_x", "B"), ("-f_x", "A"), ("f_y", "A"), ("-f_y", "B")])
def test_who_is_entered_first(rank: str, first: str) -> None:
    markets = [named(made(QUIET * 6), name) for name in "AB"]
    one = entries((1, 1, 95, NAN, NEVER))
    parts = [[Part(0, setups("a", f_x=[1.0], f_y=[-1.0]), one)], [Part(0, setups("b", f_x=[2.0], f_y=[-2.0]), one)]]
    terms = dataclasses.replace(HALF, sizing=Sizing(fraction=0.5, positions=1))
    account = share(markets, parts, terms, 1000.0, markets[0].index[0], rank)
    assert account.trades["symbol"].tolist() == [first] and account.refused == {"full": 1}


def test_the_rank_is_that_of_the_setup_that_is_entered() -> None:
    """Each window's entries point into setups of their own; NaN is tried last."""
    markets = [named(made(QUIET * 9), name) for name in "AB"]
    of_a = [
        Part(0, setups("a", f_x=[9.0, 1.0]), entries((1, 1, 95, NAN, 3)).take(np.array([0]))),
        Part(1, setups("c", f_x=[0.0, 1.0]), _at(entries((5, 1, 95, NAN, NEVER)), 1)),
    ]
    of_b = [
        Part(0, setups("b", f_x=[NAN]), entries((1, 1, 95, NAN, 3))),
        Part(1, setups("d", f_x=[0.5, 9.0]), _at(entries((5, 1, 95, NAN, NEVER)), 0)),
    ]
    terms = dataclasses.replace(HALF, sizing=Sizing(fraction=0.5, positions=1))
    for rank, due in (("f_x", ["a0", "c1"]), ("-f_x", ["a0", "d0"])):
        account = share(markets, [of_a, of_b], terms, 1000.0, markets[0].index[0], rank)
        assert account.trades["setup"].tolist() == due


def _at(given: Any, row: int) -> Any:
    return dataclasses.replace(given, setup=np.array([row]))


def test_a_feature_that_is_not_there() -> None:
    given = setups("a", f_left_osc=[1.0], f_width=[2.0])
    with pytest.raises(UserError, match=r"^sizing.rank: 'f_lft_osc' is no feature .*; did you mean 'f_left_osc'\?$"):
        ranked(given, "-f_lft_osc")
    assert ranked(given, "-f_width").tolist() == [-2.0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("fill", ["open", "close"])
@pytest.mark.parametrize("on_opposite", ["exit", "reverse"])
def test_one_market_shared_is_one_market(seed: int, fill: str, on_opposite: str) -> None:
    bars, given = chance(seed)
    edges = [20, 60, 100, 140, 260, 380]
    parts = [Part(w, IDS, given.between(a, b)) for w, (a, b) in enumerate(pairwise(edges))]
    terms = options(fill, on_opposite)
    alone, shared = chain(bars, parts, terms, 1000.0, 20), share([bars], [parts], terms, 1000.0, bars.index[20], "")
    assert len(alone.trades) > 15
    pd.testing.assert_frame_equal(shared.trades, alone.trades, rtol=1e-9)
    np.testing.assert_allclose(shared.equity, alone.equity, rtol=1e-9)
    assert shared.refused == alone.refused and (shared.time == alone.time).all()


def test_the_account_of_one_market_says_its_time() -> None:
    bars, parts = crossing()
    account = chain(bars, parts, HALF, 1000.0, 6)
    assert (account.time == bars.index[6:]).all()
    assert [row[0] for row in told(bars, account)] == [0, 1]


def test_buying_and_holding_pays_the_funding_from_its_first_close_on() -> None:
    bars = made([(50, 51, 49, 50), (100, 130, 90, 120), (120, 125, 100, 110), (110, 110, 110, 110)])
    stamps = pd.DatetimeIndex(
        ["2024-01-01 01:00", "2024-01-01 02:00", "2024-01-01 03:30", "2024-01-01 04:00"], tz="UTC"
    )
    funded = bars.with_funding(pd.Series([0.5, 0.01, -0.02, 0.03], stamps))
    equity = hold(funded, Terms(Costs(fee=0.25, slippage=0.25)), 1000.0, 1)
    units = 1000 / (125 * 1.25)
    # The rate of 01:00 was settled before the open of 01:00 was bought; that of 02:00 is paid at the close of 01:00.
    first, last = 120 * 0.01, 110 * (-0.02 + 0.03)
    assert equity.tolist() == pytest.approx(
        [units * (120 - first), units * (110 - first), units * (110 - first - last)]
    )
