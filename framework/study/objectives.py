"""What a search looks for: figures of the closed trades, from their R in the order in which they were over."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def _t_statistic(r: Floats) -> float:
    spread = r.std(ddof=1) if len(r) > 1 else 0.0
    return float(r.mean() / spread * math.sqrt(len(r))) if spread > 0 else math.nan


def _profit_factor(r: Floats) -> float:
    lost = -r[r < 0].sum()
    return float(r[r > 0].sum() / lost) if lost > 0 else math.nan


def _max_drawdown(r: Floats) -> float:
    grown = np.concatenate([[0.0], np.cumsum(r)])
    return float((np.maximum.accumulate(grown) - grown).max())


OBJECTIVES: Mapping[str, Callable[[Floats], float]] = {
    "expectancy_r": lambda r: float(r.mean()),
    "t_statistic_r": _t_statistic,
    "total_r": lambda r: float(r.sum()),
    "win_rate": lambda r: math.nan if np.isnan(r).any() else float((r > 0).mean()),
    "profit_factor_r": _profit_factor,
    "max_drawdown_r": _max_drawdown,
}
LEAST = frozenset({"max_drawdown_r"})  # the lower, the better


def better(name: str, value: float) -> float:
    """The value turned so that more is better."""
    return -value if name in LEAST else value
