"""What a training may see, held against plain recomputations, and against tables worked out by hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from framework.bars import Bars
from framework.entries import policy
from framework.params import Value
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, Terms, simulate
from framework.sources import load
from framework.study import OBJECTIVES, Outcome, Search, tune
from framework.validation import training
from framework.validation.causality import noisy
from framework.validation.combinatorial import Combinatorial, embargo_after, kept
from framework.validation.trading import Trading
from framework.validation.training import Plan, Scored, Sight, Trainings
from framework.validation.windows import Window
from framework.workspace import load_strategy
from tests.validation.test_walk import NAN, NEVER, OWN, QUIET, Row, entries, made

Stamps = NDArray[np.datetime64]
Trades = list[tuple[int, int, float]]  # signal bar, exit bar, R
MEAN, TOTAL = OBJECTIVES["expectancy_r"], OBJECTIVES["total_r"]
EDGES = np.array(["1900-01-01", "2100-01-01"], "datetime64[us]")
WORDS = ("values", "trades", "steps", "tested", "gained", "grouped", "by_period", "bare")


class Late:
    """Stands for setups of which the first took so many bars to be known."""

    def __init__(self, lag: int) -> None:
        self.lag, self.waits, self.known_at = lag, np.array([lag]), np.array([0])

    def __len__(self) -> int:
        return 1


@dataclasses.dataclass
class Fixed:
    """Stands for a rule: by market and number of the set its entries by variant, and how late they are known."""

    given: Mapping[str, Sequence[Mapping[str, Entries]]]
    terms: Terms
    stake: float = 1000.0
    lags: Sequence[int] = (0,)

    @property
    def policies(self) -> Mapping[str, Any]:
        return next(iter(self.given.values()))[0]

    def find(self, bars: Bars, values: Mapping[str, Value]) -> Any:
        n = int(values.get("n", 0))
        late = Late(self.lags[n % len(self.lags)])
        return type("Found", (), {"entries": self.given[bars.symbol][n], "setups": late})()


@pytest.fixture(autouse=True)
def plain_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands for a rule finds by itself; a real rule keeps the real Finder."""
    real = training.Finder

    def finder(trading: Any, bars: Bars) -> Any:
        return real(trading, bars) if isinstance(trading, Trading) else lambda values: trading.find(bars, values)

    monkeypatch.setattr(training, "Finder", finder)


def window(bars: Bars, start: int, test: int, number: int = 0) -> Window:
    return Window(number, bars.index[start], bars.index[test], bars.index[-1])


def alone(bars: Bars, given: Entries, when: Window, embargo: int = 0, terms: Terms = OWN, lag: int = 0) -> Scored:
    """One set, one variant, one window."""
    fixed = cast(Trading, Fixed({bars.symbol: [{"one": given}]}, terms, lags=[lag]))
    return next(iter(Trainings(fixed, [bars], Plan([when], embargo), [MEAN, TOTAL], EDGES)([{}])))


def trained(given: Entries, embargo: int = 0, start: int = 0, fill: str = "open", lag: int = 0) -> tuple[int, float]:
    """Trades and their R, from bars of which bar 12 alone reaches +2 R; the test begins at bar 20."""
    bars = made([*QUIET * 12, (100, 111, 98, 100), *QUIET * 17])
    terms = Terms(exits=Exits(stop="own", time_stop=4, fill=fill, min_risk_atr=0))  # type: ignore[arg-type]
    found = alone(bars, given, window(bars, start, 20), embargo, terms, lag)
    count, total = int(found.trades[0, 0]), float(found.values[1, 0, 0])
    assert math.isnan(total) == (count == 0)
    return count, 0.0 if count == 0 else total


def test_training_counts_closed_trades_by_r() -> None:
    assert trained(entries((2, 1, 95, 110, NEVER), (10, 1, 95, 110, NEVER), (11, 1, 95, 110, NEVER))) == (2, 2.0)


