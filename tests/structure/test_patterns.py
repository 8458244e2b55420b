"""Channels, wedges and triangles and their breaks by hand, on logs that run straight from turn to turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from framework.bars import Bars
from framework.setups import BROKEN
from framework.structure.edges import PatternRule
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.patterns import PATTERNS, SHAPES, inside, patterns
from tests.reference.indicators import atr

from . import chart, features

Bar = tuple[float, float, float]  # logs of low, high and close
Row = tuple[str, int, int, int]
BASE, WICK, WIDTH = np.log(100.0), 0.01, 0.14
SLOPES = {  # of the lower and the upper edge, log price a bar
    "rising_channel": (0.002, 0.002),
    "falling_channel": (-0.002, -0.002),
    "flat_channel": (0.0, 0.0),
    "symmetrical_triangle": (0.001, -0.001),
    "ascending_triangle": (0.0015, 0.0),
    "descending_triangle": (0.0, -0.0015),
    "rising_wedge": (0.003, 0.001),
    "falling_wedge": (-0.001, -0.003),
}
SAID = {"ascending_triangle": 1, "descending_triangle": -1, "rising_wedge": -1, "falling_wedge": 1}
TURNED = {"rising": "falling", "falling": "rising", "ascending": "descending", "descending": "ascending"}
TURNED |= {"up": "down", "down": "up", "bottom": "top", "top": "bottom"}
TURNED |= {"downtrend": "uptrend", "uptrend": "downtrend", "support": "resistance", "resistance": "support"}


def mirrored(kind: str) -> str:
    if "head" in kind:
        return kind.removeprefix("inverse_") if kind.startswith("inverse") else f"inverse_{kind}"
    return "_".join(TURNED.get(word, word) for word in kind.split("_"))


def drawn(turns: Mapping[int, float], changed: Mapping[int, Bar] | None = None, side: int = 1, **more: Any) -> Bars:
    """Bars that close in their middle, which goes straight from turn to turn, a wick up and down. `changed`: other
    bars. All logs less BASE; side -1: upside down.
    """
    middle = np.interp(np.arange(max(turns) + 1), list(turns), list(turns.values()))
    low, high, close = middle - WICK, middle + WICK, middle.copy()
    for bar, values in (changed or {}).items():
        low[bar], high[bar], close[bar] = values
    if side < 0:
        low, high, close = -high, -low, -close
    return chart(*(np.exp(BASE + series) for series in (low, high, close)), **more)


def unit(bars: Bars, bar: int) -> float:
    """The ATR as a part of the close."""
    return atr(bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), 14)[bar] / float(bars.close[bar])


class Frame:
    """A price that goes up and down between two edges: lows at 20, 40 and 60, highs at 30 and 50."""

    def __init__(self, slopes: tuple[float, float], width: float = WIDTH) -> None:
        self.slopes, self.width = slopes, width

    def lower(self, bar: int) -> float:
        return self.slopes[0] * (bar - 20)

    def upper(self, bar: int) -> float:
        return self.width + self.slopes[1] * (bar - 20)

    def middle(self, bar: int) -> float:
        return (self.lower(bar) + self.upper(bar)) / 2

    def turns(self, last: int = 74, **more: float) -> dict[int, float]:
        made = {0: self.middle(10)} | {bar: self.lower(bar) + WICK for bar in (20, 40, 60)}
        made |= {bar: self.upper(bar) - WICK for bar in (30, 50)}
        return dict(sorted((made | {66: self.middle(66), last: self.middle(last)}).items()))

    def at(self, bar: int, way: int, beyond: float) -> dict[int, Bar]:
        """A bar that closes so far beyond an edge."""
        close = self.upper(bar) + beyond if way > 0 else self.lower(bar) - beyond
        return {bar: (min(self.middle(bar), close) - WICK, max(self.middle(bar), close) + WICK, close)}


def rows(bars: Bars, rule: PatternRule = PATTERNS) -> list[Row]:
    """(shape, known_at, ended, fate) of every pattern."""
    found = patterns(bars, rule)
    columns = (SHAPES[found.shape].tolist(), found.known_at.tolist(), found.ended.tolist(), found.fate.tolist())
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("shape", SLOPES)
def test_a_pattern_and_its_break_by_hand(shape: str, way: int, side: int) -> None:
    frame, name = Frame(SLOPES[shape]), shape if side > 0 else mirrored(shape)
    bars = drawn(frame.turns(), frame.at(70, way, 0.03), side, volume=[1.0] * 45 + [0.5] * 25 + [3.0] + [1.0] * 4)
    assert rows(bars) == [(name, 65, 70, way * side)]
    found, setups = patterns(bars), pattern_breaks(bars)
    assert (found.start.tolist(), found.touches.tolist(), found.span.tolist()) == ([30], [5], [30])
    support, opposite = (found.lower, found.upper)[::side]
    assert (support.first[0], support.last[0], opposite.first[0], opposite.last[0]) == (20, 60, 30, 50)
    for edge, slope, level in ((support, frame.slopes[0], 0.0), (opposite, frame.slopes[1], frame.upper(30))):
        assert (edge.slope[0], edge.level[0] - BASE) == pytest.approx((side * slope, side * level), abs=1e-12)
    assert (setups.kind.tolist(), setups.direction.tolist()) == (
        [f"{name}_{'up' if way == side else 'down'}"],
        [way * side],
    )
    anchors = {key: int(bar[0]) for key, bar in setups.anchors.items() if key != "setup_extreme"}
    made_of = {"start": 30, "upper": (50, 60)[::side][0], "lower": (60, 50)[::side][0]}
    assert anchors == made_of | {"break": int(setups.known_at[0])}
    ends = [float(np.exp(BASE + side * edge)) for edge in (frame.lower(70), frame.upper(70))]
    wide = [np.exp(BASE + side * frame.upper(bar)) - np.exp(BASE + side * frame.lower(bar)) for bar in (30, 70)]
    height = float(np.max(np.abs(wide)))  # of a channel that rises in price too, it is the wider the further on
    stop, broke = ends if way > 0 else ends[::-1]
    assert setups.stop[0] == pytest.approx(stop, rel=1e-12)
    assert setups.target[0] == pytest.approx(broke + way * side * height, rel=1e-12)
    assert setups.height[0] == pytest.approx(height, rel=1e-12)
    line = setups.lines[BROKEN]
    assert (line.first[0], line.last[0]) == ((30 if way > 0 else 20), 70) and line.ends[0] == pytest.approx(broke)
    size, closing = unit(bars, 70) * bars.close[70], frame.slopes[0] - frame.slopes[1]
    gap = frame.upper(30) - frame.lower(30)
    assert features(setups) == pytest.approx(
        {
            "f_stated": way * side * SAID.get(name, 0),
            "f_touches": 5,
            "f_span": 30,
            "f_age": 5,
            "f_height": height / size,
            "f_progress": 40 * closing / gap if closing else np.nan,
            "f_beyond": abs(np.log(bars.close[70] / broke)) / unit(bars, 70),
            "f_volume_ratio": 3 / 0.5,
            "f_volume_inside": 0.5 / ((15 + 5 * 0.5) / 20),
        },
        nan_ok=True,
    )
    assert rows(bars[:65]) == [] and rows(bars[:66]) == [(name, 65, -1, 0)]
    assert np.flatnonzero(inside(bars, (int(found.shape[0]),))).tolist() == list(range(65, 70))
    assert inside(bars).any() == ("triangle" in name)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("times", "expected"),
    [(0.49, "flat_channel"), (0.51, None), (-0.49, "flat_channel"), (-0.51, "descending_triangle")],
)
def test_edges_that_part_and_edges_that_are_parallel(times: float, expected: str | None, side: int) -> None:
    """A level lower edge, and an upper one that rises so many ATR over the pattern's 30 bars."""
    slope = 0.0
    for _ in range(30):  # the ATR depends a little on the slope
        bars = drawn(Frame((0.0, slope)).turns(), side=side)
        slope = times * unit(bars, 65) / 30
    name = expected and (expected if side > 0 else mirrored(expected))
    assert [row[0] for row in rows(bars)] == ([name] if name else [])
    assert rows(drawn(Frame((-0.001, 0.001)).turns(), side=side)) == []


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("way", [1, -1])
def test_a_close_a_quarter_of_the_atr_beyond_an_edge(way: int, side: int) -> None:
    frame = Frame(SLOPES["symmetrical_triangle"])
    for times, ends in ((0.24, (-1, 0)), (0.26, (70, way * side))):
        beyond = 0.0
        for _ in range(50):
            bars = drawn(frame.turns(), frame.at(70, way, beyond), side)
            beyond = times * unit(bars, 70)
        assert [row[2:] for row in rows(bars[:73])] == [ends]


