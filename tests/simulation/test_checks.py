"""Entries that cannot be are refused, with what is wrong and where."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from framework.errors import UserError
from framework.signals import Entries
from framework.simulation import Costs
from framework.simulation.checks import check

from .test_tally import bars_of

NAN = np.nan
BARS = bars_of(np.linspace(10, 12, 6))


def entries() -> Entries:
    return Entries(
        bar=np.array([1, 1, 4]),
        side=np.array([1, -1, 1], np.int8),
        stop=np.array([9.0, NAN, 8.0]),
        target=np.array([NAN, 7.0, 30.0]),
        exit_bar=np.array([1, 3, 6]),
        setup=np.array([0, 1, -1]),
    )


def test_an_exit_that_never_comes() -> None:
    check(BARS, dataclasses.replace(entries(), exit_bar=np.full(3, 2**64 - 1, np.uint64)), Costs())


def test_what_may_be() -> None:
    check(BARS, entries(), Costs())
    check(BARS, entries().take(np.zeros(0, np.int64)), Costs())


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("bar", np.array([1, 1, 6]), r"a bar lies outside 0 to 5 \(row 2\)"),
        ("bar", np.array([-1, 1, 4]), r"a bar lies outside 0 to 5 \(row 0\)"),
        ("bar", np.array([1, 0, 4]), "bars are not ascending"),
        ("bar", np.array([1.0, 1.0, 4.0]), "does not fit the others"),
        ("side", np.array([1, 0, 1]), r"a side is neither \+1 nor -1 \(row 1\)"),
        ("side", np.array([1, 257, 1]), r"a side is neither \+1 nor -1 \(row 1\)"),
        ("exit_bar", np.array([1, 3, 3]), r"an exit comes before its entry \(row 2\)"),
        ("stop", np.array([9.0, 0.0, 8.0]), r"a stop is no price \(row 1\)"),
        ("stop", np.array([9, 8, -8]), r"a stop is no price \(row 2\)"),
        ("target", np.array([np.inf, NAN, NAN]), r"a target is no price \(row 0\)"),
        ("height", np.array([NAN, NAN, -np.inf]), r"a height is no distance \(row 2\)"),
        ("stop", np.array([9.0, 8.0]), "does not fit the others"),
    ],
)
def test_what_may_not(column: str, values: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check(BARS, dataclasses.replace(entries(), **{column: values}), Costs())
