"""The stochastic rules from their definitions: lists, slices, no mirrored series; a top turns the comparisons round."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .swings import swing_highs, swing_lows

Line = Sequence[float]
Lines = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Event:
    kind: str
    direction: int
    known_at: int
    stop: float
    anchors: dict[str, int]
    features: dict[str, float]


class Side:
    """Bottoms or tops: which of two values is the deeper one, where a level lies, which price is the stop."""

    def __init__(self, sign: int, bars: Any) -> None:
        self.sign, self.word = sign, "bottom" if sign > 0 else "top"
        self.price = bars.low.tolist() if sign > 0 else bars.high.tolist()
        self.deepest: Callable[..., float] = min if sign > 0 else max
        self.farthest: Callable[..., float] = max if sign > 0 else min

    def deeper(self, a: float, b: float) -> bool:
        return a < b if self.sign > 0 else a > b

    def over(self, low: float, points: float) -> float:
        """The value so many points up (of a top: down) from another."""
        return low + points if self.sign > 0 else low - points

    def level(self, points: float) -> float:
        return points if self.sign > 0 else 100 - points

    def swings(self, k: Line, width: int) -> list[int]:
        found = swing_lows(k, width, width) if self.sign > 0 else swing_highs(k, width, width)
        return [swing.bar for swing in found]

    def crossed(self, k: Line, d: Line) -> list[int]:
        """Bars of the golden (death) crosses."""
        over = [self.deeper(b, a) for a, b in zip(k, d, strict=True)]
        return [t for t in range(1, len(k)) if over[t] and not over[t - 1] and _known(k, d, t - 1)]

    def event(self, kind: str, known: int, start: int, anchors: dict[str, int], features: dict[str, float]) -> Event:
        stretch = self.price[start : known + 1]
        stop = self.deepest(stretch)
        return Event(kind, self.sign, known, stop, anchors | {"setup_extreme": start + stretch.index(stop)}, features)


def _known(k: Line, d: Line, t: int) -> bool:
    return not (math.isnan(k[t]) or math.isnan(d[t]))


def _sorted(found: list[Event]) -> list[Event]:
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def grinding(k: Line, d: Line) -> list[float]:
    """8 of the last 10 bars below 20 or above 80, in a range under 10 points or with 3 crosses."""
    crosses = {
        t for t in range(1, len(k)) if (k[t - 1] <= d[t - 1] and k[t] > d[t]) or (k[t - 1] >= d[t - 1] and k[t] < d[t])
    }
    states = []
    for t in range(len(k)):
        window = range(t - 9, t + 1)
        if t < 9 or not all(_known(k, d, bar) for bar in window):
            states.append(math.nan)
            continue
        values = [k[bar] for bar in window]
        extreme = len([v for v in values if v < 20]) >= 8 or len([v for v in values if v > 80]) >= 8
        sideways = max(values) - min(values) < 10 or len(crosses & set(window)) >= 3
        states.append(1.0 if extreme and sideways else 0.0)
    return states


def crosses(bars: Any, k: Line, d: Line, reach: int) -> list[Event]:
    found, grinds = [], grinding(k, d)
    for side, other in ((Side(1, bars), Side(-1, bars)), (Side(-1, bars), Side(1, bars))):
        opposite = other.crossed(k, d)
        for t in side.crossed(k, d):
            before = [bar for bar in opposite if bar < t]
            start = max([0, t - reach, *before[-1:]])
            zone = any(side.deeper(line[bar], side.level(20)) for line in (k, d) for bar in (t - 1, t))
            features = {"f_from_zone": float(zone), "f_k": k[t], "f_grinding": grinds[t]}
            kind = "golden_cross" if side.sign > 0 else "death_cross"
            found.append(side.event(kind, t, start, {"cross": t}, features))
    return _sorted(found)


def doubles(bars: Any, k: Line, d: Line, rule: Any) -> list[Event]:
    found, grinds = [], grinding(k, d)
    for side in (Side(1, bars), Side(-1, bars)):
        rows = [(1, *row) for row in retests(side, k, d, rule)] + [(0, *row) for row in pairs(side, k, d, rule)]
        for retested, left, peak, right, known in rows:
            left_width = width(side, k, left, 0, peak - 1, rule.width_within)
            right_width = width(side, k, right, peak + 1, known, rule.width_within)
            deep = not side.deeper(side.over(k[right], -rule.deeper_by), k[left])
            grade = 1 if retested else 2 if deep and left_width > right_width else 3
            values = (grade, k[left], k[peak], k[right], left_width, right_width, grinds[known])
            names = ("grade", "left_k", "peak_k", "right_k", "left_width", "right_width", "grinding")
            features = {f"f_{name}": float(value) for name, value in zip(names, values, strict=True)}
            anchors = {"left": left, "peak": peak, "right": right}
            found.append(side.event(f"double_{side.word}_{grade}", known, max(left - 3, 0), anchors, features))
    return _sorted(found)


def width(side: Side, k: Line, bar: int, first: int, last: int, within: float) -> int:
    """Contiguous bars around `bar` that are not farther than `within` from it."""
    count, edge = 1, side.over(k[bar], within)
    for step in (-1, 1):
        t = bar + step
        while first <= t <= last and not math.isnan(k[t]) and not side.deeper(edge, k[t]):
            count, t = count + 1, t + step
    return count


def pairs(side: Side, k: Line, d: Line, rule: Any) -> list[tuple[int, int, int, int]]:
    found = []
    swings = side.swings(k, rule.swing)
    for right in swings:
        for left in reversed([bar for bar in swings if rule.min_gap <= right - bar <= rule.max_gap]):
            between = list(k[left + 1 : right])
            if any(math.isnan(value) for value in between):
                continue
            top = side.farthest(between)
            peak = left + 1 + between.index(top)
            left_deep = side.deeper(k[left], side.level(rule.left_below))
            right_deep = side.deeper(k[right], side.level(rule.right_below))
            held = not side.deeper(k[right], side.over(k[left], -rule.lower_by))
            higher = side.farthest(k[left], k[right])
            parted = abs(top - higher) >= rule.peak_above and side.deeper(higher, top)
            lowest_left = not any(side.deeper(value, k[left]) for value in k[left + 1 : peak])
            lowest_right = all(side.deeper(k[right], value) for value in k[peak + 1 : right])
            if left_deep and right_deep and held and parted and lowest_left and lowest_right:
                known = completed(side, k, d, peak, right, rule)
                found += [(left, peak, right, known)] if known is not None else []
                break
    return found


def completed(side: Side, k: Line, d: Line, peak: int, right: int, rule: Any) -> int | None:
    confirmed = right + rule.swing
    for t in range(right + 1, min(confirmed + rule.lapse + 1, len(k))):
        if math.isnan(k[t]) or side.deeper(k[t], k[right]):
            return None
        if rule.completion == "neckline" and side.deeper(k[peak], k[t]):
            return max(t, confirmed)
        if rule.completion == "cross" and t >= confirmed and side.deeper(d[t], k[t]):
            return t
    return None


def retests(side: Side, k: Line, d: Line, rule: Any) -> list[tuple[int, int, int, int]]:
    found = []
    for cross in side.crossed(k, d):
        run = [cross - 1]
        while run[0] > 0 and _known(k, d, run[0] - 1) and not side.deeper(d[run[0] - 1], k[run[0] - 1]):
            run.insert(0, run[0] - 1)
        low = side.deepest(run, key=lambda bar: k[bar])
        rounded = width(side, k, low, 0, cross, rule.round_within) >= rule.round_bars
        if not (rounded and side.deeper(k[low], side.level(rule.left_below))):
            continue
        spreads = []  # of k over d from the cross on, as long as it is not crossed
        for t in range(cross, min(cross + rule.retest_within + 1, len(k))):
            if not _known(k, d, t) or side.deeper(k[t], d[t]):
                break
            spreads.append(abs(k[t] - d[t]))
        bounce = _bounce(spreads, rule.spread)
        if bounce and side.deeper(k[cross + bounce[2]], side.level(rule.retest_below)):
            found.append((low, *(cross + step for step in bounce)))
    return found


def _bounce(spreads: list[float], points: float) -> tuple[int, int, int] | None:
    """Where they are widest, then narrow, then wider again: the first place at which all three are there."""
    for known in range(2, len(spreads)):
        for near in range(1, known):
            far = spreads.index(max(spreads[:near]))
            back = spreads[far] >= points and spreads[near] <= min(points, spreads[far])
            if back and far < near and near == known - 1 and spreads[known] > spreads[near]:
                return far, near, known
    return None
