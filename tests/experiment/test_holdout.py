"""What is held out: nothing of it is in a run that does not look, and who looks is counted and chose without it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment.holdout import held_out
from framework.experiment.outofsample import out_of_sample
from framework.simulation import simulate
from framework.validation.walk import row_at
from framework.validation.windows import Window

from . import refused, workspace
from .believed import files, home, made, ran, summary, written

LENGTHS, LEVELS = (7, 14), (20.0, 30.0, 40.0)
GRID = ("strategy.length = [7, 14]", "strategy.level = [20.0, 30.0, 40.0]", "search.sampler = 'grid'", "-search.trials",
        "chance.draws = 0")  # fmt: skip
HELD = "holdout.last = '6m'"
FIRST = pd.Timestamp("2021-12-19", tz="UTC")  # 900 days from 2020-01-01 on end with 2022-06-18


def spoilt(folder: Path, rows: int) -> None:
    """Other prices and volumes in the last bars of every market, wildly."""
    random = np.random.default_rng(5)
    for path in sorted((folder / "data").glob("?-1d.csv")):
        table = pd.read_csv(path, index_col="time", parse_dates=True)
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.3, rows)))
        opening = close * np.exp(random.normal(0, 0.2, rows))
        high, low = 1.3 * np.maximum(opening, close), 0.7 * np.minimum(opening, close)
        table.iloc[-rows:] = np.column_stack([opening, high, low, close, random.random(rows) * 1e6])
        table.to_csv(path)


def funded(folder: Path, spoilt_from: pd.Timestamp | None = None) -> None:
    index = pd.date_range("2020-01-01 08:00", "2022-06-18", freq="8h", name="time")
    rate = pd.Series(np.random.default_rng(3).normal(1e-4, 1e-4, len(index)), index, name="funding_rate")
    if spoilt_from is not None:
        rate[rate.index > spoilt_from.tz_localize(None)] = 0.01
    rate.to_csv(folder / "data" / "rate.csv")


ALL = ("search.trials = 4", "data.funding = ['data/rate.csv', '']")
ASKED = ("combinatorial.groups = 3", "chance.draws = 5", "chance.permutations = 1", "search.objective = 'total_r'")


@pytest.mark.parametrize(
    ("last", "rows", "more"),
    [("6m", 182, ASKED), pytest.param("250 bars", 250, ("chance.draws = 0",), marks=pytest.mark.slow)],
)
def test_nothing_of_it_is_in_a_run_that_does_not_look(
    tmp_path: Path, last: str, rows: int, more: tuple[str, ...]
) -> None:
    places = [home(tmp_path / name) for name in ("one", "other", "short")]
    begun = pd.Timestamp("2022-06-19", tz="UTC") - pd.Timedelta(days=rows)
    for place in places:
        funded(place, begun if place.name == "other" else None)
    spoilt(places[1], rows)
    changes = (*ALL, *more, f"holdout.last = '{last}'")
    one, other = (ran(place, *changes) for place in places[:2])
    assert files(one) == files(other), "manifest and identity too: they are of what was traded"
    before = ran(places[2], *ALL, *more, f"data.to = {begun - pd.Timedelta(days=1):%Y-%m-%d}")
    tables = [name for name in files(one) if name.endswith(".parquet")]
    assert len(tables) == 7 and all(files(one)[name] == files(before)[name] for name in tables)
    found, short = summary(one), summary(before)
    held = found["holdout"]
    assert (held["from"], held["seen_by"], held["looked"]) == (begun.isoformat(), [], False) and "variants" not in held
    assert found["verdict"].pop("holdout") == (
        f"Held out from {begun:%Y-%m-%d} on: this run has not looked at it, and no other run has; `--holdout` looks, "
        "and is counted."
    )
    for key in set(short) - {"holdout", "provenance"}:
        assert found[key] == short[key], key


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("holdout"))


@pytest.fixture(scope="module")
def looked(place: Path) -> Path:
    return ran(place, *GRID, HELD, name="looks", look=True)


def test_the_set_is_the_best_of_the_training_before_it(place: Path, looked: Path) -> None:
    """Every set traded plainly, on bars that end where the holdout begins."""
    ready = made(place, *GRID, HELD)
    cut = [row_at(bars, FIRST) for bars in ready.whole]
    first = [row_at(bars, FIRST - pd.DateOffset(years=1)) for bars in ready.whole]
    scores: dict[tuple[int, float], float] = {}
    for length, level in itertools.product(LENGTHS, LEVELS):
        values = dict(ready.experiment.fixed) | {"length": length, "level": level}
        each = []
        for name in ready.trading.policies:
            r: list[float] = []
            for i, whole in enumerate(ready.whole):
                bars = whole[: cut[i]]
                found, terms = ready.trading.find(bars, values), ready.trading.terms
                entries = found.entries[name].between(first[i], cut[i] - ready.experiment.embargo)
                done = simulate(bars, entries, terms.costs, terms.sizing, terms.exits, ready.trading.stake).trades
                r += done.loc[done["exit_reason"] != "open", "r"].tolist()
            each.append(float(np.mean(r)))
        scores[length, level] = float(np.mean(each))
    assert len(set(scores.values())) == len(scores)
    length, level = max(scores, key=lambda one: scores[one])
    assert summary(looked)["holdout"]["parameters"] == {"length": length, "level": level}
    held = held_out(made(place, *GRID, HELD, look=True), "", 1)
    assert held is not None and held.chosen is not None
    found_scores = {(one.values["length"], one.values["level"]): one.score for one in held.chosen.trials}
    assert found_scores == pytest.approx(scores)


def test_what_is_held_out_is_traded_with_it_out_of_sample(place: Path, looked: Path) -> None:
    ready, found = made(place, *GRID, HELD), summary(looked)["holdout"]
    assert found["looked"] and pd.Timestamp(found["from"]) == FIRST == ready.held_from
    values = dict(ready.experiment.fixed) | found["parameters"]
    window = Window(4, FIRST - pd.DateOffset(years=1), FIRST, pd.Timestamp("2022-06-19", tz="UTC"))
    tested = out_of_sample(ready.trading, ready.whole, [(window, values)])
    for name, one in found["variants"].items():
        trades = tested.trades[(tested.trades["variant"] == name) & (tested.trades["exit_reason"] != "open")]
        assert len(trades) > (20 if name == "aggressive" else 2) and trades["signal_time"].min() >= FIRST
        assert (one["trades"], one["expectancy_r"]["n"]) == (len(trades), len(trades))
        assert one["expectancy_r"]["value"] == pytest.approx(trades["r"].mean(), rel=1e-12)
        assert one["total_return"] == pytest.approx(tested.equity[name].iloc[-1] / 100_000 - 1)


def test_the_rest_of_a_run_that_looks_is_that_of_one_that_does_not(place: Path, looked: Path) -> None:
    blind = ran(place, *GRID, HELD, name="looks", out=place / "blind")
    same = [name for name in files(blind) if name.endswith(".parquet")]
    assert same and all(files(blind)[name] == files(looked)[name] for name in same)


def test_noise_in_it_does_not_change_what_is_chosen(place: Path, looked: Path, tmp_path: Path) -> None:
    other = home(tmp_path / "other")
    spoilt(other, 182)
    found, real = (summary(one)["holdout"] for one in (ran(other, *GRID, HELD, look=True), looked))
    assert found["parameters"] == real["parameters"] and found["from"] == real["from"]
    for name in ("aggressive", "conservative"):
        assert found["variants"][name]["expectancy_r"] != real["variants"][name]["expectancy_r"]


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        (("windows.train = '1y'",), FIRST - pd.DateOffset(years=1)),
        (("windows.train = '1y'", "windows.kind = 'anchored'"), pd.Timestamp("2020-01-01", tz="UTC")),
        (("windows.train = '300 bars'", "windows.test = '100 bars'"), FIRST - pd.Timedelta(days=300)),
        (("windows.train = '300 bars'", "-windows.test", "windows.count = 3"), FIRST - pd.Timedelta(days=300)),
    ],
)
def test_its_training_is_as_long_as_the_others(place: Path, changes: tuple[str, ...], start: pd.Timestamp) -> None:
    ready = made(place, *GRID, HELD, *changes, look=True)
    held = held_out(ready, "", 1)
    assert held is not None and held.tested is not None
    window = held.tested.chosen[0][0]
    assert (window.train_start, window.test_start) == (start, FIRST)
    assert window.test_end >= pd.Timestamp("2022-06-18", tz="UTC") and window.number == len(ready.windows)


def test_who_looked_is_counted_and_named(tmp_path: Path) -> None:
    place = home(tmp_path)
    short = (*GRID, "variants = ['aggressive']", "chance.draws = 0")

    def seen(name: str, *changes: str, **options: Any) -> tuple[list[str], str]:
        found = summary(ran(place, *short, *changes, name=name, **options))
        return found["holdout"]["seen_by"], found["verdict"]["holdout"]

    assert seen("blind", HELD)[0] == []
    by, said = seen("looks", HELD, look=True)
    assert by == [] and "looked at by this run: aggressive entries " in said and "unseen" not in said
    assert seen("looks", HELD, look=True, out=tmp_path / "again")[0] == [], "it is the same look"
    ran(place, *short, "data.to = 2021-12-18", name="before")
    assert seen("blind", HELD, out=tmp_path / "blind") == (
        ["looks"],
        "Held out from 2021-12-19 on: this run has not looked at it, but 1 other run traded some of it (looks); "
        "`--holdout` looks, and is counted.",
    )
    ran(place, *short, "data.to = 2021-12-19", name="all")  # one day of it
    by, said = seen("third", HELD, "costs.fee = 0.003", look=True)
    assert by == ["all", "looks"]
    assert said.endswith("; it is no longer unseen: 2 other runs traded some of it (all, looks).")


def test_sets_that_were_tried_for_it_are_in_the_ledger(tmp_path: Path) -> None:
    """A search that learns tries others there than in the windows; whoever comes after must know of all of them."""
    place = home(tmp_path)
    many = f"strategy.width = {list(range(40))}"
    changes = (
        HELD,
        many,
        "search.trials = 16",
        "search.batch = 8",
        "variants = ['aggressive']",
        "chance.draws = 0",
        "windows.train = '8m'",
    )
    ready = made(place, *changes, look=True)
    held = held_out(ready, "", 1)
    assert held is not None and held.chosen is not None
    tried = {tuple(one.values.values()) for one in held.chosen.trials}
    run = ran(place, *changes, look=True)
    trials = pd.read_parquet(run / "trials.parquet")
    names = [f"parameters.{name}" for name in ready.experiment.fixed]
    tried |= set(trials[names].itertuples(index=False, name=None))
    assert summary(run)["overfitting"]["trials"] == len(tried)


def test_a_set_chosen_for_it_that_looks_ahead_is_refused(tmp_path: Path) -> None:
    """The windows could choose the honest set alone; the other leaks, and trades only after their training."""
    place = home(tmp_path)
    rule = place / "strategies" / "rule.py"
    leak = "    if p.length == 7:\n        late = bars.time[at] >= np.datetime64('2021-01-15')\n"
    leak += "        after = bars.close[np.minimum(at + 8, len(bars) - 1)]\n"
    leak += "        at = at[late & (after > 1.02 * bars.close[at])]\n    return made"
    rule.write_text(rule.read_text().replace("    return made", leak, 1))
    options = ("strategy.length = [7, 14]", "strategy.level = 30.0", "search.sampler = 'grid'", "-search.trials",
               "variants = ['aggressive']", "chance.draws = 0", "windows.test = '1y'")  # fmt: skip
    with pytest.raises(UserError, match="looks ahead"):
        ran(place, *options, "holdout.last = '3m'", look=True)


def test_there_is_nothing_to_look_at(place: Path) -> None:
    path = written(place, *GRID)
    said = refused(place, "run", path, "--holdout")
    assert said == f'{path}: holdout: is not there, so there is nothing to look at; last = "1y" under [holdout]'


@pytest.mark.parametrize("last", ["3y", "900 bars", "5000 bars", "99y"])
def test_it_is_longer_than_the_data(place: Path, last: str) -> None:
    path = written(place, *GRID, f"holdout.last = '{last}'")
    said = refused(place, "run", path)
    held = f"'{last}' leaves nothing to search in (2020-01-01 to 2022-06-18); a shorter one"
    assert said == f"{path}: holdout.last: {held}"


def test_it_leaves_no_bar_of_a_market(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    late = pd.read_csv(place / "data" / "X-1d.csv", index_col="time").iloc[-180:]
    late.to_csv(place / "data" / "Y-1d.csv")
    path = written(place, HELD)
    said = refused(place, "run", path)
    assert said == f"{path}: holdout.last: leaves nothing of Y to search in; a shorter one"
