"""A confluence filter for any rule: two more parameters, and setups that too little speaks for bear a veto."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..bars import Bars
from ..confluence import HIGHEST, ROUNDING, WEIGHTS, scored
from ..errors import UserError
from ..params import choice, span
from ..rules import FAMILIES, NONE
from ..setups import Setups
from ..workspace import Strategy

NAMES = {"threshold": "confluence", "weights": "confluence_weights", "without": "confluence_without"}
VETO = "too little confluence"


def confluent(strategy: Strategy) -> Strategy:
    """The rule with the parameters `confluence` (the least sum of weights to be traded, 0 for all),
    `confluence_weights`, and `confluence_without`, a family that does not count; its setups carry what all other rules
    say. Raises UserError where it has such parameters.
    """
    taken = [name for name in NAMES.values() if name in strategy.parameters]
    if taken:
        raise UserError(strategy.where, f"has a parameter {taken[0]}", "another name: [confluence] has taken it")
    fields = [
        (NAMES["threshold"], int, span(0, low=0, high=int(HIGHEST), step=1, searched=False)),
        (NAMES["weights"], str, choice("priority", among=tuple(WEIGHTS), searched=False)),
        (NAMES["without"], str, choice(NONE, among=(NONE, *FAMILIES), searched=False)),
    ]
    options: Any = strategy.params
    params = dataclasses.make_dataclass(
        strategy.params.__name__, fields, bases=(strategy.params,), frozen=options.__dataclass_params__.frozen
    )

    def find(bars: Bars, p: Any) -> Setups:
        asked = [getattr(p, name) for name in NAMES.values()]
        found = scored(bars, strategy.find(bars, p), *asked[1:])
        return found.refuse(found.features["f_confluence"] < asked[0] - ROUNDING, VETO)

    return dataclasses.replace(strategy, params=params, find=find)
