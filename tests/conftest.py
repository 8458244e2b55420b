"""What the tests here have to say besides that they passed."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The rows that tests recorded as `planted`, a table below all tests."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    rows = [value for one in reports for name, value in getattr(one, "user_properties", []) if name == "planted"]
    if not rows:
        return
    terminalreporter.section("planted patterns")
    for row in dict.fromkeys(rows):
        terminalreporter.line(row)
