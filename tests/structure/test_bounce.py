"""Volume at a turn: by hand, near misses, as the plain second implementation, upside down, every prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from framework.bars import Bars
from framework.errors import MissingError
from framework.setups import EXTREME, Setups
from framework.sources import load
from framework.structure.bounce import BounceRule, bounces
from framework.validation.causality import Views, leaks
from tests import examples
from tests.reference import confluence as plain

from . import chart, coarse_charts, features

NAN = np.nan
SAMPLE = ("AAPL", "GOOG", "IBM", "MSFT")
TOP, BOTTOM = 5, 12
# Up to 105 at bar 5, down to 98 at bar 12, up to 104: the swings of five bars are the two turns.
WAY = (100, 101, 102, 103, 104, 105, 104, 103, 102, 101, 100, 99, 98, 99, 100, 101, 102, 103, 104)
# Of the pullback's seven bars three in either half and one between; five bars of the bounce.
VOLUME = (*(7,) * 6, 6, 5, 4, 99, 3, 2, 1, 4, 5, 6, 7, 8, 1)


def path(close: Sequence[float], volume: Sequence[float], side: int = 1) -> Bars:
    closes = 200 + side * (np.asarray(close, dtype=float) - 100)
    return chart(closes - 0.5, closes + 0.5, closes, volume)


def changed(cells: dict[int, float]) -> tuple[float, ...]:
    return tuple(cells.get(bar, value) for bar, value in enumerate(VOLUME))


def deep(bars: int) -> tuple[float, ...]:
    """The same with a pullback of so many bars, of 105 less one each."""
    return (*WAY[: TOP + 1], *(105 - bar for bar in range(1, bars + 1)), *(105 - bars + bar for bar in range(1, 7)))


@pytest.mark.parametrize("side", [1, -1])
def test_every_column_of_a_bounce(side: int) -> None:
    bars = path(WAY, VOLUME, side)
    found = bounces(bars)
    assert found.rule == "volume_bounce" and found.kind.tolist() == ["bounce" if side > 0 else "rejection"]
    assert found.direction.tolist() == [side] and found.known_at.tolist() == [BOTTOM + 5]
    assert {name: bar.tolist() for name, bar in found.anchors.items()} == {
        "top": [TOP],
        "bottom": [BOTTOM],
        EXTREME: [BOTTOM],
    }
    assert found.stop.tolist() == [200 + side * (98 - 100 - 0.5)] and found.traded.all()
    assert features(found) == {"f_volume_pullback": 2 / 5, "f_volume_bounce": 6 / 2}
    assert len(bounces(bars[: BOTTOM + 5])) == 0, "the fifth bar of the bounce is not over"


def test_an_even_pullback_has_no_bar_between() -> None:
    found = bounces(path(deep(6), (7,) * 6 + (9, 8, 7, 3, 2, 1) + (4, 5, 6, 7, 8, 1)))
    assert features(found) == {"f_volume_pullback": 2 / 8, "f_volume_bounce": 6 / 2}
    assert found.anchors["bottom"].tolist() == [11]


MISSES: dict[str, tuple[tuple[float, ...], tuple[float, ...], int]] = {
    "as it should be": (WAY, VOLUME, 1),
    "a pullback of six bars": (deep(6), (7,) * 6 + (6, 5, 4, 3, 2, 1) + (4, 5, 6, 7, 8, 1), 1),
    "a pullback of five bars": (deep(5), (7,) * 6 + (6, 5, 4, 2, 1) + (4, 5, 6, 7, 8, 1), 0),
    "the same volume in both halves": (WAY, changed({10: 4, 11: 5, 12: 6}), 0),
    "the same but for rounding": (WAY, changed({6: 0.1, 7: 0.2, 8: 0.3, 10: 0.3, 11: 0.2, 12: 0.1}), 0),
    "the same but for rounding, the other way": (WAY, changed({6: 0.3, 7: 0.2, 8: 0.1, 10: 0.1, 11: 0.2, 12: 0.3}), 0),
    "hardly less in the second half": (WAY, changed({10: 4, 11: 5, 12: 5.99, 17: 9}), 1),
    "as much in the bounce": (WAY, changed({13: 2, 14: 2, 15: 2, 16: 2, 17: 2}), 0),
    "as much in the bounce but for rounding": (
        WAY,
        changed({10: 0.1, 11: 0.2, 12: 0.3} | dict.fromkeys(range(13, 18), 0.2 * (1 + 1e-14))),
        0,
    ),
    "hardly more in the bounce": (WAY, changed({13: 2, 14: 2, 15: 2, 16: 2, 17: 2.01}), 1),
    "unknown in the first half": (WAY, changed({7: NAN}), 0),
    "unknown in the second half": (WAY, changed({12: NAN}), 0),
    "unknown in the bounce": (WAY, changed({17: NAN}), 0),
    "unknown before and after": (WAY, changed({5: NAN, 18: NAN}), 1),
    "nothing traded in the first half": (WAY, changed({6: 0, 7: 0, 8: 0}), 0),
    "nothing traded in the second half": (WAY, changed({10: 0, 11: 0, 12: 0}), 0),
    "nothing traded in the bounce": (WAY, changed(dict.fromkeys(range(13, 18), 0)), 0),
    "nothing traded in one bar of the second half": (WAY, changed({10: 0}), 1),
    "no high before the low": (WAY[TOP + 1 :], VOLUME[TOP + 1 :], 0),
}


@pytest.mark.parametrize("name", MISSES)
@pytest.mark.parametrize("side", [1, -1])
def test_near_misses(name: str, side: int) -> None:
    close, volume, expected = MISSES[name]
    assert len(bounces(path(close, volume, side))) == expected


def test_the_rule_says_how_wide_and_how_long() -> None:
    five = path(deep(5), (7,) * 6 + (6, 5, 4, 2, 1) + (4, 5, 6, 7, 8, 1))
    assert bounces(five, BounceRule(least=5)).known_at.tolist() == [15]
    narrow = bounces(path(WAY, VOLUME), BounceRule(width=2))
    assert narrow.known_at.tolist() == [BOTTOM + 2]
    assert features(narrow) == {"f_volume_pullback": 2 / 5, "f_volume_bounce": 4.5 / 2}
    ids = [bounces(path(WAY, VOLUME), rule).ids[0] for rule in (BounceRule(), BounceRule(width=2), BounceRule(least=5))]
    assert len(set(ids)) == 3


def test_the_lowest_of_lows_without_a_high_between() -> None:
    """No high comes between the two lows: both end a pullback from the same top."""
    close = (*WAY[: TOP + 1], 103, 101, 99, 97, 95, 93, 94, 95, 95.5, 95.6, 95.7, 95.7, 94, 92, 93, 94, 95, 96, 97)
    volume = (*(7,) * 6, 9, 9, 9, 3, 3, 3, 4, 4, 4, 4, 4, 2, 2, 2, 8, 8, 8, 8, 8)
    found = bounces(path(close, volume))
    assert found.anchors["top"].tolist() == [TOP] * 2 and found.anchors["bottom"].tolist() == [11, 19]
    assert features(found) == pytest.approx({"f_volume_pullback": 3 / 9, "f_volume_bounce": 4 / 3})
    assert features(found, 1) == pytest.approx({"f_volume_pullback": 22 / 40, "f_volume_bounce": 8 / (22 / 7)})


def test_without_any_volume_it_is_refused() -> None:
    with pytest.raises(MissingError, match=r"^TEST: the volume of no bar is known; a rule that needs none$"):
        bounces(path(WAY, (NAN,) * len(WAY)))


def same(bars: Bars, rule: BounceRule) -> int:
    found, expected = bounces(bars, rule), plain.bounces(bars, rule.width, rule.least)
    for name in ("kind", "direction", "known_at", "stop"):
        assert getattr(found, name).tolist() == [getattr(one, name) for one in expected], name
    for row, one in enumerate(expected):
        assert {name: int(bar[row]) for name, bar in found.anchors.items()} == one.anchors
        assert features(found, row) == pytest.approx(one.features, rel=1e-12)
    return len(expected)


@pytest.mark.parametrize("rule", [BounceRule(), BounceRule(2, 4), BounceRule(3, 9)])
@pytest.mark.parametrize("name", SAMPLE)
def test_equal_to_the_plain_second_implementation(name: str, rule: BounceRule) -> None:
    assert same(load(f"sample:{name}"), rule) > 15


@settings(max_examples=examples(60), deadline=None)
@given(coarse_charts(30, 120))
def test_equal_on_a_coarse_grid(bars: Bars) -> None:
    if bars.has_volume:
        for rule in (BounceRule(1, 2), BounceRule(2, 3)):
            same(bars, rule)


def gist(found: Setups, side: int) -> list[tuple[Any, ...]]:
    of = found.take(found.direction == side)
    columns = [of.known_at, of.anchors["top"], of.anchors["bottom"], *of.features.values()]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_upside_down() -> None:
    bars = load("sample:IBM")
    top = 2 * float(bars.high.max())
    found = bounces(bars)
    turned = bounces(chart(top - bars.high, top - bars.low, top - bars.close, bars.volume))
    for side in (1, -1):
        assert len(gist(found, side)) > 10 and gist(found, side) == gist(turned, -side)


@pytest.mark.parametrize("noise", [None, 7])
def test_every_prefix(noise: int | None) -> None:
    bars = load("sample:MSFT")[:700]

    def produce(of: Bars) -> Views:
        views: dict[str, Any] = {}
        for rule in (BounceRule(), BounceRule(2, 4)):
            found = bounces(of, rule)
            columns: dict[str, Any] = {"id": np.array(found.ids, object), "kind": found.kind, "stop": found.stop}
            views[repr(rule)] = found.known_at, columns | dict(found.anchors) | dict(found.features)
        return views

    assert all(len(known) > 5 for known, _ in produce(bars).values())
    assert list(leaks(bars, produce, range(20, 699, 11), noise)) == []
