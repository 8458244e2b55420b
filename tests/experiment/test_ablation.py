"""A rule without each of its conditions: what a direct call without that condition finds, counted and traded again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.confluence import FAMILIES, agreements, scored
from framework.context import Context, Higher, attached
from framework.experiment import config
from framework.experiment.ablation import ablation, without_each
from framework.experiment.outofsample import out_of_sample
from framework.experiment.ready import Ready, ready
from framework.experiment.run import run
from framework.ladder import LEGS, combinations
from framework.setups import Setups
from framework.structure.breaks import line_breaks
from framework.workspace import load_strategy

from ..test_confluence import flat
from ..test_ladder import legs

ROOT = Path(__file__).resolve().parents[2]
BASE = """
variants = ["aggressive", "conservative"]
gallery = 0
[data]
symbols = ["IBM", "MSFT"]
from = 2000-03-01
to = 2006-12-31
[search]
trials = 0
[chance]
draws = 9
[windows]
train = "2y"
test = "2y"
[strategy]
"""
LINES = 'name = "trendline_break"\nlines = "all"\nconfirmed = false\n'
CONTEXT = """[context]
features = ["with_alignment"]
require = ["near_level", "volume_surge"]
refuse = ["ranging"]
[higher]
timeframe = "1w"
state = "average_20"
demand = "with"
"""
HIGHER = Higher("1w", "average_20", "with")
WHOLE = Context(("with_alignment",), ("near_level", "volume_surge"), ("ranging",), HIGHER)
RULES = {
    "score": 'name = "confluence"\nthreshold = 14\nweights = "equal"\n',
    "optimal": 'name = "confluence"\nsignal = "optimal"\nleast = 2\n',
    "context": LINES + CONTEXT,
    "filter": LINES + '[confluence]\nthreshold = 5\nweights = "priority"\n',
}
Find = Callable[[Bars], Setups]


def written(folder: Path, rule: str) -> Path:
    (folder / "strategies").exists() or (folder / "strategies").symlink_to(ROOT / "strategies")
    path = folder / "x.toml"
    path.write_text(BASE + rule)
    return path


def made(folder: Path, rule: str) -> Ready:
    return ready(config.load(written(folder, rule)))


def in_context(without: str = "", higher: Higher = HIGHER) -> Find:
    """Breaks of lines with what the context asks, all but one thing."""

    def left(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name != without)

    context = Context(WHOLE.features, left(WHOLE.require), left(WHOLE.refuse), higher)
    return lambda bars: attached(bars, breaks(bars), context)


def breaks(bars: Bars) -> Setups:
    found = line_breaks(bars)
    return found.refuse(found.features["f_touches"] < 3, "too few touches")


def filtered(without: str = "none", threshold: int = 5) -> Find:
    def find(bars: Bars) -> Setups:
        found = scored(bars, breaks(bars), "priority", without)
        return found.refuse(found.features["f_confluence"] < threshold, "too little confluence")

    return find


DIRECT: Mapping[str, Mapping[str, Find]] = {
    "score": {"": lambda bars: agreements(bars, 14, "equal")}
    | {leg: (lambda bars, leg=leg: agreements(bars, 14, "equal", leg)) for leg in FAMILIES},
    "optimal": {"": lambda bars: combinations(bars, 2)}
    | {leg: (lambda bars, leg=leg: combinations(bars, 2, leg)) for leg in LEGS},
    "context": {
        "": in_context(),
        "context near_level": in_context("near_level"),
        "context volume_surge": in_context("volume_surge"),
        "context not ranging": in_context("ranging"),
        "context average_20 on 1w": in_context(higher=dataclasses.replace(HIGHER, demand="recorded")),
    },
    "filter": {"": filtered(), "the confluence": filtered(threshold=0)}
    | {f"{leg} in the confluence": filtered(leg) for leg in FAMILIES if leg != "breaks"},
}


def rows(found: Setups) -> list[tuple[Any, ...]]:
    columns = (found.kind, found.direction, found.known_at, found.stop, found.veto)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("name", DIRECT)
def test_each_leg_is_what_a_direct_call_without_it_finds(name: str, tmp_path: Path) -> None:
    one = made(tmp_path, RULES[name])
    params = one.experiment.strategy.build(dict(one.experiment.fixed))
    direct = dict(DIRECT[name])
    legs = {"": one.experiment.strategy} | without_each(one.experiment, [one.experiment.fixed], {"breaks"})
    assert list(legs) == list(direct)
    apart = set()
    for bars in one.markets:
        for leg, strategy in legs.items():
            assert rows(strategy.setups(bars, params)) == rows(direct[leg](bars)), leg
            if rows(direct[leg](bars)) != rows(direct[""](bars)):
                apart.add(leg)
    assert apart == set(direct) - {""}, "every leg counts for something; the setups' own family is none"


def test_of_all_six_five_of_the_other_five(monkeypatch: pytest.MonkeyPatch) -> None:
    """All six are there at 20, at 50 all but the double of averages. A word of the other signal leaves nothing out."""
    rule = load_strategy(ROOT, "confluence")
    assert rule.ablate is not None
    legs(monkeypatch, {leg: [20] if leg == "average_double" else [20, 50] for leg in LEGS})
    bars = flat()
    for least, whole, less in ((6, [20], [20]), (5, [20, 50], [20]), (2, [20, 50], [20, 50])):
        for word in ("none", "candles"):
            p = rule.build({"signal": "optimal", "least": least, "without": word})
            made = rule.ablate(p)
            assert {leg: (p.signal, p.without, p.least) for leg, p in made.items()} == {
                leg: ("optimal", leg, least) for leg in LEGS
            }
            assert rule.setups(bars, p).known_at.tolist() == whole
            for leg, one in made.items():
                assert rule.setups(bars, one).known_at.tolist() == ([20, 50] if leg == "average_double" else less)
                assert rule.ablate(one) == {}
    for word in ("none", "line_break"):
        made = rule.ablate(rule.build({"weights": "equal", "threshold": 5, "without": word}))
        assert {leg: (p.signal, p.without, p.weights, p.threshold) for leg, p in made.items()} == {
            leg: ("score", leg, "equal", 5) for leg in FAMILIES
        }
        assert all(rule.ablate(p) == {} for p in made.values())


@pytest.mark.parametrize("name", ["optimal", "context", "filter"])
def test_every_row_is_the_setups_of_the_test_windows_traded_by_themselves(name: str, tmp_path: Path) -> None:
    one = made(tmp_path, RULES[name])
    chosen = [(window, one.experiment.fixed) for window in one.windows]
    table = ablation(out_of_sample(one.trading, one.markets, chosen), one.experiment)
    assert table is not None and len(table) == 2 * len(DIRECT[name])
    told = {(row["without"], row["variant"]): row for row in table}
    assert list(told) == [(leg, variant) for leg in DIRECT[name] for variant in ("aggressive", "conservative")]
    begin, end = one.windows[0].test_start, one.windows[-1].test_end
    for (leg, variant), row in told.items():
        setups, filled, won, r = 0, 0, 0, []
        for bars in one.markets:
            strategy = dataclasses.replace(one.experiment.plain, find=lambda b, p, leg=leg: DIRECT[name][leg](b))
            trading = dataclasses.replace(one.trading, strategy=strategy)
            found = trading.find(bars, one.experiment.fixed)
            alone = trading.alone(bars, found, variant)
            known = bars.index[found.setups.known_at]
            wait = 30 if found.setups.lines else 20
            early = found.setups.known_at < len(bars) - 1 - wait
            counted = alone[(known >= begin) & (known < end) & early & (found.setups.veto == "")]
            entered = counted[counted["fate"] == "entered"]
            closed = entered[entered["exit_reason"] != "open"]
            setups, filled = setups + len(counted), filled + len(entered)
            won, r = won + int((closed["return"] > 0).sum()), [*r, *closed["r"].tolist()]
        assert (row["setups"], row["filled"]) == (setups, filled)
        assert row["expectancy_r"]["n"] == row["win_rate"]["n"] == len(r)
        assert row["expectancy_r"]["value"] == pytest.approx(np.mean(r) if r else math.nan, nan_ok=True)
        assert row["win_rate"]["value"] == pytest.approx(won / len(r) if r else math.nan, nan_ok=True)
    assert told["", "aggressive"]["filled"] > 10


def test_the_first_row_is_the_runs_own(tmp_path: Path) -> None:
    """Counted again from its tables; a search has chosen, and what it chose holds for every leg."""
    rule = RULES["score"].replace("threshold = 14", "threshold = [10, 14]") + "[search]\ntrials = 2\nmin_trades = 1\n"
    path = written(tmp_path, "")
    path.write_text(path.read_text().replace("[search]\ntrials = 0\n", "") + rule)
    out = run(path, tmp_path / "out")
    summary = json.loads((out / "summary.json").read_text())
    assert [window["chosen"] for window in summary["windows"]] == ["searched"] * len(summary["windows"])
    table = pd.read_parquet(out / "setups.parquet")
    table = table[(table["veto"] == "") & table["complete"]]
    for row in summary["ablation"][:2]:
        name = row["variant"]
        closed = table[(table[f"{name}_fate"] == "entered") & (table[f"{name}_exit_reason"] != "open")]
        assert row["without"] == "" and row["setups"] == len(table)
        assert row["filled"] == (table[f"{name}_fate"] == "entered").sum() > 0
        assert (row["win_rate"]["n"], row["expectancy_r"]["n"]) == (len(closed), len(closed))
        assert row["win_rate"]["value"] == pytest.approx((closed[f"{name}_return"] > 0).mean())
        assert row["expectancy_r"]["value"] == pytest.approx(closed[f"{name}_r"].mean())
        kinds = [one for one in summary["kinds"] if one["variant"] == name]
        assert (row["setups"], row["filled"]) == tuple(sum(one[key] for one in kinds) for key in ("setups", "filled"))
    assert [row["without"] for row in summary["ablation"][::2]] == ["", *FAMILIES]


@pytest.mark.parametrize(
    ("more", "legs"),
    [
        ("", []),
        ('[context]\nfeatures = ["near_level", "ranging"]\n', []),
        ('[context]\nrequire = ["near_level"]\n', ["context near_level"]),
        (
            '[context]\nrefuse = ["near_level"]\n[higher]\ntimeframe = "1w"\ndemand = "recorded"\n',
            ["context not near_level"],
        ),
        ('[higher]\ntimeframe = "1w"\n', ["context alignment on 1w"]),
        ('[context]\nrequire = ["near_level"]\nrefuse = ["ranging"]\n', ["context near_level", "context not ranging"]),
    ],
)
def test_one_condition_cannot_be_told_from_the_whole(more: str, legs: list[str], tmp_path: Path) -> None:
    """What is only recorded is no condition."""
    one = made(tmp_path, LINES + more)
    assert list(without_each(one.experiment, [one.experiment.fixed])) == legs
    chosen = [(window, one.experiment.fixed) for window in one.windows]
    table = ablation(out_of_sample(one.trading, one.markets, chosen), one.experiment)
    assert table is None if len(legs) < 2 else [row["without"] for row in table or []][::2] == ["", *legs]


def test_a_leg_and_a_context_of_one_name_are_two_conditions(tmp_path: Path) -> None:
    """The six have a leg that the context asks for too, under the same name."""
    one = made(tmp_path, RULES["optimal"] + '[context]\nrequire = ["rsi_divergence"]\n')
    params = one.experiment.strategy.build(dict(one.experiment.fixed))
    found = [
        strategy.setups(one.markets[0], params)
        for strategy in without_each(one.experiment, [one.experiment.fixed]).values()
    ]
    asked = Context(require=("rsi_divergence",))
    expected = [attached(one.markets[0], combinations(one.markets[0], 2, leg), asked) for leg in LEGS]
    expected.append(combinations(one.markets[0], 2))
    assert sorted(map(rows, found)) == sorted(map(rows, expected))
