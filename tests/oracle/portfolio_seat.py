"""One symbol's place in an account of several: what its own bars and signals do to what it holds.

It knows no cash and no other symbol. Its bars are counted by themselves; the calendar is the account's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from tests.oracle import NAN, Bars, Entry, Options, Position, Signal, Trade
from tests.oracle.grid import above
from tests.oracle.levels import Levels

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Market:
    """One symbol. `stamps`: when its bars open, in lengths of a bar; `ranks`: one an entry in order, empty: none."""

    symbol: str
    bars: Bars
    signals: list[Signal]
    stamps: list[int]
    ranks: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Exit:
    bar: int
    price: float  # before slippage
    reason: str
    at_open: bool = False
    at_close: bool = False
    ambiguous: bool = False


@dataclass(frozen=True)
class Order:
    """An entry that nothing but its size can still refuse."""

    signal_bar: int
    bar: int
    side: int
    fill: float
    stop: float
    target: float
    window: int

    @property
    def initial_risk(self) -> float:
        return self.side * (self.fill - self.stop)


class Seat:
    def __init__(self, market: Market, options: Options) -> None:
        self.market, self.bars, self.options = market, market.bars, options
        self.levels = Levels(market.bars, options, needs_stop=options.risk is not None)
        self.held: Position | None = None
        self.last_close = NAN
        self.leave, self.wanted = "", list[int]()  # what the last close asked for
        self.bar_of = {stamp: bar for bar, stamp in enumerate(market.stamps)}
        self.entries = [(bar, entry) for bar, signal in enumerate(market.signals) for entry in signal.entries]
        self.fates = [""] * len(self.entries)

    def rank(self, number: int) -> float:
        """Higher is sooner; none is after all others."""
        rank = self.market.ranks[number] if self.market.ranks else NAN
        return -math.inf if math.isnan(rank) else rank

    # At the close: what the signals ask for

    def decide(self, bar: int) -> None:
        signal, held = self.market.signals[bar], self.held
        self.wanted = []
        for number, (signal_bar, entry) in enumerate(self.entries):
            if signal_bar == bar:
                self.fates[number] = self.fate_at_close(signal, entry)
                if not self.fates[number]:
                    self.wanted.append(number)
        if held is None:
            return
        if signal.leaves(held.side, held.window):
            self.leave = "signal"
        elif self.time_is_up(held, bar):
            self.leave = "time"
        elif self.wanted and self.options.on_opposite != "ignore":
            self.leave = "opposite"
        if self.options.on_opposite != "reverse":
            for number in self.wanted:
                self.fates[number] = "opposite"
            self.wanted = []

    def fate_at_close(self, signal: Signal, entry: Entry) -> str:
        if len({other.side for other in signal.entries}) > 1:
            return "both_sides"
        if signal.leaves(entry.side, entry.window):
            return "with_exit"
        in_the_way = self.held and (self.held.side == entry.side or self.held.window != entry.window)
        return "lapsed" if in_the_way else ""

    def time_is_up(self, held: Position, bar: int) -> bool:
        if self.options.time_stop is None:
            return False
        lived = bar - held.entry_bar + (1 if self.options.fill == "open" else 0)
        return lived >= self.options.time_stop

    # At the fill

    def order(self, number: int, bar: int) -> tuple[Order | None, str]:
        """The entry at its fill, or why the entry itself forbids it."""
        options, (signal_bar, entry) = self.options, self.entries[number]
        side, price = entry.side, self.bars.open[bar] if options.fill == "open" else self.bars.close[bar]
        stop = self.levels.stop(entry, signal_bar, price)
        if stop is None:
            return None, "no_stop"
        if side * (price - stop) <= 0:
            return None, "beyond_stop"
        target = self.levels.target(entry, signal_bar, price)
        if side * (target - price) <= 0:
            return None, "beyond_target"
        fill = above(side, price * (1 + side * options.slippage), options.tick)
        order = Order(signal_bar, bar, side, fill, stop, target, entry.window)
        if order.initial_risk < options.min_risk_atr * self.levels.atr[signal_bar] * (1 - 1e-9):
            return None, "thin_risk"
        if math.isnan(target):
            order = replace(order, target=self.levels.target_in_r(side, fill, order.initial_risk))
        return order, ""

    # Inside the bar

    def gap(self, bar: int) -> Exit | None:
        """What the open does to a position carried into the bar."""
        held, opened = self.held, self.bars.open[bar]
        if held is None:
            return None
        if held.side * (opened - held.moving_stop) <= 0:
            return Exit(bar, opened, _by_stop(held), at_open=True)
        if held.side * (opened - held.target) >= 0:
            return Exit(bar, opened, "target", at_open=True)
        return None

    def inside(self, bar: int) -> Exit | None:
        held = self.held
        if held is None:
            return None
        stopped, reached = self.touched(held, self.bars.low[bar], self.bars.high[bar])
        if not stopped and not reached:
            return None
        first, told = "stop" if stopped else "target", True
        if stopped and reached:
            first = self.first_of_both(held, bar)
            told = first != ""
            if not told:
                first = "stop" if self.options.inside_bar == "pessimistic" else "target"
        if first == "stop":
            return Exit(bar, held.moving_stop, _by_stop(held), ambiguous=not told)
        return Exit(bar, held.target, "target", ambiguous=not told)

    def touched(self, held: Position, low: float, high: float) -> tuple[bool, bool]:
        """Whether the stop and whether the target lies between a low and a high, or was passed by them."""
        worst, best = (low, high) if held.side > 0 else (high, low)
        return held.side * (worst - held.moving_stop) <= 0, held.side * (best - held.target) >= 0

    def first_of_both(self, held: Position, bar: int) -> str:
        """What the finer bars came to first, "" where they do not tell."""
        for finer in self.bars.finer_of(bar):
            for low, high in ((finer.open, finer.open), (finer.low, finer.high)):
                stopped, reached = self.touched(held, low, high)
                if stopped and reached:
                    return ""
                if stopped or reached:
                    return "stop" if stopped else "target"
        return ""

    # At the close

    def carry(self, held: Position, bar: int) -> float:
        """Funding and borrowing that is paid at the close of `bar`; negative where it is received."""
        stamps, value = self.market.stamps, held.size * self.bars.close[bar]
        funding = held.side * value * self.bars.funding_of(bar)
        if held.side > 0:
            return funding
        bars_on = stamps[bar + 1] - stamps[bar] if bar + 1 < len(stamps) else 1
        return funding + self.options.borrow * value * bars_on * self.bars.length / DAYS_OF_YEAR

    # The trade's row

    def trade(self, held: Position, out: Exit, fill: float, fee: float) -> Trade:
        risk, fees = held.initial_risk, held.fee_paid + fee
        pnl = held.side * held.size * (fill - held.fill) - fees - held.carry
        mae, mfe = self.excursions(held, out, fill)
        lived = out.bar - held.entry_bar + 1
        lived -= out.at_open
        lived -= self.options.fill == "close"  # nothing of the bar of entry was lived through
        return Trade(
            entry=held.entry, side=held.side, signal_bar=held.signal_bar, entry_bar=held.entry_bar,
            entry_price=held.fill, stop=held.stop, target=held.target, exit_bar=out.bar, exit_price=fill,
            reason=out.reason, size=held.size, fees=fees, carry=held.carry, pnl=pnl,
            returned=pnl / (held.size * held.fill), r=pnl / (held.size * risk), mae=mae / risk, mfe=mfe / risk,
            bars=lived, ambiguous=out.ambiguous,
        )  # fmt: skip

    def excursions(self, held: Position, out: Exit, fill: float) -> tuple[float, float]:
        """Worst and best distance from the entry's fill, in price. Of the bar of exit only an exit at its close
        has seen all; the others saw its open, when carried into it, and their fill.
        """
        first = held.entry_bar if self.options.fill == "open" else held.entry_bar + 1
        end = out.bar + 1 if out.at_close else out.bar
        seen = [held.fill, fill, *self.bars.low[first:end], *self.bars.high[first:end]]
        if held.entry_bar < out.bar:
            seen.append(self.bars.open[out.bar])
        away = [held.side * (price - held.fill) for price in seen]
        return -min(away), max(away)


def _by_stop(held: Position) -> str:
    return "stop" if held.moving_stop == held.stop else "trail"
