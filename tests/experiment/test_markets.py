"""What an experiment's markets hold besides their bars, file by file, and the one line that refuses each wrong one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.experiment import config
from framework.experiment.markets import load_markets
from framework.experiment.run import run

from . import refused, toml
from .funded import quarters, ran, rates, walked

ROOT = Path(__file__).resolve().parents[2]
FILES = "data.files = ['data/X-1d.csv', 'data/Y-1d.csv', 'data/Z-1d.csv']"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """X, Y and Z, of which X and Z have funding and X has finer bars; Y is at twice the price."""
    folder = tmp_path_factory.mktemp("workspace")
    ran(folder, name="first")
    data = folder / "data"
    for name, seed in (("X", 7), ("Y", 8), ("Z", 9)):
        frame = walked(seed) * (2 if name == "Y" else 1)
        frame.to_csv(data / f"{name}-1d.csv")
        quarters(frame).to_csv(data / f"{name}-6h.csv")
        rates(seed=seed).to_csv(data / f"{name}-funding.csv")
    rates("2030-01-01").to_csv(data / "late.csv")
    quarters(walked(7, 90, "2030-01-01")).to_csv(data / "late-6h.csv")
    rates().replace(rates().iloc[5], 3.0).to_csv(data / "percent.csv")
    for name, volume in (("OTHER", 3.0), ("THIRD", 5.0)):
        walked(7).assign(volume=volume).to_csv(data / f"X_{name}-1d.csv")
    interest().to_csv(data / "X-oi.csv")
    interest("2030-01-01").to_csv(data / "late-oi.csv")
    interest().replace(interest().iloc[5], -3.0).to_csv(data / "negative-oi.csv")
    interest(freq="7D", periods=100).to_csv(data / "weekly-oi.csv")
    broken = quarters(walked(7))
    broken.iloc[3, broken.columns.get_loc("high")] = 1.0
    broken.to_csv(data / "broken-6h.csv")
    return folder


def interest(first: str = "2020-01-01", periods: int = 900, freq: str = "D") -> pd.Series[float]:
    index = pd.date_range(first, periods=periods, freq=freq, name="time")
    return pd.Series(range(1000, 1000 + periods), index, name="open_interest", dtype=float)


def written(folder: Path, *changes: str) -> Path:
    path = folder / "experiments" / "m.toml"
    path.write_text(toml(*changes), encoding="utf-8")
    return path


def test_each_file_goes_with_the_market_at_its_place(folder: Path) -> None:
    funding = "data.funding = ['data/X-funding.csv', '', 'data/Z-funding.csv']"
    path = written(folder, FILES, funding, "data.finer = ['data/X-6h.csv']", "data.from = 2020-06-01")
    x, y, z = load_markets(config.load(path))
    assert [bars.symbol for bars in (x, y, z)] == ["X", "Y", "Z"]
    assert y.funding is None and y.finer is None and z.finer is None
    for bars, seed in ((x, 7), (z, 9)):
        assert bars.funding is not None
        due = rates(seed=seed)
        due = due[due.index <= pd.Timestamp(bars.end)]
        assert bars.funding.rate == pytest.approx(due.to_numpy())
    assert x.finer is not None and x.finer.timeframe == "6h" and len(x.finer) == 4 * len(x)
    assert x.finer.time[0] == x.time[0] == pd.Timestamp("2020-06-01").to_datetime64()


def test_symbols_of_the_sample_come_first_and_have_none(folder: Path) -> None:
    walked(7, 3000, "2001-01-01").to_csv(folder / "data" / "O-1d.csv")
    rates("2001-01-01", 9000).to_csv(folder / "data" / "O-funding.csv")
    path = written(
        folder, "data.symbols = ['IBM']", "data.files = ['data/O-1d.csv']", "data.funding = ['data/O-funding.csv']"
    )
    ibm, own = load_markets(config.load(path))
    assert (ibm.symbol, ibm.funding, own.symbol) == ("IBM", None, "O") and own.funding is not None


USD, COINS = "data.open_interest_in = 'usd'", "data.open_interest_in = 'coins'"


def test_open_interest_and_the_volume_of_other_exchanges(folder: Path) -> None:
    oi = "data.open_interest = ['', 'data/X-oi.csv']"
    more = "data.volume_of = [['data/X_OTHER-1d.csv', 'data/X_THIRD-1d.csv'], []]"
    x, y, z = load_markets(config.load(written(folder, FILES, oi, COINS, more, "data.from = 2020-06-01")))
    assert x.open_interest is None and z.open_interest is None and y.open_interest is not None
    assert y.open_interest[0] == 1000 + (pd.Timestamp("2020-06-01") - pd.Timestamp("2020-01-01")).days
    assert (set(x.volume), set(y.volume), set(z.volume)) == ({9.0}, {2.0}, {1.0})  # of Y twice that of X
    y = load_markets(config.load(written(folder, FILES, oi, USD)))[1]
    assert y.open_interest is not None and y.open_interest[3] == 1003 / y.close[3]
    weekly = load_markets(config.load(written(folder, FILES, oi, COINS, "data.timeframes = ['1w']")))[1]
    assert weekly.open_interest is not None and (weekly.open_interest[1:] - weekly.open_interest[:-1] == 7).all()


def test_an_order_fills_on_one_exchange_alone(folder: Path) -> None:
    path = written(folder, FILES, "data.volume_of = [['data/X_OTHER-1d.csv']]", "sizing.volume_share = 0.1")
    said = refused(folder, "run", path)
    assert said.startswith(f"{path}: data.volume_of: goes with sizing.volume_share, and an order fills on one exchange")


def test_rules_on_volume_refuse_a_market_without_and_others_do_not(folder: Path) -> None:
    walked(7).drop(columns="volume").to_csv(folder / "data" / "N-1d.csv")
    shutil.copy(ROOT / "strategies" / "obv_divergence.py", folder / "strategies")
    path = written(folder, "data.files = ['data/N-1d.csv']", "strategy.name = 'obv_divergence'")
    said = refused(folder, "run", path)
    assert said == f"{folder.resolve() / 'data' / 'N-1d.csv'}: the volume of no bar is known; a rule that needs none"
    path = written(folder, "data.files = ['data/N-1d.csv']", "context.require = ['volume_surge']")
    assert "context.volume_surge: " in refused(folder, "run", path)
    path = written(folder, "data.files = ['data/N-1d.csv']", "search.trials = 0")
    assert run(path, folder / "none").is_dir()


def test_what_is_known_of_some_bars_is_said(folder: Path) -> None:
    partly = walked(7)
    partly.iloc[:700, partly.columns.get_loc("volume")] = np.nan
    partly.to_csv(folder / "data" / "P-1d.csv")
    out = run(written(folder, "data.files = ['data/P-1d.csv']", "search.trials = 0"), folder / "partly")
    notes = json.loads((out / "summary.json").read_text())["notes"]
    assert len(notes) == 1 and notes[0].startswith("The volume of P is known of ")
    assert notes[0].endswith(" of the bars in its test, from 2021-12-01 to 2022-06-18.")


def test_what_open_interest_is_counted_in_must_be_said(folder: Path) -> None:
    path = written(folder, FILES, "data.open_interest = ['data/X-oi.csv']")
    assert refused(folder, "run", path).startswith(f"{path}: data.open_interest: is counted in what is not said; ")


WRONG = [
    ("open_interest", "late-oi.csv", "{}: the open interest lies outside the bars; open interest of their period"),
    ("open_interest", "negative-oi.csv", "{}: open_interest -3 at row 5, line 7 cannot be; "),
    ("open_interest", "weekly-oi.csv", "{}: the open interest is of 1w, the bars of 1d; "),
    ("open_interest", "Y-1d.csv", "{}: holds time, open, high, low, close, volume: not one column of open interest; "),
    ("volume_of", "Y-6h.csv", "{}: is 6h, the bars of X are 1d; volume of the same timeframe"),
    ("volume_of", "Y-1d.csv", "{}: is not at the price of X; the same market"),
    ("volume_of", "X-1d.csv", "{}: has the volumes of "),
    ("volume_of", "X-funding.csv", "{}: holds time, funding_rate: not a table of bars; "),
    ("funding", "late.csv", "X: no stamp of the funding lies inside the bars; funding of their period"),
    ("funding", "percent.csv", "{}: funding_rate 3.0 at row 5, line 7 looks like a percentage; "),
    ("funding", "X-fundin.csv", "{}: there is no such file; did you mean 'X-funding.csv'?"),
    ("funding", "Y-1d.csv", "{}: holds time, open, high, low, close, volume: no funding rates; needed: time, fun"),
    ("finer", "late-6h.csv", "X: the finer bars lie outside the bars; finer bars of their period"),
    ("finer", "Y-1d.csv", "X: the finer bars are 1d for bars of 1d; a smaller timeframe"),
    ("finer", "Y-6h.csv", "{}: most of its bars reach beyond the 1d bars of X that they lie in; finer bars of the"),
    ("finer", "X-funding.csv", "{}: holds time, funding_rate: not a table of bars; "),
    ("finer", "broken-6h.csv", "{}: high 1.0 is below"),
    ("finer", "no.csv", "{}: there is no such file; "),
]


@pytest.mark.parametrize(("key", "file", "said"), WRONG)
def test_wrong_files(folder: Path, key: str, file: str, said: str) -> None:
    names = f"[['data/{file}']]" if key == "volume_of" else f"['data/{file}']"
    path = written(folder, FILES, f"data.{key} = {names}", *([COINS] if key == "open_interest" else []))
    told = said.format(folder.resolve() / "data" / file)
    assert refused(folder, "run", path).startswith(f"{path}: data.{key}: {told}")


def test_the_market_that_a_wrong_file_belongs_to_is_named(folder: Path) -> None:
    path = written(folder, FILES, "data.funding = ['', 'data/late.csv']")
    assert refused(folder, "run", path).startswith(f"{path}: data.funding: Y: no stamp of the funding lies inside")


def test_a_cut_that_leaves_nothing_of_the_funding(folder: Path) -> None:
    rates(periods=300).to_csv(folder / "data" / "early.csv")
    change = "data.funding = ['data/early.csv']"
    assert load_markets(config.load(written(folder, change)))[0].funding is not None
    path = written(folder, change, "data.from = 2020-06-01")
    said = "data.funding: X: no stamp of the funding lies inside the bars; funding of their period"
    assert refused(folder, "run", path) == f"{path}: {said}"


def test_finer_bars_may_be_mended_as_the_bars_are(folder: Path) -> None:
    quarters(walked(7)).iloc[::-1].to_csv(folder / "data" / "down-6h.csv")
    finer = "data.finer = ['data/down-6h.csv']"
    path = written(folder, finer)
    assert "down-6h.csv: the table runs newest first" in refused(folder, "run", path)
    (bars,) = load_markets(config.load(written(folder, finer, "data.mend = ['sort']")))
    assert bars.finer is not None and len(bars.finer) == 3600
