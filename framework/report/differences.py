"""What differs between runs: keys of their manifests side by side, and which figures that makes not comparable."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from . import words

Manifest: TypeAlias = Mapping[str, Any]
Summary: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[str, ...]
DIGITS = 12  # of a hash: the whole of it where these do not tell two apart


def differing(manifests: Sequence[Manifest]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Groups of rows, a key and its value in each run, of the keys that differ; no rows where all is the same."""
    parts: list[tuple[str, list[Mapping[str, Any]]]] = [
        ("Configuration", [{**one["configuration"], "seed": one["seed"]} for one in manifests]),
        ("Data", [one["data"] for one in manifests]),
        ("Code", [_code(one) for one in manifests]),
        ("Versions", [one["versions"] for one in manifests]),
    ]
    return [(title, _rows([leaves(one) for one in many])) for title, many in parts]


def _code(manifest: Manifest) -> dict[str, Any]:
    names = {"strategy_sha256": "the rule's file", "framework_sha256": "framework", "commit": "commit"}
    return {said: manifest[key] for key, said in names.items()}


def leaves(content: Mapping[str, Any], head: Place = ()) -> dict[Place, Any]:
    """Nested tables flat: each value by the keys that lead to it."""
    found: dict[Place, Any] = {}
    for name, value in content.items():
        found |= leaves(value, (*head, name)) if isinstance(value, Mapping) else {(*head, name): value}
    return found


def _rows(many: Sequence[Mapping[Place, Any]]) -> list[tuple[str, list[str]]]:
    places = sorted(dict.fromkeys(place for one in many for place in one), key=_first_seen(many))
    tables = {place[:n] for place in places for n in range(1, len(place))}
    rows = []
    for place in places:
        if place in tables:  # a value here, a table there: its keys have rows of their own
            continue
        values = [_at(one, place) for one in many]
        if len(set(map(_key, values))) > 1:
            rows.append((".".join(place), _told(values)))
    return rows


def _first_seen(many: Sequence[Mapping[Place, Any]]) -> Callable[[Place], tuple[int, ...]]:
    """Keys in the order of the files, those of one table together."""
    seen: dict[Place, int] = {}
    for one in many:
        for place in one:
            for n in range(1, len(place) + 1):
                seen.setdefault(place[:n], len(seen))
    return lambda place: tuple(seen[place[:n]] for n in range(1, len(place) + 1))


def _at(one: Mapping[Place, Any], place: Place) -> list[Any]:
    """The value at a place, or of the table that it would be in; empty where there is neither."""
    return next(([one[place[:n]]] for n in range(len(place), 0, -1) if place[:n] in one), [])


def _told(values: Sequence[list[Any]]) -> list[str]:
    """Values as a reader sees them; written out in full where they would look alike and are not."""
    forms: tuple[Callable[[Any], str], ...] = (_short, words.setting, json.dumps)
    for form in forms:
        told = [form(value[0]) if value else words.NONE for value in values]
        if len(set(told)) == len(set(map(_key, values))):
            break
    return told


def _key(value: Any) -> Any:
    """Equal where the values are: 1 is 1.0, and yes is not 1."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_key, value))
    if type(value) is int or (type(value) is float and not math.isnan(value)):
        return value
    return json.dumps(value, sort_keys=True)


def _short(value: Any) -> str:
    text = words.setting(value)
    return text[:DIGITS] if re.fullmatch(r"[0-9a-f]{40,}\+?", text) else text


def cautions(
    names: Sequence[str], manifests: Sequence[Manifest], summaries: Sequence[Summary]
) -> list[tuple[str, str]]:
    """Why figures of these runs are not to be set against each other: what differs, and what follows from it."""

    def told(title: str, each: Sequence[str], follows: str) -> list[tuple[str, str]]:
        if len(set(each)) == 1:
            return []
        groups = {value: [name for name, own in zip(names, each, strict=True) if own == value] for value in each}
        return [(title, "; ".join(f"{words.joined(who)}: {value}" for value, who in groups.items()) + f". {follows}")]

    configured = [one["configuration"] for one in manifests]
    same_data = [_data(one, manifests) for one in manifests]
    return [
        *told("Other periods", [_period(one["period"]) for one in summaries],
              "Figures are of different times, and each equity stands on its own dates."),
        *told("Other markets", [f"{words.joined(one['symbols'])} ({one['timeframe']})" for one in summaries],
              "What differs may be the markets and not the rules."),
        *told("Other data of the same markets", same_data, "Bars of one name differ: another file or part of it."),
        *told("Other costs", _unlike([one["costs"] for one in configured]), "Cheaper fills make better figures."),
        *told("Other funding or finer bars", [_extras(one) for one in summaries],
              "Funding is paid where it is known, and finer bars decide what was assumed."),
        *told("Other stakes", _unlike([one["sizing"] for one in configured]),
              "Returns, drawdowns and equities are of other stakes; expectancies in R bear comparison."),
        *told("Other holdouts", [_holdout(one["holdout"]) for one in configured],
              "What one keeps back another may have traded."),
        *told("Other fills", ["optimistic" if one["optimistic"] else "careful" for one in summaries],
              "Optimistic figures are upper bounds."),
        *told("Other code", [one["framework_sha256"][:DIGITS] for one in manifests],
              "The machine itself differs: run the older one again before their figures are compared."),
    ]  # fmt: skip


def _period(one: Mapping[str, Any]) -> str:
    return f"{words.moment(one['from'])} to {words.moment(one['to'])}"


def _data(one: Manifest, others: Sequence[Manifest]) -> str:
    """The markets whose bars are not the same in all runs that have them, each with its hash."""
    unlike = [
        name
        for name, held in one["data"].items()
        if any(name in other["data"] and other["data"][name].get("sha256") != held.get("sha256") for other in others)
    ]
    told = [f"{name} {words.setting(one['data'][name].get('sha256'))[:DIGITS]}" for name in unlike]
    return words.joined(told) if told else "none"


def _unlike(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each table the keys that are not the same in all, with their values."""
    rows = _rows([leaves(one) for one in tables])
    return [", ".join(f"{words.named(name)} {values[i]}" for name, values in rows) for i in range(len(tables))]


def _extras(summary: Summary) -> str:
    told = [f"{what} of {words.joined(summary[what])}" for what in ("funding", "finer") if summary[what]]
    return words.joined(told).replace("finer of", "finer bars of") or "neither"


def _holdout(holdout: Mapping[str, Any] | None) -> str:
    if not holdout:
        return "none"
    return f"the last {words.setting(holdout.get('last'))}{', looked at' if holdout.get('look') else ''}"
