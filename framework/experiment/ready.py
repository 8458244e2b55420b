"""An experiment's input, all of it understood and checked before anything is run or written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..bars import Bars
from ..entries import policy
from ..errors import UserError
from ..simulation import Terms
from ..study import reached
from ..validation.causality import leaks, prefixes
from ..validation.combinatorial import Split
from ..validation.proof import producer
from ..validation.trading import Trading, ranked
from ..validation.training import Sight
from ..validation.walk import row_at
from ..validation.windows import Window, length, windows
from .config import Experiment
from .markets import load_markets

CUTS = 12  # prefixes of each market that a run proves before it believes a rule


@dataclass(frozen=True, eq=False)
class Ready:
    """An experiment whose input is all understood and whose rule has been shown not to look ahead.

    markets: without what is held out. whole: with it. held_from: where that begins, None where nothing is held out.
    splits: of the combinatorial validation, none where none is asked for.
    """

    experiment: Experiment
    markets: list[Bars]
    whole: list[Bars]
    held_from: pd.Timestamp | None
    windows: list[Window]
    splits: list[Split]
    trading: Trading


def ready(experiment: Experiment) -> Ready:
    """Its markets, its windows and how it trades, all of them checked. Raises UserError for wrong input."""
    if experiment.beside:
        name, values = experiment.beside
        wrong = f"names {len(values)}, and a run has one"
        raise UserError(f"{experiment.path}: beside.{name}", wrong, "the command `chartproof run`, which runs each")
    whole = load_markets(experiment)
    try:
        held_from = _held_from(experiment, whole)
        markets = _before(whole, held_from)
        calendar = union(markets)
        cut = windows(calendar, experiment.lengths)
        splits = experiment.combinatorial.splits(calendar) if experiment.combinatorial else []
        _trained(experiment, markets, cut)
        reached(experiment.search)
    except UserError as error:
        raise UserError(f"{experiment.path}: {error.where}", error.wrong, error.right) from None
    trading = trading_of(experiment, len(markets))
    prove(experiment, trading, whole if experiment.look else markets, experiment.fixed, CUTS)
    return Ready(experiment, markets, whole, held_from, cut, splits, trading)


def union(markets: Sequence[Bars]) -> pd.DatetimeIndex:
    """The opens of all markets' bars, UTC, ascending, each once."""
    times = np.unique(np.concatenate([bars.time for bars in markets]))
    return pd.DatetimeIndex(times).tz_localize("UTC")


def _held_from(experiment: Experiment, markets: Sequence[Bars]) -> pd.Timestamp | None:
    if experiment.holdout is None:
        return None
    calendar, last = union(markets), length(experiment.holdout, "holdout.last")
    begun: pd.Timestamp | None
    if isinstance(last, int):
        begun = calendar[max(len(calendar) - last, 0)]
    else:
        begun = _earlier(calendar[-1] + max(bars.step for bars in markets), last)
    if begun is None or begun <= calendar[0]:
        held = f"'{experiment.holdout}' leaves nothing to search in ({calendar[0]:%Y-%m-%d} to {calendar[-1]:%Y-%m-%d})"
        raise UserError("holdout.last", held, "a shorter one")
    return pd.Timestamp(begun)


def _earlier(moment: pd.Timestamp, length: pd.DateOffset) -> pd.Timestamp | None:
    """None before all time."""
    try:
        return moment - length
    except (ValueError, OverflowError):
        return None


def _before(markets: Sequence[Bars], moment: pd.Timestamp | None) -> list[Bars]:
    if moment is None:
        return list(markets)
    for bars in markets:
        if row_at(bars, moment) < 2:
            raise UserError("holdout.last", f"leaves nothing of {bars.symbol} to search in", "a shorter one")
    return [bars[: row_at(bars, moment)] for bars in markets]


def _trained(experiment: Experiment, markets: Sequence[Bars], cut: Sequence[Window]) -> None:
    for window in cut:
        sights = [Sight.of(bars, window, experiment.embargo) for bars in markets]
        if all(one.last <= one.first for one in sights):
            held = f"{experiment.embargo} bars leave nothing of the training before {window.test_start:%Y-%m-%d}"
            raise UserError("windows.embargo", held, "a shorter embargo, or a longer training")


def trading_of(experiment: Experiment, markets: int) -> Trading:
    """How an experiment trades so many markets."""
    wait = experiment.conservative
    options: dict[str, Mapping[str, Any]] = {
        "aggressive": {},
        "conservative": {"wait": wait.wait, "left": wait.swing, "right": wait.swing, "stop": wait.stop},
    }
    return Trading(
        strategy=experiment.strategy,
        policies={name: policy(name, **options[name]) for name in experiment.variants},
        terms=Terms(experiment.costs, experiment.sizing, experiment.exits),
        cash=experiment.cash,
        wait=wait.wait,
        opposite_setup=experiment.opposite_setup,
        shared=experiment.shared,
        rank=experiment.rank,
        markets=markets,
    )


def prove(experiment: Experiment, trading: Trading, markets: Sequence[Bars], values: Any, cuts: int) -> None:
    """No result is worth anything if the rule looks ahead; a few cuts and other futures cost next to nothing."""
    params = experiment.strategy.build(dict(values))
    _suit(experiment, markets, params)
    experiment.strategy.panel(markets[0], params)  # what the report will draw: a fault there is better known now
    searched = [f"{name} = {values[name]}" for name in experiment.space]
    produce = producer(experiment.strategy.setups, experiment.strategy.exits, params, trading.policies)
    for bars in markets:
        at = prefixes(len(bars), cuts, experiment.seed)
        for leak in itertools.chain(leaks(bars, produce, at), leaks(bars, produce, at[::2], experiment.seed)):
            raise UserError(
                f"strategies/{experiment.strategy.name}.py",
                f"looks ahead on {bars.symbol}: {leak} ({', '.join(searched) or 'declared defaults'})",
                f"see `chartproof check {experiment.strategy.name}`",
            )


def _suit(experiment: Experiment, markets: Sequence[Bars], params: Any) -> None:
    """What the options ask of the rule's setups must be there: the feature of the rank, the height of the target."""
    rank, height = experiment.rank, experiment.exits.target_height
    found = [experiment.strategy.setups(bars, params) for bars in markets] if rank or height else []
    try:
        if rank:
            ranked(found[0], rank)
        if height and any(map(len, found)) and all(np.isnan(one.height).all() for one in found):
            none = f"no setup of {experiment.strategy.name} has a height"
            raise UserError("exits.target_height", none, "another target, as target_r = 2")
    except UserError as error:
        raise UserError(f"{experiment.path}: {error.where}", error.wrong, error.right) from None
