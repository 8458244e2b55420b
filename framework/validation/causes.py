"""Why rows change with what comes after them, in words, no further than the evidence goes."""

from __future__ import annotations

from dataclasses import dataclass

from .reach import Evidence

FAR, MANY = 4, 40  # far: a quarter of the bars that follow, when that is more than so many
WINDOW = "a centred window, a negative shift, a backward fill"
WORDS = {  # what the evidence says and what makes such evidence; what would be right
    "last": (
        "knows which bar is the last: len(bars), iloc[-1] or a fill to the end; what follows may be anything",
        "treat the last bar as any other",
    ),
    "length": (
        "knows how many bars there are, whatever they hold: len(bars), or the time of the last{once}",
        "let nothing depend on len(bars)",
    ),
    "whole": (
        "{before}reads the whole series: a mean, an extreme, a rank or a fit over all bars{once}",
        "the same over the bars up to known_at: rolling or expanding",
    ),
    "peeks": (
        "looks at bars after its own where there are any: cutting shows nothing, another future does{once}",
        "read no bar after known_at, however many there are",
    ),
    "repaints": (
        "repaints: was there at the time, and taken back later{once}",
        "keep what was said, or say it when it is final{later}",
    ),
    "backdated": (
        "backdated: known_at is {most} too early, the row is found only later{once}",
        "say it where it is found{later}",
    ),
    "ahead": (
        "reads {to}{most} ahead: {window}, or a known_at that is as much too early{once}",
        "read no bar after known_at, or say it{later}",
    ),
}


@dataclass(frozen=True)
class Cause:
    """kind: one word for the cause. told: what the evidence says, and what makes such evidence. right: the remedy."""

    kind: str
    told: str
    right: str


def cause(column: Evidence, n: int) -> Cause:
    """The likely cause of what changes in this column of n bars, no further than its evidence goes."""
    kind, several, most = _kind(column, n), _several(column), _most(column)
    before = {(True, False): "taken back later, ", (False, True): "found only later, "}
    words = {
        "most": _bars(most),
        "to": "up to " if several else "",
        "window": WINDOW + (", what is complete only later (a swing, a coarser bar)" if several else ""),
        "before": before.get((column.there, column.absent), ""),
        "once": _settled(column),
        "later": "" if most is None else f": known_at + {most:,}{' or more' if several else ''}",
    }
    told, right = (text.format_map(words) for text in WORDS[kind])
    return Cause(kind, told, right)


def _kind(column: Evidence, n: int) -> str:
    """The word for it, the surest first."""
    rows = column.column == "rows"
    asked = {
        "last": (column.noise < 0).all() and column.short.max() == 0,
        "length": (column.noise < 0).all(),
        "whole": _far(column, n),
        "peeks": not column.cutting,
        "repaints": rows and column.there and not column.absent,
        "backdated": rows and column.absent and not column.there,
    }
    return next((kind for kind, so in asked.items() if so), "ahead")


def _most(column: Evidence) -> int | None:
    """The most bars that had to follow; None where that was not measured."""
    counts = [count for count in column.settles.values() if count is not None]
    return max([*counts, int(column.reach.max()) + 1]) if counts else None


def _far(column: Evidence, n: int) -> bool:
    """Whether a row never settled, or when a good part of the bars after it were there, or all at one and the same.

    What always takes the same number of bars is a window, however long.
    """
    if None not in column.settles.values() and len(column.settles) > 1 and not _several(column):
        return False
    far = (count is None or count > max(MANY, (n - 1 - bar) / FAR) for bar, count in column.settles.items())
    return any(far) or (len(column.settles) > 2 and _together(column) is not None)


def _together(column: Evidence) -> int | None:
    """The one bar at which the rows looked at all settled."""
    ends = {bar + count for bar, count in column.settles.items() if count}
    return ends.pop() if len(ends) == 1 and len(column.settles) > 1 and None not in column.settles.values() else None


def _settled(column: Evidence) -> str:
    never = [bar for bar, count in column.settles.items() if count is None]
    counts = [count for count in column.settles.values() if count is not None]
    of = f", in {len(column.settles)} rows looked at" if len(column.settles) > 1 else ""
    if never:
        follow = len(column.reach) - 1 - min(never)
        return f" (differs however many bars follow, up to {follow:,}{of})"
    if not counts:
        return f" (still differs with {column.reach.max():,} bars after it)"
    together = _together(column)
    if together is not None:
        return f" (settles only once bar {together} is there{of})"
    low, high = min(counts), max(counts)
    return (
        f" (settles once {_bars(high) if low == high else f'{low:,} to {_bars(high)}'} follow{'s' * (high == 1)}{of})"
    )


def _several(column: Evidence) -> bool:
    """Whether it differs by row how many bars must follow."""
    return len({*column.settles.values()}) > 1


def _bars(count: int | None) -> str:
    return "some bars" if count is None else f"{count:,} bar{'' if count == 1 else 's'}"
