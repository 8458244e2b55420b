"""A TOML file becomes a frozen Experiment: every key known, every value in its range, every name resolved."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..context import Context, Higher, seen
from ..errors import UserError, nearest
from ..params import Value
from ..simulation import Costs, Exits, Sizing
from ..study import OBJECTIVES, Search
from ..validation.windows import duration
from ..workspace import Strategy, load_strategy, root
from .confluent import NAMES, confluent
from .explain import explained, said
from .space import narrowed
from .tables import ConservativeTable, Data, File, SearchTable, SizingTable, Variant, WindowsTable


@dataclass(frozen=True)
class Experiment:
    """One question, resolved. fixed: the declared defaults with the file's values; space: what the search varies.

    plain: the strategy without its context. confluence: whether it has a filter of that. beside: a parameter and its
    values, a run for each; None for one run.
    """

    path: Path
    workspace: Path
    name: str
    question: str
    seed: int
    variants: tuple[Variant, ...]
    gallery: int
    data: Data
    strategy: Strategy
    fixed: Mapping[str, Value]
    space: Mapping[str, tuple[Value, ...]]
    search: Search
    windows: WindowsTable
    costs: Costs
    sizing: Sizing
    exits: Exits
    opposite_setup: bool
    cash: float
    shared: bool
    rank: str
    conservative: ConservativeTable
    context: Context
    plain: Strategy
    confluence: bool
    beside: tuple[str, tuple[Value, ...]] | None


def load(path: Path, trials: int | None = None) -> Experiment:
    """Read an experiment. trials: instead of the file's. Raises UserError naming the field and the nearest word."""
    raw = _read(path)
    if trials is not None and isinstance(raw.get("search", {}), dict):
        raw["search"] = raw.get("search", {}) | {"trials": trials}
    try:
        file = File.model_validate(raw)
    except ValidationError as error:
        raise explained(path, error, File) from None
    workspace = root(path.resolve().parent)
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
    context = _context(path, file)
    strategy = dataclasses.replace(plain, find=seen(plain.find, context))
    return Experiment(
        path=path,
        workspace=workspace,
        name=file.name or re.sub(r"[^\w-]+", "_", path.stem),
        question=file.question,
        seed=file.seed,
        variants=_variants(path, file.variants, strategy),
        gallery=file.gallery,
        data=_some(path, file.data, file.sizing),
        strategy=strategy,
        fixed=fixed,
        space=space if file.search.trials else {},
        search=_search(path, file.search),
        windows=_lengths(path, file.windows),
        opposite_setup=file.exits.opposite_setup,
        cash=file.sizing.cash,
        shared=file.sizing.shared,
        rank=file.sizing.rank,
        conservative=file.conservative,
        context=context,
        plain=plain,
        confluence=file.confluence is not None,
        beside=beside,
        **_rules(path, file),
    )


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise UserError(str(path), "is a folder", "a TOML file in it")
    if not path.is_file():
        there = [other.name for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise UserError(str(path), "there is no such file", nearest(path.name, there) if there else "name a TOML file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        str(raw)  # a number of thousands of digits could not be named in a message
    except UnicodeDecodeError:
        raise UserError(str(path), "is not text in UTF-8", "a TOML file") from None
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), f"is not TOML: {error}", 'lines such as key = "value" under [table] heads') from None
    return raw


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


def _rules(path: Path, file: File) -> dict[str, Any]:
    try:
        return {
            "costs": Costs(**file.costs.model_dump()),
            "sizing": _sizing(file.sizing),
            "exits": Exits(**file.exits.model_dump(exclude={"opposite_setup"})),
        }
    except UserError as error:
        raise UserError(f"{path}: {error.where}", error.wrong, error.right) from None


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


def _context(path: Path, file: File) -> Context:
    higher = Higher(**file.higher.model_dump(), boundary=file.data.boundary) if file.higher else None
    try:
        return Context(**file.context.model_dump(), higher=higher)
    except UserError as error:
        raise UserError(f"{path}: {error.where}", error.wrong, error.right) from None


def _sizing(table: SizingTable) -> Sizing:
    if table.fraction is not None and table.risk is not None:
        raise UserError("sizing", "has both fraction and risk", "one of them")
    for name in ("positions", "rank"):
        if getattr(table, name) and not table.shared:
            apart = f"is {said(getattr(table, name))}, and each market has its own part of the cash"
            raise UserError(f"sizing.{name}", apart, "shared = true for one cash, or leave it out")
    own = {"cash", "shared", "rank"} | ({"fraction"} if table.fraction is None else set())
    return Sizing(**table.model_dump(exclude=own))


def _search(path: Path, table: SearchTable) -> Search:
    if table.objective not in OBJECTIVES:
        raise UserError(
            f"{path}: search.objective", f"'{table.objective}' is none", nearest(table.objective, OBJECTIVES)
        )
    return Search(table.trials, table.objective, table.min_trades)


def _lengths(path: Path, table: WindowsTable) -> WindowsTable:
    duration(table.train, f"{path}: windows.train")
    duration(table.test, f"{path}: windows.test")
    return table


def _some(path: Path, data: Data, sizing: SizingTable) -> Data:
    if not data.symbols and not data.files:
        raise UserError(f"{path}: data", "names no market", 'symbols = ["AAPL"] of the sample, or files = ["x.csv"]')
    for name in ("funding", "finer", "open_interest", "volume_of"):
        given, markets = len(getattr(data, name)), len(data.files)
        if given and not markets:
            right = 'files = ["x.csv"] instead of symbols: each goes with the file at the same place'
            raise UserError(f"{path}: data.{name}", "goes with files, and there are none", right)
        if given > markets:
            wrong = f"names {given} for {markets} in files"
            raise UserError(f"{path}: data.{name}", wrong, 'one for each of files in their order, "" for none')
    if any(data.volume_of) and sizing.volume_share is not None:
        held = "goes with sizing.volume_share, and an order fills on one exchange alone"
        raise UserError(f"{path}: data.volume_of", held, "one of them")
    if data.open_interest and data.open_interest_in is None:
        right = 'data.open_interest_in = "usd" (it contains the price) or "coins"'
        raise UserError(f"{path}: data.open_interest", "is counted in what is not said", right)
    if data.start and data.end and data.start >= data.end:
        raise UserError(f"{path}: data.to", f"{data.end} is not after from {data.start}", "a later day")
    return data


def _variants(path: Path, variants: tuple[Variant, ...], strategy: Strategy) -> tuple[Variant, ...]:
    if len(set(variants)) < len(variants):
        raise UserError(f"{path}: variants", "names one twice", "each of aggressive and conservative once")
    if "conservative" in variants and not strategy.stands:
        held = f"'conservative' waits at a setup's extreme, and {strategy.name} hands in signals without one"
        raise UserError(f"{path}: variants", held, 'variants = ["aggressive"]')
    return variants
