"""Which parameters a rule really looks at: what it made once can be used again wherever those are the same.

Nothing has to be declared, so nothing can be declared wrongly: the fields are watched while the rule runs.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Generic, TypeVar

from .memo import size_of

T = TypeVar("T")
AS_A_WHOLE = ("__dict__", "__reduce_ex__", "__reduce__", "__getstate__")
WATCHING = RLock()  # one rule at a time: a class has one way of being read
KEPT = 64 * 2**20  # bytes of results that are kept for use again, the least recently used forgotten first


def watched(call: Callable[[Any], T], params: Any) -> tuple[T, set[str]]:
    """What `call` makes of a Params, and the fields that it reads.

    Watched is the class itself for that long, so that the rule sees nothing unusual. Whoever looks at an object as a
    whole (its dictionary, its state), or at what it has worked out of its fields, has read every field.
    """
    kind, names = type(params), {item.name for item in dataclasses.fields(params)}
    read: set[str] = set()
    before: Any = object.__getattribute__

    def note(self: Any, name: str) -> Any:
        if name in names:
            read.add(name)
        elif name in AS_A_WHOLE or name in _inside(before, self):
            read.update(names)
        return before(self, name)

    with WATCHING:
        before = kind.__getattribute__
        own = kind.__dict__.get("__getattribute__")
        type.__setattr__(kind, "__getattribute__", note)
        try:
            return call(params), read
        finally:
            if own is None:
                type.__delattr__(kind, "__getattribute__")
            else:
                type.__setattr__(kind, "__getattribute__", own)


def _inside(look: Callable[[Any, str], Any], params: Any) -> Any:
    """Names of what an object itself holds; none where it has slots."""
    try:
        return look(params, "__dict__")
    except AttributeError:
        return ()


def _key(params: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The fields and their values, in words where they cannot be a key themselves."""
    values = (getattr(params, name) for name in names)
    return names, *(value if isinstance(value, Hashable) else repr(value) for value in values)


class ByReads(Generic[T]):
    """A function of a Params, called once for each set of values of the fields that it reads.

    The function must give the same for the same values, as every rule does that the look-ahead check has passed.
    """

    def __init__(self, call: Callable[[Any], T]) -> None:
        self.call = call
        self.numbers: dict[tuple[Any, ...], int] = {}  # of results, by the fields read and their values
        self.shapes: dict[tuple[str, ...], None] = {}
        self.made: OrderedDict[int, tuple[T, int]] = OrderedDict()  # and its bytes
        self.bytes = 0

    def number(self, params: Any) -> int:
        """The number of the result for these parameters, which is made unless it was before."""
        for names in self.shapes:
            found = self.numbers.get(_key(params, names))
            if found is not None:
                return found
        made, read = watched(self.call, params)
        names = tuple(sorted(read))
        self.shapes[names] = None
        number = len(self.numbers)
        self.numbers[_key(params, names)] = number
        self._keep(number, made)
        return number

    def result(self, number: int, params: Any) -> T:
        """The result of that number; params: ones that have it, to make it once more where it was forgotten."""
        if number in self.made:
            self.made.move_to_end(number)
        else:
            self._keep(number, self.call(params))
        return self.made[number][0]

    def _keep(self, number: int, made: T) -> None:
        size = size_of(made)
        self.made[number] = made, size
        self.bytes += size
        while self.bytes > KEPT and len(self.made) > 1:
            self.bytes -= self.made.popitem(last=False)[1][1]
