"""RSI and ATR against published figures, hand-made series and the plain second implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.indicators import atr, rsi
from tests import examples, reference
from tests.reference import indicators as plain

# Published sample sheets (StockCharts, ChartSchool: Relative Strength Index; Average True Range).
RSI_CLOSE = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
    46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521,
    45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
]  # fmt: skip
RSI_14 = [
    70.5328, 66.3186, 66.5498, 69.4063, 66.3552, 57.9749, 62.9296, 63.2571, 56.0593, 62.3771, 54.7076,
    50.4228, 39.9898, 41.4605, 41.8689, 45.4632, 37.304, 33.0795, 37.773,
]  # fmt: skip
ATR_HIGH = [
    48.7, 48.72, 48.9, 48.87, 48.82, 49.05, 49.2, 49.35, 49.92, 50.19, 50.12, 49.66, 49.88, 50.19, 50.36,
    50.57, 50.65, 50.43, 49.63, 50.33, 50.29, 50.17, 49.32, 48.5, 48.3201, 46.8, 47.8, 48.39, 48.66, 48.79,
]  # fmt: skip
ATR_LOW = [
    47.79, 48.14, 48.39, 48.37, 48.24, 48.635, 48.94, 48.86, 49.5, 49.87, 49.2, 48.9, 49.43, 49.725, 49.26,
    50.09, 50.3, 49.21, 48.98, 49.61, 49.2, 49.43, 48.08, 47.64, 41.55, 44.2833, 47.31, 47.2, 47.9, 47.7301,
]  # fmt: skip
ATR_CLOSE = [
    48.16, 48.61, 48.75, 48.63, 48.74, 49.03, 49.07, 49.32, 49.91, 50.13, 49.53, 49.5, 49.75, 50.03, 50.31,
    50.52, 50.41, 49.34, 49.37, 50.23, 49.2375, 49.93, 48.43, 48.18, 46.57, 45.41, 47.77, 47.72, 48.62, 47.85,
]  # fmt: skip
ATR_14 = [
    0.555, 0.593929, 0.585791, 0.568949, 0.615452, 0.61792, 0.642354, 0.674329, 0.69277, 0.775429, 0.78147,
    1.209229, 1.30262, 1.38029, 1.366698, 1.336219, 1.316482,
]  # fmt: skip


def floats(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)


def wander(seed: int, length: int = 400) -> np.ndarray:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, length)))


def test_rsi_is_the_published_one() -> None:
    for values in (rsi(floats(RSI_CLOSE), 14), floats(plain.rsi(RSI_CLOSE, 14))):
        assert np.isnan(values[:14]).all()
        np.testing.assert_allclose(values[14:], RSI_14, rtol=0, atol=1e-3)


def test_atr_is_the_published_one() -> None:
    ours = atr(floats(ATR_HIGH), floats(ATR_LOW), floats(ATR_CLOSE), 14)
    for values in (ours, floats(plain.atr(ATR_HIGH, ATR_LOW, ATR_CLOSE, 14))):
        assert np.isnan(values[:13]).all()
        np.testing.assert_allclose(values[13:], ATR_14, rtol=0, atol=1e-5)


def test_rsi_by_hand() -> None:
    # Changes +2 -1 | +1: gains average 1 then (1 + 1) / 2 = 1, losses 0.5 then 0.25.
    np.testing.assert_allclose(rsi(floats([10, 12, 11, 12]), 2), [np.nan, np.nan, 100 / 1.5, 80], rtol=1e-12)


def test_rsi_at_its_ends() -> None:
    rising, falling = np.arange(1.0, 40.0), np.arange(40.0, 1.0, -1.0)
    assert (rsi(rising, 14)[14:] == 100).all()
    assert (rsi(falling, 14)[14:] == 0).all()


@pytest.mark.parametrize("length", [1, 2, 14, 15, 60])
def test_a_series_that_never_moved_has_no_rsi(length: int) -> None:
    assert np.isnan(rsi(np.full(length, 7.5), 14)).all()


def test_rsi_begins_with_the_first_move_of_a_flat_series() -> None:
    close = np.concatenate([np.full(30, 10.0), [9.0, 9.0, 10.0]])
    values = rsi(close, 14)
    assert np.isnan(values[:30]).all()
    # One loss of 1, two quiet bars at most, then a gain of 1 against what is left of the loss.
    np.testing.assert_allclose(values[30:], [0, 0, 100 / (1 + (13 / 14) ** 2)], rtol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e6])
@pytest.mark.parametrize("period", [7, 14, 21])
def test_rsi_holds_while_nothing_moves(period: int, scale: float) -> None:
    moved = wander(1, 100) * scale
    close = np.concatenate([moved, np.full(300, moved[-1])])
    values = rsi(close, period)
    np.testing.assert_allclose(values[100:], values[99], rtol=1e-9)
    assert 5 < values[99] < 95


def test_rsi_does_not_tremble_while_nothing_moves() -> None:
    """A difference in the last digit would be a swing, and a swing half a divergence."""
    moved = wander(2, 100)
    for period in (2, 7, 14):  # after 12,000 bars Wilder's averages themselves have shrunk to nothing
        values = rsi(np.concatenate([moved, np.full(12_000, moved[-1])]), period)
        assert (values[99:] == values[99]).all()


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e6])
def test_rsi_does_not_depend_on_the_size_of_the_price(scale: float) -> None:
    close = wander(3)
    np.testing.assert_allclose(rsi(close * scale, 14), rsi(close, 14), rtol=1e-6)


def test_atr_of_tiny_prices() -> None:
    close = wander(4)
    high, low = close * 1.01, close * 0.99
    np.testing.assert_allclose(atr(high * 1e-8, low * 1e-8, close * 1e-8), atr(high, low, close) * 1e-8, rtol=1e-9)


@pytest.mark.parametrize("length", [1, 13, 14])
def test_too_short_a_series_is_all_warm_up(length: int) -> None:
    close = wander(5, length)
    assert np.isnan(rsi(close, 14)).all()
    assert np.isnan(atr(close, close, close, 15)).all()
    assert len(rsi(close, 14)) == len(atr(close, close, close, 15)) == length


def test_atr_counts_a_gap_and_the_first_bar_without_one() -> None:
    high, low, close = floats([12, 20, 15, 14]), floats([10, 19, 11, 13]), floats([11, 19, 14, 13])
    # True ranges 2, 20 - 11 = 9, 19 - 11 = 8, 14 - 13 = 1; seed (2 + 9) / 2, then halves.
    np.testing.assert_allclose(atr(high, low, close, 2), [np.nan, 5.5, 6.75, 3.875], rtol=1e-12)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=120), st.integers(2, 25))
def test_rsi_equals_the_plain_one(close: list[int], period: int) -> None:
    values = floats([float(price) for price in close])
    np.testing.assert_allclose(rsi(values, period), plain.rsi(values.tolist(), period), rtol=0, atol=1e-9)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 4)), min_size=1), st.integers(2, 25))
def test_atr_equals_the_plain_one(rows: list[tuple[int, int, int]], period: int) -> None:
    low = floats([float(row[0]) for row in rows])
    high = floats([float(row[0] + row[1]) for row in rows])
    close = floats([float(row[0] + min(row[1], row[2])) for row in rows])
    expected = plain.atr(high.tolist(), low.tolist(), close.tolist(), period)
    np.testing.assert_allclose(atr(high, low, close, period), expected, rtol=0, atol=1e-9)


def test_the_plain_ones_share_nothing_with_the_framework() -> None:
    for path in Path(reference.__path__[0]).glob("*.py"):
        text = path.read_text()
        assert not any(f"import {name}" in text or f"from {name}" in text for name in ("framework", "talib", "numba"))
