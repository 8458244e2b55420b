"""Returns by month: what the equity says, to the hand-made figure, and the page what the summary says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from framework.experiment.months import period, returns
from framework.report import months, page, words
from tests.experiment.believed import home

from .test_belief import ran
from .test_report import Reader, _plain

HAND = {
    "2004-12-30": 110.0,  # from 100 of cash
    "2004-12-31": 99.0,
    "2005-01-03": 99.0,
    "2005-01-31": 108.9,
    "2005-03-01": 98.01,  # no bar in February
}


def account(
    equity: dict[str, float], begin: str = "2004-12-30", closed: tuple[str, ...] = (), still: tuple[str, ...] = ()
) -> Any:
    """An account `a` and buying and holding that never moves; trades by the day they ended, and those still open."""
    times = pd.Series(pd.to_datetime(list(equity), utc=True))
    table = pd.DataFrame({"time": times, "a": list(equity.values()), "buy_and_hold": 100.0})
    trades = pd.DataFrame({"exit_time": pd.to_datetime([*closed, *still], utc=True)})
    trades["variant"], trades["exit_reason"] = "a", ["stop"] * len(closed) + ["open"] * len(still)
    window = SimpleNamespace(test_start=pd.Timestamp(begin, tz="UTC"))
    return SimpleNamespace(equity=table, trades=trades, chosen=[(window, {})], trading=SimpleNamespace(cash=100.0))


def told(one: Any) -> dict[str, Any]:
    """The part of a summary that the tables are made of."""
    return {
        "variants": {"a": returns(one, "a")},
        "buy_and_hold": returns(one, "buy_and_hold"),
        "period": period(one),
    }


def tables(summary: dict[str, Any]) -> tuple[Reader, str]:
    view = {"months": months.shown(summary, ["a"]), "variants": ["a"], "named": words.named}
    html = page.template("months.html.j2").render(view)
    return Reader(f"<body>{html}"), html


def test_a_hand_made_equity() -> None:
    found = returns(account(HAND, closed=("2004-12-31", "2005-01-03", "2005-03-01"), still=("2005-03-01",)), "a")
    assert found["months"] == pytest.approx({"2004-12": -0.01, "2005-01": 0.1, "2005-03": -0.1}, abs=1e-12)
    assert found["years"] == pytest.approx({"2004": -0.01, "2005": -0.01}, abs=1e-12)
    assert found["closed_by_year"] == {"2004": 1, "2005": 2}
    held = returns(account(HAND), "buy_and_hold")
    assert set(held["months"].values()) == {0.0} and held["closed_by_year"] == {}


def test_what_follows_ruin_has_no_return() -> None:
    ruined = {"2005-01-31": 50.0, "2005-02-28": 0.0, "2005-03-31": 0.0}
    found = returns(account(ruined), "a")["months"]
    assert found["2005-01"] == -0.5 and found["2005-02"] == -1.0 and math.isnan(found["2005-03"])


@pytest.mark.parametrize(
    ("begin", "days", "due"),
    [
        ("2010-05-01", pd.bdate_range("2010-05-03", "2010-07-30"), []),  # a Saturday; the 31st is one too
        ("2010-05-03", pd.bdate_range("2010-05-03", "2010-07-29"), ["2010-07"]),  # the 30th, a Friday, is missing
        ("2010-05-05", pd.bdate_range("2010-05-05", "2010-07-30"), ["2010-05"]),
        ("2010-05-03", pd.date_range("2010-05-03", "2010-07-31"), ["2010-05"]),  # trades at weekends: the 1st is missed
        ("2010-05-01", pd.date_range("2010-05-01", "2010-07-30"), ["2010-07"]),
        ("2010-05-01", pd.date_range("2010-05-01", "2010-07-31 20:00", freq="4h"), []),
        ("2010-05-01", pd.date_range("2010-05-01", "2010-07-31 16:00", freq="4h"), ["2010-07"]),
        ("2010-05-04", pd.bdate_range("2010-05-04", "2010-05-20"), ["2010-05"]),
        ("2010-05-04", pd.bdate_range("2010-05-04", "2010-05-04"), ["2010-05"]),
    ],
)
def test_months_of_which_the_tests_hold_a_part(begin: str, days: Any, due: list[str]) -> None:
    found = period(account({str(day): 100.0 for day in days}, begin))
    assert found["partial_months"] == due
    assert (found["from"], found["to"]) == (days[0].tz_localize("UTC"), days[-1].tz_localize("UTC"))


def test_the_table_says_the_summarys_figures() -> None:
    read, html = tables(told(account(HAND, closed=("2005-01-03", "2005-03-01"))))
    rows = {_plain(row[0]): [_plain(cell) for cell in row[1:]] for row in read.tables["months-a"][1:]}
    assert rows == {
        "2004": [*[""] * 11, "−1.0 *", "−1.0", "0"],
        "2005": ["+10.0", "", "−10.0 *", *[""] * 9, "−1.0", "2"],
    }
    held = [[_plain(cell) for cell in row] for row in read.tables["months-buy_and_hold"]]
    assert held[0][-2:] == ["Dec", "Year"] and held[2][1:4] == ["0.0", "", "0.0 *"]
    assert "* Dec 2004 and Mar 2005: only in part" in _plain(" ".join(read.text))
    assert html.count('class="num up" style="--deep:0.50"') == 1 and html.count('class="num down"') == 2
    assert 'down" style="--deep:0.10"' in html, "a tenth of the deepest: 0.06 + 0.1 × 0.44"


def test_one_month_alone() -> None:
    read, html = tables(told(account({"2005-01-28": 100.0, "2005-01-31": 100.0}, "2005-01-01")))
    assert [_plain(cell) for cell in read.tables["months-a"][1]] == ["2005", "0.0", *[""] * 11, "0.0", "0"]
    assert "only in part" not in html and "--deep" not in html


def test_a_return_that_is_not_defined_is_a_dash() -> None:
    read, _ = tables(told(account({"2005-01-31": 0.0, "2005-02-28": 0.0}, "2005-01-01")))
    assert [_plain(cell) for cell in read.tables["months-a"][1][1:4]] == ["−100.0", "–", ""]


def test_a_run_and_its_page(tmp_path: Path) -> None:
    """Months and years multiply to the total return, trades add up, and all of it stands on the page."""
    made, folder = ran(home(tmp_path), "chance.draws = 0", "gallery = 0")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    read = Reader(made.html)
    equity = pd.read_parquet(folder / "equity.parquet")
    trades = pd.read_parquet(folder / "trades.parquet")
    assert summary["variants"]["aggressive"]["trades"] > 0
    for name, one in (summary["variants"] | {"buy_and_hold": summary["buy_and_hold"]}).items():
        for key in ("months", "years"):
            made_of = math.prod(1 + value for value in one[key].values())
            assert made_of == pytest.approx(1 + one["total_return"], rel=1e-12)
        assert list(one["months"]) == sorted(set(equity["time"].dt.strftime("%Y-%m")))
        closed = trades[(trades["variant"] == name) & (trades["exit_reason"] != "open")]
        assert sum(one["closed_by_year"].values()) == len(closed) == one.get("trades", 0)
        cells = [_plain(cell).removesuffix(" *") for row in read.tables[f"months-{name}"][1:] for cell in row[1:13]]
        due = [f"{100 * value:+.1f}".replace("-", "−") if value else "0.0" for value in one["months"].values()]
        assert [cell for cell in cells if cell] == due
    assert len(read.tables["heat-table"]) == 1 + max(map(len, summary["search"]["heat"]["axes"]))
    shown = [_plain(cell) for row in read.tables["excursions"][1:] for cell in row[1:]]
    each = [summary["variants"][name]["excursions"] for name in summary["variants"]]
    counts = [one[key]["n"] for key in ("winners_against", "losers_ahead") for one in each]
    assert [str(n) in cell for n, cell in zip(counts, shown, strict=True) if n] == [True] * sum(map(bool, counts))
