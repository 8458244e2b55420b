"""The stochastic rules against the plain second implementation, cut at every bar, and upside down."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.indicators import WAVES, Stochastic, bar_stochastic
from framework.setups import Setups
from framework.sources import load
from framework.structure.stochastic import bar_grinding, compared, crosses, grinding
from framework.structure.wave_combinations import hierarchies, high_conviction, strongest
from framework.structure.waves import WaveRule, double_bottoms, doubles
from framework.validation.causality import Views, leaks
from tests import thin
from tests.bench.__main__ import walk
from tests.real import needed
from tests.reference import wave_combinations as together
from tests.reference import waves as plain

from . import chart, features
from .test_stochastic import given

NAN = math.nan
RULES = [
    WaveRule(),
    WaveRule(completion="cross"),
    WaveRule(swing=1, min_gap=3, max_gap=15, peak_above=2, lower_by=6, lapse=5, left_below=40, right_below=45),
    WaveRule(left_below=35, deeper_by=0, width_within=5, round_bars=1, spread=2, retest_below=70, retest_within=8),
]
LOOSE = WaveRule(completion="cross", left_below=30, right_below=45, peak_above=2, lower_by=8)
FIND: dict[str, Any] = {"hierarchy": hierarchies, "strongest": strongest, "conviction": high_conviction}
PLAIN: dict[str, Any] = {
    "hierarchy": together.hierarchies,
    "strongest": lambda bars, lines, rule: together.strongest(bars, lines, rule, 10, 60),
    "conviction": lambda bars, lines, rule: together.high_conviction(bars, lines, rule, 10),
}
MARKETS = ["sample:AAPL", "BTCUSDT-4h", "SPY-1d", "walk"]


def market(name: str) -> Bars:
    if name == "walk":
        return walk(3000)
    return load(name if ":" in name else needed(f"{name}.parquet"))[:3000]


def wandering(seed: int, step: float, n: int) -> Stochastic:
    """Lines on a coarse grid, full of ties and with holes."""
    rng = np.random.default_rng(seed)
    k = np.abs(np.cumsum(rng.choice([-2, -1, -0.5, 0, 0.5, 1, 2], n)) * step % 200 - 100)
    d = np.convolve(k, np.ones(4) / 4)[:n]
    if seed % 3 == 0:
        d = np.round(d / 2.5) * 2.5
    k[: seed % 7], d[: seed % 9], k[40 : 40 + seed % 2] = NAN, NAN, NAN
    return Stochastic(k, d)


def same(setups: Setups, expected: list[plain.Event]) -> list[str]:
    """Hold every column of the framework's setups to the plain ones; the kinds found."""
    assert setups.kind.tolist() == [one.kind for one in expected]
    assert setups.direction.tolist() == [one.direction for one in expected]
    assert setups.known_at.tolist() == [one.known_at for one in expected]
    assert setups.stop.tolist() == [one.stop for one in expected]
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in setups.anchors.items()} == one.anchors
        assert features(setups, row) == pytest.approx(one.features, rel=0, abs=0, nan_ok=True)
    return [one.kind for one in expected]


def lists(bars: Bars) -> tuple[plain.Lines, ...]:
    return tuple((bar_stochastic(bars, wave).k.tolist(), bar_stochastic(bars, wave).d.tolist()) for wave in WAVES)


@pytest.mark.parametrize("number", range(len(RULES)))
def test_doubles_on_coarse_lines(number: int) -> None:
    kinds: list[str] = []
    for seed in range(80):
        rng, lines = np.random.default_rng(seed), wandering(seed, 5, 150)
        low = rng.integers(10, 20, 150)
        bars = chart(low, low + rng.integers(0, 4, 150))
        expected = plain.doubles(bars, lines.k.tolist(), lines.d.tolist(), RULES[number])
        kinds += same(doubles(bars, lines, RULES[number], "test"), expected)
    assert min(kinds.count(f"double_{word}_{grade}") for word in ("bottom", "top") for grade in (1, 2, 3)) >= 10


@pytest.mark.parametrize("number", range(len(RULES)))
@pytest.mark.parametrize("name", MARKETS)
def test_doubles_of_markets(name: str, number: int) -> None:
    bars = market(name)
    for wave, (k, d) in zip(WAVES, lists(bars), strict=True):
        assert same(double_bottoms(bars, wave, RULES[number]), plain.doubles(bars, k, d, RULES[number]))


def test_crosses_on_coarse_lines() -> None:
    for seed in range(60):
        lines = wandering(seed, 5, 150)
        bars = given({WAVES[0]: lines}, np.random.default_rng(seed).integers(10, 20, 150).astype(float))
        assert same(crosses(bars, WAVES[0]), plain.crosses(bars, lines.k.tolist(), lines.d.tolist(), 15))
        assert grinding(*lines).tolist() == pytest.approx(plain.grinding(*map(list, lines)), nan_ok=True)


