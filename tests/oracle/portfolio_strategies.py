"""Random markets of up to four symbols for Hypothesis, made so that they get in one another's way.

They begin and end at different moments and miss some; sometimes all of them miss the same one, which then is none.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, product

from hypothesis import strategies as st

from tests.oracle import NAN, PLENTY, Bars, Entry, Options, Signal
from tests.oracle.furnish import CONSISTENT, LENGTHS, ODD, RATES, Furniture, furnished
from tests.oracle.portfolio import Terms
from tests.oracle.portfolio_seat import Market
from tests.oracle.strategies import BESIDES, IDEAS, VOLUMES, options, signals

GAPS = [0, 0, 0, 0, 1, -1, 3, -12, 25]  # steps from a close to the next open
MOVES = [0, 1, -1, 2, -3, 6, -6]  # steps from open to close
WICKS = [0, 1, 4, 9]
STEPS = list(product(GAPS, MOVES, WICKS, WICKS))  # one draw a bar: there are many bars
RANKS = [[], [], [0.0, 1.0], [NAN, 0.0, 1.0, 2.0, -1.0]]
SHARED: dict[str, list[object]] = {  # what decides how symbols share
    "positions": [None, 1, 2, 3],
    "fraction": [0.5, 1.0, 0.3, 0.07, 5.0],
    "leverage": [1.0, 1.0, 2.0, 0.5, 7.0],
}
PLAIN = [("cash",), ("fill",), ("fee",), ("slippage",), ("risk",), ("time_stop",), ("on_opposite",)]


@dataclass(frozen=True)
class Several:
    markets: list[Market]
    terms: Terms


@st.composite
def several(draw: st.DrawFn, least: int = 2, most: int = 4, plain: bool = False) -> Several:
    """Markets and terms. Some options are off their defaults, all are drawn at once, or (`plain`) hardly any."""
    names = draw(st.sampled_from(PLAIN if plain else [*PLAIN, *IDEAS, ()]))
    besides = [name for name in BESIDES if (name in names if names else draw(st.booleans()))]
    asked = [name for name in names if name not in BESIDES]
    terms = draw(options(asked)) if asked or not names else Options()
    shared = {name: draw(st.sampled_from(values)) for name, values in SHARED.items()}
    if names in PLAIN:
        shared["stop"] = "own"  # an entry without a stop is one more that wants its share
    moments, length = draw(st.integers(8, 40)), draw(st.sampled_from(LENGTHS))
    hole = draw(st.integers(0, 3 * moments))  # a moment that no symbol has, when it is one
    made = []
    for symbol in "ABCD"[: draw(st.integers(least, most))]:
        stamps = draw(_stamps(moments, hole))
        made.append(draw(_market(symbol, stamps, length, besides)))
    return Several(made, replace(Terms(**asdict(terms)), **shared))


@st.composite
def _stamps(draw: st.DrawFn, moments: int, hole: int) -> list[int]:
    """Most moments, or every second or third but for the last two; at least one."""
    first = draw(st.sampled_from([0, 0, 0, 1, moments // 2]))
    last = draw(st.sampled_from([moments, moments, moments - 1, (first + moments + 1) // 2]))
    every = draw(st.sampled_from([1, 1, 1, 1, 2, 3]))
    absent = draw(st.lists(st.integers(0, moments), max_size=6))
    present = [at for at in range(first, last, every) if at not in absent and at != hole]
    if present and every > 1:
        present.append(present[-1] + 1)  # bars of which no two lie side by side would be of a longer timeframe
    return present or [0]


@st.composite
def _market(draw: st.DrawFn, symbol: str, stamps: list[int], length: float, besides: Collection[str]) -> Market:
    furniture = Furniture(
        draw(st.lists(st.sampled_from(CONSISTENT + ODD), min_size=1, max_size=4)) if "finer" in besides else [],
        draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=4)) if "funding" in besides else [],
        [],
        length,
    )
    gaps = [after - before for before, after in pairwise(stamps)]
    bars = furnished(draw(_bars(len(stamps))), furniture)
    bars = replace(bars, days=[gap * length for gap in [*gaps, 1]])
    known = draw(signals(bars, besides))
    kinds, count = draw(st.sampled_from(RANKS)), sum(len(signal.entries) for signal in known)
    ranks = draw(st.lists(st.sampled_from(kinds), min_size=count, max_size=count)) if kinds else []
    return Market(symbol, bars, known, stamps, ranks)


@st.composite
def _bars(draw: st.DrawFn, count: int) -> Bars:
    steps = draw(st.lists(st.sampled_from(STEPS), min_size=count, max_size=count))
    volume = draw(st.sampled_from([[PLENTY], [PLENTY], VOLUMES]))
    return _walk(draw(st.integers(30, 100)), draw(st.sampled_from([1.0, 0.5])), steps, volume)


def _walk(close: int, step: float, steps: list[tuple[int, ...]], volume: list[float]) -> Bars:
    """Bars from (gap, move, wick above, wick below) in steps of the grid, `volume` over and over."""
    made = Bars([], [], [], [], [volume[bar % len(volume)] for bar in range(len(steps))])
    for gap, move, above, below in steps:
        opened = max(5, close + gap)
        close = max(5, opened + move)
        made.open.append(opened * step)
        made.high.append((max(opened, close) + above) * step)
        made.low.append(max(1, min(opened, close) - below) * step)
        made.close.append(close * step)
    return made


def crowded(seed: int, terms: Terms) -> Several:
    """Four symbols over 80 moments with an entry at every third or fourth bar: places and cash are always short.

    Made from a seed, because Hypothesis draws few crowds of its own accord.
    """
    roll = random.Random(seed)
    made = []
    for symbol in "ABCD":
        often = roll.choice([1.0, 0.95, 0.7])
        stamps = [at for at in range(roll.randrange(20), 80 - roll.randrange(20)) if roll.random() < often]
        steps = [(roll.choice(GAPS), roll.choice(MOVES), roll.choice(WICKS), roll.choice(WICKS)) for _ in stamps]
        bars = _walk(roll.randint(30, 100), 0.5, steps, [PLENTY])
        rates = roll.choice([[], [], [rate / 50 for rate in RATES]])
        bars = furnished(bars, Furniture(roll.sample(CONSISTENT, 5), rates, []))
        bars = replace(bars, days=[float(after - before) for before, after in pairwise([*stamps, stamps[-1] + 1])])
        known = [_known(roll, bars, bar) for bar in range(len(stamps))]
        ranks = [roll.choice(RANKS[-1]) for signal in known for _ in signal.entries]
        made.append(Market(symbol, bars, known, stamps, roll.choice([[], ranks])))
    shared = {name: roll.choice(values) for name, values in SHARED.items()}
    return Several(made, replace(terms, **shared))


def _known(roll: random.Random, bars: Bars, bar: int) -> Signal:
    """Nothing, an entry with a stop and perhaps a target, now and then an exit."""
    signal = Signal([], roll.random() < 0.05, roll.random() < 0.05)
    if roll.random() < 0.3:
        side, away, close = roll.choice([1, 1, -1]), roll.choice([2, 5, 10, 20]), bars.close[bar]
        target = max(0.5, close + side * away) if roll.random() < 0.5 else NAN
        signal.entries.append(Entry(side, max(0.5, close - side * roll.choice([2, 5, 10])), target, float(away)))
    return signal
