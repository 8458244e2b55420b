"""Top-tier entries: parts made by hand, then the real ones in plain loops, and every prefix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.bars import Bars
from framework.indicators import WAVES, bar_rsi
from framework.setups import Setups
from framework.sources import load
from framework.structure import top_tier
from framework.structure.fibonacci import PULLBACK, PullbackRule, pullbacks
from framework.structure.top_tier import TopTierRule, top_tiers
from framework.structure.waves import WaveRule, double_bottoms
from framework.validation.causality import Views, leaks, prefixes
from framework.workspace import load_strategy
from tests.real import needed

from . import Points, chart, features, line

ROOT = Path(__file__).resolve().parents[2]
N = 80
SHORT, MIDDLE, LONG = 0, 1, 2
LOOSE = TopTierRule(replace(PULLBACK, stop="swing", extension=1.618), oversold=45.0, within=20)
Double = tuple[int, int, int, int]  # wave, known_at, bar of the right low, grade


@dataclass(frozen=True)
class Parts:
    """As the bullish side sees them: one that reacted at bar 40, stop 90, target 110, while price stands at 100."""

    reactions: Sequence[int] = (40,)
    doubles: Sequence[Double] = ((MIDDLE, 40, 37, 2),)
    rsi: Points = field(default_factory=lambda: {40: 25.0})
    close: Points = field(default_factory=dict)
    low: Points = field(default_factory=dict)
    other_double: bool = False  # that is of the other side
    other_pullback: bool = False
    bars: int = N


def made(bars: Bars, side: int, known: Sequence[int], anchors: Mapping[str, Any], numbers: Mapping[str, Any]) -> Setups:
    at = np.array(known, np.int64)
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule="made",
        kind=np.full(len(at), "made"),
        direction=np.full(len(at), side, np.int8),
        anchors={name: np.array(bar, np.int64) for name, bar in anchors.items()},
        known_at=at,
        stop=np.full(len(at), 100.0 - 10 * side),
        features={name: np.array(values, float) for name, values in numbers.items()},
        veto=np.full(len(at), "", "U1"),
        target=np.full(len(at), 100.0 + 10 * side),
        height=np.full(len(at), 16.0),
    )


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From parts and a side to the top-tier entries of bars on which just these parts are found."""

    def of(parts: Parts, side: int, rule: TopTierRule | None = None) -> Setups:
        close, low = line(parts.bars, 100, parts.close), line(parts.bars, 80, parts.low)
        high = line(parts.bars, 120)
        bars = chart(low, high, close) if side > 0 else chart(200 - high, 200 - low, 200 - close)
        rsi = line(parts.bars, 50, parts.rsi)

        def the_pullbacks(_: Bars, asked: PullbackRule) -> Setups:
            assert asked.ratios == (0.618, 0.786)
            known, count = parts.reactions, len(parts.reactions)
            anchors = {"leg_start": range(count), "leg_end": [20] * count, "entered": [bar - 3 for bar in known]}
            its_side = -side if parts.other_pullback else side
            return made(bars, its_side, known, anchors, {"f_level": [0.618] * count, "f_length": [8.0] * count})

        def the_doubles(_: Bars, wave: tuple[int, int, int], __: WaveRule) -> Setups:
            mine = [one for one in parts.doubles if WAVES[one[0]] == wave]
            known, right, grade = ([one[i] for one in mine] for i in (1, 2, 3))
            return made(bars, -side if parts.other_double else side, known, {"right": right}, {"f_grade": grade})

        monkeypatch.setattr(top_tier, "pullbacks", the_pullbacks)
        monkeypatch.setattr(top_tier, "double_bottoms", the_doubles)
        monkeypatch.setattr(top_tier, "bar_rsi", lambda _, period: rsi if side > 0 else 100 - rsi)
        return top_tiers(bars, rule or TopTierRule())

    return of


