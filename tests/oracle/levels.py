"""Where an entry's stop and target lie, and where the stop of a position moves to. NaN stands for none."""

from __future__ import annotations

import math

from tests.oracle import NAN, Bars, Entry, Options, Position
from tests.oracle.grid import above, below


class Levels:
    """Stops and targets on some bars. `needs_stop`: an entry without one must be refused, whatever `stop` says."""

    def __init__(self, bars: Bars, options: Options, needs_stop: bool) -> None:
        self.bars, self.options, self.needs_stop = bars, options, needs_stop
        self.atr = bars.average_true_range()

    # At the entry

    def stop(self, entry: Entry, signal_bar: int, price: float) -> float | None:
        """The stop of an entry at `price`, slippage left out; None where it must have one and has none."""
        options = self.options
        if options.stop == "atr":
            stop = price - entry.side * options.stop_atr * self.atr[signal_bar]
            return None if math.isnan(stop) else below(entry.side, stop, options.tick)
        stop = entry.stop
        if math.isnan(stop) and options.stop == "swing":
            stop = self.bars.swing_beyond(entry.side, signal_bar, price, options.swing_width)
        if math.isnan(stop):
            return None if options.stop == "swing" or self.needs_stop else NAN
        stop = self.buffered(entry.side, stop, signal_bar)
        return None if math.isnan(stop) else stop

    def buffered(self, side: int, stop: float, bar: int) -> float:
        """Away from the price by the buffer, then on the tick; NaN where the buffer has no ATR yet."""
        if self.options.stop_buffer_atr > 0:
            stop = stop - side * self.options.stop_buffer_atr * self.atr[bar]
        return below(side, stop, self.options.tick)

    def target(self, entry: Entry, signal_bar: int, price: float) -> float:
        """The target known before the fill: the first there is of all but the one in R."""
        options, target = self.options, entry.target
        if math.isnan(target) and options.target_swing:
            target = self.bars.swing_beyond(-entry.side, signal_bar, price, options.swing_width)
        if math.isnan(target) and options.target_extension is not None:
            target = self.extended(entry.side, signal_bar, options.target_extension)
        if math.isnan(target) and options.target_height is not None:
            target = self.bars.close[signal_bar] + entry.side * options.target_height * entry.height
        return above(entry.side, target, options.tick)

    def extended(self, side: int, signal_bar: int, ratio: float) -> float:
        """The way from A to B, times `ratio`, laid off from A; for a long from a low up to a high."""
        bars, width = self.bars, self.options.swing_width
        end_bar = bars.latest_swing(-side, signal_bar - width, width)
        start_bar = None if end_bar is None else bars.latest_swing(side, end_bar - 1, width)
        if end_bar is None or start_bar is None:
            return NAN
        start = bars.low[start_bar] if side > 0 else bars.high[start_bar]
        end = bars.high[end_bar] if side > 0 else bars.low[end_bar]
        return start + ratio * (end - start) if side * (end - start) > 0 else NAN

    def target_in_r(self, side: int, fill: float, initial_risk: float) -> float:
        """The target for an entry that has none before its fill."""
        if self.options.target_r is None:
            return NAN
        return above(side, fill + side * self.options.target_r * initial_risk, self.options.tick)

    # While the trade lives

    def moved(self, held: Position, bar: int) -> float:
        """The stop from the next bar on, as this bar's close leaves it. None cannot move."""
        stop = held.moving_stop
        for other in (self.trailing(held, bar), self.break_even(held, bar)):
            if held.side * (other - stop) > 0:
                stop = other
        return stop

    def trailing(self, held: Position, bar: int) -> float:
        """The swing confirmed at this very close, buffered by its ATR."""
        swing_bar = bar - self.options.swing_width
        if not self.options.trail or bar <= held.signal_bar:
            return NAN
        if not self.bars.is_swing(held.side, swing_bar, self.options.swing_width):
            return NAN
        swing = self.bars.low[swing_bar] if held.side > 0 else self.bars.high[swing_bar]
        return self.buffered(held.side, swing, bar)

    def break_even(self, held: Position, bar: int) -> float:
        """The entry's fill, once price has gone far enough."""
        if self.options.break_even_r is None:
            return NAN
        first = held.entry_bar if self.options.fill == "open" else held.entry_bar + 1
        best = self.bars.high if held.side > 0 else self.bars.low
        gone = [held.side * (best[seen] - held.fill) for seen in range(first, bar + 1)]
        return held.fill if any(way >= self.options.break_even_r * held.initial_risk for way in gone) else NAN
