"""Figures as a reader sees them: sensible digits, a true minus, the interval and the count beside every one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

Form: TypeAlias = Callable[[Any], str]

NONE = "–"
THIN = "\u202f"  # narrow space that does not break

FATES = {
    "entered": "entered",
    "vetoed": "vetoed",
    "setup_broken": "the setup broke first",
    "lapsed": "the wait ran out",
    "pending": "the data ended first",
    "with_exit": "exit signal on the same bar",
    "no_bar": "no next bar",
    "no_stop": "no stop to be found",
    "beyond_stop": "opened beyond its stop",
    "beyond_target": "opened beyond its target",
    "thin_risk": "stop too close",
}
REFUSALS = FATES | {
    "lapsed": "already in a position",
    "opposite": "in a position of the other side",
    "both_sides": "long and short on one bar",
    "no_cash": "no cash",
    "no_volume": "no volume in the entry bar",
    "too_small": "smaller than may be traded",
    "full": "as many positions as allowed",
    "ruined": "account ruined",
}
EXITS = {
    "signal": "exit signal",
    "trail": "moved stop",
    "time": "time stop",
    "opposite": "setup of the other side",
    "open": "open at the end",
}
OBJECTIVES = {
    "expectancy_r": "expectancy",
    "t_statistic_r": "t statistic of R",
    "total_r": "sum of R",
    "profit_factor_r": "profit factor",
}


@dataclass(frozen=True)
class Cell:
    """One place in a table: text large, then two small ones. few: rests on too little to be ranked, shown grey."""

    text: str
    small: str = ""
    note: str = ""
    few: bool = False


def number(value: Any, digits: int = 2, signed: bool = False) -> str:
    """A number with thousands separated; a dash where it is undefined. signed: also what rounds to zero bears one."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{abs(value):,.{digits}f}"
    if value == 0 or not (signed or any(digit in text for digit in "123456789")):
        return text
    return f"{'−' if value < 0 else '+' if signed else ''}{text}"


def count(value: int) -> str:
    return number(value, 0)


def ratio(value: Any) -> str:
    return number(value, 2)


def risks(value: Any, digits: int = 2) -> str:
    """A multiple of the initial risk, with its sign."""
    return f"{number(value, digits, signed=True)}{THIN}R" if _known(value) else NONE


def percent(value: Any, digits: int = 0, signed: bool = False) -> str:
    """A fraction as a percentage."""
    return f"{number(value * 100, digits, signed)}{THIN}%" if _known(value) else NONE


def gain(value: Any) -> str:
    """A return: a digit behind the point only where it says something."""
    return percent(value, 1 if _known(value) and abs(value) < 1 else 0, signed=True)


def price(value: Any) -> str:
    """A price in five significant digits, at least to the unit."""
    if not _known(value):
        return NONE
    size = math.floor(math.log10(abs(value))) if value else 0
    return number(value, min(max(4 - size, 0), 10 if size < 0 else 2))


def money(value: Any) -> str:
    """An amount: in whole units where they say enough."""
    return number(value, 0 if _known(value) and abs(value) >= 100 else 2)


def chance(value: Any) -> str:
    """A p value: two digits that count, and no false precision below one in ten thousand."""
    if not _known(value):
        return "p undefined"
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.{4 if value < 0.01 else 2}f}"


def span(low: Any, high: Any, form: Form) -> str:
    """A range, its unit said once."""
    if not (_known(low) and _known(high)):
        return ""
    first, last = form(low), form(high)
    unit = last.partition(THIN)[2]
    return f"{first.removesuffix(THIN + unit) if unit else first} to {last}"


def estimate(figure: Mapping[str, Any], form: Form, unit: str = "") -> Cell:
    """A figure with its 95 % interval and n; "too few" in front where it rests on too little to be ranked."""
    n = int(figure["n"])
    within = span(figure["low"], figure["high"], form)
    if not n or not _known(figure["value"]):
        return Cell(NONE, note="none" if not n else "not defined")
    if not figure["enough"]:
        return Cell(f"too few ({count(n)})", form(figure["value"]), within, few=True)
    return Cell(form(figure["value"]), within, rests(n) + unit)


