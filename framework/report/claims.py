"""The ledger's page: a row a claim, each opening into its figure and examples on the chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..bars import Bars
from ..indicators import bar_atr
from . import words
from .figures import COLOURS, STYLE, candles, panel, rows_of, sheet, write
from .templates import template
from .words import number

Row: TypeAlias = Mapping[str, Any]

BEFORE, AFTER = 45, 4  # bars in a picture before the close at which it was known, and after its horizon
WIDTH, PRICE = 390, 210
LEFT = 150  # pixels for the names of a figure's rows
VERDICTS = ("supported", "contradicted", "inconclusive", "too few", "untestable")
MEANING = {
    "supported": "the effect has the stated sign and is no luck, all claims of the ledger counted",
    "contradicted": "the effect has the opposite sign, or is smaller than would be worth anything, and that is no luck",
    "inconclusive": "neither; the smallest effect that this much data would have shown stands beside it",
    "too few": "under 30 setups, or setups in under 10 blocks of time, in an arm",
    "untestable": "the data lacks what the claim speaks of",
}
HEADS = {
    "S4 §1": "RSI and its divergences",
    "S4 §2": "The stochastic",
    "S4 §3": "Volume",
    "S4 §4": "Moving averages",
    "S4 §5": "Fibonacci",
    "S4 §6": "Lines and patterns",
    "S4": "All together",
    "S3": "Volume-price divergence, momentum",
    "S0": "Order flow",
}


@dataclass(frozen=True, eq=False)
class Example:
    """One occurrence: the bars, the bar at whose close it was known, its side, its arm, what became of it and what was
    due. horizon: bars until that was decided. reach: ATR either way of a race, 0 of what is none.
    """

    bars: Bars
    bar: int
    side: int
    arm: float
    outcome: float
    due: float
    horizon: int
    reach: float


def render(rows: Sequence[Row], drawn: Mapping[str, Markup], manifest: Mapping[str, Any], facts: Sequence[Row]) -> str:
    """rows: of claims.parquet. drawn: figure and examples by claim (`drawing`). facts: of each market."""
    counts = {word: sum(row["verdict"] == word for row in rows) for word in VERDICTS}
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        sections.setdefault(_section(row["source"]), []).append(_shown(row, drawn.get(row["claim"], Markup(""))))
    view = {
        "title": "The ledger of claims",
        "counts": [(word, counts[word], MEANING[word]) for word in VERDICTS],
        "markets": facts,
        "sections": sections,
        "fingerprint": manifest["fingerprint"],
        "costs": words.joined([f"{name} {value:g}" for name, value in _costs(manifest) if value]),
        "orders": manifest["configuration"]["orders"],
        "provenance": words.flat({key: manifest[key] for key in ("versions", "framework_sha256", "seed", "commit")}),
        "claims": words.plural(len(rows), "claim"),
    }
    return template("claims.html.j2").render(view)


def _section(source: str) -> str:
    """Where a claim stands: by the first place that its source names."""
    first = source.partition(",")[0]
    return f"{HEADS[first]} ({first})" if first in HEADS else "Of one's own" if first == "ours" else source


def _costs(manifest: Mapping[str, Any]) -> list[tuple[str, float]]:
    return list(manifest["configuration"]["costs"].items())


def _shown(row: Row, drawn: Markup) -> dict[str, Any]:
    """A claim's row as words."""
    known = not math.isnan(row["effect"])
    effect = _signed(row["effect"]) if known else words.NONE
    unit = row["unit"] + (" a rank" if row["contrast"] == "order" else "") if known else ""
    span = "" if math.isnan(row["low"]) else f"{_signed(row['low'])} to {_signed(row['high'])}"
    halves = f"{_signed(row['first_half'])}, then {_signed(row['second_half'])}" if known else words.NONE
    apart = "" if math.isnan(row["halves_p"]) else f"they differ: {words.chance(row['halves_p'])}"
    return {
        **row,
        "effect": effect,
        "span": span,
        "unit": unit,
        "how": f"smaller than {number(row['least'], 2)}" if row["too_small"] else "",
        "on": words.joined(
            [
                f"{name} bars of {words.plural(int(count), 'market')}"
                for name, _, count in (one.partition(":") for one in row["timeframes"].split())
            ]
        ),
        "adjusted": _adjusted(row["p_adjusted"]),
        "halves": halves,
        "apart": apart,
        "agreed": f"{row['agree']} of {row['neighbours']}" if row["neighbours"] and known else words.NONE,
        "units": words.count(row["units"]),
        "word": row["verdict"].replace(" ", "-"),
        "notes": _notes(row),
        "drawn": drawn,
    }


