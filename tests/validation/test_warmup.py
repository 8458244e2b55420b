"""How long until nothing depends on where the data starts: answers that are known, and those that never come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.indicators import bar_rsi
from framework.sources import load
from framework.validation.causality import Produce, Views
from framework.validation.proof import producer
from framework.validation.warmup import TOLERANCE, Settling, since, starts, warmup
from tests.conformance.table import table
from tests.conformance.test_strategies import CASES, of_strategy
from tests.validation.test_causality import every_bar, walk

N, STARTS = 900, [10, 111, 252, 400]


def settling(column: Callable[[Bars], Any], bars: Bars | None = None) -> Settling:
    """Of a column with a value every bar, that does differ."""
    (found,) = warmup(bars or walk(N), every_bar(lambda bars: np.asarray(column(bars))), STARTS)
    return found


def close(bars: Bars) -> pd.Series[float]:
    return pd.Series(bars.close)


def by_hand(full: NDArray[Any], part: Callable[[int], NDArray[Any]]) -> int:
    """Bars after which no value is further than the tolerance from that of all the data, the most over the starts."""
    most = 0
    for start in STARTS:
        for i, value in enumerate(part(start)):
            other = full[start + i]
            if not (np.isnan(value) and np.isnan(other)):
                apart = not abs(value - other) <= TOLERANCE * max(abs(value), abs(other))
                most = max(most, (i + 1) * apart)
    return most


@pytest.mark.parametrize("period", [2, 20, 200])
def test_a_simple_average_settles_when_its_window_is_full(period: int) -> None:
    found = settling(lambda bars: close(bars).rolling(period).mean())
    assert (found.view, found.column, found.bars) == ("view", "value", period - 1)
    assert found.bar == found.start + period - 2  # the last that is not yet defined
    assert np.isnan(found.part) and not np.isnan(found.full)  # type: ignore[call-overload]


def exponential(prices: NDArray[np.float64], period: int) -> NDArray[np.float64]:
    value, values = prices[0], []
    for price in prices:
        value += 2 / (period + 1) * (price - value)
        values.append(value)
    return np.array(values)


@pytest.mark.parametrize("period", [5, 20, 50])
def test_an_exponential_average_settles_as_its_weights_fade(period: int) -> None:
    """A plain loop finds the same number; it is about what the first value's weight needs to fall to 1e-6."""
    prices = walk(N).close
    expected = by_hand(exponential(prices, period), lambda start: exponential(prices[start:], period))
    found = settling(lambda bars: close(bars).ewm(span=period, adjust=False).mean())
    fades = np.log(TOLERANCE) / np.log(1 - 2 / (period + 1))
    assert found.bars == expected and 0.4 * fades < expected < fades


def wilder(prices: NDArray[np.float64], period: int) -> NDArray[np.float64]:
    """The RSI of New Concepts in Technical Trading Systems: means of the first changes, smoothed from there on."""
    change = np.diff(prices)
    up, down = change[:period].clip(0).mean(), (-change[:period]).clip(0).mean()
    values = [np.nan] * period + [100 * up / (up + down)]
    for one in change[period:]:
        up, down = (up * (period - 1) + max(one, 0)) / period, (down * (period - 1) + max(-one, 0)) / period
        values.append(100 * up / (up + down))
    return np.array(values)


@pytest.mark.parametrize("period", [7, 14])
def test_wilders_rsi_settles_where_a_plain_one_does(period: int) -> None:
    prices = walk(N).close
    expected = by_hand(wilder(prices, period), lambda start: wilder(prices[start:], period))
    assert settling(lambda bars: bar_rsi(bars, period)).bars == expected > 5 * period


def test_what_starts_do_not_change_is_not_there() -> None:
    assert warmup(walk(N), every_bar(lambda bars: bars.close), STARTS) == []


def on_balance(bars: Bars) -> NDArray[np.float64]:
    return np.cumsum(np.sign(np.diff(bars.close, prepend=bars.close[0])) * bars.high)


@pytest.mark.parametrize(
    ("column", "cause"),
    [
        (on_balance, "a running total"),
        (lambda bars: np.arange(len(bars)), "a running total"),
        (lambda bars: bars.close / bars.close[0], "a running product"),
        (lambda bars: np.cumprod(bars.close / bars.open), "a running product"),
        (lambda bars: close(bars).expanding().mean(), ""),
        (lambda bars: close(bars).expanding().rank(pct=True), ""),
    ],
)
def test_what_never_settles(column: Callable[[Bars], Any], cause: str) -> None:
    found = settling(column)
    assert found.bars is None and found.bar == N - 1 and found.full != found.part
    assert found.cause.startswith(cause) and bool(found.cause) == bool(cause)


@pytest.mark.parametrize("extreme", [np.maximum.accumulate, np.minimum.accumulate])
@pytest.mark.parametrize("onward", [True, False])
def test_an_extreme_so_far_never_settles_where_the_first_bar_made_it(extreme: Any, onward: bool) -> None:
    """Told for sure where later bars make new ones of their own, the first bar's being out of reach."""
    rising = extreme == np.maximum.accumulate
    prices = np.arange(101.0, 101.0 + N) if rising == onward else np.arange(101.0 + N, 101.0, -1)
    prices[0] = 9999.0 if rising else 1.0
    bars = dataclasses.replace(walk(N), close=prices)
    found = settling(lambda bars: extreme(bars.close), bars)
    words = "an extreme of all bars so far" if onward else "a value of the first bars, or an extreme"
    assert found.bars is None and found.cause.startswith(words)


def test_too_little_data_to_tell() -> None:
    found = settling(lambda bars: close(bars).rolling(850).mean())
    assert found.bars is None and found.cause.startswith("still undefined")


