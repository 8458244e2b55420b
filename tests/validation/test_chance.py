"""What chance makes of random entries: known answers, plain accounts beside, a null that is one, an edge found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from framework.bars import Bars
from framework.indicators import bar_atr
from framework.setups import Setups
from framework.signals import Entries
from framework.simulation import Costs, Exits, Sizing, Terms, simulate, simulate_together
from framework.validation import chance as module
from framework.validation.chance import Chance, random_entries
from framework.validation.trading import Trading
from framework.validation.walk import Part, chain, row_at, share
from framework.validation.windows import Window
from framework.workspace import Strategy

Floats = NDArray[np.float64]
NAN = float("nan")
FAR = Terms(Costs(0.0005, 0.0002), Sizing(risk=0.01), Exits(stop="own", target_r=2.0, time_stop=20))


@dataclass(frozen=True)
class Params:
    """Of a rule without any."""


@dataclass(frozen=True)
class Rule:
    """Stands for a strategy whose setups are made elsewhere: its exits are all that is asked of it."""

    leave: Any = None

    def build(self, values: dict[str, Any]) -> Params:
        return Params()

    def setups(self, bars: Bars, params: Params) -> None:
        return None

    def exits(self, bars: Bars, params: Params) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        none = np.zeros(len(bars), bool)
        return self.leave(bars) if self.leave else (none, none)


def trading(terms: Terms = FAR, leave: Any = None, **more: Any) -> Trading:
    policy: Any = None
    return Trading(cast(Strategy, Rule(leave)), {"one": policy}, terms, 10_000.0, None, **more)


def market(random: np.random.Generator, n: int, drift: float = 0.0, name: str = "A", step: str = "D") -> Bars:
    """Daily closes with fat tails and volatility that clusters (GARCH), about one percent a day; opens near closes."""
    shock, variance, moves = random.standard_t(5, n) / np.sqrt(5 / 3), 1e-4, np.empty(n)
    for i in range(n):
        moves[i] = np.sqrt(variance) * shock[i]
        variance = 2e-6 + 0.1 * moves[i] ** 2 + 0.88 * variance
    return priced(100 * np.exp(np.cumsum(moves + drift)), random, name, step)


def priced(close: Floats, random: np.random.Generator, name: str = "A", step: str = "D") -> Bars:
    opening = np.append(100.0, close[:-1])
    reach = np.exp(np.abs(random.normal(0, 0.005, (2, len(close)))))
    table = {
        "open": opening,
        "high": np.maximum(opening, close) * reach[0],
        "low": np.minimum(opening, close) / reach[1],
    }
    index = pd.date_range("2000-01-03", periods=len(close), freq=step, tz="UTC")
    return Bars.from_frame(pd.DataFrame(table | {"close": close, "volume": 1.0}, index=index), name)


def windows(bars: Bars, cuts: Sequence[int]) -> list[Window]:
    """Tests from cut to cut, the last to the end."""
    ends = [*(bars.index[cut] for cut in cuts[1:]), bars.index[-1] + pd.Timedelta("1us")]
    return [Window(i, bars.index[0], bars.index[cut], end) for i, (cut, end) in enumerate(zip(cuts, ends, strict=True))]


def parts(bars: Bars, at: NDArray[Any], side: NDArray[Any], far: NDArray[Any], tests: Sequence[Window]) -> list[Part]:
    """Entries with a stop `far` ATR away, as the windows hand them to an account."""
    stop = bars.close[at] - side * far * bar_atr(bars)[at]
    known = {"bar": at, "exit_bar": np.full(len(at), len(bars)), "setup": np.arange(len(at))}
    given = Entries(side=side.astype(np.int8), stop=stop, target=np.full(len(at), NAN), **known)
    features = {"f_far": far.astype(float)}
    ids = cast(Setups, type("Ids", (), {"ids": [f"{bars.symbol}{i}" for i in range(len(at))], "features": features})())
    return [
        Part(one.number, ids, given.between(row_at(bars, one.test_start), row_at(bars, one.test_end))) for one in tests
    ]


def at_random(bars: Bars, each: float, sides: list[int], random: np.random.Generator, tests: Any) -> list[Part]:
    """A rule that enters after any bar, with a chance of `each`."""
    at = np.flatnonzero(random.random(len(bars)) < each)
    return parts(bars, at, random.choice(sides, len(at)), random.choice([1.5, 2.0, 3.0], len(at)), tests)


def asked(markets: Sequence[Bars], given: Any, tests: Any, by: Trading | None = None, **more: Any) -> Chance:
    by = by or trading(markets=len(markets))
    return random_entries(by, markets, {"one": given}, [(one, {}) for one in tests], **more)["one"]


def same(one: Chance, other: Chance) -> bool:
    return repr(one.mean_r) == repr(other.mean_r) and one.figures.tobytes() == other.figures.tobytes()


def test_where_only_one_bar_is_left_chance_is_the_rule() -> None:
    """Exit signals at all bars but the trade's own leave it nowhere else to go: every draw makes the same trade."""
    bars = market(np.random.default_rng(1), 200)

    def leave(bars: Bars) -> Any:
        flags = np.ones((2, len(bars)), bool)
        flags[:, 120] = False
        return flags[0], flags[1]

    tests = windows(bars, [60])
    given = [parts(bars, np.array([120]), np.array([1]), np.array([2.0]), tests)]
    given[0][0] = dataclasses.replace(
        given[0][0], entries=dataclasses.replace(given[0][0].entries, exit_bar=np.array([121]))
    )
    made = asked([bars], given, tests, trading(leave=leave), draws=9)
    assert (made.trades, made.made, made.stuck, made.offered) == (1, 1, 1, 1)
    for one in (made.mean_r, made.win_rate, made.total_return):
        assert one.p == 1.0 and one.low == pytest.approx(one.value) == one.high == one.mean
    np.testing.assert_allclose(made.band.low, made.band.equity)
    np.testing.assert_allclose(made.band.high, made.band.equity)


