"""A parameter's default, range and unit in one place, beside the rule that uses it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .errors import UserError, nearest

Value: TypeAlias = int | float | str | bool


@dataclass(frozen=True)
class Parameter:
    """One parameter of a rule: what it may be, and whether a search varies it by default."""

    name: str
    default: Value
    values: tuple[Value, ...]
    unit: str = ""
    searched: bool = True

    def check(self, value: Any, where: str) -> Value:
        """`value` in the parameter's own type. Raises UserError outside the range or of another type."""
        kind = type(self.default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise UserError(where, f"{self.name} = {value!r} is not {_a(kind)}", f"allowed: {self.range}")
        if isinstance(value, float) and not _numeric_inside(value, self.values):
            raise UserError(where, f"{self.name} = {value!r} is outside its range", f"allowed: {self.range}")
        if not isinstance(value, float) and value not in self.values:
            hint = nearest(value, map(str, self.values)) if isinstance(value, str) else f"allowed: {self.range}"
            raise UserError(where, f"{self.name} = {value!r} is outside its range", hint)
        return value  # type: ignore[no-any-return]  # its type was checked against the default's above

    @property
    def range(self) -> str:
        """The allowed values in words."""
        if len(self.values) > 6 and not isinstance(self.default, str):
            return f"{self.values[0]} to {self.values[-1]}"
        return ", ".join(map(str, self.values))


def choice(default: Value, *, among: tuple[Value, ...], unit: str = "", searched: bool = True) -> Any:
    """A dataclass field that takes one of a few values. A search varies it unless `searched` is False."""
    if default not in among:
        raise ValueError(f"default {default!r} is not among {among!r}")
    return field(default=default, metadata={"values": tuple(among), "unit": unit, "searched": searched})


def span(default: float, *, low: float, high: float, step: float, unit: str = "", searched: bool = True) -> Any:
    """A dataclass field that takes a number from `low` to `high`; a search tries every `step`."""
    if not low <= default <= high or step <= 0:
        raise ValueError(f"default {default!r} is not in {low!r} to {high!r}, or step {step!r} is not positive")
    count = int((high - low) / step + 1e-9) + 1
    steps = tuple(low + i * step if isinstance(step, int) else round(low + i * step, 10) for i in range(count))
    kind = type(default)
    return field(default=default, metadata={"values": tuple(map(kind, steps)), "unit": unit, "searched": searched})


def parameters(params: type) -> dict[str, Parameter]:
    """The declared parameters of a rule's Params, by name, in the order of their declaration."""
    return {
        item.name: Parameter(item.name, item.default, **item.metadata)
        for item in dataclasses.fields(params)
        if "values" in item.metadata
    }


def build(params: type, values: Mapping[str, Any], where: str) -> Any:
    """A Params with `values` over its defaults, each checked. Raises UserError with the nearest right name."""
    known = parameters(params)
    for name in values:
        if name not in known:
            raise UserError(where, f"unknown parameter '{name}'", nearest(name, known))
    return params(**{name: known[name].check(value, where) for name, value in values.items()})


def _numeric_inside(value: float, values: tuple[Value, ...]) -> bool:
    numbers = [float(item) for item in values]
    return min(numbers) <= value <= max(numbers)


def _a(kind: type) -> str:
    names = {int: "a whole number", float: "a number", str: "a word in quotes", bool: "true or false"}
    return names.get(kind, kind.__name__)
