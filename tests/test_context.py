"""What is attached to setups: tables with a known answer, nothing of the future, vetoes that say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.context import STATES, Context, Higher, attached, higher_state, near_level, same_side, seen
from framework.errors import UserError
from framework.indicators import bar_atr
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.timeframes import coarse
from framework.validation.causality import leaks
from framework.workspace import load_strategy
from tests.real import needed

from .structure.test_timeframes import bars_at, hours

ROOT = Path(__file__).resolve().parents[1]
FEATURES = ("near_level", "rsi_divergence", "stochastic_double", "ranging", "with_alignment", "with_regime")


def setups(bars: Bars, known: list[int], side: list[int], stop: list[float] | None = None, first: int = 2) -> Setups:
    """Known at these bars, begun `first` bars before."""
    at = np.array(known, np.int64)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule="made",
        kind=np.full(len(at), "made"),
        direction=np.array(side, np.int8),
        anchors={"begin": at - first, EXTREME: at - 1},
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
    monkeypatch.setattr("framework.context._divergences", lambda of: setups(of, [50, 52], [1, -1]))
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
