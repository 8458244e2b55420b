"""Random bars, signals and options for Hypothesis, made so that rare things happen often.

Prices lie on a coarse grid and move by few steps, so that touches, equal lows, plateaus, gaps to the very stop and
bars holding both stop and target are common.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.oracle import NAN, PLENTY, Bars, Entry, Options, Signal
from tests.oracle.furnish import CONSISTENT, LENGTHS, ODD, RATES, SPACES, Furniture, furnished

GAPS = [0, 0, 0, 0, 0, 1, -1, 2, -2, 12, -12, 40, -30]  # steps from a close to the next open
MOVES = [0, 1, -1, 2, -2, 3, -3, 6, -6]  # steps from open to close
WICKS = [0, 0, 1, 2, 4]
WIDE = [0, 4, 9, 14]  # wicks that often hold both stop and target
AWAY = [1, 2, 3, 5, 8, 13]  # steps from the close to a stop or target
PRICES = [  # how an entry comes by its stop, and how by its target
    ["away"] * 8 + ["none", "later", "wrong", "here"],
    ["away", "none"],
    ["none"] * 12 + ["away", "wrong"],
    ["away", "later"],
]
HEIGHTS = [0.5, 1.0, 2.5, 4.0, 6.5, 40.0, NAN]
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
    "target_extension": [None, 1.0, 1.5, 1.618, 2.5],
    "target_height": [None, 1.0, 0.5, 2.0],
    "target_r": [None, 1.0, 2.0, 0.5],
    "time_stop": [None, 1, 2, 3, 7],
    "on_opposite": ["exit", "reverse", "reverse", "ignore"],
    "min_risk_atr": [0.25, 0.0, 1.0],
    "fee": [0.0, 0.001, 0.02],
    "slippage": [0.0, 0.001, 0.01, 0.015625],
    "borrow": [0.0, 0.05, 3.0, 20.0],
    "tick": [None, 0.5, 0.3, 0.1],
    "fraction": [1.0, 0.3, 5.0],
    "risk": [None, 0.01, 0.2],
    "leverage": [1.0, 0.5, 7.0],
    "lot": [None, 0.1, 0.001, 1.0, 7.0],
    "smallest": [None, 0.01, 5.0, 10.0],
    "volume_share": [None, 1.0, 0.1],
    "cash": [1000.0, 123456.789, 0.5],
}
BESIDES = ("days", "finer", "funding", "height", "window")  # what bars and entries may have, no options
IDEAS = [  # options and what is besides them: alone, and those that have to do with one another
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
    ("finer",),
    ("finer", "inside_bar"),
    ("finer", "inside_bar", "trail", "swing_width", "target_r"),
    ("finer", "fill", "slippage", "tick", "target_swing", "swing_width"),
    ("finer", "break_even_r", "target_height", "height", "on_opposite"),
    ("target_extension", "swing_width"),
    ("target_extension", "swing_width", "target_swing", "target_height", "height", "target_r"),
    ("target_extension", "swing_width", "tick", "stop", "fill"),
    ("target_height", "height"),
    ("target_height", "height", "tick", "slippage", "target_r"),
    ("funding",),
    ("funding", "fill", "on_opposite"),
    ("funding", "leverage", "fraction", "stop"),
    ("borrow", "days"),
    ("borrow", "days", "funding", "fill", "fee", "risk"),
    ("borrow", "funding", "time_stop", "leverage", "lot"),
    ("window",),
    ("window", "on_opposite"),
    ("window", "on_opposite", "fill", "time_stop", "funding"),
    ("window", "finer", "trail", "swing_width", "target_r"),
]


@dataclass(frozen=True)
class Case:
    bars: Bars
    signals: list[Signal]
    options: Options


def walk(close: int, step: float, steps: Sequence[tuple[int, ...]], volume: list[float]) -> Bars:
    """Valid bars from (gap, move, wick above, wick below) in steps of the grid, `volume` over and over."""
    made = Bars([], [], [], [])
    made.volume.extend(volume[bar % len(volume)] for bar in range(len(steps)))
    for gap, move, above, below in steps:
        opened = max(5, close + gap)
        close = max(5, opened + move)
        made.open.append(opened * step)
        made.close.append(close * step)
        made.high.append((max(opened, close) + above) * step)
        made.low.append(max(1, min(opened, close) - below) * step)
    return made


@st.composite
def bars(draw: st.DrawFn, besides: Collection[str] = ()) -> Bars:
    """20 to 120 valid bars on a grid of 0.5 or 1; sometimes they begin all alike, so that ATR is a round number."""
    wicks = draw(st.sampled_from([WIDE, WIDE, WICKS] if "finer" in besides else [WICKS, WICKS, WIDE]))
    steps = st.tuples(*(st.sampled_from(kind) for kind in (GAPS, MOVES, wicks, wicks)))
    alike = [(0, 0, 2, 2)] * draw(st.sampled_from([0, 0, 20]))
    count = draw(st.integers(20, 120)) - len(alike)
    many: list[tuple[int, ...]] = alike + draw(st.lists(steps, min_size=count, max_size=count))
    volume = draw(st.one_of(st.just([PLENTY]), st.lists(st.sampled_from(VOLUMES), min_size=1, max_size=7)))
    made = walk(draw(st.integers(30, 100)), draw(st.sampled_from([1.0, 0.5])), many, volume)
    return furnished(made, draw(_furniture(besides)))


@st.composite
def _furniture(draw: st.DrawFn, besides: Collection[str]) -> Furniture:
    made_up = st.lists(st.text("ohlcambHL", min_size=1, max_size=3), max_size=5).map(" ".join)
    patterns = st.lists(
        st.one_of(st.sampled_from(CONSISTENT), st.sampled_from(CONSISTENT + ODD), made_up), min_size=1, max_size=7
    )
    return Furniture(
        draw(patterns) if "finer" in besides else [],
        draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=7)) if "funding" in besides else [],
        draw(st.sampled_from(SPACES)) if "days" in besides else [],
        draw(st.sampled_from(LENGTHS)),
    )


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
def _window(draw: st.DrawFn, bar: int, length: int) -> int:
    """Windows of `length` bars, now and then the one before; any of three where the length is 0."""
    if length == 0:
        return draw(st.sampled_from([0, 0, 1, 2]))
    return max(0, bar // length - draw(st.sampled_from([0, 0, 1])))


@st.composite
def signals(draw: st.DrawFn, made: Bars, besides: Collection[str] = ()) -> list[Signal]:
    """Signals for every bar: quiet stretches, and now and then everything at once."""
    heights = st.sampled_from(HEIGHTS if "height" in besides else [NAN])
    length = draw(st.sampled_from([0, 5, 15, 30]))
    crowd = draw(st.sampled_from([[0, 1], [0, 0, 0, 0, 1], [0, 1, 1, 2, 3]]))
    sides = draw(st.sampled_from([[1, -1], [1], [-1], [1, 1, 1, 1, -1]]))
    leaving = st.sampled_from([False] * draw(st.sampled_from([12, 4, 40])) + [True])
    kinds = PRICES[:2] if "finer" in besides else PRICES  # they are asked only where there are both
    stops, targets = draw(st.sampled_from(kinds)), draw(st.sampled_from(kinds))
    result = []
    for bar in range(len(made.open)):
        entries = []
        for _ in range(draw(st.sampled_from(crowd))):
            side = draw(st.sampled_from(sides))
            stop, target = draw(_price(made, bar, -side, stops)), draw(_price(made, bar, side, targets))
            window = draw(_window(bar, length)) if "window" in besides else 0
            entries.append(Entry(side, stop, target, draw(heights), window))
        signal = Signal(entries, draw(leaving), draw(leaving))
        if "window" in besides and (signal.exit_long or signal.exit_short) and draw(st.booleans()):
            signal.exit_window = draw(_window(bar, length))
        result.append(signal)
    return result


@st.composite
def options(draw: st.DrawFn, names: Sequence[str] = ()) -> Options:
    """The named options off their defaults; without names some of them, or all drawn at once."""
    if not names and draw(st.booleans()):
        return replace(Options(), **{name: draw(st.sampled_from(CHOICES[name])) for name in CHOICES})
    if not names:
        names = draw(st.permutations(sorted(CHOICES)))[: draw(st.sampled_from([0, 1, 1, 3, 8]))]
    return replace(Options(), **{name: draw(st.sampled_from(CHOICES[name][1:])) for name in names})


@st.composite
def cases(draw: st.DrawFn, names: Sequence[str] = ()) -> Case:
    """Random in everything, or with what is named, of `CHOICES` and of `BESIDES`."""
    besides = [name for name in BESIDES if (name in names if names else draw(st.booleans()))]
    made = draw(bars(besides))
    asked = options([name for name in names if name not in BESIDES])
    return Case(made, draw(signals(made, besides)), draw(asked))
