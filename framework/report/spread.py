"""How trades are spread in R, and how far they went against and for their entry: histograms, scatters, two shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from . import words
from .figures import COLOURS, both, panel, sheet
from .gallery import Tested
from .words import estimate, named, number, percent

Summary: TypeAlias = Mapping[str, Any]

DRAWN = 250  # trades of a variant in a scatter: each is drawn four times
WON, LOST = {"color": "test", "marker": "^"}, {"color": "pair", "marker": "x"}
SIDES = {"mae": "furthest against (MAE)", "mfe": "furthest for (MFE)"}
SHARES = {
    "winners_against": "Winners that had been more than 0.5 R against their entry",
    "losers_ahead": "Others that had been 1 R or more ahead",
}


def shown(summary: Summary, tested: Tested, variants: Sequence[str]) -> dict[str, Any]:
    """The figures with what must be said of them; without a figure where no trade has an R."""
    found = {name: summary["variants"][name]["excursions"] for name in variants}
    trades = tested.trades[(tested.trades["exit_reason"] != "open") & np.isfinite(tested.trades["r"])]
    each = {name: trades[trades["variant"] == name] for name in variants}
    some = [name for name in variants if len(each[name])]
    drawn = {name: thinned(each[name]) for name in some}
    limits = next(iter(found.values()))["edges"]
    left = {name: one["without_r"] for name, one in found.items() if one["without_r"]}
    return {
        "histogram": _histogram({name: found[name] for name in some}) if some else None,
        "scatter": _scatter(drawn, limits) if some else None,
        "width": number(limits[1] - limits[0], 2),
        "gathered": [_gathered(name, found[name]) for name in some if found[name]["below"] or found[name]["above"]],
        "left": words.joined([f"{named(name)} {words.plural(n, 'trade')}" for name, n in left.items()]) if left else "",
        "thinned": _thinned(each, drawn),
        "shares": [(label, [estimate(one[key], percent) for one in found.values()]) for key, label in SHARES.items()],
    }


def _thinned(each: Mapping[str, pd.DataFrame], drawn: Mapping[str, pd.DataFrame]) -> str:
    """How many trades are drawn, where not all are."""
    if all(len(drawn[name]) == len(each[name]) for name in drawn):
        return ""
    counts = [f"{words.count(len(drawn[name]))} of {words.count(len(each[name]))} ({named(name)})" for name in drawn]
    return words.joined(counts)


def _gathered(name: str, one: Mapping[str, Any]) -> str:
    first, last = (f"{number(one['edges'][at], 0, signed=True)} R" for at in (0, -1))
    parts = [(one["below"], f"below {first}"), (one["above"], f"above {last}")]
    return f"{named(name)}: " + " and ".join(f"{words.count(n)} {where}" for n, where in parts if n)


def thinned(trades: pd.DataFrame) -> pd.DataFrame:
    """All, or of very many so many as are drawn, evenly by rank of R, the lowest and the highest among them."""
    if len(trades) <= DRAWN:
        return trades
    ranked = trades.sort_values("r", kind="stable")
    return ranked.iloc[np.linspace(0, len(ranked) - 1, DRAWN).round().astype(int)]


def _histogram(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    told = [f"{named(name)} {words.plural(sum(one['counts']), 'trade')}" for name, one in found.items()]
    label = f"How many closed trades made how much R: {', '.join(told)}"
    return both(lambda width: histogram(found, width), label, "spread", 1040)


def histogram(found: Mapping[str, Mapping[str, Any]], width: float) -> Figure:
    """A panel a variant, one scale: bars from the first bin to the last, strokes at −1 R and at 0."""
    height, left, gap = 150, 40, 52
    figure = sheet(width, (height + gap) * len(found) + 8)
    most = max(max(one["counts"]) for one in found.values())
    for i, (name, one) in enumerate(found.items()):
        axes = panel(figure, left, 24 + i * (height + gap), width - left - 12, height)
        edges = np.array(one["edges"])
        colour = COLOURS.get(name, COLOURS["ink"])
        axes.bar(edges[:-1], one["counts"], np.diff(edges) * 0.9, align="edge", color=colour)
        for at in (-1, 0):
            axes.axvline(at, color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (3, 2)))
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, most * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        _in_risks(axes, edges[0] if one["below"] else None, edges[-1] if one["above"] else None)
        n = words.plural(sum(one["counts"]), "trade")
        axes.set_title(f"{named(name)}, {n}", loc="left", fontsize=11, fontweight="bold", color=COLOURS["ink"])
    return figure


def _in_risks(axes: Axes, lowest: float | None, highest: float | None) -> None:
    """The x axis in R. lowest, highest: the ends at which something is gathered."""
    narrow = axes.bbox.width < 340
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(MultipleLocator(2 if narrow and high - low > 8 else 1))

    def said(x: float, _: Any) -> str:
        beyond = "≤ " if x == lowest else "≥ " if x == highest else ""
        return f"{beyond}{number(x, 0, signed=x != 0)}{'' if narrow else ' R'}"

    axes.xaxis.set_major_formatter(FuncFormatter(said))


def _scatter(drawn: Mapping[str, pd.DataFrame], limits: Sequence[float]) -> dict[str, Any]:
    label = "R of each closed trade by how far it had gone against its entry, and by how far for it"
    return both(lambda width: scatter(drawn, limits, width), label, "excursions", 1040)


def scatter(drawn: Mapping[str, pd.DataFrame], limits: Sequence[float], width: float) -> Figure:
    """A row a variant: R by MAE, R by MFE, all in initial risks; what is beyond the limits stands on the frame."""
    height, left, gap, top = 210, 44, 44, 64
    figure = sheet(width, (height + top) * len(drawn) + 14)
    each = (width - left - gap - 12) / 2
    low, high = limits[0], limits[-1]
    for i, (name, trades) in enumerate(drawn.items()):
        for j, (column, title) in enumerate(SIDES.items()):
            axes = panel(figure, left + j * (each + gap), 30 + i * (height + top), each, height)
            furthest = -low if column == "mae" else high
            _marks(axes, trades, column, (low, high, furthest))
            axes.axhline(0, color=COLOURS["muted"], linewidth=1)
            axes.axvline(0.5 if column == "mae" else 1, color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (3, 2)))
            axes.set_xlim(-0.02 * furthest, furthest * 1.02)
            axes.set_ylim(low - 0.15, high + 0.15)
            axes.yaxis.set_major_locator(MultipleLocator(1 if high - low <= 6 else 2))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y, 0, signed=y != 0)))
            axes.xaxis.set_major_locator(MultipleLocator(2 if furthest > 6 else 1))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{number(x, 0)} R"))
            head = (
                f"{named(name)}: {title[0].lower()}{title[1:]}" if width > 500 else f"{named(name)}: {column.upper()}"
            )
            axes.set_title(head, loc="left", fontsize=11, fontweight="bold", color=COLOURS["ink"])
    return figure


def _marks(axes: Axes, trades: pd.DataFrame, column: str, limits: tuple[float, float, float]) -> None:
    low, high, furthest = limits
    won = trades["pnl"].to_numpy() > 0
    x = np.minimum(trades[column].to_numpy(), furthest)
    y = np.clip(trades["r"].to_numpy(), low, high)
    for which, style in ((~won, LOST), (won, WON)):
        look: Any = {"marker": style["marker"], "color": COLOURS[style["color"]], "alpha": 0.75}
        axes.plot(x[which], y[which], linestyle="none", markersize=5, clip_on=False, **look)
