"""Entries and bars in, trades and equity out. SEMANTICS.md says what happens inside a bar."""

from .batch import Batch
from .kernel import NOTHING
from .outcomes import outcomes
from .result import Result, Terms, closed_r, simulate
from .rules import Costs, Exits, Sizing
from .together import Together, simulate_together

__all__ = [
    "NOTHING",
    "Batch",
    "Costs",
    "Exits",
    "Result",
    "Sizing",
    "Terms",
    "Together",
    "closed_r",
    "outcomes",
    "simulate",
    "simulate_together",
]
