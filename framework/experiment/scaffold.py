"""New files to begin with: a strategy that works, with its test, and an experiment."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from ..params import Parameter
from ..workspace import Strategy, load_strategy, names
from .files import write

LONGEST = 60  # characters of a name
USUAL = "rsi_divergence"  # the strategy of an experiment that names none

STRATEGY = '''"""NAME: a close above the highest high of the bars before it (bullish), below the lowest low (bearish).

A rule to begin with: change this text, the parameters and what setups() finds. The stop is the low of the bars before
(bearish: the high). Known at the close of the bar that broke out; nothing later is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from framework.bars import Bars
from framework.params import choice
from framework.setups import EXTREME, Setups


@dataclass(frozen=True)
class Params:
    lookback: int = choice(20, among=(10, 20, 40), unit="bars")
    sides: str = choice("both", among=("long", "short", "both"), searched=False)


def setups(bars: Bars, p: Params) -> Setups:
    """The first close beyond the extremes of the `lookback` bars before it, a row each."""
    highs, lows = pd.Series(bars.high), pd.Series(bars.low)
    highest = highs.rolling(p.lookback).max().shift(1).to_numpy()
    lowest = lows.rolling(p.lookback).min().shift(1).to_numpy()
    up, down = bars.close > highest, bars.close < lowest  # a comparison with NaN is False
    up[1:], down[1:] = up[1:] & ~up[:-1], down[1:] & ~down[:-1]
    at = np.flatnonzero(up | down)
    side = np.where(up[at], 1, -1).astype(np.int8)
    extremes = [_extreme(bars, bar, up, p.lookback) for bar, up in zip(at.tolist(), side.tolist(), strict=True)]
    found = Setups(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.time,
        rule="NAME",
        kind=np.where(side > 0, "bullish", "bearish"),
        direction=side,
        anchors={EXTREME: np.array(extremes, dtype=np.int64)},
        known_at=at,
        stop=np.where(side > 0, lowest[at], highest[at]),
        features={"f_range": (highest - lowest)[at] / bars.close[at]},
        veto=np.full(len(at), "", dtype="U32"),
        detection=f"lookback={p.lookback}",
    )
    if p.sides == "both":
        return found
    return found.refuse(side != (1 if p.sides == "long" else -1), "side not asked for")


def _extreme(bars: Bars, bar: int, side: int, lookback: int) -> int:
    """The bar of the lowest low (bearish: the highest high) of those before a break: where the stop is."""
    before = slice(bar - lookback, bar)
    return bar - lookback + int(bars.low[before].argmin() if side > 0 else bars.high[before].argmax())
'''

TEST = '''"""NAME: what it finds is what it says, and nothing of it depends on what follows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from framework import load
from framework.workspace import load_strategy, root

RULE = load_strategy(root(Path(__file__).parent), "NAME")
BARS = load("sample:AAPL")


@pytest.mark.parametrize("lookback", [10, 20, 40])
def test_bars_cut_short_show_the_same(lookback: int) -> None:
    """Whatever is known at a bar is found in the bars up to it: same setups, stops, vetoes, features."""
    params = RULE.build({"lookback": lookback})
    whole = RULE.setups(BARS, params).frame()
    assert len(whole) > 20
    for cut in range(lookback, len(BARS), 29):
        known = whole[whole["known_at"] < BARS.index[cut]]
        pd.testing.assert_frame_equal(RULE.setups(BARS[:cut], params).frame(), known, check_dtype=False)


def test_found_bar_by_bar() -> None:
    """The same by a plain loop: closes beyond the extremes of 20 bars, the first of each run."""
    expected, before = [], ""
    for bar in range(20, len(BARS)):
        close, high, low = BARS.close[bar], BARS.high[bar - 20 : bar].max(), BARS.low[bar - 20 : bar].min()
        side = "long" if close > high else "short" if close < low else ""
        if side and side != before:
            expected.append((BARS.index[bar], side, low if side == "long" else high))
        before = side
    found = RULE.setups(BARS, RULE.build({})).frame()
    assert list(zip(found["known_at"], found["direction"], found["stop"], strict=True)) == expected
'''

EXPERIMENT = """# NAME: a question, the data, how it is traded. Lines that begin with # are defaults or examples.
question = "Does STRATEGY work on large US stocks?"
variants = VARIANTS

