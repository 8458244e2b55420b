"""Progress of long work on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from rich import progress as bars
from rich.console import Console


class Progress:
    """A line of progress on standard error: a bar on a terminal, a line a stage elsewhere."""

    last = ""

    def __enter__(self) -> Callable[[str, int, int], None]:
        console = Console(stderr=True)
        self.bar: Any = None
        if console.is_terminal:
            columns = (
                bars.TextColumn("{task.description}"),
                bars.BarColumn(),
                bars.MofNCompleteColumn(),
                bars.TimeElapsedColumn(),
            )
            self.bar = bars.Progress(*columns, console=console, transient=True)
            self.task = self.bar.add_task("reading", total=None)
            self.bar.start()
        return self.told

    def told(self, stage: str, done: int, total: int) -> None:
        if self.bar:
            self.bar.update(self.task, description=stage, completed=done, total=total)
        elif stage != self.last:
            typer.echo(stage, err=True)
        self.last = stage

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()
