"""Reads the ```bars blocks of SEMANTICS.md: what goes in and what must come out. EDGES are more of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from tests.oracle import NAN, Bars, Entry, Options, Signal

SEMANTICS = Path(__file__).parents[2] / "framework" / "simulation" / "SEMANTICS.md"
SIDES = {"long": 1, "short": -1}
ROW = re.compile(r"(\d+)(?:-(\d+))?\s*\|([^|]*)\|(.*)")
TRADE = re.compile(r"(long|short) entry (\d+) @ (\S+) exit (\d+) @ (\S+) (\w+) r (\S+)(?: size (\S+))?( ambiguous)?")
REFUSED = re.compile(r"refused (\d+) (\w+)")

EDGES = """
An open at the very stop is beyond it, also where a size is to be made from the risk.
```bars
with risk=0.01 min_risk_atr=0
0 | 100 101  99 100 | long stop=100; long stop=100.5
1 | 100 101  99 100 | short stop=100
2 | 100 101  99 100 |
refused 0 beyond_stop
refused 0 beyond_stop
refused 1 beyond_stop
```
A buffer has nothing to move where there is no stop and none is needed.
```bars
with stop=own stop_buffer_atr=0.5
0-13 | 100 102  98 100 |
14   | 100 102  98 100 | long
15   | 100 102  98 101 |
long entry 15 @ 100 exit 15 @ 101 open r nan
```
Ruin comes before whatever else would end the trade at that close.
```bars
with fill=close time_stop=1 leverage=5 fraction=5 stop=own
0 | 100 101  99 100 | short
1 | 100 130  99 125 | long
2 | 100 101  99 100 |
short entry 0 @ 100 exit 1 @ 125 ruined r nan size 50
refused 1 ruined
```
Equity of exactly zero: nothing is left to reverse with, nor to go on with.
```bars
with stop=own on_opposite=reverse fraction=10 leverage=10
0 | 100 100 100 100 | long
1 | 100 100 100 100 | short
2 |  90  90  90  90 | short
3 |  90  90  90  90 | long
4 |  90  90  90  90 |
long entry 1 @ 100 exit 2 @ 90 opposite r nan size 100
refused 1 no_cash
refused 2 ruined
refused 3 ruined
```
The first that is not refused is taken.
```bars
0 | 100 101  99 100 | long stop=100; long stop=95 target=100; long stop=90; long stop=95
1 | 100 101  99 100 |
refused 0 beyond_stop
refused 0 beyond_target
refused 0 lapsed
long entry 1 @ 100 exit 1 @ 100 open r 0
```
On the last bar a reversal has no open, neither to close nor to enter; what is not a reversal is opposite as ever.
```bars
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | short stop=105
refused 1 no_bar
long entry 1 @ 100 exit 1 @ 100 open r 0
```
```bars
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | short stop=105
refused 1 opposite
long entry 1 @ 100 exit 1 @ 100 open r 0
```
A close can be traded on the last bar too.
```bars
with fill=close on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 104  96 102 | short stop=110
long entry 0 @ 100 exit 1 @ 102 opposite r 0.4
short entry 1 @ 102 exit 1 @ 102 open r 0
```
The signal names the exit before the time stop does, and that before the opposite entry.
```bars
with time_stop=1
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | exit long; short stop=105
2 | 101 102 100 101 | long stop=95
3 | 101 102 100 101 | short stop=105
4 | 102 103 101 102 |
refused 1 opposite
refused 3 opposite
long entry 1 @ 100 exit 2 @ 101 signal r 0.2
long entry 3 @ 101 exit 4 @ 102 time r 0.16666666666666666
```
An entry's own target comes before the one in R; slippage makes a short's stop dearer.
```bars
with target_r=1 slippage=0.01
0 | 100 101  99 100 | short stop=109 target=80
1 | 100 101  85 100 |
2 | 100 110  99 100 |
short entry 1 @ 99 exit 2 @ 110.09 stop r -1.109
```
"""


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
        values[name] = int(value) if "int" in kind else float(value) if "float" in kind else value
    return replace(Options(), **values)  # type: ignore[arg-type]


def _row(table: Table, first: int, last: int, prices: list[float], known: str) -> None:
    if first != len(table.signals):
        raise ValueError(f"bar {first} stands where bar {len(table.signals)} is due")
    open_, high, low, close = prices
    for _ in range(first, last + 1):
        table.bars.open.append(open_)
        table.bars.high.append(high)
        table.bars.low.append(low)
        table.bars.close.append(close)
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
