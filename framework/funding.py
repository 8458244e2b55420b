"""Funding: what longs pay to shorts at stamps of their own (shorts to longs where the rate is negative)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import UserError

Floats: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.datetime64]

RIGHT = "a series of rates on ascending UTC stamps, as fractions: 0.0001 for 0.01 %"


@dataclass(frozen=True, eq=False)
class Funding:
    """time: settlements, UTC, strictly ascending. rate: the fraction of a position's value that a long pays there."""

    time: Times
    rate: Floats

    @classmethod
    def from_series(cls, series: pd.Series[Any], where: str) -> Funding:
        """Raises UserError where stamps have no zone, do not ascend, or a rate is no number under 1."""
        if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
            raise UserError(where, f"funding is a {type(series).__name__} without stamps", RIGHT)
        index = series.index
        if index.tz is None or str(index.tz) not in ("UTC", "UTC+00:00"):
            raise UserError(where, f"the stamps of the funding are in zone {index.tz}", RIGHT)
        if index.hasnans or not (index.is_monotonic_increasing and index.is_unique):
            raise UserError(where, "the stamps of the funding do not ascend", RIGHT)
        rate = pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        wrong = np.nonzero(~(np.abs(rate) < 1))[0]
        if len(wrong):
            said = series.iloc[wrong[0]]
            said = said if isinstance(said, str) else float(rate[wrong[0]])
            raise UserError(where, f"the funding of {index[wrong[0]]} is {said!r:.40}", RIGHT)
        made = cls(index.tz_convert(None).to_numpy().astype("datetime64[us]"), rate.copy())
        for array in (made.time, made.rate):
            array.setflags(write=False)
        return made

    def until(self, end: np.datetime64) -> Funding:
        """The settlements up to and including `end`."""
        last = int(np.searchsorted(self.time, end, side="right"))
        return Funding(self.time[:last], self.rate[:last])

    def by_bar(self, opens: Times, step: np.timedelta64) -> Floats:
        """The sum of the rates that belong to each bar: those after its open, up to and including the next one's."""
        ends = np.append(opens[1:], opens[-1:] + step)
        before = np.concatenate([[0], np.searchsorted(self.time, ends, side="right")])
        before[0] = np.searchsorted(self.time, opens[0], side="right") if len(opens) else 0
        total = np.zeros(len(opens))
        np.add.at(total, np.repeat(np.arange(len(opens)), np.diff(before)), self.rate[before[0] : before[-1]])
        return total
