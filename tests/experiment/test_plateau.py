"""The ground around what was chosen, by hand; what was given up, and the front of several objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from framework.experiment.plateau import landscape
from framework.experiment.search import Tuned
from framework.study import Outcome, Search, Trial, importances, scored
from tests.study import AROUND, FIXED, SEARCH, SPACE, Values, around, judged, searched

from .believed import home, ran, summary

BEST: Values = FIXED | {"period": 9, "level": 25.0, "kind": "both", "strict": True}


def trial(values: Values, search: Search = SEARCH, number: int = 0, **changes: Any) -> Trial:
    return replace(scored(number, values, judged_for(search)([values])[0], search), **changes)


def judged_for(search: Search) -> Any:
    return judged(around, search.objectives)


def ground(windows: Sequence[Tuned], search: Search = SEARCH, outcomes: Any = None, space: Any = SPACE) -> Any:
    evaluator: Any = SimpleNamespace(
        experiment=SimpleNamespace(search=search, space=space), outcomes=lambda _: outcomes or judged_for(search)
    )
    return landscape(evaluator, windows)


def window(*trials: Trial, search: Search = SEARCH) -> Tuned:
    return Tuned.of("one", list(trials), search)


def test_the_neighbours_of_what_was_chosen_by_hand() -> None:
    """Score 2.5; periods 7 and 14 score 2.1 and 1.5, levels 20 and 30 2.0 each, kinds 2.5 each, not strict 1.5."""
    found = ground([window(trial(BEST))])
    (around,) = found["plateau"]
    assert around == pytest.approx(
        {"window": 0, "score": 2.5, "neighbours": 7, "feasible": 7, "median": 2.0, "worst": 1.5}
    )
    assert (found["chosen"], found["neighbours"]) == pytest.approx((2.5, 2.0))


def test_at_an_end_of_an_axis_there_is_one_neighbour_less() -> None:
    corner = BEST | {"period": 7, "level": 40.0}  # 2.1 - 1.5 = 0.6; 9: 1.0, 35: 1.1, kinds 0.6, not strict -0.4
    (around,) = ground([window(trial(corner))])["plateau"]
    assert (around["neighbours"], around["score"], around["worst"], around["median"]) == pytest.approx(
        (5, 0.6, -0.4, 0.6)
    )


def test_neighbours_with_too_few_trades_say_nothing() -> None:
    def outcomes(sets: Sequence[Values]) -> list[Outcome]:
        few = {"aggressive": 2, "conservative": 9}
        return [
            replace(one, trades=few) if values["period"] != 9 or not values["strict"] else one
            for values, one in zip(sets, AROUND(sets), strict=True)
        ]

    (around,) = ground([window(trial(BEST))], outcomes=outcomes)["plateau"]
    assert (around["neighbours"], around["feasible"]) == (7, 4)  # levels and kinds: 2.0, 2.0, 2.5, 2.5
    assert (around["median"], around["worst"]) == pytest.approx((2.25, 2.0))
    none = ground([window(trial(BEST))], outcomes=lambda sets: [replace(one, trades={"x": 0}) for one in AROUND(sets)])
    (around,) = none["plateau"]
    assert around["feasible"] == 0 and math.isnan(around["median"]) and math.isnan(around["worst"])
    assert none["chosen"] == 2.5 and math.isnan(none["neighbours"])


def test_of_a_drawdown_the_worst_is_the_largest() -> None:
    search = replace(SEARCH, objectives=("max_drawdown_r",))
    low = BEST | {"period": 21, "level": 40.0, "strict": False}  # r = -1.9: falls of 7.6 and 14.5, on average 11.05
    (around,) = ground([window(trial(low, search), search=search)], search)["plateau"]
    assert around["score"] == pytest.approx(11.05)
    # Period 14 (r -0.5), level 35 (-1.4), two kinds (-1.9), strict (-0.9).
    due = sorted((4 * max(-r, 0) + 5 * (1 - r)) / 2 for r in (-0.5, -1.4, -1.9, -1.9, -0.9))
    assert (around["worst"], around["median"]) == pytest.approx((due[-1], due[2]))


def test_windows_that_chose_nothing_are_left_out() -> None:
    nothing = window(trial(BEST, feasible=False), trial(FIXED, feasible=False))
    found = ground([nothing, window(trial(BEST), trial(FIXED, number=1))])
    assert [one["window"] for one in found["plateau"]] == [1]
    assert (found["trials"], found["different"], found["grid"]) == (4, 2, 120)
    alone = ground([nothing])
    assert alone["plateau"] == [] and math.isnan(alone["chosen"]) and math.isnan(alone["neighbours"])


def test_what_was_given_up_is_counted() -> None:
    gone = trial(FIXED, number=1, pruned=True, feasible=False)
    found = ground([window(trial(BEST), gone), window(gone, gone, trial(BEST, number=2))])
    assert (found["pruned"], found["trials"], found["different"]) == (3, 5, 2)


def test_how_it_was_searched() -> None:
    trials = searched(replace(SEARCH, storage="memory"))
    found = ground([window(*trials)])
    assert (found["sampler"], found["batch"], found["take"], found["front"]) == ("tpe", 8, None, None)
    assert found["importances"] == importances(SPACE, trials) and found["objectives"] == ["expectancy_r"]
    assert ground([window(trial(BEST))], replace(SEARCH, trials=120))["sampler"] == "grid"
    assert ground([window(trial(BEST))], replace(SEARCH, trials=119))["sampler"] == "tpe"
    assert ground([], space={}) is None


def better_in_all(one: Any, other: Any) -> bool:
    """Whether a row of trials.parquet leaves another behind: more R on average, less of a fall."""
    first = one["objective_expectancy_r"] - other["objective_expectancy_r"]
    second = other["objective_max_drawdown_r"] - one["objective_max_drawdown_r"]
    return bool(first >= 0 and second >= 0 and (first > 0 or second > 0))


@pytest.mark.parametrize("take", ["knee", "max_drawdown_r", "expectancy_r"])
def test_what_is_taken_lies_on_the_front(tmp_path: Path, take: str) -> None:
    folder = ran(
        home(tmp_path), "search.objective = ['expectancy_r', 'max_drawdown_r']", f"search.take = '{take}'",
        "search.sampler = 'random'", "search.trials = 12", "chance.draws = 0", "variants = ['aggressive']",
    )  # fmt: skip
    found, trials = summary(folder)["search"], pd.read_parquet(folder / "trials.parquet")
    assert (found["objectives"], found["take"]) == (["expectancy_r", "max_drawdown_r"], take)
    sizes = []
    for _, part in trials.groupby("window"):
        rows = part[part["feasible"]].to_dict("records")
        front = [one for one in rows if not any(better_in_all(other, one) for other in rows)]
        points = {(one["objective_expectancy_r"], one["objective_max_drawdown_r"]) for one in front}
        (chosen,) = part[part["chosen"]].to_dict("records")
        sizes.append(len(points))
        mine = (chosen["objective_expectancy_r"], chosen["objective_max_drawdown_r"])
        assert mine in points
        ideal = (max(point[0] for point in points), min(point[1] for point in points))
        reach = [max(one) - min(one) or 1 for one in zip(*points, strict=True)]
        away = {one: sum(((one[k] - ideal[k]) / reach[k]) ** 2 for k in (0, 1)) for one in points}
        due = {"expectancy_r": max(points), "max_drawdown_r": min(points, key=lambda one: one[1])}
        assert mine == due.get(take, min(points, key=lambda one: away[one]))
    assert found["front"] == sizes and max(sizes) > 1, "a front of one point would prove nothing"


def test_a_run_that_gives_trials_up_says_how_many(tmp_path: Path) -> None:
    folder = ran(home(tmp_path), "search.folds = 4", "search.trials = 14", "chance.draws = 0", "windows.test = '9m'")
    trials = pd.read_parquet(folder / "trials.parquet")
    assert summary(folder)["search"]["pruned"] == trials["pruned"].sum() > 0
    assert not (trials["pruned"] & trials["feasible"]).any() and not (trials["pruned"] & trials["chosen"]).any()
