"""Trades of many stretches of the bars at once: what `simulate` closes on bars that end there, to the bit."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, Terms, closed_in, simulate
from tests.oracle.strategies import IDEAS, Case, cases
from tests.simulation import framework_bars, framework_entries, keywords
from tests.sweeping import market

ASKED = os.environ.get("CHARTPROOF_EXAMPLES")
often = settings(
    max_examples=int(ASKED or 40),
    deadline=None,
    derandomize=ASKED is None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
Span = tuple[int, int, int]


def plainly(bars: Bars, entries: Entries, terms: Terms, cash: float, span: Span) -> list[tuple[int, int, bytes]]:
    """Row of the entry, bar of the exit and R of the trades that `simulate` closes where the bars end at the cut."""
    first, last, cut = span
    rows = np.flatnonzero((entries.bar >= first) & (entries.bar < last))
    seen = bars[:cut]
    if not len(seen):
        return []
    own = entries.take(rows)
    never = np.where(own.exit_bar < cut, own.exit_bar, cut)
    done = simulate(seen, replace(own, exit_bar=never), terms.costs, terms.sizing, terms.exits, cash)
    trades = done.trades
    closed = np.flatnonzero(trades["exit_reason"] != "open")
    ends = seen.index.get_indexer(trades["exit_time"].iloc[closed])
    r = trades["r"].to_numpy(np.float64)
    return [(int(rows[done.order[k]]), int(end), r[k].tobytes()) for k, end in zip(closed, ends, strict=True)]


def check(bars: Bars, entries: Entries, terms: Terms, cash: float, spans: list[Span]) -> int:
    """Hold every span against `simulate`; how many trades there were."""
    made = closed_in(bars, entries, terms, cash, np.array(spans, np.int64).reshape(-1, 3))
    assert made.start[0] == 0 and len(made.start) == len(spans) + 1
    assert made.start[-1] == len(made.order) == len(made.exit) == len(made.r)
    for number, span in enumerate(spans):
        rows = made.of(number)
        ours = zip(made.order[rows].tolist(), made.exit[rows].tolist(), made.r[rows], strict=True)
        assert [(k, end, r.tobytes()) for k, end, r in ours] == plainly(bars, entries, terms, cash, span), span
    return len(made.r)


def terms_of(case: Case) -> tuple[Terms, float]:
    given = keywords(case.options)
    return Terms(given["costs"], given["sizing"], given["exits"]), given["cash"]


@st.composite
def spans(draw: st.DrawFn, n: int) -> list[Span]:
    """Any three bars in order; often the cut is the last, and the whole is among them."""
    found = [(0, n, n)]
    for _ in range(draw(st.integers(1, 6))):
        first, last, cut = sorted(draw(st.tuples(*(st.integers(0, n),) * 3)))
        found.append((first, last, draw(st.sampled_from([last, cut, n]))))
    return found


@st.composite
def situations(draw: st.DrawFn, names: tuple[str, ...] = ()) -> tuple[Case, list[Span]]:
    case = draw(cases(names))
    return case, draw(spans(len(case.bars.open)))


@often
@given(situations())
def test_as_simulate_in_everything(situation: tuple[Case, list[Span]]) -> None:
    case, asked = situation
    check(framework_bars(case.bars), framework_entries(case.signals), *terms_of(case), asked)


@pytest.mark.parametrize("names", IDEAS, ids="-".join)
@settings(often, max_examples=max(often.max_examples // 20, 1))
@given(st.data())
def test_as_simulate_idea_by_idea(names: tuple[str, ...], data: st.DataObject) -> None:
    case, asked = data.draw(situations(names))
    check(framework_bars(case.bars), framework_entries(case.signals), *terms_of(case), asked)


def random_entries(bars: Bars, count: int, seed: int) -> Entries:
    """Both sides, several on one bar where there are many."""
    random = np.random.default_rng(seed)
    bar = np.sort(random.integers(0, len(bars), count))
    side = random.choice(np.array([-1, 1], np.int8), count)
    far = random.uniform(0.005, 0.05, count)
    stop, target = (
        bars.close[bar] * (1 - side * far),
        bars.close[bar] * (1 + side * far * random.uniform(0.5, 3, count)),
    )
    nowhere = np.where(random.random(count) < 0.3, np.nan, target)
    leave = np.minimum(bar + random.integers(0, 60, count), len(bars))
    return Entries(bar, side, stop, nowhere, leave.astype(np.int64), np.arange(count, dtype=np.int64))


LONG = {
    "plain": Terms(exits=Exits(stop="own")),
    "close": Terms(Costs(0.001), Sizing(risk=0.01), Exits(stop="own", fill="close", on_opposite="reverse")),
    "trail": Terms(
        Costs(0.0005, 0.001), Sizing(risk=0.02, leverage=3.0), Exits(trail=True, swing_width=2, time_stop=30)
    ),
    "even": Terms(Costs(tick=0.01, borrow=0.2), Sizing(lot=0.1), Exits("atr", break_even_r=1.0, target_r=2.0)),
    "swing": Terms(sizing=Sizing(volume_share=0.05), exits=Exits(target_swing=True, on_opposite="ignore")),
    "ruin": Terms(sizing=Sizing(fraction=30.0, leverage=30.0), exits=Exits("own", on_opposite="reverse")),
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("count", [40, 3000])
def test_windows_over_a_long_market(name: str, count: int) -> None:
    """Sparse and dense entries over 4,000 bars: overlapping trainings, tests that follow one another, empty spans."""
    bars = market(4000, seed=count)
    entries = random_entries(bars, count, 7)
    trainings = [(first, first + 900, first + 920) for first in range(0, 3000, 500)]
    tests = [(first, first + 500, len(bars)) for first in range(1000, 4000, 500)]
    empty = [(5, 5, 9), (0, 0, 0), (4000, 4000, 4000), (100, 100, 4000)]
    counted = check(
        bars, entries, LONG[name], 10_000.0, [*trainings, *tests, *empty, (0, 4000, 4000), *trainings[::-1]]
    )
    assert counted > (20 if count == 40 else 500 if name != "ruin" else 20)


def test_leverage_ruins_a_span_and_not_the_next() -> None:
    """Each span has an account of its own: ruined in the first, it trades in the second."""
    bars = market(2000, seed=3, step=0.03)
    entries = random_entries(bars, 400, 1)
    entries = replace(entries, stop=np.full(400, np.nan), target=np.full(400, np.nan))
    terms = Terms(sizing=Sizing(fraction=20.0, leverage=20.0), exits=Exits("own"))
    assert "ruined" in simulate(bars, entries, terms.costs, terms.sizing, terms.exits, 1000.0).fates
    asked = [(0, 1000, 2000), (1000, 2000, 2000), (0, 2000, 2000)]
    check(bars, entries, terms, 1000.0, asked)
    second = closed_in(bars, entries, terms, 1000.0, np.array(asked)).of(1)
    assert second.stop > second.start


def test_nothing_asked_nothing_there() -> None:
    bars = market(50)
    none = random_entries(bars, 0, 0)
    assert check(bars, none, Terms(), 1000.0, [(0, 50, 50), (10, 20, 30)]) == 0
    assert check(bars, random_entries(bars, 20, 0), Terms(), 1000.0, []) == 0


def test_a_later_span_does_not_change_an_earlier_one() -> None:
    bars = market(1000, seed=9)
    entries = random_entries(bars, 300, 2)
    one, other = (0, 400, 450), (300, 800, 1000)
    alone = closed_in(bars, entries, LONG["even"], 1000.0, np.array([one]))
    for many in ([one, other], [other, one]):
        made = closed_in(bars, entries, LONG["even"], 1000.0, np.array(many))
        rows = made.of(many.index(one))
        assert made.r[rows].tobytes() == alone.r.tobytes() and made.order[rows].tolist() == alone.order.tolist()


def test_what_was_handed_in_is_left_as_it_is() -> None:
    bars = market(300)
    entries = random_entries(bars, 60, 2)
    for array in (entries.bar, entries.side, entries.stop, entries.target, entries.exit_bar):
        array.setflags(write=False)
    asked = np.array([(0, 200, 250), (100, 300, 300)])
    asked.setflags(write=False)
    closed_in(bars, entries, LONG["trail"], 1000.0, asked)
