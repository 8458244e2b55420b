"""The claims about RSI divergence (S4, 1)."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars
from ...entries import conservative
from ...indicators import WAVES, bar_atr, bar_rsi, bar_stochastic
from ...setups import EXTREME, Setups
from ...structure.divergence import DivergenceRule, rsi_divergences
from ...structure.fibonacci import legs_near
from ...structure.swings import swing_highs, swing_lows
from ..claim import Claim
from ..contrasts import Against, Contrast, Given, order, subset
from ..outcomes import Reach, Win
from ..populations import apart, context, having, higher, own, ranked, raw, standing
from ..units import Events, events, together

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

S4 = "S4 §1"
AROUND = ({"period": 9}, {"period": 21}, {"width": 3}, {"width": 8}, {"pairing": "price"})
FEW = AROUND[:3]
PERIODS = (7, 9, 14, 21, 25)
REGULAR = "regular divergences whose left swing was in the extreme zone"
MONTH = 365.25 / 12


def found(bars: Bars, kind: str, period: int = 14, width: int = 5, pairing: Any = "oscillator") -> Setups:
    """Divergences of a kind, regular or hidden, whose extreme still stood when they were known."""
    setups = standing(rsi_divergences(bars, period, DivergenceRule(left=width, right=width, pairing=pairing)))
    return setups.take(np.flatnonzero(np.char.startswith(setups.kind, kind)))


def regular(bars: Bars, **definition: Any) -> Setups:
    """Regular ones whose left side was extreme: what a chart reader calls a divergence."""
    setups = found(bars, "regular", **definition)
    return setups.take(np.flatnonzero(setups.features["f_left_extreme"] == 1))


def reversal(**definition: Any) -> Contrast:
    return Against(lambda bars: events(regular(bars, **definition)))


def against_plain_lows() -> Contrast:
    return subset(lambda bars: together(events(regular(bars)), _lower_lows(bars)))


def _lower_lows(bars: Bars) -> Events:
    """Swings of the RSI after one in the extreme zone, at a lower price and with a lower RSI: no divergence."""
    rsi, parts = bar_rsi(bars, 14), []
    for side, swings, price in ((1, swing_lows(rsi, 5, 5), bars.low), (-1, swing_highs(rsi, 5, 5), bars.high)):
        left, right = swings.bar[:-1], swings.bar[1:]
        lower = (side * (price[right] - price[left]) < 0) & (side * (rsi[right] - rsi[left]) < 0)
        lower &= (side * (rsi[left] - 50) <= -20) & (right - left >= 5) & (right - left <= 60)
        known = swings.known_at[1:][lower].astype(np.int64)
        parts.append(Events(known, np.full(len(known), side), np.zeros(len(known))))
    return together(*parts)


def continuation(**definition: Any) -> Contrast:
    return Against(lambda bars: events(found(bars, "hidden", **definition)))


def waiting(wait: int = 20, horizon: int = 40) -> Contrast:
    """Wins of the conservative entries that filled against those of all aggressive ones, each left as many bars after
    its own.
    """

    def find(bars: Bars) -> Events:
        setups = regular(bars)
        filled = conservative(bars, setups, wait=wait).entries
        late = Events(filled.bar, filled.side.astype(np.int64), stop=filled.stop)
        return together(dataclasses.replace(events(setups), arm=np.zeros(len(setups))), late)

    return subset(find, Win(horizon))


def both_ways() -> Contrast:
    """Each setup entered late and at once, not entered as nothing: in ATR at known_at, left at the same close."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        setups, horizon = regular(bars), 40
        at, side = setups.known_at.astype(np.int64), setups.direction.astype(float)
        end = np.where(at + horizon < len(bars), at + horizon, -1)
        filled, entry = conservative(bars, setups).entries, np.full(len(setups), -1)
        entry[filled.setup] = filled.bar
        unit = bar_atr(bars)[at]

        def made(bar: Ints) -> Floats:
            return side * (bars.close[end] - bars.open[np.minimum(bar + 1, len(bars) - 1)]) / unit

        late = np.where(entry < 0, 0.0, made(entry))
        return events(setups), np.where(end < 0, np.nan, late), made(at)

    return Given(measure, "paired", 40)


def extreme_left(**definition: Any) -> Contrast:
    return having(lambda bars: found(bars, "regular", **definition), own("f_left_extreme", low=1))


def spike(least: int = 3, **definition: Any) -> Contrast:
    return having(lambda bars: regular(bars, **definition), own("f_left_width", high=least - 1))


def wider_left(**definition: Any) -> Contrast:
    """Among divergences whose left is alike deeper than the right, by thirds."""

    def find(bars: Bars) -> Events:
        setups = regular(bars, **definition)
        deeper = setups.features["f_left_depth"] - setups.features["f_right_depth"]
        third = np.digitize(deeper, np.nanquantile(deeper, (1 / 3, 2 / 3))) if len(setups) else np.zeros(0, np.int64)
        ratio = setups.features["f_width_ratio"]
        arm = np.where(np.isnan(ratio + deeper), np.nan, ratio > 1)
        return dataclasses.replace(events(setups, arm), group=third)

    return subset(find)


def quieter(**definition: Any) -> Contrast:
    def seen(bars: Bars) -> Setups:
        bars.need("volume")
        return regular(bars, **definition)

    return having(seen, own("f_volume_ratio", high=1.0))


def with_feature(name: str) -> Any:
    return lambda **definition: having(lambda bars: regular(bars, **definition), context(name))


def on_higher(timeframe: str = "1d", **definition: Any) -> Contrast:
    return having(lambda bars: regular(bars, **definition), higher(timeframe, "divergence"))


