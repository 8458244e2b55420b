"""Which setups of which rules are live on the latest bars, and what the last reports said of the rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bars import Bars
from ..entries import policy
from ..errors import MissingError, UserError
from ..params import Value
from ..report.scan import Drawn
from ..report.words import flat
from ..simulation import Costs, Exits, Terms
from ..sources import load as load_bars
from ..sources import samples
from ..validation.trading import Trading
from ..workspace import Strategy, load_strategy, names
from . import config
from .config import Experiment
from .files import plain
from .latest import Finished, finished, last_of, last_said
from .live import Late, late
from .markets import load_markets
from .provenance import configuration
from .ready import trading_of
from .search import Told
from .tables import CostsTable, Data, ExitsTable, SizingTable

PASSING = ("holdout.look", "search.trials")  # of a configuration: what a command may say otherwise each time


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule as it is looked for. chosen: where its values come from, in words. run: its last finished run."""

    trading: Trading
    values: Mapping[str, Value]
    chosen: str
    run: Finished | None

    @property
    def strategy(self) -> Strategy:
        return self.trading.strategy


@dataclass(frozen=True, eq=False)
class Scan:
    """content: all of it as plain data. drawn: what is needed to draw the live setups, in the order they have there."""

    content: Mapping[str, Any]
    drawn: Sequence[Drawn]


def scanned(
    workspace: Path, path: Path | None, strategies: Sequence[str], files: Sequence[str], within: int, told: Told
) -> Scan:
    """Look at the latest bars. path: of an experiment, whose data, parameters and terms are taken; else each of the
    strategies (all without one) with its declared defaults on the default terms. files: instead of the experiment's
    data, or of the sample. Raises UserError for wrong input.
    """
    if path and strategies:
        raise UserError(f"scan: '{strategies[0]}'", f"stands beside {path}, which names its own", "one of them")
    runs = list(finished(workspace))
    skipped: list[str] = []
    if path:
        experiment = _experiment(path, files)
        markets, rules = load_markets(experiment), [_of_experiment(experiment, runs)]
    else:
        markets = [load_bars(what) for what in files or [f"sample:{symbol}" for symbol in samples()]]
        rules = list(_with_defaults(workspace, strategies, runs, skipped))
    seen: list[tuple[Rule, Bars, Late]] = []
    for place, rule in enumerate(rules):
        told("scanning", place, len(rules))
        for bars in markets:
            try:
                seen += [(rule, bars, one) for one in late(rule.trading, bars, rule.values, within)]
            except MissingError as error:
                skipped.append(f"{rule.strategy.name} on {bars.symbol} {bars.timeframe}: {error.wrong}")
    told("scanning", len(rules), len(rules))
    content = {
        "within": within,
        "markets": [_market(bars) for bars in markets],
        "rules": [_rule(rule) for rule in rules],
        "setups": [_setup(*one) for one in seen],
        "skipped": skipped,
    }
    return Scan(plain(content), [_drawn(*one) for one in seen if one[2].live])


def _experiment(path: Path, files: Sequence[str]) -> Experiment:
    experiment = config.load(path)
    if experiment.beside:
        name, values = experiment.beside
        raise UserError(
            f"{path}: beside.{name}", f"names {len(values)}, and a scan has one", "an experiment without it"
        )
    if not files:
        return experiment
    named = [name.removeprefix("sample:") for name in files if name.startswith("sample:")]
    rest = [str(Path(name).resolve()) for name in files if not name.startswith("sample:")]
    own = {name: getattr(experiment.data, name) for name in ("timeframe", "timeframes", "boundary", "mend")}
    return dataclasses.replace(experiment, data=Data(symbols=tuple(named), files=tuple(rest), **own))


