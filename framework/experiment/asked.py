"""What a ledger is asked: which claims, on which data, at which costs; from the command or a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from ..errors import UserError, nearest
from ..evidence.claim import Claim, registered
from ..evidence.claims import CLAIMS
from ..evidence.own import own_claims
from ..simulation import Costs
from ..sources.sample import symbols
from ..workspace import root
from .explain import explained
from .tables import CostsTable, Data, Table


class ClaimsTable(Table):
    """only: ids of the claims to test, all of them without one. own: Python files with claims of one's own."""

    only: tuple[str, ...] = Field((), strict=False)
    own: tuple[str, ...] = Field((), strict=False)


class LedgerFile(Table):
    seed: int = Field(7, ge=0, lt=2**32)
    data: Data = Data()
    claims: ClaimsTable = ClaimsTable()
    costs: CostsTable = CostsTable()


@dataclass(frozen=True)
class Asked:
    """path: what the user named, for messages. workspace: from where the data's files are named."""

    path: Path
    workspace: Path
    seed: int
    data: Data
    costs: Costs
    claims: tuple[Claim, ...]


def asked(path: Path | None, ids: Sequence[str], files: Sequence[str]) -> Asked:
    """A ledger's question: the file's where there is one, ids and data of the command instead of the file's.

    Files among the ids are data, so that a shell's `*` may stand behind --data. Raises UserError naming the field and
    the nearest word.
    """
    files = [*files, *(one for one in ids if _is_data(one))]
    ids = [one for one in ids if not _is_data(one)]
    file, place, workspace = LedgerFile(), Path("claims"), Path.cwd()
    if path:
        file, place, workspace = _read(path), path, root(path.resolve().parent)
    data = file.data
    if files:
        named = [name.removeprefix("sample:") for name in files if name.startswith("sample:")]
        rest = [str(Path(name).resolve()) for name in files if not name.startswith("sample:")]
        data = Data(symbols=tuple(named), files=tuple(rest))
    elif not data.symbols and not data.files:
        data = data.model_copy(update={"symbols": tuple(symbols())})
    known = registered([*CLAIMS.values(), *(one for name in file.claims.own for one in own_claims(workspace / name))])
    try:
        costs = Costs(**file.costs.model_dump())
    except UserError as error:
        raise UserError(f"{place}: {error.where}", error.wrong, error.right) from None
    return Asked(place, workspace, file.seed, data, costs, _chosen(place, known, ids or file.claims.only))


def _is_data(word: str) -> bool:
    return word.startswith("sample:") or Path(word).suffix in (".parquet", ".csv")


def _chosen(path: Path, known: dict[str, Claim], ids: Sequence[str]) -> tuple[Claim, ...]:
    """Those of the ids; an id that several begin with, as K66 of K66a and K66b, stands for them."""
    if not ids:
        return tuple(known.values())
    chosen: dict[str, Claim] = {}
    for asked_for in ids:
        lettered = [one for one in known if one[:-1] == asked_for and one[-1].isalpha()]
        found = [asked_for] if asked_for in known else lettered
        if not found:
            raise UserError(f"{path}: claim '{asked_for}'", "is none", nearest(asked_for.upper(), known))
        chosen |= {name: known[name] for name in found}
    return tuple(chosen.values())


def _read(path: Path) -> LedgerFile:
    if not path.is_file():
        raise UserError(str(path), "there is no such file", "name a TOML file")
    try:
        return LedgerFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        raise explained(path, error, LedgerFile) from None
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), f"is not TOML: {error}", 'lines such as key = "value" under [table] heads') from None
