"""Runs of one rule side by side: a column each, with the same figures as in the report of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import words
from .page import compared
from .templates import template
from .words import Cell


def render(
    title: str,
    question: str,
    runs: Sequence[tuple[str, Mapping[str, Any], str]],
    parameter: str | None = None,
    same: tuple[int, int] | None = None,
) -> str:
    """One HTML page. runs: what each is called, its summary, where its report lies. parameter: what differs between
    them, None the timeframe; same: how many setups all of them have, and how many any of them has.
    """
    many = [variant for _, summary, _ in runs for variant in summary["variants"].values()]
    finer = any(summary["finer"] for _, summary, _ in runs)
    view = {
        "title": title,
        "question": question or title,
        "labels": [label for label, _, _ in runs],
        "runs": [_run(*one) for one in runs],
        "parameter": words.named(parameter) if parameter else "",
        "same": _shared(*same) if same else "",
        "kinds": _kinds([summary for _, summary, _ in runs]),
        "compared": compared(many, many, finer),
        "named": words.named,
        "dash": words.NONE,
    }
    return template("beside.html.j2").render(view)


def _shared(common: int, most: int) -> str:
    if common == most:
        return f"All have the same {words.plural(most, 'setup')}: what one of them does not trade it records."
    return f"Of {words.plural(most, 'setup')} {words.count(common)} {'is' if common == 1 else 'are'} in all of them."


def _kinds(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, Cell]]]]:
    """For each kind of setup and each run and variant the side that is traded, and what of it became; empty: not."""
    rows = []
    for kind in dict.fromkeys(one["kind"] for summary in summaries for one in summary["kinds"]):
        cells = []
        for summary in summaries:
            of = {one["variant"]: one for one in summary["kinds"] if one["kind"] == kind}
            cells += [_traded(of[name]) if name in of else ("", Cell(words.NONE)) for name in summary["variants"]]
        rows.append((words.named(kind), cells))
    return rows


def _traded(one: Mapping[str, Any]) -> tuple[str, Cell]:
    cell = words.estimate(one["expectancy_r"], words.risks)
    won = words.percent(one["win_rate"]["value"]) if one["filled"] else ""
    return one["side"], replace(cell, note=f"{cell.note}, won {won}" if won else cell.note)


def _run(label: str, summary: Mapping[str, Any], report: str) -> dict[str, Any]:
    said = {key: words.minus(summary["verdict"].get(key, "")) for key in ("answer", "compared", "warning")}
    said["placebo"] = words.minus(summary["placebo"]["answer"]) if summary["placebo"] else ""
    return {"label": label, "report": report, "variants": list(summary["variants"]), **said}
