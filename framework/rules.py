"""Every rule that there is, as what it says of a side at a bar: the rows of a confluence table.

A rule speaks for a side when a setup of it was known at the bar or in the ten before, a candle in the two before, since
one in ten has nearly always been there, or when the state that it describes holds. What volume says of a trend is left
out: its meaning is disputed, and a count cannot name a convention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .context import WITHIN, obv_turns, plain_divergences
from .indicators import WAVES, bar_momentum
from .setups import Setups
from .structure.averages import alignment, average_crosses, average_double, regime, side_of_average
from .structure.blowoff import blow_offs
from .structure.breaks import false_breaks, line_breaks, retests
from .structure.candles import turning
from .structure.divergence import DivergenceRule, rsi_divergences
from .structure.fibonacci import pullbacks
from .structure.momentum import line_divergences, turns
from .structure.orderflow import exhaustions
from .structure.pattern_breaks import pattern_breaks
from .structure.price_doubles import price_doubles
from .structure.shoulders import head_and_shoulders
from .structure.stochastic import crosses
from .structure.top_tier import top_tiers
from .structure.traits import running
from .structure.volume import SURGE
from .structure.volume_bars import volume_bars
from .structure.wave_combinations import hierarchies, high_conviction, strongest
from .structure.waves import WaveRule, double_bottoms

Floats: TypeAlias = NDArray[np.float64]
State: TypeAlias = Callable[[Bars, int], NDArray[np.generic]]

FAMILIES = ("candles", "fibonacci", "breaks", "averages", "stochastic", "rsi", "volume")
NONE, UNKNOWN = "none", -1
LENGTHS = (12, 26, 9)  # of the MACD
CANDLE = 2  # bars back in which a candle still says something
# By what a setup's rule is called, the family that it belongs to: that one does not count for it.
OWN = {
    **{
        "fibonacci": "fibonacci",
        "rsi": "rsi",
        "stochastic": "stochastic",
        "average": "averages",
        "side_of": "averages",
    },
    **dict.fromkeys(("line_", "false_", "retest_", "pattern_", "head_and", "price_double"), "breaks"),
    **dict.fromkeys(("volume", "obv", "order_flow", "blow_off"), "volume"),
}


@dataclass(frozen=True)
class Rule:
    """family: one of FAMILIES, empty for a rule that is recorded and has no rank. state: whether it speaks for a side,
    a value a bar, UNKNOWN where it is undefined. own: with what the names of its own setups' rules begin, where it has
    no family.
    """

    family: str
    state: State
    own: str = ""

    def itself(self, rule: str) -> bool:
        """Whether it is, of setups of that rule, what these are themselves, or one of their family."""
        same = self.own != "" and f"{rule}_".startswith(f"{self.own}_")
        return same or (self.family != "" and self.family == family_of(rule))


def known(find: Callable[[Bars], Setups]) -> State:
    """Whether a setup of the side that `stands` was known at a bar or in the ten before."""

    def state(bars: Bars, side: int) -> NDArray[np.generic]:
        found = stands(find(bars))
        at = found.known_at[found.direction == side]
        return running(at, at + WITHIN + 1, len(bars))

    return state


def stands(found: Setups) -> Setups:
    """The setups that are traded: those without a veto that had not broken before they were known."""
    broken = found.features.get("f_broken_before_known", np.zeros(len(found)))
    return found.take(found.traded & (broken != 1))


def valid(bars: Bars, found: Setups) -> Setups:
    """Breaks with the volume of one, none to the side that books do not name. Raises MissingError where no volume is
    known: there no break is confirmed.
    """
    bars.need("volume")
    kept = found.features["f_volume_ratio"] >= SURGE
    return found.take(kept & (found.features["f_stated"] >= 0) if "f_stated" in found.features else kept)


def family_of(rule: str) -> str:
    """The family that a setup's rule belongs to, which does not count for it; NONE for a rule of one's own."""
    return next((family for prefix, family in OWN.items() if rule.startswith(prefix)), NONE)


def _sided(line: Floats, side: int) -> NDArray[np.generic]:
    return np.where(np.isnan(line), UNKNOWN, line == side)


def _regular(bars: Bars, regular: bool) -> Setups:
    found = rsi_divergences(bars, 14, DivergenceRule())
    return found.take(np.flatnonzero(np.char.startswith(found.kind, "regular") == regular))


def _from_zone(bars: Bars) -> Setups:
    found = crosses(bars, WAVES[-1])
    return found.take(np.flatnonzero(found.features["f_from_zone"] == 1))


def _candles(bars: Bars, side: int) -> NDArray[np.generic]:
    at = np.flatnonzero(turning(bars, side))
    return running(at, at + CANDLE + 1, len(bars))


def _waves(bars: Bars, side: int) -> NDArray[np.generic]:
    said = [known(partial(double_bottoms, wave=wave, rule=WaveRule()))(bars, side) for wave in WAVES]
    return np.asarray(np.max(said, axis=0))


RULES: Mapping[str, Rule] = {
    "turning_candle": Rule("candles", _candles),
    "fibonacci_pullback": Rule("fibonacci", known(pullbacks)),
    "fibonacci_top_tier": Rule("fibonacci", known(top_tiers)),
    "line_break": Rule("breaks", known(lambda bars: valid(bars, line_breaks(bars)))),
    "false_break": Rule("breaks", known(lambda bars: false_breaks(bars, line_breaks(bars)))),
    "retest": Rule("breaks", known(lambda bars: retests(bars, valid(bars, line_breaks(bars))))),
    "pattern_break": Rule("breaks", known(lambda bars: valid(bars, pattern_breaks(bars)))),
    "head_and_shoulders": Rule("breaks", known(lambda bars: valid(bars, head_and_shoulders(bars)))),
    "price_double": Rule("breaks", known(lambda bars: valid(bars, price_doubles(bars)))),
    "alignment": Rule("averages", lambda bars, side: _sided(alignment(bars), side)),
    "average_double": Rule("averages", known(average_double)),
    "average_cross": Rule("averages", known(average_crosses)),
    "stochastic_double": Rule("stochastic", _waves),
    "stochastic_cross": Rule("stochastic", known(_from_zone)),
    "stochastic_strongest": Rule("stochastic", known(lambda bars: strongest(bars, WaveRule()))),
    "stochastic_high_conviction": Rule("stochastic", known(lambda bars: high_conviction(bars, WaveRule()))),
    "stochastic_hierarchy": Rule("stochastic", known(lambda bars: hierarchies(bars, WaveRule()))),
    "rsi_divergence": Rule("rsi", known(plain_divergences)),
    "rsi_hidden_divergence": Rule("rsi", known(lambda bars: _regular(bars, False))),
    "volume_bar": Rule("volume", known(volume_bars)),
    "obv_divergence": Rule("volume", known(obv_turns)),
    "order_flow_exhaustion": Rule("volume", known(exhaustions)),
    "blow_off": Rule("volume", known(blow_offs)),
    "side_of_average_20": Rule("", lambda bars, side: _sided(side_of_average(bars, 20), side), "side_of_average_20"),
    "regime": Rule("", lambda bars, side: _sided(regime(bars), side)),
    "momentum_10": Rule("", lambda bars, side: _sided(np.sign(bar_momentum(bars, 10)), side), "momentum_10"),
    "macd_cross": Rule("", known(lambda bars: turns(bars, "histogram", LENGTHS)), "macd_cross"),
    "histogram_divergence": Rule("", known(lambda bars: line_divergences(bars, "histogram", LENGTHS)), "histogram"),
}
