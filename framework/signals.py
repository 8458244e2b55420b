"""Signals: what to do at the close of which bar. Sparse as Entries, dense as Signals, one thing in two shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import reprs
from .bars import Bars
from .compiled import kernel
from .errors import UserError
from .flags import first_exit, never, where
from .setups import Setups

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

NO_PRICE, NO_ROW = np.array([np.nan]), np.array([-1])
for _value in (NO_PRICE, NO_ROW):
    _value.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Entries:
    """n entry signals in the order of their bars (of one bar: in the order they are to be tried).

    bar: the signal's bar, obeyed after its close. side: +1 long, -1 short. stop, target: prices, NaN none.
    exit_bar: first bar from `bar` on at whose close this side's exit signal stands; beyond the data: never.
    setup: row of the setup that it trades, -1 none. height: of the entry's pattern, in price, NaN none. window: of a
    walk-forward; another window's entries do nothing to a position.
    """

    bar: Ints
    side: NDArray[np.int8]
    stop: Floats
    target: Floats
    exit_bar: Ints
    setup: Ints
    height: Floats = field(default_factory=lambda: np.zeros(0))
    window: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not len(self.height):
            object.__setattr__(self, "height", np.full(len(self), np.nan))
        if not len(self.window):
            object.__setattr__(self, "window", np.zeros(len(self), np.int64))

    def __len__(self) -> int:
        return len(self.bar)

    def take(self, rows: NDArray[Any]) -> Entries:
        """The entries in `rows` (a mask or positions), in that order."""
        return Entries(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def between(self, first: int, last: int) -> Entries:
        """The entries whose signal bar is from `first` up to, not including, `last`."""
        return self.take((self.bar >= first) & (self.bar < last))


@dataclass(frozen=True, eq=False)
class Signals:
    """Entry and exit arrays, one row a bar: what a rule of one's own may hand in.

    long_entry, long_exit, short_entry, short_exit: booleans, known at the bar's close. stop, target: prices for an
    entry on that bar, NaN none (then a prior swing is the stop). setup: row of a setup, -1 none. height: of the
    entry's pattern, in price, NaN none.
    Raises UserError where the arrays differ in length, are not boolean, or a price is not positive.
    """

    long_entry: Bools
    long_exit: Bools
    short_entry: Bools
    short_exit: Bools
    stop: Floats
    target: Floats
    setup: Ints
    height: Floats

    def __init__(
        self,
        long_entry: ArrayLike,
        long_exit: ArrayLike | None = None,
        short_entry: ArrayLike | None = None,
        short_exit: ArrayLike | None = None,
        stop: ArrayLike | None = None,
        target: ArrayLike | None = None,
        setup: ArrayLike | None = None,
        height: ArrayLike | None = None,
    ) -> None:
        n = np.asarray(long_entry).size
        given = {"long_entry": long_entry, "long_exit": long_exit, "short_entry": short_entry, "short_exit": short_exit}
        for name, value in given.items():
            object.__setattr__(self, name, _booleans(name, value, n))
        for name, value in {"stop": stop, "target": target, "height": height}.items():
            object.__setattr__(self, name, _prices(name, value, n))
        rows = _nothing(n, NO_ROW) if setup is None else np.asarray(setup)
        if rows.dtype.kind not in "iu":
            raise UserError("Signals.setup", f"holds {rows.dtype}", "the row of a setup, -1 for none")
        object.__setattr__(self, "setup", _length("setup", rows, n).astype(np.int64, copy=False))

    def __len__(self) -> int:
        return len(self.long_entry)

    def _repr_html_(self) -> str:
        return reprs.of_signals(self)

    def entries(self) -> Entries:
        """The sparse view: nothing is lost, an exit matters only as the first one after an entry."""
        longs, shorts = where(self.long_entry), where(self.short_entry)
        if len(longs) and len(shorts):
            both = np.concatenate([longs, shorts])
            order = np.argsort(both, kind="stable")
            bars, side = both[order], np.where(order < len(longs), 1, -1).astype(np.int8)
        else:
            bars = longs if len(longs) else shorts
            side = np.full(len(bars), 1 if len(longs) else -1, np.int8)
        return Entries(
            bar=bars,
            side=side,
            stop=self.stop[bars],
            target=self.target[bars],
            exit_bar=first_exit(bars, side, self.long_exit, self.short_exit),
            setup=self.setup[bars],
            height=self.height[bars],
        )


def dense(bars: Bars, entries: Entries, long_exit: Bools | None = None, short_exit: Bools | None = None) -> Signals:
    """The dense view of `entries`. Of several entries of one side on one bar the first is kept."""
    n = len(bars)
    stop, target, height, setup = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, -1)
    side = {1: np.zeros(n, bool), -1: np.zeros(n, bool)}
    for row in range(len(entries) - 1, -1, -1):  # backwards, so that the first of a bar is written last
        at = entries.bar[row]
        side[int(entries.side[row])][at] = True
        stop[at], target[at], height[at] = entries.stop[row], entries.target[row], entries.height[row]
        setup[at] = entries.setup[row]
    return Signals(side[1], long_exit, side[-1], short_exit, stop, target, setup, height)


def as_setups(bars: Bars, signals: Signals, rule: str) -> Setups:
    """Every entry signal as a setup known at its own bar, for rules that have nothing else to stand on."""
    entries = signals.entries()
    return Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule=rule,
        kind=np.where(entries.side > 0, "long", "short"),
        direction=entries.side,
        anchors={"signal": entries.bar},
        known_at=entries.bar,
        stop=entries.stop,
        features={},
        veto=np.full(len(entries), "", dtype="U1"),
        target=entries.target,
        height=entries.height,
    )


def _booleans(name: str, value: ArrayLike | None, n: int) -> Bools:
    if value is None:
        return never(n)
    array = np.asarray(value)
    if array.dtype != np.bool_:
        raise UserError(f"Signals.{name}", f"holds {array.dtype}, not booleans", "give one True or False a bar")
    return _length(name, array, n)


def _prices(name: str, value: ArrayLike | None, n: int) -> Floats:
    try:
        if value is None:
            return _nothing(n, NO_PRICE)
        array = _length(name, np.asarray(value, dtype=float), n)
    except (TypeError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"Signals.{name}", "holds what is no number", "a price a bar, NaN for none") from None
    own = np.ascontiguousarray(array)
    if _any_wrong(own):
        row = int(np.argmax((array <= 0) | np.isinf(array)))
        raise UserError(f"Signals.{name}", f"row {row} is {array[row]}", "a positive price, or NaN for none")
    return array


@kernel(lean=True)
def _any_wrong(prices: Floats) -> bool:
    """Whether one is neither NaN nor a positive number."""
    wrong = 0
    for i in range(len(prices)):  # all of them, counted, so that the compiler compares several at once
        wrong += (prices[i] <= 0) + (prices[i] == np.inf)
    return wrong > 0


def _nothing(n: int, value: NDArray[Any]) -> NDArray[Any]:
    """n times the value, read-only, in the room of one."""
    return np.ndarray((n,), value.dtype, value.data, strides=(0,))


def _length(name: str, array: NDArray[Any], n: int) -> NDArray[Any]:
    if array.shape != (n,):
        raise UserError(f"Signals.{name}", f"has shape {array.shape}", f"one value a bar, shape ({n},)")
    return array
