"""vectorbt beside ours: a Result as its Portfolio, and its own engine on our signals as a second opinion.

The only module that knows vectorbt, which takes two seconds to import: import it where it is asked for.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import vectorbt as vbt
from numpy.typing import NDArray
from vectorbt.base.array_wrapper import ArrayWrapper
from vectorbt.portfolio.enums import OrderSide, TradeDirection, TradeStatus, log_dt, order_dt
from vectorbt.utils.config import merge_dicts

from ..bars import Bars
from ..errors import UserError
from ..flags import first_exit
from ..signals import Entries, Signals
from .outcomes import outcomes
from .result import Result
from .rules import Costs, Exits, Sizing

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

YEAR = pd.Timedelta(days=365.25)  # what `Bars.per_year` counts in
EQUAL = 1e-9  # of the highest equity so far: how far vectorbt's value may lie from it

DIFFERENCES: dict[str, str] = {  # what vectorbt does
    "entry_bar": "It does not look at stop and target in the bar of entry; here they count from the fill on.",
    "gap_beyond_target": "It looks at the stop before the target also where the bar opened beyond the target.",
    "stop_before_exit": "A stop or target touched in a bar comes before an exit by signal that was due at its open.",
    "one_order_a_bar": "After a stop or target there is no other order in that bar: a reversal or entry is lost.",
    "reversal_size": "A reversal spends the cash at the fill; here at most the equity at the close of its signal.",
    "fraction": "It keeps a stop as a fraction of the fill, which moves its last bit: what just touches may be missed.",
    "ruin": "Nothing ends at ruin, and a short is covered only as far as the cash reaches.",
    "dust": "An order of less than a trillionth of a unit is dropped without a word.",
    "carry_in_fees": "It knows no funding or borrowing: to_portfolio adds them to the fees of a trade's last order.",
    "sharpe_of_nothing": "The Sharpe ratio of what never moves is infinite, of a ruined account a number; here NaN.",
}


class Account(vbt.Portfolio):  # type: ignore[misc]  # vectorbt has no types
    """A Portfolio with the symbol's own bars a year. moved: cash that comes without an order, a number a bar."""

    def __init__(self, *args: Any, moved: Floats | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.update_config(moved=moved)  # so that a copy has it too
        self._moved = moved

    def cash_flow(self, group_by: Any = None, **kwargs: Any) -> Any:
        flow = super().cash_flow(group_by=group_by, **kwargs)
        summed = self.wrapper.grouper.is_grouped(group_by=group_by)  # of columns that hold it already
        return flow if self._moved is None or summed else flow + self._moved

    def returns(self, *args: Any, **kwargs: Any) -> Any:
        """The first bar has none: vectorbt's zero would count as one more return."""
        known = super().returns(*args, **kwargs).copy()
        known.iloc[0] = np.nan
        return known

    def get_returns_acc(self, *args: Any, year_freq: Any = None, **kwargs: Any) -> Any:
        return super().get_returns_acc(*args, year_freq=year_freq or YEAR, **kwargs)

    @property
    def stats_defaults(self) -> Any:
        return merge_dicts(super().stats_defaults, {"settings": {"year_freq": YEAR}})


def to_portfolio(result: Result) -> vbt.Portfolio:
    """A vectorbt Portfolio of our own orders, whose trades, value and statistics are ours.

    The fees of its orders hold the carry as well (funding, borrowing): the exit's, of an open trade the entry's.
    Raises UserError where vectorbt cannot value the account as we do.
    """
    bars, trades = result.bars, result.trades
    close = pd.Series(bars.close.copy(), index=bars.index, name=bars.symbol)
    wrapper = ArrayWrapper.from_obj(close, freq=YEAR / bars.per_year if len(bars) > 1 else pd.Timedelta(bars.step))
    at = np.column_stack([bars.index.get_indexer(pd.Index(trades[name])) for name in ("entry_time", "exit_time")])
    cash = np.array([result.cash], dtype=float)
    portfolio = Account(wrapper, close, _orders(trades, at), np.empty(0, log_dt), cash, False)
    equity = np.asarray(result.equity, dtype=float)
    if bars.funding is not None or (trades["carry"] != 0).any():
        came, left = (np.bincount(at[:, i], minlength=len(bars)).cumsum() for i in (0, 1))
        # Between a trade's two orders its carry is paid at one bar and booked at another; elsewhere nothing is.
        late = np.where(came > left, equity - portfolio.value().to_numpy(), 0.0)
        portfolio = portfolio.replace(moved=np.diff(late, prepend=0.0))
    _check(portfolio, equity)
    return portfolio


def _orders(trades: pd.DataFrame, at: NDArray[np.int64]) -> NDArray[Any]:
    """The entry of every trade, followed by its exit unless it is open. at: the bars of both, a row a trade."""
    closed = np.asarray(trades["exit_reason"] != "open")
    there = np.column_stack([np.ones(len(trades), bool), closed])
    price = trades[["entry_price", "exit_price"]].to_numpy(float)
    value = price * there
    fees = trades["fees"].to_numpy(float)[:, None] * value / value.sum(axis=1, keepdims=True)
    fees[np.arange(len(trades)), closed.astype(int)] += trades["carry"].to_numpy(float)
    buys = np.asarray(trades["direction"] == "long")[:, None] == [True, False]
    records = np.zeros(there.shape, order_dt)
    records["idx"], records["size"] = at, trades["size"].to_numpy(float)[:, None]
    records["price"], records["fees"] = price, fees
    records["side"] = np.where(buys, OrderSide.Buy, OrderSide.Sell)
    done: NDArray[Any] = records[there]
    done["id"] = np.arange(len(done))
    return done


def _check(portfolio: vbt.Portfolio, equity: Floats) -> None:
    value = portfolio.value().to_numpy()
    wrong = np.nonzero(~(np.abs(value - equity) <= EQUAL * np.maximum.accumulate(np.abs(equity))))[0]
    if len(wrong):
        where, said, right = portfolio.wrapper.index[wrong[0]], value[wrong[0]], equity[wrong[0]]
        held = f"vectorbt, to which a trillionth of a unit is nothing, has {said:.9g} at {where} and not {right:.9g}"
        raise UserError("to_portfolio", held, "more cash to start with")


def second_opinion(
    bars: Bars,
    signals: Signals | Entries,
    costs: Costs | None = None,
    sizing: Sizing | None = None,
    exits: Exits | None = None,
    cash: float = 10_000.0,
    engine: str = "numba",
) -> pd.DataFrame:
    """The trades that vectorbt's own `from_signals` makes of our signals: one row a trade, columns named as ours.

    Which entries are refused by themselves, their stops and their targets are ours (`outcomes`); whether and when they
    are filled, where they end, their sizes and what they cost are vectorbt's. DIFFERENCES says where that is not ours.
    exit_reason is `open` or empty, as vectorbt does not say why it sold. engine: `numba`, `rust` or `auto`.
    Raises UserError naming every option that vectorbt has no word for.
    """
    costs, sizing, exits = costs or Costs(), sizing or Sizing(), exits or Exits()
    if not 0 < cash < np.inf:
        raise UserError("cash", f"is {cash!r}", "a positive amount")
    entries = signals.entries() if isinstance(signals, Signals) else signals
    _refuse(bars, entries, costs, sizing, exits)
    reverse = exits.on_opposite == "reverse"
    portfolio = vbt.Portfolio.from_signals(
        close=pd.Series(bars.close.copy(), index=bars.index),
        **_arrays(bars, entries, costs, sizing, exits),
        open=bars.open.copy(),
        high=bars.high.copy(),
        low=bars.low.copy(),
        price=(bars.close if exits.fill == "close" else bars.open).copy(),
        size_type="Amount" if reverse else "Percent",
        fees=float(costs.fee),
        slippage=float(costs.slippage),
        stop_entry_price="Price",  # the stop is a fraction of the price before slippage
        stop_exit_price="StopMarket",  # with slippage, as every fill of ours; vectorbt's own choice is without
        upon_stop_exit="Close",
        upon_opposite_entry={"exit": "Close", "reverse": "Reverse", "ignore": "Ignore"}[exits.on_opposite],
        accumulate=False,
        use_stops=True,
        init_cash=float(cash),
        freq=bars.step,
        engine=engine,
    )
    return _trades(bars, portfolio.exit_trades.values)


def _refuse(bars: Bars, entries: Entries, costs: Costs, sizing: Sizing, exits: Exits) -> None:
    """Name what vectorbt has no word for, and what it would have to be all in for."""
    reverse = exits.on_opposite == "reverse"
    unsaid = {
        "bars.funding": bars.funding is not None,
        "bars.finer": bars.finer is not None,
        "costs.tick": costs.tick is not None,
        "costs.borrow": costs.borrow > 0,
        "sizing.lot": sizing.lot is not None,
        "sizing.smallest": sizing.smallest is not None,
        "sizing.volume_share": sizing.volume_share is not None,
        "sizing.risk with a reversal": reverse and sizing.risk is not None,
        "sizing.fraction with a reversal": reverse and sizing.fraction < 1,
        "sizing.leverage with a reversal": reverse and sizing.leverage != 1,
        "exits.trail": exits.trail,
        "exits.break_even_r": exits.break_even_r is not None,
        "exits.time_stop": exits.time_stop is not None,
        "exits.inside_bar optimistic": exits.inside_bar == "optimistic",
        "entries.window": bool((entries.window != entries.window[:1]).any()),
    }
    asked = [name for name, is_asked in unsaid.items() if is_asked]
    if asked:
        raise UserError(", ".join(asked), "cannot be said to vectorbt's from_signals", "a run without it")


def _arrays(bars: Bars, entries: Entries, costs: Costs, sizing: Sizing, exits: Exits) -> dict[str, NDArray[Any]]:
    """What vectorbt reads of the signals, a value a bar of the fill."""
    n, shift = len(bars), 0 if exits.fill == "close" else 1
    alone = outcomes(bars, entries, exits, costs)
    fate, stop, target = (alone[name].to_numpy() for name in ("fate", "stop", "target"))
    entered = (fate == "entered") & ~(np.isnan(stop) & (sizing.risk is not None))
    sides = [np.isin(entries.bar, entries.bar[entries.side == side]) for side in (1, -1)]
    judged = (entries.bar + shift < n) & ~(sides[0] & sides[1]) & (fate != "with_exit")
    flags = {name: np.zeros(n, bool) for name in ("entries", "exits", "short_entries", "short_exits")}
    size, sl_stop, tp_stop = np.ones(n), np.full(n, np.nan), np.full(n, np.nan)
    share = _share(alone["entry_price"].to_numpy(), stop, costs, sizing)
    for k in np.nonzero(judged)[0][::-1]:  # backwards, so that the first of a bar is written last
        at, side = entries.bar[k] + shift, entries.side[k]
        if entered[k]:
            price = bars.close[at] if shift == 0 else bars.open[at]
            flags["entries" if side > 0 else "short_entries"][at] = True
            size[at], sl_stop[at], tp_stop[at] = share[k], side * (1 - stop[k] / price), side * (target[k] / price - 1)
        elif exits.on_opposite != "ignore":  # refused, it still closes what it is against
            flags["short_exits" if side > 0 else "exits"][at] = True
    if exits.on_opposite == "reverse":
        size[:] = np.inf  # all there is; a share vectorbt cannot turn round
    elif (size > 1).any():
        raise UserError("sizing.leverage", f"{size.max():g} equities are bought; vectorbt lends nothing", "at most one")
    for side, name in ((1, "exits"), (-1, "short_exits")):
        flags[name] |= _exits(entries, side, n, shift)
    return {**flags, "size": size, "sl_stop": sl_stop, "tp_stop": tp_stop}


def _share(fill: Floats, stop: Floats, costs: Costs, sizing: Sizing) -> Floats:
    """The part of the cash, fee included, that each entry is to spend: vectorbt takes the fee out of it, we add it."""
    part = sizing.fraction if sizing.risk is None else sizing.risk * fill / np.abs(fill - stop)
    return np.minimum(part * (1 + costs.fee), sizing.leverage) + np.zeros(len(fill))


def _exits(entries: Entries, side: int, n: int, shift: int) -> Bools:
    """The bars at which exit signals of a side are filled. Raises UserError where an entry has one of its own."""
    mine = entries.take(entries.side == side)
    flag = np.zeros(n, bool)
    flag[mine.exit_bar[mine.exit_bar < n]] = True
    if (first_exit(mine.bar, mine.side, flag, flag) != np.minimum(mine.exit_bar, n)).any():
        raise UserError("entries.exit_bar", "differs between entries of a side", "one exit signal for all: vectorbt's")
    return np.concatenate([np.zeros(shift, bool), flag[: n - shift]])


def _trades(bars: Bars, records: NDArray[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "direction": np.where(records["direction"] == TradeDirection.Long, "long", "short").astype(object),
            "entry_time": bars.index[records["entry_idx"]],
            "entry_price": records["entry_price"],
            "exit_time": bars.index[records["exit_idx"]],
            "exit_price": records["exit_price"],
            "exit_reason": np.where(records["status"] == TradeStatus.Open, "open", "").astype(object),
            "size": records["size"],
            "fees": records["entry_fees"] + records["exit_fees"],
            "pnl": records["pnl"],
        },
        index=pd.RangeIndex(len(records)),
    )
