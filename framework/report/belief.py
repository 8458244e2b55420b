"""How far a run is to be believed, as the report shows it: a row a question, a column a variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..metrics import BLOCKS, ENOUGH
from . import against, words
from .figures import both
from .words import Cell, named, percent, risks

Summary: TypeAlias = Mapping[str, Any]
Row: TypeAlias = tuple[str, str, list[Cell]]

FIGURES = ("win_rate", "mean_r", "total_return")


def shown(summary: Summary) -> dict[str, Any]:
    """The questions with their answers, the figure of chance, the splits, the search's ground, the holdout."""
    variants = list(summary["variants"])
    rows = [*_chance(summary, variants), *_trials(summary, variants), *_combined(summary, variants)]
    ranges = against.ranges(summary)
    return {
        "rows": [*rows, *_redrawn(summary, variants)],
        "chance": both(lambda width: against.chance(ranges, width), against.described(ranges), "chance")
        if ranges
        else None,
        "splits": _splits(summary["combinatorial"]),
        "search": _search(summary),
        "trials": words.count(summary["overfitting"]["trials"]),
    }


def beside(summary: Summary) -> dict[str, list[str]]:
    """What chance says of a figure, to be printed under it: by figure a note a variant."""
    random = summary["chance"]["random_entries"]
    if not random:
        return {}

    def note(p: float) -> str:
        return "" if math.isnan(p) else f"random entries: {words.chance(p)}"

    return {key: [note(one[key]["p"]) for one in random.values()] for key in FIGURES}


def _p(p: float, small: str = "", trades: int | None = None) -> Cell:
    if math.isnan(p):
        return Cell(words.NONE)
    return Cell(words.chance(p), small, "" if trades is None else words.rests(trades))


def _chance(summary: Summary, variants: Sequence[str]) -> list[Row]:
    random, permuted = summary["chance"]["random_entries"], summary["chance"]["permuted"]
    rows: list[Row] = []
    if random:
        each = [random[v] for v in variants]
        cells = [_p(one["mean_r"]["p"], _range(one["mean_r"]), one["trades"]) for one in each]
        draws = next(iter(random.values()))["draws"]
        what = f"the same number, sides, hours and volatility, the same stops and exits, {draws} draws"
        rows.append(("Random entries make as much a trade", what, cells))
        won = [_p(one["win_rate"]["p"], _range(one["win_rate"], percent), one["trades"]) for one in each]
        rows.append(("Random entries win as often", "", won))
    if permuted:
        orders = words.plural(permuted["permutations"], "order")
        cells = [_p(permuted[f"left_{v}"]["p"], _range(permuted[f"left_{v}"])) for v in variants]
        rows.append(("The search on bars in random order leaves as much", f"in the tests, {orders} of the bars", cells))
    return rows


def _range(one: Mapping[str, Any], form: words.Form = risks) -> str:
    if math.isnan(one["low"]):
        return ""
    return f"chance {form(one['mean'])}, {form(one['low'])} to {form(one['high'])}"


def _trials(summary: Summary, variants: Sequence[str]) -> list[Row]:
    over = summary["overfitting"]
    each = [over["variants"][name] for name in variants]
    count = words.plural(over["trials"], "trial")
    runs = f", in {over['runs']} runs" if over["runs"] > 1 else ""
    some = "" if over["compared"] == over["different"] else f" of {words.count(over['different'])}"
    sets = f"{words.count(over['compared'])}{some} sets"
    rows: list[Row] = []
    if not all(math.isnan(one["found"]["deflated"]) for one in each):
        cells = [
            _sure(one["found"]["deflated"], f"without the trials {words.ratio(one['found']['probabilistic'])}")
            for one in each
        ]
        what = f"after {count} on these markets and days{runs}, of which luck alone has a best of 1 in "
        what += f"{words.number(over['years_luck'], 1)} years; noise has about .5 or less, .95 is asked for"
        rows.append(("Deflated Sharpe ratio of this run's best set", what, cells))
        cells = [
            Cell(
                words.ratio(one["found"]["sharpe"]),
                f"luck alone {words.ratio(one['found']['luck'])}",
                words.rests(one["found"]["trades"]),
            )
            for one in each
        ]
        rows.append(
            ("Its Sharpe ratio a year", f"from R by the {over['period']}; all data, seen by every trial", cells)
        )
    if any(one["pbo"] for one in each):
        cells = [_overfit(one["pbo"]) for one in each]
        halves = max(one["pbo"]["combinations"] for one in each if one["pbo"])
        what = f"best in one half of the time, middling or worse in the other: {sets}, {words.count(halves)} halves"
        rows.append(("Probability of overfitting", what, cells))
    if any(one["spa"] for one in each):
        cells = [_spa(one["spa"]) for one in each]
        rows.append(("No set gained in the tests by more than luck", f"Hansen's test, {sets} together", cells))
    years = [_needed(one["tested"]) for one in each]
    counts = [words.rests(one["tested"]["trades"]) for one in each]
    cells = [_sure(one["tested"]["probabilistic"], *said) for one, *said in zip(each, years, counts, strict=True)]
    rows.append(
        (
            "Probabilistic Sharpe ratio of the account",
            "out of sample; noise has about .5, .95 is asked for; and the record that this would need",
            cells,
        )
    )
    return rows


