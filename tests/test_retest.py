"""The retest of a broken line: charts worked out by hand, then equality with the plain second implementation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from framework.bars import Bars
from framework.entries import Policy, aggressive, conservative, patience
from framework.errors import UserError
from framework.setups import Segment, Setups
from framework.sources import load
from framework.structure.breaks import false_breaks, line_breaks
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.price_doubles import price_doubles
from framework.structure.shoulders import head_and_shoulders
from tests.reference import entries as plain

from .structure import chart

Bar = tuple[float, float, float]  # low, high, close
Tail = Mapping[int, Bar]  # by the bars since the break
KNOWN = 20  # the bar of the break, through a level line at 100 unless another is said
AWAY, HIGH = (101.0, 103.0, 102.0), (113.0, 115.0, 114.0)
NEAR, FAR = (100.49, 102.49, 101.5), (100.52, 102.52, 101.5)  # the ATR is 2: near is up to 100.49 (mirrored: 99.49)
BACK, THROUGH = (98.0, 102.2, 99.9), (99.0, 102.5, 100.2)  # a close inside; a wick inside and a close beyond


def drawn(tail: Tail, length: int, side: int = 1, away: Bar = AWAY) -> Bars:
    """Bars away from the line but for those of `tail`, `length` from the break on; side -1: mirrored at 100."""
    rows = [away] * (KNOWN + length)
    for since, bar in tail.items():
        rows[KNOWN + since] = bar
    low, high, close = np.array(rows).T
    return chart(low, high, close) if side > 0 else chart(200 - high, 200 - low, 200 - close)


def breaks(
    bars: Bars,
    side: int = 1,
    known: tuple[int, ...] = (KNOWN,),
    begins: float = 100.0,
    ends: float = 100.0,
    stop: float = 95.0,
) -> Setups:
    """Setups by hand: breaks of a line from bar 0 to each break, the stop and the target mirrored with the bars."""
    n, at = len(known), np.array(known, dtype=np.int64)
    stop, target = (stop, 120.0) if side > 0 else (200 - stop, 80.0)
    line = Segment(np.zeros(n, np.int64), at, np.full(n, begins), np.full(n, ends))
    return Setups(
        *("TEST", "1h", bars.time, "line_break", np.full(n, "downtrend_break"), np.full(n, side, np.int8)),
        *({"start": np.zeros(n, np.int64)}, at, np.full(n, stop), {}, np.full(n, "")),
        target=np.full(n, target),
        height=np.full(n, 7.0),
        lines={"broken": line},
    )


def outcome(policy: Policy, side: int) -> tuple[str, int, float]:
    """Fate, bars from the break to the signal, and stop of the only setup; 0 where it was not entered."""
    assert len(policy.fate) == 1
    fate, made = str(policy.fate[0]), policy.entries
    assert len(made) == (fate == "entered")
    if fate != "entered":
        return fate, 0, 0
    assert (made.side.tolist(), made.setup.tolist(), made.height.tolist()) == ([side], [0], [7.0])
    assert made.target.tolist() == [120.0 if side > 0 else 80.0]
    return fate, int(made.bar[0]) - KNOWN, float(made.stop[0])


NONE = ("lapsed", 0)
CASES: dict[str, tuple[Tail, int, tuple[str, int]]] = {  # the tail, bars from the break on, what becomes of it
    "near the line": ({3: NEAR}, 40, ("entered", 3)),
    "not near enough": ({3: FAR}, 40, NONE),
    "a wick through the line": ({3: THROUGH}, 40, ("entered", 3)),
    "the bar after the break": ({1: NEAR}, 40, ("entered", 1)),
    "the break's own bar is no retest": ({0: NEAR}, 40, NONE),
    "the first of two": ({3: FAR, 6: NEAR, 8: THROUGH}, 40, ("entered", 6)),
    "a close inside": ({3: BACK}, 40, ("setup_broken", 0)),
    "a close inside before the retest": ({3: BACK, 6: NEAR}, 40, ("setup_broken", 0)),
    "a close inside after the retest": ({3: NEAR, 6: BACK}, 40, ("entered", 3)),
    "a close on the line is neither": ({3: (98.5, 102.5, 100.0)}, 40, NONE),
    "a close on the line, then a retest": ({3: (98.5, 102.5, 100.0), 5: THROUGH}, 40, ("entered", 5)),
    "in the last bar of the wait": ({30: NEAR}, 40, ("entered", 30)),
    "a bar too late": ({31: NEAR}, 40, NONE),
    "a close inside in the last bar of the wait": ({30: BACK}, 40, ("setup_broken", 0)),
    "a close inside after the wait": ({31: BACK}, 40, NONE),
    "the data end with the wait": ({}, 31, NONE),
    "the data end before": ({}, 30, ("pending", 0)),
    "known at the last bar": ({}, 1, ("pending", 0)),
    "a retest in the last bar there is": ({5: NEAR}, 6, ("entered", 5)),
    "a close inside in the last bar there is": ({5: BACK}, 6, ("setup_broken", 0)),
}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("name", CASES)
def test_a_retest_by_hand(name: str, side: int) -> None:
    """Its stop is the setup's own."""
    tail, length, (fate, since) = CASES[name]
    bars = drawn(tail, length, side)
    stop = 0 if fate != "entered" else 95 if side > 0 else 105
    assert outcome(conservative(bars, breaks(bars, side)), side) == (fate, since, stop)


