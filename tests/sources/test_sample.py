"""The sample: the published numbers, adjusted for splits and for nothing else, made again to the byte."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from framework.errors import UserError
from framework.faults import inspect
from framework.sources import load, read, samples

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", SAMPLE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_has_four_stocks() -> None:
    assert samples() == ["AAPL", "GOOG", "IBM", "MSFT"]


@pytest.mark.parametrize(
    ("symbol", "sessions", "first"),
    [
        ("AAPL", 3270, "2000-03-01"),
        ("GOOG", 2148, "2004-08-19"),
        ("IBM", 3270, "2000-03-01"),
        ("MSFT", 3270, "2000-03-01"),
    ],
)
def test_the_sample_needs_no_remedy(symbol: str, sessions: int, first: str) -> None:
    bars = load(f"sample:{symbol}")
    assert (bars.symbol, bars.timeframe, len(bars)) == (symbol, "1d", sessions)
    assert (bars.time[0], bars.time[-1]) == (np.datetime64(first), np.datetime64("2013-03-01"))
    assert not np.isnan(bars.volume).any()
    assert bars.per_year == pytest.approx(251.5, abs=0.3)
    assert [fault.kind for fault in inspect(read(f"sample:{symbol}"))] == ["gaps"]


@pytest.mark.parametrize(
    ("symbol", "day", "published", "volume", "ratio"),
    [
        ("AAPL", "2000-03-01", (118.56, 132.06, 118.5, 130.31), 9_616_100, 4),
        ("AAPL", "2000-06-21", (50.5, 56.94, 50.31, 55.63), 4_375_000, 2),
        ("AAPL", "2013-03-01", (438.0, 438.1799, 429.98, 430.47), 19_730_300, 1),
        ("MSFT", "2003-02-14", (47.25, 48.5, 46.77, 48.3), 45_223_200, 2),
        ("IBM", "2000-03-01", (102.0, 105.5, 100.06, 100.25), 10_807_800, 1),
    ],
)
def test_the_sample_is_the_published_row_over_the_splits_to_come(symbol, day, published, volume, ratio) -> None:
    row = load(f"sample:{symbol}").frame().loc[day]
    assert row[["open", "high", "low", "close"]].tolist() == [price / ratio for price in published]
    assert row["volume"] == volume * ratio


@pytest.mark.parametrize(("symbol", "day"), [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")])
def test_a_split_is_no_crash(symbol: str, day: str) -> None:
    bars = load(f"sample:{symbol}")
    row = int(np.searchsorted(bars.time, np.datetime64(day)))
    assert abs(bars.close[row] / bars.close[row - 1] - 1) < 0.1
    assert 0.2 < bars.volume[row - 20 : row].mean() / bars.volume[row : row + 20].mean() < 2


def test_the_sample_lacks_a_symbol() -> None:
    with pytest.raises(UserError, match="the sample has no 'APPL'; did you mean 'AAPL'"):
        load("sample:APPL")
    with pytest.raises(UserError, match="did you mean 'MSFT'"):
        read("sample:msft")


def test_the_script_makes_the_same_bytes(maker: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("bokeh_sampledata", reason="the package the sample was made from is not installed")
    maker.main(tmp_path)
    printed = capsys.readouterr().out
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, content in made.items():
        if f"pyarrow {pa.__version__} " in (SAMPLE / "README.md").read_text():
            assert content == (SAMPLE / name).read_bytes(), name
        assert pq.read_table(tmp_path / name).equals(pq.read_table(SAMPLE / name)), name
        assert f"{hashlib.sha256(content).hexdigest()} {name}" in printed
    assert sorted(made) == [f"{symbol}.parquet" for symbol in samples()]


def test_the_readme_has_the_digests() -> None:
    readme = (SAMPLE / "README.md").read_text()
    for symbol in samples():
        digest = hashlib.sha256((SAMPLE / f"{symbol}.parquet").read_bytes()).hexdigest()
        assert re.search(rf"\| {symbol}\.parquet .*`{digest}`", readme)


def test_the_script_stops_at_a_split_it_does_not_know(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = pd.DataFrame({
        "date": pd.to_datetime(["2000-06-19", "2000-06-20", "2000-06-21"]),
        "close": [100.0, 100.0, 50.0],
        "adj close": [50.0, 50.0, 50.0],
    })  # fmt: skip
    monkeypatch.setattr(maker, "SPLITS", {"KNOWN": {"2000-06-21": 2}, "OTHER": {"2000-06-20": 2}})
    maker.check_splits(bars, "KNOWN")
    for symbol in ("OTHER", "NONE"):
        with pytest.raises(SystemExit, match="2000-06-21"):
            maker.check_splits(bars, symbol)


def test_the_format_of_the_sample() -> None:
    for symbol in samples():
        file = pq.ParquetFile(SAMPLE / f"{symbol}.parquet")
        assert file.schema_arrow.field("time").type == pa.timestamp("us", tz="UTC")
        assert file.schema_arrow.names == ["time", "open", "high", "low", "close", "volume"]
        assert file.metadata.row_group(0).column(1).compression == "ZSTD"
