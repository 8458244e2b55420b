"""Figures of chance and of splits: what was made beside what chance makes; which part of time is tested when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .figures import COLOURS, MARKS, dates, day, panel, rows_of, sheet
from .words import chance as p_value
from .words import named, number, risks

MOST = 120  # splits that are drawn


@dataclass(frozen=True)
class Range:
    """What chance made: mean, 2.5 and 97.5 percentiles, and the variant's own value with its p."""

    variant: str
    of: str
    value: float
    mean: float
    low: float
    high: float
    p: float


def ranges(summary: Mapping[str, Any]) -> list[Range]:
    """Of each variant its mean R beside random entries, and beside the search on bars in random order."""
    random, permuted = summary["chance"]["random_entries"] or {}, summary["chance"]["permuted"] or {}
    found = []
    for name in summary["variants"]:
        beside = (
            ("random entries", random.get(name, {}).get("mean_r")),
            ("random order", permuted.get(f"left_{name}")),
        )
        for of, one in beside:
            if one and not any(math.isnan(one[key]) for key in ("value", "mean", "low", "high")):
                found.append(Range(name, of, *(one[key] for key in ("value", "mean", "low", "high", "p"))))
    return found


def described(rows: Sequence[Range]) -> str:
    """The same in words."""
    told = [
        f"{named(one.variant)} {risks(one.value)}, {one.of} {risks(one.low)} to {risks(one.high)}, {p_value(one.p)}"
        for one in rows
    ]
    return f"R a trade beside what chance makes. {'; '.join(told)}"


def chance(rows: Sequence[Range], width: float) -> Figure:
    """A row each: a grey bar for 95 % of what chance made, a stroke for its mean, the variant's mark for its own."""
    height, left, right = 30 + 40 * len(rows), 128, 74
    figure = sheet(width, height)
    axes = panel(figure, left, 4, width - left - right, height - 30)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    for y, one in enumerate(rows):
        place: Any = {"transform": rows_of(axes), "va": "center"}
        axes.text(-left, y - 0.17, named(one.variant), color=COLOURS["ink"], fontweight="bold", **place)
        axes.text(-left, y + 0.22, one.of, color=COLOURS["muted"], **place)
        axes.text(axes.bbox.width + 10, y, p_value(one.p), color=COLOURS["muted"], **place)
        axes.barh(y, one.high - one.low, left=one.low, height=0.42, color=COLOURS["hold"], alpha=0.35)
        axes.plot([one.mean] * 2, [y - 0.21, y + 0.21], color=COLOURS["muted"], linewidth=1.5)
        axes.plot([one.value], [y], MARKS.get(one.variant, "s"), color=COLOURS.get(one.variant, COLOURS["ink"]))
    axes.margins(x=0.06)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(4 if width < 500 else 6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{number(x, 1, True)} R"))
    return figure


def splits(groups: Sequence[Mapping[str, Any]], count: int, width: float) -> Figure:
    """A row a split: the groups of time that it tests are filled, the others train. Of very many every so manyth."""
    every = -(-count // MOST)
    shown = range(0, count, every)
    step = min(22.0, max(3.0, 266 / len(shown)))
    figure = sheet(width, step * len(shown) + 34)
    axes = panel(figure, 36, 6, width - 36 - 8, step * len(shown))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    spans = [tuple(day(pd.Timestamp(group[name])) for name in ("start", "end")) for group in groups]
    for group, (start, end) in zip(groups, spans, strict=True):
        rows = np.array([y for y, split in enumerate(shown) if split in group["tested"]], float)
        for heights, colour, alpha in ((np.arange(len(shown)), "hold", 0.35), (rows, "test", 1.0)):
            corners = [[(start, y - 0.36), (end, y - 0.36), (end, y + 0.36), (start, y + 0.36)] for y in heights]
            axes.add_collection(PolyCollection(corners, facecolors=COLOURS[colour], alpha=alpha, linewidths=0))
    named_rows = range(0, len(shown), 1 if step > 13 else -(-len(shown) // 12))
    axes.set_yticks(list(named_rows), [str(shown[y]) for y in named_rows])
    dates(axes, (spans[0][0], spans[-1][1]), True)
    return figure
