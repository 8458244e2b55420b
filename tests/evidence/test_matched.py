"""The bars a setup is compared with are like it; where there are too few of these, in less."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.evidence.contrasts import Across, Against, elsewhere
from framework.evidence.matched import BY_VOLATILITY, LOOSER, conditions, matched
from framework.evidence.outcomes import Race
from framework.evidence.units import Events
from framework.indicators import bar_atr
from framework.simulation import Costs
from framework.structure.trend import trend

FREE = Costs()


@pytest.fixture(scope="module")
def bars() -> Bars:
    """3,000 four-hourly bars of a walk whose volatility comes and goes."""
    random = np.random.default_rng(4)
    calm = np.exp(0.8 * np.sin(np.arange(3000) / 90))
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.008, 3000) * calm))
    opening = np.concatenate([[100.0], close[:-1]])
    reach = np.exp(np.abs(random.normal(0, 0.004, (2, 3000))) * calm)
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    index = pd.date_range("2021-01-01", periods=3000, freq="4h", tz="UTC")
    frame = pd.DataFrame({"open": opening, "high": high, "low": low, "close": close}, index=index)
    return Bars.from_frame(frame, "X", "4h")


def test_conditions_are_what_they_say(bars: Bars) -> None:
    like = conditions(bars)
    t = 1234
    unit = bar_atr(bars)
    before = (unit / bars.close)[t - 250 : t]
    share = (before < (unit / bars.close)[t]).mean()
    assert like["volatility"][t] == min(int(share * 3), 2) and like["finely"][t] == min(int(share * 10), 9)
    assert like["trend"][t] == trend(bars)[t] + 1
    moved = (bars.close[t] - bars.close[t - 20]) / unit[t]
    assert like["move"][t] == sum(moved >= bound for bound in (-5, -2.5, -1, 1, 2.5, 5))
    assert like["hour"][t] == bars.index[t].hour // 8
    assert like["volatility"][249] == -1 and like["volatility"][270] >= 0 and like["move"][5] == -1


def test_matched_bars_are_alike(bars: Bars) -> None:
    like, at = conditions(bars), np.arange(300, 2900, 7)
    able = np.ones(3000, bool)
    able[at] = False
    drawn = matched(bars, at, able, 1, LOOSER)
    assert drawn.shape == (len(at), 40) and (drawn >= 0).all() and able[drawn].all()
    left = np.ones(len(at), bool)
    found = []
    for names in LOOSER[:-1]:
        rich = [np.all([like[name][able] == like[name][t] for name in names], axis=0).sum() >= 10 for t in at]
        same = np.all([like[name][drawn] == like[name][at][:, None] for name in names], axis=0).all(axis=1)
        assert same[left & rich].all()
        found.append((left & rich).sum())
        left &= ~np.array(rich)
    assert min(found[:3]) > 10, "or the loosening proves nothing"


def test_no_bar_is_like_one_that_nothing_is_known_of(bars: Bars) -> None:
    able = np.ones(3000, bool)
    assert (matched(bars, np.array([3]), able, 1, LOOSER[:-1]) == -1).all(), "no trend, no move yet"
    assert (matched(bars, np.array([3]), able, 1, LOOSER) >= 0).all(), "any bar then"
    assert (matched(bars, np.array([1000]), np.zeros(3000, bool), 1, LOOSER) == -1).all()


def test_the_same_seed_draws_the_same(bars: Bars) -> None:
    at, able = np.arange(500, 600), np.ones(3000, bool)
    first, again, other = (matched(bars, at, able, seed, BY_VOLATILITY) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_elsewhere_stops_and_barriers_are_as_far(bars: Bars) -> None:
    found = Events(np.array([700]), np.array([-1]), far=np.array([1.5]), near=np.array([3.0]), stop=np.array([130.0]))
    there = elsewhere(bars, found, np.array([[900, 1000]]))
    assert there.bar.tolist() == [900, 1000] and there.side.tolist() == [-1, -1] and there.far.tolist() == [1.5, 1.5]
    unit = bar_atr(bars)
    away = (130.0 - bars.close[700]) / unit[700]
    assert (there.stop - bars.close[[900, 1000]]) / unit[[900, 1000]] == pytest.approx([away, away])


def test_due_is_the_mean_of_matched_bars_that_are_no_events(bars: Bars) -> None:
    at = np.arange(300, 2900, 13)
    found = Events(at, np.where(at % 2, 1, -1))
    units = Against(lambda _: found).units(bars, FREE)
    assert len(units) == len(at) and units.arm.tolist() == [1.0] * len(at)
    row, side = 40, int(found.side[40])
    able = np.ones(3000, bool)
    able[at[found.side == side]] = False
    able[-20:] = False
    mine = np.flatnonzero(found.side == side)
    drawn = matched(bars, at[mine], able, 11, LOOSER)[np.searchsorted(mine, row)]
    y = Race().of(bars, Events(drawn, np.full(40, side)), FREE)
    assert units.due[row] == pytest.approx(np.nanmean(y))
    assert units.y[row] == Race().of(bars, found.take(np.array([row])), FREE)[0]


def test_random_bars_have_no_effect(bars: Bars) -> None:
    at = np.sort(np.random.default_rng(5).choice(np.arange(300, 2950), 800, replace=False))
    units = Against(lambda _: Events(at, np.ones(800, np.int64))).units(bars, FREE)
    assert abs((units.y - units.due).mean()) < 0.04


def test_arms_that_are_unknown_are_left_out(bars: Bars) -> None:
    at = np.arange(300, 400)
    arm = np.where(at % 5 == 0, np.nan, at % 2).astype(float)
    units = Across(lambda _: Events(at, np.ones(100, np.int64), arm)).units(bars, FREE)
    assert len(units) == 80 and set(units.arm) == {0.0, 1.0} and (units.due == 0).all()
    like = conditions(bars)
    kept = at[~np.isnan(arm)]
    assert units.stratum.tolist() == (200 + 10 * (like["volatility"][kept] + 1) + like["trend"][kept] + 1).tolist()


def test_no_event_at_all(bars: Bars) -> None:
    none = Events(np.zeros(0, np.int64), np.zeros(0, np.int64))
    for contrast in (Against(lambda _: none), Across(lambda _: none)):
        assert len(contrast.units(bars, FREE)) == 0
        assert len(contrast.units(bars[:10], FREE)) == 0
