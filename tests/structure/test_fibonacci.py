"""Fibonacci: legs and levels by hand on bars whose ATR is known, equality with the plain second implementation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.bars import Bars
from framework.indicators import bar_rsi
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.fibonacci import PullbackRule, placebo, placebo_ratios, pullbacks
from framework.structure.legs import FIBONACCI, LegRule, level_reactions

from . import chart, features

ROOT = Path(__file__).resolve().parents[2]
Bar = tuple[float, float, float]  # high, low, close


def path(*turns: float) -> list[Bar]:
    """Closes in steps of 1 from turn to turn, each bar reaching 1 above and below: the true range is always 2."""
    closes = [turns[0]] * 20
    for start, end in pairwise(turns):
        way = 1 if end > start else -1
        closes += [start + way * (step + 1) for step in range(int(abs(end - start)))]
    return [(close + 1, close - 1, close) for close in closes]


# Up to 131, down to 99, up to 123: the last leg is 24 long, 12 ATR of 2. Level .5 is at 111: its zone is 110.5 to
# 111.5, and a close of 112 has come back. .786 is at 104.136, the far end of its zone at 103.636.
LEG = path(112, 130, 100, 122)
END, START = len(LEG) - 1, len(LEG) - 1 - 22
HALF = LegRule()


def bars_of(rows: Sequence[Bar], side: int = 1) -> Bars:
    high, low, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return chart(low, high, close) if side > 0 else chart(240 - high, 240 - low, 240 - close)


def reacted(tail: Sequence[Bar], ratio: float = 0.5, rule: LegRule = HALF, side: int = 1) -> list[tuple[Any, ...]]:
    """(entered, outcome, decided) at a ratio of the legs that start at 99, in bars after the leg's end."""
    found = level_reactions(bars_of([*LEG, *tail], side), rule, (ratio,))
    found = found.take((found.side == side) & (found.start == START))
    rows = zip(found.entered - END, found.outcome, found.decided, strict=True)
    return [(at, None if math.isnan(out) else out, done - END if done >= 0 else None) for at, out, done in rows]


ENTRIES: dict[str, tuple[list[Bar], tuple[Any, ...] | None]] = {
    "back at once": ([(121, 111.5, 113)], (1, 1, 1)),
    "not quite there": ([(121, 111.51, 113)], None),
    "back later": ([(121, 111, 111.5), (114, 111, 111.9), (114, 111, 112)], (1, 1, 3)),
    "not back yet": ([(121, 111, 111.5), (114, 111, 111.99)], (1, None, None)),
    "at the zone's far end": ([(121, 110, 110.5)], (1, None, None)),
    "through it": ([(121, 110, 110.49)], (1, 0, 1)),
    "through it, then back": ([(121, 110, 110.49), (114, 110, 113)], (1, 0, 1)),
    "only the wick through it": ([(121, 100.5, 112)], (1, 1, 1)),
    "past the zone in one gap": ([(110, 107, 108)], (1, 0, 1)),
    "once is enough": ([(121, 111, 113), (118, 112, 114), (114, 111, 111), (112, 109, 109)], (1, 1, 1)),
}


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("side", [1, -1])
def test_a_level_by_hand(name: str, side: int) -> None:
    tail, expected = ENTRIES[name]
    assert reacted(tail, side=side) == ([expected] if expected else [])


@pytest.mark.parametrize("side", [1, -1])
def test_the_columns_of_a_reaction(side: int) -> None:
    bars = bars_of([*LEG, (121, 111, 111.5), (114, 111, 112)], side)
    found = level_reactions(bars, HALF, (0.55, 0.5))
    found = found.take(found.start == START)
    assert (found.ratio.tolist(), found.named.tolist()) == ([0.5], [True])
    assert (found.side.tolist(), found.start.tolist(), found.end.tolist()) == ([side], [START], [END])
    assert found.level.tolist() == [111 if side > 0 else 129]
    assert (found.length.tolist(), found.atr.tolist()) == ([24], [2])
    assert found.time.tolist() == bars.time[[END + 1]].tolist()
    assert (found.waited.tolist(), len(found)) == ([1], 1)
    assert level_reactions(bars, HALF, (0.5, 0.55)) is level_reactions(bars, HALF, (0.55, 0.5, 0.5))


