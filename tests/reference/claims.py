"""Claims of the ledger from bars to p, written out: tables, loops, a regression, blocks of time drawn again.

A market is the table that `described` makes of its bars. A claim's units are a table of a row each: the bar at whose
close it was known, side, arm (rank, or 1 with a feature and 0 without), outcome y and what is due, stratum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray

from .divergence import divergences
from .indicators import atr, rsi
from .oscillators import ema
from .swings import Swing, swing_highs, swing_lows

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = Iterable[tuple[int, int, float]]

NAN, INF = math.nan, math.inf
DAY = 86_400_000_000  # microseconds
HORIZON = 20
DIVERGENCE = SimpleNamespace(
    left=5, right=5, ties="strict", pairing="oscillator", match_within=3, min_gap=5, max_gap=60,
    oversold=30.0, overbought=70.0, midline=50.0, left_extreme="swing",
)  # fmt: skip
LOOSER = (
    ["trend", "finely", "move", "hour"],
    ["trend", "volatility", "move", "hour"],
    ["trend", "volatility", "move"],
    ["volatility", "move"],
    ["move"],
    [],
)


class Inferred(NamedTuple):
    """effect and its standard error; drawn: the studentised effects of the draws, NaN of one that tells nothing."""

    effect: float
    error: float
    drawn: Floats


def described(bars: pd.DataFrame) -> pd.DataFrame:
    """A table with a UTC index of opens as one numbered from 0: with ATR, the time at which each bar closes (in
    microseconds), what a long and a short would come to, and what the bar is like, NaN where that is not known.
    """
    opened = pd.Series(bars.index.as_unit("us").asi8)
    made = bars.reset_index(drop=True).assign(open_at=opened, close_at=opened + int(opened.diff().mode()[0]))
    made["atr"] = atr(made.high, made.low, made.close, 14)
    made["rise"], made["fall"] = race(made, 1), race(made, -1)
    high, low = steps(swing_highs(made.high), len(made)), steps(swing_lows(made.low), len(made))
    trend = pd.Series(np.select([(high > 0) & (low > 0), (high < 0) & (low < 0)], [1.0, -1.0], 0.0))
    made["trend"] = trend.where(high.notna() & low.notna())
    below = lower_before((made.atr / made.close).to_numpy(), 250)
    made["volatility"], made["finely"] = np.minimum(3 * below // 250, 2), np.minimum(10 * below // 250, 9)
    moved = (made.close - made.close.shift(20)) / made.atr
    made["move"] = pd.cut(moved, [-INF, -5, -2.5, -1, 1, 2.5, 5, INF], right=False, labels=False)
    made["hour"] = bars.index.hour // 8
    return made


def race(bars: pd.DataFrame, side: int) -> list[float]:
    """After every bar: which of two prices, two ATR from the next open, is reached first within 20 bars."""
    opens, high, low = bars.open.tolist(), bars.high.tolist(), bars.low.tolist()
    told = [NAN] * len(bars)
    for t, reach in enumerate(bars.atr.tolist()[: len(bars) - HORIZON]):
        if math.isnan(reach):
            continue
        over, under, told[t] = opens[t + 1] + 2 * reach, opens[t + 1] - 2 * reach, 0.5
        for later in range(t + 1, t + HORIZON + 1):
            rose, fell = high[later] >= over, low[later] <= under
            if rose and fell:
                break
            if rose or fell:
                told[t] = float(rose) if side > 0 else float(fell)
                break
    return told


def steps(swings: list[Swing], count: int) -> pd.Series[float]:
    """At every bar whether the last swing that is known lies above the one before, +1, or below, -1."""
    price = pd.Series([swing.price for swing in swings], [swing.known_at for swing in swings], dtype=float)
    return np.sign(price.diff()).reindex(range(count), method="ffill")


def lower_before(x: Floats, back: int) -> Floats:
    """How many of the values before each are lower, of so many; NaN where one of them is not known."""
    lower = np.full(len(x), NAN)
    for t in range(back, len(x)):
        if not np.isnan(x[t - back : t + 1]).any():
            lower[t] = (x[t - back : t] < x[t]).sum()
    return lower


def units(bars: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Bars, sides and arms as units: those whose arm and outcome are known."""
    made = pd.DataFrame(rows, columns=["bar", "side", "arm"]).sort_values("bar", ignore_index=True)
    at = bars.loc[made.bar].reset_index()
    made["y"], made["due"], made["close_at"] = at.rise.where(made.side > 0, at.fall), 0.0, at.close_at
    # What is not known is a stratum of its own.
    made["stratum"] = [str(one) for one in zip(made.side, at.volatility.fillna(-9), at.trend.fillna(-9), strict=True)]
    return made[made.y.notna() & made.arm.notna()].reset_index(drop=True)


