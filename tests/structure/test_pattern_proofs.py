"""Patterns and reversals: equality with the plain second implementation, every prefix, upside down, and how often each
and its mirror are found where there is nothing to find.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.stats import binomtest

from framework.bars import Bars
from framework.setups import Setups
from framework.sources import load
from framework.structure.breaks import line_breaks
from framework.structure.edges import PatternRule
from framework.structure.lines import LineRule, trendlines
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.patterns import PATTERNS, SHAPES, Edge, inside, patterns
from framework.structure.price_doubles import PRICE_DOUBLES, PriceDoubleRule, price_doubles
from framework.structure.reversals import turns
from framework.structure.shoulders import SHOULDERS, ShouldersRule, head_and_shoulders
from framework.validation.causality import Views, leaks
from tests import examples
from tests.reference import patterns as plain
from tests.reference import reversals

from . import coarse_charts, features
from .test_patterns import mirrored

RULES = [PATTERNS, PatternRule(LineRule(width=3, near=0.5))]
COARSE = [PatternRule(LineRule(2, 6, 60, 3, 5, 0.25, 0.25)), PatternRule(LineRule(1, 8, 40, 3, 4, 0.5, 0.1), 3, 1.0)]
WIDE = ShouldersRule(2, 1.5, "percent", 20)
FREE = ShouldersRule(2, 2.0)
CLOSE = PriceDoubleRule(3, 2.0, 2.0, 20)


def same(bars: Bars, rule: PatternRule) -> int:
    """Hold every column to the plain ones; how many breaks there are."""
    found = patterns(bars, rule)
    expected = plain.patterns(bars, rule, trendlines(bars, 1, rule.lines), trendlines(bars, -1, rule.lines))
    assert SHAPES[found.shape].tolist() == [one.shape for one in expected]
    for name in ("known_at", "ended", "fate", "touches", "span", "superseded", "start"):
        assert getattr(found, name).tolist() == [getattr(one, name) for one in expected], name
    edges: list[tuple[Edge, str]] = [(found.upper, "upper"), (found.lower, "lower")]
    for edge, name in edges:
        for column in plain.Edge.__dataclass_fields__:
            values = [getattr(getattr(one, name), column) for one in expected]
            assert getattr(edge, column).tolist() == pytest.approx(values, rel=1e-9, abs=1e-12), (name, column)
    for shapes in ((3, 4, 5), (0, 1, 2, 6)):
        names = tuple(SHAPES[list(shapes)].tolist())
        assert inside(bars, shapes, rule).tolist() == plain.inside(expected, bars, names)
    setups, broken = pattern_breaks(bars, rule), plain.pattern_breaks(bars, expected, rule.lines.width)
    equal(setups, broken)
    for key in ("broken", "opposite"):
        firsts = [getattr(one, key).first for one in broken]
        assert (
            setups.lines[key].first.tolist() == firsts and setups.lines[key].last.tolist() == setups.known_at.tolist()
        )
        ends = [np.exp(getattr(one, key).at(one.known_at)) for one in broken]
        assert setups.lines[key].ends.tolist() == pytest.approx(ends, rel=1e-9)
    return len(setups)


def same_reversals(bars: Bars, shoulders: ShouldersRule, doubles: PriceDoubleRule) -> tuple[int, int]:
    """How many head and shoulders there are, and how many double bottoms and tops."""
    one, two = head_and_shoulders(bars, shoulders), price_doubles(bars, doubles)
    for setups, rows in (
        (one, reversals.head_and_shoulders(bars, shoulders)),
        (two, reversals.price_doubles(bars, doubles)),
    ):
        equal(setups, rows)
        drawn = setups.lines["broken"]
        assert drawn.last.tolist() == setups.known_at.tolist()
        for column, name in ((drawn.begins, "begins"), (drawn.ends, "ends")):
            assert column.tolist() == pytest.approx([getattr(row, name) for row in rows], rel=1e-9), name
    return len(one), len(two)


def equal(setups: Setups, expected: list[Any]) -> None:
    """Hold a table of setups to the plain rows."""
    for name in ("kind", "direction", "known_at"):
        assert getattr(setups, name).tolist() == [getattr(one, name) for one in expected], name
    for name in ("stop", "target", "height"):
        values = [getattr(one, name) for one in expected]
        assert getattr(setups, name).tolist() == pytest.approx(values, rel=1e-9, nan_ok=True), name
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, rel=1e-9, abs=1e-9, nan_ok=True)
    assert setups.traded.all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["AAPL", "MSFT"])
def test_equal_to_the_plain_second_implementation(name: str, rule: PatternRule) -> None:
    assert same(load(f"sample:{name}")[:2000], rule) > 30


@pytest.mark.parametrize(("shoulders", "doubles"), [(SHOULDERS, PRICE_DOUBLES), (WIDE, CLOSE)])
def test_reversals_equal_to_the_plain_second_implementation(shoulders: ShouldersRule, doubles: PriceDoubleRule) -> None:
    found = [same_reversals(load(f"sample:{name}")[:2000], shoulders, doubles) for name in ("AAPL", "MSFT")]
    assert min(map(sum, zip(*found, strict=True))) >= 3


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(40, 150))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    for rule in COARSE:
        same(bars, rule)
    same_reversals(bars, ShouldersRule(1, 1.0), PriceDoubleRule(1, 20.0, 0.5, 15))
    same_reversals(bars, ShouldersRule(2, 15.0, "percent"), PriceDoubleRule(2, 30.0, 0.2))


def views(bars: Bars) -> Views:
    tables: dict[str, Any] = {}
    for number, rule in enumerate(RULES):
        there, setups = patterns(bars, rule), pattern_breaks(bars, rule)
        known = {name: getattr(there, name) for name in ("shape", "start", "touches", "span")}
        for name, edge in (("upper", there.upper), ("lower", there.lower)):
            known |= {f"{name} {key}": column for key, column in edge._asdict().items()}
        tables[f"patterns {number}"] = (there.known_at, known)
        over = np.flatnonzero(there.ended >= 0)
        over = over[np.argsort(there.ended[over], kind="stable")]
        ends = {"row": over, "fate": there.fate[over], "superseded": there.superseded[over]}
        tables[f"ends {number}"] = (there.ended[over], ends)
        tables[f"inside {number}"] = (np.arange(len(bars)), {"inside": inside(bars, rule=rule)})
        tables[f"breaks {number}"] = (setups.known_at, of(setups))
    for number, found in enumerate((head_and_shoulders(bars, FREE), price_doubles(bars), price_doubles(bars, CLOSE))):
        tables[f"reversals {number}"] = (found.known_at, of(found))
    for side in (1, -1):
        states = turns(bars, side, 5)
        tables[f"turns {side}"] = (states.known, {f"{n}": column for n, column in enumerate(states.bars.T)})
    return tables


def of(setups: Setups) -> dict[str, Any]:
    columns: dict[str, Any] = {"kind": setups.kind, "id": np.array(setups.ids, dtype=object)}
    columns |= {name: getattr(setups, name) for name in ("stop", "target", "height")}
    return columns | dict(setups.anchors) | dict(setups.features)


@pytest.mark.parametrize("noise", [None, 7])
def test_every_seventh_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:800]
    assert all(len(known) > 4 for known, _ in views(bars).values())
    assert list(leaks(bars, views, range(6, 799, 7), noise)) == []


def driftless(seed: int, side: int = 1, n: int = 20_000) -> Bars:
    """Hourly bars of a random walk that is as likely to be any other as it is upside down (side -1). It moves so little
    that the ATR is the same part of both.
    """
    random = np.random.default_rng(seed)
    step = 1e-6
    close = np.cumsum(random.normal(0, step, n))
    opening = np.concatenate([[0.0], close[:-1]])
    high = np.maximum(opening, close) + random.exponential(step / 2, n)
    low = np.minimum(opening, close) - random.exponential(step / 2, n)
    logs = {"open": opening, "high": high, "low": low, "close": close}
    if side < 0:
        logs = {"open": -opening, "high": -low, "low": -high, "close": -close}
    prices = pd.DataFrame({name: np.exp(values) for name, values in logs.items()}).assign(volume=1.0)
    return Bars.from_frame(prices.set_index(pd.date_range("2000-01-01", periods=n, freq="h", tz="UTC")), "WALK", "1h")


def test_on_random_walks_each_is_as_frequent_as_its_mirror() -> None:
    """Counted are breaks: patterns of one trendline follow one another, and are no independent draws."""
    counts: Counter[str] = Counter()
    for seed in range(12):
        bars = driftless(seed)
        for found in (pattern_breaks(bars), line_breaks(bars), head_and_shoulders(bars), price_doubles(bars)):
            counts.update(found.kind.tolist())
    kinds = ("falling_wedge_up", "falling_wedge_down", "ascending_triangle_up", "ascending_triangle_down")
    kinds += ("rising_channel_up", "rising_channel_down", "symmetrical_triangle_up", "flat_channel_up")
    kinds += ("downtrend_break", "resistance_break", "double_bottom", "head_and_shoulders")
    for one in kinds:
        here, there = counts[one], counts[mirrored(one)]
        assert min(here, there) >= 100, one
        assert binomtest(here, here + there).pvalue > 0.001, one


def gist(setups: Setups, turned: bool) -> list[tuple[object, ...]]:
    """What must be the same upside down, in an order of its own; with the other names where it is turned."""
    kinds = [mirrored(kind) if turned else kind for kind in setups.kind.tolist()]
    names = ("upper", "lower") if not turned else ("lower", "upper")
    columns = [
        setups.anchors[names[("upper", "lower").index(name)] if name in names else name] for name in setups.anchors
    ]
    return sorted(zip(setups.known_at.tolist(), kinds, *(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_reversals_upside_down(seed: int) -> None:
    here, there = driftless(seed), driftless(seed, -1)
    apart = PriceDoubleRule(apart=3e-4)
    for found, turned in (
        (head_and_shoulders(here), head_and_shoulders(there)),
        (price_doubles(here, apart), price_doubles(there, apart)),
    ):
        assert len(found) > 20 and gist(found, False) == gist(turned, True)


@pytest.mark.parametrize("seed", range(3))
def test_pattern_breaks_upside_down(seed: int) -> None:
    found, turned = pattern_breaks(driftless(seed)), pattern_breaks(driftless(seed, -1))
    assert len(found) > 500 and gist(found, False) == gist(turned, True)
