"""Runs of one rule side by side: a column each, with the same figures as in the report of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import words
from .page import compared, template


def render(title: str, question: str, runs: Sequence[tuple[str, Mapping[str, Any], str]]) -> str:
    """One HTML page. runs: what each is called, its summary, where its report lies."""
    many = [variant for _, summary, _ in runs for variant in summary["variants"].values()]
    finer = any(summary["finer"] for _, summary, _ in runs)
    view = {
        "title": title,
        "question": question or title,
        "labels": [label for label, _, _ in runs],
        "runs": [_run(*one) for one in runs],
        "compared": compared(many, many, finer),
        "named": words.named,
    }
    return template("beside.html.j2").render(view)


def _run(label: str, summary: Mapping[str, Any], report: str) -> dict[str, Any]:
    said = {key: words.minus(summary["verdict"].get(key, "")) for key in ("answer", "compared", "warning")}
    return {"label": label, "report": report, "variants": list(summary["variants"]), **said}