def _notes(row: Row) -> list[str]:
    """What is told beside a claim's outcome, in sentences."""
    said = [f"Counted: {row['population']}, {words.count(row['units'])} in {row['blocks']} blocks of time."]
    if row["reason"]:
        said = [f"The data cannot test it: {row['reason']}."]
    elif " " in row["arms"]:
        counts = (one.partition(":") for one in row["arms"].split())
        said.append(f"Setups by {_arm(row)}: {', '.join(f'{arm}: {count}' for arm, _, count in counts)}.")
    if row["unable"] and not row["reason"]:
        said.append(f"On {row['markets']} of {row['markets'] + len(row['unable'])} markets; not on {_unable(row)}.")
    if row["mechanical"] and not math.isnan(row["placebo"]):
        said.append(
            f"A random walk has it, too: on bars in random order it is {_signed(row['placebo'])}, which is taken off."
        )
    if not math.isnan(row["shows"]):
        said.append(f"The smallest effect that this much data shows, four times in five, is {number(row['shows'], 2)}.")
    if not math.isnan(row["least"]):
        large = words.NONE if math.isnan(row["p_small"]) else words.chance(row["p_small"])
        said.append(f"One under {number(row['least'], 2)} would be worth nothing; that it is as large: {large}.")
    if row["r_n"]:
        whose = "those" if set(row["arms"].partition(":")[0]) == {"1"} else "those of the highest rank"
        won = f"won {words.percent(row['win'])}{_range(row, 'win', words.percent)}"
        made = f"made {words.risks(row['r'])} on the mean{_range(row, 'r', words.risks)}"
        traded = f"{whose} with a stop {won} and {made}, n = {words.count(row['r_n'])}"
        said.append(f"Traded by themselves under the rule's own stop to the same horizon, after costs, {traded}.")
    said += [f"Beside it, {name}: {_signed(one['effect'])} ({_signed(one['low'])} to {_signed(one['high'])}), "
             f"n = {words.count(one['units'])}."
             for name, one in row.get("also", {}).items() if not math.isnan(one["low"])]  # fmt: skip
    return said


def _range(row: Row, name: str, form: words.Form) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if math.isnan(low) else f" ({form(low)} to {form(high)})"


def _unable(row: Row) -> str:
    """The markets that cannot test it, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in row["unable"].items():
        by_reason.setdefault(reason.partition(": ")[2] or reason, []).append(name)
    return "; ".join(f"{words.joined(names)} ({reason})" for reason, names in by_reason.items())


def _arm(row: Row) -> str:
    ranked = row["contrast"] == "order" or len(row["arms"].split()) > 2
    return "rank" if ranked else "feature, 1 with and 0 without it"


def _adjusted(p: float) -> str:
    return words.NONE if math.isnan(p) else words.chance(p).replace("p = ", "").replace("p < ", "< ")


def _signed(value: float) -> str:
    return number(value, 3 if abs(value) < 0.0995 else 2, True)


def drawing(row: Row, markets: Sequence[tuple[str, float, int]], examples: Sequence[Example]) -> Markup:
    """A claim's figure and its examples. markets: of each its name, effect and number of units."""
    name = row["claim"]
    with mpl.rc_context(STYLE):
        parts = [Markup("<figure>%s</figure>") % write(_forest(row, markets), f"{name}: {row['says']}", f"f{name}")]
        for place, one in enumerate(examples):
            figure = write(_picture(one), f"an example of {name} on {one.bars.symbol}", f"e{name}-{place}")
            parts.append(Markup("<figure><figcaption>%s</figcaption>%s</figure>") % (_caption(one), figure))
    return Markup("").join(parts)


