"""Progress of long work on the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer
from rich import progress as bars
from rich.console import Console

PART = re.compile(r"(\d+) of (\d+)$")  # ends the name of a stage that is one of several


class Progress:
    """Progress on standard error: a bar with the time left on a terminal, else a line a stage; nothing if quiet."""

    last = ""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def __enter__(self) -> Callable[[str, int, int], None]:
        console = Console(stderr=True)
        self.bar: Any = None
        if console.is_terminal and not self.quiet:
            columns = (
                bars.TextColumn("{task.description}"),
                bars.BarColumn(),
                bars.MofNCompleteColumn(),
                bars.TimeElapsedColumn(),
                bars.TextColumn("left"),
                bars.TimeRemainingColumn(),
            )
            self.bar = bars.Progress(*columns, console=console, transient=True)
            self.task = self.bar.add_task("reading", total=None)
            self.bar.start()
        return self.told

    def told(self, stage: str, done: int, total: int) -> None:
        if self.bar:
            self._draw(stage, *overall(stage, done, total))
        elif stage != self.last and not self.quiet:
            typer.echo(stage, err=True)
        self.last = stage

    def _draw(self, stage: str, done: int, total: int) -> None:
        if PART.sub("", stage) != PART.sub("", self.last):  # other work, whose pace is not known yet
            self.bar.reset(self.task)
        self.bar.update(self.task, description=stage, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()


def overall(stage: str, done: int, total: int) -> tuple[int, int]:
    """Done and total of all the stages that one named `… 2 of 9` is of, taken to be equally long; else its own."""
    part = PART.search(stage)
    if not part:
        return done, total
    place, parts = int(part[1]), int(part[2])
    return (place - 1) * total + done, parts * total