def test_the_same_seed_the_same_draws_however_many() -> None:
    random = np.random.default_rng(2)
    bars = market(random, 500)
    tests = windows(bars, [50, 200, 350])
    given = [at_random(bars, 0.05, [1, -1], random, tests)]
    ten, more = asked([bars], given, tests, draws=10, seed=4), asked([bars], given, tests, draws=25, seed=4)
    assert same(ten, asked([bars], given, tests, draws=10, seed=4))
    assert ten.figures.tobytes() == more.figures[:10].tobytes()
    assert not same(ten, asked([bars], given, tests, draws=10, seed=5))
    pair = random_entries(trading(), [bars], {"no": given, "one": given}, [(one, {}) for one in tests], 10, 4)
    assert same(pair["one"], ten) and same(pair["no"], ten)


@pytest.mark.parametrize("on_opposite", ["exit", "reverse", "ignore"])
@pytest.mark.parametrize("fill", ["open", "close"])
def test_the_rule_itself_and_plain_accounts(on_opposite: str, fill: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule's figures and equity are those of its accounts, a draw's those of `simulate` on the same entries."""
    random = np.random.default_rng(3)
    markets = [market(random, 400, name="A"), market(random, 400, name="B")[30:]]
    terms = dataclasses.replace(
        FAR, exits=Exits(stop="own", target_r=2.0, on_opposite=cast(Any, on_opposite), fill=cast(Any, fill))
    )
    tests = windows(markets[0], [60, 220])
    given = [at_random(bars, 0.06, [1, -1], random, tests) for bars in markets]
    seen: list[Any] = []
    led = module.led
    monkeypatch.setattr(module, "led", lambda *args: seen.append(args[2]) or led(*args))
    made = asked(markets, given, tests, trading(terms, markets=2), draws=3)
    accounts = [chain(bars, one, terms, 5000.0, 0) for bars, one in zip(markets, given, strict=True)]
    check(made.mean_r.value, made.win_rate.value, made.total_return.value, [one.trades for one in accounts])
    curves = pd.concat([pd.Series(one.equity, index=one.time) for one in accounts], axis=1).ffill().fillna(5000.0)
    np.testing.assert_allclose(made.band.equity, curves.sum(axis=1)[made.band.time])
    assert made.band.time[-1] == markets[0].index[-1] and made.band.time[0] == tests[0].test_start
    quiet = dataclasses.replace(terms.exits, on_opposite="ignore")
    equities = []
    for figures, entries in zip(made.figures, seen[-3:], strict=True):
        plain = [
            simulate(bars, one, terms.costs, terms.sizing, quiet, 5000.0)
            for bars, one in zip(markets, entries, strict=True)
        ]
        check(*figures, [one.trades for one in plain])
        both = pd.concat([one.equity for one in plain], axis=1).ffill().fillna(5000.0)
        equities.append(both.sum(axis=1)[made.band.time])
    np.testing.assert_allclose(made.band.middle, np.median(equities, axis=0))


def check(mean_r: float, win_rate: float, gained: float, tables: list[pd.DataFrame], cash: float = 10_000.0) -> None:
    table = pd.concat(tables)
    closed = table[table["exit_reason"] != "open"]
    assert len(closed) > 5
    assert mean_r == pytest.approx(closed["r"].mean(), rel=1e-12)
    assert win_rate == pytest.approx((closed["pnl"] > 0).mean(), rel=1e-12)
    assert gained == pytest.approx(table["pnl"].sum() / cash, rel=1e-9)


def test_draws_keep_to_windows_hours_sides_and_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    """On hourly bars every random entry is alike to a trade of its window: side, hour, ATR to the stop."""
    random = np.random.default_rng(6)
    bars = market(random, 24 * 180, step="h")
    tests = windows(bars, [200, 1500, 2800])
    given = [at_random(bars, 0.02, [1, -1], random, tests)]
    seen: list[Any] = []
    led = module.led
    monkeypatch.setattr(module, "led", lambda *args: seen.append(args[2]) or led(*args))
    asked([bars], given, tests, draws=5)
    first = {one.number: row_at(bars, one.test_start) for one in tests}
    hour, atr = bars.index.hour, bar_atr(bars)

    def kinds(entries: Entries) -> set[Any]:
        far = (bars.close[entries.bar] - entries.stop) / atr[entries.bar]
        return set(zip(entries.window.tolist(), hour[entries.bar].tolist(), np.round(far, 9).tolist(), strict=True))

    whole = kinds(module.whole(given[0])[0])
    for (entries,) in seen[-5:]:
        assert len(entries) > 10 and kinds(entries) <= whole
        assert np.array_equal(np.searchsorted(list(first.values()), entries.bar, side="right") - 1, entries.window)


def test_as_many_trades_as_the_rule_on_either_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 2 % on the mean of the draws, though a quarter of the entries offered lapse."""
    random = np.random.default_rng(8)
    markets = [market(random, 1500, 0.0005, name) for name in "ABC"]
    tests = windows(markets[0], [60, 500, 1000])
    given = [at_random(bars, 0.03, [1, 1, -1], random, tests) for bars in markets]
    done: list[Any] = []
    led = module.led
    monkeypatch.setattr(module, "led", lambda *args: done.append((args[2], led(*args))) or done[-1][1])
    made = asked(markets, given, tests, draws=200)
    assert made.made == pytest.approx(made.trades, rel=0.02) and made.offered > 1.2 * made.trades
    sides = [sum(int((one.side[rows] > 0).sum()) for one, rows in zip(*pair, strict=True)) for pair in longs(done)]
    assert np.mean(sides[-200:]) == pytest.approx(sides[0], rel=0.03)


def longs(done: list[Any]) -> list[Any]:
    return [(entries, made.rows) for entries, made in done]


def test_one_cash_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markets that share the cash: the rule's figures are the shared account's; ranks go with the trades."""
    random = np.random.default_rng(9)
    markets = [market(random, 400, name=name) for name in "ABC"]
    terms = Terms(FAR.costs, Sizing(fraction=0.4, positions=2), FAR.exits)
    tests = windows(markets[0], [60, 220])
    given = [at_random(bars, 0.06, [1], random, tests) for bars in markets]
    seen: list[Any] = []
    led = module.led
    monkeypatch.setattr(module, "led", lambda *args: seen.append(args[2:4]) or led(*args))
    by = trading(terms, shared=True, rank="f_far", markets=3)
    made = asked(markets, given, tests, by, draws=150)
    account = share(markets, given, terms, 10_000.0, tests[0].test_start, "f_far")
    check(made.mean_r.value, made.win_rate.value, made.total_return.value, [account.trades])
    np.testing.assert_allclose(made.band.equity, pd.Series(account.equity, index=account.time)[made.band.time])
    assert made.draws == 100 and made.made == pytest.approx(made.trades, rel=0.05)
    entries, rank = seen[-1]
    quiet = dataclasses.replace(terms.exits, on_opposite="ignore")
    check(
        *made.figures[-1],
        [simulate_together(markets, entries, terms.costs, terms.sizing, quiet, 10_000.0, rank).trades],
    )
    for bars, one, far in zip(markets, entries, rank, strict=True):
        np.testing.assert_allclose((bars.close[one.bar] - one.stop) / bar_atr(bars)[one.bar], far)


def test_one_bet_made_four_times_is_one_bet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four markets with the same prices, entered at the same bars, a draw enters all at the same bars, and its mean
    R varies as that of one market does.
    """
    random = np.random.default_rng(12)
    bars = market(random, 800)
    tests = windows(bars, [60, 400])
    given = at_random(bars, 0.02, [1, -1], random, tests)
    alone = asked([bars], [given], tests, draws=200)
    seen: list[Any] = []
    led = module.led
    monkeypatch.setattr(module, "led", lambda *args: seen.append(args[2]) or led(*args))
    four = asked([bars] * 4, [given] * 4, tests, draws=200)
    assert four.trades == 4 * alone.trades and four.made == pytest.approx(four.trades, rel=0.03)
    for entries in seen[-200:]:
        assert all(np.array_equal(entries[0].bar, one.bar) for one in entries)
    # The deviation of a deviation over 200 draws is 5 % each; independent draws would have half of it.
    assert four.figures[:, 0].std() == pytest.approx(alone.figures[:, 0].std(), rel=0.25)


def test_no_trades_no_answer() -> None:
    bars = market(np.random.default_rng(1), 200)
    tests = windows(bars, [60])
    none = np.zeros(0, np.int64)
    made = asked([bars], [parts(bars, none, none, none, tests)], tests, draws=5)
    assert (made.trades, made.made) == (0, 0)
    assert all(np.isnan(one.p) for one in (made.mean_r, made.win_rate, made.total_return))
    assert np.isnan(made.mean_r.value) and made.band.low.tolist() == made.band.high.tolist() == [10_000.0] * 140


def test_a_band_has_at_most_400_moments() -> None:
    random = np.random.default_rng(1)
    bars = market(random, 2000)
    tests = windows(bars, [60, 900])
    made = asked([bars], [at_random(bars, 0.01, [1], random, tests)], tests, draws=3)
    assert (
        len(made.band.time) == 400 and made.band.time[-1] == bars.index[-1] and made.band.time.is_monotonic_increasing
    )


Null: TypeAlias = tuple[int, float, list[int], Exits, float]  # bars, chance of an entry, sides, exits, drift
NULLS: dict[str, Null] = {
    "long, rising": (500, 0.03, [1], Exits(stop="own", target_r=2.0, time_stop=20), 0.001),
    "short, rising": (500, 0.03, [-1], Exits(stop="own", target_r=2.0, time_stop=20), 0.001),
    "both, against each other": (500, 0.08, [1, -1], Exits(stop="own", target_r=3.0), 0.0005),
}
SHARING: dict[str, Null] = {
    "turning round": (500, 0.04, [1, -1], Exits(stop="own", target_r=3.0, on_opposite="reverse"), 0.0),
    "trailing, mostly held": (500, 0.1, [1], Exits(stop="own", trail=True, swing_width=3), 0.001),
}


def p_values(null: Null, runs: int, draws: int) -> Floats:
    """Of mean R and of win rate, a row a run."""
    n, each, sides, exits, drift = null
    found = []
    for run in range(runs):
        random = np.random.default_rng([10, run])
        bars = market(random, n, drift)
        tests = windows(bars, [40, 270])
        given = [at_random(bars, each, sides, random, tests)]
        made = asked([bars], given, tests, trading(Terms(FAR.costs, FAR.sizing, exits)), draws=draws, seed=run)
        found.append([made.mean_r.p, made.win_rate.p])
    return np.array(found)


def within(count: int, runs: int, share: float) -> bool:
    low, high = stats.binom.ppf([0.005, 0.995], runs, share)
    return bool(low <= count <= high)


@pytest.mark.parametrize("name", ["long, rising"])
def test_a_rule_that_enters_at_random_is_no_better_than_chance(name: str) -> None:
    """Also a long one in a rising market: p is as often under any level as the level says (99 % of a binomial)."""
    p = p_values(NULLS[name], 60, 39)[:, 0]
    assert within(int((p <= 0.1).sum()), 60, 0.1) and within(int((p <= 0.5).sum()), 60, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_the_null_is_calibrated(name: str) -> None:
    """p of mean R is uniform; that of the win rate, where draws tie, is at most as often small."""
    runs = 400
    p = p_values(NULLS[name], runs, 99)
    for level in (0.05, 0.1, 0.5, 0.9):
        assert within(int((p[:, 0] <= level).sum()), runs, level), (level, (p[:, 0] <= level).mean())
    for level in (0.05, 0.1):
        assert (p[:, 1] <= level).sum() <= stats.binom.ppf(0.995, runs, level)


def kin(random: np.random.Generator, n: int, correlation: float, drift: float = 0.0) -> list[Bars]:
    """Four markets with fat-tailed shocks, of which each shares `correlation` with any other."""
    shocks = random.standard_t(5, (5, n)) / np.sqrt(5 / 3) * 0.01
    moves = np.sqrt(correlation) * shocks[4] + np.sqrt(1 - correlation) * shocks[:4] + drift
    return [priced(100 * np.exp(np.cumsum(one)), random, name) for one, name in zip(moves, "ABCD", strict=True)]


def entered(random: np.random.Generator, markets: list[Bars], late: int | None, tests: list[Window]) -> list[Any]:
    """A rule that means nothing: after one bar in 33 it enters all markets, each up to `late` bars later; None: each by
    itself.
    """

    def events() -> tuple[Any, Any, Any]:
        at = np.flatnonzero(random.random(len(markets[0]) - 15) < 0.03)
        return at, random.choice([1, -1], len(at)), random.choice([1.5, 2.0, 3.0], len(at))

    given, (at, side, far) = [], events()
    for bars in markets:
        if late is None:
            at, side, far = events()
        on, first = np.unique(at + random.integers(0, (late or 0) + 1, len(at)), return_index=True)
        given.append(parts(bars, on, side[first], far[first], tests))
    return given


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.7, 0.95])
@pytest.mark.parametrize("late", [0, 3, None])
def test_markets_that_move_together_do_not_flatter(correlation: float, late: int | None) -> None:
    """Over 300 runs p is small no more often than its level says (99 % of a binomial)."""
    found = []
    for run in range(300):
        random = np.random.default_rng([13, run])
        markets = kin(random, 600, correlation)
        tests = windows(markets[0], [40, 320])
        made = asked(markets, entered(random, markets, late, tests), tests, trading(markets=4), draws=59, seed=run)
        found.append([made.mean_r.p, made.win_rate.p])
    for level in (0.05, 0.1):
        assert ((np.array(found) <= level).sum(axis=0) <= stats.binom.ppf(0.995, 300, level)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARING)
