"""Volume against what is usual, the trend, accumulation and distribution bars: by hand, and as the plain second one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from framework.bars import Bars, timeframe_step
from framework.errors import UserError
from framework.indicators import obv
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure import volume as ours
from framework.structure.trend import trend
from framework.structure.volume_bars import VolumeBarRule, volume_bars
from framework.validation.causality import leaks
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import volume as plain
from tests.reference.averages import Found

from . import Floats, chart, coarse_charts

ROOT = Path(__file__).resolve().parents[2]
NAN = np.nan


def dated(columns: dict[str, Sequence[float] | Floats], step: str = "1d") -> Bars:
    """Bars with opens of their own, from a Wednesday on."""
    values = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    index = pd.date_range("2020-01-01", periods=len(values["close"]), freq=pd.Timedelta(timeframe_step(step)), tz="UTC")
    return Bars.from_frame(pd.DataFrame(values, index=index), "TEST", step)


def stormy(seed: int, n: int, step: str = "1d") -> Bars:
    """A walk on a coarse grid that runs one way for a while, with bars of much volume, some of them wide, and holes."""
    random = np.random.default_rng(seed)
    drift = np.repeat(random.choice([-0.4, 0, 0.4], n // 15 + 1), 15)[:n]
    close = 500 + np.cumsum(np.round(random.normal(drift, 1)))
    opened = np.concatenate([close[:1], close[:-1]])
    opened = np.where(random.random(n) < 0.3, close, opened)
    high = np.maximum(opened, close) + random.integers(0, 3, n)
    low = np.minimum(opened, close) - random.integers(0, 3, n)
    volume = random.integers(1, 7, n).astype(float)
    loud, wide = random.random(n) < 0.12, random.random(n) < 0.7
    volume[loud] *= 8
    low[loud & wide] -= 9
    volume[random.random(n) < 0.006] = NAN
    volume[random.random(n) < 0.02] = 0
    return dated({"open": opened, "high": high, "low": low, "close": close, "volume": volume}, step)


def compare(setups: Setups, expected: list[tuple[Found, str]]) -> list[str]:
    """Hold every column of the framework's setups to the plain ones; the kinds found, vetoes behind a slash."""
    assert setups.kind.tolist() == [one.kind for one, _ in expected]
    assert setups.veto.tolist() == [veto for _, veto in expected]
    assert setups.direction.tolist() == [one.direction for one, _ in expected]
    assert setups.known_at.tolist() == [one.known_at for one, _ in expected]
    assert setups.stop.tolist() == [one.stop for one, _ in expected]
    for row, (one, _) in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        features = {name: float(values[row]) for name, values in setups.features.items()}
        assert features == pytest.approx(one.features, rel=1e-7, abs=1e-9, nan_ok=True)
    return [f"{one.kind}/{veto}".rstrip("/") for one, veto in expected]


def flat(volume: Sequence[float] | Floats, step: str = "1h") -> Bars:
    price = np.full(len(volume), 10.0)
    return dated(dict.fromkeys(("open", "high", "low", "close"), price) | {"volume": volume}, step)


def test_volume_against_the_twenty_bars_before() -> None:
    volume = np.arange(1.0, 25.0)
    values = ours.relative_volume(flat(volume))
    assert np.isnan(values[:20]).all()
    assert values[20:].tolist() == [21 / 10.5, 22 / 11.5, 23 / 12.5, 24 / 13.5]  # its own volume does not count


def test_an_unknown_volume_spoils_the_windows_that_hold_it_and_no_others() -> None:
    volume = np.full(60, 5.0)
    volume[25] = NAN
    values = ours.relative_volume(flat(volume))
    assert np.isnan(values[25:46]).all() and (values[20:25] == 1).all() and (values[46:] == 1).all()
    assert np.isnan(ours.relative_volume(flat(np.append(np.zeros(20), 5.0)))).all()  # nothing is usual
    assert np.isnan(ours.relative_volume(flat(np.full(20, 5.0)))).all()


