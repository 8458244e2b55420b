"""The answer in a sentence or two, drawn from the figures by stated rules and never beyond them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..metrics import BLOCKS, ENOUGH, Estimate
from .doubts import beats_chance, by_luck, doubts

THIN = f"under {ENOUGH} trades or {BLOCKS} blocks of time"


def verdict(summary: Mapping[str, Any]) -> dict[str, str]:
    """`answer`: does the rule work; `compared`: does waiting pay; `short`: both in a few words."""
    found = {name: _told(name, figures) for name, figures in summary["variants"].items()}
    period = f"{summary['period']['from']:%Y-%m-%d} to {summary['period']['to']:%Y-%m-%d}"
    where = f"Out of sample, {period}, {_list(summary['symbols'])} ({summary['timeframe']})"
    answer = f"{where}: {'; '.join(text for _, text in found.values())}."
    r = [figures["expectancy_r"] for figures in summary["variants"].values()]
    no_r = any(one["n"] and math.isnan(one["value"]) for one in r)
    said = {"answer": answer, "short": _short({name: sign for name, (sign, _) in found.items()}, no_r, summary)}
    if summary["paired"]:
        said["compared"] = _compared(summary["paired"])
    said |= doubts(summary)
    warnings = [*_on_defaults(summary["windows"]), *summary["notes"]]
    if summary["optimistic"]:
        warnings.append("Fills or bars were resolved optimistically: read every figure as an upper bound.")
    return said | ({"warning": " ".join(warnings)} if warnings else {})


def _on_defaults(windows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A walk-forward that could not choose is none; whoever reads the answer must know."""
    n = sum(window["chosen"] == "defaults" for window in windows)
    if not n:
        return []
    return [
        f"In {n} of {len(windows)} windows no parameter set had enough training trades in each variant: "
        "the declared defaults were traded there, nothing was chosen."
    ]


def _told(name: str, figures: Mapping[str, Any]) -> tuple[int | None, str]:
    r = Estimate(**figures["expectancy_r"])
    if not r.n:
        return None, f"{name} entries made no trade"
    if math.isnan(r.value):
        gained = f"{figures['total_return']:+.0%} in all, {_trades(r.n)}"
        return None, f"{name} entries have no R, since trades without a stop have none ({gained})"
    if not r.enough:
        few = f"{_trades(r.n)} {'is' if r.n == 1 else 'are'} too few to judge ({THIN})"
        return None, f"{name} entries made {r.value:+.2f} R a trade, but {few}"
    words = {1: "made money", -1: "lost money", 0: "show no edge"}[r.sided]
    interval = f"95 % {r.low:+.2f} to {r.high:+.2f}, {_trades(r.n)}"
    return r.sided, f"{name} entries {words}: {r.value:+.2f} R a trade ({interval})"


def _short(signs: Mapping[str, int | None], no_r: bool, summary: Mapping[str, Any]) -> str:
    if all(sign is None for sign in signs.values()):
        return "Nothing to judge by: trades without a stop have no R." if no_r else "Too few trades to tell."
    works = [name for name, sign in signs.items() if sign == 1]
    loses = [name for name, sign in signs.items() if sign == -1]
    luck = {name: by_luck(summary, name) for name in works}
    sure = [name for name in works if not luck[name]]
    if sure:
        compared = "more than random entries make" if beats_chance(summary, sure) else "not compared with chance"
        return f"Yes for {_list(sure)} entries in this period; {compared}."
    if works:
        why = list(dict.fromkeys(reason for reasons in luck.values() for reason in reasons))
        return f"{_list(works).capitalize()} entries made money, but {_list(why)}."
    if loses:
        return f"No: {_list(loses)} entries lost money."
    return "No edge shown."


def _compared(paired: Mapping[str, Any]) -> str:
    every = paired["all"]
    r = Estimate(**every["difference_r"])
    if not r.enough:
        return f"Waiting against entering at once: {every['setups']} setups are too few to compare ({THIN})."
    stayed_out = every["setups"] - every["conservative_filled"]
    # Whoever enters less often loses less with a rule that loses: that is not a merit of the entry.
    words = {
        1: "pays" if every["conservative_r"] > 0 else f"loses less, staying out of {stayed_out} of {every['setups']}",
        -1: "costs" if every["aggressive_r"] > 0 else "loses more",
        0: "makes no difference that shows",
    }[r.sided]
    text = (
        f"Waiting for the {paired['waits_for']} {words}: {every['conservative_r']:+.2f} against "
        f"{every['aggressive_r']:+.2f} R a setup, a difference of {r.value:+.2f} (95 % {r.low:+.2f} to {r.high:+.2f}, "
        f"{r.n} setups, not entered counts as 0)."
    )
    wins = every["wins"]
    won = {name: wins["both"] + wins[f"{name}_only"] for name in ("aggressive", "conservative")}
    return (
        f"{text} Entering at once won {won['aggressive']} of these {every['setups']} setups, waiting "
        f"{won['conservative']} of the {every['conservative_filled']} that it entered (not entered counts as not won: "
        f"exact McNemar {_chance(every['mcnemar_p'])})."
    )


def _chance(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _trades(n: int) -> str:
    return f"{n} trade{'' if n == 1 else 's'}"


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
