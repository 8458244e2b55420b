"""A run's folder as it is found on disk, perhaps a stranger's: its JSON is checked before any of it is believed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from ..errors import UserError
from .files import MANIFEST

SUMMARY, REPORT = "summary.json", "report.html"
LARGEST = 64_000_000  # bytes of a JSON file: a summary of many windows has a hundredth
RIGHT = "a run's own file, of this version of chartproof"

Count = Annotated[int, Field(ge=0, le=10**15)]
Bounds = Annotated[list[float | None], Field(min_length=2, max_length=2)]
Counts = dict[str, Count]
Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """Some keys of a JSON object, of exactly these types; what else it holds is left alone."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=True)


class Figure(Part):
    """An estimate: None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    n: Count
    enough: bool


class Account(Part):
    """What an equity came to."""

    total_return: float | None
    max_drawdown: float | None
    sharpe: Figure


class Carry(Part):
    """Funding and borrowing of a variant."""

    r: Figure
    paid: float


class Ambiguity(Part):
    """Bars that held stop and target both; the bounds are there where there are trades."""

    trades: Count
    share: float | None
    win_rate: Bounds = []
    expectancy_r: Bounds = []

    @pydantic.model_validator(mode="after")
    def _both(self) -> Self:
        if len(self.win_rate) != len(self.expectancy_r):
            raise ValueError("one bound without the other")
        return self


class Variant(Account):
    """One entry's figures, as in summary.json."""

    setups: Count
    filled: Count
    fates: Counts
    trades: Count
    open: Count
    refused: Counts
    win_rate: Figure
    win_rate_open_marked: Figure
    expectancy_r: Figure
    costs_r: Figure
    carry: Carry | None
    profit_factor: Figure
    bars_held: Figure
    exits: Counts
    ambiguity: Ambiguity


class Period(Part):
    """The first and the last bar of the tests."""

    begin: pydantic.AwareDatetime = Field(alias="from")
    end: pydantic.AwareDatetime = Field(alias="to")

    @pydantic.field_validator("begin", "end")
    @classmethod
    def _of_a_market(cls, moment: datetime) -> datetime:
        if not 1600 < moment.year < 2200:
            raise ValueError("no market had a bar then")
        return moment


class Verdict(Part):
    """The sentences of the answer, in the order in which they are told."""

    short: str
    answer: str
    compared: str = ""
    search: str = ""
    chance: str = ""
    trials: str = ""
    holdout: str = ""
    warning: str = ""


class Expected(Part):
    """The expectancy of a variant."""

    expectancy_r: Figure


class Identity(Part):
    """Whose figures a file holds."""

    identity: str


class Head(Part):
    """What the index tells of a run."""

    name: str
    question: str
    strategy: str
    period: Period
    symbols: list[str]
    timeframe: str
    verdict: Verdict
    variants: dict[Literal["aggressive", "conservative"], Expected] = Field(min_length=1)
    provenance: Identity


class Summary(Head):
    """What a comparison tells of a run."""

    variants: dict[Literal["aggressive", "conservative"], Variant] = Field(min_length=1)  # type: ignore[assignment]
    buy_and_hold: Account
    shared: bool
    optimistic: bool
    funding: dict[str, Any]
    finer: dict[str, Any]


class Sizing(Part):
    """The cash with which an account began."""

    model_config = ConfigDict(extra="allow")
    cash: float = Field(gt=0, allow_inf_nan=False)


class Setting(Part):
    """An experiment's configuration with every default."""

    model_config = ConfigDict(extra="allow")
    name: str
    question: str
    sizing: Sizing
    costs: dict[str, Any]
    exits: dict[str, Any]
    holdout: dict[str, Any] | None


class Manifest(Part):
    """Where a run's numbers come from."""

    identity: str
    configuration: Setting
    data: dict[str, dict[str, Any]]
    strategy_sha256: str
    framework_sha256: str
    versions: dict[str, str]
    seed: int
    commit: str | None


class Claim(Part):
    """A row of the ledger of claims."""

    verdict: str


class Verdicts(Part):
    """What a ledger of claims found."""

    claims: list[Claim]


class Asked(Part):
    """Of which markets a ledger of claims is."""

    data: dict[str, Any]


class Name(Part):
    """What a run that has only begun is called; a ledger of claims has claims instead."""

    name: str = ""
    question: str = ""
    claims: list[str] = []


class Begun(Asked):
    """The manifest of a run, or of a ledger, that has only begun."""

    configuration: Name


def read(model: type[Model], path: Path) -> Model:
    """The JSON file as a `model`. Raises UserError, one line, where it is missing, damaged or of another shape."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(str(path), f"is larger than {LARGEST // 1_000_000} MB", RIGHT)
        return model.model_validate_json(path.read_bytes())
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}{f': {place}' if place else ''}", _said(first["type"], first["msg"]), RIGHT) from None
    except (OSError, RecursionError) as error:
        raise UserError(str(path), f"cannot be read ({type(error).__name__})", RIGHT) from None


def _said(kind: str, message: str) -> str:
    if kind == "missing":
        return "is not there"
    return "is no JSON, or only a part of it" if kind == "json_invalid" else f"is not what it should be ({message})"


def unfinished(folder: Path) -> bool:
    """Whether a run was begun there and has not come to its report."""
    return (folder / MANIFEST).is_file() and not ((folder / SUMMARY).is_file() and (folder / REPORT).is_file())
