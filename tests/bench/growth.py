"""How time grows with bars, with trades and with sets, measured and drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from framework.bars import Bars
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, simulate
from framework.structure.breaks import aftermath, line_breaks
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.price_doubles import price_doubles
from framework.structure.shoulders import head_and_shoulders

from . import ours
from .levels import CASH, Levels
from .peers import seconds

Points = list[tuple[float, float]]


def measured(walk: Callable[[int], Bars]) -> dict[str, Points]:
    """Pairs of a size and the least of three times, in seconds."""
    large = walk(1_000_000)
    sets = ours.many()
    found: dict[str, Points] = {"bars": [], "bars, lines and patterns": [], "trades": [], "sets": []}
    for n in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        found["bars"].append((n, _least(lambda n=n: ours.from_bars(large[:n], Levels()))))
        found["bars, lines and patterns"].append((n, _least(lambda n=n: _patterns(large[:n]))))
    for gap in (2_000, 1_000, 500, 250, 125, 60, 30):
        run = partial(simulate, large, _every(large, gap), Costs(), Sizing(), _held(gap), CASH)  # a fee would ruin it
        found["trades"].append((run().metrics["trades"], _least(run)))
    small = walk(20_000)
    for periods in (1, 2, 5, 10, 20):
        over = sets | {"rsi_period": range(5, 5 + periods)}
        found["sets"].append((periods * 5_000.0, _least(lambda over=over: ours.swept(small[:], over))))
    return found


def _every(bars: Bars, gap: int) -> Entries:
    """A long entry every so many bars."""
    bar = np.arange(0, len(bars) - 1, gap)
    none = np.full(len(bar), np.nan)
    return Entries(bar, np.ones(len(bar), np.int8), none, none, np.full(len(bar), len(bars)), np.full(len(bar), -1))


def _patterns(bars: Bars) -> None:
    """Every line and pattern there is, and what became of the breaks; a slice remembers nothing."""
    for detect in (line_breaks, pattern_breaks, head_and_shoulders, price_doubles):
        aftermath(bars, detect(bars))


def _held(gap: int) -> Exits:
    """Each trade is held for 20 bars, whatever the gap to the next: only the number of trades grows."""
    return Exits(stop="own", min_risk_atr=0, time_stop=min(20, gap - 1))


def _least(call: Callable[[], Any]) -> float:
    call()
    return min(seconds(call) for _ in range(3))


def draw(found: dict[str, Points], path: Path) -> None:
    """Pictures on logarithmic scales, with the slope of a straight line through the points."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(4 * len(found), 3.6), layout="constrained")
    titles = {
        "bars": "one backtest from bars",
        "bars, lines and patterns": "detection from bars",
        "trades": "one backtest of 1,000,000 bars",
        "sets": "a sweep of 20,000 bars",
    }
    for axis, (name, points) in zip(axes, found.items(), strict=True):
        x, y = np.array(points).T
        axis.loglog(x, y * 1e3, "o-")
        axis.set(xlabel=name, ylabel="milliseconds", title=titles[name])
        slope = np.polyfit(np.log(x), np.log(y), 1)[0]
        axis.annotate(f"slope {slope:.2f}", (0.05, 0.9), xycoords="axes fraction")
        axis.grid(alpha=0.3, which="both")
    figure.savefig(path, dpi=110)
    plt.close(figure)
