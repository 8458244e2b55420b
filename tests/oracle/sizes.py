"""How much an entry buys or sells, or why it does not."""

from __future__ import annotations

import math

from tests.oracle import Options
from tests.oracle.grid import down


def size(
    options: Options, equity: float, cash: float, fill: float, initial_risk: float, volume: float
) -> tuple[float, str]:
    """The size and "", or 0 and why it is refused.

    `equity` stood at the signal's close, `cash` stands at the fill, `volume` is that of the bar of the fill (NaN =
    unknown).
    """
    if options.volume_share is not None and (math.isnan(volume) or volume == 0):
        return 0.0, "no_volume"
    wanted = options.fraction * equity / fill if options.risk is None else options.risk * equity / initial_risk
    wanted = min(wanted, options.leverage * min(equity, cash) / (fill * (1 + options.fee)))
    if wanted <= 0:
        return 0.0, "no_cash"
    if options.volume_share is not None:
        wanted = min(wanted, options.volume_share * volume)
    wanted = down(wanted, options.lot)
    if wanted <= 0 or (options.smallest is not None and wanted < options.smallest * (1 - 1e-9)):
        return 0.0, "too_small"
    return wanted, ""
