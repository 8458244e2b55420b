"""Open interest, delta, order-flow exhaustion and blow-offs from their definitions, the two sides written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .averages import Found
from .indicators import atr
from .oscillators import ema
from .swings import swing_highs, swing_lows

NAN = math.nan


def states(bars: Any, over: int = 10, interest: float = 1.0, price: float = 1.0) -> list[float]:
    close, held = bars.close.tolist(), bars.open_interest.tolist()
    found = []
    for t in range(len(close)):
        if t < over or math.isnan(held[t]) or math.isnan(held[t - over]) or held[t - over] == 0.0:
            found.append(NAN)
            continue
        moved = 100.0 * (close[t] - close[t - over]) / close[t - over]
        opened = 100.0 * (held[t] - held[t - over]) / held[t - over]
        if abs(moved) <= price or abs(opened) <= interest:
            found.append(0.0)
        elif moved > 0:
            found.append(1.0 if opened > 0 else 2.0)
        else:
            found.append(3.0 if opened > 0 else 4.0)
    return found


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; NaN where a value is. Equal values, but for rounding, do not deviate."""
    if any(math.isnan(value) for value in values):
        return NAN, NAN
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, deviation if deviation > 1e-10 * max(abs(value) for value in values) else 0.0


def delta(bars: Any, source: str = "best") -> list[float]:
    if source == "best":
        source = "bulk" if bars.taker_buy is None else "taker"
    high, low, close, volume = (getattr(bars, name).tolist() for name in ("high", "low", "close", "volume"))
    if source == "taker":
        return [bought - (whole - bought) for bought, whole in zip(bars.taker_buy.tolist(), volume, strict=True)]
    found = []
    for t in range(len(close)):
        if source == "location":
            extent = high[t] - low[t]
            found.append(volume[t] * ((close[t] - low[t]) - (high[t] - close[t])) / extent if extent > 0 else NAN)
            continue
        if t < 50:
            found.append(NAN)
            continue
        changes = [close[i] - close[i - 1] for i in range(t - 49, t + 1)]
        sigma = spread(changes)[1]
        if sigma <= 1e-10 * close[t]:
            found.append(NAN)
        else:
            buyers = 0.5 * math.erfc(-changes[-1] / sigma / math.sqrt(2.0))
            found.append(volume[t] * (buyers - (1.0 - buyers)))
    return found


def effort(traded: Sequence[float], window: int) -> list[float]:
    found = [NAN] * len(traded)
    for t in range(window, len(traded)):
        mean, deviation = spread([abs(value) for value in traded[t - window : t]])
        if deviation > 0.0:
            found[t] = (abs(traded[t]) - mean) / deviation
    return found


