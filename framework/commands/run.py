"""`chartproof run`: an experiment, from its file to its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import STOPPED, AsJson, Quiet, Workers, examples, say, shown

EXAMPLES = examples(
    "run experiments/rsi_divergence.toml",
    "run experiments/rsi_divergence.toml --trials 200 --out reports/more --workers 2",
    "run experiments/rsi_divergence.toml --resume        after an interruption",
    "run experiments/rsi_divergence.toml --quiet --json  for a script: paths and verdict",
)
TOLD = ("answer", "compared", "search", "chance", "trials", "holdout", "warning")


def run(
    experiment: Annotated[Path, typer.Argument(help="An experiment's TOML file, as experiments/rsi_divergence.toml.")],
    out: Annotated[Path | None, typer.Option(help="The run's folder. Without it: reports/NAME-IDENTITY.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="Parameter sets a window, instead of the file's.")
    ] = None,
    holdout: Annotated[bool, typer.Option("--holdout", help="Look at what [holdout] keeps back; counted.")] = False,
    workers: Workers = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run; same result.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Search window by window, trade the windows after, write the report."""
    from ..experiment.beside import PAGE
    from ..experiment.beside import run as run_experiment
    from ..progress import Progress

    progress = Progress(quiet)
    try:
        with progress as told:
            folders = run_experiment(
                experiment, out=out, trials=trials, resume=resume, told=told, workers=workers, look=holdout
            )
    except KeyboardInterrupt:
        begun = "the same command with --resume goes on where it was"
        typer.echo(f"stopped; {begun if progress.last else 'nothing had been written yet'}", err=True)
        raise typer.Exit(STOPPED) from None
    runs = [_read(folder) for folder in folders]
    beside = shown(folders[0].parent / PAGE) if len(folders) > 1 else None
    if as_json:
        say({"runs": [one for one, _ in runs], "beside": beside})
        return
    for one, lines in runs:
        typer.echo("\n".join(([f"{one['name']}:"] if beside else []) + lines + [f"report: {one['report']}"]))
    if beside:
        typer.echo(f"side by side: {beside}")


def _read(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """A finished run: where it is and what it says, and the same in lines."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    verdict, placebo = summary["verdict"], summary.get("placebo")
    one = {"name": folder.name, "folder": shown(folder), "summary": shown(folder / "summary.json")}
    one |= {"report": shown(folder / "report.html"), "verdict": verdict}
    lines = [verdict[key] for key in TOLD if key in verdict]
    return one, [*lines, placebo["answer"]] if placebo else lines
