"""What a run says of chance: random entries beside every account, the trades drawn again in blocks of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ..study import OBJECTIVES
from ..validation.chance import Chance, random_entries
from .alone import blocks_of
from .outofsample import OutOfSample

DRAWS = 2000  # of the blocks of trades
LEVELS = (0.05, 0.5, 0.95)


def against_chance(tested: OutOfSample, draws: int, seed: int) -> dict[str, Chance]:
    """Each variant beside random entries; none where none is asked for."""
    if not draws:
        return {}
    return random_entries(tested.trading, tested.markets, tested.parts, tested.chosen, draws, seed)


def told(found: Mapping[str, Chance]) -> dict[str, Any] | None:
    """The figures by variant, without the bands."""
    names = ("draws", "trades", "made", "offered", "neighbours", "hours", "stuck")
    figures = ("mean_r", "win_rate", "total_return")
    made = {
        variant: {name: getattr(one, name) for name in names} | {name: asdict(getattr(one, name)) for name in figures}
        for variant, one in found.items()
    }
    return made or None


def bands(found: Mapping[str, Chance]) -> pd.DataFrame:
    """Equity of each variant and the range of the draws', moment by moment, as a table to be kept."""
    columns = ("equity", "low", "middle", "high")
    parts = [
        pd.DataFrame(
            {"variant": name, "time": one.band.time} | {column: getattr(one.band, column) for column in columns}
        )
        for name, one in found.items()
    ]
    empty = pd.DataFrame({"variant": pd.Series(dtype=str), "time": pd.Series(dtype="datetime64[us, UTC]")})
    return pd.concat(parts, ignore_index=True) if parts else empty.assign(**dict.fromkeys(columns, 0.0))


def redrawn(trades: pd.DataFrame, seed: int) -> dict[str, Any]:
    """What might as well have happened: the closed trades of a variant drawn again, by whole blocks of time.

    total_r and drawdown_r, the deepest fall of the sum of R from its highest: of the trades as they were, and the 5, 50
    and 95 % levels over the draws. loss: the share of draws that lost. NaN without trades, or without R.
    """
    closed = trades[trades["exit_reason"] != "open"].sort_values("exit_time", kind="stable")
    r = closed["r"].to_numpy()
    blocks = blocks_of(closed["signal_time"], closed["exit_time"])
    counts = {"trades": len(r), "blocks": len(np.unique(blocks))}
    if not len(r) or np.isnan(r).any():
        nothing = {"value": np.nan} | {f"{level:.0%}": np.nan for level in LEVELS}
        return {"total_r": nothing, "drawdown_r": dict(nothing), "loss": np.nan} | counts
    groups = [r[blocks == block] for block in np.unique(blocks)]
    random = np.random.default_rng(seed)
    drawn = np.array([_of(groups, random.integers(len(groups), size=len(groups))) for _ in range(DRAWS)])
    real = np.array([r.sum(), OBJECTIVES["max_drawdown_r"](r)])
    levels = np.quantile(drawn, LEVELS, axis=0)
    named = [
        {"value": float(real[i])} | {f"{level:.0%}": float(levels[k, i]) for k, level in enumerate(LEVELS)}
        for i in range(2)
    ]
    loss = float((drawn[:, 0] < 0).mean())
    return {"total_r": named[0], "drawdown_r": named[1], "loss": loss} | counts


def _of(groups: list[np.ndarray[Any, Any]], rows: np.ndarray[Any, Any]) -> tuple[float, float]:
    r = np.concatenate([groups[row] for row in rows])
    return float(r.sum()), OBJECTIVES["max_drawdown_r"](r)
