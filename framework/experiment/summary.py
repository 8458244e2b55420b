"""What a run says, as figures with their intervals: the content of summary.json, and of the report's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..bars import Bars
from ..metrics import max_drawdown, mcnemar, mean, profit_factor, sharpe, win_rate
from ..simulation import Costs
from ..study import OBJECTIVES, Outcome, Trial, scored
from ..validation.walk import row_at
from ..validation.windows import Window
from .ablation import ablation
from .alone import blocks_of, by_kind, compared
from .belief import Believed
from .chance import redrawn, told
from .config import Experiment
from .coverage import known_finer, known_funding, notes
from .excursions import excursions
from .heat import heat
from .holdout import Held
from .months import period, returns
from .outofsample import HELD, OutOfSample
from .placebo import placebo
from .traits import traits
from .verdict import verdict

Search: TypeAlias = tuple[Window, Trial, bool, list[Trial]]


def summarise(
    experiment: Experiment,
    manifest: Mapping[str, Any],
    searches: Sequence[Search],
    tested: OutOfSample,
    believed: Believed,
) -> dict[str, Any]:
    """All figures of a run."""
    seed = experiment.seed
    variants = {name: _variant(name, tested, seed) for name in experiment.variants}
    pair = ("conservative", "aggressive")
    paired = _paired(tested, seed) if set(pair) <= set(experiment.variants) else None
    summary = {
        "name": experiment.name,
        "question": experiment.question,
        "strategy": experiment.strategy.name,
        "period": period(tested),
        "symbols": [bars.symbol for bars in tested.markets],
        "timeframe": ", ".join(dict.fromkeys(bars.timeframe for bars in tested.markets)),
        "variants": variants,
        HELD: _equity(HELD, tested),
        "paired": paired,
        "kinds": by_kind(tested.setups, experiment.variants, seed),
        "ablation": ablation(tested, experiment),
        "traits": traits(tested, experiment.fixed, seed),
        "placebo": placebo(tested, experiment.fixed, seed),
        "vetoes": tested.setups["veto"][tested.setups["veto"] != ""].value_counts().sort_index().to_dict(),
        "windows": [_window(search, experiment, tested.trades) for search in searches],
        "search": believed.search and {**believed.search, "heat": heat(experiment, searches, believed.search)},
        "overfitting": believed.overfitting,
        "combinatorial": believed.combined,
        "chance": {
            "random_entries": told(believed.chance),
            "permuted": believed.permuted,
            "redrawn": {name: redrawn(tested.trades[tested.trades["variant"] == name], seed) for name in variants},
        },
        "holdout": _holdout(experiment, believed.held),
        "shared": tested.trading.shared,
        "funding": known_funding(tested),
        "finer": known_finer(tested),
        "notes": notes(tested),
        "optimistic": experiment.exits.fill == "close" or experiment.exits.inside_bar == "optimistic",
        "provenance": {key: manifest[key] for key in ("identity", "commit", "versions", "data", "seed")},
    }
    return {**summary, "verdict": verdict(summary)}


def _holdout(experiment: Experiment, held: Held | None) -> dict[str, Any] | None:
    """What is held out since when, which runs have traded some of it, and what this one made of it, if it looked."""
    if held is None:
        return None
    found: dict[str, Any] = {
        "from": held.start,
        "to": held.end,
        "seen_by": held.seen,
        "looked": held.tested is not None,
    }
    if held.tested is not None and held.chosen is not None:
        values = held.chosen.chosen.values
        found["parameters"] = {name: values[name] for name in experiment.space}
        found["variants"] = {name: _variant(name, held.tested, experiment.seed) for name in experiment.variants}
    return found


def _variant(name: str, tested: OutOfSample, seed: int) -> dict[str, Any]:
    trades = tested.trades[tested.trades["variant"] == name]
    closed = trades[trades["exit_reason"] != "open"]
    blocks = blocks_of(closed["signal_time"], closed["exit_time"])
    r = closed["r"].to_numpy()
    fates = tested.setups.loc[tested.setups["veto"] == "", f"{name}_fate"]
    pnl = trades["pnl"].to_numpy()
    expectancy = mean(r, blocks, seed)
    return {
        "setups": len(fates),
        "filled": int((fates == "entered").sum()),
        "fates": fates.value_counts().sort_index().to_dict(),
        "trades": len(closed),
        "open": len(trades) - len(closed),
        "refused": dict(tested.refused[name]),
        "win_rate": asdict(win_rate(closed["pnl"].to_numpy() > 0, blocks)),
        "win_rate_open_marked": asdict(win_rate(pnl > 0, blocks_of(trades["signal_time"], trades["exit_time"]))),
        "expectancy_r": asdict(expectancy),
        "costs_r": asdict(mean(_costs_r(closed, tested.trading.terms.costs), blocks, seed)),
        "carry": _carry(trades, closed, blocks, seed),
        "profit_factor": asdict(profit_factor(r, blocks, seed)),
        "exposure": float(trades["bars"].sum() / sum(_tested_bars(tested, bars) for bars in tested.markets)),
        "bars_held": asdict(mean(closed["bars"].to_numpy().astype(float), blocks, seed)),
        "exits": closed["exit_reason"].value_counts().sort_index().to_dict(),
        "ambiguity": _ambiguity(closed, tested.bounds[name]),
        "excursions": excursions(closed, tested.trades, blocks),
        **_equity(name, tested, expectancy.enough),
    }


def _tested_bars(tested: OutOfSample, bars: Bars) -> int:
    return len(bars) - row_at(bars, tested.chosen[0][0].test_start)


def _costs_r(closed: pd.DataFrame, costs: Costs) -> Any:
    """What fees and slippage added to each trade's R, so never positive: without them it would be higher by that."""
    side = np.where(closed["direction"] == "long", 1, -1)
    entered, left = closed["entry_price"], closed["exit_price"]
    slipped = side * (entered - entered / (1 + side * costs.slippage)) + side * (
        left / (1 - side * costs.slippage) - left
    )
    return -((slipped + closed["fees"] / closed["size"]) / (entered - closed["stop"]).abs()).to_numpy()


