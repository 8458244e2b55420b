"""Reaction rates by the ratio of a level: those of the rule, those between them, and the curve through the latter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from . import words
from .figures import COLOURS, both, panel, sheet

Row = Mapping[str, Any]


def shown(placebo: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The picture and a row for each of the rule's ratios; None where a rule has no such levels."""
    if placebo is None:
        return None
    rows = [row for row in placebo["ratios"] if row["n"]]
    named = [row for row in rows if row["named"]]
    known = [row for row in named if _is(row["excess"]) and _is(row["low"])]
    told = [f"{_ratio(row)} {words.percent(row['rate'])}, the curve {words.percent(row['curve'])}" for row in known]
    return {
        "legs": words.count(placebo["legs"]),
        "rows": [_row(row) for row in named],
        "answer": words.minus(placebo["answer"]),
        "figure": both(lambda width: _drawn(rows, width), f"Share that reacted: {'; '.join(told)}", "ratios", 510)
        if known
        else None,
    }


def _row(row: Row) -> dict[str, str]:
    span = f"{_points(row['low'])} to {_points(row['high'])}" if _is(row["low"]) else words.NONE
    return {
        "ratio": _ratio(row),
        "n": words.count(row["n"]),
        "rate": words.percent(row["rate"]),
        "curve": words.percent(row["curve"]) if _is(row["curve"]) else words.NONE,
        "excess": _points(row["excess"]) if _is(row["excess"]) else words.NONE,
        "span": span,
    }


def _drawn(rows: Sequence[Row], width: float) -> Figure:
    figure = sheet(width, 300)
    axes = panel(figure, 48, 8, width - 62, 258)
    between = [row for row in rows if not row["named"]]
    axes.plot([row["ratio"] for row in between], [row["rate"] for row in between], "o", color=COLOURS["muted"], ms=4)
    curve = [(row["ratio"], row["curve"]) for row in rows if _is(row["curve"])]
    axes.plot([x for x, _ in curve], [y for _, y in curve], color=COLOURS["muted"], linewidth=1.4)
    for row in rows:
        if not row["named"]:
            continue
        if _is(row["low"]):
            reach = [row["curve"] + row["low"], row["curve"] + row["high"]]
            axes.plot([row["ratio"]] * 2, reach, color=COLOURS["aggressive"], linewidth=2.2, solid_capstyle="round")
        axes.plot([row["ratio"]], [row["rate"]], "D", color=COLOURS["aggressive"], ms=7)
    axes.set_xticks([row["ratio"] for row in rows if row["named"]], [_ratio(row) for row in rows if row["named"]])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.percent(y)))
    axes.margins(x=0.04, y=0.12)
    return figure


def _ratio(row: Row) -> str:
    return f"{row['ratio']:.3f}".lstrip("0").rstrip("0")


def _points(value: float) -> str:
    return f"{words.number(100 * value, 1, True)} points"


def _is(value: Any) -> bool:
    return value is not None and not math.isnan(value)
