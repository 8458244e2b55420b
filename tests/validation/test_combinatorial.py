"""Purged combinatorial cross-validation against the book's figure, skfolio's splitter and plain second ones."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV

from framework.errors import UserError
from framework.validation.combinatorial import Combinatorial, Group, Split, Times, embargo_after, kept, stretch
from tests import examples

SIZES = [(2, 1), (6, 1), (6, 2), (6, 3), (6, 5), (10, 8), (12, 6)]
DAY = np.timedelta64(86_400_000_000, "us")


def days(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=n, freq="D", tz="UTC").as_unit("us")


def stamps(calendar: pd.DatetimeIndex) -> Times:
    return calendar.tz_convert(None).to_numpy().astype("datetime64[us]")


def rows(calendar: pd.DatetimeIndex, group: Group) -> list[int]:
    return np.flatnonzero((calendar >= group.start) & (calendar < group.end)).tolist()


def lived(calendar: pd.DatetimeIndex, life: int) -> tuple[Times, Times]:
    """A trade at every bar, from its signal to so many bars later; still open where there are none."""
    at = stamps(calendar)
    return at, np.append(at[life:], np.full(min(life, len(at)), "NaT", dtype=at.dtype))


def test_the_paths_are_those_of_the_books_figure() -> None:
    """Figure 12.2 of López de Prado (2018): the path of every group (row) and split (column), 0 where it trains."""
    figure = np.array(
        [
            [1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0],
            [0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 5, 0, 0, 0],
            [0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 0, 4, 5, 0],
            [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 4, 0, 5],
            [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 4, 5],
        ]
    )
    paths = Combinatorial(6, 2).paths
    assert paths.shape == (5, 6)
    drawn = np.zeros_like(figure)
    for number, path in enumerate(paths, 1):
        drawn[np.arange(6), path] = number
    assert (drawn == figure).all()
    assert (paths[1] + 1).tolist() == [2, 6, 6, 7, 8, 9]  # as the text has it: (G1, S2), (G2, S6) ... (G6, S9)


@pytest.mark.parametrize(("groups", "tested"), SIZES)
def test_every_test_is_in_one_path(groups: int, tested: int) -> None:
    made, calendar = Combinatorial(groups, tested), days(30)
    splits, paths = made.splits(calendar), made.paths
    assert len(splits) == math.comb(groups, tested) and paths.shape == (math.comb(groups - 1, tested - 1), groups)
    assert [split.number for split in splits] == list(range(len(splits)))
    told = [tuple(group.number for group in split.tests) for split in splits]
    assert told == sorted(set(told))  # lexicographic, none twice
    pairs = {(group, split) for path in paths.tolist() for group, split in enumerate(path)}
    assert pairs == {(group, number) for number, tests in enumerate(told) for group in tests}
    assert len(pairs) == paths.size
    assert np.bincount(paths.ravel()).tolist() == [tested] * len(splits)


@settings(max_examples=examples(200), deadline=None)
@given(n=st.integers(2, 60), groups=st.integers(2, 20))
def test_groups_hold_every_bar_once(n: int, groups: int) -> None:
    calendar = days(n)
    if groups > n:
        with pytest.raises(UserError, match=rf"^combinatorial\.groups: {groups} groups are more than the {n} bars; "):
            Combinatorial(groups, 1).grouped(calendar)
        return
    made = Combinatorial(groups, 1).grouped(calendar)
    parts = [part.tolist() for part in np.array_split(np.arange(n), groups)]
    assert [rows(calendar, group) for group in made] == parts
    assert [group.number for group in made] == list(range(groups))
    assert all(before.end == after.start for before, after in pairwise(made))
    assert made[0].start == calendar[0] and made[-1].end == calendar[-1] + pd.Timedelta(microseconds=1)


def theirs(groups: int, tested: int, n: int, **sizes: int) -> tuple[CombinatorialPurgedCV, list[Any]]:
    splitter = CombinatorialPurgedCV(n_folds=groups, n_test_folds=tested, **sizes)
    return splitter, list(splitter.split(np.zeros((n, 1))))


@pytest.mark.parametrize(("groups", "tested"), [(3, 2), (6, 2), (6, 3), (6, 5), (10, 8)])
def test_splits_and_paths_are_skfolios(groups: int, tested: int) -> None:
    n = 12 * groups
    calendar, made = days(n), Combinatorial(groups, tested)
    splitter, folds = theirs(groups, tested, n)
    splits = made.splits(calendar)
    assert len(splits) == len(folds)
    for split, (train, tests) in zip(splits, folds, strict=True):
        assert [rows(calendar, group) for group in split.tests] == [test.tolist() for test in tests]
        assert np.flatnonzero(kept(*lived(calendar, 0), split.tests, DAY * 0)).tolist() == train.tolist()
    assert (splitter.recombined_paths == made.paths.T).all()


def test_bars_that_do_not_come_out_even_go_to_the_first_groups_and_to_their_last() -> None:
    _, folds = theirs(6, 5, 20)
    assert [len(test) for test in folds[0][1]] == [3] * 5 and len(folds[-1][1][-1]) == 5
    assert [len(rows(days(20), group)) for group in Combinatorial(6, 5).grouped(days(20))] == [4, 4, 3, 3, 3, 3]


@pytest.mark.parametrize(("groups", "tested"), [(3, 2), (6, 2), (6, 3), (6, 5)])
@pytest.mark.parametrize(("purged", "embargo"), [(0, 0), (1, 0), (4, 0), (0, 3), (2, 3), (5, 4)])
def test_what_trains_is_what_skfolio_keeps_of_trades_that_all_live_as_long(
    groups: int, tested: int, purged: int, embargo: int
) -> None:
    """Theirs purges bars around a test, ours lives that touch it. Where every trade lives `purged` bars:

                   before a test                  after a test
    theirs         purged bars                    purged + embargo bars
    ours           lives of purged bars touch it  the embargo alone

    So our embargo is their two together: it must hold the longest life, in which the test's own trades live on.
    """
    n = 12 * groups
    calendar = days(n)
    _, folds = theirs(groups, tested, n, purged_size=purged, embargo_size=embargo)
    signal, closed = lived(calendar, purged)
    for split, (train, _) in zip(Combinatorial(groups, tested).splits(calendar), folds, strict=True):
        assert np.flatnonzero(kept(signal, closed, split.tests, (purged + embargo) * DAY)).tolist() == train.tolist()
        short = set(np.flatnonzero(kept(signal, closed, split.tests, embargo * DAY))) - set(train)
        after = [rows(calendar, group)[-1] + 1 for group in split.tests]
        assert short <= {row + k for row in after for k in range(embargo, purged + embargo)}
        assert bool(short) == (purged > 0 and any(row < n and row not in _tested(calendar, split) for row in after))


def _tested(calendar: pd.DatetimeIndex, split: Split) -> set[int]:
    return {row for group in split.tests for row in rows(calendar, group)}


def test_lives_are_closed_at_both_ends_and_tests_half_open() -> None:
    calendar = days(12)
    (test,) = Combinatorial(3, 1).splits(calendar)[1].tests  # bars 4 to 7
    at = stamps(calendar)
    cases = [  # signal, exit (None: open), embargo, lag, kept
        (0, 3, 0, 0, True), (0, 4, 0, 0, False), (3, 3, 0, 0, True), (3, 4, 0, 0, False), (4, 4, 0, 0, False),
        (7, 9, 0, 0, False), (8, 9, 0, 0, True), (2, 9, 0, 0, False), (2, None, 0, 0, False), (8, None, 0, 0, True),
        (8, 8, 1, 0, False), (9, 9, 1, 0, True), (10, 10, 3, 0, False), (11, None, 3, 0, True),
        (3, 3, 0, 1, False), (2, 2, 0, 1, True), (2, 2, 0, 2, False), (8, 8, 0, 9, True), (0, 0, 0, 4, False),
    ]  # fmt: skip
    for signal, closed, embargo, lag, expected in cases:
        out = np.array([at[closed] if closed is not None else "NaT"], dtype=at.dtype)
        assert kept(at[signal : signal + 1], out, [test], embargo * DAY, lag * DAY).tolist() == [expected]


def plainly(signal: int, closed: float, tests: list[tuple[int, int]], embargo: int, lag: int) -> bool:
    """Snippet 7.1 of the book, its three kinds of overlap, on whole instants; and the gaps around a test."""
    for start, end in tests:
        last = end - 1
        starts_within, ends_within = start <= signal <= last, start <= closed <= last
        envelops = signal <= start and last <= closed
        if starts_within or ends_within or envelops:
            return False
        if end <= signal < end + embargo or start - lag <= signal < start:
            return False
    return True


TRADES = st.lists(st.tuples(st.integers(0, 160), st.none() | st.integers(0, 40)), max_size=60)
TESTS = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 60)), min_size=1, max_size=6)


@settings(max_examples=examples(200), deadline=None)
@given(trades=TRADES, tests=TESTS, embargo=st.integers(0, 30), lag=st.integers(0, 20))
def test_kept_is_what_a_plain_loop_keeps(
    trades: list[tuple[int, int | None]], tests: list[tuple[int, int]], embargo: int, lag: int
) -> None:
    """Of any tests, even such as overlap, in any order."""
    spans = [(start, start + size) for start, size in tests]
    closed = [math.inf if life is None else at + life for at, life in trades]
    expected = [plainly(at, out, spans, embargo, lag) for (at, _), out in zip(trades, closed, strict=True)]
    groups = [Group(k, *(pd.Timestamp(v, unit="us", tz="UTC") for v in span)) for k, span in enumerate(spans)]
    signal = np.array([at for at, _ in trades], dtype="datetime64[us]")
    out = np.array(["NaT" if v == math.inf else int(v) for v in closed], dtype=object).astype("datetime64[us]")
    found = kept(signal, out, groups, np.timedelta64(embargo, "us"), np.timedelta64(lag, "us"))
    assert found.dtype == bool and found.tolist() == expected
    for at, end in ((at, end) for at, end, ok in zip(signal.astype(int), closed, found, strict=True) if ok):
        assert not any(max(at, start) <= min(end, stop - 1) for start, stop in spans)


@settings(max_examples=examples(200), deadline=None)
@given(
    gaps=st.lists(st.sampled_from([1, 1, 1, 1, 3, 20]), min_size=25, max_size=120),
    size=st.sampled_from([(3, 1), (4, 2), (5, 3)]),
    longest=st.integers(0, 12),
    lag=st.integers(0, 12),
    which=st.integers(0, 9),
)
def test_after_the_embargo_no_training_trade_meets_a_trade_or_a_bar_of_the_test(
    gaps: list[int], size: tuple[int, int], longest: int, lag: int, which: int
) -> None:
    calendar = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.cumsum(gaps), unit="D")
    splits = Combinatorial(*size).splits(calendar)
    split, n = splits[which % len(splits)], len(calendar)
    embargo = embargo_after(stamps(calendar), longest, lag)
    train = np.flatnonzero(kept(*lived(calendar, longest), split.tests, embargo)).tolist()
    tested = _tested(calendar, split)
    alive = {bar for row in tested for bar in range(row, min(row + longest, n - 1) + 1)}
    for row in train:
        assert alive.isdisjoint(range(row, min(row + longest, n - 1) + 1))
        assert tested.isdisjoint(range(row - lag, row + 1))


def test_the_embargo_is_the_longest_of_life_lag_and_one_bar_in_a_hundred() -> None:
    weekdays = stamps(pd.bdate_range("2024-01-01", periods=250, tz="UTC"))
    assert embargo_after(weekdays, 0) == 5 * DAY  # 1 % of 250 is 2.5, so three bars, over a weekend five days
    assert embargo_after(weekdays, 4) == 6 * DAY
    assert embargo_after(weekdays, 4, lag=5) == 7 * DAY
    assert embargo_after(stamps(days(300)), 2, lag=1) == 3 * DAY
    assert embargo_after(stamps(days(301)), 2, lag=1) == 4 * DAY


def test_how_long_so_many_bars_take_at_most() -> None:
    at = np.array([0, 1, 2, 7, 8, 9], dtype="datetime64[us]")
    assert [int(stretch(at, bars).astype(int)) for bars in (0, 1, 2, 3, 4, 5, 6, 99)] == [0, 5, 6, 7, 8, 9, 9, 9]
    assert stretch(at[:1], 3) == stretch(at[:0], 3) == np.timedelta64(0, "us")


@pytest.mark.parametrize(
    ("groups", "tested", "told"),
    [
        (1, 1, "combinatorial.groups: is 1; 2 or more groups"),
        (0, 0, "combinatorial.groups: is 0; 2 or more groups"),
        (6, 0, "combinatorial.tested: 0 of 6 groups cannot be tested; 1 to 5, so that some are left to train on"),
        (6, 6, "combinatorial.tested: 6 of 6 groups cannot be tested; 1 to 5, so that some are left to train on"),
        (6, -1, "combinatorial.tested: -1 of 6 groups cannot be tested; 1 to 5, so that some are left to train on"),
        (
            30,
            15,
            "combinatorial.groups: 30 groups, 15 tested, are more than 10000 splits, a search each; fewer groups",
        ),
        (
            10**9,
            5 * 10**8,
            "combinatorial.groups: 1000000000 groups, 500000000 tested, are more than 10000 splits, a search each; "
            "fewer groups",
        ),
    ],
)
def test_what_cannot_be_is_the_users_to_mend(groups: int, tested: int, told: str) -> None:
    with pytest.raises(UserError) as raised:
        Combinatorial(groups, tested)
    assert str(raised.value) == told


@pytest.mark.slow
def test_a_million_trades_and_fifteen_tests_take_less_than_a_tenth_of_a_second() -> None:
    n, random = 1_000_000, np.random.default_rng(0)
    calendar = pd.date_range("1970-01-01", periods=n, freq="h", tz="UTC").as_unit("us")
    tests = [group for group in Combinatorial(30, 1).grouped(calendar) if group.number % 2]
    signal = stamps(calendar)[random.permutation(n)]
    closed = signal + random.integers(1, 50, n) * np.timedelta64(3_600_000_000, "us")
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        kept(signal, closed, tests, 50 * DAY, DAY)
        taken.append(time.perf_counter() - begun)
    assert len(tests) == 15 and min(taken) < 0.1
