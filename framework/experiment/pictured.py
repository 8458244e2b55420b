"""What a ledger's page shows of each claim: its figure, and examples on the chart, taken evenly over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from ..bars import Bars
from ..evidence.contracts import Contract
from ..evidence.inference import pooled
from ..evidence.ledger import Judged
from ..evidence.outcomes import Race
from ..report.claims import Example, drawing, render
from ..validation.workers import Workers

EXAMPLES = 2  # a claim
MARKETS = 12  # that a figure names at most


def page(
    judged: Sequence[Judged],
    rows: Sequence[Mapping[str, Any]],
    markets: Sequence[Contract],
    manifest: Mapping[str, Any],
    told: Callable[[str, int, int], None],
    workers: int,
) -> str:
    """The HTML page of a ledger."""
    by_name = {one.symbol: one for one in markets}

    def drawn(place: int) -> str:
        one = judged[place]
        return str(drawing(rows[place], _effects(one), _examples(one, by_name))) if one.units else ""

    pictures: dict[str, Markup] = {}
    for place, text in enumerate(Workers[int, str]()(drawn, range(len(judged)), workers)):
        pictures[judged[place].claim.id] = Markup(text)
        told("drawing", place + 1, len(judged))
    return render(rows, pictures, manifest, [_said(one) for one in markets])


def _effects(one: Judged) -> list[tuple[str, float, int]]:
    """Of each market its name, effect and number of units; none where there are many."""
    if len(one.units) > MARKETS:
        return []
    between = one.claim.test().between
    return [(name, pooled([units], between, 1).effect, len(units)) for name, units in one.units.items()]


def _examples(one: Judged, markets: Mapping[str, Contract]) -> list[Example]:
    """Occurrences evenly spread over time among those of the highest rank, of which the claim speaks; never by how they
    ended. None where the units are not of these bars, as months are not.
    """
    all_of = [(known, name, row) for name, units in one.units.items() for row, known in enumerate(units.known)
              if len(units.bar)]  # fmt: skip
    highest = max((one.units[name].arm[row] for _, name, row in all_of), default=0.0)
    those = sorted(place for place in all_of if one.units[place[1]].arm[place[2]] == highest)
    found = []
    for at in np.linspace(0, len(those), EXAMPLES + 2).astype(int)[1:-1] if those else []:
        _, name, row = those[at]
        units, bars = one.units[name], markets[name].at(one.claim.timeframe)
        side, arm, y, due = (x[row].item() for x in (units.side, units.arm, units.y, units.due))
        found.append(Example(bars, _bar(bars, int(units.known[row])), side, arm, y, due, *_shown(one)))
    return found


def _shown(one: Judged) -> tuple[int, float]:
    """How many bars a claim's outcome looks ahead, and how far a race goes; 0 of what is no race."""
    contrast = one.claim.test()
    outcome = getattr(contrast, "outcome", None)
    return contrast.horizon, outcome.reach if isinstance(outcome, Race) else 0.0


def _bar(bars: Bars, known: int) -> int:
    """The bar that closed then, or the last one before."""
    return int(np.searchsorted((bars.time + bars.step).astype(np.int64), known, "right")) - 1


def _made(one: Contract) -> str:
    """How many bars of four hours a day has that are made of finer ones: where a market closes few are full."""
    made = one.at("4h")
    if made.timeframe != "4h" or "4h" in one.bars:
        return ""
    days = len(np.unique(made.time.astype("datetime64[D]")))
    return f", made into {len(made) / days:.1f} of 4h a day"


def _said(one: Contract) -> dict[str, str]:
    bars = one.at("finest")
    frames = ", ".join(sorted(one.bars, key=lambda name: one.bars[name].step))
    twins = f"; the same as {', '.join(one.dropped)}, left out" if one.dropped else ""
    said = f"{frames}, {bars.index[0]:%Y-%m-%d} to {bars.index[-1]:%Y-%m-%d}, {len(bars):,} bars{_made(one)}{twins}"
    return {"symbol": one.symbol, "said": said}