def test_a_rule_that_is_mostly_in_the_market_is_not_flattered(name: str) -> None:
    """Where a trade begins as the one before it ends, trades share time out among them, which draws copy in part: p is
    small no more often than its level says. (It is less often: .02 to .04 of the time under .05.)
    """
    p = p_values(SHARING[name], 300, 99)
    for level in (0.05, 0.1):
        assert ((p <= level).sum(axis=0) <= stats.binom.ppf(0.995, 300, level)).all()


def planted(runs: int, edge: float, draws: int) -> tuple[float, float]:
    """How often p <= .05 for a long rule after whose 40 entries five bars rise by `edge` together, and how often the
    normal approximation says. A trade's R is its five-bar return over its risk, whose deviation is known; draws that
    fall on risen bars gain their share, so the difference is smaller by it.
    """
    n, count, held, deviation = 1700, 40, 5, 0.01
    share = count * held / (n - 100)
    z = np.sqrt(count) * edge * (1 - share) / (deviation * np.sqrt(held))
    hits = 0
    exits = Exits(stop="own", time_stop=held)
    for run in range(runs):
        random = np.random.default_rng([11, run])
        at = 60 + 40 * np.arange(count) + random.integers(0, 30, count)
        moves = random.normal(0, deviation, n)
        for t in at:
            moves[t + 1 : t + 1 + held] += edge / held
        bars = priced(100 * np.exp(np.cumsum(moves)), random)
        tests = windows(bars, [50])
        given = [parts(bars, at, np.ones(count, np.int64), np.full(count, 8.0), tests)]
        hits += asked([bars], given, tests, trading(Terms(exits=exits)), draws=draws, seed=run).mean_r.p <= 0.05
    return hits / runs, float(stats.norm.cdf(z - stats.norm.ppf(0.95)))


