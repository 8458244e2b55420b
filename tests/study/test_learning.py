"""Searches that learn: they do, and the same seed makes the same trials however often they are stopped."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import optuna
import pytest
from numpy.typing import NDArray

from framework.errors import UserError
from framework.params import Value
from framework.study import Outcome, Search, Trial, best, front, learns, tune
from tests.study import AROUND, FIXED, NOWHERE, SEARCH, SPACE, Evaluate, Values, around, judged, searched, tried

MEMORY = replace(SEARCH, storage="memory")
LEARNERS = ("tpe", "cmaes")
ONE, TWO = ("expectancy_r",), ("expectancy_r", "max_drawdown_r")
WIDE: dict[str, tuple[Value, ...]] = {"period": tuple(range(2, 42)), "level": tuple(float(x) for x in range(40))}


def in_folds(gains: Evaluate, folds: int) -> Evaluate:
    """The same with steps: the score already known after each fold."""

    def outcomes(sets: Sequence[Values]) -> list[Outcome]:
        return [replace(one, steps=(next(iter(one.found["expectancy_r"].values())),) * folds) for one in gains(sets)]

    return outcomes


def uneven(values: Values) -> dict[str, NDArray[np.float64]]:
    """Gains and losses, whose drawdown asks for another set than their mean does."""
    level = float(values["level"])
    r = np.array([level / 10, -level * float(values["period"]) / 100, 1.0])
    return {"aggressive": r, "conservative": np.append(r, bool(values["strict"]))}


SHORT = replace(SEARCH, trials=14, batch=4)  # ten at random, then learned from
KINDS = {
    "tpe": (SHORT, AROUND),
    "cmaes": (replace(SHORT, sampler="cmaes", batch=5), AROUND),
    "several": (replace(SHORT, objectives=TWO), judged(uneven, TWO)),
    "folds": (replace(SHORT, trials=18, folds=2), in_folds(AROUND, 1)),
}
SOME = [kind if kind in ("tpe", "cmaes") else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.mark.parametrize("sampler", LEARNERS)
def test_same_seed_same_trials(sampler: str) -> None:
    search = replace(MEMORY, sampler=sampler)
    first = searched(search)
    assert learns(SPACE, search) and len(first) == 25
    assert searched(search) == first
    for seed in ([8, 3], [7, 4]):
        assert tried(searched(search, seed)) != tried(first)


def test_a_larger_space_asks_the_sampler_as_often_as_told() -> None:
    space = {"period": (21, 7, 14), "strict": (False, True)}
    search = replace(MEMORY, trials=5)
    assert len(tune(space, FIXED, AROUND, search, [1], (NOWHERE, "study"))) == 5


@pytest.mark.parametrize("sampler", LEARNERS)
@pytest.mark.parametrize("default", [21, 7, 14, 9])
def test_the_sampler_starts_from_the_defaults(default: int, sampler: str) -> None:
    fixed = FIXED | {"period": default, "kind": "hidden", "strict": True}
    assert tune(SPACE, fixed, AROUND, replace(MEMORY, sampler=sampler), [1], (NOWHERE, ""))[0].values == fixed


@pytest.mark.parametrize("sampler", LEARNERS)
def test_every_value_lies_in_the_space_and_keeps_its_type(sampler: str) -> None:
    trials = searched(replace(MEMORY, sampler=sampler))
    for trial in trials:
        assert list(trial.values) == list(FIXED)
        assert trial.values["width"] == 5
        for name, values in SPACE.items():
            assert trial.values[name] in values
            assert type(trial.values[name]) is type(values[0])
    assert [trial.number for trial in trials] == list(range(25))


@pytest.mark.parametrize("sampler", LEARNERS)
def test_the_order_in_which_a_file_lists_numbers_does_not_matter(sampler: str) -> None:
    ordered = {name: tuple(sorted(v)) if name in ("period", "level") else v for name, v in SPACE.items()}
    search = replace(MEMORY, sampler=sampler)
    assert tried(searched(search, [5])) == tried(tune(ordered, FIXED, AROUND, search, [5], (NOWHERE, "")))


@pytest.mark.parametrize("sampler", LEARNERS)
def test_the_sampler_learns(sampler: str) -> None:
    """Over three seeds: its last sets are better than its first, and than points at random."""
    scores: dict[str, list[list[float]]] = {sampler: [], "random": []}
    for name, by in scores.items():
        search = Search(60, min_trades=3, sampler=name, storage="memory")
        for seed in range(3):
            trials = tune(WIDE, FIXED | {"level": 39.0}, AROUND, search, [seed], (NOWHERE, ""))
            by.append([trial.score for trial in trials])
    made, chance = np.array(scores[sampler]), np.array(scores["random"])
    assert made[:, 40:].mean() > made[:, 1:11].mean() + 1
    assert made[:, 40:].mean() > chance[:, 1:].mean() + 1


@pytest.mark.parametrize(("sampler", "neighbours"), [("tpe", False), ("cmaes", True)])
def test_words_have_no_order_but_to_cmaes(sampler: str, neighbours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, optuna.distributions.BaseDistribution]] = []
    ask = optuna.Study.ask

    def noted(study: optuna.Study, axes: dict[str, optuna.distributions.BaseDistribution]) -> optuna.Trial:
        asked.append(axes)
        return ask(study, axes)

    monkeypatch.setattr(optuna.Study, "ask", noted)
    searched(replace(MEMORY, sampler=sampler, trials=9))
    assert len(asked) == 9 and all(axes == asked[0] for axes in asked)
    whole, words = optuna.distributions.IntDistribution, optuna.distributions.CategoricalDistribution
    assert asked[0] == {
        "period": whole(0, 3),
        "level": whole(0, 4),
        "kind": whole(0, 2) if neighbours else words(("hidden", "both", "regular")),
        "strict": whole(0, 1) if neighbours else words((False, True)),
    }


@pytest.mark.parametrize("sampler", LEARNERS)
def test_a_batch_is_evaluated_at_once_and_told_whole(sampler: str) -> None:
    asked: list[int] = []
    told: list[int] = []

    def evaluate(sets: Sequence[Values]) -> list[Outcome]:
        asked.append(len(sets))
        return AROUND(sets)

    search = replace(MEMORY, sampler=sampler, batch=7)
    tune(SPACE, FIXED, evaluate, search, [1], (NOWHERE, ""), told.append)
    assert asked == [7, 7, 7, 4]
    assert told == [7, 14, 21, 25]


@pytest.mark.parametrize("batch", [1, 3, 25, 100])
def test_any_batch_makes_all_trials(batch: int) -> None:
    trials = searched(replace(MEMORY, batch=batch))
    assert len(trials) == 25 and trials == searched(replace(MEMORY, batch=batch))
    assert trials[0].values == FIXED


def thin(values: Values) -> dict[str, NDArray[np.float64]]:
    """The longer the period the better, but above 10 the second variant has too few trades."""
    period = int(values["period"])
    return {"aggressive": np.full(50, float(period)), "conservative": np.full(10 if period <= 10 else 9, float(period))}


def test_the_constraint_is_kept_and_told_to_the_sampler() -> None:
    search = Search(80, min_trades=10, storage="memory")
    trials = tune({"period": tuple(range(1, 101))}, FIXED, judged(thin), search, [1], (NOWHERE, ""))
    assert all(trial.feasible == (trial.values["period"] <= 10) for trial in trials)
    chosen = best(trials, search)
    assert chosen is not None
    assert chosen.score == max(trial.score for trial in trials if trial.feasible)
    assert chosen.score < max(trial.score for trial in trials)
    # A tenth of the space is feasible; a sampler that heard nothing runs to the other end (one in fifty).
    assert np.mean([trial.feasible for trial in trials[20:]]) > 0.25


@pytest.mark.parametrize("sampler", LEARNERS)
def test_more_of_the_sets_are_feasible_than_at_random(sampler: str) -> None:
    """A tenth of the space is feasible, at the other end from where the score grows; farther away it lacks more."""

    def thinner(values: Values) -> dict[str, NDArray[np.float64]]:
        period = int(values["period"])
        return {"one": np.full(max(10 - max(period - 1, 0) // 10, 1), float(period))}

    space = {"period": tuple(range(1, 101)), "width": tuple(range(9))}
    search = Search(80, min_trades=10, sampler=sampler, storage="memory")
    share = []
    for seed in range(3):
        trials = tune(space, {"period": 14, "width": 5}, judged(thinner), search, [seed], (NOWHERE, ""))
        share.append(np.mean([trial.feasible for trial in trials[20:]]))
    assert np.mean(share) > 0.2


@pytest.mark.parametrize(("sampler", "names"), [("tpe", ONE), ("tpe", TWO), ("cmaes", ONE)])
def test_the_sampler_goes_on_where_scores_are_not_defined(sampler: str, names: tuple[str, ...]) -> None:
    def sometimes(values: Values) -> dict[str, NDArray[np.float64]]:
        odd = int(values["period"]) % 2 == 1
        return {"one": np.array([math.nan, 1.0] if odd else [float(values["period"]), 0.0])}

    search = Search(30, names, 1, sampler, storage="memory")
    space = {"period": tuple(range(2, 42)), "level": (20.0, 30.0)}
    trials = tune(space, FIXED, judged(sometimes, names), search, [1], (NOWHERE, ""))
    chosen = best(trials, search)
    assert len(trials) == 30
    assert chosen is not None and int(chosen.values["period"]) % 2 == 0
    assert any(math.isnan(trial.score) for trial in trials)
    assert all(trial.feasible == (not math.isnan(trial.score)) for trial in trials)


def test_several_objectives_spread_along_their_front() -> None:
    """A gain that grows with both parameters, a drawdown that grows with one of them: the front is known."""

    def rising(values: Values) -> dict[str, NDArray[np.float64]]:
        level, period = float(values["level"]), float(values["period"])
        return {"one": np.array([-level, level * 3 + period])}

    search = Search(80, TWO, 1, storage="memory")
    trials = tune(WIDE, FIXED | {"level": 20.0, "period": 20}, judged(rising, TWO), search, [2], (NOWHERE, ""))
    late = trials[50:]
    assert np.mean([int(trial.values["period"]) for trial in late]) > 30, "the more the better, at no cost"
    points = front(trials)
    assert len(points) >= 5
    assert all(a.objectives["max_drawdown_r"] == a.values["level"] for a in trials)
    assert np.ptp([point.objectives["max_drawdown_r"] for point in points]) > 20


def stepped(first: float, last: float) -> Evaluate:
    """Trials that stand at `first` after the fold, but for period 7, which stands at `last`."""

    def outcome(values: Values) -> Outcome:
        step = last if values["period"] == 7 else first
        return Outcome({"expectancy_r": {"one": 100.0 if values["period"] == 7 else 1.0}}, {"one": 9}, (step,))

    return lambda sets: [outcome(values) for values in sets]


def test_a_trial_below_the_median_after_a_fold_is_given_up_and_never_taken() -> None:
    search = replace(MEMORY, folds=2, trials=60)
    trials = searched(search, evaluate=stepped(1.0, 0.5))
    pruned = [trial for trial in trials if trial.pruned]
    assert pruned and all(trial.values["period"] == 7 and not trial.feasible for trial in pruned)
    begun = 5  # trials that Optuna's median rule lets through first
    assert all(trial.pruned == (trial.values["period"] == 7) for trial in trials[8:])
    assert not any(trial.pruned for trial in trials[:begun])
    assert all(trial.score == (100.0 if trial.values["period"] == 7 else 1.0) for trial in trials)
    late = [replace(trial, feasible=trial.feasible and trial.number >= 8) for trial in trials]
    chosen = best(late, search)
    assert chosen is not None and chosen.score == 1.0
    above = searched(search, evaluate=stepped(1.0, 1.5))
    assert not any(trial.pruned for trial in above if trial.values["period"] == 7)


def test_the_median_rule_by_hand() -> None:
    """After five whole trials one is given up where it stands below the median of those that were not given up."""
    search = replace(MEMORY, folds=2, trials=60, batch=4)
    seen: list[float] = []

    def evaluate(sets: Sequence[Values]) -> list[Outcome]:
        made = []
        for _ in sets:
            step = math.sin(100 * len(seen))
            seen.append(step)
            made.append(Outcome({"expectancy_r": {"one": step}}, {"one": 9}, (step,)))
        return made

    trials = searched(search, evaluate=evaluate)
    kept: list[float] = []
    for trial, step in zip(trials, seen, strict=True):
        assert trial.pruned == (len(kept) >= 5 and step < np.median(kept))
        if not trial.pruned:
            kept.append(step)
    assert 5 < len(kept) < 55


def test_folds_without_a_trade_give_nothing_up() -> None:
    for first, last in ((1.0, math.nan), (math.nan, math.nan), (math.nan, -5.0)):
        trials = searched(replace(MEMORY, folds=2, trials=60), evaluate=stepped(first, last))
        assert not any(trial.pruned for trial in trials)
        assert any(trial.values["period"] == 7 for trial in trials[8:])


def test_a_later_fold_gives_up_too() -> None:
    def evaluate(sets: Sequence[Values]) -> list[Outcome]:
        bad = [values["period"] == 7 for values in sets]
        return [
            Outcome({"expectancy_r": {"one": 1.0}}, {"one": 9}, (math.nan, math.nan, 0.0 if one else 1.0))
            for one in bad
        ]

    trials = searched(replace(MEMORY, folds=4, trials=60), evaluate=evaluate)
    assert all(trial.pruned == (trial.values["period"] == 7) for trial in trials[8:])
    assert any(trial.pruned for trial in trials)


class Killed(BaseException):
    """Stands for a process that ends in the middle of its work."""


def undisturbed(kind: str, folder: Path) -> list[Trial]:
    search, evaluate = KINDS[kind]
    return tune(SPACE, FIXED, evaluate, search, [7, 3], (folder / "undisturbed", "study"))


def gone_on(kind: str, journal: Path) -> list[Trial]:
    search, evaluate = KINDS[kind]
    return tune(SPACE, FIXED, evaluate, search, [7, 3], (journal, "study"))


@pytest.mark.parametrize("kind", KINDS)
def test_memory_and_journal_make_the_same_trials(kind: str, tmp_path: Path) -> None:
    search, evaluate = KINDS[kind]
    due = undisturbed(kind, tmp_path)
    in_memory = tune(SPACE, FIXED, evaluate, replace(search, storage="memory"), [7, 3], (tmp_path / "none", "study"))
    assert repr(in_memory) == repr(due)
    assert not (tmp_path / "none").exists()
    if kind == "folds":
        assert any(trial.pruned for trial in due)


@pytest.mark.parametrize("kind", SOME)
def test_stopped_while_a_batch_is_evaluated(kind: str, tmp_path: Path) -> None:
    """Ctrl-C at every batch in turn; what was told is not asked again."""
    search, evaluate = KINDS[kind]
    due = undisturbed(kind, tmp_path)
    batches = -(-search.trials // search.batch)
    for stop in range(batches):
        asked: list[list[Values]] = []

        def stopping(sets: Sequence[Values], stop: int = stop, asked: list[list[Values]] = asked) -> list[Outcome]:
            if len(asked) == stop:
                raise KeyboardInterrupt
            asked.append(list(sets))
            return list(evaluate(sets))

        place = (tmp_path / f"{stop}", "study")
        with pytest.raises(KeyboardInterrupt):
            tune(SPACE, FIXED, stopping, search, [7, 3], place)
        assert [one for sets in asked for one in sets] == tried(due)[: stop * search.batch]
        assert repr(gone_on(kind, place[0])) == repr(due)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_that_is_done_asks_nothing_anew(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    due = undisturbed(kind, tmp_path)
    written = (tmp_path / "undisturbed").read_bytes()
    monkeypatch.setattr(optuna.Study, "ask", None)
    assert repr(gone_on(kind, tmp_path / "undisturbed")) == repr(due)
    assert (tmp_path / "undisturbed").read_bytes().startswith(written)


@pytest.mark.parametrize("kind", SOME)
def test_stopped_in_the_middle_of_telling_or_asking(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after any tell, before and after any ask; and twice in one search."""
    due = undisturbed(kind, tmp_path)
    calls = {"tell": optuna.Study.tell, "ask": optuna.Study.ask}
    for number, (name, after, at) in enumerate((n, a, t) for n in calls for a in (0, 1) for t in (0, 9)):
        journal = tmp_path / f"{number}"
        for again in (at, max(at - 3, 1)):
            left = iter(range(again, -1, -1))

            def fatal(
                *given: object, name: str = name, after: int = after, left: Iterator[int] = left, **more: object
            ) -> object:
                over = next(left) == 0
                if over and not after:
                    raise Killed
                found = calls[name](*given, **more)  # type: ignore[arg-type]
                if over:
                    raise Killed
                return found

            with monkeypatch.context() as patch, pytest.raises(Killed) if again == at else suppress(Killed):
                patch.setattr(optuna.Study, name, fatal)
                gone_on(kind, journal)
        assert repr(gone_on(kind, journal)) == repr(due), (name, after, at)


