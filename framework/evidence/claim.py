"""A claim: a sentence that can be true or false about a market, and how it is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UserError
from .contrasts import Contrast


@dataclass(frozen=True)
class Claim:
    """id: as K04. says: the sentence. source: where it stands. population: whose occurrences are counted, in words.
    test: the contrast; its arguments are the definition, their defaults the one that is judged. around: neighbouring
    definitions, arguments that differ. expects: +1 where the sentence expects a positive effect, -1 a negative one.
    least: an effect under which the sentence would be worth nothing, in its outcome's unit; None where none is stated.
    mechanical: whether a random walk has the effect too, so that it is tested as what bars in random order do not have.
    unit: of the effect. timeframe: of the bars it is about; the nearest there is where there are none; "finest" for the
    finest. slowest: the slowest bars it is measured on, where those are not all of its timeframe.
    also: other contrasts by their names, told beside it and never judged.
    """

    id: str
    says: str
    source: str
    population: str
    test: Callable[..., Contrast]
    around: tuple[Mapping[str, Any], ...] = ()
    expects: int = 1
    least: float | None = None
    mechanical: bool = False
    unit: str = "probability"
    timeframe: str = "4h"
    slowest: str = ""
    also: Mapping[str, Callable[[], Contrast]] = field(default_factory=dict)

    def definitions(self) -> list[Contrast]:
        """The contrast as declared, its neighbours, then what is told beside it."""
        around = (self.test(**dict(changes)) for changes in self.around)
        return [self.test(), *around, *(other() for other in self.also.values())]


def registered(many: Iterable[Claim]) -> dict[str, Claim]:
    """Claims by id. Raises UserError where an id stands twice."""
    found: dict[str, Claim] = {}
    for claim in many:
        if claim.id in found:
            raise UserError(f"claim {claim.id}", "stands twice", "an id of its own")
        if claim.expects not in (1, -1):
            raise UserError(f"claim {claim.id}", f"expects {claim.expects!r}", "1 or -1")
        found[claim.id] = claim
    return found
