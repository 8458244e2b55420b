"""What becomes of breaks: each measure by hand, both ways, then as a plain count has them; the strategies of breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.bars import Bars
from framework.setups import Segment, Setups
from framework.sources import load
from framework.structure.breaks import false_breaks, line_breaks
from framework.structure.broken import broken
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.patterns import SHAPES, Edge, Patterns, patterns
from framework.structure.price_doubles import price_doubles
from framework.structure.shoulders import head_and_shoulders
from framework.workspace import load_strategy
from tests.reference import entries as plain
from tests.reference.volume import relative_volume

from . import chart

ROOT = Path(__file__).resolve().parents[2]
NAN = math.nan
KNOWN, STOP, TARGET = 20, 95.0, 110.0
Bar = tuple[float, float, float]  # low, high, close
AWAY = (102.0, 104.0, 103.0)
NEAR, INSIDE = (100.3, 103.0, 102.0), (99.0, 103.0, 99.5)


def drawn(tail: dict[int, Bar], length: int, side: int) -> Bars:
    """Bars above a level line at 100, between stop and target, but for those of `tail`; side -1: mirrored at 100.
    `length`: bars after the break.
    """
    rows = [AWAY] * (KNOWN + 1 + length)
    for since, bar in tail.items():
        rows[KNOWN + since] = bar
    low, high, close = np.array(rows).T
    return chart(low, high, close) if side > 0 else chart(200 - high, 200 - low, 200 - close)


def one(bars: Bars, side: int, target: float = TARGET, **features: float) -> Setups:
    stop, target = (STOP, target) if side > 0 else (200 - STOP, 200 - target)
    line = Segment(np.array([0]), np.array([KNOWN]), np.array([100.0]), np.array([100.0]))
    return Setups(
        *("TEST", "1h", bars.time, "x", np.array(["x_up"]), np.array([side], np.int8)),
        *({"start": np.array([0])}, np.array([KNOWN]), np.array([stop])),
        *({name: np.array([value]) for name, value in features.items()}, np.array([""])),
        target=np.array([target]),
        lines={"broken": line},
    )


def said(tail: dict[int, Bar], length: int, side: int, name: str, target: float = TARGET) -> float:
    bars = drawn(tail, length, side)
    return float(getattr(broken(bars, one(bars, side, target)), name)[0])


UP, DOWN, BOTH = (102.0, 110.0, 103.0), (95.0, 104.0, 103.0), (95.0, 110.0, 103.0)
REACHED: dict[str, tuple[dict[int, Bar], int, float]] = {
    "the target": ({7: UP}, 120, 1),
    "just under the target": ({7: (102.0, 109.99, 103.0)}, 120, 0),
    "the stop": ({7: DOWN}, 120, 0),
    "just above the stop, then the target": ({7: (95.01, 104.0, 103.0), 9: UP}, 120, 1),
    "the target before the stop": ({7: UP, 9: DOWN}, 120, 1),
    "the stop before the target": ({7: DOWN, 9: UP}, 120, 0),
    "both in one bar: the stop first": ({7: BOTH}, 120, 0),
    "both in one bar after the target": ({7: UP, 8: BOTH}, 120, 1),
    "the break's own bar says nothing": ({0: BOTH, 5: UP}, 120, 1),
    "neither in a hundred bars": ({}, 120, 0),
    "the hundredth bar": ({100: UP}, 120, 1),
    "a bar later": ({101: UP}, 120, 0),
    "the hundredth bar is the last one": ({}, 100, 0),
    "the data end first": ({}, 99, NAN),
    "the data end first, at once": ({}, 0, NAN),
    "the target in the last bar there is, before its time": ({50: UP}, 50, NAN),
    "the stop in the last bar there is, before its time": ({50: DOWN}, 50, NAN),
}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("name", REACHED)
def test_the_target_before_the_stop(name: str, side: int) -> None:
    tail, length, expected = REACHED[name]
    assert said(tail, length, side, "reached") == pytest.approx(expected, nan_ok=True)
    for bars_after in (length, 120):  # without a target nothing can be said
        assert np.isnan(said(tail, bars_after, side, "reached", NAN))


AFTER: dict[str, tuple[dict[int, Bar], int, float, float]] = {  # tail, bars after, back, false
    "nothing": ({}, 40, 0, 0),
    "a touch that closes beyond": ({3: NEAR}, 40, 1, 0),
    "a close inside within five bars": ({5: INSIDE}, 40, 1, 1),
    "a close inside after six": ({6: INSIDE}, 40, 1, 0),
    "a touch, then a close inside": ({2: NEAR, 4: INSIDE}, 40, 1, 1),
    "a touch in the last of thirty bars": ({30: NEAR}, 40, 1, 0),
    "a touch too late": ({31: NEAR}, 40, 0, 0),
    "a close inside in the last of thirty bars": ({30: INSIDE}, 40, 1, 0),
    "the data end with the thirty bars": ({}, 30, 0, 0),
    "the data end before": ({}, 29, NAN, 0),
    "the data end with the five bars": ({}, 5, NAN, 0),
    "the data end before the fifth": ({}, 4, NAN, NAN),
    "the data end after a touch": ({3: NEAR}, 3, NAN, NAN),
    "the data end after a close inside": ({3: INSIDE}, 3, NAN, NAN),
    "the data end after the fifth": ({3: INSIDE}, 5, NAN, 1),
}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("name", AFTER)
def test_back_to_the_line_and_false(name: str, side: int) -> None:
    tail, length, back, false = AFTER[name]
    assert said(tail, length, side, "back") == pytest.approx(back, nan_ok=True)
    assert said(tail, length, side, "false") == pytest.approx(false, nan_ok=True)


def test_loud_is_one_and_a_half_times_the_usual_volume() -> None:
    bars = drawn({}, 40, 1)
    for ratio, expected in ((1.5, 1), (1.4999, 0), (NAN, NAN)):
        assert broken(bars, one(bars, 1, f_volume_ratio=ratio)).loud[0] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(broken(bars, one(bars, 1)).loud).all()


def test_what_is_only_seen_when_it_broke_names_no_patterns() -> None:
    bars = drawn({}, 40, 1)
    found = broken(bars, one(bars, 1))
    assert (found.shape, found.known) == (None, None)
    assert (found.kind.tolist(), found.known_at.tolist()) == (["x_up"], [KNOWN])


def test_every_pattern_that_became_known_is_told() -> None:
    """Of every shape three: one that broke up, one down, one that did not."""
    shape, fate = np.repeat(np.arange(8), 3), np.tile([1, -1, 0], 8)
    n = np.arange(24)
    edge = Edge(n, n * 0.0, n * 0.0, n)
    formed = Patterns(shape, edge, edge, n, n + 30, n + 60, fate, n < 0, n, n)
    bars = drawn({}, 40, 1)
    found = broken(bars, one(bars, 1), formed)
    assert found.shape is not None and found.known is not None
    assert found.shape.tolist() == np.repeat(SHAPES, 3).tolist() and found.known.tolist() == (n + 30).tolist()


def counted(bars: Bars, setups: Setups) -> dict[str, list[float]]:
    """The same measures, setup by setup and bar by bar."""
    low, high, n = bars.low.tolist(), bars.high.tolist(), len(bars)
    free = replace(setups, stop=np.full(len(setups), NAN))
    after = [entry.fate for entry in plain.retest(bars, free)]
    far = [entry.fate for entry in plain.retest(bars, free, 5, near=-99.0)]  # no retest: a close inside, or nothing
    usual = relative_volume(bars, False)
    made: dict[str, list[float]] = {"reached": [], "back": [], "false": [], "loud": []}
    for row in range(len(setups)):
        known, side = int(setups.known_at[row]), int(setups.direction[row])
        stop, target = float(setups.stop[row]), float(setups.target[row])
        reached = 0.0
        for t in range(known + 1, min(known + 101, n)):
            if (low[t] <= stop) if side > 0 else (high[t] >= stop):
                reached = 0.0
                break
            if (high[t] >= target) if side > 0 else (low[t] <= target):
                reached = 1.0
                break
        made["reached"].append(NAN if math.isnan(target) or known + 100 >= n else reached)
        made["back"].append(NAN if known + 30 >= n else float(after[row] in ("entered", "setup_broken")))
        made["false"].append(NAN if known + 5 >= n else float(far[row] == "setup_broken"))
        ratio = usual[int(setups.anchors.get("break", setups.known_at)[row])]
        made["loud"].append(NAN if math.isnan(ratio) else float(ratio >= 1.5))
    return made


@pytest.mark.parametrize("find", [line_breaks, pattern_breaks, head_and_shoulders, price_doubles])
def test_it_equals_a_plain_count_on_real_bars(find: Callable[..., Setups]) -> None:
    seen: dict[str, set[Any]] = {}
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        bars = load(f"sample:{symbol}")
        setups = find(bars)
        found = broken(bars, setups)
        for name, values in counted(bars, setups).items():
            assert np.array_equal(getattr(found, name), values, equal_nan=True), (symbol, name)
            seen.setdefault(name, set()).update(value for value in values if value == value)
    assert all(values == {0, 1} for name, values in seen.items() if name != "reached" or find is not line_breaks)
    assert seen["reached"] == (set() if find is line_breaks else {0, 1}), "a line has no target"


def test_every_pattern_that_was_formed_is_told() -> None:
    bars = load("sample:IBM")
    formed = patterns(bars)
    found = broken(bars, pattern_breaks(bars), formed)
    assert found.shape is not None
    assert found.shape.tolist() == [str(SHAPES[shape]) for shape in formed.shape]


VETOES: list[tuple[str, dict[str, Any], Callable[[Bars], Setups], Callable[[str, Mapping[str, float]], str]]] = [
    (
        "trendline_break",
        {"touches": 4},
        line_breaks,
        lambda kind, f: (
            "without volume" if not f["f_volume_ratio"] >= 1.5
            else "no line of a trend" if kind not in ("downtrend_break", "uptrend_break")
            else "too few touches" if f["f_touches"] < 4 else ""
        ),
    ),
    (
        "trendline_break",
        {"signal": "false_break", "lines": "all", "touches": 4},
        lambda bars: false_breaks(bars, line_breaks(bars)),
        lambda kind, f: "too few touches" if f["f_touches"] < 4 else "",
    ),
    (
        "chart_patterns",
        {"pattern": "two_lines", "volume": 1.0},
        pattern_breaks,
        lambda kind, f: (
            "without volume" if not f["f_volume_ratio"] >= 1
            else "not the way that books say" if f["f_stated"] < 0 else ""
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "find", "veto"), VETOES, ids=["break", "false", "patterns"])
def test_a_strategy_is_all_breaks_with_its_vetoes(name: str, values: Any, find: Any, veto: Any) -> None:
    """And a pattern's family is the breaks of its name."""
    rule, bars = load_strategy(ROOT, name), load("sample:IBM")
    made, found = rule.setups(bars, rule.build(values)), find(bars)
    assert (made.kind.tolist(), made.known_at.tolist()) == (found.kind.tolist(), found.known_at.tolist())
    rows = [{key: float(column[i]) for key, column in found.features.items()} for i in range(len(found))]
    told = [veto(kind, row) for kind, row in zip(found.kind.tolist(), rows, strict=True)]
    assert made.veto.tolist() == told and "" in told and len(set(told)) > 1
    assert set(made.features) == {*found.features, "f_rsi_divergence_20"}
    for family in ("wedge", "triangle", "channel") if name == "chart_patterns" else ():
        own = rule.setups(bars, rule.build(values | {"pattern": family}))
        assert own.kind.tolist() == [kind for kind in found.kind.tolist() if family in kind] != []