@pytest.mark.parametrize(
    ("signal", "leave", "fill", "counted"),
    [
        (14, NEVER, "open", True),  # in at 15, four bars, out at the open of 19
        (15, NEVER, "open", False),  # would be out at the open of 20, when the test begins
        (15, 17, "open", True),
        (17, 18, "open", True),
        (17, 19, "open", False),  # the exit signal stands at the last training close
        (19, NEVER, "open", False),
        (15, NEVER, "close", True),  # in at the close of 15, out at the close of 19
        (16, NEVER, "close", False),
        (18, 19, "close", True),
    ],
)
def test_a_trade_still_open_when_the_test_begins_is_purged(signal: int, leave: int, fill: str, counted: bool) -> None:
    assert trained(entries((signal, 1, 95, NAN, leave)), fill=fill) == (counted, 0.0)


def test_a_purged_trade_stops_where_the_test_begins_though_its_target_lies_beyond() -> None:
    bars = made([*QUIET * 20, (100, 120, 98, 100), *QUIET * 5])
    given = entries((18, 1, 95, 110, NEVER))
    assert alone(bars, given, window(bars, 0, 20)).trades.tolist() == [[0]]
    after = alone(bars, given, window(bars, 0, 21))
    assert after.trades.tolist() == [[1]] and after.values.tolist() == [[[2.0]], [[2.0]]]


FOUR: tuple[Row, ...] = ((1, 1, 95, NAN, 2), (3, 1, 95, NAN, 4), (6, 1, 95, NAN, 7), (11, 1, 95, NAN, 13))


@pytest.mark.parametrize(("embargo", "counted"), [(0, 4), (8, 4), (9, 3), (16, 2), (18, 1), (19, 0), (20, 0), (99, 0)])
def test_embargoed_signals_do_not_count(embargo: int, counted: int) -> None:
    assert trained(entries(*FOUR), embargo)[0] == counted


@pytest.mark.parametrize(("embargo", "lag", "counted"), [(0, 8, 4), (0, 9, 3), (3, 9, 3), (9, 3, 3), (16, 14, 2)])
def test_the_embargo_is_never_shorter_than_the_longest_confirmation(embargo: int, lag: int, counted: int) -> None:
    assert trained(entries(*FOUR), embargo, lag=lag)[0] == counted


def test_signals_before_the_training_do_not_count() -> None:
    given = entries((2, 1, 95, NAN, 3), (6, 1, 95, NAN, 7), (10, 1, 95, NAN, 11))
    assert [trained(given, start=start)[0] for start in (2, 3, 6, 7, 11)] == [3, 2, 2, 1, 0]


def test_a_market_without_bars_before_the_test_trains_nothing() -> None:
    bars = made(QUIET * 10)
    before = Window(0, bars.index[0] - pd.Timedelta(days=9), bars.index[0] - pd.Timedelta(days=2), bars.index[-1])
    found = alone(bars, entries((2, 1, 95, NAN, 3)), before, 30)
    assert found.trades.tolist() == [[0]] and np.isnan(found.values).all()
    assert found.tested.tolist() == [[1]]


def test_what_a_window_sees_by_hand() -> None:
    bars = made(QUIET * 30)
    sight = Sight.of(bars, Window(0, bars.index[4], bars.index[20], bars.index[27]), 3)
    assert sight == Sight(4, 17, 20, 27)
    assert [sight.training(lag) for lag in (0, 3, 5, 16, 99)] == [
        (4, 17, 20), (4, 17, 20), (4, 15, 20), (4, 4, 20), (4, 4, 20),
    ]  # fmt: skip
    assert Sight.of(bars, Window(0, bars.index[4], bars.index[20], bars.index[27]), 99) == Sight(4, 4, 20, 27)
    between = bars.index[10] + pd.Timedelta(minutes=30)
    assert Sight.of(bars, Window(0, between, bars.index[20], bars.index[27]), 0).first == 11