def oversold(bars: pd.DataFrame) -> pd.DataFrame:
    """K65: closes at which the RSI is first below 30, above 70. Due is the mean of ALL bars that are like each; spread
    tells how far one of them lies from it. Each of these bars is a row of its own, at the end: how much of all that is
    due is its (weight; NaN of the units) and its outcome.
    """
    line = pd.Series(rsi(bars.close, 14))
    falls, rises = (line < 30) & (line.shift() >= 30), (line > 70) & (line.shift() <= 70)
    rows = [(bar, side, 1.0) for side, flags in ((1, falls), (-1, rises)) for bar in np.flatnonzero(flags)]
    made = units(bars, rows)
    known = {name: bars[name].to_numpy() for name in LOOSER[0] + LOOSER[1]}
    able = {side: bars.index < len(bars) - HORIZON for side in (1, -1)}
    for side, mine in made.groupby("side"):
        able[side][mine.bar] = False
    y, due, weight = {1: bars.rise.to_numpy(), -1: bars.fall.to_numpy()}, [], {1: 0.0 * bars.rise, -1: 0.0 * bars.rise}
    for bar, side in zip(made.bar, made.side, strict=True):
        mask = alike(known, bar, able[side])
        like = y[side][mask]
        due.append((np.nanmean(like), np.nanstd(like)))
        counts = mask & ~np.isnan(y[side])
        weight[side] = weight[side].fillna(0.0) + counts / counts.sum()
    made = made.assign(due=[one[0] for one in due], spread=[one[1] for one in due], weight=NAN)
    others = [
        pd.DataFrame({"bar": bars.index, "side": side, "arm": 0.0, "y": y[side], "due": 0.0, "weight": weight[side]})
        .assign(close_at=bars.close_at.to_numpy(), stratum="", spread=0.0)
        .query("weight > 0")
        for side in (1, -1)
    ]
    return pd.concat([made, *others], ignore_index=True)


