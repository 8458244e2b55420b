"""The chart shows the bars, setups and trades of the run, and never more than can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from framework.report import words
from framework.sources import load
from tests.browser.conftest import Opened

Open = Callable[..., Opened]


def test_no_zoom_of_100_000_bars_draws_more_than_2_000_candles(long: Path, opened: Open) -> None:
    one = opened(long).near()
    seen = []
    one.page.locator("[data-range=all]").click()
    for move in (*["in"] * 14, *["out", "earlier"] * 7):
        one.settled()
        seen.append((one.view(), one.candles()))
        one.page.locator(f"[data-move={move}]").click()
    assert max(n for _, n in seen) <= 2000
    assert min(n for _, n in seen) >= 15
    spans = [last - first for (first, last), _ in seen]
    assert max(spans) == 100_000 and min(spans) == 15


def test_a_merged_candle_is_what_its_bars_are_together(long: Path, opened: Open) -> None:
    one = opened(long).near()
    one.page.locator("[data-range=all]").click()
    one.settled()
    names = "{x, open, high, low, close}"
    trace = one.page.evaluate(f"(({names}) => ({names}))(document.getElementById('chart-plot').data[0])")
    bars = load(str(long.parent / "long.parquet")).frame().reset_index(drop=True)
    each = 128
    wanted = bars.groupby(bars.index // each).agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    assert len(trace["x"]) == len(wanted)
    for name in wanted:
        assert trace[name] == wanted[name].tolist(), name
    assert trace["x"][3] == 3 * each + (each - 1) / 2


def test_moving_in_100_000_bars_stays_fluid(long: Path, opened: Open) -> None:
    """A step of the wheel can be drawn within a third of a second, whatever else the machine does meanwhile."""
    one = opened(long).near()
    one.page.locator("[data-range=all]").click()
    one.page.locator("#chart-plot").click(position={"x": 300, "y": 200})
    took = one.page.evaluate(
        """async () => {
          const plot = document.getElementById('chart-plot');
          const box = plot.getBoundingClientRect();
          const took = [];
          for (let i = 0; i < 12; i += 1) {
            const begun = performance.now();
            const at = {clientX: box.left + 400, clientY: box.top + 99};
            plot.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: -200, cancelable: true}));
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            took.push(performance.now() - begun);
          }
          return took;
        }"""
    )
    first, last = one.view()
    assert last - first < 100_000 / 8
    assert min(took) < 333


def test_the_wheel_is_the_pages_until_the_chart_is_clicked(three: Path, opened: Open) -> None:
    one = opened(three).near()
    before = one.view()
    plot = one.page.locator("#chart-plot")
    plot.hover(position={"x": 300, "y": 150})
    one.page.mouse.wheel(0, -100)
    one.settled()
    assert one.view() == before
    plot.click(position={"x": 300, "y": 150})
    one.page.mouse.wheel(0, -100)
    one.page.wait_for_function(f"document.getElementById('chart-plot').layout.xaxis.range[0] > {before[0]}")


def test_dragging_and_keys_move_it(three: Path, opened: Open) -> None:
    one = opened(three).near()
    before = one.view()
    box = one.page.locator("#chart-plot").bounding_box()
    one.page.mouse.move(box["x"] + 300, box["y"] + 150)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + 500, box["y"] + 150, steps=5)
    one.page.mouse.up()
    one.page.wait_for_function(f"document.getElementById('chart-plot').layout.xaxis.range[0] < {before[0] - 10}")
    one.settled()
    moved = one.view()
    assert abs((moved[1] - moved[0]) - (before[1] - before[0])) < 1e-6
    one.page.locator("#chart-plot").focus()
    one.page.keyboard.press("ArrowLeft")
    one.settled()
    assert one.view()[0] < moved[0]
    one.page.keyboard.press("+")
    one.settled()
    assert one.view()[1] - one.view()[0] < moved[1] - moved[0]


def test_the_line_above_says_the_bar_under_the_pointer(three: Path, opened: Open) -> None:
    one = opened(three).near()
    one.page.locator("#chart-market").select_option(label="IBM")
    one.settled()
    one.page.locator("#chart-plot").hover(position={"x": 300, "y": 150})
    told = one.text("#chart-readout")
    bars = load("sample:IBM").frame()
    symbol, day = told.split()[:2]
    bar = bars.loc[pd.Timestamp(day.rstrip(":"), tz="UTC")]
    assert symbol == "IBM"
    for name in ("open", "high", "low", "close"):
        assert f"{name} {words.price(bar[name])}," in told
    assert f"volume {words.count(bar['volume'])}," in told


def test_what_is_switched_off_is_not_drawn(three: Path, opened: Open) -> None:
    one = opened(three).near()
    one.page.locator("[data-range=all]").click()
    one.settled()
    entries = "document.getElementById('chart-plot').data.flatMap(t => t.customdata ?? []).length"
    marks = [one.page.evaluate(entries)]
    for name in ("setups", "of-aggressive", "of-conservative"):
        one.page.locator(f"#chart-{name}").uncheck()
        one.settled()
        marks.append(one.page.evaluate(entries))
    assert marks == sorted(marks, reverse=True) and len(set(marks)) == 4 and marks[-1] == 0
    assert one.text("#chart-told").count("not drawn") == 3
