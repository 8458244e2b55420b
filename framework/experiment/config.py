"""A TOML file becomes a frozen Experiment: every key known, every value in its range, every name resolved."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import UserError, nearest
from ..params import Value
from ..simulation import Costs, Exits, Sizing
from ..study import OBJECTIVES, Search
from ..validation.windows import duration
from ..workspace import Strategy, load_strategy, root
from .explain import explained, said
from .space import narrowed

Variant = Literal["aggressive", "conservative"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(_Table):
    """symbols: of the embedded sample. files: csv or parquet. from/to: first and last day, inclusive."""

    symbols: tuple[str, ...] = Field((), strict=False)
    files: tuple[str, ...] = Field((), strict=False)
    timeframe: str | None = Field(None, min_length=1)
    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")
    mend: tuple[str, ...] = Field((), strict=False)


class SearchTable(_Table):
    """trials: parameter sets a window, 0 for none. objective: what a window maximises over its training trades."""

    trials: int = Field(60, ge=0, le=100_000)
    objective: str = "expectancy_r"
    min_trades: int = Field(20, ge=1, le=1_000_000)


class WindowsTable(_Table):
    """kind, and lengths as 4y, 6m (months), 8w, 90d. embargo: bars between training and test."""

    kind: Literal["rolling", "anchored"] = "rolling"
    train: str = "3y"
    test: str = "1y"
    embargo: int = Field(30, ge=0, le=100_000)


class CostsTable(_Table):
    fee: float = 0.001
    slippage: float = 0.0005
    tick: float | None = None


class SizingTable(_Table):
    cash: float = Field(100_000.0, gt=0, lt=1e15)
    fraction: float | None = None
    risk: float | None = None
    leverage: float = 1.0
    lot: float | None = None
    smallest: float | None = None
    volume_share: float | None = None


class ExitsTable(_Table):
    """Options of every trade's end; opposite_setup: leave when a setup of the other side is known."""

    stop: str = "swing"
    stop_buffer_atr: float = 0.0
    stop_atr: float = 2.0
    swing_width: int = Field(5, le=1000)
    trail: bool = False
    break_even_r: float | None = None
    target_r: float | None = 2.0
    target_swing: bool = False
    time_stop: int | None = Field(None, le=1_000_000)
    on_opposite: str = "exit"
    min_risk_atr: float = 0.25
    inside_bar: str = "pessimistic"
    fill: str = "open"
    opposite_setup: bool = False


class ConservativeTable(_Table):
    """The wait for a second bottom: at most `wait` bars, swings of width `swing`, stop under it or under the setup."""

    wait: int = Field(20, ge=1, le=1000)
    swing: int = Field(2, ge=1, le=50)
    stop: Literal["higher_low", "setup_low"] = "higher_low"


class _File(_Table):
    name: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")
    question: str = ""
    seed: int = Field(7, ge=0, lt=2**32)
    variants: tuple[Variant, ...] = Field(("aggressive", "conservative"), strict=False, min_length=1)
    gallery: int = Field(12, ge=0, le=60)
    data: Data
    strategy: dict[str, Any]
    search: SearchTable = SearchTable()
    windows: WindowsTable = WindowsTable()
    costs: CostsTable = CostsTable()
    sizing: SizingTable = SizingTable()
    exits: ExitsTable = ExitsTable()
    conservative: ConservativeTable = ConservativeTable()


@dataclass(frozen=True)
class Experiment:
    """One question, resolved. fixed: the declared defaults with the file's values; space: what the search varies."""

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
    conservative: ConservativeTable


def load(path: Path, trials: int | None = None) -> Experiment:
    """Read an experiment. trials: instead of the file's. Raises UserError naming the field and the nearest word."""
    raw = _read(path)
    if trials is not None and isinstance(raw.get("search", {}), dict):
        raw["search"] = raw.get("search", {}) | {"trials": trials}
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise explained(path, error, _File) from None
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
    fixed, space = narrowed(strategy.parameters, table, f"{path}: strategy")
    return Experiment(
        path=path,
        workspace=workspace,
        name=file.name or re.sub(r"[^\w-]+", "_", path.stem),
        question=file.question,
        seed=file.seed,
        variants=_variants(path, file.variants, strategy),
        gallery=file.gallery,
        data=_some(path, file.data),
        strategy=strategy,
        fixed=fixed,
        space=space if file.search.trials else {},
        search=_search(path, file.search),
        windows=_lengths(path, file.windows),
        opposite_setup=file.exits.opposite_setup,
        cash=file.sizing.cash,
        conservative=file.conservative,
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


def _rules(path: Path, file: _File) -> dict[str, Any]:
    try:
        sizing = file.sizing
        if sizing.fraction is not None and sizing.risk is not None:
            raise UserError("sizing", "has both fraction and risk", "one of them")
        return {
            "costs": Costs(**file.costs.model_dump()),
            "sizing": Sizing(**sizing.model_dump(exclude={"cash", *(["fraction"] if sizing.fraction is None else [])})),
            "exits": Exits(**file.exits.model_dump(exclude={"opposite_setup"})),
        }
    except UserError as error:
        raise UserError(f"{path}: {error.where}", error.wrong, error.right) from None


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


def _some(path: Path, data: Data) -> Data:
    if not data.symbols and not data.files:
        raise UserError(f"{path}: data", "names no market", 'symbols = ["AAPL"] of the sample, or files = ["x.csv"]')
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
