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
from ..study import Search
from ..validation.combinatorial import Combinatorial
from ..validation.windows import Lengths, length
from ..workspace import Strategy, root
from .explain import explained, said
from .parameters import resolved
from .searching import searching
from .tables import ChanceTable, ConservativeTable, Data, File, SizingTable, Variant


@dataclass(frozen=True)
class Experiment:
    """One question, resolved. fixed: the declared defaults with the file's values; space: what the search varies.

    plain: the strategy without its context. confluence: whether it has a filter of that. beside: a parameter and its
    values, a run for each; None for one run. look: whether this run trades what is held out.
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
    lengths: Lengths
    embargo: int
    combinatorial: Combinatorial | None
    holdout: str | None
    look: bool
    chance: ChanceTable
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


def load(path: Path, trials: int | None = None, look: bool = False) -> Experiment:
    """Read an experiment. trials: instead of the file's. look: at what is held out.

    Raises UserError naming the field and the nearest word.
    """
    raw = _read(path)
    if trials is not None and isinstance(raw.get("search", {}), dict):
        raw["search"] = raw.get("search", {}) | {"trials": trials}
    try:
        file = File.model_validate(raw)
    except ValidationError as error:
        raise explained(path, error, File) from None
    workspace = root(path.resolve().parent)
    made = resolved(path, file, workspace)
    context = _context(path, file)
    strategy = dataclasses.replace(made.plain, find=seen(made.plain.find, context))
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
        fixed=made.fixed,
        space=made.space if file.search.trials != 0 else {},
        search=searching(path, file.search, made.space),
        embargo=file.windows.embargo,
        chance=file.chance,
        look=_look(path, file, look),
        opposite_setup=file.exits.opposite_setup,
        cash=file.sizing.cash,
        shared=file.sizing.shared,
        rank=file.sizing.rank,
        conservative=file.conservative,
        context=context,
        plain=made.plain,
        confluence=file.confluence is not None,
        beside=made.beside,
        **_rules(path, file),
        **_windows(path, file),
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


def _rules(path: Path, file: File) -> dict[str, Any]:
    try:
        return {
            "costs": Costs(**file.costs.model_dump()),
            "sizing": _sizing(file.sizing),
            "exits": Exits(**file.exits.model_dump(exclude={"opposite_setup"})),
        }
    except UserError as error:
        raise UserError(f"{path}: {error.where}", error.wrong, error.right) from None


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


def _look(path: Path, file: File, look: bool) -> bool:
    if look and not file.holdout:
        raise UserError(
            f"{path}: holdout", "is not there, so there is nothing to look at", 'last = "1y" under [holdout]'
        )
    return look


def _windows(path: Path, file: File) -> dict[str, Any]:
    """What is trained on, tested and held out, as far as it can be known before the data is."""
    table, also, last = file.windows, file.combinatorial, file.holdout
    try:
        if last:
            length(last.last, "holdout.last")
        return {
            "lengths": Lengths(table.kind, table.train, table.test, table.count),
            "combinatorial": Combinatorial(also.groups, also.tested) if also else None,
            "holdout": last.last if last else None,
        }
    except UserError as error:
        raise UserError(f"{path}: {error.where}", error.wrong, error.right) from None


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
