"""The rules on volume from their definitions: highs and lows each written out, bar by bar."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from . import divergence
from .averages import Found
from .indicators import atr
from .momentum import ZONE
from .swings import Swing, swing_highs, swing_lows, zigzag

NAN = math.nan
READINGS = {  # of the trend's direction and the volume's: what is done, None for nothing
    ("confirmation", "up", "up"): "long",
    ("confirmation", "up", "down"): "short",
    ("confirmation", "down", "up"): "short",
    ("confirmation", "down", "down"): "long",
    ("exhaustion", "up", "down"): "short",
    ("exhaustion", "down", "up"): "long",
    ("climax", "down", "up"): "long",
}
TRADED = {
    ("confirmation", "lower_low", "down"),
    ("confirmation", "higher_high", "down"),
    ("confirmation", "higher_low", "down"),
    ("confirmation", "lower_high", "down"),
    ("exhaustion", "lower_low", "up"),
    ("exhaustion", "higher_high", "down"),
    ("climax", "lower_low", "up"),
}


def trend(bars: Any, width: int) -> list[float]:
    highs = swing_highs(bars.high.tolist(), width, width)
    lows = swing_lows(bars.low.tolist(), width, width)
    states = []
    for t in range(len(bars)):
        tops = [swing.price for swing in highs if swing.known_at <= t][-2:]
        bottoms = [swing.price for swing in lows if swing.known_at <= t][-2:]
        if len(tops) < 2 or len(bottoms) < 2:
            states.append(NAN)
        elif tops[1] > tops[0] and bottoms[1] > bottoms[0]:
            states.append(1.0)
        elif tops[1] < tops[0] and bottoms[1] < bottoms[0]:
            states.append(-1.0)
        else:
            states.append(0.0)
    return states


def middle(values: list[float]) -> float:
    """The median."""
    order, half = sorted(values), len(values) // 2
    return order[half] if len(order) % 2 else (order[half - 1] + order[half]) / 2


def quotient(value: float, usual: float) -> float:
    return value / usual if usual > 0 else NAN


def session_volume(bars: Any, window: int = 20) -> list[float]:
    seen: dict[tuple[int, int], list[float]] = {}
    found = []
    for stamp, volume in zip(bars.index, bars.volume.tolist(), strict=True):
        same = seen.setdefault((stamp.weekday(), stamp.hour), [])
        found.append(quotient(volume, middle(same[-window:])) if len(same) >= window else NAN)
        if not math.isnan(volume):
            same.append(volume)
    return found


def volume_of(bars: Any, sessions: bool) -> list[float]:
    return session_volume(bars) if sessions else bars.volume.tolist()


def usual(volume: list[float]) -> list[float]:
    """The mean of the twenty before."""
    return [sum(volume[t - 20 : t]) / 20 if t >= 20 else NAN for t in range(len(volume))]


def relative_volume(bars: Any, sessions: bool) -> list[float]:
    volume = volume_of(bars, sessions)
    return [quotient(value, before) for value, before in zip(volume, usual(volume), strict=True)]


def level_volume(bars: Any, first: int, last: int, sessions: bool) -> float:
    volume = volume_of(bars, sessions)
    inside = volume[first : last + 1]
    return quotient(sum(inside) / len(inside), usual(volume)[first])


def climax(bars: Any, bar: int, sessions: bool) -> bool:
    volume, close = volume_of(bars, sessions), bars.close.tolist()
    high, low = float(bars.high[bar]), float(bars.low[bar])
    reach = atr(bars.high.tolist(), bars.low.tolist(), close, 14)[bar]
    before = volume[max(bar - 50, 0) : bar]
    if len(before) < 50 or any(math.isnan(value) for value in [*before, volume[bar], reach]):
        return False
    if volume[bar] == 0 or volume[bar] < 2.5 * middle(before) or high == low or high - low < 2 * reach:
        return False
    return close[bar] >= (high + low) / 2 and min(close[bar + 1 : bar + 6]) >= close[bar]


def pairs(swings: list[Swing], volume: list[float]) -> list[tuple[Swing, Swing, str, float]]:
    """Each swing after the one before it, with the way that its volume went; none where that is nowhere."""
    found = []
    for left, right in pairwise(swings):
        ratio = divergence.volume_ratio(volume, left.bar, right.bar)
        if math.isnan(ratio) or abs(ratio - 1) <= 1e-10:
            continue
        found.append((left, right, "up" if ratio > 1 else "down", ratio))
    return found


def setup(bars: Any, kind: str, side: str, anchors: dict[str, int], known: int, features: dict[str, float]) -> Found:
    window = range(max(max(anchors.values()) - 3, 0), known + 1)
    if side == "long":
        extreme = min(window, key=lambda bar: bars.low[bar])
        return Found(kind, 1, known, float(bars.low[extreme]), anchors | {"setup_extreme": extreme}, features)
    extreme = max(window, key=lambda bar: bars.high[bar])
    return Found(kind, -1, known, float(bars.high[extreme]), anchors | {"setup_extreme": extreme}, features)


def sorted_rows(rows: list[tuple[Found, str]]) -> list[tuple[Found, str]]:
    return sorted(rows, key=lambda row: (row[0].known_at, row[0].kind))


def volume_trend(bars: Any, rule: Any) -> list[tuple[Found, str]]:
    """Every event with its veto."""
    states, volume, rows = trend(bars, rule.width), volume_of(bars, rule.sessions), []
    looked_at = {
        "up": (1.0, swing_highs(bars.high.tolist(), rule.width, rule.width)),
        "down": (-1.0, swing_lows(bars.low.tolist(), rule.width, rule.width)),
    }
    for word, (state, swings) in looked_at.items():
        for left, right, way, ratio in pairs(swings, volume):
            if states[right.known_at] != state:
                continue
            read = READINGS.get((rule.convention, word, way))
            known, veto = right.known_at, "" if read else f"no signal in {rule.convention}"
            if rule.convention == "climax" and read:
                known = max(known, right.bar + 5)
                if known >= len(bars):
                    continue
                veto = "" if climax(bars, right.bar, rule.sessions) else "no climax"
            cell = {"upup": 0.0, "updown": 1.0, "downup": 2.0, "downdown": 3.0}[word + way]
            features = {"f_cell": cell, "f_volume_ratio": ratio, "f_trend": state}
            side = read or ("long" if word == "up" else "short")
            anchors = {"left": left.bar, "right": right.bar}
            rows.append((setup(bars, f"{word}_volume_{way}", side, anchors, known, features), veto))
    return sorted_rows(rows)


def volume_divergences(bars: Any, rule: Any) -> list[tuple[Found, str]]:
    volume, states = volume_of(bars, rule.sessions), trend(bars, rule.width)
    lows = pairs(swing_lows(bars.low.tolist(), rule.width, rule.width), volume)
    highs = pairs(swing_highs(bars.high.tolist(), rule.width, rule.width), volume)
    turns = zigzag(bars)
    rows = of_lows(bars, rule, lows, turns, states) + of_highs(bars, rule, highs, turns, states)
    return sorted_rows(rows)


def of_lows(bars: Any, rule: Any, lows: Any, turns: list[Swing], states: list[float]) -> list[tuple[Found, str]]:
    rows, counted = [], Counter(turns)
    for left, right, way, ratio in lows:
        if not rule.min_gap <= right.bar - left.bar <= rule.max_gap or left.price == right.price:
            continue
        word = "lower_low" if right.price < left.price else "higher_low"
        number = counted.next(word + way, right.known_at, -1 if word == "lower_low" else 1)
        known, veto = (
            right.known_at,
            "" if (rule.convention, word, way) in TRADED else "no signal in " + rule.convention,
        )
        if rule.convention == "climax" and word == "lower_low" and way == "up":
            known = max(known, right.bar + 5)
            if known >= len(bars):
                continue
            veto = "" if climax(bars, right.bar, rule.sessions) else "no climax"
        regular = 1.0 if word == "lower_low" else 0.0
        features = {"f_volume_ratio": ratio, "f_regular": regular, "f_succession": number}
        features["f_trend"] = states[right.known_at]
        anchors = {"left": left.bar, "right": right.bar}
        rows.append((setup(bars, f"{word}_volume_{way}", "long", anchors, known, features), veto))
    return rows


def of_highs(bars: Any, rule: Any, highs: Any, turns: list[Swing], states: list[float]) -> list[tuple[Found, str]]:
    rows, counted = [], Counter(turns)
    for left, right, way, ratio in highs:
        if not rule.min_gap <= right.bar - left.bar <= rule.max_gap or left.price == right.price:
            continue
        word = "higher_high" if right.price > left.price else "lower_high"
        number = counted.next(word + way, right.known_at, 1 if word == "higher_high" else -1)
        veto = "" if (rule.convention, word, way) in TRADED else "no signal in " + rule.convention
        regular = 1.0 if word == "higher_high" else 0.0
        features = {"f_volume_ratio": ratio, "f_regular": regular, "f_succession": number}
        features["f_trend"] = states[right.known_at]
        anchors = {"left": left.bar, "right": right.bar}
        rows.append((setup(bars, f"{word}_volume_{way}", "short", anchors, right.known_at, features), veto))
    return rows


class Counter:
    """The how-manieth of a kind since the zigzag last turned in the way that ends its leg."""

    def __init__(self, turns: list[Swing]) -> None:
        self.turns = turns
        self.count: dict[str, int] = {}
        self.last: dict[str, int] = {}

    def next(self, kind: str, known: int, ends: int) -> float:
        last = self.last.get(kind, -1)
        turned = any(turn.kind == ends and last < turn.known_at <= known for turn in self.turns)
        self.count[kind] = 1 if turned else self.count.get(kind, 0) + 1
        self.last[kind] = known
        return float(self.count[kind])


def obv(close: list[float], volume: list[float]) -> list[float]:
    total, values = 0.0, []
    for t, traded in enumerate(volume):
        if math.isnan(traded):
            values.append(NAN)
            continue
        if t == 0 or close[t] > close[t - 1]:
            total += traded
        elif close[t] < close[t - 1]:
            total -= traded
        values.append(total)
    return values


def obv_divergences(bars: Any, rule: Any, sessions: bool) -> list[tuple[Found, str]]:
    """What the reference of divergences says, less all that needs a level."""
    line = obv(bars.close.tolist(), volume_of(bars, sessions))
    rows = []
    for one in divergence.divergences(bars, line, replace(rule, midline=0.0)):
        features = dict(one.features) | dict.fromkeys((*ZONE, "f_control"), NAN)
        made = Found(one.kind, one.direction, one.known_at, one.stop, one.anchors, features)
        between = line[one.anchors["left_osc"] : one.anchors["right_osc"] + 1]
        rows.append((made, "unknown volume between the swings" if any(map(math.isnan, between)) else ""))
    return rows


def volume_bars(bars: Any, rule: Any) -> list[tuple[Found, str]]:
    states, times = trend(bars, rule.width), relative_volume(bars, rule.sessions)
    opened, close, high, low = (getattr(bars, name).tolist() for name in ("open", "close", "high", "low"))
    reach = atr(high, low, close, 14)
    rows = []
    for t in range(len(bars)):
        if high[t] == low[t] or not times[t] >= rule.volume:
            continue
        body = abs(close[t] - opened[t]) / (high[t] - low[t])
        wick = (high[t] - max(opened[t], close[t])) / (high[t] - low[t])
        features = {"f_volume": times[t], "f_body": body, "f_upper_wick": wick, "f_trend": states[t]}
        if states[t] <= 0 and body <= rule.body and t + rule.held < len(bars):
            fell = not all(value >= low[t] - rule.fall * reach[t] for value in close[t + 1 : t + rule.held + 1])
            made = setup(bars, "accumulation", "long", {"bar": t}, t + rule.held, features)
            rows.append((made, "closed too far below it" if fell else ""))
        highest = max(high[t - rule.over + 1 : t + 1]) if t >= rule.over - 1 else math.inf
        placed = states[t] == 1 or high[t] >= highest * (1 - rule.near / 100)
        if placed and (wick >= rule.wick or close[t] < opened[t]):
            rows.append((setup(bars, "distribution", "short", {"bar": t}, t, features), ""))
    return sorted_rows(rows)
