"""A page of what a rule finds: examples of every kind in real data, drawn for a person to check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from ..bars import Bars
from ..params import Value
from ..workspace import Strategy
from .figures import STYLE
from .lines import of_setup
from .picture import picture, scene_of
from .templates import template
from .words import count, moment, named, number


@dataclass(frozen=True, eq=False)
class Look:
    """A rule with its values on some markets, and how many examples of a kind are drawn."""

    strategy: Strategy
    values: Mapping[str, Value]
    markets: Sequence[Bars]
    each: int


def render(look: Look) -> str:
    """One HTML page: for each kind its counts and examples evenly over time, taken in turn from the markets."""
    params = look.strategy.build(dict(look.values))
    found = [look.strategy.setups(bars, params) for bars in look.markets]
    tables, drawn = [one.frame() for one in found], [one.drawn() for one in found]
    panels = [look.strategy.panel(bars, params) for bars in look.markets]
    kinds_found = sorted(set().union(*(table["kind"] for table in tables)))
    with mpl.rc_context(STYLE):
        below = list(zip(panels, drawn, strict=True))
        kinds = [_kind(look, kind, tables, below, f"k{place}") for place, kind in enumerate(kinds_found)]
    view = {
        "title": f"{look.strategy.name}: what it finds",
        "rule": " ".join(look.strategy.doc.partition("\n\n")[0].split()),
        "values": ", ".join(f"{named(name)} {value}" for name, value in look.values.items()),
        "kinds": kinds,
        "markets": [f"{bars.symbol} {bars.timeframe}, {count(len(bars))} bars" for bars in look.markets],
        "named": named,
    }
    return template("look.html.j2").render(view)


def _kind(look: Look, kind: str, tables: Sequence[pd.DataFrame], shown: Sequence[Any], prefix: str) -> dict[str, Any]:
    """shown: of each market the panel below the price and all lines."""
    found = [table[table["kind"] == kind] for table in tables]
    chosen: list[tuple[int, int]] = []  # market and row: in turn, each market's spread evenly over its time
    for turn in range(look.each):
        market = turn % len(found)
        share = len(range(market, look.each, len(found)))
        if len(found[market]):
            row = (2 * (turn // len(found)) + 1) * len(found[market]) // (2 * share)
            chosen.append((market, min(row, len(found[market]) - 1)))
    cards = [
        _card(look.markets[market], found[market].iloc[row], shown[market], f"{prefix}s{place}")
        for place, (market, row) in enumerate(dict.fromkeys(chosen))
    ]
    counts = [
        f"{bars.symbol} {bars.timeframe} {count(len(part))}" for bars, part in zip(look.markets, found, strict=True)
    ]
    return {"label": named(kind), "counts": counts, "cards": cards}


def _card(bars: Bars, row: pd.Series[Any], shown: Any, prefix: str) -> dict[str, Any]:
    below, drawn = shown
    setup = {str(name): value for name, value in row.items()}
    daily = not np.any(bars.time.astype("datetime64[D]") != bars.time)
    facts = [
        f"{name.removeprefix('f_').replace('_', ' ')} {number(value, 2)}"
        for name, value in setup.items()
        if name.startswith("f_") and not pd.isna(value)
    ]
    known = moment(setup["known_at"], daily)
    label = f"{named(setup['kind'])} known on {known}: price and {below[0] if below else 'nothing'} below"
    return {
        "symbol": f"{bars.symbol} {bars.timeframe}",
        "known": known,
        "veto": setup["veto"],
        "facts": facts,
        "picture": picture(scene_of(setup, bars, below, of_setup(drawn, setup)), (), label, prefix),
    }
