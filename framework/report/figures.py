"""The figures, drawn by matplotlib as SVG that takes its colours and letters from the page around it."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.dates
import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Affine2D, Transform, blended_transform_factory

from ..bars import Bars
from .words import gain, named, number, percent

# Colours stand for the page's own variables, put in once the SVG is written, so that one drawing suits light and dark.
ROLES = ("ink", "muted", "line", "card", "aggressive", "conservative", "hold", "pair", "candle", "test")
COLOURS = {role: f"#fe01{code:02x}" for code, role in enumerate(ROLES)}
MARKS = {"aggressive": "o", "conservative": "D"}
WIDE, NARROW = 1040, 343
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "chartproof", "path.simplify_threshold": 0.6, "font.size": 11.0}
mdates: Any = matplotlib.dates  # its functions bear no types


def sheet(width: float, height: float) -> Figure:
    """An empty figure of that many pixels."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    return figure


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in pixels from the top left: no frame, faint level lines, quiet letters."""
    w, h = figure.get_size_inches() * 72
    axes = figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=10.5, labelcolor=COLOURS["muted"], pad=5)
    axes.grid(axis="y", color=COLOURS["line"], linewidth=1)
    axes.set_axisbelow(True)
    return axes


def write(figure: Figure, label: str, prefix: str) -> Markup:
    """The figure as inline SVG. label: what it shows, for who cannot see it. prefix: makes its ids the page's own."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that matplotlib's own font lacks: the reader's font draws it
        figure.savefig(buffer, format="svg")
    body = buffer.getvalue()
    body = body[body.index("<svg") :]
    box = re.findall(r'viewBox="([^"]+)"', body)[0]
    body = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", body, flags=re.DOTALL)
    body = body[body.index(">") + 1 :]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'url\(#|href="#', lambda m: f"{m[0]}{prefix}-", body)
    body = re.sub(r"font: (?:(\d+) )?([\d.]+px) [^;\"]*", _letters, body)
    for role, colour in COLOURS.items():
        body = body.replace(colour, f"var(--{role})")
    body = re.sub(r"\s*\n\s*", "\n", body)
    return Markup(f'<svg viewBox="{box}" role="img" aria-label="{escape(label)}">{body}')


def _letters(found: re.Match[str]) -> str:
    return f"font-size: {found[2]}" + (f"; font-weight: {found[1]}" if found[1] else "")


def both(draw: Callable[[float], Figure], label: str, prefix: str, wide: float = WIDE) -> dict[str, Markup]:
    """One figure in two widths: for a desk and for a telephone."""
    with mpl.rc_context(STYLE):
        return {
            "wide": write(draw(wide), label, f"{prefix}-w"),
            "narrow": write(draw(NARROW), label, f"{prefix}-n"),
        }


def expectancy(groups: Sequence[tuple[str, Sequence[tuple[str, Mapping[str, Any]]]]], width: float) -> Figure:
    """Dots with whiskers: groups of (title, rows of variant and estimate in R); hollow and pale where too few."""
    height = 30 + sum(34 + 19 * len(rows) for _, rows in groups)
    figure, y = sheet(width, height), 0.0
    axes = panel(figure, 92, 4, width - 92 - 92, height - 30)
    axes.set_ylim(height - 30, 0)
    axes.set_yticks([])
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    behind: Any = {"facecolor": COLOURS["card"], "edgecolor": "none", "pad": 1}
    for title, rows in groups:
        y += 20
        head: Any = {"color": COLOURS["ink"], "fontweight": "bold", "bbox": behind}
        axes.text(-92, y, title, transform=rows_of(axes), va="center", **head)
        for variant, figures in rows:
            y += 19
            _whisker(axes, y, variant, figures)
        y += 14
    axes.margins(x=0.06)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{number(x, 1, True)} R"))
    return figure


def rows_of(axes: Axes) -> Transform:
    """x in pixels from the axes' left edge, y as the axes' data."""
    return blended_transform_factory(Affine2D().translate(axes.bbox.x0, 0), axes.transData)


def _whisker(axes: Axes, y: float, variant: str, figures: Mapping[str, Any]) -> None:
    colour, enough, n = COLOURS.get(variant, COLOURS["ink"]), figures["enough"], figures["n"]
    axes.text(-92, y, named(variant), transform=rows_of(axes), va="center", color=COLOURS["muted"])
    said = "no trade" if not n else f"n = {number(n, 0)}" + ("" if enough else ", too few")
    axes.text(axes.bbox.width + 10, y, said, transform=rows_of(axes), va="center", color=COLOURS["muted"], fontsize=10)
    if not n or figures["value"] is None:
        return
    low, high = (np.nan if figures[side] is None else figures[side] for side in ("low", "high"))
    axes.plot([low, high], [y, y], color=colour, linewidth=2.2, alpha=1 if enough else 0.4, solid_capstyle="round")
    mark: Any = {"marker": MARKS.get(variant, "s"), "markersize": 7, "markeredgewidth": 1.6}
    mark["color"] = colour if enough else COLOURS["card"]
    axes.plot([figures["value"]], [y], markeredgecolor=colour, alpha=1 if enough else 0.75, **mark)