def test_a_large_edge_is_found() -> None:
    """Power of over 99.9 % by the normal approximation: found in all of ten runs."""
    hit, due = planted(10, 0.02, 39)
    assert due > 0.999 and hit == 1


@pytest.mark.slow
def test_power_is_what_it_should_be() -> None:
    """A 99 % binomial interval of 200 runs about the normal approximation's figure, for two sizes of edge."""
    for edge in (0.006, 0.01):
        hit, due = planted(200, edge, 199)
        assert within(round(hit * 200), 200, due), (edge, hit, due)


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_four_markets_are_worth_their_independent_bets(correlation: float) -> None:
    """n trades on each of four markets, entered together, are 4 n / (1 + 3 correlation) independent ones: power is the
    normal approximation's for so many (a 99 % binomial interval of 200 runs).
    """
    n, count, held, edge, deviation = 1700, 40, 5, 0.006, 0.01
    bets = 4 * count / (1 + 3 * correlation)
    z = np.sqrt(bets) * edge * (1 - count * held / (n - 100)) / (deviation * np.sqrt(held))
    due, hits = float(stats.norm.cdf(z - stats.norm.ppf(0.95))), 0
    for run in range(200):
        random = np.random.default_rng([14, run])
        at = 60 + 40 * np.arange(count) + random.integers(0, 30, count)
        shocks = random.normal(0, deviation, (5, n))
        moves = np.sqrt(correlation) * shocks[4] + np.sqrt(1 - correlation) * shocks[:4]
        for t in at:
            moves[:, t + 1 : t + 1 + held] += edge / held
        markets = [priced(100 * np.exp(np.cumsum(one)), random, name) for one, name in zip(moves, "ABCD", strict=True)]
        tests = windows(markets[0], [50])
        given = [parts(bars, at, np.ones(count, np.int64), np.full(count, 8.0), tests) for bars in markets]
        by = trading(Terms(exits=Exits(stop="own", time_stop=held)), markets=4)
        hits += asked(markets, given, tests, by, draws=99, seed=run).mean_r.p <= 0.05
    assert within(hits, 200, due), (hits, due)
