"""Where a trade ends, found by leaps, found again, found by several accounts: always as bar by bar."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from framework.simulation import Sizing
from framework.simulation.kernel import BLOCK
from framework.simulation.market import extremes_of, market
from framework.simulation.orders import orders, rules
from framework.simulation.touch import find_exit, forget, leap, touch_room, untouched, walk
from tests import examples
from tests.oracle.seeded import busy_case
from tests.oracle.strategies import IDEAS

from . import exits_and_costs, framework_bars, framework_entries

Floats: TypeAlias = NDArray[np.float64]
SEEDS = st.integers(0, 2**32)
often = settings(max_examples=examples(150), deadline=None, derandomize=True, database=None)


def plain(low: Floats, high: Floats, first: int, last: int, lower: float, upper: float) -> int:
    touched = [t for t in range(first, last) if low[t] <= lower or high[t] >= upper]
    return touched[0] if touched else last


@often
@given(SEEDS, st.integers(1, 120), st.integers(1, 9))
def test_the_first_touch(seed: int, length: int, reach: int) -> None:
    """From any bar to any other, on prices that often meet the levels exactly."""
    rng = np.random.default_rng(seed)
    low = rng.integers(10, 10 + reach, length).astype(float)
    high = low + rng.integers(0, 4, length)
    lows, highs = extremes_of(low, high)
    for _ in range(60):
        first, last = (int(bar) for bar in rng.integers(0, length + 1, 2))
        lower = float(rng.choice([-np.inf, *range(8, 11 + reach)]))
        upper = float(rng.choice([np.inf, *range(10, 16 + reach)]))
        expected = plain(low, high, first, last, lower, upper)
        assert walk(low, high, first, last, lower, upper) == expected
        assert leap(low, high, lows, highs, first, last, lower, upper) == expected


@pytest.mark.parametrize("bar", [*range(BLOCK - 1, 2 * BLOCK + 2), 5 * BLOCK, 5 * BLOCK + 3])
def test_a_single_touch_at_the_edges_of_runs(bar: int) -> None:
    low, high = np.full(6 * BLOCK, 10.0), np.full(6 * BLOCK, 11.0)
    low[bar] = 9.0
    blocks = extremes_of(low, high)
    for first in range(6 * BLOCK):
        for last in (bar, bar + 1, 6 * BLOCK - 1, 6 * BLOCK):
            expected = bar if first <= bar < last else last
            assert leap(low, high, *blocks, first, last, 9.0, 12.0) == expected
            assert leap(low, high, *blocks, first, last, 8.0, 11.5) == last


@pytest.mark.parametrize("names", IDEAS, ids="+".join)
def test_what_is_remembered_of_an_order_is_as_if_it_were_not(names: tuple[str, ...]) -> None:
    """The same order asked for with one bar to leave at after the other, in any order of asking."""

    @settings(often, max_examples=examples(4))
    @given(SEEDS)
    def check(seed: int) -> None:
        case = busy_case(seed, names)
        bars, entries = framework_bars(case.bars), framework_entries(case.signals)
        exits, costs = exits_and_costs(case.options)
        placed, here = orders(bars, entries, costs, exits), market(bars, exits, costs)
        options = rules(bars, len(entries), costs, Sizing(), exits)
        count, rng = len(entries), np.random.default_rng(seed)
        for by_blocks in (False, True):
            known, one = options._replace(by_blocks=by_blocks), untouched(count)
            for i in np.flatnonzero(placed.refusal[:count] == 0).tolist():
                for leave in rng.integers(placed.bar[i], len(bars) + 1, 6).tolist():
                    again = find_exit(here, placed, i, leave, one, known)
                    fresh = find_exit(here, placed, i, leave, untouched(count), options._replace(by_blocks=False))
                    assert same(again, fresh), (i, leave, again, fresh)

    check()


def same(one: Any, other: Any) -> bool:
    return bool(tuple(one) == tuple(other))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_nothing_is_known_at_first(count: int) -> None:
    known = untouched(count)
    assert (known.seen[:count] == -1).all() and (known.bar[:count] == -1).all()
    room = touch_room(7)
    room.seen[:] = room.bar[:] = 3
    forget(room, 2, 5)
    assert room.seen.tolist() == room.bar.tolist() == [3, 3, -1, -1, -1, 3, 3]
