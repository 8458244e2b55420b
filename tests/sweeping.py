"""What a sweep's rows are held against: `simulate` set by set, figures from the whole curve, the oracle."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from framework import metrics
from framework.bars import Bars
from framework.entries import policy
from framework.flags import first_exit
from framework.params import choice
from framework.setups import Setups
from framework.simulation import Result, Terms, simulate
from framework.workspace import Strategy, load_strategy
from tests import oracle
from tests.oracle import simulator
from tests.oracle.strategies import Case
from tests.simulation import COSTS, EXITS, SIZING, framework_entries

Floats: TypeAlias = NDArray[np.float64]

COUNTED = ("trades", "ambiguous", "win_rate", "exposure")
MONEY = {"costs": COSTS, "sizing": SIZING, "exits": EXITS}
HEAD = """from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from framework.params import choice, span
from framework.signals import Signals, as_setups
@dataclass(frozen=True)
class Params:
    fast: int = choice(3, among=(2, 3, 5, 8, 20), unit="bars")
    slow: int = choice(13, among=(2, 5, 13, 21), unit="bars")
    near: float = span(0.0, low=0.0, high=0.1, step=0.01)
    side: str = choice("both", among=("both", "long", "short"))
    sure: bool = choice(False, among=(False, True))
"""
# Closes above and below their means, which cross; with stops and targets of its own where `near` is above zero.
SIGNALS = """
def mean(x, n):
    return np.convolve(np.concatenate([np.full(n - 1, x[0]), x]), np.full(n, 1 / n), "valid")
def signals(bars, p):
    above = mean(bars.close, p.fast) > mean(bars.close, p.slow)
    up, down = above.copy(), ~above
    up[1:] &= ~above[:-1]
    down[1:] &= above[:-1]
    aim = bars.close * (1 + (2 * up - 1.0) * p.near) if p.near and not p.sure else None
    base = bars.close * (1 - (2 * up - 1.0) * p.near) if p.near else None
    return Signals(
        long_entry=up & (p.side != "short"), long_exit=down, short_entry=down & (p.side != "long"), short_exit=up,
        stop=base, target=aim,
    )
"""
LISTS = 16  # lists of signals that `of_lists` may be given


def ruled(folder: Path, text: str) -> Strategy:
    (folder / "strategies").mkdir()
    (folder / "strategies" / "crossing.py").write_text(text)
    return load_strategy(folder, "crossing")


def market(length: int, seed: int = 0, step: float = 0.02, drift: float = 0.0) -> Bars:
    """A random walk of hourly bars."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(drift, step, length)))
    opens = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, step / 4, length))
    high = np.maximum(opens, close) * (1 + rng.exponential(step / 2, length))
    low = np.minimum(opens, close) * (1 - rng.uniform(0, step / 2, length))
    columns = {"open": opens, "high": high, "low": low, "close": close, "volume": rng.uniform(1, 500, length)}
    index = pd.date_range("2020-01-01", periods=length, freq="h", tz="UTC")
    return Bars.from_frame(pd.DataFrame(columns, index=index), "WALK", "1h")


