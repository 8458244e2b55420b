"""How bars, signals and results show themselves in a notebook: the figures, escaped, small, without a library."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.reprs import WIDTH, curve, number, share
from framework.signals import Signals
from framework.simulation import Costs, Exits, Result, simulate

VOID = {"path", "polyline"}


class Reader(HTMLParser):
    """Rows of the table as a dictionary; fails where a tag is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in VOID
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("th", "td"):
            self.cells[-1] += data

    @property
    def rows(self) -> dict[str, str]:
        return dict(zip(self.cells[::2], self.cells[1::2], strict=True))


def bars_of(prices: list[float], symbol: str = "X") -> Bars:
    """Daily bars that open and close at these prices, half a unit either way."""
    close = np.array(prices)
    frame = pd.DataFrame({"open": close, "high": close + 0.5, "low": close - 0.5, "close": close, "volume": 1.0})
    return Bars.from_frame(frame.set_index(pd.date_range("2020-01-01", periods=len(close), tz="UTC")), symbol, "1d")


def flags(n: int, *at: int) -> np.ndarray:
    made = np.zeros(n, bool)
    made[list(at)] = True
    return made


def traded() -> Result:
    """Bought at 100, sold at 110; bought at 110, sold at 100; all cash, nothing paid."""
    bars = bars_of([100, 100, 105, 110, 110, 110, 105, 100, 100])
    signals = Signals(flags(9, 0, 3), flags(9, 2, 6), stop=[98.0, 1, 1, 90.0, 1, 1, 1, 1, 1])
    return simulate(bars, signals, Costs(), exits=Exits(stop="own"))


def test_bars() -> None:
    rows = Reader(bars_of([100, 101, 102.5])._repr_html_()).rows
    assert rows == {
        "period": "2020-01-01 00:00 to 2020-01-03 00:00 UTC",
        "bars": "3",
        "last close": "102.5",
        "known too": "volume",
    }
    empty = Reader(bars_of([100, 101])[:0]._repr_html_())
    assert (empty.rows["bars"], empty.rows["period"]) == ("0", "–") and "svg" not in empty.tags


def test_signals() -> None:
    signals = Signals(
        flags(1200, 3, 1100), flags(1200, 5), flags(1200, 3, 7, 8), target=np.where(np.arange(1200) == 7, 50.0, np.nan)
    )
    assert Reader(signals._repr_html_()).rows == {
        "bars": "1,200",
        "long entry": "2",
        "long exit": "1",
        "short entry": "3",
        "short exit": "0",
        "bars with an entry": "4",
        "entries": "bar 3 to bar 1,100",
        "with a stop": "0",
        "with a target": "1",
    }
    assert Reader(Signals(flags(2))._repr_html_()).rows["entries"] == "none"


def test_result() -> None:
    """Two trades by hand: +10 of a risk of 2, −10 of a risk of 20; Wilson's interval of 1 in 2 is 9.5 % to 90.5 %."""
    result = traded()
    assert result.trades["r"].tolist() == [5.0, -0.5]
    rows = Reader(result._repr_html_()).rows
    few = "(n = 2, under 30: too few to say)"
    half = 1.959963984540054 * math.sqrt(2.75**2 * 2) / math.sqrt(2)  # deviation of 5 and −0.5 is 2.75 √2
    assert rows == {
        "period": "2020-01-01 00:00 to 2020-01-09 00:00 UTC",
        "bars": "9",
        "entry signals": "2, 0 of them not entered",
        "closed trades": "2",
        "win rate": f"50.0 %, 95 % 9.5 % to 90.5 % {few}",
        "expectancy": f"+2.25 R, 95 % −{half - 2.25:.2f} to +{half + 2.25:.2f} {few}",
        "profit factor": f"10.00 {few}",
        "total return": "0.0 %",
        "deepest drawdown": "9.1 %",
        "Sharpe ratio": rows["Sharpe ratio"],
        "in the market": rows["in the market"],
    }
    assert rows["Sharpe ratio"] == number(result.metrics["sharpe"])
    assert rows["in the market"] == share(result.metrics["exposure"])
    assert "equity, from 10,000 to 10,000" in result._repr_html_()


def test_result_without_a_trade() -> None:
    nothing = simulate(bars_of([100, 101, 102]), Signals(flags(3)))
    rows = Reader(nothing._repr_html_()).rows
    assert (rows["closed trades"], rows["win rate"], rows["expectancy"], rows["profit factor"]) == ("0", "–", "–", "–")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"&amp;"', "a & b"])
def test_what_comes_from_a_file_is_escaped(text: str) -> None:
    found = Reader(bars_of([100, 101], text)._repr_html_())
    assert set(found.tags) == {"div", "strong", "table", "tr", "th", "td", "svg", "path", "polyline"}


def test_small_and_neutral() -> None:
    """Under 20 KB of any length, and no colour of its own but a half-transparent grey."""
    wave = 100 + 10 * np.sin(np.arange(100_000) / 900) + np.random.default_rng(0).normal(0, 1, 100_000)
    bars = bars_of(wave.tolist())
    signals = Signals(wave < 91, wave > 109)
    for shown in (bars, signals, simulate(bars, signals)):
        text = shown._repr_html_()
        assert len(text.encode()) < 20_000
        assert set(re.findall(r"#[0-9a-f]{3,6}\b|rgba?\([^)]*\)", text)) == {"rgba(128,128,128,.5)"}


def test_a_long_line_keeps_its_extremes() -> None:
    """A spike of one bar in 100,000 is still drawn at the top, a fall to the bottom."""
    values = np.full(100_000, 50.0)
    values[43_210], values[77_777] = 90.0, 10.0
    points = [tuple(map(float, point.split(","))) for point in re.findall(r"[\d.]+,[\d.]+", curve(values, "x"))]
    x, y = map(np.array, zip(*points, strict=True))
    assert (np.diff(x) >= 0).all() and len(x) < 310
    assert x[y.argmin()] == pytest.approx(43_210 * WIDTH / 99_999, abs=0.06) and y.min() == 3.0
    assert x[y.argmax()] == pytest.approx(77_777 * WIDTH / 99_999, abs=0.06) and y.max() == 87.0


@pytest.mark.parametrize(
    ("value", "said"), [(math.nan, "–"), (-0.001, "0.00"), (-1234.5, "−1,234.50"), (math.inf, "∞"), (-math.inf, "−∞")]
)
def test_numbers(value: float, said: str) -> None:
    assert number(value) == said


def test_no_drawing_library_is_loaded() -> None:
    code = """
import sys
from framework import Signals, load, simulate
bars = load("sample:AAPL")
result = simulate(bars, Signals(bars.close > bars.open))
for one in (bars, result):
    one._repr_html_()
assert not {"matplotlib", "plotly", "jinja2"} & set(sys.modules), sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
