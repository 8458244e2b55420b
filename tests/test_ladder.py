"""The optimal combination and its ladder by hand; it and all of confluence as the plain second one, every prefix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from framework import ladder
from framework.bars import Bars
from framework.confluence import agreements, families, scored, states
from framework.context import FEATURES
from framework.errors import MissingError, UserError
from framework.ladder import LEGS, combinations
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.bounce import bounces
from framework.structure.fibonacci import PullbackRule, pullbacks
from framework.structure.patterns import inside
from framework.validation.causality import Views, leaks
from framework.workspace import load_strategy
from tests import examples, thin
from tests.reference import confluence as plain

from .structure import coarse_charts
from .test_confluence import FOUND, SAMPLE, flat, missing, second, silent
from .test_context import setups as made

ROOT = Path(__file__).resolve().parents[1]
# Known at these bars, each with its extreme one bar before. There are one from 20, two from 25, three from 30 to 35.
AT = {"stochastic_cross": [20], "rsi_divergence": [25], "volume_bounce": [30], "support_618": [31], "line_break": [50]}


def legs(monkeypatch: pytest.MonkeyPatch, at: Mapping[str, list[int]], unknown: str = "", side: int = 1) -> None:
    def of(known: list[int]) -> Any:
        return lambda bars: [made(bars, known, [side] * len(known))]

    found = {leg: of(at.get(leg, [])) for leg in LEGS}
    if unknown:
        found[unknown] = lambda bars: [missing(bars)]
    monkeypatch.setattr(ladder, "LEGS", found)


RUNGS = [
    (1, "none", 10, [20, 50]),
    (2, "none", 10, [25]),
    (3, "none", 10, [30]),
    (4, "none", 10, []),
    (2, "rsi_divergence", 10, [30]),
    (1, "stochastic_cross", 10, [25, 50]),
    (1, "line_break", 10, [20]),
    (3, "average_double", 10, [30]),
    (2, "none", 5, [25, 30]),
    (4, "none", 11, [31]),
    (1, "none", 0, [20, 25, 30, 50]),
]


@pytest.mark.parametrize(("least", "without", "within", "expected"), RUNGS)
@pytest.mark.parametrize("side", [1, -1])
def test_first_bars_of_so_many(
    least: int, without: str, within: int, expected: list[int], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    legs(monkeypatch, AT, side=side)
    found = combinations(flat(), least, without, within)
    assert found.known_at.tolist() == expected and found.rule == "optimal_combination" and found.traded.all()
    assert set(found.kind) <= {"combination_up" if side > 0 else "combination_down"}
    assert (found.direction == side).all() and found.anchors["bar"].tolist() == expected


def test_again_after_there_were_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another of the same leg while it is there changes nothing; a bar without it does."""
    legs(monkeypatch, {"stochastic_cross": [20, 28, 39, 51]})
    assert combinations(flat(), 1).known_at.tolist() == [20, 51]
    legs(monkeypatch, {"stochastic_cross": [20, 28, 39, 50], "rsi_divergence": [0]})
    assert combinations(flat(), 1).known_at.tolist() == [20], "what is there at the first bar does not begin there"


def test_every_column_of_a_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    legs(monkeypatch, AT)
    low = np.full(80, 99.0)
    low[[18, 19, 22, 29, 31]] = [90.0, 98.0, 95.0, 95.0, 90.0]
    bars = Bars.from_frame(flat().frame().assign(low=low), "X", "1h")
    found = combinations(bars, 3)
    assert {name: bar.tolist() for name, bar in found.anchors.items()} == {"first": [20], "bar": [30], EXTREME: [22]}
    assert found.stop.tolist() == [95.0]
    on = {"stochastic_cross": 1, "rsi_divergence": 1, "volume_bounce": 1}
    expected = {"f_count": 3} | {f"f_of_{leg}": on.get(leg, 0) for leg in LEGS}
    assert {name: values.tolist() for name, values in found.features.items()} == {n: [v] for n, v in expected.items()}
    less = combinations(bars, 2, "stochastic_cross")
    assert less.anchors["first"].tolist() == [25] and less.anchors[EXTREME].tolist() == [29]
    assert less.features["f_count"].tolist() == [2] and less.features["f_of_stochastic_cross"].tolist() == [0]
    assert found.ids != combinations(bars, 3, "support_618").ids


