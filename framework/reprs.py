"""How bars, signals and results show themselves in a notebook: a small table, and a line where there is one.

Colours are the notebook's own, so that it suits light and dark. Nothing is drawn by a library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, MARGIN = 420, 90, 3
POINTS = 150  # runs of a long line, of each of which its lowest and highest point are drawn
SURE = 1.959963984540054  # standard errors on either side that hold 95 %
ENOUGH = 30  # trades under which nothing is ranked
NONE = "–"


def of_bars(bars: Any) -> str:
    """For a notebook: what it is, its period, what is known of it."""
    more = [*sorted(bars.known), *(word for word in ("funding", "finer") if getattr(bars, word) is not None)]
    rows = [("period", period(bars.index)), ("bars", f"{len(bars):,}")]
    rows += [("last close", f"{bars.close[-1]:,.6g}")] if len(bars) else []
    rows += [("known too", ", ".join(more) or "nothing")] + [("mended", word) for word in bars.mended]
    return card(f"Bars {bars.symbol} {bars.timeframe}", rows, curve(bars.close, "closes"))


def of_signals(signals: Any) -> str:
    """For a notebook: how many bars, how many signals of each sort, how many with a price of their own."""
    sorts = ("long_entry", "long_exit", "short_entry", "short_exit")
    counts = [(name.replace("_", " "), f"{int(getattr(signals, name).sum()):,}") for name in sorts]
    entry = signals.long_entry | signals.short_entry
    own = [(f"with a {name}", int((entry & ~np.isnan(getattr(signals, name))).sum())) for name in ("stop", "target")]
    at = np.flatnonzero(entry)
    span = f"bar {at[0]:,} to bar {at[-1]:,}" if len(at) else "none"
    rows = [("bars", f"{len(signals):,}"), *counts, ("bars with an entry", f"{len(at):,}"), ("entries", span)]
    return card("Signals", rows + [(name, f"{n:,}") for name, n in own])


def of_result(result: Any) -> str:
    """For a notebook: the figures, with what they rest on, and the equity."""
    refused = len(result.entries) - len(result.order)
    head = [("period", period(result.bars.index)), ("bars", f"{len(result.bars):,}")]
    head += [("entry signals", f"{len(result.entries):,}, {refused:,} of them not entered")]
    label = f"equity, from {result.cash:,.0f} to {result.equity.iloc[-1]:,.0f}" if len(result.bars) else "equity"
    line = curve(result.equity.to_numpy(), label)
    foot = f"{label}. In sample as far as anything was chosen on these bars; intervals take trades as independent."
    closed = result.trades["exit_reason"] != "open"
    rows = head + figures(result.metrics, int((closed & result.trades["r"].notna()).sum()))
    return card(f"Result {result.bars.symbol} {result.bars.timeframe}", rows, line, foot)


def card(title: str, rows: Sequence[tuple[str, str]], line: str = "", foot: str = "") -> str:
    """A titled table of two columns; `line` is SVG and stands as it is, all else is escaped."""
    cell = "text-align:left;padding:1px 14px 1px 0;background:none;border:0"
    body = "".join(
        f'<tr style="background:none"><th style="{cell};font-weight:400;opacity:.7">{escape(name)}</th>'
        f'<td style="{cell}">{escape(value)}</td></tr>'
        for name, value in rows
    )
    note = f'<div style="opacity:.7;font-size:.9em">{escape(foot)}</div>' if foot else ""
    return (
        '<div style="display:inline-block;border:1px solid rgba(128,128,128,.5);border-radius:6px;padding:8px 12px">'
        f"<strong>{escape(title)}</strong>"
        f'<table style="border-collapse:collapse;margin:4px 0;font-variant-numeric:tabular-nums">{body}</table>'
        f"{line}{note}</div>"
    )


def curve(values: NDArray[np.float64], label: str) -> str:
    """A line through the values as inline SVG, with a faint one at the first of them; empty under two values."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return ""
    rows = _seen(known)
    low, high = float(known.min()), float(known.max())
    scale = (HEIGHT - 2 * MARGIN) / ((high - low) or 1.0)
    y = HEIGHT - MARGIN - (known - low) * scale
    points = " ".join(f"{row * WIDTH / (len(known) - 1):.1f},{y[row]:.1f}" for row in rows)
    stroke = 'fill="none" stroke="currentColor"'
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return (
        f'<svg role="img" aria-label="{escape(label)}" {size}>'
        f'<path d="M0 {y[0]:.1f}H{WIDTH}" {stroke} stroke-opacity=".35" stroke-dasharray="3 3"/>'
        f'<polyline points="{points}" {stroke} stroke-width="1.4"/></svg>'
    )


def _seen(values: NDArray[np.float64]) -> list[int]:
    """Of many values the lowest and the highest of each run, the first and the last."""
    if len(values) <= 2 * POINTS:
        return list(range(len(values)))
    runs = np.array_split(np.arange(len(values)), POINTS)
    ends = {int(run[at]) for run in runs for at in (values[run].argmin(), values[run].argmax())}
    return sorted({0, len(values) - 1, *ends})


def figures(metrics: Mapping[str, float], rated: int) -> list[tuple[str, str]]:
    """A result's figures with their 95 % intervals and what they rest on. rated: closed trades with a stop."""
    m, n = metrics, int(metrics["trades"])
    rests, half, r = _rests(rated), SURE * m["expectancy_r_error"], m["expectancy_r"]
    won = f"{share(m['win_rate'])}, 95 % {share(m['win_rate_low'])} to {share(m['win_rate_high'])}{_rests(n)}"
    within = f", 95 % {number(r - half, True)} to {number(r + half, True)}" if math.isfinite(half) else ""
    return [
        ("closed trades", f"{n:,}"),
        ("win rate", won if n else NONE),
        ("expectancy", f"{number(r, True)} R{within}{rests}" if math.isfinite(r) else NONE),
        ("profit factor", f"{number(m['profit_factor'])}{rests}" if rated else NONE),
        ("total return", share(m["total_return"], True)),
        ("deepest drawdown", share(m["max_drawdown"])),
        ("Sharpe ratio", number(m["sharpe"])),
        ("in the market", share(m["exposure"])),
    ]


def _rests(n: int) -> str:
    return f" (n = {n:,}{f', under {ENOUGH}: too few to say' if n < ENOUGH else ''})"


def share(value: float, signed: bool = False) -> str:
    """A fraction as a percentage with one digit; a dash where it is undefined."""
    return NONE if math.isnan(value) else f"{number(value * 100, signed, 1)} %"


def number(value: float, signed: bool = False, digits: int = 2) -> str:
    """A number with thousands separated and a true minus; a dash where it is undefined."""
    if math.isnan(value):
        return NONE
    text = "∞" if math.isinf(value) else f"{abs(value):,.{digits}f}"
    sign = ("−" if value < 0 else "+" if signed else "") if text.strip("0.,") else ""
    return f"{sign}{text}"


def period(index: Any) -> str:
    """From the first stamp to the last; a dash of none."""
    return f"{index[0]:%Y-%m-%d %H:%M} to {index[-1]:%Y-%m-%d %H:%M} UTC" if len(index) else NONE
