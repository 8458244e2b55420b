"""Sets that are chosen beforehand: the whole grid, random points, points spread evenly."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from framework.params import Value
from framework.study import Outcome, Search, learns, size, tune
from framework.study.points import Space, chosen
from tests.study import AROUND, FIXED, NOWHERE, SPACE, Values, judged, searched, tried

GRID = {"period": (21, 7, 14), "strict": (False, True)}
EVEN: Space = {"a": tuple(range(16)), "b": tuple(float(x) for x in range(8)), "c": tuple(range(4))}
FINE: Space = {name: tuple(range(64)) for name in "abc"}
MIDDLE: dict[str, Value] = {"a": 31, "b": 31, "c": 31}
START: dict[str, Value] = {"a": 5, "b": 3.0, "c": 2}
BEFOREHAND = ("random", "quasi_random")


def points(sampler: str, count: int, seed: int, space: Space = EVEN, start: dict[str, Value] = START) -> list[object]:
    return [tuple(one.values()) for one in chosen(space, start, Search(count, sampler=sampler), [seed])]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", *BEFOREHAND, "grid"])
def test_a_small_space_is_swept_whole_defaults_first(sampler: str) -> None:
    search = Search(6, min_trades=3, sampler=sampler)
    trials = tune(GRID, FIXED, AROUND, search, [1], (NOWHERE, "study"))
    assert not learns(GRID, search)
    assert trials[0].values == FIXED
    assert [trial.number for trial in trials] == list(range(6))
    pairs = {(trial.values["period"], trial.values["strict"]) for trial in trials}
    assert pairs == {(period, strict) for period in (7, 14, 21) for strict in (False, True)}
    assert all(trial.values["width"] == 5 and trial.values["level"] == 30.0 for trial in trials)


def test_the_grid_is_whole_though_fewer_trials_are_asked_for() -> None:
    trials = searched(Search(5, sampler="grid"))
    assert len(trials) == size(SPACE) == 4 * 5 * 3 * 2
    assert trials[0].values == FIXED
    assert len({tuple(one.items()) for one in tried(trials)}) == len(trials)
    in_order = [dict(zip(SPACE, row, strict=True)) for row in itertools.product(*SPACE.values())]
    rest = [one for one in in_order if any(one[name] != FIXED[name] for name in SPACE)]
    assert [{name: one[name] for name in SPACE} for one in tried(trials)[1:]] == rest


@pytest.mark.parametrize("trials", [0, 1, 60])
@pytest.mark.parametrize("sampler", ["tpe", "cmaes", *BEFOREHAND, "grid"])
def test_nothing_to_search_is_one_trial(trials: int, sampler: str) -> None:
    search = Search(trials, min_trades=3, sampler=sampler)
    assert tried(tune({}, FIXED, AROUND, search, [1], (NOWHERE, "study"))) == [FIXED]


@pytest.mark.parametrize("sampler", BEFOREHAND)
def test_as_many_as_asked_for_different_ones_defaults_first(sampler: str) -> None:
    for count, seed in itertools.product((1, 2, 3, 7, 8, 100, 120), range(3)):
        trials = searched(Search(count, sampler=sampler), [seed])
        assert trials[0].values == FIXED
        assert len({tuple(one.items()) for one in tried(trials)}) == len(trials) == count
        for trial in trials:
            assert list(trial.values) == list(FIXED) and trial.values["width"] == 5
            assert all(type(trial.values[name]) is type(FIXED[name]) for name in SPACE)
            assert all(trial.values[name] in values for name, values in SPACE.items())


@pytest.mark.parametrize("sampler", BEFOREHAND)
def test_more_than_the_grid_has_are_all_of_it(sampler: str) -> None:
    for count in (120, 121, 5000):
        assert len(searched(Search(count, sampler=sampler))) == 120


@pytest.mark.parametrize("sampler", BEFOREHAND)
def test_one_less_than_the_grid_has(sampler: str) -> None:
    """The hardest to find all different: nearly every point must be drawn."""
    found = points(sampler, 511, 4)
    assert len(set(found)) == len(found) == 511


@pytest.mark.parametrize("sampler", BEFOREHAND)
def test_every_window_tries_the_same_another_seed_others(sampler: str) -> None:
    search = Search(30, sampler=sampler)
    first = searched(search, [7, 0])
    assert first == searched(search, [7, 0]) == searched(search, [7, 1]) == searched(search, [7, 99])
    assert tried(first) != tried(searched(search, [8, 0]))


def test_evaluated_in_batches_told_after_each() -> None:
    asked: list[int] = []
    told: list[int] = []

    def evaluate(sets: Sequence[Values]) -> list[Outcome]:
        asked.append(len(sets))
        return AROUND(sets)

    trials = tune(SPACE, FIXED, evaluate, Search(100, sampler="random"), [1], (NOWHERE, ""), told.append)
    assert sum(asked) == len(trials) == told[-1] == 100
    assert told == np.cumsum(asked).tolist()


def test_random_points_are_uniform() -> None:
    """Every set but the defaults equally often over many seeds: a chi-square test, and one of each parameter."""
    start = {"period": 14, "strict": False}
    space = {"period": (21, 7, 14, 9), "strict": (False, True)}
    seeds = 4000
    drawn = [points("random", 4, seed, space, start)[1:] for seed in range(seeds)]
    counts = Counter(point for one in drawn for point in one)
    assert len(counts) == 7 and (14, False) not in counts
    # The defaults are among the four drawn in half of the seeds: then three others are all there is, else the first.
    assert all(len(one) == 3 for one in drawn)
    assert stats.chisquare(list(counts.values())).pvalue > 0.001
    pairs = Counter(frozenset(pair) for one in drawn for pair in itertools.combinations(one, 2))
    assert len(pairs) == 21
    assert stats.chisquare(list(pairs.values())).pvalue > 0.001


@pytest.mark.parametrize("seed", range(5))
def test_spread_points_take_every_value_equally_often(seed: int) -> None:
    """As many points as an axis has values take each value of each axis once, but for the defaults, which come besides
    and for which the last one is left out; random points leave out every third value.
    """
    spread = np.array(points("quasi_random", 64, seed, FINE, MIDDLE))[1:]
    assert all(len(set(column)) == 63 for column in spread.T)
    random = np.array(points("random", 64, seed, FINE, MIDDLE))[1:]
    assert all(len(set(column)) < 50 for column in random.T)


def test_spread_points_are_more_even_than_random_ones() -> None:
    """In the whole space, not only along its axes: lower discrepancy for every size and seed."""
    for count in (32, 50, 128, 200):
        uneven = {}
        for sampler in BEFOREHAND:
            unit = [(np.array(points(sampler, count, seed, FINE, MIDDLE), float) + 0.5) / 64 for seed in range(20)]
            uneven[sampler] = np.array([qmc.discrepancy(one) for one in unit])
        assert uneven["quasi_random"].max() < uneven["random"].min()


@pytest.mark.parametrize("sampler", ["random", "quasi_random", "tpe", "cmaes"])
def test_a_space_beyond_sixty_four_bits(sampler: str) -> None:
    """Twenty parameters of ten values are more points than a machine's whole numbers count."""
    space: dict[str, tuple[Value, ...]] = {f"p{k}": tuple(range(10)) for k in range(20)}
    fixed: dict[str, Value] = dict.fromkeys(space, 3)
    search = Search(20, min_trades=1, sampler=sampler, storage="memory")

    trials = tune(space, fixed, judged(lambda v: {"one": np.full(3, float(v["p7"]))}), search, [1], (NOWHERE, "study"))
    assert len({tuple(one.items()) for one in tried(trials)}) == 20
    assert trials[0].values == fixed
