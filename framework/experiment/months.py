"""What the accounts made month by month and year by year, and which months the tests hold only a part of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .outofsample import OutOfSample

Floats: TypeAlias = NDArray[np.float64]

MONTH, YEAR = "%Y-%m", "%Y"
SATURDAY = 5


def returns(tested: OutOfSample, name: str) -> dict[str, dict[str, Any]]:
    """Of one account the return of each month and year that has a bar, `{"months": {"2005-03": 0.012}, "years":
    {"2005": 0.1}}`, and how many trades were over in each year that has any, `closed_by_year`, {} for what has none.

    A return is the equity at its last close over that at the last close before it, at first the cash, so together they
    make the total return; NaN where the equity before is zero or less. A bar, and what is over in it, belongs to the
    month in which it opens.
    """
    times, trades = tested.equity["time"], tested.trades
    equity = np.concatenate([[tested.trading.cash], tested.equity[name].to_numpy()])
    closed = trades.loc[(trades["variant"] == name) & (trades["exit_reason"] != "open"), "exit_time"]
    return {
        "months": _by(times.dt.strftime(MONTH), equity),
        "years": _by(times.dt.strftime(YEAR), equity),
        "closed_by_year": {year: int(n) for year, n in closed.dt.strftime(YEAR).value_counts().sort_index().items()},
    }


def _by(label: pd.Series[str], equity: Floats) -> dict[str, float]:
    names = label.to_numpy()
    last = np.flatnonzero(np.append(names[1:] != names[:-1], True))
    after = equity[last + 1]
    before = np.concatenate([equity[:1], after[:-1]])
    made = np.full(len(last), np.nan)
    np.divide(after, before, out=made, where=before > 0)
    return dict(zip(names[last].tolist(), (made - 1).tolist(), strict=True))


def period(tested: OutOfSample) -> dict[str, Any]:
    """From the first to the last bar of the tests. partial_months: those that the first test begins in, or the data end
    in, after their first day or before their last; where no bar opens at a weekend, weekends are not missed, but
    holidays are.
    """
    times, begin = tested.equity["time"], tested.chosen[0][0].test_start
    weekends = bool((times.dt.day_of_week >= SATURDAY).any())
    first, last = times.iloc[0], times.iloc[-1]
    end = last + times.diff().median() if len(times) > 1 else last
    parts = [(first, _first(first), begin), (last, end, _first(last) + pd.DateOffset(months=1))]
    missed = [month.strftime(MONTH) for month, start, stop in parts if _missed(start, stop, weekends)]
    return {"from": first, "to": last, "partial_months": list(dict.fromkeys(missed))}


def _first(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.normalize().replace(day=1)


def _missed(start: pd.Timestamp, stop: pd.Timestamp, weekends: bool) -> bool:
    """Whether a time lies between the two in which there are bars."""
    if start >= stop or weekends:
        return start < stop
    return bool(np.busday_count(start.ceil("D").date(), stop.floor("D").date()) > 0)