def test_volume_against_the_same_hour_of_the_week() -> None:
    """Three weeks of hours whose usual volume is their number; in the fourth twice that, in the fifth again."""
    hours = np.tile(np.arange(1.0, 169.0), 5)
    hours[504:] *= 2
    values = ours.session_volume(flat(hours), window=3)
    assert np.isnan(values[:504]).all() and (values[504:672] == 2).all()
    assert (values[672:] == 2).all()  # of one, one and two times the median is one: the last week is twice it
    assert np.isnan(ours.session_volume(flat(hours[:600]))).all()  # by default twenty weeks


def test_unknown_volumes_of_an_hour_are_left_out_of_its_median() -> None:
    days = np.tile([1.0, 2, 3, 4, 5, 6, 7], 5)
    days[7] = NAN  # the second Wednesday
    values = ours.session_volume(flat(days, "1d"), window=3)
    assert np.isnan(values[[7, 14, 21]]).all() and values[28] == 1  # the third known one is that of bar 21
    assert (values[22:28] == 1).all() and np.isnan(values[15:21]).all()
    assert np.isnan(ours.session_volume(flat(np.zeros(40), "1d"), window=3)).all()


def test_volume_inside_a_zone() -> None:
    volume = np.concatenate([np.full(20, 4.0), [2, 6, 10], np.full(20, 1.0)])
    bars = flat(volume)
    first, last = np.array([20, 20, 21, 19, 42]), np.array([20, 22, 22, 25, 42])
    expected = [0.5, 1.5, 8 / 3.9, NAN, 1 / 1.45]
    np.testing.assert_allclose(ours.level_volume(bars, first, last), expected)
    volume[22] = NAN
    assert np.isnan(ours.level_volume(flat(volume), first, last)).tolist() == [False, True, True, True, True]


def test_on_balance_volume() -> None:
    close = np.array([10.0, 11, 11, 10, 12, 13])
    assert obv(close, np.array([5.0, 2, 7, 4, 1, 3])).tolist() == [5, 7, 7, 3, 4, 7]
    np.testing.assert_array_equal(obv(close, np.array([NAN, 2, 7, NAN, 1, 3])), [NAN, 2, 2, NAN, 3, 6])


# Swings of one bar: highs at 1, 3 and 5, lows at 2, 4 and 6, each known a bar later.
TRENDS = {
    "both rise": ((10, 12, 11, 13, 12, 14, 13), 1.0),
    "the highs equal": ((10, 12, 11, 13, 12, 13, 12.5), 0.0),
    "the lows equal": ((10, 12, 11, 13, 11, 14, 13), 0.0),
    "the highs rise, the lows fall": ((10, 12, 11, 13, 10, 14, 13), 0.0),
}


@pytest.mark.parametrize("name", TRENDS)
@pytest.mark.parametrize("side", [1, -1])
def test_trends_by_hand(name: str, side: int) -> None:
    path, expected = TRENDS[name]
    close = 20 + side * np.array(path)
    states = trend(chart(close - 0.5, close + 0.5), 1)
    assert np.isnan(states[:5]).all()  # the second low is known at bar 5, the second high was at 4
    assert states[6] == side * expected


def test_a_trend_is_that_of_the_swings_known() -> None:
    close = np.array([10, 12, 11, 13, 12, 14, 13, 13.5, 9, 10, 8, 9.5, 7], dtype=float)
    states = trend(chart(close - 0.5, close + 0.5), 1)
    assert states[5:].tolist() == [1, 1, 1, 0, -1, -1, -1, -1]  # a lower high is known at bar 8, a lower low at 9


def standing(loud: Sequence[float], at: int = 40, n: int = 60, path: int = 0, volume: float = 20) -> Bars:
    """Closes in turn 100 and 101 (path +1, -1: rising, falling), of one point's reach, volume 10; one bar is given as
    open, high, low and close over 100.
    """
    close = 100 + np.arange(n) % 2 + path * 0.25 * np.arange(n)
    columns = {"open": close.copy(), "high": close + 1, "low": close - 1, "close": close.copy()}
    base = 100 + path * 0.25 * at
    for name, value in zip(columns, loud, strict=True):
        columns[name][at] = base + value
    return dated(columns | {"volume": np.where(np.arange(n) == at, volume, 10.0)})


