"""Small charts for the tests: flat lines with a few extremes, and random ones on a coarse grid, full of ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from framework.bars import Bars
from framework.setups import Setups
from framework.structure.divergence import DivergenceRule, divergences

Floats = NDArray[np.float64]
Points = Mapping[int, float]
SMALL = {"left": 1, "right": 1, "min_gap": 2, "max_gap": 20}


def line(length: int, level: float, points: Points | None = None) -> Floats:
    """`level` on every bar but those in `points`."""
    values = np.full(length, float(level))
    for bar, value in (points or {}).items():
        values[bar] = value
    return values


def chart(
    low: Sequence[float] | Floats,
    high: Sequence[float] | Floats,
    close: Sequence[float] | Floats | None = None,
    volume: Sequence[float] | Floats | None = None,
) -> Bars:
    """Hourly bars. Without closes each bar closes in its middle; without volumes none is known."""
    lows, highs = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    closes = (lows + highs) / 2 if close is None else np.asarray(close, dtype=float)
    volumes = np.full(len(lows), np.nan) if volume is None else np.asarray(volume, dtype=float)
    columns = {"open": closes, "high": highs, "low": lows, "close": closes, "volume": volumes}
    index = pd.date_range("2020-01-01", periods=len(lows), freq="h", tz="UTC")
    return Bars.from_frame(pd.DataFrame(columns, index=index), "TEST", "1h")


def below(osc: Floats, lows: Points, volume: Floats | None = None, **options: object) -> Setups:
    """The setups of a chart whose highs are all equal and whose lows are 20 but for `lows`."""
    n = len(osc)
    return divergences(chart(line(n, 20, lows), line(n, 40), volume=volume), osc, DivergenceRule(**SMALL | options))


def above(osc: Floats, highs: Points, volume: Floats | None = None, **options: object) -> Setups:
    """The setups of a chart whose lows are all equal and whose highs are 20 but for `highs`."""
    n = len(osc)
    return divergences(chart(line(n, 5), line(n, 20, highs), volume=volume), osc, DivergenceRule(**SMALL | options))


def found(setups: Setups) -> list[tuple[object, ...]]:
    names = ("left_price", "left_osc", "right_price", "right_osc")
    anchors = [setups.anchors[name].tolist() for name in names]
    return list(zip(setups.kind.tolist(), *anchors, setups.known_at.tolist(), strict=True))


def features(setups: Setups, row: int = 0) -> dict[str, float]:
    return {name: float(values[row]) for name, values in setups.features.items()}


@st.composite
def coarse_charts(draw: st.DrawFn, least: int = 30, most: int = 90) -> Bars:
    """Bars whose prices are whole numbers of a short range, so that lows, highs and closes often tie."""
    n = draw(st.integers(least, most))
    reach = draw(st.integers(2, 9))
    lows = draw(_whole(n, 10, 10 + reach))
    heights = draw(_whole(n, 0, 3))
    places = draw(_whole(n, 0, 3))
    volumes = draw(_whole(n, -1, 4)).astype(float)
    volumes[volumes < 0] = np.nan
    return chart(lows, lows + heights, lows + np.minimum(places, heights), volumes)


@st.composite
def coarse_oscillators(draw: st.DrawFn, length: int) -> Floats:
    """Whole oscillator points, often equal, often at a threshold, with a warm-up and a few holes."""
    steps = draw(st.sampled_from([5, 10]))
    values = draw(_whole(length, 100 // steps // 5, 4 * (100 // steps) // 5)).astype(float) * steps
    values[: draw(st.integers(0, 8))] = np.nan
    for hole in draw(st.lists(st.integers(0, length - 1), max_size=2)):
        values[hole] = np.nan
    return values


def _whole(length: int, low: int, high: int) -> st.SearchStrategy[NDArray[np.int64]]:
    return arrays(np.int64, length, elements=st.integers(low, high), fill=st.nothing())
