"""One setup drawn as a chart reader sees it: its bars, its lines, the panel below, what was traded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..bars import Bars
from ..validation.walk import row_at
from . import lines
from .figures import COLOURS, candles, panel, sheet, write
from .words import number

Panel: TypeAlias = tuple[str, NDArray[np.float64], tuple[float, ...]]

LEAST, MOST = 50, 90  # bars in a picture: fewer show no context, more cannot be told apart
LONG = 160  # of a setup with lines: they want to be seen from where they begin
AROUND = 7  # bars shown before and after what matters
NEIGHBOURS = 2  # bars on either side that tell a low from a high
WIDTH, PRICE, LOWER = 390, 216, 76


@dataclass(frozen=True, eq=False)
class Scene:
    """One setup, the bars first to last around it, what is drawn below them, and its lines (`Setups.drawn`)."""

    setup: Mapping[str, Any]
    bars: Bars
    below: Panel | None
    first: int
    last: int
    lines: pd.DataFrame

    def row(self, name: str) -> int | None:
        """The bar of one of the setup's times, counted from the picture's first; None where there is none."""
        moment = self.setup.get(name)
        return row_at(self.bars, moment) - self.first if isinstance(moment, pd.Timestamp) else None


def scene_of(
    setup: Mapping[str, Any], bars: Bars, below: Panel | None, drawn: pd.DataFrame, variants: Sequence[str] = ()
) -> Scene:
    """The setup with the bars around it, its lines and its trades."""

    def rows(names: Sequence[str]) -> list[int]:
        return [row_at(bars, setup[name]) for name in names if isinstance(setup.get(name), pd.Timestamp)]

    made = rows([name for name, value in setup.items() if isinstance(value, pd.Timestamp) and "_time" not in name])
    begin = [*made, *(row_at(bars, moment) for moment in drawn["from_time"])]
    most = LONG if len(drawn) else MOST
    ends = rows([f"{name}_{side}_time" for name in variants for side in ("entry", "exit")])
    last = min(max([*made, *ends]) + AROUND, len(bars))
    first = max(min(min(begin) - AROUND, last - LEAST), max(made) + AROUND - most, 0)
    return Scene(setup, bars, below, first, min(last, first + most), drawn)


def picture(scene: Scene, variants: Sequence[str], label: str, prefix: str) -> Markup:
    """Price and, where there is one, the panel below it; the setup's bars, and what the variants traded."""
    figure = sheet(WIDTH, PRICE + 34 + (LOWER + 10 if scene.below else 0))
    top = panel(figure, 2, 14, WIDTH - 46, PRICE)
    top.set_xlim(-1, scene.last - scene.first)
    candles(top, scene.bars[scene.first : scene.last])
    _height(top, scene, variants)
    panels = [top]
    if scene.below:
        panels.append(panel(figure, 2, PRICE + 24, WIDTH - 46, LOWER))
        panels[1].set_xlim(top.get_xlim())
        _oscillator(panels[1], scene)
    divergence(panels, scene)
    lines.draw(top, scene.lines, scene.bars, scene.first, scene.last)
    _anchors(panels, scene)
    for variant in variants:
        trade(top, scene, variant)
    _known(panels, scene)
    _axis(panels, scene)
    return write(figure, label, prefix)


def _height(axes: Axes, scene: Scene, variants: Sequence[str]) -> None:
    """Room for bars, entries and stops; for a target only where it does not press the bars flat."""
    seen = scene.bars[scene.first : scene.last]
    low, high = float(seen.low.min()), float(seen.high.max())
    reach = 0.6 * (high - low)
    levels = [scene.setup[f"{name}_{what}"] for name in variants for what in ("entry_price", "stop", "target")]
    levels = [level for level in levels if low - reach <= level <= high + reach]
    low, high = min([low, *levels]), max([high, *levels])
    margin = 0.04 * (high - low or high)
    axes.set_ylim(low - margin, high + margin)


def _oscillator(axes: Axes, scene: Scene) -> None:
    assert scene.below, "only called with one"
    name, values, levels = scene.below
    seen = values[scene.first : scene.last]
    axes.plot(np.arange(len(seen)), seen, color=COLOURS["candle"], linewidth=1.3)
    axes.grid(visible=False)
    for level in levels:
        axes.axhline(level, color=COLOURS["line"], linewidth=1)
    axes.margins(y=0.14)
    axes.set_yticks(list(levels), [f"{level:g}" for level in levels])
    axes.text(0, 1.02, name, transform=axes.transAxes, fontsize=10, color=COLOURS["muted"], parse_math=False)


