"""Reads the ```bars blocks of SEMANTICS.md and of `edges`: what goes in and what must come out.

A row may name its volume after its close, `nan` where it is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from tests.oracle import NAN, PLENTY, Bars, Entry, Options, Signal
from tests.oracle.edges import EDGES
from tests.oracle.moving_edges import EXCHANGE, MOVING

SEMANTICS = Path(__file__).parents[2] / "framework" / "simulation" / "SEMANTICS.md"
SIDES = {"long": 1, "short": -1}
ROW = re.compile(r"(\d+)(?:-(\d+))?\s*\|([^|]*)\|(.*)")
TRADE = re.compile(r"(long|short) entry (\d+) @ (\S+) exit (\d+) @ (\S+) (\w+) r (\S+)(?: size (\S+))?( ambiguous)?")
REFUSED = re.compile(r"refused (\d+) (\w+)")


@dataclass(frozen=True)
class Expected:
    """One trade that must follow; `size` is None where the table does not state it."""

    side: int
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    reason: str
    r: float
    size: float | None
    ambiguous: bool


@dataclass
class Table:
    name: str  # from the block's line in its text
    options: Options = field(default_factory=Options)
    bars: Bars = field(default_factory=lambda: Bars([], [], [], []))
    signals: list[Signal] = field(default_factory=list)
    trades: list[Expected] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)

    def refused(self, fates: list[str]) -> list[tuple[int, str]]:
        """(bar, reason) of the entries that `fates`, one per entry in order, did not let in."""
        bars = [bar for bar, signal in enumerate(self.signals) for _ in signal.entries]
        return sorted((bar, fate) for bar, fate in zip(bars, fates, strict=True) if fate != "entered")


def texts() -> dict[str, str]:
    """Every text that holds tables, by what its tables are named after."""
    return {"line": SEMANTICS.read_text(), "edge": EDGES, "moving": MOVING, "exchange": EXCHANGE}


def all_tables() -> list[Table]:
    return [table for name, text in texts().items() for table in tables(text, name)]


def tables(text: str, name: str = "line") -> list[Table]:
    """Every ```bars block of a text, named after its line there. Raises ValueError on a line it cannot read."""
    found: list[Table] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line.strip() == "```bars"
            if inside:
                found.append(Table(f"{name}{number}"))
        elif inside:
            _read(found[-1], line.strip())
    return found


def _read(table: Table, line: str) -> None:
    if line.startswith("with "):
        table.options = _options(line.removeprefix("with "))
    elif row := ROW.fullmatch(line):
        _row(table, int(row[1]), int(row[2] or row[1]), [float(price) for price in row[3].split()], row[4])
    elif trade := TRADE.fullmatch(line):
        side, entry, entry_price, leave, leave_price, reason, r, size, ambiguous = trade.groups()
        table.trades.append(
            Expected(
                SIDES[side], int(entry), float(entry_price), int(leave), float(leave_price), reason, float(r),
                float(size) if size else None, bool(ambiguous),
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
    return replace(Options(), **values)  # type: ignore[arg-type]


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
        table.signals.append(_signal(known))


def _signal(known: str) -> Signal:
    signal = Signal()
    for part in known.split(";"):
        words = part.split()
        if words == ["exit", "long"]:
            signal.exit_long = True
        elif words == ["exit", "short"]:
            signal.exit_short = True
        elif words:
            prices = dict(word.split("=") for word in words[1:])
            stop, target = float(prices.pop("stop", NAN)), float(prices.pop("target", NAN))
            if prices:
                raise ValueError(f"an unknown word: {part!r}")
            signal.entries.append(Entry(SIDES[words[0]], stop, target))
    return signal
