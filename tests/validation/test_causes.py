"""Planted leaks: the cause that is told and how far it is said to reach; honest rules are never accused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.entries import policy
from framework.errors import UserError
from framework.sources import load
from framework.validation.causality import Produce, Views, prefixes
from framework.validation.causes import Cause, cause
from framework.validation.proof import producer
from framework.validation.reach import Evidence, evidence
from framework.workspace import load_strategy, names
from tests.conformance.test_strategies import CASES, LEAKY, of_strategy
from tests.validation.test_causality import events, every_bar, walk

N = 400
SEED = 6  # of a walk that is highest in its middle


def one(produce: Produce, cuts: int = 60, seed: int = 1) -> tuple[Evidence, Cause]:
    """The only column that changes, and its cause."""
    bars = walk(N, seed)
    (found,) = evidence(bars, produce, prefixes(N, cuts, seed=3))
    return found, cause(found, N)


def value(column: Callable[[pd.Series], Any]) -> Produce:
    return every_bar(lambda bars: np.asarray(column(pd.Series(bars.close)), dtype=float))


def last_is_zero(close: pd.Series) -> pd.Series:
    return close.where(close.index < len(close) - 1, 0.0)


def gaps_filled_from_behind(close: pd.Series) -> pd.Series:
    return close.where(close.index % 10 == 9).bfill()


@pytest.mark.parametrize(
    ("column", "kind", "settles"),
    [
        (lambda close: close.shift(-1), "ahead", {1}),
        (lambda close: close.shift(-7), "ahead", {7}),
        (lambda close: close.rolling(21, center=True).mean(), "ahead", {10}),
        (lambda close: close.rolling(101, center=True, min_periods=1).mean(), "ahead", {50}),
        (lambda close: close / close.mean(), "whole", {None}),
        (lambda close: (close - close.mean()) / close.std(), "whole", {None}),
        (lambda close: close.rank(), "whole", None),
        (lambda close: close - np.polyval(np.polyfit(close.index, close, 1), close.index), "whole", {None}),
        (last_is_zero, "last", {1}),
        (lambda close: close.index / len(close), "length", {None}),
        (lambda close: close / close.iloc[-1], "whole", {None}),
    ],
)
def test_a_value_a_bar(column: Callable[[pd.Series], Any], kind: str, settles: set[int | None] | None) -> None:
    """How many bars must follow is exact for what every bar shows."""
    found, why = one(value(column))
    assert why.kind == kind
    assert settles is None or {*found.settles.values()} == settles


def test_a_fill_from_behind_reaches_as_far_as_its_gaps() -> None:
    found, why = one(value(gaps_filled_from_behind))
    assert why.kind == "ahead"
    assert found.settles == {bar: 9 - bar % 10 for bar in found.settles} and max(found.settles.values()) >= 8


def test_an_extreme_of_all_bars_is_told_by_the_bar_that_made_it() -> None:
    found, why = one(value(lambda close: close / close.max()), seed=SEED)
    top = int(np.argmax(walk(N, SEED).close))
    assert why.kind == "whole" and f"settles only once bar {top} is there" in why.told
    assert {bar + count for bar, count in found.settles.items()} == {top}


def vanishing(after: int) -> Produce:
    """Every tenth bar, taken back when so many bars have followed."""
    return events(lambda bars: [bar for bar in range(0, len(bars), 10) if bar % 20 or bar + after >= len(bars)])


def test_which_future_does_it_decides_between_the_length_and_the_values() -> None:
    """Rows that go by their number alone: no other future changes them, and no cause in the values is told."""
    found, why = one(vanishing(6))
    assert (why.kind, {*found.settles.values()}) == ("length", {6})


def repainted(bars: Bars) -> NDArray[np.int64]:
    """Highs that no bar of the next five has passed yet."""
    padded = np.append(bars.high, np.full(5, -np.inf))
    later = np.lib.stride_tricks.sliding_window_view(padded[1:], 5).max(axis=1)
    return np.flatnonzero(bars.high > later)


def test_a_row_that_is_taken_back_repaints() -> None:
    found, why = one(events(repainted))
    high = walk(N).high
    passed = {bar: 1 + int(np.argmax(high[bar + 1 : bar + 6] >= high[bar])) for bar in found.settles}
    assert why.kind == "repaints" and found.settles == passed
    assert f"known_at + {max(passed.values())}" in why.right


def test_a_row_of_the_past_is_backdated() -> None:
    def lows(bars: Bars) -> NDArray[np.int64]:
        window = np.lib.stride_tricks.sliding_window_view(bars.low, 7)
        return np.flatnonzero(window.argmin(axis=1) == 3) + 3

    found, why = one(events(lows))
    assert (why.kind, {*found.settles.values()}) == ("backdated", {3})
    assert "known_at is 3 bars too early" in why.told and why.right.endswith("known_at + 3")


def test_what_only_another_future_shows() -> None:
    """A jump that these data do not hold."""
    found, why = one(events(lambda bars: np.flatnonzero(bars.close[1:] > 1.1 * bars.close[:-1])))
    assert why.kind == "peeks" and not found.cutting
    assert {*found.settles.values()} <= {1}


def test_the_first_row_is_shown_and_the_others_counted() -> None:
    found, _ = one(value(lambda close: close.shift(-1)), cuts=60)
    at = prefixes(N, 60, seed=3)
    assert (found.first.bar, found.first.cut, found.rows) == (at[0], at[0], 60)


def test_each_column_for_itself() -> None:
    """A column that is as it should be is not among them, nor are entries that follow the setups."""

    def produce(bars: Bars) -> Views:
        known = np.arange(len(bars))
        ahead, mean = np.append(bars.close[1:], np.nan), np.full(len(bars), bars.close.mean())
        names = np.array([str(price) for price in ahead], dtype=object)
        table = {"id": names, "good": bars.close, "ahead": ahead, "mean": mean}
        return {"setups": (known, table), "aggressive entries": (known, {"setup": names, "stop": mean})}

    found = {one.column: cause(one, N).kind for one in evidence(walk(N), produce, prefixes(N, 20, seed=3))}
    assert found == {"ahead": "ahead", "mean": "whole"}


def test_an_extreme_before_every_cut_is_told_by_another_future() -> None:
    """Cutting shows nothing where the highest bar comes before the first cut."""
    bars = walk(N)
    assert np.argmax(bars.close) < 30
    found, why = one(value(lambda close: close / close.max()))
    assert why.kind == "whole" and not found.cutting


def test_an_answer_that_cannot_be_had_is_not_guessed() -> None:
    """Once the rule raises, nothing is said of how far it reaches."""
    bars, asked = walk(N), prefixes(N, 10, seed=3)
    allowed = {len(bars), *(cut + 1 for cut in asked)}

    def produce(bars: Bars) -> Views:
        if len(bars) not in allowed:
            raise UserError("strategies/rule.py:9", "raises", "mend the rule")
        return every_bar(lambda bars: np.append(bars.close[1:], np.nan))(bars)

    (found,) = evidence(bars, produce, asked)
    assert found.settles == {} and "settles" not in cause(found, N).told


@pytest.fixture(scope="module")
def bars() -> Bars:
    return load("sample:MSFT")[:1200]


@pytest.mark.parametrize(
    ("name", "column", "kind", "most"),
    [
        ("alternation", "rows", "repaints", None),
        ("centred", "rows", "ahead", 4),
        ("future_norm", "f_volume", "whole", None),
        ("last_bar", "long", "last", 1),
        ("own_bar", "rows", "backdated", 5),
        ("own_length", "rows", "length", None),
        ("remembered", "rows", "peeks", 1),
        ("repainting", "rows", "repaints", 5),
        ("shifted", "f_change", "ahead", 1),
        ("unclosed", "rows", "ahead", 4),
        ("z_score", "rows", "whole", None),
    ],
)
def test_planted_leaks(name: str, column: str, kind: str, most: int | None, bars: Bars) -> None:
    """The cause of every planted leak; no row of it reaches further than it can."""
    found = evidence(bars, leaky(name), prefixes(len(bars), 50, seed=1))
    first = found[0]
    assert (first.column, cause(first, len(bars)).kind) == (column, kind)
    if most:
        assert max(count for count in first.settles.values() if count) == most


def leaky(name: str) -> Produce:
    rule = load_strategy(LEAKY, name)
    return producer(rule.setups, rule.exits, rule.build({}), {"aggressive": policy("aggressive")})


def test_no_planted_leak_is_left_out() -> None:
    (mark,) = [mark for mark in test_planted_leaks.pytestmark if mark.name == "parametrize"]
    assert {case[0] for case in mark.args[1]} == set(names(LEAKY))


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] != "confluence"])
def test_honest_strategies_are_never_accused(name: str, options: dict[str, object], bars: Bars) -> None:
    assert evidence(bars, of_strategy(name, options), prefixes(len(bars), 4, seed=5)) == []
