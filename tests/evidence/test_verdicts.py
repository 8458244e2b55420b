"""What may be said once all claims are counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from framework.evidence.inference import Inferred
from framework.evidence.verdicts import Asked, shows, verdicts

NAN = math.nan


def found(effect: float, p: float, small: float = NAN, enough: bool = True) -> Inferred:
    low, high = effect - 0.02, effect + 0.02
    return Inferred(effect, low, high, 0.01, p, small, 100, {1.0: 100}, 30, enough, NAN, 0, 0, 1)


def test_all_tests_are_corrected_together() -> None:
    ps = [1e-6, 0.0004, 0.02, 0.2, 0.9]
    said = verdicts([Asked(1, None, found(0.1, p)) for p in ps])
    assert [one.adjusted for one in said] == pytest.approx(multipletests(ps, method="fdr_by")[1].tolist())
    assert [one.word for one in said] == ["supported", "supported", "inconclusive", "inconclusive", "inconclusive"]


@pytest.mark.parametrize(
    ("effect", "expects", "word"),
    [(0.1, 1, "supported"), (-0.1, 1, "contradicted"), (-0.1, -1, "supported"), (0.1, -1, "contradicted")],
)
def test_the_sign_that_is_stated(effect: float, expects: int, word: str) -> None:
    assert verdicts([Asked(expects, None, found(effect, 1e-5))])[0].word == word


def test_what_cannot_be_judged_is_not_counted_among_the_tests() -> None:
    asked = [Asked(1, None, found(0.1, 0.03)), Asked(1, None, None), Asked(1, None, found(0.3, 1e-9, enough=False))]
    said = verdicts([*asked, Asked(1, None, found(NAN, NAN))])
    assert [one.word for one in said] == ["supported", "untestable", "too few", "too few"]
    assert said[0].adjusted == 0.03 and math.isnan(said[2].adjusted)


@pytest.mark.parametrize(
    ("effect", "expects", "small", "word"),
    [(0.01, 1, 1e-4, "contradicted"), (0.045, 1, 0.6, "inconclusive"), (0.2, 1, 1e-9, "inconclusive"),
     (-0.01, -1, 1e-4, "contradicted"), (-0.2, 1, 1e-9, "contradicted")],
)  # fmt: skip
def test_an_effect_too_small_to_be_worth_anything(effect: float, expects: int, small: float, word: str) -> None:
    """The test of it counts among the tests; an effect above the least is not too small however sure that is."""
    one = verdicts([Asked(expects, 0.05, found(effect, 0.5, small))])[0]
    assert one.word == word
    single = small if expects * effect < 0.05 else 1.0
    assert one.small == pytest.approx(float(multipletests([0.5, single], method="fdr_by")[1][1]))


def test_the_level_can_be_another() -> None:
    asked = [Asked(1, None, found(0.1, 0.07))]
    assert verdicts(asked)[0].word == "inconclusive" and verdicts(asked, 0.1)[0].word == "supported"


@pytest.mark.parametrize("tests", [1, 80])
def test_the_smallest_effect_that_is_shown_four_times_in_five(tests: int) -> None:
    """An effect of that size, drawn with its error, is significant as the only one of so many in 80 %."""
    error, least = 0.02, shows(0.02, tests)
    drawn = np.random.default_rng(2).normal(least, error, 20_000)
    p = 2 * stats.norm.sf(np.abs(drawn) / error)
    threshold = 0.05 / (tests * sum(1 / i for i in range(1, tests + 1)))
    assert (p < threshold).mean() == pytest.approx(0.8, abs=0.01)


def test_nothing_asked() -> None:
    assert verdicts([]) == []
