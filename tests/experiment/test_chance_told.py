"""What a run says of chance: the trades drawn again by hand, the bands as a table, nothing where nothing is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from framework.experiment.chance import DRAWS, against_chance, bands, redrawn, told
from framework.experiment.outofsample import out_of_sample
from framework.validation.chance import random_entries

from .believed import home, made, ran, summary

LEVELS = ("5%", "50%", "95%")


def trades(rows: Sequence[tuple[str, float]], reason: str = "target") -> pd.DataFrame:
    """Trades of a day each, from their day and R."""
    time = pd.to_datetime([day for day, _ in rows], utc=True).as_unit("us")
    exits = time + pd.Timedelta(days=1)
    r = np.array([r for _, r in rows], float)
    return pd.DataFrame({"signal_time": time, "exit_time": exits, "r": r, "exit_reason": reason})


def test_one_block_can_only_be_drawn_as_it_was() -> None:
    """Its sum is 1; from +2 it falls to -1."""
    table = trades([("2020-01-02", 2.0), ("2020-01-03", -1.0), ("2020-01-04", -2.0), ("2020-01-05", 2.0)])
    found = redrawn(table, 7)
    assert found["total_r"] == {"value": 1.0} | dict.fromkeys(LEVELS, 1.0)
    assert found["drawdown_r"] == {"value": 3.0} | dict.fromkeys(LEVELS, 3.0)
    assert (found["loss"], found["blocks"]) == (0.0, 1)


def test_a_fall_from_the_start_counts() -> None:
    found = redrawn(trades([("2020-01-02", -1.5), ("2020-01-03", 0.5)]), 7)
    assert found["drawdown_r"]["value"] == 1.5 and (found["loss"], found["total_r"]["value"]) == (1.0, -1.0)


def test_two_blocks_are_drawn_with_their_chances() -> None:
    """Sums of two draws from -1 and +1.5: -2, 0.5 and 3, in the proportion 1 : 2 : 1."""
    found = redrawn(trades([("2020-01-02", -1.0), ("2021-01-02", 1.5)]), 7)
    assert [found["total_r"][level] for level in LEVELS] == [-2.0, 0.5, 3.0]
    assert [found["drawdown_r"][level] for level in LEVELS] == [0.0, 1.0, 2.0]
    low, high = stats.binom.ppf([0.005, 0.995], DRAWS, 0.25) / DRAWS
    assert low <= found["loss"] <= high and found["blocks"] == 2


def test_a_block_stays_whole_and_in_order() -> None:
    """Each block falls by 1 and gains 2: whatever is drawn, no sum ever falls by more."""
    first = [pd.Timestamp(0) + pd.Timedelta(days=30 * block + 5) for block in range(500, 560, 5)]
    rows = [(f"{day + pd.Timedelta(days=i):%Y-%m-%d}", r) for day in first for i, r in enumerate((-1.0, 2.0))]
    found = redrawn(trades(rows), 7)
    assert found["total_r"] == {"value": 12.0} | dict.fromkeys(LEVELS, 12.0)
    assert found["drawdown_r"] == {"value": 1.0} | dict.fromkeys(LEVELS, 1.0)


def test_trades_count_in_the_order_in_which_they_were_over_and_open_ones_do_not() -> None:
    table = trades([("2020-01-05", 2.0), ("2020-01-02", -1.0), ("2020-01-03", -1.0)])
    late = pd.concat([table, trades([("2020-01-06", -50.0)], "open")])
    found = redrawn(late, 7)
    assert found["drawdown_r"]["value"] == 2.0 and found["total_r"]["value"] == 0.0
    assert redrawn(late.iloc[::-1], 7) == found and redrawn(late, 8)["total_r"] == found["total_r"]


@pytest.mark.parametrize(
    "table", [trades([]), trades([("2020-01-02", 3.0)], "open"), trades([("2020-01-02", math.nan)])]
)
def test_without_trades_or_without_r_nothing_is_known(table: pd.DataFrame) -> None:
    found = redrawn(table, 7)
    assert found["trades"] == found["blocks"] == (table["exit_reason"] != "open").sum() and math.isnan(found["loss"])
    assert all(math.isnan(value) for key in ("total_r", "drawdown_r") for value in found[key].values())


def test_nothing_is_drawn_where_nothing_is_asked_for(tmp_path: Path) -> None:
    folder = ran(home(tmp_path, 600), "chance.draws = 0", "search.trials = 0")
    found = summary(folder)
    assert found["chance"]["random_entries"] is None and found["chance"]["permuted"] is None
    assert "chance" not in found["verdict"] and set(found["chance"]["redrawn"]) == {"aggressive", "conservative"}
    assert told({}) is None
    table = pd.read_parquet(folder / "chance.parquet")
    assert len(table) == 0 and list(table.columns) == ["variant", "time", "equity", "low", "middle", "high"]


def test_figures_and_bands_are_those_of_the_draws(tmp_path: Path) -> None:
    place = home(tmp_path, 600)
    folder = ran(place, "chance.draws = 12", "search.trials = 0")
    ready = made(place, "search.trials = 0")
    tested = out_of_sample(ready.trading, ready.markets, [(window, ready.experiment.fixed) for window in ready.windows])
    assert against_chance(tested, 0, 7) == {}
    drawn = random_entries(ready.trading, ready.markets, tested.parts, tested.chosen, 12, ready.experiment.seed)
    found, equity = summary(folder), tested.equity.set_index("time")
    table = pd.read_parquet(folder / "chance.parquet")
    assert list(table["variant"].unique()) == list(drawn) == ["aggressive", "conservative"]
    pd.testing.assert_frame_equal(table, bands(drawn))
    for name, one in drawn.items():
        figures, rows = found["chance"]["random_entries"][name], table[table["variant"] == name]
        own = tested.trades[(tested.trades["variant"] == name) & (tested.trades["exit_reason"] != "open")]
        assert figures["draws"] == 12 and figures["mean_r"]["value"] == pytest.approx(own["r"].mean())
        assert figures["win_rate"]["value"] == pytest.approx((own["pnl"] > 0).mean())
        assert figures["total_return"]["value"] == pytest.approx(equity[name].iloc[-1] / 1e5 - 1)
        for column, key in enumerate(("mean_r", "win_rate", "total_return")):
            values = one.figures[:, column]
            as_good = (values >= figures[key]["value"] - 1e-9).sum()
            assert figures[key]["p"] == (1 + as_good) / (1 + 12)
            assert figures[key]["mean"] == pytest.approx(values.mean())
            assert [figures[key]["low"], figures[key]["high"]] == pytest.approx(np.percentile(values, [2.5, 97.5]))
        assert rows["equity"].to_numpy() == pytest.approx(equity.loc[rows["time"], name].to_numpy())
        assert (rows["low"] <= rows["middle"]).all() and (rows["middle"] <= rows["high"]).all()
        assert rows["time"].is_monotonic_increasing and rows["time"].iloc[-1] == equity.index[-1] and len(rows) <= 400
