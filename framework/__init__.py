"""chartproof: does this chart rule really work?

>>> from framework import Bars, load, simulate, run
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bars import Bars as Bars
    from .experiment.run import run as run
    from .signals import Signals as Signals
    from .simulation import Costs as Costs
    from .simulation import Exits as Exits
    from .simulation import Sizing as Sizing
    from .simulation import Terms as Terms
    from .simulation import simulate as simulate
    from .simulation import simulate_together as simulate_together
    from .sources import load as load

HOMES = {
    "Bars": ".bars",
    "Costs": ".simulation",
    "Exits": ".simulation",
    "Signals": ".signals",
    "Sizing": ".simulation",
    "Terms": ".simulation",
    "load": ".sources",
    "run": ".experiment.run",
    "simulate": ".simulation",
    "simulate_together": ".simulation",
}

__all__ = sorted(HOMES)  # noqa: PLE0605  # a list, sorted


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that importing the package costs nothing."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name], __name__), name)