def test_a_trade_without_a_stop_has_no_r_and_is_told() -> None:
    bars = made(QUIET * 30)
    found = alone(bars, entries((2, 1, NAN, NAN, 4)), window(bars, 0, 20))
    assert found.bare.tolist() == [True] and np.isnan(found.values).all() and found.trades.tolist() == [[1]]
    assert alone(bars, entries(*FOUR), window(bars, 0, 20)).bare.tolist() == [False]


def test_folds_by_hand() -> None:
    """Four folds of 5 bars of a training of 20. Trades are over in bars 2, 7, 14 and 18, by 1, -0.4, 2 and 0 R."""
    rows = [*QUIET * 30]
    rows[2], rows[14] = (100, 105, 98, 100), (100, 111, 98, 100)
    rows[7] = (98, 102, 97, 100)  # out at an open of 98
    bars = made(rows)
    given = entries((1, 1, 95, 105, NEVER), (4, 1, 95, NAN, 6), (12, 1, 95, 110, NEVER), (15, 1, 95, NAN, 17))
    fixed = cast(Trading, Fixed({"TEST": [{"one": given}]}, OWN))
    for folds, due in (
        (1, []),
        (2, [(1 - 0.4) / 2]),
        (4, [1.0, (1 - 0.4) / 2, (1 - 0.4 + 2) / 3]),
        (20, [NAN] * 2 + [1.0] * 5 + [0.3] * 7 + [2.6 / 3] * 4 + [2.6 / 4]),
    ):
        plan = Plan([window(bars, 0, 20)], 0, folds)
        found = next(iter(Trainings(fixed, [bars], plan, [MEAN], EDGES)([{}])))
        assert found.steps[:, 0, 0].tolist() == pytest.approx(due, nan_ok=True)
        assert found.values.tolist() == [[[pytest.approx(2.6 / 4)]]]


# Random markets and entries against a plain second way.


def market(symbol: str, seed: int, n: int = 700, skip: Sequence[int] = ()) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, n)))
    opening = np.append(100.0, close[:-1]) * np.exp(random.normal(0, 0.003, n))
    reach = np.exp(np.abs(random.normal(0, 0.006, (2, n))))
    columns = {"open": opening, "high": np.maximum(opening, close) * reach[0], "close": close, "volume": 1.0}
    columns["low"] = np.minimum(opening, close) / reach[1]
    index = pd.date_range("2024-01-01", periods=n, freq="D", tz="UTC")
    frame = pd.DataFrame(columns, index=index)
    return Bars.from_frame(frame.drop(index[list(skip)]), symbol, "1d")


def signals(bars: Bars, seed: int, count: int) -> Entries:
    random = np.random.default_rng(seed)
    at = np.sort(random.choice(len(bars), count, replace=False))
    side = random.choice([-1, 1], count)
    leave = at + random.integers(1, 40, count)
    return entries(
        *[
            (int(t), int(s), bars.close[t] * (1 - s * 0.03), NAN, int(e))
            for t, s, e in zip(at, side, leave, strict=True)
        ]
    )


MARKETS = [market("A", 1), market("B", 2, skip=[3, 4, 50, 321, 322]), market("C", 3)[120:]]
TERMS = Terms(Costs(0.001, 0.0005), Sizing(risk=0.02), Exits(stop="own", target_r=2.0, time_stop=25, min_risk_atr=0))
CALENDAR = MARKETS[0].index
WINDOWS = [
    Window(n, CALENDAR[a], CALENDAR[b], CALENDAR[c])
    for n, (a, b, c) in enumerate([(0, 200, 350), (100, 350, 500), (0, 100, 160), (250, 500, 650)])
]
COUNTS = (150, 30, 4)  # of entries: from many to some windows without a trade
GIVEN = {
    bars.symbol: [
        {name: signals(bars, 100 * m + 10 * n + v, count) for v, name in enumerate(("x", "y"))}
        for n, count in enumerate(COUNTS)
    ]
    for m, bars in enumerate(MARKETS)
}
LAGS = (0, 12, 3)
FOLDS, EMBARGO = 3, 7
PARTS = Combinatorial(5, 2)
BY_MONTH = pd.date_range("2024-01-01", "2026-01-01", freq="MS").to_numpy().astype("datetime64[us]")


