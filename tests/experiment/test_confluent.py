"""A confluence filter around any rule: its parameters, whom it vetoes, what an experiment's file may ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.confluence import FAMILIES, scored
from framework.errors import UserError
from framework.experiment import config
from framework.experiment.confluent import confluent
from framework.ladder import combinations
from framework.sources import load
from framework.validation.causality import leaks
from framework.validation.proof import producer
from framework.workspace import Strategy, load_strategy
from tests import thin

from . import RULE, chartproof, refused, toml, workspace

ROOT = Path(__file__).resolve().parents[2]
ADDED = ("confluence", "confluence_weights", "confluence_without")
VETO = "too little confluence"
# A rule with one parameter that has no default, handing in arrays.
SIGNALS = '''"""A close above the one before."""

from dataclasses import dataclass

import numpy as np

from framework.params import required
from framework.signals import Signals


@dataclass(frozen=True)
class Params:
    side: str = required(among=("long", "short"))


def signals(bars, p):
    up = np.append(False, np.diff(bars.close) > 0)
    none = np.zeros(len(bars), bool)
    return Signals(long_entry=up, long_exit=~up) if p.side == "long" else Signals(none, none, up, ~up)
'''


def rule_of(folder: Path, text: str = RULE) -> Strategy:
    return load_strategy(workspace(folder), "rule")


@pytest.fixture(scope="module")
def bars() -> Bars:
    return load("sample:IBM")[:1500]


def test_the_parameters_that_are_added() -> None:
    plain = load_strategy(ROOT, "rsi_divergence")
    made = confluent(plain)
    assert list(made.parameters) == [*plain.parameters, *ADDED]
    assert {name: made.parameters[name] for name in plain.parameters} == dict(plain.parameters)
    least, weights, without = (made.parameters[name] for name in ADDED)
    assert (least.default, least.limits, least.searched) == (0, (0, 25), False)
    assert (weights.default, weights.values, weights.searched) == ("priority", ("priority", "equal"), False)
    assert (without.default, without.values, without.searched) == ("none", ("none", *FAMILIES), False)
    same = {name: getattr(made, name) for name in Strategy.__dataclass_fields__ if name not in ("params", "find")}
    assert same == {name: getattr(plain, name) for name in same}


@pytest.mark.parametrize("name", ["rsi_divergence", "stochastic_waves", "trendline_break"])
def test_by_default_everything_stays_traded(name: str, bars: Bars) -> None:
    plain = load_strategy(ROOT, name)
    made = confluent(plain)
    before, found = plain.setups(bars, plain.build({})), made.setups(bars, made.build({}))
    assert found.ids == before.ids and found.veto.tolist() == before.veto.tolist() and before.traded.any()
    assert set(found.features) - set(before.features) >= {"f_confluence", "f_unknown", "f_with_alignment"}
    exits = plain.exits(bars, plain.build({})), made.exits(bars, made.build({}))
    assert all((one == other).all() for one, other in zip(*exits, strict=True))


@pytest.mark.parametrize(
    ("least", "weights", "without", "edge", "below"),
    [(9, "priority", "none", 9, 7), (8, "equal", "averages", 75 / 7, 50 / 7), (7, "equal", "none", 50 / 7, 25 / 7)],
)
def test_those_below_bear_a_veto_and_an_earlier_one_stays(
    least: int, weights: str, without: str, edge: float, below: float, bars: Bars
) -> None:
    """edge, below: the lowest sum that is traded and the highest that is not."""
    plain = load_strategy(ROOT, "obv_divergence")
    made = confluent(plain)
    asked = dict(zip(ADDED, (least, weights, without), strict=True))
    before, found = plain.setups(bars, plain.build({})), made.setups(bars, made.build(asked))
    score = scored(bars, before, weights, without).features["f_confluence"]
    np.testing.assert_array_equal(found.features["f_confluence"], score)
    kept, refused = before.traded & (score >= least), before.traded & (score < least)
    assert not before.traded.all()
    assert [score[kept].min(), score[refused].max()] == pytest.approx([edge, below], rel=1e-14)
    assert (found.traded == kept).all() and (found.veto[refused] == VETO).all()
    assert (found.veto[~before.traded] == before.veto[~before.traded]).all() and found.ids == before.ids


def test_a_rule_whose_parameter_is_required(bars: Bars) -> None:
    made = confluent(load_strategy(ROOT, "volume_trend"))
    with pytest.raises(UserError, match="convention is not said, and has no default"):
        made.build({"confluence": 5})
    found = made.setups(bars, made.build({"convention": "confirmation", "confluence": 12}))
    low = found.features["f_confluence"] < 12
    assert (found.veto[low] != "").all() and VETO in found.veto and found.traded.any() and not found.traded[low].any()
    assert np.isnan(found.features["f_with_volume_bar"]).all()


def test_a_rule_that_hands_in_signals(tmp_path: Path, bars: Bars) -> None:
    made = confluent(load_strategy(workspace(tmp_path, SIGNALS), "rule"))
    assert not made.stands
    for side, way in (("long", 1), ("short", -1)):
        params = made.build({"side": side, "confluence": 10})
        found = made.setups(bars, params)
        assert len(found) > 300 and (found.direction == way).all()
        assert (found.traded == (found.features["f_confluence"] >= 10)).all() and 0 < found.traded.sum() < len(found)
        left = made.exits(bars, params)[0 if way > 0 else 1]
        assert (left == ~np.append(False, np.diff(bars.close) > 0)).all()


@pytest.mark.parametrize("name", ADDED)
def test_a_name_that_is_taken(name: str, tmp_path: Path) -> None:
    text = RULE.replace("width: int =", f"{name}: int =")
    plain = load_strategy(workspace(tmp_path, text), "rule")
    with pytest.raises(UserError, match=rf"^strategies/rule\.py: has a parameter {name}; another name: "):
        confluent(plain)
    path = put(tmp_path, "confluence.threshold = 5")
    said = refused(tmp_path, "run", path)
    assert said.startswith(f"{path}: confluence: strategies/rule.py has a parameter {name}; ")


@pytest.mark.parametrize("kind", ["@dataclass", "@dataclass(kw_only=True)", "@dataclass(frozen=True, slots=True)"])
def test_params_of_another_kind(kind: str, tmp_path: Path, bars: Bars) -> None:
    text = RULE.replace("@dataclass(frozen=True)", kind)
    made = confluent(load_strategy(workspace(tmp_path, text), "rule"))
    params = made.build({"length": 21, "confluence": 11})
    assert (params.length, params.confluence, params.confluence_weights) == (21, 11, "priority")
    found = made.setups(bars, params)
    assert (found.traded == (found.features["f_confluence"] >= 11)).all() and found.traded.any()


@pytest.mark.parametrize("kind", ["@dataclass(frozen=True)", "@dataclass", "@dataclass(kw_only=True)"])
@pytest.mark.parametrize("more", ["", "{kind}\n"])
def test_params_that_inherit_their_fields(kind: str, more: str, tmp_path: Path, bars: Bars) -> None:
    """From a class that is one, whether they say again that they are one or not."""
    text = RULE.replace("@dataclass(frozen=True)\nclass Params:", f"{kind}\nclass Base:").replace(
        "def setups(", f"{more.format(kind=kind)}class Params(Base):\n    pass\n\n\ndef setups("
    )
    plain = load_strategy(workspace(tmp_path, text), "rule")
    made = confluent(plain)
    assert list(made.parameters) == [*plain.parameters, *ADDED] and len(plain.parameters) == 5
    params = made.build({"length": 21, "confluence": 11})
    assert (params.length, params.confluence, params.confluence_without) == (21, 11, "none")
    found = made.setups(bars, params)
    assert found.ids == plain.setups(bars, plain.build({"length": 21})).ids
    assert (found.traded == (found.features["f_confluence"] >= 11)).all() and found.traded.any()


def put(folder: Path, *changes: str) -> Path:
    path = folder / "experiments" / "x.toml"
    path.write_text(toml(*changes))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("confluent"))


def test_a_list_is_searched_and_a_value_fixed(home: Path) -> None:
    made = config.load(put(home, "confluence.threshold = [6, 9, 12]", "confluence.weights = 'equal'"))
    assert made.confluence and made.space["confluence"] == (6, 9, 12) and "confluence_weights" not in made.space
    assert (made.fixed["confluence"], made.fixed["confluence_weights"]) == (6, "equal")
    assert {"length", "level"} <= set(made.space), "the rule's own are still searched"
    both = config.load(put(home, "confluence.weights = ['priority', 'equal']", "confluence.threshold = [0, 5]"))
    assert both.space["confluence_weights"] == ("priority", "equal") and both.fixed["confluence"] == 0
    fixed = config.load(put(home, "confluence.threshold = 7"))
    assert fixed.fixed["confluence"] == 7 and not set(ADDED) & set(fixed.space)
    without = config.load(put(home))
    assert not without.confluence and not set(ADDED) & set(without.fixed)
    assert "confluence" in config.load(put(home, "confluence = {}")).fixed


WRONG = [
    (("confluence.threshold = 26",), "confluence: threshold = 26 is outside its range; allowed: 0 to 25"),
    (("confluence.threshold = -1",), "confluence: threshold = -1 is outside its range; allowed: 0 to 25"),
    (("confluence.threshold = 5.5",), "confluence: threshold = 5.5 is not a whole number; allowed: 0 to 25"),
    (("confluence.threshold = true",), "confluence: threshold = True is not a whole number; allowed: 0 to 25"),
    (("confluence.threshold = 'high'",), "confluence: threshold = 'high' is not a whole number; allowed: 0 to 25"),
    (("confluence.threshold = [5, 40]",), "confluence: threshold = 40 is outside its range; allowed: 0 to 25"),
    (("confluence.threshold = []",), "confluence.threshold: is an empty list; one or more of 0 to 25"),
    (("confluence.weights = []",), "confluence.weights: is an empty list; one or more of priority, equal"),
    (("confluence.weights = 'equl'",), "confluence: weights = 'equl' is outside its range; did you mean 'equal'?"),
    (("confluence.weights = 3",), "confluence: weights = 3 is not a word in quotes; allowed: priority, equal"),
    (("confluence.treshold = 3",), "confluence.treshold: is an unknown key; did you mean 'threshold'?"),
    (("confluence = 5",), "confluence: is 5; a table of keys and values"),
    (("strategy.confluence = 5",), "strategy.confluence: is no parameter of this strategy"),
    (("confluence.threshold = 5", "strategy.confluence = 5"), "strategy.confluence: is no parameter of this strategy"),
    (("beside.confluence = [0, 5]",), "beside.confluence: is no parameter of rule"),
    (("confluence.weights = 'equal'", "beside.confluence = [0, 99]"), "beside.confluence: confluence = 99 is outside"),
    (
        ("confluence = {}", "beside.confluence_without = ['rsi', 'volum']"),
        "beside.confluence_without: confluence_without",
    ),
    (
        ("confluence.threshold = 5", "beside.confluence = [0, 9]"),
        "beside.confluence: stands in [confluence] too, as threshold; ",
    ),
    (
        ("confluence.threshold = [5, 6]", "beside.confluence = [0, 9]"),
        "beside.confluence: stands in [confluence] too, as threshold; ",
    ),
    (
        ("confluence.weights = 'equal'", "beside.confluence_weights = ['priority', 'equal']"),
        "beside.confluence_weights: stands in [confluence] too, as weights; ",
    ),
    (("confluence.without = 'rsi'",), "confluence.without: is an unknown key; "),
    (
        ("confluence.threshold = 5", "confluence.weigths = 'equal'"),
        "confluence.weigths: is an unknown key; did you mean",
    ),
    (("higher.timeframe = '1w'", "higher.stat = 'regime'"), "higher.stat: is an unknown key; did you mean 'state'?"),
    (("higher.timefram = '1w'",), "higher.timefram: is an unknown key; did you mean 'timeframe'?"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_what_may_not_be(home: Path, changes: tuple[str, ...], said: str) -> None:
    path = put(home, *changes)
    assert refused(home, "run", path).removeprefix(f"{path}: ").startswith(said)


def test_values_beside_one_another(home: Path) -> None:
    made = config.load(put(home, "confluence.weights = 'equal'", "beside.confluence = [0, 8, 25]"))
    assert made.beside == ("confluence", (0, 8, 25)) and "confluence" not in made.space
    assert (made.fixed["confluence"], made.fixed["confluence_weights"]) == (0, "equal")
    made = config.load(put(home, "confluence.threshold = [5, 9]", "beside.confluence_weights = ['priority', 'equal']"))
    assert made.beside == ("confluence_weights", ("priority", "equal")) and made.space["confluence"] == (5, 9)


@pytest.mark.parametrize(("name", "value"), [("threshold", 5), ("weights", "'equal'")])
def test_what_is_beside_is_not_said_twice(name: str, value: Any, home: Path) -> None:
    beside = "confluence = [0, 9]" if name == "threshold" else "confluence_weights = ['priority', 'equal']"
    with pytest.raises(UserError, match=rf"beside\.confluence\w*: stands in \[confluence\] too, as {name}; "):
        config.load(put(home, f"confluence.{name} = {value}", f"beside.{beside}"))


def test_a_run_of_each(home: Path) -> None:
    path = put(home, "search.trials = 0", "confluence.weights = 'equal'", "beside.confluence = [0, 8]")
    assert chartproof("run", path, "--out", home / "out").status == 0
    free, least = (pd.read_parquet(home / "out" / word / "setups.parquet") for word in ("0", "8"))
    assert VETO not in set(free["veto"]) and free["setup"].tolist() == least["setup"].tolist() and len(free) > 100
    assert ((least["veto"] == VETO) == (least["f_confluence"] < 10.7)).all() and 0 < (
        least["veto"] == VETO
    ).sum() < len(least)


@pytest.mark.parametrize("noise", [None, 7])
@pytest.mark.parametrize("name", ["confluence", "optimal", "filtered"])
def test_every_eleventh_prefix(name: str, noise: int | None) -> None:
    short = load("sample:MSFT")[:700]
    rule, options = load_strategy(ROOT, "confluence"), {"threshold": 12}
    if name == "optimal":
        options = {"signal": "optimal", "least": 1}
    if name == "filtered":
        rule, options = confluent(load_strategy(ROOT, "moving_average_waves")), {"signal": "cross", "confluence": 9}
    produce = producer(rule.setups, rule.exits, rule.build(options), {})
    assert len(produce(short)["setups"][0]) > 20
    assert list(leaks(short, produce, range(20, 699, 11 * thin(3)), noise)) == []


def test_the_rule_of_confluence_without_each_of_its_legs(bars: Bars) -> None:
    rule = load_strategy(ROOT, "confluence")
    ablate: Any = rule.ablate
    assert [(leg, p.without, p.threshold) for leg, p in ablate(rule.build({})).items()] == [
        (f, f, 14) for f in FAMILIES
    ]
    optimal = {least: ablate(rule.build({"signal": "optimal", "least": least})) for least in (2, 6)}
    assert {p.least for p in optimal[2].values()} == {2} and {p.least for p in optimal[6].values()} == {6}
    for least, asked in ((2, 2), (6, 5)):
        assert all(p.without == leg for leg, p in optimal[least].items()) and len(optimal[least]) == 6
        for leg, p in optimal[least].items():
            found = rule.setups(bars, p)
            assert found.detection == f"{asked} {leg} 10" and found.ids == combinations(bars, asked, leg).ids
    less = rule.setups(bars, optimal[2]["rsi_divergence"])
    assert (less.features["f_of_rsi_divergence"] == 0).all() and len(less) > 3
