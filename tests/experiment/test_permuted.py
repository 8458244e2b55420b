"""The search on bars in random order: its p by hand, kept while under way, small where there is something to find."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.experiment import permuted
from framework.experiment.files import Folder
from framework.experiment.ready import Ready
from framework.simulation import simulate
from framework.validation.walk import row_at

from .believed import files, home, made, ran, summary

NAN = math.nan
SMALL = ("search.sampler = 'quasi_random'", "chance.draws = 0", "windows.test = '9m'")


def quiet(*_: Any) -> None:
    pass


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("permuted"), 700)


def asked(place: Path, count: int, *changes: str) -> Ready:
    return made(place, *SMALL, f"chance.permutations = {count}", *changes)


def stub(patch: pytest.MonkeyPatch, rows: Sequence[dict[str, float]]) -> list[list[Bars]]:
    """Stands for the search: its figures, the markets that it was given."""
    given: list[list[Bars]] = []

    def search(made: Ready, markets: Sequence[Bars], workers: int | None) -> dict[str, float]:
        given.append(list(markets))
        return rows[len(given) - 1]

    patch.setattr(permuted, "_search", search)
    return given


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ([0.5, 0.1, 0.5, 0.7, NAN], {"p": 3 / 5, "mean": 1.3 / 3, "low": 0.12, "high": 0.69, "n": 3}),
        ([0.8, 0.1, 0.5, 0.7, 0.2], {"p": 1 / 5, "mean": 0.375, "low": 0.1075, "high": 0.685, "n": 4}),
        ([-1.0, 0.1, 0.5, 0.7, 0.2], {"p": 1.0, "mean": 0.375, "low": 0.1075, "high": 0.685, "n": 4}),
        ([NAN, 0.1, 0.5, 0.7, 0.2], {"p": NAN, "mean": 0.375, "low": 0.1075, "high": 0.685, "n": 4}),
        ([0.5, NAN, NAN, NAN, NAN], {"p": 1 / 5, "mean": NAN, "low": NAN, "high": NAN, "n": 0}),
    ],
)
def test_p_by_hand(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[float], due: dict[str, float]
) -> None:
    stub(monkeypatch, [{"found": 1.0, "left_aggressive": value} for value in values])
    told = permuted.permuted(asked(place, 4), Folder(tmp_path, "x"), quiet, 1)
    assert told is not None and set(told) == {"permutations", "found", "left_aggressive"}
    assert told["permutations"] == 4 and told["found"]["p"] == 1.0
    assert told["left_aggressive"] == pytest.approx({"value": values[0]} | due, nan_ok=True)


def test_a_smaller_drawdown_is_as_good(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, [{"found": value} for value in (0.5, 0.1, 0.6, 0.7)])
    ready = asked(place, 3, "search.objective = 'max_drawdown_r'")
    told = permuted.permuted(ready, Folder(tmp_path, "x"), quiet, 1)
    assert told is not None and told["found"]["p"] == 2 / 4, "one of three orders fell as little"


def test_the_first_is_the_market_as_it_is_and_no_order_comes_twice(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, int, int]] = []
    first = stub(monkeypatch, [{"found": 1.0}] * 4)
    ready = asked(place, 3)
    permuted.permuted(ready, Folder(tmp_path / "a", "x"), lambda *what: heard.append(what), 1)
    assert [bars.digest for bars in first[0]] == [bars.digest for bars in ready.markets]
    assert len({bars.digest for markets in first for bars in markets}) == 8
    for markets in first[1:]:
        for bars, real in zip(markets, ready.markets, strict=True):
            moves, own = (np.sort(np.log(one.close[1:] / one.open[1:])) for one in (bars, real))
            assert moves == pytest.approx(own) and (bars.time == real.time).all()
    assert heard == [("bars in random order", n, 3) for n in range(4)]
    again = stub(monkeypatch, [{"found": 1.0}] * 4)
    permuted.permuted(ready, Folder(tmp_path / "b", "x"), quiet, 1)
    digests = [[bars.digest for bars in markets] for markets in first]
    assert [[bars.digest for bars in markets] for markets in again] == digests
    other = stub(monkeypatch, [{"found": 1.0}] * 4)
    seeded = dataclasses.replace(ready, experiment=dataclasses.replace(ready.experiment, seed=8))
    permuted.permuted(seeded, Folder(tmp_path / "c", "x"), quiet, 1)
    assert not {bars.digest for markets in other[1:] for bars in markets} & {one for row in digests for one in row}


def test_what_was_kept_is_not_computed_again(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready, rows = asked(place, 3), [{"found": value} for value in (0.5, 0.1, NAN, 0.9)]
    stub(monkeypatch, rows)
    due = permuted.permuted(ready, Folder(tmp_path / "whole", "x"), quiet, 1)
    folder = Folder(tmp_path / "cut", "x")
    given = stub(monkeypatch, rows[:2])
    with pytest.raises(IndexError):  # as though it had been killed in the third
        permuted.permuted(ready, folder, quiet, 1)
    whole = [bars.digest for bars in given[2]]
    given = stub(monkeypatch, rows[2:])
    assert repr(permuted.permuted(ready, folder, quiet, 1)) == repr(due)
    assert len(given) == 2 and [bars.digest for bars in given[0]] == whole
    given = stub(monkeypatch, [])
    assert repr(permuted.permuted(ready, folder, quiet, 1)) == repr(due) and not given


def test_none_where_none_is_asked_for(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = stub(monkeypatch, [])
    assert permuted.permuted(asked(place, 0), Folder(tmp_path, "x"), quiet, 1) is None and not given


def test_a_fixed_rule_is_asked_too(place: Path, tmp_path: Path) -> None:
    told = permuted.permuted(asked(place, 1, "search.trials = 0"), Folder(tmp_path, "x"), quiet, 1)
    assert told is not None and told["left_aggressive"]["p"] in (0.5, 1.0) and told["permutations"] == 1


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    return ran(place, *SMALL, "chance.permutations = 2", out=place / "one")


def test_the_real_order_is_the_search_of_the_run(place: Path, run: Path) -> None:
    """Its score is that of the windows; what is left are the tests' trades, each window in accounts of its own."""
    told, ready = summary(run), asked(place, 2)
    permuted_, windows = told["chance"]["permuted"], told["windows"]
    assert all(one["chosen"] == "searched" for one in windows)
    assert permuted_["found"]["value"] == pytest.approx(np.mean([one["in_sample"]["score"] for one in windows]))
    terms = ready.trading.terms
    for name in ready.trading.policies:
        r: list[float] = []
        for window, one in zip(ready.windows, windows, strict=True):
            for bars in ready.markets:
                first, last = row_at(bars, window.test_start), row_at(bars, window.test_end)
                values = dict(ready.experiment.fixed) | one["parameters"]
                entries = ready.trading.find(bars, values).entries[name].between(first, last)
                trades = simulate(bars, entries, terms.costs, terms.sizing, terms.exits, ready.trading.stake).trades
                r += trades.loc[trades["exit_reason"] != "open", "r"].tolist()
        assert permuted_[f"left_{name}"]["value"] == pytest.approx(np.mean(r))