def traded(bars: Bars, given: Entries, first: int, last: int, cut: int) -> Trades:
    """What `simulate` closes on bars that end at the cut."""
    own = given.between(first, last)
    seen = bars[:cut]
    if not len(seen) or not len(own):
        return []
    own = dataclasses.replace(own, exit_bar=np.minimum(own.exit_bar, cut))
    done = simulate(seen, own, TERMS.costs, TERMS.sizing, TERMS.exits, 1000.0).trades
    over = done[done["exit_reason"] != "open"]
    rows = zip(
        seen.index.get_indexer(over["signal_time"]), seen.index.get_indexer(over["exit_time"]), over["r"], strict=True
    )
    return [(int(signal), int(end), float(r)) for signal, end, r in rows]


def row(bars: Bars, moment: pd.Timestamp) -> int:
    return int((bars.index < moment).sum())


def in_time(rows: Sequence[tuple[pd.Timestamp, float]]) -> list[tuple[pd.Timestamp, float]]:
    return sorted(rows, key=lambda one: one[0])  # stable: of one moment in the order of the markets


def found(numbers: Sequence[int] = (0, 1, 2), workers: int = 1, markets: Sequence[Bars] = MARKETS) -> list[Scored]:
    plan = Plan(WINDOWS, EMBARGO, FOLDS, PARTS.splits(CALENDAR), PARTS.grouped(CALENDAR))
    trainings = Trainings(cast(Trading, Fixed(GIVEN, TERMS, lags=LAGS)), markets, plan, [MEAN, TOTAL], BY_MONTH)
    return list(trainings([{"n": n} for n in numbers], workers))


@pytest.fixture
def scores() -> list[Scored]:
    return found()


def test_trainings_against_a_plain_recomputation(scores: list[Scored]) -> None:
    """Values, trades and the folds' steps of every window, set and variant."""
    looked = 0
    for n, lag in enumerate(LAGS):
        for w, when in enumerate(WINDOWS):
            for v, variant in enumerate(("x", "y")):
                rows = []
                for bars in MARKETS:
                    cut = row(bars, when.test_start)
                    last = cut - max(EMBARGO, lag)
                    made_of = traded(bars, GIVEN[bars.symbol][n][variant], row(bars, when.train_start), last, cut)
                    rows += [(bars.index[end], r) for _, end, r in made_of]
                r = np.array([r for _, r in in_time(rows)])
                assert scores[n].trades[w, v] == len(r)
                due = [MEAN(r), TOTAL(r)] if len(r) else [NAN, NAN]
                assert repr(scores[n].values[:, w, v].tolist()) == repr(due)
                whole = when.test_start - when.train_start
                for fold in range(FOLDS - 1):
                    until = when.train_start + whole * (fold + 1) / FOLDS
                    part = np.array([r for end, r in in_time(rows) if end < until])
                    assert repr(float(scores[n].steps[fold, w, v])) == repr(MEAN(part) if len(part) else NAN)
                looked += len(r)
    assert looked > 300
    assert any(np.isnan(one.values[0, : len(WINDOWS)]).any() for one in scores), "no window without a trade"


def test_tests_against_a_plain_recomputation(scores: list[Scored]) -> None:
    """Each test in an account of its own, its trades led on to their ends."""
    for n in range(len(LAGS)):
        for w, when in enumerate(WINDOWS):
            for v, variant in enumerate(("x", "y")):
                rows: Trades = []
                for bars in MARKETS:
                    inside = row(bars, when.test_start), row(bars, when.test_end)
                    rows += traded(bars, GIVEN[bars.symbol][n][variant], *inside, len(bars))
                assert scores[n].tested[w, v] == len(rows)
                assert scores[n].gained[w, v] == pytest.approx(sum(r for *_, r in rows), abs=1e-12)


