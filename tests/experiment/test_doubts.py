"""Every sentence of doubt from figures made up for the purpose: never more than they hold, and never "nan"."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pandas as pd
import pytest

from framework.experiment.doubts import by_luck, doubts
from framework.experiment.verdict import verdict

from .test_verdict import LOST, NAN, WON, r, summary

BOTH = ("aggressive", "conservative")


def found(deflated: float = 0.97, **changes: Any) -> dict[str, Any]:
    one = {"found": {"deflated": deflated, "sharpe": 1.0, "probabilistic": 0.99, "luck": 0.5}, "pbo": None, "spa": None}
    return one | changes


def over(trials: int, runs: int = 1, **variants: dict[str, Any]) -> dict[str, Any]:
    return {"trials": trials, "runs": runs, "variants": {name: found(NAN) for name in BOTH} | variants}


def entries(p: float, trades: int = 50, **changes: float) -> dict[str, Any]:
    against = {"value": 0.3, "mean": -0.05, "low": -0.21, "high": 0.123, "p": p} | changes
    return {"draws": 200, "trades": trades, "mean_r": against}


def left(p: float) -> dict[str, float]:
    return {"value": 0.3, "mean": -0.05, "low": -0.2, "high": 0.1, "p": p, "n": 99}


def chance(random: Any = None, orders: int = 0, aggressive: float = NAN, conservative: float = NAN) -> dict[str, Any]:
    permuted = {"left_aggressive": left(aggressive), "left_conservative": left(conservative), "permutations": orders}
    return {"random_entries": random, "permuted": permuted if orders else None}


def searched(**changes: Any) -> dict[str, Any]:
    around = [{"window": 0, "median": 0.5}, {"window": 1, "median": -0.08}, {"window": 2, "median": 9.0}]
    search = {"objectives": ["expectancy_r"], "different": 40, "grid": 12345, "neighbours": 3.14, "plateau": around}
    return search | changes


TRADES = {name: {"trades": 4} for name in ("aggressive", "conservative")}


def window(before: float, after: float, chosen: str = "searched", number: int = 0) -> dict[str, Any]:
    return {
        "window": number,
        "chosen": chosen,
        "in_sample": {"score": before},
        "out_of_sample": {"score": after} | TRADES,
    }


def alone(**changes: Any) -> dict[str, Any]:
    """A run of one variant."""
    one = summary(WON, WON, paired=None, **changes)
    return one | {"variants": {"aggressive": one["variants"]["aggressive"]}}


def test_the_search_in_a_sentence() -> None:
    windows = [window(0.4, 0.1), window(0.2, -0.3, number=1), window(9.0, NAN, number=2)]
    windows.append(window(8.0, 8.0, "defaults", 3))
    said = doubts(summary(WON, WON, search=searched(), windows=windows))
    assert said["search"] == (
        "The search tried 40 of 12,345 parameter sets; what it chose scored +0.30 expectancy r in training, its "
        "neighbours +0.21, and -0.10 in the tests after (2 windows, 16 trades)."
    )
    bare = searched(plateau=[{"window": 0, "median": NAN}], objectives=["total_r", "win_rate"])
    one = doubts(summary(WON, WON, search=bare, windows=[window(0.4, 0.1)]))
    assert one["search"].endswith(
        "what it chose scored +0.40 total r in training, and +0.10 in the tests after (1 window, 8 trades)."
    )


def test_a_search_that_found_nothing() -> None:
    none = doubts(summary(WON, WON, search=searched(), windows=[window(NAN, 0.1, "defaults")] * 3))
    head = "The search tried 40 of 12,345 parameter sets"
    assert none["search"] == f"{head} and found none with enough trades in any of 3 windows."
    quiet = doubts(summary(WON, WON, search=searched(), windows=[window(0.3, NAN)]))
    assert quiet["search"] == f"{head}; what it chose made no trade in the tests."


def test_random_entries_in_a_sentence() -> None:
    said = doubts(summary(WON, WON, chance=chance({"aggressive": entries(0.123), "conservative": entries(0.6)})))
    assert said["chance"] == (
        "Random entries like the aggressive ones, under the same stops and exits, made -0.05 R a trade (95 % -0.21 to "
        "+0.12); that they make as much as the rule: p = 0.12, 200 draws. Random entries like the conservative ones, "
        "under the same stops and exits, made -0.05 R a trade (95 % -0.21 to +0.12); that they make as much as the "
        "rule: p = 0.60, 200 draws."
    )
    unknown = {"aggressive": entries(NAN), "conservative": entries(0.5, trades=0)}
    assert "chance" not in doubts(summary(WON, WON, chance=chance(unknown)))


def test_a_p_is_never_said_to_be_nothing() -> None:
    small = {"aggressive": entries(0.0004)}
    told = over(60, aggressive=found(0.5, spa={"p": 0.001}))
    said = doubts(alone(chance=chance(small, 9999, 0.0001), overfitting=told))
    assert not re.search(r"0\.00\b", f"{said['chance']} {said['trials']}")


def test_bars_in_random_order_in_a_sentence() -> None:
    said = doubts(summary(WON, WON, chance=chance(None, 99, 0.01, 0.456)))
    assert said["chance"] == (
        "That the same search leaves as much in the tests on bars in random order: p = 0.01 (aggressive) and p = 0.46 "
        "(conservative), 99 orders."
    )
    assert doubts(alone(chance=chance(None, 1, 0.5)))["chance"].endswith(": p = 0.50 (aggressive), 1 order.")


def test_bars_in_random_order_where_the_tests_had_no_trade() -> None:
    assert "nan" not in doubts(summary(WON, WON, chance=chance(None, 99, 0.01, NAN)))["chance"]
    assert "nan" not in doubts(alone(chance=chance(None, 99, NAN))).get("chance", "")


def test_trials_in_a_sentence() -> None:
    pbo, spa = {"value": 0.314}, {"p": 0.0449}
    told = over(1234, 3, aggressive=found(0.876, pbo=pbo, spa=spa), conservative=found(0.5, spa={"p": NAN}))
    assert doubts(summary(WON, WON, overfitting=told))["trials"] == (
        "1,234 trials on these markets and days so far in 3 runs, a parameter set and an entry each. Deflated Sharpe "
        "ratio of this run's best set 0.88 (aggressive; noise has .5 or less, .95 is asked for); what is best in one "
        "half of the time is no more than middling in the other in 31% of all halves; that no set gained in the tests "
        "by more than luck, p = 0.04. Deflated Sharpe ratio of this run's best set 0.50 (conservative; noise has .5 or "
        "less, .95 is asked for)."
    )
    few = over(60, aggressive=found(NAN, pbo=pbo, spa=spa))
    head = "60 trials on these markets and days so far, a parameter set and an entry each."
    assert doubts(summary(WON, WON, overfitting=few))["trials"] == head, "too few trades to say more"


def test_a_fixed_rule_says_nothing_of_trials_until_others_were_tried() -> None:
    assert doubts(summary(WON, WON, overfitting=over(2))) == {}
    assert doubts(summary(WON, WON, overfitting=over(3, 2)))["trials"].startswith(
        "3 trials on these markets and days so far in 2"
    )
    assert doubts(alone(overfitting=over(1))) == {} and "trials" in doubts(alone(overfitting=over(2)))
    told = summary(WON, WON, search=searched(), windows=[window(0.3, 0.1)], overfitting=over(2))
    assert doubts(told)["trials"].startswith("2 trials on these")


def held(looked: bool = False, seen: tuple[str, ...] = (), **variants: Any) -> dict[str, Any]:
    told = {"from": pd.Timestamp("2021-12-19", tz="UTC"), "to": pd.Timestamp("2022-06-19", tz="UTC")}
    told |= {"seen_by": list(seen), "looked": looked}
    return told | ({"variants": {name: {"expectancy_r": one} for name, one in variants.items()}} if looked else {})


def said_of(told: dict[str, Any]) -> str:
    return doubts(summary(WON, WON, holdout=told))["holdout"]


def test_what_is_held_out_and_who_has_looked() -> None:
    head = "Held out from 2021-12-19 on: this run has not looked at it"
    tail = "`--holdout` looks, and is counted."
    assert said_of(held()) == f"{head}, and no other run has; {tail}"
    assert said_of(held(seen=("one",))) == f"{head}, but 1 other run traded some of it (one); {tail}"
    many = said_of(held(seen=("a", "b", "b", "c", "d", "e")))
    assert many == f"{head}, but 6 other runs traded some of it (a, b, c and 2 more); {tail}"


def test_what_the_look_showed() -> None:
    told = held(True, aggressive=r(0.25, 0.05, 0.456, 40), conservative=r(-0.1, -0.9, 0.7, 1, False))
    assert said_of(told) == (
        "Held out from 2021-12-19 on, looked at by this run: aggressive entries +0.25 R a trade (95 % +0.05 to +0.46, "
        "40 trades); conservative entries -0.10 R a trade, 1 trade, too few to judge."
    )
    again = said_of(held(True, ("x", "y"), aggressive=r(NAN, NAN, NAN, 0, False)))
    assert again == (
        "Held out from 2021-12-19 on, looked at by this run: aggressive entries no trade; it is no longer unseen: 2 "
        "other runs traded some of it (x, y)."
    )


def test_a_look_at_trades_without_a_stop() -> None:
    assert "nan" not in said_of(held(True, aggressive=r(NAN, NAN, NAN, 40, False)))


YES = "Yes for aggressive entries in this period; more than random entries make."
GOOD = {"aggressive": entries(0.005), "conservative": entries(0.005)}


def short(**changes: Any) -> str:
    """What is said of an aggressive entry that made money, and a conservative one that lost."""
    return verdict(summary(WON, LOST, **changes))["short"]


def test_yes_only_where_all_that_was_asked_says_so() -> None:
    assert short(chance=chance(GOOD)) == YES
    assert short(chance=chance(GOOD, 99, 0.01, 0.9), overfitting=over(500, aggressive=found(0.95))) == YES
    assert short() == "Yes for aggressive entries in this period; not compared with chance."
    assert verdict(summary(WON, WON, chance=chance(GOOD)))["short"].startswith("Yes for aggressive and conservative")


LUCK = [
    (chance({"aggressive": entries(0.051), "conservative": entries(0.01)}), over(2), "random entries do as well"),
    (chance(GOOD, 99, 0.051, 0.01), over(2), "the search leaves as much on bars in random order"),
    (chance(GOOD, 19, 0.1, 0.05), over(2), "the search leaves as much on bars in random order"),
    (chance(GOOD), over(1500, aggressive=found(0.949)), "the best of 1,500 trials may be luck"),
    (chance(GOOD), over(3, aggressive=found(NAN)), "it is one of 3 trials"),
    (chance(GOOD), over(3, conservative=found(0.99)), "it is one of 3 trials"),
]


@pytest.mark.parametrize(("beside", "tried", "why"), LUCK)
def test_no_yes_where_it_may_be_luck(beside: Any, tried: Any, why: str) -> None:
    said = short(chance=beside, overfitting=tried)
    assert said == f"Aggressive entries made money, but {why}." and "Yes" not in said


def test_all_reasons_are_named_and_each_once() -> None:
    worse = {name: entries(0.4) for name in BOTH}
    told = summary(WON, WON, chance=chance(worse, 99, 0.3, 0.3), overfitting=over(60))
    assert by_luck(told, "aggressive") == by_luck(told, "conservative")
    assert verdict(told)["short"] == (
        "Aggressive and conservative entries made money, but random entries do as well, the search leaves as much on "
        "bars in random order and it is one of 60 trials."
    )


@pytest.mark.parametrize("one", [entries(1 / 6) | {"draws": 5}, entries(1.0) | {"draws": 18}, entries(NAN)])
def test_what_draws_could_not_show_is_not_claimed(one: dict[str, Any]) -> None:
    """Too few draws to reach the level, or none that can be compared: nobody knows that the rule makes more."""
    assert "more than random entries make" not in short(chance=chance(dict.fromkeys(BOTH, one)))


@pytest.mark.parametrize("orders", [1, 18])
def test_too_few_orders_to_reach_the_level_decide_nothing(orders: int) -> None:
    assert short(chance=chance(GOOD, orders, 1.0, 1.0)) == YES


def test_the_level_itself_is_enough() -> None:
    at = {"aggressive": entries(0.05), "conservative": entries(0.05)}
    assert short(chance=chance(at, 19, 0.05, 1.0), overfitting=over(9, aggressive=found(0.95))) == YES


def test_one_of_two_may_be_luck() -> None:
    one = {"aggressive": entries(0.3), "conservative": entries(0.01)}
    assert verdict(summary(WON, WON, chance=chance(one)))["short"].startswith("Yes for conservative entries in this")


def test_doubts_do_not_turn_a_loss_or_too_few_trades() -> None:
    worse = {name: entries(0.9) for name in BOTH}
    assert verdict(summary(LOST, LOST, chance=chance(worse)))["short"].startswith("No: aggressive and conservative")
    few = r(1.0, 0.5, 1.5, 9, False)
    assert verdict(summary(few, few, chance=chance(GOOD)))["short"] == "Too few trades to tell."


FIGURES = {
    "expectancy": [WON, LOST, r(0.1, -0.1, 0.3), r(1.0, 0.5, 1.5, 9, False), r(NAN, NAN, NAN, 0, False)],
    "random": [None, 0.01, NAN],
    "orders": [(0, NAN), (99, 0.01), (99, NAN)],
    "search": [None, searched(), searched(neighbours=NAN, plateau=[])],
    "deflated": [NAN, 0.99],
}


def test_no_sentence_ever_holds_a_nan() -> None:
    """Every combination of figures, known or not, of two variants and of one."""
    for one, p, (orders, q), search, deflated in itertools.product(*FIGURES.values()):
        random = None if p is None else {name: entries(p, trades=one["n"], mean=p, low=p, high=p) for name in BOTH}
        told = over(40, aggressive=found(deflated, pbo={"value": 0.5}, spa={"p": deflated}), conservative=found(NAN))
        changes = {"chance": chance(random, orders, q, q), "search": search, "overfitting": told}
        windows = [window(0.3, NAN if math.isnan(one["value"]) else 0.1), window(NAN, NAN, "defaults", 1)]
        whole = summary(one, one, windows=windows, holdout=held(True, aggressive=one), **changes)
        single = whole | {"paired": None, "variants": {"aggressive": whole["variants"]["aggressive"]}}
        for content in (whole, single):
            for name, text in verdict(content).items():
                assert not re.search(r"\b(nan|None|inf)\b", text), f"{name}: {text}"
