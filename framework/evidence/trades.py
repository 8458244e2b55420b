"""Events traded by themselves under the rule's own stop, each left at its horizon at the latest."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..indicators import bar_atr
from ..signals import Entries
from ..simulation import Costs, Exits
from ..simulation.outcomes import outcomes
from .units import Events

Floats: TypeAlias = NDArray[np.float64]

CLOSE = 0.25  # ATR: of a stop nearer than that R means nothing
ALONE = Exits(stop="own", on_opposite="ignore", min_risk_atr=CLOSE)


def traded(bars: Bars, found: Events, horizon: int, costs: Costs) -> dict[str, Floats]:
    """win: 1 for a profit after costs, else 0; r: it in initial risks. Entered at the next open, left at the stop or at
    the first open after `horizon` bars. NaN without a stop, with one within a quarter of an ATR, and where the data
    ends before the horizon.
    """
    told = {"win": np.full(len(found), np.nan), "r": np.full(len(found), np.nan)}
    risk = found.side * (bars.close[found.bar] - found.stop)
    with np.errstate(invalid="ignore"):
        able = (risk >= CLOSE * bar_atr(bars)[found.bar]) & (found.bar + horizon + 1 < len(bars))
    rows = np.flatnonzero(able)
    if not len(rows):
        return told
    some = found.take(rows)
    none = np.full(len(rows), np.nan)
    asked = Entries(
        some.bar, some.side.astype(np.int8), some.stop, none, some.bar + horizon, np.arange(len(rows)), height=none
    )
    done = outcomes(bars, asked, ALONE, costs)
    ended = ((done["fate"] == "entered") & (done["exit_reason"] != "open")).to_numpy()
    told["win"][rows] = np.where(ended, done["return"].to_numpy() > 0, np.nan)
    told["r"][rows] = np.where(ended, done["r"].to_numpy(), np.nan)
    return told