def table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A set a row, each value as it is: pandas would make whole numbers beside None fractional."""
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in rows[0]})


def alone(bars: Bars, strategy: Strategy, row: Mapping[str, Any], terms: Terms, cash: float) -> Result:
    """The set of one row by itself, on bars that remember nothing."""
    bars = bars[:]
    params = strategy.build({name: row[name] for name in row if name in strategy.parameters})
    setups = strategy.setups(bars, params)
    entries = policy(row.get("entry", "aggressive"))(bars, setups).entries
    entries = entries.take(setups.traded[entries.setup])
    leave = first_exit(entries.bar, entries.side, *strategy.exits(bars, params))
    for name, value in row.items():
        kind, _, option = name.partition(".")
        if option:
            changed = dataclasses.replace(getattr(terms, kind), **{option: value})
            terms = dataclasses.replace(terms, **{kind: changed})
    entries = dataclasses.replace(entries, exit_bar=leave)
    return simulate(bars, entries, terms.costs, terms.sizing, terms.exits, cash)


def of_result(result: Result) -> dict[str, float]:
    """Its figures from its tables."""
    trades, bars = result.trades, result.bars
    still = (trades["exit_reason"] == "open").to_numpy()
    at = {name: bars.index.get_indexer(trades[f"{name}_time"]) for name in ("entry", "exit")}
    held = np.where(still, len(bars), at["exit"]) - at["entry"]
    pnl, r, ambiguous = (trades[name].to_numpy() for name in ("pnl", "r", "ambiguous"))
    equity = result.equity.to_numpy()
    return _figures(pnl[~still], r[~still], ambiguous[~still], int(held.sum()), equity, result.cash, bars.per_year)


def of_oracle(case: Case, per_year: float) -> dict[str, float] | None:
    """The figures of the second simulator; None where rounding, or nobody, has decided what ruin is."""
    done = simulator.run(case.bars, case.signals, case.options)
    if done.on_the_edge or _lost_at_once(done, case):
        return None
    closed = [trade for trade in done.trades if trade.reason != "open"]
    pnl, r = np.array([trade.pnl for trade in closed]), np.array([trade.r for trade in closed])
    ambiguous = np.array([trade.ambiguous for trade in closed], bool)
    count = len(done.equity)
    held = sum((count if trade.reason == "open" else trade.exit_bar) - trade.entry_bar for trade in done.trades)
    return _figures(pnl, r, ambiguous, held, np.array(done.equity), case.options.cash, per_year)


def _lost_at_once(done: simulator.Simulation, case: Case) -> bool:
    """Whether an entry at a close costs all that there is: ruin at that close, or at the next one."""
    nothing = 1e-9 * case.options.cash
    return case.options.fill == "close" and any(done.equity[trade.entry_bar] <= nothing for trade in done.trades)


def _figures(
    pnl: Floats, r: Floats, ambiguous: NDArray[np.bool_], held: int, equity: Floats, cash: float, per_year: float
) -> dict[str, float]:
    r = r[~np.isnan(r)]
    one = np.zeros(len(pnl), np.int64)
    rate, middle = metrics.win_rate(pnl > 0, one), metrics.mean(r, one[: len(r)], 0)
    figures = {
        "trades": float(len(pnl)),
        "win_rate": rate.value,
        "win_rate_low": rate.low,
        "win_rate_high": rate.high,
        "expectancy_r": middle.value,
        "expectancy_r_error": float(r.std(ddof=1)) / math.sqrt(len(r)) if len(r) > 1 else math.nan,
        "profit_factor": metrics.profit_factor(r, one[: len(r)], 0).value,
        "ambiguous": float(ambiguous.mean()) if len(pnl) else math.nan,
        "total_return": equity[-1] / cash - 1,
        "sharpe": metrics.sharpe(equity, per_year).value,
        "max_drawdown": metrics.max_drawdown(equity),
        "exposure": held / len(equity),
    }
    if abs(equity.min()) < 1e-9 * cash or np.ptp(equity) < 1e-12 * cash:
        del figures["sharpe"]  # whether anything is left of the money, or has moved, is rounding
    if equity[0] <= 0:
        del figures["max_drawdown"]  # ruined at the first close: there was no high to fall from
    return figures


def differences(row: Mapping[str, Any], figures: Mapping[str, float]) -> list[str]:
    """One line a figure that differs: counts exactly, the others by more than 1e-9."""
    return [
        f"{name} is {float(row[name])!r}, should be {wanted!r}"
        for name, wanted in figures.items()
        if not _same(float(row[name]), wanted, 1e-14 if name in COUNTED else 1e-9)
    ]


def _same(ours: float, theirs: float, near: float) -> bool:
    return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=near, abs_tol=near)


def compare(
    found: pd.DataFrame, bars: Bars, strategy: Strategy, cash: float = 10_000.0, terms: Terms | None = None
) -> None:
    """Every row of a sweep against its set by itself."""
    names = [name for name in found if name in strategy.parameters or name == "entry" or "." in str(name)]
    for number, row in enumerate(found.to_dict("records")):
        result = alone(bars, strategy, {str(name): row[name] for name in names}, terms or Terms(), cash)
        wrong = differences(row, of_result(result)) + differences(row, result.metrics)
        assert not wrong, (number, {name: row[name] for name in names}, wrong)


@dataclasses.dataclass(frozen=True)
class Listed:
    """The parameters of `of_lists`."""

    which: int = choice(0, among=tuple(range(LISTS)))


def of_lists(lists: Sequence[list[oracle.Signal]]) -> Strategy:
    """A rule that says what the oracle is told: `which` of several lists of signals."""

    def find(bars: Bars, p: Listed) -> Setups:
        made = framework_entries(lists[p.which])
        return Setups(
            symbol=bars.symbol,
            timeframe=bars.timeframe,
            time=bars.time,
            rule="listed",
            kind=np.where(made.side > 0, "long", "short"),
            direction=made.side,
            anchors={},
            known_at=made.bar,
            stop=made.stop,
            features={},
            veto=np.full(len(made), "", "U1"),
            target=made.target,
            height=made.height,
        )

    def leave(bars: Bars, p: Listed) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        signals = lists[p.which]
        return np.array([one.exit_long for one in signals]), np.array([one.exit_short for one in signals])

    return Strategy("listed", Path("listed.py"), "", "", Listed, find, leave, None, stands=False)


def options(asked: oracle.Options) -> dict[str, Any]:
    """The oracle's options as columns of a sweep; its cash is not among them."""
    return {f"{kind}.{name}": getattr(asked, name) for kind, names in MONEY.items() for name in names}


def windowless(signals: list[oracle.Signal]) -> list[oracle.Signal]:
    """The same signals as if there were no windows."""
    return [
        dataclasses.replace(
            signal, entries=[dataclasses.replace(entry, window=0) for entry in signal.entries], exit_window=None
        )
        for signal in signals
    ]
