"""Funding and borrowing from an experiment's file to its figures, paid again by hand from the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from .funded import Done, ran, rates, walked

CASH = 100_000.0
LENT = 0.3  # a year
FUNDING = "data.funding = ['data/F.csv']"
BORROW = f"costs.borrow = {LENT}"
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of which X has funding on F."""
    folder = tmp_path_factory.mktemp("workspace")
    ran(folder, name="bare")
    walked(7).to_csv(folder / "data" / "X-1d.csv")
    rates().to_csv(folder / "data" / "F.csv")
    return folder


@pytest.fixture(scope="module")
def bare(folder: Path) -> Done:
    return ran(folder, name="none")


@pytest.fixture(scope="module")
def paid(folder: Path) -> Done:
    """With funding and borrowing both."""
    return ran(folder, FUNDING, BORROW, name="both")


def prices(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "data" / "X-1d.csv", index_col="time", parse_dates=True).tz_localize("UTC")


def of_the_day(folder: Path) -> pd.Series[Any]:
    """The sum of the rates after each day's open up to and including the next one's."""
    rate = pd.read_csv(folder / "data" / "F.csv", index_col="time", parse_dates=True)["funding_rate"].tz_localize("UTC")
    belongs = rate.groupby((rate.index - pd.Timedelta(microseconds=1)).floor("D")).sum()
    return belongs.reindex(prices(folder).index, fill_value=0.0)


def by_hand(folder: Path, trade: Any) -> float:
    """At the close of every day from the entry's to the one before the exit's, or to the last of an open trade."""
    bars, rate = prices(folder), of_the_day(folder)
    end = trade.exit_time + DAY if trade.exit_reason == "open" else trade.exit_time
    paid = 0.0
    for day in bars.index[(bars.index >= trade.entry_time) & (bars.index < end)]:
        side = 1 if trade.direction == "long" else -1
        worth = trade.size * bars.loc[day, "close"]
        paid += side * worth * rate[day]
        if side < 0:
            paid += worth * LENT / 365.25
    return paid


def test_every_trade_pays_what_the_files_say(folder: Path, paid: Done) -> None:
    assert len(paid.trades) > 30 and set(paid.trades["direction"]) == {"long", "short"}
    for trade in paid.trades.itertuples():
        assert trade.carry == pytest.approx(by_hand(folder, trade), rel=1e-9)
        side = 1 if trade.direction == "long" else -1
        gained = side * trade.size * (trade.exit_price - trade.entry_price)
        assert trade.pnl == pytest.approx(gained - trade.fees - trade.carry)
        assert trade.r == pytest.approx(trade.pnl / (trade.size * abs(trade.entry_price - trade.stop)))
    assert paid.equity["aggressive"].iloc[-1] - CASH == pytest.approx(paid.trades["pnl"].sum())
    assert paid.trades["carry"].min() < 0 < paid.trades["carry"].max()


def test_the_summary_says_it_in_r_and_in_money(paid: Done, bare: Done) -> None:
    found = paid.summary["variants"]["aggressive"]["carry"]
    closed = paid.trades[paid.trades["exit_reason"] != "open"]
    risk = closed["size"] * (closed["entry_price"] - closed["stop"]).abs()
    assert found["r"]["value"] == pytest.approx(-(closed["carry"] / risk).mean())
    assert found["r"]["n"] == len(closed)
    assert found["paid"] == pytest.approx(paid.trades["carry"].sum())
    # Neither where a trade stands nor what its fees are worth in R depends on what holding costs.
    assert paid.trades["entry_time"].equals(bare.trades["entry_time"])
    costs, without = (one.summary["variants"]["aggressive"]["costs_r"]["value"] for one in (paid, bare))
    assert costs == pytest.approx(without)
    more = (one.summary["variants"]["aggressive"]["expectancy_r"]["value"] for one in (paid, bare))
    assert next(more) - next(more) == pytest.approx(found["r"]["value"])


def test_where_nothing_is_paid_nothing_is_said(bare: Done) -> None:
    assert (bare.trades["carry"] == 0).all()
    assert bare.summary["variants"]["aggressive"]["carry"] is None
    assert (bare.summary["funding"], bare.summary["finer"], bare.summary["notes"]) == ({}, {}, [])
    assert bare.manifest["data"]["X"].keys() == {"sha256", "bars"}


def test_setups_by_themselves_pay_too(paid: Done, bare: Done) -> None:
    """The same setup has the same R in the account: here no entry closes another's trade."""
    alone = paid.setups.set_index("setup")["aggressive_r"]
    for trade in paid.trades.itertuples():
        assert trade.r == pytest.approx(alone[trade.setup])
    assert not np.allclose(alone, bare.setups.set_index("setup")["aggressive_r"])


