"""The report as a reader opens it: from its file, at once, without a network, on any screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import Opened

Open = Callable[..., Opened]


def test_it_opens_from_its_file_and_asks_for_nothing_else(three: Path, opened: Open) -> None:
    one = opened(three).near()
    one.page.locator("#trades-body button").first.click()
    one.settled()
    assert one.errors == []
    assert one.requests == [(three / "report.html").as_uri()]


def test_the_first_paint_of_three_symbols_comes_within_two_seconds(three: Path, opened: Open) -> None:
    assert opened(three).paint() < 2000


def test_the_first_paint_of_100_000_bars_comes_within_four_seconds(long: Path, opened: Open) -> None:
    assert opened(long).paint() < 4000


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways(three: Path, opened: Open, width: int, scheme: str) -> None:
    one = opened(three, width, color_scheme=scheme).near()
    one.page.locator("#trades-body button").first.click()
    one.settled()
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    chart = one.page.evaluate("document.querySelector('#chart-plot .main-svg').getBoundingClientRect().width")
    assert 0.8 * min(width, 1120) < chart <= width
    assert one.errors == []


def test_the_chart_follows_the_scheme_while_it_is_open(three: Path, opened: Open) -> None:
    one = opened(three, color_scheme="light").near()
    paper = "document.getElementById('chart-plot').layout.paper_bgcolor"
    card = "getComputedStyle(document.documentElement).getPropertyValue('--card').trim()"
    light = one.page.evaluate(paper)
    assert light == one.page.evaluate(card) == "#fff"
    one.page.emulate_media(color_scheme="dark")
    one.page.wait_for_function(f"{paper} !== '{light}'")
    assert one.page.evaluate(paper) == one.page.evaluate(card) != "#fff"
    one.page.emulate_media(color_scheme="light")
    one.page.wait_for_function(f"{paper} === '{light}'")


def test_paper_gets_the_light_scheme(three: Path, opened: Open) -> None:
    one = opened(three, color_scheme="dark").near()
    one.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert one.page.evaluate("document.getElementById('chart-plot').layout.paper_bgcolor") == "#fff"
    one.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert one.page.evaluate("document.getElementById('chart-plot').layout.paper_bgcolor") != "#fff"


def test_without_scripts_the_page_says_where_the_trades_are(three: Path, opened: Open) -> None:
    one = opened(three, java_script_enabled=False)
    assert "need JavaScript" in one.text("#chart noscript")
    assert f"All {len(one.trades):,} trades stand in trades.parquet" in one.text("#chart noscript")


def test_an_old_browser_is_told_so(three: Path, opened: Open) -> None:
    one = opened(three, before="delete window.DecompressionStream")
    one.page.locator("#chart-without").wait_for(state="visible")
    assert "too old" in one.text("#chart-without") and one.errors == []
    assert not one.page.locator("#chart-box").is_visible()
