"""What a file holds that is no table of bars, in lines for who asks what is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .. import table
from . import funding, holds_funding, holds_interest, open_interest, rates


def told(what: str | Path) -> list[str]:
    """Lines on a file of funding rates or open interest; none for bars. Raises UserError for a fault in it."""
    if holds_funding(what):
        found = funding(what)
        return [f"{what}: {len(found):,} funding rates, column {found.name}", *rates.contents(found)]
    if holds_interest(what):
        return _interest(what)
    return []


def _interest(what: str | Path) -> list[str]:
    found = open_interest(what)
    index, values = pd.DatetimeIndex(found.index), found.to_numpy(float)
    step = table.common_step(index.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64))
    known = values[np.isfinite(values)]
    lines = [f"{what}: {len(found):,} values of open interest, column {found.name}"]
    lines.append(f"from {index[0]:%Y-%m-%d %H:%M} to {index[-1]:%Y-%m-%d %H:%M} UTC")
    lines[-1] += f", every {table.length(step)}" if step else ""
    if len(known):
        lines.append(f"{known.min():,.6g} to {known.max():,.6g}; whether in dollars or coins, the file does not say")
    if len(known) < len(values):
        lines.append(f"note   {len(values) - len(known):,} are empty: unknown")
    if (known == 0).any():
        lines.append(f"note   {int((known == 0).sum()):,} are zero: nobody held anything, or nobody looked")
    return lines
