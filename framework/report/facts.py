"""What stands at the head of the page: the rule, the markets, the period, the terms of trading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import words
from .words import percent

Facts = list[tuple[str, str]]


def facts(summary: Mapping[str, Any], manifest: Mapping[str, Any]) -> Facts:
    """Names and what they are, in a reader's words."""
    costs, windows = manifest["configuration"]["costs"], manifest["configuration"]["windows"]
    tests = words.plural(len(summary["windows"]), "window")
    period = summary["period"]
    return [
        ("Strategy", summary["strategy"]),
        ("Markets", f"{words.joined(summary['symbols'])}, {summary['timeframe']}"),
        ("Period, out of sample", f"{words.moment(period['from'])} to {words.moment(period['to'])}"),
        ("Walk-forward", f"{tests}: {windows['kind']}, {windows['train']} training, {windows['test']} test"),
        ("Trials", words.count(manifest["trials"])),
        ("Costs a fill", f"{percent(costs['fee'], 2)} fee, {percent(costs['slippage'], 2)} slippage"),
        *_holding(summary, costs),
        *_cash(summary, manifest["configuration"]["sizing"]),
        *_finer(summary),
    ]


def _holding(summary: Mapping[str, Any], costs: Mapping[str, Any]) -> Facts:
    """What holding costs or earns besides the price."""
    held: Facts = []
    if summary["funding"]:
        rates = [f"{name} {percent(one['a_year'], 1, True)}" for name, one in summary["funding"].items()]
        held.append(("Funding, paid by longs", f"{words.joined(rates)} a year"))
    if costs["borrow"]:
        held.append(("Borrowing, paid by shorts", f"{percent(costs['borrow'], 2)} a year"))
    return held


def _cash(summary: Mapping[str, Any], sizing: Mapping[str, Any]) -> Facts:
    if not sizing["shared"]:
        return []
    rank = sizing["rank"].removeprefix("-")
    first = f"{'lowest' if sizing['rank'].startswith('-') else 'highest'} {rank}" if rank else "in their order above"
    most = words.plural(sizing["positions"], "position") if sizing["positions"] else "one position in each"
    account = f"one for {words.plural(len(summary['symbols']), 'market')}, at most {most}"
    return [("Cash", account), ("Entered first", first)]


def _finer(summary: Mapping[str, Any]) -> Facts:
    """Which bars were ordered by finer ones where they held stop and target both."""
    if not summary["finer"]:
        return []
    told = [f"{name} {one['timeframe']}, {percent(one['share'])} of its bars" for name, one in summary["finer"].items()]
    of = f"{len(told)} of {words.plural(len(summary['symbols']), 'market')}"
    return [("Finer bars", f"{of}: {'; '.join(told)}")]
