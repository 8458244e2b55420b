"""An experiment's markets: its bars, cut to its period, with all else that the file names of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..bars import Bars
from ..errors import UserError
from ..sources import funding, load, open_interest
from ..structure.timeframes import coarse
from .config import Experiment
from .tables import Data

BEYOND = 0.01  # of the price, by which finer bars may reach beyond their bar: feeds differ, markets differ more


class Asks(Protocol):
    """Whatever asks for data: an experiment, a ledger of claims."""

    @property
    def path(self) -> Path: ...
    @property
    def workspace(self) -> Path: ...
    @property
    def data(self) -> Data: ...


def load_files(asks: Asks) -> list[Bars]:
    """The bars of its symbols and files, with volume of other exchanges and open interest, cut to its period."""
    named = [f"sample:{symbol}" for symbol in asks.data.symbols]
    named += [str(asks.workspace / file) for file in asks.data.files]
    whole = [_loaded(asks, what) for what in named]
    _attach(asks, whole, "volume_of", _with_volume)
    _attach(asks, whole, "open_interest", _with_interest)
    return [_cut(bars, asks) for bars in whole]


def load_markets(experiment: Experiment) -> list[Bars]:
    """The experiment's bars. Raises UserError for two of one symbol, or a period without bars."""
    markets = [_made(bars, experiment) for bars in load_files(experiment)]
    for i, bars in enumerate(markets):
        if bars.symbol in [other.symbol for other in markets[:i]]:
            raise UserError(f"{experiment.path}: data", f"names {bars.symbol} twice", "each symbol once")
        if bars.timeframe != markets[0].timeframe:
            mixed = f"{markets[0].symbol} is {markets[0].timeframe}, {bars.symbol} is {bars.timeframe}"
            raise UserError(f"{experiment.path}: data", mixed, "markets of one timeframe, an experiment for each")
    _attach(experiment, markets, "funding", lambda bars, file, _: bars.with_funding(funding(file)))
    _attach(experiment, markets, "finer", _with_finer)
    return markets


def _loaded(experiment: Asks, what: str) -> Bars:
    try:
        return load(what, timeframe=experiment.data.timeframe, mend=experiment.data.mend)
    except UserError as error:
        raise UserError(f"{experiment.path}: data: {error.where}", error.wrong, error.right) from None


def _cut(bars: Bars, experiment: Asks) -> Bars:
    start, end = experiment.data.start, experiment.data.end
    first = int(np.searchsorted(bars.time, np.datetime64(start, "us"))) if start else 0
    last = int(np.searchsorted(bars.time, np.datetime64(end, "us") + np.timedelta64(1, "D"))) if end else len(bars)
    if last - first < 2:
        held = f"{bars.symbol} has no bars in it ({bars.index[0]:%Y-%m-%d} to {bars.index[-1]:%Y-%m-%d})"
        raise UserError(f"{experiment.path}: data.from", held, "a period that the data covers")
    return bars[first:last]


def _made(bars: Bars, experiment: Experiment) -> Bars:
    """The bars of the timeframe that is asked for, made of the file's, which then order what one of them cannot."""
    data, higher = experiment.data, experiment.context.higher
    if len(data.timeframes) > 1:
        wrong = f"names {len(data.timeframes)}, and a run has one"
        raise UserError(f"{experiment.path}: data.timeframes", wrong, "the command `chartproof run`, which runs each")
    try:
        if data.timeframes and data.timeframes != (bars.timeframe,):
            made = coarse(bars, data.timeframes[0], data.boundary).bars
            bars = made.with_finer(bars) if len(made) else made
        if higher:
            coarse(bars, higher.timeframe, higher.boundary)
    except UserError as error:
        key = "higher.timeframe" if higher and higher.timeframe in error.where else "data.timeframes"
        raise UserError(f"{experiment.path}: {key}", f"{error.where} {error.wrong}", error.right) from None
    if len(bars) < 2:
        held = f"{bars.symbol} has no whole bar of {bars.timeframe}"
        raise UserError(f"{experiment.path}: data.timeframes", held, "a smaller timeframe, or more data")
    return bars


def _attach(experiment: Asks, markets: list[Bars], key: str, attach: Callable[[Bars, Any, Data], Bars]) -> None:
    """Puts what the files under `key` hold to the bars they belong to, cut to their period."""
    for place, named in enumerate(getattr(experiment.data, key), start=len(experiment.data.symbols)):
        if not named:
            continue
        one = isinstance(named, str)
        files = str(experiment.workspace / named) if one else [str(experiment.workspace / file) for file in named]
        try:
            markets[place] = attach(markets[place], files, experiment.data)[:]
        except UserError as error:
            raise UserError(f"{experiment.path}: data.{key}: {error.where}", error.wrong, error.right) from None


def _with_volume(bars: Bars, files: list[str], data: Data) -> Bars:
    return bars.with_volume_of([load(file, timeframe=data.timeframe, mend=data.mend) for file in files])


def _with_interest(bars: Bars, file: str, data: Data) -> Bars:
    try:
        return bars.with_open_interest(open_interest(file), data.open_interest_in == "usd")
    except UserError as error:
        raise UserError(file, error.wrong, error.right) from None


def _with_finer(bars: Bars, file: str, data: Data) -> Bars:
    finer = load(file, mend=data.mend)
    made = bars.with_finer(finer)
    whole = made[:]
    if whole.finer is not None and _of_another(whole, whole.finer):
        wrong = f"most of its bars reach beyond the {bars.timeframe} bars of {bars.symbol} that they lie in"
        raise UserError(file, wrong, "finer bars of the same market, in the order of data.files")
    return made


def _of_another(bars: Bars, finer: Bars) -> bool:
    """Whether the finer bars' prices are not those of the bars they lie in: files named in the wrong order."""
    of = np.searchsorted(bars.time, finer.time, side="right") - 1
    inside = finer.time < bars.time[of] + bars.step
    high, low = bars.high[of] * (1 + BEYOND), bars.low[of] * (1 - BEYOND)
    return bool(((finer.high > high) | (finer.low < low))[inside].mean() > 0.5) if inside.any() else False
