"""`chartproof claims`: the ledger of the textbook's sentences."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from .options import STOPPED, AsJson, Claims, Quiet, Workers, examples, say, shown

EXAMPLES = examples(
    "claims                                   all of them, on the sample",
    "claims K03 K17 --data data/BTCUSDT-4h.parquet --data data/ETHUSDT-4h.parquet",
    "claims --config experiments/claims.toml",
    "claims K03 --quiet --json                a row a claim",
)


def claims(
    ids: Claims = None,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default: all of the sample.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with data, costs and claims of one's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="The ledger's folder. Without it: reports/claims-IDENTITY.")] = None,
    workers: Workers = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted ledger; same result.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Test the textbook's sentences, all together, and write the ledger of verdicts."""
    from ..experiment.asked import asked
    from ..experiment.claims import JSON, PAGE
    from ..experiment.claims import run as run_claims
    from ..progress import Progress

    try:
        with Progress(quiet) as told:
            folder = run_claims(asked(config, ids or [], data or []), out, resume, told, workers or os.cpu_count() or 1)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command with --resume goes on where it was", err=True)
        raise typer.Exit(STOPPED) from None
    rows = json.loads((folder / JSON).read_text(encoding="utf-8"))["claims"]
    if as_json:
        say({"folder": shown(folder), "report": shown(folder / PAGE), "claims": rows})
        return
    for word, many in Counter(row["verdict"] for row in rows).most_common():
        named = [row["claim"] for row in rows if row["verdict"] == word]
        typer.echo(f"{word}: {many} ({' '.join(named)})")
    typer.echo(f"report: {shown(folder / PAGE)}")
