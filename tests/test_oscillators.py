"""The stochastic, averages, momentum and MACD against published figures, hand-made series and the plain second one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.bars import Bars
from framework.indicators import WAVES, ema, macd, momentum, sma, stochastic
from framework.sources import load
from tests import examples
from tests.real import needed
from tests.reference import oscillators as plain

NAN = np.nan

# Published sample sheets (StockCharts, ChartSchool: Moving Averages; Stochastic Oscillator).
INTEL = [
    22.2734, 22.194, 22.0847, 22.1741, 22.184, 22.1344, 22.2337, 22.4323, 22.2436, 22.2933, 22.1542, 22.3926,
    22.3816, 22.6109, 23.3558, 24.0519, 23.753, 23.8324, 23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.187,
    23.0976, 23.326, 22.6805, 23.0976, 22.4025, 22.1725,
]  # fmt: skip
SMA_10 = [
    22.22, 22.21, 22.23, 22.26, 22.31, 22.42, 22.61, 22.77, 22.91, 23.08, 23.21, 23.38, 23.53, 23.65, 23.71,
    23.69, 23.61, 23.51, 23.43, 23.28, 23.13,
]  # fmt: skip
EMA_10 = [
    22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51, 23.54, 23.47,
    23.40, 23.39, 23.26, 23.23, 23.08, 22.92,
]  # fmt: skip
HIGH = [
    127.009, 127.6159, 126.5911, 127.3472, 128.173, 128.4317, 127.3671, 126.422, 126.8995, 126.8498, 125.646,
    125.7156, 127.1582, 127.7154, 127.6855, 128.2228, 128.2725, 128.0934, 128.2725, 127.7353,
]  # fmt: skip
LOW = [
    125.3574, 126.1633, 124.9296, 126.0937, 126.8199, 126.4817, 126.034, 124.8301, 126.3921, 125.7156, 124.5615,
    124.5715, 125.0689, 126.8597, 126.6309, 126.8001, 126.7105, 126.8001, 126.1335, 125.9245,
]  # fmt: skip
CLOSE = [*LOW[:13], 127.2876, 127.1781, 128.0138, 127.1085, 127.7253, 127.0587, 127.3273]  # the first are not printed
K_14 = [89.20210842, 65.81055243, 81.7477133, 64.52379722, 74.52977634]
D_3 = [75.74974592, 74.20718998, 78.92012471, 70.69402098]


def floats(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)


def close_to(found: np.ndarray, expected: list[float] | np.ndarray, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def test_averages_are_the_published_ones() -> None:
    for found in (sma(floats(INTEL), 10), floats(plain.sma(INTEL, 10))):
        assert np.isnan(found[:9]).all() and found[9:].round(2).tolist() == SMA_10
    for found in (ema(floats(INTEL), 10), floats(plain.ema(INTEL, 10))):
        assert np.isnan(found[:9]).all() and found[9:].round(2).tolist() == EMA_10


def test_the_stochastic_is_the_published_one() -> None:
    """The sheet's is the fast one: %K is not smoothed. It begins with %D, two bars after the sheet's own."""
    ours = stochastic(floats(HIGH), floats(LOW), floats(CLOSE), 14, 1, 3)
    for k, d in (ours, plain.stochastic(HIGH, LOW, CLOSE, 14, 1, 3)):
        assert np.isnan(k[:15]).all() and np.isnan(d[:15]).all()
        close_to(floats(list(k[15:])), K_14, 1e-7)
        close_to(floats(list(d[15:19])), D_3, 1e-7)


def test_by_hand() -> None:
    close = floats([10, 12, 11, 14, 13])
    close_to(sma(close, 2), [NAN, 11, 11.5, 12.5, 13.5])
    close_to(ema(close, 3), [NAN, NAN, 11, 12.5, 12.75])  # half the way each time
    close_to(momentum(close, 2), [NAN, NAN, 1, 2, 2])
    assert sma(close, 1).tolist() == ema(close, 1).tolist() == close.tolist()
    # Raw, of two bars: (11.5 - 9) / (13 - 9) = 62.5 %, (11 - 10) / (13 - 10) = 33.3 %, (14 - 10) / (15 - 10) = 80 %.
    high, low, last = floats([11, 13, 12, 15]), floats([9, 11, 10, 13]), floats([10, 11.5, 11, 14])
    k, d = stochastic(high, low, last, 2, 1, 2)
    close_to(k, [NAN, NAN, 100 / 3, 80])
    close_to(d, [NAN, NAN, (62.5 + 100 / 3) / 2, (100 / 3 + 80) / 2])


def test_macd_by_hand() -> None:
    """Averages of two and three bars, both begun at the third: 11.5 and 11; then 13.167 and 12.5, 13.056 and 12.75."""
    line, signal, histogram = macd(floats([10, 12, 11, 14, 13]), 2, 3, 2)
    close_to(line, [NAN, NAN, NAN, 2 / 3, 11 / 36])
    close_to(signal, [NAN, NAN, NAN, 7 / 12, 7 / 12 + 2 / 3 * (11 / 36 - 7 / 12)])
    close_to(histogram, line - signal)


@pytest.mark.parametrize(("wave", "first"), list(zip(WAVES, (8, 19, 41), strict=True)))
def test_the_first_valid_bar_of_a_stochastic(wave: tuple[int, int, int], first: int) -> None:
    for length in (first, first + 1, first + 20):
        bars = wander(1, length)
        for line in stochastic(bars.high, bars.low, bars.close, *wave):
            assert len(line) == length
            assert np.isnan(line[:first]).all() and not np.isnan(line[first:]).any()


def test_the_first_valid_bar_of_the_others() -> None:
    close = wander(2, 60).close
    for values, first in ((sma(close, 20), 19), (ema(close, 20), 19), (momentum(close, 10), 10)):
        assert np.isnan(values[:first]).all() and not np.isnan(values[first:]).any()
    for length in (1, 33, 34, 60):
        for line in macd(close[:length]):
            assert len(line) == length
            assert np.isnan(line[:33]).all() and not np.isnan(line[33:]).any()


@pytest.mark.parametrize("wave", WAVES)
def test_a_flat_range_is_undefined_wherever_it_would_enter_and_nowhere_else(wave: tuple[int, int, int]) -> None:
    period, smooth, signal = wave
    first, bars = sum(wave) - 3, wander(3, 200)
    last = 80 + period - 1  # bars 80 to `last` stand still: one window, that ends there, holds nothing else
    high, low, close = bars.high.copy(), bars.low.copy(), bars.close.copy()
    for column in (high, low, close):
        column[80 : last + 1] = 100.0
    k, d = stochastic(high, low, close, *wave)
    every = np.arange(200)
    assert (np.isnan(k) == ((every < first) | ((every >= last) & (every < last + smooth)))).all()
    assert (np.isnan(d) == ((every < first) | ((every >= last) & (every < last + smooth + signal - 1)))).all()
    expected = plain.stochastic(high, low, close, *wave)
    close_to(k, expected[0])
    close_to(d, expected[1])


@pytest.mark.parametrize("wave", WAVES)
def test_a_market_that_never_moved_has_no_stochastic(wave: tuple[int, int, int]) -> None:
    still = np.full(60, 7.1)
    assert all(np.isnan(line).all() for line in stochastic(still, still, still, *wave))


def wander(seed: int, length: int) -> Bars:
    """Bars of a random walk, each as wide as its move and a little more."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, length)))
    opening = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opening, close) * 1.002, np.minimum(opening, close) / 1.002
    time = np.datetime64("2020-01-01", "us") + np.arange(length) * np.timedelta64(3600, "s")
    return Bars("X", "1h", time, opening, high, low, close, np.full(length, np.nan))