def divergence(panels: Sequence[Axes], scene: Scene) -> None:
    """The line from the left to the right swing, on price (lows of a long, highs of a short) and below it."""
    bars, above = scene.bars, scene.setup["direction"] == "short"
    series = [bars.high if above else bars.low, *([scene.below[1]] if scene.below else [])]
    for axes, values, what in zip(panels, series, ("price", "osc"), strict=False):
        ends = [end for side in ("left", "right") if (end := scene.row(f"{side}_{what}")) is not None]
        points = [values[scene.first + end] for end in ends]
        axes.plot(ends, points, "o-", color=COLOURS["pair"], linewidth=2, markersize=4.5)


def _anchors(panels: Sequence[Axes], scene: Scene) -> None:
    """A ring at every other bar that the setup is made of: where it turned, and below it."""
    made = [name for name, value in scene.setup.items() if isinstance(value, pd.Timestamp) and "_time" not in name]
    ends = [scene.row(name) for name in made if name != "known_at" and not name.endswith(("_price", "_osc"))]
    shown = sorted({end for end in ends if end is not None and 0 <= end < scene.last - scene.first})
    below = [[scene.below[1][scene.first + end] for end in shown]] if scene.below else []
    for axes, points in zip(panels, [[_turned(scene, end) for end in shown], *below], strict=True):
        axes.plot(shown, points, "o", markersize=6, fillstyle="none", color=COLOURS["pair"], markeredgewidth=1.4)


def _turned(scene: Scene, row: int) -> float:
    """A bar's low where it is the lowest of its neighbours, its high where it is the highest, else that of the side."""
    bars, at = scene.bars, scene.first + row
    around = slice(max(at - NEIGHBOURS, 0), at + NEIGHBOURS + 1)
    lowest = bool(bars.low[at] <= bars.low[around].min())
    highest = bool(bars.high[at] >= bars.high[around].max())
    short = scene.setup["direction"] == "short"
    return float(bars.high[at] if highest > lowest or (highest == lowest and short) else bars.low[at])


def trade(axes: Axes, scene: Scene, variant: str) -> None:
    """Entry (triangle), stop (dashed) and target (dotted) as long as they stood, exit (cross)."""
    setup, colour = scene.setup, COLOURS.get(variant, COLOURS["ink"])
    begin, end = scene.row(f"{variant}_entry_time"), scene.row(f"{variant}_exit_time")
    if begin is None or end is None:
        return
    right = scene.last - scene.first
    for name, dash in (("stop", (0, (4, 2))), ("target", (0, (1, 2)))):
        level = setup[f"{variant}_{name}"]
        axes.plot([begin - 0.5, min(end, right - 1) + 0.5], [level, level], color=colour, linewidth=1.5, linestyle=dash)
    style: Any = {"color": colour, "markeredgecolor": COLOURS["card"], "markeredgewidth": 1, "zorder": 5}
    mark = "v" if setup["direction"] == "short" else "^"
    axes.plot([begin], [setup[f"{variant}_entry_price"]], mark, markersize=10, **style)
    axes.plot([end], [setup[f"{variant}_exit_price"]], "X", markersize=9, **style)


def _known(panels: Sequence[Axes], scene: Scene) -> None:
    at = scene.row("known_at") or 0
    for axes in panels:
        axes.axvline(at, color=COLOURS["ink"], linewidth=1, linestyle=(0, (1, 2)))
    place = panels[0].get_xaxis_transform()
    panels[0].text(at, 1.015, "known", transform=place, ha="center", fontsize=10, color=COLOURS["ink"])


def _axis(panels: Sequence[Axes], scene: Scene) -> None:
    n = scene.last - scene.first
    stamps = scene.bars.index[scene.first : scene.last]
    at = np.linspace(0.12 * n, 0.88 * n - 1, 3).astype(int)
    form = "%b %Y" if stamps[-1] - stamps[0] > pd.Timedelta(days=14) else "%b %H:%M"
    for axes in panels:
        axes.yaxis.tick_right()
        axes.tick_params(length=0, labelbottom=axes is panels[-1])
        axes.set_xticks(at, [f"{stamps[i].day} {stamps[i]:{form}}" for i in at])
    low, high = panels[0].get_ylim()
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    panels[0].set_yticks(ticks, [number(tick, digits) for tick in ticks])
    panels[0].set_ylim(low, high)