@pytest.mark.parametrize("side", [1, -1])
def test_each_edge_has_two_touches_where_both_have_begun(side: int) -> None:
    """Two highs alike at 50 and 51 are no swing. A high at 14 is one of the edge, before the support begins."""
    frame = Frame((0.0, 0.0))
    again = {51: (frame.upper(50) - 3 * WICK, frame.upper(50), frame.upper(50) - 2 * WICK)}
    early = {0: 0.0, 14: frame.upper(14) - WICK} | {bar: log for bar, log in frame.turns().items() if bar}
    for turns in (frame.turns(), early):
        assert [row[0] for row in rows(drawn(turns, side=side))] == ["flat_channel"]
        assert rows(drawn(turns, again, side)) == []


@pytest.mark.parametrize("side", [1, -1])
def test_the_trendline_too_has_two_touches_where_both_have_begun(side: int) -> None:
    """No swing at 30: the opposite edge begins at 50, and after that there are two lows, at 60 and 80, known at 85."""
    frame = Frame((0.0, 0.0))
    turns = {bar: log for bar, log in frame.turns(100).items() if bar != 66}
    turns |= {bar: frame.upper(bar) - WICK for bar in (70, 90)} | {80: WICK}
    high = frame.upper(31)
    alike = dict.fromkeys((30, 31), (high - 3 * WICK, high, high - 2 * WICK))
    bars = drawn(dict(sorted(turns.items())), alike, side)
    assert rows(bars)[0] == ("flat_channel", 85, -1, 0) and patterns(bars).start[0] == 50


