"""One account over windows, against tables worked out by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from framework.bars import Bars
from framework.setups import Setups
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, Terms, simulate
from framework.validation.walk import Account, Part, chain, hold, row_at

NAN = float("nan")
Row = tuple[int, int, float, float, int]  # signal bar, side, stop, target, bar of the exit signal
NEVER = 10**6
OWN = Terms(exits=Exits(stop="own"))
IDS = cast(Setups, type("Ids", (), {"ids": [f"id{i}" for i in range(2000)]})())


def made(rows: list[tuple[float, float, float, float]]) -> Bars:
    index = pd.date_range("2024-01-01", periods=len(rows), freq="h", tz="UTC")
    table = pd.DataFrame(rows, columns=["open", "high", "low", "close"], index=index)
    return Bars.from_frame(table.assign(volume=1.0), "TEST", "1h")


def entries(*rows: Row) -> Entries:
    bar, side, stop, target, leave = zip(*rows, strict=True) if rows else ((),) * 5
    whole = {"bar": bar, "exit_bar": leave, "setup": range(len(rows))}
    ints = {name: np.array(list(column), np.int64) for name, column in whole.items()}
    prices = {"stop": np.array(stop, float), "target": np.array(target, float)}
    return Entries(side=np.array(side, np.int8), **ints, **prices)


def bar_of(bars: Bars, column: pd.Series[Any]) -> list[int]:
    return [int(bars.index.get_loc(time)) for time in column]


def told(bars: Bars, account: Account) -> list[tuple[int, str, int, float, int, float, str]]:
    rows = account.trades
    return list(
        zip(
            rows["window"], rows["direction"], bar_of(bars, rows["entry_time"]), rows["entry_price"],
            bar_of(bars, rows["exit_time"]), rows["exit_price"], rows["exit_reason"], strict=True,
        )
    )  # fmt: skip


QUIET = [(100.0, 102.0, 98.0, 100.0)]


def crossing() -> tuple[Bars, list[Part]]:
    """The first window's long, entered at bar 4, is still held when the second begins at bar 6."""
    bars = made(
        [*QUIET * 7, (100, 102, 98, 101), (101, 104, 98, 103), (103, 104, 98, 102), *QUIET * 3, (99, 99, 89, 90)]
    )
    first = entries((3, 1, 95, NAN, 8))
    second = entries(
        (6, 1, 97, NAN, NEVER),  # held: lapses
        (7, -1, 120, NAN, NEVER),  # against it: lapses too, and does not close it
        (8, 1, 97, NAN, NEVER),  # the exit stands at this close and is obeyed at the next open: still held
        (9, -1, 110, 90, NEVER),  # flat: enters at the open of 10
    )
    return bars, [Part(0, IDS, first), Part(1, IDS, second)]


def test_a_position_crosses_the_boundary_and_keeps_its_exit() -> None:
    bars, parts = crossing()
    account = chain(bars, parts, OWN, 1000.0, 0)
    assert told(bars, account) == [
        (0, "long", 4, 100.0, 9, 103.0, "signal"),
        (1, "short", 10, 100.0, 13, 90.0, "target"),
    ]
    assert account.refused == {"lapsed": 3}
    assert account.trades["size"].tolist() == [10.0, 10.3]  # all of 1000, then all of 1030
    due = [1000] * 7 + [1010, 1030, 1030, 1030, 1030, 1030, 1133]
    assert account.equity.tolist() == pytest.approx(due)
    assert chain(bars, parts, OWN, 1000.0, 6).equity.tolist() == pytest.approx(due[6:])


def test_a_position_crosses_the_boundary_when_filled_at_the_close() -> None:
    bars, parts = crossing()
    account = chain(bars, parts, Terms(exits=Exits(stop="own", fill="close")), 1000.0, 0)
    assert told(bars, account) == [
        (0, "long", 3, 100.0, 8, 103.0, "signal"),
        (1, "short", 9, 102.0, 13, 90.0, "target"),
    ]
    assert account.refused == {"lapsed": 3}
    due = [1000] * 7 + [1010, 1030, 1030] + [1030 + 1030 * 2 / 102] * 3 + [1030 + 1030 * 12 / 102]
    assert account.equity.tolist() == pytest.approx(due)


