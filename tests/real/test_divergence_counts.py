"""How often the definitions speak on 4-hour perpetuals: counts known from an earlier, independent measurement."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from framework.bars import Bars
from framework.entries import conservative
from framework.indicators import rsi
from framework.setups import Setups
from framework.sources import load
from framework.structure.divergence import DivergenceRule, divergences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the market data of ../shared/data is not here")

NINE = ("ADAUSDT", "BNBUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "XRPUSDT")
ALL = (*NINE, "GRTUSDT", "INJUSDT")
PERCENT = 0.01  # of a count: where closes are equal the last digit of an RSI may decide


@cache
def market(symbol: str, pairing: str) -> tuple[Bars, Setups]:
    bars = load(DATA / f"{symbol}-4h.parquet")
    return bars, divergences(bars, rsi(bars.close, 14), DivergenceRule(pairing=pairing))


def count(
    symbols: tuple[str, ...], kinds: tuple[str, ...], flag: str | None = None, pairing: str = "oscillator"
) -> int:
    """Setups of these kinds, those with a feature of 1 where one is named."""
    total = 0
    for symbol in symbols:
        setups = market(symbol, pairing)[1]
        wanted = np.isin(setups.kind, kinds)
        total += int((wanted & (setups.features[flag] == 1)).sum() if flag else wanted.sum())
    return total


def test_price_has_often_gone_lower_before_a_divergence_is_known() -> None:
    assert count(NINE, ("regular_bullish",)) == pytest.approx(585, rel=PERCENT)
    assert count(NINE, ("regular_bullish",), "f_broken_before_known") == pytest.approx(243, rel=PERCENT)


def test_hidden_divergence_almost_never_has_a_left_extreme() -> None:
    assert count(NINE, ("hidden_bullish",)) == pytest.approx(819, rel=PERCENT)
    assert count(NINE, ("hidden_bullish",), "f_left_extreme") == 2
    assert count(ALL, ("hidden_bullish", "hidden_bearish"), "f_left_extreme") <= 10  # of about 1,950


@pytest.mark.parametrize("pairing", ["oscillator", "price"])
def test_divergences_with_a_left_extreme_are_rare(pairing: str) -> None:
    bars = sum(len(market(symbol, pairing)[0]) for symbol in ALL)
    for kind in ("regular_bullish", "regular_bearish"):
        assert 1.5 < 1000 * count(ALL, (kind,), "f_left_extreme", pairing) / bars < 5


def test_price_that_turns_with_the_oscillator_has_seldom_gone_beyond() -> None:
    """Matched to a swing of its own, price stands at the extreme of the five bars after it by definition."""
    kinds = ("regular_bullish", "regular_bearish", "hidden_bullish", "hidden_bearish")
    assert count(ALL, kinds, "f_broken_before_known", "price") < 0.01 * count(ALL, kinds, pairing="price")


@pytest.mark.parametrize(("width", "least", "most"), [(2, 0.20, 0.30), (5, 0.07, 0.12)])
def test_how_many_regular_divergences_print_a_second_bottom(width: int, least: float, most: float) -> None:
    """About a quarter and a tenth of all, where a setup that was broken before it was known is not traded."""
    filled = total = 0
    for symbol in ALL:
        bars, setups = market(symbol, "oscillator")
        regular = np.char.startswith(setups.kind, "regular")
        whole = setups.features["f_broken_before_known"] == 0
        fate = conservative(bars, setups, left=width, right=width).fate
        filled += int((regular & whole & (fate == "entered")).sum())
        total += int(regular.sum())
    assert least < filled / total < most


def test_of_the_unbroken_nearly_half_print_a_second_bottom() -> None:
    filled = total = 0
    for symbol in ALL:
        bars, setups = market(symbol, "oscillator")
        whole = setups.features["f_broken_before_known"] == 0
        filled += int((whole & (conservative(bars, setups).fate == "entered")).sum())
        total += int(whole.sum())
    assert 0.38 < filled / total < 0.52
