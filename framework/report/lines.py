"""Lines of a setup in its picture: trendlines, edges, necklines, levels, each straight on a log axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..bars import Bars
from ..validation.walk import row_at
from .figures import COLOURS


def of_setup(drawn: pd.DataFrame, setup: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `Setups.drawn` that are this setup's."""
    rows: pd.DataFrame = drawn[drawn["setup"] == setup["setup"]]
    return rows


def draw(axes: Axes, lines: pd.DataFrame, bars: Bars, first: int, last: int) -> None:
    """Each line from its first to its last point, as far as the bars first to last are shown. A level is dashed. On a
    plain axis a straight line of logs is slightly bent.
    """
    for one in lines.to_dict("records"):
        begin, end = (row_at(bars, one[f"{side}_time"]) for side in ("from", "to"))
        at = np.arange(max(begin, first), min(end, last - 1) + 1)
        rise = np.log(one["to_price"] / one["from_price"]) / max(end - begin, 1)
        flat = one["from_price"] == one["to_price"]
        axes.plot(
            at - first,
            one["from_price"] * np.exp(rise * (at - begin)),
            color=COLOURS["pair"],
            linewidth=1.4,
            linestyle="--" if flat else "-",
        )
