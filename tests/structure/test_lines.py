"""Trendlines by hand on logs that run straight from turn to turn, upside down, and as the plain second one has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.sources import load
from framework.structure.lines import LINES, LineRule, Lines, trendlines
from framework.validation.causality import Views, leaks
from tests import examples
from tests.reference import lines as plain
from tests.reference.indicators import atr

from . import Floats, chart, coarse_charts

Bar = tuple[float, float, float]  # logs of low, high and close
BASE, WICK, RISE = np.log(100.0), 0.01, 0.001
RULES = [LINES, LineRule(2, 6, 80, 3, 8, 0.4, 0.1), LineRule(3, 12, 300, 4, 5, 0.5, 1.0)]
COARSE = [LineRule(2, 6, 60, 3, 5, 0.25, 0.25), LineRule(1, 8, 40, 3, 4, 0.5, 0.5), LineRule(2, 12, 90, 4, 3, 0.6, 0)]
THREE = {0: 0.1, 20: 0.0, 30: 0.1, 40: 0.02, 50: 0.14, 60: 0.04, 70: 0.1}  # lows at 20, 40, 60 rise by .001 a bar
FOUR = THREE | {70: 0.14, 80: 0.06, 90: 0.14}


def made(turns: Mapping[int, float], changed: Mapping[int, Bar] | None = None, side: int = 1, **more: Any) -> Bars:
    """Bars in whose middle a log price goes straight from turn to turn, each a wick up and down. `changed`: other bars.
    All less BASE; side -1: upside down.
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


def on(bar: int, rise: float = RISE) -> float:
    """Where the line through the lows from bar 20 on is, less BASE."""
    return rise * (bar - 20) - WICK


def rows(lines: Lines) -> list[tuple[Any, ...]]:
    """(start, known_at, ended, broken, touches) of every line."""
    touches = [lines.touch[a:b].tolist() for a, b in zip(lines.first, lines.first[1:], strict=False)]
    columns = (lines.start, lines.known_at, lines.ended, lines.broken)
    return list(zip(*(column.tolist() for column in columns), touches, strict=True))


def found(
    turns: Mapping[int, float], changed: Mapping[int, Bar] | None = None, side: int = 1, rule: LineRule = LINES
) -> list[tuple[Any, ...]]:
    return rows(trendlines(made(turns, changed, side), side, rule))


@pytest.mark.parametrize("side", [1, -1])
def test_three_touches_make_a_line_five_bars_after_the_last(side: int) -> None:
    lines = trendlines(made(THREE, side=side), side)
    assert rows(lines) == [(20, 65, -1, False, [20, 40, 60])] and lines.side == side
    assert lines.level[0] == pytest.approx(BASE + side * on(20), abs=1e-12)
    assert lines.slope[0] == pytest.approx(side * RISE, abs=1e-12)
    prices = lines.price(np.array([0, 0]), np.array([20, 70]))
    assert prices == pytest.approx(100 * np.exp([side * on(20), side * on(70)]), rel=1e-12)
    bars = made(FOUR, side=side)
    assert len(trendlines(bars[:65], side)) == 0 and len(trendlines(bars[:66], side)) == 1


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("times", "count"), [(0.49, 1), (0.51, 0), (-0.2, 1)])
def test_a_touch_is_within_a_quarter_of_the_atr(times: float, count: int, side: int) -> None:
    """A third low above the line of the other two: the second is half as far below the line of the first and third."""
    reach = times * unit(made(THREE, side=side), 40)
    lines = trendlines(made(THREE | {60: 0.04 + reach}, side=side), side)
    assert len(lines) == count
    if count:  # of lines with the same touches the one that is nearer to all of them
        assert lines.slope[0] == pytest.approx(side * (RISE + reach / 40), abs=1e-12)
        assert rows(lines) == [(20, 65, -1, False, [20, 40, 60])]


@pytest.mark.parametrize("side", [1, -1])
def test_two_touches_are_none(side: int) -> None:
    assert found({**THREE, 60: 0.1, 70: 0.2}, side=side) == []
    assert found({0: 0.1, 20: 0.0, 30: 0.1, 40: 0.02, 60: 0.1}, side=side) == []
    assert found(FOUR, side=side, rule=LineRule(touches=4)) == [(20, 85, -1, False, [20, 40, 60, 80])]
    assert found(FOUR, side=side, rule=LineRule(touches=5)) == []


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("bar", [50, 65])
def test_no_close_lies_beyond_it(bar: int, side: int) -> None:
    """Between two touches or at the bar that would make it known; a wick may."""
    low = on(bar) - (0.03 if bar == 50 else 0.002)
    for beyond, expected in ((0.001, []), (-0.001, [(20, 65, -1, False, [20, 40, 60])])):
        line = found(THREE, {bar: (low, on(bar) + 0.05, on(bar) - beyond)}, side=side)
        assert line == expected


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("last", "count"), [(220, 1), (221, 0)])
def test_no_line_is_longer_than_two_hundred_bars(last: int, count: int, side: int) -> None:
    turns = {0: 0.2, 20: 0.0, 70: 0.2, 120: 0.1, 170: 0.4, last: 0.001 * (last - 20), last + 20: 0.4}
    assert len(found(turns, side=side)) == count
    assert len(found(turns, side=side, rule=LineRule(length=201))) == 1


