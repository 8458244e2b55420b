"""Runs of whatever kind side by side: what differs between them, verdicts, figures, equities on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from . import figures, words
from .differences import cautions, differing
from .page import HELD, Rows, compared
from .templates import template

Curve: TypeAlias = tuple[NDArray[np.datetime64], NDArray[np.float64]]

# Of each run the page's own variable, and a dash of its own besides: eight colours are not told apart by everybody.
ROLES = [f"run{n}" for n in range(1, 9)]
COLOURS = {role: f"#fe02{code:02x}" for code, role in enumerate(ROLES)}
DASHES = ("", "7 3", "2 2", "10 3 2 3", "4 2", "1 2", "12 4", "6 2 1 2 1 2")
TOLD = ("answer", "compared", "search", "chance", "trials", "holdout")


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was read. name: what it is called. manifest, summary: its files, checked. curves: by variant, and of
    buying and holding, the times and the equity as a multiple of the start. report: the way to its report.
    """

    name: str
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    curves: Mapping[str, Curve]
    report: str


def render(runs: Sequence[Run]) -> str:
    """The runs as one HTML page that needs nothing else."""
    summaries, manifests = [one.summary for one in runs], [one.manifest for one in runs]
    names = [one.name for one in runs]
    variants = list(dict.fromkeys(name for one in summaries for name in one["variants"]))
    view = {
        "title": f"Compared: {words.joined(names)}",
        "runs": [_run(i, one) for i, one in enumerate(runs)],
        "copies": _copies(runs),
        "cautions": [(title, words.minus(text)) for title, text in cautions(names, manifests, summaries)],
        "differing": differing(manifests),
        "compared": _tables(summaries),
        "equities": [(variant, *_equity(runs, variant)) for variant in variants],
        "named": words.named,
        "dash": words.NONE,
    }
    return template("compare.html.j2").render(view)


def _run(i: int, run: Run) -> dict[str, Any]:
    summary, verdict = run.summary, run.summary["verdict"]
    told = [words.minus(verdict[key]) for key in TOLD if verdict.get(key)]
    return {
        "number": i + 1,
        "dash": DASHES[i],
        "name": run.name,
        "report": quote(run.report.encode("utf-8", "surrogateescape"), safe="/"),
        "question": summary["question"] or summary["name"],
        "facts": f"{summary['strategy']} · {words.joined(summary['symbols'])} · {summary['timeframe']}",
        "period": f"{words.moment(summary['period']['from'])} to {words.moment(summary['period']['to'])}",
        "variants": list(summary["variants"]),
        "short": words.minus(verdict["short"]),
        "told": told,
        "warning": words.minus(verdict.get("warning", "")),
    }


def _copies(runs: Sequence[Run]) -> list[str]:
    """Which of the runs are one and the same, under two names."""
    known: dict[str, list[str]] = {}
    for run in runs:
        known.setdefault(run.manifest["identity"], []).append(run.name)
    return [words.joined(names) for names in known.values() if len(names) > 1]


def _tables(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[list[str]], Rows]]:
    """The report's tables, with the names of each run's columns: its variants, in the account also holding."""
    many = [variant for one in summaries for variant in one["variants"].values()]
    accounts = [account for one in summaries for account in (*one["variants"].values(), one[HELD])]
    columns = [list(one["variants"]) for one in summaries]
    held = [[*names, HELD] for names in columns]
    tables = compared(many, accounts, any(one["finer"] for one in summaries))
    *of_trades, (title, rows) = tables
    return [*((title, columns, rows) for title, rows in of_trades), (title, held, rows)]


def _equity(runs: Sequence[Run], variant: str) -> tuple[dict[str, Markup], list[tuple[int, str, str, str]]]:
    """The figure of a variant's accounts, and its legend: number, dash, name and total return of each run."""
    having = [(i, one) for i, one in enumerate(runs) if variant in one.curves]
    returns = [words.gain(one.summary["variants"][variant]["total_return"]) for _, one in having]
    legend = [(i + 1, DASHES[i], one.name, told) for (i, one), told in zip(having, returns, strict=True)]
    label = "; ".join(f"{number} {name} {told}" for number, _, name, told in legend)
    curves = [(i, *one.curves[variant]) for i, one in having]
    label = f"Equity of the {words.named(variant)} accounts: {label}"
    drawn = figures.both(lambda width: draw(curves, width), label, f"equity-{variant}")
    return {name: _coloured(svg) for name, svg in drawn.items()}, legend


def _coloured(svg: Markup) -> Markup:
    text = str(svg)
    for role, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{role})")
    return Markup(text)


def draw(curves: Sequence[tuple[int, NDArray[np.datetime64], NDArray[np.float64]]], width: float) -> Figure:
    """Equities as multiples of their own start, each on its own dates, with the run's number at the end of its line."""
    figure, left, right, height = figures.sheet(width, 340), 58, 26, 290
    axes = figures.panel(figure, left, 12, width - left - right, height)
    lows, highs = [float(e.min()) for _, _, e in curves], [float(e.max()) for _, _, e in curves]
    low, high = min(1.0, *lows), max(1.0, *highs)
    axes.axhline(1, color=figures.COLOURS["muted"], linewidth=1)
    for i, time, equity in curves:
        dash = [float(part) / 1.6 for part in DASHES[i].split()]  # matplotlib counts in widths of the line
        style: Any = (0, tuple(dash)) if dash else "-"
        axes.plot(figures.mdates.date2num(time), equity, color=COLOURS[ROLES[i]], linewidth=1.6, linestyle=style)
    if low > 0 and high / low > 3:
        axes.set_yscale("log")
        axes.minorticks_off()
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [m * 10.0**e for e in decades for m in ((1, 2, 5) if len(decades) < 5 else (1,))]
        axes.set_yticks([tick for tick in ticks if low * 0.9 <= tick <= high * 1.03])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g} ×"))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.gain(y - 1)))
    first = min(t[0] for _, t, _ in curves)
    last = max(first + np.timedelta64(1, "D"), *(t[-1] for _, t, _ in curves))
    figures.dates(axes, figures.mdates.date2num(np.array([first, last])), True)
    _numbers(axes, curves)
    return figure


def _numbers(axes: Axes, curves: Sequence[tuple[int, NDArray[np.datetime64], NDArray[np.float64]]]) -> None:
    """Each run's number right of where its line ends, those that would cover each other spread apart."""
    axes.set_ylim(*axes.get_ylim())  # else the limits are known only when it is drawn
    gap, box = 14.0, axes.bbox
    ends = [(axes.transData.transform((figures.mdates.date2num(t[-1]), e[-1])), i) for i, t, e in curves]
    placed: list[tuple[float, float]] = []
    for (x, y), i in sorted(ends, key=lambda end: float(end[0][1])):
        under = [top for at, top in placed if abs(at - x) < gap]
        height = max([float(y), *(top + gap for top in under)])
        placed.append((float(x), height))
        at = ((float(x) - box.x0 + 6) / box.width, (height - box.y0) / box.height)
        axes.text(*at, str(i + 1), transform=axes.transAxes, va="center", color=COLOURS[ROLES[i]], fontweight="bold")