@pytest.mark.parametrize(("side", "near", "far"), [(1, 100.4938, 100.4939), (-1, 99.4937, 99.4936)])
def test_near_is_a_quarter_of_the_atr_as_a_part_of_the_close(side: int, near: float, far: float) -> None:
    """The ATR is 2: with a close at 101.5 the line's logs may be off by .5 / 101.5, with one at 98.5 by .5 / 98.5."""
    for edge, fate in ((near, "entered"), (far, "lapsed")):
        bar = (edge, edge + 2, 101.5) if side > 0 else (200 - edge, 202 - edge, 101.5)
        bars = drawn({5: bar}, 40, side)
        assert conservative(bars, breaks(bars, side)).fate.tolist() == [fate]


@pytest.mark.parametrize("side", [1, -1])
def test_the_wait_is_an_option(side: int) -> None:
    bars = drawn({3: NEAR}, 40, side)
    fates = [str(conservative(bars, breaks(bars, side), wait=wait).fate[0]) for wait in (2, 3)]
    assert fates == ["lapsed", "entered"]
    late = drawn({35: NEAR}, 40, side)
    assert outcome(conservative(late, breaks(late, side), wait=35), side)[:2] == ("entered", 35)


def test_patience_is_thirty_bars_for_a_retest_and_twenty_for_a_second_bottom() -> None:
    bars = drawn({}, 40)
    made = breaks(bars)
    other = dataclasses.replace(made, lines={"opposite": made.lines["broken"]})
    assert (patience(made), patience(other), patience(made, 7), patience(other, 7)) == (30, 20, 7, 7)
    with pytest.raises(UserError, match="setup_extreme"):
        conservative(bars, other)


@pytest.mark.parametrize("side", [1, -1])
def test_the_line_goes_on_as_it_went(side: int) -> None:
    """Straight on a log axis, from 90 (110) through 100 at the break: 20 bars later the one is at 111.1, the other at
    90.9. What would be a retest of a level line is a close inside of the rising one and far from the falling one.
    """
    bars = drawn({20: THROUGH}, 40, side, HIGH)
    assert outcome(conservative(bars, breaks(bars, side)), side)[:2] == ("entered", 20)
    towards, off = (90.0, 110.0) if side > 0 else (110.0, 90.0)
    assert conservative(bars, breaks(bars, side, begins=towards)).fate.tolist() == ["setup_broken"]
    assert conservative(bars, breaks(bars, side, begins=off)).fate.tolist() == ["lapsed"]


@pytest.mark.parametrize(("close", "fate"), [(118.9, "setup_broken"), (119.0, "entered")])
def test_the_line_is_straight_on_a_log_axis(close: float, fate: str) -> None:
    """From 50 to 100 in 20 bars: 5 bars later it is at 118.92, not at 112.5."""
    steep = {
        since: (100 * 2 ** (since / 20) + 5, 100 * 2 ** (since / 20) + 7, 100 * 2 ** (since / 20) + 6)
        for since in range(1, 6)
    }
    bars = drawn(steep | {5: (118.0, 125.0, close)}, 6)
    assert conservative(bars, breaks(bars, begins=50.0)).fate.tolist() == [fate]


