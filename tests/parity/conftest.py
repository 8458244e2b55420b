"""The module under test, imported once and only when a test asks for it."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def beside() -> ModuleType:
    """framework.simulation.vectorbt; its import brings vectorbt's."""
    import framework.simulation.vectorbt as module  # noqa: PLC0415  # two seconds that no other test pays

    return module