@pytest.mark.parametrize("side", [1, -1])
def test_no_close_lies_beyond_the_opposite_edge(side: int) -> None:
    """Of two bars with the same high, which are no swing."""
    frame = Frame((0.0, 0.0))
    for beyond, count in ((0.001, 0), (-0.001, 1)):
        bars = drawn(frame.turns(), frame.at(62, 1, beyond) | frame.at(63, 1, beyond), side)
        assert len(rows(bars)) == count


@pytest.mark.parametrize("side", [1, -1])
def test_it_ends_where_the_edges_meet_and_where_its_trendline_is_forgotten(side: int) -> None:
    meeting = Frame((0.0011, -0.0011))  # .14 / .0022: 63.6 bars after 20
    assert rows(drawn(meeting.turns(90), side=side)) == [("symmetrical_triangle", 65, 84, 0)]
    level = Frame((0.0, 0.0))
    assert rows(drawn(level.turns(280), side=side)) == [("flat_channel", 65, 261, 0)]
    longer = level.turns(300) | {70: level.upper(70) - WICK, 80: WICK, 90: level.middle(90), 300: level.middle(300)}
    bars = drawn({bar: log for bar, log in sorted(longer.items()) if bar != 66}, side=side)
    assert rows(bars) == [("flat_channel", 65, 266, 0)]


@pytest.mark.parametrize("side", [1, -1])
def test_another_opposite_edge_supersedes_one_that_the_newest_swing_does_not_touch(side: int) -> None:
    """A high at 70 that lies above the edge, its close within. The line from 30 touches all three."""
    frame = Frame((0.0, 0.0))
    for times, superseded in ((0.2, [False]), (0.4, [True, False])):
        above = 0.0
        for _ in range(30):
            turns = {bar: log for bar, log in frame.turns(90).items() if bar != 66}
            turns |= {70: frame.upper(70) - WICK + above, 80: WICK}
            bars = drawn(dict(sorted(turns.items())), side=side)
            above = times * unit(bars, 70)
        found = patterns(bars)
        assert found.superseded.tolist() == superseded and not found.fate.any()
        assert found.known_at.tolist() == [65, 75][: len(found)]
        assert found.ended.tolist() == ([-1] if len(found) == 1 else [75, -1])
        assert found.touches.tolist() == [5, 6][: len(found)]
        other = (found.upper if side > 0 else found.lower).last
        assert other.tolist() == [50, 70][: len(found)]
