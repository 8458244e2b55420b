"""A rule without each of its conditions, as the report's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import words
from .words import estimate, named, percent, risks

WHOLE = "all conditions"


def shown(ablation: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """A row for each variant and condition left out, the whole rule first; none where a rule has but one condition."""
    return [
        {
            "without": f"without {named(one['without'])}" if one["without"] else WHOLE,
            "whole": not one["without"],
            "variant": one["variant"],
            "setups": words.count(one["setups"]),
            "filled": words.count(one["filled"]),
            "win": estimate(one["win_rate"], percent),
            "r": estimate(one["expectancy_r"], risks),
        }
        for one in ablation or []
    ]
