"""The semantics of SEMANTICS.md, spelled out bar by bar in plain Python.

Slow on purpose: every rule is one obvious statement, so that a reader can hold it against the text.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tests.oracle import Bars, Options, Outcome, Position, Signal, Trade
from tests.oracle.carry import carried
from tests.oracle.grid import above, below
from tests.oracle.inside import way_out
from tests.oracle.levels import Levels
from tests.oracle.sizes import size


class Simulation:
    """One account going through the bars. `alone` trades one unit and knows neither cash nor ruin."""

    def __init__(self, bars: Bars, signals: list[Signal], options: Options, alone: bool = False) -> None:
        self.bars, self.signals, self.options, self.alone = bars, signals, options, alone
        self.levels = Levels(bars, options, needs_stop=options.risk is not None and not alone)
        self.cash = options.cash
        self.position: Position | None = None
        self.trades: list[Trade] = []
        self.equity: list[float] = []
        self.close_equity = options.cash  # of the signal bar: what a size is set from
        self.nothing = 1e-9 * options.cash  # equity that counts as zero
        self.on_the_edge = False  # equity met that limit but for rounding: on which side of ruin it fell says nothing
        self.fates: list[str] = []
        self.first_entry: list[int] = []  # number of each bar's first entry
        for signal in signals:
            self.first_entry.append(len(self.fates))
            self.fates += [""] * len(signal.entries)

    def go(self) -> Simulation:
        last = len(self.bars.open) - 1
        leave, wanted = "", list[int]()
        for bar in range(last + 1):
            if self.options.fill == "open":
                self.obey(leave, wanted, bar - 1, bar, self.bars.open[bar])
            self.leave_inside(bar)
            if self.position:
                self.position = replace(self.position, moving_stop=self.levels.moved(self.position, bar))
                self.pay_carry(self.position, bar)
            self.close_equity = self.worth(bar)
            if abs(self.close_equity - self.nothing) < 1e-11 * self.options.cash:
                self.on_the_edge = True
            if self.close_equity <= self.nothing and not self.alone:
                self.ruin(bar)
                return self
            leave, wanted = self.decide(bar)
            if self.options.fill == "close":
                self.obey(leave, wanted, bar, bar, self.bars.close[bar])
            elif bar == last:
                for number in wanted:
                    self.fates[number] = "no_bar"
            self.equity.append(self.worth(bar))
        if self.position:
            self.record(self.position, last, self.bars.close[last], "open", fee=0.0)
        return self

    def worth(self, bar: int) -> float:
        if self.position is None:
            return self.cash
        return self.cash + self.position.side * self.position.size * self.bars.close[bar]

    def pay_carry(self, held: Position, bar: int) -> None:
        paid = carried(self.bars, held, bar, self.options.borrow)
        self.cash -= paid
        self.position = replace(held, carry=held.carry + paid)

    def ruin(self, bar: int) -> None:
        if self.position:
            self.leave(bar, self.bars.close[bar], "ruined")
        self.equity += [self.cash] * (len(self.bars.open) - bar)
        self.fates = [fate or "ruined" for fate in self.fates]

    # At the close: what the signals ask for

    def decide(self, bar: int) -> tuple[str, list[int]]:
        """Why to leave the position ("" = stay), and the numbers of the entries to try."""
        signal, held = self.signals[bar], self.position
        wanted = []
        for number, entry in enumerate(signal.entries, self.first_entry[bar]):
            if any(other.side != entry.side for other in signal.entries):
                self.fates[number] = "both_sides"
            elif signal.leaves(entry.side, entry.window):
                self.fates[number] = "with_exit"
            elif held and (held.side == entry.side or held.window != entry.window):
                self.fates[number] = "lapsed"
            else:
                wanted.append(number)
        leave = ""
        if held and wanted and self.options.on_opposite != "ignore":
            leave = "opposite"
        if held and self.options.on_opposite != "reverse":
            for number in wanted:
                self.fates[number] = "opposite"
            wanted = []
        if held and self.time_is_up(held, bar):
            leave = "time"
        if held and signal.leaves(held.side, held.window):
            leave = "signal"
        return leave, wanted

    def time_is_up(self, held: Position, bar: int) -> bool:
        if self.options.time_stop is None:
            return False
        in_market = bar - held.entry_bar + (1 if self.options.fill == "open" else 0)
        return in_market >= self.options.time_stop

    # At the fill

    def obey(self, leave: str, wanted: list[int], signal_bar: int, bar: int, price: float) -> None:
        if leave:
            self.leave(bar, price, leave, at_open=self.options.fill == "open")
        taken = False
        for number in wanted:
            if taken:
                self.fates[number] = "lapsed"
            else:
                self.fates[number] = self.enter(number, signal_bar, bar, price)
                taken = self.fates[number] == "entered"

    def enter(self, number: int, signal_bar: int, bar: int, price: float) -> str:
        entry = self.signals[signal_bar].entries[number - self.first_entry[signal_bar]]
        side, options = entry.side, self.options
        stop = self.levels.stop(entry, signal_bar, price)
        if stop is None:
            return "no_stop"
        if side * (price - stop) <= 0:
            return "beyond_stop"
        target = self.levels.target(entry, signal_bar, price)
        if side * (price - target) >= 0:
            return "beyond_target"
        fill = above(side, price * (1 + side * options.slippage), options.tick)
        initial_risk = side * (fill - stop)
        if initial_risk < options.min_risk_atr * self.levels.atr[signal_bar] * (1 - 1e-9):
            return "thin_risk"
        if math.isnan(target):
            target = self.levels.target_in_r(side, fill, initial_risk)
        volume = self.bars.volume_of(bar)
        units, refused = (
            (1.0, "") if self.alone else size(options, self.close_equity, self.cash, fill, initial_risk, volume)
        )
        if refused:
            return refused
        fee = options.fee * units * fill
        self.cash -= side * units * fill + fee
        self.position = Position(number, side, signal_bar, bar, fill, stop, stop, target, units, fee, entry.window)
        return "entered"

    # Inside the bar

    def leave_inside(self, bar: int) -> None:
        held = self.position
        if held is None:
            return
        out = way_out(self.bars, held, bar, self.options.inside_bar)
        if out:
            self.leave(bar, out.price, out.reason, out.at_open, out.ambiguous)

    def leave(self, bar: int, price: float, reason: str, at_open: bool = False, ambiguous: bool = False) -> None:
        held = self.position
        assert held is not None
        fill = below(held.side, price * (1 - held.side * self.options.slippage), self.options.tick)
        fee = self.options.fee * held.size * fill
        self.cash += held.side * held.size * fill - fee
        self.position = None
        self.record(held, bar, fill, reason, fee, at_open, ambiguous)

    # The trade's row

    def record(
        self,
        held: Position,
        bar: int,
        price: float,
        reason: str,
        fee: float,
        at_open: bool = False,
        ambiguous: bool = False,
    ) -> None:
        side, size, risk = held.side, held.size, held.initial_risk
        fees = held.fee_paid + fee
        pnl = side * size * (price - held.fill) - fees - held.carry
        at_close = reason in ("open", "ruined") or (
            self.options.fill == "close" and reason in ("signal", "time", "opposite")
        )
        mae, mfe = self.excursions(held, bar, price, at_close)
        bars = bar - held.entry_bar + 1
        if at_open:
            bars -= 1  # nothing of the bar of exit was lived through
        if self.options.fill == "close":
            bars -= 1  # nor of the bar of entry
        self.trades.append(
            Trade(
                entry=held.entry, side=side, signal_bar=held.signal_bar, entry_bar=held.entry_bar,
                entry_price=held.fill, stop=held.stop, target=held.target, exit_bar=bar, exit_price=price,
                reason=reason, size=size, fees=fees, carry=held.carry, pnl=pnl, returned=pnl / (size * held.fill),
                r=pnl / (size * risk), mae=mae / risk, mfe=mfe / risk, bars=bars, ambiguous=ambiguous,
            )
        )  # fmt: skip

    def excursions(self, held: Position, exit_bar: int, exit_price: float, at_close: bool) -> tuple[float, float]:
        """Worst and best distance from the entry's fill, in price. Bars lived through count whole."""
        first = held.entry_bar if self.options.fill == "open" else held.entry_bar + 1
        seen = [exit_price]
        for bar in range(first, exit_bar + 1 if at_close else exit_bar):
            seen += [self.bars.low[bar], self.bars.high[bar]]
        if held.entry_bar < exit_bar:
            seen.append(self.bars.open[exit_bar])
        moves = [0.0] + [held.side * (price - held.fill) for price in seen]
        return -min(moves), max(moves)


def run(bars: Bars, signals: list[Signal], options: Options) -> Simulation:
    """One account over all bars: its trades, one fate per entry, equity at each close."""
    return Simulation(bars, signals, options).go()


def outcomes(bars: Bars, signals: list[Signal], options: Options) -> list[Outcome]:
    """Every entry traded alone, one unit each; the exit signals stand for all of them."""
    result = []
    for bar, signal in enumerate(signals):
        for entry in signal.entries:
            only = [
                replace(other, entries=[entry] if other_bar == bar else []) for other_bar, other in enumerate(signals)
            ]
            alone = Simulation(bars, only, options, alone=True).go()
            result.append(Outcome(alone.fates[0], alone.trades[0] if alone.trades else None))
    return result
