"""What the tests here have to say besides that they passed."""

from __future__ import annotations

import gc
from typing import Any

from hypothesis import settings

from tests import examples

settings.register_profile("ordinary", max_examples=examples(settings.default.max_examples))
settings.load_profile("ordinary")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The rows that tests recorded as `planted`, a table below all tests."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    rows = [value for one in reports for name, value in getattr(one, "user_properties", []) if name == "planted"]
    if not rows:
        return
    terminalreporter.section("planted patterns")
    for row in dict.fromkeys(rows):
        terminalreporter.line(row)


def pytest_collection_finish() -> None:
    """What the modules hold is looked through at every full collection, and never becomes rubbish."""
    gc.collect()
    gc.freeze()
