"""The entry policies, walked bar by bar; longs and shorts each written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .indicators import atr
from .swings import swing_highs, swing_lows


@dataclass(frozen=True)
class Entry:
    """What became of one setup: its fate and, where it was entered, the bar of the signal, the side and the stop."""

    setup: int
    fate: str
    bar: int = -1
    side: int = 0
    stop: float = 0.0


def aggressive(bars: Any, setups: Any) -> list[Entry]:
    """Enter every setup at the close at which it is known, with the setup's own stop."""
    return [
        Entry(row, "entered", int(setups.known_at[row]), int(setups.direction[row]), float(setups.stop[row]))
        for row in range(len(setups))
    ]


def conservative(
    bars: Any, setups: Any, wait: int = 20, left: int = 2, right: int = 2, stop: str = "higher_low"
) -> list[Entry]:
    """Enter at the first close through the neckline of a second, higher low (short: a second, lower high)."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    troughs = [swing.bar for swing in swing_lows(low, left, right)]
    peaks = [swing.bar for swing in swing_highs(high, left, right)]
    result = []
    for row in range(len(setups)):
        known_at, extreme = int(setups.known_at[row]), int(setups.anchors["setup_extreme"][row])
        limit = float(setups.stop[row])
        if setups.direction[row] > 0:
            fate, bar, turn = _long(high, low, close, troughs, known_at, extreme, limit, wait, right)
            price = low[turn] if stop == "higher_low" else limit
        else:
            fate, bar, turn = _short(high, low, close, peaks, known_at, extreme, limit, wait, right)
            price = high[turn] if stop == "higher_low" else limit
        if fate == "entered":
            result.append(Entry(row, fate, bar, int(setups.direction[row]), price))
        else:
            result.append(Entry(row, fate))
    return result


def _long(
    high: list[float],
    low: list[float],
    close: list[float],
    troughs: list[int],
    known_at: int,
    extreme: int,
    limit: float,
    wait: int,
    right: int,
) -> tuple[str, int, int]:
    """The fate, the bar of the signal and the bar of the higher low."""
    for t in range(known_at, known_at + wait + 1):
        if t >= len(close):
            return "pending", -1, -1
        if t > known_at and low[t] < limit:
            return "setup_broken", -1, -1
        for h in troughs:
            if h <= extreme or low[h] <= limit or h + right > t:
                continue
            undercut = min(low[h + 1 : t + 1]) < low[h]
            neckline = max(high[extreme + 1 : h])
            if not undercut and close[t] > neckline:
                return "entered", t, h
    return "lapsed", -1, -1


def _short(
    high: list[float],
    low: list[float],
    close: list[float],
    peaks: list[int],
    known_at: int,
    extreme: int,
    limit: float,
    wait: int,
    right: int,
) -> tuple[str, int, int]:
    """The fate, the bar of the signal and the bar of the lower high."""
    for t in range(known_at, known_at + wait + 1):
        if t >= len(close):
            return "pending", -1, -1
        if t > known_at and high[t] > limit:
            return "setup_broken", -1, -1
        for h in peaks:
            if h <= extreme or high[h] >= limit or h + right > t:
                continue
            overshot = max(high[h + 1 : t + 1]) > high[h]
            neckline = min(low[extreme + 1 : h])
            if not overshot and close[t] < neckline:
                return "entered", t, h
    return "lapsed", -1, -1


def retest(bars: Any, setups: Any, wait: int = 30, stop: str = "setup_low", near: float = 0.25) -> list[Entry]:
    """Enter at the first bar that comes back to the broken line and closes beyond it, before any close inside."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    ranges = atr(high, low, close, 14)
    line = setups.lines["broken"]
    result = []
    for row in range(len(setups)):
        known_at, side = int(setups.known_at[row]), int(setups.direction[row])
        first, last = int(line.first[row]), int(line.last[row])
        begins, ends = math.log(line.begins[row]), math.log(line.ends[row])
        rise = (ends - begins) / (last - first) if last > first else 0.0
        entry = None
        for t in range(known_at + 1, known_at + wait + 1):
            if t >= len(close):
                entry = Entry(row, "pending")
                break
            at, reach = begins + rise * (t - first), near * ranges[t] / close[t]
            if side > 0:
                inside = math.log(close[t]) < at
                back = math.log(low[t]) <= at + reach and math.log(close[t]) > at
                price = min(low[known_at + 1 : t + 1])
            else:
                inside = math.log(close[t]) > at
                back = math.log(high[t]) >= at - reach and math.log(close[t]) < at
                price = max(high[known_at + 1 : t + 1])
            if inside or (price < setups.stop[row] if side > 0 else price > setups.stop[row]):
                entry = Entry(row, "setup_broken")
                break
            if back:
                entry = Entry(row, "entered", t, side, price if stop == "higher_low" else float(setups.stop[row]))
                break
        result.append(entry or Entry(row, "lapsed"))
    return result
