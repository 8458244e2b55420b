"""Reads the ```bars blocks of SEMANTICS.md and of `edges`: what goes in and what must come out.

Beside what that text explains, a row may name its volume after its close (`nan` where it is unknown), the `days=` from
its open to the next where that is not one, and the `window=` of an entry or of all its exits. Blocks of several symbols
are left to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from tests.oracle import NAN, PLENTY, Bars, Entry, Options, Quote, Signal
from tests.oracle.carry_edges import CARRY
from tests.oracle.edges import EDGES
from tests.oracle.finer_edges import FINER
from tests.oracle.moving_edges import EXCHANGE, MOVING
from tests.oracle.target_edges import TARGETS
from tests.oracle.window_edges import WINDOWS

SEMANTICS = Path(__file__).parents[2] / "framework" / "simulation" / "SEMANTICS.md"
SIDES = {"long": 1, "short": -1}
ROW = re.compile(r"(\d+)(?:-(\d+))?\s*\|([^|]*)\|(.*)")
FINER_ROW = re.compile(r"\^ (\d+)\s*\|(.*)")
TRADE = re.compile(
    r"(long|short) entry (\d+) @ (\S+) exit (\d+) @ (\S+) (\w+) r (\S+)"
    r"(?: size (\S+))?(?: carry (\S+))?( ambiguous)?"
)
REFUSED = re.compile(r"refused (\d+) (\w+)")


@dataclass(frozen=True)
class Expected:
    """One trade that must follow; `size` and `carry` are None where the table does not state them."""

    side: int
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    reason: str
    r: float
    size: float | None
    carry: float | None
    ambiguous: bool


@dataclass
class Table:
    name: str  # from the block's line in its text
    options: Options = field(default_factory=Options)
    bars: Bars = field(default_factory=lambda: Bars([], [], [], [], [], [], [], []))
    signals: list[Signal] = field(default_factory=list)
    trades: list[Expected] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)

    def refused(self, fates: list[str]) -> list[tuple[int, str]]:
        """(bar, reason) of the entries that `fates`, one per entry in order, did not let in."""
        bars = [bar for bar, signal in enumerate(self.signals) for _ in signal.entries]
        return sorted((bar, fate) for bar, fate in zip(bars, fates, strict=True) if fate != "entered")


def texts() -> dict[str, str]:
    """Every text that holds tables, by what its tables are named after."""
    more = {"edge": EDGES, "moving": MOVING, "exchange": EXCHANGE, "finer": FINER, "carry": CARRY}
    return {"line": SEMANTICS.read_text(), **more, "target": TARGETS, "window": WINDOWS}


def all_tables() -> list[Table]:
    return [table for name, text in texts().items() for table in tables(text, name)]


def tables(text: str, name: str = "line") -> list[Table]:
    """Every ```bars block of one symbol, named after its line. Raises ValueError on a line it cannot read."""
    found = []
    for number, lines in blocks(text):
        if not of_several(lines):
            found.append(Table(f"{name}{number}"))
            for line in lines:
                _read(found[-1], line)
    return found


def blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of every ```bars block of a text, and the number of the line it begins at."""
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            if lines is not None:
                lines.append(line.strip())
        elif lines is None and line.strip() == "```bars":
            begin, lines = number, list[str]()
        elif lines is not None:
            yield begin, lines
            lines = None


def of_several(lines: list[str]) -> bool:
    """Whether a block has rows of several symbols."""
    return any(line.startswith("@ ") for line in lines)


def _read(table: Table, line: str) -> None:
    if line.startswith("with "):
        table.options = _options(line.removeprefix("with "))
    elif row := ROW.fullmatch(line):
        _row(table, int(row[1]), int(row[2] or row[1]), [float(price) for price in row[3].split()], row[4])
    elif finer := FINER_ROW.fullmatch(line):
        table.bars.finer[int(finer[1])].append(Quote(*(float(price) for price in finer[2].split())))
    elif trade := TRADE.fullmatch(line):
        side, entry, entry_price, leave, leave_price, reason, r, size, carry, ambiguous = trade.groups()
        table.trades.append(
            Expected(
                SIDES[side], int(entry), float(entry_price), int(leave), float(leave_price), reason, float(r),
                float(size) if size else None, float(carry) if carry else None, bool(ambiguous),
            )
        )  # fmt: skip
    elif refused := REFUSED.fullmatch(line):
        table.refusals.append((int(refused[1]), refused[2]))
    else:
        raise ValueError(f"a line no rule reads: {line!r}")


def _options(text: str) -> Options:
    kinds = {option.name: str(option.type) for option in fields(Options)}
    values: dict[str, str | int | float] = {}
    for pair in text.split():
        name, value = pair.split("=")
        kind = kinds[name]
        if "bool" in kind:
            values[name] = {"true": True, "false": False}[value]
        else:
            values[name] = int(value) if "int" in kind else float(value) if "float" in kind else value
    return replace(Options(), **values)


def _row(table: Table, first: int, last: int, numbers: list[float], known: str) -> None:
    if first != len(table.signals):
        raise ValueError(f"bar {first} stands where bar {len(table.signals)} is due")
    open_, high, low, close, volume = numbers if len(numbers) == 5 else [*numbers, PLENTY]
    for _ in range(first, last + 1):
        table.bars.open.append(open_)
        table.bars.high.append(high)
        table.bars.low.append(low)
        table.bars.close.append(close)
        table.bars.volume.append(volume)
        table.bars.finer.append([])
        table.bars.funding.append(0.0)
        table.bars.days.append(table.bars.length)
        table.signals.append(Signal())
        for part in known.split(";"):
            _known(table, part)


def _known(table: Table, part: str) -> None:
    """One of the things that are known at the close of the last row."""
    bars, signal = table.bars, table.signals[-1]
    words = [word for word in part.split() if "=" not in word]
    numbers = {name: float(value) for name, value in (word.split("=") for word in part.split() if "=" in word)}
    match words:
        case ["long" | "short" as side]:
            stop, target, height = (numbers.pop(name, NAN) for name in ("stop", "target", "height"))
            signal.entries.append(Entry(SIDES[side], stop, target, height, int(numbers.pop("window", 0))))
        case ["exit", "long" | "short" as side]:
            signal.exit_long |= side == "long"
            signal.exit_short |= side == "short"
            signal.exit_window = int(numbers.pop("window")) if "window" in numbers else signal.exit_window
        case []:
            bars.funding[-1] = numbers.pop("funding", bars.funding[-1])
            bars.days[-1] = numbers.pop("days", bars.days[-1])
        case _:
            raise ValueError(f"an unknown word: {part!r}")
    if numbers:
        raise ValueError(f"an unknown word: {part!r}")
