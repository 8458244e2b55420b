"""A strategy's proof on one market, in lines: that nothing it finds depends on what follows, and its warm-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..bars import Bars
from ..entries import policy
from ..errors import MissingError, UserError
from ..table import moment
from ..workspace import Strategy
from .causality import Produce, leaks, prefixes
from .causes import cause
from .proof import producer
from .reach import SEED, Evidence, evidence
from .warmup import Settling, starts, warmup

OTHERS, FEW = 20, 8  # cuts for each value that is not a default; of more values the first and the last
EXPLAINED, TOLD = 100, 6  # cuts at which a leak is looked into, columns of it that are told one by one
AFTER = "      "  # before the lines that belong to the one above


def checked(rule: Strategy, bars: Bars, cuts: int, begin: int = 4) -> tuple[bool, list[str]]:
    """Whether the rule passes at so many cuts and other futures, and what to say of it, its warm-up included.

    Every other value of a parameter is looked at too, at fewer of them; values that ask for what the market's data
    does not have are named and count as passed. begin: how many later starts of the data tell how long the declared
    defaults take to settle; that is told and never fails. Raises UserError for too few bars.
    """
    at = prefixes(len(bars), cuts, seed=7)
    if not at:
        raise UserError(bars.symbol, f"{len(bars)} bars are too few to cut", "more bars, by --data")
    policies = {name: policy(name) for name in ("aggressive", "conservative") if rule.stands or name == "aggressive"}
    first, *others = _each_choice(rule)
    setups, looked, absent = 0, 0, dict[str, list[str]]()
    settles: list[str] = []
    for values in (first, *others):
        some = at if values is first else at[:: max(1, len(at) // OTHERS)]
        produce = producer(rule.setups, rule.exits, rule.build(values), policies)
        try:
            if _leaks(bars, produce, some):
                return False, _leaky(rule, bars, produce, some, values)
            if values is first:
                setups = len(rule.setups(bars, rule.build(first)))
                settles = _settles(rule, bars, produce, starts(len(bars), begin)) if begin else []
        except MissingError as error:
            absent.setdefault(error.wrong, []).append(_told(values, first))
            continue
        looked += values is not first
    more = f"; {looked} other values of its parameters at {min(len(at), OTHERS)}" if looked else ""
    word = f"ok    {rule.name} on {bars.symbol}: {len(at)} cuts and {len(at)} other futures{more}, {setups} setups"
    lines = [] if any("" in asked for asked in absent.values()) else [word, *settles]
    for wrong, asked in absent.items():
        what = "" if "" in asked else f" with {'; '.join(asked)}"
        lines.append(f"{'note  ' if lines else 'none  '}{rule.name} on {bars.symbol}{what}: {wrong}")
    return True, lines


def _leaks(bars: Bars, produce: Produce, cuts: list[int]) -> bool:
    return any(next(leaks(bars, produce, cuts, noise_seed=seed), None) for seed in (None, SEED))


def _leaky(rule: Strategy, bars: Bars, produce: Produce, cuts: list[int], values: dict[str, Any]) -> list[str]:
    """A block for each column that changes: its first row, the likely cause, what would be right."""
    found = evidence(bars, produce, _thinned(bars, produce, cuts))
    told = "".join(f", {name} = {value}" for name, value in values.items())
    lines = []
    for one in found[:TOLD]:
        how = "cut short" if one.cutting else "with another future"
        likely = cause(one, len(bars))
        lines.append(f"LEAK  {rule.name} on {bars.symbol}, {how}{told}: {_row(bars, one)}")
        lines += [f"{AFTER}likely cause: {likely.told}", f"{AFTER}right: {likely.right}"]
    others = ", ".join(f"{one.view}.{one.column}" for one in found[TOLD:])
    return [*lines, f"{AFTER}and {len(found) - TOLD} more columns: {others}"] if others else lines


def _thinned(bars: Bars, produce: Produce, cuts: list[int]) -> list[int]:
    """Not more cuts than are needed to look into a leak, the one that found it among them."""
    if len(cuts) <= EXPLAINED:
        return cuts
    leak = next(leak for seed in (None, SEED) for leak in leaks(bars, produce, cuts, noise_seed=seed))
    return sorted({*cuts[:: len(cuts) // EXPLAINED], leak.cut})


def _row(bars: Bars, one: Evidence) -> str:
    leak = one.first
    what = f"{one.view}: row" if one.column == "rows" else f"{one.view}.{one.column}:"
    seen = "data up to" if one.cutting else "other bars after"
    said = f"{_said(leak.full)} with all the data, {_said(leak.cut_short)} with {seen} bar {leak.cut}"
    plural = "" if one.rows == 1 else "s"
    return f"{what} known at bar {_at(bars, leak.bar)} is {said}; so at {one.rows:,} bar{plural} in all"


def _settles(rule: Strategy, bars: Bars, produce: Produce, begin: Sequence[int]) -> list[str]:
    """How long the rule takes to settle, beside its first setup, and a line for each column that never does."""
    found = warmup(bars, produce, begin)
    never = [one for one in found if one.bars is None]
    if any((one.view, one.column) == ("setups", "rows") for one in never):
        never = [one for one in never if not one.view.endswith(" entries")]  # they are made of the setups
    slowest = next((one for one in found if one.bars), None)
    after, by = (slowest.bars or 0, f" (slowest: {slowest.view}.{slowest.column})") if slowest else (0, "")
    known = produce(bars)["setups"][0]
    early = f"{np.count_nonzero(known < after)} of {len(known)} come sooner"
    first = f"the first setup is at bar {known[0]:,}, {early}" if len(known) else "there is no setup"
    head = f"warm-up: {'all else ' if never else ''}settles after {after:,} bar{'' if after == 1 else 's'}{by}"
    return [f"{AFTER}{head}, to a millionth of each value; {first}", *(_never(rule, bars, one) for one in never)]


def _never(rule: Strategy, bars: Bars, one: Settling) -> str:
    rows = (one.view, one.column) == ("setups", "rows")
    what = "which setups there are" if rows else f"{one.view}.{one.column}"
    seen = f"{_said(one.full)} with all the data, {_said(one.part)} with those from bar {one.start} on"
    told = f"{what} has not settled {one.bar - one.start:,} bars after the start: at bar {_at(bars, one.bar)} {seen}"
    likely = one.cause or "unknown, something goes back to the first bar"
    end = "; what is traded depends on where the data starts" if rows else ""
    return f"{'warn' if rows else 'note'}  {rule.name} on {bars.symbol}: {told}; likely cause: {likely}{end}"


def _at(bars: Bars, bar: int) -> str:
    return f"{bar} ({moment(int(bars.time[bar].astype(np.int64)))})"


def _said(value: object) -> str:
    """A value as one would write it; a time without the zeros."""
    if isinstance(value, np.datetime64):
        return "none" if np.isnat(value) else moment(int(value.astype("datetime64[us]").astype(np.int64)))
    return "''" if isinstance(value, str) and not value else str(value)


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
