"""Claims of one's own, from a Python file that declares CLAIMS as the ledger's own files do."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from functools import partial
from pathlib import Path

from ..compiled import reach, sources
from ..errors import UserError
from .claim import Claim


def own_claims(path: Path) -> list[Claim]:
    """The claims of a file. Raises UserError where there is none, or what it declares is no claim."""
    if not path.is_file():
        raise UserError(str(path), "there is no such file", "a Python file that declares CLAIMS")
    name = f"claims.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise UserError(str(path), "is no Python file", "a file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        # Not by the loader: its bytecode is the old one's when a file of equal size is written twice in a second.
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{path}{line_in(error, path)}", f"{type(error).__name__}: {error}", "mend the file") from error
    found = getattr(module, "CLAIMS", None)
    if not isinstance(found, (tuple, list)) or not all(isinstance(one, Claim) for one in found):
        raise UserError(str(path), "declares no CLAIMS", "CLAIMS = (Claim(...), ...)")
    return list(found)


def line_in(error: BaseException, path: Path) -> str:
    """Where in that file an error arose, as `:12`; empty where it did not."""
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        return f":{error.lineno}"
    at, trace = "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            at = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return at


def definition(claim: Claim) -> str:
    """A hash of what decides a claim's verdict besides the data: its file and all that this imports, and its fields."""
    test = claim.test.func if isinstance(claim.test, partial) else claim.test
    path = Path(test.__code__.co_filename)
    fields = (claim.id, claim.says, claim.expects, claim.least, claim.mechanical, claim.timeframe, repr(claim.around))
    files = sources([*reach(path), *reach(Path(__file__).with_name("ledger.py"))])
    return hashlib.sha256(f"{files}{fields!r}".encode()).hexdigest()[:16]
