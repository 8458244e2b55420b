"""`chartproof compare`: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, examples, say, shown

EXAMPLES = examples(
    "compare rsi_divergence-1a2b3c4d momentum-5e6f7a8b",
    "compare reports/tf-3c858a50/4h reports/tf-3c858a50/1d --out frames.html",
)


def compare(
    runs: Annotated[list[str], typer.Argument(help="Two to eight runs: folders, or names under reports/.")],
    out: Annotated[Path | None, typer.Option(help="The page. Without it: reports/compare-A-B.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side: what differs, verdicts, figures with intervals, equities. One page."""
    from ..experiment.compare import compare as compare_runs
    from ..workspace import root

    page = compare_runs(runs, root(Path.cwd()), out)
    if as_json:
        say({"page": shown(page)})
    else:
        typer.echo(f"page: {shown(page)}")
