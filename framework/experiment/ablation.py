"""A rule of several conditions without each of them in turn: which of them does the work, and how many trades it costs.

Conditions are the legs that the rule itself names (`ablated`), what [context], [higher] and [confluence] ask of a
setup. Everything else stays: the windows, the parameters chosen for them, the exits. What is left out was chosen with
the others, so that this describes the combination; it does not test one without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..context import Context, seen
from ..params import Value
from ..rules import FAMILIES, family_of
from ..workspace import Strategy
from .alone import alone
from .config import Experiment
from .confluent import NAMES
from .outofsample import OutOfSample, setups_in


def ablation(tested: OutOfSample, experiment: Experiment) -> list[dict[str, Any]] | None:
    """A row a variant for the rule as it is (`without` empty), then for it without each condition: setups, filled, win
    rate and expectancy of setups traded by themselves in the test windows. None for a rule with fewer than two.
    """
    own = {family_of(rule) for rule in set(tested.setups["rule"])}
    legs = without_each(experiment, [values for _, values in tested.chosen], own)
    if len(legs) < 2:
        return None
    tables = {"": tested.setups}
    for leg, strategy in legs.items():
        trading = dataclasses.replace(tested.trading, strategy=strategy)
        tables[leg] = setups_in(trading, tested.markets, tested.chosen)
    return [
        {"without": leg} | alone(table, name, experiment.seed)
        for leg, table in tables.items()
        for name in experiment.variants
    ]


def without_each(
    experiment: Experiment, chosen: Sequence[Mapping[str, Value]], own: Collection[str] = ()
) -> dict[str, Strategy]:
    """The experiment's rule without each of its conditions, by what each is called. chosen: the values of each window.
    own: families of rules that the confluence does not count, being its own.
    """
    plain, context = experiment.plain, experiment.context
    legs = {leg: _without_leg(plain, leg) for values in chosen for leg in plain.ablated(plain.build(dict(values)))}
    if experiment.confluence and any(values[NAMES["threshold"]] for values in chosen):
        others = [family for family in FAMILIES if family not in own]
        legs |= {"the confluence": _changed(plain, NAMES["threshold"], 0)}
        legs |= {f"{family} in the confluence": _changed(plain, NAMES["without"], family) for family in others}
    made = {leg: dataclasses.replace(rule, find=seen(rule.find, context)) for leg, rule in legs.items()}
    return made | {
        name: dataclasses.replace(plain, find=seen(plain.find, one)) for name, one in _asked(context).items()
    }


def _without_leg(plain: Strategy, leg: str) -> Strategy:
    return dataclasses.replace(plain, find=lambda bars, p: plain.find(bars, plain.ablated(p).get(leg, p)))


def _changed(plain: Strategy, name: str, value: Value) -> Strategy:
    return dataclasses.replace(plain, find=lambda bars, p: plain.find(bars, dataclasses.replace(p, **{name: value})))


def _asked(context: Context) -> Mapping[str, Context]:
    """The context without each thing that it asks of a setup."""

    def less(where: str, name: str) -> Context:
        left: Any = {where: tuple(one for one in getattr(context, where) if one != name)}
        return dataclasses.replace(context, **left)

    made = {f"context {name}": less("require", name) for name in context.require}
    made |= {f"context not {name}": less("refuse", name) for name in context.refuse}
    if context.higher and context.higher.demand != "recorded":
        free = dataclasses.replace(context.higher, demand="recorded")
        made[f"context {context.higher.state} on {context.higher.timeframe}"] = dataclasses.replace(
            context, higher=free
        )
    return made
