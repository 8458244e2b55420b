"""The ledger: every claim on the same data, judged together."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..bars import Bars
from ..compiled import interrupted
from ..errors import UserError
from ..simulation import Costs
from ..validation.shuffled import shuffled
from .claim import Claim
from .contracts import Contract
from .contrasts import Contrast
from .inference import DAY, SHORTEST, Inferred, Sums, inferred, pooled
from .outcomes import Forward
from .trades import traded
from .units import NOTHING, Events, Units
from .verdicts import Asked, Verdict, verdicts

ORDERS = 20  # in which the bars are put for mechanical claims
Gathered: TypeAlias = dict[str, "list[Units] | str"]


@dataclass(frozen=True, eq=False)
class Judged:
    """A claim with its verdict. found: of the definition that is declared; None where the data cannot test it, and then
    `reason` says why. around: the effect of each neighbouring definition, NaN where it found nothing. units: of each
    market, by symbol. timeframes: of the bars it was tested on. also: what is told beside it, by name.
    """

    claim: Claim
    verdict: Verdict
    found: Inferred | None
    reason: str
    around: tuple[float, ...]
    units: Mapping[str, Units]
    timeframes: tuple[str, ...]
    also: Mapping[str, Inferred]

    @property
    def agree(self) -> int:
        """How many of the neighbouring definitions have an effect of the same sign."""
        effect = self.found.effect if self.found else np.nan
        return sum(bool(np.sign(one) == np.sign(effect)) for one in self.around)


def gathered(contract: Contract, claims: Sequence[Claim], costs: Costs, beside: bool = True) -> Gathered:
    """The units of each claim in one market, a list over its definitions; why not, where the data cannot test it.

    beside: whether to tell what else became of the units. Raises UserError where a claim's own code fails.
    """
    found: Gathered = {}
    for claim in claims:
        try:
            bars = contract.at(claim.timeframe)
            first, *others = claim.definitions()
            units = first.units(bars, costs)
            own = _told(bars, units, first.horizon, costs) if beside else units
            found[claim.id] = [own, *(_or_none(one, bars, costs) for one in others)]
        except UserError as error:
            found[claim.id] = f"{error.where}: {error.wrong}"
        except (Exception, SystemExit) as error:
            if interrupted(error):
                raise KeyboardInterrupt from None
            wrong = f"{type(error).__name__} on {contract.symbol}: {error}"
            raise UserError(f"claim {claim.id}", wrong, "mend its definition") from error
    return found


def _or_none(contrast: Contrast, bars: Bars, costs: Costs) -> Units:
    """The units of a definition that decides nothing; none where the data cannot test it."""
    try:
        return contrast.units(bars, costs)
    except UserError:
        return NOTHING


def _told(bars: Bars, units: Units, horizon: int, costs: Costs) -> Units:
    """Beside the outcome, never instead: the log return to the horizon in ATR, win and R under the rule's stop; NaN
    where the units are not of these bars alone.
    """
    if len(units.bar) != len(units):
        return units
    found = Events(units.bar, units.side, stop=units.stop)
    forward = Forward(horizon).of(bars, found, costs)
    return dataclasses.replace(units, beside={"forward": forward, **traded(bars, found, horizon, costs)})


def in_order(contracts: Sequence[Contract], claims: Sequence[Claim], costs: Costs, seed: int) -> list[Gathered]:
    """The units of mechanical claims on bars in a random order, one for all markets, a row a market; without those of
    neighbouring definitions, of which the declared one's is taken off.
    """
    made: list[Gathered] = [{} for _ in contracts]
    claims = [dataclasses.replace(claim, around=()) for claim in claims]
    for timeframe in dict.fromkeys(claim.timeframe for claim in claims):
        asked = [claim for claim in claims if claim.timeframe == timeframe]
        for row, bars in enumerate(shuffled([one.at(timeframe) for one in contracts], seed)):
            other = Contract(bars.symbol, {bars.timeframe: bars})
            made[row].update(gathered(other, asked, costs, beside=False))
    return made


def judge(
    contracts: Sequence[Contract],
    claims: Sequence[Claim],
    markets: Sequence[Gathered],
    orders: Sequence[Sequence[Gathered]],
    level: float | None = None,
) -> list[Judged]:
    """All claims together, from what was gathered of each market, and of each order of the bars a row of markets."""
    told = [_inferred(claim, contracts, markets, orders) for claim in claims]
    asked = [Asked(claim.expects, claim.least, found) for claim, (found, *_) in zip(claims, told, strict=True)]
    said = verdicts(asked) if level is None else verdicts(asked, level)
    return [Judged(claim, verdict, *rest) for claim, verdict, rest in zip(claims, said, told, strict=True)]


def _inferred(
    claim: Claim, contracts: Sequence[Contract], markets: Sequence[Gathered], orders: Sequence[Sequence[Gathered]]
) -> tuple[Inferred | None, str, tuple[float, ...], dict[str, Units], tuple[str, ...], dict[str, Inferred]]:
    able = [row for row, one in enumerate(markets) if not isinstance(one[claim.id], str)]
    if not able:
        return None, str(markets[0][claim.id]), (), {}, (), {}
    many, first = claim.definitions(), len(claim.around) + 1
    bars = [contracts[row].at(claim.timeframe) for row in able]

    def asked(number: int) -> tuple[Sums, list[Sums]]:
        """The units of a definition, and those on bars in random order. What is told beside a claim has blocks and
        orders of its own, a neighbour those of the declared definition.
        """
        own = number if number >= first else 0
        length = block_length(bars, many[own].horizon)

        def of(gathered_: Sequence[Gathered], place: int) -> Sums:
            units: Any = [gathered_[row][claim.id][place] for row in able]
            return pooled(units, many[number].between, length)

        shuffled_ = orders if claim.mechanical else ()
        return of(markets, number), [of(one, own and own - len(claim.around)) for one in shuffled_]

    def told(number: int) -> Inferred:
        sums, placebo = asked(number)
        calendar = _calendar(bars, block_length(bars, many[number].horizon))
        least = claim.expects * claim.least if claim.least and not number else float("nan")
        return inferred(sums, many[number].between, calendar, placebo, least)

    around = tuple(sums.effect - _effect(placebo) for sums, placebo in map(asked, range(1, first)))
    also = {name: told(number) for number, name in enumerate(claim.also, first)}
    units: Any = {contracts[row].symbol: markets[row][claim.id][0] for row in able}
    frames = tuple(dict.fromkeys(one.timeframe for one in bars))
    return told(0), "", around, units, frames, also


def _effect(many: Sequence[Sums]) -> float:
    total = sum(one.den.sum() for one in many)
    return float(sum(one.num.sum() for one in many) / total) if total else 0.0


def block_length(markets: Sequence[Bars], horizon: int) -> int:
    """Microseconds of a block: twice the horizon in the slowest market, 30 days at least."""
    steps = [float((bars.time[-1] - bars.time[0]).astype(np.int64)) / max(len(bars) - 1, 1) for bars in markets]
    return max(SHORTEST, int(np.ceil(2 * horizon * max(steps) / DAY)) * DAY)


def _calendar(markets: Sequence[Bars], length: int) -> tuple[int, int]:
    first = min(int(bars.time[0].astype(np.int64)) for bars in markets)
    last = max(int(bars.end.astype(np.int64)) for bars in markets)
    return first // length, last // length


def fingerprint(contracts: Sequence[Contract]) -> str:
    """A hash of all the bars, by symbol and timeframe."""
    text = hashlib.sha256()
    for contract in contracts:
        for timeframe, bars in sorted(contract.bars.items()):
            text.update(f"{contract.symbol}\0{timeframe}\0{bars.digest}\0".encode())
    return text.hexdigest()
