"""Every strategy and every detector: what was known at a bar does not depend on what came after it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from framework.bars import Bars
from framework.context import FEATURES, Context, Higher, seen
from framework.entries import policy
from framework.indicators import bar_atr, bar_rsi
from framework.sources import load
from framework.structure.lines import trendlines
from framework.structure.patterns import inside, patterns
from framework.structure.swings import swing_highs, swing_lows, zigzag
from framework.structure.timeframes import coarse
from framework.validation.causality import Produce, leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy, names

ROOT = Path(__file__).resolve().parents[2]
LEAKY = Path(__file__).resolve().parent / "leaky"
POLICIES = {
    "aggressive": policy("aggressive"),
    "conservative": policy("conservative"),
    "wide": policy("conservative", wait=40, left=5, right=5, stop="setup_low"),
}
OPTIONS = {
    "rsi_divergence": [
        {},
        {"pairing": "price", "left_extreme": "since_midline", "swing_width": 2, "trade_broken": True},
        {"rsi_period": 7, "oversold": 40.0, "overbought": 60.0, "swing_width": 3, "left_extreme": "not_required"},
    ],
    "stochastic_waves": [
        {"wave": "5-3-3"},
        {"wave": "10-6-6", "completion": "cross", "left_below": 30.0, "right_below": 40.0, "refuse_grinding": False},
        {"signal": "cross", "wave": "20-12-12", "from_zone": True},
        {"signal": "strongest", "left_below": 30.0, "right_below": 40.0},
        {"signal": "high_conviction", "left_below": 30.0, "right_below": 40.0, "completion": "cross"},
        {"signal": "hierarchy", "left_below": 30.0, "right_below": 40.0},
    ],
    "moving_average_waves": [
        {"swing_width": 1, "aligned": "known", "not_while": "ranging"},
        {"signal": "cross", "pair": "5/20"},
        {"signal": "side", "not_while": "never"},
    ],
    "momentum": [
        {"period": 14, "not_while": "ranging"},
        {"signal": "macd_cross"},
        {"signal": "macd_zero", "macd": "5/35/5"},
        {"signal": "divergence_momentum", "swing_width": 2},
        {"signal": "divergence_macd", "swing_width": 2, "trade_broken": True},
        {"signal": "divergence_histogram", "swing_width": 3},
    ],
    "volume_trend": [{"convention": "climax", "swing_width": 3}],
    "volume_divergence": [{"convention": "exhaustion", "swing_width": 3, "sessions": True}],
    "volume_bars": [{"volume": 1.5}],
    "obv_divergence": [{"swing_width": 2, "pairing": "price", "trade_broken": True}],
    "order_flow": [{"score": 1.0, "near": 1.0, "progress": 0.5, "calm": 1}],
    "blow_off": [{"percentile": 80.0, "curvature": 0.0, "stretch": 1.0, "volume": 0.5, "within": 20}],
    "trendline_break": [
        {},
        {"lines": "all", "confirmed": False},
        {"lines": "all", "confirmed": False, "swing_width": 2, "near": 0.5, "length": 400, "margin": 0.0},
        {"signal": "false_break", "lines": "all", "swing_width": 2, "near": 0.4, "margin": 0.0},
    ],
    "chart_patterns": [
        {"pattern": "two_lines", "confirmed": False, "stated": False},
        {"pattern": "two_lines", "confirmed": False, "swing_width": 2, "near": 0.5, "margin": 0.0},
        {"pattern": "shoulders", "confirmed": False, "swing_width": 2, "tolerance": 2.0},
        {"pattern": "double", "confirmed": False, "swing_width": 2, "apart": 6.0, "between": 1.0},
    ],
    "confluence": [
        {"threshold": 12},
        {"signal": "optimal", "least": 1, "without": "volume_bounce"},
        {"weights": "equal", "threshold": 3, "without": "candles"},
    ],
    "fibonacci_pullback": [
        {},
        {"signal": "top_tier", "least": 4.0, "react": 0.25, "zone": 0.5, "stop": "swing", "extension": 1.618},
        {"levels": "all", "prices": "body", "stop": "swing", "candle": True, "zigzag": 2.0},
    ],
}
# Signals and patterns of which some hundreds of bars hold a handful.
RARE = {"strongest", "high_conviction", "hierarchy", "top_tier", "shoulders"}
SHORT = 480  # bars for what asks every rule there is at every prefix
CASES = [(name, options) for name in names(ROOT) for options in OPTIONS.get(name, [{}])]


def of_strategy(name: str, options: dict[str, object]):
    rule = load_strategy(ROOT, name)
    return producer(rule.setups, rule.exits, rule.build(options), POLICIES)


def of_detectors(bars: Bars):
    every = np.arange(len(bars))
    views = {
        "rsi": (every, {"value": bar_rsi(bars, 14)}),
        "atr": (every, {"value": bar_atr(bars)}),
        "zigzag atr": _known(zigzag(bars), "bar", "price", "kind"),
        "zigzag percent": _known(zigzag(bars, "percent", 5.0), "bar", "price", "kind"),
    }
    for side in (1, -1):
        lines = trendlines(bars, side)
        views[f"trendlines {side}"] = _known(lines, "start", "level", "slope")
        over = np.flatnonzero(lines.ended >= 0)
        over = over[np.argsort(lines.ended[over], kind="stable")]
        views[f"trendlines' ends {side}"] = (lines.ended[over], {"line": over, "broken": lines.broken[over]})
    views["patterns"] = _known(patterns(bars), "shape", "start", "touches", "span")
    views["inside"] = (every, {"triangle": inside(bars)})
    for width, ties in ((5, "strict"), (2, "strict"), (3, "pine")):
        views[f"lows {width} {ties}"] = _known(swing_lows(bars.low, width, width, ties), "bar", "price")
        views[f"highs {width} {ties}"] = _known(swing_highs(bars.high, width, width, ties), "bar", "price")
    return views


def of_context(bars: Bars):
    """A rule with every feature and a weekly state attached, and a detector asked on weekly bars."""
    rule, higher = load_strategy(ROOT, "stochastic_waves"), Higher("1w", "average_20", "with")
    context = Context(known(bars), ("with_regime",), ("ranging",), higher)
    weekly = coarse(bars, "1w").setups(lambda wide: rule.setups(wide, rule.build({"wave": "5-3-3"})))
    views = producer(seen(rule.find, context), rule.exits, rule.build({"wave": "5-3-3"}), POLICIES)(bars)
    return views | {"weekly": (weekly.known_at, {"stop": weekly.stop, "kind": weekly.kind} | dict(weekly.anchors))}


def known(bars: Bars) -> tuple[str, ...]:
    """The features that need nothing the bars do not have."""
    lacks = {"oi_": bars.open_interest is None, "volume": not bars.has_volume, "order": not bars.has_volume}
    lacks["obv"] = not bars.has_volume
    return tuple(name for name in FEATURES if not any(name.startswith(word) for word, none in lacks.items() if none))


def with_interest(bars: Bars) -> Bars:
    """The same bars with an open interest that walks."""
    walk = np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.01, len(bars))))
    return dataclasses.replace(bars, open_interest=1000 * walk)


def _known(found, *columns: str):
    return found.known_at, {name: getattr(found, name) for name in columns}


@pytest.fixture(scope="module")
def bars() -> Bars:
    return with_interest(load("sample:MSFT")[:1200])


@pytest.fixture(scope="module")
def long() -> Bars:
    return load("sample:IBM")


def cuts(bars: Bars, noise: int | None, first: bool = True) -> range:
    """Every bar; every sixth for other options of a strategy than its first, every tenth for another future, which
    hardly ever finds what a cut does not. All of them at every bar: test_every_prefix_of_a_long_series.
    """
    step = 10 if noise is not None else 1
    return range(30, len(bars) - 1, step if first else max(6, 5 * step))


def test_strategies_are_there() -> None:
    assert "rsi_divergence" in names(ROOT)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("noise", [None, 5])
def test_every_prefix(name: str, options: dict[str, object], noise: int | None, bars: Bars) -> None:
    produce, rare = of_strategy(name, options), bool(RARE & set(options.values()))
    bars, least = bars if rare else bars[: SHORT if name == "confluence" else 960], 3 if rare else 15
    assert len(produce(bars)["setups"][0]) >= least, "too few setups to prove anything"
    first = options == OPTIONS.get(name, [options])[0]
    assert list(leaks(bars, produce, cuts(bars, noise, first), noise)) == []


@pytest.mark.parametrize("noise", [None, 5])
@pytest.mark.parametrize("produce", [of_detectors, of_context])
def test_every_prefix_of_detectors(produce: Produce, noise: int | None, bars: Bars) -> None:
    bars = bars[:SHORT] if produce is of_context else bars
    assert list(leaks(bars, produce, cuts(bars, noise), noise)) == []


@pytest.mark.parametrize("noise", [None, 5])
def test_sampled_prefixes_of_a_long_series(noise: int | None, long: Bars) -> None:
    sampled = prefixes(len(long), 12, seed=1)
    for produce in [of_detectors, *(of_strategy(name, options) for name, options in CASES)]:
        assert list(leaks(long, produce, sampled, noise)) == []


@pytest.mark.slow
@pytest.mark.parametrize("noise", [None, 5])
def test_every_prefix_of_a_long_series(noise: int | None, long: Bars) -> None:
    for produce in [of_detectors, *(of_strategy(name, options) for name, options in CASES)]:
        assert list(leaks(long, produce, range(30, len(long) - 1), noise)) == []


@pytest.mark.parametrize("name", names(LEAKY))
def test_planted_leaks_are_caught(name: str, bars: Bars) -> None:
    rule = load_strategy(LEAKY, name)
    produce = producer(rule.setups, rule.exits, rule.build({}), {"aggressive": POLICIES["aggressive"]})
    cuts = prefixes(len(bars), 200, seed=1)
    found = list(leaks(bars, produce, cuts)) + list(leaks(bars, produce, cuts, 5))
    assert found, f"{name} looks ahead and was not caught"
    assert all(leak.bar <= leak.cut for leak in found)


def test_all_five_kinds_of_leak_are_planted() -> None:
    assert set(names(LEAKY)) >= {"own_bar", "centred", "unclosed", "future_norm", "alternation"}
