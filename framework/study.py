"""The Optuna layer: which parameters a training window would have chosen. The only import of Optuna."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .params import Value

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = dict[str, Value]


def _t_statistic(r: Floats) -> float:
    spread = r.std(ddof=1) if len(r) > 1 else 0.0
    return float(r.mean() / spread * math.sqrt(len(r))) if spread > 0 else math.nan


def _profit_factor(r: Floats) -> float:
    lost = -r[r < 0].sum()
    return float(r[r > 0].sum() / lost) if lost > 0 else math.nan


OBJECTIVES: Mapping[str, Callable[[Floats], float]] = {
    "expectancy_r": lambda r: float(r.mean()),
    "t_statistic_r": _t_statistic,
    "total_r": lambda r: float(r.sum()),
    "win_rate": lambda r: math.nan if np.isnan(r).any() else float((r > 0).mean()),
    "profit_factor_r": _profit_factor,
}


@dataclass(frozen=True)
class Search:
    """trials: parameter sets to try. objective: a name of OBJECTIVES, over R of the closed training trades, the
    average over the variants. min_trades: each variant must have closed as many."""

    trials: int
    objective: str
    min_trades: int


@dataclass(frozen=True)
class Trial:
    """One parameter set in one window. score: NaN where it is not defined. trades, scores: by variant."""

    number: int
    values: Values
    score: float
    scores: dict[str, float]
    trades: dict[str, int]
    feasible: bool


Evaluate: TypeAlias = Callable[[Values], Mapping[str, Floats]]


def scored(number: int, values: Values, found: Mapping[str, Floats], search: Search) -> Trial:
    """A trial from the R of its closed trades, by variant."""
    objective = OBJECTIVES[search.objective]
    scores = {name: objective(r) if len(r) else math.nan for name, r in found.items()}
    trades = {name: len(r) for name, r in found.items()}
    score = math.fsum(scores.values()) / len(scores)
    feasible = min(trades.values()) >= search.min_trades and not math.isnan(score)
    return Trial(number, values, score, scores, trades, feasible)


def tune(
    space: Mapping[str, tuple[Value, ...]],
    fixed: Mapping[str, Value],
    evaluate: Evaluate,
    search: Search,
    seed: Sequence[int],
    told: Callable[[], object] = lambda: None,
) -> list[Trial]:
    """Try parameter sets, the declared defaults first; `told` is called after each.

    A space no larger than the trials is swept whole, else Optuna's TPE asks, with the constraint told to it. The
    same seed tries the same sets.
    """
    results: dict[tuple[Value, ...], Mapping[str, Floats]] = {}
    trials: list[Trial] = []

    def attempt(chosen: Values) -> Trial:
        values = dict(fixed) | chosen
        key = tuple(values.values())
        if key not in results:
            results[key] = evaluate(values)
        trials.append(scored(len(trials), values, results[key], search))
        told()
        return trials[-1]

    if math.prod(map(len, space.values())) <= max(search.trials, 1):
        default = {name: fixed[name] for name in space}
        points = [dict(zip(space, point, strict=True)) for point in itertools.product(*space.values())]
        for point in [default, *(point for point in points if point != default)]:
            attempt(point)
    else:
        _ask(space, fixed, attempt, search, seed)
    return trials


def best(trials: Sequence[Trial]) -> Trial | None:
    """The feasible trial with the highest score, the earliest of equals; None when none is feasible."""
    feasible = [trial for trial in trials if trial.feasible]
    return max(feasible, key=lambda trial: (trial.score, -trial.number)) if feasible else None


def _ask(
    space: Mapping[str, tuple[Value, ...]],
    fixed: Mapping[str, Value],
    attempt: Callable[[Values], Trial],
    search: Search,
    seed: Sequence[int],
) -> None:
    import optuna  # noqa: PLC0415  # 0.2 s that a run without a search need not pay

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=number))
    axes = {name: _axis(optuna.distributions, values) for name, values in space.items()}
    study.enqueue_trial({name: _code(values, fixed[name]) for name, values in space.items()})
    for _ in range(search.trials):
        asked = study.ask(axes)
        trial = attempt({name: _value(space[name], code) for name, code in asked.params.items()})
        undefined = math.isnan(trial.score)
        asked.set_constraint("trades", max(search.min_trades - min(trial.trades.values()), float(undefined)))
        study.tell(asked, 0.0 if undefined else trial.score)


def _ordered(values: tuple[Value, ...]) -> bool:
    return not isinstance(values[0], (str, bool))


def _axis(distributions: Any, values: tuple[Value, ...]) -> Any:
    """Numbers are told by their place in order, so that the sampler knows neighbours; words have none."""
    if _ordered(values):
        return distributions.IntDistribution(0, len(values) - 1)
    return distributions.CategoricalDistribution(values)


def _code(values: tuple[Value, ...], value: Value) -> Value:
    return sorted(values).index(value) if _ordered(values) else value


def _value(values: tuple[Value, ...], code: Value) -> Value:
    return sorted(values)[int(code)] if _ordered(values) else code
