"""The claims of the seed documents, all of them, by id."""

from __future__ import annotations

from ..claim import Claim, registered
from . import averages, fibonacci, lines, momentum, plain, rsi, stochastic, together, volume, volume_flow

_FILES = (rsi, stochastic, volume, volume_flow, averages, fibonacci, lines, momentum, together, plain)
_MANY = [claim for file in _FILES for claim in file.CLAIMS]
CLAIMS: dict[str, Claim] = registered(sorted(_MANY, key=lambda claim: (int(claim.id[1:3]), claim.id)))
