"""What of a strategy is fixed, what is searched, and what differs between runs: its file's tables, resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError, nearest
from ..params import Value
from ..workspace import Strategy, load_strategy
from .confluent import NAMES, confluent
from .explain import said
from .space import narrowed
from .tables import File


@dataclass(frozen=True)
class Resolved:
    """plain: the strategy without a context. fixed, space, beside: as in Experiment."""

    plain: Strategy
    fixed: Mapping[str, Value]
    space: Mapping[str, tuple[Value, ...]]
    beside: tuple[str, tuple[Value, ...]] | None


def resolved(path: Path, file: File, workspace: Path) -> Resolved:
    """The strategy that a file names, with its parameters. Raises UserError with the nearest name, or the range."""
    table = dict(file.strategy)
    name = table.pop("name", None)
    if not isinstance(name, str):
        wrong = "is missing" if name is None else f"is {said(name)}"
        raise UserError(f"{path}: strategy.name", wrong, "the name of a file in strategies/ in quotes, without .py")
    try:
        strategy = load_strategy(workspace, name)
    except UserError as error:
        raise UserError(f"{path}: strategy.name", f"{error.where} {error.wrong}", error.right) from None
    own, plain, weighed = strategy.parameters, *_confluent(path, file, strategy)
    beside = _beside(path, file, plain)
    named = {beside[0]: beside[1][0]} if beside else {}  # each run has its own value
    asked = {key: named.pop(NAMES[key], value) for key, value in weighed.items()}
    fixed, space = narrowed(own, table | named, f"{path}: strategy")
    known = {key: dataclasses.replace(plain.parameters[NAMES[key]], name=key) for key in asked}
    more = narrowed(known, asked, f"{path}: confluence")
    fixed |= {NAMES[key]: value for key, value in more[0].items()}
    space |= {NAMES[key]: values for key, values in more[1].items()}
    return Resolved(plain, fixed, space, beside)


def _confluent(path: Path, file: File, strategy: Strategy) -> tuple[Strategy, dict[str, Any]]:
    """The strategy with the parameters of [confluence] and their values, where the file has that table."""
    if file.confluence is None:
        return strategy, {}
    try:
        made = confluent(strategy)
    except UserError as error:
        raise UserError(f"{path}: confluence", f"{error.where} {error.wrong}", error.right) from None
    given = file.confluence.model_dump()
    return made, {key: given.get(key, made.parameters[NAMES[key]].default) for key in NAMES}


def _beside(path: Path, file: File, strategy: Strategy) -> tuple[str, tuple[Value, ...]] | None:
    """The parameter of [beside], its values checked."""
    if not file.beside:
        return None
    (name, values), *more = file.beside.items()
    where = f"{path}: beside.{name}"
    if more or len(file.data.timeframes) > 1:
        held = f"beside.{more[0][0]}" if more else "several timeframes"
        raise UserError(where, f"stands with {held}", "one thing that differs between the runs")
    if name not in strategy.parameters:
        raise UserError(where, f"is no parameter of {strategy.name}", nearest(name, strategy.parameters))
    key = next((key for key, word in NAMES.items() if word == name), None)
    if file.confluence and key in file.confluence.model_fields_set:
        raise UserError(where, f"stands in [confluence] too, as {key}", "in one of them")
    if name in file.strategy:
        raise UserError(where, f"stands in [strategy] too, as {said(file.strategy[name])}", "in one of them")
    checked = tuple(strategy.parameters[name].check(value, where) for value in values)
    if len(set(checked)) < max(len(checked), 2):
        raise UserError(where, f"is {said(values)}", "two or more values, each once")
    return name, checked