@pytest.mark.parametrize(("least", "count"), [(12, 1), (12.01, 0)])
def test_a_leg_is_long_enough(least: float, count: int) -> None:
    assert len(reacted([(121, 111, 113)], rule=LegRule(least=least))) == count


def test_zone_and_reaction_are_the_rules() -> None:
    assert reacted([(121, 112, 112.5)], rule=LegRule(zone=0.5)) == [(1, 1, 1)]
    assert reacted([(121, 112, 112.5)], rule=LegRule(zone=0.49)) == []
    assert reacted([(121, 111, 112.5)], rule=LegRule(react=1.0)) == [(1, None, None)]
    assert reacted([(121, 111, 113)], rule=LegRule(react=1.0)) == [(1, 1, 1)]


@pytest.mark.parametrize("side", [1, -1])
def test_wicks_or_bodies(side: int) -> None:
    """Of bodies the leg is 22 long, from 100 to 122, and .25 is at 116.5; of wicks at 117."""
    tail = [(121, 117.3, 117.4)]
    assert reacted(tail, 0.25, side=side) == [(1, None, None)]
    assert reacted(tail, 0.25, LegRule(prices="body"), side) == []
    assert reacted([(121, 117, 117.5)], 0.25, LegRule(prices="body"), side) == [(1, 1, 1)]


@pytest.mark.parametrize("side", [1, -1])
def test_the_leg_as_of_the_bar_before_decides(side: int) -> None:
    """A bar to 125 and to 111: nobody knows which came first. From the next bar on the leg ends at 125."""
    assert reacted([(125, 111, 113)], side=side) == [(1, 1, 1)]
    higher = [*LEG, (125, 119, 123)]  # .5 is at 112 now, the ATR (13 * 2 + 6) / 14
    for low, end in ((112.57, END + 1), (112.58, None)):
        found = level_reactions(bars_of([*higher, (124, low, 113)], side), HALF, (0.5,))
        found = found.take((found.start == START) & (found.side == side))
        assert found.end.tolist() == ([] if end is None else [end])
        assert found.level.tolist() == [112 if side > 0 else 128] * len(found)


def test_each_level_freezes_the_leg_by_its_own_first_entry() -> None:
    """.236 (117.336) is entered, then price goes on to 125: .5 is one of the longer leg, .236 is not asked again."""
    tail = [(121, 117, 119), (125, 118, 123), (124, 112, 113)]
    bars = bars_of([*LEG, *tail])
    found = level_reactions(bars, HALF, (0.236, 0.5))
    found = found.take((found.start == START) & (found.side == 1))
    assert list(zip(found.ratio, found.entered - END, found.end - END, strict=True)) == [(0.236, 1, 0), (0.5, 3, 2)]


def test_a_level_that_price_was_at_before_the_leg_was_known() -> None:
    """A wick to 123 before the low is confirmed at 105: price has been below the level since. A new high moves it."""
    early = [*path(112, 130, 100, 104), (123, 103, 104), (106, 104, 105)]
    start = len(early) - 7
    for tail, count in (([(106, 104, 105)], 0), ([(128, 122, 126), (125, 112, 115)], 1)):
        found = level_reactions(bars_of([*early, *tail]), HALF, (0.5,))
        assert (found.start[found.side == 1] == start).sum() == count


@pytest.mark.parametrize(("top", "count"), [(117, 1), (118, 0)])
def test_a_leg_counts_until_the_next_swing_of_its_kind(top: float, count: int) -> None:
    """From a low of 112 a close of 118 confirms it; .618 is entered after that."""
    bars = bars_of(path(112, 130, 100, 122, 113, top, 109))
    found = level_reactions(bars, HALF, (0.618,))
    assert ((found.side == 1) & (found.start == START)).sum() == count


