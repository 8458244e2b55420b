"""Paths through the splits by hand, and each group's trades those of the set that the split chose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment.combined import combined
from framework.experiment.files import Folder
from framework.experiment.ready import Ready, union
from framework.experiment.search import Evaluator, Tuned, trainings, tuned
from framework.simulation import simulate
from framework.validation.combinatorial import Combinatorial, embargo_after, kept

from .believed import home, made

CALENDAR = pd.date_range("2020-01-01", periods=40, tz="UTC")
# Which split tests a group on a path, of four groups tested two at a time: 01, 02, 03, 12, 13, 23.
PATHS = [(0, 0, 1, 2), (1, 3, 3, 4), (2, 4, 5, 5)]


def told(shape: Combinatorial, tables: Any, bests: list[bool] | None = None) -> dict[str, Any]:
    """Paths from tables of trades and R by split: shape [splits, 2, groups, variants]."""
    splits = shape.splits(CALENDAR)
    plan = SimpleNamespace(groups=shape.grouped(CALENDAR))
    evaluator: Any = SimpleNamespace(
        scored=lambda sets: [SimpleNamespace(grouped=tables[values["n"]]) for values in sets],
        trainings=SimpleNamespace(plan=plan),
    )
    ready: Any = SimpleNamespace(
        experiment=SimpleNamespace(combinatorial=shape),
        trading=SimpleNamespace(policies=dict.fromkeys(["one", "two"][: tables.shape[3]])),
        splits=splits,
    )
    chose: Any = [
        SimpleNamespace(chosen=SimpleNamespace(values={"n": n}), best=best or None)
        for n, best in enumerate(bests or [True] * len(splits))
    ]
    found = combined(ready, evaluator, chose)
    assert found is not None
    return found


def test_paths_by_hand() -> None:
    random = np.random.default_rng(1)
    tables = np.stack([random.integers(1, 9, (6, 4, 2)).astype(float), random.normal(size=(6, 4, 2))], axis=1)
    found = told(Combinatorial(4, 2), tables, [True, False, True, True, False, True])
    assert (found["groups"], found["tested"], found["splits"], found["defaults"]) == (4, 2, 6, 2)
    for v, name in enumerate(("one", "two")):
        n = [sum(tables[split, 0, group, v] for group, split in enumerate(path)) for path in PATHS]
        r = [sum(tables[split, 1, group, v] for group, split in enumerate(path)) for path in PATHS]
        due = [{"r": pytest.approx(gained / trades), "trades": trades} for gained, trades in zip(r, n, strict=True)]
        assert found["variants"][name]["paths"] == due
        each = sorted(gained / trades for gained, trades in zip(r, n, strict=True))
        assert found["variants"][name]["median"] == pytest.approx(each[1])
        assert found["variants"][name]["lost"] == pytest.approx(sum(one < 0 for one in each) / 3)


def test_a_path_without_a_trade_is_not_counted() -> None:
    tables = np.zeros((6, 2, 4, 1))
    tables[0, :, 0, 0], tables[4, :, 3, 0] = (2, 3), (4, -2)  # of the first path, and of the second
    one = told(Combinatorial(4, 2), tables)["variants"]["one"]
    assert repr(one["paths"]) == repr(
        [{"r": 1.5, "trades": 2}, {"r": -0.5, "trades": 4}, {"r": float("nan"), "trades": 0}]
    )
    assert (one["median"], one["lost"]) == (0.5, 0.5)
    none = told(Combinatorial(4, 2), np.zeros((6, 2, 4, 1)))["variants"]["one"]
    assert np.isnan([none["median"], none["lost"], *(path["r"] for path in none["paths"])]).all()


def test_five_paths_of_six_groups_and_every_test_once() -> None:
    tables = np.zeros((15, 2, 6, 1))
    tables[:, 0] = 1
    tables[:, 1, :, 0] = np.arange(90).reshape(15, 6)
    found = told(Combinatorial(), tables)
    paths = found["variants"]["one"]["paths"]
    assert [path["trades"] for path in paths] == [6] * 5 and found["splits"] == 15
    tested = [(one["tested"], tables[one["tested"], 1, group, 0]) for group, one in enumerate(found["intervals"])]
    assert all(len(splits) == 5 for splits, _ in tested)
    assert sum(path["r"] * 6 for path in paths) == pytest.approx(sum(gained.sum() for _, gained in tested))
    assert found["intervals"][0]["tested"] == [0, 1, 2, 3, 4] and found["intervals"][5]["tested"] == [4, 8, 11, 13, 14]
    starts = [one["start"] for one in found["intervals"]]
    assert starts[0] == CALENDAR[0] and [one["end"] for one in found["intervals"]][:-1] == starts[1:]
    assert found["intervals"][-1]["end"] > CALENDAR[-1]


def test_none_where_none_are_asked_for() -> None:
    ready: Any = SimpleNamespace(experiment=SimpleNamespace(combinatorial=None))
    assert combined(ready, ready, []) is None


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ready, Evaluator, list[Tuned]]:
    place = home(tmp_path_factory.mktemp("combined"), 700)
    ready = made(place, "combinatorial.groups = 4", "search.trials = 4", "chance.draws = 0")
    evaluator = Evaluator(ready.experiment, trainings(ready, ready.markets), 1)
    return ready, evaluator, tuned(evaluator, Folder(place / "out", "x"), lambda *_: None)[1]


def through(ready: Ready, values: Any, name: str) -> list[pd.DataFrame]:
    """The closed trades of an account through all the bars of each market."""
    terms, tables = ready.trading.terms, []
    for bars in ready.markets:
        entries = ready.trading.find(bars, values).entries[name]
        done = simulate(bars, entries, terms.costs, terms.sizing, terms.exits, ready.trading.stake).trades
        tables.append(done[done["exit_reason"] != "open"])
    return tables


def test_a_group_is_traded_with_the_set_of_the_path(wired: tuple[Ready, Evaluator, list[Tuned]]) -> None:
    ready, evaluator, splits = wired
    assert [one.name for one in splits] == [f"split-{n:04}" for n in range(6)]
    found = combined(ready, evaluator, splits)
    assert found is not None
    groups = ready.experiment.combinatorial.grouped(union(ready.markets))  # type: ignore[union-attr]
    assert len({tuple(one.chosen.values.items()) for one in splits}) > 1, "or any wiring would do"
    for name, one in found["variants"].items():
        for path, due in zip(PATHS, one["paths"], strict=True):
            r: list[float] = []
            for group, split in zip(groups, path, strict=True):
                for table in through(ready, splits[split].chosen.values, name):
                    inside = (table["signal_time"] >= group.start) & (table["signal_time"] < group.end)
                    r += table.loc[inside, "r"].tolist()
            assert (due["trades"], due["r"]) == (len(r), pytest.approx(np.mean(r)))


def test_a_split_is_trained_without_what_touches_its_tests(wired: tuple[Ready, Evaluator, list[Tuned]]) -> None:
    ready, _, splits = wired
    for number in (1, 3):
        split, trial = ready.splits[number], splits[number].trials[2]
        for name in ready.trading.policies:
            tables, gaps, r = through(ready, trial.values, name), [], []
            lags = [ready.trading.find(bars, trial.values).setups.lag for bars in ready.markets]
            ends = ("signal_time", "exit_time")
            rows = [
                [np.searchsorted(bars.time, one[side].dt.tz_localize(None).to_numpy()) for side in ends]
                for bars, one in zip(ready.markets, tables, strict=True)
            ]
            for bars, (signal, end), lag in zip(ready.markets, rows, lags, strict=True):
                gaps.append(embargo_after(bars.time, int((end - signal).max(initial=0)), lag))
            for bars, (signal, end), lag, one in zip(ready.markets, rows, lags, tables, strict=True):
                mask = kept(bars.time[signal], bars.time[end], split.tests, max(gaps), lag * bars.step)
                assert 0 < mask.sum() < len(mask)
                for test in split.tests:
                    touches = (one["exit_time"] >= test.start) & (one["signal_time"] < test.end)
                    assert not (mask & touches.to_numpy()).any()
                r += one.loc[mask, "r"].tolist()
            assert (trial.trades[name], trial.scores[name]) == (len(r), pytest.approx(np.mean(r)))