def test_the_same_bytes_twice_and_nothing_of_it_in_the_folder(place: Path, run: Path) -> None:
    again = ran(place, *SMALL, "chance.permutations = 2", out=place / "two", workers=1)
    assert files(again) == files(run)
    assert not any("order" in path.name for path in run.rglob("*")) and not (run / "progress").exists()
    without = ran(place, *SMALL, out=place / "three")
    for name in ("trades", "trials", "equity", "windows"):
        assert files(without)[f"{name}.parquet"] == files(run)[f"{name}.parquet"]
    trials = summary(without)["overfitting"]["trials"]
    assert (
        trials
        == summary(run)["overfitting"]["trials"]
        == 2 * len(pd.read_parquet(run / "trials.parquet").filter(like="parameters.").drop_duplicates())
    ), "orders are no trials"


def test_noise_and_an_edge(tmp_path: Path) -> None:
    """A planted trend is gone from bars in random order; in a random walk there was nothing to be gone."""
    options = ("search.sampler = 'quasi_random'", "search.trials = 4", "variants = ['aggressive']")
    found = {}
    for trend in (0.0, 0.012):
        ready = made(home(tmp_path / f"{trend}", 800, trend), *options, "chance.permutations = 19")
        told = permuted.permuted(ready, Folder(tmp_path / f"{trend}" / "out", "x"), quiet, 1)
        assert told is not None
        found[trend] = told
    edge, noise = found[0.012], found[0.0]
    assert edge["found"]["p"] == edge["left_aggressive"]["p"] == 1 / 20
    assert edge["left_aggressive"]["value"] > edge["left_aggressive"]["high"] > 0
    assert noise["left_aggressive"]["p"] > 0.05 and noise["found"]["p"] > 0.05
    assert noise["left_aggressive"]["low"] < noise["left_aggressive"]["value"] < noise["left_aggressive"]["high"]
