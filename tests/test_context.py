"""What is attached to setups: tables with a known answer, nothing of the future, vetoes that say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.context import FEATURES as FEATURES_OF
from framework.context import STATES, Context, Higher, attached, higher_state, near_level, same_side, seen
from framework.errors import UserError
from framework.indicators import bar_atr, bar_rsi
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.divergence import DivergenceRule, rsi_divergences
from framework.structure.patterns import inside
from framework.structure.shoulders import head_and_shoulders
from framework.structure.swings import zigzag
from framework.structure.timeframes import coarse
from framework.validation.causality import leaks
from framework.workspace import load_strategy
from tests.real import needed

from .structure.test_timeframes import bars_at, hours

ROOT = Path(__file__).resolve().parents[1]
FEATURES = ("near_level", "rsi_divergence", "stochastic_double", "ranging", "with_alignment", "with_regime")


def setups(bars: Bars, known: list[int], side: list[int], stop: list[float] | None = None, first: int = 2) -> Setups:
    """Known at these bars, begun `first` bars before. With a stop of their own they have no extreme."""
    at = np.array(known, np.int64)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule="made",
        kind=np.full(len(at), "made"),
        direction=np.array(side, np.int8),
        anchors={"begin": at - first} | ({EXTREME: at - 1} if stop is None else {}),
        known_at=at,
        stop=np.array(stop if stop is not None else [np.nan] * len(at)),
        features={},
        veto=np.full(len(at), "", "U1"),
    )


def test_another_rule_of_the_same_side_within_ten_bars() -> None:
    bars = bars_at(hours("2024-01-01", 60))
    other = setups(bars, [10, 20, 30], [1, -1, 1])
    asked = setups(bars, [9, 10, 20, 21, 30, 30, 41], [1, 1, 1, 1, -1, 1, 1])
    assert same_side(asked, other).tolist() == [0, 1, 1, 0, 1, 1, 0]
    assert same_side(asked, setups(bars, [], [])).tolist() == [0] * 7
    assert same_side(setups(bars, [], []), other).tolist() == []


def flat_with_a_low(at: int, low: float) -> Bars:
    """Bars of range 2 around 100, one of which dips."""
    table = bars_at(hours("2024-01-01", 400)).frame()
    table[["open", "close"]] = 100.0
    table["high"], table["low"] = 101.0, 99.0
    table.iloc[at, table.columns.get_loc("low")] = low
    return Bars.from_frame(table, "X", "1h")


def test_a_level_is_a_swing_from_before_the_setup_and_known_by_then() -> None:
    bars = flat_with_a_low(50, 95.0)
    reach = 0.5 * bar_atr(bars)[100]
    assert reach == pytest.approx(1.0, abs=0.1)
    near, far = [95.0 + 0.99 * reach, 95.0 - 0.99 * reach], [95.0 + 1.01 * reach]
    found = near_level(bars, setups(bars, [100] * 4, [1] * 4, [*near, *far, np.nan]))
    assert found[:3].tolist() == [1, 1, 0] and np.isnan(found[3])
    # The swing at bar 50 is known at 55; a setup begun before it, or known sooner, does not know of it.
    edges = near_level(bars, setups(bars, [54, 55, 55], [1, 1, 1], [95.0] * 3, first=3))
    assert edges.tolist() == [0, 1, 1]
    assert near_level(bars, setups(bars, [55], [1], [95.0], first=5)).tolist() == [0]  # it is the setup's own bar
    assert near_level(bars, setups(bars, [302, 303], [1, 1], [95.0] * 2)).tolist() == [1, 0]  # 250 bars and one more


@pytest.mark.parametrize("state", list(STATES))
def test_states_are_of_the_last_bar_that_is_over(state: str) -> None:
    bars = load(needed("BTCUSDT-4h.parquet"))
    found, daily = higher_state(bars, Higher("1d", state), 1), coarse(bars, "1d").bars
    values = STATES[state](daily, 1)
    ends = daily.time + daily.step
    for bar in range(0, len(bars), 37):
        over = int(np.searchsorted(ends, bars.time[bar] + bars.step, side="right")) - 1
        expected = values[over] if over >= 0 else np.nan
        assert found[bar] == expected or (np.isnan(found[bar]) and np.isnan(expected))
    assert set(np.unique(found[~np.isnan(found)])) <= {-1.0, 0.0, 1.0}
    assert {-1.0, 1.0} <= set(found)


def test_vetoes_by_the_higher_timeframe() -> None:
    bars = load(needed("BTCUSDT-4h.parquet"))
    at = list(range(400, 8000, 50))
    asked = setups(bars, at, [1, -1] * (len(at) // 2))
    state = higher_state(bars, Higher("1d", "average_20"), 1)[asked.known_at] * asked.direction
    for demand, refused in (("not_against", state < 0), ("with", ~(state > 0)), ("recorded", state > 9)):
        found = attached(bars, asked, Context(higher=Higher("1d", "average_20", demand)))
        assert (found.features["f_higher"] == state).all()
        assert (found.traded == ~refused).all()
        assert set(found.veto[refused]) <= {"against the higher timeframe", "not with the higher timeframe"}


def test_divergences_of_both_sides_count_five_bars_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bullish one known at 50, a bearish one at 52: to bar 55 either side has its own, then the bearish one alone."""
    bars = bars_at(hours("2024-01-01", 80))
    monkeypatch.setattr("framework.context.plain_divergences", lambda of: setups(of, [50, 52], [1, -1]))
    long, short = STATES["divergence"](bars, 1), STATES["divergence"](bars, -1)
    assert np.isnan(long[:14]).all() and (long[14:50] == 0).all()
    assert long[50:60].tolist() == [1, 1, 1, 1, 1, 1, -1, -1, 0, 0]
    assert short[50:60].tolist() == [-1, -1, 1, 1, 1, 1, 1, 1, 0, 0]


