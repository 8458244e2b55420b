"""The probability of backtest overfitting: against a plain second implementation, by hand, the published figures."""

from __future__ import annotations

import math
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from framework.errors import UserError
from framework.validation.cscv import backtest_overfitting

from .noise import KINDS, Floats, noise

PARTS = ("logits", "inside", "outside")


def plain(matrix: Floats, blocks: int, statistic: str) -> Floats:
    """Logit, inside and outside of the best of every combination, from the returns themselves, trial after trial."""
    parts = np.array_split(np.arange(len(matrix)), blocks)
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        rest = [block for block in range(blocks) if block not in chosen]
        inside = [figure(column, statistic) for column in matrix[np.concatenate([parts[i] for i in chosen])].T]
        outside = [figure(column, statistic) for column in matrix[np.concatenate([parts[i] for i in rest])].T]
        known = [value for value in inside if math.isfinite(value)]
        if not known:
            continue
        best = [one for one, value in enumerate(inside) if value == max(known)]
        reached = np.array([0.0 if math.isnan(value) else value for value in outside])
        relative = stats.rankdata(reached)[best].mean() / (len(reached) + 1)
        found.append((math.log(relative / (1 - relative)), max(known), reached[best].mean()))
    return np.array(found).reshape(-1, 3).T


def figure(returns: Floats, statistic: str) -> float:
    """Rounded, so that ties are ties. Without deviation no Sharpe ratio: NaN of nothing, else infinite."""
    mean = round(float(returns.mean()), 10)
    if statistic == "mean":
        return mean
    if np.ptp(returns) == 0:
        return math.copysign(math.inf, mean) if mean else math.nan
    return round(float(returns.mean() / returns.std(ddof=1)), 10)


def trials(kind: str) -> Floats:
    """Nine trials over 61 periods: plain ones, and those that tie, are the same, do nothing or gain a constant."""
    matrix = noise("normal" if kind in ("normal", "bare") else "long shots", 61, 9, 5)
    if kind == "early":
        matrix[20:] = 0  # most trials do nothing in most of the blocks
    if kind == "equal":
        matrix[:, 3] = matrix[:, 5] = matrix[:, 8] = matrix[:, 1]
    if kind == "bare":
        matrix[:, 4], matrix[:, 5], matrix[:, 6] = 0.0, 0.02, -0.02
        matrix[:32, 7] = 0.3
        matrix[32:, 7] += 2.0
    return matrix


