"""Three hourly bars as the text of a file, and the one line that refuses a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.errors import UserError
from framework.sources import load

ROWS = ["10,12,9,11,5", "11,13,10,12,6", "12,14,11,13,7"]
HOURS = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]
UNIX = [1_704_067_200, 1_704_070_800, 1_704_074_400]


def text(times: list[object], header: str = "time,open,high,low,close,volume") -> str:
    return "\n".join([header, *(f"{time},{row}" for time, row in zip(times, ROWS, strict=True))]) + "\n"


def refused(path: Path | str, **options: str) -> str:
    """The one line of the refusal, without the path."""
    with pytest.raises(UserError) as caught:
        load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")
