"""What was known in the tests: which markets had bars, funding and finer bars, and for how long they had none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..bars import Bars
from ..extras import WORDS
from ..sources.rates import EXTREME, a_year
from .outofsample import OutOfSample

IDLE = pd.Timedelta(days=30)
UNPAID = np.timedelta64(3, "D")  # without a settlement: longer than any market leaves between two
DAY = np.timedelta64(1, "D")
ENOUGH = 0.99  # of the bars: what little is unknown beyond changes nothing


def notes(tested: OutOfSample) -> list[str]:
    """What was not there for all of the test, in sentences that stand before every figure."""
    return [*_absent(tested), *_unfunded(tested), *_unknown(tested), *_uncounted(tested)]


def _unknown(tested: OutOfSample) -> Iterator[str]:
    """Where a volume or an open interest is known of some bars: what rules on it find nothing in."""
    for bars in map(_in_test(tested), tested.markets):
        for name, word in WORDS.items():
            values = getattr(bars, name)
            if values is None or name not in bars.known or not len(bars):
                continue
            known = np.isfinite(values)
            if known.mean() < ENOUGH:
                days = [f"{bars.index[at]:%Y-%m-%d}" for at in np.flatnonzero(known)[[0, -1]]] if known.any() else []
                when = f", from {days[0]} to {days[1]}" if days else ""
                yield f"The {word} of {bars.symbol} is known of {known.mean():.0%} of the bars in its test{when}."


def _uncounted(tested: OutOfSample) -> Iterator[str]:
    """Where rules on volume are counted with others, and there is none."""
    counted = any(name.startswith(("f_of_volume", "f_unknown")) for name in map(str, tested.setups))
    for bars in tested.markets:
        if counted and "volume" not in bars.known:
            unsaid = "rules on it count as nothing in the confluence, nor do breaks that it would confirm"
            yield f"The volume of {bars.symbol} is not known: {unsaid}."


def known_funding(tested: OutOfSample) -> dict[str, Any]:
    """Of each market with funding in its test: what a long pays a year, and from when to when it is known."""
    found = {}
    for bars in map(_in_test(tested), tested.markets):
        if len(bars) and bars.funding is not None:
            inside = bars.funding.time > bars.time[0]
            time, rate = bars.funding.time[inside], bars.funding.rate[inside]
            if len(time):
                stamps = pd.DatetimeIndex(time, tz="UTC")
                found[bars.symbol] = {"a_year": a_year(time, rate), "from": stamps[0], "to": stamps[-1]}
    return found


def known_finer(tested: OutOfSample) -> dict[str, Any]:
    """Of each market with finer bars: their timeframe, and the share of its bars in the test that have any."""
    found = {}
    for bars in map(_in_test(tested), tested.markets):
        if len(bars) and bars.finer is not None:
            of = np.searchsorted(bars.time, bars.finer.time, side="right") - 1
            has = np.unique(of[bars.finer.time < bars.time[of] + bars.step])
            found[bars.symbol] = {"timeframe": bars.finer.timeframe, "share": len(has) / len(bars)}
    return found


def _in_test(tested: OutOfSample) -> Any:
    first = np.datetime64(tested.equity["time"].iloc[0].tz_convert(None))
    return lambda bars: bars[int(np.searchsorted(bars.time, first)) :]


def _absent(tested: OutOfSample) -> Iterator[str]:
    first, last = tested.equity["time"].iloc[0], tested.equity["time"].iloc[-1]
    whose = "its part of buying and holding" if tested.trading.shared else "its part of the cash"
    for bars in tested.markets:
        inside = bars.index[bars.index >= first]
        if not len(inside):
            yield f"{bars.symbol} has no bars in any test: {whose} lay idle throughout."
        elif inside[0] - first > IDLE or last - inside[-1] > IDLE:
            held = f"{inside[0]:%Y-%m-%d} to {inside[-1]:%Y-%m-%d}"
            yield f"{bars.symbol} has bars from {held} only: outside of it {whose} lay idle."
        if tested.trading.shared and len(inside) and inside[-1] < last and _still_held(tested, bars.symbol):
            yield f"A position in {bars.symbol} was held when its bars ended: it kept its place and value to the end."


def _still_held(tested: OutOfSample, symbol: str) -> bool:
    return bool((tested.trades["symbol"].eq(symbol) & tested.trades["exit_reason"].eq("open")).any())


def _unfunded(tested: OutOfSample) -> Iterator[str]:
    """Where funding is given for some: markets and days without any look better than they were, or worse."""
    without = [bars.symbol for bars in tested.markets if bars.funding is None]
    if len(without) == len(tested.markets):
        return
    if without:
        yield f"No funding is given for {', '.join(without)}: none was paid or received there."
    for bars in map(_in_test(tested), tested.markets):
        if not len(bars) or bars.funding is None:
            continue
        time, rate = bars.funding.time, bars.funding.rate
        gaps = _gaps(bars, time)
        if len(gaps):
            days, whole = (int(span / DAY) for span in (gaps.sum(), bars.end - bars.time[0]))
            yield f"{bars.symbol} has no funding for {days:,} of the {whole:,} days of its test: none was paid in them."
        size = a_year(time, np.abs(rate)) if len(time) else 0.0
        if size > EXTREME:
            yield f"The funding of {bars.symbol} is {size:.0%} a year in size: are the rates in its file percentages?"


def _gaps(bars: Bars, time: Any) -> Any:
    """The spans of the bars without a settlement that are longer than any market leaves."""
    inside = time[(time > bars.time[0]) & (time <= bars.end)]
    spans = np.diff(np.concatenate([bars.time[:1], inside, [bars.end]]))
    return spans[spans > UNPAID]
