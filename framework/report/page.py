"""The page: a run's figures turned into ready strings and pictures, and laid out by the template beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pandas as pd

from ..metrics import BLOCKS, ENOUGH
from . import belief, chart, figures, heat, legs, months, ratios, spread, traits, windows, words
from .facts import facts
from .gallery import Tested, cards
from .templates import template
from .words import Cell, Form, estimate, named, percent, risks

Summary: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = list[tuple[str, list[Cell]]]

HELD = "buy_and_hold"
IDLE = "This first comparison leans towards waiting where the rule loses: a setup that is not entered loses nothing."
BIASED = (
    "This second comparison leans towards entering at once. Only setups whose price had already turned get a "
    "conservative fill, so those that failed straight away, where entering at once lost, are not in it."
)
LEFT_OUT = (
    "Breaks that price never came back to, where entering at once did well, are not in this second comparison, nor are "
    "those that failed before it did."
)


def render(summary: Summary, manifest: Mapping[str, Any], tested: Tested, gallery: int, bands: pd.DataFrame) -> str:
    """The report as one HTML page that needs nothing else. gallery: how many setups to draw, at most. bands: of the
    accounts' equity, what random entries made: variant, time, low, middle, high.
    """
    variants, many = list(summary["variants"]), list(summary["variants"].values())
    searched = list(summary["windows"][0]["parameters"])
    drawn = cards(tested, variants, searched, gallery) if gallery and len(tested.setups) else []
    view = {
        "title": f"{summary['name']}: {summary['verdict']['short']}",
        "verdict": {name: words.minus(text) for name, text in summary["verdict"].items()},
        "question": summary["question"],
        "rule": " ".join(tested.trading.strategy.doc.partition("\n\n")[0].split()),
        "facts": facts(summary, manifest),
        "variants": variants,
        "named": named,
        "compared": _beside_chance(compared(many, [*many, summary[HELD]], bool(summary["finer"])), summary),
        "paired": _paired(summary["paired"]) if summary["paired"] else [],
        "kinds": [_kind(one) for one in summary["kinds"]],
        "expectancy": _expectancy(summary),
        "legs": legs.shown(summary["ablation"]),
        "traits": traits.shown(summary["traits"]),
        "placebo": ratios.shown(summary["placebo"]),
        "belief": belief.shown(summary),
        "months": months.shown(summary, variants),
        "heat": heat.shown(summary),
        "spread": spread.shown(summary, tested, variants),
        "held": words.minus(summary["verdict"].get("holdout", "")),
        "equity": _equity(summary, tested, variants, bands),
        "stake": words.stake(manifest["configuration"]["sizing"], bool(summary["funding"])),
        "shared": summary["shared"],
        "returns": {name: words.gain(summary[name]["total_return"]) for name in [HELD]}
        | {name: words.gain(one["total_return"]) for name, one in summary["variants"].items()},
        "chart": chart.shown(summary, tested),
        "windows": windows.table(summary, variants),
        "timeline": windows.line(summary, manifest, tested),
        "slopes": windows.fell(summary, variants),
        "cards": drawn,
        "chosen": words.choice(tested.setups, drawn),
        "said": words.unsaid(summary),
        "configuration": words.flat(manifest["configuration"]),
        "provenance": words.flat({key: manifest[key] for key in manifest if key not in ("configuration", "trials")}),
        "thin": f"under {ENOUGH} trades or {BLOCKS} blocks of time",
    }
    return template("report.html.j2").render(view)


def compared(many: Sequence[Summary], accounts: Sequence[Summary], finer: bool) -> list[tuple[str, Rows]]:
    """Tables of variants, a column each. accounts: the same, and what else has an equity, as buying and holding."""
    return [
        ("Every setup by itself", _alone(many)),
        ("Trades of the account", _trades(many, finer)),
        ("The account", _account(accounts)),
    ]


def _beside_chance(tables: list[tuple[str, Rows]], summary: Summary) -> list[tuple[str, Rows]]:
    """The same with what chance says of a figure under it."""
    notes = belief.beside(summary)
    under = {"Win rate": "win_rate", "Expectancy": "mean_r", "Total return": "total_return"}

    def noted(label: str, cells: list[Cell]) -> list[Cell]:
        told = notes.get(under.get(label, ""), [])
        return [
            replace(c, note="; ".join(filter(None, (c.note, n)))) for c, n in zip(cells, told, strict=False)
        ] + cells[len(told) :]

    return [(title, [(label, noted(label, cells)) for label, cells in rows]) for title, rows in tables]


def _alone(many: Sequence[Summary]) -> Rows:
    missed = [{name: n for name, n in one["fates"].items() if name != "entered"} for one in many]
    return [
        ("Setups", _counts(many, "setups")),
        ("Filled", _counts(many, "filled")),
        ("Not filled, why", [Cell("", note=words.listed(one, words.FATES)) for one in missed]),
    ]


def _trades(many: Sequence[Summary], finer: bool) -> Rows:
    def told(key: str, form: Form) -> list[Cell]:
        return [estimate(one[key], form) for one in many]

    def reasons(key: str, names: Mapping[str, str]) -> list[Cell]:
        return [Cell("", note=words.listed(one[key], names)) for one in many]

    carried = any(one["carry"] for one in many)
    return [
        ("Closed trades", _counts(many, "trades")),
        ("Open at the end", _counts(many, "open")),
        ("Entries refused", reasons("refused", words.REFUSALS)),
        ("Win rate", told("win_rate", percent)),
        ("Win rate, open ones marked", told("win_rate_open_marked", percent)),
        ("Expectancy", told("expectancy_r", risks)),
        ("Costs in it", told("costs_r", risks)),
        *([("Funding, borrowing in it", [_carry(one["carry"]) for one in many])] if carried else []),
        ("Profit factor", told("profit_factor", words.ratio)),
        ("Bars held", told("bars_held", lambda x: words.number(x, 1))),
        ("Exits", reasons("exits", words.EXITS)),
        ("Stop and target in one bar", [_ambiguous(one["ambiguity"], finer) for one in many]),
    ]


def _account(many: Sequence[Summary]) -> Rows:
    return [
        ("Total return", [Cell(words.gain(one["total_return"])) for one in many]),
        ("Deepest drawdown", [Cell(percent(one["max_drawdown"], 1)) for one in many]),
        ("Sharpe ratio", [estimate(one["sharpe"], words.ratio, " bars") for one in many]),
    ]


def _counts(many: Sequence[Summary], key: str) -> list[Cell]:
    return [Cell(words.count(one[key])) for one in many]


def _carry(one: Mapping[str, Any] | None) -> Cell:
    """What holding cost or earned besides the price: in R, and of all trades in money."""
    if one is None:
        return Cell(words.NONE, note="none")
    cell, paid = estimate(one["r"], lambda r: risks(r, 3)), words.money(abs(one["paid"]))
    return replace(cell, note=f"{cell.note}; {paid} {'paid' if one['paid'] > 0 else 'received'} in all")


def _ambiguous(one: Mapping[str, Any], finer: bool) -> Cell:
    """Shown with both bounds; where no bar was in doubt there is nothing to bound. finer: bars have decided some."""
    share, trades = percent(one["share"], 1 if one["trades"] else 0), words.plural(one["trades"], "trade")
    trades += " left by finer bars" if finer else ""
    if not one["trades"] or "expectancy_r" not in one:
        return Cell(share, trades)
    forms: Mapping[str, Form] = {"expectancy_r": risks, "win_rate": percent}
    r, won = (words.span(one[key][0], one[key][1], form) for key, form in forms.items())
    return Cell(share, trades, f"either way: {r}, won {won}")


def _paired(paired: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The two paired comparisons, the fair one first."""
    second = LEFT_OUT if paired["waits_for"] == "retest" else BIASED
    titles = ("All setups; not entered counts as 0 R", "Only setups entered both ways")
    made = []
    for title, key, bias in zip(titles, ("all", "filled_by_both"), (IDLE, second), strict=True):
        one = paired[key]
        shares = [(name, _winners(name), one["wins"][name]) for name in one["wins"]]
        pair = ("aggressive", "conservative")
        rows = [(name, words.count(one[f"{name}_filled"]), risks(one[f"{name}_r"])) for name in pair]
        made.append(
            {"title": title, "difference": estimate(one["difference_r"], risks), "bias": bias, "rows": rows}
            | {"setups": words.count(one["setups"]), "wins": shares, "p": words.chance(one["mcnemar_p"])}
        )
    return made


