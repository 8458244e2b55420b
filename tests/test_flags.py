"""Arrays of booleans against what numpy says of them, and exits of a table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from framework.flags import first_exit, is_never, never, runs, where
from tests import examples

FLAGS = np.array([False, True, False, False, True, False])


@pytest.mark.parametrize(
    ("bar", "side", "end"),
    [(0, 1, 1), (1, 1, 1), (2, 1, 4), (4, 1, 4), (5, 1, 6), (0, -1, 3), (3, -1, 3), (4, -1, 6)],
)
def test_first_exit(bar: int, side: int, end: int) -> None:
    short = np.array([False, False, False, True, False, False])
    assert first_exit(np.array([bar]), np.array([side], np.int8), FLAGS, short).tolist() == [end]


def test_first_exit_of_many_and_of_none() -> None:
    none = np.zeros(6, bool)
    bars, sides = np.array([5, 0, 2, 2]), np.array([1, -1, 1, -1], np.int8)
    assert first_exit(bars, sides, FLAGS, none).tolist() == [6, 6, 4, 6]
    assert first_exit(bars[:0], sides[:0], FLAGS, none).tolist() == []


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]), st.integers(0, 70), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_where_and_runs_are_what_numpy_says(share: float, n: int, seed: int, step: int) -> None:
    """Of any length, mostly False, mostly True or neither, and not lying side by side."""
    flags = (np.random.default_rng(seed).random(n * step) < share)[::step]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    assert where(flags).tolist() == np.flatnonzero(flags).tolist()
    assert runs(flags).first.tolist() == edges[::2].tolist() and runs(flags).end.tolist() == edges[1::2].tolist()


@pytest.mark.parametrize("skip", range(9))
def test_wherever_the_array_begins(skip: int) -> None:
    flags = np.random.default_rng(1).random(100) < 0.3
    assert where(flags[skip:]).tolist() == np.flatnonzero(flags[skip:]).tolist()
    assert runs(flags[skip:]).end[-1] == np.flatnonzero(flags)[-1] + 1 - skip


@settings(max_examples=examples(200), deadline=None)
@given(arrays(np.uint8, st.integers(0, 40), elements=st.integers(0, 3)))
def test_true_is_any_byte_but_zero(values: npt.NDArray[np.uint8]) -> None:
    flags = values.view(np.bool_)
    assert where(flags).tolist() == np.flatnonzero(values).tolist()
    assert sum(end - first for first, end in zip(*runs(flags), strict=True)) == np.count_nonzero(values)


def test_what_was_not_given() -> None:
    assert is_never(never(5)) and is_never(never(0)) and not never(5).any() and len(never(5)) == 5
    assert not is_never(np.zeros(5, bool)) and not is_never(np.broadcast_to(np.True_, 5))
    assert where(never(5)).tolist() == [] and runs(never(5)).first.tolist() == []
    assert where(np.broadcast_to(np.True_, 3)).tolist() == [0, 1, 2]
