"""The index of everything under a workspace's reports/, written anew after every run."""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..report.index import Entry, render
from ..report.words import joined, listed, moment, plural
from .files import MANIFEST, PROGRESS, write
from .reading import REPORT, SUMMARY, Asked, Begun, Head, Identity, Verdicts, read, unfinished

INDEX = "index.html"
BESIDE, CLAIMS, CLAIMED = "beside.html", "claims.html", "claims.json"  # what those who import this write
LEDGER = "ledger"  # of trials: a folder that is no run
LATEST = 250_000_000_000.0  # seconds since 1970: a file may bear a time that no calendar has
TRIES = 20  # until nothing has changed while the index was written
FILES = (MANIFEST, SUMMARY, REPORT, CLAIMS, BESIDE)


def rewrite(workspace: Path, made: Path) -> None:
    """Write reports/index.html anew, where `made`, a run's folder or a page, lies under reports/; else do nothing.

    Runs that end at the same time may write it one after the other: whoever finds that something was written
    meanwhile writes once more, so that the last one has all. What cannot be read is listed as such.
    """
    reports = workspace / "reports"
    if not made.resolve().is_relative_to(reports.resolve()):
        return
    with contextlib.suppress(OSError):  # a run that has ended well is not undone by a list of runs
        for _ in range(TRIES):
            before = _state(reports)
            write(reports / INDEX, render(entries(workspace)).encode("utf-8", "replace"))
            if _state(reports) == before:
                return


def entries(workspace: Path) -> list[Entry]:
    """What lies in the workspace's reports/: runs, ledgers of claims, several runs side by side, comparisons."""
    reports = workspace / "reports"
    found = [_entry(folder, workspace) for folder in _folders(reports) if folder.name != LEDGER]
    pages = [
        Entry(path.stem, "comparison", _written(path), path.name, "Runs compared", verdict="Side by side.")
        for path in sorted(reports.glob("compare-*.html"))
        if path.is_file()
    ]
    return [one for one in found if one] + pages


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder, those alone that lie there and are not linked from elsewhere."""
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != ".")


def _state(reports: Path) -> list[Any]:
    """What changes when a run begins or ends."""
    state: list[Any] = [(page.name, _written(page)) for page in sorted(reports.glob("compare-*.html"))]
    for folder in _folders(reports):
        with contextlib.suppress(OSError):  # what cannot be read does not change
            for place in (folder, *_folders(folder)):
                state += [(str(place), name, _written(place / name)) for name in FILES]
    return state


def _written(path: Path) -> float:
    try:
        return min(max(path.stat().st_mtime, 0.0), LATEST)
    except OSError:
        return 0.0


def _entry(folder: Path, workspace: Path) -> Entry | None:
    """What a folder holds; None where it is no run's, unreadable where it is damaged."""
    try:
        if (folder / MANIFEST).is_file():
            return _run(folder, workspace)
        parts = [_run(part, workspace) for part in _folders(folder) if (part / MANIFEST).is_file()]
        if parts or (folder / BESIDE).is_file():
            return _several(folder, parts)
        wrong = f"{MANIFEST} is not there" if any((folder / n).exists() for n in (*FILES, PROGRESS)) else ""
    except OSError as error:
        wrong = f"cannot be opened ({type(error).__name__})"
    return Entry(folder.name, "run", _written(folder), unreadable=wrong) if wrong else None


def _run(folder: Path, workspace: Path) -> Entry:
    """A run, or a ledger of claims."""
    name = str(folder.relative_to(workspace / "reports"))
    written = max(_written(folder / page) for page in (REPORT, CLAIMS)) or _written(folder / MANIFEST)
    try:
        if (folder / CLAIMED).is_file() or not unfinished(folder):
            told = _ledger(folder) if (folder / CLAIMED).is_file() else _finished(folder)
        else:
            told = _begun(folder, workspace)
    except UserError as error:
        told = {"unreadable": f"{Path(error.where).name}: {error.wrong}"}
    page = next((f"{name}/{page}" for page in (REPORT, CLAIMS) if (folder / page).is_file()), "")
    return Entry(**{"kind": "run", "page": page, **told}, name=name, written=written)


def _finished(folder: Path) -> dict[str, Any]:
    head = read(Head, folder / SUMMARY)
    if read(Identity, folder / MANIFEST).identity != head.provenance.identity:
        raise UserError(SUMMARY, f"is of another run than {MANIFEST}", "")
    period = f"{moment(head.period.begin)} to {moment(head.period.end)}"
    return {
        "question": head.question or head.name,
        "facts": [f"{head.strategy} · {joined(head.symbols)} · {head.timeframe}", period],
        "verdict": head.verdict.short,
        "figures": {name: one.expectancy_r.model_dump() for name, one in head.variants.items()},
    }


def _ledger(folder: Path) -> dict[str, Any]:
    asked, rows = read(Asked, folder / MANIFEST), read(Verdicts, folder / CLAIMED).claims
    facts = [f"{plural(len(rows), 'claim')} · {joined(asked.data)}"]
    verdict = listed(Counter(row.verdict for row in rows), {})
    return {"kind": "claims", "question": "The ledger of claims", "facts": facts, "verdict": verdict}


def _begun(folder: Path, workspace: Path) -> dict[str, Any]:
    """One that is not finished, and how to go on with it."""
    begun = read(Begun, folder / MANIFEST)
    settings = begun.configuration
    told: dict[str, Any] = {"unfinished": True, "facts": [joined(begun.data)], "page": ""}
    if settings.claims:
        return told | {"kind": "claims", "question": "The ledger of claims"}
    several = folder.parent != workspace / "reports"
    file = f"experiments/{settings.name.removesuffix(f'-{folder.name}') if several else settings.name}.toml"
    resume = f"chartproof run {shlex.quote(file)} --resume" if (workspace / file).is_file() else ""
    return told | {"question": settings.question or settings.name, "resume": resume}


def _several(folder: Path, parts: list[Entry]) -> Entry:
    page = f"{folder.name}/{BESIDE}" if (folder / BESIDE).is_file() else ""
    written = max([_written(folder / BESIDE), *(part.written for part in parts)])
    question = next((part.question for part in parts if part.question), "")
    told = f"{plural(len(parts), 'run')} side by side." if page else ""
    return Entry(folder.name, "several", written, page, question, verdict=told, unfinished=not page, parts=parts)