def test_stopped_inside_a_bar_of_the_next_window_it_may_enter_at_that_close() -> None:
    bars = made([*QUIET * 6, (100, 102, 94, 99), *QUIET * 3])
    parts = [
        Part(0, IDS, entries((3, 1, 95, NAN, NEVER))),
        Part(1, IDS, entries((5, 1, 90, NAN, 8), (6, 1, 90, NAN, 7))),
    ]
    account = chain(bars, parts, OWN, 1000.0, 0)
    assert told(bars, account) == [(0, "long", 4, 100.0, 6, 95.0, "stop"), (1, "long", 7, 100.0, 8, 100.0, "signal")]
    assert account.refused == {"lapsed": 1}


def test_a_position_crosses_two_windows_and_the_end() -> None:
    bars = made([*QUIET * 9, (100, 102, 98, 101)])
    each = (entries((1, 1, 95, NAN, NEVER)), entries((5, 1, 95, NAN, NEVER)), entries((8, -1, 105, NAN, NEVER)))
    account = chain(bars, [Part(number, IDS, given) for number, given in enumerate(each)], OWN, 1000.0, 0)
    assert told(bars, account) == [(0, "long", 2, 100.0, 9, 101.0, "open")]
    assert account.refused == {"lapsed": 2} and account.equity[-1] == 1010


def test_windows_without_entries() -> None:
    bars = made(QUIET * 6)
    parts = [Part(0, IDS, entries()), Part(1, IDS, entries((1, 1, 95, NAN, 3))), Part(2, IDS, entries())]
    account = chain(bars, parts, OWN, 1000.0, 2)
    assert told(bars, account) == [(1, "long", 2, 100.0, 4, 100.0, "signal")]
    assert account.equity.tolist() == [1000.0] * 4 and account.refused == {}
    nothing = chain(bars, [parts[0]], OWN, 1000.0, 0)
    assert len(nothing.trades) == 0 and nothing.equity.tolist() == [1000.0] * 6


@pytest.mark.parametrize("later", [(), ((5, 1, 90.0, NAN, NEVER),)])
def test_an_account_ruined_in_one_window_stays_ruined(later: tuple[Row, ...]) -> None:
    bars = made([*QUIET * 2, (100, 301, 99, 300), *QUIET * 5])
    account = chain(
        bars, [Part(0, IDS, entries((0, -1, NAN, NAN, NEVER))), Part(1, IDS, entries(*later))], OWN, 1000.0, 0
    )
    assert told(bars, account) == [(0, "short", 1, 100.0, 2, 300.0, "ruined")]
    assert account.equity.tolist() == [1000, 1000] + [-1000] * 6
    assert account.refused == ({"ruined": 1} if later else {})


