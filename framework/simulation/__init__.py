"""Entries and bars in, trades and equity out. SEMANTICS.md says what happens inside a bar."""

from .batch import Batch
from .kernel import NOTHING
from .outcomes import outcomes
from .result import Result, Terms, simulate
from .rules import Costs, Exits, Sizing
from .spans import Closed, closed_in
from .together import Together, simulate_together

__all__ = [
    "NOTHING",
    "Batch",
    "Closed",
    "Costs",
    "Exits",
    "Result",
    "Sizing",
    "Terms",
    "Together",
    "closed_in",
    "outcomes",
    "simulate",
    "simulate_together",
]
