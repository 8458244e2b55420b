"""Confluence: what each rule says and for how long, the sums of what they say, agreements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from framework import confluence
from framework.bars import Bars
from framework.confluence import HIGHEST, WEIGHTS, agreements, families, scored, states
from framework.entries import conservative
from framework.errors import MissingError, UserError
from framework.indicators import WAVES
from framework.rules import FAMILIES, RULES, Rule, known, stands, valid
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.averages import above_average, average_crosses, average_double
from framework.structure.blowoff import blow_offs
from framework.structure.breaks import false_breaks, line_breaks, retests
from framework.structure.divergence import DivergenceRule, rsi_divergences
from framework.structure.fibonacci import pullbacks
from framework.structure.momentum import line_divergences, turns
from framework.structure.orderflow import exhaustions
from framework.structure.pattern_breaks import pattern_breaks
from framework.structure.price_doubles import price_doubles
from framework.structure.shoulders import head_and_shoulders
from framework.structure.stochastic import crosses
from framework.structure.top_tier import top_tiers
from framework.structure.volume_bars import volume_bars
from framework.structure.volume_divergence import obv_divergences
from framework.structure.wave_combinations import hierarchies, high_conviction, strongest
from framework.structure.waves import WaveRule, double_bottoms
from tests.reference import averages, entries, fibonacci, oscillators
from tests.reference import confluence as plain

from .structure.test_timeframes import bars_at, hours
from .test_context import setups as made

SAMPLE = ("AAPL", "GOOG", "IBM", "MSFT")
FOUND: Mapping[str, Callable[[Bars], list[Setups]]] = {
    "fibonacci_pullback": lambda bars: [pullbacks(bars)],
    "fibonacci_top_tier": lambda bars: [top_tiers(bars)],
    "line_break": lambda bars: [line_breaks(bars)],
    "false_break": lambda bars: [false_breaks(bars, line_breaks(bars))],
    "retest": lambda bars: [retests(bars, line_breaks(bars))],
    "pattern_break": lambda bars: [pattern_breaks(bars)],
    "head_and_shoulders": lambda bars: [head_and_shoulders(bars)],
    "price_double": lambda bars: [price_doubles(bars)],
    "average_double": lambda bars: [average_double(bars)],
    "average_cross": lambda bars: [average_crosses(bars)],
    "stochastic_double": lambda bars: [double_bottoms(bars, wave, WaveRule()) for wave in WAVES],
    "stochastic_cross": lambda bars: [crosses(bars, (20, 12, 12))],
    "stochastic_strongest": lambda bars: [strongest(bars, WaveRule())],
    "stochastic_high_conviction": lambda bars: [high_conviction(bars, WaveRule())],
    "stochastic_hierarchy": lambda bars: [hierarchies(bars, WaveRule())],
    "rsi_divergence": lambda bars: [rsi_divergences(bars, 14, DivergenceRule())],
    "rsi_hidden_divergence": lambda bars: [rsi_divergences(bars, 14, DivergenceRule())],
    "volume_bar": lambda bars: [volume_bars(bars)],
    "obv_divergence": lambda bars: [obv_divergences(bars, DivergenceRule())],
    "order_flow_exhaustion": lambda bars: [exhaustions(bars)],
    "blow_off": lambda bars: [blow_offs(bars)],
    "macd_cross": lambda bars: [turns(bars, "histogram", (12, 26, 9))],
    "histogram_divergence": lambda bars: [line_divergences(bars, "histogram", (12, 26, 9))],
}


def second(bars: Bars) -> dict[int, plain.States]:
    """What each rule says by the plain implementation, both sides."""
    tables: dict[str, list[Setups] | None] = {}
    for rule, find in FOUND.items():
        try:
            tables[rule] = None if rule in plain.LOUD and not plain.volume_known(bars) else find(bars)
        except MissingError:
            tables[rule] = None
    candles = fibonacci.turning(bars)
    lines = {
        "alignment": averages.alignment(bars),
        "side_of_average_20": averages.order(bars, 1, 20),
        "regime": averages.regime(bars),
        "momentum_10": oscillators.momentum(bars.close.tolist(), 10),
    }
    return {side: plain.states(len(bars), side, tables, candles, lines) for side in (1, -1)}


def flat(n: int = 80) -> Bars:
    table = bars_at(hours("2024-01-01", n)).frame()
    table[["open", "high", "low", "close"]] = 100.0
    return Bars.from_frame(table, "X", "1h")


def silent(bars: Bars) -> Bars:
    """The same without volume."""
    return Bars.from_frame(bars.frame().drop(columns="volume"), bars.symbol, bars.timeframe)


def missing(bars: Bars) -> Setups:
    raise MissingError("X", "unknown", "known")


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule a family, of setups known at bars of their own: 20 long and 21 short, and so on every hundred bars."""
    finds = {family: [100 * place + 20, 100 * place + 21] for place, family in enumerate(FAMILIES)}

    def of(at: list[int]) -> Rule:
        return Rule("", known(lambda bars: made(bars, at, [1, -1])))

    table = {f"{family}_rule": Rule(family, of(at).state) for family, at in finds.items()}
    table |= {"second_volume": Rule("volume", known(missing)), "none": Rule("", known(missing))}
    monkeypatch.setattr(confluence, "RULES", table)