DOJI = (0, 1, -1, 0.5)  # its body is a quarter of its range
ACCUMULATION = VolumeBarRule(width=1)


@pytest.mark.parametrize(
    ("bar", "options", "count"),
    [
        (DOJI, {}, 1),
        (DOJI, {"path": -1}, 1),
        (DOJI, {"path": 1}, 0),
        (DOJI, {"volume": 19.9}, 0),
        ((0, 1, -1, 0.6), {}, 1),
        ((0, 1, -1, 0.61), {}, 0),
        ((0, 0, 0, 0), {}, 0),
        (DOJI, {"n": 46}, 1),
        (DOJI, {"n": 45}, 0),
    ],
)
def test_accumulation_by_hand(bar: Sequence[float], options: dict[str, float], count: int) -> None:
    bars = standing(bar, **options)
    assert trend(bars, 1)[40] == options.get("path", 0)
    found = volume_bars(bars, ACCUMULATION)
    found = found.take(found.kind == "accumulation")
    assert found.known_at.tolist() == [45] * count and found.anchors["bar"].tolist() == [40] * count
    assert (found.direction == 1).all() and found.traded.all()
    if count and not options:
        assert found.features["f_volume"].tolist() == [2.0] and found.features["f_trend"].tolist() == [0.0]
        assert found.features["f_body"][0] == pytest.approx((bar[3] - bar[0]) / 2)


@pytest.mark.parametrize(
    ("at", "below", "refused"), [(41, 0.49, False), (41, 0.51, True), (45, 0.51, True), (46, 9, False)]
)
def test_accumulation_is_a_price_that_holds(at: int, below: float, refused: bool) -> None:
    frame = standing(DOJI).frame()
    reach = 2.0  # nearly: the range of a bar
    frame.loc[frame.index[at], ["close", "low"]] = 99 - below * reach
    found = volume_bars(Bars.from_frame(frame, "TEST"), ACCUMULATION)
    found = found.take(found.kind == "accumulation")
    assert found.veto.tolist() == ["closed too far below it" if refused else ""]
    if at < 46:
        assert (found.anchors[EXTREME].tolist(), found.stop.tolist()) == ([at], [99 - below * reach])
    else:
        assert (found.anchors[EXTREME].tolist(), found.stop.tolist()) == ([38], [99.0])  # three bars before at the most


TOP = (0, 1, -1, -0.01)  # closes below its open


@pytest.mark.parametrize(
    ("bar", "options", "count"),
    [
        (TOP, {"path": 1}, 1),
        ((0, 1, -1, 0), {"path": 1}, 1),
        ((0.01, 1, -1, 0.01), {"path": 1}, 0),
        (TOP, {"path": 1, "volume": 19.9}, 0),
        (TOP, {"path": -1}, 0),
        (TOP, {"at": 49}, 1),
        (TOP, {"at": 48}, 0),
        ((-0.03, -0.03, -2, -1), {"at": 49, "n": 50}, 1),
        ((-0.05, -0.05, -2, -1), {"at": 49}, 0),
    ],
)
def test_distribution_by_hand(bar: Sequence[float], options: dict[str, float], count: int) -> None:
    """In a rise, or near the highest of fifty bars, which is 102: two percent below are 99.96."""
    bars, at = standing(bar, **options), options.get("at", 40)
    found = volume_bars(bars, ACCUMULATION)
    found = found.take(found.kind == "distribution")
    assert found.known_at.tolist() == found.anchors["bar"].tolist() == [at] * count
    assert (found.direction == -1).all() and found.traded.all()
    if count:
        extreme = int(np.argmax(bars.high[at - 3 : at + 1])) + at - 3
        assert (found.anchors[EXTREME].tolist(), found.stop.tolist()) == ([extreme], [bars.high[extreme]])


RULES = (
    VolumeBarRule(width=2),
    VolumeBarRule(volume=1.5, body=0.5, wick=0.3, fall=0.1, held=3, near=0.4, over=20, width=1),
    VolumeBarRule(width=2, sessions=True),
)


