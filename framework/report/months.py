"""Returns by month and year, a table an account, as the report shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from . import words
from .words import THIN, percent

Summary: TypeAlias = Mapping[str, Any]

HELD = "buy_and_hold"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FAINT, DEEP = 0.06, 0.5  # of a cell's colour: letters must stay legible on it


def shown(summary: Summary, variants: Sequence[str]) -> dict[str, Any]:
    """A table for each variant and for buying and holding: a row a year, a cell a month, the year and its trades.

    The variants' colours are of one scale, that of buying and holding is its own.
    """
    own = [summary["variants"][name] for name in variants]
    scales = [_largest(own)] * len(own) + [_largest([summary[HELD]])]
    partial = summary["period"]["partial_months"]
    accounts = zip([*variants, HELD], [*own, summary[HELD]], scales, strict=True)
    return {
        "names": MONTHS,
        "tables": [{"name": name, **_table(one, scale, partial, name != HELD)} for name, one, scale in accounts],
        "partial": words.joined([f"{MONTHS[int(month[5:]) - 1]} {month[:4]}" for month in partial]) if partial else "",
    }


def _largest(accounts: Sequence[Summary]) -> float:
    known = [abs(value) for one in accounts for value in one["months"].values() if not math.isnan(value)]
    return max(known, default=0.0)


def _table(account: Summary, scale: float, partial: Sequence[str], traded: bool) -> dict[str, Any]:
    rows = []
    for year, total in account["years"].items():
        keys = [f"{year}-{month:02}" for month in range(1, 13)]
        cells = [_cell(account["months"].get(key), scale, key in partial) for key in keys]
        n = words.count(account["closed_by_year"].get(year, 0)) if traded else ""
        rows.append({"year": year, "cells": cells, "total": _written(total), "trades": n})
    return {"rows": rows, "traded": traded}


def _cell(value: float | None, scale: float, partial: bool) -> dict[str, str]:
    """The return, to a tenth of a per cent, with its colour: a class for the side, how deep it is."""
    if value is None:
        return {"text": "", "side": "", "deep": "", "mark": ""}
    text = _written(value)
    side = "" if math.isnan(value) or value == 0 else "up" if value > 0 else "down"
    deep = FAINT + (DEEP - FAINT) * min(abs(value) / scale, 1.0) if side else 0.0
    return {"text": text, "side": side, "deep": f"{deep:.2f}", "mark": "*" if partial else ""}


def _written(value: float) -> str:
    """Per cent without the sign of it, which the heading has: twelve of them stand side by side."""
    return percent(value, 1, signed=value != 0).removesuffix(f"{THIN}%")
