"""Confluence from its definitions, bar by bar. What other detectors found is handed in, as tables of setups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from .reversals import Chart, turns

NAN = math.nan
WITHIN, CANDLE = 10, 2
OF = {
    "candles": ("turning_candle",),
    "fibonacci": ("fibonacci_pullback", "fibonacci_top_tier"),
    "breaks": ("line_break", "false_break", "retest", "pattern_break", "head_and_shoulders", "price_double"),
    "averages": ("alignment", "average_double", "average_cross"),
    "stochastic": (
        "stochastic_double",
        "stochastic_cross",
        "stochastic_strongest",
        "stochastic_high_conviction",
        "stochastic_hierarchy",
    ),
    "rsi": ("rsi_divergence", "rsi_hidden_divergence"),
    "volume": ("volume_bar", "obv_divergence", "order_flow_exhaustion", "blow_off"),
    "": ("side_of_average_20", "regime", "momentum_10", "macd_cross", "histogram_divergence"),
}
FAMILY = {rule: family for family, rules in OF.items() for rule in rules}
PRIORITY = {"candles": 5, "fibonacci": 5, "breaks": 5, "averages": 4, "stochastic": 3, "rsi": 2, "volume": 1}
WEIGHTS: Mapping[str, Mapping[str, Fraction]] = {
    "priority": {family: Fraction(weight) for family, weight in PRIORITY.items()},
    "equal": {family: Fraction(25, 7) for family in PRIORITY},
}
LOUD = ("line_break", "retest", "pattern_break", "head_and_shoulders", "price_double")
LINES = ("alignment", "side_of_average_20", "regime", "momentum_10")
# What the setups of a rule without a family are called: of themselves they do not speak.
CALLED = {
    "macd_cross": "macd_cross_12_26_9",
    "momentum_10": "momentum_10",
    "side_of_average_20": "side_of_average_20",
    "histogram_divergence": "histogram_12_26_9_divergence",
}
SAME = 1e-10  # ratios nearer to one than that are one
SIX = ("stochastic_cross", "rsi_divergence", "volume_bounce", "support_618", "average_double", "line_break")
States: TypeAlias = dict[str, list[float]]


@dataclass(frozen=True)
class Event:
    """That something spoke for a side."""

    known_at: int
    direction: int
    kind: str
    extreme: int
    features: dict[str, float]


@dataclass(frozen=True)
class Found:
    kind: str
    direction: int
    known_at: int
    stop: float
    anchors: dict[str, int]
    features: dict[str, float]


def events(setups: Any) -> list[Event]:
    """Of a table of setups those that nothing keeps from being traded and that had not broken when they were known."""
    found = []
    for row in range(len(setups.known_at)):
        if setups.veto[row] == "":
            features = {name: float(values[row]) for name, values in setups.features.items()}
            if features.get("f_broken_before_known") == 1.0:
                continue
            extreme = int(setups.anchors["setup_extreme"][row])
            known, side = int(setups.known_at[row]), int(setups.direction[row])
            found.append(Event(known, side, str(setups.kind[row]), extreme, features))
    return found


def volume_known(bars: Any) -> bool:
    """Whether that of any bar is. Where none is, which breaks count cannot be said."""
    return any(not math.isnan(volume) for volume in bars.volume.tolist())


def spoken(rule: str, table: Any) -> list[Event]:
    """Of what a detector found, what counts for the rule."""
    rows = events(table)
    if rule in LOUD:
        loud = [one for one in rows if one.features["f_volume_ratio"] >= 1.5]
        return [one for one in loud if one.features.get("f_stated", 0.0) != -1.0]
    if rule == "stochastic_cross":
        return [one for one in rows if one.features["f_from_zone"] == 1.0]
    if rule == "rsi_divergence":
        regular = [one for one in rows if one.kind in ("regular_bullish", "regular_bearish")]
        return [one for one in regular if one.features["f_left_extreme"] == 1.0]
    if rule == "obv_divergence":
        return [one for one in rows if one.kind in ("regular_bullish", "regular_bearish")]
    if rule == "rsi_hidden_divergence":
        return [one for one in rows if one.kind in ("hidden_bullish", "hidden_bearish")]
    return rows


def heard(rows: Sequence[tuple[int, int]], n: int, within: int, side: int) -> list[float]:
    """1 at the bars at which one of these (known_at, direction) is of the side and no older."""
    mine = {known for known, direction in rows if direction == side}
    return [float(any(t - back in mine for back in range(within + 1))) for t in range(n)]


def states(
    n: int,
    side: int,
    tables: Mapping[str, Sequence[Any] | None],
    candles: tuple[Sequence[bool], Sequence[bool]],
    lines: Mapping[str, Sequence[float]],
) -> States:
    """What each rule says at each bar, NaN where that cannot be known.

    tables: by rule what its detectors found, None where the market does not know what the rule needs, be it to find
    them or to say which count. candles: whether one at a bar turns price up, and down. lines: of each of LINES a value
    a bar, above zero where it is bullish, below where bearish.
    """
    said: States = {}
    for rule in FAMILY:
        if rule == "turning_candle":
            turned = [(t, 1) for t in range(n) if candles[0][t]] + [(t, -1) for t in range(n) if candles[1][t]]
            said[rule] = heard(turned, n, CANDLE, side)
        elif rule in LINES:
            up = [NAN if math.isnan(value) else float(value > 0) for value in lines[rule]]
            down = [NAN if math.isnan(value) else float(value < 0) for value in lines[rule]]
            said[rule] = up if side > 0 else down
        else:
            given = tables[rule]
            if given is None:
                said[rule] = [NAN] * n
                continue
            rows = [(one.known_at, one.direction) for table in given for one in spoken(rule, table)]
            said[rule] = heard(rows, n, WITHIN, side)
    return said


def families(said: States) -> States:
    """The same of families: any of its rules speaks, none does, or of none it can be known."""
    n = len(said["alignment"])
    told: States = {}
    for family in WEIGHTS["equal"]:
        lines = [said[rule] for rule, of in FAMILY.items() if of == family]
        told[family] = []
        for t in range(n):
            known = [line[t] for line in lines if not math.isnan(line[t])]
            told[family].append(max(known) if known else NAN)
    return told


def scored(
    sides: Mapping[int, States], rule: str, own: str, direction: int, known_at: int, weights: str, without: str
) -> dict[str, float]:
    """The features of one setup of `rule`, which belongs to the family `own`, "" for none."""
    said, told, made = sides[direction], families_of(sides[direction], known_at), {}
    for name, family in FAMILY.items():
        itself = family == own if family else CALLED.get(name) == rule
        made[f"f_with_{name}"] = NAN if itself else said[name][known_at]
    score, unknown = Fraction(0), 0.0
    for family, weight in WEIGHTS[weights].items():
        if family in (own, without):
            continue
        if math.isnan(told[family]):
            unknown += 1
        elif told[family] == 1.0:
            score += weight
    return made | {"f_confluence": float(score), "f_unknown": unknown}


def families_of(said: States, t: int) -> dict[str, float]:
    now = families({rule: [line[t]] for rule, line in said.items()})
    return {family: values[0] for family, values in now.items()}


def agreements(bars: Any, sides: Mapping[int, States], threshold: float, weights: str, without: str) -> list[Found]:
    low, high, found = bars.low.tolist(), bars.high.tolist(), []
    for side in (1, -1):
        told = families(sides[side])
        before: Fraction | float = math.inf
        for t in range(len(low)):
            score = Fraction(0)
            for family, weight in WEIGHTS[weights].items():
                if family != without and told[family][t] == 1.0:
                    score += weight
            if score >= threshold > before:
                features = {"f_score": float(score)} | {f"f_of_{family}": told[family][t] for family in told}
                found.append(_standing(low, high, "agreement", side, t, {"bar": t}, max(t - WITHIN, 0), features))
            before = score
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def _standing(
    low: list[float],
    high: list[float],
    word: str,
    side: int,
    t: int,
    anchors: dict[str, int],
    start: int,
    features: dict[str, float],
) -> Found:
    """On the lowest low, of a short the highest high, since `start`."""
    if side > 0:
        extreme = min(range(start, t + 1), key=lambda bar: low[bar])
        return Found(f"{word}_up", 1, t, low[extreme], anchors | {"setup_extreme": extreme}, features)
    extreme = max(range(start, t + 1), key=lambda bar: high[bar])
    return Found(f"{word}_down", -1, t, high[extreme], anchors | {"setup_extreme": extreme}, features)


def leg_events(leg: str, tables: Sequence[Any]) -> list[Event]:
    """Of what the leg's detectors found, what is the leg."""
    rule = {"stochastic_cross": leg, "rsi_divergence": leg, "line_break": leg}.get(leg, "")
    rows = [one for table in tables for one in spoken(rule, table)]
    if leg == "line_break":
        return [one for one in rows if one.kind in BROKEN]
    return rows


