"""Random markets, rules and options: a sweep against the oracle, and what must not depend on how it is done.

CHARTPROOF_EXAMPLES=5000 asks for more examples than the ordinary run, and new ones each time.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.simulation import batch, outcomes, simulate
from framework.simulation import orders as placing
from framework.sweep import sweep
from tests import oracle
from tests.oracle import Signal
from tests.oracle.seeded import busy_case, long_case
from tests.oracle.strategies import CHOICES, IDEAS, Case

from .simulation import exits_and_costs, framework_bars, framework_entries, keywords
from .sweeping import compare, differences, of_lists, of_oracle, options, table, windowless

ASKED = os.environ.get("CHARTPROOF_EXAMPLES")
often = settings(
    max_examples=int(ASKED or 50),
    deadline=None,
    derandomize=ASKED is None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
seldom = settings(often, max_examples=often.max_examples // 4)
seeds = st.integers(0, 2**32)
BESIDES = [("finer",), ("funding", "days"), ("finer", "funding", "days"), ("height",)]


def asked(roll: random.Random, cash: float) -> oracle.Options:
    """A few options off their defaults."""
    chosen = {name: roll.choice(values) for name, values in CHOICES.items() if roll.random() < 0.25}
    return oracle.Options(**chosen | {"cash": cash})


def several(seed: int) -> tuple[list[Case], list[list[Signal]], list[int]]:
    """Sets for one market: for each its signals, which are now and then another's, and its options."""
    roll = random.Random(seed)
    names = [name for name in roll.choice([*IDEAS, *BESIDES]) if name != "window"]
    base = busy_case(seed, names) if roll.random() < 0.9 else long_case(seed, oracle.Options())
    cash = roll.choice([1000.0, 123456.789, 0.5])
    signals = windowless(base.signals)
    lists = [signals, [Signal() for _ in signals]]
    for share in (0.5, 0.1, 0.02):
        lists.append([one if roll.random() < share else Signal([], one.exit_long, one.exit_short) for one in signals])
    which = [roll.randrange(len(lists)) for _ in range(roll.choice([1, 4, 9]))]
    own = replace(base.options, cash=cash)
    return [Case(base.bars, lists[k], roll.choice([own, asked(roll, cash)])) for k in which], lists, which


@often
@given(seeds)
def test_every_row_is_what_the_oracle_says(seed: int) -> None:
    cases, lists, which = several(seed)
    bars = framework_bars(cases[0].bars)
    sets = table([{"which": k} | options(case.options) for k, case in zip(which, cases, strict=True)])
    found = sweep(bars, of_lists(lists), sets, cash=cases[0].options.cash, workers=1 + seed % 3)
    for row, case in zip(found.to_dict("records"), cases, strict=True):
        figures = of_oracle(case, bars.per_year)
        assert figures is None or differences(row, figures) == []


@seldom
@given(seeds)
def test_every_row_is_what_simulate_says(seed: int) -> None:
    """Of the same bars, so also where the oracle is not sure."""
    cases, lists, which = several(seed)
    bars, rule = framework_bars(cases[0].bars), of_lists(lists)
    sets = table([{"which": k} | options(case.options) for k, case in zip(which, cases, strict=True)])
    compare(sweep(bars, rule, sets, cash=cases[0].options.cash), bars, rule, cases[0].options.cash)


@seldom
@given(seeds, st.integers(1, 40), st.integers(1, 5))
def test_tiles_batches_and_workers_leave_no_trace(seed: int, tile: int, workers: int) -> None:
    cases, lists, which = several(seed)
    bars, rule = framework_bars(cases[0].bars), of_lists(lists)
    sets = table([{"which": k} | options(case.options) for k, case in zip(which, cases, strict=True)])
    cash = cases[0].options.cash
    plain = sweep(bars, rule, sets, cash=cash, workers=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "TILE", tile)
        patch.setattr("framework.batches.ORDERS", 5 * tile)
        found = sweep(bars[:], rule, sets.iloc[::-1], cash=cash, workers=workers)
    pd.testing.assert_frame_equal(found.iloc[::-1].reset_index(drop=True), plain, check_exact=True)


@often
@given(seeds)
def test_by_runs_of_bars_or_bar_by_bar(seed: int) -> None:
    """Where a touch is looked for by leaps and where it is not, the trades are the same to the last bit."""
    cases, _, _ = several(seed)
    for case in cases[:1]:
        bars, entries = framework_bars(case.bars), framework_entries(case.signals)
        ways: list[list[Any]] = []
        for dense in (0, 10**9):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(placing, "DENSE", dense)
                run = simulate(bars[:], entries, **keywords(case.options))
                assert run.run.options.by_blocks == (dense == 0) or not len(entries)
                alone = outcomes(bars[:], entries, *exits_and_costs(case.options))
                ways.append([run.trades, run.equity.to_frame(), alone, pd.DataFrame([run.metrics]), run.fates])
        for one, other in zip(*(way[:-1] for way in ways), strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert ways[0][-1] == ways[1][-1]
