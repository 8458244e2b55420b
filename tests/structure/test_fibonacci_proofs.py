"""Fibonacci: equality with the plain second implementation, every prefix, upside down, and the strategy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.sources import load
from framework.structure.fibonacci import PullbackRule, placebo, pullbacks
from framework.structure.legs import FIBONACCI, LegRule, Reactions, level_reactions
from framework.validation.causality import Views, leaks
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.bench.__main__ import walk
from tests.real import needed
from tests.reference import fibonacci as plain

from . import coarse_charts, features

ROOT = Path(__file__).resolve().parents[2]
RULES = [
    PullbackRule(),
    PullbackRule(LegRule(2.0, 4.0, 0.2, 0.75, "body"), FIBONACCI, "swing", 1.618, others=3, oldest=60, oversold=45),
    PullbackRule(LegRule(1.5, 3.0, 0.4, 0.25, over=0.6), (0.3, 0.5, 0.8), width=2, near=0.2, within=3, oversold=40),
]
GRID = (0.15, 0.236, 0.33, 0.5, 0.66, 0.786, 0.85)


def same(bars: Bars, rule: PullbackRule) -> int:
    """Hold every column to the plain ones; how many pullbacks there are."""
    for legs, ratios in ((rule.legs, rule.ratios), (replace(rule.legs, over=1.0), GRID)):
        table, rows = level_reactions(bars, legs, ratios), plain.reactions(bars, legs, ratios)
        for name in plain.Reaction.__dataclass_fields__:
            expected = [getattr(one, name) for one in rows]
            exact = name not in ("level", "length", "atr")  # the ATR of TA-Lib differs in its last digit
            close = pytest.approx(expected, rel=0 if exact else 1e-9, abs=0, nan_ok=True)
            assert getattr(table, name).tolist() == close, name
    setups, rows = pullbacks(bars, rule), plain.pullbacks(bars, rule)
    for name in ("kind", "direction", "known_at"):
        assert getattr(setups, name).tolist() == [getattr(one, name) for one in rows], name
    for name in ("stop", "target", "height"):
        assert getattr(setups, name).tolist() == pytest.approx([getattr(one, name) for one in rows]), name
    for row, one in enumerate(rows):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, nan_ok=True)
    return len(setups)


def market(name: str, most: int = 1200) -> Bars:
    if name == "walk":
        return walk(most)
    return load(name if ":" in name else needed(f"{name}.parquet"))[:most]


@pytest.mark.parametrize("number", range(len(RULES)))
@pytest.mark.parametrize("name", ["walk", "sample:AAPL", "BTCUSDT-4h", "SPY-1d"])
def test_equal_to_the_plain_second_implementation(name: str, number: int) -> None:
    assert same(market(name), RULES[number]) > 5


@settings(max_examples=examples(25), deadline=None)
@given(coarse_charts(60, 150))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    same(bars, PullbackRule(LegRule(1.0, 1.5, 0.3, 0.3), (0.382, 0.55), width=2))


def views(bars: Bars) -> Views:
    made: dict[str, Any] = {}
    for number, rule in enumerate(RULES):
        found = pullbacks(bars, rule)
        columns: dict[str, Any] = {"kind": found.kind, "stop": found.stop, "target": found.target}
        columns |= {"height": found.height, "id": np.array(found.ids, dtype=object)}
        made[f"pullbacks {number}"] = (found.known_at, columns | dict(found.anchors) | dict(found.features))
    table = placebo(bars)
    made["entries"] = (table.entered, _columns(table, "leg", "side", "start", "end", "ratio", "level", "atr"))
    done = table.take(table.decided >= 0)
    done = done.take(np.lexsort((done.ratio, done.leg, done.decided)))
    made["decisions"] = (done.decided, _columns(done, "leg", "ratio", "entered", "outcome", "waited"))
    return made


def _columns(table: Reactions, *names: str) -> dict[str, Any]:
    return {name: getattr(table, name) for name in names}


@pytest.mark.parametrize("noise", [None, 7])
def test_every_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:400]
    assert all(len(known) > 4 for known, _ in views(bars).values())
    assert list(leaks(bars, views, range(5 if noise else 6, 399, 2 * thin(3)), noise)) == []


def test_mirrored_prices_give_mirrored_setups() -> None:
    bars = load("sample:MSFT")
    high = bars.high.max() + 10
    frame = bars.frame()
    frame[["open", "high", "low", "close"]] = (high - frame[["open", "low", "high", "close"]]).to_numpy()
    there = pullbacks(Bars.from_frame(frame, bars.symbol, bars.timeframe))
    here = pullbacks(bars)
    for side in (1, -1):
        mine, other = here.take(here.direction == side), there.take(there.direction == -side)
        assert mine.known_at.tolist() == other.known_at.tolist() != []
        np.testing.assert_allclose(mine.stop, high - other.stop)
        np.testing.assert_allclose(mine.target, high - other.target)
        for name in ("f_level", "f_cluster", "f_horizontal", "f_rsi_extreme", "f_candle", "f_broken_before_known"):
            np.testing.assert_array_equal(mine.features[name], other.features[name])


STRATEGY: list[dict[str, object]] = [
    {},
    {"levels": "618-786", "stop": "swing", "extension": 1.0, "prices": "body"},
    {"levels": "all", "candle": True, "cluster": 1, "horizontal": True, "zigzag": 2.0, "least": 4.0},
]


@pytest.mark.parametrize("options", STRATEGY)
def test_the_strategy(options: dict[str, object]) -> None:
    rule, bars = load_strategy(ROOT, "fibonacci_pullback"), load("sample:AAPL")
    params = rule.build(options)
    found = rule.setups(bars, params)
    assert found.traded.any() and set(found.veto) <= {
        "",
        "broken before known",
        "no turning candle",
        "no old swing there",
        "no cluster",
    }
    broken = found.features["f_broken_before_known"] == 1
    assert found.traded[~broken].all() == (not options.get("candle")) and not found.traded[broken].any()
    for why, name in (("no turning candle", "f_candle"), ("no cluster", "f_cluster")):
        assert (found.features[name][found.veto == why] == 0).all()
    produce = producer(rule.setups, rule.exits, params, {})
    assert list(leaks(bars[:400], produce, range(60, 399, 13))) == []
