"""`chartproof look`: examples of every kind of setup, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, OneStrategy, examples, say, shown

EXAMPLES = examples(
    "look rsi_divergence",
    "look stochastic_waves --data data/BTCUSDT-4h.parquet --set wave=10-6-6 --each 4",
)


def look(
    strategy: OneStrategy,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default sample:AAPL.")] = None,
    value: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as wave=10-6-6.")] = None,
    each: Annotated[int, typer.Option(min=1, max=60, help="Examples of each kind.")] = 6,
    out: Annotated[Path | None, typer.Option(help="The page. Without it: reports/look-STRATEGY.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw examples of every kind of setup that a strategy finds, to check by eye."""
    from ..workspace import load_strategy, root

    workspace = root(Path.cwd())
    rule = load_strategy(workspace, strategy)
    from ..experiment.files import write
    from ..params import spelled
    from ..report.looking import Look, render
    from ..sources import load

    values = spelled(rule.params, value or [], f"strategy {strategy}")
    page = out or workspace / "reports" / f"look-{strategy}.html"
    write(page, render(Look(rule, values, [load(what) for what in data or ["sample:AAPL"]], each)).encode())
    if as_json:
        say({"page": shown(page)})
    else:
        typer.echo(f"page: {shown(page)}")
