"""The answer in a sentence or two, drawn from the figures by stated rules and never beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..metrics import BLOCKS, ENOUGH, Estimate

THIN = f"under {ENOUGH} trades or {BLOCKS} blocks of time"


def verdict(summary: Mapping[str, Any]) -> dict[str, str]:
    """`answer`: does the rule work; `compared`: does waiting pay; `short`: both in a few words."""
    found = {name: _told(name, figures) for name, figures in summary["variants"].items()}
    period = f"{summary['period']['from']:%Y-%m-%d} to {summary['period']['to']:%Y-%m-%d}"
    where = f"Out of sample, {period}, {_list(summary['symbols'])} ({summary['timeframe']})"
    answer = f"{where}: {'; '.join(text for _, text in found.values())}."
    said = {"answer": answer, "short": _short({name: sign for name, (sign, _) in found.items()})}
    if summary["paired"]:
        said["compared"] = _compared(summary["paired"])
    if summary["optimistic"]:
        said["warning"] = "Fills or bars were resolved optimistically: read every figure as an upper bound."
    return said


def _told(name: str, figures: Mapping[str, Any]) -> tuple[int | None, str]:
    r = Estimate(**figures["expectancy_r"])
    if not r.n:
        return None, f"{name} entries made no trade"
    if not r.enough:
        return None, f"{name} entries made {r.value:+.2f} R a trade, but {_trades(r.n)} are too few to judge ({THIN})"
    words = {1: "made money", -1: "lost money", 0: "show no edge"}[r.sided]
    interval = f"95 % {r.low:+.2f} to {r.high:+.2f}, {_trades(r.n)}"
    return r.sided, f"{name} entries {words}: {r.value:+.2f} R a trade ({interval})"


def _short(signs: Mapping[str, int | None]) -> str:
    if all(sign is None for sign in signs.values()):
        return "Too few trades to tell."
    works = [name for name, sign in signs.items() if sign == 1]
    loses = [name for name, sign in signs.items() if sign == -1]
    if works:
        return f"Yes for {_list(works)} entries in this period; not yet compared with chance."
    if loses:
        return f"No: {_list(loses)} entries lost money."
    return "No edge shown."


def _compared(paired: Mapping[str, Any]) -> str:
    every = paired["all"]
    r = Estimate(**every["difference_r"])
    if not r.enough:
        return f"Waiting against entering at once: {every['setups']} setups are too few to compare ({THIN})."
    # Whoever enters less often loses less with a rule that loses: that is not a merit of the entry.
    words = {
        1: "pays" if every["conservative_r"] > 0 else "loses less, with a rule that loses",
        -1: "costs" if every["aggressive_r"] > 0 else "loses more, with a rule that loses",
        0: "makes no difference that shows",
    }[r.sided]
    text = (
        f"Waiting for the second bottom {words}: {r.value:+.2f} R a setup against entering at once "
        f"(95 % {r.low:+.2f} to {r.high:+.2f}, {r.n} setups, not entered counts as 0)."
    )
    wins = every["wins"]
    won = {name: wins["both"] + wins[f"{name}_only"] for name in ("aggressive", "conservative")}
    return (
        f"{text} Entering at once won {won['aggressive']} of these {every['setups']} setups, "
        f"waiting {won['conservative']} (it entered {every['conservative_filled']} of them); "
        f"exact McNemar {_chance(every['mcnemar_p'])}."
    )


def _chance(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _trades(n: int) -> str:
    return f"{n} trade{'' if n == 1 else 's'}"


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
