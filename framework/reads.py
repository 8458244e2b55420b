"""Which parameters a rule really looks at: what it made once can be used again wherever those are the same.

Nothing has to be declared, so nothing can be declared wrongly: the fields are watched while the rule runs.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .bars import size_of

T = TypeVar("T")
KEPT = 64 * 2**20  # bytes of results that are kept for use again, the least recently used forgotten first


def watched(params: Any) -> tuple[Any, set[str]]:
    """A copy of a Params that notes the fields that are read, and the set it notes them in.

    Whoever looks at the object as a whole (its dictionary, its slots) has read every field.
    """
    names = {field.name for field in dataclasses.fields(params)}
    read: set[str] = set()

    def note(self: Any, name: str) -> Any:
        if name in names:
            read.add(name)
        elif name in ("__dict__", "__reduce_ex__", "__reduce__", "__getstate__"):
            read.update(names)
        return object.__getattribute__(self, name)

    kind = type(params)
    spied = type(kind.__name__, (kind,), {"__getattribute__": note, "__qualname__": kind.__qualname__})
    copy: Any = object.__new__(spied)
    for name in names:
        object.__setattr__(copy, name, getattr(params, name))
    return copy, read


class ByReads(Generic[T]):
    """A function of a Params, called once for each set of values of the fields that it reads.

    The function must give the same for the same values, as every rule does that the look-ahead check has passed.
    """

    def __init__(self, call: Callable[[Any], T]) -> None:
        self.call = call
        self.numbers: dict[tuple[Any, ...], int] = {}  # of results, by the fields read and their values
        self.shapes: dict[tuple[str, ...], None] = {}
        self.made: OrderedDict[int, T] = OrderedDict()
        self.bytes = 0

    def number(self, params: Any) -> int:
        """The number of the result for these parameters, which is made unless it was before."""
        for names in self.shapes:
            found = self.numbers.get((names, *(getattr(params, name) for name in names)))
            if found is not None:
                return found
        spied, read = watched(params)
        made = self.call(spied)
        names = tuple(sorted(read))
        self.shapes[names] = None
        number = len(self.numbers)
        self.numbers[(names, *(getattr(params, name) for name in names))] = number
        self._keep(number, made)
        return number

    def result(self, number: int, params: Any) -> T:
        """The result of that number; params: ones that have it, to make it once more where it was forgotten."""
        if number in self.made:
            self.made.move_to_end(number)
        else:
            self._keep(number, self.call(params))
        return self.made[number]

    def _keep(self, number: int, made: T) -> None:
        self.made[number] = made
        self.bytes += size_of(made)
        while self.bytes > KEPT and len(self.made) > 1:
            self.bytes -= size_of(self.made.popitem(last=False)[1])
