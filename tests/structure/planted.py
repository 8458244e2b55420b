"""Random walks with chart patterns planted in them: what a detector must find, where, and how clean it is.

All prices are logs, in units of SIGMA, the spread of a bar's move in the walk. A planted pattern is a path that goes
straight from turn to turn, each turn inside a bar, so that its wick is the turn and bars close on either side of it.
Noise x moves every close and every turn by x normal spreads, and mixes wicks of a fixed length with exponential ones,
as the walk's are: 1 - x of the one, x of the other. Walk and pattern join without a gap, on both sides. Everything is
written for patterns that break upwards; those that break downwards are the same upside down.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from framework.bars import Bars

from .test_patterns import mirrored

Floats = NDArray[np.float64]
Random = np.random.Generator
Series = tuple[Bars, list["Planted"]]

SIGMA, WICK = 0.005, 0.5  # log price; mean length of a wick
LEGS = (8, 12)  # bars from turn to turn, swings being five wide
REST = (50, 90)  # bars of walk between patterns
LEAD, SEEN = 10, 5  # bars from the join to the first turn; after a swing until it is known
RUN_OUT = 4  # bars, and SIGMA, that the path goes on beyond the break
EDGES = {  # by what part of the height the lower and the upper edge rise from first turn to last, at least and at most
    "falling_wedge": ((-0.6, -0.4), (-1.1, -0.9)),
    "symmetrical_triangle": ((0.25, 0.35), (-0.35, -0.25)),
    "ascending_triangle": ((0.45, 0.6), (0.0, 0.0)),
    "flat_channel": ((0.0, 0.0), (0.0, 0.0)),
    "rising_channel": ((0.7, 1.2), None),  # the upper edge as the lower
    "falling_channel": ((-1.2, -0.7), None),
}


class Plan(NamedTuple):
    """A pattern before it is planted. bar, level: its turns. start: the place of the first turn that its span counts
    from. last: of the last turn that must be known when it breaks. join: level of the walk before. over, at: bar and
    level at which the path goes through what it breaks.
    """

    bar: list[int]
    level: list[float]
    start: int
    last: int
    join: float
    over: int
    at: float


class Planted(NamedTuple):
    """Truth. first: bar of its first turn. start: from which its span counts. end: the first close beyond, of the path
    without noise, once the last turn is known.
    """

    kind: str
    first: int
    start: int
    end: int


def _bars(random: Random, turns: int) -> list[int]:
    return np.cumsum([LEAD, *random.integers(LEGS[0], LEGS[1] + 1, turns - 1)]).tolist()


def edged(shape: str, random: Random) -> Plan:
    """Five to seven turns on two edges, three on one of them at least. From the last low price goes through the upper
    edge; or, from the last high, after a dip to the middle that is over within five bars.
    """
    bar, height, (lower, upper) = _bars(random, int(random.integers(5, 8))), random.uniform(12, 18), EDGES[shape]
    part = height / (bar[-1] - bar[0])
    slopes = [part * random.uniform(*lower)]
    slopes.append(part * random.uniform(*upper) if upper else slopes[0])

    def edge(high: bool, at: float) -> float:
        return slopes[high] * (at - bar[0]) + height * high

    dips = bool(random.random() < 0.5)
    highs = [(len(bar) - 1 - i) % 2 == (0 if dips else 1) for i in range(len(bar))]
    level = [edge(high, at) for high, at in zip(highs, bar, strict=True)]
    join, last = edge(not highs[0], bar[0]), len(bar) - 1
    over = bar[-1] + int(random.integers(*LEGS))
    if dips:
        bar.append(bar[-1] + int(random.integers(6, 9)))
        level.append((edge(True, bar[-1]) + edge(False, bar[-1])) / 2)
        over = bar[-1] + int(random.integers(3, 6))
    return Plan(bar, level, 1, last, join, over, edge(True, over))


def resistance(falls: bool, random: Random) -> Plan:
    """Three to five highs on a line that falls, or is level, or rises; lows anywhere below."""
    touches = int(random.integers(3, 6))
    bar = _bars(random, 2 * touches)
    rise = -random.uniform(8, 16) if falls else random.choice([0.0, 1.0]) * random.uniform(0, 16)
    over = bar[-1] + int(random.integers(*LEGS))
    line = [float(rise * (at - bar[0]) / (bar[-2] - bar[0])) for at in (*bar, over)]
    level = [line[i] - i % 2 * random.uniform(8, 14) for i in range(len(bar))]
    return Plan(bar, level, 0, len(bar) - 2, -10.0, over, line[-1])


def inverse_shoulders(random: Random) -> Plan:
    """After a lower low and a lower high: shoulders and necks half a SIGMA from their mean at most, a lower head."""
    bar, neck = _bars(random, 8), random.uniform(9, 13)
    shoulder, tilt, low = random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), random.uniform(4, 8)
    high = low + random.uniform(9, 13)
    level = [high + random.uniform(4, 8), low, high]
    level += [shoulder, neck + tilt, -random.uniform(6, 10), neck - tilt, -shoulder]
    over = bar[-1] + int(random.integers(*LEGS))
    slope = (level[6] - level[4]) / (bar[6] - bar[4])
    return Plan(bar, level, 3, 7, level[0] - 8, over, level[4] + slope * (over - bar[4]))


def double_bottom(random: Random) -> Plan:
    """Two lows that differ by two SIGMA, one percent, at most; a peak of 12 to 16 between them."""
    bar, peak = _bars(random, 3), random.uniform(12, 16)
    over = bar[-1] + int(random.integers(*LEGS))
    return Plan(bar, [0.0, peak, random.uniform(-2, 2)], 0, 2, peak, over, peak)


UPWARDS: dict[str, dict[str, Callable[[Random], Plan]]] = {
    "lines": {"resistance_break": partial(resistance, False), "downtrend_break": partial(resistance, True)},
    "patterns": {f"{shape}_up": partial(edged, shape) for shape in EDGES},
    "shoulders": {"inverse_head_and_shoulders": inverse_shoulders},
    "doubles": {"double_bottom": double_bottom},
}


class Chart:
    """Opens, highs, lows and closes in SIGMA, as they are drawn one after the other."""

    def __init__(self, random: Random) -> None:
        self.random, self.prices, self.here, self.count = random, [np.zeros((4, 0))], 0.0, 0

    def add(self, close: Floats, noise: float, turns: Floats | None = None) -> None:
        """Bars that open where the one before closed. turns: prices inside them, NaN none."""
        opens = np.concatenate([[self.here], close[:-1]])
        wicks = (1 - noise) * WICK + noise * WICK * self.random.exponential(1, (2, len(close)))
        reached = [opens, close] if turns is None else [opens, close, turns]
        high, low = np.fmax.reduce(reached) + wicks[0], np.fmin.reduce(reached) - wicks[1]
        self.prices.append(np.array([opens, high, low, close]))
        self.here, self.count = float(close[-1]), self.count + len(close)

    def walk(self, bars: int) -> Chart:
        self.add(self.here + np.cumsum(self.random.normal(0, 1, bars)), 1.0)
        return self

    def plant(self, kind: str, plan: Plan, noise: float, side: int) -> Planted:
        before, turn = self.count - 1, np.array(plan.bar)
        levels = self.here + side * (np.array([plan.join, *plan.level, plan.at, plan.at + RUN_OUT]) - plan.join)
        bars, inside = np.arange(1, plan.over + RUN_OUT + 1), np.full(plan.over + RUN_OUT, np.nan)
        path = np.interp(bars, [0, *(turn - 0.5), plan.over, bars[-1]], levels)
        inside[turn - 1] = levels[1 : len(turn) + 1] + noise * self.random.normal(0, 1, len(turn))
        self.add(path + noise * self.random.normal(0, 1, len(bars)), noise, inside)
        end = max(plan.over + 1, plan.bar[plan.last] + SEEN)
        return Planted(kind, before + plan.bar[0], before + plan.bar[plan.start], before + end)

    def bars(self, side: int = 1, sigma: float = SIGMA) -> Bars:
        names = ("open", "high", "low", "close") if side > 0 else ("open", "low", "high", "close")
        columns = dict(zip(names, 100 * np.exp(side * sigma * np.hstack(self.prices)), strict=True))
        index = pd.date_range("1970-01-01", periods=self.count, freq="h", tz="UTC")
        return Bars.from_frame(pd.DataFrame(columns, index=index).assign(volume=1.0), "PLANTED", "1h")


def series(family: str, noise: float, seed: int, each: int, side: int = 1, sigma: float = SIGMA) -> Series:
    """A walk with `each` of every kind of the family in a drawn order, and the truth; side -1: upside down."""
    random = np.random.default_rng([seed, list(UPWARDS).index(family), round(100 * noise)])
    chart, truth = Chart(random).walk(100), []
    wanted = [(kind, way) for kind in UPWARDS[family] for way in (1, -1)] * each
    for place in random.permutation(len(wanted)):
        kind, way = wanted[place]
        named = kind if way == side else mirrored(kind)
        truth.append(chart.plant(named, UPWARDS[family][kind](random), noise, way))
        chart.walk(int(random.integers(*REST)))
    return chart.bars(side, sigma), truth


def alone(family: str, seed: int) -> list[tuple[Bars, Planted]]:
    """One of each kind of the family, each in bars of its own, without noise: price runs straight to and from it."""
    random, run, made = np.random.default_rng(seed), np.arange(1.0, 61.0), []
    for kind, planned in UPWARDS[family].items():
        for way, named in ((1, kind), (-1, mirrored(kind))):
            chart, plan = Chart(random), planned(random)
            chart.add(way * np.sign(plan.level[0] - plan.join) * run, 0.0)
            truth = chart.plant(named, plan, 0.0, way)
            chart.add(chart.here + way * run, 0.0)
            made.append((chart.bars(), truth))
    return made


def walk(seed: int, bars: int) -> Bars:
    """Nothing planted."""
    return Chart(np.random.default_rng(seed)).walk(bars).bars()
