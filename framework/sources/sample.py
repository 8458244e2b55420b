"""The sample: real daily bars of a few stocks, in data/sample with their provenance."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError, nearest

FOLDER = Path(__file__).resolve().parents[2] / "data" / "sample"
TIMEFRAME = "1d"


def symbols() -> list[str]:
    """The symbols there are."""
    return sorted(path.stem for path in FOLDER.glob("*.parquet"))


def path(symbol: str) -> Path:
    """The file of a symbol. Raises UserError, with the nearest one, for a symbol the sample lacks."""
    if symbol not in symbols():
        raise UserError(f"sample:{symbol}", f"the sample has no '{symbol}'", nearest(symbol.upper(), symbols()))
    return FOLDER / f"{symbol}.parquet"
