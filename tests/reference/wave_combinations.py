"""What the three waves say together, every combination of their parts looked at one by one."""

from __future__ import annotations

import math
from typing import Any

from .swings import swing_highs, swing_lows
from .waves import Event, Lines, Side, crosses, doubles

GRADE, GRINDS = "f_grade", "f_grinding"
Waves = tuple[Lines, Lines, Lines]  # k and d of the short, the middle and the long one


def hierarchies(bars: Any, lines: Waves, rule: Any) -> list[Event]:
    found = []
    long_waves, middle_waves = half_waves(lines[2][0]), half_waves(lines[1][0])
    for side in (Side(1, bars), Side(-1, bars)):
        short, middle = (_of(doubles(bars, *wave, rule), side) for wave in lines[:2])
        best: dict[int, tuple[Event, Event, int]] = {}
        for m in middle:
            outer = around(long_waves, m)
            if outer is None:
                continue
            into = [start for start, _ in middle_waves if start < m.anchors["left"]][-1:]
            first = max([outer[0], *into])
            inside = []
            for s in short:
                inner = around(middle_waves, s)
                if inner and first <= inner[0] <= m.anchors["right"] and s.anchors["right"] <= outer[1]:
                    inside.append(s)
            before = [s for s in inside if s.known_at <= m.known_at]
            after = [s for s in inside if s.known_at > m.known_at]
            if not inside:
                continue
            # of several that are known at one bar the later row: the one that is last in the list
            part = before[-1] if before else min(after, key=lambda s: s.known_at)
            best[max(m.known_at, part.known_at)] = (m, part, outer[0])
        for known, (m, s, start) in best.items():
            anchors = {"long_swing": start, "middle_right": m.anchors["right"], "short_right": s.anchors["right"]}
            found.append(_event(side, "hierarchy", known, anchors, {"middle": m, "short": s}))
    return _once(found)


def strongest(bars: Any, lines: Waves, rule: Any, within: int, reach: int) -> list[Event]:
    found = []
    k = lines[0][0]
    for side in (Side(1, bars), Side(-1, bars)):
        middle = _of(doubles(bars, *lines[1], rule), side)
        best: dict[int, tuple[Event, Event]] = {}
        for c in _of(crosses(bars, *lines[2], reach), side):
            ready = []
            for m in middle:
                t = max(c.known_at, m.known_at)
                stands = side.deeper(lines[2][1][t], lines[2][0][t])
                turned = side.deeper(k[t - 1], k[t])
                if c.features["f_from_zone"] and abs(c.known_at - m.known_at) <= within and stands and turned:
                    ready.append((t, m))
            first = min((t for t, _ in ready), default=-1)
            for t, m in ready:
                if t == first:
                    best[t] = (c, m)
        for known, (c, m) in best.items():
            anchors = {"long_cross": c.known_at, "middle_right": m.anchors["right"]}
            found.append(_event(side, "strongest", known, anchors, {"middle": m}, c))
    return _once(found)


def high_conviction(bars: Any, lines: Waves, rule: Any, within: int) -> list[Event]:
    found = []
    for side in (Side(1, bars), Side(-1, bars)):
        short, middle, long = (_of(doubles(bars, *wave, rule), side) for wave in lines)
        best: dict[int, dict[str, Event]] = {}
        for one in long:
            for t in range(one.known_at, min(one.known_at + within + 1, len(bars))):
                others = [[x for x in part if x.known_at <= t][-1:] for part in (middle, short)]
                if all(other and other[0].known_at >= t - within for other in others):
                    best[t] = {"long": one, "middle": others[0][0], "short": others[1][0]}
                    break
        for known, parts in best.items():
            anchors = {f"{name}_right": part.anchors["right"] for name, part in parts.items()}
            found.append(_event(side, "conviction", known, anchors, parts))
    return _once(found)


def half_waves(k: list[float]) -> list[tuple[int, int]]:
    """First and last bar of each: from a swing until the opposite one is confirmed."""
    turns = sorted([(s.bar, s.kind) for s in swing_lows(k, 2, 2)] + [(s.bar, s.kind) for s in swing_highs(k, 2, 2)])
    starts = [turn[0] for i, turn in enumerate(turns) if i == 0 or turns[i - 1][1] != turn[1]]
    return [(bar, starts[i + 1] + 2 if i + 1 < len(starts) else len(k)) for i, bar in enumerate(starts)]


def around(waves: list[tuple[int, int]], double: Event) -> tuple[int, int] | None:
    """The half-wave that holds both lows: the last to begin at or before the left one, if it lasts."""
    begun = [wave for wave in waves if wave[0] <= double.anchors["left"]]
    return begun[-1] if begun and double.anchors["right"] <= begun[-1][1] else None


def _of(found: list[Event], side: Side) -> list[Event]:
    return [one for one in found if one.direction == side.sign]


def _event(
    side: Side, word: str, known: int, anchors: dict[str, int], parts: dict[str, Event], cross: Event | None = None
) -> Event:
    """Stands on the deepest price since three bars before the earliest left anchor of its doubles."""
    features = {f"f_{name}_grade": part.features[GRADE] for name, part in parts.items()}
    states = [part.features[GRINDS] for part in [*parts.values(), *([cross] if cross else [])]]
    states = [state for state in states if not math.isnan(state)]
    features[GRINDS] = max(states, default=math.nan)
    start = max(min(part.anchors["left"] for part in parts.values()) - 3, 0)
    return side.event(f"{word}_{side.word}", known, start, anchors, features)


def _once(found: list[Event]) -> list[Event]:
    """In order; of those on the same swings the first."""
    kept: dict[tuple[object, ...], Event] = {}
    for one in sorted(found, key=lambda one: (one.known_at, one.kind)):
        kept.setdefault((one.direction, *(bar for name, bar in one.anchors.items() if name != "setup_extreme")), one)
    return list(kept.values())
