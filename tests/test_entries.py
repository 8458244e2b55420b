"""Entry policies: charts worked out by hand, then equality with the plain second implementation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.entries import Policy, aggressive, conservative
from framework.indicators import rsi
from framework.setups import Setups
from framework.sources import load
from framework.structure.divergence import DivergenceRule, divergences
from tests import examples
from tests.reference import entries as plain

from .structure import chart, coarse_charts

Rows = list[tuple[float, float, float]]  # low, high, close


def several(bars: Bars, known_at: list[int], extreme: list[int], direction: int = 1) -> Setups:
    """Setups of one side by hand: what the policies look at, put into the empty columns of a chart without any."""
    count = len(known_at)
    return dataclasses.replace(
        divergences(bars, np.full(len(bars), np.nan), DivergenceRule()),
        kind=np.repeat("regular_bullish" if direction > 0 else "regular_bearish", count),
        direction=np.full(count, direction, dtype=np.int8),
        anchors={"setup_extreme": np.array(extreme)},
        known_at=np.array(known_at),
        stop=(bars.low if direction > 0 else bars.high)[extreme],
        features={},
        veto=np.repeat("", count),
    )


def setup(bars: Bars, direction: int, known_at: int, extreme: int) -> Setups:
    return several(bars, [known_at], [extreme], direction)


# The setup's low is bar 1's 8. The second bottom is bar 5's 9, known at bar 7; the high between is bar 3's 13.
BASE: Rows = [
    (10, 12, 11),
    (8, 11, 9),
    (9, 11, 10),
    (10, 13, 12),
    (10, 12, 11),
    (9, 11, 10),
    (10, 12, 11),
    (10, 12, 12),
    (11, 13, 12),
    (11, 14, 13.5),
]
QUIET = (10, 12, 11)


def base(changes: dict[int, tuple[float, float, float]] | None = None, length: int = 10) -> Rows:
    rows = (BASE + [QUIET] * 30)[:length]
    for bar, row in (changes or {}).items():
        rows[bar] = row
    return rows


# rows; known_at; wait; expected fate, signal bar, stop
CASES: dict[str, tuple[Rows, int, int, tuple[str, int, float]]] = {
    "filled": (base(), 2, 20, ("entered", 9, 9)),
    "the earliest second bottom there can be": (
        base({2: (9.5, 11, 10), 4: (9, 12, 11), 5: (10, 11, 10)}), 2, 20, ("entered", 9, 9),
    ),
    "a close on the neckline is not through it": (base({9: (11, 14, 13)}, 23), 2, 20, ("lapsed", -1, 0)),
    "a high through the neckline is no close": (base({9: (11, 20, 12)}, 23), 2, 20, ("lapsed", -1, 0)),
    "a close through before the swing is known": (base({6: (10, 15, 14), 9: QUIET}, 23), 2, 20, ("lapsed", -1, 0)),
    "a close through as the swing is known": (base({7: (10, 14, 13.5)}), 2, 20, ("entered", 7, 9)),
    "a close through before the setup is known": (base({7: (10, 14, 13.5), 9: QUIET}, 30), 8, 20, ("lapsed", -1, 0)),
    "a close through as the setup is known": (base(), 9, 0, ("entered", 9, 9)),
    "the high of the second bottom's own bar is not the neckline": (
        base({5: (9, 30, 10)}), 2, 20, ("entered", 9, 9),
    ),
    "the high of the first bottom's own bar is not the neckline": (base({1: (8, 30, 9)}), 2, 20, ("entered", 9, 9)),
    "the setup's low breaks first": (base({6: (7.9, 12, 11)}), 2, 20, ("setup_broken", -1, 0)),
    "it breaks in the bar that closes through": (base({9: (7.9, 14, 13.5)}), 2, 20, ("setup_broken", -1, 0)),
    "it breaks in the bar after": (base({10: (7.9, 12, 11)}, 23), 2, 20, ("entered", 9, 9)),
    "the setup's low is touched, not broken": (
        # the second bottom is undercut, bar 8's 8 is no higher low; nothing is left to trade
        base({8: (8, 13, 12)}, 23), 2, 20, ("lapsed", -1, 0),
    ),
    "a second bottom at the setup's low is none": (base({5: (8, 11, 10)}, 23), 2, 20, ("lapsed", -1, 0)),
    "a second bottom that ties is none": (base({4: (9, 12, 11)}, 23), 2, 20, ("lapsed", -1, 0)),
    "a second bottom touched again stands": (base({8: (9, 13, 12)}), 2, 20, ("entered", 9, 9)),
    "a second bottom undercut in the bar that closes through": (
        base({9: (8.5, 14, 13.5)}, 23), 2, 20, ("lapsed", -1, 0),
    ),
    "a second bottom undercut, then a new one": (
        base({8: (8.5, 12.5, 12), 10: (11, 14, 12.5), 11: (11, 15, 13.25)}, 12), 2, 20, ("entered", 11, 8.5),
    ),
    "a higher third bottom, its neckline higher": (
        base({8: (10, 15, 12), 9: (9.5, 12, 11), 10: QUIET, 11: (10, 14.5, 14)}, 12), 2, 20, ("entered", 11, 9),
    ),
    "in the last bar of the wait": (base(), 2, 7, ("entered", 9, 9)),
    "one bar too late": (base(), 2, 6, ("lapsed", -1, 0)),
    "the data end first": (base({9: QUIET}), 2, 8, ("pending", -1, 0)),
    "the data end with the wait": (base({9: QUIET}), 2, 7, ("lapsed", -1, 0)),
    "known at the last bar": (base({9: QUIET}), 9, 20, ("pending", -1, 0)),
    "broken after the wait": (base({9: QUIET, 12: (7, 12, 11)}, 23), 2, 9, ("lapsed", -1, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("stop", [2.0, 8.5])
def test_a_stop_that_lies_elsewhere_is_no_setup_low(name: str, stop: float) -> None:
    """The second bottom answers the price at the setup's extreme: a rule may put its stop beyond or before that."""
    rows, known_at, wait, _ = CASES[name]
    bars = chart(*zip(*rows, strict=True))
    own = setup(bars, 1, known_at, 1)
    there, moved = (
        conservative(bars, one, wait=wait) for one in (own, dataclasses.replace(own, stop=np.array([stop])))
    )
    assert there.fate.tolist() == moved.fate.tolist()
    assert (there.entries.bar.tolist(), there.entries.stop.tolist()) == (
        moved.entries.bar.tolist(),
        moved.entries.stop.tolist(),
    )
    at_own = conservative(bars, dataclasses.replace(own, stop=np.array([stop])), wait=wait, stop="setup_low")
    assert set(at_own.entries.stop.tolist()) <= {stop}


