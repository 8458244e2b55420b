"""What a scan found: rows and sentences for the terminal, and a page with a picture of every live setup."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from ..bars import Bars
from ..setups import DRAWN
from .templates import template
from .words import FATES, NONE, THIN, count, moment, named, number, percent, plural, price, rests, risks, setting, span

Content: TypeAlias = Mapping[str, Any]
Panel: TypeAlias = Any

# Heads of the table, and whether what is under them is a number.
COLUMNS = (
    ("market", False),
    ("rule", False),
    ("side", False),
    ("kind", False),
    ("known", False),
    ("entry", False),
    ("state", False),
    ("stop", True),
    ("to the stop", True),
    ("target", True),
)
WHY = FATES | {"stop": "stop hit", "target": "target reached", "signal": "exit signal", "trail": "moved stop hit"}
WHY |= {"setup_broken": "the setup broke", "time": "time stop"}
ADVICE = (
    "A live setup is no advice. It says what a rule sees at the last close, not that the rule works: that is what its "
    "report is for."
)
SEPARATOR = " · "


@dataclass(frozen=True, eq=False)
class Drawn:
    """A live setup and what is drawn of it. entries: time and price of the fill (None and NaN before), stop, target."""

    row: Mapping[str, Any]
    bars: Bars
    below: Panel | None
    lines: pd.DataFrame
    entries: Sequence[tuple[pd.Timestamp | None, float, float, float]]


def rows(content: Content) -> list[list[str]]:
    """A row of the table for each entry of a live setup, in the order of COLUMNS."""
    made = []
    for one in content["setups"]:
        for entry in one["entries"] if one["live"] else []:
            if entry["state"] != "over":
                head = [f"{one['symbol']} {one['timeframe']}", one["strategy"], one["side"], named(one["kind"])]
                made.append([*head, _known(one), entry["variant"], _state(entry), *_levels(entry)])
    return made


def _known(one: Content) -> str:
    ago = one["bars_ago"]
    return f"{_day(one['known_at'])}, {plural(ago, 'bar') + ' ago' if ago else 'last bar'}"


def _state(entry: Content) -> str:
    if entry["state"] == "waiting":
        return f"waits for {entry['waits_for']}"
    return "next open" if entry["state"] == "next_open" else f"filled at {price(entry['price'])}, {_day(entry['time'])}"


def _levels(entry: Content) -> list[str]:
    """Stop, the way there, target; those of a fill that is still to come bear a tilde."""
    about = "~" if entry["state"] == "next_open" else ""
    stop, target = ("" if entry[name] is None else about + price(entry[name]) for name in ("stop", "target"))
    if entry["to_stop"] is None:
        return [stop or NONE, NONE, target or NONE]
    atr = f", {number(entry['to_stop_atr'], 1)}{THIN}ATR" if entry["to_stop_atr"] is not None else ""
    return [stop, f"{percent(entry['to_stop'], 1)}{atr}", target or NONE]


def _day(stamp: str) -> str:
    at = pd.Timestamp(stamp)
    return moment(at, at == at.normalize())


def notes(content: Content) -> list[str]:
    """What is said beside the table: the last bars, what was found and is not live, what the last reports said."""
    live = sum(one["live"] for one in content["setups"])
    within = plural(content["within"], "bar")
    found = plural(len(content["setups"]), "setup")
    lines = [f"{found} known in the last {within}, {count(live)} live" if found else "", *_over(content)]
    lines += [f"skipped: {one}" for one in content["skipped"]]
    lines += [_market(one) for one in content["markets"]]
    lines += [line for rule in _with_setups(content) for line in _report(rule)]
    if any(entry["state"] == "next_open" for one in content["setups"] for entry in one["entries"]):
        lines.append("~ as though filled at the last close; the next open is not known")
    if live:
        lines.append("each setup by itself: an account that is in a position already takes no other of its market")
    return [*lines, ADVICE]


def _with_setups(content: Content) -> list[Content]:
    """The rules with a live setup."""
    live = {one["strategy"] for one in content["setups"] if one["live"]}
    return [rule for rule in content["rules"] if rule["strategy"] in live]


def _over(content: Content) -> list[str]:
    reasons: Counter[str] = Counter()
    for one in content["setups"]:
        if not one["live"]:
            whys = dict.fromkeys(_why(entry["why"]) for entry in one["entries"])
            reasons[f"vetoed ({one['veto']})" if one["veto"] else ", ".join(whys)] += 1
    return [f"not live: {SEPARATOR.join(f'{why} {count(n)}' for why, n in reasons.most_common())}"] if reasons else []


def _why(word: str) -> str:
    if word.startswith("at_the_close_"):
        return f"no entry at the last close's price ({named(word.removeprefix('at_the_close_'), WHY)})"
    return named(word, WHY)


def _market(one: Content) -> str:
    return f"{one['symbol']} {one['timeframe']}: last bar {_day(one['last'])}, close {price(one['close'])}"


def _report(rule: Content) -> list[str]:
    """The parameters of a rule, and what its last report said."""
    last = rule["last_report"]
    lines = [f"{rule['strategy']}: {rule['chosen']}"]
    if last is None:
        return [*lines, f"{rule['strategy']}: no finished run in reports/, so nothing is known of whether it works"]
    figures = [f"{name} {_expectancy(one)}" for name, one in last["expectancy_r"].items()]
    return [*lines, f"{rule['strategy']}, last report ({last['run']}): {'; '.join(figures)}"]


def _expectancy(one: Content) -> str:
    if one["value"] is None:
        return f"not defined, {rests(one['n'])}"
    within = span(one["low"], one["high"], risks)
    few = "" if one["enough"] else ", too few to say"
    return f"{risks(one['value'])} a trade{f' (95 % {within})' if within else ''}, {rests(one['n'])}{few}"


def render(content: Content, drawn: Sequence[Drawn]) -> str:
    """One HTML page: the table, the sentences, a picture of every live setup. drawn: of these, in their order."""

    live = [one for one in content["setups"] if one["live"]]
    first, *others = notes(content)
    view = {
        "columns": COLUMNS,
        "rows": rows(content),
        "found": first,
        "notes": [line for line in others if line != ADVICE],
        "advice": ADVICE,
        "cards": _cards(live, drawn),
        "rules": [(rule["strategy"], rule["chosen"], _settings(rule)) for rule in _with_setups(content)],
    }
    return template("scan.html.j2").render(view)


def _settings(rule: Content) -> str:
    return ", ".join(f"{named(name)} {setting(value)}" for name, value in rule["parameters"].items())


def _cards(live: Sequence[Content], drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
    import matplotlib as mpl  # noqa: PLC0415  # as in render

    from .figures import STYLE  # noqa: PLC0415
    from .picture import picture, scene_of  # noqa: PLC0415

    made = []
    with mpl.rc_context(STYLE):
        for place, (one, shown) in enumerate(zip(live, drawn, strict=True)):
            setup, variants = _reaching(shown)
            lines = pd.concat([part for part in (shown.lines, _drawn_levels(shown)) if len(part)] or [shown.lines])
            scene = scene_of(setup, shown.bars, shown.below, lines, variants)
            label = f"{one['symbol']}: {named(one['kind'])} known {_day(one['known_at'])}, with stop and target"
            entries = [entry for entry in one["entries"] if entry["state"] != "over"]
            facts = [
                f"{named(name.removeprefix('f_'))} {number(value, 2)}"
                for name, value in one["features"].items()
                if value is not None and not (isinstance(value, float) and math.isnan(value))
            ]
            card = {"market": f"{one['symbol']} {one['timeframe']}", "kind": named(one["kind"]), "side": one["side"]}
            card |= {"rule": one["strategy"], "known": _known(one), "facts": facts}
            card["entries"] = [(entry["variant"], _state(entry), *_levels(entry)) for entry in entries]
            made.append(card | {"picture": picture(scene, variants, label, f"s{place}")})
    return made


def _reaching(shown: Drawn) -> tuple[dict[str, Any], list[str]]:
    """The setup with its entries as variants that reach to the last bar, so that the picture has room for them."""
    setup: dict[str, Any] = dict(shown.row)
    variants = [f"entry{place}" for place in range(len(shown.entries))]
    for name, (_, paid, stop, target) in zip(variants, shown.entries, strict=True):
        setup |= {f"{name}_entry_time": pd.NaT, f"{name}_exit_time": shown.bars.index[-1]}
        setup |= {f"{name}_entry_price": paid, f"{name}_stop": stop, f"{name}_target": target}
    return setup, variants


def _drawn_levels(shown: Drawn) -> pd.DataFrame:
    """Stop, target and fill of each entry as levels, from the bar the setup was known at, or filled in, to the last."""
    known, last = shown.row["known_at"], shown.bars.index[-1]
    levels = [
        (shown.row["setup"], name, at or known, level, last, level)
        for at, paid, stop, target in shown.entries
        for name, level in (("stop", stop), ("target", target), ("fill", paid))
        if not math.isnan(level)
    ]
    return pd.DataFrame(list(dict.fromkeys(levels)), columns=list(DRAWN))
