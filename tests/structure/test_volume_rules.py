"""Volume with the trend, its divergences and those of on-balance volume: by hand, by convention, as the plain one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.entries import aggressive, conservative
from framework.errors import UserError
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.divergence import DivergenceRule
from framework.structure.volume_divergence import VolumeDivergenceRule, obv_divergences, obv_line, volume_divergences
from framework.structure.volume_swings import Convention, climaxes
from framework.structure.volume_trend import CELLS, TrendRule, volume_trend
from framework.validation.causality import leaks, prefixes
from framework.validation.proof import producer
from framework.workspace import load_strategy
from tests import examples, thin
from tests.real import needed
from tests.reference import volume as plain

from . import chart, coarse_charts, features
from .test_volume import compare, stormy

ROOT = Path(__file__).resolve().parents[2]
NAN = np.nan
CONVENTIONS: tuple[Convention, ...] = ("confirmation", "exhaustion", "climax")


def mirrored(bars: Bars) -> Bars:
    """Highs made lows and lows highs; the volume stays."""
    top = 2 * float(bars.high.max())
    return chart(top - bars.high, top - bars.low, top - bars.close, bars.volume)


def path(closes: Sequence[float], volume: Sequence[float], side: int = 1) -> Bars:
    """Bars that reach half a point above and below their close."""
    close = 20 + side * np.asarray(closes, dtype=float)
    return chart(close - 0.5, close + 0.5, close, volume)


# A rise whose highs of one bar are 1, 3 and 5; the last is known at bar 6, when the lows of 2 and 4 have been.
RISE = (10, 12, 11, 13, 12, 14, 13)
VOLUMES = {
    "up": (1, 2, 3, 4, 5, 6, 9),
    "down": (9, 6, 5, 4, 3, 2, 9),
}  # 9 and 15 at the two last, and the other way round
READ = {  # of a rise with more and with less volume, of a fall with more and with less; a dot is a veto
    "confirmation": ("long", "short", "short", "long"),
    "exhaustion": ("long.", "short", "long", "short."),
    "climax": ("long.", "long.", "long.", "short."),
}


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("cell", range(4))
def test_the_cells_by_hand(convention: Convention, cell: int) -> None:
    side, way = (1, -1)[cell // 2], ("up", "down")[cell % 2]
    waits = convention == "climax" and cell == 2
    bars = path(RISE + (13,) * 4 * waits, VOLUMES[way] + (1,) * 4 * waits, side)
    setups = volume_trend(bars, TrendRule(convention, width=1))
    word = READ[convention][cell]
    assert setups.kind.tolist() == [CELLS[cell]] and setups.rule == "volume_trend"
    assert setups.direction.tolist() == [1 if word.startswith("long") else -1]
    silent = "no climax" if waits else f"no signal in {convention}"
    assert setups.veto.tolist() == [silent if word.endswith(".") else ""]
    assert (setups.anchors["left"].tolist(), setups.anchors["right"].tolist()) == ([3], [5])
    assert setups.known_at.tolist() == [10 if waits else 6]
    ratio = 15 / 9 if way == "up" else 9 / 15
    assert features(setups) == pytest.approx({"f_cell": cell, "f_volume_ratio": ratio, "f_trend": side})
    above, below = (5, 2) if side > 0 else (2, 5)  # of the bars from 2 on: the last swing and the bar of 11
    assert setups.anchors[EXTREME].tolist() == [below if setups.direction[0] > 0 else above]
    assert setups.stop.tolist() == [bars.low[below] if setups.direction[0] > 0 else bars.high[above]]


NOTHING = {
    "the same volume": (RISE, (1, 2, 3, 4, 3, 2, 9)),
    "the same but for rounding": (RISE, (1, 0.1, 0.2, 0.3, 0.2, 0.1, 9)),
    "unknown at the right swing": (RISE, (1, 2, 3, 4, NAN, 6, 9)),
    "unknown at the left swing": (RISE, (1, NAN, 3, 4, 5, 6, 9)),
    "nothing traded at the left swing": (RISE, (1, 0, 0, 0, 5, 6, 9)),
    "not known yet": (RISE[:6], VOLUMES["up"][:6]),
    "an equal low": ((10, 12, 11, 13, 11, 14, 13), VOLUMES["up"]),
    "a lower low": ((10, 12, 11, 13, 10, 14, 13), VOLUMES["up"]),
    "an equal high": ((10, 12, 11, 13, 12, 13, 12.5), VOLUMES["up"]),
    "one low only": ((10, 12, 11, 13, 12.5, 12.4, 12.3), VOLUMES["up"]),
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("side", [1, -1])
def test_no_event(name: str, side: int) -> None:
    closes, volume = NOTHING[name]
    assert len(volume_trend(path(closes, volume, side), TrendRule("confirmation", width=1))) == 0


# From 100 down by a half a bar, in turn one above and one below that: every even bar is a lower low.
FALL = 100 - 0.5 * np.arange(80) + np.where(np.arange(80) % 2, 1, -1)
AT = 60


def capitulation(**changes: float) -> Bars:
    """A fall whose bar 60 is a climax: volume 25 against 10, a range of 7.5 where the ATR is a good 2.5 and it falls by
    8.5 from the close before, closed near its high, and no close of the next five bars below its own.
    """
    given = {"volume": 25.0, "low": -7.0, "high": 0.5, "bar": AT + 5, "lower": 0.0, "n": 80, "before": 10.0} | changes
    close, volume = FALL.copy(), np.full(80, given["before"])
    close[AT + 1 :] = close[AT] + 1 + np.arange(19) % 2
    close[int(given["bar"])] = close[AT] - given["lower"]
    low, high = close - 0.5, close + 0.5
    low[AT], high[AT], volume[AT] = close[AT] + given["low"], close[AT] + given["high"], given["volume"]
    return chart(low, high, close, volume)[: int(given["n"])]


CLIMAXES = {
    "as it should be": ({}, "climax"),
    "not loud enough": ({"volume": 24.9}, "no climax"),
    "not wide enough": ({"low": -4.5}, "no climax"),
    "wide enough": ({"low": -6}, "climax"),
    "closed at its middle": ({"low": -6, "high": 6}, "climax"),
    "closed in its lower half": ({"low": -6, "high": 6.1}, "no climax"),
    "a lower close five bars later": ({"lower": 0.01}, "no climax"),
    "a lower close at once": ({"lower": 0.01, "bar": AT + 1}, "no climax"),
    "a lower close six bars later": ({"lower": 0.01, "bar": AT + 6}, "climax"),
    "just known": ({"n": AT + 6}, "climax"),
    "not known yet": ({"n": AT + 5}, ""),
    "nothing was usual": ({"before": 0.0, "volume": 0.0}, ""),
}


@pytest.mark.parametrize("name", CLIMAXES)
def test_climaxes_by_hand(name: str) -> None:
    changes, said = CLIMAXES[name]
    bars = capitulation(**changes)
    for found, kind in (
        (volume_trend(bars, TrendRule("climax", width=1)), "down_volume_up"),
        (volume_divergences(bars, VolumeDivergenceRule("climax", width=1, min_gap=2)), "lower_low_volume_up"),
    ):
        if changes.get("high") and kind == "down_volume_up":
            continue  # that high ends the fall
        at = found.take((found.anchors["right"] == AT) & (found.kind == kind))
        assert at.veto.tolist() == ([] if not said else ["" if said == "climax" else said])
        assert at.known_at.tolist() == [AT + 5] * len(at) and (at.direction == 1).all()
        assert (at.stop == bars.low[AT]).all()
        assert not found.take(found.kind != kind).traded.any()


def test_nothing_is_no_climax() -> None:
    """A bar without a range is not wide where no bar has one, a bar without volume not loud where none has any."""
    at, still = np.array([AT]), np.full(80, 100.0)
    assert not climaxes(chart(still, still, still, np.where(np.arange(80) == AT, 50.0, 10.0)), at, False)[0]
    assert climaxes(capitulation(), at, False)[0]
    assert not climaxes(capitulation(before=0.0, volume=0.0), at, False)[0]


def test_only_a_fall_has_a_climax() -> None:
    bars = mirrored(capitulation())
    found = volume_trend(bars, TrendRule("climax", width=1))
    assert "up_volume_up" in found.kind and not found.traded.any()
    assert not volume_divergences(bars, VolumeDivergenceRule("climax", width=1, min_gap=2)).traded.any()


# Lows of one bar at 3 and 7, volume of three bars 3 or 6 against 6 or 3.
SWINGS = {
    "lower_low_volume_up": (9, (1, 1, 1, 1, 2, 2, 2, 2, 2)),
    "lower_low_volume_down": (9, (2, 2, 2, 2, 1, 1, 1, 1, 1)),
    "higher_low_volume_up": (11, (1, 1, 1, 1, 2, 2, 2, 2, 2)),
    "higher_low_volume_down": (11, (2, 2, 2, 2, 1, 1, 1, 1, 1)),
}
TRADED = {
    "confirmation": ("lower_low_volume_down", "higher_low_volume_down"),
    "exhaustion": ("lower_low_volume_up",),
    "climax": (),
}
MIRROR = {"lower_low": "higher_high", "higher_low": "lower_high"}
MIRROR |= {there: here for here, there in MIRROR.items()}


def image(kind: str) -> str:
    """The kind that the mirror makes of one."""
    price, volume = kind.split("_volume_")
    return f"{MIRROR[price]}_volume_{volume}"


def other_trend(kind: str) -> str:
    """The cell that the mirror makes of one."""
    return CELLS[(CELLS.index(kind) + 2) % 4]


def two_lows(second: float, volume: Sequence[float], side: int = 1) -> Bars:
    return path((13, 12, 11, 10, 12, 13, 12, second, 12, 13, 14, 15, 16), (*volume, 1, 1, 1, 1), side)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("kind", SWINGS)
def test_divergences_by_hand(kind: str, convention: Convention) -> None:
    rule = VolumeDivergenceRule(convention, width=1, min_gap=4, max_gap=4)
    for side in (1, -1):
        found = volume_divergences(two_lows(*SWINGS[kind], side), rule)
        assert found.kind.tolist() == [kind if side > 0 else image(kind)]
        assert found.direction.tolist() == [side]
        assert (found.anchors["left"].tolist(), found.anchors["right"].tolist()) == ([3], [7])
        waits = convention == "climax" and found.kind[0] == "lower_low_volume_up"
        assert found.known_at.tolist() == [12 if waits else 8]
        traded = kind in TRADED[convention]
        if convention == "exhaustion" and side < 0:
            traded = kind == "lower_low_volume_down"  # of highs the one on less volume
        silent = "no climax" if waits else f"no signal in {convention}"
        assert found.veto.tolist() == ["" if traded else silent]
        ratio = 2.0 if kind.endswith("up") else 0.5
        regular = float(kind.startswith("lower"))
        expected = {"f_volume_ratio": ratio, "f_regular": regular, "f_succession": 1.0, "f_trend": NAN}
        assert features(found) == pytest.approx(expected, nan_ok=True)
        second = SWINGS[kind][0]
        assert found.stop.tolist() == [20 + side * (second - 0.5)] and found.anchors[EXTREME].tolist() == [7]


def test_no_divergence() -> None:
    for gaps in ((5, 60), (1, 3)):
        rule = VolumeDivergenceRule("confirmation", 1, *gaps)
        assert len(volume_divergences(two_lows(*SWINGS["lower_low_volume_down"]), rule)) == 0
    rule = VolumeDivergenceRule("confirmation", 1, 1)
    assert len(volume_divergences(two_lows(10, SWINGS["lower_low_volume_down"][1]), rule)) == 0  # equal lows
    assert len(volume_divergences(two_lows(9, (1,) * 9), rule)) == 0
    assert len(volume_divergences(two_lows(9, (1, 1, 1, 1, 2, NAN, 2, 2, 2)), rule)) == 0
    assert len(volume_divergences(two_lows(9, (0, 0, 0, 0, 2, 2, 2, 2, 2)), rule)) == 0


# On-balance volume of a fall to 9, a rise, a fall to 8.5 on little volume: 5, -5, 1, -1, 3.
FLOW = DivergenceRule(left=1, right=1, min_gap=2)


@pytest.mark.parametrize("side", [1, -1])
def test_flows_by_hand(side: int) -> None:
    bars = path((10, 9, 10, 8.5, 9), (5, 10, 6, 2, 4), side)
    assert obv_line(bars).tolist() == [5 - 0 * side, 5 - 10 * side, 5 - 4 * side, 5 - 6 * side, 5 - 2 * side]
    found = obv_divergences(bars, FLOW)
    assert found.kind.tolist() == ["regular_bullish" if side > 0 else "regular_bearish"]
    assert found.known_at.tolist() == [4] and found.traded.all() and found.rule == "obv_divergence"
    for name in ("f_control", "f_left_extreme", "f_left_depth", "f_left_width", "f_width_ratio"):
        assert np.isnan(found.features[name]).all()
    louder = path((10, 9, 10, 8.5, 9), (5, 10, 6, 7, 4), side)  # the flow falls below where it was
    assert len(obv_divergences(louder, FLOW)) == 0


def test_an_unknown_volume_between_the_swings_of_a_flow() -> None:
    volume = [5.0, 10, 6, 1, 1, 1, 2, 4]
    closes = (10, 9, 10, 10.5, 11, 11.5, 8.5, 9)
    assert obv_divergences(path(closes, volume), FLOW).veto.tolist() == [""]
    volume[4] = NAN
    found = obv_divergences(path(closes, volume), FLOW)
    assert found.veto.tolist() == ["unknown volume between the swings"] and found.anchors["right_osc"].tolist() == [6]
    volume[4], volume[0] = 1.0, NAN
    assert len(obv_divergences(path(closes, volume), FLOW)) == 0  # no swing stands beside it


def test_no_convention_is_none() -> None:
    for name in ("volume_trend", "volume_divergence"):
        rule = load_strategy(ROOT, name)
        with pytest.raises(UserError, match="no default; one of confirmation, exhaustion, climax"):
            rule.build({})
        assert rule.parameters["convention"].values == CONVENTIONS


def every(bars: Bars, width: int = 5, sessions: bool = False) -> dict[str, Setups]:
    found = {f"trend {word}": volume_trend(bars, TrendRule(word, width, sessions)) for word in CONVENTIONS}
    for word in CONVENTIONS:
        rule = VolumeDivergenceRule(word, width, sessions=sessions)
        found[f"divergence {word}"] = volume_divergences(bars, rule)
    return found | {"obv": obv_divergences(bars, DivergenceRule(width, width), sessions)}


def compare_all(bars: Bars, width: int, sessions: bool) -> list[str]:
    kinds: list[str] = []
    for word in CONVENTIONS:
        table = TrendRule(word, width, sessions)
        kinds += compare(volume_trend(bars, table), plain.volume_trend(bars, table))
        rule = VolumeDivergenceRule(word, width, min_gap=3, max_gap=40, sessions=sessions)
        kinds += compare(volume_divergences(bars, rule), plain.volume_divergences(bars, rule))
    flow = DivergenceRule(width, width, pairing="price" if sessions else "oscillator")
    return kinds + compare(obv_divergences(bars, flow, sessions), plain.obv_divergences(bars, flow, sessions))


@settings(max_examples=examples(40), deadline=None)
@given(coarse_charts(30, 120))
def test_they_equal_the_plain_ones(bars: Bars) -> None:
    if bars.has_volume:
        compare_all(bars, 1, False)


@pytest.mark.parametrize(("width", "sessions"), [(1, False), (2, True), (3, False), (6, False)])
def test_they_equal_the_plain_ones_in_storms(width: int, sessions: bool) -> None:
    kinds: list[str] = []
    for seed in range(8):
        kinds += compare_all(stormy(seed, 450 if sessions else 300), width, sessions)
    least = 1 if width > 3 else 3
    for word in (*CELLS, "lower_low_volume_up/no climax", "regular_bullish", "regular_bearish"):
        assert kinds.count(word) >= least, word


@pytest.mark.parametrize("name", ["BTCUSDT-1d.parquet", "SPY-1d.parquet", "SOLUSDT-4h.parquet"])
def test_they_equal_the_plain_ones_on_real_bars(name: str) -> None:
    bars = load(needed(name))[:1100]
    for sessions in (False, True):
        assert len(compare_all(bars, 5, sessions)) > 100


@cache
def short() -> Bars:
    return load("sample:MSFT")[:600]


def rows(found: Setups) -> list[tuple[str, int, int]]:
    """The events, but for those so late that a climax would not be known."""
    left, right = found.anchors["left"].tolist(), found.anchors["right"].tolist()
    events = zip(found.kind.tolist(), left, right, strict=True)
    return sorted(event for event in events if event[2] + 5 < len(found.time))


@pytest.mark.parametrize("width", [2, 5])
def test_the_conventions_read_the_same_events(width: int) -> None:
    found = every(load("sample:IBM"), width)
    for word in ("trend", "divergence"):
        one, other, last = (found[f"{word} {convention}"] for convention in CONVENTIONS)
        assert rows(one) == rows(other) == rows(last) and len(one) > 60
        assert one.rule == other.rule == last.rule and one.detection == other.detection == last.detection
    ids = [set(found[f"divergence {convention}"].ids) for convention in CONVENTIONS]
    assert ids[0] == ids[1] and (ids[2] <= ids[1] or width < 5)  # a climax known later may stand on another bar
    traded = [found[f"trend {convention}"].traded.sum() for convention in CONVENTIONS]
    assert traded[0] > traded[1] > traded[2] >= 0 and traded[0] == len(found["trend confirmation"])


@pytest.mark.parametrize("noise", [None, 7])
@pytest.mark.parametrize("width", [1, 3])
def test_nothing_of_the_future(width: int, noise: int | None) -> None:
    bars = stormy(5, 300)

    def produce(bars: Bars):
        views = {}
        for name, found in (every(bars, width) | {"sessions": every(bars, width, True)["trend climax"]}).items():
            columns = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop, "veto": found.veto}
            views[name] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    assert min(len(known) for known, _ in produce(bars).values()) >= 2
    assert list(leaks(bars, produce, range(30, 299, 3 * thin(3)), noise)) == []


def test_the_mirror() -> None:
    bars = load("sample:AAPL")
    here, there = every(bars), every(mirrored(bars))
    for name in ("trend confirmation", "divergence confirmation"):
        found, other = here[name], there[name]
        swap = image if "divergence" in name else other_trend
        assert other.kind.tolist() == [swap(kind) for kind in found.kind] and len(found) > 50
        assert (other.direction == -found.direction).all() and (other.known_at == found.known_at).all()
        assert all((other.anchors[anchor] == bar).all() for anchor, bar in found.anchors.items())
        assert (other.traded == found.traded).all()
        np.testing.assert_allclose(other.features["f_volume_ratio"], found.features["f_volume_ratio"])


def test_a_market_without_volume_is_refused() -> None:
    bars = path(RISE, (NAN,) * 7)
    asked: list[Callable[[], Setups]] = [
        lambda: volume_trend(bars, TrendRule("confirmation", 1)),
        lambda: volume_divergences(bars, VolumeDivergenceRule("confirmation", 1)),
        lambda: obv_divergences(bars, FLOW),
        lambda: obv_divergences(bars, FLOW, sessions=True),
    ]
    for ask in asked:
        with pytest.raises(UserError, match="the volume of no bar is known"):
            ask()


OPTIONS = [
    ("volume_divergence", {"convention": "confirmation", "kinds": "regular", "swing_width": 2}),
    ("volume_divergence", {"convention": "exhaustion", "kinds": "hidden"}),
    ("volume_divergence", {"convention": "climax", "sessions": True, "swing_width": 2}),
    ("volume_trend", {"convention": "confirmation", "sessions": True, "swing_width": 3}),
    ("volume_trend", {"convention": "climax", "swing_width": 3}),
    ("obv_divergence", {"kinds": "hidden"}),
    ("obv_divergence", {"kinds": "regular", "sessions": True, "pairing": "price"}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_the_strategies(name: str, options: dict[str, object]) -> None:
    bars, rule = load("sample:AAPL"), load_strategy(ROOT, name)
    p = rule.build(options)
    found = rule.setups(bars, p)
    assert len(found) > 20
    regular = np.char.startswith(found.kind, "regular")
    if name == "volume_divergence":
        regular = found.features["f_regular"] == 1
    if "kinds" in options:
        assert not found.traded[regular != (options["kinds"] == "regular")].any()
    if name == "obv_divergence":
        assert not found.traded[found.features["f_broken_before_known"] == 1].any() and found.traded.any()
    assert "entered" in conservative(bars, found).fate
    words, values, _ = rule.panel(bars, p)
    assert "volume" in words and len(values) == len(bars)
    produce = producer(rule.setups, rule.exits, p, {"aggressive": aggressive, "conservative": conservative})
    for noise in (None, 7):
        assert list(leaks(bars[:1200], produce, prefixes(1200, 30, seed=2), noise)) == []
