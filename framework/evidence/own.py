"""Claims of one's own, from a Python file that declares CLAIMS as the ledger's own files do."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from ..compiled import reach, sources
from ..errors import UserError
from ..workspace import execute
from .claim import Claim


def own_claims(path: Path) -> list[Claim]:
    """The claims of a file. Raises UserError where there is none, or what it declares is no claim."""
    if not path.is_file():
        raise UserError(str(path), "there is no such file", "a Python file that declares CLAIMS")
    if path.suffix != ".py":
        raise UserError(str(path), "is no Python file", "a file whose name ends in .py")
    module = execute(path.read_bytes(), path, f"claims.{path.stem}", str(path))
    found = getattr(module, "CLAIMS", None)
    if not isinstance(found, (tuple, list)) or not all(isinstance(one, Claim) for one in found):
        raise UserError(str(path), "declares no CLAIMS", "CLAIMS = (Claim(...), ...)")
    return list(found)


def definition(claim: Claim) -> str:
    """A hash of what decides a claim's verdict besides the data: its file and all that this imports, and its fields."""
    asked = {"": claim.test, **claim.also}
    paths, given = zip(*(_made_of(claim.id, test) for test in asked.values()), strict=True)
    files = sources({file for path in (*paths, Path(__file__).with_name("ledger.py")) for file in reach(path)})
    fields = (claim.id, claim.says, claim.expects, claim.least, claim.mechanical, claim.timeframe, claim.around)
    decided = (*fields, list(asked), given)
    return hashlib.sha256(f"{files}{decided!r}".encode()).hexdigest()[:16]


def _made_of(claim: str, test: Any) -> tuple[Path, str]:
    """The file in which a test is written, and what it is given there besides. Raises UserError for what is written in
    none.
    """
    given = [*test.args, *sorted(test.keywords.items())] if isinstance(test, partial) else []
    code = getattr(test.func if isinstance(test, partial) else test, "__code__", None)
    if code is None:
        raise UserError(f"claim {claim}", f"has the test {test!r}", "a function that returns a contrast")
    given += [cell.cell_contents for cell in getattr(test, "__closure__", None) or ()]
    said = [getattr(one, "__qualname__", repr(one)) for one in given]  # a function's repr is another in each process
    return Path(code.co_filename), f"{code.co_name}{said}"