def double(known: int) -> Sequence[Double]:
    return ((MIDDLE, known, known - 3, 2),)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("at", "rsi", "known"),
    [
        (40, 40, 40),
        (30, 40, 40),  # the double bottom ten bars before the reaction
        (29, 40, None),
        (40, 30, 40),  # the RSI ten bars before it
        (40, 29, None),
        (30, 30, 40),
        (50, 40, 50),  # the double bottom ten bars after the reaction
        (51, 45, None),
        (40, 50, 50),  # the RSI ten bars after it
        (45, 51, None),
        (35, 45, 45),  # the reaction between the two
        (35, 46, None),
        (45, 35, 45),
        (46, 35, None),
        (47, 44, 47),
    ],
)
def test_known_when_the_last_of_the_three_is(given: Any, side: int, at: int, rsi: int, known: int | None) -> None:
    setups = given(Parts(doubles=double(at), rsi={rsi: 25.0}), side)
    assert setups.known_at.tolist() == ([] if known is None else [known])
    assert setups.kind.tolist() == ["top_tier_up" if side > 0 else "top_tier_down"] * len(setups)
    assert setups.direction.tolist() == [side] * len(setups)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("parts", "count"),
    [
        (Parts(rsi={40: 30.0}), 1),
        (Parts(rsi={40: 30.01}), 0),
        (Parts(rsi={40: math.nan}), 0),
        (Parts(rsi={40: 75.0}), 0),  # the other extreme
        (Parts(rsi={}), 0),
        (Parts(doubles=()), 0),
        (Parts(other_double=True), 0),
        (Parts(other_pullback=True), 0),
        (Parts(other_double=True, other_pullback=True, rsi={40: 75.0}), 1),  # all three of the other side
        (Parts(reactions=(5,), doubles=double(5), rsi={5: 25.0}), 1),
        (Parts(reactions=(5,), doubles=(), rsi={5: 25.0}), 0),
        (Parts(reactions=()), 0),
        (Parts(bars=41), 1),
        (Parts(bars=45, doubles=double(44)), 1),  # the last bar
        (Parts(bars=45, doubles=()), 0),  # still waiting when the data ends
    ],
)
def test_what_is_asked_for(given: Any, side: int, parts: Parts, count: int) -> None:
    assert len(given(parts, side)) == count


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("close", "count"),
    [
        ({42: 89.9}, 0),
        ({42: 90.0}, 1),
        ({42: 110.1}, 0),
        ({42: 110.0}, 1),
        ({40: 110.1}, 0),  # the reaction's own close
        ({45: 89.9}, 0),  # the close that would make it known
        ({39: 89.9}, 1),
        ({46: 89.9}, 1),
    ],
)
def test_given_up_at_a_close_beyond_stop_or_target(given: Any, side: int, close: Points, count: int) -> None:
    assert len(given(Parts(doubles=double(45), close=close), side)) == count


@pytest.mark.parametrize("side", [1, -1])
def test_the_numbers_of_the_rule(given: Any, side: int) -> None:
    parts = Parts(doubles=double(44), rsi={40: 34.0})
    assert len(given(parts, side)) == 0
    assert len(given(parts, side, TopTierRule(oversold=34.0))) == 1
    assert len(given(parts, side, TopTierRule(oversold=34.0, within=3))) == 0
    assert len(given(parts, side, TopTierRule(oversold=34.0, within=4))) == 1


@pytest.mark.parametrize("side", [1, -1])
def test_one_a_pullback_and_one_a_close(given: Any, side: int) -> None:
    twice = given(Parts(doubles=[*double(42), *double(45)]), side)
    assert twice.known_at.tolist() == [42]
    together = given(Parts(reactions=(40, 43), doubles=double(45)), side)
    assert (together.known_at.tolist(), together.anchors["reaction"].tolist()) == ([45], [43])
    at_once = given(Parts(reactions=(40, 40)), side)
    assert at_once.anchors["leg_start"].tolist() == [1]  # the last row
    apart = given(Parts(reactions=(40, 43), doubles=double(42), rsi={42: 25.0}), side)
    assert apart.known_at.tolist() == [42, 43]
    assert apart.anchors["reaction"].tolist() == [40, 43] and len(set(apart.ids)) == 2


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("doubles", "expected"),
    [
        ([(LONG, 41, 30, 3), (SHORT, 42, 39, 1)], (SHORT, 1, 39)),  # the last known
        ([(LONG, 42, 30, 3), (SHORT, 42, 39, 1)], (LONG, 3, 30)),  # at one close the longer wave's
        ([(MIDDLE, 42, 38, 1), (MIDDLE, 42, 36, 3)], (MIDDLE, 1, 38)),  # of one wave the later right low
        ([(LONG, 42, 30, 3), (SHORT, 44, 41, 1)], (LONG, 3, 30)),  # what comes after is not waited for
    ],
)
def test_which_double_bottom(given: Any, side: int, doubles: Sequence[Double], expected: tuple[int, ...]) -> None:
    setups = given(Parts(doubles=doubles, rsi={43: 25.0}), side)
    assert setups.known_at.tolist() == [43]
    wave, grade, right = expected
    wanted = {"f_level": 0.618, "f_length": 8.0, "f_wave": wave, "f_grade": grade, "f_wait": 3}
    got = features(setups)
    assert got.pop("f_broken_before_known") in (0.0, 1.0) and got == wanted
    assert {name: bar.tolist() for name, bar in setups.anchors.items()} == {
        "leg_start": [0],
        "leg_end": [20],
        "entered": [37],
        "reaction": [40],
        "double": [right],
        "setup_extreme": [37],
    }


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("dip", "extreme"), [(36, 37), (37, 37), (41, 41), (45, 45), (46, 37)])
def test_prices_are_the_pullbacks(given: Any, side: int, dip: int, extreme: int) -> None:
    setups = given(Parts(doubles=double(45), low={dip: 70.0}), side)
    assert setups.anchors["setup_extreme"].tolist() == [extreme]
    assert setups.stop.tolist() == [100 - 10 * side]
    assert setups.target.tolist() == [100 + 10 * side]
    assert setups.height.tolist() == [16]
    assert setups.traded.all()