def alike(known: Mapping[str, Floats], bar: int, able: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which bars are like one, in as much as ten of them are. What is not known is like nothing."""
    for names in LOOSER:
        same = able.copy()
        for name in names:
            same &= known[name] == known[name][bar]
        if same.sum() >= 10:
            break
    return same


def crosses_in_range(bars: pd.DataFrame) -> pd.DataFrame:
    """K63b: crosses of the averages 5 and 20 while those of 20, 60 and 120 span an ATR at most or that of 60 moves less
    than .03 ATR a bar, and other ones.
    """
    line = {period: pd.Series(ema(bars.close, period)) for period in (5, 20, 60, 120)}
    slow = pd.concat([line[period] for period in (20, 60, 120)], axis=1)
    span = (slow.max(axis=1, skipna=False) - slow.min(axis=1, skipna=False)) / bars.atr
    moved = line[60].diff(5).abs() / bars.atr / 5
    ranging = ((span <= 1) | (moved < 0.03)).astype(float).where(span.notna() & moved.notna())
    apart = line[5] - line[20]
    side = np.sign(apart.where(apart.abs() > 1e-10 * bars.close)).ffill()  # a touch is no other side
    turned = (side * side.shift() < 0).to_numpy().nonzero()[0]
    return units(bars, [(bar, int(side[bar]), ranging[bar]) for bar in turned])


def spreads(bars: pd.DataFrame) -> pd.DataFrame:
    """K41: closes by how many half ATR the averages 20 and 60 lie apart, four and more being one rank."""
    apart = (pd.Series(ema(bars.close, 20)) - pd.Series(ema(bars.close, 60))) / bars.atr
    return units(bars, [(bar, int(np.sign(x)), min(abs(x) // 0.5, 4.0)) for bar, x in apart.dropna().items() if x])


def succession(bars: pd.DataFrame) -> pd.DataFrame:
    """K14: first, second and later regular divergences of a leg that began in the extreme zone and still stood."""
    wanted = {"f_left_extreme": 1.0, "f_broken_before_known": 0.0}
    found = [one for one in divergences(bars, rsi(bars.close, 14), DIVERGENCE) if one.kind.startswith("regular")]
    kept = [one for one in found if wanted.items() <= one.features.items()]
    return units(bars, [(one.known_at, one.direction, min(one.features["f_succession"], 3.0)) for one in kept])


def pooled(
    markets: Mapping[str, pd.DataFrame], found: Callable[[pd.DataFrame], pd.DataFrame]
) -> tuple[pd.DataFrame, range]:
    """The units of all markets, each with its block of time, and the blocks there are: twice the horizon long, 30 days
    at least.
    """
    span = max((one.open_at.iat[-1] - one.open_at.iat[0]) / (len(one) - 1) / DAY for one in markets.values())
    length = max(30, math.ceil(2 * HORIZON * span)) * DAY
    first = min(one.open_at.iat[0] for one in markets.values())
    last = max(one.close_at.iat[-1] for one in markets.values())
    every = pd.concat([found(one).assign(symbol=symbol) for symbol, one in markets.items()], ignore_index=True)
    return every.assign(block=every.close_at // length), range(first // length, last // length + 1)


def inferred(every: pd.DataFrame, between: bool, numbers: range, draws: int = 20_000) -> Inferred:
    """The slope of y on the arm with a constant for every stratum; else the mean of y less its due, in whose error is
    that of the bars of which the due is made. Blocks, as many as the calendar has, are drawn with replacement.
    """
    rows = arms(every) if between else against(every)
    table = rows.groupby("block").sum()
    table["any"] = (table != 0).any(axis=1) * 1.0
    table = table.reindex(numbers, fill_value=0.0)
    effect, telling = table.num.sum() / table.den.sum(), int(table["any"].sum())
    left = table.num - effect * table.den
    error = math.sqrt((left**2).sum() * telling / (telling - 1)) / table.den.sum()
    picked = np.random.default_rng(1).integers(len(table), size=(draws, len(table)))
    num, den, known = (table[name].to_numpy()[picked] for name in ("num", "den", "any"))
    with np.errstate(divide="ignore", invalid="ignore"):  # of draws without a unit
        again, some = num.sum(axis=1) / den.sum(axis=1), known.sum(axis=1)
        left = ((num - again[:, None] * den) ** 2).sum(axis=1)
        spread = np.sqrt(left * some / np.maximum(some - 1, 1)) / den.sum(axis=1)
        # What agrees in all its blocks has no spread but for rounding, and tells nothing.
        return Inferred(effect, error, np.where(spread > 1e-6 * error, (again - effect) / spread, NAN))


def arms(every: pd.DataFrame) -> pd.DataFrame:
    """num and den of a slope with a constant for every stratum, which statsmodels finds, too. What a unit adds to the
    error is as if the mean of its stratum were not made of it.
    """
    stratum = every.symbol + every.stratum
    y, arm = (x - x.groupby(stratum).transform("mean") for x in (every.y, every.arm))
    fit = sm.OLS(every.y, pd.get_dummies(stratum, dtype=float).assign(arm=every.arm)).fit()
    effect, size = fit.params["arm"], stratum.map(stratum.value_counts())
    score = arm * (y - effect * arm) * np.sqrt(size / np.maximum(size - 1, 1))
    den = arm**2
    num = effect * den + score - score.sum() * den / den.sum()
    return pd.DataFrame({"num": num, "den": den, "block": every.block})


def against(every: pd.DataFrame) -> pd.DataFrame:
    """num and den of a mean of y less its due: units less the mean due, then the bars that this is of."""
    event = every.weight.isna()
    due = every.due[event].mean()
    num = np.where(event, every.y - due, -every.weight * (every.y - due))
    return pd.DataFrame({"num": num, "den": event * 1.0, "block": every.block})
