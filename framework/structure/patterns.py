"""Patterns between two lines: channels, wedges and triangles, from the bar at which both lines are known.

One edge is a trendline, the other a line through at least two swings of the other side. Found around supports; around
resistances they are the same on mirrored logs. What a pattern is called depends on how its edges lie to one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from . import edges
from .edges import PATTERNS, Main, PatternRule, between, distinct
from .lines import line_swings, logs, trendlines
from .traits import running

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

CHANNELS = ("rising_channel", "falling_channel", "flat_channel")
CONVERGING = ("symmetrical_triangle", "ascending_triangle", "descending_triangle", "rising_wedge", "falling_wedge")
SHAPES = np.array([*CHANNELS, *CONVERGING])
TRIANGLES = (3, 4, 5)
EDGES = ("upper", "lower")
MIRRORED = np.array([1, 0, 2, 3, 5, 4, 7, 6])
STATED = np.array([0, 0, 0, 0, 1, -1, -1, 1])  # the way that the books say it breaks: +1 up, -1 down, 0 either


class Edge(NamedTuple):
    """One edge of n patterns: bar of its first touch, log price there, log price a bar, bar of its last touch when the
    pattern was known.
    """

    first: Ints
    level: Floats
    slope: Floats
    last: Ints

    def price(self, bar: Ints) -> Floats:
        """The edge's price at these bars, a pattern each."""
        return np.asarray(np.exp(self.level + self.slope * (bar - self.first)))

    def take(self, rows: Ints | NDArray[np.bool_]) -> Edge:
        """Those of the patterns in `rows`."""
        return Edge(self.first[rows], self.level[rows], self.slope[rows], self.last[rows])


@dataclass(frozen=True, eq=False)
class Patterns:
    """n patterns in the order in which they were known.

    shape: a place in SHAPES. upper, lower: its edges. start: the bar from which both are there; known_at: the bar at
    whose close it was a pattern. ended: the bar at whose close it was none any more, -1 not yet. fate: 1 up, -1 down
    through an edge, else 0. superseded: its trendline has another opposite edge since. touches: of both edges when it
    was known. span: bars from start to the last of them.
    """

    shape: Ints
    upper: Edge
    lower: Edge
    start: Ints
    known_at: Ints
    ended: Ints
    fate: Ints
    superseded: NDArray[np.bool_]
    touches: Ints
    span: Ints

    def __len__(self) -> int:
        return len(self.shape)

    def take(self, rows: Ints | NDArray[np.bool_]) -> Patterns:
        """The patterns in `rows`, in that order."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Patterns(**{name: one.take(rows) if name in EDGES else one[rows] for name, one in columns.items()})


def patterns(bars: Bars, rule: PatternRule = PATTERNS) -> Patterns:
    """All channels, wedges and triangles, found once for each rule.

    While a trendline lives, opposite edges are looked for when it is first known, when another touch of it is while no
    pattern of it lives, and whenever an opposite swing is, then with that one among their touches: lines through two of
    the last swings there that no close lies beyond. From the bar at which both edges have begun each has at least two
    touches. Of several those with more touches come first, then longer ones, then nearer ones. An edge that a newer
    swing does not touch, where another is found, is superseded. Parallel edges are a channel; such as part are nothing;
    of such as converge one that is horizontal makes an ascending or descending triangle, slopes of two signs a
    symmetrical one, of one sign a wedge. It ends when the edges have met, when a close lies beyond an edge as it must
    to break a line, when its trendline is forgotten, or after as many bars as a line may be long. One next to a living
    one of its shape is no new pattern; of two at one close the one with more touches is kept, then the longer one, then
    that whose trendline began first.
    """

    def compute() -> Patterns:
        parts = [_around(bars, side, rule) for side in (1, -1)]
        joined, begun = _joined(parts), np.concatenate([parts[0].lower.first, parts[1].upper.first])
        order = np.lexsort((begun, -joined.span, -joined.touches, joined.known_at))
        joined = joined.take(order)
        sides = [(edge.level - edge.slope * edge.first, edge.slope) for edge in (joined.upper, joined.lower)]
        corners = np.array([*sides[0], *sides[1], joined.start], dtype=float).T.copy()
        unit = logs(bars, 1).unit
        return joined.take(distinct(corners, joined.shape, joined.known_at, joined.ended, unit, rule.lines.near))

    return bars.remember(("patterns", rule), compute)


def inside(bars: Bars, shapes: tuple[int, ...] = TRIANGLES, rule: PatternRule = PATTERNS) -> NDArray[np.bool_]:
    """True at the bars at whose close a pattern of one of these shapes is known and has not ended."""
    found = patterns(bars, rule)
    found = found.take(np.isin(found.shape, shapes))
    return running(found.known_at, np.where(found.ended < 0, len(bars), found.ended), len(bars))


def _around(bars: Bars, side: int, rule: PatternRule) -> Patterns:
    """The patterns whose trendline is a support (side +1) or a resistance."""
    lines = trendlines(bars, side, rule.lines)
    main = Main(
        *(lines.start, lines.known_at, np.where(lines.ended < 0, len(bars), lines.ended), lines.broken),
        *(side * lines.level, side * lines.slope, lines.first, lines.touch),
    )
    rows = between(logs(bars, side), logs(bars, -side), main, line_swings(bars, -side, rule.lines.width), rule)
    whole, of = rows.astype(np.int64).T, rows[:, edges.MAIN].astype(np.int64)
    trendline = Edge(lines.start[of], lines.level[of], lines.slope[of], whole[edges.MAIN_LAST])
    opposite = Edge(whole[edges.FIRST], -side * rows[:, edges.LEVEL], -side * rows[:, edges.SLOPE], whole[edges.LAST])
    lower, upper = (trendline, opposite)[::side]
    return Patterns(
        shape=whole[edges.SHAPE] if side > 0 else MIRRORED[whole[edges.SHAPE]],
        upper=upper,
        lower=lower,
        start=whole[edges.START],
        known_at=whole[edges.KNOWN],
        ended=np.where(whole[edges.FATE] == edges.ALIVE, -1, whole[edges.ENDED]),
        fate=side * ((whole[edges.FATE] == edges.OTHER_BROKE) * 1 - (whole[edges.FATE] == edges.MAIN_BROKE)),
        superseded=whole[edges.FATE] == edges.SUPERSEDED,
        touches=whole[edges.TOUCHES],
        span=whole[edges.SPAN],
    )


def _joined(parts: list[Patterns]) -> Patterns:
    def column(name: str) -> Any:
        values: list[Any] = [getattr(part, name) for part in parts]
        return Edge(*map(np.concatenate, zip(*values, strict=True))) if name in EDGES else np.concatenate(values)

    return Patterns(**{name: column(name) for name in Patterns.__dataclass_fields__})
