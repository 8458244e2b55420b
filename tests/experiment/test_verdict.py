"""What the answer says of figures made up for the purpose: never more than they hold."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from framework.experiment.verdict import verdict

NAN = float("nan")
BUSY = {"exposure": 0.1, "trades": 100, "exits": {"stop": 60, "target": 40}}
UNKNOWN = {"found": {"deflated": NAN}, "pbo": None, "spa": None}


def r(value: float, low: float, high: float, n: int = 100, enough: bool = True) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n, "enough": enough}


def summary(aggressive: dict[str, Any], conservative: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A run of two variants; paired: means -0.73 and -0.18, as on a rule that loses."""
    every = {
        "setups": 162,
        "aggressive_r": -0.73,
        "conservative_r": -0.18,
        "conservative_filled": 53,
        "difference_r": r(0.55, 0.36, 0.73, 162),
        "wins": {"both": 10, "aggressive_only": 20, "conservative_only": 3, "neither": 129},
        "mcnemar_p": 0.0005,
    } | changes.pop("every", {})
    return {
        "period": {"from": pd.Timestamp("2020-01-01"), "to": pd.Timestamp("2021-01-01")},
        "symbols": ["A", "B"],
        "timeframe": "4h",
        "variants": {
            "aggressive": {"expectancy_r": aggressive, "total_return": -0.23, **BUSY},
            "conservative": {"expectancy_r": conservative, "total_return": 0.1, **BUSY},
        },
        "paired": {"waits_for": "second bottom", "all": every},
        "windows": [{"chosen": "searched"}, {"chosen": "searched"}],
        "notes": [],
        "optimistic": False,
        "search": None,
        "holdout": None,
        "chance": {"random_entries": None, "permuted": None},
        "overfitting": {"trials": 2, "runs": 1, "variants": dict.fromkeys(("aggressive", "conservative"), UNKNOWN)},
    } | changes


LOST, WON = r(-0.5, -0.8, -0.2), r(0.3, 0.1, 0.5)


def test_waiting_is_not_said_to_pay_where_it_only_stays_out() -> None:
    said = verdict(summary(LOST, LOST))
    assert said["short"] == "No: aggressive and conservative entries lost money."
    assert "loses less, staying out of 109 of 162: -0.18 against -0.73 R a setup" in said["compared"]
    assert "pays" not in said["compared"]
    assert (
        "waiting 13 of the 53 that it entered (not entered counts as not won: exact McNemar p = 0.0005)"
        in (said["compared"])
    )


def test_waiting_pays_when_it_earns_more() -> None:
    said = verdict(summary(WON, WON, every={"aggressive_r": 0.1, "conservative_r": 0.65}))
    assert (
        "Waiting for the second bottom pays: +0.65 against +0.10 R a setup, a difference of +0.55" in said["compared"]
    )
    assert said["short"].startswith("Yes for aggressive and conservative entries")


@pytest.mark.parametrize(("mean", "words"), [(0.2, "costs: "), (-0.2, "loses more: ")])
def test_waiting_costs(mean: float, words: str) -> None:
    said = verdict(summary(WON, LOST, every={"difference_r": r(-0.5, -0.9, -0.1, 162), "aggressive_r": mean}))
    assert f"Waiting for the second bottom {words}" in said["compared"]


def test_no_difference_and_too_few_to_compare() -> None:
    level = verdict(summary(WON, LOST, every={"difference_r": r(0.1, -0.1, 0.3, 162)}))
    assert "makes no difference that shows" in level["compared"]
    few = verdict(summary(WON, LOST, every={"difference_r": r(0.5, 0.4, 0.6, 12, False), "setups": 12}))
    assert few["compared"].startswith("Waiting against entering at once: 12 setups are too few to compare")


def test_trades_without_r_are_not_called_few() -> None:
    said = verdict(summary(r(NAN, NAN, NAN, 162, False), r(NAN, NAN, NAN, 40, False)))
    assert (
        "aggressive entries have no R, since trades without a stop have none (-23% in all, 162 trades)"
        in said["answer"]
    )
    assert said["short"] == "Nothing to judge by: trades without a stop have no R."
    assert "nan" not in said["answer"]


def test_few_trades_are_not_judged() -> None:
    said = verdict(summary(r(1.0, 0.5, 1.5, 9, False), r(NAN, NAN, NAN, 0, False)))
    assert "aggressive entries made +1.00 R a trade, but 9 trades are too few to judge" in said["answer"]
    assert "conservative entries made no trade" in said["answer"]
    assert said["short"] == "Too few trades to tell."


def test_a_walk_forward_that_could_not_choose_says_so() -> None:
    windows = [{"chosen": "defaults"}, {"chosen": "searched"}, {"chosen": "defaults"}]
    said = verdict(summary(WON, WON, windows=windows, notes=["B has bars from X only."], optimistic=True))
    assert said["warning"].startswith("In 2 of 3 windows no parameter set had enough training trades in each variant")
    assert "B has bars from X only." in said["warning"] and said["warning"].endswith("as an upper bound.")
    assert "warning" not in verdict(summary(WON, WON))
