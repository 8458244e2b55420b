"""`chartproof data`: what is in a file, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import DEFECT, AsJson, count, examples, say

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = examples(
    "data data/BTCUSDT-4h.parquet",
    "data data/prices.csv --timeframe 1d",
    "data sample:AAPL --json",
)


def data(
    file: Annotated[str, typer.Argument(help="A csv or parquet file, or sample:SYMBOL.")],
    timeframe: Annotated[str | None, typer.Option(help="Length of a bar, as 4h, where the name does not say.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is in a file of bars, funding or open interest, and what is wrong. Exit 1 where it must be mended."""
    from ..faults import inspect
    from ..sources import read, timeframe_of
    from ..sources.others import told

    other = told(file)
    if other:
        if as_json:
            say({"file": file, "told": other})
        else:
            typer.echo("\n".join(other))
        return
    table, length = read(file), timeframe or timeframe_of(file)
    faults = inspect(table, length)
    errors = sum(fault.severity == "error" for fault in faults)
    if as_json:
        findings = [
            {"severity": fault.severity, "kind": fault.kind, "message": fault.message, "right": fault.right}
            | {"rows": fault.rows.tolist()}
            for fault in faults
        ]
        stamps = table.index.dropna() if len(table) else table.index
        begin, end = (stamps.min(), stamps.max()) if len(stamps) else (None, None)
        content = {"file": file, "rows": len(table), "columns": [str(name) for name in table.columns]}
        content |= {"from": begin, "to": end, "timeframe": length, "findings": findings}
        say(content | {"errors": errors, "notes": len(faults) - errors})
    else:
        typer.echo("\n".join(_contents(table, file, length)))
        for fault in faults:
            typer.echo(f"{fault.severity:5}  {fault.message}{f'; {fault.right}' if fault.right else ''}")
        typer.echo(
            "nothing is wrong" if not faults else f"{count(errors, 'error')}, {count(len(faults) - errors, 'note')}"
        )
    if errors:
        raise typer.Exit(DEFECT)


def _contents(table: pd.DataFrame, file: str, timeframe: str | None) -> list[str]:
    """What a file holds, before what is wrong with it."""
    lines = [f"{file}: {count(len(table), 'row')}, columns {', '.join(map(str, table.columns))}"]
    stamps = table.index.dropna() if len(table) else table.index
    if len(stamps):
        length = f", bars of {timeframe}" if timeframe else ""
        lines.append(f"from {stamps.min():%Y-%m-%d %H:%M} to {stamps.max():%Y-%m-%d %H:%M} UTC{length}")
    return lines