@pytest.mark.parametrize(("second", "count"), [(44, 0), (45, 1)])
def test_touches_are_five_bars_apart(second: int, count: int) -> None:
    """With swings of two bars, that may lie nearer to one another."""
    turns = {0: 0.1, 20: 0.0, 30: 0.1, 40: 0.02, 42: 0.05, second: 0.001 * (second - 20), 60: 0.2}
    expected = [(20, second + 2, -1, False, [20, 40, second])]
    assert found(turns, rule=LineRule(width=2)) == expected * count
    assert found(turns, rule=LineRule(width=2, apart=4)) == expected


@pytest.mark.parametrize("side", [1, -1])
def test_where_no_atr_is_known_there_is_no_touch(side: int) -> None:
    """The ATR is known from bar 13 on: a low at 12 is none of a line's, and the one at 20 its first."""
    for bar, first in ((12, []), (13, [13])):
        turns = {0: 0.1, bar: 0.0, 20: 0.1} | {20 * n + bar: 0.0 for n in range(1, 6)}
        turns |= {20 * n: 0.1 + 0.01 * (n % 2) for n in range(1, 7)}
        lines = found(dict(sorted(turns.items())), side=side)
        starts = [*first, *(20 * n + bar for n in range(1, 6))]
        assert lines == [(starts[0], starts[2] + 5, -1, False, starts)]


@pytest.mark.parametrize("side", [1, -1])
def test_a_fourth_touch_is_recorded_and_makes_no_second_line(side: int) -> None:
    assert found(FOUR, side=side) == [(20, 65, -1, False, [20, 40, 60, 80])]
    assert rows(trendlines(made(FOUR, side=side)[:85], side)) == [(20, 65, -1, False, [20, 40, 60])]


@pytest.mark.parametrize("side", [1, -1])
def test_a_line_next_to_a_living_one_is_no_new_line(side: int) -> None:
    """A fourth low .24 ATR above touches the line. One .26 above does not, but is no further than two touches may be
    apart; one .51 above makes another line, that the third low is too far from.
    """
    three, four = [20, 40, 60], [20, 40, 60, 80]
    old, newer = [(20, 65, -1, False, three)], (20, 85, -1, False, [20, 40, 80])
    for times, expected in ((0.24, [(20, 65, -1, False, four)]), (0.26, old), (0.49, old), (0.51, [*old, newer])):
        above = 0.0
        for _ in range(30):  # the ATR of a bar depends a little on where the bar lies
            above = times * unit(made({**FOUR, 80: 0.06 + above}, side=side), 80)
        assert found({**FOUR, 80: 0.06 + above}, side=side) == expected


@pytest.mark.parametrize("side", [1, -1])
def test_more_touches_come_first(side: int) -> None:
    """Swings at 20 and 40 that no line had with 60, which lies too high, but both have with 80 and 100."""
    turns = {**THREE, 60: 0.1, 70: 0.15, 80: 0.06, 90: 0.16, 100: 0.08, 110: 0.2}
    assert found(turns, side=side) == [(20, 85, -1, False, [20, 40, 80, 100])]
    four = found(turns, side=side, rule=LineRule(touches=4))
    assert four == [(20, 105, -1, False, [20, 40, 80, 100])]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("turns", "last"), [(THREE, 60), (FOUR, 80)])
def test_a_line_is_forgotten_two_hundred_bars_after_its_last_touch(
    turns: dict[int, float], last: int, side: int
) -> None:
    bars = made({**turns, 320: 1.5}, side=side)
    assert [row[2:4] for row in rows(trendlines(bars[: last + 201], side))] == [(-1, False)]
    assert [row[2:4] for row in rows(trendlines(bars, side))] == [(last + 201, False)]
    assert found({**turns, 320: 1.5}, side=side, rule=LineRule(length=70))[0][2] == last + 71


def beyond(bar: int, times: float, side: int, margin: LineRule = LINES) -> tuple[Any, ...]:
    """The line's end when a bar closes so many ATR beyond it."""
    close = on(bar)
    for _ in range(50):
        changed = {bar: (on(bar) - 0.03, on(bar) + 0.05, close)}
        close = on(bar) - times * unit(made({**FOUR, 70: 0.14, 80: 0.1}, changed, side), bar)
    return found({**FOUR, 70: 0.14, 80: 0.1}, changed, side=side, rule=margin)[0][2:4]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("bar", [66, 75])
