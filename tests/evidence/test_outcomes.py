"""What became of a setup, on bars that a child could follow."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.evidence.outcomes import Forward, Race, Reach, Span, Win
from framework.evidence.trades import traded
from framework.evidence.units import Events, at_bars, events, known_time, together
from framework.indicators import bar_atr
from framework.simulation import Costs
from framework.sources import load
from framework.structure.divergence import DivergenceRule, rsi_divergences

FREE = Costs()
CALM = 30  # bars of a range of 2 around 100, so that the ATR is 2


def market(*after: tuple[float, float, float, float], then: int = 30) -> Bars:
    """Calm bars, those that are given, then bars at the last close."""
    rows = [(100.0, 101.0, 99.0, 100.0)] * CALM + list(after)
    rows += [(rows[-1][3],) * 4] * then
    index = pd.date_range("2020-01-01", periods=len(rows), freq="4h", tz="UTC")
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close"], index=index)
    return Bars.from_frame(frame, "X", "4h")


def one(side: int = 1, bar: int = CALM - 1, **more: float) -> Events:
    return Events(np.array([bar]), np.array([side]), **{name: np.array([value]) for name, value in more.items()})


UP = (100.0, 104.0, 99.5, 103.0)
DOWN = (100.0, 100.5, 96.0, 97.0)
BOTH = (100.0, 104.0, 96.0, 100.0)
SHORT_OF_IT = (100.0, 103.9, 96.1, 100.0)


@pytest.mark.parametrize(
    ("after", "long"), [([UP], 1.0), ([DOWN], 0.0), ([BOTH], 0.5), ([SHORT_OF_IT], 0.5), ([SHORT_OF_IT, DOWN], 0.0)]
)
def test_a_race_of_two_atr(after: list[tuple[float, float, float, float]], long: float) -> None:
    bars = market(*after)
    assert bar_atr(bars)[CALM - 1] == 2
    assert Race().of(bars, one(), FREE).tolist() == [long]
    assert Race().of(bars, one(-1), FREE).tolist() == [1 - long]


def test_a_race_is_run_from_the_next_open() -> None:
    """After a gap up of 3 the high of 104 is no two ATR from where one gets in."""
    bars = market((103.0, 104.0, 102.0, 103.0), (103.0, 107.0, 102.0, 106.0))
    assert Race().of(bars, one(), FREE).tolist() == [1.0]
    assert Race(horizon=1).of(bars, one(), FREE).tolist() == [0.5]
    assert Race(reach=0.5, horizon=1).of(bars, one(), FREE).tolist() == [0.5], "104 and 102 are both half an ATR away"


def test_the_data_must_reach_to_the_horizon_whatever_happened_before() -> None:
    bars = market(UP, then=18)
    for made in (Race(), Forward(), Span(), Reach()):
        assert math.isnan(made.of(bars, one(far=1.0, near=1.0), FREE)[0])
    longer = market(UP, then=19)
    assert Race().of(longer, one(), FREE).tolist() == [1.0]


def test_a_reach_has_the_events_own_barriers() -> None:
    bars = market(SHORT_OF_IT, UP)
    assert Reach().of(bars, one(far=1.9, near=math.inf), FREE).tolist() == [1.0]
    assert Reach(horizon=1).of(bars, one(far=2.0, near=math.inf), FREE).tolist() == [0.0]
    assert Reach().of(bars, one(far=2.0, near=math.inf), FREE).tolist() == [1.0]
    assert Reach().of(bars, one(far=2.0, near=1.9), FREE).tolist() == [0.0]
    assert Reach().of(bars, one(-1, far=1.9, near=2.0), FREE).tolist() == [1.0]
    assert math.isnan(Reach().of(bars, one(far=math.nan, near=1.0), FREE)[0])


def test_a_gap_does_not_move_a_level() -> None:
    """Known at 100, a target at 104: after an open at 103 a high of 104 reaches it."""
    bars = market((103.0, 104.0, 102.0, 103.0))
    assert Reach(1).of(bars, one(far=2.0, near=math.inf), FREE).tolist() == [1.0]
    assert Reach(1).of(bars, one(far=2.01, near=math.inf), FREE).tolist() == [0.0]


def test_forward_and_span() -> None:
    bars = market(UP, (103.0, 105.0, 95.0, 102.0))
    unit = 2 / 100
    assert Forward(2).of(bars, one(), FREE)[0] == pytest.approx(math.log(102 / 100) / unit)
    assert Forward(2).of(bars, one(-1), FREE)[0] == pytest.approx(-math.log(102 / 100) / unit)
    assert Span(2).of(bars, one(), FREE)[0] == pytest.approx((105 - 95) / 2)
    assert Span(1).of(bars, one(-1), FREE)[0] == pytest.approx((104 - 99.5) / 2)


@pytest.mark.parametrize(("stop", "won", "r"), [(98.0, 1.0, 1.5), (99.6, math.nan, math.nan), (math.nan,) * 3])
def test_a_trade_under_its_own_stop(stop: float, won: float, r: float) -> None:
    """In at 100, out at the first open after 20 bars, 103; a stop within half a point is a quarter of an ATR away."""
    bars = market(UP)
    told = traded(bars, one(stop=stop), 20, FREE)
    assert told["win"].tolist() == pytest.approx([won], nan_ok=True)
    assert told["r"].tolist() == pytest.approx([r], nan_ok=True)
    assert Win().of(bars, one(stop=stop), FREE).tolist() == pytest.approx([won], nan_ok=True)


def test_costs_turn_a_small_profit_into_a_loss() -> None:
    bars = market((100.0, 101.0, 99.0, 100.2))
    assert traded(bars, one(stop=98.0), 20, FREE)["win"].tolist() == [1.0]
    dear = traded(bars, one(stop=98.0), 20, Costs(fee=0.002))
    assert dear["win"].tolist() == [0.0] and dear["r"][0] < 0


def test_a_stop_that_is_hit_loses_its_risk() -> None:
    told = traded(market(DOWN), one(stop=98.0), 20, FREE)
    assert (told["win"][0], told["r"][0]) == (0.0, -1.0)


def test_events_stay_in_the_order_of_their_bars() -> None:
    long, short = Events(np.array([3, 9]), np.array([1, 1])), Events(np.array([5]), np.array([-1]), np.array([0.0]))
    both = together(long, short)
    assert both.bar.tolist() == [3, 5, 9] and both.side.tolist() == [1, -1, 1] and both.arm.tolist() == [1, 0, 1]
    flags = {1: np.array([False, True, False, True]), -1: np.array([True, False, False, True])}
    seen = at_bars(flags, {1: np.arange(4.0), -1: 10 + np.arange(4.0)})
    assert list(zip(seen.bar, seen.side, seen.arm, strict=True)) == [(0, -1, 10), (1, 1, 1), (3, 1, 3), (3, -1, 13)]


def test_known_when_the_bar_closes() -> None:
    bars = market()
    first = pd.Timestamp(int(known_time(bars, np.array([0]))[0]), unit="us", tz="UTC")
    assert first == pd.Timestamp("2020-01-01 04:00", tz="UTC")


def test_setups_are_events_with_their_stops() -> None:
    found = rsi_divergences(load("sample:AAPL"), 14, DivergenceRule())
    made = events(found)
    assert made.bar.tolist() == found.known_at.tolist() and made.side.tolist() == found.direction.tolist()
    assert made.stop.tolist() == found.stop.tolist() and set(made.arm) == {1.0}
