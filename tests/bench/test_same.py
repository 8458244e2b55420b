"""Trades of two libraries side by side: what is the same, what is explained, what is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from .levels import crossings, standing
from .peers import same_trades, trade_table

NOTHING = dict.fromkeys(("stop_in_entry_bar", "stop_before_signal", "follows", "unexplained"), 0)


def table(*rows: tuple[int, int, float, float]) -> pd.DataFrame:
    return trade_table(*np.array(rows).T, np.zeros(len(rows), bool))


def mine(*rows: tuple[int, int, float, float, str]) -> pd.DataFrame:
    reasons = [row[4] for row in rows]
    return table(*(row[:4] for row in rows)).assign(reason=reasons, open=[reason == "open" for reason in reasons])


def test_equal_trades_are_equal() -> None:
    counts = same_trades(mine((3, 5, 10.0, 9.0, "stop")), table((3, 5, 10.0, 9.0)))
    assert counts == {"ours": 1, "theirs": 1, "equal": 1, **NOTHING}


@pytest.mark.parametrize("other", [(3, 6, 10.0, 9.0), (3, 5, 10.0, 9.1), (4, 5, 10.0, 9.0)])
def test_another_bar_or_price_is_unexplained(other: tuple[int, int, float, float]) -> None:
    counts = same_trades(mine((3, 5, 10.0, 9.0, "stop")), table(other))
    assert counts["equal"] == 0
    assert counts["unexplained"] >= 1


def test_a_stop_in_the_bar_of_entry_explains_what_is_entered_meanwhile() -> None:
    counts = same_trades(mine((3, 3, 10.0, 9.0, "stop"), (5, 8, 11.0, 12.0, "signal")), table((3, 6, 10.0, 9.0)))
    assert counts == {"ours": 2, "theirs": 1, "equal": 0, **NOTHING, "stop_in_entry_bar": 1, "follows": 1}


def test_what_they_enter_while_we_hold_a_trade_that_differs_follows_too() -> None:
    first, held = (3, 3, 10.0, 9.0, "stop"), (5, 8, 11.0, 12.0, "signal")
    counts = same_trades(mine(first, held), table((3, 6, 10.0, 9.0), (7, 9, 11.0, 12.0)))
    assert counts["unexplained"] == 0


def test_a_stop_in_the_bar_at_whose_open_we_left_is_explained() -> None:
    counts = same_trades(mine((3, 6, 10.0, 9.5, "signal")), table((3, 6, 10.0, 9.0)))
    assert counts == {"ours": 1, "theirs": 1, "equal": 0, **NOTHING, "stop_before_signal": 1}
    counts = same_trades(mine((3, 6, 10.0, 9.5, "signal")), table((3, 6, 10.0, 9.7)))
    assert counts["unexplained"] == 1


def test_a_trade_that_only_they_made_is_unexplained() -> None:
    counts = same_trades(mine((3, 5, 10.0, 9.0, "stop")), table((3, 5, 10.0, 9.0), (7, 8, 10.0, 11.0)))
    assert (counts["equal"], counts["unexplained"]) == (1, 1)


def test_of_a_trade_open_at_the_end_the_entry_counts() -> None:
    theirs = table((3, 9, 10.0, 12.0)).assign(open=True)
    assert same_trades(mine((3, 10, 10.0, 12.5, "open")), theirs)["equal"] == 1
    assert same_trades(mine((3, 10, 10.1, 12.5, "open")), theirs)["unexplained"] == 1


def test_crossings_need_a_close_at_or_below_the_level_before() -> None:
    rsi = np.array([np.nan, 35.0, 30.0, 30.1, 31.0, 29.0, 30.0, 45.0])
    assert crossings(rsi, 30.0).tolist() == [False, False, False, True, False, False, False, True]


def test_the_standing_low_is_the_latest_known_below_the_ceiling() -> None:
    known, price = np.array([2, 4, 6, 8]), np.array([5.0, 7.0, 6.0, 4.0])
    bar = np.array([1, 2, 4, 4, 6, 8, 9, 9])
    ceiling = np.array([9.0, 9.0, 9.0, 6.5, 6.5, 5.5, 4.0, 9.0])
    expected = [np.nan, 5.0, 7.0, 5.0, 6.0, 4.0, np.nan, 4.0]
    np.testing.assert_array_equal(standing(known, price, bar, ceiling), expected)