def _of_experiment(experiment: Experiment, runs: Sequence[Finished]) -> Rule:
    """With the parameters of the last window of the experiment's latest finished run, where there is one."""
    trading, name = trading_of(experiment, 1), experiment.strategy.name
    own = [one for one in runs if one.configuration["name"] == experiment.name]
    run = last_of(iter(own), name)
    if run is None:
        values, chosen = experiment.fixed, "the file's values and the declared defaults: no finished run of it is there"
        return Rule(trading, values, chosen, last_of(iter(runs), name))
    window = run.summary["windows"][-1]
    found = {key: value for key, value in window["parameters"].items() if key in experiment.space}
    values = {**experiment.fixed, **found}
    experiment.strategy.build(dict(values), f"{experiment.path}: run {run.name}")
    how = "chosen for" if window["chosen"] != "defaults" else "the declared defaults, for want of trades, in"
    chosen = f"{how} window {window['window']} ({window['test_start'][:10]} to {window['test_end'][:10]}) of {run.name}"
    changed = _changed(experiment, run)
    return Rule(trading, values, f"{chosen}{'; since then changed: ' + ', '.join(changed) if changed else ''}", run)


def _changed(experiment: Experiment, run: Finished) -> list[str]:
    """What of the experiment is another than in that run."""
    now, then = (dict(flat(one)) for one in (plain(configuration(experiment)), run.configuration))
    keys = [key for key in {**now, **then} if now.get(key) != then.get(key) and key not in PASSING]
    rule = ["the rule's file"] if run.manifest.get("strategy_sha256") != experiment.strategy.source else []
    return [*rule, *keys]


def _with_defaults(
    workspace: Path, strategies: Sequence[str], runs: Sequence[Finished], skipped: list[str]
) -> Iterator[Rule]:
    for name in dict.fromkeys(strategies or names(workspace)):
        strategy = load_strategy(workspace, name)
        needed = [one.name for one in strategy.parameters.values() if one.required]
        if needed:
            if strategies:
                wrong = f"has no default for {', '.join(needed)}"
                raise UserError(f"strategy {name}", wrong, "an experiment that names it, by --config")
            skipped.append(f"{name}: {', '.join(needed)} must be named, by an experiment and --config")
            continue
        values = {one.name: one.default for one in strategy.parameters.values()}
        yield Rule(default_trading(strategy), values, "the declared defaults", last_of(iter(runs), name))


def default_trading(strategy: Strategy) -> Trading:
    """On the terms that an experiment has which says nothing of them."""
    exits = Exits(**ExitsTable().model_dump(exclude={"opposite_setup"}))
    variants = ("aggressive", "conservative") if strategy.stands else ("aggressive",)
    return Trading(
        strategy=strategy,
        policies={name: policy(name) for name in variants},
        terms=Terms(Costs(**CostsTable().model_dump()), exits=exits),
        cash=SizingTable().cash,
        wait=None,
    )


def _market(bars: Bars) -> dict[str, Any]:
    last = {"last": bars.index[-1], "close": float(bars.close[-1])}
    return {"symbol": bars.symbol, "timeframe": bars.timeframe, "bars": len(bars), **last}


def _rule(rule: Rule) -> dict[str, Any]:
    said = last_said(rule.run) if rule.run else None
    terms = dataclasses.asdict(rule.trading.terms)
    return {
        "strategy": rule.strategy.name,
        "parameters": dict(rule.values),
        "chosen": rule.chosen,
        "costs": terms["costs"],
        "exits": terms["exits"] | {"opposite_setup": rule.trading.opposite_setup},
        "last_report": said,
    }


def _setup(rule: Rule, bars: Bars, one: Late) -> dict[str, Any]:
    row = one.row
    head = {"setup": row["setup"], "symbol": bars.symbol, "timeframe": bars.timeframe, "strategy": rule.strategy.name}
    head |= {"kind": row["kind"], "side": row["direction"], "known_at": row["known_at"], "bars_ago": one.ago}
    head |= {"live": one.live, "veto": row["veto"], "stop": row["stop"], "target": row["target"]}
    features = {name: value for name, value in row.items() if name.startswith("f_")}
    return {**head, "features": features, "entries": [dataclasses.asdict(entry) for entry in one.entries]}


def _drawn(rule: Rule, bars: Bars, one: Late) -> Drawn:
    below = rule.strategy.panel(bars, rule.strategy.build(dict(rule.values)))
    entries = [(entry.time, entry.price, entry.stop, entry.target) for entry in one.entries if entry.live]
    return Drawn(one.row, bars, below, one.drawn, entries)
