"""A rule that hands in boolean arrays runs like any other, but has no extreme to wait at for a second bottom."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.experiment.run import run
from framework.signals import Signals
from framework.simulation import Costs, Exits, Sizing, simulate
from framework.sources import load
from framework.workspace import load_strategy

RULE = '''
    """Long above a moving average."""

    from dataclasses import dataclass

    import pandas as pd

    from framework.bars import Bars
    from framework.params import choice
    from framework.signals import Signals


    @dataclass(frozen=True)
    class Params:
        slow: int = choice(50, among=(20, 50), unit="bars")


    def signals(bars: Bars, p: Params) -> Signals:
        above = bars.close > pd.Series(bars.close).rolling(p.slow).mean().to_numpy()
        return Signals(long_entry=above, long_exit=~above)
'''
EXPERIMENT = """
    variants = ["aggressive"]
    gallery = 2
    [data]
    symbols = ["IBM"]
    [strategy]
    name = "above_average"
    slow = 50
    [windows]
    train = "10y"
    test = "3y"
    [exits]
    target_r = 3.0
    [costs]
    fee = 0.0
    slippage = 0.0
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "above_average.py").write_text(textwrap.dedent(RULE), encoding="utf-8")
    (tmp_path / "question.toml").write_text(textwrap.dedent(EXPERIMENT), encoding="utf-8")
    return tmp_path


def test_its_trades_are_those_of_its_arrays(workspace: Path) -> None:
    folder = run(workspace / "question.toml", out=workspace / "out")
    trades = pd.read_parquet(folder / "trades.parquet")
    bars = load("sample:IBM")
    above = bars.close > pd.Series(bars.close).rolling(50).mean().to_numpy()
    tested = np.asarray(bars.index >= pd.Timestamp("2010-03-01", tz="UTC"))
    signals = Signals(long_entry=above & tested, long_exit=~above)
    alone = simulate(bars, signals, Costs(), Sizing(), Exits(target_r=3.0), cash=100_000.0).trades
    assert len(trades) == len(alone) > 10
    columns = ["signal_time", "entry_time", "entry_price", "stop", "target", "exit_time", "exit_price", "pnl", "r"]
    pd.testing.assert_frame_equal(trades[columns], alone[columns], check_dtype=False)
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["variants"]["aggressive"]["setups"] > 100


def test_it_has_nothing_to_wait_at(workspace: Path) -> None:
    path = workspace / "question.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('["aggressive"]', '["conservative"]'), encoding="utf-8")
    with pytest.raises(UserError, match="'conservative' waits at a setup's extreme, and above_average hands in"):
        run(path, out=workspace / "out")
    assert not (workspace / "out").exists()


def test_setups_or_signals_not_both(workspace: Path) -> None:
    rule = workspace / "strategies" / "above_average.py"
    rule.write_text(rule.read_text(encoding="utf-8") + "\n\nsetups = signals\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"has both setups\(\) and signals\(\)"):
        load_strategy(workspace, "above_average")


def test_arrays_of_another_length(workspace: Path) -> None:
    rule = workspace / "strategies" / "above_average.py"
    text = rule.read_text(encoding="utf-8")
    rule.write_text(text.replace("~above)", "~above) and Signals(above[1:])"), encoding="utf-8")
    loaded = load_strategy(workspace, "above_average")
    with pytest.raises(UserError, match="one row a bar"):
        loaded.setups(load("sample:IBM"), loaded.build({}))


def test_a_trade_without_a_stop_can_be_won_though_it_has_no_r(workspace: Path) -> None:
    path = workspace / "question.toml"
    text = path.read_text(encoding="utf-8").replace("target_r = 3.0", 'stop = "own"')
    path.write_text(text, encoding="utf-8")
    folder = run(path, out=workspace / "out")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    setups, trades = (pd.read_parquet(folder / f"{name}.parquet") for name in ("setups", "trades"))
    closed = trades[trades["exit_reason"] != "open"]
    rate = (closed["pnl"] > 0).mean()
    one = summary["variants"]["aggressive"]
    assert 0 < rate < 1 and one["win_rate"]["value"] == pytest.approx(rate)
    assert one["ambiguity"]["win_rate"] == pytest.approx([rate, rate])
    done = setups[(setups["aggressive_fate"] == "entered") & setups["complete"]]
    done = done[done["aggressive_exit_reason"] != "open"]
    alone = (done["aggressive_exit_price"] > done["aggressive_entry_price"]).mean()  # long, and nothing is paid
    (kind,) = summary["kinds"]
    assert 0 < alone < 1 and kind["win_rate"]["value"] == pytest.approx(alone)
    assert kind["expectancy_r"]["value"] is None and one["expectancy_r"]["value"] is None
