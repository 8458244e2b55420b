"""What a ledger says besides its verdicts: who could not be tested, which definitions are other ones."""

from __future__ import annotations

import numpy as np
import pytest

from framework.bars import Bars
from framework.errors import MissingError
from framework.evidence.claim import Claim
from framework.evidence.claims import CLAIMS
from framework.evidence.contracts import Contract, contracts
from framework.evidence.contrasts import Against, Contrast
from framework.evidence.ledger import Judged, block_length, gathered, judge
from framework.evidence.units import Events
from framework.simulation import Costs

from .test_contracts import DAY, walk


def every(step: int = 10, start: int = 100, only: str = "") -> Contrast:
    """Every so many bars, which the data of one market cannot test."""

    def find(bars: Bars) -> Events:
        if bars.symbol == only:
            raise MissingError(bars.symbol, "has no tenth bar", "one that has")
        at = np.arange(start, len(bars) - 30, step)
        return Events(at, np.ones(len(at), np.int64))

    return Against(find)


def judged(claim: Claim, many: list[Contract]) -> Judged:
    return judge(many, [claim], [gathered(one, [claim], Costs()) for one in many], [])[0]


def test_a_market_that_cannot_be_tested_is_named() -> None:
    many = contracts([walk(1, "X"), walk(2, "Y"), walk(3, "Z", timeframe="1d")])
    found = judged(Claim("X1", "It rises.", "own", "bars", lambda: every(only="Y")), many)
    assert set(found.units) == {"X", "Z"} and found.unable == {"Y": "Y: has no tenth bar"}
    assert found.timeframes == {"4h": 1, "1d": 1} and found.found and not found.reason


def test_a_definition_that_finds_the_same_is_no_neighbour() -> None:
    around = ({"step": 10}, {"step": 7}, {"start": 101}, {"start": 9999})
    found = judged(Claim("X1", "It rises.", "own", "bars", every, around), contracts([walk(1, "X")]))
    assert np.isnan(found.around).tolist() == [True, False, False, True]
    assert found.found and len(found.neighbours) == 2
    assert found.agree == sum(np.sign(one) == np.sign(found.found.effect) for one in found.neighbours)


def test_blocks_are_as_long_as_the_slowest_bars_ask() -> None:
    hourly = [walk(1, "X", 3000, "1h")]
    assert block_length(hourly, 20) == 30 * DAY and block_length(hourly, 20, "1d") == 40 * DAY
    four_hours = CLAIMS["K19"]
    assert block_length(hourly, four_hours.test().horizon, four_hours.slowest) == 40 * DAY


@pytest.mark.parametrize("name", ["K01", "K50"])
def test_what_is_due_brings_the_bars_of_which_it_was_made(name: str) -> None:
    """Their luck is in the effect, so that it has to be in the error: they add up to one for every unit."""
    units = CLAIMS[name].test().units(walk(5, "X", 6000), Costs())
    assert len(units) > 30 and units.others.weight.sum() == pytest.approx(len(units))
    assert (units.others.weight * units.others.y).sum() == pytest.approx(units.due.sum())
