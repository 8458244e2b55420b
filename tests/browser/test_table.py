"""The table of trades: every trade, sorted, filtered, and a way from a row to its place on the chart and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from framework.report import words
from framework.sources import load
from tests.browser.conftest import ROOT, Opened

Open = Callable[..., Opened]
R, SYMBOL, SIDE = 10, 2, 4


def spaced(text: str) -> str:
    return " ".join(text.split())


def test_every_figure_is_written_as_in_the_report(three: Path, opened: Open) -> None:
    """words.js against words.py: halves, signs, thousands, what rounds to zero, what is undefined."""
    one = opened(three)
    source = np.random.default_rng(5)
    values = [
        0.0,
        -0.0,
        0.125,
        0.375,
        -0.125,
        2.5,
        3.5,
        0.5,
        1.005,
        2.675,
        100.125,
        -0.004,
        0.004,
        1e-7,
        999.995,
        1234567.891,
    ]
    values += [
        *source.normal(0, 1, 300),
        *(source.integers(-(10**6), 10**6, 300) / 8),
        *np.exp(source.normal(0, 9, 300)),
    ]
    one.page.add_script_tag(content=(ROOT / "framework/report/scripts/words.js").read_text())
    written = "values => values.map(v => [number(v, 2), number(v, 1, true), risks(v), price(v), count(v)])"
    found = one.page.evaluate(written, [float(value) for value in values])
    for value, row in zip(values, found, strict=True):
        wanted = [words.number(value, 2), words.number(value, 1, True), words.risks(value), words.price(value)]
        assert row == [*wanted, words.number(value, 0)], value
    special = one.page.evaluate("[NaN, Infinity, -Infinity].map(v => number(v))")
    assert special == [words.number(value) for value in (float("nan"), float("inf"), float("-inf"))]
    assert one.page.evaluate("[risks(NaN), price(NaN)]") == [words.NONE, words.NONE]


def test_a_column_sorts_both_ways_by_mouse_and_keys(three: Path, opened: Open) -> None:
    one = opened(three).near()
    r = one.trades["r"].sort_values()
    head = one.page.locator("#trades-head [data-key=r]")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert one.column(R) == [spaced(words.risks(value)) for value in r[:50]]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert one.column(R) == [spaced(words.risks(value)) for value in r[::-1][:50]]
    assert one.page.locator("#trades-head [aria-sort=none]").count() == 13
    one.page.locator("#trades-head [data-key=symbol] button").click()
    assert one.column(SYMBOL) == sorted(one.trades["symbol"])[:50]


def test_the_pages_hold_every_trade_once(three: Path, opened: Open) -> None:
    one = opened(three).near()
    seen = []
    while True:
        seen += [int(row.get_attribute("data-trade")) for row in one.page.locator("#trades-body tr").all()]
        if one.page.locator("#trades-after").is_disabled():
            break
        one.page.locator("#trades-after").click()
    assert sorted(seen) == list(range(len(one.trades)))


def test_the_mean_of_a_variants_trades_is_the_summarys(three: Path, opened: Open) -> None:
    one = opened(three).near()
    summary = json.loads((three / "summary.json").read_text())
    for name, told in summary["variants"].items():
        one.page.locator("#trades-by-variant").select_option(name)
        expectancy = told["expectancy_r"]
        tally = spaced(one.text("#trades-tally"))
        assert spaced(f"closed ones {words.risks(expectancy['value'])} ({words.rests(expectancy['n'])})") in tally
        assert (
            f"{words.count(told['trades'] + told['open'])} of {words.count(len(one.trades))} trades" in tally
            and "chosen subset" in tally
        )
    one.page.locator("#trades-filter button").click()
    one.page.wait_for_function("!document.getElementById('trades-tally').textContent.includes('subset')")


def test_filters_narrow_together_and_text_finds_words(three: Path, opened: Open) -> None:
    one = opened(three).near()
    trades = one.trades
    closed = trades["exit_reason"] != "open"
    one.page.locator("#trades-by-symbol").select_option("IBM")
    one.page.locator("#trades-by-direction").select_option("short")
    one.page.locator("#trades-by-result").select_option("won")
    asked = (trades["symbol"] == "IBM") & (trades["direction"] == "short") & closed & (trades["pnl"] > 0)
    assert one.text("#trades-tally").startswith(f"{asked.sum()} of ") and asked.any()
    assert set(one.column(SYMBOL)) == {"IBM"} and set(one.column(SIDE)) == {"short"}
    assert all(text.startswith("+") for text in one.column(R))
    one.page.locator("#trades-text").fill("2008- TARGET")
    dates = trades[["entry_time", "exit_time"]].apply(lambda one: one.dt.year == 2008).any(axis=1)
    assert one.text("#trades-tally").startswith(f"{(asked & dates & (trades['exit_reason'] == 'target')).sum()} of ")
    one.page.locator("#trades-text").fill("no such words")
    assert "0 of" in one.text("#trades-tally") and one.text("#trades-page") == "none"


def test_a_row_leads_to_its_place_and_says_why(three: Path, opened: Open) -> None:
    one = opened(three).near()
    trades, setups = one.trades, pd.read_parquet(three / "setups.parquet").set_index("setup")
    row = int(np.flatnonzero((trades["symbol"] == "MSFT") & trades["setup"].isin(setups.index))[3])
    trade, setup = trades.iloc[row], setups.loc[trades["setup"].iloc[row]]
    while not one.page.locator(f"[data-trade='{row}']").count():
        one.page.locator("#trades-after").click()
    one.page.locator(f"[data-trade='{row}'] button").press("Enter")
    one.settled()
    bars = load("sample:MSFT")
    first, last = one.view()
    entry, exit_ = (bars.index.get_loc(trade[f"{name}_time"]) for name in ("entry", "exit"))
    assert first < entry <= exit_ < last and last - first < 1000
    assert one.page.locator("#chart-market").evaluate("it => it.selectedOptions[0].text") == "MSFT"
    card = spaced(one.text("#trade-card"))
    assert spaced(f"{words.named(setup['kind'])}, MSFT, {trade['direction']}").lower() in card.lower()
    for name in ("entry", "exit"):
        assert f"{name} {words.moment(trade[f'{name}_time'])} at {words.price(trade[f'{name}_price'])}" in card
    assert f"stop {words.price(trade['stop'])}" in card
    assert spaced(f"result {words.risks(trade['r'])}, ") in card
    assert spaced(f"{words.number(trade['mae'])} R, {words.number(trade['mfe'])} R") in card
    assert f"oscillator on the left {words.price(setup['f_left_osc'])}" in card
    assert f"known at the close of {words.moment(setup['known_at'])}" in card
    other = "conservative" if trade["variant"] == "aggressive" else "aggressive"
    assert f"{other}, the same setup" in card.lower()
    if setup[f"{other}_fate"] == "entered":
        assert spaced(f"result {words.risks(setup[f'{other}_r'])}") in card
    else:
        assert words.FATES[setup[f"{other}_fate"]] in card
    assert f"parameters of window {trade['window']}" in card.lower() and "rsi period 14" in card


def test_a_mark_on_the_chart_leads_back_to_its_row(three: Path, opened: Open) -> None:
    one = opened(three).near()
    one.page.locator("#trades-body button").nth(7).click()
    one.settled()
    wanted = int(one.page.locator("#trades-body tr.chosen").get_attribute("data-trade"))
    one.page.locator("#trades-by-symbol").select_option("MSFT")
    one.page.evaluate(
        "row => document.getElementById('chart-plot').emit('plotly_click', {points: [{customdata: row}]})", wanted
    )
    one.settled()
    one.page.get_by_role("button", name="Back to its row").click()
    assert one.page.evaluate("document.activeElement.closest('tr').dataset.trade") == str(wanted)
