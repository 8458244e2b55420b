"""Setups: who they are, in which order they stand, what is refused, and their table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.setups import Setups, ordered
from framework.sources import load
from framework.structure.divergence import DivergenceRule, rsi_divergences

DAYS = np.arange(20).astype("datetime64[D]").astype("datetime64[us]")


def setups(*known_at: int, **changes: object) -> Setups:
    """Setups known at these bars (5 and 9), four after their left and three after their right anchor; up, long."""
    known = np.array(known_at or (5, 9))
    n = len(known)
    parts: dict[str, object] = {
        "symbol": "X",
        "timeframe": "1d",
        "time": DAYS,
        "rule": "rule",
        "kind": np.full(n, "up"),
        "direction": np.ones(n, np.int8),
        "anchors": {"left": known - 4, "right": known - 3},
        "known_at": known,
        "stop": known + 0.5,
        "features": {"f_depth": known * 2.0},
        "veto": np.full(n, ""),
        "detection": "width=3",
    }
    return Setups(**parts | changes)


def test_an_id_is_known_and_stays() -> None:
    """They stand in the files of runs: a change here makes runs incomparable."""
    assert setups().ids == ["66cb3f4b15a583b6", "0df1c246f5833602"]


def test_ids_are_equal_across_slices() -> None:
    """The same bars cut at the front and at the back: the same days, other positions."""
    assert setups(6, time=DAYS[3:]).ids == setups().ids[1:]
    assert setups(5, time=DAYS[3:]).ids != setups().ids[1:]
    assert setups(time=DAYS[:10]).ids == setups().ids
    assert setups().take(np.array([1])).ids == setups().ids[1:]


def test_ids_of_a_prefix_of_real_bars() -> None:
    bars = load("sample:MSFT")
    whole = rsi_divergences(bars, 14, DivergenceRule())
    short = rsi_divergences(bars[:1500], 14, DivergenceRule())
    assert len(short) > 20
    assert short.ids == whole.ids[: len(short)]
    assert len(set(whole.ids)) == len(whole)


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "Y"},
        {"timeframe": "1h"},
        {"rule": "other"},
        {"detection": "width=4"},
        {"kind": np.array(["down", "down"])},
        {"anchors": {"left": np.array([0, 4]), "right": np.array([2, 6])}},
        {"anchors": {"left": np.array([2, 6]), "right": np.array([1, 5])}},
        {"time": DAYS + np.timedelta64(1, "us")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_makes_another_setup(changes: dict[str, object]) -> None:
    assert not set(setups(**changes).ids) & set(setups().ids)


@pytest.mark.parametrize(
    "changes",
    [
        {"known_at": np.array([6, 10])},
        {"stop": np.array([1.0, 2.0])},
        {"features": {}},
        {"veto": np.array(["no", ""])},
        {"direction": np.array([-1, -1], np.int8)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_does_not(changes: dict[str, object]) -> None:
    """What is measured of a setup is not what it is."""
    whole = setups()
    assert Setups(**{**{name: getattr(whole, name) for name in whole.__dataclass_fields__}, **changes}).ids == whole.ids


def test_ids_differ_by_the_parameters_that_found_them() -> None:
    bars = load("sample:MSFT")[:1500]
    one, other = (rsi_divergences(bars, 14, DivergenceRule(oversold=level)) for level in (30.0, 25.0))
    assert np.array_equal(one.known_at, other.known_at) and len(one)
    assert not set(one.ids) & set(other.ids)
    assert not set(one.ids) & set(rsi_divergences(bars, 21, DivergenceRule()).ids)


def test_ordered_by_known_at_then_kind() -> None:
    first = setups(4, 9, 12, kind=np.array(["up", "up", "up"]), stop=np.array([1.0, 2, 3]))
    second = setups(4, 9, 9, kind=np.array(["down", "up", "down"]), stop=np.array([4.0, 5, 6]))
    found = ordered([first, second])
    assert found.known_at.tolist() == [4, 4, 9, 9, 9, 12]
    assert found.kind.tolist() == ["down", "up", "down", "up", "up", "up"]
    assert found.stop.tolist() == [4, 1, 6, 2, 5, 3]
    assert found.anchors["right"].tolist() == [1, 1, 6, 6, 6, 9]
    assert found.features["f_depth"].tolist() == [8, 8, 18, 18, 18, 24]
    assert ordered(part for part in [first]).ids == first.ids


def test_words_of_different_lengths_are_kept_whole() -> None:
    long = setups(1, kind=np.array(["a_rather_long_kind"]), veto=np.array(["no"]))
    found = ordered([setups(7), long])
    assert (found.kind.tolist(), found.veto.tolist()) == (["a_rather_long_kind", "up"], ["no", ""])


def test_the_first_veto_stays() -> None:
    before = setups(5, 9, 12)
    once = before.refuse(np.array([True, False, False]), "too late")
    twice = once.refuse(np.array([True, True, False]), "and a much longer word")
    assert twice.veto.tolist() == ["too late", "and a much longer word", ""]
    assert twice.traded.tolist() == [False, False, True]
    assert before.veto.tolist() == ["", "", ""] and twice.ids == before.ids
    assert before.refuse(np.zeros(3, bool), "never").veto.tolist() == ["", "", ""]


def test_part_of_the_setups() -> None:
    found = setups(5, 9, 12).take(np.array([True, False, True]))
    assert (found.known_at.tolist(), found.stop.tolist()) == ([5, 12], [5.5, 12.5])
    assert (found.anchors["left"].tolist(), found.features["f_depth"].tolist()) == ([1, 8], [10, 24])
    assert setups(5, 9, 12).take(np.array([2, 0])).known_at.tolist() == [12, 5]


def test_the_longest_wait() -> None:
    assert setups().lag == 3
    assert setups(anchors={"left": np.array([4, 8]), "right": np.array([1, 2])}).lag == 1
    assert setups().take(np.zeros(2, bool)).lag == 0


def test_the_table() -> None:
    found = setups(direction=np.array([1, -1], np.int8), veto=np.array(["", "no"])).frame()
    day = pd.Timestamp("1970-01-01", tz="UTC")
    said = "setup symbol rule kind direction known_at left right stop target veto f_depth"
    assert list(found.columns) == said.split()
    assert found["setup"].tolist() == setups().ids
    assert found["direction"].tolist() == ["long", "short"]
    assert found["known_at"].tolist() == [day + pd.Timedelta(days=5), day + pd.Timedelta(days=9)]
    assert found["right"].tolist() == [day + pd.Timedelta(days=2), day + pd.Timedelta(days=6)]
    assert found["veto"].tolist() == ["", "no"] and found["f_depth"].tolist() == [10, 18]
    assert found["symbol"].tolist() == ["X", "X"] and found["rule"].tolist() == ["rule", "rule"]
    empty = setups().take(np.zeros(2, bool)).frame()
    assert list(empty.columns) == list(found.columns) and len(empty) == 0
    assert empty["known_at"].dtype == found["known_at"].dtype