def _carry(trades: pd.DataFrame, closed: pd.DataFrame, blocks: Any, seed: int) -> dict[str, Any] | None:
    """Funding and borrowing. r: what it added to each closed trade's R, negative where it was paid. paid: by all
    trades, in money, negative where it was received. None where there was none.
    """
    if not trades["carry"].any():
        return None
    risk = closed["size"] * (closed["entry_price"] - closed["stop"]).abs()
    return {"r": asdict(mean((-closed["carry"] / risk).to_numpy(), blocks, seed)), "paid": float(trades["carry"].sum())}


def _ambiguity(closed: pd.DataFrame, other: pd.DataFrame) -> dict[str, Any]:
    """How many trades a bar could not order, and the run's figures had every such bar gone either way."""
    bounds = []
    for table in (closed, other[other["exit_reason"] != "open"]):
        won, r = (table["pnl"] > 0).mean(), table["r"].to_numpy()
        bounds.append({"win_rate": float(won), "expectancy_r": float(r.mean())} if len(r) else {})
    keys = list(bounds[0]) if bounds[0] and bounds[1] else []
    return {
        "trades": int(closed["ambiguous"].sum()),
        "share": float(closed["ambiguous"].mean()) if len(closed) else np.nan,
        **{key: sorted([bounds[0][key], bounds[1][key]]) for key in keys},
    }


def _equity(name: str, tested: OutOfSample, enough: bool = True) -> dict[str, Any]:
    """Of an account from its cash on: what the first bar costs counts too. enough: its trades are."""
    equity = np.concatenate([[tested.trading.cash], tested.equity[name].to_numpy()])
    return {
        "total_return": float(equity[-1] / equity[0] - 1),
        "max_drawdown": max_drawdown(equity),
        "sharpe": asdict(sharpe(equity, tested.per_year, enough)),
        **returns(tested, name),
    }


