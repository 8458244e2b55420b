"""Makes the sample: daily bars of four stocks, adjusted for splits, from the table in bokeh_sampledata.

    python data/sample/make.py [FOLDER]

writes AAPL, GOOG, IBM and MSFT.parquet into FOLDER (without one, where this script stands) and prints their sha256.
With the versions named in README.md the files come out the same to the byte. The source is checked, not believed:
the script stops where its adjusted close shows a split that is not in SPLITS, or does not show one that is.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TABLE = importlib.resources.files("bokeh_sampledata") / "_data" / "stocks.csv.gz"
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
PRICES = ("open", "high", "low", "close")
COLUMNS = ("time", *PRICES, "volume")
# First session at the new price, and how many shares one became.
SPLITS = {
    "AAPL": {"2000-06-21": 2, "2005-02-28": 2},
    "MSFT": {"2003-02-18": 2},
}
LARGEST_DIVIDEND = 0.15  # of the price; MSFT paid 3 dollars on 27 in November 2004; the smallest usual split is 5:4


def main(folder: Path) -> None:
    """Write the files into `folder`."""
    with importlib.resources.as_file(TABLE) as path:
        source = pd.read_csv(path, parse_dates=["Date"])
    source.columns = pd.Index([name.lower() for name in source.columns])
    for symbol in SYMBOLS:
        bars = source[source["ticker"] == symbol].reset_index(drop=True)
        check_splits(bars, symbol)
        target = folder / f"{symbol}.parquet"
        write(adjust(bars, symbol), target)
        print(hashlib.sha256(target.read_bytes()).hexdigest(), target.name)


def adjust(bars: pd.DataFrame, symbol: str) -> pd.DataFrame:
    """Prices before a split divided, volume multiplied: as if all had happened before the first row."""
    shares = np.ones(len(bars))
    for day, ratio in SPLITS.get(symbol, {}).items():
        shares[bars["date"] < day] *= ratio
    done = pd.DataFrame({"time": bars["date"].dt.tz_localize("UTC")})
    for name in PRICES:
        done[name] = bars[name] / shares
    done["volume"] = bars["volume"] * shares
    return done


def check_splits(bars: pd.DataFrame, symbol: str) -> None:
    """Adjusted close over close is constant but for dividends (a step up by the dividend) and splits (by the ratio)."""
    factor = (bars["adj close"] / bars["close"]).to_numpy()
    steps = factor[1:] / factor[:-1]
    large = np.flatnonzero(steps > 1 + LARGEST_DIVIDEND)
    seen = {str(bars["date"][row + 1].date()): round(float(steps[row]), 3) for row in large}
    if seen != SPLITS.get(symbol, {}) or (steps < 1 - 1e-4).any():
        raise SystemExit(f"{symbol}: the adjusted close shows {seen}, known are {SPLITS.get(symbol, {})}")


def write(bars: pd.DataFrame, target: Path) -> None:
    """One row group, zstd, no metadata but the schema."""
    fields = [pa.field("time", pa.timestamp("us", tz="UTC")), *(pa.field(name, pa.float64()) for name in COLUMNS[1:])]
    arrays = [pa.array(bars[name], type=field.type) for name, field in zip(COLUMNS, fields, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), target, compression="zstd")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
