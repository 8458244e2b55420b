"""Which parameters matter, and the neighbours of a set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from framework.params import Value
from framework.study import Trial, importances, neighbours, pooled
from tests.study import SPACE, Values

SQUARE: dict[str, tuple[Value, ...]] = {"a": tuple(range(8)), "b": tuple(float(x) for x in range(8))}


def trials(space: dict[str, tuple[Value, ...]], score: Callable[[Values], float]) -> list[Trial]:
    """The whole grid."""
    sets = [dict(zip(space, row, strict=True)) for row in itertools.product(*space.values())]
    return [Trial(n, one, {"expectancy_r": score(one)}, {}, {}, True) for n, one in enumerate(sets)]


@pytest.mark.parametrize("name", SPACE)
def test_the_parameter_that_alone_decides_has_all(name: str) -> None:
    """Whether it is a number, in order or not, a word or a switch."""
    random = np.random.default_rng(3)
    worth = {value: float(n) for n, value in enumerate(SPACE[name])}
    found = importances(SPACE, trials(SPACE, lambda one: worth[one[name]] + random.normal(0, 0.01)))
    assert found[name] > 0.9
    assert list(found) == list(SPACE)
    assert sum(found.values()) == pytest.approx(1)


def test_equal_parameters_matter_equally() -> None:
    found = importances(SQUARE, trials(SQUARE, lambda one: float(one["a"]) + float(one["b"])))
    assert found["a"] == pytest.approx(0.5, abs=0.05) and found["b"] == pytest.approx(0.5, abs=0.05)


def test_shares_of_the_variance() -> None:
    """Of a + 2 b on a square grid b has four fifths of the variance."""
    found = importances(SQUARE, trials(SQUARE, lambda one: float(one["a"]) + 2 * float(one["b"])))
    assert found["b"] == pytest.approx(0.8, abs=0.05)


def test_the_same_trials_the_same_importances() -> None:
    made = trials(SQUARE, lambda one: float(one["a"]) * float(one["b"]))
    assert importances(SQUARE, made) == importances(SQUARE, made)


def test_not_known_where_trials_say_too_little() -> None:
    nothing = {"a": math.nan, "b": math.nan}
    whole = trials(SQUARE, lambda one: float(one["a"]))
    assert repr(importances(SQUARE, [])) == repr(nothing)
    assert repr(importances(SQUARE, whole[:19])) == repr(nothing)
    assert not math.isnan(importances(SQUARE, whole[:20])["a"])
    assert repr(importances(SQUARE, whole[:10] * 9)) == repr(nothing), "the same ten sets again and again"
    assert repr(importances(SQUARE, trials(SQUARE, lambda _: 1.0))) == repr(nothing)
    bare = [Trial(one.number, one.values, one.objectives, {}, {}, one.number < 19) for one in whole]
    assert repr(importances(SQUARE, bare)) == repr(nothing), "of the others nothing is known"


def test_what_is_not_feasible_has_no_say() -> None:
    made = trials(SQUARE, lambda one: float(one["a"]))
    wild = [Trial(64 + n, one.values, {"expectancy_r": math.nan}, {}, {}, False) for n, one in enumerate(made)]
    assert importances(SQUARE, made + wild) == importances(SQUARE, made)


def test_pooled_is_the_average_of_the_known() -> None:
    known = [{"a": 0.2, "b": 0.8}, {"a": math.nan, "b": math.nan}, {"a": 0.6, "b": 0.4}]
    assert pooled(known) == pytest.approx({"a": 0.4, "b": 0.6})
    assert repr(pooled(known[1:2])) == repr({"a": math.nan, "b": math.nan})
    assert pooled([]) == {}


def test_neighbours_by_hand() -> None:
    """The next numbers in order, however a file lists them; each other word."""
    middle: Values = {"period": 14, "level": 20.0, "kind": "both", "strict": False, "width": 5}
    changes = [
        ("period", 9),
        ("period", 21),
        ("level", 25.0),
        ("kind", "hidden"),
        ("kind", "regular"),
        ("strict", True),
    ]
    assert neighbours(SPACE, middle) == [middle | {name: value} for name, value in changes]
    corner: Values = {"period": 21, "level": 40.0, "kind": "regular", "strict": True, "width": 5}
    changes = [("period", 14), ("level", 35.0), ("kind", "hidden"), ("kind", "both"), ("strict", False)]
    assert neighbours(SPACE, corner) == [corner | {name: value} for name, value in changes]
    assert neighbours({}, middle) == []
    assert neighbours({"width": (5,)}, middle) == []


def test_neighbours_are_mutual() -> None:
    sets = [one.values for one in trials(SPACE, lambda _: 0.0)]
    for one in sets:
        for other in neighbours(SPACE, one):
            assert other in sets and one in neighbours(SPACE, other)