def whole(n: int, variant: str) -> list[tuple[Bars, Trades]]:
    """All the data in one account a market."""
    return [(bars, traded(bars, GIVEN[bars.symbol][n][variant], 0, len(bars), len(bars))) for bars in MARKETS]


def test_periods_and_groups_against_a_plain_sum(scores: list[Scored]) -> None:
    groups = PARTS.grouped(CALENDAR)
    for n in range(len(LAGS)):
        for v, variant in enumerate(("x", "y")):
            rows = [(bars.index[signal], r) for bars, made_of in whole(n, variant) for signal, _, r in made_of]
            for period, (begin, end) in enumerate(pairwise(pd.DatetimeIndex(BY_MONTH, tz="UTC"))):
                due = sum(r for at, r in rows if begin <= at < end)
                assert scores[n].by_period[v, period] == pytest.approx(due, rel=1e-5, abs=1e-6)
            for group in groups:
                inside = [r for at, r in rows if group.start <= at < group.end]
                assert scores[n].grouped[0, group.number, v] == len(inside)
                assert scores[n].grouped[1, group.number, v] == pytest.approx(sum(inside), abs=1e-12)
            assert scores[n].grouped[0, :, v].sum() == len(rows)
    assert scores[0].by_period.shape == (2, len(BY_MONTH) - 1)


def test_splits_against_a_plain_recomputation(scores: list[Scored]) -> None:
    """A split trains on the trades of the whole that cannot know of its tests, in the order in which they end."""
    for n, lag in enumerate(LAGS):
        for v, variant in enumerate(("x", "y")):
            trades = whole(n, variant)
            lives = [max([end - signal for signal, end, _ in made_of], default=0) for _, made_of in trades]
            gap = max(embargo_after(bars.time, life, lag) for (bars, _), life in zip(trades, lives, strict=True))
            for split in PARTS.splits(CALENDAR):
                rows = []
                for bars, made_of in trades:
                    for signal, end, r in made_of:
                        ok = kept(bars.time[[signal]], bars.time[[end]], split.tests, gap, lag * bars.step)[0]
                        rows += [(bars.index[end], r)] * int(ok)
                        if ok:
                            for test in split.tests:
                                before = bars.index[end] < test.start
                                assert before or bars.index[signal] >= test.end + gap
                r = np.array([r for _, r in in_time(rows)])
                place = len(WINDOWS) + split.number
                assert scores[n].trades[place, v] == len(r)
                due = [MEAN(r), TOTAL(r)] if len(r) else [NAN, NAN]
                assert repr(scores[n].values[:, place, v].tolist()) == repr(due)


def same(one: Scored, other: Scored) -> bool:
    return all(getattr(one, word).tobytes() == getattr(other, word).tobytes() for word in WORDS)


@pytest.mark.parametrize("workers", [2, 4])
def test_the_answer_does_not_depend_on_the_workers(scores: list[Scored], workers: int) -> None:
    """Nor on the other sets, nor on their order; more sets than may wait."""
    numbers = [n % 3 for n in range(50)]
    for n, one in zip(numbers, found(numbers, workers), strict=True):
        assert same(one, scores[n])
    for n, one in zip([2, 0, 1], found([2, 0, 1]), strict=True):
        assert same(one, scores[n])
    assert found([]) == []


def test_what_is_asked_beside_changes_nothing(scores: list[Scored]) -> None:
    """Windows by themselves, without folds and splits."""
    fixed = cast(Trading, Fixed(GIVEN, TERMS, lags=LAGS))
    for w, when in enumerate(WINDOWS):
        alone = list(Trainings(fixed, MARKETS, Plan([when], EMBARGO), [MEAN], BY_MONTH)([{"n": n} for n in range(3)]))
        for one, every in zip(alone, scores, strict=True):
            assert one.values[0, 0].tobytes() == every.values[0, w].tobytes()
            assert one.tested[0].tolist() == every.tested[w].tolist()
            assert one.by_period.tobytes() == every.by_period.tobytes()
            assert one.steps.shape == (0, 1, 2) and one.grouped.shape == (2, 0, 2)