BROKEN = ("downtrend_break", "uptrend_break", "falling_wedge_up", "rising_wedge_down")


def counts(n: int, side: int, legs: Mapping[str, Sequence[Event] | None], without: str, within: int) -> list[int]:
    """How many of the six are there at each bar."""
    there = []
    for leg in SIX:
        if leg != without:
            rows = [(one.known_at, one.direction) for one in legs[leg] or []]
            there.append(heard(rows, n, within, side))
    return [int(sum(line[t] for line in there)) for t in range(n)]


def combinations(
    bars: Any, legs: Mapping[str, Sequence[Event] | None], least: int, without: str = "none", within: int = 10
) -> list[Found]:
    low, high, found = bars.low.tolist(), bars.high.tolist(), []
    for side in (1, -1):
        count = counts(len(low), side, legs, without, within)
        for t in range(1, len(low)):
            if not count[t] >= least > count[t - 1]:
                continue
            first, start, features = t, t, {"f_count": float(count[t])}
            for leg in SIX:
                given = legs[leg]
                mine = [one for one in given or [] if one.direction == side and t - within <= one.known_at <= t]
                features[f"f_of_{leg}"] = NAN if given is None else float(bool(mine) and leg != without)
                if mine and leg != without:
                    last = max(one.known_at for one in mine)
                    first = min(first, last)
                    start = min(start, *(one.extreme for one in mine if one.known_at == last))
            anchors = {"first": first, "bar": t}
            found.append(_standing(low, high, "combination", side, t, anchors, start, features))
    return sorted(found, key=lambda one: (one.known_at, one.kind))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def bounces(bars: Any, width: int = 5, least: int = 6) -> list[Found]:
    """Pullbacks that lose volume before a swing low, or high, at which it comes in again."""
    volume, found = bars.volume.tolist(), []
    for side in (1, -1):
        for known, chain in turns(Chart(bars, side), width):
            if len(chain) < 2 or chain[-1].bar - chain[-2].bar < least:
                continue
            top, bottom = chain[-2].bar, chain[-1].bar
            pullback = volume[top + 1 : bottom + 1]
            half = len(pullback) // 2
            early, late, after = mean(pullback[:half]), mean(pullback[-half:]), mean(volume[bottom + 1 : known + 1])
            if not (early > 0 and late > 0 and late / early < 1 - SAME and after / late > 1 + SAME):
                continue
            features = {"f_volume_pullback": late / early, "f_volume_bounce": after / late}
            anchors = {"top": top, "bottom": bottom, "setup_extreme": bottom}
            kind, stop = ("bounce", bars.low[bottom]) if side > 0 else ("rejection", bars.high[bottom])
            found.append(Found(kind, side, known, float(stop), anchors, features))
    return sorted(found, key=lambda one: (one.known_at, one.kind))
