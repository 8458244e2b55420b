"""Files of real markets beside the project, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def needed(name: str) -> Path:
    """A file of real data; the test that asks is skipped where it is not there."""
    if not (DATA / name).is_file():
        pytest.skip(f"{name} of ../shared/data is not here")
    return DATA / name