def chance(seed: int, n: int = 400) -> tuple[Bars, Entries]:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, n)))
    opening = np.append(100.0, close[:-1]) * np.exp(random.normal(0, 0.003, n))
    reach = np.exp(np.abs(random.normal(0, 0.006, (2, n))))
    high, low = np.maximum(opening, close) * reach[0], np.minimum(opening, close) / reach[1]
    bars = made(list(zip(opening, high, low, close, strict=True)))
    at = np.sort(random.choice(n, n // 4, replace=False))
    side = random.choice([-1, 1], len(at))
    rows = [
        (int(t), int(s), close[t] * (1 - s * 0.03), NAN, int(t + random.integers(1, 40)))
        for t, s in zip(at, side, strict=True)
    ]
    return bars, entries(*rows)


def options(fill: str, on_opposite: str) -> Terms:
    exits = Exits(fill=fill, on_opposite=on_opposite, target_r=2.0, time_stop=25, min_risk_atr=0)
    return Terms(Costs(0.001, 0.0005), Sizing(risk=0.02), exits)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fill", ["open", "close"])
@pytest.mark.parametrize("on_opposite", ["exit", "reverse", "ignore"])
def test_one_window_is_simulate(seed: int, fill: str, on_opposite: str) -> None:
    bars, given = chance(seed)
    terms = options(fill, on_opposite)
    account = chain(bars, [Part(4, IDS, given)], terms, 1000.0, 0)
    alone = simulate(bars, given, terms.costs, terms.sizing, terms.exits, 1000.0, setups=IDS.ids)
    pd.testing.assert_frame_equal(account.trades, alone.trades.assign(window=4), check_exact=True)
    assert (account.equity == alone.equity.to_numpy()).all()
    fates = [fate for fate in alone.fates if fate != "entered"]
    assert account.refused == {fate: fates.count(fate) for fate in sorted(set(fates))}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fill", ["open", "close"])
def test_cut_into_windows_nothing_changes_when_opposite_entries_do_nothing_anyway(seed: int, fill: str) -> None:
    bars, given = chance(seed)
    terms = options(fill, "ignore")
    edges = [0, 37, 120, 121, 260, 400]
    parts = [Part(w, IDS, given.between(a, b)) for w, (a, b) in enumerate(pairwise(edges))]
    account = chain(bars, parts, terms, 1000.0, 0)
    whole = simulate(bars, given, terms.costs, terms.sizing, terms.exits, 1000.0, setups=IDS.ids)
    signal = np.array(bar_of(bars, whole.trades["signal_time"]))
    window = np.searchsorted(edges, signal, side="right") - 1
    assert len(set(window)) >= 4
    pd.testing.assert_frame_equal(account.trades, whole.trades.assign(window=window), rtol=1e-9, check_dtype=False)
    np.testing.assert_allclose(account.equity, whole.equity, rtol=1e-9)
    assert sum(account.refused.values()) == len(given) - len(whole.trades)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fill", ["open", "close"])
@pytest.mark.parametrize("on_opposite", ["exit", "reverse"])
def test_one_account_over_all_windows(seed: int, fill: str, on_opposite: str) -> None:
    bars, given = chance(seed)
    edges = [20, 60, 100, 140, 180, 220, 260, 300, 340, 380]
    parts = [Part(w, IDS, given.between(a, b)) for w, (a, b) in enumerate(pairwise(edges))]
    account = chain(bars, parts, options(fill, on_opposite), 1000.0, 20)
    trades = account.trades
    assert account.equity[-1] - 1000 == pytest.approx(trades["pnl"].sum())
    assert account.equity[0] == pytest.approx(1000, rel=0.05) and len(account.equity) == 380
    signal, out = np.array(bar_of(bars, trades["signal_time"])), np.array(bar_of(bars, trades["exit_time"]))
    for window, (first, last) in enumerate(pairwise(edges)):
        mine = signal[trades["window"] == window]
        assert ((mine >= first) & (mine < last)).all()
    assert (signal[1:] >= out[:-1] - 1).all() and (np.diff(signal) > 0).all()
    assert len(trades) + sum(account.refused.values()) == len(given.between(20, 380))
    held = [(t["entry_time"], t["exit_time"]) for t in trades.to_dict("records")]
    for at, change in enumerate(np.diff(account.equity), 21):  # equity moves only while something is held
        time = bars.index[at]
        assert change == 0 or any(begin <= time <= end for begin, end in held)


def test_buying_and_holding() -> None:
    bars = made([(50, 51, 49, 50), (100, 130, 90, 120), (120, 125, 100, 110)])
    equity = hold(bars, Terms(Costs(fee=0.25, slippage=0.25)), 1000.0, 1)
    units = 1000 / (125 * 1.25)
    assert equity.tolist() == pytest.approx([units * 120, units * 110])


def test_rows_of_moments() -> None:
    bars = made(QUIET * 4)
    stamp = bars.index[2]
    later = pd.Timedelta(microseconds=1)
    assert [row_at(bars, stamp + k * later) for k in (-1, 0, 1)] == [2, 2, 3]
    assert (row_at(bars, bars.index[0] - later), row_at(bars, bars.index[-1] + later)) == (0, 4)
