"""vectorbt over many parameter sets: in chunks of columns, on one core or more.

Threads help its Rust engine, which lets go of the GIL; its numba engine does not, so it has one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from framework.bars import Bars

from .levels import CASH, FEE, Floats, Levels, Prepared
from .peers import seconds
from .vbt import Columns, Engine, Figures, Simulator

CHUNKS = (1, 2, 5, 10, 20, 50, 100)
BLOCK = 50  # sets that one worker takes at a time


def warm_up(bars: Bars, engine: Engine) -> dict[str, float]:
    """Seconds of the import and of the first backtests, which compile; each is nothing when it was done before."""

    def load() -> None:
        import vectorbt  # noqa: F401  # the import is what is timed

    def first() -> None:
        sets = [Levels(overbought=60.0 + i) for i in range(5)] + [Levels(width=3)]
        for how in ("own", "numpy"):
            for chunk in (1, 5, 6):
                sweep(bars[:2_000], sets, engine, chunk, 1, how)

    return {"import": seconds(load), "first": seconds(first)}


def sweep(
    bars: Bars,
    sets: Sequence[Levels],
    engine: Engine,
    chunk: int = 1,
    workers: int = 1,
    how: Figures = "numpy",
    fee: float = FEE,
    prepared: Prepared | None = None,
) -> Floats:
    """METRICS of every set, shape (sets, 5), from bars; `chunk` columns are simulated at a time."""
    work = partial(_block, prepared or Prepared(bars), Simulator(bars, engine, fee), chunk, how)
    length = -(-min(BLOCK, -(-len(sets) // workers)) // chunk) * chunk  # whole chunks, and a block for every worker
    blocks = [sets[i : i + length] for i in range(0, len(sets), length)]
    if workers == 1:
        return np.vstack([work(block) for block in blocks])
    with ThreadPoolExecutor(workers) as threads:
        return np.vstack(list(threads.map(work, blocks)))


def by_portfolio(
    bars: Bars,
    sets: Sequence[Levels],
    engine: Engine,
    chunk: int = 10,
    prepared: Prepared | None = None,
    dated: bool = False,
) -> Floats:
    """The same sweep through vectorbt's `Portfolio`, as its documentation shows it.

    dated: its tables carry the bars' dates, as a user's do, without a zone: with UTC each of them converts every stamp
    to an object, which costs more than everything else together. Else they are indexed by numbers, which costs least.
    """
    import vectorbt as vbt

    prepared, rows = prepared or Prepared(bars), []
    index = bars.index.tz_localize(None)[1:] if dated else pd.RangeIndex(len(bars) - 1)
    options = {name: pd.DataFrame(getattr(bars, name)[1:, None], index) for name in ("open", "high", "low")}
    options |= {"price": options["open"], "fees": FEE, "init_cash": CASH, "freq": "1h", "engine": engine}
    if not dated:  # arrays are handed over faster than tables
        options |= {name: options[name].to_numpy() for name in ("open", "high", "low", "price")}
    for i in range(0, len(sets), chunk):
        enter, leave, stop = (pd.DataFrame(array, index) for array in _chunk(prepared, sets[i : i + chunk]))
        rules = {"sl_stop": stop, "stop_entry_price": "Price", "upon_long_conflict": "Exit"}
        held = vbt.Portfolio.from_signals(pd.Series(bars.close[1:], index), enter, leave, **options, **rules)
        closed = held.trades.closed
        figures = (held.total_return(), held.sharpe_ratio(), -held.max_drawdown(), closed.count(), closed.win_rate())
        rows.append(np.column_stack([np.atleast_1d(figure) for figure in figures]))
    return np.vstack(rows)


def _block(prepared: Prepared, simulator: Simulator, chunk: int, how: Figures, sets: Sequence[Levels]) -> Floats:
    rows = []
    for i in range(0, len(sets), chunk):
        part = sets[i : i + chunk]
        records = simulator.orders(len(part), *_chunk(prepared, part))
        rows.append(simulator.figures(records, len(part), how))
    return np.vstack(rows)


def _chunk(prepared: Prepared, sets: Sequence[Levels]) -> tuple[Columns, Columns, Columns]:
    """Entries, exits and stops of a chunk; a signal of the last bar can no longer be obeyed."""
    enter = _columns([prepared.entries(levels) for levels in sets])
    leave = _columns([prepared.leave(levels.period, levels.overbought) for levels in sets])
    return enter[:-1], leave[:-1], _columns([prepared.fraction(levels.width) for levels in sets])


def _columns(arrays: list[Columns]) -> Columns:
    """The arrays side by side, or as one column where they are one array."""
    if all(array is arrays[0] for array in arrays):
        return arrays[0][:, None]
    return np.column_stack(arrays)
