"""The same contract counts once, whatever it is called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.evidence.contracts import Contract, contracts
from framework.evidence.ledger import block_length
from framework.structure.timeframes import coarse

DAY = 86_400_000_000


def walk(seed: int, name: str, rows: int = 1200, timeframe: str = "4h", noise: int = 0) -> Bars:
    move = np.random.default_rng(seed).normal(0, 0.02, rows)
    if noise:
        move += np.random.default_rng(noise).normal(0, 1e-3, rows)
    close = 100 * np.exp(np.cumsum(move))
    index = pd.date_range("2020-01-01", periods=rows, freq={"1d": "D"}.get(timeframe, timeframe), tz="UTC")
    frame = pd.DataFrame({"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}, index=index)
    return Bars.from_frame(frame, name, timeframe)


def test_timeframes_of_one_symbol_are_one_contract() -> None:
    fine = walk(1, "X")
    daily = coarse(fine, "1d").bars
    (one,) = contracts([fine, daily])
    assert one.symbol == "X" and set(one.bars) == {"4h", "1d"} and one.dropped == ()
    assert one.at("4h") is fine and one.at("1d") is daily and one.at("finest") is fine


def test_names_whose_days_move_alike_are_one_contract_and_the_longest_history_stays() -> None:
    long, twin, other = walk(1, "X"), walk(1, "X_COPY", 900, noise=3), walk(2, "Y")
    found = contracts([twin, other, long])
    assert [(one.symbol, one.dropped) for one in found] == [("Y", ()), ("X", ("X_COPY",))]


def test_names_that_share_few_days_are_not_compared() -> None:
    assert len(contracts([walk(1, "X", 170), walk(1, "Z", 170)])) == 2
    assert len(contracts([walk(1, "X", 190), walk(1, "Z", 190)])) == 1


@pytest.mark.parametrize(("has", "asked", "gets"), [("1h", "4h", "4h"), ("1d", "4h", "1d"), ("4h", "1h", "4h")])
def test_the_nearest_timeframe_there_is(has: str, asked: str, gets: str) -> None:
    bars = walk(1, "X", timeframe=has)
    assert Contract("X", {has: bars}).at(asked).timeframe == gets


def test_bars_are_made_of_the_finest_that_fit() -> None:
    hourly = walk(1, "X", 2400, "1h")
    made = Contract("X", {"1h": hourly}).at("4h")
    assert made.close.tolist() == coarse(hourly, "4h").bars.close.tolist()


def test_fresh_bars_remember_nothing() -> None:
    bars = walk(1, "X")
    bars.remember("x", lambda: np.zeros(3))
    calls: list[int] = []
    Contract("X", {"4h": bars}).fresh().bars["4h"].remember("x", lambda: calls.append(1) or np.zeros(3))
    assert calls == [1]


@pytest.mark.parametrize(("timeframe", "horizon", "days"), [("4h", 20, 30), ("1d", 20, 40), ("4h", 120, 40)])
def test_a_block_is_twice_the_horizon_and_thirty_days_at_least(timeframe: str, horizon: int, days: int) -> None:
    assert block_length([walk(1, "X", timeframe=timeframe)], horizon) == days * DAY


def test_a_symbol_and_timeframe_twice_are_refused() -> None:
    with pytest.raises(UserError, match="is X 4h once more; each file once"):
        contracts([walk(1, "X"), walk(2, "X")])
