"""Runs here draw all their pictures, but nobody looks at them: tests/report does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from matplotlib.figure import Figure


def unseen(figure: Figure, buffer: Any, **how: Any) -> None:
    width, height = figure.get_size_inches() * 72
    buffer.write(f'<svg viewBox="0 0 {width:g} {height:g}"></svg>')


@pytest.fixture(autouse=True, scope="package")
def pictures_unseen() -> Iterator[None]:
    """Rendering takes half of a small run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", unseen)
        yield