def _caption(one: Example) -> str:
    way = "up" if one.side > 0 else "down"
    arm = "" if one.arm == 1 else f", rank {one.arm:g}"
    known = f"{one.bars.index[one.bar]:%Y-%m-%d %H:%M}"
    due = f" (due {one.due:.2f})" if one.due else ""
    return f"{one.bars.symbol} {one.bars.timeframe}, known {known}, {way}{arm}: outcome {one.outcome:.3g}{due}"


def _forest(row: Row, markets: Sequence[tuple[str, float, int]]) -> Figure:
    """The effect with its interval; below it the halves of the time, each market, each neighbouring definition."""
    dots = [("first half", row["first_half"]), ("second half", row["second_half"])]
    dots += [(f"{name}, n = {count}", effect) for name, effect, count in markets]
    dots += [(name, effect) for name, effect in row["around"]]
    known = [(name, effect) for name, effect in dots if not math.isnan(effect)]
    height = 46 + 17 * (len(known) + 1)
    figure = sheet(WIDTH, height)
    axes = panel(figure, LEFT, 6, WIDTH - LEFT - 12, height - 36)
    axes.set_ylim(len(known) + 0.5, -0.7)
    axes.set_yticks([])
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    if not math.isnan(row["effect"]):
        axes.plot([row["low"], row["high"]], [0, 0], color=COLOURS["conservative"], linewidth=2.4)
        axes.plot([row["effect"]], [0], "o", color=COLOURS["conservative"], markersize=7)
    style: Any = {"va": "center", "fontsize": 10, "color": COLOURS["muted"], "transform": rows_of(axes)}
    axes.text(-LEFT, 0, "all", **(style | {"color": COLOURS["ink"]}))
    for y, (name, effect) in enumerate(known, 1):
        axes.plot([effect], [y], "o", color=COLOURS["hold"], markersize=4.5)
        axes.text(-LEFT, y, name, **style)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x, 2, True)))
    return figure


def _picture(one: Example) -> Figure:
    """The bars around, the close at which it was known, of a race its barriers either way of the next open."""
    first = max(one.bar - BEFORE, 0)
    end = one.bar + 1 + one.horizon
    last = min(end + AFTER, len(one.bars))
    figure, at = sheet(WIDTH, PRICE + 34), one.bar - first
    axes = panel(figure, 2, 14, WIDTH - 52, PRICE)
    candles(axes, one.bars[first:last])
    axes.set_xlim(-1, last - first)
    axes.margins(y=0.05)
    axes.axvline(at, color=COLOURS["ink"], linewidth=1, linestyle=(0, (1, 2)))
    if one.reach and one.bar + 1 < last:
        fill, unit = one.bars.open[one.bar + 1], bar_atr(one.bars)[one.bar]
        for sign, colour in ((one.side, "test"), (-one.side, "aggressive")):
            level = fill + one.reach * sign * unit
            axes.plot([at + 1, end - 1 - first], [level, level], color=COLOURS[colour], linewidth=1.5)
    axes.yaxis.tick_right()
    places = np.linspace(0.12 * (last - first), 0.88 * (last - first) - 1, 3).astype(int)
    stamps = one.bars.index[first:last]
    axes.set_xticks(places, [f"{stamps[i]:%d %b %Y}" for i in places])
    low, high = axes.get_ylim()
    axes.set_yticks([t for t in MaxNLocator(5).tick_values(low, high) if low <= t <= high])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.price(y)))
    return figure
