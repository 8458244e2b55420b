"""What a shell is told that a word may go on as. It waits for the answer, so nothing large is imported."""

from __future__ import annotations

import re
from pathlib import Path

CLAIMS = Path(__file__).parents[1] / "evidence" / "claims"
ID = re.compile(r'Claim\(\s*f?"(K\d+[a-z]?)')  # of lettered ones their number, which stands for all of them


def strategy_names(incomplete: str) -> list[str]:
    """The strategies of the workspace here that begin so."""
    here = Path.cwd()
    folders = (folder / "strategies" for folder in (here, *here.parents))
    home = next((folder for folder in folders if folder.is_dir()), here)
    return sorted(
        path.stem for path in home.glob("*.py") if path.stem[0] not in "._" and path.stem.startswith(incomplete)
    )


def claim_ids(incomplete: str) -> list[str]:
    """The claims that begin so, read from their sources."""
    found = {one for path in CLAIMS.glob("*.py") for one in ID.findall(path.read_text(encoding="utf-8"))}
    return sorted(one for one in found if one.startswith(incomplete.upper()))
