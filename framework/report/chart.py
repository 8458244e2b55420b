"""The interactive chart and the table of trades: what the page's script needs, packed, and nothing that is not in the
run's files.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from ..bars import Bars
from ..context import FEATURES
from ..validation.walk import row_at
from . import charted, packed
from .charted import Columns
from .gallery import Tested
from .words import EXITS, FATES, moment, named, plural, setting

SCRIPTS = ("unpack", "words", "scale", "marks", "chart", "layout", "moves", "table", "card", "start")
SAID = {  # features of which the name alone says too little
    "f_left_osc": "oscillator on the left",
    "f_right_osc": "oscillator on the right",
    "f_left_width": "bars of the left side in the extreme zone",
    "f_right_width": "bars of the right side in the extreme zone",
    "f_left_extreme": "left side came from the extreme zone",
    "f_succession": "number of its kind in this leg",
    "f_volume_ratio": "volume, ratio",
    "f_confluence": "weight of all that agrees",
    "f_unknown": "families that could not be known",
    "f_higher": "higher timeframe",
    "f_broken_before_known": "extreme broken before it was known",
}


def shown(summary: Mapping[str, Any], tested: Tested) -> dict[str, Any]:
    """What chart.html.j2 lays out: head, a JSON text; tables, each packed, by the id that the script looks for."""
    variants = list(summary["variants"])
    places = {bars.symbol: place for place, bars in enumerate(tested.markets)}
    setups = tested.setups
    ids = {name: row for row, name in enumerate(setups["setup"])}
    panels = _panels(tested)
    features = [str(name) for name in setups.columns if str(name).startswith("f_")]
    anchors = charted.anchors(setups, variants)
    tables = {
        "trades": packed.table(charted.trades(tested, places, ids)),
        "setups": packed.table(charted.setups(tested, places, variants, (anchors, features), panels)),
        "lines": packed.table(charted.lines(tested, ids)),
    }
    for place, bars in enumerate(tested.markets):
        tables[f"market-{place}"] = packed.table(_bars(bars, panels[place][1]))
    head = {
        "variants": variants,
        "markets": [_market(tested, bars, panels[place][0]) for place, bars in enumerate(tested.markets)],
        "windows": _windows(summary, tested),
        "anchors": anchors,
        "features": [_feature(name, setups[name].to_numpy(dtype=float)) for name in features],
        "exits": EXITS,
        "fates": FATES,
        "trades": len(tested.trades),
    }
    return {
        "head": embedded(head),
        "tables": tables,
        "library": _library(),
        "script": Markup("\n".join(_script(name) for name in SCRIPTS)),  # our own files
        "trades": plural(len(tested.trades), "trade"),
        "symbols": list(places),
        "below": any(parts for parts, _, _ in panels),
    }


def embedded(content: Any) -> Markup:
    """JSON that can stand in a script element whatever its strings hold."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # escaped above


@cache
def _library() -> str:
    """plotly's own script, as its package brings it."""
    file = importlib.resources.files("plotly") / "package_data" / "plotly.min.js"
    return packed.squeezed(file.read_bytes())


@cache
def _script(name: str) -> str:
    folder = Path(__file__).parent / "scripts"
    return (folder / f"{name}.js").read_text(encoding="utf-8")


def _panels(tested: Tested) -> list[tuple[list[dict[str, Any]], Any, dict[int, Any]]]:
    """Of each market what is drawn below the price: where each window's part begins, its name and levels; the values,
    a window's from its test on and before the first test those of the first; each window's over all bars.
    """
    return [_panel(tested, bars) for bars in tested.markets]


def _panel(tested: Tested, bars: Bars) -> tuple[list[dict[str, Any]], Any, dict[int, Any]]:
    strategy = tested.trading.strategy
    made: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    of_window: dict[int, Any] = {}
    values = np.full(len(bars), np.nan, np.float32)
    for place, (window, chosen) in enumerate(tested.chosen):
        key = repr(dict(chosen))
        if key not in made:
            made[key] = strategy.panel(bars, strategy.build(dict(chosen)))
        if made[key] is None:
            continue
        name, line, levels = made[key]
        first = row_at(bars, window.test_start) if place else 0
        of_window[window.number] = line.astype(np.float32)
        values[first:] = of_window[window.number][first:]
        parts.append({"from": first, "name": name, "levels": [level for level in levels if np.isfinite(level)]})
    return parts, values if parts else None, of_window


def _bars(bars: Bars, below: Any) -> Columns:
    columns: Columns = {"time": bars.time}
    columns |= {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return columns if below is None else columns | {"panel": below}


def _market(tested: Tested, bars: Bars, parts: Any) -> dict[str, Any]:
    daily = not np.any(bars.time.astype("datetime64[D]") != bars.time)
    tests = [row_at(bars, window.test_start) for window, _ in tested.chosen]
    names = {"symbol": bars.symbol, "timeframe": bars.timeframe, "daily": daily, "bars": len(bars)}
    return {**names, "tests": tests, "panel": parts, "volume": bars.has_volume}


def _windows(summary: Mapping[str, Any], tested: Tested) -> list[dict[str, Any]]:
    """Each window's number, its test, and its parameters, the searched ones first, in words."""
    searched = list(summary["windows"][0]["parameters"])
    made = []
    for window, chosen in tested.chosen:
        names = [*searched, *(name for name in chosen if name not in searched)]
        told = [[named(name), setting(chosen[name]), name in searched] for name in names]
        dates = {"from": moment(window.test_start), "to": moment(window.test_end)}
        made.append({"number": window.number, **dates, "parameters": told})
    return made


def _feature(name: str, values: NDArray[np.float64]) -> dict[str, str]:
    """How the page says a feature: its label, the group that it stands in, and the form of its values."""
    plain, known = name.removeprefix("f_"), values[~np.isnan(values)]
    group = "confluence" if plain.startswith(("with_", "of_")) or plain in ("confluence", "unknown") else "setup"
    group = "context" if plain in FEATURES or plain == "higher" else group
    label = SAID.get(name, named(plain.removeprefix("with_").removeprefix("of_") if group == "confluence" else plain))
    form = "flag" if np.isin(known, (0, 1)).all() else "whole" if (known == np.rint(known)).all() else "figure"
    form = "side" if name == "f_higher" else form
    return {"name": name, "label": label, "group": group, "form": form}
