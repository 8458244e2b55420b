"""What bars may carry besides their prices: finer bars from patterns, funding and stamps, made again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.oracle import Bars, Quote

# A pattern is what each finer bar visits, in order: the bar's open, high, low and close; a quarter, half and three
# quarters of the way up from its low (a m b); prices outside of it (H L).
CONSISTENT = [
    "oh hl lc", "ol lh hc", "om mhl lc", "om mlh hc", "o h l c", "o l h c", "ohlc", "oa al lm mh hc",
    "ob bh hm ml lc", "om mb bhm mal lc", "oa bh lc", "ob al hc",
]  # fmt: skip
ODD = ["", "", "om mc", "l h c", "hl lc", "bm H", "am L", "H L", "o", "ohc l", "mab c"]
RATES = [0.0, 0.0, 0.0001, -0.0003, 0.01, -0.02, 0.25, -0.5]
LENGTHS = [1.0, 0.25, 1 / 24]  # of a bar, in days
SPACES = [[1], [1, 1, 1, 1, 3], [2, 1, 7]]  # from an open to the next, in lengths


@dataclass(frozen=True)
class Furniture:
    """Each list is used over and over, an empty one not at all."""

    patterns: list[str]
    rates: list[float]
    spaces: list[int]
    length: float = 1.0


def furnished(bars: Bars, furniture: Furniture) -> Bars:
    """The bars with finer bars, funding and distances between their opens."""
    patterns, rates, spaces = furniture.patterns, furniture.rates, furniture.spaces
    count = len(bars.open)
    days = [spaces[bar % len(spaces)] * furniture.length for bar in range(count)] if spaces else []
    days[-1:] = [furniture.length] if spaces else []
    return replace(
        bars,
        finer=[finer(bars, bar, patterns[bar % len(patterns)]) for bar in range(count)] if patterns else [],
        funding=[rates[bar % len(rates)] for bar in range(count)] if rates else [],
        days=days,
        length=furniture.length,
    )


def finer(bars: Bars, bar: int, pattern: str) -> list[Quote]:
    low, high = bars.low[bar], bars.high[bar]
    prices = {
        "o": bars.open[bar], "h": high, "l": low, "c": bars.close[bar],
        "a": low + (high - low) / 4, "m": low + (high - low) / 2, "b": high - (high - low) / 4,
        "H": high * 1.25, "L": low * 0.75,
    }  # fmt: skip
    visited = [[prices[letter] for letter in group] for group in pattern.split()]
    return [Quote(group[0], max(group), min(group), group[-1]) for group in visited]
