"""Fibonacci's ratios against their neighbours: the curve, the interval, and that chance is called chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from framework.bars import Bars
from framework.structure.fibonacci import placebo, placebo_ratios
from framework.structure.legs import FIBONACCI, LegRule, Reactions
from framework.validation.ratios import reaction_curve
from tests.bench.__main__ import walk

RATIOS = np.array(sorted(FIBONACCI + placebo_ratios()))
# In 1/10,000, of the 35 ratios on 2,500 random walks of 200,000 bars without drift.
CHANCE = [5257, 5351, 5441, 5527, 5608, 5920, 6120, 6153, 6182, 6207, 6230, 6248, 6266, 6317, 6346, 6350, 6353, 6365]
CHANCE += [6365, 6368, 6368, 6369, 6373, 6371, 6372, 6373, 6372, 6371, 6370, 6371, 6371, 6370, 6369, 6369, 6370]
DAWN = np.datetime64("2000-01-01", "us")


def made(legs: int, seed: int, better: float = 0.0, shared: float = 0.0) -> Reactions:
    """Reactions of so many legs whose chance rises with the ratio, at .618 by `better` more; `shared` is how much of
    it a leg's levels share. Deep levels are reached by fewer legs. There is a leg every ten days, 10 hourly bars long.
    """
    random = np.random.default_rng(seed)
    reached = random.uniform(0.15, 1.1, legs)
    leg, column = np.nonzero(reached[:, None] >= RATIOS)
    ratio, n = RATIOS[column], len(column)
    chance = 0.45 + 0.2 * ratio + better * (ratio == 0.618) + shared * random.choice([-1, 1], legs)[leg]
    outcome = (random.random(n) < chance).astype(float)
    start, one, side = 240 * leg, np.ones(n), np.ones(n, np.int8)
    stamps = DAWN + start * np.timedelta64(1, "h")
    named = np.isin(ratio, FIBONACCI)
    return Reactions(leg, side, start - 9, start - 1, ratio, named, one, one, one, start, stamps, start + 1, outcome)


def together(n: int, markets: int, seed: int) -> list[Bars]:
    """Hourly walks without drift that share nearly all of their moves: correlated by .95."""
    random = np.random.default_rng(seed)
    moves = 0.95**0.5 * random.normal(0, 0.005, n) + 0.05**0.5 * random.normal(0, 0.005, (markets, n))
    index, made = pd.date_range("1950-01-01", periods=n, freq="h", tz="UTC"), []
    for market, close in enumerate(100 * np.exp(np.cumsum(moves, axis=1))):
        frame = pd.DataFrame({"open": np.concatenate([[100.0], close[:-1]]), "close": close, "volume": 1.0}, index)
        body = frame[["open", "close"]]
        frame["high"] = body.max(axis=1) * np.exp(random.exponential(0.002, n))
        frame["low"] = body.min(axis=1) / np.exp(random.exponential(0.002, n))
        made.append(Bars.from_frame(frame, f"W{market}", "1h"))
    return made


def test_rates_are_counted_and_undecided_entries_left_out() -> None:
    table = made(300, 1)
    outcome = table.outcome.copy()
    outcome[::7] = np.nan
    table = Reactions(*(getattr(table, name) for name in list(table.__dataclass_fields__)[:-1]), outcome)
    found = reaction_curve([table, table], draws=100)
    for i, ratio in enumerate(found.ratio):
        of_it = outcome[(table.ratio == ratio) & ~np.isnan(outcome)]
        assert (found.n[i], found.reacted[i]) == (2 * len(of_it), 2 * of_it.sum())
        assert found.rate[i] == of_it.mean()
    assert found.ratio.tolist() == RATIOS.tolist() and found.ratio[found.named].tolist() == list(FIBONACCI)
    assert found.legs == 2 * len(np.unique(table.leg[~np.isnan(outcome)]))
    np.testing.assert_array_equal(found.excess, found.rate - found.curve)
    assert ((found.low < found.high) & (found.low < found.excess) & (found.excess < found.high)).all()


def test_the_curve_is_the_likeliest_of_the_placebo_ratios() -> None:
    found = reaction_curve([made(400, 2, better=0.3)], draws=0)
    assert np.isnan(found.low).all()
    bare = ~found.named
    powers = np.vander(np.log(found.ratio), 5)

    def unlikely(beta: np.ndarray) -> float:
        logit = powers[bare] @ beta
        return float((found.n[bare] * np.log1p(np.exp(logit)) - found.reacted[bare] * logit).sum())

    best = optimize.minimize(unlikely, np.zeros(5), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(found.curve, 1 / (1 + np.exp(-powers @ best.x)), atol=1e-4)


def test_a_ratio_that_is_better_is_found_and_no_other() -> None:
    found = reaction_curve([made(1500, seed, better=0.2) for seed in (1, 2)], draws=400)
    row = int(np.flatnonzero(found.ratio == 0.618)[0])
    assert 0.1 < found.low[row] < found.excess[row] < found.high[row] < 0.3
    rest = found.named & (found.ratio != 0.618)
    assert ((found.low < 0) & (found.high > 0))[rest].all()


def test_what_the_levels_of_a_leg_share_falls_out_of_the_excess() -> None:
    """It is a difference within legs: a block has whole legs, so that the interval knows."""
    only = [0.5, *placebo_ratios()[::7]]
    alone, alike = (reaction_curve([made(800, 3, shared=share)], only, draws=400) for share in (0.0, 0.4))
    widths = [float((one.high - one.low)[one.named][0]) for one in (alone, alike)]
    assert alike.legs == alone.legs and widths[1] < 0.8 * widths[0]


def test_the_same_entries_twice_in_the_same_legs_say_nothing_more() -> None:
    table = made(300, 4)
    twice = table.take(np.tile(np.arange(len(table)), 2))
    once, doubled = (reaction_curve([one], draws=100) for one in (table, twice))
    assert (doubled.n == 2 * once.n).all() and doubled.legs == once.legs
    for name in ("rate", "curve", "low", "high"):
        np.testing.assert_allclose(getattr(doubled, name), getattr(once, name), atol=1e-5)


def test_a_market_that_moves_as_another_says_nothing_more() -> None:
    table = made(600, 4)
    later = replace(table, time=table.time + np.timedelta64(18_000, "D"))
    once, doubled, apart = (reaction_curve(tables, draws=300) for tables in ([table], [table, table], [table, later]))
    assert (once.blocks, doubled.blocks, apart.blocks) == (200, 200, 400)
    np.testing.assert_allclose(doubled.high - doubled.low, once.high - once.low, atol=1e-5)
    assert 0.6 < np.median((apart.high - apart.low) / (once.high - once.low)) < 0.8


def test_the_same_seed_draws_the_same() -> None:
    tables = [made(200, 5)]
    first, second, other = (reaction_curve(tables, draws=50, seed=seed) for seed in (1, 1, 2))
    assert first.frame().equals(second.frame()) and not first.frame().equals(other.frame())


def test_little_or_nothing_to_go_by() -> None:
    table = made(50, 6)
    none = reaction_curve([table.take(np.zeros(0, np.int64))], RATIOS.tolist(), draws=10)
    assert (none.n == 0).all() and none.legs == none.blocks == 0
    assert np.isnan([none.rate, none.curve, none.excess, none.low, none.high]).all()
    named = reaction_curve([table.take(table.named)], draws=10)  # no placebo
    assert np.isnan(named.curve).all() and not np.isnan(named.rate).any()
    few = reaction_curve([table], [0.15, 0.18, 0.3, 0.33, 0.5], draws=10)  # four of them for a curve of five numbers
    assert np.isnan(few.excess).all()
    assert len(reaction_curve([table.take(np.zeros(0, np.int64))]).ratio) == 0


def test_a_leg_belongs_to_the_block_of_its_first_entry_in_all_markets() -> None:
    table, days = made(60, 8), np.timedelta64(30, "D")
    found = reaction_curve([table, table], draws=0)
    assert (found.blocks, found.legs) == (20, 120)  # thirty days each, of three legs in each market
    late = table.time + np.where(
        table.ratio > table.ratio[np.unique(table.leg, return_index=True)[1]][table.leg], days, 0
    )
    assert reaction_curve([replace(table, time=late)], draws=0).blocks == 20  # deeper levels of a leg entered later
    other = replace(table, time=table.time + 10 * days)
    assert reaction_curve([table, other], draws=0).blocks == 30


def test_blocks_are_twice_as_long_as_legs_take() -> None:
    table = made(60, 8)
    assert reaction_curve([replace(table, start=table.decided - 480)], draws=0).blocks == 15  # 20 days: blocks of 40
    weekly = replace(table, time=DAWN + (table.time - DAWN) * 168)  # 10 bars to the decision: blocks of 140 days
    assert reaction_curve([weekly], draws=0).blocks == 60  # a leg every 1680 days


def test_no_interval_from_few_blocks_and_a_wide_one_from_some() -> None:
    few, enough = (reaction_curve([made(legs, 9)], draws=50) for legs in (27, 30))
    assert (few.blocks, enough.blocks) == (9, 10)
    assert np.isnan([few.low, few.high]).all() and not np.isnan([enough.low, enough.high]).any()


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_every_level_alike(certain: float) -> None:
    table = made(100, 7)
    outcome = np.full(len(table), certain)
    table = Reactions(*(getattr(table, name) for name in list(table.__dataclass_fields__)[:-1]), outcome)
    found = reaction_curve([table], draws=10)
    np.testing.assert_allclose(found.curve, certain, atol=1e-3)


def test_on_made_up_legs_the_interval_covers_nothing_as_often_as_it_says() -> None:
    covered = []
    for seed in range(60):
        found = reaction_curve([made(400, seed)], draws=200, seed=seed)
        covered += ((found.low <= 0) & (found.high >= 0))[found.named].tolist()
    assert 0.91 <= np.mean(covered) <= 0.98


def test_on_random_walks_the_interval_covers_nothing_as_often_as_it_says() -> None:
    """Pieces of one walk without drift: no ratio means anything."""
    whole, covered = walk(300_000), []
    for start in range(0, 300_000, 10_000):
        found = reaction_curve([placebo(whole[start : start + 10_000])], draws=200, seed=start)
        covered += ((found.low <= 0) & (found.high >= 0))[found.named].tolist()
    assert len(covered) == 150 and 0.90 <= np.mean(covered) <= 0.99


def test_on_markets_that_move_together_too() -> None:
    whole, covered = together(240_000, 6, 1), []
    for start in range(0, 240_000, 12_000):
        found = reaction_curve([placebo(bars[start : start + 12_000]) for bars in whole], draws=100, seed=start)
        covered += ((found.low <= 0) & (found.high >= 0))[found.named].tolist()
    assert len(covered) == 100 and 0.88 <= np.mean(covered) <= 1.0


def test_the_curve_bends_as_the_rates_of_chance_do() -> None:
    table = made(2, 1)
    ratio = np.repeat(RATIOS, 10_000)
    outcome = (np.tile(np.arange(10_000), len(RATIOS)) < np.repeat(CHANCE, 10_000)).astype(float)
    table = table.take(np.zeros(len(ratio), np.int64))
    found = reaction_curve([replace(table, ratio=ratio, named=np.isin(ratio, FIBONACCI), outcome=outcome)])
    assert np.abs(found.excess[found.named]).max() < 0.0012


def test_wide_zones_leave_ratios_between_the_names_as_short_legs_are_left_out() -> None:
    rule, bars = LegRule(least=4.0), walk(20_000)
    grid = placebo_ratios(rule)
    assert {0.44, 0.45, 0.55, 0.56} <= set(grid) and grid == placebo_ratios(LegRule(zone=1.0))
    found = placebo(bars, rule)
    assert set(found.ratio) == {*grid, *FIBONACCI} and 5.0 <= (found.length / found.atr).min() < 6.0
    assert (placebo(bars).length / placebo(bars).atr).min() >= 6.0  # there is room enough
