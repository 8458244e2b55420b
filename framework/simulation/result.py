"""From entries to a Result: the trades, what became of every entry, the equity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bars import Bars
from ..compiled import kernel
from ..errors import UserError
from ..setups import Setups
from ..signals import Entries, Signals
from .account import Ledger, account
from .kernel import FATES, REASONS, STILL_OPEN, Exit, Market, Orders, Rules, entry_bar, excursions
from .orders import market, orders, rules
from .outcomes import held_bars
from .rules import Costs, Exits, Sizing

Floats: TypeAlias = NDArray[np.float64]

ROUNDING = 1e-9  # of the money that went through the account


@dataclass(frozen=True, eq=False)
class Result:
    """One symbol's run.

    trades: one row a trade, columns as in SEMANTICS.md. equity: at every bar's close, indexed by the bar's opening
    stamp. fates: one word an entry, `entered` or why not. order: the entry of each trade. cash: at the start.
    """

    bars: Bars
    trades: pd.DataFrame
    equity: pd.Series[float]
    fates: list[str]
    order: NDArray[np.int64]
    cash: float


@dataclass(frozen=True)
class Terms:
    """How trades are done, one thing to hand on: costs, size, exits."""

    costs: Costs = Costs()
    sizing: Sizing = Sizing()
    exits: Exits = Exits()


def simulate(
    bars: Bars,
    signals: Signals | Entries,
    costs: Costs | None = None,
    sizing: Sizing | None = None,
    exits: Exits | None = None,
    cash: float = 10_000.0,
    setups: Setups | None = None,
) -> Result:
    """Trade `signals` on `bars`, one position at a time, as SEMANTICS.md says.

    setups: the table that the signals' setup rows point into; with it trades carry the setups' ids. Raises UserError
    for signals of another length than the bars, and ArithmeticError if the account does not reconcile.
    """
    if not 0 < cash < np.inf:
        raise UserError("cash", f"is {cash!r}", "a positive amount")
    if isinstance(signals, Signals) and len(signals) != len(bars):
        raise UserError("signals", f"have {len(signals)} rows for {len(bars)} bars", "one row a bar")
    entries = signals.entries() if isinstance(signals, Signals) else signals
    terms = Terms(costs or Costs(), sizing or Sizing(), exits or Exits())
    placed, options, book = _run(bars, entries, terms, cash)
    trades = _trades(bars, entries, placed, options, book, setups)
    _reconcile(trades, book.equity, cash)
    equity = pd.Series(book.equity, index=bars.index, name="equity")
    return Result(bars, trades, equity, [FATES[code] for code in book.fate], book.order, cash)


def closed_r(bars: Bars, entries: Entries, terms: Terms, cash: float) -> Floats:
    """R of the trades that `simulate` would close, without the tables: what a search needs of a run."""
    placed, _, book = _run(bars, entries, terms, cash)
    k = book.order[book.reason != STILL_OPEN]
    gone = book.reason != STILL_OPEN
    pnl = placed.side[k] * book.size[gone] * (book.exit_fill[gone] - placed.fill[k]) - book.fees[gone]
    return np.asarray(pnl / (book.size[gone] * placed.risk[k]))


def _run(bars: Bars, entries: Entries, terms: Terms, cash: float) -> tuple[Orders, Rules, Ledger]:
    placed = orders(bars, entries, terms.costs, terms.exits, terms.sizing)
    options = rules(terms.costs, terms.sizing, terms.exits)
    blank, count = account(market(bars, terms.exits, terms.costs), placed, options, float(cash))
    return placed, options, blank.first(count)


def _trades(
    bars: Bars, entries: Entries, placed: Orders, options: Rules, book: Ledger, setups: Setups | None
) -> pd.DataFrame:
    k, n = book.order, len(bars)
    side, fill, units = placed.side[k].astype(float), placed.fill[k], book.size
    entry = placed.bar[k] if options.at_close else placed.bar[k] + 1
    pnl = side * units * (book.exit_fill - fill) - book.fees
    away, held = _seen(market(bars, Exits(), Costs()), placed, options, book)
    row = entries.setup[k]
    ids = np.array([*(setups.ids if setups else []), ""], dtype=object)
    return pd.DataFrame(
        {
            "symbol": bars.symbol,
            "variant": "",
            "window": -1,
            "setup": ids[np.where(row < 0, -1, row)] if setups else np.where(row < 0, "", row.astype(str)),
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
            "pnl": pnl,
            "return": pnl / (units * fill),
            "r": pnl / (units * placed.risk[k]),
            "mae": away[:, 0] / placed.risk[k],
            "mfe": away[:, 1] / placed.risk[k],
            "bars": held,
            "ambiguous": book.ambiguous,
        },
        index=pd.RangeIndex(len(k)),
    )


@kernel
def _seen(market: Market, orders: Orders, rules: Rules, book: Ledger) -> tuple[Floats, NDArray[np.int64]]:
    """Worst and best distance, and bars in the market, a row a trade."""
    count, n = len(book.order), len(market.close)
    away, held = np.empty((count, 2)), np.empty(count, np.int64)
    for i in range(count):
        k = book.order[i]
        entry = entry_bar(orders.bar[k], rules)
        end = Exit(book.exit_bar[i], 0.0, book.reason[i], book.where[i], book.ambiguous[i])
        carried = 1 if rules.at_close else 0
        away[i] = excursions(market, entry, orders.fill[k], orders.side[k], end, book.exit_fill[i], carried)
        held[i] = held_bars(entry, end.bar, end.where, n, rules.at_close)
    return away, held


def _reconcile(trades: pd.DataFrame, equity: Floats, cash: float) -> None:
    """The profits of all trades are the change of equity; anything else is a defect of ours."""
    change = equity[-1] - cash
    through = cash + float((trades["size"] * (trades["entry_price"] + trades["exit_price"])).sum())
    if not abs(change - float(trades["pnl"].sum())) <= ROUNDING * through:
        raise ArithmeticError(f"the account does not reconcile: trades {trades['pnl'].sum()!r}, equity {change!r}")
