"""The command. Parts are imported when they are needed, so that help comes at once."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import UserError

if TYPE_CHECKING:
    import pandas as pd


app = typer.Typer(
    help="Does this chart rule really work? Honest fills, no look-ahead, out of sample.",
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WRONG, DEFECT, STOPPED = 2, 1, 130


@app.command()
def run(
    experiment: Annotated[Path, typer.Argument(help="An experiment's TOML file, as experiments/rsi_divergence.toml.")],
    out: Annotated[Path | None, typer.Option(help="The run's folder. Without it: reports/NAME-IDENTITY.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="Parameter sets a window, instead of the file's.")
    ] = None,
    holdout: Annotated[bool, typer.Option("--holdout", help="Look at what [holdout] keeps back; counted.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=1000, help="Processes; they change no figure.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run; same result.")] = False,
) -> None:
    """Search window by window, trade the windows after, write the report."""
    from .experiment.beside import PAGE
    from .experiment.beside import run as run_experiment
    from .progress import Progress

    progress = Progress()
    try:
        with progress as told:
            folders = run_experiment(
                experiment, out=out, trials=trials, resume=resume, told=told, workers=workers, look=holdout
            )
    except KeyboardInterrupt:
        begun = "the same command with --resume goes on where it was"
        typer.echo(f"stopped; {begun if progress.last else 'nothing had been written yet'}", err=True)
        raise typer.Exit(STOPPED) from None
    for folder in folders:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if len(folders) > 1:
            typer.echo(f"{folder.name}:")
        for key in ("answer", "compared", "search", "chance", "trials", "holdout", "warning"):
            if key in summary["verdict"]:
                typer.echo(summary["verdict"][key])
        if summary.get("placebo"):
            typer.echo(summary["placebo"]["answer"])
        typer.echo(f"report: {_shown(folder / 'report.html')}")
    if len(folders) > 1:
        typer.echo(f"side by side: {_shown(folders[0].parent / PAGE)}")


@app.command()
def claims(
    ids: Annotated[list[str] | None, typer.Argument(help="Claims, as K03 K17; all of them without one.")] = None,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default: all of the sample.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with data, costs and claims of one's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="The ledger's folder. Without it: reports/claims-IDENTITY.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=1000, help="Processes; they change no figure.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted ledger; same result.")] = False,
) -> None:
    """Test the textbook's sentences, all together, and write the ledger of verdicts."""
    from collections import Counter

    from .experiment.asked import asked
    from .experiment.claims import JSON, PAGE
    from .experiment.claims import run as run_claims
    from .progress import Progress

    progress = Progress()
    try:
        with progress as told:
            folder = run_claims(asked(config, ids or [], data or []), out, resume, told, workers or os.cpu_count() or 1)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command with --resume goes on where it was", err=True)
        raise typer.Exit(STOPPED) from None
    rows = json.loads((folder / JSON).read_text(encoding="utf-8"))["claims"]
    for word, count in Counter(row["verdict"] for row in rows).most_common():
        named = [row["claim"] for row in rows if row["verdict"] == word]
        typer.echo(f"{word}: {count} ({' '.join(named)})")
    typer.echo(f"report: {_shown(folder / PAGE)}")


@app.command()
def check(
    strategy: Annotated[list[str] | None, typer.Argument(help="Names of strategies; all of them without one.")] = None,
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default sample:AAPL.")] = None,
    cuts: Annotated[int, typer.Option(min=1, help="How many bars to cut at, drawn at random.")] = 200,
    every: Annotated[bool, typer.Option("--every", help="Cut at every bar.")] = False,
    starts: Annotated[int, typer.Option(min=0, help="How many later starts of the data tell the warm-up.")] = 4,
) -> None:
    """Prove that a strategy does not look ahead: cut the data, change the future, and compare. Exit 1 on a leak.

    Tells the likely cause of a leak, and how many bars a strategy needs to warm up.
    """
    from .workspace import load_strategy, names, root

    workspace = root(Path.cwd())
    chosen = [load_strategy(workspace, name) for name in strategy or names(workspace)]
    from .sources import load
    from .validation.checking import checked

    markets, found = [load(what) for what in data or ["sample:AAPL"]], True
    for rule in chosen:
        for bars in markets:
            good, lines = checked(rule, bars, len(bars) if every else cuts, starts)
            typer.echo("\n".join(lines))
            found &= good
    if not found:
        raise typer.Exit(DEFECT)


