"""What several commands share: options, examples under the help, and how a result is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from .complete import claim_ids, strategy_names

DEFECT, STOPPED = 1, 130

Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Only results: no progress.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]
Workers: TypeAlias = Annotated[int | None, typer.Option(min=1, max=1000, help="Processes; they change no figure.")]
Strategies: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(help="Names of strategies; all of them without one.", autocompletion=strategy_names),
]
OneStrategy: TypeAlias = Annotated[str, typer.Argument(help="The name of a strategy.", autocompletion=strategy_names)]
Claims: TypeAlias = Annotated[
    list[str] | None, typer.Argument(help="Claims, as K03 K17; all of them without one.", autocompletion=claim_ids)
]


def examples(*lines: str) -> str:
    """Examples as they stand under a command's help, one a line."""
    return "\b\n" + "\n".join(["Examples:", *(f"  chartproof {line}" for line in lines)])


def say(content: Mapping[str, Any]) -> None:
    """A result as JSON that any reader takes."""
    from ..experiment.files import plain

    typer.echo(json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False))


def shown(path: Path) -> str:
    """The path from here when it lies below, else whole."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"
