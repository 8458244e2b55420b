"""What must not look ahead in a strategy: its setups, its exits, and what the entry policies make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..bars import Bars
from ..entries import EntryPolicy, Policy
from ..setups import Segment, Setups
from .causality import Produce, Views

Find = Callable[[Bars, Any], Setups]
Leave = Callable[[Bars, Any], Any]


def producer(find: Find, leave: Leave, params: Any, policies: Mapping[str, EntryPolicy]) -> Produce:
    """A function from Bars to every table of the strategy that carries a bar at which its rows are known.

    What a setup is made of is told by times, not by places in the array.
    """

    def produce(bars: Bars) -> Views:
        found = find(bars, params)
        long_exit, short_exit = leave(bars, params)
        views: dict[str, Any] = {
            "setups": (found.known_at, _setups(found)),
            "exits": (np.arange(len(bars)), {"long": long_exit, "short": short_exit}),
        }
        for name, enter in policies.items():
            views[f"{name} entries"] = _entries(found, enter(bars, found))
        return views

    return produce


def _setups(found: Setups) -> dict[str, Any]:
    fixed = {"id": np.array(found.ids, dtype=object), "kind": found.kind, "direction": found.direction}
    fixed |= {"stop": found.stop, "veto": found.veto}
    fixed |= {"target": found.target, "height": found.height}
    drawn = {f"{name} {end}": at for name, line in found.lines.items() for end, at in _line(found, line).items()}
    anchors = {name: found.time[bar] for name, bar in found.anchors.items()}
    return fixed | drawn | anchors | dict(found.features)


def _line(found: Setups, line: Segment) -> dict[str, Any]:
    """Its ends, their bars as times, of which a run of bars that begins later says the same; none of no line."""
    absent, ends = np.isnan(line.begins), line._asdict()
    for name in ("first", "last"):
        ends[name] = np.where(absent, np.datetime64("NaT"), found.time[ends[name]])
    return ends


def _entries(found: Setups, made: Policy) -> Any:
    entries = made.entries
    ids = np.array([*found.ids, ""], dtype=object)[entries.setup]
    columns = {"side": entries.side, "stop": entries.stop, "target": entries.target, "setup": ids}
    return entries.bar, columns
