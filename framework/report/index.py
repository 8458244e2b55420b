"""The index of a workspace's reports: a row for everything that lies there, the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from . import words
from .templates import template


@dataclass(frozen=True)
class Entry:
    """Something under reports/. name: its place there. kind: run, claims, several or comparison. written: seconds since
    1970 at which its page, or the manifest of what has none, was written.

    page: the place of its page, "" without one. figures: by variant the expectancy, an estimate. unreadable: why it is;
    resume: how to go on with one that is not finished. parts: the runs of several.
    """

    name: str
    kind: str
    written: float
    page: str = ""
    question: str = ""
    facts: Sequence[str] = ()
    verdict: str = ""
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unreadable: str = ""
    unfinished: bool = False
    resume: str = ""
    parts: Sequence[Entry] = ()


def render(entries: Sequence[Entry]) -> str:
    """One HTML page that needs nothing else; it links to the pages below its own folder."""

    rows = list(_rows(entries))
    view = {"rows": rows, "counted": f"{words.count(len(rows))} listed", "named": words.named}
    return template("index.html.j2").render(view)


def _rows(entries: Sequence[Entry], part: bool = False) -> Iterator[dict[str, Any]]:
    """The newest first; parts right after what they are parts of, in the order of their names."""
    for one in sorted(entries, key=lambda one: (0.0 if part else -one.written, one.name)):
        cells = [(name, words.estimate(figure, words.risks)) for name, figure in one.figures.items()]
        yield {
            "name": one.name,
            "kind": one.kind,
            "part": part,
            "href": quote(one.page.encode("utf-8", "surrogateescape"), safe="/") if one.page else "",
            "question": one.question or PurePath(one.name).name,
            "facts": [fact for fact in one.facts if fact],
            "verdict": words.minus(one.verdict),
            "cells": cells,
            "unreadable": one.unreadable,
            "unfinished": one.unfinished,
            "resume": one.resume,
            "written": f"{datetime.fromtimestamp(one.written, UTC):%Y-%m-%d %H:%M}",
        }
        yield from _rows(one.parts, True)