def at_golden(reach: float = 0.5, **definition: Any) -> Contrast:
    def near(bars: Bars, setups: Setups) -> Floats:
        price = np.where(setups.direction > 0, bars.low[setups.anchors[EXTREME]], bars.high[setups.anchors[EXTREME]])
        at = setups.known_at.astype(np.int64)
        return (legs_near(bars, price, at, reach * bar_atr(bars)[at], ratios=(0.618, 0.786)) > 0).astype(float)

    return having(lambda bars: regular(bars, **definition), near)


def with_slow_wave(zone: float = 20.0, **definition: Any) -> Contrast:
    def extreme(bars: Bars, setups: Setups) -> Floats:
        k, at = bar_stochastic(bars, WAVES[-1]).k, setups.known_at
        return np.where(np.isnan(k[at]), np.nan, setups.direction * (k[at] - 50) <= zone - 50)

    return having(lambda bars: regular(bars, **definition), extreme)


def one_more(horizon: int = 20, **definition: Any) -> Contrast:
    """Price beyond the divergence's extreme again, as often as it goes as far from bars like it."""

    def find(bars: Bars) -> Events:
        setups = regular(bars, **definition)
        at = setups.known_at.astype(np.int64)
        far = apart(bars, at, setups.stop)
        return Events(at, -setups.direction.astype(np.int64), far=far, near=np.full(len(at), np.inf))

    return Against(find, Reach(horizon), "rate")


def succession(**definition: Any) -> Contrast:
    return ranked(lambda bars: regular(bars, **definition), raw("f_succession", most=3))


def how_many(extreme: bool = True, width: int = 5) -> Contrast:
    """Signals a hundred bars, month by month, over the ranks of the periods."""

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        month = bars.time.astype("datetime64[M]").astype(np.int64)
        first = np.flatnonzero(np.diff(month, prepend=month[0] - 1))
        size, numbers = np.diff(np.append(first, len(bars))), np.arange(len(first))
        counts, whole = [], (size >= 10) & (first >= 100)
        for period in PERIODS:
            setups = regular(bars, period=period, width=width) if extreme else found(bars, "regular", period, width)
            counts.append(
                np.bincount(np.searchsorted(first, setups.known_at, "right") - 1, minlength=len(first)) / size
            )
        last = first + size - 1
        rows = np.flatnonzero(whole)
        arms = np.repeat(np.arange(len(PERIODS), dtype=float), len(rows))
        bar, group = np.tile(last[rows], len(PERIODS)), np.tile(numbers[rows], len(PERIODS))
        y = 100 * np.concatenate([one[rows] for one in counts])
        return Events(bar, np.ones(len(bar), np.int64), arms, group=group), y, np.zeros(len(y))

    return Given(measure, "rate", 20, between=True)


def by_period() -> Contrast:
    def find(bars: Bars) -> Events:
        parts = [events(regular(bars, period=period)) for period in PERIODS]
        return together(*(dataclasses.replace(one, arm=np.full(len(one), rank)) for rank, one in enumerate(parts)))

    return order(find)


CLAIMS = (
    Claim("K01", "A regular RSI divergence is followed by a reversal.", S4, REGULAR, reversal, AROUND,
          also={"against lower lows without divergence": against_plain_lows}),
    Claim("K02", "A hidden RSI divergence is followed by continuation.", S4, "hidden divergences", continuation,
          AROUND),
    Claim("K03", "Conservative entries win more often than aggressive ones.", S4, REGULAR, waiting,
          ({"wait": 10}, {"wait": 30}, {"horizon": 20}), mechanical=True,
          also={"all setups, not entered as nothing, ATR": both_ways}),
    Claim("K04", "A left side in the extreme zone matters.", S4, "regular divergences", extreme_left, AROUND),
    Claim("K05", "A momentary spike on the left invalidates a divergence.", S4, REGULAR, spike,
          ({"least": 2}, {"least": 4}, *FEW), expects=-1),
    Claim("K06", "A left side wider than the right makes it stronger.", S4, REGULAR, wider_left, FEW),
    Claim("K07", "Declining volume confirms it.", S4, REGULAR, quieter, FEW),
    Claim("K08", "With a head and shoulders it is stronger.", S4, REGULAR, with_feature("head_and_shoulders"), FEW),
    Claim("K09", "The same on a higher timeframe makes it stronger.", S4, REGULAR, on_higher,
          ({"timeframe": "12h"}, {"timeframe": "1w"}, *FEW)),
    Claim("K10", "At support or resistance it is stronger.", S4, REGULAR, with_feature("near_level"), FEW),
    Claim("K11", "At Fibonacci .618 or .786 it is stronger.", S4, REGULAR, at_golden, ({"reach": 0.25}, *FEW)),
    Claim("K12", "With the 20-12-12 stochastic in its extreme zone it is stronger.", S4, REGULAR, with_slow_wave,
          ({"zone": 30.0}, *FEW)),
    Claim("K13", "After it is known price still makes one more extreme.", S4, REGULAR, one_more,
          ({"horizon": 10}, {"horizon": 40}, *FEW)),
    Claim("K14", "The second and later divergences of a leg are worse.", S4, REGULAR, succession, AROUND, expects=-1),
    Claim("K15", "Shorter RSI periods signal more often.", S4, "months, by RSI period 7, 9, 14, 21, 25", how_many,
          ({"extreme": False}, {"width": 3}), expects=-1, mechanical=True, unit="signals in a hundred bars",
          also={"the longer, the better the race": by_period}),
)  # fmt: skip
