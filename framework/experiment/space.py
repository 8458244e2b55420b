"""What a search may vary: a strategy's parameters, narrowed by an experiment's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError, nearest
from ..params import Parameter, Value


def narrowed(
    known: Mapping[str, Parameter], table: Mapping[str, Any], where: str
) -> tuple[dict[str, Value], dict[str, tuple[Value, ...]]]:
    """What stays fixed, and what is searched: a value fixes, a list narrows, nothing leaves the declared range.

    The first holds every parameter, a searched one with its default (the list's first value where the default is not
    in it). Raises UserError with the nearest right name, or the range.
    """
    for name in table:
        if name not in known:
            raise UserError(f"{where}.{name}", "is no parameter of this strategy", nearest(name, known))
    fixed: dict[str, Value] = {}
    space: dict[str, tuple[Value, ...]] = {}
    for name, parameter in known.items():
        if parameter.required and name not in table:
            raise UserError(f"{where}.{name}", "is missing, and has no default", f"one of {parameter.range}")
        given = table.get(name, list(parameter.values) if parameter.searched else parameter.default)
        if not isinstance(given, list):
            fixed[name] = parameter.check(given, where)
            continue
        if not given:
            raise UserError(f"{where}.{name}", "is an empty list", f"one or more of {parameter.range}")
        values = tuple(dict.fromkeys(parameter.check(value, where) for value in given))
        fixed[name] = parameter.default if parameter.default in values else values[0]
        if len(values) > 1:
            space[name] = values
    return fixed, space
