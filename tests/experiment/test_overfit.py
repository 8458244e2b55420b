"""What is left of the best set, against the same from trades that `simulate` makes of every set that was tried."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from framework.experiment import config
from framework.experiment.ready import Ready, ready
from framework.simulation import simulate
from framework.validation.cscv import backtest_overfitting
from framework.validation.superior import superior

from .believed import home, ran, summary, written

WEEK = np.timedelta64(7, "D")
YEAR = 365.25 / 7  # weeks
OPTIONS = ("search.trials = 5", "chance.draws = 0", "strategy.width = [1, 2]")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("overfit"))


@pytest.fixture(scope="module")
def folder(place: Path) -> Path:
    return ran(place, *OPTIONS)


def week_of(stamps: Any) -> NDArray[np.int64]:
    """Weeks begin on Thursdays, as the first of January 1970 was one; counted from that of 2020-01-01."""
    days = pd.DatetimeIndex(stamps).tz_localize(None).to_numpy().astype("datetime64[D]")
    return np.asarray((days.astype(np.int64) // 7) - (np.datetime64("2020-01-01", "D").astype(np.int64) // 7))


def tried(folder: Path, made: Ready) -> list[dict[str, Any]]:
    """Every parameter set of the trials, once, in the order of the first time."""
    names = list(made.experiment.fixed)
    table = pd.read_parquet(folder / "trials.parquet")[[f"parameters.{name}" for name in names]].drop_duplicates()
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def gains(made: Ready, sets: list[dict[str, Any]], name: str, weeks: int) -> tuple[NDArray[np.float64], list[int]]:
    """R by week of the signal and set, and each set's closed trades: every market in an account of all its bars."""
    matrix, counts = np.zeros((weeks, len(sets)), np.float32), []
    for column, values in enumerate(sets):
        n = 0
        for bars in made.markets:
            entries, terms = made.trading.find(bars, values).entries[name], made.trading.terms
            done = simulate(bars, entries, terms.costs, terms.sizing, terms.exits, made.trading.stake).trades
            closed = done[done["exit_reason"] != "open"]
            week = week_of(closed["signal_time"])
            matrix[:, column] += np.array([closed["r"].to_numpy()[week == at].sum() for at in range(weeks)])
            n += len(closed)
        counts.append(n)
    return matrix.astype(float), counts


def first_whole(made: Ready) -> int:
    """The first week that begins with the tests or in them."""
    start = made.windows[0].test_start
    return int(week_of([start])[0]) + (start.day_of_week != 3)


def annual(r: NDArray[np.float64]) -> float:
    return float(r.mean() / r.std(ddof=1) * math.sqrt(YEAR))


def probability(r: NDArray[np.float64], benchmark: float) -> float:
    """Of a Sharpe ratio a period above the benchmark, as the paper writes it."""
    ratio, g3, g4 = r.mean() / r.std(ddof=1), stats.skew(r), stats.kurtosis(r, fisher=False)
    error = math.sqrt((1 - g3 * ratio + (g4 - 1) / 4 * ratio**2) / (len(r) - 1))
    return float(stats.norm.cdf((ratio - benchmark) / error))


def luck(trials: int, variance: float) -> float:
    g = np.euler_gamma
    z = (1 - g) * stats.norm.ppf(1 - 1 / trials) + g * stats.norm.ppf(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * z)


def test_figures_are_those_of_every_set_simulated_over_all_the_data(place: Path, folder: Path) -> None:
    made, told = ready(config.load(written(place, *OPTIONS))), summary(folder)
    over, sets = told["overfitting"], tried(folder, made)
    weeks = int(week_of([made.markets[0].index[-1]])[0]) + 1
    assert (over["period"], over["periods"]) == ("week", weeks) and weeks == 130
    assert made.windows[0].test_start.day_of_week != 3, "a week that is partly training's proves more"
    assert (over["compared"], over["trials"], over["runs"]) == (len(sets), 2 * len(sets), 1) and len(sets) > 9
    begin = first_whole(made)
    judged = 0
    for name, one in over["variants"].items():
        matrix, counts = gains(made, sets, name, weeks)
        ratios = np.array([annual(column) if column.std() else math.nan for column in matrix.T])
        pbo, spa = backtest_overfitting(matrix, 16), superior(matrix[begin:], seed=made.experiment.seed)
        due = {"value": pbo.pbo, "combinations": 12870, "loss": pbo.loss}
        assert {key: one["pbo"][key] for key in due} == due
        assert one["spa"]["p"] == spa.p and one["spa"]["periods"] == weeks - begin
        assert (one["spa"]["better"], one["spa"]["distinct"]) == (len(spa.better), spa.distinct)
        able = [i for i, n in enumerate(counts) if n >= 30]
        if not able:
            assert one["found"]["sharpe"] is None and one["found"]["deflated"] is None
            continue
        judged += 1
        best = max(able, key=lambda i: ratios[i])
        r, found = matrix[:, best], one["found"]
        assert (found["parameters"], found["trades"]) == (sets[best], counts[best])
        assert found["sharpe"] == pytest.approx(ratios[best]) and found["gained_r"] == pytest.approx(r.sum())
        assert found["probabilistic"] == pytest.approx(probability(r, 0))
        expected = luck(over["trials"], float(np.nanvar(ratios / math.sqrt(YEAR), ddof=1)))
        assert found["luck"] == pytest.approx(expected * math.sqrt(YEAR))
        assert found["deflated"] == pytest.approx(probability(r, expected))
        assert found["deflated"] < found["probabilistic"]
    assert judged


