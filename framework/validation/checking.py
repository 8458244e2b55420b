"""A strategy's proof on one market, in lines: that nothing it finds depends on what comes after it."""

from __future__ import annotations

from typing import Any

from ..bars import Bars
from ..entries import policy
from ..errors import MissingError, UserError
from ..workspace import Strategy
from .causality import leaks, prefixes
from .proof import producer

OTHERS, FEW = 20, 8  # cuts for each value that is not a default; of more values the first and the last


def checked(rule: Strategy, bars: Bars, cuts: int) -> tuple[bool, list[str]]:
    """Whether the rule passes at so many cuts and other futures, and what to say of it.

    Every other value of a parameter is looked at too, at fewer of them; values that ask for what the market's data
    does not have are named and count as passed. Raises UserError for too few bars.
    """
    at = prefixes(len(bars), cuts, seed=7)
    if not at:
        raise UserError(bars.symbol, f"{len(bars)} bars are too few to cut", "more bars, by --data")
    policies = {name: policy(name) for name in ("aggressive", "conservative") if rule.stands or name == "aggressive"}
    first, *others = _each_choice(rule)
    setups, looked = 0, 0
    absent: dict[str, list[str]] = {}
    for values in (first, *others):
        some = at if values is first else at[:: max(1, len(at) // OTHERS)]
        produce = producer(rule.setups, rule.exits, rule.build(values), policies)
        try:
            leak = _leak(bars, produce, some)
            setups = len(rule.setups(bars, rule.build(first))) if values is first else setups
        except MissingError as error:
            absent.setdefault(error.wrong, []).append(_told(values, first))
            continue
        if leak:
            told = "".join(f", {name} = {value}" for name, value in values.items())
            said = f"LEAK  {rule.name} on {bars.symbol}, {leak[0]}{told}: {leak[1]}"
            return False, [said, "      likely cause: a value is used at a bar before it could be known"]
        looked += values is not first
    more = f"; {looked} other values of its parameters at {min(len(at), OTHERS)}" if looked else ""
    word = f"ok    {rule.name} on {bars.symbol}: {len(at)} cuts and {len(at)} other futures{more}, {setups} setups"
    lines = [] if any("" in asked for asked in absent.values()) else [word]
    for wrong, asked in absent.items():
        what = "" if "" in asked else f" with {'; '.join(asked)}"
        lines.append(f"{'note  ' if lines else 'none  '}{rule.name} on {bars.symbol}{what}: {wrong}")
    return True, lines


def _leak(bars: Bars, produce: Any, cuts: list[int]) -> tuple[str, Any] | None:
    for seed, how in ((None, "cut short"), (11, "with another future")):
        leak = next(leaks(bars, produce, cuts, noise_seed=seed), None)
        if leak:
            return how, leak
    return None


def _each_choice(rule: Strategy) -> list[dict[str, Any]]:
    """The declared defaults, then other values of every parameter, one at a time: each path of the rule once."""
    first = {name: parameter.default for name, parameter in rule.parameters.items() if parameter.required}
    sets: list[dict[str, Any]] = [first]
    for name, parameter in rule.parameters.items():
        values = parameter.values if len(parameter.values) <= FEW else (parameter.values[0], parameter.values[-1])
        sets += [first | {name: value} for value in values if value != parameter.default]
    return sets


def _told(values: dict[str, Any], first: dict[str, Any]) -> str:
    """The value that is not a default; empty for the defaults themselves."""
    return ", ".join(f"{name} = {value}" for name, value in values.items() if first.get(name) != value)