def test_vetoes_by_features() -> None:
    bars = load(needed("BTCUSDT-4h.parquet"))
    at = list(range(400, 8000, 40))
    asked = setups(bars, at, [1, -1] * (len(at) // 2), bars.low[at].tolist())
    found = attached(bars, asked, Context(features=("near_level",), require=("near_level",), refuse=("ranging",)))
    near, ranging = found.features["f_near_level"] > 0, found.features["f_ranging"] > 0
    assert (found.traded == (near & ~ranging)).all() and 0 < found.traded.sum() < len(at)
    assert set(found.veto) == {"", "without near_level", "with ranging"}
    assert len(found) == len(asked)


def test_without_a_context_nothing_is_wrapped() -> None:
    rule = load_strategy(ROOT, "rsi_divergence")
    assert seen(rule.find, Context()) is rule.find


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Context(features=("near_levels",)), "'near_levels' is none"),
        (lambda: Context(higher=Higher("1d", "alignmen")), "'alignmen' is none"),
        (lambda: Context(higher=Higher("1d", "rsi", "against")), "'against' is none"),
    ],
)
def test_words_that_are_none(made: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        made()


@pytest.mark.parametrize("noise", [None, 3])
def test_nothing_of_it_looks_ahead(noise: int | None) -> None:
    """A real rule with all features and every state, cut at many bars."""
    bars = load(needed("BTCUSDT-4h.parquet"))[:2500]
    rule = load_strategy(ROOT, "rsi_divergence")
    finds = [seen(rule.find, Context(FEATURES, higher=Higher("1d", state))) for state in STATES]

    def produce(of: Bars) -> Any:
        views = {}
        for place, find in enumerate(finds):
            found = find(of, rule.build({}))
            table: dict[str, NDArray[Any]] = {"veto": found.veto} | dict(found.features)
            views[str(place)] = (found.known_at, table)
        return views

    assert list(leaks(bars, produce, range(300, 2499, 61), noise)) == []


def test_levels_are_asked_at_the_price_where_a_setup_turned() -> None:
    """Not at its stop, which a rule may put elsewhere; of a divergence at its right swing (D6)."""
    bars = flat_with_a_low(50, 95.0)
    found = setups(bars, [100, 100], [1, 1])
    moved = replace(
        found, anchors={"begin": np.array([90, 90]), EXTREME: np.array([50, 95])}, stop=np.array([1.0, 95.0])
    )
    assert near_level(bars, replace(moved, anchors=moved.anchors | {"begin": np.array([90, 90])})).tolist() == [0, 0]
    at_low = replace(moved, anchors={"begin": np.array([60, 60]), EXTREME: np.array([99, 99])})
    assert near_level(bars, at_low).tolist() == [0, 0]  # 99 is no swing's price, the stops of 1 and 95 are not asked
    dipped = flat_with_a_low(50, 95.0).frame()
    dipped.iloc[99, dipped.columns.get_loc("low")] = 95.2
    again = Bars.from_frame(dipped, "X", "1h")
    assert near_level(again, at_low).tolist() == [1, 1]
    right = replace(at_low, anchors=at_low.anchors | {"right_price": np.array([98, 99])})
    assert near_level(again, right).tolist() == [0, 1]


def test_what_the_market_does_not_know_is_asked_for_in_vain() -> None:
    bars = load("sample:IBM")
    asked = setups(bars, [300, 400], [1, -1], [bars.low[300], bars.high[400]])
    for feature in ("oi_confirms", "oi_vetoes"):
        with pytest.raises(UserError, match=f"context.{feature}: sample:IBM: the open interest of no bar is known"):
            attached(bars, asked, Context(require=(feature,)))


def test_open_interest_confirms_and_vetoes() -> None:
    """Price falls and open interest with it: liquidation, which confirms a long. Falls while it rises: new shorts."""
    table = bars_at(hours("2024-01-01", 40)).frame()
    fall = np.linspace(100.0, 60.0, 40)
    for column in ("open", "high", "low", "close"):
        table[column] = fall
    for rising, confirms, vetoes in ((False, [1, 0], [0, 0]), (True, [0, 0], [1, 0])):
        table["open_interest"] = fall[::-1] if rising else fall
        bars = Bars.from_frame(table, "X", "1h")
        asked = setups(bars, [30, 30], [1, -1])
        found = attached(bars, asked, Context(features=("oi_confirms",), refuse=("oi_vetoes",)))
        assert found.features["f_oi_confirms"].tolist() == confirms
        assert found.features["f_oi_vetoes"].tolist() == vetoes
        assert found.traded.tolist() == [not veto for veto in vetoes]


def test_an_rsi_that_was_extreme() -> None:
    """Falls to bar 40, rises from then on: at or below 30 last at some bar, and for ten bars after it."""
    close = np.concatenate([np.linspace(100, 60, 41), np.linspace(61, 160, 100)])
    table = bars_at(hours("2024-01-01", len(close))).frame()
    for column in ("open", "high", "low", "close"):
        table[column] = close
    bars = Bars.from_frame(table, "X", "1h")
    low = int(np.flatnonzero(bar_rsi(bars, 14) <= 30)[-1])
    high = int(np.flatnonzero(bar_rsi(bars, 14) >= 70)[0])
    found = FEATURES_OF["rsi_extreme"](bars, setups(bars, [5, low, low + 10, low + 11], [1] * 4))
    assert np.isnan(found[0]) and found[1:].tolist() == [1, 1, 0]
    found = FEATURES_OF["rsi_extreme"](bars, setups(bars, [high - 1, high, high + 3], [-1, -1, 1]))
    assert found.tolist() == [0, 1, 0] or high + 3 - low <= 10


def test_a_surge_is_of_the_bar_at_which_it_is_known() -> None:
    table = bars_at(hours("2024-01-01", 60)).frame()
    table["volume"] = 10.0
    table.iloc[[30, 40], table.columns.get_loc("volume")] = [15.0, 15.0]
    bars = Bars.from_frame(table, "X", "1h")
    found = FEATURES_OF["volume_surge"](bars, setups(bars, [10, 29, 30, 31, 40], [1] * 5))
    assert np.isnan(found[0]) and found[1:].tolist() == [0, 1, 0, 0]  # at 40 the mean before holds the first surge


def test_a_price_near_a_fibonacci_level() -> None:
    """The .618 level of the last confirmed leg that is long enough, looked up in the zigzag."""
    bars = load(needed("BTCUSDT-4h.parquet"))
    swings, reach = zigzag(bars, "atr", 3.0), bar_atr(bars)
    for i in range(20, 250, 7):
        pair = zip(swings.bar[i : i + 2], swings.kind[i : i + 2], strict=True)
        prices = [bars.high[bar] if kind > 0 else bars.low[bar] for bar, kind in pair]
        end = swings.bar[i + 1]
        if abs(prices[1] - prices[0]) < 6 * reach[end]:
            continue
        at = int(swings.known_at[i + 1])
        level = prices[1] + 0.618 * (prices[0] - prices[1])
        found = FEATURES_OF["near_fibonacci"](bars, setups(bars, [at, at], [1, 1], [level + 0.4 * reach[at], 1e9]))
        assert found.tolist() == [1, 0]
    assert np.isnan(FEATURES_OF["near_fibonacci"](bars, setups(bars, [5], [1], [1.0]))).all()


LONG = {"rsi_divergence_20": "plain_divergences", "head_and_shoulders": "head_and_shoulders"}


@pytest.mark.parametrize("name", LONG)
def test_what_takes_long_to_make_counts_for_twenty_bars(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = bars_at(hours("2024-01-01", 90))
    monkeypatch.setattr(f"framework.context.{LONG[name]}", lambda of: setups(of, [30, 60], [1, -1]))
    asked = [29, 30, 40, 50, 51, 60]
    found = attached(bars, setups(bars, asked * 2, [1] * 6 + [-1] * 6), Context((name,))).features[f"f_{name}"]
    assert found.tolist() == [0, 1, 1, 1, 0, 0, *[0] * 5, 1]
    found = attached(bars, setups(bars, [80, 80, 81], [-1, 1, -1]), Context(require=(name,)))
    assert found.veto.tolist() == ["", f"without {name}", f"without {name}"]
    if name == "rsi_divergence_20":  # ten bars more than its shorter sibling
        found = attached(bars, setups(bars, [70, 71, 80], [-1] * 3), Context(("rsi_divergence", name)))
        assert found.features["f_rsi_divergence"].tolist() == [1, 0, 0]
        assert found.features["f_rsi_divergence_20"].tolist() == [1, 1, 1]


def test_long_ones_are_of_real_divergences_and_shoulders() -> None:
    """Bar by bar: regular divergences whose left side was extreme, and confirmed heads and shoulders."""
    for name in ("AAPL", "IBM"):
        bars = load(f"sample:{name}")
        made, turned = rsi_divergences(bars, 14, DivergenceRule()), head_and_shoulders(bars)
        extreme = made.features["f_left_extreme"] == 1
        kept = made.take(extreme & np.isin(made.kind, ["regular_bullish", "regular_bearish"]))
        at = list(range(100, len(bars)))
        for side in (1, -1):
            asked = setups(bars, at, [side] * len(at))
            for feature, of in (("rsi_divergence_20", kept), ("head_and_shoulders", turned)):
                known = set(of.known_at[of.direction == side].tolist())
                expected = [float(any(bar - back in known for back in range(21))) for bar in at]
                assert FEATURES_OF[feature](bars, asked).tolist() == expected
        assert len(kept) > 20 and len(turned) > 0


def test_inside_a_triangle_is_asked_where_a_setup_is_known() -> None:
    bars = load("sample:GOOG")
    at = list(range(len(bars)))
    found = attached(bars, setups(bars, at, [1] * len(at)), Context(refuse=("inside_triangle",)))
    assert (found.features["f_inside_triangle"] == inside(bars)).all() and 0 < inside(bars).sum() < len(bars)
    assert (found.veto == np.where(inside(bars), "with inside_triangle", "")).all()


SILENCED = [
    ("volume_trend", {"convention": "confirmation"}, True),
    ("volume_trend", {"convention": "exhaustion"}, True),
    ("volume_trend", {"convention": "climax"}, False),
    ("volume_divergence", {"convention": "confirmation", "kinds": "hidden"}, True),
    ("volume_divergence", {"convention": "exhaustion"}, True),
    ("volume_divergence", {"convention": "climax"}, False),
]


@pytest.mark.parametrize(("rule", "options", "some"), SILENCED)
def test_volume_says_nothing_inside_a_triangle(rule: str, options: dict[str, str], some: bool) -> None:
    """All that would be traded there is only recorded, nothing else is, and an earlier veto stays."""
    made, silenced, earlier = load_strategy(ROOT, rule), 0, 0
    for name in ("AAPL", "GOOG", "IBM", "MSFT"):
        bars = load(f"sample:{name}")
        silent = made.setups(bars, made.build(dict(options)))
        counted = made.setups(bars, made.build(options | {"triangles": "counted"}))
        there = inside(bars)[counted.known_at]
        expected = np.where(there & (counted.veto == ""), "inside a triangle", counted.veto)
        assert silent.veto.tolist() == expected.tolist() and "inside a triangle" not in counted.veto
        assert silent.ids == counted.ids
        silenced += int((silent.veto == "inside a triangle").sum())
        earlier += int((there & (counted.veto != "")).sum())
    assert (silenced > 5) == some and (earlier > 5) == (options != {"convention": "confirmation"})
