"""The claims about the stochastics 5-3-3, 10-6-6 and 20-12-12 (S4, 2).

What is said of double bottoms or crosses is tested on those of all three settings, each setting compared with itself
alone, but where the sentence is about the settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...context import WITHIN, plain_divergences, same_side
from ...indicators import WAVES, bar_stochastic
from ...setups import EXTREME, Setups
from ...structure.stochastic import Wave
from ...structure.traits import any_between
from ...structure.wave_combinations import LONG, MIDDLE, SHORT, hierarchies, strongest
from ...structure.waves import WaveRule, double_bottoms
from ..claim import Claim
from ..contrasts import Contrast, Given, order, subset
from ..outcomes import HORIZON
from ..units import Events, events, together
from .over_timeframes import OverTimeframes
from .plain import wave_crosses

Floats: TypeAlias = NDArray[np.float64]
Value: TypeAlias = Callable[[Setups], Floats]

S4 = "S4 §2"
DOUBLES = "double bottoms and tops of the three settings"
CROSSES = "crosses of the three settings that come from the extreme zone"
RULES = ({"completion": "cross"}, {"swing": 3}, {"peak_above": 10.0})  # neighbours of what a double bottom is
ALONE = tuple({"waves": (wave,)} for wave in WAVES)  # one setting instead of three


def of_settings(found: Callable[[Wave], Setups], value: Value, waves: Sequence[Wave] = WAVES) -> Events:
    """Setups of each setting as events, a group each. value: their arm."""
    parts = []
    for number, wave in enumerate(waves):
        setups = found(wave)
        parts.append(dataclasses.replace(events(setups, value(setups)), group=np.full(len(setups), number)))
    return together(*parts)


def completed(bars: Bars, wave: Wave, **rule: Any) -> Setups:
    """Double bottoms and tops of every grade, grinding or not."""
    return double_bottoms(bars, wave, WaveRule(**rule))


def marked(arm: float) -> Value:
    return lambda setups: np.full(len(setups), arm)


def beats_cross(wait: int = 3, waves: Sequence[Wave] = WAVES, **rule: Any) -> Contrast:
    """A double bottom completes some bars after the cross of its second low, three in the middle. So a plain cross is
    measured `wait` bars late too, where it still stands and no double bottom of its side was known in the ten bars to
    then.
    """

    def plain(bars: Bars, wave: Wave) -> Setups:
        found = wave_crosses(bars, wave, True)
        found = found.take(np.flatnonzero(found.known_at + wait < len(bars)))
        lines, at = bar_stochastic(bars, wave), found.known_at
        late = dataclasses.replace(found, known_at=at + wait)
        side = found.direction
        back = np.where(side > 0, *(any_between(s * (lines.k - lines.d) <= 0, at, at + wait) for s in (1, -1)))
        return late.take(np.flatnonzero((back == 0) & (same_side(late, completed(bars, wave, **rule)) == 0)))

    def find(bars: Bars) -> Events:
        double = of_settings(lambda wave: completed(bars, wave, **rule), marked(1.0), waves)
        return together(double, of_settings(lambda wave: plain(bars, wave), marked(0.0), waves))

    return subset(find)


def by_grade(waves: Sequence[Wave] = WAVES, **rule: Any) -> Contrast:
    """The higher the rank the better the grade: 0 for the third, 2 for the first."""

    def value(setups: Setups) -> Floats:
        return 3 - setups.features["f_grade"]

    return order(lambda bars: of_settings(lambda wave: completed(bars, wave, **rule), value, waves))


def by_setting(bars: Bars) -> Events:
    """Crosses over the ranks of the settings, the short one first: compared with one another."""
    many = [events(wave_crosses(bars, wave, True)) for wave in WAVES]
    return together(*(dataclasses.replace(one, arm=np.full(len(one), rank)) for rank, one in enumerate(many)))


def holding(bars_held: int = 5) -> Contrast:
    """Reliable is the opposite of noisy: 1 for a cross that is not taken back by the opposite one within so many bars.
    The slower line crosses back later whatever the market does.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        found = by_setting(bars)
        last, held = np.minimum(found.bar + bars_held, len(bars) - 1), np.full(len(found), np.nan)
        for rank, wave in enumerate(WAVES):
            lines = bar_stochastic(bars, wave)
            for side in (1, -1):
                mine = (found.arm == rank) & (found.side == side) & (found.bar + bars_held < len(bars))
                back = side * (lines.k - lines.d) < 0
                held[mine] = 1 - any_between(back, found.bar[mine], last[mine])
        return found, held, np.zeros(len(found))

    return Given(measure, "order", HORIZON, between=True)


