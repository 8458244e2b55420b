"""Every setup by itself: the same fills and exits, one unit each, none in another's way."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..signals import Entries
from .checks import terms_of
from .curve import excursions, held_bars
from .kernel import ENTERED, FATES, REASONS, STILL_OPEN, WITH_EXIT, Market, Orders, Rules, entry_bar, exit_fill
from .market import carried, market
from .orders import orders, rules
from .rules import Costs, Exits, Sizing
from .touch import Touches, find_exit, untouched

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Alone(NamedTuple):
    """What became of each order by itself, a row each; zeros where it was refused."""

    entry: Ints
    end: Ints
    reason: Ints
    fill: Floats
    gain: Floats
    r: Floats
    mae: Floats
    mfe: Floats
    held: Ints
    ambiguous: NDArray[Any]


def outcomes(bars: Bars, entries: Entries, exits: Exits | None = None, costs: Costs | None = None) -> pd.DataFrame:
    """Trade each entry alone; one row an entry, in their order.

    Columns: fate (`entered`, or why not), entry_bar (-1 when not entered), entry_price, stop, target, exit_bar,
    exit_price, exit_reason, return (profit after fees over the entry's price), r (the same in initial risks, NaN
    without a stop), both 0 when not entered, mae and mfe in initial risks, bars, ambiguous. Prices are NaN when not
    entered; an open trade is marked at the last close.
    """
    terms_of(costs, None, exits, 1.0)
    exits, costs = exits or Exits(), costs or Costs()
    room, m = orders(bars, entries, costs, exits), len(entries)
    placed = Orders._make([column[:m] for column in room])
    options = rules(bars, m, costs, Sizing(), exits)
    leave = np.array(entries.exit_bar, np.int64)
    fate = np.where(leave == placed.bar, WITH_EXIT, placed.refusal)
    entered = fate == ENTERED
    alone = _alone(market(bars, exits, costs), room, leave, fate, untouched(m), options)
    missing = np.where(entered, 0.0, np.nan)
    return pd.DataFrame(
        {
            "fate": np.array(FATES, dtype=object)[fate],
            "entry_bar": np.where(entered, alone.entry, -1),
            "entry_price": placed.fill + missing,
            "stop": placed.stop + missing,
            "target": placed.target + missing,
            "exit_bar": np.where(entered, np.minimum(alone.end, len(bars) - 1), -1),
            "exit_price": alone.fill + missing,
            "exit_reason": np.where(entered, np.array(REASONS, dtype=object)[alone.reason], ""),
            "return": np.where(entered, alone.gain, 0.0),
            "r": np.where(entered, alone.r, 0.0),
            "mae": alone.mae + missing,
            "mfe": alone.mfe + missing,
            "bars": np.where(entered, alone.held, 0),
            "ambiguous": alone.ambiguous & entered,
        }
    )


@kernel
def _alone(market: Market, orders: Orders, leave: Ints, fate: Ints, touches: Touches, rules: Rules) -> Alone:
    m, n = len(fate), len(market.close)
    entry, end, reason = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, np.int64)
    fill, gain, r, mae, mfe = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
    held, ambiguous = np.zeros(m, np.int64), np.zeros(m, np.bool_)
    for i in range(m):
        if fate[i] != ENTERED:
            continue
        side, paid, risk = int(orders.side[i]), orders.fill[i], orders.risk[i]
        out = find_exit(market, orders, i, leave[i], touches, rules)
        entry[i], end[i], reason[i] = entry_bar(orders.bar[i], rules), out.bar, out.reason
        fill[i], ambiguous[i] = exit_fill(out, side, rules), out.ambiguous
        fees = rules.fee * (paid + (0.0 if out.reason == STILL_OPEN else fill[i]))
        carry = carried(market, side, entry[i], out, rules)
        profit = side * (fill[i] - paid) - fees - carry
        gain[i], r[i] = profit / paid, profit / risk
        later = 1 if rules.at_close else 0
        worst, best = excursions(market, entry[i], paid, side, out, fill[i], later)
        mae[i], mfe[i] = worst / risk, best / risk
        held[i] = held_bars(entry[i], out.bar, out.where, n, rules.at_close)
    return Alone(entry, end, reason, fill, gain, r, mae, mfe, held, ambiguous)
