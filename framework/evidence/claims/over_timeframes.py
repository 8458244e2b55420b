"""A contrast between timeframes: the same setups, found and measured on the bars of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...bars import Bars, timeframe_step
from ...errors import MissingError, UserError
from ...simulation import Costs
from ...structure.timeframes import coarse
from ..contrasts import Contrast, Find, order
from ..outcomes import HORIZON, Outcome, Race
from ..units import Events, Units

RACE = Race()
HOMES = ("1h", "4h", "1d")


@dataclass(frozen=True)
class OverTimeframes:
    """The same events found and measured on the bars of each timeframe, over its rank. horizon: in bars of each."""

    find: Find
    ranks: tuple[float, ...]
    outcome: Outcome = RACE
    word: str = "order"
    between = True
    horizon: int = HORIZON

    def units(self, bars: Bars, costs: Costs) -> Units:
        each = [(rank, one) for rank, name in zip(self.ranks, HOMES, strict=True) for one in _bars_of(bars, name)]
        if len(each) < 2:
            right = "bars of four hours or finer ones"
            raise MissingError(bars.symbol, f"fewer than two of {', '.join(HOMES)} bars can be had", right)
        return _joined([self._on(rank).units(one, costs) for rank, one in each])

    def _on(self, rank: float) -> Contrast:
        def find(of: Bars) -> Events:
            found = self.find(of)
            return dataclasses.replace(found, arm=np.full(len(found), rank))

        return order(find, self.outcome)


def _bars_of(bars: Bars, timeframe: str) -> Iterator[Bars]:
    """The bars of a timeframe, where they can be had."""
    if bars.step == timeframe_step(timeframe):
        yield bars
        return
    try:
        yield coarse(bars, timeframe).bars
    except UserError:  # of coarser bars, or of ones that do not fit in
        return


def _joined(parts: Sequence[Units]) -> Units:
    """All units; bars of several timeframes are nobody's."""

    def of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(one, name) for one in parts])

    return Units(of("known"), of("side"), of("arm"), of("y"), of("due"), of("stratum"))
