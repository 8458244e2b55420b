"""The claims about volume and price (S4, 3; S3): the trend table, bars of much volume, divergences, breaks."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...context import WITHIN, same_side
from ...setups import Setups
from ...structure.breaks import BACK, BreakRule, aftermath, line_breaks
from ...structure.divergence import DivergenceRule
from ...structure.edges import PatternRule
from ...structure.lines import LineRule
from ...structure.pattern_breaks import pattern_breaks
from ...structure.patterns import SHAPES, TRIANGLES, inside, patterns
from ...structure.volume import SURGE, fading_volume, relative_volume
from ...structure.volume_bars import VolumeBarRule, volume_bars
from ...structure.volume_divergence import VolumeDivergenceRule, obv_divergences, volume_divergences
from ...structure.volume_swings import Convention
from ...structure.volume_trend import TrendRule, volume_trend
from ..claim import Claim
from ..contrasts import Against, Contrast, Given, order, subset
from ..populations import of_kind, of_traded, standing
from ..units import Events, events, together
from .rsi import regular

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

S4 = "S4 §3"
UP_UP, UP_DOWN, DOWN_UP, DOWN_DOWN = range(4)  # the trend's way, the volume's: the cells of volume_trend
HIGHS, LOWS = "new highs of an uptrend, outside triangles", "new lows of a downtrend, outside triangles"
AROUND = ({"width": 3}, {"width": 8}, {"sessions": True})
CELL = (*AROUND, {"triangles": True})
BEYOND = (0.5, 1.0)  # ATR beyond its line: breaks alike in it are compared


def once(found: Events) -> Events:
    """The first event of each bar and side."""
    _, row = np.unique(2 * found.bar + (found.side > 0), return_index=True)
    return found.take(row)


def swings(
    bars: Bars, convention: Convention, cell: int, width: int = 5, sessions: bool = False, triangles: bool = False
) -> tuple[Setups, Bools]:
    """The swings of the cell's trend, those known inside a triangle left out, where volume is said to say nothing; and
    which of them the convention counts in the cell.
    """
    found = volume_trend(bars, TrendRule(convention, width, sessions))
    mine = found.features["f_cell"] // 2 == cell // 2
    found = found.take(np.flatnonzero(mine & (triangles | ~inside(bars)[found.known_at])))
    return found, found.traded & (found.features["f_cell"] == cell)


def table(convention: Convention, cell: int, **definition: Any) -> Contrast:
    """What follows a swing of the cell, on the side to which the convention says that it points."""

    def find(bars: Bars) -> Events:
        found, within = swings(bars, convention, cell, **definition)
        return events(found.take(np.flatnonzero(within)))

    return Against(find)


def against_the_rest(convention: Convention, cell: int, way: int) -> Contrast:
    """The cell's swings against the others of the same trend, all taken to point the way that the cell does."""

    def find(bars: Bars) -> Events:
        found, within = swings(bars, convention, cell)
        return Events(found.known_at.astype(np.int64), np.full(len(found), way), within.astype(float))

    return subset(find)


def loud_bar(kind: str, **definition: Any) -> Contrast:
    return Against(lambda bars: events(of_traded(of_kind(volume_bars(bars, VolumeBarRule(**definition)), kind))))


def obv(bars: Bars, kind: str, width: int = 5, pairing: Any = "oscillator", sessions: bool = False) -> Setups:
    """OBV divergences of a kind, regular or hidden, whose extreme still stood when they were known."""
    found = obv_divergences(bars, DivergenceRule(left=width, right=width, pairing=pairing), sessions)
    return of_kind(of_traded(standing(found)), kind)


def obv_turn(kind: str = "regular", **definition: Any) -> Contrast:
    return Against(lambda bars: events(obv(bars, kind, **definition)))


def quiet_extremes(
    bars: Bars, width: int = 5, sessions: bool = False, convention: Convention = "confirmation"
) -> Setups:
    """Regular volume divergences outside triangles: a lower low or a higher high with the volume that the convention
    says turns it, with S4's on less of it.
    """
    found = of_traded(volume_divergences(bars, VolumeDivergenceRule(convention, width, sessions=sessions)))
    return found.take(np.flatnonzero((found.features["f_regular"] == 1) & ~inside(bars)[found.known_at]))


def both_divergences(within: int = WITHIN, period: int = 14, **definition: Any) -> Contrast:
    """Over how many of the two, RSI and volume, had diverged to a side when one of them did: exactly one or both."""

    def find(bars: Bars) -> Events:
        quiet, rsi = quiet_extremes(bars, **definition), regular(bars, period=period)
        parts = [events(one, 1 + same_side(one, other, within)) for one, other in ((rsi, quiet), (quiet, rsi))]
        return once(together(*parts))

    return order(find)


def breaks(bars: Bars, width: int, shapes: bool) -> Events:
    """Breaks of trendlines and of patterns, one a close and side, in groups alike in how far beyond the line they are.
    arm: whether a close came back within five bars, NaN where the data ends before.
    """
    lines, parts = LineRule(width=width), []
    for one in [line_breaks(bars, BreakRule(lines))] + [pattern_breaks(bars, PatternRule(lines))] * shapes:
        back = aftermath(bars, one, BACK).inside >= 0
        arm = np.where(one.known_at + BACK < len(bars), back, np.nan)
        parts.append(dataclasses.replace(events(one, arm), group=np.digitize(one.features["f_beyond"], BEYOND)))
    return once(together(*parts))


