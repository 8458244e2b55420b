"""A workspace in a temporary folder, and the command run in it as a user would, in this process."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.cli import main

# A rule that a child could check: a close above the high of `length` bars before, stop at that bar's low.
RULE = '''"""A close above an earlier
high.

More about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framework.params import choice, span
from framework.setups import Setups


@dataclass(frozen=True)
class Params:
    length: int = choice(14, among=(7, 14, 21), unit="bars")
    level: float = span(30.0, low=20.0, high=40.0, step=5.0, unit="points")
    side: str = choice("both", among=("long", "short", "both"), searched=False)
    strict: bool = choice(False, among=(False, True), searched=False)
    width: int = span(3, low=0, high=100, step=1, searched=False)


def setups(bars, p):
    at = np.nonzero(bars.close[p.length :] > bars.high[: -p.length])[0] + p.length
    return made(bars, at)


def made(bars, at, **changes):
    n = len(at)
    parts = {
        "symbol": bars.symbol,
        "timeframe": bars.timeframe,
        "time": bars.time,
        "rule": "rule",
        "kind": np.full(n, "up"),
        "direction": np.ones(n, np.int8),
        "anchors": {"setup_extreme": at},
        "known_at": at,
        "stop": bars.low[at],
        "features": {},
        "veto": np.full(n, ""),
    }
    return Setups(**parts | changes)
'''
HEAD = RULE[: RULE.index("def setups")]  # what stands above setups()
BODY = RULE[len(HEAD) :]
MADE = RULE[RULE.index("def made") :]

GOOD = {
    "": {"gallery": "1"},
    "data": {"files": '["data/X-1d.csv"]'},
    "strategy": {"name": '"rule"'},
    "search": {"trials": "2"},
    "chance": {"draws": "9"},
    "windows": {"train": '"1y"', "test": '"6m"'},
}


def toml(*changes: str) -> str:
    """A good experiment with changes: `seed = 3`, `costs.fee = 0.1`; `-search.trials` or `-search` takes away."""
    tables = {table: dict(keys) for table, keys in GOOD.items()}
    for change in changes:
        place, _, value = change.partition(" = ")
        table, _, key = place.removeprefix("-").rpartition(".")
        if not place.startswith("-"):
            tables.setdefault(table, {})[key] = value
        elif table:
            del tables[table][key]
        else:
            (tables if key in tables else tables[""]).pop(key)
    lines = [f"{key} = {value}" for key, value in tables.pop("").items()]
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{key} = {value}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def workspace(folder: Path, rule: str | bytes = RULE) -> Path:
    """A folder with strategies/rule.py and 900 daily bars in data/X-1d.csv."""
    for name in ("strategies", "experiments", "data"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "strategies" / "rule.py").write_bytes(rule if isinstance(rule, bytes) else rule.encode())
    walk(900).to_csv(folder / "data" / "X-1d.csv")
    return folder.resolve()


def walk(rows: int) -> pd.DataFrame:
    """Daily bars of a random walk from 2020-01-01 on, each opening at the close before."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, rows)))
    opening = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opening, close) * 1.01, np.minimum(opening, close) * 0.99
    index = pd.date_range("2020-01-01", periods=rows, name="time")
    return pd.DataFrame({"open": opening, "high": high, "low": low, "close": close, "volume": 1.0}, index=index)


@dataclass(frozen=True)
class Said:
    """What the command said and its exit status."""

    status: int | str | None
    out: str
    err: str


def chartproof(*words: str | Path) -> Said:
    """The command `chartproof WORDS`, run here."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr("sys.argv", ["chartproof", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
    return Said(end.value.code, out.getvalue(), err.getvalue())


def refused(folder: Path, *words: str | Path) -> str:
    """The one line with which the command refuses, without `error: `; nothing in the folder may change."""
    before = content(folder)
    said = chartproof(*words)
    assert (said.status, said.out) == (2, ""), said
    assert said.err.endswith("\n") and said.err.count("\n") == 1, said.err
    assert said.err.startswith("error: "), said.err
    assert content(folder) == before
    return said.err.removeprefix("error: ").rstrip("\n")


def content(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder in a folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
