"""What a run is made of, before it runs: what is kept back, the windows of what is left, the splits; leaks refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment import config
from framework.experiment.ready import ready, union

from .believed import home, made, market, written

LAST = pd.Timestamp("2022-06-18", tz="UTC")  # of 900 days from 2020-01-01 on


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("ready"))


@pytest.mark.parametrize(
    ("last", "begun"),
    [
        ("1y", "2021-06-19"),
        ("3m", "2022-03-19"),
        ("2w", "2022-06-05"),
        ("1d", "2022-06-18"),
        ("1 bar", "2022-06-18"),
        ("250 bars", "2021-10-12"),
    ],
)
def test_what_is_held_out_begins_so_long_before_the_end(place: Path, last: str, begun: str) -> None:
    found = made(place, f"holdout.last = '{last}'")
    start = pd.Timestamp(begun, tz="UTC")
    assert found.held_from == start
    for bars, whole in zip(found.markets, found.whole, strict=True):
        assert bars.index[-1] == start - pd.Timedelta(days=1) and whole.index[-1] == LAST
        assert len(whole) == 900 and (whole[: len(bars)].close == bars.close).all()
    assert start - pd.Timedelta(days=1) < found.windows[-1].test_end <= start, "no window reaches into it"


def test_bars_are_counted_over_all_markets(tmp_path: Path) -> None:
    """One market ends fifty days before the other: its bars of the last hundred days are the last fifty."""
    place = home(tmp_path)
    market(1, 850).to_csv(place / "data" / "Y-1d.csv")
    found = made(place, "holdout.last = '100 bars'")
    assert found.held_from == LAST - pd.Timedelta(days=99)
    assert [len(bars) for bars in found.markets] == [800, 800] and [len(bars) for bars in found.whole] == [900, 850]


def test_without_a_holdout_all_is_searched(place: Path) -> None:
    found = made(place)
    assert found.held_from is None and found.splits == []
    assert [len(bars) for bars in found.markets] == [len(bars) for bars in found.whole] == [900, 900]
    assert found.windows[0].train_start == found.markets[0].index[0] and found.windows[-1].test_end > LAST


def test_splits_are_of_what_is_left(place: Path) -> None:
    found = made(place, "combinatorial.groups = 5", "combinatorial.tested = 2", "holdout.last = '100 bars'")
    assert len(found.splits) == 10
    groups = found.splits[0].tests + found.splits[-1].tests
    assert groups[0].start == found.markets[0].index[0]
    assert groups[-1].end == found.markets[0].index[-1] + pd.Timedelta(microseconds=1)
    assert found.held_from is not None and groups[-1].end < found.held_from


def test_the_calendar_is_of_all_markets(tmp_path: Path) -> None:
    place = home(tmp_path)
    market(1, 300).set_index(pd.date_range("2022-01-01", periods=300, name="time")).to_csv(place / "data" / "Y-1d.csv")
    found = union(made(place).whole)
    assert (found[0], found[-1]) == (pd.Timestamp("2020-01-01", tz="UTC"), pd.Timestamp("2022-10-27", tz="UTC"))
    assert found.is_monotonic_increasing and found.is_unique and len(found) == 1031


def test_how_it_is_traded_is_what_the_file_says(place: Path) -> None:
    trading = made(place, "sizing.cash = 5000.0", "exits.target_r = 3.0", "costs.fee = 0.02").trading
    assert (trading.cash, trading.markets, trading.stake) == (5000.0, 2, 2500.0)
    assert trading.terms.exits.target_r == 3.0 and trading.terms.costs.fee == 0.02
    assert list(trading.policies) == ["aggressive", "conservative"]
    assert list(made(place, "variants = ['conservative']").trading.policies) == ["conservative"]


def test_a_run_beside_others_is_no_single_run(place: Path) -> None:
    with pytest.raises(UserError, match=r"x\.toml: beside\.level: names 2, and a run has one; the command `chartproof"):
        made(place, "beside.level = [20.0, 30.0]")


def test_a_rule_that_looks_ahead_only_in_what_is_held_out_is_refused(tmp_path: Path) -> None:
    """The defaults are traded there too when somebody looks."""
    place = home(tmp_path)
    rule = place / "strategies" / "rule.py"
    leak = "    late = bars.time[at] >= np.datetime64('2022-01-15')\n"
    leak += "    after = bars.close[np.minimum(at + 3, len(bars) - 1)]\n"
    leak += "    at = at[~late | (after > 1.01 * bars.close[at])]\n    return made"
    rule.write_text(rule.read_text().replace("    return made", leak, 1))
    path = written(place, "holdout.last = '6m'", "search.trials = 0")
    with pytest.raises(UserError, match="looks ahead"):
        ready(config.load(path, look=True))
    assert ready(config.load(path)).held_from is not None, "whoever does not look sees nothing of it"
