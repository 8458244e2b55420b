"""A parameter's default, range and unit in one place, beside the rule that uses it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, cast

from .errors import UserError, nearest

Value: TypeAlias = int | float | str | bool


@dataclass(frozen=True)
class Parameter:
    """One parameter of a rule: what it may be, and whether a search varies it by default.

    values: what a search tries. limits: of a span, which may be any value between them; None for a choice. required:
    it has no default of its own, and whoever uses the rule says which; `default` is then the first of its values.
    """

    name: str
    default: Value
    values: tuple[Value, ...]
    unit: str = ""
    searched: bool = True
    limits: tuple[float, float] | None = None
    required: bool = False

    def check(self, value: Any, where: str) -> Value:
        """`value` in the parameter's own type. Raises UserError outside the range or of another type."""
        kind = type(self.default)
        whole = kind is float and type(value) is int  # 30 is as good as 30.0
        if type(value) is not kind and not whole:
            raise UserError(where, f"{self.name} = {value!r:.60} is not {_a(kind)}", f"allowed: {self.range}")
        if not (value in self.values if self.limits is None else self.limits[0] <= value <= self.limits[1]):
            hint = nearest(value, map(str, self.values)) if isinstance(value, str) else f"allowed: {self.range}"
            raise UserError(where, f"{self.name} = {value!r:.60} is outside its range", hint)
        return float(value) if whole else value

    @property
    def range(self) -> str:
        """The allowed values as a configuration file spells them."""
        if self.limits:
            return f"{self.limits[0]} to {self.limits[1]}"
        return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in self.values)


def choice(default: Value, *, among: tuple[Value, ...], unit: str = "", searched: bool = True) -> Any:
    """A dataclass field that takes one of a few values. A search varies it unless `searched` is False."""
    if default not in among:
        raise ValueError(f"default {default!r} is not among {among!r}")
    return field(default=default, metadata={"values": tuple(among), "unit": unit, "searched": searched})


def required(*, among: tuple[Value, ...], unit: str = "") -> Any:
    """A dataclass field without a default, for what is disputed: whoever uses the rule names one of a few values."""
    return field(metadata={"values": tuple(among), "unit": unit, "searched": False, "required": True})


def span(default: float, *, low: float, high: float, step: float, unit: str = "", searched: bool = True) -> Any:
    """A dataclass field that takes a number from `low` to `high`; a search tries every `step`."""
    if not low <= default <= high or step <= 0:
        raise ValueError(f"default {default!r} is not in {low!r} to {high!r}, or step {step!r} is not positive")
    count = int((high - low) / step + 1e-9) + 1
    steps = (low + i * step if isinstance(step, int) else round(low + i * step, 10) for i in range(count))
    kind = type(default)
    values, limits = tuple(map(kind, steps)), (kind(low), kind(high))
    if default not in values or len(set(values)) < count:
        raise ValueError(f"steps of {step!r} from {low!r} make {values!r}, which misses {default!r} or says one twice")
    metadata = {"values": values, "unit": unit, "searched": searched, "limits": limits}
    return field(default=default, metadata=metadata)


@lru_cache(maxsize=64)
def parameters(params: type) -> Mapping[str, Parameter]:
    """The declared parameters of a rule's Params, by name, in the order of their declaration."""
    return {item.name: _parameter(item) for item in dataclasses.fields(params) if "values" in item.metadata}


def spelled(params: type, words: Iterable[str], where: str) -> dict[str, Value]:
    """Values of parameters from words as `wave=10-6-6`. Raises UserError where one is none."""
    known, values = parameters(params), {}
    for word in words:
        name, given, text = word.partition("=")
        if not given or name not in known:
            raise UserError(where, f"'{word}' sets no parameter", f"NAME=VALUE, NAME one of {', '.join(known)}")
        values[name] = known[name].check(_read(text, type(known[name].default)), where)
    return values


def _read(text: str, kind: type) -> Value:
    """The text as that type where it can be, else as it stands: the check then says what would be right."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return cast(Value, kind(text))
    except ValueError:
        return text


def build(params: type, values: Mapping[str, Any], where: str) -> Any:
    """A Params with `values` over its defaults, each checked. Raises UserError with the nearest right name."""
    known = parameters(params)
    for name in values:
        if name not in known:
            raise UserError(where, f"unknown parameter '{name}'", nearest(name, known))
    for name, parameter in known.items():
        if parameter.required and name not in values:
            raise UserError(where, f"{name} is not said, and has no default", f"one of {parameter.range}")
    checked = {name: known[name].check(value, where) for name, value in values.items()}
    try:
        return params(**checked)
    except UserError:
        raise
    except Exception as error:  # a user's Params may refuse what does not go together
        raise UserError(where, f"Params: {type(error).__name__}: {error}", "values that go together") from error


def _parameter(item: dataclasses.Field[Any]) -> Parameter:
    """A field's parameter; `x: float = span(30, ...)` is a number though its default is written whole."""
    declared = dict(item.metadata)
    default = cast(Value, declared["values"][0] if declared.get("required") else item.default)
    if item.type in (float, "float"):
        default = float(default)
        declared |= {name: tuple(map(float, declared[name])) for name in ("values", "limits") if declared.get(name)}
    return Parameter(item.name, default, **declared)


def _a(kind: type) -> str:
    names = {int: "a whole number", float: "a number", str: "a word in quotes", bool: "true or false"}
    return names.get(kind, kind.__name__)