[data]
symbols = ["AAPL", "GOOG", "IBM", "MSFT"]   # the embedded sample, daily 2000-2013
# files = ["data/BTCUSDT-4h.parquet"]       # instead: .csv or .parquet with time, open, high, low, close, volume
# from = 2010-01-01

[strategy]
name = "STRATEGY"
PARAMETERS
[search]
trials = 20                                 # parameter sets a window; 0 trades the defaults
min_trades = 20                             # that each entry must have closed in the training

[windows]
train = "4y"                                # searched in
test = "1y"                                 # traded with what was chosen

[costs]
fee = 0.001
slippage = 0.0005

[sizing]
risk = 0.01                                 # of the equity, lost at the stop

[exits]
target_r = 2.0                              # initial risks
time_stop = 60                              # bars

# [holdout]
# last = "1y"                               # kept from every search and test until --holdout
"""


def new_strategy(workspace: Path, name: str, strategy: str | None = None) -> list[Path]:
    """Write strategies/NAME.py and tests/test_NAME.py. Raises UserError for a name that cannot be, or is taken."""
    if strategy is not None:
        raise UserError("new strategy: --strategy", f"is '{strategy}'", "nothing; it belongs to a new experiment")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or len(name) > LONGEST:
        right = f"up to {LONGEST} small letters, digits and _, as my_rule"
        raise UserError(f"new strategy '{name[:LONGEST]}'", "is no name of a strategy", right)
    files = {
        workspace / "strategies" / f"{name}.py": STRATEGY,
        workspace / "tests" / f"test_{name}.py": TEST,
    }
    return _written(workspace, {path: text.replace("NAME", name) for path, text in files.items()})


def new_experiment(workspace: Path, name: str, strategy: str | None = None) -> list[Path]:
    """Write experiments/NAME.toml. strategy: the one of that name without it, else `rsi_divergence`, else the first.
    Raises UserError for a name that cannot be, or is taken, and for a strategy that is none.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or len(name) > LONGEST:
        right = f"up to {LONGEST} letters, digits, - and _, as my_question"
        raise UserError(f"new experiment '{name[:LONGEST]}'", "is no name of an experiment", right)
    known = names(workspace)
    if not known:
        raise UserError(f"{workspace / 'strategies'}", "holds no strategy", "chartproof new strategy NAME first")
    usual = next((one for one in (name, USUAL) if one in known), known[0])
    rule = load_strategy(workspace, strategy or usual)
    variants = '["aggressive", "conservative"]' if rule.stands else '["aggressive"]'
    put = {"NAME": name, "STRATEGY": rule.name, "PARAMETERS": _parameters(rule), "VARIANTS": variants}
    text = re.sub("|".join(put), lambda found: put[found[0]], EXPERIMENT)
    return _written(workspace, {workspace / "experiments" / f"{name}.toml": text})


def _parameters(rule: Strategy) -> str:
    """A line a parameter: to be named, or its default behind a #; what is searched as the list of its values."""
    made: Mapping[str, Parameter] = rule.parameters
    return "".join(_line(one) for one in made.values())


def _line(one: Parameter) -> str:
    unit = f"{one.unit}; " if one.unit else ""
    if one.required:
        return f"{_aligned(f'{one.name} = {json.dumps(one.default)}')}# to be named: one of {one.range}\n"
    value = json.dumps(list(one.values) if one.searched else one.default)
    how = "searched" if one.searched else f"fixed; {one.range}"
    return f"{_aligned(f'# {one.name} = {value}')}# {unit}{how}\n"


def _aligned(text: str) -> str:
    return f"{text:43} " if len(text) < 44 else f"{text}  "


def _written(workspace: Path, files: Mapping[Path, str]) -> list[Path]:
    """All of the files or none: nothing that is there is overwritten."""
    for path in files:
        if path.exists() or path.is_symlink():
            raise UserError(str(path.relative_to(workspace)), "is there already", "another name; nothing was written")
    for path, text in files.items():
        write(path, text.encode())
    return list(files)