def _winners(name: str) -> str:
    return f"only {name.removesuffix('_only')} won" if name.endswith("_only") else f"{name} won"


def _kind(one: Mapping[str, Any]) -> dict[str, Any]:
    told = {"win": estimate(one["win_rate"], percent), "r": estimate(one["expectancy_r"], risks)}
    counts = {key: words.count(one[key]) for key in ("setups", "filled")}
    return {"kind": named(one["kind"]), "variant": one["variant"], **counts, **told}


def _expectancy(summary: Summary) -> dict[str, Any]:
    groups = [("Account, all trades", [(name, one["expectancy_r"]) for name, one in summary["variants"].items()])]
    for kind in dict.fromkeys(one["kind"] for one in summary["kinds"]):
        rows = [(one["variant"], one["expectancy_r"]) for one in summary["kinds"] if one["kind"] == kind]
        groups.append((named(kind).capitalize(), rows))
    return figures.both(lambda width: figures.expectancy(groups, width), words.described(groups), "expectancy", 420)


def _equity(summary: Summary, tested: Tested, variants: Sequence[str], bands: pd.DataFrame) -> dict[str, Any]:
    borders = [window["test_start"] for window in summary["windows"]]
    told = [f"{named(name)} {words.gain(one['total_return'])}" for name, one in summary["variants"].items()]
    label = f"Equity and drawdown: {', '.join(told)}, buy and hold {words.gain(summary[HELD]['total_return'])}"
    grown = tested.equity.set_index("time") / tested.trading.cash
    table = grown.reset_index()
    cash, levels = tested.trading.cash, ["low", "middle", "high"]
    chance = {
        str(name): part.assign(**{level: part[level] / cash for level in levels})
        for name, part in bands.groupby("variant")
    }
    return figures.both(lambda width: figures.equity(table, variants, HELD, borders, chance, width), label, "equity")
