"""The finished runs of a workspace, newest first, and what the newest of them said of a rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import MANIFEST, PROGRESS

SAID = ("value", "low", "high", "n", "enough")


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished run. name: its folder's, from reports/ on."""

    name: str
    folder: Path
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def configuration(self) -> Mapping[str, Any]:
        return dict(self.manifest["configuration"])


def finished(workspace: Path) -> Iterator[Finished]:
    """The finished runs under reports/, the one that ended last first. What is damaged or unfinished is passed over."""
    reports = workspace / "reports"
    found = [path for depth in ("*", "*/*") for path in reports.glob(f"{depth}/summary.json")]
    for path in sorted(found, key=lambda one: (-one.stat().st_mtime_ns, str(one))):
        folder = path.parent
        if (folder / PROGRESS).exists() or not (folder / "report.html").is_file():
            continue
        try:
            summary, manifest = (json.loads(one.read_text(encoding="utf-8")) for one in (path, folder / MANIFEST))
            manifest["configuration"]["strategy"]["name"], summary["variants"], summary["verdict"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        yield Finished(str(folder.relative_to(reports)), folder, summary, manifest)


def last_of(runs: Iterator[Finished], strategy: str) -> Finished | None:
    """The newest run of a strategy."""
    return next((one for one in runs if one.configuration["strategy"]["name"] == strategy), None)


def last_said(run: Finished) -> dict[str, Any]:
    """What its report said: the answer, and each variant's expectancy with its interval and n."""
    variants = {name: {key: one["expectancy_r"][key] for key in SAID} for name, one in run.summary["variants"].items()}
    said = {"run": run.name, "report": str(run.folder / "report.html"), "answer": run.summary["verdict"]["answer"]}
    return {**said, "expectancy_r": variants}
