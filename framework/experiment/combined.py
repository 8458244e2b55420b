"""Purged combinatorial cross-validation: paths through the data, each group of it tested by a set that never saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .ready import Ready
from .search import Evaluator, Tuned


def combined(made: Ready, evaluator: Evaluator, splits: Sequence[Tuned]) -> dict[str, Any] | None:
    """The paths' mean R by variant; None where none are asked for.

    A path takes each group's trades from the set that one split chose without it. The trades are those of one account
    through all the bars, so that a path is no account of its own: its mean R is of the trades whose signal lies in a
    group under that group's set. paths: mean R and trades of each; NaN without a trade. lost: the share that lost.
    """
    shape = made.experiment.combinatorial
    if shape is None:
        return None
    scored = evaluator.scored([one.chosen.values for one in splits])
    table = np.stack([one.grouped for one in scored])  # split, trades and R, group, variant
    groups = np.arange(shape.groups)
    found = {}
    for v, name in enumerate(made.trading.policies):
        trades, gained = (table[shape.paths, part, groups, v].sum(axis=1) for part in (0, 1))
        r = np.divide(gained, trades, out=np.full(len(trades), np.nan), where=trades > 0)
        known = r[~np.isnan(r)]
        found[name] = {
            "paths": [{"r": float(one), "trades": int(n)} for one, n in zip(r, trades, strict=True)],
            "median": float(np.median(known)) if len(known) else np.nan,
            "lost": float((known < 0).mean()) if len(known) else np.nan,
        }
    defaults = sum(one.best is None for one in splits)
    intervals = [
        {"start": one.start, "end": one.end, "tested": [s.number for s in made.splits if one in s.tests]}
        for one in evaluator.trainings.plan.groups
    ]
    return asdict(shape) | {"splits": len(splits), "defaults": defaults, "variants": found, "intervals": intervals}
