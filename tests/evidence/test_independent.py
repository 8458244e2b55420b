"""Four claims from bars to p against tests/reference/claims.py, which shares no code with the ledger.

The bars that a setup is matched with are drawn at random; there its due is the mean of all bars like it. So the ledger
is asked twice: with its forty, and with 4,000 (`matched.DRAWN`), which lie ten times as near. What drawing may change
is known: a matched bar lies `spread` from the mean of its cell. Ledger and reference draw blocks of time of their own:
a share of draws is compared within four standard errors of the difference of two binomial shares.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from framework.evidence import inference, matched
from framework.evidence.claims import CLAIMS
from framework.evidence.contracts import contracts
from framework.evidence.inference import Inferred
from framework.evidence.ledger import Judged, gathered, judge
from framework.simulation import Costs
from framework.sources import load
from tests.real import needed
from tests.reference import claims as plain

DATA = {"sample": ("sample:AAPL", "sample:IBM"), "real": ("BTCUSDT-4h.parquet",)}
BETWEEN = {"K63b": plain.crosses_in_range, "K14": plain.succession, "K41": plain.spreads}
DRAWS = 20_000
ERRORS = 4  # standard errors that chance may make

Markets = dict[str, pd.DataFrame]
Ask = Callable[[str], Judged]


@pytest.fixture(scope="module", params=DATA)
def both(request: pytest.FixtureRequest) -> tuple[Ask, Markets]:
    """The ledger's answer to a claim, and the same markets as plain tables."""
    bars = [load(name if ":" in name else needed(name)) for name in DATA[request.param]]
    many = contracts(bars)

    def ask(name: str) -> Judged:
        claim = dataclasses.replace(CLAIMS[name], around=(), also={})
        return judge(many, [claim], [gathered(one, [claim], Costs()) for one in many], [])[0]

    return ask, {one.symbol: plain.described(one.frame()) for one in bars}


@pytest.mark.parametrize("name", BETWEEN)
def test_arms_against_one_another(name: str, both: tuple[Ask, Markets]) -> None:
    ask, markets = both
    judged, (every, numbers) = ask(name), plain.pooled(markets, BETWEEN[name])
    same_units(judged, every)
    mine = plain.inferred(every, True, numbers, DRAWS)
    assert judged.found
    assert judged.found.effect == pytest.approx(mine.effect, rel=1e-9)
    assert judged.found.error == pytest.approx(mine.error, rel=1e-9)
    same_draws(judged.found, mine)


@pytest.mark.parametrize("drawn", [matched.DRAWN, 4000])
def test_events_against_all_bars_that_are_like_them(
    drawn: int, both: tuple[Ask, Markets], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matched, "DRAWN", drawn)
    ask, markets = both
    judged, (every, numbers) = ask("K65"), plain.pooled(markets, plain.oversold)
    events = every[every.weight.isna()]
    told = same_units(judged, events)
    by_chance = events.spread / math.sqrt(drawn)
    assert (np.abs(told.due - events.due) <= (ERRORS + 1) * by_chance + 1e-12).all()  # one more: there are hundreds
    mine = plain.inferred(every, False, numbers, DRAWS)
    assert judged.found
    assert abs(judged.found.effect - mine.effect) <= ERRORS * math.sqrt((by_chance**2).sum()) / len(events)
    # What drawing adds to a unit is as one to the root of `drawn` beside the unit's own luck.
    assert judged.found.error == pytest.approx(mine.error, rel=0.6 / math.sqrt(drawn))
    same_draws(judged.found, mine)


def same_units(judged: Judged, every: pd.DataFrame) -> pd.DataFrame:
    """The ledger's units, after they have been found to be the reference's; strata may have other names."""
    names = ("bar", "side", "arm", "y", "due", "stratum", "known")
    parts = [pd.DataFrame({name: getattr(one, name) for name in names}) for one in judged.units.values()]
    told = pd.concat(parts, keys=judged.units, names=["symbol"]).reset_index("symbol")
    told = told.sort_values(["symbol", "bar"]).set_axis(every.sort_values(["symbol", "bar"]).index).sort_index()
    for name in ("symbol", "bar", "side", "arm", "y"):
        assert (told[name] == every[name]).all(), name
    assert (told.known == every.close_at).all()
    pairs = set(zip(told.stratum, every.stratum, strict=True))
    assert len(pairs) == told.stratum.nunique() == every.stratum.nunique()
    return told


def same_draws(found: Inferred, mine: plain.Inferred) -> None:
    """p and both ends of the interval, as shares of the reference's draws: of what the ledger found, so that an effect
    that is off by what drawing its due may change is not asked for again.
    """
    t, nothing = mine.drawn, np.isnan(mine.drawn)
    at = found.effect / found.error
    less, more = ((t <= at) | nothing).mean(), ((t >= at) | nothing).mean()
    assert min(2 * min(less, more), 1.0) == pytest.approx(found.p, abs=2 * off_by_chance(min(found.p / 2, 0.5)))
    known = t[~nothing]
    tail = inference.LEVEL / 2
    assert (known > (found.effect - found.low) / found.error).mean() == pytest.approx(tail, abs=off_by_chance(tail))
    assert (known < (found.effect - found.high) / found.error).mean() == pytest.approx(tail, abs=off_by_chance(tail))


def off_by_chance(share: float) -> float:
    return ERRORS * math.sqrt(share * (1 - share) * (1 / DRAWS + 1 / inference.DRAWS))