@pytest.mark.parametrize("name", MARKETS)
def test_crosses_of_markets(name: str) -> None:
    bars = market(name)
    for wave, (k, d) in zip(WAVES, lists(bars), strict=True):
        assert len(same(crosses(bars, wave), plain.crosses(bars, k, d, 3 * wave[0]))) > 70
        assert bar_grinding(bars, wave).tolist() == pytest.approx(plain.grinding(k, d), nan_ok=True)


@pytest.mark.parametrize("word", FIND)
def test_combinations_on_coarse_lines(word: str) -> None:
    """The three lines have nothing to do with one another, so that all that can happen does."""
    kinds: list[str] = []
    steps = list(zip(WAVES, (8, 5, 2.5), strict=True))
    for seed in range(60):
        waves = {wave: wandering(3 * seed + i, step, 400) for i, (wave, step) in enumerate(steps)}
        bars = given(waves, np.random.default_rng(seed).integers(10, 20, 400).astype(float))
        kinds += same(FIND[word](bars, LOOSE), PLAIN[word](bars, lists(bars), LOOSE))
    assert min(kinds.count(f"{word}_{end}") for end in ("bottom", "top")) >= 20


@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("rule", [RULES[0], LOOSE], ids=["default", "loose"])
def test_combinations_of_markets(name: str, rule: WaveRule) -> None:
    bars = market(name)
    for word, find in FIND.items():
        kinds = same(find(bars, rule), PLAIN[word](bars, lists(bars), rule))
        assert word == "hierarchy" or len(kinds) > 3


def views(bars: Bars) -> Views:
    tables = {
        f"{word} {rule.completion}": find(bars, rule) for word, find in FIND.items() for rule in (RULES[0], LOOSE)
    }
    for wave in WAVES:
        tables |= {f"doubles {wave} {rule.completion}": double_bottoms(bars, wave, rule) for rule in RULES[:2]}
        tables[f"crosses {wave}"] = crosses(bars, wave)
    rows = np.arange(len(bars))
    made: dict[str, Any] = {f"grinding {wave}": (rows, {"state": bar_grinding(bars, wave)}) for wave in WAVES}
    made["compared"] = (rows, compared(bars))
    for name, setups in tables.items():
        columns = {"kind": setups.kind, "stop": setups.stop, "id": np.array(setups.ids, dtype=object)}
        made[name] = (setups.known_at, columns | dict(setups.anchors) | dict(setups.features))
    return made


@pytest.mark.parametrize("noise", [None, 7])
def test_every_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:500]
    assert all(len(known) for name, (known, _) in views(bars).items() if name != "hierarchy neckline")
    assert list(leaks(bars, views, range(5, 499, thin(3) if noise is None else 4), noise)) == []


@pytest.mark.parametrize("word", FIND)
def test_every_prefix_of_coarse_lines(word: str) -> None:
    """Lines of a seed that makes many combinations of every sort."""
    steps = enumerate(zip(WAVES, (8, 5, 2.5), strict=True))
    waves = {wave: wandering(3 * 378 + i, step, 500) for i, (wave, step) in steps}

    def produce(bars: Bars) -> Views:
        n = len(bars)
        seen = given({wave: Stochastic(k[:n], d[:n]) for wave, (k, d) in waves.items()}, bars.low)
        setups = FIND[word](seen, LOOSE)
        columns = {"kind": setups.kind, "stop": setups.stop} | dict(setups.anchors) | dict(setups.features)
        return {"setups": (setups.known_at, columns)}

    low = np.random.default_rng(5).integers(10, 20, 500)
    bars = chart(low, low + 30)
    assert len(produce(bars)["setups"][0]) >= 8
    assert list(leaks(bars, produce, range(5, 499, thin(3)))) == []


def mirrored(bars: Bars) -> Bars:
    """The same bars upside down."""
    frame = bars.frame()
    ends = frame["high"].max() + 10
    turned = pd.DataFrame({"open": ends - frame["open"], "close": ends - frame["close"], "volume": frame["volume"]})
    turned["high"], turned["low"] = ends - frame["low"], ends - frame["high"]
    return Bars.from_frame(turned, bars.symbol, bars.timeframe)


def test_mirrored_prices_give_mirrored_setups() -> None:
    bars = load("sample:MSFT")
    upside_down = mirrored(bars)
    finds = [lambda of, find=find: find(of, LOOSE) for find in FIND.values()]
    finds += [lambda of, wave=wave: double_bottoms(of, wave, RULES[0]) for wave in WAVES]
    finds += [lambda of, wave=wave: crosses(of, wave) for wave in WAVES]
    for find in finds:
        here, there = find(bars), find(upside_down)
        assert find(bars) is here
        for side in (1, -1):
            mine, other = here.take(here.direction == side), there.take(there.direction == -side)
            assert mine.known_at.tolist() == other.known_at.tolist() != []
            assert {name: bar.tolist() for name, bar in mine.anchors.items()} == {
                name: bar.tolist() for name, bar in other.anchors.items()
            }
            for name in {"f_grade", "f_grinding", "f_from_zone", "f_left_width", "f_right_width"} & set(mine.features):
                np.testing.assert_array_equal(mine.features[name], other.features[name])
