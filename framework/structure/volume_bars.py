"""Bars of much volume that go nowhere: accumulation after a fall or in a range, distribution near the highs.

The two are no mirrors of each other, which is why both are written out: large buyers need time, so that accumulation
is confirmed by a price that holds; distribution is known at its own close.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr, settled
from ..setups import Setups, ordered
from .sides import BEFORE, Rows, of_side
from .trend import trend
from .volume import relative_volume

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class VolumeBarRule:
    """volume: times the mean of the 20 bars before. body: share of the range that the body of an accumulation bar is at
    most; wick: that the upper wick of a distribution bar is at least. fall: ATR below its low that no close may lie in
    the `held` bars after an accumulation bar. near: percent that a distribution bar's high lies at most below the
    highest of the `over` bars that end with it. width: bars on either side of the trend's swings. sessions: volume
    against what is usual in its hour of the week.
    """

    volume: float = 2.0
    body: float = 0.3
    wick: float = 0.5
    fall: float = 0.5
    held: int = 5
    near: float = 2.0
    over: int = 50
    width: int = 5
    sessions: bool = False


RULE = VolumeBarRule()


def volume_bars(bars: Bars, rule: VolumeBarRule = RULE) -> Setups:
    """All accumulation (long) and distribution (short) bars; a bar without a range is neither.

    accumulation: much volume and a small body while the trend is not up, known when the bars that must hold it are
    over; vetoed where one closed too far below it. distribution: much volume and a long upper wick or a close below
    the open, in an uptrend or near the highs, known at its own close. bar: the bar. stop: the lowest low (highest high)
    from three bars before it through known_at. Features at the bar: f_volume over the usual; f_body, f_upper_wick as
    shares of the range; f_trend. Raises UserError without any volume.
    """

    def compute() -> Setups:
        long, short = _accumulation(bars, rule), _distribution(bars, rule)
        words = repr(sorted(asdict(rule).items()))
        found = ordered((of_side(bars, 1, "volume_bar", long, words), of_side(bars, -1, "volume_bar", short, words)))
        rows = np.flatnonzero(found.direction > 0)
        broken = np.zeros(len(found), bool)
        broken[rows] = _broken(bars, found.anchors["bar"][rows], rule)
        return found.refuse(broken, "closed too far below it")

    return bars.remember(("volume_bars", rule), compute)


def _accumulation(bars: Bars, rule: VolumeBarRule) -> Rows:
    body, _ = _shares(bars)
    bar = np.flatnonzero(_loud(bars, rule) & (trend(bars, rule.width) <= 0) & (_settled(body - rule.body) <= 0))
    return _rows(bars, "accumulation", bar[bar + rule.held < len(bars)], rule.held, rule)


def _distribution(bars: Bars, rule: VolumeBarRule) -> Rows:
    _, wick = _shares(bars)
    high = np.full(len(bars), np.nan)
    if len(bars) >= rule.over:
        high[rule.over - 1 :] = sliding_window_view(bars.high, rule.over).max(axis=1)
    placed = (trend(bars, rule.width) == 1) | (bars.high >= high * (1 - rule.near / 100))
    turned = (_settled(wick - rule.wick) >= 0) | (bars.close < bars.open)
    return _rows(bars, "distribution", np.flatnonzero(_loud(bars, rule) & placed & turned), 0, rule)


def _rows(bars: Bars, kind: str, bar: Ints, wait: int, rule: VolumeBarRule) -> Rows:
    body, wick = _shares(bars)
    features = {
        "f_volume": relative_volume(bars, rule.sessions)[bar],
        "f_body": body[bar],
        "f_upper_wick": wick[bar],
        "f_trend": trend(bars, rule.width)[bar],
    }
    return Rows(np.full(len(bar), kind), {"bar": bar}, bar - BEFORE, bar + wait, features)


def _broken(bars: Bars, bar: Ints, rule: VolumeBarRule) -> Bools:
    """Whether a close of the bars after lies too far below the bar's low; also where the ATR is unknown."""
    level = bars.low[bar] - rule.fall * bar_atr(bars)[bar]
    after = bar[:, None] + np.arange(1, rule.held + 1)
    return np.asarray(~(bars.close[after] >= level[:, None]).all(axis=1))


def _loud(bars: Bars, rule: VolumeBarRule) -> Bools:
    return relative_volume(bars, rule.sessions) >= rule.volume


def _settled(apart: Floats) -> Floats:
    """Two shares of a range apart, 0 where it is only by what rounding leaves."""
    return settled(apart, np.ones(len(apart)))


def _shares(bars: Bars) -> tuple[Floats, Floats]:
    """Body and upper wick as shares of each bar's range; NaN without one."""
    reach = bars.high - bars.low
    shares = np.full((2, len(bars)), np.nan)
    np.divide(np.abs(bars.close - bars.open), reach, out=shares[0], where=reach > 0)
    np.divide(bars.high - np.maximum(bars.open, bars.close), reach, out=shares[1], where=reach > 0)
    return shares[0], shares[1]
