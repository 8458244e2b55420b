"""Examples of every kind, drawn: as many as asked for, spread over time, none right of what was known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from framework.report.looking import Look, render
from framework.sources import load
from framework.workspace import load_strategy
from tests.experiment import chartproof

ROOT = Path(__file__).resolve().parents[2]


def test_every_kind_in_turn_from_the_markets() -> None:
    rule = load_strategy(ROOT, "rsi_divergence")
    markets = [load("sample:AAPL"), load("sample:IBM")]
    page = render(Look(rule, {"swing_width": 3}, markets, 4))
    found = [rule.setups(bars, rule.build({"swing_width": 3})) for bars in markets]
    for kind in ("regular bullish", "regular bearish", "hidden bullish", "hidden bearish"):
        counts = [int((one.kind == kind.replace(" ", "_")).sum()) for one in found]
        assert f"AAPL 1d {counts[0]}, IBM 1d {counts[1]}" in page
        assert f"<h2>{kind.capitalize()}</h2>" in page
    assert page.count("<article") == 16 and page.count("<svg") == 16
    assert len(re.findall(r"<h3>AAPL 1d<small", page)) == 8


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = chartproof("look", "rsi_divergence", "--set", "rsi_period=7", "--each", "1", "--out", tmp_path / "x.html")
    assert (said.status, said.err) == (0, "") and said.out.startswith("page: ")
    assert "With rsi period 7." in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rsi_perod=7", "'rsi_perod=7' sets no parameter"),
        ("rsi_period", "'rsi_period' sets no parameter"),
        ("rsi_period=8", "rsi_period = 8 is outside its range"),
        ("rsi_period=x", "rsi_period = 'x' is not a whole number"),
        ("trade_broken=1", "trade_broken = '1' is not true or false"),
    ],
)
def test_words_that_set_nothing(word: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    refused = chartproof("look", "rsi_divergence", "--set", word, "--out", tmp_path / "x.html")
    assert refused.status == 2 and said in refused.err and not list(tmp_path.iterdir())