def _sure(probability: float, small: str, note: str = "") -> Cell:
    return Cell(words.NONE) if math.isnan(probability) else Cell(words.ratio(probability), small, note)


def _overfit(one: Mapping[str, Any] | None) -> Cell:
    return Cell(percent(one["value"]), f"{percent(one['loss'])} lost there") if one else Cell(words.NONE)


def _needed(one: Mapping[str, Any]) -> str:
    years = one["years_needed"]
    if math.isinf(years) or math.isnan(years):
        return f"no record is long enough; it has {words.number(one['years'], 1)} years"
    return f"{words.number(years, 1)} years for 95 %; it has {words.number(one['years'], 1)}"


def _spa(one: Mapping[str, Any] | None) -> Cell:
    if one is None or math.isnan(one["p"]):
        return Cell(words.NONE)
    return _p(one["p"], f"{one['better']} of {one['distinct']} stand out")


def _combined(summary: Summary, variants: Sequence[str]) -> list[Row]:
    found = summary["combinatorial"]
    if not found:
        return []
    each = [found["variants"][name] for name in variants]
    cells = [_paths(one) for one in each]
    paths = words.plural(len(each[0]["paths"]), "path")
    what = f"{found['splits']} splits of {found['groups']} groups, {found['tested']} tested at once: {paths}"
    if found["defaults"]:
        what += f"; {found['defaults']} splits had no set with enough trades and took the declared defaults"
    return [("Purged combinatorial cross-validation, R a trade", what, cells)]


def _paths(one: Mapping[str, Any]) -> Cell:
    known = [path["r"] for path in one["paths"] if not math.isnan(path["r"])]
    if not known:
        return Cell(words.NONE)
    counts = [path["trades"] for path in one["paths"]]
    many = f"n = {words.count(min(counts))} to {words.count(max(counts))} a path"
    return Cell(risks(one["median"]), f"{risks(min(known))} to {risks(max(known))}, {percent(one['lost'])} lost", many)


def _redrawn(summary: Summary, variants: Sequence[str]) -> list[Row]:
    each = [summary["chance"]["redrawn"][name] for name in variants]
    if all(math.isnan(one["loss"]) for one in each):
        return []

    def levels(key: str, form: words.Form) -> list[Cell]:
        return [
            Cell(
                form(one[key]["value"]),
                f"{form(one[key]['5%'])} to {form(one[key]['95%'])}",
                words.rests(one["trades"]),
                few=one["trades"] < ENOUGH or one["blocks"] < BLOCKS,
            )
            if not math.isnan(one["loss"])
            else Cell(words.NONE)
            for one in each
        ]

    what = "the trades drawn again by blocks of time, 90 % of 2,000 draws"
    total = levels("total_r", lambda r: risks(r, 1))
    fall = levels("drawdown_r", lambda r: f"{words.number(r, 1)}{words.THIN}R")
    return [("All trades together", what, total), ("Deepest fall of their sum", "", fall)]


def _splits(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not found:
        return None
    label = f"{found['splits']} splits: the groups that are tested in each"
    return both(lambda width: against.splits(found["intervals"], found["splits"], width), label, "splits", 510)


def _search(summary: Summary) -> dict[str, Any] | None:
    found = summary["search"]
    if found is None:
        return None
    known = {name: value for name, value in found["importances"].items() if not math.isnan(value)}
    around = [one for one in found["plateau"] if one["feasible"]]
    rows = [
        (
            one["window"],
            words.ratio(one["score"]),
            f"{one['feasible']} of {one['neighbours']}",
            words.ratio(one["median"]),
            words.ratio(one["worst"]),
        )
        for one in around
    ]
    return {
        "sampler": named(found["sampler"], SAMPLERS),
        "different": words.count(found["different"]),
        "grid": words.count(found["grid"]),
        "objectives": words.joined([named(name, words.OBJECTIVES) for name in found["objectives"]]),
        "take": named(found["take"], words.OBJECTIVES) if found["take"] else "",
        "front": words.joined(list(map(str, found["front"]))) if found["front"] else "",
        "importances": [
            (named(name), percent(value), f"{100 * value:.0f}%")
            for name, value in sorted(known.items(), key=lambda item: -item[1])
        ],
        "plateau": rows,
    }


SAMPLERS = {
    "tpe": "Optuna's tree-structured Parzen estimator",
    "cmaes": "Optuna's CMA-ES",
    "random": "at random",
    "quasi_random": "a Sobol sequence",
    "grid": "the whole grid",
}
