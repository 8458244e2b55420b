"""What a rule's latest setups have come to at the last close: still to be entered, waiting, in a trade, or over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..bars import Bars
from ..entries import patience
from ..indicators import bar_atr
from ..params import Value
from ..report.words import price
from ..setups import BROKEN, EXTREME, Setups
from ..simulation import outcomes
from ..validation.trading import Found, Trading

NEXT, WAITING, FILLED, OVER = "next_open", "waiting", "filled", "over"


@dataclass(frozen=True)
class Entry:
    """A setup under one entry policy, at the close of the last bar.

    state: `next_open` (to be filled there; stop and target are those of a fill at the last close), `waiting`, `filled`
    (in a trade that is open) or `over`, why: the reason. waits_for: in words. price, time: of the fill, NaN and None
    before. stop: of the trade, of a setup that waits its own; target: NaN where there is none, or none yet. to_stop,
    to_stop_atr: from the last close to the stop, as a fraction of the close and in ATR(14); NaN where undefined.
    """

    variant: str
    state: str
    why: str = ""
    waits_for: str = ""
    price: float = np.nan
    time: pd.Timestamp | None = None
    stop: float = np.nan
    target: float = np.nan
    to_stop: float = np.nan
    to_stop_atr: float = np.nan

    @property
    def live(self) -> bool:
        return self.state != OVER


@dataclass(frozen=True, eq=False)
class Late:
    """A setup known in the last bars. row: as `Setups.frame` has it. ago: bars since it was known."""

    row: Mapping[str, Any]
    ago: int
    entries: tuple[Entry, ...]
    drawn: pd.DataFrame

    @property
    def live(self) -> bool:
        return any(one.live for one in self.entries)


def late(trading: Trading, bars: Bars, values: Mapping[str, Value], within: int) -> list[Late]:
    """Every setup known at the last bar or at the `within` - 1 before it, vetoed or not, in their order.

    Only the bars given are looked at, so what is said of their end is what a run on longer data knows there.
    """
    trading = possible(trading, bars, values)
    found = trading.find(bars, values)
    setups, n = found.setups, len(bars)
    rows = np.flatnonzero(setups.known_at >= n - within)
    made = {name: _entries(trading, bars, found, name, rows) for name in trading.policies} if len(rows) else {}
    some = setups.take(rows)
    table, drawn = some.frame(), some.drawn()
    return [
        Late(
            {str(key): value for key, value in table.iloc[i].items()},
            int(n - 1 - setups.known_at[row]),
            tuple(made[name][i] for name in made),
            drawn[drawn["setup"] == table["setup"].iloc[i]],
        )
        for i, row in enumerate(rows)
    ]


def possible(trading: Trading, bars: Bars, values: Mapping[str, Value]) -> Trading:
    """Without the conservative entry where the rule's setups have nothing that it could wait at."""
    setups = trading.strategy.setups(bars, trading.strategy.build(dict(values)))
    stands = EXTREME in setups.anchors or BROKEN in setups.lines
    kept = {name: enter for name, enter in trading.policies.items() if stands or name == "aggressive"}
    return dataclasses.replace(trading, policies=kept)


def _entries(trading: Trading, bars: Bars, found: Found, name: str, rows: Any) -> list[Entry]:
    alone = trading.alone(bars, found, name)
    now = _at_the_close(trading, bars, found, name)
    entries = found.entries[name]
    leaves = dict(zip(entries.setup.tolist(), (entries.exit_bar < len(bars)).tolist(), strict=True))
    made = []
    for row in rows.tolist():
        one, fate = alone.iloc[row], str(alone["fate"].iloc[row])
        if fate == "entered":
            entry = _in_a_trade(bars, name, one, leaves[row])
        elif fate == "no_bar":
            entry = _to_come(name, now.loc[row])
        elif fate == "pending":
            entry = _waiting(bars, found.setups, name, row, trading.wait)
        else:
            entry = Entry(name, OVER, str(found.setups.veto[row]) if fate == "vetoed" else fate)
        made.append(_measured(bars, entry, int(found.setups.direction[row])))
    return made


def _at_the_close(trading: Trading, bars: Bars, found: Found, name: str) -> pd.DataFrame:
    """The entries of the last bar as though filled at its close, a row a setup: the next open is not known."""
    entries = found.entries[name].between(len(bars) - 1, len(bars))
    exits = dataclasses.replace(trading.terms.exits, fill="close")
    return outcomes(bars, entries, exits, trading.terms.costs).set_index(entries.setup)


def _to_come(name: str, one: pd.Series[Any]) -> Entry:
    if one["fate"] != "entered":
        return Entry(name, OVER, f"at_the_close_{one['fate']}")
    return Entry(name, NEXT, stop=float(one["stop"]), target=float(one["target"]))


def _in_a_trade(bars: Bars, name: str, one: pd.Series[Any], leaves: bool) -> Entry:
    if one["exit_reason"] != "open" or leaves:
        return Entry(name, OVER, "signal" if one["exit_reason"] == "open" else str(one["exit_reason"]))
    time, price = bars.index[int(one["entry_bar"])], float(one["entry_price"])
    return Entry(name, FILLED, price=price, time=time, stop=float(one["stop"]), target=float(one["target"]))


def _waiting(bars: Bars, setups: Setups, name: str, row: int, wait: int | None) -> Entry:
    """The setup's own stop must not have been touched since."""
    known, side, stop = int(setups.known_at[row]), int(setups.direction[row]), float(setups.stop[row])
    beyond = bars.low[known + 1 :] <= stop if side > 0 else bars.high[known + 1 :] >= stop
    if beyond.any():
        return Entry(name, OVER, "setup_broken")
    left = patience(setups, wait) - (len(bars) - 1 - known)
    until = f"for {left} more bar{'' if left == 1 else 's'}"
    if BROKEN in setups.lines:
        at = setups.lines[BROKEN].price(np.full(len(setups), len(bars) - 1))[row]
        return Entry(name, WAITING, waits_for=f"a retest of the line, now at {price(at)}, {until}", stop=stop)
    extreme = int(setups.anchors[EXTREME][row])
    above, below = price(bars.low[extreme]), price(bars.high[extreme])
    what = f"a second bottom above {above}" if side > 0 else f"a second top below {below}"
    return Entry(name, WAITING, waits_for=f"{what}, {until}", stop=stop)


def _measured(bars: Bars, entry: Entry, side: int) -> Entry:
    if not entry.live:
        return entry
    close, atr = float(bars.close[-1]), float(bar_atr(bars)[-1])
    away = side * (close - entry.stop)
    return dataclasses.replace(entry, to_stop=away / close, to_stop_atr=away / atr if atr > 0 else np.nan)
