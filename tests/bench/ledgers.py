"""How often the ledger speaks where there is nothing, and where effects of a stated size were planted.

`python -m tests.bench.ledgers [LEDGERS]` judges every claim on so many made-up worlds: three markets whose volatility
comes in clusters and is shared, that move together, whose volume persists and follows the volatility, with nothing in
them that one bar says of the direction of the next. It prints the share of ledgers in which any claim is supported or
contradicted at a ledger-wide level of 10 %, and which; then the power where an effect was planted.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from framework.bars import Bars
from framework.evidence.claim import Claim
from framework.evidence.claims import CLAIMS
from framework.evidence.contracts import contracts
from framework.evidence.contrasts import Against
from framework.evidence.ledger import Judged, gathered, in_order, judge
from framework.evidence.units import Events
from framework.simulation import Costs

BARS, MARKETS, ORDERS, LEVEL = 4_000, 3, 10, 0.10
EDGES = (0.002, 0.003, 0.004)  # of the price, by which the close after a signal is higher
SPEAKS = ("supported", "contradicted")
COSTS = Costs(0.001, 0.0005)


def world(seed: int, edge: float = 0.0) -> list[Bars]:
    """Markets without structure. edge: what the close after every bar of `signals` is moved up by, as a fraction."""
    random = np.random.default_rng(seed)
    common, own = _volatility(random, BARS), [_volatility(random, BARS) for _ in range(MARKETS)]
    shared = random.standard_t(5, BARS) * common
    made = []
    for number, alone in enumerate(own):
        move = 0.004 * (0.7 * shared + 0.7 * random.standard_t(5, BARS) * alone)
        move += edge * np.isin(np.arange(BARS), signals(seed, number) + 1)
        close = 100 * np.exp(np.cumsum(move))
        opening = np.concatenate([[100.0], close[:-1]])
        reach = np.exp(np.abs(random.normal(0, 0.003, (2, BARS))) * (common + alone) / 2)
        busy = np.exp(_persistent(random, BARS, 0.98) + 0.5 * np.log(common + alone) + random.normal(0, 0.4, BARS))
        frame = pd.DataFrame(
            {
                "open": opening,
                "high": np.maximum(opening, close) * reach[0],
                "low": np.minimum(opening, close) / reach[1],
                "close": close,
                "volume": 1000 * busy,
            },
            index=pd.date_range("2020-01-01", periods=BARS, freq="4h", tz="UTC"),
        )
        made.append(Bars.from_frame(frame, f"M{number}", "4h"))
    return made


def signals(seed: int, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Bars of one market after which an edge may be planted, every fortieth or so."""
    random = np.random.default_rng((seed, number, 5))
    return np.sort(random.choice(np.arange(400, BARS - 60), BARS // 40, replace=False))


def _volatility(random: np.random.Generator, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A persistent volatility around 1."""
    return np.exp(_persistent(random, n, 0.985))


def _persistent(random: np.random.Generator, n: int, keep: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    steps, level = random.normal(0, 0.5 * np.sqrt(1 - keep**2), n), np.zeros(n)
    for t in range(1, n):
        level[t] = keep * level[t - 1] + steps[t]
    return level


def ledger(markets: Sequence[Bars], claims: Sequence[Claim], level: float = LEVEL) -> list[Judged]:
    """All claims on these markets, without their neighbours, which decide nothing."""
    plain = [dataclasses.replace(one, around=(), also={}) for one in claims]
    own = contracts(markets)
    mechanical = [one for one in plain if one.mechanical]
    orders = [in_order(own, mechanical, COSTS, k) for k in range(ORDERS)]
    return judge(own, plain, [gathered(one.fresh(), plain, COSTS) for one in own], orders, level)


def of_nothing(seed: int) -> dict[str, tuple[str, float]]:
    """The verdict and p of each claim on a world of nothing. A claim that states the least effect worth anything is
    rightly contradicted there: `small`.
    """
    found = ledger(world(seed), list(CLAIMS.values()))
    return {one.claim.id: (_word(one), one.found.p if one.found and one.found.enough else np.nan) for one in found}


def _word(one: Judged) -> str:
    rightly = one.verdict.word == "contradicted" and not one.verdict.adjusted < LEVEL
    return "small" if rightly else one.verdict.word


def planted(seed: int) -> Claim:
    """A claim that the close after each of `signals` rises."""

    def find(bars: Bars) -> Events:
        at = signals(seed, int(bars.symbol[1:]))
        return Events(at, np.ones(len(at), np.int64))

    return Claim("P1", "It rises after these.", "planted", "signals", lambda: Against(find))


def power(seed: int, edge: float) -> tuple[str, float, float]:
    """The verdict of a planted effect among twenty claims of the ledger, the effect, and the smallest that shows."""
    found = ledger(world(seed, edge), [planted(seed), *list(CLAIMS.values())[:20]], 0.05)[0]
    assert found.found
    return found.verdict.word, found.found.effect, found.verdict.shows


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    begin = time.time()
    with ProcessPoolExecutor(2) as pool:
        many = list(pool.map(of_nothing, range(count)))
        took = (time.time() - begin) / count
        tried = {edge: list(pool.map(partial(power, edge=edge), range(1000, 1000 + count // 4))) for edge in EDGES}
    _of_nothing_told(many, took)
    for edge, runs in tried.items():
        right = np.mean([word == "supported" for word, *_ in runs])
        effect, least = (float(np.mean([one[place] for one in runs])) for place in (1, 2))
        print(f"planted {edge:g}: effect {effect:+.3f}, shows {least:.3f} four times in five: supported in {right:.2f}")


def _of_nothing_told(many: Sequence[dict[str, tuple[str, float]]], took: float) -> None:
    count, loud = len(many), [[k for k, (word, _) in one.items() if word in SPEAKS] for one in many]
    error = np.sqrt(LEVEL * (1 - LEVEL) / count)
    share = sum(map(bool, loud)) / count
    print(f"{share:.3f} of {count} ledgers say something; 10 % and two errors are {LEVEL + 2 * error:.3f}")
    print("which:", Counter(name for one in loud for name in one).most_common())
    for name in CLAIMS:
        p = np.array([one[name][1] for one in many])
        p = p[~np.isnan(p)]
        if len(p) > 10:
            print(f"{name:6} judged in {len(p):4}, under .05 {(p < 0.05).mean():.3f}, .01 {(p < 0.01).mean():.3f}")
    print(f"{took:.2f} seconds a ledger;", Counter(word for one in many for word, _ in one.values()))


if __name__ == "__main__":
    main()