def test_the_families_and_their_weights() -> None:
    assert {name: rule.family for name, rule in RULES.items()} == plain.FAMILY
    assert set(RULES) == {*FOUND, *plain.LINES, "turning_candle"}
    assert {name: dict(weights) for name, weights in WEIGHTS.items()} == {
        name: {family: float(weight) for family, weight in weights.items()} for name, weights in plain.WEIGHTS.items()
    }
    assert (
        list(WEIGHTS["priority"].values()) == [5, 5, 5, 4, 3, 2, 1] and list(WEIGHTS["equal"].values()) == [25 / 7] * 7
    )
    assert HIGHEST == 25 and all(tuple(weights) == FAMILIES for weights in WEIGHTS.values())


@pytest.mark.parametrize("rule", FOUND)
def test_a_setup_speaks_for_ten_bars_and_for_its_side(rule: str) -> None:
    """Seen from real setups with no other of their rule and side within eleven bars: not at the bar before, not at the
    eleventh after.
    """
    alone = 0
    for name in SAMPLE:
        bars = load(f"sample:{name}")
        events = [one for table in FOUND[rule](bars) for one in plain.spoken(rule, table)]
        for side in (1, -1):
            said, at = states(bars, side)[rule], sorted({one.known_at for one in events if one.direction == side})
            for bar in at:
                if any(0 < abs(other - bar) <= 11 for other in at) or not 0 < bar < len(bars) - 12:
                    continue
                alone += 1
                assert said[bar - 1 : bar + 13].tolist() == [0, *[1] * 11, 0, said[bar + 12]]
    assert alone >= 1


def test_a_candle_speaks_for_two_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = {1: np.isin(np.arange(80), [30]), -1: np.isin(np.arange(80), [50, 52])}
    monkeypatch.setattr("framework.rules.turning", lambda bars, side: turns[side])
    bars = flat()
    assert np.flatnonzero(states(bars, 1)["turning_candle"]).tolist() == [30, 31, 32]
    assert np.flatnonzero(states(bars, -1)["turning_candle"]).tolist() == [50, 51, 52, 53, 54]