@pytest.mark.parametrize("name", CASES)
def test_a_long_second_bottom(name: str) -> None:
    rows, known_at, wait, expected = CASES[name]
    low, high, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    bars = chart(low, high, close)
    assert outcome(conservative(bars, setup(bars, 1, known_at, 1), wait=wait), 1) == expected


@pytest.mark.parametrize("name", CASES)
def test_a_short_second_top(name: str) -> None:
    rows, known_at, wait, (fate, bar, stop) = CASES[name]
    low, high, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    bars = chart(40 - high, 40 - low, 40 - close)
    expected = (fate, bar, 40 - stop if fate == "entered" else 0)
    assert outcome(conservative(bars, setup(bars, -1, known_at, 1), wait=wait), -1) == expected


def outcome(policy: Policy, side: int) -> tuple[str, int, float]:
    """Fate, signal bar and stop of the only setup; the bar is -1 where it was not entered."""
    fate = str(policy.fate[0])
    assert len(policy.fate) == 1
    assert len(policy.entries) == (fate == "entered")
    if fate != "entered":
        return fate, -1, 0
    entries = policy.entries
    assert (entries.side.tolist(), entries.setup.tolist()) == ([side], [0])
    return fate, int(entries.bar[0]), float(entries.stop[0])


def test_the_stop_may_stay_at_the_setups_low() -> None:
    low, high, close = (np.array(column, dtype=float) for column in zip(*BASE, strict=True))
    bars = chart(low, high, close)
    assert outcome(conservative(bars, setup(bars, 1, 2, 1), stop="setup_low"), 1) == ("entered", 9, 8)
    bars = chart(40 - high, 40 - low, 40 - close)
    assert outcome(conservative(bars, setup(bars, -1, 2, 1), stop="setup_low"), -1) == ("entered", 9, 32)