@pytest.mark.parametrize(("close", "over", "count"), [(103.64, 0.786, 1), (103.63, 0.786, 0), (103.63, 1.0, 1)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_close_beyond_the_last_level_ends_the_leg(close: float, over: float, count: int, side: int) -> None:
    """.9 is at 101.4."""
    tail = [(121, 103, close), (104, 101.5, 103)]
    assert len(reacted(tail, 0.9, LegRule(over=over), side)) == count


def setups_of(tail: Sequence[Bar], side: int = 1, **options: Any) -> Setups:
    found = pullbacks(bars_of([*LEG, *tail], side), PullbackRule(**options))
    return found.take((found.direction == side) & (found.anchors["leg_start"] == START))


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("stop", "price"), [("786", 103.636), ("swing", 99)])
@pytest.mark.parametrize(("extension", "target"), [(1.0, 123), (1.272, 129.528), (1.618, 137.832)])
def test_a_pullback_by_hand(side: int, stop: str, price: float, extension: float, target: float) -> None:
    found = setups_of([(121, 111, 111.5), (113, 110.6, 112.5)], side, stop=stop, extension=extension)
    assert found.kind.tolist() == ["pullback_up" if side > 0 else "pullback_down"]
    assert (found.known_at - END).tolist() == [2] and found.lag == 1
    anchors = {name: int(bar[0]) - END for name, bar in found.anchors.items()}
    assert anchors == {"leg_start": -22, "leg_end": 0, "entered": 1, EXTREME: 2}
    level = {1: lambda x: x, -1: lambda x: 240 - x}[side]
    assert found.stop[0] == pytest.approx(level(price)) and found.target[0] == pytest.approx(level(target))
    assert found.height.tolist() == [24] and found.traded.all()
    expected = {"f_level": 0.5, "f_length": 12, "f_depth": 12.4 / 24}
    assert {name: features(found)[name] for name in expected} == pytest.approx(expected)


def test_no_setup_without_a_reaction() -> None:
    assert len(setups_of([(121, 111, 111.5)])) == 0
    assert len(setups_of([(121, 110, 110.4), (113, 110, 113)])) == 0
    assert len(setups_of([(121, 116.5, 119)])) == 0  # of .236, which is not one of the three
    assert len(setups_of([(121, 116.5, 119)], ratios=(0.236,))) == 1


def test_price_reacted_at_the_deepest_level_it_entered() -> None:
    """At 113.4 it is back from .5, at 115 from .382 (113.832), too: that is the same pullback."""
    together = setups_of([(121, 111, 113.4), (116, 113, 115)])
    assert (together.features["f_level"].tolist(), (together.known_at - END).tolist()) == ([0.5], [1])
    first = setups_of([(121, 113.5, 115), (116, 111, 113.4)])
    assert first.features["f_level"].tolist() == [0.382, 0.5]
    assert (first.known_at - END).tolist() == [1, 2] and len(set(first.ids)) == 2
    alone = setups_of([(121, 111, 113.4), (116, 113, 115)], ratios=(0.382,))
    assert (alone.known_at - END).tolist() == [2]


PIN: Bar = (113.2, 111, 113)  # no body, a lower wick of 2, an upper one of 0.2
CANDLE = {
    "at the entry": ([PIN], 1),
    "at the reaction": ([(121, 111, 111.5), (112.2, 110.5, 112)], 1),
    "none": ([(121, 111, 113)], 0),
    "before the entry": ([(115.2, 113, 115), (121, 111, 113)], 0),
    "after the reaction": ([(121, 111, 113), (113.2, 111.6, 113)], 0),
    "of the other side": ([(112.8, 111, 111), (113, 111, 112)], 0),
}


@pytest.mark.parametrize("name", CANDLE)
@pytest.mark.parametrize("side", [1, -1])
def test_a_candle_in_the_zone(name: str, side: int) -> None:
    tail, expected = CANDLE[name]
    assert setups_of(tail, side, ratios=(0.5,)).features["f_candle"].tolist() == [expected]


@pytest.mark.parametrize(("ratio", "tail", "count"), [(0.5, (121, 111, 113), 1), (0.618, (121, 108, 110), 0)])
@pytest.mark.parametrize("side", [1, -1])
def test_levels_of_other_legs_in_the_same_place(ratio: float, tail: Bar, count: int, side: int) -> None:
    """The fall from 131 to 99 has .382 at 111.224, next to .5; its .236 and .382 are far from .618, 108.168."""
    assert setups_of([tail], side, ratios=(ratio,)).features["f_cluster"].tolist() == [count]
    assert setups_of([tail], side, ratios=(ratio,), others=0).features["f_cluster"].tolist() == [0]
    assert setups_of([tail], side, ratios=(ratio,), near=0.11).features["f_cluster"].tolist() == [0]
    long = LegRule(least=12)  # the fall is 16 ATR
    assert setups_of([tail], side, ratios=(ratio,), legs=long).features["f_cluster"].tolist() == [count]


@pytest.mark.parametrize(("down", "oldest", "expected"), [(0.5, 250, 1), (2.1, 250, 0), (0.5, 80, 1), (0.5, 79, 0)])
@pytest.mark.parametrize("side", [1, -1])
def test_an_old_swing_at_the_level(down: float, oldest: int, expected: float, side: int) -> None:
    """A low of 111 less `down`, at bar 10 of a flat beginning; 1 ATR of 2, halved, is near enough."""
    rows = [*LEG, (121, 111, 113)]
    rows[10] = (113 - down, 111 - down, 112 - down)
    bars = bars_of(rows, side)
    found = pullbacks(bars, PullbackRule(ratios=(0.5,), oldest=oldest))
    found = found.take(found.anchors["leg_start"] == START)
    assert found.known_at.tolist() == [90]
    assert found.features["f_horizontal"].tolist() == [expected]


def test_a_swing_of_the_leg_itself_is_not_old() -> None:
    """A dip to 111 in the rise, with five higher lows on either side, seven bars before the leg's end."""
    rise = path(112, 130, 100, 116)
    dip = [(117, 115.5, 116)] * 5 + [(116, 111, 115)] + [(117, 115.5, 116)] * 5
    last = path(116, 122)[20:]
    bars = bars_of([*rise, *dip, *last, (121, 111, 113)])
    found = pullbacks(bars, PullbackRule(ratios=(0.5,)))
    last_one = found.take(found.known_at == len(bars) - 1)
    assert (last_one.anchors["leg_start"].tolist(), last_one.features["f_horizontal"].tolist()) == ([START], [0])


@pytest.mark.parametrize(("oversold", "expected"), [(0, 0), (30, 0), (60, 1)])
@pytest.mark.parametrize("side", [1, -1])
def test_the_rsi_shortly_before(oversold: float, expected: float, side: int) -> None:
    """The fall to 113 takes the RSI from far above 70 to a little below 50."""
    tail = [(121, 111, 113)]
    assert setups_of(tail, side, oversold=oversold).features["f_rsi_extreme"].tolist() == [expected]


def test_the_rsi_within_so_many_bars() -> None:
    """At 0 at the low; the last bar at which it is 30 or less, and one that is too far back by one."""
    bars = bars_of(path(112, 130, 100, 122, 112, 114))
    found = pullbacks(bars, PullbackRule(ratios=(0.382,)))
    known = int(found.known_at[-1])
    last = int(np.flatnonzero(bar_rsi(bars)[: known + 1] <= 30)[-1])
    for within, expected in ((known - last, 1), (known - last - 1, 0)):
        again = pullbacks(bars, PullbackRule(ratios=(0.382,), within=within))
        assert again.features["f_rsi_extreme"][-1] == expected


def test_placebo_ratios_are_outside_the_zones_of_every_leg() -> None:
    grid = placebo_ratios()
    assert (grid[0], grid[-1], len(grid)) == (0.15, 0.85, 30)
    assert min(abs(one - name) for one in grid for name in FIBONACCI) > 0.25 / 6
    assert len(placebo_ratios(LegRule(zone=0.1))) > len(grid)
    found = placebo(load("sample:MSFT"))
    assert set(found.ratio) == {*grid, *FIBONACCI} and set(found.ratio[found.named]) == set(FIBONACCI)


def test_markets_without_a_leg() -> None:
    for bars in (chart([10.0] * 40, [10.0] * 40), bars_of(LEG[:10]), bars_of(LEG[:25])):
        assert len(pullbacks(bars)) == len(placebo(bars)) == 0
