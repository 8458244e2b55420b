"""The claims about trendlines and patterns (S4, 6)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...entries import conservative
from ...indicators import bar_atr
from ...setups import Setups
from ...structure.breaks import BreakRule, line_breaks
from ...structure.edges import PatternRule
from ...structure.lines import LineRule, logs
from ...structure.pattern_breaks import pattern_breaks
from ...structure.shoulders import SHOULDERS, ShouldersRule, head_and_shoulders
from ...structure.trend import trend
from ...structure.volume import SURGE
from ..claim import Claim
from ..contrasts import SEED, Against, Contrast, Given, owed, subset
from ..matched import LOOSER, matched
from ..outcomes import HORIZON, Reach, Win
from ..populations import context, having, higher
from ..units import Events, Others, events, together
from .fibonacci import PATIENCE, aimed
from .tested import edged, left_between, level_tests, line_tests, pokes, shoulders, touches_by

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

S4 = "S4 §6"
AROUND = ({"width": 3}, {"width": 8}, {"near": 0.15}, {"margin": 0.5})
FEW = AROUND[:3]
LEVEL = 0.5  # ATR that a line rises or falls over its touches, at most, to be called horizontal
TRIANGLE, CHANNEL, WEDGE, SHOULDER = "triangle", "channel", "wedge", "shoulders"
NAMED = (WEDGE, TRIANGLE, SHOULDER)
AIMED = (TRIANGLE, CHANNEL, SHOULDER)  # those whose target the source says
TESTED = "returns of price to a trendline"
BROKEN = "breaks of trendlines"
PATTERNS = "breaks of wedges, triangles and channels"


def breaks(bars: Bars, **lines: Any) -> Setups:
    return line_breaks(bars, BreakRule(LineRule(**lines)))


def shapes(bars: Bars, words: tuple[str, ...], **lines: Any) -> list[Setups]:
    """Breaks of patterns by a word of their names, and confirmed head and shoulders, both ways round."""
    found = pattern_breaks(bars, PatternRule(LineRule(**lines)))
    named = np.any([np.char.find(found.kind, word) >= 0 for word in words], axis=0)
    parts = [found.take(np.flatnonzero(named))]
    if SHOULDER in words:
        parts.append(head_and_shoulders(bars, ShouldersRule(lines.get("width", SHOULDERS.width))))
    return parts


def reliable(touches: int = 4, span: int = 60, by: str = "both", **lines: Any) -> Contrast:
    """Whether lines hold at returns of price, by how many there are: so many touches, so many bars over them."""
    rule = LineRule(**lines)

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        parts, told = [], []
        for side in (1, -1):
            found, tests = line_tests(bars, side, rule)
            count, length = touches_by(found, tests, rule.width)
            ranks = {"touches": count >= touches, "span": length >= span}
            arm = np.sum([ranks[one] for one in ranks if by in ("both", one)], axis=0)
            parts.append(Events(tests.bar, np.full(len(arm), side), arm.astype(float)))
            told.append(np.where(tests.bar + HORIZON < len(bars), tests.held, np.nan))
        order, y = np.argsort(np.concatenate([one.bar for one in parts]), kind="stable"), np.concatenate(told)
        return together(*parts), y[order], np.zeros(len(y))

    return Given(measure, "order", HORIZON, between=True)


def diagonal(width: int = 5, **lines: Any) -> Contrast:
    """In trends, returns to lines that rise or fall with them against those to prices of single swings, from the same
    side. Not whether they hold: a line comes to meet price and is entered less far, which alone makes it hold.
    """
    rule = LineRule(width, **lines)

    def find(bars: Bars) -> Events:
        parts = []
        for side in (1, -1):
            found, sloped = line_tests(bars, side, rule)
            _, span = touches_by(found, sloped, width)
            rise = side * found.slope[sloped.row] * span / logs(bars, side).unit[sloped.bar - 1]
            line, level = (
                np.unique(sloped.bar[rise > LEVEL]),
                np.unique(level_tests(bars, side, width, rule.length).bar),
            )
            parts += [_arm(np.setdiff1d(line, level), side, 1.0), _arm(np.setdiff1d(level, line), side, 0.0)]
        both = together(*parts)
        return both.take(trend(bars)[both.bar] == both.side)

    return subset(find)


def _arm(bar: Ints, side: int, arm: float) -> Events:
    return Events(bar, np.full(len(bar), side), np.full(len(bar), arm))


def stated_way(words: tuple[str, ...] = NAMED, horizon: int = 40, **lines: Any) -> Contrast:
    """Whether the close that leaves a pattern first leaves it the stated way, as often as closes leave two lines that
    lie and run as its edges do, drawn from bars like that at which it is known. Neither counts half.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats, Others]:
        rule = LineRule(**lines)
        parts = [edged(bars, words, PatternRule(rule))]
        if SHOULDER in words:
            parts += [shoulders(bars, side, rule) for side in (1, -1)]
        bar, way, *edges = (np.concatenate(x) for x in zip(*parts, strict=True))
        known = bar < len(bars) - horizon
        bar, way, *edges = (x[known] for x in (bar, way, *edges))
        of, able = logs(bars, 1), np.ones(len(bars), bool)
        able[bar], able[max(len(bars) - horizon, 0) :] = False, False

        def left(at: Ints, times: int) -> Floats:
            on, far, near, slopes = (np.repeat(x, times, axis=0) for x in (way, *edges))
            return np.asarray(left_between(of.close, of.unit, at.ravel(), on, far, near, slopes, horizon))

        drawn = matched(bars, bar, able, SEED, LOOSER)
        had = drawn[:, 0] >= 0
        y = np.where(had[:, None], left(np.maximum(drawn, 0), drawn.shape[1]).reshape(drawn.shape), np.nan)
        return Events(bar, way), left(bar, 1), *owed(bars, np.maximum(drawn, 0), y)

    return Given(measure, "rate", horizon)