def test_the_second_bottoms_width_is_an_option() -> None:
    low, high, close = (np.array(column, dtype=float) for column in zip(*BASE, strict=True))
    bars = chart(low, high, close)
    one = setup(bars, 1, 2, 1)
    assert outcome(conservative(bars, one, left=3, right=4), 1) == ("pending", -1, 0)  # 9 is not under bar 2's 9
    assert outcome(conservative(bars, one, left=2, right=4), 1) == ("entered", 9, 9)  # known in the bar of the close
    assert outcome(conservative(bars, one, left=2, right=5), 1) == ("pending", -1, 0)


def test_aggressive_enters_when_the_setup_is_known() -> None:
    low, high, close = (np.array(column, dtype=float) for column in zip(*BASE, strict=True))
    bars = chart(low, high, close)
    for direction, stop in ((1, 8), (-1, 11)):
        policy = aggressive(bars, setup(bars, direction, 6, 1))
        assert outcome(policy, direction) == ("entered", 6, stop)
        assert np.isnan(policy.entries.target).all()
        assert (policy.entries.exit_bar >= len(bars)).all()


def test_entries_come_by_bar_with_the_row_of_their_setup() -> None:
    # From bar 5's 9 on, bar 10's 9.5 is the second bottom, under a neckline of 12: entered a bar before the others.
    rows = [*base(length=8), (11, 12, 11.5), (11, 12, 11.5), (9.5, 12, 11), QUIET, (10, 13, 12.5), (10, 14, 13.5)]
    low, high, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    policy = conservative(chart(low, high, close), several(chart(low, high, close), [2, 7, 8], [1, 5, 1]))
    assert policy.fate.tolist() == ["entered"] * 3
    assert policy.entries.setup.tolist() == [1, 0, 2]
    assert policy.entries.bar.tolist() == [12, 13, 13]
    assert policy.entries.stop.tolist() == [9.5, 9, 9]
    assert np.isnan(policy.entries.target).all()
    assert (policy.entries.exit_bar >= len(rows)).all()


@settings(max_examples=examples(100), deadline=None)
@given(st.data(), coarse_charts(), st.integers(1, 8), st.sampled_from([1, -1]))
def test_they_equal_the_plain_ones(data: st.DataObject, bars: Bars, reach: int, direction: int) -> None:
    known_at = list(range(reach, len(bars)))
    if direction > 0:
        extreme = [min(range(t - reach, t + 1), key=lambda bar: bars.low[bar]) for t in known_at]
    else:
        extreme = [max(range(t - reach, t + 1), key=lambda bar: bars.high[bar]) for t in known_at]
    compare(bars, several(bars, known_at, extreme, direction), data.draw(OPTIONS))


OPTIONS = st.fixed_dictionaries(
    {
        "wait": st.integers(0, 20),
        "left": st.integers(1, 3),
        "right": st.integers(1, 3),
        "stop": st.sampled_from(["higher_low", "setup_low"]),
    }
)


@pytest.mark.parametrize("pairing", ["oscillator", "price"])
@pytest.mark.parametrize("options", [{}, {"wait": 40, "left": 5, "right": 5, "stop": "setup_low"}])
def test_they_equal_the_plain_ones_on_real_bars(pairing: str, options: dict[str, int | str]) -> None:
    bars = load("sample:AAPL")
    setups = divergences(bars, rsi(bars.close, 14), DivergenceRule(pairing=pairing))
    fates = compare(bars, setups, options)
    assert fates.count("entered") > 10
    assert fates.count("setup_broken") > 10
    assert fates.count("lapsed") > 0


def compare(bars: Bars, setups: Setups, options: dict[str, int | str]) -> list[str]:
    """Hold both policies to the plain ones; what became of the setups in the conservative one."""
    kept = conservative(bars, setups, **options), plain.conservative(bars, setups, **options)
    for policy, expected in (kept, (aggressive(bars, setups), plain.aggressive(bars, setups))):
        assert policy.fate.tolist() == [one.fate for one in expected]
        entered = sorted((one for one in expected if one.fate == "entered"), key=lambda one: one.bar)
        assert policy.entries.bar.tolist() == [one.bar for one in entered]
        assert policy.entries.side.tolist() == [one.side for one in entered]
        assert policy.entries.stop.tolist() == [one.stop for one in entered]
        assert policy.entries.setup.tolist() == [one.setup for one in entered]
    return [one.fate for one in kept[1]]