def test_the_account_out_of_sample(place: Path, folder: Path) -> None:
    made, told = ready(config.load(written(place, *OPTIONS))), summary(folder)
    trades = pd.read_parquet(folder / "trades.parquet")
    begin, weeks = first_whole(made), told["overfitting"]["periods"]
    for name, one in told["overfitting"]["variants"].items():
        closed = trades[(trades["variant"] == name) & (trades["exit_reason"] != "open")]
        week = week_of(closed["signal_time"])
        r = np.array([closed["r"].to_numpy()[week == at].sum() for at in range(begin, weeks)])
        assert week.min() >= begin - 1 and one["tested"]["years"] == pytest.approx(len(r) / YEAR)
        if len(closed) < 30:
            assert one["tested"]["sharpe"] is one["tested"]["probabilistic"] is one["tested"]["years_needed"] is None
            continue
        assert one["tested"]["sharpe"] == pytest.approx(annual(r))
        assert one["tested"]["probabilistic"] == pytest.approx(probability(r, 0))
        ratio = r.mean() / r.std(ddof=1)
        square = 1 - stats.skew(r) * ratio + (stats.kurtosis(r, fisher=False) - 1) / 4 * ratio**2
        needed = (1 + square * (stats.norm.ppf(0.95) / ratio) ** 2) / YEAR if ratio > 0 else None
        assert one["tested"]["years_needed"] == (needed if needed is None else pytest.approx(needed))


def test_under_thirty_trades_nothing_is_said(place: Path) -> None:
    few = ("strategy.length = 21", "strategy.level = [39.0, 40.0]", "data.files = ['data/X-1d.csv']",
           "exits.time_stop = 60", "exits.target_r = 30.0", "exits.stop = 'atr'", "exits.stop_atr = 6.0")  # fmt: skip
    told = summary(ran(place, *OPTIONS, *few, "search.min_trades = 1", name="few"))
    assert 0 < told["variants"]["aggressive"]["trades"] < 30
    for one in told["overfitting"]["variants"].values():
        assert set(one["found"]) == {"sharpe", "gained_r", "probabilistic", "deflated", "luck", "parameters", "trades"}
        assert one["found"] == dict.fromkeys(one["found"]) | {"parameters": {}, "trades": 0}
    assert told["verdict"]["trials"].endswith("a parameter set and an entry each."), "how many, and no more"
    assert told["verdict"]["short"] == "Too few trades to tell."


@pytest.mark.parametrize("variants", [["aggressive"], ["aggressive", "conservative"]])
def test_a_fixed_rule_is_as_many_trials_as_entries(tmp_path: Path, variants: list[str]) -> None:
    told = summary(ran(home(tmp_path), *OPTIONS, "search.trials = 0", f"variants = {variants}"))
    over = told["overfitting"]
    assert (over["trials"], over["runs"], over["compared"]) == (len(variants), 1, 1)
    assert told["search"] is None and not {"search", "trials"} & set(told["verdict"])
    for one in over["variants"].values():
        assert one["pbo"] is None
    found = over["variants"]["aggressive"]["found"]
    assert found["trades"] >= 30 and 0 <= found["probabilistic"] <= 1
    if len(variants) == 1:
        assert found["luck"] == 0 and found["deflated"] == found["probabilistic"], "nothing was chosen"
    else:
        assert found["luck"] is None and found["deflated"] is None, "of one set it is not known how much sets differ"


def test_data_too_short_for_halves(place: Path) -> None:
    short = ("data.from = 2021-03-02", "data.to = 2021-03-31", "windows.train = '14d'", "windows.test = '9d'",
             "windows.embargo = 1", "search.min_trades = 1")  # fmt: skip
    over = summary(ran(place, *OPTIONS, *short, name="short"))["overfitting"]
    assert (over["period"], over["periods"]) == ("day", 30)
    assert all(one["pbo"] is None and one["spa"] is None for one in over["variants"].values())
