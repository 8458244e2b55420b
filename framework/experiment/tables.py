"""The tables of an experiment's file: their keys, types and defaults."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Variant = Literal["aggressive", "conservative"]


class Table(BaseModel):
    """Nothing but the keys that are named, each of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Table):
    """symbols: of the embedded sample. files: csv or parquet. from/to: first and last day, inclusive.

    funding, finer, open_interest: files of what else is known of the market at the same place in `files`, "" for
    nothing. open_interest_in: what all of these are counted in. volume_of: files of other exchanges, whose volume is
    added to that of the market at the same place, [] for none.
    timeframes: made of the files' bars, a run for each. boundary: the hour, UTC, at which a day begins.
    """

    symbols: tuple[str, ...] = Field((), strict=False)
    files: tuple[str, ...] = Field((), strict=False)
    funding: tuple[str, ...] = Field((), strict=False)
    finer: tuple[str, ...] = Field((), strict=False)
    open_interest: tuple[str, ...] = Field((), strict=False)
    open_interest_in: Literal["usd", "coins"] | None = None
    volume_of: tuple[Annotated[tuple[str, ...], Field(strict=False)], ...] = Field((), strict=False)
    timeframe: str | None = Field(None, min_length=1)
    timeframes: tuple[str, ...] = Field((), strict=False)
    boundary: float = Field(0.0, gt=-24, lt=24)
    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")
    mend: tuple[str, ...] = Field((), strict=False)


class SearchTable(Table):
    """trials: parameter sets a window, 0 for none; 60, and all of a grid, where it is not said. objective: what a
    window maximises over its training trades, or several, of whose front `take` names the point. The rest: `Search`.
    """

    trials: int | None = Field(None, ge=0, le=100_000)
    objective: Any = "expectancy_r"
    min_trades: int = Field(20, ge=1, le=1_000_000)
    sampler: str = "tpe"
    batch: int = Field(8, ge=1, le=1000)
    take: str = "knee"
    folds: int = Field(1, ge=1, le=20)
    storage: str = "journal"


class WindowsTable(Table):
    """kind; lengths as 4y, 6m (months), 8w, 90d or 2000 bars; count: how many tests, instead of their length. embargo:
    bars between training and test.
    """

    kind: Literal["rolling", "anchored"] = "rolling"
    train: str = "3y"
    test: str | None = None
    count: int | None = Field(None, le=10_000)
    embargo: int = Field(30, ge=0, le=100_000)


class CombinatorialTable(Table):
    """Purged combinatorial cross-validation: into how many groups time is cut, how many of them are tested at once."""

    groups: int = Field(6, le=20)
    tested: int = 2


class HoldoutTable(Table):
    """last: how much of the data's end no search and no test sees, as 1y or 500 bars."""

    last: str


class ChanceTable(Table):
    """draws: random entries that every account is compared with, 0 for none. permutations: of the bars, on each of
    which the whole search is run again, 0 for none.
    """

    draws: int = Field(200, ge=0, le=100_000)
    permutations: int = Field(0, ge=0, le=10_000)


class CostsTable(Table):
    fee: float = 0.001
    slippage: float = 0.0005
    tick: float | None = None
    borrow: float = 0.0


class SizingTable(Table):
    """shared: one cash for all markets, else each has an equal part. rank: the setup's feature by which entries of one
    moment are tried, the highest first, with a `-` before it the lowest; empty: in the order of the markets.
    """

    cash: float = Field(100_000.0, gt=0, lt=1e15)
    fraction: float | None = None
    risk: float | None = None
    leverage: float = 1.0
    lot: float | None = None
    smallest: float | None = None
    volume_share: float | None = None
    positions: int | None = Field(None, le=1_000_000)
    shared: bool = False
    rank: str = ""


class ExitsTable(Table):
    """Options of every trade's end; opposite_setup: leave when a setup of the other side is known."""

    stop: str = "swing"
    stop_buffer_atr: float = 0.0
    stop_atr: float = 2.0
    swing_width: int = Field(5, le=1000)
    trail: bool = False
    break_even_r: float | None = None
    target_r: float | None = 2.0
    target_swing: bool = False
    target_extension: float | None = None
    target_height: float | None = None
    time_stop: int | None = Field(None, le=1_000_000)
    on_opposite: str = "exit"
    min_risk_atr: float = 0.25
    inside_bar: str = "pessimistic"
    fill: str = "open"
    opposite_setup: bool = False


class ConservativeTable(Table):
    """The wait for a second bottom, or for the retest of a line that broke: at most `wait` bars, 20 and 30 where it is
    not said; swings of width `swing`. stop: under the second bottom or the retest (`higher_low`), or the setup's own
    (`setup_low`); where it is not said the first of a second bottom, the second of a retest.
    """

    wait: int | None = Field(None, ge=1, le=1000)
    swing: int = Field(2, ge=1, le=50)
    stop: Literal["higher_low", "setup_low"] | None = None


class ContextTable(Table):
    """features: of context.py, recorded with every setup. require, refuse: of these, what must and must not hold for a
    setup to be traded.
    """

    features: tuple[str, ...] = Field((), strict=False)
    require: tuple[str, ...] = Field((), strict=False)
    refuse: tuple[str, ...] = Field((), strict=False)


class HigherTable(Table):
    """A higher timeframe's state, and what of a setup it demands: `not_against`, `with` it, or `recorded`."""

    timeframe: str = Field(min_length=1)
    state: str = "alignment"
    demand: str = "not_against"


class ConfluenceTable(Table):
    """What all other rules say is recorded with every setup, and weighed. threshold: the least sum at which one is
    traded, weights: `priority` or `equal`; lists are searched.
    """

    threshold: Any = 0
    weights: Any = "priority"


class File(Table):
    name: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")
    question: str = ""
    seed: int = Field(7, ge=0, lt=2**32)
    variants: tuple[Variant, ...] = Field(("aggressive", "conservative"), strict=False, min_length=1)
    gallery: int = Field(12, ge=0, le=60)
    data: Data
    strategy: dict[str, Any]
    beside: dict[str, list[Any]] = {}
    search: SearchTable = SearchTable()
    windows: WindowsTable = WindowsTable()
    combinatorial: CombinatorialTable | None = None
    holdout: HoldoutTable | None = None
    chance: ChanceTable = ChanceTable()
    costs: CostsTable = CostsTable()
    sizing: SizingTable = SizingTable()
    exits: ExitsTable = ExitsTable()
    conservative: ConservativeTable = ConservativeTable()
    context: ContextTable = ContextTable()
    higher: HigherTable | None = None
    confluence: ConfluenceTable | None = None
