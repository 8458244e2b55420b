"""A sweep says of every set what `simulate` says of it alone, and refuses in one line what it cannot try."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.simulation import Costs, Exits, Sizing, Terms
from framework.sources import load
from framework.sweep import _Task, sweep
from framework.workspace import Strategy, load_strategy
from tests import oracle
from tests.oracle import Entry, Signal

from .simulation import framework_bars
from .sweeping import HEAD, SIGNALS, compare, market, of_lists, ruled

HERE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Strategy:
    return ruled(tmp_path_factory.mktemp("crossing"), HEAD + SIGNALS)


@pytest.fixture(scope="module")
def levels() -> Strategy:
    return load_strategy(HERE / "tests" / "bench", "rsi_levels")


@pytest.fixture(scope="module")
def aapl() -> Bars:
    return load("sample:AAPL")


def test_figures_worked_out_by_hand() -> None:
    """10 units bought at 100, worth 1100 and 990 at two closes, sold at 104.5; and an entry that its bar takes out."""
    opens, close = [100.0, 100.0, 110.0, 104.5], [100.0, 110.0, 99.0, 105.0]
    bars = oracle.Bars(opens, [101.0, 111.0, 111.0, 106.0], [99.0, 98.0, 98.0, 103.0], close)
    held = [Signal([Entry(1, stop=95.0)]), Signal(), Signal(exit_long=True), Signal()]
    gone = [Signal(), Signal([Entry(1, stop=100.0, target=112.0)]), Signal(), Signal()]
    found = sweep(framework_bars(bars), of_lists([held, gone]), {"which": [0, 1]}, cash=1000.0)
    one, two = found.to_dict("records")
    returns = [0.1, -0.1, 1045 / 990 - 1]
    year = statistics.mean(returns) / statistics.stdev(returns) * math.sqrt(365.25)
    assert (one["which"], one["trades"], one["win_rate"], one["ambiguous"]) == (0, 1, 1.0, 0.0)
    assert one["expectancy_r"] == pytest.approx(0.9) and one["profit_factor"] == math.inf
    assert one["total_return"] == pytest.approx(0.045) and one["max_drawdown"] == pytest.approx(0.1)
    assert one["sharpe"] == pytest.approx(year) and one["exposure"] == 0.5
    assert (one["win_rate_low"], one["win_rate_high"]) == (pytest.approx(0.2065493), pytest.approx(1.0))
    assert math.isnan(one["expectancy_r_error"])
    returns = [0.0, -10 / 110, 0.0]
    year = statistics.mean(returns) / statistics.stdev(returns) * math.sqrt(365.25)
    assert (two["trades"], two["win_rate"], two["expectancy_r"], two["profit_factor"]) == (1, 0.0, -1.0, 0.0)
    assert two["total_return"] == pytest.approx(-10 / 110) and two["max_drawdown"] == pytest.approx(10 / 110)
    assert two["sharpe"] == pytest.approx(year) and two["exposure"] == 0.0


def test_figures_of_nothing() -> None:
    quiet = [Signal() for _ in range(6)]
    flat = framework_bars(oracle.Bars(*[[10.0] * 6] * 4))
    (row,) = sweep(flat, of_lists([quiet]), {}).to_dict("records")
    zero = {"trades": 0.0, "total_return": 0.0, "max_drawdown": 0.0, "exposure": 0.0}
    assert {name: row[name] for name in zero} == zero
    assert all(math.isnan(value) for name, value in row.items() if name not in zero)


SPACES: dict[str, dict[str, Any]] = {
    "rule": {"rsi_period": [2, 4, 14], "oversold": [5.0, 30.0, 45.0], "overbought": [55.0, 70.0, 95.0]},
    "long": {"side": "long", "rsi_period": [2, 4, 7], "exits.target_r": [None, 1.5]},
    "short": {"side": "short", "rsi_period": [2, 4, 7], "exits.time_stop": [None, 1, 12]},
    "exits": {"rsi_period": 4, "exits.swing_width": [1, 5, 40], "exits.target_r": [None, 0.5, 3],
              "exits.trail": [False, True]},
    "bars": {"rsi_period": 2, "exits.fill": ["open", "close"], "exits.inside_bar": ["pessimistic", "optimistic"],
             "exits.on_opposite": ["exit", "reverse", "ignore"], "exits.target_swing": True},
    "sizes": {"rsi_period": 4, "sizing.fraction": [0.2, 1.0, 3.0], "sizing.leverage": [0.5, 1.0, 5.0],
              "sizing.risk": [None, 0.02]},
    "lots": {"rsi_period": 4, "sizing.lot": [None, 7.0], "sizing.smallest": [None, 30.0],
             "sizing.volume_share": [None, 1e-6]},
    "costs": {"rsi_period": 2, "costs.fee": [0.0, 0.002], "costs.slippage": [0.0, 0.001],
              "costs.tick": [None, 0.25], "costs.borrow": [0.0, 0.1]},
    "stops": {"rsi_period": 4, "exits.stop": ["swing", "own", "atr"], "exits.stop_buffer_atr": [0.0, 1.0],
              "exits.break_even_r": [None, 1.0], "exits.min_risk_atr": [0.0, 1.0]},
}  # fmt: skip


@pytest.mark.parametrize("name", SPACES)
def test_a_set_of_rsi_levels_equals_simulate(name: str, levels: Strategy, aapl: Bars) -> None:
    terms = Terms(Costs(fee=0.0005), Sizing(leverage=2.0), Exits(min_risk_atr=0.1))
    found = sweep(aapl[:1500], levels, SPACES[name], terms, cash=25_000.0)
    assert len(found) == math.prod(len(one) if isinstance(one, list) else 1 for one in SPACES[name].values())
    assert found["trades"].max() > 20
    compare(found, aapl[:1500], levels, 25_000.0, terms)


def test_a_set_of_rsi_divergence_equals_simulate(aapl: Bars) -> None:
    rule = load_strategy(HERE, "rsi_divergence")
    space = {"kinds": ["regular", "hidden", "both"], "entry": ["aggressive", "conservative"], "oversold": [30.0, 40.0],
             "left_extreme": ["swing", "not_required"], "exits.target_r": [None, 2.0]}  # fmt: skip
    found = sweep(aapl, rule, space, Terms(Costs(fee=0.001)))
    assert set(found["entry"]) == {"aggressive", "conservative"} and found["trades"].max() > 30
    compare(found, aapl, rule, terms=Terms(Costs(fee=0.001)))


@pytest.mark.parametrize("seed", range(3))
def test_a_rule_that_hands_in_signals(seed: int, crossing: Strategy) -> None:
    """Its stops and targets come and go with a parameter; it goes both ways, and one."""
    walk = market(900, seed)
    space = {"fast": [2, 5], "slow": [5, 21], "near": [0.0, 0.03], "side": ["both", "long", "short"],
             "sure": [False, True], "exits.on_opposite": ["exit", "reverse"]}  # fmt: skip
    found = sweep(walk, crossing, space)
    assert found["trades"].max() > 50 and found["trades"].nunique() > 20
    compare(found, walk, crossing)


@pytest.mark.parametrize("length", [1, 2, 3, 15, 16, 17, 32, 33])
def test_tiny_markets(length: int, crossing: Strategy) -> None:
    walk = market(length, 3, 0.05)
    space = {"fast": [2, 3], "near": [0.0, 0.05], "exits.fill": ["open", "close"], "exits.stop": ["swing", "own"],
             "exits.min_risk_atr": 0.0}  # fmt: skip
    compare(sweep(walk, crossing, space), walk, crossing)


def entering(bars: list[int], length: int, side: int = 1, stop: float = math.nan) -> list[Signal]:
    return [Signal([Entry(side, stop=stop)] if bar in bars else []) for bar in range(length)]


@pytest.mark.parametrize("fill", ["open", "close"])
def test_entries_at_either_end(fill: str) -> None:
    """On the first bar, the last, the last but one; a single one, none, one every bar; of both sides."""
    walk = market(40, 5, 0.04)
    wanted = [[0], [39], [38], [0, 39], [20], [], [*range(40)], [0, 1, 2, 37, 38, 39]]
    lists = [entering(bars, 40, side) for bars in wanted for side in (1, -1)]
    terms = Terms(Costs(fee=0.01), Sizing(), Exits(stop="own", time_stop=3, min_risk_atr=0.0, fill=fill))
    rule = of_lists(lists)
    found = sweep(walk, rule, {"which": list(range(len(lists)))}, terms)
    assert found["trades"].tolist()[8:12] == [1, 1, 0, 0]
    compare(found, walk, rule, terms=terms)


@pytest.mark.parametrize("fill", ["open", "close"])
def test_ruin(fill: str) -> None:
    """Equity that falls to nothing, exactly to zero and below it, at once and after a while: then no Sharpe ratio."""
    close = [100.0, 100.0, 104.0, 108.0, 112.0, 120.0, 125.0, 130.0, 100.0, 80.0, 60.0, 50.0, 40.0]
    opens = [100.0, *close[:-1]]
    high = [max(pair) + 1 for pair in zip(opens, close, strict=True)]
    low = [min(pair) - 1 for pair in zip(opens, close, strict=True)]
    bars = framework_bars(oracle.Bars(opens, high, low, close))
    rule = of_lists([entering([at], 13, side) for at in (0, 1, 3, 7) for side in (1, -1)])
    space = {"which": list(range(8)), "sizing.leverage": [1.0, 2.5, 4.0, 5.0, 10.0], "costs.fee": [0.0, 0.4]}
    terms = Terms(Costs(), Sizing(fraction=1e3), Exits(stop="own", fill=fill))
    found = sweep(bars, rule, space, terms, 1000.0)
    compare(found, bars, rule, 1000.0, terms)
    gone = found["total_return"] <= -1
    assert gone.any() and not gone.all() and found.loc[gone, "sharpe"].isna().all()
    assert (found.loc[gone, "max_drawdown"] >= 1).sum() >= 5


@pytest.mark.parametrize("cash", [1000.0, 0.5, 7.77, 123456.789, 999.99, 3.3, 1e-3, 2e9 / 3])
def test_what_rounding_leaves_is_nothing(cash: float) -> None:
    """A short from 21 that is stopped at twice that has lost everything: no Sharpe ratio, whatever the last digit."""
    close = [21.0, 21.0, 30.0, 42.0, 21.0, 21.0, 21.0, 21.0]
    bars = oracle.Bars(close, [price + 1 for price in close], [price - 1 for price in close], close)
    terms = Terms(exits=Exits(min_risk_atr=0.0))
    found = sweep(framework_bars(bars), of_lists([entering([0], 8, -1, 42.0)]), {"which": 0}, terms, cash)
    assert (found["trades"] == 1).all() and found["sharpe"].isna().all()
    assert found["total_return"].to_numpy() == pytest.approx(-1.0, abs=1e-12)


def test_the_columns_and_the_order_of_rows(crossing: Strategy) -> None:
    walk = market(200, 1)
    found = sweep(walk, crossing, {"slow": range(5, 22, 8), "side": "long", "exits.target_r": np.array([1.0, 2.0])})
    assert list(found)[:4] == ["slow", "side", "exits.target_r", "trades"]
    assert list(found.index) == list(range(6))
    assert found["slow"].tolist() == [5, 5, 13, 13, 21, 21] and found["exits.target_r"].tolist() == [1.0, 2.0] * 3
    assert len(sweep(walk, crossing, {})) == 1
    named = pd.DataFrame({"slow": [21, 5]}, index=["a", "b"])
    assert sweep(walk, crossing, named)["slow"].tolist() == [21, 5]
    assert list(named.columns) == ["slow"] and list(named.index) == ["a", "b"]  # not touched


def test_a_rule_that_always_wants_in(tmp_path: Path) -> None:
    """However it says so: one True that stands for all bars is as good as one a bar."""
    rules = HEAD + "def signals(bars, p):\n    n = len(bars)\n    return Signals({}, long_exit=np.arange(n) % 5 == 4)\n"
    walk, found = market(200, 4), []
    for name, always in (("one", "np.broadcast_to(np.True_, n)"), ("all", "np.ones(n, bool)")):
        (tmp_path / name).mkdir()
        found.append(sweep(walk[:], ruled(tmp_path / name, rules.format(always)), {"fast": 3}))
    assert found[1]["trades"][0] > 20
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)


def test_an_interrupt_inside_a_kernel_is_an_interrupt(levels: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    """numba answers with a SystemError then; whoever waits for a KeyboardInterrupt must get one."""

    def broken(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.setattr("framework.sweep._with_sets", broken)
    with pytest.raises(KeyboardInterrupt):
        sweep(market(300, 1), levels, {"rsi_period": [5]}, workers=1)


def test_what_is_done_is_held_by_nobody() -> None:
    """The executor keeps what was cancelled until a worker comes by: it must not keep the batch."""
    task = _Task(0, lambda: None, None)
    task.run()
    assert task.call == []
