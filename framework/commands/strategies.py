"""`chartproof strategies`: what rules there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .options import AsJson, examples, say

if TYPE_CHECKING:
    from ..params import Parameter

EXAMPLES = examples("strategies", "strategies --json")


def strategies(as_json: AsJson = False) -> None:
    """The strategies of this workspace, with their parameters and ranges."""
    from ..workspace import load_strategy, names, root

    workspace = root(Path.cwd())
    rules = [load_strategy(workspace, name) for name in names(workspace)]
    told = [(rule, " ".join(rule.doc.partition("\n\n")[0].split())) for rule in rules]
    if as_json:
        rows = [
            {"name": rule.name, "summary": summary, "parameters": [_row(one) for one in rule.parameters.values()]}
            for rule, summary in told
        ]
        say({"strategies": rows})
        return
    for rule, summary in told:
        typer.echo("\n".join([f"{rule.name}: {summary}", *map(_line, rule.parameters.values())]))


def _line(parameter: Parameter) -> str:
    if parameter.required:
        return f"  {parameter.name}: to be named, one of {parameter.range}"
    unit = f" {parameter.unit}" if parameter.unit else ""
    how = f"{len(parameter.values)} values searched" if parameter.searched else "fixed unless listed"
    return f"  {parameter.name} = {json.dumps(parameter.default)}{unit}  ({parameter.range}; {how})"


def _row(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "required": parameter.required,
        "default": None if parameter.required else parameter.default,
        "unit": parameter.unit,
        "values": parameter.values,
        "limits": parameter.limits,
        "searched": parameter.searched,
    }
