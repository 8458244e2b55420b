"""The ground of a search, drawn: the score of each pair of values, and what the neighbours of the chosen sets score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from . import words
from .figures import COLOURS, both, panel, sheet
from .windows import OBJECTIVES
from .words import Form, named

Summary: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = Mapping[str, Any]

FAINT, DEEP = 0.05, 0.5  # of a cell's colour: letters must stay legible on it


def shown(summary: Summary) -> dict[str, Any] | None:
    """The map, as a table of two parameters or as bars of one, and the plateau; None where nothing was searched."""
    found = summary["search"]
    if found is None or not found["heat"]["cells"]:
        return None
    heat = found["heat"]
    form = OBJECTIVES.get(heat["objective"], words.ratio)
    names = [named(name) for name in heat["parameters"]]
    around = [one for one in found["plateau"] if one["feasible"]]
    objective = named(heat["objective"], words.OBJECTIVES)
    return {
        "names": names,
        "objective": objective,
        "lower": heat["lower_is_better"],
        "by_order": heat["by"] == "order",
        "binned": words.joined([name for name, axis in zip(names, heat["axes"], strict=True) if _binned(axis)]),
        "windows": words.count(len(summary["windows"])),
        "table": _table(heat, form) if len(names) == 2 else None,
        "bars": _bars(heat, names[0], objective, form) if len(names) == 1 else None,
        "plateau": _plateau(around, objective, form),
    }


def _binned(axis: Sequence[Mapping[str, Any]]) -> bool:
    return any(one["from"] != one["to"] for one in axis)


def _limits(one: Mapping[str, Any]) -> str:
    """A cell's value, or its first and last."""
    first = words.setting(one["from"])
    return first if one["from"] == one["to"] else f"{first} to {words.setting(one['to'])}"


def _table(heat: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Rows and columns: the parameter with fewer cells goes across."""
    across = 0 if len(heat["axes"][0]) <= len(heat["axes"][1]) else 1
    down = 1 - across
    cells = {tuple(one["at"]): one for one in heat["cells"]}
    depth = _depth(heat)

    def at(row: int, column: int) -> dict[str, Any]:
        return _cell(cells.get((column, row) if across == 0 else (row, column)), depth, form)

    axes = [[_limits(one) for one in heat["axes"][which]] for which in (down, across)]
    rows = [{"head": head, "cells": [at(i, j) for j in range(len(axes[1]))]} for i, head in enumerate(axes[0])]
    return {"down": named(heat["parameters"][down]), "across": named(heat["parameters"][across]), "heads": axes[1]} | {
        "rows": rows
    }


def _depth(heat: Mapping[str, Any]) -> Any:
    """How deep a score's colour is, the deepest the best."""
    known = [one["score"] for one in heat["cells"] if math.isfinite(one["score"])]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def depth(score: float) -> float:
        if not math.isfinite(score) or low == high:
            return (FAINT + DEEP) / 2
        part = (score - low) / (high - low)
        return FAINT + (DEEP - FAINT) * (1 - part if heat["lower_is_better"] else part)

    return depth


def _cell(one: Cell | None, depth: Any, form: Form) -> dict[str, Any]:
    if one is None:
        return {"text": "", "tried": "", "chosen": "", "deep": ""}
    known = not math.isnan(one["score"])
    chosen = f"chosen {words.count(one['chosen'])}×" if one["chosen"] else ""
    tried = f"{words.count(one['feasible'])} of {words.count(one['trials'])}"
    deep = f"{depth(one['score']):.2f}" if known else ""
    return {"text": form(one["score"]) if known else words.NONE, "tried": tried, "chosen": chosen, "deep": deep}


def _bars(heat: Mapping[str, Any], name: str, objective: str, form: Form) -> dict[str, Any]:
    rows = [(_limits(heat["axes"][0][one["at"][0]]), one) for one in heat["cells"]]
    told = [f"{label}: {form(one['score'])}, {one['feasible']} of {one['trials']} trials" for label, one in rows]
    label = f"{objective} in training by {name}. {'; '.join(told)}"
    return both(lambda width: bars(rows, form, width), label, "heat", 510)


def _plateau(around: Sequence[Mapping[str, Any]], objective: str, form: Form) -> dict[str, Any] | None:
    if not around:
        return None
    label = f"{objective} in training of each window's chosen set, and the median and worst of its neighbours"
    return both(lambda width: plateau(around, form, width), label, "plateau-drawn", 510)


def bars(rows: Sequence[tuple[str, Cell]], form: Form, width: float) -> Figure:
    """A bar a value: its score in words, how many of its trials had enough trades, how many windows chose it."""
    left, right, step = 96, 150, 30
    figure = sheet(width, step * len(rows) + 12)
    axes = panel(figure, left, 6, width - left - right, step * len(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    axes.set_yticks(range(len(rows)), [label if len(label) < 17 else f"{label[:15]}…" for label, _ in rows])
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    for y, (_, one) in enumerate(rows):
        if math.isfinite(one["score"]):
            axes.barh(y, one["score"], height=0.62, color=COLOURS["test"], alpha=1 if one["chosen"] else 0.45)
        said = f"{form(one['score'])}, {one['feasible']} of {one['trials']}"
        said += f", chosen {one['chosen']}×" if one["chosen"] else ""
        axes.text(1.03, y, said, transform=axes.get_yaxis_transform(), va="center", color=COLOURS["ink"], fontsize=10)
    return figure


def plateau(around: Sequence[Mapping[str, Any]], form: Form, width: float) -> Figure:
    """A row a window: filled its chosen set's score, hollow the median of the neighbours, a stroke their worst."""
    step = min(24.0, max(8.0, 300 / len(around)))
    figure = sheet(width, step * len(around) + 36)
    axes = panel(figure, 30, 6, width - 30 - 14, step * len(around))
    axes.set_ylim(len(around) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    for y, one in enumerate(around):
        values = np.array([one[key] for key in ("score", "median", "worst")], dtype=float)
        if not np.isfinite(values).all():
            continue
        axes.plot([values.min(), values.max()], [y, y], color=COLOURS["hold"], linewidth=1.5, alpha=0.6)
        size = min(7.0, step * 0.55)
        axes.plot([one["worst"]], [y], "|", color=COLOURS["muted"], markersize=size + 2, markeredgewidth=1.6)
        ring: Any = {"markerfacecolor": COLOURS["card"], "markeredgecolor": COLOURS["test"], "markeredgewidth": 1.6}
        axes.plot([one["median"]], [y], "o", markersize=size, **ring)
        axes.plot([one["score"]], [y], "o", color=COLOURS["test"], markersize=size)
    every = 1 if step > 13 else 5
    axes.set_yticks(range(0, len(around), every), [str(one["window"]) for one in around[::every]])
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(4 if width < 400 else 6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: form(x).replace(words.THIN, " ")))
    return figure