def _paired(tested: OutOfSample, seed: int) -> dict[str, Any]:
    """Conservative minus aggressive on the same setups, each traded by itself; not entered counts as 0 R.

    `filled_by_both` favours entering at once: a setup gets a second bottom only when price has turned already.
    waits_for: what the conservative entry waits for.
    """
    setups = tested.setups
    rows = compared(setups)
    both = rows[(rows["aggressive_fate"] == "entered") & (rows["conservative_fate"] == "entered")]
    every, filled = _difference(rows, seed), _difference(both, seed)
    return {
        "waits_for": "retest" if tested.retests else "second bottom",
        "all": every,
        "filled_by_both": filled,
        "left_out_at_the_end": int(((setups["veto"] == "") & ~setups["complete"]).sum()),
    }


def _difference(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    first, second = rows["aggressive_r"].to_numpy(), rows["conservative_r"].to_numpy()
    ends = rows[["aggressive_exit_time", "conservative_exit_time"]].max(axis=1).fillna(rows["known_at"])
    # An open trade is marked in the mean, and neither won nor lost.
    done = ~(rows[["aggressive_exit_reason", "conservative_exit_reason"]] == "open").any(axis=1).to_numpy()
    won, also = (rows.loc[done, f"{name}_return"].to_numpy() > 0 for name in ("aggressive", "conservative"))
    table = [[int((won & also).sum()), int((won & ~also).sum())], [int((~won & also).sum()), int((~won & ~also).sum())]]
    return {
        "setups": len(rows),
        "aggressive_filled": int((rows["aggressive_fate"] == "entered").sum()),
        "conservative_filled": int((rows["conservative_fate"] == "entered").sum()),
        "aggressive_r": float(first.mean()) if len(rows) else np.nan,
        "conservative_r": float(second.mean()) if len(rows) else np.nan,
        "difference_r": asdict(mean(second - first, blocks_of(rows["known_at"], ends), seed)),
        "open": int((~done).sum()),
        "wins": {"both": table[0][0], "aggressive_only": table[0][1], "conservative_only": table[1][0]}
        | {"neither": table[1][1]},
        "mcnemar_p": mcnemar(table[0][1], table[1][0]),
    }


def _window(search: Search, experiment: Experiment, trades: pd.DataFrame) -> dict[str, Any]:
    window, chosen, feasible, trials = search
    inside = trades[(trades["window"] == window.number) & (trades["exit_reason"] != "open")]
    after = scored(0, {}, _outcome(inside, experiment), experiment.search)
    return {
        "window": window.number,
        "train_start": window.train_start,
        "test_start": window.test_start,
        "test_end": window.test_end,
        "chosen": "searched" if feasible and experiment.space else "fixed" if not experiment.space else "defaults",
        "trial": chosen.number,
        "trials": len(trials),
        "feasible": sum(trial.feasible for trial in trials),
        "parameters": {name: chosen.values[name] for name in experiment.space},
        "objective": experiment.search.objective,
        "in_sample": {"score": chosen.score, **_scores(chosen)},
        "out_of_sample": {"score": after.score, **_scores(after)},
    }


def _outcome(trades: pd.DataFrame, experiment: Experiment) -> Outcome:
    """What a search would say of a test's closed trades, in the order in which they were over."""
    by_end = trades.sort_values("exit_time", kind="stable")
    r: dict[str, Any] = {name: by_end.loc[by_end["variant"] == name, "r"].to_numpy() for name in experiment.variants}
    found: dict[str, dict[str, float]] = {
        objective: {name: OBJECTIVES[objective](one) if len(one) else np.nan for name, one in r.items()}
        for objective in experiment.search.objectives
    }
    return Outcome(found, {name: len(one) for name, one in r.items()})


def _scores(trial: Trial) -> dict[str, Any]:
    return {name: {"score": trial.scores[name], "trades": trial.trades[name]} for name in trial.scores}
