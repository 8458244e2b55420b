"""Open interest: who is behind a move, those who open positions or those who close them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..bars import Bars
from ..setups import Setups

Floats: TypeAlias = NDArray[np.float64]

NEW_LONGS, SHORT_COVERING, NEW_SHORTS, LIQUIDATION = 1.0, 2.0, 3.0, 4.0
CONFIRMS = {1: LIQUIDATION, -1: SHORT_COVERING}  # the move against a long, a short, was only that: it ends
VETOES = {1: NEW_SHORTS, -1: NEW_LONGS}  # those who have just opened positions against it


@dataclass(frozen=True)
class InterestRule:
    """over: bars of the change. interest, price: percent by which the open interest in coins and the close must have
    changed, either way, to be said to rise or fall; at a price of 0 any change of it counts.
    """

    over: int = 10
    interest: float = 1.0
    price: float = 1.0


INTEREST = InterestRule()


def states(bars: Bars, rule: InterestRule = INTEREST) -> Floats:
    """What stands behind the move of the last bars, one value a bar, known at its close.

    1 new longs: price and open interest rise. 2 short covering: price rises, interest falls. 3 new shorts: price falls,
    interest rises. 4 liquidation: both fall. 0: one of them has not changed enough. NaN where the interest now or then
    is unknown or nothing. Raises UserError where it is of no bar known.
    """

    def compute() -> Floats:
        price = _way(bars.close, rule.over, rule.price)
        interest = _way(bars.need("open_interest"), rule.over, rule.interest)
        rising = np.where(interest > 0, NEW_LONGS, SHORT_COVERING)
        falling = np.where(interest > 0, NEW_SHORTS, LIQUIDATION)
        state = np.where(price > 0, rising, falling)
        return np.where(np.isnan(price * interest), np.nan, np.where(price * interest == 0, 0.0, state))

    return bars.remember(("interest_states", rule), compute)


def marked_by_interest(bars: Bars, setups: Setups, rule: InterestRule = INTEREST) -> dict[str, Floats]:
    """Features of any setups at known_at: f_oi_state, see `states`; f_oi_confirms 1 for a long with liquidation, a
    short with short covering; f_oi_vetoes 1 for a long with new shorts, a short with new longs; NaN undefined.
    """
    state = states(bars, rule)[setups.known_at]

    def is_state(of: dict[int, float]) -> Floats:
        asked = np.where(setups.direction > 0, of[1], of[-1])
        return np.where(np.isnan(state), np.nan, state == asked)

    return {"f_oi_state": state, "f_oi_confirms": is_state(CONFIRMS), "f_oi_vetoes": is_state(VETOES)}


def _way(values: Floats, over: int, band: float) -> Floats:
    """+1 where the values have risen by more than the band, in percent, -1 fallen, 0 neither; NaN unknown."""
    then, change = np.full(len(values), np.nan), np.full(len(values), np.nan)
    then[over:] = values[:-over]
    np.divide(100.0 * (values - then), then, out=change, where=then > 0)
    return np.where(np.isnan(change), np.nan, (change > band) * 1.0 - (change < -band))
