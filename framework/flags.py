"""Arrays of booleans, one a bar: where they are True, in which runs, and the first exit from an entry's bar on.

They are mostly False, so they are read eight bars at a time.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .compiled import kernel

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]

WORD = 8  # bars that are read at once
NONE, ALL = np.uint64(0), np.uint64(0x0101010101010101)  # words of which no bar, every bar is True
NO = b"\0"


class Runs(NamedTuple):
    """Where an array of booleans is True: the first bar of each run, and the bar after its last."""

    first: Ints
    end: Ints


def never(n: int) -> Bools:
    """n times False, read-only, in a single byte: stands for an array that was not given."""
    return np.ndarray((n,), np.bool_, NO, strides=(0,))


def is_never(flags: Bools) -> bool:
    """Whether it is the array that stands for one not given; other arrays without a True are not looked through."""
    return flags.strides == (0,) and not flags[:1].any()


def where(flags: Bools) -> Ints:
    """Bars at which the array is True."""
    if is_never(flags):
        return np.zeros(0, np.int64)
    own, words = _readable(flags)
    return _where(own, words)


def runs(flags: Bools) -> Runs:
    """The runs of True."""
    if is_never(flags):
        return Runs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    own, words = _readable(flags)
    return Runs(*_runs(own, words))


def first_exit(bar: Ints, side: NDArray[np.int8], long_exit: Bools, short_exit: Bools) -> Ints:
    """For each entry the first bar from its own on at which its side's exit array is True; len(array) when none."""
    own = np.array(bar, np.int64), np.array(side, np.int8)
    return first_exits(*own, runs(long_exit), runs(short_exit), len(long_exit))


@kernel
def first_exits(bar: Ints, side: NDArray[np.int8], long: Runs, short: Runs, never: int) -> Ints:
    """The same from the runs of the exits; `never` when none."""
    found = np.empty(len(bar), np.int64)
    i = j = 0  # the runs that have not ended before the entry
    for k in range(len(bar)):
        if k > 0 and bar[k] < bar[k - 1]:
            i = j = 0
        while i < len(long.end) and long.end[i] <= bar[k]:
            i += 1
        while j < len(short.end) and short.end[j] <= bar[k]:
            j += 1
        found[k] = never
        if side[k] > 0 and i < len(long.first):
            found[k] = max(long.first[i], bar[k])
        if side[k] < 0 and j < len(short.first):
            found[k] = max(short.first[j], bar[k])
    return found


def _readable(flags: Bools) -> tuple[NDArray[np.uint8], Words]:
    """The array as bytes and as words, whatever was handed in: the kernels are compiled for one kind of array."""
    own = np.ascontiguousarray(flags).view(np.uint8)
    if own.ctypes.data % WORD:  # words are read where words begin
        own = own.copy()
    own.setflags(write=False)
    return own, own[: len(own) // WORD * WORD].view(np.uint64)


@kernel
def _where(flags: NDArray[np.uint8], words: Words) -> Ints:
    found = np.empty(len(flags), np.int64)
    count = 0
    for w in range(len(words)):
        if words[w] != NONE:
            for t in range(WORD * w, WORD * w + WORD):
                found[count] = t
                count += flags[t] != 0
    for t in range(WORD * len(words), len(flags)):
        found[count] = t
        count += flags[t] != 0
    return found[:count].copy()


@kernel
def _runs(flags: NDArray[np.uint8], words: Words) -> tuple[Ints, Ints]:
    n = len(flags)
    edges = np.empty(n + 1, np.int64)
    count, before = 0, False
    for w in range(len(words)):
        if words[w] != (ALL if before else NONE):
            for t in range(WORD * w, WORD * w + WORD):  # without a branch
                edges[count] = t
                count += (flags[t] != 0) != before
                before = flags[t] != 0
    for t in range(WORD * len(words), n):
        edges[count] = t
        count += (flags[t] != 0) != before
        before = flags[t] != 0
    edges[count] = n
    count += before
    return edges[:count:2].copy(), edges[1:count:2].copy()