@pytest.mark.parametrize("rule", RULES)
def test_bars_equal_the_plain_ones(rule: VolumeBarRule) -> None:
    kinds: list[str] = []
    for seed in range(12):
        bars = stormy(seed, 400 if rule.sessions else 260)
        kinds += compare(volume_bars(bars, rule), plain.volume_bars(bars, rule))
    for kind in ("accumulation", "accumulation/closed too far below it", "distribution"):
        assert kinds.count(kind) >= 5


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(30, 120))
def test_states_equal_the_plain_ones(bars: Bars) -> None:
    for width in (1, 3):
        np.testing.assert_array_equal(trend(bars, width), plain.trend(bars, width))
    if bars.has_volume:
        np.testing.assert_allclose(ours.relative_volume(bars), plain.relative_volume(bars, False))
        np.testing.assert_array_equal(
            obv(bars.close, bars.volume), plain.obv(bars.close.tolist(), bars.volume.tolist())
        )


@pytest.mark.parametrize("step", ["1d", "12h"])
def test_volumes_equal_the_plain_ones(step: str) -> None:
    for seed in range(6):
        bars = stormy(seed, 420, step)
        for window in (3, 20):
            np.testing.assert_allclose(ours.session_volume(bars, window), plain.session_volume(bars, window))
        first = np.arange(0, 400, 7)
        last = first + np.arange(len(first)) % 11
        for sessions in (False, True):
            expected = [plain.level_volume(bars, *ends, sessions) for ends in zip(first, last, strict=True)]
            np.testing.assert_allclose(ours.level_volume(bars, first, last, sessions), expected)
            np.testing.assert_allclose(ours.relative_volume(bars, sessions), plain.relative_volume(bars, sessions))


@pytest.mark.parametrize("name", ["BTCUSDT-1d.parquet", "AAPL-1d.parquet", "SOLUSDT-4h.parquet"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    bars = load(needed(name))[:2000]
    np.testing.assert_array_equal(trend(bars), plain.trend(bars, 5))
    np.testing.assert_allclose(ours.session_volume(bars), plain.session_volume(bars))
    for rule in (VolumeBarRule(), VolumeBarRule(sessions=True)):
        assert len(compare(volume_bars(bars, rule), plain.volume_bars(bars, rule))) >= 5


@pytest.mark.parametrize("noise", [None, 7])
def test_nothing_of_the_future(noise: int | None) -> None:
    def produce(bars: Bars):
        every = np.arange(len(bars))
        values = {"trend": trend(bars, 3), "relative": ours.relative_volume(bars)}
        values |= {"session": ours.session_volume(bars, 5), "obv": obv(bars.close, bars.volume)}
        views = {"values": (every, values)}
        for rule in RULES:
            found = volume_bars(bars, rule)
            columns = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop, "veto": found.veto}
            views[str(rule)] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    bars = stormy(3, 330)
    assert min(len(volume_bars(bars, rule)) for rule in RULES) >= 10
    assert list(leaks(bars, produce, range(30, 329, thin(3)), noise)) == []


def test_a_market_without_volume_is_refused() -> None:
    bars = flat(np.full(60, NAN))
    for ask in (ours.relative_volume, ours.session_volume, volume_bars):
        with pytest.raises(UserError, match="the volume of no bar is known"):
            ask(bars)


@pytest.mark.parametrize("signal", ["accumulation", "distribution", "both"])
def test_the_strategy(signal: str) -> None:
    bars, rule = load("sample:AAPL"), load_strategy(ROOT, "volume_bars")
    p = rule.build({"signal": signal, "body": 0.4})
    found = rule.setups(bars, p)
    asked = (found.kind == signal) | (signal == "both")
    assert (found.veto[~asked] != "").all() and "kind not asked for" not in found.veto[asked]
    assert set(found.kind[found.traded]) == ({"accumulation", "distribution"} if signal == "both" else {signal})
    name, values, levels = rule.panel(bars, p)
    assert "volume" in name and len(values) == len(bars) and levels == (1.0, 2.0)
