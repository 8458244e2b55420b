"""Bars with funding and with finer bars: which stamps belong to which bar, and nothing later than a slice's end."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from framework.bars import Bars
from framework.errors import UserError
from framework.funding import Funding
from framework.signals import Signals
from framework.simulation import Exits, simulate
from tests import examples

Floats: TypeAlias = NDArray[np.float64]
HOUR = np.timedelta64(3600, "s")


def hours(count: int, start: str = "2024-01-01", gaps: tuple[int, ...] = ()) -> Bars:
    """Hourly bars; before those in `gaps` a day is missing."""
    since = np.arange(count) + 24 * np.searchsorted(np.array(gaps, int), np.arange(count), side="right")
    index = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(since, unit="h")
    close = 100.0 + np.arange(count)
    columns = {"open": close, "high": close + 2, "low": close - 2, "close": close + 1}
    return Bars.from_frame(pd.DataFrame(columns, index=pd.DatetimeIndex(index)), "X", "1h")


def minutes(count: int, start: str = "2024-01-01", every: int = 15) -> Bars:
    index = pd.date_range(start, periods=count, freq=f"{every}min", tz="UTC")
    flat = dict.fromkeys(("open", "high", "low", "close"), 100.0 + np.arange(count))
    return Bars.from_frame(pd.DataFrame(flat, index=index), "X", f"{every}m")


def stamped(pairs: list[tuple[str, float]]) -> pd.Series[float]:
    times = pd.DatetimeIndex([pd.Timestamp(stamp, tz="UTC") for stamp, _ in pairs])
    return pd.Series([rate for _, rate in pairs], index=times)


def by_bar(bars: Bars) -> list[float]:
    assert bars.funding
    return [float(rate) for rate in bars.funding.by_bar(bars.time, bars.step)]


def test_a_stamp_belongs_to_the_bar_it_ends_or_lies_in() -> None:
    """After a bar's open, up to and including the next one's; those before and after all bars to none."""
    series = stamped([
        ("2023-12-31 23:59", 0.5), ("2024-01-01 00:00", 0.25), ("2024-01-01 00:00:01", 0.001),
        ("2024-01-01 00:30", 0.002), ("2024-01-01 01:00", 0.004), ("2024-01-01 02:00:01", 0.01),
        ("2024-01-01 03:00", 0.02), ("2024-01-01 03:00:01", 0.125),
    ])  # fmt: skip
    assert by_bar(hours(3).with_funding(series)) == pytest.approx([0.007, 0.0, 0.03])


def test_a_stamp_in_a_gap_belongs_to_the_bar_before_it() -> None:
    bars = hours(4, gaps=(2,))  # 00:00, 01:00, then a day and an hour later
    series = stamped([("2024-01-01 09:00", 0.01), ("2024-01-02 02:00", 0.02), ("2024-01-02 02:30", 0.04)])
    assert by_bar(bars.with_funding(series)) == pytest.approx([0.0, 0.03, 0.04, 0.0])
    # A slice does not know that there is a gap: of the stamps after its last bar it has those of one bar's length.
    assert by_bar(bars.with_funding(series)[:2]) == [0.0, 0.0]


@settings(max_examples=examples(200), deadline=None, derandomize=True, database=None)
@given(st.data())
def test_every_stamp_is_paid_once(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    bars = hours(count, gaps=tuple(sorted(data.draw(st.sets(st.integers(1, 7), max_size=2)))))
    quarters = data.draw(st.sets(st.integers(-9, 4 * (count + 50)), min_size=1, max_size=30))
    times = bars.index[0] + pd.to_timedelta(np.array(sorted(quarters)) * 15, unit="min")
    series = pd.Series(2.0 ** -np.arange(1, len(times) + 1), index=pd.DatetimeIndex(times))
    inside = series[(series.index > bars.index[0]) & (series.index <= pd.Timestamp(bars.end, tz="UTC"))]
    if not len(inside):
        return
    paid, ends = by_bar(bars.with_funding(series)), [*bars.index[1:], pd.Timestamp(bars.end, tz="UTC")]
    for rate, start, end in zip(paid, bars.index, ends, strict=True):
        assert rate == inside[(inside.index > start) & (inside.index <= end)].sum()


def test_a_slice_shows_nothing_later() -> None:
    series = stamped([(f"2024-01-01 {hour:02}:00", 0.001 * hour) for hour in range(1, 24)] + [("2024-01-02", 0.5)])
    bars = hours(24).with_funding(series).with_finer(minutes(96))
    assert bars.funding and bars.finer
    for first, last in ((0, 1), (0, 10), (5, 6), (5, 24), (-4, None), (0, 24), (None, -1)):
        part = bars[first:last]
        assert part.funding and part.finer
        assert part.funding.time[-1] == part.end and part.finer.time[0] == part.time[0]
        assert part.finer.time[-1] == part.end - np.timedelta64(900, "s")
        assert by_bar(part) == by_bar(bars)[first:last]
        assert len(part.finer) == 4 * len(part)
    assert bars[3:9][1:4].digest == bars[4:7].digest
    assert len(bars[4:4]) == 0 and bars[4:4].funding is None and bars[4:4].finer is None
    assert len(bars.finer) == 96 and len(bars.funding.time) == 24  # the whole is as it was


def test_what_lies_after_a_slice_decides_nothing() -> None:
    """A run on the first bars of a market is the same whatever its funding and finer bars do later."""
    series = stamped([(f"2024-01-01 {hour:02}:00", 0.001) for hour in range(1, 24)])
    wild = series.where(series.index <= pd.Timestamp("2024-01-01 12:00", tz="UTC"), -0.9)
    signals = Signals(np.arange(12) % 3 == 0, stop=np.full(12, 90.0))
    runs = [
        simulate(hours(24).with_funding(one).with_finer(minutes(96, every=15))[:12], signals, exits=Exits(target_r=0.2))
        for one in (series, wild)
    ]
    pd.testing.assert_frame_equal(runs[0].trades, runs[1].trades, check_exact=True)
    assert runs[0].trades["carry"].sum() > 0
    pd.testing.assert_series_equal(runs[0].equity, runs[1].equity, check_exact=True)


def test_pickles_and_copies_keep_both() -> None:
    series = stamped([("2024-01-01 08:00", 0.001), ("2024-01-01 16:00", -0.002)])
    bars = hours(24).with_funding(series).with_finer(minutes(96))
    for other in (pickle.loads(pickle.dumps(bars)), copy.copy(bars), copy.deepcopy(bars)):
        assert other.digest == bars.digest and by_bar(other) == by_bar(bars)
        assert other.finer is not None and other.finer.close.tolist() == bars.finer.close.tolist()
        assert not other.finer.open.flags.writeable and not other.open.flags.writeable
    assert bars.funding is not None and not bars.funding.rate.flags.writeable


def test_the_digest_knows_both() -> None:
    plain = hours(24)
    first = stamped([("2024-01-01 08:00", 0.001), ("2024-01-01 16:00", -0.002)])
    later = first.set_axis(first.index + pd.Timedelta("1h"))
    made = [
        plain, plain.with_funding(first), plain.with_funding(later), plain.with_funding(first * 2),
        plain.with_finer(minutes(96)), plain.with_finer(minutes(95)), plain.with_finer(minutes(192, every=5)),
        plain.with_funding(first).with_finer(minutes(96)), plain.with_funding(first[:1]),
    ]  # fmt: skip
    assert len({bars.digest for bars in made}) == len(made)
    assert plain.with_finer(minutes(96)).with_funding(first).digest == made[7].digest
    assert plain.with_funding(first).with_funding(later).digest == made[2].digest
    assert hours(24).digest == plain.digest and plain.funding is None and plain.finer is None  # it is not touched


def test_what_was_given_does_not_change_them() -> None:
    series = stamped([("2024-01-01 08:00", 0.001), ("2024-01-01 16:00", -0.002)])
    bars = hours(24).with_funding(series)
    before, digest = by_bar(bars), bars.digest
    series.iloc[0] = 0.7
    assert by_bar(bars) == before and dataclasses.replace(bars).digest == digest


def test_nothing_remembered_comes_along() -> None:
    """What costs nothing without funding must not be answered from before."""
    bars = hours(24)
    held = Signals(np.arange(24) == 0, stop=np.full(24, 50.0))
    assert simulate(bars, held).trades["carry"].tolist() == [0.0]
    paying = bars.with_funding(stamped([("2024-01-01 08:00", 0.01)]))
    assert simulate(paying, held).trades["carry"][0] > 0
    assert simulate(bars, held).trades["carry"].tolist() == [0.0]


GOOD = stamped([("2024-01-01 08:00", 0.001), ("2024-01-01 16:00", -0.002)])
WRONG: dict[str, tuple[Any, str]] = {
    "no series": ([0.001], "without stamps"),
    "a table": (GOOD.to_frame(), "without stamps"),
    "no stamps": (pd.Series([0.001, 0.002]), "without stamps"),
    "no zone": (GOOD.tz_localize(None), "zone None"),
    "another zone": (GOOD.tz_convert("Europe/Berlin"), "zone Europe/Berlin"),
    "backwards": (GOOD[::-1], "do not ascend"),
    "twice": (pd.concat([GOOD, GOOD[1:]]), "do not ascend"),
    "no time": (GOOD.set_axis(pd.DatetimeIndex([pd.NaT, GOOD.index[1]])), "ascend"),
    "no rate": (GOOD.where(GOOD > 0), "is nan"),
    "a word": (GOOD.astype(object).where(GOOD > 0, "x"), "is 'x'"),
    "in percent": (GOOD * 1e4, "is 10.0"),
    "infinite": (GOOD / 0, "is inf"),
    "all before": (GOOD.set_axis(GOOD.index - pd.Timedelta("2D")), "inside the bars"),
    "all after": (GOOD.set_axis(GOOD.index + pd.Timedelta("2D")), "inside the bars"),
    "some before, the others after": (
        GOOD.set_axis(GOOD.index + pd.to_timedelta([-1, 2], unit="D")),
        "inside the bars",
    ),
    "none": (GOOD[:0], "inside the bars"),
}


@pytest.mark.parametrize("name", WRONG)
def test_funding_that_cannot_be(name: str) -> None:
    series, said = WRONG[name]
    with pytest.raises(UserError, match=said) as refused:
        hours(24).with_funding(series)
    assert str(refused.value).startswith("X: ") and "\n" not in str(refused.value)


def test_the_first_and_the_last_stamp_that_count() -> None:
    for stamp, inside in (("00:00:00", False), ("00:00:01", True), ("23:59", True)):
        series = stamped([(f"2024-01-01 {stamp}", 0.001)])
        if inside:
            assert sum(by_bar(hours(24).with_funding(series))) == 0.001
        else:
            with pytest.raises(UserError):
                hours(24).with_funding(series)
    assert by_bar(hours(24).with_funding(stamped([("2024-01-02 00:00", 0.001)])))[-1] == 0.001


@pytest.mark.parametrize(
    ("finer", "said"),
    [
        (hours(24), "are 1h for bars of 1h"),
        (minutes(96, "2024-01-02"), "outside the bars"),
        (minutes(4, "2023-12-31"), "outside the bars"),
        (minutes(96)[:0], "outside the bars"),
    ],
)
def test_finer_bars_that_are_no_help(finer: Bars, said: str) -> None:
    with pytest.raises(UserError, match=said):
        hours(24).with_finer(finer)


def test_finer_bars_that_do_not_fit_into_the_bars_show_nothing_later() -> None:
    """Of 45 minutes the second goes on for half an hour after the first bar."""
    try:
        bars = hours(24).with_finer(minutes(32, every=45))
    except UserError:
        return
    for last in range(1, 24):
        part = bars[:last]
        assert part.finer is not None and part.finer.end <= part.end


def test_coarser_bars_are_not_finer() -> None:
    with pytest.raises(UserError, match="smaller timeframe"):
        minutes(96).with_finer(hours(24))


def test_until() -> None:
    funding = Funding.from_series(GOOD, "X")
    for end, count in (("07:59", 0), ("08:00", 1), ("15:59", 1), ("16:00", 2), ("23:00", 2)):
        assert len(funding.until(np.datetime64(f"2024-01-01T{end}")).time) == count
    assert funding.by_bar(np.zeros(0, "datetime64[us]"), HOUR).tolist() == []