@app.command()
def look(
    strategy: Annotated[str, typer.Argument(help="The name of a strategy.")],
    data: Annotated[list[str] | None, typer.Option(help="Files or sample:SYMBOL. Default sample:AAPL.")] = None,
    value: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as wave=10-6-6.")] = None,
    each: Annotated[int, typer.Option(min=1, max=60, help="Examples of each kind.")] = 6,
    out: Annotated[Path | None, typer.Option(help="The page. Without it: reports/look-STRATEGY.html.")] = None,
) -> None:
    """Draw examples of every kind of setup that a strategy finds, to check by eye."""
    from .workspace import load_strategy, root

    workspace = root(Path.cwd())
    rule = load_strategy(workspace, strategy)
    from .experiment.files import write
    from .params import spelled
    from .report.looking import Look, render
    from .sources import load

    values = spelled(rule.params, value or [], f"strategy {strategy}")
    page = out or workspace / "reports" / f"look-{strategy}.html"
    write(page, render(Look(rule, values, [load(what) for what in data or ["sample:AAPL"]], each)).encode())
    typer.echo(f"page: {_shown(page)}")


@app.command()
def strategies() -> None:
    """The strategies of this workspace, with their parameters and ranges."""
    from .workspace import load_strategy, names, root

    workspace = root(Path.cwd())
    for rule in [load_strategy(workspace, name) for name in names(workspace)]:
        summary = " ".join(rule.doc.partition("\n\n")[0].split())
        typer.echo(f"{rule.name}: {summary}")
        for parameter in rule.parameters.values():
            unit = f" {parameter.unit}" if parameter.unit else ""
            how = f"{len(parameter.values)} values searched" if parameter.searched else "fixed unless listed"
            if parameter.required:
                typer.echo(f"  {parameter.name}: to be named, one of {parameter.range}")
                continue
            typer.echo(f"  {parameter.name} = {json.dumps(parameter.default)}{unit}  ({parameter.range}; {how})")


@app.command()
def data(
    file: Annotated[str, typer.Argument(help="A csv or parquet file, or sample:SYMBOL.")],
    timeframe: Annotated[str | None, typer.Option(help="Length of a bar, as 4h, where the name does not say.")] = None,
) -> None:
    """What is in a file of bars, funding or open interest, and what is wrong. Exit 1 where it must be mended."""
    from .faults import inspect
    from .sources import read, timeframe_of
    from .sources.others import told

    other = told(file)
    if other:
        typer.echo("\n".join(other))
        return
    table = read(file)
    faults = inspect(table, timeframe or timeframe_of(file))
    errors = sum(fault.severity == "error" for fault in faults)
    for line in _contents(table, file, timeframe or timeframe_of(file)):
        typer.echo(line)
    for fault in faults:
        typer.echo(f"{fault.severity:5}  {fault.message}{f'; {fault.right}' if fault.right else ''}")
    typer.echo(
        "nothing is wrong" if not faults else f"{_count(errors, 'error')}, {_count(len(faults) - errors, 'note')}"
    )
    if errors:
        raise typer.Exit(DEFECT)


def _contents(table: pd.DataFrame, file: str, timeframe: str | None) -> list[str]:
    """What a file holds, before what is wrong with it."""
    lines = [f"{file}: {_count(len(table), 'row')}, columns {', '.join(map(str, table.columns))}"]
    stamps = table.index.dropna() if len(table) else table.index
    if len(stamps):
        length = f", bars of {timeframe}" if timeframe else ""
        lines.append(f"from {stamps.min():%Y-%m-%d %H:%M} to {stamps.max():%Y-%m-%d %H:%M} UTC{length}")
    return lines


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


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


def _shown(path: Path) -> str:
    """The path from here when it lies below, else whole."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def main() -> None:
    """Run the command; wrong input is one line and exit 2, never a traceback."""
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
            raise
        said = " ".join(error.format_message().split())
        if said:
            typer.echo(f"error: {_command(error)}: {said}; see chartproof --help", err=True)
        sys.exit(WRONG)


def _command(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "chartproof"