def test_buying_and_holding_pays_the_funding(folder: Path, paid: Done, bare: Done) -> None:
    bars, rate = prices(folder), of_the_day(folder)
    inside = bars.index >= paid.equity["time"].iloc[0]
    bars, rate = bars[inside], rate[inside]
    units = CASH / (bars["open"].iloc[0] * 1.0005 * 1.001)
    funded = units * (bars["close"] - (bars["close"] * rate).cumsum())
    assert paid.equity["buy_and_hold"].to_numpy() == pytest.approx(funded.to_numpy())
    assert bare.equity["buy_and_hold"].to_numpy() == pytest.approx((units * bars["close"]).to_numpy())


def test_funding_alone_and_borrowing_alone(folder: Path, paid: Done) -> None:
    """Each by itself, and both are their sum, since the size of a trade is the only thing that they share."""
    alone = [ran(folder, change, name=name) for change, name in ((FUNDING, "funding"), (BORROW, "borrow"))]
    a_unit = [(one.trades["carry"] / one.trades["size"]).to_numpy() for one in [*alone, paid]]
    assert a_unit[0] + a_unit[1] == pytest.approx(a_unit[2])
    assert (a_unit[1][alone[1].trades["direction"] == "long"] == 0).all()
    assert alone[1].summary["funding"] == {} and alone[1].summary["notes"] == []


def test_the_manifest_and_the_summary_name_what_was_read(folder: Path, paid: Done, bare: Done) -> None:
    assert paid.manifest["configuration"]["data"]["funding"] == ["data/F.csv"]
    assert paid.manifest["configuration"]["costs"]["borrow"] == LENT
    # Settlements up to the end of the last day: the last two lie after it.
    whole = rates()
    last = prices(folder).index[-1] + DAY
    assert paid.manifest["data"]["X"]["funding"] == int((whole.index.tz_localize("UTC") <= last).sum())
    assert paid.manifest["data"]["X"]["sha256"] != bare.manifest["data"]["X"]["sha256"]
    begin = paid.equity["time"].iloc[0]
    inside = whole.tz_localize("UTC")
    inside = inside[(inside.index > begin) & (inside.index <= last)]
    told = paid.summary["funding"]["X"]
    assert told["a_year"] == pytest.approx(inside.mean() * 3 * 365.25)
    assert (pd.Timestamp(told["from"]), pd.Timestamp(told["to"])) == (inside.index[0], inside.index[-1])


def test_one_changed_rate_is_another_run(folder: Path, paid: Done) -> None:
    changed = rates()
    changed.iloc[1500] += 1e-6
    changed.to_csv(folder / "data" / "G.csv")
    other = ran(folder, FUNDING.replace("F.csv", "G.csv"), BORROW, name="other")
    assert other.manifest["data"]["X"]["sha256"] != paid.manifest["data"]["X"]["sha256"]


def test_the_period_cuts_the_funding_too(folder: Path) -> None:
    """What lies after `to` is not part of the run; nothing but its hash could tell."""
    rates().iloc[: 3 * 800].to_csv(folder / "data" / "H.csv")
    cut = [
        ran(folder, "data.to = 2022-01-31", FUNDING.replace("F.csv", file), name=f"cut-{file[0]}")
        for file in ("F.csv", "H.csv")
    ]
    assert cut[0].manifest["data"] == cut[1].manifest["data"]


def test_what_has_no_funding_is_said(folder: Path) -> None:
    """A second market without any, and a first whose rates end half way and have a hole of nine days."""
    walked(8).to_csv(folder / "data" / "Y-1d.csv")
    part = rates().iloc[:1900]
    part.drop(part.index[1500:1527]).to_csv(folder / "data" / "P.csv")
    done = ran(folder, "data.files = ['data/X-1d.csv', 'data/Y-1d.csv']", FUNDING.replace("F.csv", "P.csv"), name="p")
    begin, end = done.equity["time"].iloc[0], prices(folder).index[-1] + DAY
    known = part.index[-1].tz_localize("UTC")
    days = (end - known) / DAY + (9 + 1 / 3)
    assert done.summary["notes"] == [
        "No funding is given for Y: none was paid or received there.",
        f"X has no funding for {int(days)} of the {(end - begin).days} days of its test: none was paid in them.",
    ]
    assert done.summary["notes"][0] in done.summary["verdict"]["warning"]


def test_rates_in_percent_are_suspected(folder: Path) -> None:
    (rates() * 100).to_csv(folder / "data" / "Q.csv")
    done = ran(folder, FUNDING.replace("F.csv", "Q.csv"), "costs.fee = 0.0", name="q")
    (note,) = done.summary["notes"]
    size = (rates() * 100).iloc[: 3 * 900].abs().mean() * 3 * 365.25
    assert note == f"The funding of X is {size:.0%} a year in size: are the rates in its file percentages?"