def compare(high: np.ndarray, low: np.ndarray, close: np.ndarray, lengths: tuple[int, int, int], atol: float) -> None:
    small, large, third = lengths
    for found, expected in (
        (sma(close, large), plain.sma(close, large)),
        (ema(close, large), plain.ema(close, large)),
        (momentum(close, large), plain.momentum(close, large)),
        *zip(macd(close, small, large, third), plain.macd(close, small, large, third), strict=True),
    ):
        close_to(found, expected, atol * close.max())
    found, expected = stochastic(high, low, close, *lengths), plain.stochastic(high, low, close, *lengths)
    for one, other in zip(found, expected, strict=True):
        close_to(one, other, 1e-8)


ROWS = st.lists(st.tuples(st.integers(10, 16), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=90)


@settings(max_examples=examples(300), deadline=None)
@given(ROWS, st.integers(2, 8), st.integers(9, 14), st.integers(2, 6))
def test_they_equal_the_plain_ones(rows: list[tuple[int, int, int]], small: int, large: int, third: int) -> None:
    low = floats([float(row[0]) for row in rows])
    high = floats([float(row[0] + row[1]) for row in rows])
    close = floats([float(row[0] + min(row[1], row[2])) for row in rows])
    compare(high, low, close, (small, large, third), 1e-12)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 10), st.integers(1, 60), st.sampled_from(WAVES))
def test_flat_stretches_equal_the_plain_ones(seed: int, length: int, wave: tuple[int, int, int]) -> None:
    bars = wander(seed, 160)
    still = slice(60, 60 + length)
    columns = [column.copy() for column in (bars.high, bars.low, bars.close)]
    for column in columns:
        column[still] = 50.0
    for one, other in zip(stochastic(*columns, *wave), plain.stochastic(*columns, *wave), strict=True):
        close_to(one, other, 1e-8)


@pytest.mark.parametrize("name", ["BTCUSDT-1d.parquet", "SPY-1d.parquet"])
@pytest.mark.parametrize("lengths", [(12, 26, 9), *WAVES])
def test_they_equal_the_plain_ones_on_real_bars(name: str, lengths: tuple[int, int, int]) -> None:
    bars = load(needed(name))[-1500:]
    small, large = sorted(lengths[:2])
    compare(bars.high, bars.low, bars.close, (small, large, lengths[2]), 1e-12)
    for one, other in zip(
        stochastic(bars.high, bars.low, bars.close, *lengths),
        plain.stochastic(bars.high, bars.low, bars.close, *lengths),
        strict=True,
    ):
        close_to(one, other, 1e-8)


@pytest.mark.parametrize("length", [1, 5, 40])
def test_nothing_before_its_time(length: int) -> None:
    close = wander(4, length).close
    for values in (sma(close, 41), ema(close, 41), momentum(close, 40), *macd(close, 20, 41, 2)):
        assert len(values) == length and np.isnan(values).all()
