"""From entries to a Result: the trades, what became of every entry, the equity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import reprs
from ..bars import Bars
from ..errors import UserError
from ..setups import Setups
from ..signals import Entries, Signals
from .account import advance
from .checks import of_kind, terms_of
from .curve import curve, seen
from .figures import figures
from .kernel import FATES, REASONS, Orders, Rules
from .market import market
from .orders import orders, rules
from .rules import Costs, Exits, Sizing
from .state import CASH, TRADES, Ledger, State, begun, ledger
from .touch import untouched

Floats: TypeAlias = NDArray[np.float64]

ROUNDING = 1e-9  # of the money that went through the account


@dataclass(frozen=True)
class Terms:
    """How trades are done, one thing to hand on: costs, size, exits."""

    costs: Costs = Costs()
    sizing: Sizing = Sizing()
    exits: Exits = Exits()


@dataclass(frozen=True, eq=False)
class Run:
    """What the kernels made of it: the orders, the options, where the account stands at the end, its trades."""

    placed: Orders
    options: Rules
    state: State
    book: Ledger


@dataclass(frozen=True, eq=False)
class Result:
    """One symbol's run. Its tables are made when they are first asked for; what a search needs is there at once.

    order: the entry of each trade. cash: at the start. metrics: figures by name, as a sweep gives them (figures.py).
    """

    bars: Bars
    entries: Entries
    terms: Terms
    cash: float
    ids: Sequence[str] | None
    run: Run

    @property
    def order(self) -> NDArray[np.int64]:
        return self.run.book.order

    @cached_property
    def fates(self) -> list[str]:
        """One word an entry: `entered`, or why not."""
        return [FATES[fate] for fate in self.run.book.fate]

    @cached_property
    def trades(self) -> pd.DataFrame:
        """One row a trade, columns as in SEMANTICS.md."""
        return trade_table(self.bars, self.entries, self.terms, self.run, self.ids)

    @cached_property
    def equity(self) -> pd.Series[float]:
        """At every bar's close, indexed by the bar's opening stamp."""
        values = equity_curve(self.bars, self.terms, self.run)
        return pd.Series(values, index=self.bars.index, name="equity")

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The run's figures by name; NaN where one is not defined."""
        run = self.run
        found = figures(
            run.state.tally[None], self.cash, run.state.number[None, CASH], len(self.bars), self.bars.per_year
        )
        return {name: values.item() for name, values in found.items()}

    def _repr_html_(self) -> str:
        return reprs.of_result(self)

    def to_vectorbt(self) -> Any:
        """The run as a `vbt.Portfolio`, with our trades and our equity in it."""
        from .vectorbt import to_portfolio  # noqa: PLC0415  # two seconds to import

        return to_portfolio(self)


def simulate(
    bars: Bars,
    signals: Signals | Entries,
    costs: Costs | None = None,
    sizing: Sizing | None = None,
    exits: Exits | None = None,
    cash: float = 10_000.0,
    setups: Setups | Sequence[str] | None = None,
) -> Result:
    """Trade `signals` on `bars`, one position at a time, as SEMANTICS.md says.

    setups: the table that the signals' setup rows point into, or its ids; with it trades carry them. Raises UserError
    for signals of another length than the bars, and ArithmeticError if the account does not reconcile.
    """
    terms_of(costs, sizing, exits, cash)
    of_kind("signals", signals, (Signals, Entries), "Signals or Entries")
    of_kind("bars", bars, Bars, "Bars, as load() or Bars.from_frame() make them")
    if isinstance(signals, Signals) and len(signals) != len(bars):
        raise UserError("signals", f"have {len(signals)} rows for {len(bars)} bars", "one row a bar")
    entries = signals.entries() if isinstance(signals, Signals) else signals
    terms = Terms(costs or Costs(), sizing or Sizing(), exits or Exits())
    ids = setups.ids if isinstance(setups, Setups) else setups
    return Result(bars, entries, terms, cash, ids, run(bars, entries, terms, cash))


def run(bars: Bars, entries: Entries, terms: Terms, cash: float) -> Run:
    """Lead one account through all the bars. Raises ArithmeticError if it does not reconcile."""
    placed = orders(bars, entries, terms.costs, terms.exits, terms.sizing)
    options = rules(bars, len(entries), *vars(terms).values())
    m, n = len(entries), len(bars)
    state, book = begun(float(cash), n), ledger(m)
    leave = np.array(entries.exit_bar, np.int64)
    here = market(bars, terms.exits, terms.costs)
    advance(here, placed, m, leave, 0, untouched(m), options, state, book, n)
    done = Run(placed, options, state, book.first(int(state.whole[TRADES])))
    _reconcile(done, cash)
    return done


def profits(done: Run) -> Floats:
    """Profit of each trade, after fees and carry."""
    book, placed = done.book, done.placed
    k = book.order
    return np.asarray(placed.side[k] * book.size * (book.exit_fill - placed.fill[k]) - book.fees - book.carry)


def equity_curve(bars: Bars, terms: Terms, done: Run) -> Floats:
    """Equity at every close."""
    here = market(bars, terms.exits, terms.costs)
    return curve(here, done.placed, done.options, done.book, float(done.state.number[CASH]))


def trade_table(bars: Bars, entries: Entries, terms: Terms, done: Run, setups: Sequence[str] | None) -> pd.DataFrame:
    """One row a trade. setups: the ids that the entries' setup rows point into."""
    placed, book, k, n = done.placed, done.book, done.book.order, len(bars)
    side, fill, units = placed.side[k].astype(float), placed.fill[k], book.size
    entry = placed.bar[k] if done.options.at_close else placed.bar[k] + 1
    pnl = profits(done)
    away, held = seen(market(bars, terms.exits, terms.costs), placed, done.options, book)
    row = entries.setup[k]
    ids = np.array([*(setups or []), ""], dtype=object)
    columns: dict[str, Any] = {
        "symbol": bars.symbol,
        "variant": "",
        "window": -1,
        "setup": ids[np.where(row < 0, -1, row)] if setups is not None else np.where(row < 0, "", row.astype(str)),
        "direction": np.where(side > 0, "long", "short").astype(object),
        "signal_time": bars.index[placed.bar[k]],
        "entry_time": bars.index[entry],
        "entry_price": fill,
        "stop": placed.stop[k],
        "target": placed.target[k],
        "exit_time": bars.index[np.minimum(book.exit_bar, n - 1)],
        "exit_price": book.exit_fill,
        "exit_reason": np.array(REASONS, dtype=object)[book.reason],
        "size": units,
        "fees": book.fees,
        "carry": book.carry,
        "pnl": pnl,
        "return": pnl / (units * fill),
        "r": pnl / (units * placed.risk[k]),
        "mae": away[:, 0] / placed.risk[k],
        "mfe": away[:, 1] / placed.risk[k],
        "bars": held,
        "ambiguous": book.ambiguous,
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(k)))


def _reconcile(done: Run, cash: float) -> None:
    k = done.book.order
    traded = done.book.size * (done.placed.fill[k] + done.book.exit_fill)
    reconcile(profits(done), float(done.state.number[CASH]) - cash, cash + float(traded.sum()))


def reconcile(made: Floats, change: float, through: float) -> None:
    """The profits of all trades are the change of equity; anything else is a defect of ours.

    through: the money that went through the account. Raises ArithmeticError.
    """
    if not abs(change - float(made.sum())) <= ROUNDING * through:
        raise ArithmeticError(f"the account does not reconcile: trades {made.sum()!r}, equity {change!r}")
