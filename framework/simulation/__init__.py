"""Entries and bars in, trades and equity out. SEMANTICS.md says what happens inside a bar."""

from .account import NOTHING
from .outcomes import outcomes
from .result import Result, Terms, closed_r, simulate
from .rules import Costs, Exits, Sizing

__all__ = ["NOTHING", "Costs", "Exits", "Result", "Sizing", "Terms", "closed_r", "outcomes", "simulate"]