@pytest.mark.parametrize("statistic", ["sharpe", "mean"])
@pytest.mark.parametrize("kind", ["normal", "long shots", "early", "equal", "bare"])
def test_every_combination_is_that_of_the_plain_form(
    kind: str, statistic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With periods left over, in any unit, whatever the chunks, to the last combination."""
    monkeypatch.setattr("framework.validation.cscv.CELLS", 100)
    matrix, unit = trials(kind), 1e5
    found, slow = backtest_overfitting(matrix * unit, 8, statistic), plain(matrix, 8, statistic)
    assert found.combinations == slow.shape[1]
    scale = unit if statistic == "mean" else 1.0
    for name, expected in zip(PARTS, slow * [[1.0], [scale], [scale]], strict=True):
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-8, atol=1e-8 * scale, err_msg=name)
    assert found.pbo == (slow[0] <= 1e-9).mean()
    assert found.loss == (slow[2] < 0).mean()
    finite = np.isfinite(slow[2])
    assert found.slope == pytest.approx(stats.linregress(slow[1][finite], slow[2][finite]).slope)


def test_the_kinds_of_trials_are_what_they_are_called() -> None:
    """What the comparison above is meant to meet is there: halves that do not count, ties, infinite ratios."""
    assert plain(trials("early"), 8, "sharpe").shape[1] < math.comb(8, 4)
    assert backtest_overfitting(trials("equal"), 8).distinct == 6
    assert np.isinf(plain(trials("bare"), 2, "sharpe")[2]).any()


def test_by_hand() -> None:
    """Two halves, means 3, 2, 1.5 and -1.5, 4.5, 0.5. The best of the first is worst in the second; that of the second
    is second of three in the first, the median.
    """
    matrix = np.array([[2.0, 1.0, 0.0], [4.0, 3.0, 3.0], [-3.0, 4.0, 0.0], [0.0, 5.0, 1.0]])
    found = backtest_overfitting(matrix, 2, "mean")
    np.testing.assert_allclose([found.inside, found.outside], [[3.0, 4.5], [-1.5, 2.0]])
    np.testing.assert_allclose(found.logits, [math.log(1 / 3), 0.0], atol=1e-12)
    assert (found.pbo, found.loss, found.combinations, found.blocks, found.distinct) == (1.0, 0.5, 2, 2, 3)
    assert found.slope == pytest.approx(3.5 / 1.5)


def test_trials_that_are_all_the_same_leave_nothing_to_choose() -> None:
    """Equal trials, or none that ever trades: no combination counts, nothing is said."""
    for matrix in (np.tile(noise("normal", 40, 1), 5), np.zeros((40, 5))):
        found = backtest_overfitting(matrix, 4)
        assert found.combinations == 0 and found.distinct == 1
        assert math.isnan(found.pbo) and math.isnan(found.loss) and math.isnan(found.slope)


def test_a_crowd_of_equal_trials_shares_its_rank() -> None:
    """97 that are the same beside two worse and one better: the better is best everywhere. Without it the crowd is,
    and its middle lies above the median of all by one rank of 99: one rank out of sample, too, is above the median.
    """
    base = noise("normal", 80, 1, 3)
    crowd = np.concatenate([np.tile(base, 97), base - 1.0, base - 2.0], axis=1)
    alone = backtest_overfitting(crowd, 8, "mean")
    assert alone.pbo == 0.0
    np.testing.assert_allclose(alone.logits, math.log(51 / 49))  # (2 + (97 + 1) / 2) of 100
    ahead = backtest_overfitting(np.concatenate([crowd, base + 1.0], axis=1), 8, "mean")
    np.testing.assert_allclose(ahead.logits, math.log(100))


def test_wrong_input_is_told_in_a_line() -> None:
    """Too few trials, blocks that cannot be halved, too few periods, numbers that are none."""
    matrix = noise("normal", 20, 3)
    with pytest.raises(UserError, match="matrix: it holds 1 trials"):
        backtest_overfitting(matrix[:, :1])
    for blocks in (7, 0, 22, -2):
        with pytest.raises(UserError, match=f"blocks: there are {blocks}; an even number from 2 to 20"):
            backtest_overfitting(matrix, blocks)
    with pytest.raises(UserError, match="16 for 15 periods"):
        backtest_overfitting(matrix[:15])
    with pytest.raises(UserError, match="statistic: 'median' is not one"):
        backtest_overfitting(matrix, 4, "median")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="period 2 of trial 1 is inf"):
        backtest_overfitting(np.where(np.arange(60).reshape(20, 3) == 7, np.inf, matrix), 4)


def test_memory_does_not_grow_with_the_combinations() -> None:
    """12,870 combinations of 2,000 trials would be 206 MB a figure; all of it stays under 100."""
    matrix = noise("normal", 320, 2000)
    tracemalloc.start()
    found = backtest_overfitting(matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.combinations == 12870 and peak < 100e6


def repeated(kind: str, periods: int, count: int, runs: int) -> Floats:
    return np.array([backtest_overfitting(noise(kind, periods, count, run)).pbo for run in range(runs)])


def test_noise_is_half_and_an_edge_next_to_nothing() -> None:
    """T = 1000, N = 200, S = 16, as published: .476 ± .137 of noise, about .001 with an edge. 25 runs; the mean within
    its own 99 % of 1/2, which is exact for independent periods, the deviation within 99 % of the published. An edge of
    .3 a period is 6.7 deviations of half the record: another is the best of 200 in fewer than one half of 2,000.
    """
    found = repeated("normal", 1000, 200, 25)
    assert abs(found.mean() - 0.5) < 2.8 * found.std(ddof=1) / 25**0.5
    low, high = stats.chi2.ppf([0.005, 0.995], 24) / 24
    assert low < found.var(ddof=1) / 0.137**2 < high
    matrix = noise("normal", 1000, 200, 1)
    matrix[:, 11] += 0.3
    assert backtest_overfitting(matrix).pbo < 0.001


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "carried", "both"])
def test_noise_of_every_kind_is_half(kind: str) -> None:
    """400 runs of 50 trials over 480 periods: the mean within its own 99.9 % of 1/2 (eight kinds are looked at)."""
    found = repeated(kind, 480, 50, 400)
    assert abs(found.mean() - 0.5) < 3.3 * found.std(ddof=1) / 400**0.5