def test_a_close_a_quarter_of_the_atr_beyond_breaks_it(bar: int, side: int) -> None:
    assert beyond(bar, 0.24, side) == (-1, False)
    assert beyond(bar, 0.26, side) == (bar, True)
    assert beyond(bar, 0.59, side, LineRule(margin=0.6)) == (-1, False)
    assert beyond(bar, 0.61, side, LineRule(margin=0.6)) == (bar, True)


@pytest.mark.parametrize("side", [1, -1])
def test_of_a_line_that_is_broken_nothing_comes_back(side: int) -> None:
    """The same line is touched at 100 and 120: no touch of it and no new line of old lows, since a close lay beyond."""
    turns = {**THREE, 70: 0.14, 100: 0.08, 110: 0.16, 120: 0.1, 130: 0.2}
    through = {75: (on(75) - 0.03, on(75) + 0.02, on(75) - 0.02)}
    assert found(turns, through, side=side) == [(20, 65, 75, True, [20, 40, 60])]
    assert found(turns, side=side) == [(20, 65, -1, False, [20, 40, 60, 100, 120])]


def same(bars: Bars, rule: LineRule) -> int:
    """Hold every column to the plain ones; how many lines there are."""
    count = 0
    for side in (1, -1):
        lines, expected = trendlines(bars, side, rule), plain.trendlines(bars, side, rule)
        assert rows(lines) == [(one.start, one.known_at, one.ended, one.broken, one.touches) for one in expected]
        assert lines.level.tolist() == pytest.approx([side * one.level for one in expected], rel=1e-12)
        assert lines.slope.tolist() == pytest.approx([side * one.slope for one in expected], rel=1e-9, abs=1e-12)
        count += len(lines)
    return count


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["MSFT", "AAPL", "GOOG", "IBM"])
def test_equal_to_the_plain_second_implementation(name: str, rule: LineRule) -> None:
    assert same(load(f"sample:{name}")[:1600], rule) > 30


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(40, 150))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    for rule in COARSE:
        same(bars, rule)


def flattened(name: str, side: int) -> Bars:
    """A sample's prices to the power of 1e-4, or of minus that: so near to one the ATR is the same part of both."""
    bars = load(f"sample:{name}")
    logs: list[Floats] = [side * 1e-4 * np.log(getattr(bars, column)) for column in ("open", "high", "low", "close")]
    opened, high, low, close = (np.exp(series) for series in logs)
    columns = {"open": opened, "high": np.maximum(high, low), "low": np.minimum(high, low), "close": close}
    frame = pd.DataFrame(columns | {"volume": bars.volume}, index=bars.frame().index)
    return Bars.from_frame(frame, bars.symbol, bars.timeframe)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["MSFT", "AAPL"])
def test_supports_of_one_over_the_price_are_resistances(name: str, rule: LineRule) -> None:
    there, upside_down = flattened(name, 1), flattened(name, -1)
    for side in (1, -1):
        lines, mirrored = trendlines(there, side, rule), trendlines(upside_down, -side, rule)
        assert len(lines) > 40 and rows(lines) == rows(mirrored)
        np.testing.assert_allclose(lines.level, -mirrored.level, rtol=1e-9)
        np.testing.assert_allclose(lines.slope, -mirrored.slope, rtol=1e-7, atol=1e-15)


def views(bars: Bars) -> Views:
    tables: dict[str, Any] = {}
    for side in (1, -1):
        for number, rule in enumerate(RULES):
            lines = trendlines(bars, side, rule)
            drawn = {"start": lines.start, "level": lines.level, "slope": lines.slope}
            tables[f"lines {side} {number}"] = (lines.known_at, drawn)
            over = np.flatnonzero(lines.ended >= 0)
            over = over[np.argsort(lines.ended[over], kind="stable")]
            tables[f"ends {side} {number}"] = (lines.ended[over], {"line": over, "broken": lines.broken[over]})
            owner = np.repeat(np.arange(len(lines)), np.diff(lines.first))
            known = np.maximum(lines.touch + rule.width, lines.known_at[owner])
            order = np.lexsort((lines.touch, owner, known))
            tables[f"touches {side} {number}"] = (known[order], {"line": owner[order], "bar": lines.touch[order]})
    return tables


@pytest.mark.parametrize("noise", [None, 7])
def test_every_seventh_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:800]
    assert all(len(known) > 5 for known, _ in views(bars).values())
    assert list(leaks(bars, views, range(6, 799, 7), noise)) == []