def rests(n: int) -> str:
    return f"n{THIN}={THIN}{count(n)}"


def moment(value: Any, daily: bool = True) -> str:
    return f"{pd.Timestamp(value):{'%Y-%m-%d' if daily else '%Y-%m-%d %H:%M'}}"


def listed(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    """Reasons with how often, the most frequent first."""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{named(name, names)} {count(n)}" for name, n in rows) or "none"


def named(word: str, names: Mapping[str, str] = {}) -> str:
    """A name of the machine in a reader's words."""
    return names.get(word, word.replace("_", " "))


def plural(n: int, word: str) -> str:
    return f"{count(n)} {word}{'' if n == 1 else 's'}"


def joined(words: Iterable[str]) -> str:
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def minus(text: str) -> str:
    """A sentence with a true minus before its negative numbers; dates and ranges keep their hyphens."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


def setting(value: Any) -> str:
    """A configuration's value in one line."""
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(item) for item in value) or "none"
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}".replace("-", "−") if isinstance(value, float) else str(value)


def flat(content: Mapping[str, Any], head: str = "") -> list[tuple[str, str]]:
    """Nested tables as rows of dotted name and value."""
    rows: list[tuple[str, str]] = []
    for name, value in content.items():
        rows += flat(value, f"{head}{name}.") if isinstance(value, Mapping) else [(f"{head}{name}", setting(value))]
    return rows


def choice(setups: pd.DataFrame, drawn: Sequence[Mapping[str, Any]]) -> str:
    """How the gallery was chosen, in two sentences."""
    refused, vetoed = int((setups["veto"] != "").sum()), sum(bool(one["veto"]) for one in drawn)
    text = f"{count(len(drawn) - vetoed)} of the {plural(len(setups) - refused, 'setup')} that the rule let trade"
    text += f" and {count(vetoed)} of the {count(refused)} that were vetoed" if vetoed else ""
    return f"{text}. Chosen by kind and date alone, spread evenly over both, and never by how they ended."


def unsaid(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was tried and what these figures do not say: a headline and a sentence each."""
    windows = summary["windows"]
    trials = sum(one["trials"] for one in windows)
    over = f"over {plural(len(windows), 'training window')}"
    rows = [(f"{plural(trials, 'parameter set')} tried {over}", "No test window was looked at while choosing.")]
    defaults = [str(one["window"]) for one in windows if one["chosen"] == "defaults"]
    if defaults:
        text = "No set tried there closed enough training trades, so the declared defaults were traded."
        rows.append((f"Defaults in {'window' if len(defaults) == 1 else 'windows'} {joined(defaults)}", text))
    if summary["vetoes"]:
        text = f"Seen, recorded and not traded: {listed(summary['vetoes'], {})}."
        rows.append((f"{plural(sum(summary['vetoes'].values()), 'setup')} vetoed", text))
    left = summary["paired"]["left_out_at_the_end"] if summary["paired"] else 0
    if left:
        text = "Known too late for the longest wait to end within the data; not compared."
        rows.append((f"{plural(left, 'setup')} left out at the end", text))
    return rows


def described(groups: Sequence[tuple[str, Sequence[tuple[str, Mapping[str, Any]]]]]) -> str:
    """The dots and whiskers in words."""
    rows = [(title, name, one) for title, many in groups for name, one in many]
    told = [f"{title}, {named(name)}: {risks(one['value'])}, {plural(one['n'], 'trade')}" for title, name, one in rows]
    return "R a trade with its 95 % interval. " + "; ".join(told)


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)


def stake(sizing: Mapping[str, Any], funded: bool) -> str:
    """How much a trade puts at stake, beside buying and holding: two curves of different risk."""
    whole = "of the account" if sizing["shared"] else "of a market's part of it"
    if sizing["risk"] is not None:
        part = f"each trade risks {sizing['risk'] * 100:g}{THIN}% {whole}"
    else:
        part = f"each trade buys {sizing['fraction'] * 100:g}{THIN}% {whole}"
    paid = " and pays the funding too" if funded else ""
    return f"Buying and holding is always fully invested{paid}; {part}."
