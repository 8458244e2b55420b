"""What Bars remember: once for each key, read-only, never too much, and never in a slice, a copy or a pickle."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from framework import memo as module

from .hourly import make


class Counted:
    """A computation that counts how often it was done."""

    def __init__(self, value: object) -> None:
        self.value, self.times = value, 0

    def __call__(self) -> object:
        self.times += 1
        return self.value


def test_remember_computes_once_for_each_key() -> None:
    bars, work = make(), Counted(np.arange(3.0))
    assert bars.remember(("rsi", 14), work) is bars.remember(("rsi", 14), work)
    assert work.times == 1
    bars.remember(("rsi", 9), work)
    assert work.times == 2


@pytest.mark.parametrize("none", [None, 0, ()])
def test_remember_keeps_what_is_false(none: object) -> None:
    bars, work = make(), Counted(none)
    bars.remember("key", work)
    bars.remember("key", work)
    assert work.times == 1


@dataclass(frozen=True)
class Pair:
    left: np.ndarray
    right: tuple[dict[str, np.ndarray], list[np.ndarray]]


def test_remembered_arrays_become_read_only() -> None:
    arrays = [np.arange(3.0) for _ in range(3)]
    make().remember("key", lambda: Pair(arrays[0], ({"a": arrays[1]}, [arrays[2]])))
    assert not any(array.flags.writeable for array in arrays)


def test_slice_copy_and_pickle_start_with_an_empty_memo() -> None:
    bars, work = make(), Counted(1)
    bars.remember("key", work)
    for fresh in (bars[0:5], bars[:2], copy.copy(bars), copy.deepcopy(bars), pickle.loads(pickle.dumps(bars))):
        done = work.times
        fresh.remember("key", work)
        assert work.times == done + 1
    bars.remember("key", work)
    assert work.times == 6


def test_pickling_carries_no_memo() -> None:
    bars, before = make(), len(pickle.dumps(make()))
    bars.remember("key", lambda: np.zeros(100_000))
    assert len(pickle.dumps(bars)) == before


def test_a_failed_computation_is_not_remembered() -> None:
    bars = make()

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bars.remember("key", fail)
    assert bars.remember("key", lambda: 5) == 5


def test_the_least_recently_used_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMO_BYTES", 250)
    bars, work = make(), {key: Counted((np.zeros(5), np.zeros(5))) for key in "abc"}  # 80 bytes each
    for key in "abccba":
        bars.remember(key, work[key])
    assert [work[key].times for key in "abc"] == [1, 1, 1]
    bars.remember("large", lambda: np.zeros(10))  # 80 more: c was used longest ago
    for key in "abc":
        bars.remember(key, work[key])
    assert [work[key].times for key in "abc"] == [1, 1, 2]


def test_what_is_larger_than_the_memo_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMO_BYTES", 100)
    bars, work, large = make(), Counted(np.zeros(1)), Counted(np.zeros(20))
    bars.remember("small", work)
    bars.remember("large", large)
    bars.remember("large", large)
    bars.remember("small", work)
    assert (work.times, large.times) == (1, 2)


def test_an_array_in_two_places_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMO_BYTES", 100)
    bars, work, one = make(), Counted(None), np.zeros(10)
    work.value = (one, one)
    bars.remember("key", work)
    bars.remember("key", work)
    assert work.times == 1