# A real rule: nothing that lies in or after the test changes a training.

FIRST = 2775  # the test begins: a trade of the defaults is open then


def real(bars: Bars, folds: int = 1) -> tuple[Trainings, dict[str, Value]]:
    strategy = load_strategy(Path(__file__).parents[2], "rsi_divergence")
    policies = {"aggressive": policy("aggressive"), "conservative": policy("conservative")}
    terms = Terms(Costs(0.001, 0.0005), Sizing(risk=0.01), Exits(target_r=2.0, time_stop=60))
    trading = Trading(strategy, policies, terms, 10_000.0, 20, opposite_setup=True)
    fixed = {name: one.default for name, one in strategy.parameters.items()} | {"left_extreme": "not_required"}
    when = [window(bars, 200, FIRST), window(bars, 500, 1500, 1), window(bars, 0, 2000, 2)]
    objectives = [OBJECTIVES[name] for name in ("expectancy_r", "t_statistic_r", "max_drawdown_r")]
    return Trainings(trading, [bars], Plan(when, 0, folds), objectives, EDGES), fixed


def test_training_sees_nothing_at_or_after_the_test() -> None:
    bars = load("sample:AAPL")[:3000]
    fixed = real(bars)[1]
    space = {"rsi_period": (7, 9, 14), "swing_width": (2, 3, 5), "oversold": (30.0, 40.0)}
    search = Search(12, min_trades=5, batch=4, storage="memory")

    def trials(given: Bars) -> Any:
        trainings, _ = real(given)

        def evaluate(sets: Sequence[Mapping[str, Value]]) -> list[Outcome]:
            return [
                Outcome(
                    {"expectancy_r": dict(zip(trainings.trading.policies, one.values[0, 0].tolist(), strict=True))},
                    dict(zip(trainings.trading.policies, one.trades[0].tolist(), strict=True)),
                )
                for one in trainings(sets)
            ]

        return tune(space, fixed, evaluate, search, [1], (Path("nowhere"), "study"))

    honest = trials(bars)
    assert all(trial.trades["aggressive"] > 20 and trial.trades["conservative"] >= 2 for trial in honest)
    for seed in range(2):
        assert repr(trials(noisy(bars, FIRST - 1, seed))) == repr(honest)  # every digit, NaN equal to NaN
    assert repr(trials(noisy(bars, 2600, 1))) != repr(honest), "noise inside the training must show"


@pytest.mark.parametrize(("cut", "unchanged"), [(FIRST, [0, 1, 2]), (2000, [1, 2]), (1500, [1])])
def test_noise_from_a_test_on_changes_no_training_before_it(cut: int, unchanged: list[int]) -> None:
    """To the bit, for every set, fold and objective; of the windows after it, it changes some."""
    bars = load("sample:AAPL")[:3000]
    trainings, fixed = real(bars, folds=4)
    sets = [fixed | {"rsi_period": p, "swing_width": w} for p in (7, 14) for w in (2, 5)]
    honest = list(trainings(sets))
    for seed in range(2):
        for one, other in zip(honest, real(noisy(bars, cut - 1, seed), folds=4)[0](sets), strict=True):
            for w in unchanged:
                assert one.values[:, w].tobytes() == other.values[:, w].tobytes()
                assert one.trades[w].tobytes() == other.trades[w].tobytes()
                assert one.steps[:, w].tobytes() == other.steps[:, w].tobytes()
            assert one.by_period.tobytes() != other.by_period.tobytes()
            assert all(one.values[:, w].tobytes() != other.values[:, w].tobytes() for w in {0, 1, 2} - set(unchanged))
