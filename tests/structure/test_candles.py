"""Candles: hand-made bars, all 61 names, equality with plain definitions, cut at every bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.errors import UserError
from framework.sources import load
from framework.structure.candles import CANDLES, candle, pin_bar, turning
from framework.validation.causality import leaks
from tests import examples, thin
from tests.bench.__main__ import walk
from tests.real import needed
from tests.reference import fibonacci as plain

Row = tuple[float, float, float, float]
CALM = [(10.0, 10.6, 9.4, 10.2), (10.2, 10.6, 9.4, 10.0)] * 8  # open, high, low, close


def bars_of(rows: list[Row]) -> Bars:
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close"])
    frame.index = pd.date_range("2020-01-01", periods=len(rows), freq="h", tz="UTC")
    return Bars.from_frame(frame, "TEST", "1h")


def upside_down(rows: list[Row]) -> list[Row]:
    return [(20 - opened, 20 - low, 20 - high, 20 - close) for opened, high, low, close in rows]


PINS: dict[str, tuple[Row, float]] = {
    "a long lower wick": ((10, 10.2, 8, 10.1), 1),
    "black": ((10.1, 10.2, 8, 10), 1),
    "no body": ((10, 10, 8, 10), 1),
    "60 % of the range": ((10.8, 11, 10, 10.6), 1),
    "less than 60 %": ((10.8, 11, 10, 10.59), 0),
    "twice the body": ((10.2, 10.3, 9.3, 9.9), 1),
    "less than twice the body": ((9.61, 10, 9, 10), 0),
    "other wick 20 %": ((10.8, 11, 10, 10.8), 1),
    "other wick above 20 %": ((10.79, 11, 10, 10.79), 0),
    "both wicks long": ((10, 11, 9, 10), 0),
    "no range": ((10, 10, 10, 10), 0),
}


@pytest.mark.parametrize("name", PINS)
def test_pin_bars_by_hand(name: str) -> None:
    row, expected = PINS[name]
    assert pin_bar(bars_of([row] * 2)).tolist() == [expected] * 2
    assert pin_bar(bars_of(upside_down([row] * 2))).tolist() == [-expected] * 2


PATTERNS: dict[str, tuple[list[Row], float]] = {
    "engulfing": ([(10.2, 10.3, 9.7, 9.8), (9.7, 10.6, 9.6, 10.5)], 1),
    "engulfing, not around": ([(10.2, 10.3, 9.7, 9.8), (9.9, 10.6, 9.6, 10.5)], 0),
    "engulfing, same colour": ([(9.8, 10.3, 9.7, 10.2), (9.7, 10.6, 9.6, 10.5)], 0),
    "hammer": ([(9.45, 9.51, 8.5, 9.5)], 1),
    "hammer, upper wick": ([(9.45, 9.9, 8.5, 9.5)], 0),
    "hammer, too high": ([(11.45, 11.51, 9.8, 11.5)], 0),
    "shooting_star": ([(10.4, 11.5, 10.39, 10.45)], -1),
    "shooting_star, no gap": ([(10.1, 11.2, 10.09, 10.15)], 0),
    "doji": ([(10, 10.6, 9.4, 10.01)], 1),
    "doji, a body": ([(10, 10.6, 9.4, 10.3)], 0),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_by_hand(name: str) -> None:
    rows, expected = PATTERNS[name]
    found = candle(bars_of([*CALM, *rows]), name.partition(",")[0])
    assert found[-1] == expected
    assert found[len(CALM) - 1] == 0


def test_engulfing_upside_down() -> None:
    rows, _ = PATTERNS["engulfing"]
    assert candle(bars_of(upside_down([*CALM, *rows])), "engulfing")[-1] == -1


def test_all_of_talibs() -> None:
    bars, functions = load("sample:AAPL"), set()
    for name in CANDLES:
        found = candle(bars, name)
        assert candle(bars, name) is found
        function = "CDL" + name.replace("three", "3").replace("two", "2").replace("_", "").upper()
        functions.add(function)
        warm = int(np.isnan(found).sum())
        assert 0 < warm < 20 and not np.isnan(found[warm:]).any()
        expected = getattr(talib, function)(bars.open, bars.high, bars.low, bars.close)
        np.testing.assert_array_equal(found[warm:], np.sign(expected)[warm:])
        assert not expected[:warm].any()
    assert functions == set(talib.get_function_groups()["Pattern Recognition"])
    assert len(CANDLES) == 61


def test_too_few_bars_and_a_wrong_name() -> None:
    bars = bars_of(CALM[:3])
    assert np.isnan(candle(bars, "morning_star")).all()
    assert not turning(bars, 1).any()
    with pytest.raises(UserError, match=r"'engulfed' is none.*engulfing"):
        candle(bars, "engulfed")


def agree(bars: Bars, stars: bool = True) -> None:
    assert pin_bar(bars).tolist() == plain.pins(bars)
    assert np.nan_to_num(candle(bars, "engulfing")).tolist() == plain.engulfing(bars)
    if stars:
        hammer, star = plain.hammers(bars)
        assert (candle(bars, "hammer") == 1).tolist() == hammer
        assert (candle(bars, "shooting_star") == -1).tolist() == star
        up, down = plain.turning(bars)
        assert turning(bars, 1).tolist() == up and turning(bars, -1).tolist() == down


@pytest.mark.parametrize("name", ["walk", "sample:MSFT", "BTCUSDT-4h", "SPY-1d"])
def test_plain_definitions(name: str) -> None:
    agree(walk(3000) if name == "walk" else load(name if ":" in name else needed(f"{name}.parquet"))[:4000])


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(*[st.integers(20, 26)] * 4), min_size=3, max_size=60))
def test_plain_definitions_on_a_coarse_grid(rows: list[Any]) -> None:
    """All that can tie does; the averages of TA-Lib are running sums, so its stars are left out here."""
    agree(bars_of([(a / 10, max(a, b, c, d) / 10, min(a, b, c, d) / 10, b / 10) for a, b, c, d in rows]), stars=False)


@pytest.mark.parametrize("noise", [None, 3])
def test_every_prefix(noise: int | None) -> None:
    def produce(bars: Bars) -> Any:
        values = {name: candle(bars, name) for name in CANDLES}
        return {"candles": (np.arange(len(bars)), values | {"pin_bar": pin_bar(bars)})}

    assert list(leaks(load("sample:IBM")[:260], produce, range(3, 259, 2 * thin(3)), noise)) == []
