"""One function over many arguments, by processes that share all that was loaded before they began.

Threads would not do: most of a parameter set's time is Python's own. A process begun by a fork needs nothing sent to it
but the arguments, so that a strategy's functions, which no import could find again, need not be.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORTH = 0.1  # seconds of work that is left from which others are asked
KNOWN = 0.005  # seconds from which what was spent tells what is left
PART = 0.05  # seconds of one part of it
MOST = 64  # arguments in a part
WAITING = 4  # parts a worker that are under way
PATIENCE = 0.3  # seconds after which a process notices that it is an orphan

_number = itertools.count()
_functions: dict[int, Callable[[Any], Any]] = {}  # what a fork finds in its own memory


class Workers(Generic[A, B]):
    """Applies a function to arguments, in their order, here and in other processes once there is enough to do.

    What it answers must depend on the argument alone, and be the same each time: they are kept from call to call.
    Where processes cannot be forked, or one is killed, all is done here.
    """

    def __init__(self) -> None:
        self.number = next(_number)
        self.pool: ProcessPoolExecutor | None = None

    def __call__(self, function: Callable[[A], B], many: Sequence[A], workers: int) -> Iterator[B]:
        """The answers, in order, as they come. workers: processes that work, this one left out."""
        begin, done = time.perf_counter(), 0
        while done < len(many):
            yield function(many[done])
            done += 1
            spent = time.perf_counter() - begin
            each = spent / done
            if workers > 1 and spent > KNOWN and each * (len(many) - done) > WORTH and _forks():
                break
        if done < len(many):
            size = max(1, min(MOST, int(PART / each), -(-(len(many) - done) // workers)))
            yield from self._elsewhere(function, many[done:], size, workers)

    def _elsewhere(self, function: Callable[[A], B], many: Sequence[A], size: int, workers: int) -> Iterator[B]:
        waiting: deque[tuple[Sequence[A], Future[list[B]]]] = deque()
        for first in range(0, len(many), size):
            part = many[first : first + size]
            waiting.append((part, self._begun(function, workers).submit(_apply, self.number, part)))
            if len(waiting) > WAITING * workers:
                yield from self._answer(function, *waiting.popleft())
        while waiting:
            yield from self._answer(function, *waiting.popleft())

    def _answer(self, function: Callable[[A], B], part: Sequence[A], future: Future[list[B]]) -> list[B]:
        try:
            return future.result()
        except BrokenProcessPool:
            self.pool = None
            return [function(one) for one in part]

    def _begun(self, function: Callable[[A], B], workers: int) -> ProcessPoolExecutor:
        if self.pool is None:
            _functions[self.number] = function
            try:
                fork = multiprocessing.get_context("fork")
                self.pool = ProcessPoolExecutor(workers, fork, _quiet, (os.getpid(),))
                self.pool.submit(os.getpid).result()  # all of them are forked by the first that is asked of them
            finally:
                del _functions[self.number]
        return self.pool


def _forks() -> bool:
    return "fork" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon


def _quiet(parent: int) -> None:
    """The user's interrupt is for the process that was begun first; whoever outlives that one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PATIENCE)
    os._exit(1)


def _apply(number: int, part: Sequence[Any]) -> list[Any]:
    return [_functions[number](one) for one in part]
