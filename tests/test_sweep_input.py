"""What may be swept: values of any kind that are numbers or words; anything else is refused in one line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.sweep import sweep
from framework.workspace import Strategy

from .sweeping import HEAD, SIGNALS, market, ruled

REFUSING = """
    def __post_init__(self):
        if self.fast >= self.slow:
            raise ValueError("fast must be below slow")
"""


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Strategy:
    return ruled(tmp_path_factory.mktemp("crossing"), HEAD + SIGNALS)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"fats": [2]}, "'fats': is no parameter; did you mean 'fast'?"),
        ({"exits.target": [2.0]}, "did you mean 'exits.target_r'?"),
        ({"exit.trail": [True]}, "did you mean 'exits.trail'?"),
        ({"window": [1]}, "'window': is no parameter; known: "),
        ({"entry": ["agressive"]}, "entry: is 'agressive'; did you mean 'aggressive'?"),
        ({"entry": [None]}, "entry: "),
        ({"fast": [2, 4]}, "fast = 4 is outside its range; allowed: 2, 3, 5, 8, 20"),
        ({"fast": ["two"]}, "fast = 'two' is not a whole number"),
        ({"fast": [2.0]}, "fast = 2.0 is not a whole number"),
        ({"fast": [None]}, "fast = None is not a whole number"),
        ({"fast": [True]}, "fast = True is not a whole number"),
        ({"sure": [False, 0]}, "sure = 0 is not true or false"),
        ({"near": [math.inf]}, "near = inf is outside its range; allowed: 0.0 to 0.1"),
        ({"exits.target_r": [1, -1]}, "exits.target_r: is -1"),
        ({"exits.fill": ["opening"]}, "exits.fill: is 'opening'; one of open, close"),
        ({"exits.time_stop": [1, True]}, "exits.time_stop: is True"),
        ({"exits.trail": [True, 1]}, "exits.trail: is 1; true or false"),
        ({"costs.fee": [0.0, None]}, "costs.fee: is None"),
        ({"sizing.leverage": [0]}, "sizing.leverage: is 0"),
        ({"fast": []}, "fast: has no value"),
        (pd.DataFrame({"fast": []}), "has no parameter set"),
        (pd.DataFrame(), "has no parameter set"),
        (pd.DataFrame([[2, 3]], columns=["fast", "fast"]), "fast"),
        ({"fast": [[2, 3]]}, "fast"),
        ([{"fast": 2}], "sweep"),
        ({"entry": ["conservative"]}, "no anchor"),
    ],
)
def test_what_cannot_be_tried_is_one_line(space: Any, said: str, crossing: Strategy) -> None:
    with pytest.raises(UserError) as refused:
        sweep(market(100), crossing, space)
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("cash", [0.0, -1.0, math.nan, math.inf])
def test_cash_is_a_positive_amount(cash: float, crossing: Strategy) -> None:
    with pytest.raises(UserError, match="cash"):
        sweep(market(100), crossing, {"fast": [2]}, cash=cash)


def test_values_that_do_not_go_together(tmp_path: Path) -> None:
    """The one line says which values a rule refuses."""
    rule = ruled(tmp_path, HEAD + REFUSING + SIGNALS)
    with pytest.raises(UserError, match="fast must be below slow") as refused:
        sweep(market(100), rule, {"fast": [3, 8], "slow": [5, 13]})
    assert "8" in str(refused.value) and "5" in str(refused.value)


@pytest.mark.parametrize(
    "space",
    [
        {"fast": np.array([2, 5]), "near": np.array([0.0, 0.05])},
        {"fast": [np.int64(2), 5], "near": (np.float64(0), 0.05)},
        {"fast": range(2, 6, 3), "near": pd.Series([0.0, 0.05])},
        {"fast": np.array([2, 5], np.int8), "near": [0, 0.05]},
        {"fast": iter([2, 5]), "near": np.array([0, 0.05], object)},
        pd.DataFrame({"fast": [2, 2, 5, 5], "near": [0, 0.05] * 2}, dtype=object),
        pd.DataFrame({"fast": pd.array([2, 2, 5, 5], "Int64"), "near": [0.0, 0.05] * 2}),
        pd.DataFrame({"fast": pd.Categorical([2, 2, 5, 5]), "near": [0.0, 0.05] * 2}),
    ],
)
def test_values_of_other_kinds_are_the_same_values(space: Any, crossing: Strategy) -> None:
    walk = market(300, 2)
    plain = sweep(walk, crossing, {"fast": [2, 5], "near": [0.0, 0.05]})
    found = sweep(walk, crossing, space)
    assert found["fast"].tolist() == [2, 2, 5, 5] and found["near"].tolist() == [0.0, 0.05] * 2
    pd.testing.assert_frame_equal(found.iloc[:, 2:], plain.iloc[:, 2:], check_exact=True)


@pytest.mark.parametrize("one", [np.int64(5), np.array(5), 5])
def test_one_value_needs_no_list(one: Any, crossing: Strategy) -> None:
    space = {"fast": one, "exits.trail": np.True_, "exits.target_r": None, "side": "long"}
    (row,) = sweep(market(300, 2), crossing, space).to_dict("records")
    assert [row[name] for name in space] == [5, True, None, "long"]


def test_none_and_nan_are_no_option(crossing: Strategy) -> None:
    found = sweep(market(300, 2), crossing, {"exits.target_r": [None, math.nan, 1.0]})
    assert found["total_return"][0] == found["total_return"][1] != found["total_return"][2]
