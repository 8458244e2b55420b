"""Effects against a regression by statsmodels, errors against its clusters, intervals against what they promise."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm

from framework.evidence import inference
from framework.evidence.inference import Sums, inferred, pooled, weights
from framework.evidence.units import DAY, Others, Units

MONTH = 30 * DAY
NAN = math.nan


def units(seed: int, count: int = 400, edge: float = 0.0, months: int = 60, strata: int = 6) -> Units:
    """Setups of one market over so many months, whose luck they share within a month."""
    random = np.random.default_rng(seed)
    known = np.sort(random.integers(0, months * MONTH, count))
    stratum, arm = random.integers(0, strata, count), random.integers(0, 2, count).astype(float)
    luck = np.random.default_rng(seed + 1).normal(0, 0.5, months)[known // MONTH]
    y = luck + 0.3 * stratum + edge * arm + random.normal(0, 1, count)
    return Units(known, np.ones(count, np.int64), arm, y, np.zeros(count), stratum)


def test_arms_are_compared_as_in_a_regression_with_a_constant_for_every_stratum() -> None:
    markets = [units(1, 300, 0.4), units(5, 200, 0.4)]
    sums = pooled(markets, True, MONTH)
    of = np.repeat([0, 1], [300, 200])
    stratum = np.concatenate([one.stratum for one in markets]) + 10 * of
    dummies = (stratum[:, None] == np.unique(stratum)).astype(float)
    arm, y = (np.concatenate([getattr(one, name) for one in markets]) for name in ("arm", "y"))
    fit = sm.OLS(y, np.column_stack([arm, dummies]))
    assert sums.effect == pytest.approx(fit.fit().params[0], rel=1e-12)
    clustered = fit.fit(cov_type="cluster", cov_kwds={"groups": sums.block, "use_correction": False})
    found = inferred(sums, True, (0, 59))
    blocks = len(np.unique(sums.block))
    wider = np.sqrt(500 / (500 - 12))  # strata of forty units are nearly known
    assert found.error == pytest.approx(clustered.bse[0] * np.sqrt(blocks / (blocks - 1)) * wider, rel=2e-3)
    assert found.effect == sums.effect and found.units == 500 and found.enough


def test_units_against_what_is_due() -> None:
    one = units(3, 100)
    sums = pooled([Units(one.known, one.side, one.arm, one.y, 0.3 * one.stratum, one.stratum)], False, MONTH)
    assert sums.effect == pytest.approx((one.y - 0.3 * one.stratum).mean())
    assert inferred(sums, False, (0, 59)).effect == pytest.approx(sums.effect)


@pytest.mark.parametrize(("count", "strata"), [(120, 1), (120, 40), (120, 80), (300, 200)])
def test_thin_strata_reject_no_more_often(count: int, strata: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coins without an effect, a few in each stratum."""
    monkeypatch.setattr(inference, "DRAWS", 999)
    weights.cache_clear()
    rejected, runs = 0, 300
    for seed in range(runs):
        random = np.random.default_rng((seed, strata))
        known = np.sort(random.integers(0, 50 * MONTH, count))
        y, arm = random.integers(0, 2, (2, count)).astype(float)
        one = Units(known, np.ones(count, np.int64), arm, y, np.zeros(count), random.integers(0, strata, count))
        rejected += inferred(pooled([one], True, MONTH), True, (0, 49)).p < 0.05
    weights.cache_clear()
    assert rejected / runs < 0.085  # 5 % and under three standard errors