@pytest.mark.parametrize("side", [1, -1])
def test_the_stop_may_lie_at_the_lowest_low_since_the_break(side: int) -> None:
    """Of the bars after it: the break's own came from inside."""

    def mirrored(price: float) -> float:
        return price if side > 0 else 200 - price

    bars = drawn({3: NEAR}, 40, side)
    assert outcome(conservative(bars, breaks(bars, side), stop="higher_low"), side) == (
        "entered",
        3,
        pytest.approx(mirrored(100.49), abs=1e-12),
    )
    assert outcome(conservative(bars, breaks(bars, side), stop="setup_low"), side)[2] == mirrored(95)
    # A line that rises by about .1 a bar: near it at bar 20 is higher than the low of bar 2 was.
    tail = {0: (100.0, 105.0, 104.0), 2: (101.5, 103.5, 103.0), 20: (102.2, 104.2, 102.9), 25: (90.0, 104.0, 103.0)}
    rising = drawn(tail, 40, side, (103.0, 105.0, 104.0))
    begins = 98.0 if side > 0 else 102.0
    policy = conservative(rising, breaks(rising, side, begins=begins), stop="higher_low")
    assert outcome(policy, side) == ("entered", 20, pytest.approx(mirrored(101.5), abs=1e-12))


def test_entries_come_by_bar_with_the_row_of_their_setup() -> None:
    """The earlier break, of a lower line, is retested after the later one; vetoed ones have a fate too."""
    bars = drawn({3: NEAR, 8: (96.9, 103.0, 102.0)}, 40)
    both = breaks(bars, known=(KNOWN, KNOWN + 1, KNOWN + 2))
    line = both.lines["broken"]._replace(begins=np.array([97.0, 100, 100]), ends=np.array([97.0, 100, 100]))
    both = dataclasses.replace(
        both, stop=np.array([90.0, 95, 96]), lines={"broken": line}, veto=np.array(["", "", "why"])
    )
    policy = conservative(bars, both)
    assert policy.fate.tolist() == ["entered"] * 3
    assert policy.entries.setup.tolist() == [1, 2, 0]
    assert policy.entries.bar.tolist() == [KNOWN + 3, KNOWN + 3, KNOWN + 8]
    assert policy.entries.stop.tolist() == [95, 96, 90]
    assert aggressive(bars, both).entries.bar.tolist() == [KNOWN, KNOWN + 1, KNOWN + 2]


@pytest.mark.parametrize(
    "find",
    [
        line_breaks,
        pattern_breaks,
        head_and_shoulders,
        price_doubles,
        lambda bars: false_breaks(bars, line_breaks(bars)),
    ],
    ids=["lines", "patterns", "shoulders", "doubles", "false"],
)
def test_it_equals_the_plain_one_on_real_breaks(find: Callable[[Bars], Setups]) -> None:
    seen: dict[str, int] = {}
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        bars = load(f"sample:{symbol}")
        setups = find(bars)
        for options in ({}, {"wait": 8, "stop": "higher_low"}, {"wait": 60, "stop": "setup_low"}):
            policy, expected = conservative(bars, setups, **options), plain.retest(bars, setups, **options)
            assert policy.fate.tolist() == [one.fate for one in expected]
            entered = sorted((one for one in expected if one.fate == "entered"), key=lambda one: one.bar)
            made = policy.entries
            columns = [made.bar, made.side, made.stop, made.setup]
            assert list(zip(*(column.tolist() for column in columns), strict=True)) == [
                (one.bar, one.side, one.stop, one.setup) for one in entered
            ]
            assert np.array_equal(made.target, setups.target[made.setup], equal_nan=True)
            for fate in policy.fate.tolist():
                seen[fate] = seen.get(fate, 0) + 1
    assert all(seen[fate] > 2 for fate in ("entered", "setup_broken", "lapsed")), seen
