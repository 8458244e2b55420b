"""What was computed of bars, kept by its key while there is room; the arrays in a value."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEMO_BYTES = 256 * 2**20


class Memo:
    """Values by key, the least recently used forgotten first once they outgrow MEMO_BYTES."""

    def __init__(self) -> None:
        self.values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.bytes, self.lock = 0, Lock()

    def get(self, key: Hashable) -> tuple[Any, int] | None:
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return self.values.get(key)

    def put(self, key: Hashable, value: Any, size: int) -> None:
        if size > MEMO_BYTES:
            return  # it would push out everything else and go itself
        with self.lock:
            self.bytes += size - self.values.pop(key, (None, 0))[1]
            self.values[key] = (value, size)
            while self.bytes > MEMO_BYTES:
                self.bytes -= self.values.popitem(last=False)[1][1]


def size_of(value: Any) -> int:
    """Bytes of all arrays in a value."""
    return sum(array.nbytes for array in arrays_in(value))


def arrays_in(value: Any) -> list[NDArray[Any]]:
    """All arrays in a value, each once."""
    return list({id(array): array for array in _inside(value)}.values())


def _inside(value: Any) -> Iterator[NDArray[Any]]:
    """All numpy arrays in a value, also inside containers and dataclasses."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _inside(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _inside(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type) and not hasattr(value, "remember"):
        for item in dataclasses.fields(value):
            yield from _inside(getattr(value, item.name))