# --- the real parts ----------------------------------------------------------------------------------------------


def plain(bars: Bars, rule: TopTierRule) -> list[tuple[Any, ...]]:
    """Kind, known_at, anchors, stop, target, height and features of each, from the tables of the parts in loops."""
    rows: dict[tuple[str, int], tuple[Any, ...]] = {}
    table = pullbacks(bars, replace(rule.pullback, ratios=rule.ratios))
    doubles = [
        (int(found.known_at[j]), wave, int(found.anchors["right"][j]), found.features["f_grade"][j], found.direction[j])
        for wave, found in enumerate(double_bottoms(bars, setting, rule.double) for setting in WAVES)
        for j in range(len(found))
    ]
    rsi, close = bar_rsi(bars, 14).tolist(), bars.close.tolist()
    for i in range(len(table)):
        reaction, up = int(table.known_at[i]), table.direction[i] > 0
        for t in range(reaction, min(reaction + rule.within, len(bars) - 1) + 1):
            lower, upper = sorted((table.stop[i], table.target[i]))
            if not lower <= close[t] <= upper:
                break
            window = range(max(t - rule.within, 0), t + 1)
            extreme = any(rsi[u] <= rule.oversold if up else rsi[u] >= 100 - rule.oversold for u in window)
            near = [one for one in doubles if one[0] in window and (one[4] > 0) == up]
            if not extreme or not near:
                continue
            _, wave, right, grade, _ = max(near)
            entered = int(table.anchors["entered"][i])
            seen = range(entered, t + 1)
            turn = min(seen, key=lambda u: bars.low[u]) if up else max(seen, key=lambda u: bars.high[u])
            kind = "top_tier_up" if up else "top_tier_down"
            leg = int(table.anchors["leg_start"][i]), int(table.anchors["leg_end"][i])
            numbers = float(table.stop[i]), float(table.target[i]), float(table.height[i])
            of_leg = float(table.features["f_level"][i]), float(table.features["f_length"][i])
            # table is in the order of known_at: the last of those known at one close stays
            rows[kind, t] = (
                kind,
                t,
                *leg,
                entered,
                reaction,
                right,
                turn,
                *numbers,
                *of_leg,
                wave,
                grade,
                t - reaction,
                float(bars.low[turn] < table.stop[i] if up else bars.high[turn] > table.stop[i]),
            )
            break
    return sorted(rows.values(), key=lambda row: (row[1], row[0]))


def listed(setups: Setups) -> list[tuple[Any, ...]]:
    columns = [setups.kind, setups.known_at, *setups.anchors.values(), setups.stop, setups.target, setups.height]
    return list(zip(*(column.tolist() for column in (*columns, *setups.features.values())), strict=True))


@pytest.mark.parametrize("rule", [TopTierRule(), LOOSE], ids=["default", "loose"])
@pytest.mark.parametrize("name", ["BTCUSDT-4h", "EURUSD-4h"])
def test_equal_to_plain_loops(name: str, rule: TopTierRule) -> None:
    bars = load(needed(f"{name}.parquet"))
    setups = top_tiers(bars, rule)
    assert listed(setups) == plain(bars, rule)
    assert min((setups.direction == side).sum() for side in (1, -1)) >= 3
    assert len(set(setups.ids)) == len(setups)
    assert top_tiers(bars, rule) is setups


def views(bars: Bars) -> Views:
    found: dict[str, Any] = {}
    for name, rule in (("default", TopTierRule()), ("loose", LOOSE)):
        setups = top_tiers(bars, rule)
        columns: dict[str, Any] = {"kind": setups.kind, "stop": setups.stop, "target": setups.target}
        columns |= {"height": setups.height, "id": np.array(setups.ids, dtype=object)}
        found[name] = (setups.known_at, columns | dict(setups.anchors) | dict(setups.features))
    return found


@pytest.mark.parametrize("noise", [None, 7])
def test_every_prefix(noise: int | None) -> None:
    """Sampled, and cut while each of the default ones waits, at the close that makes it known and just before."""
    bars = load(needed("BTCUSDT-4h.parquet"))
    setups = top_tiers(bars)
    moments = np.concatenate([setups.anchors["reaction"], setups.known_at, setups.known_at - 1])
    cuts = sorted({*prefixes(len(bars), 60, 3), *moments.tolist()})
    assert list(leaks(bars, views, cuts, noise)) == []


def test_the_strategy() -> None:
    bars = load("sample:MSFT")
    strategy = load_strategy(ROOT, "fibonacci_pullback")
    found = strategy.setups(bars, strategy.params(signal="top_tier", stop="swing", extension=1.618, levels="382"))
    asked = top_tiers(bars, TopTierRule(replace(PULLBACK, stop="swing", extension=1.618)))
    assert found.ids != [] and listed(found) == listed(asked) and found.traded.all()
