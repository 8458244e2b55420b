"""Random bars, signals and options for Hypothesis, made so that rare things happen often.

Prices lie on a coarse grid and move by few steps, so that touches, equal lows, plateaus, gaps to the very stop and
bars holding both stop and target are common.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.oracle import NAN, PLENTY, Bars, Entry, Options, Signal

GAPS = [0, 0, 0, 0, 0, 1, -1, 2, -2, 12, -12, 40, -30]  # steps from a close to the next open
MOVES = [0, 1, -1, 2, -2, 3, -3, 6, -6]  # steps from open to close
WICKS = [0, 0, 1, 2, 4]
AWAY = [1, 2, 3, 5, 8, 13]  # steps from the close to a stop or target
PRICES = [  # how an entry comes by its stop, and how by its target
    ["away"] * 8 + ["none", "later", "wrong", "here"],
    ["away", "none"],
    ["none"] * 12 + ["away", "wrong"],
    ["away", "later"],
]
VOLUMES = [PLENTY, 100.0, 37.5, 12.0, 4.0, 0.7, 0.0, NAN]
CHOICES: dict[str, list[object]] = {  # each option's default first
    "fill": ["open", "close"],
    "inside_bar": ["pessimistic", "optimistic"],
    "stop": ["swing", "own", "atr"],
    "stop_atr": [2.0, 1.5, 0.75, 1.0],
    "stop_buffer_atr": [0.0, 0.5, 0.1],
    "swing_width": [5, 1, 2, 3],
    "trail": [False, True],
    "break_even_r": [None, 0.5, 1.0, 2.0],
    "target_swing": [False, True],
    "target_r": [None, 1.0, 2.0, 0.5],
    "time_stop": [None, 1, 2, 3, 7],
    "on_opposite": ["exit", "reverse", "reverse", "ignore"],
    "min_risk_atr": [0.25, 0.0, 1.0],
    "fee": [0.0, 0.001, 0.02],
    "slippage": [0.0, 0.001, 0.01, 0.015625],
    "tick": [None, 2.0, 0.5, 0.3, 0.1],
    "fraction": [1.0, 0.3, 5.0],
    "risk": [None, 0.01, 0.2],
    "leverage": [1.0, 0.5, 7.0],
    "lot": [None, 0.1, 0.001, 1.0, 7.0],
    "smallest": [None, 0.01, 5.0, 10.0],
    "volume_share": [None, 1.0, 0.1],
    "cash": [1000.0, 123456.789, 0.5],
}
IDEAS = [  # options alone, and those that have to do with one another
    ("stop", "stop_atr", "stop_buffer_atr", "min_risk_atr"),
    ("trail", "swing_width"),
    ("trail", "swing_width", "stop_buffer_atr", "fill"),
    ("trail", "swing_width", "stop", "break_even_r", "slippage"),
    ("break_even_r",),
    ("break_even_r", "fill", "inside_bar"),
    ("target_swing", "swing_width"),
    ("target_swing", "swing_width", "target_r", "stop"),
    ("tick",),
    ("tick", "slippage", "target_r", "fill"),
    ("tick", "trail", "swing_width", "stop_buffer_atr", "target_swing"),
    ("lot", "smallest"),
    ("lot", "smallest", "risk", "leverage", "on_opposite"),
    ("volume_share",),
    ("volume_share", "lot", "fraction", "fill"),
]


@dataclass(frozen=True)
class Case:
    bars: Bars
    signals: list[Signal]
    options: Options


def _bars(close: int, step: float, steps: list[tuple[int, ...]], volume: list[float]) -> Bars:
    """Valid bars from (gap, move, wick above, wick below) in steps of the grid, `volume` over and over."""
    made = Bars([], [], [], [])
    made.volume.extend(volume[bar % len(volume)] for bar in range(len(steps)))
    for gap, move, above, below in steps:
        opened = max(5, close + gap)
        close = max(5, opened + move)
        made.open.append(opened * step)
        made.close.append(close * step)
        made.high.append((max(opened, close) + above) * step)
        made.low.append((min(opened, close) - below) * step)
    return made


@st.composite
def bars(draw: st.DrawFn) -> Bars:
    """20 to 120 valid bars on a grid of 0.5 or 1; sometimes they begin all alike, so that ATR is a round number."""
    steps = st.tuples(*(st.sampled_from(kind) for kind in (GAPS, MOVES, WICKS, WICKS)))
    alike = [(0, 0, 2, 2)] * draw(st.sampled_from([0, 0, 20]))
    count = draw(st.integers(20, 120)) - len(alike)
    many: list[tuple[int, ...]] = alike + draw(st.lists(steps, min_size=count, max_size=count))
    volume = draw(st.one_of(st.just([PLENTY]), st.lists(st.sampled_from(VOLUMES), min_size=1, max_size=7)))
    return _bars(draw(st.integers(30, 100)), draw(st.sampled_from([1.0, 0.5])), many, volume)


@st.composite
def _price(draw: st.DrawFn, made: Bars, bar: int, direction: int, kinds: list[str]) -> float:
    """A stop or target for an entry known at `bar`: missing, on its proper or wrong side, or a later open."""
    kind = draw(st.sampled_from(kinds))
    if kind == "none":
        return NAN
    if kind == "later":
        return made.open[min(bar + draw(st.integers(1, 4)), len(made.open) - 1)]
    if kind == "here":
        return made.close[bar]
    side = direction if kind == "away" else -direction
    return max(0.5, made.close[bar] + side * draw(st.sampled_from(AWAY)) * 0.5)  # a price is positive


@st.composite
def signals(draw: st.DrawFn, made: Bars) -> list[Signal]:
    """Signals for every bar: quiet stretches, and now and then everything at once."""
    crowd = draw(st.sampled_from([[0, 1], [0, 0, 0, 0, 1], [0, 1, 1, 2, 3]]))
    sides = draw(st.sampled_from([[1, -1], [1], [-1], [1, 1, 1, 1, -1]]))
    leaving = st.sampled_from([False] * draw(st.sampled_from([12, 4, 40])) + [True])
    stops, targets = draw(st.sampled_from(PRICES)), draw(st.sampled_from(PRICES))
    result = []
    for bar in range(len(made.open)):
        entries = []
        for _ in range(draw(st.sampled_from(crowd))):
            side = draw(st.sampled_from(sides))
            stop, target = draw(_price(made, bar, -side, stops)), draw(_price(made, bar, side, targets))
            entries.append(Entry(side, stop, target))
        result.append(Signal(entries, draw(leaving), draw(leaving)))
    return result


@st.composite
def options(draw: st.DrawFn, names: Sequence[str] = ()) -> Options:
    """The named options off their defaults; without names some of them, or all drawn at once."""
    if not names and draw(st.booleans()):
        return replace(Options(), **{name: draw(st.sampled_from(CHOICES[name])) for name in CHOICES})  # type: ignore[arg-type]
    if not names:
        names = draw(st.permutations(sorted(CHOICES)))[: draw(st.sampled_from([0, 1, 1, 3, 8]))]
    return replace(Options(), **{name: draw(st.sampled_from(CHOICES[name][1:])) for name in names})  # type: ignore[arg-type]


@st.composite
def cases(draw: st.DrawFn, names: Sequence[str] = ()) -> Case:
    made = draw(bars())
    return Case(made, draw(signals(made)), draw(options(names)))


def long_case(seed: int, asked: Options) -> Case:
    """Many bars with few entries, whose stops and targets are far away: trades of hundreds of bars.

    Made from a seed, because a case of this length can be neither shrunk nor shown.
    """
    roll = random.Random(seed)
    steps = [
        (roll.choice([0, 0, 0, 1, -1]), *(roll.choice(kind) for kind in (MOVES, WICKS, WICKS))) for _ in range(2500)
    ]
    made = _bars(500, 0.5, steps, roll.choice([[PLENTY], VOLUMES]))
    result = [Signal([], roll.random() < 0.002, roll.random() < 0.002) for _ in steps]
    for _ in range(25):
        bar, side = roll.randrange(len(steps)), roll.choice([1, -1])
        stop, target = (roll.choice([5, 20, 50, 120, math.inf]) for _ in range(2))
        close = made.close[bar]
        result[bar].entries.append(Entry(side, _far(close, -side * stop), _far(close, side * target)))
    return Case(made, result, asked)


def _far(close: float, away: float) -> float:
    """A price `away` from the close; NaN, so none, where that is infinite or not positive."""
    return close + away if 0 < close + away < math.inf else NAN