def since_extreme() -> Contrast:
    """Bars from the lowest low since the opposite cross to the close of the cross."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        many = [wave_crosses(bars, wave, True) for wave in WAVES]
        parts = [events(one, np.full(len(one), float(rank))) for rank, one in enumerate(many)]
        waits = [(one.known_at - one.anchors[EXTREME]).astype(float) for one in many]
        found = together(*(dataclasses.replace(one, far=wait) for one, wait in zip(parts, waits, strict=True)))
        return found, found.far, np.zeros(len(found))

    return Given(measure, "order", HORIZON, between=True)


def four_hours(waves: Sequence[Wave] = WAVES, ranks: tuple[float, ...] = (0.0, 1.0, 0.0), **rule: Any) -> Contrast:
    """The sentence ranks four hours first and the others not among themselves."""
    return OverTimeframes(
        lambda bars: of_settings(lambda wave: completed(bars, wave, **rule), marked(1.0), waves), ranks
    )


def grinding(anywhere: bool = False, waves: Sequence[Wave] = WAVES) -> Contrast:
    return subset(
        lambda bars: of_settings(
            lambda wave: wave_crosses(bars, wave, not anywhere), lambda setups: setups.features["f_grinding"], waves
        )
    )


def together_or_alone(whole: Setups, parts: Sequence[Setups], within: int) -> Events:
    """Closes at which a part becomes known, a group for each part: 1 where the whole is known with it, 0 where not.

    Undefined where the whole was known shortly before: such a part is neither. Of two parts at one close the first.
    """
    many = []
    for number, part in enumerate(parts):
        now, lately = same_side(part, whole, 0), same_side(part, whole, within)
        arm = np.where(now == 1, 1.0, np.where(lately == 1, np.nan, 0.0))
        many.append(dataclasses.replace(events(part, arm), group=np.full(len(part), number)))
    found = together(*many)
    _, first = np.unique(np.stack([found.bar, found.side]), axis=1, return_index=True)
    return found.take(np.sort(first))


def strongest_of_all(within: int = WITHIN, **rule: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        parts = wave_crosses(bars, LONG, True), completed(bars, MIDDLE, **rule)
        return together_or_alone(strongest(bars, WaveRule(**rule), within), parts, within)

    return subset(find)


def in_hierarchy(within: int = WITHIN, **rule: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        parts = completed(bars, MIDDLE, **rule), completed(bars, SHORT, **rule)
        return together_or_alone(hierarchies(bars, WaveRule(**rule)), parts, within)

    return subset(find)


def how_many(within: int = WITHIN, **rule: Any) -> Contrast:
    """Closes at which one completes, over the number of settings of which one was known then or shortly before."""

    def find(bars: Bars) -> Events:
        many = [completed(bars, wave, **rule) for wave in WAVES]
        found = together(
            *(events(one, np.sum([same_side(one, other, within) for other in many], axis=0)) for one in many)
        )
        _, first = np.unique(np.stack([found.bar, found.side]), axis=1, return_index=True)
        return found.take(np.sort(first))

    return order(find)


def with_divergence(within: int = WITHIN, waves: Sequence[Wave] = WAVES, **rule: Any) -> Contrast:
    def find(bars: Bars) -> Events:
        divergences = plain_divergences(bars)
        return of_settings(
            lambda wave: completed(bars, wave, **rule), lambda setups: same_side(setups, divergences, within), waves
        )

    return subset(find)


CLAIMS = (
    Claim("K16", "A double bottom or top of the stochastic beats a plain cross.", S4,
          DOUBLES + ", and plain " + CROSSES, beats_cross, ({"wait": 0}, {"wait": 5}, *RULES[:2], ALONE[1])),
    Claim("K17", "Grade 1 beats grade 2, and grade 2 grade 3.", S4, DOUBLES, by_grade, (*RULES, ALONE[1])),
    Claim("K18", "5-3-3 is noisier, 20-12-12 later but more reliable.", S4, CROSSES, holding,
          ({"bars_held": 3}, {"bars_held": 10}, {"bars_held": 20}), mechanical=True,
          also={"the longer, the better the race": lambda: order(by_setting),
                "the longer, the later: bars since the extreme": since_extreme}),
    Claim("K19", "Four hours is its best timeframe.", S4, DOUBLES + ", on bars of 1h, 4h and 1d", four_hours,
          (*RULES[:2], ALONE[1], ALONE[2]), timeframe="finest", slowest="1d",
          also={"the longer the bars, the better": lambda: four_hours(ranks=(0.0, 1.0, 2.0))}),
    Claim("K20", "Crosses while the line grinds in the extreme zone are worse.", S4, CROSSES, grinding,
          ({"anywhere": True}, *ALONE), expects=-1, mechanical=True),
    Claim("K21", "The strongest combination beats its parts.", S4,
          "20-12-12 crosses from the extreme zone and 10-6-6 double bottoms and tops", strongest_of_all,
          ({"within": 5}, {"within": 20}, *RULES[:2])),
    Claim("K22", "Three double bottoms together have the highest hit rate.", S4,
          DOUBLES + ", by how many settings have one", how_many, ({"within": 5}, {"within": 20}, *RULES[:2])),
    Claim("K23", "With an RSI divergence a double bottom is better.", S4, DOUBLES, with_divergence,
          ({"within": 5}, {"within": 20}, RULES[0], ALONE[1])),
    Claim("K24", "The hierarchy of waves within waves gives better timing.", S4,
          "double bottoms and tops of 10-6-6 and of 5-3-3", in_hierarchy, ({"within": 20}, *RULES)),
)  # fmt: skip
