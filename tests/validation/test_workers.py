"""Many arguments by several processes: the same answers in the same order, whatever becomes of the processes."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from framework.errors import UserError
from framework.validation.workers import MOST, Workers


def slowly(seconds: float) -> Callable[[int], tuple[int, int]]:
    def answer(n: int) -> tuple[int, int]:
        if seconds:
            time.sleep(seconds)
        return n * n, os.getpid()

    return answer


@pytest.mark.parametrize(("count", "seconds"), [(0, 0.01), (1, 0.3), (3, 0.2), (150, 0.004), (40, 0.02)])
def test_all_answers_in_order(count: int, seconds: float) -> None:
    work: Workers[int, tuple[int, int]] = Workers()
    found = list(work(slowly(seconds), range(count), 2))
    assert [one for one, _ in found] == [n * n for n in range(count)]
    elsewhere = {process for _, process in found} - {os.getpid()}
    assert len(elsewhere) == (2 if count > 3 else 0 if count < 2 else len(elsewhere))


def test_little_work_is_done_here() -> None:
    found = list(Workers[int, tuple[int, int]]()(slowly(0), range(5 * MOST), 2))
    assert {process for _, process in found} == {os.getpid()}
    found = list(Workers[int, tuple[int, int]]()(slowly(0.01), range(30), 1))
    assert {process for _, process in found} == {os.getpid()}


def test_processes_are_kept_from_call_to_call_and_end_with_their_owner() -> None:
    work: Workers[int, tuple[int, int]] = Workers()
    first, second = ({process for _, process in work(slowly(0.01), range(60), 2)} for _ in range(2))
    assert first == second
    children = [psutil.Process(process) for process in first - {os.getpid()}]
    del work
    gc.collect()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_a_killed_process_costs_nothing_but_time() -> None:
    work: Workers[int, int] = Workers()
    me = os.getpid()

    def answer(n: int) -> int:
        time.sleep(0.01)
        if n == 77 and os.getpid() != me:
            os.kill(os.getpid(), signal.SIGKILL)
        return n * n

    assert list(work(answer, range(200), 2)) == [n * n for n in range(200)]
    assert list(work(answer, range(60), 2)) == [n * n for n in range(60)]


def test_an_error_comes_back_whole() -> None:
    def answer(n: int) -> int:
        time.sleep(0.01)
        if n == 50:
            raise UserError("x.toml", "is wrong", "what is right")
        return n

    with pytest.raises(UserError, match=r"^x\.toml: is wrong; what is right$"):
        list(Workers[int, int]()(answer, range(100), 2))


def test_no_process_outlives_a_killed_owner() -> None:
    code = """
import os, signal, time
from framework.validation.workers import Workers
def answer(n):
    time.sleep(0.01)
    return os.getpid()
work = Workers()
print(*set(work(answer, range(100), 2)) - {os.getpid()}, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    left = [int(process) for process in done.stdout.split()]
    assert len(left) == 2
    begin = time.monotonic()
    while any(map(lives, left)) and time.monotonic() - begin < 20:
        time.sleep(0.05)
    assert not any(map(lives, left))


def lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
