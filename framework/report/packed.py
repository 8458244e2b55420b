"""Tables packed for a page: gzip, exact, small enough to embed, read again by unpack.js without a network.

A packed table is base64 of gzip of: four bytes, the length of what follows as an unsigned little-endian integer; so
many bytes of JSON, {"rows": n, "columns": [...]}; then the columns' bytes in that order. A column has a `name`, and in
`as` how it is written:

- `int`: n int32, each less the one before it (the first less 0), modulo 2**32. A value is the running sum divided by
  10**`digits`; MISSING stands for NaN.
- `time`: the same; a value is `base` + `unit` times the running sum, in microseconds since 1970, UTC.
- `moment`: n float64, microseconds since 1970; for stamps of which `time` cannot hold all.
- `word`: the same as `int`; a value is `words[running sum]`.
- `f4`, `f8`: n floats, NaN as itself.

The bytes of a column lie in planes: the lowest of all values, then the next of all values, which compresses better.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = tuple[dict[str, Any], bytes]

MISSING = -(2**31)
DIGITS = 9  # decimals that are tried; more are a float's


def table(columns: Mapping[str, NDArray[Any]]) -> str:
    """Columns of one length packed as this module says. Floats, integers, booleans and datetime64 come out exactly as
    they went in (float32 as float32); NaT is not allowed; everything else becomes its str().
    """
    made = [(name, *_column(np.asarray(values))) for name, values in columns.items()]
    rows = len(next(iter(columns.values()))) if columns else 0
    head = json.dumps({"rows": rows, "columns": [{"name": name, **told} for name, told, _ in made]}, allow_nan=False)
    text = head.encode()
    return squeezed(len(text).to_bytes(4, "little") + text + b"".join(data for _, _, data in made))


def squeezed(data: bytes) -> str:
    """base64 of gzip; equal bytes, equal text, whenever it is made."""
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def _column(values: NDArray[Any]) -> Column:
    if values.dtype.kind == "M":
        return _times(values.astype("datetime64[us]").astype(np.int64))
    if values.dtype.kind in "biu":
        return _whole(values.astype(np.int64))
    if values.dtype == np.float32:
        return {"as": "f4"}, _planes(values.astype("<f4"))
    if values.dtype.kind == "f":
        return _numbers(values.astype(np.float64))
    words, codes = np.unique(np.array([str(value) for value in values], dtype=object).astype(str), return_inverse=True)
    return {"as": "word", "words": words.tolist()}, _steps(codes.astype(np.int64))


def _whole(values: NDArray[np.int64]) -> Column:
    if len(values) and np.abs(values).max() > -MISSING - 1:
        return _numbers(values.astype(np.float64))
    return {"as": "int", "digits": 0}, _steps(values)


def _numbers(values: NDArray[np.float64]) -> Column:
    """As whole numbers of the last decimal where all of them are that exactly, else as they are."""
    missing = np.isnan(values)
    held = values[~missing]
    if np.isfinite(held).all() and not np.signbit(held[held == 0]).any():
        for digits in range(DIGITS + 1):
            scaled = np.rint(held * 10.0**digits)
            if len(held) and np.abs(scaled).max() > -MISSING - 1:
                break
            if (scaled / 10.0**digits == held).all():
                whole = np.full(len(values), MISSING, np.int64)
                whole[~missing] = scaled.astype(np.int64)
                return {"as": "int", "digits": digits}, _steps(whole)
    return {"as": "f8"}, _planes(values.astype("<f8"))


def _times(micros: NDArray[np.int64]) -> Column:
    base = int(micros[0]) if len(micros) else 0
    unit = max(math.gcd(*np.unique(np.diff(micros)).tolist()), 1) if len(micros) > 1 else 1
    steps = (micros - base) // unit
    if len(steps) and np.abs(steps).max() > -MISSING - 1:
        return {"as": "moment"}, _planes(micros.astype("<f8"))
    return {"as": "time", "unit": unit, "base": base}, _steps(steps)


def _steps(whole: NDArray[np.int64]) -> bytes:
    return _planes(np.diff(whole, prepend=0).astype("<u4"))


def _planes(values: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.itemsize).T.tobytes()
