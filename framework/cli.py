"""The command. Parts are imported when they are needed, so that help comes at once."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from typing import Annotated

import typer

from .commands import check, claims, compare, data, look, new, run, scan, strategies
from .commands.options import DEFECT, STOPPED, examples
from .errors import UserError

WRONG = 2
SHOW = "CHARTPROOF_TRACEBACK"  # the variable of the environment that has a defect shown whole

app = typer.Typer(
    help="Does this chart rule really work? Honest fills, no look-ahead, out of sample.",
    epilog=examples(
        "run experiments/rsi_divergence.toml         search, test, write the report",
        "scan --data data/BTCUSDT-4h.parquet         which setups are live",
        "new strategy my_rule                        a rule of one's own to begin with",
        "COMMAND --help                              more of each",
    ),
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=claims.EXAMPLES)(claims.claims)
app.command(epilog=scan.EXAMPLES)(scan.scan)
app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=look.EXAMPLES)(look.look)
app.command(epilog=strategies.EXAMPLES)(strategies.strategies)
app.command(epilog=data.EXAMPLES)(data.data)
app.command(epilog=new.EXAMPLES)(new.new)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"chartproof {version('chartproof')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Say the version and stop.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None and not version:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command. Wrong input is one line and exit 2, a defect of ours one line and exit 1; never a traceback,
    unless CHARTPROOF_TRACEBACK is set.
    """
    try:
        sys.exit(app(prog_name="chartproof", standalone_mode=False) or 0)
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(WRONG)
    except OSError as error:  # a full disk, a folder that may not be written, a name that is too long
        where, wrong = error.filename or "chartproof", error.strerror or type(error).__name__
        typer.echo(f"error: {UserError(str(where), wrong, 'a place that can be read and written')}", err=True)
        sys.exit(WRONG)
    except typer.Abort:
        sys.exit(STOPPED)
    except Exception as error:  # the parser's own errors are not exported by name
        if not hasattr(error, "format_message"):
            if os.environ.get(SHOW):
                raise
            typer.echo(f"error: {_defect(error)}", err=True)
            sys.exit(DEFECT)
        said = " ".join(error.format_message().split())
        if said:
            typer.echo(f"error: {_command(error)}: {said}; see chartproof --help", err=True)
        sys.exit(WRONG)


def _defect(error: Exception) -> UserError:
    """What is said of a fault of the program: its traceback is kept in a file, and the variable shows it."""
    right = f"{SHOW}=1 before the command shows all of it"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="chartproof-", suffix=".txt", delete=False) as file:
            file.write("".join(traceback.format_exception(error)))
        right = f"its traceback is in {file.name}, and {right}"
    except OSError:
        pass  # the variable is left
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return UserError("chartproof", f"a defect of the program, {said:.300}", right)


def _command(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "chartproof"