@pytest.mark.parametrize(
    ("rule", "of", "lengths"),
    [
        ("alignment", "alignment", ()),
        ("side_of_average_20", "side_of_average", (20,)),
        ("regime", "regime", ()),
        ("momentum_10", "bar_momentum", (10,)),
    ],
)
def test_a_state_holds_where_it_does(
    rule: str, of: str, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = np.repeat([np.nan, 1.0, 0.0, -1.0], 20)
    if rule == "momentum_10":
        line[[20, 60]] = [1e-3, -250.0]
    monkeypatch.setattr(f"framework.rules.{of}", lambda bars, *given: {lengths: line}[given])
    assert states(flat(), 1)[rule].tolist() == [-1] * 20 + [1] * 20 + [0] * 40
    assert states(flat(), -1)[rule].tolist() == [-1] * 20 + [0] * 40 + [1] * 20


def test_only_traded_ones_speak() -> None:
    bars = flat()
    found = made(bars, [20, 40, 60], [1, 1, -1]).refuse(np.array([True, False, True]), "no")
    assert np.flatnonzero(known(lambda of: found)(bars, 1)).tolist() == list(range(40, 51))
    assert not known(lambda of: found)(bars, -1).any()


def test_what_had_broken_before_it_was_known_does_not_speak() -> None:
    bars = flat()
    broken = {"f_broken_before_known": np.array([1, 0, np.nan, 0, 1])}
    found = replace(made(bars, [15, 30, 45, 60, 75], [1, 1, 1, -1, -1]), features=broken)
    assert stands(found).known_at.tolist() == [30, 45, 60]
    assert stands(found.refuse(np.arange(5) == 1, "no")).known_at.tolist() == [45, 60]
    assert len(stands(replace(found, features={}))) == 5
    assert np.flatnonzero(known(lambda of: found)(bars, 1)).tolist() == [*range(30, 41), *range(45, 56)]
    assert np.flatnonzero(known(lambda of: found)(bars, -1)).tolist() == list(range(60, 71))


@pytest.mark.parametrize("rule", ["fibonacci_pullback", "fibonacci_top_tier", "rsi_divergence", "histogram_divergence"])
def test_real_setups_that_had_broken_do_not_speak(rule: str) -> None:
    """Those with no other of their rule and side within ten bars before them."""
    broken = 0
    for name in SAMPLE:
        bars = load(f"sample:{name}")
        for found in FOUND[rule](bars):
            for row in np.flatnonzero(found.features["f_broken_before_known"] == 1):
                at, side = found.known_at[row], found.direction[row]
                near = (found.direction == side) & (found.known_at <= at) & (found.known_at >= at - 10)
                if near.sum() == 1:
                    broken += 1
                    assert states(bars, side)[rule][at] == 0
    assert broken >= 1


@pytest.mark.parametrize("wait", [30, 8])
def test_a_retest_is_where_the_conservative_entry_comes_in(wait: int) -> None:
    """Of a setup whose stop price never reaches; with its own, not where price went beyond that before or there."""
    seen, stopped = 0, 0
    for name in SAMPLE:
        bars = load(f"sample:{name}")
        low, high = bars.low.tolist(), bars.high.tolist()
        for breaks in (line_breaks(bars), pattern_breaks(bars), head_and_shoulders(bars), price_doubles(bars)):
            rows, held = [], []
            free = replace(breaks, stop=np.where(breaks.direction > 0, 0.0, np.inf))
            for one in entries.retest(bars, free, wait):
                if one.fate == "entered":
                    since, kind = int(breaks.known_at[one.setup]), f"retest_{breaks.kind[one.setup]}"
                    stop = min(low[since : one.bar + 1]) if one.side > 0 else max(high[since : one.bar + 1])
                    broke, veto = int(breaks.anchors["break"][one.setup]), str(breaks.veto[one.setup])
                    rows.append((one.bar, kind, one.side, broke, one.bar, one.bar - since, stop, veto))
                    after, limit = slice(since + 1, one.bar + 1), float(breaks.stop[one.setup])
                    if min(low[after]) >= limit if one.side > 0 else max(high[after]) <= limit:
                        held.append((one.setup, one.bar))
            found = retests(bars, breaks, wait)
            anchors, features = found.anchors, found.features
            columns = [found.known_at, found.kind, found.direction, anchors["break"], anchors["back"]]
            got = zip(
                *(column.tolist() for column in (*columns, features["f_wait"], found.stop, found.veto)), strict=True
            )
            assert sorted(got) == sorted(rows) and found.rule == f"retest_{breaks.rule}"
            assert (np.diff(found.known_at) >= 0).all() and set(breaks.features) | {"f_wait"} == set(features)
            policy = conservative(bars, breaks, wait)
            entered = zip(policy.entries.setup.tolist(), policy.entries.bar.tolist(), strict=True)
            assert sorted(entered) == sorted(held)
            dropped = {one.setup for one in entries.retest(bars, free, wait) if one.fate == "entered"} - dict(
                held
            ).keys()
            assert set(policy.fate[sorted(dropped)]) <= {"setup_broken"}
            seen, stopped = seen + len(rows), stopped + len(dropped)
    assert seen > 100 and stopped >= 1


def test_breaks_with_the_volume_of_one() -> None:
    bars = flat()
    found = made(bars, [20, 30, 40, 50], [1] * 4)
    ratio, stated = np.array([1.5, 1.49, np.nan, 2.0]), np.array([0.0, 1, 1, -1])
    for features, kept in (
        ({"f_volume_ratio": ratio}, [20, 50]),
        ({"f_volume_ratio": ratio, "f_stated": stated}, [20]),
        ({"f_volume_ratio": np.full(4, 1.5), "f_stated": stated}, [20, 30, 40]),
    ):
        assert valid(bars, replace(found, features=features)).known_at.tolist() == kept


@pytest.mark.parametrize("find", [line_breaks, pattern_breaks, head_and_shoulders, price_doubles])
def test_no_break_is_confirmed_where_no_volume_is_known(find: Callable[[Bars], Setups]) -> None:
    """Though there are breaks; volume known of one bar is enough to ask, and of the others it is then too little."""
    bars = load("sample:AAPL")
    none, one = bars.frame().assign(volume=np.nan), bars.frame()
    one.loc[one.index[1:], "volume"] = np.nan
    for quiet in (silent(bars), Bars.from_frame(none, "AAPL", "1d")):
        assert len(find(quiet)) > 0 and "f_volume_ratio" not in find(quiet).features
        with pytest.raises(MissingError, match="the volume of no bar is known"):
            valid(quiet, find(quiet))
    little = Bars.from_frame(one, "AAPL", "1d")
    assert len(find(little)) > 0 and len(valid(little, find(little))) == 0
    assert 0 < len(valid(bars, find(bars))) < len(find(bars))


@pytest.mark.usefixtures("rules")
def test_a_family_is_known_where_one_of_its_rules_is() -> None:
    bars = flat(700)
    assert (states(bars, 1)["second_volume"] == -1).all() and (states(bars, 1)["none"] == -1).all()
    for side in (1, -1):
        told = families(bars, side)
        assert tuple(told) == FAMILIES
        for place, family in enumerate(FAMILIES):
            begins = 100 * place + (20 if side > 0 else 21)
            assert np.flatnonzero(told[family]).tolist() == list(range(begins, begins + 11))


def at_once(monkeypatch: pytest.MonkeyPatch, spoken: Mapping[str, list[int]], unknown: tuple[str, ...] = ()) -> None:
    """A rule a family whose long setups are known at these bars."""
    table = {
        family: Rule(family, known(missing if family in unknown else _long(spoken.get(family, []))))
        for family in FAMILIES
    }
    monkeypatch.setattr(confluence, "RULES", table)


def _long(at: list[int]) -> Callable[[Bars], Setups]:
    return lambda bars: made(bars, at, [1] * len(at))


SUMS = [
    ("priority", "none", [25, 25, 24, 0]),
    ("equal", "none", [25, 25, 150 / 7, 0]),
    ("priority", "volume", [24, 24, 24, 0]),
    ("priority", "candles", [20, 20, 19, 0]),
    ("equal", "rsi", [150 / 7, 150 / 7, 125 / 7, 0]),
]


@pytest.mark.parametrize(("weights", "without", "expected"), SUMS)
def test_the_sum_of_the_weights(
    weights: str, without: str, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All speak at 30, all but volume, which was two bars before, at 40; a short has none of it."""
    at_once(monkeypatch, {family: [30] for family in FAMILIES} | {"volume": [28]})
    bars = flat()
    found = scored(bars, made(bars, [30, 38, 39, 41], [1] * 4), weights, without)
    assert found.features["f_confluence"].tolist() == pytest.approx(expected, rel=1e-14, abs=0)
    assert found.features["f_unknown"].tolist() == [0] * 4
    assert found.traded.all() and found.features["f_with_volume"].tolist() == [1, 1, 0, 0]
    short = scored(bars, made(bars, [30, 38], [-1, -1]), weights, without)
    assert short.features["f_confluence"].tolist() == [0, 0] and short.features["f_with_rsi"].tolist() == [0, 0]


OWN = {
    ("rsi", 23): "rsi_14_divergence",
    ("stochastic", 22): (
        "stochastic_5-3-3_double stochastic_20-12-12_cross stochastic_strongest stochastic_high_conviction "
        "stochastic_hierarchy"
    ),
    ("averages", 21): "average_cross_5_20 average_double_5_20 side_of_average_20",
    ("fibonacci", 20): "fibonacci_pullback fibonacci_top_tier",
    ("breaks", 20): (
        "line_break false_line_break retest_line_break pattern_break false_pattern_break retest_pattern_break "
        "head_and_shoulders retest_head_and_shoulders price_double false_price_double"
    ),
    ("volume", 24): "volume_trend volume_divergence volume_bar obv_divergence order_flow_exhaustion blow_off",
    ("", 25): "momentum_10 macd_cross_12_26_9 macd_zero_12_26_9 histogram_12_26_9_divergence made confluence",
}


@pytest.mark.parametrize(("own", "score"), OWN)
def test_the_own_family_is_left_out(own: str, score: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch, {family: [30] for family in FAMILIES})
    bars = flat()
    for rule in OWN[own, score].split():
        got = scored(bars, replace(made(bars, [35], [1]), rule=rule)).features
        assert got["f_confluence"].tolist() == [score] and got["f_unknown"].tolist() == [0], rule
        for family in FAMILIES:
            assert np.isnan(got[f"f_with_{family}"]).tolist() == [family == own], rule


ITSELF: Mapping[str, Callable[[Bars], list[Setups]]] = {
    **FOUND,
    "momentum_10": lambda bars: [turns(bars, "momentum", (10,))],
    "side_of_average_20": lambda bars: [above_average(bars)],
}


@pytest.mark.parametrize("rule", ITSELF)
def test_a_rule_does_not_speak_for_its_own_setups(rule: str) -> None:
    """Nor do those of its family, where it has one; the others do. Which side of the average price is on has no rank,
    and yet its setups are such of averages.
    """
    bars, family = load("sample:AAPL"), "averages" if rule == "side_of_average_20" else plain.FAMILY[rule]
    for found in ITSELF[rule](bars):
        assert len(found) > 0
        unknown = {name for name in RULES if np.isnan(scored(bars, found).features[f"f_with_{name}"]).all()}
        assert unknown == {name for name in RULES if name == rule or (family and plain.FAMILY[name] == family)}


def test_a_rule_without_a_family_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {name: Rule("", known(_long([30])), name) for name in ("macd_cross", "momentum_10")}
    monkeypatch.setattr(confluence, "RULES", table | {one: Rule(one, known(_long([30]))) for one in FAMILIES})
    bars = flat()
    for rule, silent in (
        ("macd_cross_12_26_9", ["macd_cross"]),
        ("macd_zero_12_26_9", []),
        ("momentum_10", ["momentum_10"]),
        ("momentum_14", []),
        ("momentum_100", []),
        ("made", []),
    ):
        got = scored(bars, replace(made(bars, [35], [1]), rule=rule)).features
        assert [name for name in table if np.isnan(got[f"f_with_{name}"]).all()] == silent
        assert got["f_confluence"].tolist() == [25], "what has no family has no weight"


def test_what_cannot_be_known_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch, {family: [30] for family in FAMILIES}, ("volume", "rsi"))
    bars = flat()
    for without, score, unknown in (("none", 22, 2), ("volume", 22, 1), ("candles", 17, 2)):
        got = scored(bars, made(bars, [35], [1]), "priority", without).features
        assert got["f_confluence"].tolist() == [score] and got["f_unknown"].tolist() == [unknown]
        assert np.isnan(got["f_with_volume"]).all() and np.isnan(got["f_with_rsi"]).all()


def test_a_market_without_volume() -> None:
    """Neither the rules of volume are known nor the breaks that it confirms; of breaks the false ones speak still."""
    bars = silent(load("sample:AAPL")[:900])
    found = scored(bars, made(bars, [200, 500, 800], [1, -1, 1])).features
    assert found["f_unknown"].tolist() == [1, 1, 1]
    unknown = {name for name, rule in RULES.items() if rule.family == "volume"}
    unknown |= {"line_break", "retest", "pattern_break", "head_and_shoulders", "price_double"}
    assert all(np.isnan(found[f"f_with_{name}"]).all() for name in unknown)
    assert not any(np.isnan(found[f"f_with_{name}"]).any() for name in RULES if name not in unknown)
    for side in (1, -1):
        said, told = states(bars, side), families(bars, side)
        assert {name for name in RULES if (said[name] == -1).all()} == unknown
        assert set(said["false_break"].tolist()) == {0, 1}
        assert told["breaks"].tolist() == said["false_break"].tolist() and (told["volume"] == -1).all()


def test_agreements_are_the_first_bar_of_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candles' and lines' tens: 30 to 40 and 35 to 45, together from 35 to 40; again at 60, 20 bars later."""
    at_once(monkeypatch, {"candles": [30, 55], "breaks": [35, 60], "volume": [36]})
    bars = flat()
    found = agreements(bars, 10)
    assert found.known_at.tolist() == [35, 60] and found.kind.tolist() == ["agreement_up"] * 2
    assert found.features["f_score"].tolist() == [10, 10] and found.anchors["bar"].tolist() == [35, 60]
    assert {f: found.features[f"f_of_{f}"].tolist() for f in ("candles", "breaks", "volume", "rsi")} == {
        "candles": [1, 1],
        "breaks": [1, 1],
        "volume": [0, 0],
        "rsi": [0, 0],
    }
    assert agreements(bars, 5).known_at.tolist() == [30, 55]
    assert agreements(bars, 11).known_at.tolist() == [36] and len(agreements(bars, 12)) == 0
    assert agreements(bars, 7, "equal").known_at.tolist() == [35, 60]
    for three in (7.2, 10, 75 / 7):
        got = agreements(bars, three, "equal")
        assert got.known_at.tolist() == [36] and got.features["f_score"].tolist() == pytest.approx([75 / 7], rel=1e-14)
    assert len(agreements(bars, 10.72, "equal")) == 0
    assert agreements(bars, 5, without="candles").known_at.tolist() == [35, 60]
    assert agreements(bars, 7, "equal", "breaks").known_at.tolist() == [36]
    assert len({one.ids[0] for one in (found, agreements(bars, 9), agreements(bars, 7, "equal"))}) == 3
    at_once(monkeypatch, {"candles": [0, 30]})
    assert agreements(flat(), 5).known_at.tolist() == [30], "what agrees at the first bar does not begin there"


def test_agreements_stand_on_the_price_in_which_the_rules_spoke(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch, {"candles": [5, 40]})
    low = np.full(80, 99.0)
    low[[0, 29, 30, 41]] = [97.5, 96.0, 98.0, 95.0]
    table = flat().frame().assign(low=low)
    found = agreements(Bars.from_frame(table, "X", "1h"), 5)
    assert found.stop.tolist() == [97.5, 98.0] and found.anchors[EXTREME].tolist() == [0, 30]


@pytest.mark.parametrize("weights", ["priority", "equal"])
def test_all_that_there_is_reaches_the_highest_threshold(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the weights round: all but one come at 30, the last at 33."""
    for last in FAMILIES:
        at_once(monkeypatch, {family: [33 if family == last else 30] for family in FAMILIES})
        bars = flat()
        assert agreements(bars, 25, weights).known_at.tolist() == [33]
        less = sum(weight for family, weight in plain.WEIGHTS[weights].items() if family != last)
        assert agreements(bars, float(less), weights).known_at.tolist() == [30]


@pytest.mark.parametrize(
    ("weights", "without", "said"),
    [
        ("priorty", "none", r"^confluence\.weights: 'priorty' is none; did you mean 'priority'\?$"),
        ("equal", "candle", r"^confluence\.without: 'candle' is no family; did you mean 'candles'\?$"),
    ],
)
def test_words_that_are_none(weights: str, without: str, said: str) -> None:
    bars = flat()
    with pytest.raises(UserError, match=said):
        agreements(bars, 5, weights, without)
    with pytest.raises(UserError, match=said):
        scored(bars, made(bars, [30], [1]), weights, without)
