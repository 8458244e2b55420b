"""`chartproof scan`: which setups are live on the latest bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import STOPPED, AsJson, Quiet, Strategies, examples, say, shown

if TYPE_CHECKING:
    from ..experiment.scan import Scan

EXAMPLES = examples(
    "scan                                             every strategy, on the sample",
    "scan rsi_divergence --data data/BTCUSDT-4h.parquet --data data/ETHUSDT-4h.parquet",
    "scan --config experiments/rsi_divergence.toml    with the parameters that its last run chose",
    "scan --within 10 --json",
)
PLAIN = 160  # columns of a table where there is no terminal


def scan(
    strategy: Strategies = None,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default: all of the sample.")] = None,
    config: Annotated[Path | None, typer.Option(help="An experiment: its data, parameters, exits and costs.")] = None,
    within: Annotated[int, typer.Option(min=1, max=100_000, help="Setups known in so many of the last bars.")] = 3,
    out: Annotated[Path | None, typer.Option(help="The page. Without it: reports/scan.html; with --json none.")] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Which setups are live on the latest bars: still to be entered, waiting, or in a trade that is open. No advice."""
    from ..experiment.files import write
    from ..experiment.scan import scanned
    from ..progress import Progress
    from ..workspace import root

    workspace = root(config.resolve().parent if config else Path.cwd())
    page = out or (None if as_json else workspace / "reports" / "scan.html")
    try:
        with Progress(quiet) as told:
            found = scanned(workspace, config, strategy or [], data or [], within, told)
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(STOPPED) from None
    if page:
        from ..report.scan import render

        write(page, render(found.content, found.drawn).encode())
    if as_json:
        say({**found.content, "page": shown(page) if page else None})
        return
    _print(found)
    if page:
        typer.echo(f"page: {shown(page)}")


def _print(found: Scan) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..report.scan import COLUMNS, notes, rows

    cells = rows(found.content)
    if cells:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name, right in COLUMNS:
            table.add_column(name, justify="right" if right else "left")
        for row in cells:
            table.add_row(*map(Text, row))
        console: Any = Console()
        console = console if console.is_terminal else Console(width=PLAIN)
        console.print(table)
    typer.echo("\n".join(notes(found.content)))
