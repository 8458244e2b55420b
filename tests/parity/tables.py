"""Bars on which the two disagree, under the name of the reason: our trades as SEMANTICS.md writes them, and theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.oracle.tables import SIDES, Table, tables

TRADE = re.compile(r"vectorbt (long|short) entry (\d+) @ (\S+) exit (\d+) @ (\S+)( open)?(?: size (\S+))?")

TEXT = """
entry_bar
0 | 100 101  99 100 | long stop=95
1 | 100 102  94 101 |
2 | 101 103 100 102 |
3 | 101 103  94 102 |
long entry 1 @ 100 exit 1 @ 95 stop r -1
vectorbt long entry 1 @ 100 exit 3 @ 95

entry_bar
0 | 100 101  99 100 | short stop=105 target=90
1 | 100 102  89 100 | short stop=105
2 | 100 101  99 100 |
short entry 1 @ 100 exit 1 @ 90 target r 2
short entry 2 @ 100 exit 2 @ 100 open r 0
vectorbt short entry 1 @ 100 exit 2 @ 100 open

gap_beyond_target
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 112 113  90  91 |
long entry 1 @ 100 exit 2 @ 112 target r 2.4
vectorbt long entry 1 @ 100 exit 2 @ 95

stop_before_exit
0 | 100 101  99 100 | long stop=95
1 | 100 102  98 101 | exit long
2 | 101 103  94 100 |
long entry 1 @ 100 exit 2 @ 101 signal r 0.2
vectorbt long entry 1 @ 100 exit 2 @ 95

stop_before_exit
0 | 100 101  99 100 | short stop=105 target=90
1 | 100 102  98 101 | long stop=90
2 | 101 103  89 100 |
short entry 1 @ 100 exit 2 @ 101 opposite r -0.2
refused 1 opposite
vectorbt short entry 1 @ 100 exit 2 @ 90

one_order_a_bar
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 102  98 101 | short stop=111
2 |  94  96  93  95 |
3 |  95  96  94  95 |
long entry 1 @ 100 exit 2 @ 94 opposite r -1.2
short entry 2 @ 94 exit 3 @ 95 open r -0.058823529411764705
vectorbt long entry 1 @ 100 exit 2 @ 94

one_order_a_bar
with fill=close
0 | 100 101  99 100 | long stop=95
1 | 100 102  94  98 | long stop=90
2 |  98  99  97  98 |
long entry 0 @ 100 exit 1 @ 95 stop r -1
long entry 1 @ 98 exit 2 @ 98 open r 0
vectorbt long entry 0 @ 100 exit 1 @ 95

reversal_size
with on_opposite=reverse
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | short stop=130
2 | 125 126 124 125 |
long entry 1 @ 100 exit 2 @ 125 opposite r 2.5 size 10
short entry 2 @ 125 exit 2 @ 125 open r 0 size 8
vectorbt long entry 1 @ 100 exit 2 @ 125 size 10
vectorbt short entry 2 @ 125 exit 2 @ 125 open size 10

fraction
0 | 129.6 130 129 129.6 | long stop=126
1 | 129.6 130 129 129.6 |
2 | 129.6 130 126 129.6 |
3 | 129.6 130 129 129.6 |
long entry 1 @ 129.6 exit 2 @ 126 stop r -1
vectorbt long entry 1 @ 129.6 exit 3 @ 129.6 open

ruin
with stop=own
0 | 100 101  99 100 | short
1 | 100 102  98 100 |
2 | 100 210  99 205 | exit short
3 | 250 251 249 250 |
short entry 1 @ 100 exit 2 @ 205 ruined r nan size 10
vectorbt short entry 1 @ 100 exit 3 @ 250 size 8
vectorbt short entry 1 @ 100 exit 3 @ 250 open size 2

dust
with cash=1e-11
0 | 100 101  99 100 | long stop=95
1 | 100 102  98 101 | exit long
2 | 110 111 109 110 |
long entry 1 @ 100 exit 2 @ 110 signal r 2 size 1e-13
"""


@dataclass(frozen=True)
class Theirs:
    side: int
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    open: bool
    size: float | None


@dataclass(frozen=True)
class Both:
    name: str  # of the difference
    ours: Table
    theirs: list[Theirs]


def both() -> list[Both]:
    """Every table, with vectorbt's lines taken out of ours."""
    found = []
    for block in TEXT.strip().split("\n\n"):
        name, *lines = block.splitlines()
        theirs = [line for line in lines if line.startswith("vectorbt ")]
        text = "\n".join(["```bars", *(line for line in lines if line not in theirs), "```"])
        found.append(Both(name, tables(text)[0], [_theirs(line) for line in theirs]))
    return found


def _theirs(line: str) -> Theirs:
    trade = TRADE.fullmatch(line)
    if not trade:
        raise ValueError(f"a line no rule reads: {line!r}")
    side, entry, paid, leave, got, still, size = trade.groups()
    numbers = int(entry), float(paid), int(leave), float(got)
    return Theirs(SIDES[side], *numbers, bool(still), float(size) if size else None)
