"""Section 8 of SEMANTICS.md, several symbols and one cash, spelled out moment by moment in plain Python.

Slow on purpose, and written again instead of borrowed from `simulator`: with one symbol the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.oracle import Options, Position, Trade
from tests.oracle.grid import below, down
from tests.oracle.portfolio_seat import Exit, Market, Order, Seat

NOTHING = 1e-9  # of the starting cash: counts as zero


@dataclass(frozen=True)
class Terms(Options):
    positions: int | None = None


@dataclass(frozen=True)
class Done:
    """A trade, whose it was, and the how manieth entry of the account it came from."""

    symbol: str
    trade: Trade
    turn: int


class Account:
    """All symbols going through one calendar with one cash."""

    def __init__(self, markets: list[Market], terms: Terms) -> None:
        self.terms = terms
        self.seats = [Seat(market, terms) for market in markets]
        self.calendar = sorted({stamp for market in markets for stamp in market.stamps})
        self.cash = terms.cash
        self.nothing = NOTHING * terms.cash
        self.close_equity = terms.cash  # at the latest close, before its signals: what a size is set from
        self.turns: dict[tuple[str, int], int] = {}  # of (symbol, entry), in the order in which they were filled
        self.done: list[Done] = []
        self.equity: list[float] = []
        self.on_the_edge = False  # an amount met the limit of zero but for rounding: on which side it fell says nothing

    def go(self) -> Account:
        at_open = self.terms.fill == "open"
        for moment, stamp in enumerate(self.calendar):
            here = [(seat, seat.bar_of[stamp]) for seat in self.seats if stamp in seat.bar_of]
            for seat, bar in here:
                if at_open:
                    self.leave_as_told(seat, Exit(bar, seat.bars.open[bar], seat.leave, at_open=True))
                self.leave(seat, seat.gap(bar))
            if at_open:
                self.enter_all(stamp)
            for seat, bar in here:
                self.leave(seat, seat.inside(bar))
            for seat, bar in here:
                self.close(seat, bar)
            self.close_equity = self.worth()
            if self.is_nothing(self.close_equity):
                self.ruin(moment)
                break
            for seat, bar in here:
                seat.decide(bar)
            if not at_open:
                for seat, bar in here:
                    self.leave_as_told(seat, Exit(bar, seat.bars.close[bar], seat.leave, at_close=True))
                self.enter_all(stamp)
            self.equity.append(self.worth())
        self.end()
        return self

    @property
    def trades(self) -> list[Done]:
        return sorted(self.done, key=lambda one: one.turn)

    def worth(self) -> float:
        """Cash and every position at its last close."""
        held = [(seat.held, seat.last_close) for seat in self.seats]
        return self.cash + sum(position.side * position.size * price for position, price in held if position)

    def is_nothing(self, amount: float) -> bool:
        if abs(amount - self.nothing) < 1e-11 * self.terms.cash:
            self.on_the_edge = True
        return amount <= self.nothing

    # Entries

    def enter_all(self, stamp: int) -> None:
        """What the close before asked for (with `fill = "close"` this one), the highest rank first."""
        asked = [(seat, number) for seat in self.seats for number in seat.wanted]
        asked.sort(key=lambda one: -one[0].rank(one[1]))  # stable: equals stay in the order of the symbols
        for seat, number in asked:
            if stamp not in seat.bar_of:
                seat.fates[number] = "no_bar"
            elif seat.held:
                seat.fates[number] = "lapsed"  # one before it was taken
            else:
                seat.fates[number] = self.enter(seat, number, stamp)
        for seat in self.seats:
            seat.wanted = []

    def enter(self, seat: Seat, number: int, stamp: int) -> str:
        order, refused = seat.order(number, seat.bar_of[stamp])
        if order is None:
            return refused
        size, refused = self.size(order, seat.bars.volume_of(order.bar), stamp)
        held = sum(other.held is not None for other in self.seats)
        if not refused and self.terms.positions is not None and held >= self.terms.positions:
            refused = "full"
        if refused:
            return refused
        fee = self.terms.fee * size * order.fill
        self.cash -= order.side * size * order.fill + fee
        seat.held = Position(
            entry=number, side=order.side, signal_bar=order.signal_bar, entry_bar=order.bar, fill=order.fill,
            stop=order.stop, moving_stop=order.stop, target=order.target, size=size, fee_paid=fee, window=order.window,
        )  # fmt: skip
        self.turns[seat.market.symbol, number] = len(self.turns)
        return "entered"

    def size(self, order: Order, volume: float, stamp: int) -> tuple[float, str]:
        """The size and "", or 0 and why there is none. `volume` is that of the bar of the fill."""
        terms = self.terms
        if terms.volume_share is not None and not volume > 0:
            return 0.0, "no_volume"
        if terms.risk is None:
            wanted = terms.fraction * self.close_equity / order.fill
        else:
            wanted = terms.risk * self.close_equity / order.initial_risk
        room = self.room(stamp)
        if self.is_nothing(room):
            return 0.0, "no_cash"
        wanted = min(wanted, room / (order.fill * (1 + terms.fee)))
        if terms.volume_share is not None:
            wanted = min(wanted, terms.volume_share * volume)
        size = down(wanted, terms.lot)
        if size <= 0 or (terms.smallest is not None and size < terms.smallest * (1 - 1e-9)):
            return 0.0, "too_small"
        return size, ""

    def room(self, stamp: int) -> float:
        """The value that leverage leaves for one more position at this moment, fee included."""
        equity, exposure = self.cash, 0.0
        for seat in self.seats:
            if seat.held:
                just_entered = seat.market.stamps[seat.held.entry_bar] == stamp
                value = seat.held.size * (seat.held.fill if just_entered else seat.last_close)
                equity += seat.held.side * value
                exposure += value
        return self.terms.leverage * min(self.close_equity, equity) - exposure

    # Exits

    def leave_as_told(self, seat: Seat, out: Exit) -> None:
        if out.reason:
            self.leave(seat, out)
        seat.leave = ""

    def leave(self, seat: Seat, out: Exit | None) -> None:
        held = seat.held
        if held is None or out is None:
            return
        fill = below(held.side, out.price * (1 - held.side * self.terms.slippage), self.terms.tick)
        fee = self.terms.fee * held.size * fill
        self.cash += held.side * held.size * fill - fee
        seat.held = None
        self.record(seat, held, out, fill, fee)

    def record(self, seat: Seat, held: Position, out: Exit, fill: float, fee: float) -> None:
        symbol = seat.market.symbol
        self.done.append(Done(symbol, seat.trade(held, out, fill, fee), self.turns[symbol, held.entry]))

    # At the close

    def close(self, seat: Seat, bar: int) -> None:
        seat.last_close = seat.bars.close[bar]
        if seat.held:
            paid, stop = seat.carry(seat.held, bar), seat.levels.moved(seat.held, bar)
            self.cash -= paid
            seat.held = replace(seat.held, carry=seat.held.carry + paid, moving_stop=stop)

    def ruin(self, moment: int) -> None:
        for seat in self.seats:
            if seat.held:
                bar = max(seat.bar_of[stamp] for stamp in self.calendar[: moment + 1] if stamp in seat.bar_of)
                self.leave(seat, Exit(bar, seat.last_close, "ruined", at_close=True))
            seat.fates = [fate or "ruined" for fate in seat.fates]
        self.equity += [self.cash] * (len(self.calendar) - moment)

    def end(self) -> None:
        for seat in self.seats:
            for number in seat.wanted:
                seat.fates[number] = "no_bar"
            if seat.held:
                last = Exit(len(seat.market.stamps) - 1, seat.last_close, "open", at_close=True)
                self.record(seat, seat.held, last, seat.last_close, fee=0.0)


def run(markets: list[Market], terms: Terms) -> Account:
    """One account over the calendar of all symbols: its trades, one fate an entry of each, equity at each moment."""
    return Account(markets, terms).go()
