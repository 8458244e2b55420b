"""Where bars and funding rates come from: the sample that comes along, csv and parquet files."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..bars import Bars
from ..errors import UserError, nearest
from ..table import timeframe_step
from . import interest, rates, sample, tables

__all__ = ["funding", "holds_funding", "holds_interest", "load", "open_interest", "read", "samples", "timeframe_of"]

SAMPLE = "sample:"


def load(what: str | Path, symbol: str | None = None, timeframe: str | None = None, mend: Sequence[str] = ()) -> Bars:
    """Bars of 'sample:AAPL' or of a .csv or .parquet file.

    `symbol` and `timeframe` None are taken from a file name such as BTCUSDT-4h.parquet; from another name the
    symbol is all of it and the timeframe the most common spacing. `mend` names the remedies for faults
    (framework/mending.py). Raises UserError, with the file and the row, where there are no Bars in it.
    """
    frame = read(what)
    name, own = _named(what)
    symbol = symbol or name
    try:
        return dataclasses.replace(Bars.from_frame(frame, symbol, timeframe or own, mend), source=str(what))
    except UserError as error:
        if error.where != symbol:
            raise
        raise UserError(str(what), error.wrong, error.right) from None


def read(what: str | Path) -> pd.DataFrame:
    """The table as it stands in the file, faults and all: rows in the file's order, columns in lower case.

    The index is the time of the rows, named time, UTC; stamps of text without a zone are taken as UTC.
    Raises UserError where there is no table of bars to be read.
    """
    return tables.bars(*_raw(what))


def funding(what: str | Path) -> pd.Series[Any]:
    """The funding rates in a .csv or .parquet file, on their UTC stamps: columns time and funding_rate (rate, funding).

    A rate is the fraction of a position's value that a long pays at that time. Stamps of text without a zone are
    taken as UTC. Raises UserError, with the file and the row, for anything that leaves a doubt.
    """
    return rates.series(*_raw(what))


def open_interest(what: str | Path) -> pd.Series[Any]:
    """The open interest in a .csv or .parquet file, on the UTC stamps of its bars' opens: columns time, open_interest.

    Raises UserError, with the file and the row, for anything that leaves a doubt.
    """
    return interest.series(*_raw(what))


def holds_funding(what: str | Path) -> bool:
    """Whether a file holds funding rates and no bars. Raises UserError where there is no table to be read."""
    return rates.holds_rates(_raw(what)[0])


def holds_interest(what: str | Path) -> bool:
    """Whether a file holds open interest and no bars. Raises UserError where there is no table to be read."""
    return interest.holds(_raw(what)[0])


def _raw(what: str | Path) -> tuple[pd.DataFrame, Path]:
    """The table of a file, and where that lies."""
    if isinstance(what, str) and what.startswith(SAMPLE):
        path = sample.path(what.removeprefix(SAMPLE))
        return tables.read_parquet(path), path
    path = Path(what)
    readers = {".csv": tables.read_csv, ".parquet": tables.read_parquet}
    if not path.is_file():
        raise UserError(str(what), *_absent(path))
    if path.suffix.lower() not in readers:
        known = f"a .csv or .parquet file, or {SAMPLE}{samples()[0]}"
        raise UserError(str(what), f"'{path.suffix or path.name}' is no kind of file that can be read", known)
    return readers[path.suffix.lower()](path), path


def samples() -> list[str]:
    """The symbols of the sample."""
    return sample.symbols()


def timeframe_of(what: str | Path) -> str | None:
    """The timeframe that the name of a file or of a sample has, None where it has none."""
    return _named(what)[1]


def _named(what: str | Path) -> tuple[str, str | None]:
    """Symbol and timeframe as the name has them."""
    if isinstance(what, str) and what.startswith(SAMPLE):
        return what.removeprefix(SAMPLE), sample.TIMEFRAME
    stem = Path(what).stem
    symbol, _, end = stem.rpartition("-")
    end = end if end.endswith("M") else end.lower()  # 1H is an hour, 1M a month and no timeframe
    try:
        timeframe_step(end)
    except UserError:
        return stem, None
    return symbol or stem, end


def _absent(path: Path) -> tuple[str, str]:
    """What is wrong with a path that is no file, and the nearest name beside it."""
    if path.is_dir():
        return "is a folder", "one .csv or .parquet file in it"
    if not path.parent.is_dir():
        return "there is no such file", f"there is no folder '{path.parent}' either"
    names = [item.name for item in path.parent.iterdir() if item.suffix.lower() in (".csv", ".parquet")]
    hint = nearest(path.name, names)
    if hint.startswith("did") or 0 < len(names) <= 8:
        return "there is no such file", hint
    return "there is no such file", f"'{path.parent}' holds {len(names)} .csv and .parquet files, none of a like name"
