"""A third way through the bars, which behaves as vectorbt in the ways that are named to it and as we do in all others.

With no name it must make our trades, with every name vectorbt's; the fewest names with which vectorbt's trades come out
are why the two disagree.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np

from framework.bars import Bars
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, outcomes

SIZED = "reversal_size"
WALKED = frozenset({"entry_bar", "gap_beyond_target", "stop_before_exit", "one_order_a_bar", "fraction"})


@dataclass(frozen=True)
class Walked:
    """A trade, without its size: exit_bar is the number of bars while it is open."""

    side: int
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float


@dataclass
class Held:
    side: int
    bar: int
    paid: float  # before slippage
    stop: float
    target: float
    names: Set[str]

    def __post_init__(self) -> None:
        if "fraction" in self.names:  # as vectorbt keeps it
            down, up = (self.stop, self.target) if self.side > 0 else (self.target, self.stop)
            down, up = self.paid * (1 - (1 - down / self.paid)), self.paid * (1 + (up / self.paid - 1))
            self.stop, self.target = (down, up) if self.side > 0 else (up, down)

    def touched(self, opening: float, high: float, low: float) -> float:
        """Where stop or target would end it inside a bar, NaN where neither does."""
        against, toward = (low, high) if self.side > 0 else (high, low)
        stopped, reached = self.side * (against - self.stop) <= 0, self.side * (toward - self.target) >= 0
        if self.side * (opening - self.stop) <= 0:
            return opening
        if self.side * (opening - self.target) >= 0:
            return self.stop if stopped and "gap_beyond_target" in self.names else opening
        return self.stop if stopped else self.target if reached else np.nan


@dataclass
class Plan:
    """What each close asks for: entries that may be filled, sides that may not but close the other, exits by side."""

    bars: Bars
    costs: Costs
    exits: Exits
    entry: dict[int, tuple[int, float, float]] = field(default_factory=dict)
    against: dict[int, int] = field(default_factory=dict)
    leave: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def of(cls, bars: Bars, entries: Entries, costs: Costs, sizing: Sizing, exits: Exits) -> Plan:
        plan = cls(bars, costs, exits)
        alone = outcomes(bars, entries, exits, costs)
        rows = zip(
            entries.bar, entries.side, entries.exit_bar, alone["fate"], alone["stop"], alone["target"], strict=True
        )
        seen = set(zip(entries.bar.tolist(), entries.side.tolist(), strict=True))
        for bar, side, leave, fate, stop, target in rows:
            plan.leave.add((int(leave), int(side)))
            if (bar, -side) in seen or fate == "with_exit":
                continue
            plan.against[int(bar)] = int(side)
            if fate == "entered" and not (sizing.risk is not None and np.isnan(stop)):
                plan.entry.setdefault(int(bar), (int(side), float(stop), float(target)))
        return plan

    def walk(self, names: Set[str]) -> list[Walked]:
        """Every trade, in the order of their entries."""
        columns = (getattr(self.bars, name).tolist() for name in ("open", "high", "low", "close"))
        opens, highs, lows, closes = columns
        at_close, done = self.exits.fill == "close", list[Walked]()
        fills = closes if at_close else opens
        held: Held | None = None

        def leave(price: float) -> None:
            nonlocal held
            assert held is not None
            done.append(self._trade(held, t, price))
            held = None

        for t in range(len(opens)):
            signal = t if at_close else t - 1
            before = held
            inside = held.touched(opens[t], highs[t], lows[t]) if held else np.nan
            due = held is not None and self._due(held.side, signal)
            if held and at_close and not np.isnan(inside):
                leave(inside)
                before = None if "one_order_a_bar" not in names else before
            elif held and due:
                late = "stop_before_exit" in names and not np.isnan(inside)
                leave(inside if late else fills[t])
            lost = "one_order_a_bar" in names and not np.isnan(inside)
            side, stop, target = self.entry.get(signal, (0, np.nan, np.nan))
            turns = before is not None and before.side == -side and self.exits.on_opposite == "reverse"
            if side and not lost and (before is None or turns):
                held = Held(side, t, fills[t], stop, target, names)
                first = held.touched(fills[t], highs[t], lows[t])
                if not (at_close or "entry_bar" in names or np.isnan(first)):
                    leave(first)
            elif held and not at_close and not np.isnan(inside):
                leave(inside)
        if held:
            t = len(opens)
            done.append(self._trade(held, t, closes[-1]))
        return done

    def sizes(self, trades: list[Walked], sizing: Sizing, cash: float, names: Set[str]) -> list[float]:
        """The size of every trade, from the account that they make."""
        found = list[float]()
        shift = 0 if self.exits.fill == "close" else 1
        worth = cash
        for i, trade in enumerate(trades):
            turned = i > 0 and shift and trades[i - 1].exit_bar == trade.entry_bar
            if not turned or SIZED in names:
                worth = cash
            stop, most = self.entry[trade.entry_bar - shift][1], sizing.leverage * min(worth, cash)
            wanted = sizing.fraction * worth / trade.entry_price
            if sizing.risk is not None:
                wanted = sizing.risk * worth / abs(trade.entry_price - stop)
            found.append(min(wanted, most / (trade.entry_price * (1 + self.costs.fee))))
            paid = self.costs.fee * found[-1] * trade.entry_price
            if trade.exit_bar < len(self.bars):
                marked = self.bars.close[max(trade.exit_bar - 1, 0)]  # when the signal that turned it was obeyed
                worth = cash - paid + trade.side * found[-1] * (marked - trade.entry_price)
                paid += self.costs.fee * found[-1] * trade.exit_price
                cash += trade.side * found[-1] * (trade.exit_price - trade.entry_price) - paid
        return found

    def _due(self, side: int, signal: int) -> bool:
        opposed = self.exits.on_opposite != "ignore" and self.against.get(signal) == -side
        return opposed or (signal, side) in self.leave

    def _trade(self, held: Held, bar: int, price: float) -> Walked:
        slip = held.side * self.costs.slippage
        out = price if bar == len(self.bars) else price * (1 - slip)
        return Walked(held.side, held.bar, held.paid * (1 + slip), bar, out)