def on_target(words: tuple[str, ...] = AIMED, horizon: int = PATIENCE, stop: bool = True, **lines: Any) -> Contrast:
    """The target before the stop on the other side, as often as price goes as far either way from bars like it."""

    def find(bars: Bars) -> Events:
        found = together(*(aimed(bars, one) for one in shapes(bars, words, **lines)))
        return found if stop else replace(found, near=np.full(len(found), np.inf))

    return Against(find, Reach(horizon), "rate")


def at_retest(wait: int = 30, horizon: int = 40, **lines: Any) -> Contrast:
    """Wins of the entries at a retest against those of all entries at the break, each left after as many bars."""

    def find(bars: Bars) -> Events:
        setups = breaks(bars, **lines)
        late = conservative(bars, setups, wait=wait).entries
        return together(
            replace(events(setups), arm=np.zeros(len(setups))),
            Events(late.bar, late.side.astype(np.int64), stop=late.stop),
        )

    return subset(find, Win(horizon))


def either_way(horizon: int = 40) -> Contrast:
    """Each break entered at its retest and at once, without one not entered: in ATR at the break, to the same close."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        setups, last = breaks(bars), len(bars) - 1
        filled, at, entry = conservative(bars, setups).entries, setups.known_at, np.full(len(setups), -1)
        entry[filled.setup] = filled.bar
        end = bars.close[np.minimum(at + horizon, last)]
        early, late = (
            setups.direction * (end - bars.open[np.minimum(bar + 1, last)]) / bar_atr(bars)[at] for bar in (at, entry)
        )
        y = np.where(at + horizon <= last, np.where(entry < 0, 0.0, late), np.nan)
        return events(setups), y, early

    return Given(measure, "paired", horizon)


def with_divergence(feature: str = "rsi_divergence_20", **lines: Any) -> Contrast:
    return having(lambda bars: breaks(bars, **lines), context(feature))


def ideal_volume(surge: float = SURGE, **lines: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        bars.need("volume")
        setups = pattern_breaks(bars, PatternRule(LineRule(**lines)))
        inside, out = setups.features["f_volume_inside"], setups.features["f_volume_ratio"]
        return events(setups, np.where(np.isnan(inside + out), np.nan, (inside < 1) & (out >= surge)))

    return subset(find)


def by_wick(**lines: Any) -> Contrast:
    """Bars whose wick alone goes beyond a line against those whose close does, to the side they go to."""

    def find(bars: Bars) -> Events:
        parts = []
        for side in (1, -1):
            bar, arm = pokes(bars, side, LineRule(**lines))
            wick, close = (np.unique(bar[arm == one]) for one in (1, 0))
            parts += [_arm(np.setdiff1d(wick, close), -side, 1.0), _arm(np.setdiff1d(close, wick), -side, 0.0)]
        return together(*parts)

    return subset(find)


def with_higher(timeframe: str = "1d", state: str = "alignment", **lines: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        stands = higher(timeframe, state)
        many = shapes(bars, (*NAMED, CHANNEL), **lines)
        return together(*(events(setups, stands(bars, setups)) for setups in many))

    return subset(find)


CLAIMS = (
    Claim("K49", "The more touches and the longer its span, the more reliable a trendline.", S4,
          f"{TESTED}, by how many hold: 4 touches, 60 bars", reliable, ({"touches": 5}, {"span": 90}, *AROUND),
          also={one: partial(reliable, by=one) for one in ("touches", "span")}, mechanical=True),
    Claim("K50", "Wedge, triangle, head and shoulders break the stated way.", S4,
          "wedges, ascending and descending triangles, head and shoulders when they are known", stated_way,
          ({"horizon": 20}, {"horizon": 80}, *AROUND), also={one: partial(stated_way, (one,)) for one in NAMED}),
    Claim("K51", "Measured targets are reached.", S4, "breaks of triangles, channels, head and shoulders", on_target,
          ({"words": (*AIMED, WEDGE)}, {"stop": False}, {"width": 3}, {"width": 8}),
          also={one: partial(on_target, (one,)) for one in AIMED}),
    Claim("K52", "Waiting for the retest of the broken line is safer.", S4, BROKEN, at_retest,
          ({"wait": 15}, {"horizon": 20}, *FEW), mechanical=True,
          also={"all breaks, without a retest as nothing, ATR": either_way}),
    Claim("K53", "With an RSI divergence at the break it is more reliable.", S4, BROKEN, with_divergence,
          ({"feature": "rsi_divergence"}, *AROUND)),
    Claim("K54", "Volume that falls inside a pattern and surges out of it is the ideal.", S4, PATTERNS, ideal_volume,
          ({"surge": 1.0}, {"surge": 2.0}, *FEW)),
    Claim("K60", "In trends diagonal lines guide price better than horizontal levels.", S4,
          f"{TESTED} or to a swing's price, with the trend", diagonal, ({"width": 3}, {"width": 8}, {"near": 0.15})),
    Claim("K61", "A break by the wick alone fails more than one by the close.", S4,
          "wicks and closes beyond trendlines", by_wick, AROUND, expects=-1),
    Claim("K77", "Patterns with the higher timeframe's trend fail less.", S4, f"{PATTERNS}, head and shoulders",
          with_higher, ({"timeframe": "3d"}, {"state": "average_20"}, {"state": "macd"}, *FEW)),
)  # fmt: skip
