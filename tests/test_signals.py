"""Signals in two shapes, dense and sparse, and what is no signal."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.errors import UserError
from framework.signals import Entries, Signals, dense
from tests import examples

from .experiment import walk

MOST = 40
BARS = Bars.from_frame(walk(MOST).tz_localize("UTC"), "X", "1d")
NAN = float("nan")


def same(one: object, other: object) -> None:
    """Two tables of one kind, field by field, to the bit; NaN is NaN."""
    for item in dataclasses.fields(one):
        a, b = getattr(one, item.name), getattr(other, item.name)
        assert a.dtype == b.dtype, item.name
        np.testing.assert_array_equal(a, b, err_msg=item.name)


@st.composite
def signals(draw: st.DrawFn) -> Signals:
    """Any signals that say nothing of stop, target and setup where nothing is entered."""
    n = draw(st.integers(1, MOST))
    flags = st.lists(st.booleans(), min_size=n, max_size=n).map(lambda row: np.array(row, bool))
    long, short = draw(flags), draw(flags)
    entered = long | short
    price = st.one_of(st.just(NAN), st.floats(0.01, 1e6))
    prices = st.lists(price, min_size=n, max_size=n).map(lambda row: np.where(entered, row, np.nan))
    setup = draw(st.lists(st.integers(-1, 99), min_size=n, max_size=n))
    return Signals(long, draw(flags), short, draw(flags), draw(prices), draw(prices), np.where(entered, setup, -1))


@given(signals())
@settings(max_examples=examples(200), deadline=None)
def test_dense_to_sparse_and_back_loses_nothing(before: Signals) -> None:
    entries = before.entries()
    after = dense(BARS[: len(before)], entries, before.long_exit, before.short_exit)
    same(before, after)
    same(entries, after.entries())


@given(signals())
@settings(max_examples=examples(200), deadline=None)
def test_every_entry_has_its_own_first_exit(given_: Signals) -> None:
    entries, n = given_.entries(), len(given_)
    assert len(entries) == int(given_.long_entry.sum() + given_.short_entry.sum())
    for bar, side, end in zip(entries.bar, entries.side, entries.exit_bar, strict=True):
        exits = given_.long_exit if side > 0 else given_.short_exit
        assert end == next((t for t in range(bar, n) if exits[t]), n)


def test_the_sparse_view() -> None:
    found = Signals(
        long_entry=[True, False, True, True],
        long_exit=[False, True, False, True],
        short_entry=[False, False, True, False],
        stop=[9.0, 8.0, NAN, 7.0],
        target=[NAN, NAN, 20.0, NAN],
        setup=[5, 6, 7, 8],
    ).entries()
    assert (found.bar.tolist(), found.side.tolist()) == ([0, 2, 2, 3], [1, 1, -1, 1])
    assert found.exit_bar.tolist() == [1, 3, 4, 3]  # a long leaves at an exit of its own bar; no short exit is never
    np.testing.assert_array_equal(found.stop, [9, NAN, NAN, 7])
    np.testing.assert_array_equal(found.target, [NAN, 20, 20, NAN])
    assert found.setup.tolist() == [5, 7, 7, 8]
    assert [getattr(found, name).dtype.name for name in ("bar", "side", "exit_bar", "setup")] == [
        "int64",
        "int8",
        "int64",
        "int64",
    ]


def test_what_is_not_given_is_nothing() -> None:
    found = Signals([False, True])
    assert not found.long_exit.any() and not found.short_entry.any() and not found.short_exit.any()
    assert np.isnan(found.stop).all() and np.isnan(found.target).all() and found.setup.tolist() == [-1, -1]
    assert len(found) == 2 and found.entries().exit_bar.tolist() == [2]
    assert len(Signals(np.zeros(0, bool)).entries()) == 0


def sparse() -> Entries:
    """Two longs and a short on bar 3, a long on bar 5."""
    return Entries(
        bar=np.array([3, 3, 3, 5]),
        side=np.array([1, -1, 1, 1], np.int8),
        stop=np.array([7.0, NAN, 8.0, 9.0]),
        target=np.array([NAN, NAN, NAN, 30.0]),
        exit_bar=np.full(4, 9),
        setup=np.array([10, 11, 12, 13]),
    )


def test_of_several_entries_on_a_bar_the_first_is_kept() -> None:
    found = dense(BARS[:6], sparse())
    assert np.flatnonzero(found.long_entry).tolist() == [3, 5] and np.flatnonzero(found.short_entry).tolist() == [3]
    assert (found.stop[3], found.setup[3], found.stop[5], found.target[5], found.setup[5]) == (7, 10, 9, 30, 13)
    assert np.isnan(found.stop[[0, 1, 2, 4]]).all() and found.setup[[0, 1, 2, 4]].tolist() == [-1] * 4


def test_part_of_the_entries() -> None:
    assert sparse().between(3, 5).setup.tolist() == [10, 11, 12]
    assert sparse().between(4, 6).setup.tolist() == [13]
    assert sparse().take(np.array([3, 0])).setup.tolist() == [13, 10]
    assert sparse().take(np.array([False, True, False, True])).bar.tolist() == [3, 5]
    assert len(sparse().between(6, 9)) == 0


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"long_entry": [1, 0]}, "Signals.long_entry: holds int64, not booleans; give one True or False a bar"),
        ({"long_entry": [True, None]}, "Signals.long_entry: holds object, not booleans; "),
        ({"long_entry": [[True], [False]]}, "Signals.long_entry: has shape (2, 1); one value a bar, shape (2,)"),
        ({"long_exit": [1.0, NAN]}, "Signals.long_exit: holds float64, not booleans; "),
        ({"long_exit": [True]}, "Signals.long_exit: has shape (1,); one value a bar, shape (2,)"),
        ({"short_entry": [True] * 3}, "Signals.short_entry: has shape (3,); one value a bar, shape (2,)"),
        ({"short_exit": np.array(True)}, "Signals.short_exit: has shape (); one value a bar, shape (2,)"),
        ({"stop": [1.0, 0.0]}, "Signals.stop: row 1 is 0.0; a positive price, or NaN for none"),
        ({"stop": [-1.0, 2.0]}, "Signals.stop: row 0 is -1.0; a positive price, or NaN for none"),
        ({"target": [NAN, np.inf]}, "Signals.target: row 1 is inf; a positive price, or NaN for none"),
        ({"target": 5.0}, "Signals.target: has shape (); one value a bar, shape (2,)"),
        ({"setup": [1]}, "Signals.setup: has shape (1,); one value a bar, shape (2,)"),
    ],
)
def test_what_is_no_signal(arrays: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        Signals(**({"long_entry": [True, False]} | arrays))
    assert str(caught.value).startswith(said)
