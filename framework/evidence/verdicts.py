"""The ledger's verdicts: what is left of each p once all claims are counted, and what may be said then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .inference import LEVEL, Inferred

SUPPORTED, CONTRADICTED, INCONCLUSIVE, TOO_FEW, UNTESTABLE = (
    "supported", "contradicted", "inconclusive", "too few", "untestable",
)  # fmt: skip
POWER = 0.8


@dataclass(frozen=True)
class Asked:
    """What a verdict needs of a claim: the sign it expects, the least effect worth anything, and what was inferred;
    None where the data cannot test it.
    """

    expects: int
    least: float | None
    found: Inferred | None


@dataclass(frozen=True)
class Verdict:
    """word: one of the five. adjusted: p after Benjamini and Yekutieli (2001) over all tests of the ledger. small: the
    same of the test that the effect is at least `least`. shows: the smallest effect that this much data shows with a
    power of 80 % at the ledger's level.
    """

    word: str
    adjusted: float = float("nan")
    small: float = float("nan")
    shows: float = float("nan")


def verdicts(asked: Sequence[Asked], level: float = LEVEL) -> list[Verdict]:
    """One for each. Only what can be judged is counted among the tests."""
    judged = [one.found if one.found and one.found.enough and not np.isnan(one.found.p) else None for one in asked]
    tests = [(row, "p", found.p) for row, found in enumerate(judged) if found]
    stated = [(row, found) for row, found in enumerate(judged) if found and asked[row].least]
    tests += [(row, "small", _small(asked[row], found)) for row, found in stated]
    adjusted = stats.false_discovery_control([p for *_, p in tests], method="by") if tests else np.zeros(0)
    known = {(row, name): float(p) for (row, name, _), p in zip(tests, adjusted, strict=True)}
    said = []
    for row, (one, found) in enumerate(zip(asked, judged, strict=True)):
        if found is None:
            said.append(Verdict(UNTESTABLE if one.found is None else TOO_FEW))
        else:
            p, small = known[row, "p"], known.get((row, "small"), float("nan"))
            said.append(Verdict(_word(one, found, p, small, level), p, small, shows(found.error, len(tests), level)))
    return said


def _word(one: Asked, found: Inferred, p: float, small: float, level: float) -> str:
    if p < level:
        return SUPPORTED if np.sign(found.effect) == one.expects else CONTRADICTED
    return CONTRADICTED if small < level else INCONCLUSIVE


def _small(one: Asked, found: Inferred) -> float:
    """p that the effect is `least`, where it is below; 1 where it is not."""
    below = one.expects * found.effect < (one.least or 0.0)
    return found.small if below else 1.0


def shows(error: float, tests: int, level: float = LEVEL) -> float:
    """The smallest effect that is found with a power of 80 % as the only one among so many tests."""
    each = level / (tests * np.sum(1 / np.arange(1, tests + 1)))
    return float(error * (stats.norm.isf(each / 2) + stats.norm.ppf(POWER)))
