"""The ledger: every claim on the same data, judged together."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..bars import Bars, timeframe_step
from ..compiled import interrupted
from ..errors import UserError
from ..simulation import Costs
from ..validation.shuffled import shuffled
from .claim import Claim
from .contracts import Contract
from .contrasts import Contrast
from .inference import SHORTEST, Inferred, Sums, inferred, pooled
from .outcomes import Forward
from .trades import traded
from .units import DAY, NOBODY, NOTHING, Events, Units
from .verdicts import Asked, Verdict, verdicts

NOT_YET = Verdict("")
ORDERS = 20  # in which the bars are put for mechanical claims
Gathered: TypeAlias = dict[str, "list[Units] | str"]


@dataclass(frozen=True, eq=False)
class Judged:
    """A claim with its verdict. found: of the definition that is declared; None where the data cannot test it, and then
    `reason` says why. around: the effect of each neighbouring definition, NaN where it finds nothing, or what the
    declared one finds. units: of each market that can be tested, by symbol. unable: why not, of each of the others.
    timeframes: of the bars it was tested on, with the number of markets. also: what is told beside it, by name.
    """

    claim: Claim
    verdict: Verdict
    found: Inferred | None
    reason: str
    around: tuple[float, ...]
    units: Mapping[str, Units]
    unable: Mapping[str, str]
    timeframes: Mapping[str, int]
    also: Mapping[str, Inferred]

    @property
    def neighbours(self) -> tuple[float, ...]:
        """The effects of the neighbouring definitions that find something else than the declared one."""
        return tuple(one for one in self.around if not np.isnan(one))

    @property
    def agree(self) -> int:
        """How many of the neighbours have an effect of the same sign."""
        effect = self.found.effect if self.found else np.nan
        return sum(bool(np.sign(one) == np.sign(effect)) for one in self.neighbours)


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
            more = [_or_none(one, bars, costs) for one in others]
            around = [_lean(one) for one in more[: len(claim.around)]]
            found[claim.id] = [own, *around, *more[len(claim.around) :]]
        except UserError as error:
            found[claim.id] = f"{error.where}: {error.wrong}"
        except (Exception, SystemExit) as error:
            if interrupted(error):
                raise KeyboardInterrupt from None
            wrong = f"{type(error).__name__} on {contract.symbol}: {error}"
            raise UserError(f"claim {claim.id}", wrong, "mend its definition") from error
    return found


def _or_none(contrast: Contrast, bars: Bars, costs: Costs) -> Units:
    """The units of what is told beside a claim; none where the data cannot test it."""
    try:
        return contrast.units(bars, costs)
    except UserError:
        return NOTHING


def _lean(units: Units) -> Units:
    """Without what an error alone is made of: of neighbouring definitions and random orders only the effect counts."""
    return dataclasses.replace(units, others=NOBODY)


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
            found = gathered(other, asked, costs, beside=False)
            made[row] |= {id_: one if isinstance(one, str) else [*map(_lean, one)] for id_, one in found.items()}
    return made


def judge(
    contracts: Sequence[Contract],
    claims: Sequence[Claim],
    markets: Sequence[Gathered],
    orders: Sequence[Sequence[Gathered]],
    level: float | None = None,
) -> list[Judged]:
    """All claims together, from what was gathered of each market, and of each order of the bars a row of markets."""
    found = [_found(claim, contracts, markets, orders) for claim in claims]
    asked = [Asked(one.claim.expects, one.claim.least, one.found) for one in found]
    said = verdicts(asked) if level is None else verdicts(asked, level)
    return [dataclasses.replace(one, verdict=verdict) for one, verdict in zip(found, said, strict=True)]


def _found(
    claim: Claim, contracts: Sequence[Contract], markets: Sequence[Gathered], orders: Sequence[Sequence[Gathered]]
) -> Judged:
    """What is known of a claim by itself; its verdict hangs on the others."""
    many = zip(contracts, markets, strict=True)
    unable = {one.symbol: said for one, of in many if isinstance(said := of[claim.id], str)}
    able = [row for row, one in enumerate(contracts) if one.symbol not in unable]
    if not able:
        return Judged(claim, NOT_YET, None, next(iter(unable.values())), (), {}, unable, {}, {})
    bars = [contracts[row].at(claim.timeframe) for row in able]
    definitions, first = claim.definitions(), len(claim.around) + 1

    def sums(gathered_: Sequence[Gathered], number: int, own: int) -> Sums:
        """The units of a definition, in the blocks of another."""
        units: Any = [gathered_[row][claim.id][number] for row in able]
        length = block_length(bars, definitions[own].horizon, claim.slowest)
        return pooled(units, definitions[number].between, length)

    def told(number: int) -> tuple[Inferred, list[Sums]]:
        # Of bars in random order the neighbours are not asked for.
        placebo = [sums(one, max(number - len(claim.around), 0), number) for one in claim.mechanical * list(orders)]
        calendar = _calendar(bars, block_length(bars, definitions[number].horizon, claim.slowest))
        least = claim.expects * claim.least if claim.least and not number else float("nan")
        of = sums(markets, number, number)
        return inferred(of, definitions[number].between, calendar, placebo, least), placebo

    def same(number: int) -> bool:
        found: Any = [markets[row][claim.id] for row in able]
        return all(one[0].same(one[number]) for one in found)

    declared, placebo = told(0)
    off = _effect(placebo)
    around = tuple(np.nan if same(number) else sums(markets, number, 0).effect - off for number in range(1, first))
    also = {name: told(number)[0] for number, name in enumerate(claim.also, first)}
    units: Any = {contracts[row].symbol: markets[row][claim.id][0] for row in able}
    frames = Counter(one.timeframe for one in bars)
    return Judged(claim, NOT_YET, declared, "", around, units, unable, frames, also)


def _effect(many: Sequence[Sums]) -> float:
    total = sum(one.den.sum() for one in many)
    return float(sum(one.num.sum() for one in many) / total) if total else 0.0


def block_length(markets: Sequence[Bars], horizon: int, slowest: str = "") -> int:
    """Microseconds of a block: twice the horizon in the slowest market, or in bars slower than theirs, where some are
    meant; 30 days at least.
    """
    steps = [float((bars.time[-1] - bars.time[0]).astype(np.int64)) / max(len(bars) - 1, 1) for bars in markets]
    steps += [float(timeframe_step(slowest).astype(np.int64))] if slowest else []
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
