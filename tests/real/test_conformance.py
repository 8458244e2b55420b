"""Prefixes of years of hourly bars, some of them missing: nothing before moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.errors import MissingError
from framework.sources import load
from framework.validation.causality import leaks, prefixes
from tests.conformance.test_strategies import CASES, of_context, of_detectors, of_strategy

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the market data of ../shared/data is not here")


@pytest.mark.parametrize(("file", "noise"), [("BTCUSD-1h", None), ("BTCUSD-1h", 5), ("EURUSD-4h", None)])
def test_sampled_prefixes(file: str, noise: int | None) -> None:
    bars = load(DATA / f"{file}.parquet")
    cuts = prefixes(len(bars), 4 if noise is None else 2, seed=2)
    for produce in [of_detectors, of_context, *(of_strategy(name, options) for name, options in CASES)]:
        try:
            assert list(leaks(bars, produce, cuts, noise)) == []
        except MissingError:
            assert not bars.has_volume, "a rule that asks for volume, of a market that has some"
            continue
