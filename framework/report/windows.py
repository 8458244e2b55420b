"""The windows of a search: what was chosen in each and how it fared, as a table and in two pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..validation.walk import row_at
from . import words
from .figures import COLOURS, both, dates, day, panel, sheet
from .gallery import Tested
from .words import Cell, Form, named, number, percent, risks

Summary: TypeAlias = Mapping[str, Any]

OBJECTIVES: Mapping[str, Form] = {"expectancy_r": risks, "total_r": risks, "win_rate": percent}


def table(summary: Summary, variants: Sequence[str]) -> dict[str, Any]:
    windows = summary["windows"]
    form = OBJECTIVES.get(windows[0]["objective"], words.ratio)
    rows = [
        {
            "number": one["window"],
            "train": words.moment(one["train_start"]),
            "test": words.moment(one["test_start"]),
            "end": words.moment(one["test_end"]),
            "chosen": one["chosen"],
            "parameters": [words.setting(value) for value in one["parameters"].values()],
            "feasible": f"{words.count(one['feasible'])} of {words.count(one['trials'])}",
            "scores": [
                Cell(form(one[side][name]["score"]), note=words.rests(one[side][name]["trades"]))
                for name in variants
                for side in ("in_sample", "out_of_sample")
            ],
        }
        for one in windows
    ]
    return {
        "rows": rows,
        "objective": named(windows[0]["objective"], words.OBJECTIVES),
        "names": [named(name) for name in windows[0]["parameters"]],
        "defaults": [one["window"] for one in windows if one["chosen"] == "defaults"],
        "searched": any(one["chosen"] != "fixed" for one in windows),
    }


def line(summary: Summary, manifest: Mapping[str, Any], tested: Tested) -> dict[str, Any]:
    """The embargo counts bars, each market's own: drawn is the latest that it begins in any."""
    embargo = manifest["configuration"]["windows"]["embargo"]
    rows = []
    for one in summary["windows"]:
        train, test, end = (pd.Timestamp(one[name]) for name in ("train_start", "test_start", "test_end"))
        trained = [bars for bars in tested.markets if bars.index[0] < test]
        begun = max(bars.index[max(row_at(bars, test) - embargo, 0)] for bars in trained)
        marked = "defaults" if one["chosen"] == "defaults" else ""
        spans = {"train": train, "embargo": min(max(begun, train), test), "test": test, "end": end}
        rows.append({"number": one["window"], "marked": marked, **spans})
    label = f"{len(rows)} windows, each a training, an embargo of {embargo} bars and a test after it"
    held = summary["holdout"] and (summary["holdout"]["from"], summary["holdout"]["to"])
    return both(lambda width: timeline(rows, held, width), label, "timeline", 510)


def fell(summary: Summary, variants: Sequence[str]) -> dict[str, Any] | None:
    def row(one: Mapping[str, Any], name: str) -> tuple[float, float, int, bool]:
        before, after = one["in_sample"][name], one["out_of_sample"][name]
        return _float(before["score"]), _float(after["score"]), after["trades"], one["chosen"] == "defaults"

    scores = {name: [row(one, name) for one in summary["windows"]] for name in variants}
    known = [one for rows in scores.values() for one in rows if not np.isnan(one[:2]).any()]
    if not known:
        return None
    falls = sum(after < before for before, after, *_ in known)
    label = f"Score in training against test: lower in the test in {falls} of {len(known)} windows and variants"
    risk = OBJECTIVES.get(summary["windows"][0]["objective"]) is risks
    drawn: dict[str, Any] = both(lambda width: slopes(scores, risk, width), label, "slopes", 510)
    return drawn | {"label": label}


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def timeline(rows: Sequence[Mapping[str, Any]], held: tuple[Any, Any] | None, width: float) -> Figure:
    """Training, embargo and test of each window. rows: number, train, embargo, test, end as stamps, marked: a word.
    held: from when to when data is held out.
    """
    step = min(30.0, max(9.0, 266 / len(rows)))
    height = step * len(rows)
    figure = sheet(width, height + 34)
    axes = panel(figure, 24, 6, width - 24 - 8, height)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    for y, row in enumerate(rows):
        at = [day(row[name]) for name in ("train", "embargo", "test", "end")]
        axes.barh(y, at[1] - at[0], left=at[0], height=0.56, color=COLOURS["hold"], alpha=0.45)
        axes.barh(y, at[3] - at[2], left=at[2], height=0.56, color=COLOURS["test"])
        if row["marked"]:
            axes.text(at[1], y, f"{row['marked']}  ", va="center", ha="right", color=COLOURS["ink"], fontsize=10)
    if held:
        axes.axvspan(day(held[0]), day(held[1]), color=COLOURS["muted"], alpha=0.3, linewidth=0)
    every = 1 if step > 13 else 5
    axes.set_yticks(range(0, len(rows), every), [str(row["number"]) for row in rows[::every]])
    dates(axes, (day(rows[0]["train"]), day(held[1] if held else rows[-1]["end"])), True)
    return figure


def slopes(scores: Mapping[str, Sequence[tuple[float, float, int, bool]]], risk: bool, width: float) -> Figure:
    """Each window's score in training and in its test, by variant: (training, test, test trades, by default)."""
    height, left, gap = 300, 52, 18
    figure = sheet(width, height)
    each = (width - left - gap * (len(scores) - 1)) / len(scores)
    pairs = np.array([row[:2] for rows in scores.values() for row in rows], dtype=float)
    low, high = np.nanmin([*pairs.ravel(), 0]), np.nanmax([*pairs.ravel(), 0])
    margin = 0.08 * (high - low or 1.0)
    for i, (variant, rows) in enumerate(scores.items()):
        axes = panel(figure, left + i * (each + gap), 28, each, height - 56)
        axes.set_ylim(low - margin, high + margin)
        axes.set_xlim(-0.3, 1.3)
        axes.axhline(0, color=COLOURS["muted"], linewidth=1)
        axes.set_xticks([0, 1], ["training", "test"])
        axes.set_title(named(variant), fontsize=11, fontweight="bold", color=COLOURS["ink"])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{number(y, 2, True)} R" if risk else number(y, 2)))
        axes.tick_params(labelleft=i == 0)
        _lines(axes, rows, COLOURS.get(variant, COLOURS["ink"]))
    return figure


def _lines(axes: Axes, rows: Sequence[tuple[float, float, int, bool]], colour: str) -> None:
    for before, after, trades, default in rows:
        dash = (0, (3, 2.5)) if default else "solid"
        axes.plot([0, 1], [before, after], color=colour, alpha=0.38, linewidth=1.2, linestyle=dash)
        axes.plot([0], [before], "o", color=colour, alpha=0.5, markersize=4, markeredgewidth=0)
        axes.plot([1], [after], "o", color=colour, alpha=0.5, markersize=3 + min(trades, 60) ** 0.5, markeredgewidth=0)
    whole = np.array([row[:2] for row in rows if not np.isnan(row[:2]).any()], dtype=float)
    if len(whole) > 1:
        axes.plot([0, 1], np.median(whole, axis=0), color=colour, linewidth=3.2, solid_capstyle="round")