def cut(journal: Path, whole: bytes, at: int) -> None:
    """What a process leaves that is killed while it writes: part of a line, and its lock."""
    journal.write_bytes(whole[:at])
    journal.with_name(f"{journal.name}.lock").symlink_to(journal)


@pytest.mark.parametrize("kind", SOME)
def test_a_journal_cut_anywhere_goes_on_the_same(kind: str, tmp_path: Path) -> None:
    """At the ends of lines, one byte before and after, and at random bytes."""
    due = repr(undisturbed(kind, tmp_path))
    whole = (tmp_path / "undisturbed").read_bytes()
    random = np.random.default_rng(5)
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    some = random.choice(ends, 3, replace=False)
    places = {0, 1, ends[0], ends[1], ends[2], len(whole) - 1, *some, *(some - 1), *(random.integers(0, len(whole), 3))}
    for at in sorted(int(place) for place in places):
        journal = tmp_path / f"cut{at}"
        cut(journal, whole, at)
        assert repr(gone_on(kind, journal)) == due, at


@pytest.mark.parametrize("kind", SOME)
def test_a_journal_cut_again_and_again(kind: str, tmp_path: Path) -> None:
    """Each search that goes on is cut too, a little after where it began: what it wrote to begin is cut as well."""
    due = repr(undisturbed(kind, tmp_path))
    journal = tmp_path / "again"
    whole, random = (tmp_path / "undisturbed").read_bytes(), np.random.default_rng(6)
    at = len(whole) // 3
    for _ in range(4):
        cut(journal, whole, at)
        assert repr(gone_on(kind, journal)) == due
        whole, at = journal.read_bytes(), at + int(random.integers(1, 2000))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_cut_after_and_within_every_line(kind: str, tmp_path: Path) -> None:
    due = repr(undisturbed(kind, tmp_path))
    whole = (tmp_path / "undisturbed").read_bytes()
    ends = [0, *(place + 1 for place, byte in enumerate(whole) if byte == ord("\n"))]
    for begin, end in pairwise(ends):
        for at in (begin, (begin + end) // 2):
            journal = tmp_path / f"cut{at}"
            cut(journal, whole, at)
            assert repr(gone_on(kind, journal)) == due, at


def test_studies_of_one_journal_stay_apart(tmp_path: Path) -> None:
    place = tmp_path / "folder" / "journal"
    one = tune(SPACE, FIXED, AROUND, SEARCH, [7, 3], (place, "one"))
    two = tune(SPACE, FIXED, AROUND, SEARCH, [8, 3], (place, "two"))
    assert tried(one) == tried(searched(MEMORY)) and tried(two) == tried(searched(MEMORY, [8, 3]))
    assert tune(SPACE, FIXED, AROUND, SEARCH, [7, 3], (place, "one")) == one


def stored(url: str, kinds: Sequence[str] = tuple(KINDS)) -> None:
    """These kinds through a database: as in memory, also when stopped in between, and the studies stay apart."""
    for kind in kinds:
        given, evaluate = KINDS[kind]
        search = replace(given, storage=url)
        due = tune(SPACE, FIXED, evaluate, replace(given, storage="memory"), [7, 3], (NOWHERE, ""))

        def stopping(sets: Sequence[Values], evaluate: Evaluate = evaluate, stop: list[int] = [0]) -> list[Outcome]:  # noqa: B006
            stop[0] += 1
            if stop[0] == 3:
                raise KeyboardInterrupt
            return list(evaluate(sets))

        with pytest.raises(KeyboardInterrupt):
            tune(SPACE, FIXED, stopping, search, [7, 3], (NOWHERE, kind))
        for _ in range(2):
            assert repr(tune(SPACE, FIXED, evaluate, search, [7, 3], (NOWHERE, kind))) == repr(due)
    assert not NOWHERE.exists()


@pytest.mark.parametrize("kinds", [("tpe",), pytest.param(tuple(KINDS), marks=pytest.mark.slow)])
def test_a_file_of_sqlite(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    stored(f"sqlite:///{tmp_path}/studies.db", kinds)


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, where its programs and a driver are installed."""
    driver = next((name for name in ("psycopg2", "psycopg", "pg8000") if importlib.util.find_spec(name)), None)
    if not (shutil.which("initdb") and shutil.which("pg_ctl")) or driver is None:
        pytest.skip("no PostgreSQL server, or no driver for it")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    owner = {}
    if os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(folder, "nobody")
        owner = {"user": "nobody"}
    base, port = folder / "base", 54_321 + os.getpid() % 1000

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **owner)  # type: ignore[call-overload]

    try:
        run("initdb", "-D", f"{base}", "-U", "chart", "-A", "trust", "-N")
        run("pg_ctl", "-D", f"{base}", "-w", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -F", "start")
        yield f"postgresql+{driver}://chart@127.0.0.1:{port}/postgres"
    finally:
        if base.exists():
            subprocess.run(
                ["pg_ctl", "-D", f"{base}", "-m", "immediate", "stop"], check=False, capture_output=True, **owner
            )  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a driver's sockets, closed when they are collected
def test_a_server_of_postgresql(server: str) -> None:
    stored(server)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////no/such/folder/studies.db",
        "nonsense://host/name",
        "postgresql+no_such_driver://host/name",
        "postgresql+psycopg2://chart@127.0.0.1:1/name",
        "sqlite:///a?b=c&d",
        "://",
    ],
)
def test_a_url_that_leads_nowhere_is_one_line(url: str) -> None:
    with pytest.raises(UserError) as caught:
        searched(replace(SEARCH, storage=url))
    assert caught.value.where == "search.storage"
    assert "\n" not in str(caught.value)


def test_r_of_the_stand_in() -> None:
    """What the other tests here go by: the best set of the small space."""
    sets = [
        {"period": p, "level": float(v), "kind": "both", "strict": s}
        for p in (7, 9, 14, 21)
        for v in range(20, 45, 5)
        for s in (False, True)
    ]
    means = [float(np.mean([r.mean() for r in around(one).values()])) for one in sets]
    assert sets[int(np.argmax(means))] == {"period": 9, "level": 25.0, "kind": "both", "strict": True}
    assert max(means) == 2.5
