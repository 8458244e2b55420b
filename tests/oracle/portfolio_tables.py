"""Reads the ```bars blocks that have rows of several symbols: those of SEMANTICS.md and of `portfolio_edges`.

The rows of a symbol are what they are in a block of one symbol, and are read as such: `tables` knows them. Here are
only the names, the moments without a bar, the ranks and `positions`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise

from tests.oracle import NAN
from tests.oracle.portfolio import Terms
from tests.oracle.portfolio_edges import MONEY, PLACES
from tests.oracle.portfolio_seat import Market
from tests.oracle.portfolio_times_edges import TIMES
from tests.oracle.tables import SEMANTICS, Expected, Table, blocks, of_several, tables

ROW = re.compile(r"(\d+)(?:-(\d+))?(\s*\|.*)")
FINER = re.compile(r"\^ (\d+)(\s*\|.*)")
ABSENT = re.compile(r"\s*\|\s*-\s*")
POSITIONS = re.compile(r"\bpositions=(\d+)")
RANK = re.compile(r"\brank=([^\s;]+)")


@dataclass(frozen=True)
class Due:
    """A trade that must follow; its bars are counted in moments."""

    symbol: str
    trade: Expected


@dataclass
class Several:
    """One block. `refusals` are (symbol, moment, reason)."""

    name: str
    terms: Terms = field(default_factory=Terms)
    markets: list[Market] = field(default_factory=list)
    trades: list[Due] = field(default_factory=list)
    refusals: list[tuple[str, int, str]] = field(default_factory=list)

    def refused(self, fates: list[list[str]]) -> list[tuple[str, int, str]]:
        """(symbol, moment, reason) of the entries that `fates`, one a symbol and entry, did not let in."""
        found = []
        for market, words in zip(self.markets, fates, strict=True):
            bars = [bar for bar, signal in enumerate(market.signals) for _ in signal.entries]
            found += [(market.symbol, market.stamps[bar], word) for bar, word in zip(bars, words, strict=True)]
        return sorted(one for one in found if one[2] != "entered")


@dataclass
class _Rows:
    """What one symbol's part of a block says, as the lines of a block of its own."""

    lines: list[str] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)

    def read(self, line: str) -> None:
        if finer := FINER.fullmatch(line):
            self.lines.append(f"^ {self.stamps.index(int(finer[1]))}{finer[2]}")
            return
        row = ROW.fullmatch(line)
        if not row:
            raise ValueError(f"a line no rule reads: {line!r}")
        for moment in range(int(row[1]), int(row[2] or row[1]) + 1):
            if not ABSENT.fullmatch(row[3]):
                self.lines.append(f"{len(self.stamps)}{RANK.sub('', row[3])}")
                self.stamps.append(moment)
                self.ranks += _ranks(row[3])

    def market(self, symbol: str) -> Market:
        table = _one(self.lines)
        gaps = [float(after - before) for before, after in pairwise(self.stamps)]
        bars = replace(table.bars, days=[gap * table.bars.length for gap in [*gaps, 1.0]])
        return Market(symbol, bars, table.signals, self.stamps, self.ranks)


def all_several() -> list[Several]:
    return [several for name, text in texts().items() for several in read(text, name)]


def texts() -> dict[str, str]:
    """Every text that holds blocks of several symbols, by what they are named after."""
    return {"line": SEMANTICS.read_text(), "money": MONEY, "place": PLACES, "time": TIMES}


def read(text: str, name: str) -> list[Several]:
    return [_several(f"{name}{number}", lines) for number, lines in blocks(text) if of_several(lines)]


def _several(name: str, lines: list[str]) -> Several:
    found, parts = Several(name), dict[str, _Rows]()
    for line in lines:
        first, _, rest = line.partition(" ")
        if first == "with":
            found.terms = _terms(rest)
        elif first == "@":
            parts[rest] = latest = _Rows()
        elif first not in parts:
            latest.read(line)
        elif rest.startswith("refused "):
            ((moment, reason),) = _one([rest]).refusals
            found.refusals.append((first, moment, reason))
        else:
            (trade,) = _one([rest]).trades
            found.trades.append(Due(first, trade))
    found.markets = [rows.market(symbol) for symbol, rows in parts.items()]
    return found


def _one(lines: list[str]) -> Table:
    """Lines that could stand in a block of one symbol."""
    (table,) = tables("\n".join(["```bars", *lines, "```"]))
    return table


def _terms(words: str) -> Terms:
    rest = POSITIONS.sub("", words).strip()
    options = _one([f"with {rest}"] if rest else []).options
    positions = POSITIONS.search(words)
    return Terms(**asdict(options), positions=int(positions[1]) if positions else None)


def _ranks(row: str) -> list[float]:
    """The rank of every entry of a row, NaN where it has none."""
    entries = [part for part in row.rpartition("|")[2].split(";") if part.split()[:1] in (["long"], ["short"])]
    ranks = [RANK.search(entry) for entry in entries]
    return [float(rank[1]) if rank else NAN for rank in ranks]
