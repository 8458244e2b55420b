"""`chartproof check`: whether a strategy looks ahead, and how long it warms up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFECT, AsJson, Strategies, examples, say

EXAMPLES = examples(
    "check                                       every strategy, on sample:AAPL",
    "check rsi_divergence --data data/BTCUSDT-4h.parquet",
    "check my_rule --every                       cut at every bar",
    "check my_rule --json",
)


def check(
    strategy: Strategies = None,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default sample:AAPL.")] = None,
    cuts: Annotated[int, typer.Option(min=1, help="How many bars to cut at, drawn at random.")] = 200,
    every: Annotated[bool, typer.Option("--every", help="Cut at every bar.")] = False,
    starts: Annotated[int, typer.Option(min=0, help="How many later starts of the data tell the warm-up.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Prove that a strategy does not look ahead: cut the data, change the future, and compare. Exit 1 on a leak.

    Tells the likely cause of a leak, and how many bars a strategy needs to warm up.
    """
    from ..workspace import load_strategy, names, root

    workspace = root(Path.cwd())
    chosen = [load_strategy(workspace, name) for name in strategy or names(workspace)]
    from ..sources import load
    from ..validation.checking import checked

    markets, results = [load(what) for what in data or ["sample:AAPL"]], []
    for rule in chosen:
        for bars in markets:
            good, lines = checked(rule, bars, len(bars) if every else cuts, starts)
            results.append({"strategy": rule.name, "market": bars.symbol, "honest": good, "told": lines})
            if not as_json:
                typer.echo("\n".join(lines))
    honest = all(one["honest"] for one in results)
    if as_json:
        say({"honest": honest, "checks": results})
    if not honest:
        raise typer.Exit(DEFECT)