def test_a_leg_stands_on_its_latest_and_there_on_the_earliest_price(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = flat()
    twice = made(bars, [22, 28, 28], [1, 1, 1])
    twice = replace(twice, anchors=twice.anchors | {EXTREME: np.array([5, 21, 12])})
    table = {leg: (lambda bars: [made(bars, [], [])]) for leg in LEGS}
    table |= {"line_break": lambda bars: [twice], "support_618": lambda bars: [made(bars, [30], [1])]}
    monkeypatch.setattr(ladder, "LEGS", table)
    found = combinations(bars, 2)
    assert found.anchors["first"].tolist() == [28] and found.anchors[EXTREME].tolist() == [12]


def test_legs_of_the_other_side_or_with_a_veto_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = flat()
    mixed = made(bars, [20, 25, 30], [1, -1, 1]).refuse(np.array([False, False, True]), "no")
    monkeypatch.setattr(ladder, "LEGS", {leg: (lambda bars: [mixed]) for leg in LEGS})
    assert combinations(bars, 6).known_at.tolist() == [20, 25]
    assert combinations(bars, 6).direction.tolist() == [1, -1]
    broken = replace(made(bars, [20, 30], [1, 1]), features={"f_broken_before_known": np.array([1.0, 0.0])})
    monkeypatch.setattr(ladder, "LEGS", {leg: (lambda bars: [broken]) for leg in LEGS})
    assert combinations(flat(), 6).known_at.tolist() == [30], "one that had broken is none"


def test_a_leg_that_cannot_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without volume, the bounce and the break."""
    legs(monkeypatch, AT, unknown="volume_bounce")
    found = combinations(flat(), 2)
    assert found.known_at.tolist() == [25] and found.features["f_count"].tolist() == [2]
    assert np.isnan(found.features["f_of_volume_bounce"]).all() and found.features["f_of_line_break"].tolist() == [0]
    monkeypatch.undo()
    real, unknown = combinations(silent(load("sample:AAPL")[:900]), 1), ("volume_bounce", "line_break")
    assert len(real) > 20 and all(np.isnan(real.features[f"f_of_{leg}"]).all() for leg in unknown)
    assert not any(np.isnan(real.features[f"f_of_{leg}"]).any() for leg in LEGS if leg not in unknown)


def test_a_word_that_is_no_leg() -> None:
    with pytest.raises(UserError, match=r"^without: 'line_brake' is no leg; did you mean 'line_break'\?$"):
        combinations(flat(), 2, "line_brake")


def given_legs(bars: Bars) -> dict[str, list[plain.Event] | None]:
    """What the detectors of each leg found."""
    tables = {
        "stochastic_cross": FOUND["stochastic_cross"],
        "rsi_divergence": FOUND["rsi_divergence"],
        "volume_bounce": lambda bars: [bounces(bars)],
        "support_618": lambda bars: [pullbacks(bars, PullbackRule(ratios=(0.618,)))],
        "average_double": FOUND["average_double"],
        "line_break": lambda bars: [*FOUND["line_break"](bars), *FOUND["pattern_break"](bars)],
    }
    found: dict[str, list[plain.Event] | None] = {}
    for leg, find in tables.items():
        if leg == "line_break" and not plain.volume_known(bars):
            found[leg] = None
            continue
        try:
            found[leg] = plain.leg_events(leg, find(bars))
        except MissingError:
            found[leg] = None
    return found


def agree(name: str, values: Any, expected: list[float]) -> None:
    """Sums are of sevenths, exact in the plain one; all else is the same number."""
    if name in ("f_score", "f_confluence"):
        np.testing.assert_allclose(values, expected, rtol=1e-14, atol=0, err_msg=name)
    else:
        np.testing.assert_array_equal(values, expected, name)


def equal(found: Setups, rows: list[plain.Found]) -> None:
    for name in ("kind", "direction", "known_at", "stop"):
        assert getattr(found, name).tolist() == [getattr(one, name) for one in rows], name
    for name, bar in found.anchors.items():
        assert bar.tolist() == [one.anchors[name] for one in rows], name
    for name, values in found.features.items():
        agree(name, values, [one.features[name] for one in rows])
    assert all(set(one.features) == set(found.features) and set(one.anchors) == set(found.anchors) for one in rows)


def same_ladder(bars: Bars) -> list[int]:
    """Hold the ladder to the plain one; how many there are of each rung."""
    of = given_legs(bars)
    for without, within in (("support_618", 10), ("average_double", 4), ("none", 25)):
        equal(combinations(bars, 2, without, within), plain.combinations(bars, of, 2, without, within))
    for least in range(1, 7):
        equal(combinations(bars, least), plain.combinations(bars, of, least))
    return [len(plain.combinations(bars, of, least)) for least in range(1, 7)]


@pytest.mark.parametrize("name", SAMPLE)
def test_the_ladder_equals_the_plain_one(name: str) -> None:
    rungs = same_ladder(load(f"sample:{name}"))
    assert rungs[0] > 100 and rungs[1] > 20 and rungs[2] > 0


@pytest.mark.parametrize("name", ["AAPL", "MSFT"])
@pytest.mark.parametrize("side", [1, -1])
def test_a_higher_rung_stands_on_the_lower(name: str, side: int) -> None:
    """Each spell of at least k + 1 lies within one of at least k, which began no later; and counts are those."""
    bars = load(f"sample:{name}")
    count = plain.counts(len(bars), side, given_legs(bars), "none", 10)
    for least in range(1, 7):
        lower, upper = (
            found.take(found.direction == side) for found in (combinations(bars, least), combinations(bars, least + 1))
        )
        assert lower.features["f_count"].tolist() == [count[bar] for bar in lower.known_at]
        for bar in upper.known_at.tolist():
            begun = max(at for at in lower.known_at.tolist() if at <= bar)
            assert min(count[begun : bar + 1]) >= least and count[bar] > least


def same(bars: Bars) -> int:
    """Hold states, families, sums and agreements to the plain ones; how many agreements there are."""
    sides, count, n = second(bars), 0, len(bars)
    for side in (1, -1):
        for ours, other in ((states(bars, side), sides[side]), (families(bars, side), plain.families(sides[side]))):
            assert list(ours) == list(other)
            for name, expected in other.items():
                np.testing.assert_array_equal(np.where(ours[name] == -1, np.nan, ours[name]), expected, name)
    asked = list(range(0, n, 17))
    for rule, own, weights, without in (
        ("made", "", "priority", "none"),
        ("macd_cross_12_26_9", "", "equal", "candles"),
        ("momentum_10", "", "priority", "breaks"),
        ("rsi_14_divergence", "rsi", "equal", "none"),
        ("line_break", "breaks", "priority", "averages"),
    ):
        given = made(bars, asked, [1, -1] * (len(asked) // 2) + [1] * (len(asked) % 2), first=0)
        got = scored(bars, replace(given, rule=rule), weights, without).features
        rows = zip(given.direction.tolist(), asked, strict=True)
        expected = [plain.scored(sides, rule, own, way, at, weights, without) for way, at in rows]
        assert list(got) == list(expected[0])
        for name in got:
            agree(name, got[name], [one[name] for one in expected])
    for threshold, weights, without in ((14, "priority", "none"), (10, "equal", "candles"), (9.5, "equal", "volume")):
        found = agreements(bars, threshold, weights, without)
        rows = plain.agreements(bars, sides, threshold, weights, without)
        count += len(rows)
        equal(found, rows)
    return count


@pytest.mark.parametrize("name", SAMPLE)
def test_confluence_equals_the_plain_second_implementation(name: str) -> None:
    assert same(load(f"sample:{name}")) > 250


def test_both_equal_the_plain_ones_on_a_market_without_volume() -> None:
    bars = silent(load("sample:AAPL")[:900])
    assert same(bars) > 20 and same_ladder(bars)[0] > 20


@settings(max_examples=examples(15), deadline=None)
@given(coarse_charts(60, 160))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    same(bars)
    same_ladder(bars)


@pytest.mark.parametrize("noise", [None, 7])
def test_every_eleventh_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:700]
    rule = load_strategy(ROOT, "moving_average_waves")

    def produce(of: Bars) -> Views:
        views: dict[str, Any] = {"inside": (np.arange(len(of)), {"triangle": inside(of)})}
        for side in (1, -1):
            every = np.arange(len(of))
            views[f"states {side}"] = every, dict(states(of, side))
            views[f"families {side}"] = every, dict(families(of, side))
        setups = rule.setups(of, rule.build({"signal": "cross"}))
        for found in (scored(of, setups), agreements(of, 12), combinations(of, 1), combinations(of, 1, "line_break")):
            columns: dict[str, Any] = {"id": np.array(found.ids, object), "stop": found.stop}
            for name in ("rsi_divergence_20", "head_and_shoulders", "inside_triangle"):
                columns[name] = FEATURES[name](of, found)
            views[f"{found.rule} {found.detection}"] = found.known_at, columns | dict(found.features)
        return views

    assert all(len(known_at) > 10 for known_at, _ in produce(bars).values())
    assert list(leaks(bars, produce, range(20, 699, 11 * thin(3)), noise)) == []