def loud_break(surge: float = SURGE, sessions: bool = False, width: int = 5, shapes: bool = True) -> Contrast:
    """Whether price goes on: a break that fails is one that loses the race."""
    return subset(lambda bars: _by_volume(bars, breaks(bars, width, shapes), surge, sessions))


def false_breaks() -> Contrast:
    """How often a close comes back to the line's old side within five bars."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found = breaks(bars, 5, True)
        return _by_volume(bars, found, SURGE, False), found.arm, np.zeros(len(found))

    return Given(measure, "subset", BACK, between=True)


def _by_volume(bars: Bars, found: Events, surge: float, sessions: bool) -> Events:
    ratio = relative_volume(bars, sessions)[found.bar]
    return dataclasses.replace(found, arm=np.where(np.isnan(ratio), np.nan, ratio >= surge))


def quiet_triangle(before: int = 20, width: int = 5, shapes: tuple[int, ...] = TRIANGLES) -> Contrast:
    """Triangles whose volume has fallen from their first half to their second when they are known, against those whose
    volume has not, on the side against the move of the 20 bars that led into them: outside triangles S4 takes falling
    volume for a reversal of it. Compared within each shape.

    S4 says that here it tells nothing, which no test can show; so its opposite is tested, with the least effect that
    would make it worth knowing. `contradicted` therefore speaks for S4's sentence, `supported` against it.
    """

    def find(bars: Bars) -> Events:
        bars.need("volume")
        found = patterns(bars, PatternRule(LineRule(width=width)))
        found = found.take(np.isin(found.shape, shapes) & (found.start >= before))
        against = -np.sign(bars.close[found.start] - bars.close[found.start - before]).astype(np.int64)
        ratio = fading_volume(bars, found.start, found.known_at)
        arm = np.where(np.isnan(ratio) | (against == 0), np.nan, ratio < 1)
        return Events(found.known_at.astype(np.int64), against, arm, group=found.shape)

    return subset(find)


CONVERGING = tuple(range(3, len(SHAPES)))
REST = "against the trend's other swings"

CLAIMS = (
    Claim("K25a", "In an uptrend a new high on more volume: the trend goes on (S4).", S4, HIGHS,
          partial(table, "confirmation", UP_UP), CELL,
          also={REST: partial(against_the_rest, "confirmation", UP_UP, 1)}),
    Claim("K25b", "In an uptrend a new high on less volume: it turns down (S4 and S3 alike).", "S4 §3, S3", HIGHS,
          partial(table, "confirmation", UP_DOWN), CELL,
          also={REST: partial(against_the_rest, "confirmation", UP_DOWN, -1)}),
    Claim("K25c", "In a downtrend a new low on more volume: the trend goes on (S4, against S3's K25e).", S4, LOWS,
          partial(table, "confirmation", DOWN_UP), CELL,
          also={REST: partial(against_the_rest, "confirmation", DOWN_UP, -1)}),
    Claim("K25d", "In a downtrend a new low on less volume: it turns up (S4).", S4, LOWS,
          partial(table, "confirmation", DOWN_DOWN), CELL,
          also={REST: partial(against_the_rest, "confirmation", DOWN_DOWN, 1)}),
    Claim("K25e", "In a downtrend a new low on more volume: it turns up (S3, against S4's K25c).", "S3", LOWS,
          partial(table, "exhaustion", DOWN_UP), CELL,
          also={REST: partial(against_the_rest, "exhaustion", DOWN_UP, 1)}),
    Claim("K25f", "In a downtrend a new low on more volume turns up where it is a selling climax (ours).", "ours", LOWS,
          partial(table, "climax", DOWN_UP), CELL, also={REST: partial(against_the_rest, "climax", DOWN_UP, 1)}),
    Claim("K26", "An accumulation bar without a decline after it is followed by a rally.", S4,
          "accumulation bars that held for five bars", partial(loud_bar, "accumulation"),
          ({"volume": 1.5}, {"volume": 3.0}, {"body": 0.2}, {"body": 0.4}, {"width": 3}, {"sessions": True})),
    Claim("K27", "A distribution bar is followed by a decline.", S4, "distribution bars",
          partial(loud_bar, "distribution"),
          ({"volume": 1.5}, {"volume": 3.0}, {"wick": 0.4}, {"wick": 0.6}, {"width": 3}, {"sessions": True})),
    Claim("K28", "An OBV divergence is followed by a reversal.", "S4 §3, S0", "regular OBV divergences", obv_turn,
          (*AROUND, {"pairing": "price"}), also={"hidden ones, by continuation": partial(obv_turn, "hidden")}),
    Claim("K29", "RSI and volume divergence together are the most reliable.", S4,
          "regular RSI and volume divergences, by how many of the two there are", both_divergences,
          ({"within": 5}, {"within": 20}, {"period": 9}, *AROUND),
          also={"with S3's convention": partial(both_divergences, convention="exhaustion")}),
    Claim("K30", "A breakout with volume fails less.", "S4 §3, §6", "breaks of trendlines and patterns", loud_break,
          ({"surge": 1.0}, {"surge": 2.0}, {"sessions": True}, {"width": 3}, {"shapes": False}),
          also={"a close back inside within 5 bars": false_breaks}),
    Claim("K31", "Falling volume inside a triangle foretells that price turns, of which S4 says that it does not.", S4,
          "triangles, when they are known", quiet_triangle,
          ({"before": 10}, {"before": 40}, {"width": 3}, {"shapes": CONVERGING}), least=0.05),
)  # fmt: skip
