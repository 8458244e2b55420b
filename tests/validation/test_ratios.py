"""Fibonacci's ratios against their neighbours: the curve, the interval, and that chance is called chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from framework.structure.fibonacci import placebo, placebo_ratios
from framework.structure.legs import FIBONACCI, Reactions
from framework.validation.ratios import reaction_curve
from tests.bench.__main__ import walk

RATIOS = np.array(sorted(FIBONACCI + placebo_ratios()))


def made(legs: int, seed: int, better: float = 0.0, together: float = 0.0) -> Reactions:
    """Reactions of so many legs whose chance rises with the ratio, at .618 by `better` more; `together` is how much of
    it a leg's levels share. Deep levels are reached by fewer legs.
    """
    random = np.random.default_rng(seed)
    reached = random.uniform(0.15, 1.1, legs)
    leg, column = np.nonzero(reached[:, None] >= RATIOS)
    ratio, n = RATIOS[column], len(column)
    chance = 0.45 + 0.2 * ratio + better * (ratio == 0.618) + together * random.choice([-1, 1], legs)[leg]
    outcome = (random.random(n) < chance).astype(float)
    zero, one, stamps = np.zeros(n, np.int64), np.ones(n), np.zeros(n, "datetime64[us]")
    side, named = np.ones(n, np.int8), np.isin(ratio, FIBONACCI)
    return Reactions(leg, side, zero, zero, ratio, named, one, one, one, zero, stamps, zero, outcome)


def test_rates_are_counted_and_undecided_entries_left_out() -> None:
    table = made(300, 1)
    outcome = table.outcome.copy()
    outcome[::7] = np.nan
    table = Reactions(*(getattr(table, name) for name in list(table.__dataclass_fields__)[:-1]), outcome)
    found = reaction_curve([table, table], draws=20)
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
    powers = np.vander(found.ratio, 4)

    def unlikely(beta: np.ndarray) -> float:
        logit = powers[bare] @ beta
        return float((found.n[bare] * np.log1p(np.exp(logit)) - found.reacted[bare] * logit).sum())

    best = optimize.minimize(unlikely, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(found.curve, 1 / (1 + np.exp(-powers @ best.x)), atol=1e-4)


def test_a_ratio_that_is_better_is_found_and_no_other() -> None:
    found = reaction_curve([made(1500, seed, better=0.2) for seed in (1, 2)], draws=400)
    row = int(np.flatnonzero(found.ratio == 0.618)[0])
    assert 0.1 < found.low[row] < found.excess[row] < found.high[row] < 0.3
    rest = found.named & (found.ratio != 0.618)
    assert ((found.low < 0) & (found.high > 0))[rest].all()


def test_what_the_levels_of_a_leg_share_falls_out_of_the_excess() -> None:
    """It is a difference within legs: whole legs are drawn, so that the interval knows."""
    only = [0.5, *placebo_ratios()[::8]]
    alone, together = (reaction_curve([made(800, 3, together=share)], only, draws=400) for share in (0.0, 0.4))
    widths = [float((one.high - one.low)[one.named][0]) for one in (alone, together)]
    assert together.legs == alone.legs and widths[1] < 0.8 * widths[0]


def test_the_same_entries_twice_in_the_same_legs_say_nothing_more() -> None:
    table = made(300, 4)
    twice = table.take(np.tile(np.arange(len(table)), 2))
    once, doubled = (reaction_curve([one], draws=100) for one in (table, twice))
    assert (doubled.n == 2 * once.n).all() and doubled.legs == once.legs
    for name in ("rate", "curve", "low", "high"):
        np.testing.assert_allclose(getattr(doubled, name), getattr(once, name), atol=1e-5)


def test_the_same_seed_draws_the_same() -> None:
    tables = [made(200, 5)]
    first, second, other = (reaction_curve(tables, draws=50, seed=seed) for seed in (1, 1, 2))
    assert first.frame().equals(second.frame()) and not first.frame().equals(other.frame())


def test_little_or_nothing_to_go_by() -> None:
    table = made(50, 6)
    none = reaction_curve([table.take(np.zeros(0, np.int64))], RATIOS.tolist(), draws=10)
    assert (none.n == 0).all() and none.legs == 0
    assert np.isnan([none.rate, none.curve, none.excess, none.low, none.high]).all()
    named = reaction_curve([table.take(table.named)], draws=10)  # no placebo
    assert np.isnan(named.curve).all() and not np.isnan(named.rate).any()
    few = reaction_curve([table], [0.15, 0.18, 0.3, 0.5], draws=10)  # three placebo ratios for a curve of four numbers
    assert np.isnan(few.excess).all()
    assert len(reaction_curve([table.take(np.zeros(0, np.int64))]).ratio) == 0


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
    whole, covered = walk(400_000), []
    for start in range(0, 400_000, 8000):
        found = reaction_curve([placebo(whole[start : start + 8000])], draws=200, seed=start)
        covered += ((found.low <= 0) & (found.high >= 0))[found.named].tolist()
    assert len(covered) == 250 and 0.90 <= np.mean(covered) <= 0.99