def test_the_luck_of_what_is_due_is_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are half of all bars and are compared with the mean of the other half: both are as lucky."""
    monkeypatch.setattr(inference, "DRAWS", 999)
    weights.cache_clear()
    rejected, ignoring, runs, n = 0, 0, 200, 400
    for seed in range(runs):
        random = np.random.default_rng(seed)
        known = np.sort(random.integers(0, 40 * MONTH, 2 * n))
        y = random.normal(0, 1, 40)[known // MONTH] * random.choice([0.2, 2.0], 40)[known // MONTH]
        event = random.random(2 * n) < np.where(known // MONTH % 2, 0.9, 0.1)  # not in the same blocks
        mine, due, one = event.sum(), y[~event].mean(), np.ones(event.sum())
        others = Others(known[~event], np.full((~event).sum(), mine / (~event).sum()), y[~event])
        units = Units(known[event], one.astype(np.int64), one, y[event], due * one, one.astype(np.int64))
        both = dataclasses.replace(units, others=others)
        rejected += inferred(pooled([both], False, MONTH), False, (0, 39)).p < 0.05
        ignoring += inferred(pooled([units], False, MONTH), False, (0, 39)).p < 0.05
    weights.cache_clear()
    assert rejected / runs < 0.10 < 0.15 < ignoring / runs


@pytest.mark.parametrize("between", [True, False])
def test_intervals_hold_the_truth_and_p_rejects_as_often_as_it_says(
    between: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "DRAWS", 1999)
    weights.cache_clear()
    held, rejected, runs = 0, 0, 300
    for seed in range(runs):
        one = units(100 + 2 * seed, 120, 0.5 if between else 0.0, 30, 3)
        if not between:
            one = Units(one.known, one.side, np.ones(120), one.y, 0.3 * one.stratum, one.stratum)
        found = inferred(pooled([one], between, MONTH), between, (0, 29))
        held += found.low <= (0.5 if between else 0.0) <= found.high
        rejected += found.p < 0.05
    weights.cache_clear()
    assert 0.92 <= held / runs <= 0.98
    assert rejected / runs > 0.5 if between else rejected / runs <= 0.08


def test_what_is_taken_off_has_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "DRAWS", 1999)
    weights.cache_clear()
    real = pooled([units(7, 300, 0.5)], True, MONTH)
    orders = [pooled([units(50 + k, 300, 0.5)], True, MONTH) for k in range(20)]
    found, alone = inferred(real, True, (0, 59), orders), inferred(real, True, (0, 59))
    off = sum(one.num.sum() for one in orders) / sum(one.den.sum() for one in orders)
    assert found.placebo == pytest.approx(off) and found.effect == pytest.approx(alone.effect - off)
    assert found.error > alone.error and found.p > 0.05 > alone.p
    assert math.isnan(alone.placebo)
    weights.cache_clear()


def test_halves_of_the_time() -> None:
    one = units(9, 600, 0.0)
    later = one.known >= 30 * MONTH
    moved = Units(one.known, one.side, np.ones(600), np.where(later, 1.0, -1.0), np.zeros(600), one.stratum)
    found = inferred(pooled([moved], False, MONTH), False, (0, 59))
    assert (found.first, found.second) == (-1.0, 1.0)
    noisy = Units(one.known, one.side, np.ones(600), one.y, np.zeros(600), one.stratum)
    told = inferred(pooled([noisy], False, MONTH), False, (0, 59))
    assert told.first == pytest.approx(one.y[~later].mean()) and 0 < told.halves_p <= 1


@pytest.mark.parametrize("count", [0, 1, 3])
def test_next_to_nothing_has_no_interval(count: int) -> None:
    rows = np.arange(count)
    sums = Sums(np.ones(count), np.ones(count), rows, np.ones(count))
    found = inferred(sums, False, (0, 59))
    assert not found.enough and math.isnan(found.p) and math.isnan(found.low)
    assert found.units == count and (math.isnan(found.effect) or found.effect == 1)


def test_constant_outcomes_have_no_p() -> None:
    sums = Sums(np.ones(100), np.ones(100), np.arange(100) % 20, np.ones(100))
    found = inferred(sums, False, (0, 19))
    assert found.effect == 1 and math.isnan(found.p) and not found.enough


def test_every_draw_has_as_many_blocks() -> None:
    counts = weights(7, 0)
    assert counts.shape == (inference.DRAWS, 7) and (counts.sum(axis=1) == 7).all()
    assert counts.mean() == 1.0 and weights(7, 0) is counts
    assert (weights(7, 1) != counts).any()


def test_enough_is_thirty_units_in_ten_blocks_in_both_arms() -> None:
    def enough(arm: list[float], block: list[int], between: bool) -> bool:
        n = len(arm)
        return inference._enough(Sums(np.ones(n), np.ones(n), np.array(block), np.array(arm)), between)

    ten = list(range(10)) * 3
    assert enough([1.0] * 30, ten, False) and not enough([1.0] * 29, ten[:29], False)
    assert not enough([1.0] * 30, [number % 9 for number in range(30)], False)
    assert enough([0.0] * 30 + [1.0] * 30, ten * 2, True)
    assert not enough([0.0] * 30 + [1.0] * 29, [*ten, *ten[:29]], True)
    assert not enough([1.0] * 30 + [2.0] * 30 + [3.0] * 2, [*ten, *ten, 1, 2], True), "the sentence is of the highest"
    assert enough([1.0] * 30 + [2.0] * 2 + [3.0] * 30, [*ten, 1, 2, *ten], True)
