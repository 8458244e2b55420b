"""Examples of setups, each with its picture and what became of it. Dates settle which, never how they ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
import pandas as pd

from ..bars import Bars
from ..params import Value
from ..validation.trading import Trading
from ..validation.windows import Window
from . import lines
from .figures import STYLE
from .picture import Scene, picture, scene_of
from .words import EXITS, FATES, moment, named, number, price, risks, setting

FEATURES: Mapping[str, Callable[[float], str]] = {
    "f_left_width": lambda x: f"left side {number(x, 0)} bars in the extreme zone" if x > 0 else "",
    "f_succession": lambda x: f"number {number(x, 0)} of its kind in this leg",
}


class Tested(Protocol):
    """What the report needs of a run: its markets, its rule as chosen for each window, and its tables."""

    @property
    def markets(self) -> Sequence[Bars]: ...
    @property
    def trading(self) -> Trading: ...
    @property
    def chosen(self) -> Sequence[tuple[Window, Mapping[str, Value]]]: ...
    @property
    def trades(self) -> pd.DataFrame: ...
    @property
    def setups(self) -> pd.DataFrame: ...
    @property
    def equity(self) -> pd.DataFrame: ...
    @property
    def drawn(self) -> pd.DataFrame: ...


def choose(setups: pd.DataFrame, variants: Sequence[str], most: int) -> pd.DataFrame:
    """At most `most` setups: evenly over kinds, evenly over time within a kind; one vetoed, else one not entered.

    Only kinds, dates and vetoes are looked at, so that winners are as likely as losers. Ordered by kind, then date,
    the vetoed last.
    """
    setups = setups.sort_values(["known_at", "symbol", "setup"], kind="stable")
    traded, vetoed = setups[(setups["veto"] == "") & setups["complete"]], setups[setups["veto"] != ""]
    kept = min(1 if most > 1 else 0, len(vetoed))
    chosen = pd.concat([_even(traded, most - kept), _even(vetoed, kept if len(traded) else most)])
    missed = traded[(traded[[f"{name}_fate" for name in variants]] != "entered").any(axis=1)]
    if most > 1 and not kept and len(missed) and not chosen.index.isin(missed.index).any():
        chosen = pd.concat([chosen.iloc[:-1], missed.iloc[[len(missed) // 2]]])
    chosen = chosen.assign(last=chosen["veto"] != "")
    return chosen.sort_values(["last", "kind", "known_at", "symbol"], kind="stable").drop(columns="last")


def _even(setups: pd.DataFrame, most: int) -> pd.DataFrame:
    kinds = {kind: part.index.to_numpy() for kind, part in setups.groupby("kind")}
    slots = dict.fromkeys(kinds, 0)
    for _ in range(min(most, len(setups))):
        open_kinds = [kind for kind in kinds if slots[kind] < len(kinds[kind])]
        slots[min(open_kinds, key=lambda kind: slots[kind])] += 1
    rows = [kinds[kind][(2 * np.arange(n) + 1) * len(kinds[kind]) // (2 * n)] for kind, n in slots.items() if n]
    return setups.loc[np.concatenate(rows)] if rows else setups.iloc[:0]


def cards(tested: Tested, variants: Sequence[str], searched: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The chosen setups, each with its picture and the words under it. searched: parameters worth a word."""
    markets = {bars.symbol: bars for bars in tested.markets}
    values = {window.number: dict(chosen) for window, chosen in tested.chosen}
    strategy = tested.trading.strategy
    made: list[dict[str, Any]] = []
    with mpl.rc_context(STYLE):
        for place, (_, setup) in enumerate(choose(tested.setups, variants, most).iterrows()):
            bars, chosen = markets[setup["symbol"]], values[setup["window"]]
            below = strategy.panel(bars, strategy.build(dict(chosen)))
            one = {str(name): value for name, value in setup.items()}
            scene = scene_of(one, bars, below, lines.of_setup(tested.drawn, one), variants)
            parameters = ", ".join(f"{named(name)} {setting(chosen[name])}" for name in searched)
            made.append(_card(scene, variants, parameters, f"s{place}"))
    return made


def _card(scene: Scene, variants: Sequence[str], parameters: str, prefix: str) -> dict[str, Any]:
    setup, daily = scene.setup, not np.any(scene.bars.time.astype("datetime64[D]") != scene.bars.time)
    kind, known = named(setup["kind"]), moment(setup["known_at"], daily)
    name = scene.below[0] if scene.below else "oscillator"
    facts = [parameters] if parameters else []
    if not pd.isna(setup.get("f_left_osc")):
        facts.append(f"{name}: {number(setup['f_left_osc'], 1)}\u00a0→\u00a0{number(setup['f_right_osc'], 1)}")
    facts += [told(setup[feature]) for feature, told in FEATURES.items() if not pd.isna(setup.get(feature))]
    facts += [] if pd.isna(setup.get("f_volume_ratio")) else [_volume(setup)]
    return {
        "kind": kind,
        "symbol": setup["symbol"],
        "known": known,
        "window": int(setup["window"]),
        "veto": setup["veto"],
        "facts": [fact for fact in facts if fact],
        "outcomes": [] if setup["veto"] else [_outcome(scene, variant, daily) for variant in variants],
        "picture": picture(scene, variants, f"{kind} setup known on {known}: price, {name}, trades", prefix),
    }


def _volume(setup: Mapping[str, Any]) -> str:
    """What a setup's ratio of volumes is of: a break's, that of two swings, or a bar's."""
    ratio = number(setup["f_volume_ratio"], 2)
    if "break" in setup:
        return f"broke on {ratio} times the usual volume"
    return f"volume right to left {ratio}" if {"left", "left_price"} & set(setup) else f"{ratio} times the usual volume"


def _outcome(scene: Scene, variant: str, daily: bool) -> dict[str, str]:
    one = {key: scene.setup[f"{variant}_{key}"] for key in ("fate", "entry_time", "exit_time", "exit_reason", "r")}
    if one["fate"] != "entered":
        return {"variant": variant, "missed": named(one["fate"], FATES), "r": risks(one["r"])}
    away = (scene.row(f"{variant}_exit_time") or 0) >= scene.last - scene.first
    reason = ("" if one["exit_reason"] == "open" else "ended by ") + named(one["exit_reason"], EXITS)
    reason += ", right of the picture" if away else ""
    prices = {key: price(scene.setup[f"{variant}_{key}"]) for key in ("entry_price", "exit_price", "stop", "target")}
    days = {key: moment(one[f"{key}_time"], daily) for key in ("entry", "exit")}
    return {"variant": variant, "missed": "", "r": risks(one["r"]), "reason": reason, **days, **prices}
