"""Breaks of lines, retests and false breaks by hand on the lines of test_lines.py, and as the plain second one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.setups import BROKEN, DRAWN, Segment, Setups
from framework.sources import load
from framework.structure.breaks import BreakRule, aftermath, false_breaks, line_breaks
from framework.structure.volume import fading_volume
from framework.validation.causality import Views, leaks
from tests import examples
from tests.reference import lines as plain
from tests.reference.indicators import atr

from . import chart, coarse_charts, features
from .test_lines import COARSE, RISE, RULES, THREE, WICK, Bar, flattened, made, on, unit

NAN = np.nan
BREAK, END = 75, 115
KINDS = ("uptrend_break", "downtrend_break")  # of a rising support, of the falling resistance that is its mirror
Tail = dict[int, tuple[float, float]]


def broken(tail: Tail | None = None, side: int = 1, rise: float = RISE, **more: Any) -> Bars:
    """Lows at 20, 40 and 60 on a line that bar 75 closes .03 below; later bars lie .05 to .07 below it. `tail`: others
    by the bars since, from .09 below up to so many ATR above the line, closing so many ATR above it.
    """
    turns = {bar: log + (rise - RISE) * (bar - 20) for bar, log in THREE.items()}
    turns[70] = on(70, rise) + 0.11
    turns |= {bar: on(bar, rise) - 0.06 for bar in (BREAK + 1, END)}
    changed: dict[int, Bar] = {BREAK: (on(BREAK, rise) - 0.08, on(BREAK, rise) + 0.06, on(BREAK, rise) - 0.03)}
    for after, (top, close) in sorted((tail or {}).items()):
        bar, size = BREAK + after, 0.0
        for _ in range(25):  # until the ATR that the bar was made with is the one that it has
            line = on(bar, rise)
            changed[bar] = (line - 0.09, line + top * size, line + close * size)
            size = unit(made(turns, changed, side), bar)
    return made(turns, changed, side, **more)


def after(tail: Tail, side: int, wait: int = 30, near: float = 0.25) -> tuple[int | None, int | None]:
    """(first close inside, retest) in bars since the break."""
    bars = broken(tail, side)
    breaks = line_breaks(bars)
    assert breaks.known_at.tolist() == [BREAK]
    found = aftermath(bars, breaks, wait, near)
    return tuple(int(bar[0]) - BREAK if bar[0] >= 0 else None for bar in found)  # type: ignore[return-value]


@pytest.mark.parametrize("side", [1, -1])
def test_every_column_of_a_break(side: int) -> None:
    volume = np.full(END + 1, 10.0)
    volume[20:47], volume[47], volume[48:75], volume[75] = 8, 1000, 4, 10  # halves of 55 bars, and the one between
    bars = broken(side=side, volume=volume)
    found = line_breaks(bars)
    assert (found.kind.tolist(), found.direction.tolist()) == ([KINDS[0] if side > 0 else KINDS[1]], [-side])
    assert (found.rule, found.known_at.tolist(), found.veto.tolist()) == ("line_break", [BREAK], [""])
    anchors = {name: bar.tolist() for name, bar in found.anchors.items()}
    assert anchors == {"start": [20], "made": [60], "touch": [60], "break": [BREAK], "setup_extreme": [70]}
    assert found.stop[0] == pytest.approx(100 * np.exp(side * (on(70) + 0.11 + WICK)))
    assert np.isnan(found.target[0]) and np.isnan(found.height[0])
    ranges = atr(bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), 14)
    rise = side * 40 * RISE * float(bars.close[60]) / ranges[60]
    expected = {"f_touches": 3, "f_span": 40, "f_age": 15, "f_slope": rise}
    expected["f_beyond"] = 0.03 * float(bars.close[BREAK]) / ranges[BREAK]
    assert features(found) == pytest.approx(expected | {"f_volume_ratio": 2.5, "f_volume_inside": 0.5})
    line = found.lines[BROKEN]
    assert (line.first.tolist(), line.last.tolist()) == ([20], [BREAK])
    ends = [100 * np.exp(side * on(bar)) for bar in (20, BREAK)]
    assert [line.begins[0], line.ends[0]] == pytest.approx(ends)
    assert len(line_breaks(bars[:BREAK])) == 0 and len(line_breaks(bars[: BREAK + 1])) == 1


def test_features_of_volume_need_a_volume() -> None:
    without = {"f_touches", "f_span", "f_age", "f_slope", "f_beyond"}
    assert set(line_breaks(broken()).features) == without
    volume = np.full(END + 1, 10.0)
    volume[40] = NAN
    assert np.isnan(features(line_breaks(broken(volume=volume)))["f_volume_inside"])
    assert features(line_breaks(broken(volume=volume)))["f_volume_ratio"] == 1
    volume[40], volume[60] = 10, NAN
    assert np.isnan(features(line_breaks(broken(volume=volume)))["f_volume_ratio"])


@pytest.mark.parametrize("side", [1, -1])
def test_a_line_that_hardly_rises_is_horizontal(side: int) -> None:
    sloping, level = ("uptrend_break", "support_break") if side > 0 else ("downtrend_break", "resistance_break")
    for rise, kind in ((0.0, level), (-RISE, level), (RISE, sloping)):
        assert line_breaks(broken(side=side, rise=rise)).kind.tolist() == [kind]
    bars = broken(side=side)
    slope = abs(features(line_breaks(bars))["f_slope"])
    for most, kind in ((slope * 0.999, sloping), (slope * 1.001, level)):
        assert line_breaks(bars, BreakRule(level=most)).kind.tolist() == [kind]


AFTERMATHS: dict[str, tuple[Tail, tuple[int | None, int | None]]] = {
    "nothing": ({}, (None, None)),
    "back inside": ({3: (0.5, 0.01)}, (3, None)),
    "the wick alone, and closes outside": ({3: (0.5, -0.01)}, (None, 3)),
    "near the line": ({3: (-0.24, -1)}, (None, 3)),
    "not near enough": ({3: (-0.26, -1)}, (None, None)),
    "the first of two": ({3: (-0.26, -1), 7: (-0.1, -1), 9: (0.1, -1)}, (None, 7)),
    "a retest that fails": ({3: (-0.1, -1), 6: (0.5, 0.1)}, (6, 3)),
    "no retest after a close inside": ({3: (0.5, 0.1), 6: (-0.1, -1)}, (3, None)),
    "the last bar for a retest": ({30: (-0.1, -1)}, (None, 30)),
    "too late for a retest": ({31: (-0.1, -1)}, (None, None)),
    "the last bar for a close inside": ({30: (0.5, 0.1)}, (30, None)),
    "too late for a close inside": ({31: (0.5, 0.1)}, (None, None)),
}


@pytest.mark.parametrize("name", AFTERMATHS)
@pytest.mark.parametrize("side", [1, -1])
def test_the_aftermath_by_hand(name: str, side: int) -> None:
    tail, expected = AFTERMATHS[name]
    assert after(tail, side) == expected


@pytest.mark.parametrize("side", [1, -1])
def test_the_aftermath_is_asked_as_it_is_wanted(side: int) -> None:
    assert after({3: (-0.26, -1)}, side, near=0.3) == (None, 3)
    assert after({3: (-0.24, -1)}, side, wait=3) == (None, 3) and after({3: (-0.24, -1)}, side, wait=2) == (None, None)
    assert after({3: (-0.24, -1)}, side, near=0.2) == (None, None)
    assert after({END - BREAK: (0.5, 0.1)}, side, wait=99) == (END - BREAK, None)


@pytest.mark.parametrize("side", [1, -1])
def test_a_close_on_the_line_is_on_neither_side(side: int) -> None:
    """Through two lows at the same price goes a line at that price, and so may a close."""
    low, high, close = (getattr(broken(rise=0.0), name).copy() for name in ("low", "high", "close"))
    low[[20, 40, 60]] = close[BREAK + 1 :] = 99.0
    high[BREAK + 1 :] = 99.5
    bars = chart(low, high, close) if side > 0 else chart(9801 / high, 9801 / low, 9801 / close)
    breaks = line_breaks(bars)
    assert breaks.known_at.tolist() == [BREAK]
    assert [bar.tolist() for bar in aftermath(bars, breaks)] == [[-1], [-1]]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("wait", [1, 5])
def test_a_false_break_is_taken_back_within_five_bars(wait: int, side: int) -> None:
    bars = broken({wait: (0.5, 0.1)}, side, volume=np.full(END + 1, 10.0))
    breaks = line_breaks(bars)
    found = false_breaks(bars, breaks)
    assert found.kind.tolist() == [f"false_{KINDS[0] if side > 0 else KINDS[1]}"]
    assert (found.direction.tolist(), found.known_at.tolist()) == ([side], [BREAK + wait])
    assert found.rule == "false_line_break"
    anchors = {name: bar.tolist() for name, bar in found.anchors.items()}
    assert anchors.pop("setup_extreme") == anchors.pop("back") == [BREAK + wait]
    assert anchors == {"start": [20], "made": [60], "touch": [60], "break": [BREAK]}
    assert found.stop[0] == pytest.approx(100 * np.exp(side * (on(BREAK + wait) - 0.09)))
    assert features(found) == features(breaks) | {"f_wait": wait}
    assert found.lines[BROKEN].ends.tolist() == breaks.lines[BROKEN].ends.tolist()
    assert len(false_breaks(bars[: BREAK + wait], line_breaks(bars[: BREAK + wait]))) == 0
    refused = false_breaks(bars, breaks.refuse(np.array([True]), "unconfirmed"))
    assert (found.veto.tolist(), refused.veto.tolist()) == ([""], ["unconfirmed"])


@pytest.mark.parametrize("side", [1, -1])
def test_a_break_taken_back_at_the_sixth_bar_is_none_that_was_false(side: int) -> None:
    bars = broken({6: (0.5, 0.1)}, side)
    assert len(false_breaks(bars, line_breaks(bars))) == 0
    assert false_breaks(bars, line_breaks(bars), back=6).known_at.tolist() == [BREAK + 6]


def test_fading_volume_by_hand() -> None:
    """Halves of four, of five without the one in the middle, of two; of one none, of nothing traded none."""
    bars = chart([1.0] * 9, [2.0] * 9, volume=[1, 3, 4, 8, 6, 0, 0, NAN, 5])
    first, last = np.array([0, 0, 2, 3, 5, 4, 4, 7]), np.array([3, 4, 3, 3, 6, 5, 8, 8])
    expected = [3, 3.5, 2, NAN, NAN, 0, NAN, NAN]
    np.testing.assert_array_equal(fading_volume(bars, first, last), expected)


def test_a_segment_runs_on_straight_in_logs() -> None:
    line = Segment(np.array([2, 5]), np.array([4, 5]), np.array([100.0, 50.0]), np.array([121.0, 50.0]))
    assert line.price(np.array([5, 9])).tolist() == pytest.approx([133.1, 50])
    assert line.price(np.array([2, 5])).tolist() == pytest.approx([100, 50])
    assert [column.tolist() for column in line.take(np.array([1]))] == [[5], [5], [50], [50]]


def test_what_is_drawn() -> None:
    """Setup by setup, of each its lines; none that it does not have."""
    bars = load("sample:MSFT")
    breaks = line_breaks(bars).take(np.arange(3))
    time, ids = pd.DatetimeIndex(bars.time, tz="UTC"), breaks.ids
    here, there = np.array([1, 2, 3]), np.array([4, 5, 6])
    other = Segment(here, there, np.array([1.0, NAN, 3.0]), np.array([7.0, 8.0, 9.0]))
    drawn = replace(breaks, lines={"upper": other, **breaks.lines}).drawn()
    assert tuple(drawn.columns) == DRAWN and drawn.index.tolist() == [0, 1, 2, 3, 4]
    assert drawn["setup"].tolist() == [ids[0], ids[0], ids[1], ids[2], ids[2]]
    assert drawn["line"].tolist() == ["upper", BROKEN, BROKEN, "upper", BROKEN]
    assert drawn.iloc[3, 2:].tolist() == [time[3], 3.0, time[6], 9.0]
    line = breaks.lines[BROKEN]
    expected = [time[line.first[1]], line.begins[1], time[line.last[1]], line.ends[1]]
    assert drawn.iloc[2, 2:].tolist() == expected
    none = replace(breaks, lines={}).drawn()
    assert tuple(none.columns) == DRAWN and len(none) == 0
    assert tuple(breaks.take(np.arange(0)).drawn().columns) == DRAWN


def test_every_break_has_a_name_of_its_own() -> None:
    for name in ("MSFT", "AAPL", "GOOG", "IBM"):
        ids = line_breaks(load(f"sample:{name}")).ids
        assert len(set(ids)) == len(ids)


def same(bars: Bars, rule: BreakRule) -> tuple[int, int]:
    """Hold every column to the plain ones; how many breaks, and false ones, there are."""
    breaks, expected = line_breaks(bars, rule), plain.line_breaks(bars, rule)
    equal(breaks, expected)
    for wait, near in ((30, 0.25), (12, 0.6)):
        ours = aftermath(bars, breaks, wait, near)
        rows = [plain.aftermath(bars, one, wait, near) for one in expected]
        assert list(zip(ours.inside.tolist(), ours.retest.tolist(), strict=True)) == rows
    back, wanted = false_breaks(bars, breaks), plain.false_breaks(bars, expected)
    equal(back, wanted)
    return len(breaks), len(back)


def equal(setups: Setups, expected: list[plain.Break]) -> None:
    for name in ("kind", "direction", "known_at", "veto"):
        assert getattr(setups, name).tolist() == [getattr(one, name) for one in expected], name
    for name in ("first", "last", "begins", "ends"):
        values = getattr(setups.lines[BROKEN], name).tolist()
        assert values == pytest.approx([getattr(one, name) for one in expected], rel=1e-11), name
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["MSFT", "AAPL", "GOOG", "IBM"])
def test_equal_to_the_plain_second_implementation(name: str, rule: Any) -> None:
    breaks, back = same(load(f"sample:{name}")[:1600], BreakRule(rule, level=0.8))
    assert breaks > 20 and back > 1


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(40, 150))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    for rule in COARSE:
        same(bars, BreakRule(rule))


@pytest.mark.parametrize("rule", RULES)
def test_breaks_of_one_over_the_price_are_the_other_way(rule: Any) -> None:
    names = {"uptrend": "downtrend", "downtrend": "uptrend", "support": "resistance", "resistance": "support"}
    bars = flattened("MSFT", 1), flattened("MSFT", -1)
    breaks = [line_breaks(each, BreakRule(rule)) for each in bars]
    for here, there in (breaks, [false_breaks(*pair) for pair in zip(bars, breaks, strict=True)]):
        for way in (1, -1):
            mine, other = here.take(here.direction == way), there.take(there.direction == -way)
            assert mine.known_at.tolist() == other.known_at.tolist() != []
            turned = ["_".join(names.get(part, part) for part in kind.split("_")) for kind in other.kind.tolist()]
            rows = sorted(zip(other.known_at, turned, strict=True))
            assert sorted(zip(mine.known_at, mine.kind, strict=True)) == rows
            np.testing.assert_allclose(mine.stop, 1 / other.stop, rtol=1e-12)


def whole(found: Setups) -> tuple[Any, dict[str, Any]]:
    columns: dict[str, Any] = {name: getattr(found, name) for name in ("kind", "direction", "stop", "veto")}
    columns |= found.lines[BROKEN]._asdict() | {"id": np.array(found.ids, dtype=object)}
    return found.known_at, columns | dict(found.anchors) | dict(found.features)


def views(bars: Bars) -> Views:
    tables: dict[str, Any] = {}
    for number, rule in enumerate(RULES):
        breaks = line_breaks(bars, BreakRule(rule))
        tables[f"breaks {number}"] = whole(breaks)
        tables[f"false {number}"] = whole(false_breaks(bars, breaks))
        for name, bar in aftermath(bars, breaks)._asdict().items():
            row = np.flatnonzero(bar >= 0)
            row = row[np.argsort(bar[row], kind="stable")]
            tables[f"{name} {number}"] = (bar[row], {"break": row})
    return tables


@pytest.mark.parametrize("noise", [None, 7])
def test_every_seventh_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:800]
    assert all(len(known) > 2 for known, _ in views(bars).values())
    assert list(leaks(bars, views, range(6, 799, 7), noise)) == []
