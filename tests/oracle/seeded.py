"""Cases made from a seed, which can be neither shrunk nor shown, but differ as Hypothesis's own seldom do."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from tests.oracle import NAN, PLENTY, Entry, Options, Signal
from tests.oracle.furnish import CONSISTENT, LENGTHS, ODD, RATES, SPACES, Furniture, furnished
from tests.oracle.strategies import AWAY, BESIDES, CHOICES, GAPS, HEIGHTS, MOVES, VOLUMES, WICKS, WIDE, Case, walk


def busy_case(seed: int, names: Sequence[str]) -> Case:
    """Some 150 bars, every third with an entry that mostly has stop and target; what is named is off its default."""
    roll = random.Random(seed)
    wicks, away = roll.choice([WICKS, WIDE]), roll.choice([AWAY, [8, 13, 20]])
    steps = [
        (roll.choice(GAPS) if roll.random() < 0.4 else 0, *(roll.choice(kind) for kind in (MOVES, wicks, wicks)))
        for _ in range(roll.randint(140, 160))
    ]
    made = walk(roll.randint(30, 100), roll.choice([1.0, 0.5]), steps, roll.choice([[PLENTY], VOLUMES]))
    furniture = Furniture(
        [roll.choice(CONSISTENT + ODD) for _ in range(11)] if "finer" in names else [],
        roll.sample(RATES, 5) if "funding" in names else [],
        roll.choice(SPACES) if "days" in names else [],
        roll.choice(LENGTHS),
    )
    made = furnished(made, furniture)
    asked = {name: roll.choice(CHOICES[name][1:]) for name in names if name not in BESIDES}
    sides = roll.choice([[1, -1], [1], [-1]])
    known = [_known(roll, bar, close, sides, away, names) for bar, close in enumerate(made.close)]
    return Case(made, known, replace(Options(), **asked))


def _known(
    roll: random.Random, bar: int, close: float, sides: list[int], away: list[int], names: Sequence[str]
) -> Signal:
    windows = [0, 1, bar // 20] if "window" in names else [0]
    signal = Signal([], roll.random() < 0.04, roll.random() < 0.04)
    signal.exit_window = roll.choice([None, *windows]) if "window" in names else None
    side = roll.choice(sides)
    for _ in range(roll.choice([0, 0, 0, 0, 0, 0, 1, 1, 2])):
        side = -side if roll.random() < 0.05 else side
        stop, target = (roll.choice(away) if roll.random() < 0.8 else math.inf for _ in range(2))
        height = roll.choice(HEIGHTS) if "height" in names else NAN
        prices = far(close, -side * stop), far(close, side * target)
        signal.entries.append(Entry(side, *prices, height, roll.choice(windows)))
    return signal


def long_case(seed: int, asked: Options) -> Case:
    """Many bars with few entries, whose stops and targets are far away: trades of hundreds of bars."""
    roll = random.Random(seed)
    steps = [
        (roll.choice([0, 0, 0, 1, -1]), *(roll.choice(kind) for kind in (MOVES, WICKS, WICKS))) for _ in range(2500)
    ]
    made = walk(500, 0.5, steps, roll.choice([[PLENTY], VOLUMES]))
    small = [rate / 50 for rate in RATES]
    made = furnished(made, Furniture(roll.sample(CONSISTENT, 5), roll.choice([[], small]), roll.choice(SPACES)))
    result = [Signal([], roll.random() < 0.002, roll.random() < 0.002) for _ in steps]
    for _ in range(25):
        bar, side = roll.randrange(len(steps)), roll.choice([1, -1])
        stop, target = (roll.choice([5, 20, 50, 120, math.inf]) for _ in range(2))
        close = made.close[bar]
        prices = far(close, -side * stop), far(close, side * target)
        result[bar].entries.append(Entry(side, *prices, roll.choice(HEIGHTS), roll.choice([0, 0, 0, 1])))
    return Case(made, result, asked)


def far(close: float, away: float) -> float:
    """A price `away` from the close; NaN, so none, where that is infinite or not positive."""
    return close + away if 0 < close + away < math.inf else NAN
