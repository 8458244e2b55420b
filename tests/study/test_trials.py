"""Which trial is taken: feasible ones, the front of several objectives, its knee."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.study import KNEE, LEAST, OBJECTIVES, Outcome, Search, Trial, best, front, scored
from tests import examples
from tests.study import SEARCH, around, judged, searched

TWO = Search(10, ("expectancy_r", "total_r"), 1)
THREE = Search(10, ("expectancy_r", "total_r", "max_drawdown_r"), 1)


def trial(number: int, *values: float, names: tuple[str, ...] = TWO.objectives, feasible: bool = True) -> Trial:
    return Trial(number, {}, dict(zip(names, values, strict=True)), {}, {}, feasible)


def outcome(*values: float, trades: int = 10) -> Outcome:
    found = {name: {"one": value} for name, value in zip(THREE.objectives, values, strict=False)}
    return Outcome(found, {"one": trades})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("expectancy_r", 0.5),
        ("t_statistic_r", 0.5 / math.sqrt(3) * 2),
        ("total_r", 2.0),
        ("win_rate", 0.5),
        ("profit_factor_r", 2.0),
        ("max_drawdown_r", 1.0),
    ],
)
def test_objectives(name: str, value: float) -> None:
    assert OBJECTIVES[name](np.array([2.0, -1.0, 2.0, -1.0])) == pytest.approx(value)


@pytest.mark.parametrize(
    ("r", "deepest"),
    [
        ([1.0, 2.0, 3.0], 0.0),
        ([-1.0, 5.0], 1.0),  # from the start, where nothing is gained yet
        ([3.0, -1.0, -1.5, 2.0, -0.5], 2.5),
        ([1.0, -2.0, 1.5, -2.0, 4.0], 2.5),  # over a rise in between
        ([-1.0, -1.0, -1.0], 3.0),
    ],
)
def test_the_drawdown_is_the_deepest_fall_of_the_sum_of_r(r: list[float], deepest: float) -> None:
    assert OBJECTIVES["max_drawdown_r"](np.array(r)) == deepest
    assert frozenset({"max_drawdown_r"}) == LEAST


@pytest.mark.parametrize(
    ("name", "r"),
    [("t_statistic_r", [1.0]), ("t_statistic_r", [1.0, 1.0]), ("profit_factor_r", [1.0, 2.0]), ("win_rate", [math.nan])]
    + [(name, [1.0, math.nan]) for name in OBJECTIVES if name != "profit_factor_r"],
)
def test_objectives_that_are_not_defined_are_nan(name: str, r: list[float]) -> None:
    assert math.isnan(OBJECTIVES[name](np.array(r)))


def test_the_score_is_the_mean_over_the_variants() -> None:
    made = judged(lambda _: {"x": np.array([1.0, 3.0]), "y": np.array([-1.0, -1.0, 2.0])})([{"a": 1}])[0]
    one = scored(3, {"a": 1}, made, SEARCH)
    assert (one.number, one.values, one.score, one.scores) == (3, {"a": 1}, 1.0, {"x": 2.0, "y": 0.0})
    assert (one.trades, one.feasible, one.pruned) == ({"x": 2, "y": 3}, False, False)


def test_every_objective_is_a_mean_over_the_variants() -> None:
    gains = {"x": np.array([2.0, -1.0]), "y": np.array([-3.0, 1.0, 1.0])}
    names = ("total_r", "max_drawdown_r", "expectancy_r")
    one = scored(0, {}, judged(lambda _: gains, names)([{}])[0], Search(1, names, 2))
    assert one.objectives == {"total_r": 0.0, "max_drawdown_r": 2.0, "expectancy_r": pytest.approx((0.5 - 1 / 3) / 2)}
    assert (one.score, one.scores, one.feasible) == (0.0, {"x": 1.0, "y": -1.0}, True)


def test_feasible_is_enough_trades_of_every_variant_and_all_objectives_known() -> None:
    search = Search(1, ("expectancy_r", "total_r"), 4)
    for few, many, value, ok in ((4, 4, 1.0, True), (3, 9, 1.0, False), (9, 3, 1.0, False), (9, 9, math.nan, False)):
        found = {"expectancy_r": {"x": 1.0, "y": 1.0}, "total_r": {"x": 1.0, "y": value}}
        assert scored(0, {}, Outcome(found, {"x": few, "y": many}), search).feasible is ok
    fine = Outcome({"expectancy_r": {"x": 1.0}, "total_r": {"x": 1.0}}, {"x": 4})
    given_up = scored(0, {}, fine, search, pruned=True)
    assert given_up.pruned and not given_up.feasible


def test_a_score_that_is_not_defined_is_not_feasible() -> None:
    same = judged(lambda _: {"one": np.array([1.0, 1.0])}, ["t_statistic_r"])([{}])[0]
    one = scored(0, {}, same, Search(10, ("t_statistic_r",), 1))
    assert math.isnan(one.score) and not one.feasible
    none = judged(lambda _: {"one": np.array([1.0, 2.0]), "two": np.zeros(0)})([{}])[0]
    other = scored(0, {}, none, Search(10, min_trades=1))
    assert math.isnan(other.score) and not other.feasible
    assert (other.scores["one"], other.trades) == (1.5, {"one": 2, "two": 0})
    assert not scored(0, {}, none, Search(10, min_trades=0)).feasible


def test_best_is_none_when_nothing_is_feasible() -> None:
    assert best([], SEARCH) is None and front([]) == []
    trials = searched(Search(20, min_trades=5, sampler="random"))
    assert min(len(r) for r in around(trials[0].values).values()) == 4
    assert best(trials, SEARCH) is None and front(trials) == []


def test_best_is_the_earliest_of_equals() -> None:
    rows = ((0, 1.0, True), (1, 3.0, False), (2, 2.0, True), (3, 2.0, True))
    trials = [trial(n, score, names=("expectancy_r",), feasible=ok) for n, score, ok in rows]
    assert best(trials, SEARCH) is trials[2]
    assert front(trials) == [trials[2]]


def test_a_least_objective_is_turned_round() -> None:
    search = Search(10, ("max_drawdown_r",), 1)
    trials = [trial(n, value, names=search.objectives) for n, value in enumerate((4.0, 1.5, 2.0, 1.5))]
    assert best(trials, search) is trials[1]


def test_a_front_and_its_knee_by_hand() -> None:
    """Ranges 10 and 100. Away from the ideal (10, 100): (10, 0) 1, (9, 60) .1² + .4², (5, 90) .5² + .1², (0, 100) 1."""
    trials = [
        trial(0, 8.0, 50.0),  # (9, 60) is better in both
        trial(1, 0.0, 100.0),
        trial(2, 5.0, 90.0),
        trial(3, 9.0, 60.0),
        trial(4, 11.0, 200.0, feasible=False),
        trial(5, 10.0, 0.0),
        trial(6, 9.0, 60.0),  # once more
        trial(7, 5.0, 80.0),  # as good in one, worse in the other
    ]
    assert front(trials) == [trials[1], trials[2], trials[3], trials[5]]
    assert best(trials, TWO) is trials[3]
    assert best(trials, Search(10, TWO.objectives, 1, take="total_r")) is trials[1]
    assert best(trials, Search(10, TWO.objectives, 1, take="expectancy_r")) is trials[5]


def test_a_knee_with_a_least_objective() -> None:
    """Drawdowns 2, 4, 12 of 10 for expectancies 0, 8, 10: away 1, .2² + .2², 1."""
    names = ("expectancy_r", "max_drawdown_r")
    search = Search(10, names, 1)
    rows = ((10.0, 12.0), (0.0, 2.0), (7.0, 5.0), (8.0, 4.0))
    trials = [trial(n, *row, names=names) for n, row in enumerate(rows)]
    assert front(trials) == [trials[0], trials[1], trials[3]]
    assert best(trials, search) is trials[3]
    assert best(trials, Search(10, names, 1, take="max_drawdown_r")) is trials[1]


def test_a_knee_of_equals_is_the_earliest() -> None:
    trials = [trial(3, 0.0, 1.0), trial(5, 1.0, 0.0)]
    assert best(trials, TWO) is trials[0]
    alone = [trial(4, 1.0, 2.0)]
    assert best(alone, TWO) is alone[0]
    mirrored = [trial(0, 0.0, 10.0), trial(1, 1.0, 9.0), trial(2, 9.0, 1.0), trial(3, 10.0, 0.0), trial(4, 6.0, 3.0),
                trial(5, 3.0, 6.0)]  # fmt: skip
    assert best(mirrored, TWO) is mirrored[4]  # as far from the ideal as the last one


def test_a_named_take_of_equals_is_the_earliest() -> None:
    """With three objectives several points of the front may be the best in one."""
    rows = ((1.0, 5.0, 3.0), (9.0, 4.0, 3.0), (9.0, 5.0, 4.0), (2.0, 2.0, 1.0))
    trials = [trial(n, *row, names=THREE.objectives) for n, row in enumerate(rows)]
    assert front(trials) == trials
    for name, number in (("expectancy_r", 1), ("total_r", 0), ("max_drawdown_r", 3)):
        assert best(trials, Search(10, THREE.objectives, 1, take=name)) is trials[number]


values = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0])
rows = st.lists(st.tuples(values, values, values, st.booleans()), max_size=25)


def turned(one: Trial) -> list[float]:
    return [-value if name == "max_drawdown_r" else value for name, value in one.objectives.items()]


def dominates(one: Trial, other: Trial) -> bool:
    pairs = list(zip(turned(one), turned(other), strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


@settings(deadline=None, database=None, derandomize=True, max_examples=examples(300))
@given(rows, st.sampled_from([1, 2, 3]), st.randoms())
def test_the_front_against_a_plain_second_one(
    made: list[tuple[float, float, float, bool]], many: int, by: object
) -> None:
    """Every pair compared; and the knee, worked out number by number."""
    names = ("max_drawdown_r", "expectancy_r", "total_r")[:many]
    trials = [trial(n, *row[:many], names=names, feasible=row[3]) for n, row in enumerate(made)]
    ok = [one for one in trials if one.feasible]
    on = [one for one in ok if not any(dominates(other, one) for other in ok)]
    due = [one for n, one in enumerate(on) if not any(turned(one) == turned(other) for other in on[:n])]
    assert front(trials) == due
    knee = best(trials, Search(9, names, 1, take=KNEE))
    if not due:
        assert knee is None
        return
    table = [turned(one) for one in due]
    ideal = [max(column) for column in zip(*table, strict=True)]
    reach = [max(column) - min(column) or 1.0 for column in zip(*table, strict=True)]
    away = [sum(((a - b) / c) ** 2 for a, b, c in zip(ideal, row, reach, strict=True)) for row in table]
    nearest = min(n for n, one in enumerate(away) if one <= min(away) + 1e-9)
    assert knee is due[nearest]
    for name in names:
        taken = best(trials, Search(9, names, 1, take=name))
        sign = -1 if name == "max_drawdown_r" else 1
        most = max(sign * one.objectives[name] for one in ok)
        assert taken is next(one for one in due if sign * one.objectives[name] == most)
