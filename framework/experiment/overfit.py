"""What of the best set is left once it is known how many were tried, in figures of validation/overfitting.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics import ENOUGH
from ..validation.cscv import backtest_overfitting
from ..validation.overfitting import (
    Moments,
    deflated_sharpe,
    expected_maximum,
    minimum_backtest_length,
    minimum_track_record,
    probabilistic_sharpe,
)
from ..validation.periods import PER_YEAR, period_of
from ..validation.superior import superior
from .ledger import Ever
from .outofsample import OutOfSample
from .ready import Ready, union
from .search import Evaluator, Values, period_edges

Floats = NDArray[np.float64]

BLOCKS = 16  # of time, which are put together in 12,870 ways
PERIODS = 60  # of the tests, for Hansen's test
MOST = 1_000  # sets that are compared with one another


def overfitting(
    made: Ready, evaluator: Evaluator, sets: Sequence[Values], tested: OutOfSample, ever: Ever
) -> dict[str, Any]:
    """Of each variant, from R gained in calendar periods by the signal's date:

    found: of all the sets tried the one with the best Sharpe ratio over all the data, which all of them have seen;
    deflated: its deflated Sharpe ratio after `trials` of them. tested: the account out of sample.
    pbo: how often the best of one half of the data is below the median of the sets in the other (CSCV). spa: whether
    any set gained in the test windows, by luck or not, and how many did. Both are of `compared` sets: the `different`
    ones that were tried, or 1,000 of them. years_luck: under which the best of so many trials without skill is expected
    to have a Sharpe ratio of 1. Ratios are annual. NaN or None where there is too little to say it.
    """
    unit, edges = period_edges(union(made.markets))
    begin = _first_whole(tested.chosen[0][0].test_start, edges)
    scored = evaluator.scored(sets)
    some = _some(len(sets))
    gains = np.stack(evaluator.gains([sets[row] for row in some]), axis=2).astype(float)
    variants: dict[str, Any] = {}
    for v, name in enumerate(made.trading.policies):
        matrix = gains[v][:, ~np.isnan(gains[v]).any(axis=0)]  # without the sets that hold a trade without R
        best = _best([one.sharpe[v] for one in scored], [int(one.whole[v]) for one in scored])
        record = None if best is None else evaluator.gains([sets[best]])[0][v].astype(float)
        variance = _variance([one.sharpe[v] for one in scored], ever.trials)
        found: dict[str, Any] = {"parameters": {}, "trades": 0} | _found(record, ever.trials, variance, PER_YEAR[unit])
        if best is not None:
            found |= {"parameters": dict(sets[best]), "trades": int(scored[best].whole[v])}
        variants[name] = {
            "found": found,
            "tested": _tested(tested.trades, name, edges, begin, PER_YEAR[unit]),
            "pbo": _pbo(matrix),
            "spa": _spa(matrix[begin:], made.experiment.seed),
        }
    return {
        "trials": ever.trials,
        "runs": ever.runs,
        "different": len(sets),
        "compared": len(some),
        "years_luck": minimum_backtest_length(max(ever.trials, 1)),
        "period": unit,
        "periods": len(edges) - 1,
        "variants": variants,
    }


def _some(count: int) -> list[int]:
    """All sets, or so many that are spread evenly over the order in which they were tried."""
    return list(range(count)) if count <= MOST else np.linspace(0, count - 1, MOST).astype(int).tolist()


def _best(each: Sequence[float], trades: Sequence[int]) -> int | None:
    """The set with the best ratio, of those with 30 trades: a few that all won have one that means nothing."""
    able = [row for row, ratio in enumerate(each) if trades[row] >= ENOUGH and not np.isnan(ratio)]
    return max(able, key=lambda row: (each[row], -row)) if able else None


def _variance(each: Sequence[float], trials: int) -> float:
    """Of the sets' ratios; of a single one nothing is known, unless it is the only one ever."""
    known = np.array(each)[~np.isnan(each)]
    return float(known.var(ddof=1)) if len(known) > 1 else 0.0 if trials == 1 else np.nan


def _found(record: Floats | None, trials: int, variance: float, year: float) -> dict[str, Any]:
    if record is None:
        return dict.fromkeys(("sharpe", "gained_r", "probabilistic", "deflated", "luck"), np.nan)
    moments, unknown = Moments.of(record), np.isnan(variance)
    return {
        "sharpe": moments.sharpe * np.sqrt(year),
        "gained_r": float(record.sum()),
        "probabilistic": probabilistic_sharpe(moments),
        "deflated": np.nan if unknown else deflated_sharpe(moments, trials, variance),
        "luck": np.nan if unknown else expected_maximum(trials, variance) * np.sqrt(year),
    }


def _first_whole(moment: pd.Timestamp, edges: NDArray[np.datetime64]) -> int:
    """The first period that begins at or after the moment."""
    return int(np.searchsorted(edges, moment.tz_convert(None).to_datetime64()))


def _tested(
    trades: pd.DataFrame, variant: str, edges: NDArray[np.datetime64], begin: int, year: float
) -> dict[str, Any]:
    """The account's closed trades, R by the period of their signals; nothing is said of under 30."""
    own = trades[(trades["variant"] == variant) & (trades["exit_reason"] != "open")]
    at = period_of(own["signal_time"].to_numpy("datetime64[us]"), edges)
    gained = np.bincount(at, own["r"].to_numpy(float), len(edges) - 1)[begin:]
    length = {"years": len(gained) / year, "trades": len(own)}
    if len(own) < ENOUGH or np.isnan(gained).any():
        return length | dict.fromkeys(("sharpe", "probabilistic", "years_needed"), np.nan)
    moments = Moments.of(np.asarray(gained, float))
    return length | {
        "sharpe": moments.sharpe * np.sqrt(year),
        "probabilistic": probabilistic_sharpe(moments),
        "years_needed": minimum_track_record(moments) / year,
    }


def _pbo(matrix: Floats) -> dict[str, Any] | None:
    different = np.unique(matrix, axis=1)
    if different.shape[1] < 2 or len(matrix) < 2 * BLOCKS:
        return None
    found = backtest_overfitting(matrix, BLOCKS)
    return {"value": found.pbo, "combinations": found.combinations, "loss": found.loss}


def _spa(matrix: Floats, seed: int) -> dict[str, Any] | None:
    """None under 60 periods, where it rejects far more often than it says."""
    if len(matrix) < PERIODS or not matrix.shape[1]:
        return None
    found = superior(matrix, seed=seed)
    p = {name: getattr(found, name) for name in ("p", "lower", "upper")}
    return p | {"better": len(found.better), "distinct": found.distinct, "periods": len(matrix)}