def equity(
    table: pd.DataFrame,
    names: Sequence[str],
    held: str,
    borders: Sequence[Any],
    bands: Mapping[str, pd.DataFrame],
    width: float,
) -> Figure:
    """Equity over drawdown. borders: where tests begin.

    table: `time`, and for each name in `names` and `held` the equity as a multiple of the starting cash. bands: what
    chance made of some of the names, as such multiples: time, low, middle, high.
    """
    time = mdates.date2num(table["time"].dt.tz_localize(None).to_numpy())
    grown = {name: table[name].to_numpy() for name in [held, *names]}
    zoom = bool(bands) or _reach([grown[name] for name in names]) < 0.25 * _reach([grown[held]])
    heights = [250, *([140] if zoom else []), 140]
    figure, top, left = sheet(width, sum(heights) + 34 * len(heights) + 20), 26.0, 58
    shown = [[held, *names], *([names] if zoom else []), [held, *names]]
    titles = ["Equity as a multiple of the start", *(["The variants by themselves"] if zoom else []), "Drawdown"]
    for i, (title, height, lines) in enumerate(zip(titles, heights, shown, strict=True)):
        axes = panel(figure, left, top, width - left - 6, height)
        head: Any = {"fontsize": 11, "fontweight": "bold", "color": COLOURS["ink"]}
        axes.set_title(title, loc="left", pad=9, x=-left / axes.bbox.width, **head)
        fallen = title == "Drawdown"
        for name in lines:
            peak = np.maximum(np.maximum.accumulate(grown[name]), 1)
            value = grown[name] / peak - 1 if fallen else grown[name]
            axes.plot(time, value, color=COLOURS["hold" if name == held else name], linewidth=1.5)
        if held not in lines:
            _shade(axes, bands)
        _scale(axes, fallen, i == 0 and min(v.min() for v in grown.values()) > 0)
        for border in borders:
            axes.axvline(day(border), color=COLOURS["line"], linewidth=1, zorder=0)
        dates(axes, time, i == len(heights) - 1)
        top += height + 34
    return figure


def _shade(axes: Axes, bands: Mapping[str, pd.DataFrame]) -> None:
    for name, band in bands.items():
        at = mdates.date2num(band["time"].dt.tz_localize(None).to_numpy())
        axes.fill_between(at, band["low"], band["high"], color=COLOURS[name], alpha=0.16, linewidth=0)
        axes.plot(at, band["middle"], color=COLOURS[name], linewidth=1, linestyle=(0, (2, 2)))


def day(moment: Any) -> float:
    return float(mdates.date2num(pd.Timestamp(moment).tz_localize(None)))


def _reach(series: Sequence[Any]) -> float:
    return float(max(v.max() for v in series) - min(v.min() for v in series))


def _scale(axes: Axes, fallen: bool, may_log: bool) -> None:
    low, high = axes.dataLim.intervaly
    if may_log and high / low > 3:
        axes.set_yscale("log")
        axes.minorticks_off()
        ticks = [m * 10.0**e for e in range(-6, 7) for m in (1, 2, 5)]
        axes.set_yticks([tick for tick in ticks if low * 0.9 <= tick <= high * 1.03])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g} ×"))
        return
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y) if fallen else gain(y - 1)))


def dates(axes: Axes, time: Any, labelled: bool) -> None:
    axes.set_xlim(time[0], time[-1])
    locator = mdates.AutoDateLocator(minticks=3, maxticks=6 if axes.bbox.width < 500 else 10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))
    axes.tick_params(labelbottom=labelled)


def candles(axes: Axes, bars: Bars) -> None:
    """Wicks and bodies: hollow where the close is at or above the open, filled where it is below."""
    x = np.arange(len(bars))
    body = np.sort(np.column_stack([bars.open, bars.close]), axis=1)
    least = 0.004 * float(bars.high.max() - bars.low.min() or 1)
    body[:, 1] = np.maximum(body[:, 1], body[:, 0] + least)
    wicks = np.stack([np.column_stack([x, bars.low]), np.column_stack([x, bars.high])], axis=1)
    around = ((-0.33, 0), (-0.33, 1), (0.33, 1), (0.33, 0))
    corners = np.stack([np.column_stack([x + dx, body[:, i]]) for dx, i in around], axis=1)
    colour = COLOURS["candle"]
    face = np.where(bars.close >= bars.open, COLOURS["card"], colour).tolist()
    axes.add_collection(LineCollection(list(wicks), colors=colour, linewidths=0.8))
    axes.add_collection(PolyCollection(list(corners), facecolors=face, edgecolors=colour, linewidths=0.8))
