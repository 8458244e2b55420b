"""The claims about who trades, when and where (S4, 3; S0): open interest, order flow, blow-offs, sessions, levels,
exchanges.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...bars import Bars
from ...compiled import kernel
from ...context import OLDEST
from ...errors import MissingError
from ...indicators import bar_atr
from ...structure.blowoff import BlowOffRule, blow_offs
from ...structure.openinterest import (
    LIQUIDATION,
    NEW_LONGS,
    NEW_SHORTS,
    SHORT_COVERING,
    InterestRule,
    marked_by_interest,
    states,
)
from ...structure.orderflow import ExhaustionRule, exhaustions
from ...structure.swings import swing_highs, swing_lows
from ...structure.volume import SESSIONS, SURGE, USUAL, level_volume, relative_volume
from ...structure.volume_bars import VolumeBarRule, volume_bars
from ..claim import Claim
from ..contrasts import RACE, Against, Contrast, Given, subset
from ..outcomes import touched
from ..populations import having, of_kind, of_traded
from ..units import Events, events, together
from .volume import obv, once, quiet_extremes

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

S4, S0 = "S4 §3", "S0"
NEW_MONEY, CLOSING = (NEW_LONGS, NEW_SHORTS), (SHORT_COVERING, LIQUIDATION)
DAY, HOUR, WEEK = np.timedelta64(1, "D"), 3_600_000_000, 168  # microseconds, hours


def new_money(**definition: Any) -> Contrast:
    """Moves that begin with a rising open interest, new money, against those with a falling one, positions that are
    closed: do they go on? A state counts once, where it was not there in the bars that its change is measured over.
    """
    rule = InterestRule(**definition)

    def find(bars: Bars) -> Events:
        state, parts = states(bars, rule), []
        for value in (*NEW_MONEY, *CLOSING):
            at = np.flatnonzero(state == value)
            at = at[np.diff(at, prepend=-rule.over - 1) > rule.over]
            side = 1 if value in (NEW_LONGS, SHORT_COVERING) else -1
            parts.append(Events(at, np.full(len(at), side), np.full(len(at), float(value in NEW_MONEY))))
        return together(*parts)

    return subset(find)


def discrepancies() -> Contrast:
    """Volume divergences that the open interest confirms, since positions were closed, against those that it vetoes."""

    def confirmed(bars: Bars, setups: Any) -> Floats:
        marks = marked_by_interest(bars, setups)
        return np.where(marks["f_oi_confirms"] == 1, 1.0, np.where(marks["f_oi_vetoes"] == 1, 0.0, np.nan))

    return having(quiet_extremes, confirmed)


def exhausted(**definition: Any) -> Contrast:
    return Against(lambda bars: events(exhaustions(bars, ExhaustionRule(**definition))))


def blown_off(kind: str = "blow_off_top", **definition: Any) -> Contrast:
    return Against(lambda bars: events(of_kind(blow_offs(bars, BlowOffRule(**definition)), kind)))


def by_session(surge: float = SURGE, off: int = -1) -> Contrast:
    """How many bars with the volume of a breakout have it no more when every volume is taken against what is usual in
    its hour of the week, beside how many have it no more when that is a week some bars too short or too long: there
    no session comes back at its hour, and what changes is what any such measure changes.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        if bars.step >= DAY:
            raise MissingError(bars.symbol, "its bars are not shorter than a day", "bars of some hours")
        loud, session = relative_volume(bars), relative_volume(bars, sessions=True)
        hours = len(np.unique(bars.time.astype(np.int64) // HOUR % WEEK))
        other = _of_no_session(bars.need("volume"), max(hours + off, 1))
        at = np.flatnonzero((loud >= surge) & ~np.isnan(session + other))
        found = Events(at, np.ones(len(at), np.int64))
        return found, (session[at] < surge).astype(float), (other[at] < surge).astype(float)

    return Given(measure, "rate", RACE.horizon)


def _of_no_session(volume: Floats, apart: int) -> Floats:
    """`relative_volume` of the volume over the median of the twenty before it that lie `apart` bars from another."""
    over, back = np.full(len(volume), np.nan), SESSIONS * apart
    if len(volume) <= back + USUAL:
        return over
    lagged = [volume[back - lag * apart : len(volume) - lag * apart] for lag in range(1, SESSIONS + 1)]
    usual = np.median(lagged, axis=0)
    np.divide(volume[back:], usual, out=over[back:], where=usual > 0)
    mean = np.full(len(volume), np.nan)
    mean[USUAL:] = sliding_window_view(over, USUAL)[:-1].mean(axis=1)
    ratio = np.full(len(volume), np.nan)
    np.divide(over, mean, out=ratio, where=mean > 0)
    return ratio


def at_level(more: float = 1.0, stay: int = 3, near: float = 0.25, width: int = 5, away: float = 1.0) -> Contrast:
    """Returns of price to a swing's level, by the mean volume of the `stay` bars from the one that enters its zone over
    that of the 20 before: does price go on through the level? Known at the last of these bars, where no close of them
    lies beyond the zone yet.
    """

    def find(bars: Bars) -> Events:
        bars.need("volume")
        unit, parts = bar_atr(bars), []
        for side in (1, -1):
            low, close = side * (bars.low if side > 0 else bars.high), side * bars.close
            swings = swing_lows(bars.low, width, width) if side > 0 else swing_highs(bars.high, width, width)
            at = _returns(low, close, unit, swings.bar, swings.known_at, side * swings.price, near, away, stay)
            at = at[at >= 0]
            volume = level_volume(bars, at, at + stay - 1)
            arm = np.where(np.isnan(volume), np.nan, volume > more)
            parts.append(Events(at + stay - 1, np.full(len(at), -side), arm))
        return once(together(*parts))

    return subset(find)


@kernel
def _returns(
    low: Floats,
    close: Floats,
    unit: Floats,
    bar: Ints,
    known: Ints,
    price: Floats,
    near: float,
    away: float,
    stay: int,
) -> Ints:
    """The bar of each first return to a swing low: price had been `away` ATR above, comes within `near` of it once it
    is known, OLDEST bars after it at most, and closes no further below in `stay` bars; -1 where it does not.
    """
    found = np.full(len(bar), -1, np.int64)
    for i in range(len(bar)):
        left = False
        for t in range(bar[i] + 1, min(bar[i] + OLDEST, len(low) - stay) + 1):
            if low[t] > price[i] + near * unit[t]:
                left = left or low[t] >= price[i] + away * unit[t]
            elif left and t > known[i]:
                lowest = close[t]
                for j in range(t + 1, t + stay):
                    lowest = min(lowest, close[j])
                if lowest >= price[i] - near * unit[t]:
                    found[i] = t
                break
            else:
                left = False
    return found


def volume_signals(bars: Bars, volume: float = 2.0, width: int = 5) -> Events:
    """Accumulation and distribution bars, volume divergences of S4's convention and those of OBV, one group each."""
    many = (
        of_traded(volume_bars(bars, VolumeBarRule(volume=volume, width=width))),
        quiet_extremes(bars, width),
        obv(bars, "regular", width),
    )
    each = [once(events(one)) for one in many]
    return together(*(dataclasses.replace(one, group=np.full(len(one), kind)) for kind, one in enumerate(each)))


def summed(**definition: Any) -> Contrast:
    """Signals that only one of two volumes gives, the sum over exchanges or the bars' own exchange, on the same bars:
    the race where the sum gives it, beside the race where the one exchange does; a half where either gives none. Those
    that both give say nothing of which is better.
    """

    def measure(bars: Bars) -> tuple[Events, Floats, Floats]:
        own = bars.own_volume
        if own is None:
            where, right = bars.source or bars.symbol, "data.volume_of, bars of the same market on other exchanges"
            raise MissingError(where, "no other exchange's volume is known", right)
        alone = bars.remember(("own volume",), lambda: dataclasses.replace(bars, volume=own, taker_buy=None))
        of_sum, of_one = (volume_signals(one, **definition) for one in (bars, alone))
        only = [one.take(~np.isin(_key(one), _key(other))) for one, other in ((of_sum, of_one), (of_one, of_sum))]
        found = together(
            *(dataclasses.replace(one, arm=np.full(len(one), arm)) for one, arm in zip(only, (1.0, 0.0), strict=True))
        )
        reach = np.full(len(found), RACE.reach)
        race = touched(bars, found.bar, found.side, reach, reach, RACE.horizon, 0.5)
        return found, np.where(found.arm == 1, race, 0.5), np.where(found.arm == 0, race, 0.5)

    return Given(measure, "paired", RACE.horizon)


def _key(found: Events) -> Ints:
    """A number for each bar, side and kind of signal."""
    return (2 * found.bar + (found.side > 0)) * 3 + found.group


CLAIMS = (
    Claim("K32", "Open interest tells new money, with which a move goes on, from the closing of positions.", S0,
          "moves of 1 % in ten bars that begin, with open interest rising or falling", new_money,
          ({"over": 5}, {"over": 20}, {"interest": 2.0}, {"price": 2.0}),
          also={"volume divergences, confirmed against vetoed": discrepancies}),
    Claim("K33", "Where order flow is exhausted at a level price turns.", S0, "order-flow exhaustions", exhausted,
          ({"score": 1.5}, {"score": 2.5}, {"progress": 0.5}, {"near": 1.0}, {"width": 3}, {"source": "location"})),
    Claim("K34", "A blow-off top is followed by a decline.", S0, "blow-off tops that have ended", blown_off,
          ({"percentile": 90.0}, {"stretch": 2.0}, {"volume": 1.0}, {"within": 5}, {"curvature": 1.0}),
          also={"selling climaxes, by a rise": lambda: blown_off("selling_climax")}),
    Claim("K35", "Volume differs by session, enough to change the signals that volume gives.", S4,
          "bars of at least 1.5 times the usual volume", by_session,
          ({"surge": 1.25}, {"surge": 2.0}, {"off": 1}, {"off": -2}), least=0.05),
    Claim("K70", "At a level, more volume than before says that it breaks, less that it holds.", S4,
          "returns to a swing's level that no close has broken", at_level,
          ({"more": 1.5}, {"stay": 1}, {"stay": 5}, {"near": 0.5}, {"width": 3}, {"width": 8})),
    Claim("K80", "Volume summed over exchanges makes better volume signals than that of one.", S4,
          "volume bars, volume and OBV divergences that only one of them gives", summed,
          ({"volume": 1.5}, {"volume": 3.0}, {"width": 3}, {"width": 8})),
)  # fmt: skip