def exhaustions(bars: Any, rule: Any) -> list[Found]:
    """Sellers, then buyers, exhausted; by (known_at, kind)."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    traded, reach = delta(bars, rule.source), atr(high, low, close, 14)
    score = effort(traded, rule.window)
    levels = [(swing.bar, swing.known_at, swing.price) for swing in swing_lows(low, rule.width, rule.width)]
    levels += [(swing.bar, swing.known_at, swing.price) for swing in swing_highs(high, rule.width, rule.width)]
    by_close: dict[tuple[int, str], Found] = {}
    for t in range(rule.over, len(close)):
        if not (score[t] >= rule.score and reach[t] > 0.0):
            continue
        buyers = traded[t] > 0
        gained = close[t] - close[t - rule.over] if buyers else close[t - rule.over] - close[t]
        if traded[t] == 0 or not gained / reach[t] <= rule.progress:
            continue
        end = high[t] if buyers else low[t]
        known_levels = [(abs(end - price), -bar) for bar, known, price in levels if known <= t <= bar + rule.oldest]
        if not known_levels or min(known_levels)[0] > rule.near * reach[t]:
            continue
        distance, minus_bar = min(known_levels)
        for k in range(t + rule.mean, min(t + rule.within, len(close) - 1) + 1):
            left = sum(traded[k - rule.mean + 1 : k + 1]) / rule.mean / traded[t]
            if left <= rule.fall:
                window = range(t - rule.over, k + 1)
                extreme = max(window, key=lambda bar: high[bar]) if buyers else min(window, key=lambda bar: low[bar])
                kind = "buyers_exhausted" if buyers else "sellers_exhausted"
                by_close[k, kind] = Found(
                    kind,
                    -1 if buyers else 1,
                    k,
                    high[extreme] if buyers else low[extreme],
                    {"level": -minus_bar, "effort": t, "setup_extreme": extreme},
                    {
                        "f_z": score[t],
                        "f_progress": gained / reach[t],
                        "f_distance": distance / reach[t],
                        "f_fall": left,
                    },
                )
                break
    return [by_close[key] for key in sorted(by_close)]


def bend(values: Sequence[float]) -> float:
    """The t value of the quadratic term of a least-squares parabola, by the normal equations."""
    n = len(values)
    half = (n - 1) / 2
    x = [(i - half) / half for i in range(n)]
    y = [math.log(value) - math.log(values[-1]) for value in values]
    rows = [[1.0, one, one * one] for one in x]
    cross = [[math.fsum(row[i] * row[j] for row in rows) for j in range(3)] for i in range(3)]
    right = [math.fsum(row[i] * value for row, value in zip(rows, y, strict=True)) for i in range(3)]
    inverse = inverted(cross)
    terms = [math.fsum(inverse[i][j] * right[j] for j in range(3)) for i in range(3)]
    missed = [
        value - math.fsum(a * b for a, b in zip(row, terms, strict=True)) for row, value in zip(rows, y, strict=True)
    ]
    deviation = max(math.sqrt(math.fsum(one * one for one in missed) / (n - 3)), 1e-12)
    return terms[2] / (deviation * math.sqrt(inverse[2][2]))


def inverted(matrix: list[list[float]]) -> list[list[float]]:
    """By Gauss and Jordan."""
    n = len(matrix)
    rows = [list(row) + [1.0 if i == j else 0.0 for j in range(n)] for i, row in enumerate(matrix)]
    for i in range(n):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for j in range(n):
            if j != i:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[n:] for row in rows]


def curvature(bars: Any, fit: int = 20) -> list[float]:
    close = bars.close.tolist()
    return [bend(close[t - fit + 1 : t + 1]) if t >= fit - 1 else NAN for t in range(len(close))]


def stretch(bars: Any, average: int = 20) -> list[float]:
    close, line = bars.close.tolist(), ema(bars.close.tolist(), average)
    reach = atr(bars.high.tolist(), bars.low.tolist(), close, 14)
    return [(close[t] - line[t]) / reach[t] if reach[t] > 0.0 else NAN for t in range(len(close))]


def busy(volume: Sequence[float], t: int, mean: int) -> float:
    """The volume of a bar over the mean of those before."""
    if t < mean:
        return NAN
    usual = sum(volume[t - mean : t]) / mean
    return volume[t] / usual if usual > 0.0 else NAN


def blow_offs(bars: Any, rule: Any) -> list[Found]:
    """Tops and climaxes by (known_at, kind); of each close the last bar that was one."""
    high, low, close, volume = (getattr(bars, name).tolist() for name in ("high", "low", "close", "volume"))
    far, fast = stretch(bars, rule.average), ema(close, rule.fast)
    gain = [close[t] / close[t - rule.over] if t >= rule.over else NAN for t in range(len(close))]
    by_close: dict[tuple[int, str], Found] = {}
    for t in range(max(rule.back + rule.over, rule.fit - 1), len(close)):
        if not abs(far[t]) >= rule.stretch:
            continue
        others, t_value = gain[t - rule.back : t], bend(close[t - rule.fit + 1 : t + 1])
        below = sum(1 for one in others if one < gain[t])
        above = sum(1 for one in others if one > gain[t])
        rank = 100.0 * (below + (rule.back - below - above) / 2) / rule.back
        top = far[t] > 0
        if top and not (rank >= rule.percentile and t_value > rule.curvature):
            continue
        if not top and not (rank <= 100.0 - rule.percentile and t_value < -rule.curvature):
            continue
        for k in range(t + 1, min(t + rule.within, len(close) - 1) + 1):
            turned = close[k] < fast[k] if top else close[k] > fast[k]
            ratio = busy(volume, k, rule.mean)
            if not (turned and abs(close[k] - fast[k]) > 1e-10 * close[k] and ratio >= rule.volume):
                continue
            window = range(t - rule.fit + 1, k + 1)
            extreme = max(window, key=lambda bar: high[bar]) if top else min(window, key=lambda bar: low[bar])
            by_close[k, "blow_off_top" if top else "selling_climax"] = Found(
                "blow_off_top" if top else "selling_climax",
                -1 if top else 1,
                k,
                high[extreme] if top else low[extreme],
                {"blow_off": t, "setup_extreme": extreme},
                {"f_return_percentile": rank, "f_curvature_t": t_value, "f_stretch": far[t], "f_volume_ratio": ratio},
            )
            break
    return [by_close[key] for key in sorted(by_close)]
