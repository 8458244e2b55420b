"""Setups traded by themselves, whatever else is held at the time: how many filled, how many won, with what R."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from ..metrics import mean, time_blocks, win_rate


def alone(setups: pd.DataFrame, name: str, seed: int) -> dict[str, Any]:
    """One variant's figures: setups that are traded and known early enough, filled; of those that have ended the win
    rate and the expectancy in R.
    """
    part = compared(setups)
    entered = part[part[f"{name}_fate"] == "entered"]
    ended = entered[entered[f"{name}_exit_reason"] != "open"]
    blocks = blocks_of(ended["known_at"], ended[f"{name}_exit_time"])
    r, won = ended[f"{name}_r"].to_numpy(), ended[f"{name}_return"].to_numpy() > 0
    figures = {"win_rate": asdict(win_rate(won, blocks)), "expectancy_r": asdict(mean(r, blocks, seed))}
    return {"variant": name, "setups": len(part), "filled": len(entered), **figures}


def by_kind(setups: pd.DataFrame, variants: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Each kind's figures, by variant, and the sides that it is traded on."""
    rows = []
    for kind, part in compared(setups).groupby("kind"):
        side = " and ".join(sorted({"long", "short"} & set(part["direction"])))
        rows += [{"kind": kind, "side": side} | alone(part, name, seed) for name in variants]
    return rows


def compared(setups: pd.DataFrame) -> pd.DataFrame:
    """The setups that are traded, but for those that the data ends on."""
    return setups[(setups["veto"] == "") & setups["complete"]]


def blocks_of(begin: pd.Series[Any], end: pd.Series[Any]) -> Any:
    """Blocks of time for trades that begin and end so, see `time_blocks`."""
    lives = (pd.to_datetime(end, utc=True) - begin).to_numpy()
    return time_blocks(begin.dt.tz_localize(None).to_numpy(), lives)
