"""`chartproof new`: a strategy or an experiment to begin with."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .complete import strategy_names
from .options import AsJson, examples, say, shown

EXAMPLES = examples(
    "new strategy my_rule                              strategies/my_rule.py and tests/test_my_rule.py",
    "new experiment my_rule                            experiments/my_rule.toml, of the strategy my_rule",
    "new experiment weekly --strategy rsi_divergence",
)


class What(StrEnum):
    strategy = "strategy"
    experiment = "experiment"


def new(
    what: Annotated[What, typer.Argument(help="What to write.")],
    name: Annotated[str, typer.Argument(help="Its name; nothing that is there is overwritten.")],
    strategy: Annotated[
        str | None,
        typer.Option(help="Of an experiment: the strategy it tests.", autocompletion=strategy_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a small working strategy with its test, or an experiment."""
    from ..experiment.scaffold import new_experiment, new_strategy
    from ..workspace import root

    workspace = root(Path.cwd())
    if what is What.strategy:
        files, then = new_strategy(workspace, name, strategy), f"chartproof new experiment {name}"
    else:
        files = new_experiment(workspace, name, strategy)
        then = f"chartproof run {shown(files[0])}"
    if as_json:
        say({"files": [shown(file) for file in files], "next": then})
        return
    typer.echo("\n".join([*(f"wrote {shown(file)}" for file in files), f"next: {then}"]))
