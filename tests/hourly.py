"""Five good hourly bars."""

from __future__ import annotations

import numpy as np
import pandas as pd

from framework.bars import Bars

HOURLY = pd.date_range("2024-01-01", periods=5, freq="h", tz="UTC")


def table(**columns: list[object]) -> pd.DataFrame:
    """Five good hourly bars, some columns replaced."""
    good = {
        "open": [10.0, 11.0, 12.0, 13.0, 14.0],
        "high": [12.0, 13.0, 14.0, 15.0, 16.0],
        "low": [9.0, 10.0, 11.0, 12.0, 13.0],
        "close": [11.0, 12.0, 13.0, 14.0, 15.0],
        "volume": [1.0, 2.0, 0.0, np.nan, 5.0],
    }
    return pd.DataFrame(good | columns, index=HOURLY)


def make(**columns: list[object]) -> Bars:
    return Bars.from_frame(table(**columns), "X", "1h")
