"""What became of breaks, beside chance and what is published, as the report's table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from . import words
from .words import Cell, estimate, named, percent

MEASURES = ("way", "reached", "back", "false")


def shown(traits: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A row a kind of break, and one each for those with volume and without; None where a rule names no breaks."""
    if traits is None:
        return None
    volume = [
        {"label": "with a break's volume" if one["loud"] else "without", "breaks": words.count(one["breaks"])}
        | {name: _cell(one[name]) for name in ("reached", "false")}
        for one in traits["volume"]
    ]
    return {
        "source": traits["source"],
        "shuffles": traits["shuffles"],
        "rows": [_row(one) for one in traits["rows"]],
        "published": any(one[name]["published"] is not None for one in traits["rows"] for name in MEASURES),
        "volume": volume,
    }


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    formed = f"{words.count(one['formed'])} formed" if one["formed"] else ""
    return {"kind": named(one["kind"]), "breaks": words.count(one["breaks"]), "formed": formed} | {
        name: _cell(one[name]) for name in MEASURES
    }


def _cell(one: Mapping[str, Any]) -> dict[str, Any]:
    """The share with its interval, and below it that of the shuffled bars and the published one."""
    if not one["n"]:
        return {"cell": Cell(words.NONE), "beside": ""}
    beside = [] if math.isnan(one["chance"]) else [f"chance {percent(one['chance'])} of {words.count(one['chance_n'])}"]
    if one.get("published") is not None:
        beside.append(f"books {percent(one['published'])}")
    return {"cell": estimate(one, percent), "beside": ", ".join(beside)}
