"""How closed trades are spread in R, and how far they went against and for their entry before they were over."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics import win_rate

Floats: TypeAlias = NDArray[np.float64]

AGAINST, IN_PROFIT = 0.5, 1.0  # R
LEAST, MOST = -3, 10  # R that are drawn at most
ROUNDING = 9  # digits: a stop's −1 R is not to fall on either side of a bin's edge


def edges(r: Floats) -> list[float]:
    """Edges of the bins for R of closed trades, some of which may be NaN: whole numbers of R, from below the lowest to
    above 98 % of them, but not below −3 nor above 10, and at least from −2 to 2. Bins are a quarter wide, or a half
    where that makes more than 24 of them, so that −1 and 0 are always edges.
    """
    known = r[np.isfinite(r)]
    low = min(max(math.floor(known.min()), LEAST), -2) if len(known) else -2
    high = max(min(math.ceil(np.quantile(known, 0.98)), MOST), 2) if len(known) else 2
    step = 0.25 if high - low <= 6 else 0.5
    return [low + step * i for i in range(round((high - low) / step) + 1)]


def excursions(closed: pd.DataFrame, every: pd.DataFrame, blocks: NDArray[np.int64]) -> dict[str, Any]:
    """Of one variant's closed trades. every: the run's trades, whose bins all variants share.

    edges and counts: a histogram of R, each bin from its lower edge on; what is beyond the first or the last edge is in
    the first or the last bin, and counted by itself in below and above. without_r: trades that had no stop, so no R;
    they are in nothing else here. winners_against: how many of the trades that won had been more than 0.5 R below
    their fill, losers_ahead: how many of those that did not win had been 1 R or more above it, shares with intervals.
    mae, mfe: SEMANTICS.md; of the exit's bar only what certainly came before the exit is in them.
    """
    bins = edges(every.loc[every["exit_reason"] != "open", "r"].to_numpy())
    r = np.round(closed["r"].to_numpy(), ROUNDING)
    known = np.isfinite(r)
    within = np.clip(r[known], bins[0], bins[-1])
    counts, _ = np.histogram(within, np.array(bins))
    won = closed["pnl"].to_numpy() > 0
    against = np.round(closed["mae"].to_numpy(), ROUNDING) > AGAINST
    ahead = np.round(closed["mfe"].to_numpy(), ROUNDING) >= IN_PROFIT
    return {
        "edges": bins,
        "counts": counts.tolist(),
        "below": int((r[known] < bins[0]).sum()),
        "above": int((r[known] > bins[-1]).sum()),
        "without_r": int((~known).sum()),
        "winners_against": asdict(win_rate(against[known & won], blocks[known & won])),
        "losers_ahead": asdict(win_rate(ahead[known & ~won], blocks[known & ~won])),
    }
