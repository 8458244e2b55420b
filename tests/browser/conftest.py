"""Real reports, opened from their files in a real Chromium without a head; skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.experiment.run import run

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
EXPERIMENT = """
variants = ["aggressive", "conservative"]
gallery = {gallery}
[data]
{data}
[strategy]
name = "rsi_divergence"
left_extreme = "not_required"
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "{train}"
test = "{test}"
"""


@dataclass
class Opened:
    """A page and what it complained of and asked for since it was opened."""

    page: Any
    folder: Path
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def trades(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trades.parquet")

    def near(self) -> Opened:
        """Scrolled to the chart, which is drawn."""
        self.page.evaluate("document.getElementById('chart').scrollIntoView()")
        self.page.wait_for_function(
            "document.querySelectorAll('#chart-plot .trace.boxes, #chart-plot .boxlayer path').length > 0"
        )
        return self

    def paint(self) -> float:
        """Milliseconds to the first text or picture."""
        script = "performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)"
        self.page.wait_for_function(f"({script}).length > 0")
        return float(self.page.evaluate(script)[0])

    def candles(self) -> int:
        return int(self.page.evaluate("document.getElementById('chart-plot').data[0].x.length"))

    def view(self) -> tuple[float, float]:
        first, last = self.page.evaluate("document.getElementById('chart-plot').layout.xaxis.range")
        return first, last

    def settled(self) -> None:
        """Two frames later: what a click asks for is drawn in the next."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def text(self, where: str) -> str:
        return str(self.page.locator(where).inner_text())

    def column(self, place: int) -> list[str]:
        return [
            " ".join(one.split())
            for one in self.page.locator(f"#trades-body tr > :nth-child({place})").all_inner_texts()
        ]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"there is no {', '.join(NAMES)} here")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # not needed where there is no browser

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


def made(place: Path, **told: Any) -> Path:
    shutil.copytree(ROOT / "strategies", place / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "it.toml").write_text(EXPERIMENT.format(**told))
    return run(place / "it.toml", out=place / "run", workers=1)


@pytest.fixture(scope="session")
def three(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of three symbols."""
    place = tmp_path_factory.mktemp("three")
    return made(place, data='symbols = ["AAPL", "IBM", "MSFT"]', train="4y", test="1y", gallery=12)


@pytest.fixture(scope="session")
def long(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 100,000 bars of an hour."""
    place = tmp_path_factory.mktemp("long")
    source = np.random.default_rng(1)
    close = np.round(1000 * np.exp(np.cumsum(source.normal(0, 0.004, 100_000))), 2)
    opens = np.append(1000.0, close[:-1])
    high, low = np.maximum(opens, close) + 0.5, np.minimum(opens, close) - 0.25
    index = pd.date_range("2010-01-01", periods=len(close), freq="h", tz="UTC", name="time")
    volume = source.integers(1, 10_000, len(close)) / 100
    table = {"open": opens, "high": high, "low": low, "close": close, "volume": volume}
    pd.DataFrame(table, index=index).reset_index().to_parquet(place / "long.parquet")
    return made(place, data='files = ["long.parquet"]', train="4y", test="1y", gallery=2)


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a run's report from its file."""
    contexts = []

    def go(folder: Path, width: int = 1440, before: str = "", **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if before:
            page.add_init_script(before)
        one = Opened(page, folder)
        page.on("console", lambda said: one.errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.on("request", lambda request: one.requests.append(request.url))
        page.goto((folder / "report.html").as_uri())
        return one

    yield go
    for context in contexts:
        context.close()