def test_a_difference_within_the_tolerance_is_none() -> None:
    """By the value, and by the largest of the column where values are next to nothing."""
    less = every_bar(lambda bars: bars.close * (1 + 0.9 * TOLERANCE * (len(bars) < N)))
    more = every_bar(lambda bars: bars.close * (1 + 1.1 * TOLERANCE * (len(bars) < N)))
    tiny = every_bar(lambda bars: np.append(np.full(len(bars) - 1, 1e-14 * (len(bars) < N)), 1.0))
    assert warmup(walk(N), less, STARTS) == [] == warmup(walk(N), tiny, STARTS)
    assert warmup(walk(N), more, STARTS) != []


def test_words_and_flags_are_equal_or_not() -> None:
    flags = settling(lambda bars: close(bars) > close(bars).rolling(30, min_periods=1).mean())
    words = settling(lambda bars: np.where(np.arange(len(bars)) < 5, "early", "late"))
    assert 0 < (flags.bars or 0) <= 29 and (words.bars, words.full, words.part) == (5, "late", "early")


def rule(at: Callable[[Bars], Any], feature: Callable[[Bars], Any] | None = None) -> Produce:
    """Setups at those bars, known two bars later, with a feature."""

    def find(bars: Bars, _: Any) -> Any:
        rows = np.asarray(at(bars))
        rows = rows[rows < len(bars) - 2]
        values = {} if feature is None else {"f_value": np.asarray(feature(bars))[rows]}
        return table(bars, rows, known_at=rows + 2, features=values)

    return producer(find, lambda bars, _: (np.zeros(len(bars), bool),) * 2, None, {})


def crosses(bars: Bars) -> NDArray[np.int64]:
    above = (close(bars) > close(bars).rolling(30).mean()).to_numpy()
    return np.flatnonzero(above[1:] & ~above[:-1]) + 1


def test_setups_are_matched_by_what_they_are_made_of() -> None:
    """Their bars are other numbers in data that start later, and the same times."""
    full, bars = {*crosses(walk(N)).tolist()}, walk(N)
    last = [(full ^ {bar + start for bar in crosses(bars[start:]).tolist()}, start) for start in STARTS]
    expected = max(bar + 2 - start + 1 for rows, start in last for bar in rows if bar + 2 >= start)  # known 2 later
    (found,) = warmup(bars, rule(crosses), STARTS)
    assert (found.view, found.column, found.bars) == ("setups", "rows", expected)
    assert {found.full, found.part} == {"there", "absent"} and 28 < expected <= 32


def test_features_of_setups_settle_by_their_bars_of_knowledge() -> None:
    found = warmup(
        walk(N), rule(lambda bars: np.flatnonzero(np.diff(bars.close) > 0.01 * bars.close[1:]), close), [300]
    )
    assert found == []
    found = warmup(walk(N), rule(lambda bars: np.flatnonzero(bars.close > 0), on_balance), STARTS)
    assert [(one.column, one.bars) for one in found] == [("f_value", None), ("rows", 2)] and "running total" in found[
        0
    ].cause


def test_setups_that_go_by_the_first_bar_never_settle() -> None:
    (found,) = warmup(walk(N), rule(lambda bars: np.arange(3, len(bars), 7)), STARTS[:2])
    assert (found.view, found.column, found.bars, found.cause) == ("setups", "rows", None, "")


def test_the_slowest_comes_first() -> None:
    def produce(bars: Bars) -> Views:
        values = {str(period): close(bars).rolling(period).mean().to_numpy() for period in (5, 50, 10)}
        return {"view": (np.arange(len(bars)), {**values, "total": on_balance(bars)})}

    found = warmup(walk(N), produce, STARTS)
    assert [(one.column, one.bars) for one in found] == [("total", None), ("50", 49), ("10", 9), ("5", 4)]


def test_starts_lie_in_the_first_half_each_in_its_part() -> None:
    for count in (1, 4, 9):
        at = starts(1000, count)
        assert len(at) == count and at == starts(1000, count)
        assert all(500 * i / count <= start <= 500 * (i + 1) / count + 1 for i, start in enumerate(at))
    assert all(1 <= start <= n // 2 for n in range(2, 30) for start in starts(n, 4)) and starts(1000, 0) == []


def test_nothing_of_what_came_before_is_left() -> None:
    """Funding, the finer bars and the open interest begin with the bars; a settlement at the first open is past."""
    times = pd.date_range("2024-01-01", periods=N // 8, freq="8h", tz="UTC")
    minutes = pd.date_range("2024-01-01", periods=2 * N, freq="30min", tz="UTC")
    fine = Bars.from_frame(pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 100.0), minutes), "F", "30m")
    whole = walk(N).with_funding(pd.Series(np.arange(len(times)) / 1e6, times)).with_finer(fine)
    whole = dataclasses.replace(whole, open_interest=np.arange(N, dtype=float))
    part = since(whole, 16)
    assert part.funding and part.finer and part.open_interest is not None
    assert part.funding.time[0] == times[3].to_datetime64() and part.finer.time[0] == minutes[32].to_datetime64()
    assert (part.open_interest[0], len(part)) == (16.0, N - 16)


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] != "confluence"])
def test_the_setups_of_every_rule_settle(name: str, options: dict[str, object]) -> None:
    """What is traded does not depend on where the data starts; of what is said of it only a running total does."""
    bars = load("sample:IBM")[:2400]
    never = [one for one in warmup(bars, of_strategy(name, options), starts(len(bars), 3)) if one.bars is None]
    assert all(one.cause.startswith("a running total") for one in never), never
    assert not never or name == "obv_divergence"
