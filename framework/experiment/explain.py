"""What pydantic finds wrong in a TOML file, said as one who writes TOML would say it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import UserError, nearest

RIGHT = {
    "bool_type": "true or false",
    "date_type": "a day without quotes, as 2010-01-31",
    "dict_type": "a table of keys and values",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a table of keys and values",
    "string_pattern_mismatch": "letters, digits, - and _",
    "string_too_short": "at least one character",
    "string_type": "a word in quotes",
    "too_short": "at least one of them",
    "tuple_type": "a list in [ ]",
}


def explained(path: Path, error: ValidationError, file: type[BaseModel]) -> UserError:
    """The first thing wrong in one line, an unknown key before all else, with the nearest right word."""
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    place = [str(part) for part in first["loc"]]
    where = f"{path}: {'.'.join(place)}"
    if first["type"] == "extra_forbidden":
        table: Any = file
        for part in place[:-1]:
            table = _table(table.model_fields[part].annotation)
        known = [field.alias or name for name, field in table.model_fields.items()]
        return UserError(where, "is an unknown key", nearest(place[-1], known))
    if first["type"] == "missing":
        right = f"write a [{place[-1]}] table" if len(place) == 1 else f"write {place[-1]} = and its value there"
        return UserError(where, "is missing", right)
    if first["type"] == "literal_error":
        right = nearest(str(first["input"]), re.findall(r"'(\w+)'", first["ctx"]["expected"]))
    else:
        right = RIGHT.get(first["type"], first["msg"].replace("Input should be ", ""))
    return UserError(where, f"is {said(first['input'])}", right)


def _table(annotation: Any) -> Any:
    """The table of a field that may be left out."""
    return next((one for one in get_args(annotation) if one is not type(None)), annotation)


def said(value: object) -> str:
    """A value as a TOML file spells it, shortened."""
    if isinstance(value, dict):
        return "a table"
    text = repr(value) if isinstance(value, str | list) else str(value)
    return text.lower() if isinstance(value, bool) else text[:60]
