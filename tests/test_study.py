"""The search: which sets are tried, in what order, and which one a window would have chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from framework.params import Value
from framework.study import OBJECTIVES, Search, Trial, best, scored, tune

SPACE: dict[str, tuple[Value, ...]] = {
    "period": (21, 7, 14, 9),  # as a file may list them, out of order
    "level": (30.0, 20.0, 40.0, 25.0, 35.0),
    "kind": ("hidden", "both", "regular"),
    "strict": (False, True),
}
FIXED: dict[str, Value] = {"period": 14, "level": 30.0, "kind": "both", "strict": False, "width": 5}
SEARCH = Search(trials=25, objective="expectancy_r", min_trades=3)


def around(values: Mapping[str, Value]) -> dict[str, np.ndarray]:
    """R that is best at period 9 and level 25, the more so when strict; the same for both variants."""
    r = 2 - abs(float(values["period"]) - 9) / 5 - abs(float(values["level"]) - 25) / 10 + bool(values["strict"])
    return {"aggressive": np.full(4, r), "conservative": np.full(5, r - 1)}


def tried(trials: list[Trial]) -> list[dict[str, Value]]:
    return [trial.values for trial in trials]


def test_same_seed_same_trials() -> None:
    assert tune(SPACE, FIXED, around, SEARCH, [7, 3]) == tune(SPACE, FIXED, around, SEARCH, [7, 3])


@pytest.mark.parametrize("seed", [[8, 3], [7, 4]])
def test_another_seed_or_window_other_trials(seed: list[int]) -> None:
    assert tried(tune(SPACE, FIXED, around, SEARCH, [7, 3])) != tried(tune(SPACE, FIXED, around, SEARCH, seed))


def test_a_small_space_is_swept_whole_defaults_first() -> None:
    space = {"period": (21, 7, 14), "strict": (False, True)}
    trials = tune(space, FIXED, around, Search(6, "expectancy_r", 3), [1])
    assert trials[0].values == FIXED
    assert [trial.number for trial in trials] == list(range(6))
    pairs = {(trial.values["period"], trial.values["strict"]) for trial in trials}
    assert pairs == {(period, strict) for period in (7, 14, 21) for strict in (False, True)}
    assert all(trial.values["width"] == 5 and trial.values["level"] == 30.0 for trial in trials)


def test_nothing_to_search_is_one_trial() -> None:
    assert tried(tune({}, FIXED, around, Search(0, "expectancy_r", 3), [1])) == [FIXED]
    assert tried(tune({}, FIXED, around, Search(60, "expectancy_r", 3), [1])) == [FIXED]


def test_a_larger_space_asks_the_sampler_as_often_as_told() -> None:
    space = {"period": (21, 7, 14), "strict": (False, True)}
    trials = tune(space, FIXED, around, Search(5, "expectancy_r", 3), [1])
    assert len(trials) == 5
    assert len(tune(SPACE, FIXED, around, SEARCH, [1])) == 25


@pytest.mark.parametrize("default", [21, 7, 14, 9])
def test_the_sampler_starts_from_the_defaults(default: int) -> None:
    fixed = FIXED | {"period": default, "kind": "hidden", "strict": True}
    assert tune(SPACE, fixed, around, SEARCH, [1])[0].values == fixed


def test_every_value_lies_in_the_space_and_keeps_its_type() -> None:
    for trial in tune(SPACE, FIXED, around, SEARCH, [2]):
        assert list(trial.values) == list(FIXED)
        assert trial.values["width"] == 5
        for name, values in SPACE.items():
            assert trial.values[name] in values
            assert type(trial.values[name]) is type(values[0])


def test_the_order_in_which_a_file_lists_numbers_does_not_matter() -> None:
    ordered = {name: tuple(sorted(v)) if name in ("period", "level") else v for name, v in SPACE.items()}
    assert tried(tune(SPACE, FIXED, around, SEARCH, [5])) == tried(tune(ordered, FIXED, around, SEARCH, [5]))


def test_the_sampler_learns() -> None:
    space: dict[str, tuple[Value, ...]] = {"period": tuple(range(2, 42)), "level": tuple(float(x) for x in range(40))}
    trials = tune(space, FIXED | {"level": 39.0}, around, Search(60, "expectancy_r", 3), [4])
    late, early = ([trial.score for trial in part] for part in (trials[40:], trials[1:11]))
    assert np.mean(late) > np.mean(early) + 1


def test_a_set_asked_for_again_is_not_evaluated_again() -> None:
    seen: list[Value] = []
    told: list[int] = []

    def evaluate(values: Mapping[str, Value]) -> dict[str, np.ndarray]:
        seen.append(values["period"])
        return around(values)

    space = {"period": tuple(range(2, 43))}
    trials = tune(space, FIXED, evaluate, Search(40, "expectancy_r", 3), [1], lambda: told.append(1))
    asked = [trial.values["period"] for trial in trials]
    assert len(set(asked)) < 40, "nothing was asked twice, so nothing is shown"
    assert seen == list(dict.fromkeys(asked))
    assert len(told) == len(trials) == 40
    assert all(a.score == b.score for a in trials for b in trials if a.values == b.values)


def thin(values: Mapping[str, Value]) -> dict[str, np.ndarray]:
    """The longer the period the better, but above 10 the second variant has too few trades."""
    period = int(values["period"])
    return {"aggressive": np.full(50, float(period)), "conservative": np.full(10 if period <= 10 else 9, float(period))}


def test_the_constraint_is_kept_and_told_to_the_sampler() -> None:
    trials = tune({"period": tuple(range(1, 101))}, FIXED, thin, Search(80, "expectancy_r", 10), [1])
    assert all(trial.feasible == (trial.values["period"] <= 10) for trial in trials)
    chosen = best(trials)
    assert chosen is not None
    assert chosen.score == max(trial.score for trial in trials if trial.feasible)
    assert chosen.score < max(trial.score for trial in trials)
    # A tenth of the space is feasible; a sampler that heard nothing runs to the other end (one in fifty).
    assert np.mean([trial.feasible for trial in trials[20:]]) > 0.25


def test_best_is_none_when_nothing_is_feasible_and_the_earliest_of_equals() -> None:
    assert best([]) is None
    assert best(tune(SPACE, FIXED, around, Search(5, "expectancy_r", 5), [1])) is None
    trials = [
        Trial(n, {}, score, {}, {}, ok) for n, score, ok in ((0, 1, True), (1, 3, False), (2, 2, True), (3, 2, True))
    ]
    assert best(trials) is trials[2]
    assert best(trials[::-1]) is trials[2]


def test_a_score_that_is_not_defined_is_not_feasible() -> None:
    search = Search(10, "t_statistic_r", 1)
    same = scored(0, {}, {"one": np.array([1.0, 1.0])}, search)
    assert math.isnan(same.score) and not same.feasible
    none = scored(0, {}, {"one": np.array([1.0, 2.0]), "two": np.zeros(0)}, Search(10, "expectancy_r", 1))
    assert math.isnan(none.score) and not none.feasible
    assert (none.scores["one"], none.trades) == (1.5, {"one": 2, "two": 0})


def test_the_sampler_goes_on_where_scores_are_not_defined() -> None:
    def sometimes(values: Mapping[str, Value]) -> dict[str, np.ndarray]:
        odd = int(values["period"]) % 2 == 1
        return {"one": np.array([math.nan, 1.0] if odd else [float(values["period"]), 0.0])}

    trials = tune({"period": tuple(range(2, 42))}, FIXED, sometimes, Search(30, "expectancy_r", 1), [1])
    chosen = best(trials)
    assert len(trials) == 30
    assert chosen is not None and int(chosen.values["period"]) % 2 == 0
    assert any(math.isnan(trial.score) for trial in trials)
    assert all(trial.feasible == (not math.isnan(trial.score)) for trial in trials)


def test_the_score_is_the_mean_over_the_variants() -> None:
    trial = scored(3, {"a": 1}, {"x": np.array([1.0, 3.0]), "y": np.array([-1.0, -1.0, 2.0])}, SEARCH)
    assert (trial.score, trial.scores) == (1.0, {"x": 2.0, "y": 0.0})
    assert (trial.trades, trial.feasible) == ({"x": 2, "y": 3}, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("expectancy_r", 0.5),
        ("t_statistic_r", 0.5 / math.sqrt(3) * 2),
        ("total_r", 2.0),
        ("win_rate", 0.5),
        ("profit_factor_r", 2.0),
    ],
)
def test_objectives(name: str, value: float) -> None:
    assert OBJECTIVES[name](np.array([2.0, -1.0, 2.0, -1.0])) == pytest.approx(value)
